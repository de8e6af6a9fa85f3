"""特别程序: hearing, survey, tender, test, expert review, publicity stop the clock (行政许可法 45).

One person asks, another (a chief representative of the lead department) approves as a step of its own; only then do
the clocks stop. It ends by somebody's hand with its result, never by itself, however late it is (Appendix D).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.models import DocumentKind
from archives.services.filing import file_upload
from packages import rules
from packages.act_states import PROCEDURE_OPEN, LateEntryAct, ProcedureState
from packages.case_data import special_rule
from packages.models import MatterCase, SpecialProcedure
from packages.services import act_papers, late_entries
from packages.services.back_entry import check_moment
from packages.services.head_answers import still_asked, turn_down
from packages.services.locking import expect, lock_case
from packages.services.timekeeping import is_paused, pause_case, resume_case, sync_due
from packages.states import CaseState, SpecialKind
from projects import clocks, timing
from projects.back_entry import check_after
from projects.clock_states import ClockKind, PauseKind, TimeOwner
from projects.errors import DomainError, require
from projects.events import record
from projects.models import User
from projects.quoting import quoted
from projects.status_codes import StatusCode

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

STARTED = "case.special_started"
RESULT_SLUG = "special-result"


@transaction.atomic
def request_special(
    case_id: int, *, by: User, kind: str, basis: str, planned_days: int, at: dt.datetime | None = None
) -> SpecialProcedure:
    """Ask for a special procedure; the clocks run on until somebody else approves it.

    Effects: row, marked when one of its kind was on this case before, event `special.requested`. `planned_days` are
    working days, at most those of the kind (`special_kinds.tsv`). Raises `NotAllowed`, `DomainError` (`case_state`,
    `special_open`, `special_kind`, `basis`, `planned`, `planned_long`).
    """
    case = lock_case(case_id)
    expect(case, CaseState.IN_REVIEW, CaseState.CORRECTING, verb="启动特别程序")
    require(rules.can_start_special, by, case)
    check_moment(case, at)
    _check(case, kind=kind, basis=basis, planned_days=planned_days)
    before = SpecialProcedure.objects.filter(case=case, kind=kind, approver__isnull=False).exists()
    row = SpecialProcedure.objects.create(
        case=case, kind=kind, basis=basis.strip()[:300], planned_days=planned_days, is_repeated=before, started_by=by,
        requested_at=at or timing.now(),
    )
    record(
        "special.requested", subject=row, project=case.project, by=by, at=at,
        summary=f"申请特别程序：{case.matter.name} {row.get_kind_display()}，计划 {planned_days} 个工作日",
        data={"state": ["", row.state], "special": kind, "planned": planned_days, "again": before},
    )
    return row


def _check(case: MatterCase, *, kind: str, basis: str, planned_days: int) -> None:
    if case.accepted_at is None:
        raise DomainError("case_state", f"{quoted(case.matter.name)}还没有受理，受理后才能启动特别程序。")
    standing = SpecialProcedure.objects.filter(case=case, state__in=PROCEDURE_OPEN).first()
    if standing is not None:
        raise DomainError(
            "special_open",
            f"{quoted(case.matter.name)}的{standing.get_kind_display()}{standing.get_state_display()}，结束后才能再启动。",
        )
    rule = special_rule(kind) if kind in SpecialKind.values else None
    if rule is None:
        raise DomainError("special_kind", "请选择特别程序的种类。")
    if not basis.strip():
        raise DomainError("basis", "特别程序须写明依据，请补充后再提交。")
    if planned_days < 1:
        raise DomainError("planned", "请填写特别程序的计划天数（工作日，至少 1 天）。")
    if planned_days > rule.longest_days:
        word = SpecialKind(kind).label
        raise DomainError("planned_long", f"{word}最长 {rule.longest_days} 个工作日，请重新填写计划天数。")


def _lock(procedure_id: int) -> SpecialProcedure:
    case = lock_case(SpecialProcedure.objects.values_list("case_id", flat=True).get(pk=procedure_id))
    row = SpecialProcedure.objects.select_for_update(of=("self",)).select_related("started_by").get(pk=procedure_id)
    row.case = case
    return row


@transaction.atomic
def approve_special(procedure_id: int, *, by: User, at: dt.datetime | None = None) -> MatterCase:
    """The head approves what another asked for: the clocks stop until it ends.

    Effects in order: every clock of the case pauses, the procedure's own clock starts; transitions; event 9 (marked
    when it is the second of its kind on the case: the director is told); 特别程序告知书. Raises `NotAllowed`,
    `DomainError` (`answered`, `approver` for the starter, `case_state`). Source: 行政许可法 45; handbook §2.3.
    """
    row = _lock(procedure_id)
    case = row.case
    still_asked(row, "特别程序")
    require(rules.can_approve_special, by, row)
    check_moment(case, at)
    check_after(at, row.requested_at)
    if row.started_by_id == by.pk:
        raise DomainError("approver", "特别程序不能由发起人自己批准，请由另一位首席代表批准。")
    expect(case, CaseState.IN_REVIEW, CaseState.CORRECTING, verb="批准特别程序")
    moment, old = at or timing.now(), case.state
    before = late_entries.standing(case, at)
    _run(row, by=by, moment=moment)
    record(
        "special.approved", subject=row, project=case.project, by=by, at=at,
        summary=f"批准特别程序：{case.matter.name} {row.get_kind_display()}",
        data={"state": [ProcedureState.REQUESTED, row.state]},
    )
    record(
        STARTED, subject=case, project=case.project, by=by, at=at, status_code=StatusCode.SPECIAL_STARTED,
        summary=f"特别程序开始：{case.matter.name} {row.get_kind_display()}，计划 {row.planned_days} 个工作日",
        data={
            "state": [old, case.state], "special": row.kind, "planned": row.planned_days, "starter": row.started_by_id,
            "approver": by.pk, "again": row.is_repeated,
        },
    )
    late_entries.tell_spared(case, before, act=LateEntryAct.PAUSE, by=by, at=at)
    act_papers.special_notice(row, by=by, at=moment)
    return case


def _run(row: SpecialProcedure, *, by: User, moment: dt.datetime) -> None:
    """Stop the clocks of the case, start that of the procedure, move both."""
    case = row.case
    pause_case(
        case, kind=PauseKind.SPECIAL, owner=TimeOwner.SPECIAL, basis=row.basis, approver=by, planned=row.planned_days,
        at=moment,
    )
    row.clock = clocks.start_clock(
        kind=ClockKind.SPECIAL, limit=row.planned_days, on=moment, project=case.project, owner=TimeOwner.SPECIAL,
        label=f"{case.matter.name} {row.get_kind_display()}",
    )
    row.approve()
    row.approver, row.approved_at = by, moment
    row.save()
    case.special_clock, case.special_kind = row.clock, row.kind
    case.state_before_pause = case.state_before_pause or case.state
    case.suspend()
    sync_due(case, save=False)
    case.save()


@transaction.atomic
def refuse_special(procedure_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> SpecialProcedure:
    """The head does not approve; nothing stops. Event `special.refused`.

    Raises `NotAllowed`, `DomainError` (`answered`, `reason`).
    """
    row = _lock(procedure_id)
    still_asked(row, "特别程序")
    require(rules.can_approve_special, by, row)
    words = f"未批准特别程序：{row.case.matter.name} {row.get_kind_display()}"
    return turn_down(row, "special.refused", words, by=by, reason=reason, at=at)


@transaction.atomic
def end_special(
    case_id: int, *, by: User, result: str, uploaded: UploadedFile[Any] | None = None, at: dt.datetime | None = None
) -> MatterCase:
    """End the special procedure with its result document; the clocks run again unless a correction is open.

    Effects in order: the result is filed; its pauses end, its own clock stops; transition to the correction that is
    open, or back to the state before the first pause; event 10. Raises `NotAllowed`, `DomainError` (`case_state`,
    `no_special`, `result`, `result_document`, those of the upload).
    """
    case = lock_case(case_id)
    expect(case, CaseState.SUSPENDED, CaseState.CORRECTING, verb="结束特别程序")
    row = SpecialProcedure.objects.select_for_update().filter(case=case, state=ProcedureState.RUNNING).first()
    if row is None:
        raise DomainError("no_special", f"{quoted(case.matter.name)}没有进行中的特别程序，请刷新页面，按最新状态办理。")
    require(rules.can_end_special, by, case)
    check_moment(case, at)
    if not result.strip():
        raise DomainError("result", "请写明特别程序的结果后再结束。")
    if uploaded is None:
        raise DomainError("result_document", "请上传特别程序的结果文件（笔录、报告或意见）后再结束。")
    row.case, moment, old = case, at or timing.now(), case.state
    row.result_document = file_upload(
        case.project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=RESULT_SLUG),
        title=f"{row.get_kind_display()}结果：{case.matter.name}"[:200], source=case,
        source_label=f"{case.matter.name} {row.get_kind_display()}", by=by, at=at,
    )
    resume_case(case, kind=PauseKind.SPECIAL, at=moment)
    if row.clock is not None:
        clocks.stop_clock(row.clock, moment)
    case.special_kind = ""
    _go_on(case)
    sync_due(case, save=False)
    case.save()
    row.end()
    row.result, row.ended_by, row.ended_at = result.strip()[:500], by, moment
    row.save()
    record(
        "special.ended", subject=row, project=case.project, by=by, at=at, summary=f"{row}：{row.result}",
        data={"state": [ProcedureState.RUNNING, row.state]},
    )
    data: dict[str, object] = {"special": row.kind, "result": row.result}
    if case.state != old:
        data["state"] = [old, case.state]
    record(
        "case.special_ended", subject=case, project=case.project, by=by, at=at,
        status_code=StatusCode.SPECIAL_ENDED, summary=f"特别程序结束：{case.matter.name}，{row.result}", data=data,
    )
    return case


def _go_on(case: MatterCase) -> None:
    """When one of two open pauses closes the state is that of the pause still open; else that before the first."""
    if case.state != CaseState.SUSPENDED:
        return
    if is_paused(case, PauseKind.CORRECTION):
        case.begin_correction()
        return
    case.return_to_review()
    case.state_before_pause = ""
