"""预验收: a service that is booked; everything is said at once, nothing runs against time, nothing is decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from django.db import transaction

from acceptance import after_rules
from acceptance.models import AcceptanceApplication, PreAcceptance
from acceptance.services.application import JOINT_MATTER
from acceptance.states import PRE_OPEN, PreState
from archives.paper_kinds import paper_slug
from archives.services.papers import issue_paper
from archives.states import PaperKind
from packages.models import MatterCase
from projects import timing, workdays
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import WorkUnit
from projects.services.involvement import involve
from projects.states import InvolvementRole

if TYPE_CHECKING:
    from projects.models import User


#: Why a booking ends by itself.
ENDED = "联合验收已经受理，不用再预验收"


class Advice(TypedDict):
    """What one department advises: what, and how to fix it before the acceptance."""

    department: str
    what: str
    how_to_fix: str


@transaction.atomic
def book(
    work_unit_id: int, *, by: User, wanted_on: dt.date, note: str = "", at: dt.datetime | None = None
) -> PreAcceptance:
    """Book a pre-acceptance of a works and return it; one that is open is returned.

    The lead department sees the project from then on. Errors: a day that has passed (`past`), one that is no working
    day (`not_workday`).
    """
    unit = WorkUnit.objects.select_related("project").get(pk=work_unit_id)
    unit.project = lock_project(unit.project_id)
    standing = PreAcceptance.objects.filter(work_unit=unit, state__in=PRE_OPEN).first()
    if standing is not None:
        return standing
    require(after_rules.can_book, by, unit)
    _check_day("希望日期", wanted_on, at)
    joints = MatterCase.objects.filter(project=unit.project, matter__matter__code=JOINT_MATTER)
    joint = joints.select_related("lead").last()
    if joint is None:
        raise DomainError("nothing_to_accept", "本项目的计划没有联合验收，不需要预验收。")
    made = PreAcceptance.objects.create(
        project=unit.project, work_unit=unit, lead=joint.lead, wanted_on=wanted_on, note=note.strip(), booked_by=by,
        booked_at=at or timing.now(),
    )
    involve(unit.project, role=InvolvementRole.REVIEWER, organisation=joint.lead, by=by, at=at)
    _tell(made, "preaccept.booked", f"预约预验收，希望{timing.spoken(wanted_on)}", "", by=by, at=at)
    return made


def _check_day(word: str, day: dt.date, at: dt.datetime | None) -> None:
    if day < timing.business_day(at or timing.now()):
        raise DomainError("past", f"{word}已经过去，请重新选择。")
    if not workdays.is_workday(day):
        raise DomainError("not_workday", f"{word}{timing.written(day)}不是工作日，请重新选择。")


def _tell(
    made: PreAcceptance, kind: str, summary: str, old: str, *, by: User | None, at: dt.datetime | None
) -> PreAcceptance:
    made.save()
    record(
        kind, subject=made, project=made.project, by=by, at=at, summary=summary[:300], data={"state": [old, made.state]}
    )
    return made


def _lock(pk: int) -> PreAcceptance:
    project = lock_project(PreAcceptance.objects.values_list("project_id", flat=True).get(pk=pk))
    made = PreAcceptance.objects.select_for_update(of=("self",)).select_related("lead", "work_unit").get(pk=pk)
    made.project = project
    return made


@transaction.atomic
def confirm(pk: int, *, by: User, planned_on: dt.date, at: dt.datetime | None = None) -> PreAcceptance:
    """The lead department names the day. Errors: one that has passed (`past`) or is no working day (`not_workday`)."""
    made = _lock(pk)
    require(after_rules.can_confirm_pre, by, made)
    check_follows(at, made)
    _check_day("约定日期", planned_on, at)
    old = made.state
    made.confirm()
    made.planned_on = planned_on
    return _tell(made, "preaccept.confirmed", f"预验收约定{timing.spoken(planned_on)}", old, by=by, at=at)


@transaction.atomic
def hold(
    pk: int, *, by: User, held_on: dt.date, advice: Sequence[Advice], at: dt.datetime | None = None
) -> PreAcceptance:
    """The departments were there: their advice is one paper without effect on the acceptance. Twice is once."""
    made = _lock(pk)
    if made.state == PreState.HELD:
        return made
    require(after_rules.can_hold_pre, by, made)
    check_follows(at, made)
    if held_on > timing.business_day(at or timing.now()):
        raise DomainError("future", "到场日期晚于今天，请核对。")
    if any(not row["what"].strip() or not row["how_to_fix"].strip() for row in advice):
        raise DomainError("advice_incomplete", "每条意见都要写明看到什么、怎么改。")
    old = made.state
    made.hold()
    made.held_on, made.advice = held_on, [dict(row) for row in advice]
    rows = [[str(n), row["department"], row["what"], row["how_to_fix"]] for n, row in enumerate(advice, 1)]
    made.paper = issue_paper(
        made.project, kind=PaperKind.PRE_ACCEPTANCE, series="预验", title="预验收意见清单", issuer=made.lead,
        content={
            "addressee": made.project.owner.name,
            "gist": {
                "project": f"{made.project.name}（{made.project.code}）", "what": f"预验收提出 {len(rows)} 条意见",
                "do": "正式申请联合验收前改好", "when": "不计时，不影响验收结论",
            },
            "paragraphs": [
                "预验收是服务，不作结论，不计入时限。" if rows else "预验收没有发现问题，可以申请联合验收。"
            ],
            **({"table": {"head": ["序号", "部门", "看到什么", "怎么改"], "rows": rows}} if rows else {}),
            "legal": [],
        },
        subject=made, by=by, document_kind_slug=paper_slug(PaperKind.PRE_ACCEPTANCE), at=at,
    )
    return _tell(made, "preaccept.held", f"预验收完成，意见 {len(rows)} 条", old, by=by, at=at)


@transaction.atomic
def cancel(pk: int, *, by: User, reason: str, at: dt.datetime | None = None) -> PreAcceptance:
    """The booking is given up, with the reason. Twice is once."""
    made = _lock(pk)
    if made.state == PreState.CANCELLED:
        return made
    require(after_rules.can_cancel_pre, by, made)
    if not reason.strip():
        raise DomainError("reason_missing", "取消要写明原因。")
    old = made.state
    made.cancel()
    made.reason = reason.strip()
    return _tell(made, "preaccept.cancelled", f"取消预验收：{reason}", old, by=by, at=at)


def end_bookings(project_id: int) -> int:
    """End what is still booked of works whose acceptance has begun; return how many. A second call finds none."""
    begun = AcceptanceApplication.objects.filter(building=None).exclude(state__in=after_rules.BEFORE)
    found = PreAcceptance.objects.filter(
        project=project_id, state__in=PRE_OPEN, work_unit__in=begun.values("work_unit")
    )
    return sum(_end(pk) for pk in list(found.order_by("pk").values_list("pk", flat=True)))


@transaction.atomic
def _end(pk: int) -> bool:
    made = _lock(pk)
    if made.state not in PRE_OPEN:
        return False
    old = made.state
    made.cancel()
    made.reason = ENDED
    _tell(made, "preaccept.cancelled", f"取消预验收：{ENDED}", old, by=None, at=None)
    return True
