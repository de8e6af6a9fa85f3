"""特别程序: hearing, survey, tender, test, expert review, publicity stop the clock (行政许可法 45)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from archives.states import PaperKind
from packages import rules
from packages.models import MatterCase
from packages.services import paperwork
from packages.services.locking import expect, lock_case
from packages.services.timekeeping import pause_case, resume_case, sync_due
from packages.states import CaseState, SpecialKind
from projects import clocks, timing
from projects.access import access_of
from projects.clock_states import ClockKind, PauseKind, TimeOwner
from projects.errors import DomainError, require
from projects.events import record, subject_of
from projects.models import Event, User
from projects.states import Role
from projects.status_codes import StatusCode

STARTED = "case.special_started"


@transaction.atomic
def start_special(
    case_id: int, *, by: User, approver: User, kind: str, basis: str, planned_days: int, at: dt.datetime | None = None
) -> MatterCase:
    """Start a special procedure: the clocks stop until it ends.

    Effects in order: every clock of the case pauses, the procedure's own clock starts; transition; event 9 (marked
    when it is the second of its kind on the case); 特别程序告知书 to the applicant. `planned_days` are working days.
    Raises `NotAllowed`, `DomainError` (`case_state`, `special_kind`, `approver`: a chief of the lead department who is
    not the starter, `basis`, `planned`, `special_open`). Source: 行政许可法 45; handbook §2.3.
    """
    case = lock_case(case_id)
    expect(case, CaseState.IN_REVIEW, CaseState.CORRECTING, verb="启动特别程序")
    require(rules.can_start_special, by, case)
    _check(case, by=by, approver=approver, kind=kind, basis=basis, planned_days=planned_days)
    moment, old = at or timing.now(), case.state
    pause_case(
        case, kind=PauseKind.SPECIAL, owner=TimeOwner.SPECIAL, basis=basis, approver=approver, planned=planned_days,
        at=moment,
    )
    case.special_clock = clocks.start_clock(
        kind=ClockKind.SPECIAL, limit=planned_days, on=moment, project=case.project, owner=TimeOwner.SPECIAL,
        label=f"{case.matter.name} {SpecialKind(kind).label}",
    )
    case.special_kind = kind
    case.state_before_pause = case.state_before_pause or old
    case.suspend()
    sync_due(case, save=False)
    case.save()
    record(
        STARTED, subject=case, project=case.project, by=by, at=at, status_code=StatusCode.SPECIAL_STARTED,
        summary=f"特别程序开始：{case.matter.name} {SpecialKind(kind).label}，计划 {planned_days} 个工作日",
        data={
            "state": [old, case.state], "special": kind, "planned": planned_days, "approver": approver.pk,
            "again": _before(case, kind),
        },
    )
    _notice(case, kind, basis, planned_days, by=by, at=moment)
    return case


def _check(case: MatterCase, *, by: User, approver: User, kind: str, basis: str, planned_days: int) -> None:
    if case.accepted_at is None:
        raise DomainError("case_state", f"“{case.matter.name}”还没有受理，不能启动特别程序。")
    if case.special_kind:
        word = SpecialKind(case.special_kind).label
        raise DomainError("special_open", f"“{case.matter.name}”的{word}还没有结束，请先结束再启动。")
    if kind not in SpecialKind.values:
        raise DomainError("special_kind", "请选择特别程序的种类。")
    if not access_of(approver).has_at(case.lead_id, Role.CHIEF) or approver.pk == by.pk:
        raise DomainError("approver", f"特别程序须由{case.lead.label}的首席代表批准，且批准人不能是发起人。")
    if not basis.strip():
        raise DomainError("basis", "特别程序须写明依据，请补充后再提交。")
    if planned_days < 1:
        raise DomainError("planned", "请填写特别程序的计划天数（工作日，至少 1 天）。")


def _before(case: MatterCase, kind: str) -> bool:
    subject_type, subject_key = subject_of(case)
    told = Event.objects.filter(subject_type=subject_type, subject_key=subject_key, kind=STARTED)
    return any(data.get("special") == kind for data in told.values_list("data", flat=True))


def _notice(case: MatterCase, kind: str, basis: str, planned_days: int, *, by: User, at: dt.datetime) -> None:
    word = SpecialKind(kind).label
    until = paperwork.due_words(clocks.read_clock(case.special_clock))
    paperwork.write(
        PaperKind.SPECIAL_NOTICE, case.project, subject=case, issuer=case.lead, by=by, at=at,
        what=f"“{case.matter.name}”需要{word}", do="按通知配合，无需另行申请",
        when=f"预计{until}前完成，期间不计入审批时限",
        paragraphs=[f"办理“{case.matter.name}”需要{word}，所需时间 {planned_days} 个工作日，依法不计算在审批时限内。"],
        legal=["《行政许可法》第四十五条", basis.strip()],
    )


@transaction.atomic
def end_special(case_id: int, *, by: User, result: str, at: dt.datetime | None = None) -> MatterCase:
    """End the special procedure with its result; the clocks run again unless a correction is still open.

    Effects in order: its pauses end, its own clock stops; transition to the correction that is open, or back to the
    review; event 10. Raises `NotAllowed`, `DomainError` (`case_state`, `no_special`, `result`).
    """
    case = lock_case(case_id)
    expect(case, CaseState.SUSPENDED, CaseState.CORRECTING, verb="结束特别程序")
    if not case.special_kind:
        raise DomainError("no_special", f"“{case.matter.name}”没有进行中的特别程序。")
    require(rules.can_end_special, by, case)
    if not result.strip():
        raise DomainError("result", "请写明特别程序的结果后再结束。")
    moment, old, kind = at or timing.now(), case.state, case.special_kind
    resume_case(case, kind=PauseKind.SPECIAL, at=moment)
    if case.special_clock is not None:
        clocks.stop_clock(case.special_clock, moment)
    case.special_kind = ""
    _go_on(case)
    sync_due(case, save=False)
    case.save()
    data: dict[str, object] = {"special": kind, "result": result.strip()[:500]}
    if case.state != old:
        data["state"] = [old, case.state]
    record(
        "case.special_ended", subject=case, project=case.project, by=by, at=at,
        status_code=StatusCode.SPECIAL_ENDED, summary=f"特别程序结束：{case.matter.name}，{result.strip()}", data=data,
    )
    return case


def _go_on(case: MatterCase) -> None:
    """When one of two open pauses closes the state is that of the pause still open; else that before the first."""
    from packages.services.timekeeping import is_paused

    if case.state != CaseState.SUSPENDED:
        return
    if is_paused(case, PauseKind.CORRECTION):
        case.begin_correction()
        return
    case.return_to_review()
    case.state_before_pause = ""
