"""典型问题: proposed from the latest cases, worded by a person without names, looked at again in the next issue."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction

from agency import bulletin_rules as rules
from agency.bulletin_data import term
from agency.models import Bulletin, BulletinProblem
from packages.models import MatterCase, ReviewTask
from projects import timing, workdays
from projects.errors import DomainError, require
from projects.events import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agency.bulletin_content import Snapshot
    from projects.models import User

MOST_WORDS = 200
NO_ANSWER = "有部门未在期限内答复联审意见"
TOLD_AGAIN = "补正告知不止一次，未一次告清"


def propose(bulletin: Bulletin, taken: Snapshot) -> list[BulletinProblem]:
    """Write the problems that the figures suggest: the cases furthest beyond their limits, one for each matter.

    The words name the kind of project and the matter, never the project or the enterprise; cause and remedy are
    completed by whoever drafts.
    """
    late = taken.figures["total", 0, "overdue"].numerator_ids
    cases = list(
        MatterCase.objects.filter(pk__in=late).select_related("matter", "lead", "promised_clock").order_by("pk")
    )
    days = {line[0]: (line[1], line[2]) for line in taken.lines}
    last = timing.business_day(bulletin.period_end) - dt.timedelta(days=1)
    over = {case.pk: _over(case, days, last) for case in cases}
    cases.sort(key=lambda case: (-over[case.pk], case.pk))
    seen: set[int] = set()
    worst = [case for case in cases if case.matter_id not in seen and not seen.add(case.matter_id)]  # type: ignore[func-returns-value]
    worst = worst[: term("problems", last)]
    silent = set(
        ReviewTask.objects.filter(
            session__case__in=worst, state__in=["tacit", "supplemented", "no_opinion"]
        ).values_list("session__case_id", flat=True)
    )
    again = set(
        MatterCase.objects.filter(pk__in=[c.pk for c in worst], notices__batch__gt=1).values_list("pk", flat=True)
    )
    due = workdays.due_date(timing.business_day(bulletin.period_end), term("problem_days", last))
    return BulletinProblem.objects.bulk_create(
        BulletinProblem(
            bulletin=bulletin,
            number=number,
            case_id=case.pk,
            owner=case.lead,
            due_on=due,
            what=f"某项目的{case.matter.name}超过承诺时限 {over[case.pk]} 个工作日",
            cause=NO_ANSWER if case.pk in silent else TOLD_AGAIN if case.pk in again else "",
        )
        for number, case in enumerate(worst, start=1)
    )


def _over(case: MatterCase, days: Mapping[int | None, tuple[int | None, int | None]], last: dt.date) -> int:
    """Return the working days beyond the limit at the end of the period."""
    used, limit = days.get(case.pk, (None, None))
    if used is not None and limit is not None:
        return max(used - limit, 1)
    first = case.promised_clock.first_overdue_at if case.promised_clock else None
    return workdays.workdays_between(first, last) + 1 if first else 0


def carry_over(old: Bulletin, new: Bulletin) -> None:
    """Give a corrected version the worded problems of the version before, each once."""
    BulletinProblem.objects.bulk_create(
        BulletinProblem(
            bulletin=new,
            number=row.number,
            case_id=row.case_id,
            what=row.what,
            cause=row.cause,
            fix=row.fix,
            owner_id=row.owner_id,
            due_on=row.due_on,
            closed_at=row.closed_at,
            closed_by_id=row.closed_by_id,
            outcome=row.outcome,
        )
        for row in old.problems.order_by("number")
    )


def require_worded(bulletin: Bulletin) -> None:
    """Raise `DomainError` `problem_words` while a problem lacks its cause or its remedy."""
    for row in bulletin.problems.order_by("number"):
        if not row.cause.strip() or not row.fix.strip():
            raise DomainError("problem_words", f"典型问题 {row.number} 请写明原因和整改措施，再送核。")


@transaction.atomic
def word_problem(
    problem_id: int, *, by: User, what: str, cause: str, fix: str, due_on: dt.date, at: dt.datetime | None = None
) -> BulletinProblem:
    """Word a problem while the bulletin is drafted. Event `bulletin.problem_worded`; again changes nothing.

    Raises `NotAllowed`, `DomainError` (`named`: the words name the project or its enterprise).
    """
    row = _lock(problem_id)
    require(rules.can_draft, by, row.bulletin)
    words = {name: text.strip()[:MOST_WORDS] for name, text in (("what", what), ("cause", cause), ("fix", fix))}
    if (row.what, row.cause, row.fix, row.due_on) == (*words.values(), due_on):
        return row
    _require_anonymous(row, " ".join(words.values()))
    row.what, row.cause, row.fix, row.due_on = *words.values(), due_on
    row.save(update_fields=["what", "cause", "fix", "due_on"])
    record(
        "bulletin.problem_worded",
        subject=row.bulletin,
        organisation=row.bulletin.centre,
        by=by,
        at=at,
        summary=f"起草典型问题 {row.number}",
        data={"number": row.number},
    )
    return row


def _require_anonymous(row: BulletinProblem, words: str) -> None:
    case = MatterCase.objects.select_related("project__owner").filter(pk=row.case_id or 0).first()
    names = (case.project.name, case.project.code, case.project.owner.name) if case else ()
    if any(name and name in words for name in names):
        raise DomainError("named", "典型问题不写项目和企业的名称，请改为“某项目”“某企业”。")


@transaction.atomic
def drop_problem(problem_id: int, *, by: User, at: dt.datetime | None = None) -> None:
    """Leave a proposed problem out while the bulletin is drafted. Event `bulletin.problem_dropped`; twice no-op."""
    if not BulletinProblem.objects.filter(pk=problem_id).exists():
        return
    row = _lock(problem_id)
    require(rules.can_draft, by, row.bulletin)
    record(
        "bulletin.problem_dropped",
        subject=row.bulletin,
        organisation=row.bulletin.centre,
        by=by,
        at=at,
        summary=f"不列典型问题 {row.number}",
        data={"number": row.number, "case": row.case_id},
    )
    row.delete()


@transaction.atomic
def close_problem(problem_id: int, *, by: User, outcome: str, at: dt.datetime | None = None) -> BulletinProblem:
    """Confirm that a problem was mended. Event `bulletin.problem_closed`; twice changes nothing."""
    row = _lock(problem_id)
    if row.closed_at is not None:
        return row
    require(rules.can_close_problem, by, row)
    if not outcome.strip():
        raise DomainError("outcome", "请写明整改结果。")
    row.closed_at, row.closed_by, row.outcome = at or timing.now(), by, outcome.strip()[:MOST_WORDS]
    row.save(update_fields=["closed_at", "closed_by", "outcome"])
    record(
        "bulletin.problem_closed",
        subject=row.bulletin,
        organisation=row.bulletin.centre,
        by=by,
        at=at,
        summary=f"典型问题 {row.number} 已整改",
        data={"number": row.number},
    )
    return row


def _lock(problem_id: int) -> BulletinProblem:
    """Return a problem, its bulletin locked until the transaction ends. Raises `BulletinProblem.DoesNotExist`."""
    key = BulletinProblem.objects.values_list("bulletin_id", flat=True).get(pk=problem_id)
    bulletin = Bulletin.objects.select_for_update(of=("self",)).select_related("centre").get(pk=key)
    row = BulletinProblem.objects.select_for_update(of=("self",)).select_related("owner").get(pk=problem_id)
    row.bulletin = bulletin
    return row
