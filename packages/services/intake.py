"""Intake at the window: opening and handing in an application, accepting its cases, the deemed acceptance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from packages import rules
from packages.listing import Listed, listed_of
from packages.models import Application, MaterialItem, MatterCase
from packages.next_steps import CASE_LOST
from packages.services import paperwork
from packages.services.accepting import look_beside_acceptance, take_on
from packages.services.back_entry import check_moment
from packages.services.checklist import OPEN_LINES, build_lines, fill_lines, lacking_words, plan_of
from packages.services.committing import sync_offers, void_commitments
from packages.services.correction import answer_fault, notice_faults, return_corrected
from packages.services.ending import refuse_intake
from packages.services.letters import check_lines
from packages.services.locking import expect, lock_application, lock_case
from packages.services.on_the_spot import decide_on_spot
from packages.services.setting_lines import set_material
from packages.services.timekeeping import start_intake, sync_due
from packages.services.withdrawing import withdraw_case
from packages.states import ApplicationSource, CaseState, Handling, MaterialState, Outcome
from projects import clocks, timing
from projects.bulk import update_all
from projects.errors import DomainError, require
from projects.events import latest_of, lock_project, record, told_by, told_together
from projects.memo import Memo
from projects.models import Project, Region, User
from projects.numbering import take_number
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.states import InvolvementRole
from projects.status_codes import StatusCode

__all__ = [
    "accept_application",
    "accept_case",
    "answer_fault",
    "decide_on_spot",
    "deem_accepted",
    "discard_application",
    "handle_on_spot",
    "notice_faults",
    "open_application",
    "refuse_intake",
    "return_corrected",
    "set_material",
    "submit_application",
    "withdraw_case",
]

#: Codes of the regions of centres.
_codes: Memo[str] = Memo(most=200, seconds=60)
APPLICATION_SERIES, CASE_SERIES = "申报流水", "办件编号"


# Opening -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_application(
    project_id: int, *, matter_codes: Sequence[str], by: User, source: str = ApplicationSource.WINDOW,
    form_key: str = "", at: dt.datetime | None = None,
) -> Application:
    """Open an application for several matters of a project at once; its cases stay 未开始 until it is handed in.

    Effects in order: `Application` with its number; the cases join it; their checklists, met from archive and
    registers where possible; event `application.opened`. A form posted twice (`form_key`), and the same matters while
    an application for exactly them is open, return the one that stands. Raises `NotAllowed`, `DomainError`
    (`no_matters`, `not_enrolled`, `matter` naming what cannot be applied for and why). Source: handbook §6.2.
    """
    project = lock_project(project_id)
    standing = Application.objects.filter(form_key=form_key, project=project).first() if form_key else None
    if standing is not None:
        return standing
    require(rules.can_apply, by, project)
    codes = list(dict.fromkeys(matter_codes))
    if not codes:
        raise DomainError("no_matters", "请至少选择一个事项再申报。")
    plan = plan_of(project)
    cases = _applicable(project, codes)
    standing = _same_application(cases)
    if standing is not None:
        return standing
    application = Application.objects.create(
        project=project, number=_number(project, APPLICATION_SERIES, "S", at), source=ApplicationSource(source),
        applicant=project.owner, opened_by=by, opened_at=at or timing.now(), form_key=form_key,
    )
    for case in cases:
        case.application = application
        case.save(update_fields=["application"])
    build_lines(cases, plan)
    met = fill_lines(project, at=at)
    sync_offers(cases, at=at)
    record(
        "application.opened", subject=application, project=project, by=by, at=at,
        summary=f"开始申报 {application.number}：{'、'.join(case.matter.name for case in cases)}",
        data={"matters": codes, "source": application.source, "met": met},
    )
    return application


def _applicable(project: Project, codes: Sequence[str]) -> list[MatterCase]:
    """Return the drafts of these matters, in the order asked; refuse naming each that cannot be applied for."""
    found = MatterCase.objects.select_for_update(of=("self",)).filter(project=project, matter__matter__code__in=codes)
    rows = found.exclude(state__in=CASE_LOST).select_related("matter__matter", "lead", "application").order_by("pk")
    live = {case.matter.matter.code: case for case in rows}
    listed = listed_of(project)
    faults = [fault for code in codes if (fault := _fault(code, live.get(code), listed))]
    if faults:
        first = next((live[code] for code in codes if code in live and _fault(code, live[code], listed)), None)
        raise DomainError("matter", "；".join(faults) + "。", latest=told_by(latest_of(first)) if first else "")
    cases = [live[code] for code in codes]
    for case in cases:
        case.project = project
    return cases


def _fault(code: str, case: MatterCase | None, listed: Listed | None) -> str:
    if case is None:
        return f"事项“{code}”不在本项目的计划中"
    if listed is not None and not listed.has(code):
        return listed.refusal(case.matter.name)
    if case.handling == Handling.OUTSIDE:
        return f"{quoted(case.matter.name)}在系统外办理，办成后登记结果，不在窗口申报"
    if case.state != CaseState.DRAFT:
        return f"{quoted(case.matter.name)}现在是“{case.get_state_display()}”，不能再次申报"
    return ""


def _same_application(cases: Sequence[MatterCase]) -> Application | None:
    """Return the open application for exactly these matters; refuse when one of them is in another open one."""
    taken = {case.application_id: case for case in cases if case.application_id}
    if not taken:
        return None
    application = next(iter(taken.values())).application
    if application is not None and len(taken) == 1:
        inside = set(application.cases.values_list("pk", flat=True))
        if inside == {case.pk for case in cases}:
            return application
    names = "、".join(case.matter.name for case in cases if case.application_id)
    number = application.number if application else ""
    raise DomainError("in_application", f"“{names}”已在未提交的申报 {number} 中，请继续该申报，或先作废它。")


def case_number(project: Project, at: dt.datetime | None) -> str:
    """Return the next number of a case of the project's centre."""
    return _number(project, CASE_SERIES, "", at)


def _number(project: Project, series: str, letter: str, at: dt.datetime | None) -> str:
    """Return the next number of the centre: region, year, serial (申报 140581-2026-S00012, 办件 140581-2026-000123)."""
    year = timing.business_day(at or timing.now()).year
    year, serial = take_number(project.centre, series, year=year)
    centre = project.centre.region_id
    region = _codes.of(centre, lambda: Region.objects.get(pk=centre).code) if centre else project.region.code
    return f"{region}-{year}-{letter}{serial:06d}"


@transaction.atomic
def discard_application(application_id: int, *, by: User, at: dt.datetime | None = None) -> None:
    """Give up an application that was not handed in: its matters are free again, uploaded files stay in the archive.

    Event `application.discarded`. A second call changes nothing. Raises `NotAllowed`, `DomainError` (`submitted`).
    """
    application, cases = lock_application(application_id)
    require(rules.can_apply, by, application.project)
    if application.submitted_at is not None:
        raise DomainError("submitted", f"申报 {application.number} 已经提交，不能作废；需要时请撤件。")
    if not cases:
        return
    for case in cases:
        void_commitments(case, reason="申报已作废", by=by, at=at)
        MaterialItem.objects.filter(case=case).delete()
        case.application = None
        case.save(update_fields=["application"])
    record(
        "application.discarded", subject=application, project=application.project, by=by, at=at,
        summary=f"作废未提交的申报 {application.number}", data={"matters": [case.matter.matter.code for case in cases]},
    )


# Handing in --------------------------------------------------------------------------------------------------------


@transaction.atomic
def submit_application(application_id: int, *, by: User, at: dt.datetime | None = None) -> Application:
    """Hand in an application: every case is received.

    Effects in order, per case: number, transition, intake clock of five working days, event 1, the lead department
    is involved; then the 材料回执. A second call changes nothing. Raises `NotAllowed`, `DomainError` (`empty`, those
    of `check_moment`: nothing is received before it stood in the plan). Source: 行政许可法 32; standards §4.3 code 1.
    """
    application, cases = lock_application(application_id)
    if application.submitted_at is not None:
        return application
    require(rules.can_receive, by, application)
    if not cases:
        raise DomainError("empty", f"申报 {application.number} 已作废，请重新申报。")
    for case in cases:
        check_moment(case, at)
    moment = at or timing.now()
    with told_together(application.project):
        fill_lines(application.project, at=at)
        for case in cases:
            _receive(case, by=by, at=at, moment=moment)
        application.submitted_at = moment
        update_all([application], ["submitted_at"])
        record(
            "application.submitted", subject=application, project=application.project, by=by, at=at,
            summary=f"提交申报 {application.number}", data={"cases": [case.pk for case in cases]},
        )
        paperwork.receipt(application, cases, by=by, at=moment)
    return application


def _receive(case: MatterCase, *, by: User, at: dt.datetime | None, moment: dt.datetime) -> None:
    expect(case, CaseState.DRAFT, verb="接件")
    old = case.state
    case.number = _number(case.project, CASE_SERIES, "", at)
    case.receive()
    case.received_at = moment
    case.window_by = by if rules.is_window(by, case.project) else None
    start_intake(case, moment)
    sync_due(case, save=False)
    case.save(update_fields=["state", "number", "received_at", "window_by", "intake_clock", "due_on", "yellow_on"])
    record(
        "case.received", subject=case, project=case.project, by=by, at=at, status_code=StatusCode.RECEIVED,
        summary=f"接件：{case.matter.name} {case.number}", data={"state": [old, case.state], "number": case.number},
        on_behalf_of=case.project.owner.name,
    )
    involve(case.project, role=InvolvementRole.REVIEWER, organisation=case.lead, by=by, at=at)


@transaction.atomic
def handle_on_spot(
    application_id: int, *, by: User, note: str = "", outcome: str = Outcome.PASS, at: dt.datetime | None = None
) -> list[MatterCase]:
    """即办 in one call: hand in an application and decide each of its matters of promise 0 (events 1, 3, 8, 11 or 13).

    Its other matters are received. A case that cannot be decided now refuses the whole call. Raises `NotAllowed`,
    `DomainError` (those of `submit_application` and `decide_on_spot`, `handling` where no matter is 即办).
    """
    submit_application(application_id, by=by, at=at)
    _, cases = lock_application(application_id)
    spot = [case for case in cases if case.promised_days == 0 and case.state == CaseState.RECEIVED]
    if not spot:
        raise DomainError("handling", "本申报没有可以即办的事项，请先受理，再由部门审查。")
    return [decide_on_spot(case.pk, by=by, note=note, outcome=outcome, at=at) for case in spot]


# Accepting -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def accept_case(case_id: int, *, by: User, note: str = "", at: dt.datetime | None = None) -> MatterCase:
    """Accept a received case (受理).

    Effects in order: intake clock stops; transition; promised and statutory clock start; told faults that were
    answered are verified, deferred papers and commitments become owed; event 3, on which a worker opens the joint
    review; 受理通知书 with the due day. Where the five working days have passed the law has accepted already: the case
    then stands accepted as of its receipt. Raises `NotAllowed`, `DomainError` (`case_state` with who was faster,
    `materials` naming what is missing). Source: 行政许可法 32, 42; standards §9.1.
    """
    case = lock_case(case_id)
    expect(case, CaseState.RECEIVED, verb="受理")
    require(rules.can_accept, by, case)
    check_moment(case, at)
    return _accept(case, by=by, note=note, at=at)


def _accept(case: MatterCase, *, by: User, note: str, at: dt.datetime | None) -> MatterCase:
    beside = look_beside_acceptance(case)
    if intake_is_over(case, beside.pauses):
        return _deem(case)
    if beside.to_fill:
        fill_lines(case.project, at=at)
        beside = look_beside_acceptance(case)
    if beside.lines & OPEN_LINES:
        raise DomainError("materials", lacking_words(case))
    moment = at or timing.now()
    if MaterialState.LETTER in beside.lines:
        check_lines(case, timing.business_day(moment))
    take_on(case, beside, by=by, at=moment, ended_at=moment, note=note)
    return case


@transaction.atomic
def accept_application(application_id: int, *, by: User, at: dt.datetime | None = None) -> list[MatterCase]:
    """Accept every received case of an application that can be accepted; return those that were.

    A case that lacks papers stays received and does not hold up the others. Raises `NotAllowed`, and `DomainError`
    (`materials`) only where none could be accepted, `case_state` where none waits for it.
    """
    _, cases = lock_application(application_id)
    waiting = [case for case in cases if case.state == CaseState.RECEIVED]
    if not waiting and cases:
        expect(cases[0], CaseState.RECEIVED, verb="受理")
    accepted, faults = [], []
    for case in waiting:
        require(rules.can_accept, by, case)
        check_moment(case, at)
        try:
            accepted.append(_accept(case, by=by, note="", at=at))
        except DomainError as error:
            if error.code != "materials":
                raise
            faults.append(error.message)
    if not accepted:
        raise DomainError("materials", "".join(faults) or "本申报没有可以受理的办件。")
    return accepted


def intake_is_over(case: MatterCase, pauses: tuple[()] | None = None) -> bool:
    """Return whether the five working days have passed without an answer. `pauses`: empty where there are none."""
    return case.intake_clock is not None and clocks.read_clock(case.intake_clock, pauses=pauses).overdue


@transaction.atomic
def deem_accepted(case_id: int) -> bool:
    """Accept a case by law when five working days have passed without a notice (视为受理); return whether it was now.

    Retroactive: the day of receipt is the day of acceptance and the clocks count from it, so that they may be
    overdue at once. Missing papers do not hinder it. A second call changes nothing.
    Source: 行政许可法 32(1)(4); standards §9.4.
    """
    case = lock_case(case_id)
    if case.state != CaseState.RECEIVED or not intake_is_over(case):
        return False
    _deem(case)
    return True


def _deem(case: MatterCase) -> MatterCase:
    now = timing.now()
    take_on(case, look_beside_acceptance(case), by=None, at=case.received_at or now, ended_at=now, deemed=True)
    return case
