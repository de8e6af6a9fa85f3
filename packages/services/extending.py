"""延长办理期限 (行政许可法 42): once, approved by the head before the limit has run out, its reason told in a paper.

An extension lengthens the limit, it is no pause: the statutory and the promised clock move by the same days.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import rules
from packages.act_states import ExtensionState, LateEntryAct
from packages.choices import ReviewRole
from packages.models import Extension, MatterCase, ReviewTask
from packages.services import act_papers, late_entries
from packages.services.back_entry import check_moment
from packages.services.head_answers import still_asked, turn_down
from packages.services.locking import expect, lock_case
from packages.services.timekeeping import sync_due
from packages.states import CaseState
from projects import clocks, timing
from projects.back_entry import check_after
from projects.errors import DomainError, require
from projects.events import record
from projects.models import User
from projects.quoting import quoted

#: Working days that the law allows at most: alone, and where several bodies handle the matter jointly.
ALONE_DAYS, JOINT_DAYS = 10, 15
BASIS = "行政许可法第四十二条"
RUNNING = (CaseState.ACCEPTED, CaseState.IN_REVIEW, CaseState.SUSPENDED, CaseState.CORRECTING)


def is_joint(case: MatterCase) -> bool:
    """Return whether other departments take part in the handling of a case (联合办理)."""
    return ReviewTask.objects.filter(session__case=case, role=ReviewRole.JOINT).exists()


def longest_days(case: MatterCase) -> int:
    """Return by how many working days a case may be extended."""
    return JOINT_DAYS if is_joint(case) else ALONE_DAYS


@transaction.atomic
def request_extension(
    case_id: int, *, by: User, days: int, reason: str, at: dt.datetime | None = None
) -> Extension:
    """The lead department asks for more time; nothing moves until the head approves.

    Event `extension.requested`. Raises `NotAllowed`, `DomainError` (`case_state`, `extended`, `over`, `days`,
    `reason`).
    """
    case = lock_case(case_id)
    expect(case, *RUNNING, verb="延长办理期限")
    require(rules.can_request_extension, by, case)
    check_moment(case, at)
    _once(case)
    _in_time(case, at)
    joint, most = is_joint(case), longest_days(case)
    if not 1 <= days <= most:
        raise DomainError("days", f"本办件最多延长 {most} 个工作日，请重新填写。")
    if not reason.strip():
        raise DomainError("reason", "延长办理期限须写明理由，理由会告知申请人。")
    row = Extension.objects.create(
        case=case, is_joint=joint, days=days, reason=reason.strip()[:300], requested_by=by,
        requested_at=at or timing.now(),
    )
    record(
        "extension.requested", subject=row, project=case.project, by=by, at=at,
        summary=f"申请延长 {days} 个工作日：{case.matter.name}", data={"state": ["", row.state], "joint": joint},
    )
    return row


def _once(case: MatterCase) -> None:
    standing = Extension.objects.filter(
        case=case, state__in=[ExtensionState.REQUESTED, ExtensionState.APPROVED]
    ).first()
    if standing is not None:
        raise DomainError(
            "extended", f"{quoted(case.matter.name)}的延长{standing.get_state_display()}，一个办件只能延长一次。"
        )


def _in_time(case: MatterCase, at: dt.datetime | None) -> None:
    """Refuse once a limit had run out at that moment (行政许可法 42: before)."""
    for clock in (case.promised_clock, case.statutory_clock):
        if clock is not None and clocks.read_clock(clock, at).overdue:
            word = clock.get_kind_display()
            raise DomainError("over", f"{quoted(case.matter.name)}的{word}已经届满，不能再延长。请尽快作出决定。")


def _lock(extension_id: int) -> Extension:
    case = lock_case(Extension.objects.values_list("case_id", flat=True).get(pk=extension_id))
    row = Extension.objects.select_for_update(of=("self",)).get(pk=extension_id)
    row.case = case
    return row


@transaction.atomic
def approve_extension(
    extension_id: int, *, by: User, approval: str = "", at: dt.datetime | None = None
) -> MatterCase:
    """Approve: the statutory and the promised clock get the days, the applicant is told why in a paper.

    Alone by the chief representative for the head of the body, jointly with the number of the government's approval
    (`approval`), never by who asked. Effects in order: clocks, transition, events `extension.approved` and
    `case.extended`, 延长办理期限告知书. Raises `NotAllowed`, `DomainError` (`answered`, `approver`, `case_state`,
    `over`, `approval`).
    """
    row = _lock(extension_id)
    case = row.case
    still_asked(row, "延长")
    require(rules.can_approve_extension, by, row)
    if row.requested_by_id == by.pk:
        raise DomainError("approver", "延长不能由申请人自己批准，请由另一位负责人批准。")
    expect(case, *RUNNING, verb="延长办理期限")
    check_moment(case, at)
    check_after(at, row.requested_at)
    _in_time(case, at)
    if row.is_joint and not approval.strip():
        raise DomainError("approval", "联合办理的延长须经本级人民政府负责人批准，请填写批准文号。")
    moment, before = at or timing.now(), late_entries.standing(case, at)
    for clock in (case.promised_clock, case.statutory_clock):
        if clock is not None and clock.is_live:
            clocks.extend_clock(clock, row.days, basis=f"{BASIS}：{row.reason}"[:300], approver=by, at=moment)
    row.approve()
    row.approver, row.approved_at, row.approval = by, moment, approval.strip()[:80]
    row.save()
    sync_due(case)
    record(
        "extension.approved", subject=row, project=case.project, by=by, at=at,
        summary=f"批准延长 {row.days} 个工作日：{case.matter.name}",
        data={"state": [ExtensionState.REQUESTED, row.state]},
    )
    reading = clocks.read_clock(case.promised_clock)
    record(
        "case.extended", subject=case, project=case.project, by=by, at=at,
        summary=f"延长 {row.days} 个工作日：{case.matter.name}，{row.reason}",
        data={"days": row.days, "due_on": str(reading.due_on), "approver": by.pk},
    )
    late_entries.tell_spared(case, before, act=LateEntryAct.EXTENSION, by=by, at=at)
    act_papers.extension(row, by=by, at=moment)
    return case


@transaction.atomic
def refuse_extension(extension_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> Extension:
    """The head does not approve; the limits stay. Event `extension.refused`.

    Raises `NotAllowed`, `DomainError` (`answered`, `reason`).
    """
    row = _lock(extension_id)
    still_asked(row, "延长")
    require(rules.can_approve_extension, by, row)
    return turn_down(row, "extension.refused", f"未批准延长：{row.case.matter.name}", by=by, reason=reason, at=at)
