"""The opinion of the drawing review: what stands, what is open, the paper (handbook §6.4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from archives.states import PaperKind
from packages import drawing_rules, policy
from packages.drawing_states import BREACH_OPEN
from packages.models import (
    Breach,
    DrawingReview,
    ReviewTask,
)
from packages.services import paperwork
from packages.services.drawing_review import (
    count_words,
    lock_review,
    newest_set,
    open_session,
    start_technical,
    superseded_parts,
)
from packages.states import SessionState, TaskState
from projects import timing
from projects.back_entry import check_after
from projects.errors import DomainError, require
from projects.events import record
from projects.models import User


@transaction.atomic
def write_opinion(
    review_id: int, *, by: User, text: str, is_digital: bool = False, at: dt.datetime | None = None
) -> DrawingReview:
    """One review opinion (审查意见) from all parts: what has to be mended, not what follows from it.

    Effects in order: text, first result and digital flag kept; 施工图审查意见书 with every breach; event
    `drawing.opinion`. May be written anew until it was handled. Raises `NotAllowed`, `DomainError`: `text`,
    `not_answered` (who is missing), `superseded` (whose opinion judged a changed version).
    """
    one = lock_review(review_id)
    require(drawing_rules.can_write_opinion, by, one)
    if not text.strip():
        raise DomainError("text", "请写明审查意见后再提交。")
    check_complete(one)
    if (newest := one.parts.order_by("-given_at").first()) is not None:
        check_after(at, newest.given_at, "专业意见")
    start_technical(one, at=at)
    standing = open_breaches(one)
    if one.is_first_passed is None:
        one.is_first_passed = not any(row.is_mandatory for row in standing)
    moment = at or timing.now()
    one.opinion_text, one.opinion_by, one.opinion_at, one.is_digital = text.strip(), by, moment, is_digital
    one.save()
    record(
        "drawing.opinion", subject=one, project=one.project, by=by, at=at,
        summary=f"施工图审查意见：{count_words(standing)}",
        data={"open": len(standing), "mandatory": sum(row.is_mandatory for row in standing)},
    )
    opinion_paper(one, by=by, at=moment)
    return one


def check_complete(one: DrawingReview) -> None:
    """Refuse while a department is missing or has judged a version that has changed since."""
    session = open_session(one)
    if session is None or session.state in (SessionState.REVIEWING, SessionState.PUSHING):
        tasks = ReviewTask.objects.filter(session=session, state__in=[TaskState.INVITED, TaskState.OPENED])
        names = [task.organisation.label for task in tasks.exclude(role="lead").select_related("organisation")]
        raise DomainError("not_answered", f"还在等{'、'.join(names) or '部门'}的专业意见，齐了再汇总。")
    if old := superseded_parts(one):
        names = [f"{part.organisation.label}（第 {part.drawings.number} 版）" for part in old if part.drawings]
        raise DomainError("superseded", f"{'、'.join(names)}审的图纸已换版，请再次征求这些部门的意见。")


def open_breaches(one: DrawingReview) -> list[Breach]:
    """What is not mended yet, department by department."""
    found = one.breaches.filter(state__in=BREACH_OPEN).select_related("organisation", "review")
    return list(found.order_by("organisation_id", "pk"))


def mandatory_count(one: DrawingReview) -> int:
    """How many: 违反强条总数 of the national record: all that were ever found."""
    return one.breaches.filter(is_mandatory=True).count()


def breach_table(one: DrawingReview, rows: Sequence[Breach]) -> dict[str, Any]:
    """The table of breaches on a paper."""
    names = policy.discipline_names(one.table.content)
    return {
        "caption": "问题清单",
        "head": ["序号", "专业", "条文", "部位", "问题", "怎么改", "性质"],
        "rows": [
            [str(n), names.get(row.discipline, row.discipline), row.clause, row.place, row.what, row.fix,
             "重大" if row.is_major else "强条" if row.is_mandatory else "一般"]
            for n, row in enumerate(rows, 1)
        ],
    }


def opinion_paper(one: DrawingReview, *, by: User | None, at: dt.datetime) -> None:
    """施工图审查意见书: the merged review opinion with every breach."""
    case = one.case
    if case is None:
        return
    rows, last = open_breaches(one), newest_set(one)
    paperwork.write(
        PaperKind.DRAWING_OPINION, one.project, subject=one, issuer=case.lead, by=by, at=at,
        what=f"施工图第 {last.number if last else 1} 版审查意见：{count_words(rows)}",
        do="按清单修改；能否承诺后修改，以处理意见为准", when="等待首席代表作出处理意见",
        paragraphs=[*one.opinion_text.splitlines()], table=breach_table(one, rows) if rows else None,
    )
