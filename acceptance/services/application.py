"""Applying for the joint acceptance of a project, a phase or a building, and accepting it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from acceptance import data, rules
from acceptance.models import AcceptanceApplication, AcceptanceItem
from acceptance.services import partial
from acceptance.services.scoping import cases_of, package_of
from acceptance.states import BUILDING_UNKNOWN, AcceptanceState, ItemState, Scope
from packages.listing import check_opening
from packages.models import AcceptanceItemDef, MatterCase
from packages.services.intake import accept_case, open_application
from packages.states import CASE_PASSED, CaseState, Handling
from projects import timing
from projects.back_entry import check_follows
from projects.clock_states import ClockKind
from projects.clocks import start_clock
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Building, WorkUnit
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from projects.models import Project, User

JOINT_MATTER = "joint-accept"


def lock_acceptance(acceptance_id: int) -> AcceptanceApplication:
    """Return the acceptance with its project, both locked, the project first."""
    project_id = AcceptanceApplication.objects.values_list("project_id", flat=True).get(pk=acceptance_id)
    project = lock_project(project_id)
    acceptance = (
        AcceptanceApplication.objects.select_for_update(of=("self",))
        .select_related("lead", "work_unit", "application", "clock")
        .get(pk=acceptance_id)
    )
    acceptance.project = project
    return acceptance


def move(  # noqa: PLR0913 - what an event tells
    acceptance: AcceptanceApplication, old: str, *, kind: str, summary: str, by: User | None, at: dt.datetime | None
) -> None:
    """Save a transition of the acceptance and record it."""
    acceptance.save()
    record(
        kind, subject=acceptance, project=acceptance.project, by=by, at=at, summary=summary,
        data={"state": [old, acceptance.state]},
    )


def _cases_of(project: Project, unit: WorkUnit) -> dict[str, MatterCase]:
    """Return the live acceptance-stage cases of the works by matter code."""
    cases = MatterCase.objects.filter(project=project, work_unit=unit).exclude(
        state__in=[CaseState.WITHDRAWN, CaseState.REVOKED, CaseState.FAILED, CaseState.NOT_TAKEN,
                   CaseState.REFUSED_INTAKE, CaseState.RECALLED]
    )
    return {case.matter.matter.code: case for case in cases.select_related("matter__matter", "lead")}


@transaction.atomic
def apply_for_acceptance(  # noqa: PLR0913
    work_unit_id: int, *, by: User, building_id: int | None = None, comprehensive: bool = False,
    report: UploadedFile[Any] | None = None, at: dt.datetime | None = None,
) -> AcceptanceApplication:
    """Open the joint acceptance of a project, a phase or one building; a second call returns the one that is open.

    Effects: one application for all matters that the joint acceptance decides (its checklist is filled from the
    archive; none for a phase or a building by itself), twelve items of the published catalogue, those that the package
    or the plan does not involve as 不涉及 with the reason, those that passed in an earlier round as 合格; for a phase
    or
    a building the shared facilities that it needs; the event `acceptance.applied`. `comprehensive` (综合竣工验收): the
    completion record is applied for by the portal with the conclusion. Errors: wrong stage, nothing to accept, a
    building that the permit does not know, no survey, no report, a matter that the signed list has not (清单外).
    Source: handbook §8, §4.
    """
    unit = WorkUnit.objects.select_related("project").get(pk=work_unit_id)
    project = lock_project(unit.project_id)
    unit.project = project
    building = _building(unit, building_id)
    live = AcceptanceApplication.objects.filter(work_unit=unit, building=building).exclude(
        state__in=[AcceptanceState.FAILED, AcceptanceState.DRAFT]
    ).first()
    if live is not None:
        return live
    require(rules.can_apply, by, unit)
    acceptance = AcceptanceApplication(
        project=project, work_unit=unit, applied_by=by, applied_at=at or timing.now(), building=building,
        is_comprehensive=comprehensive,
        round=1 + AcceptanceApplication.objects.filter(work_unit=unit, building=building).count(),
    )
    cases = _cases_of(project, unit)
    if building is None and cases:
        _open_cases(acceptance, cases, by=by, at=at)
    else:
        acceptance.scope = Scope.BUILDING if building else Scope.PHASE
        cases = _cases_of(project, WorkUnit.objects.get(project=project, is_default=True))
        _require_partial(acceptance, cases, report)
    acceptance.save()
    record(
        "acceptance.applied", subject=acceptance, project=project, by=by, at=at,
        summary=f"申请联合验收{_words(acceptance)}",
        data={"state": ["", acceptance.state], "round": acceptance.round, "scope": acceptance.scope},
    )
    _create_items(acceptance, cases, by=by, at=at)
    if acceptance.scope != Scope.PROJECT and report is not None:
        partial.prepare(acceptance, report, by=by, at=at)
    return acceptance


def _building(unit: WorkUnit, building_id: int | None) -> Building | None:
    if building_id is None:
        return None
    found = Building.objects.filter(pk=building_id, work_unit=unit).first()
    if found is None:
        raise DomainError("building_unknown", BUILDING_UNKNOWN)
    return found


def _words(acceptance: AcceptanceApplication) -> str:
    if acceptance.scope != Scope.PROJECT:
        return f"（{acceptance.get_scope_display()}：{acceptance.what}）"
    return "（综合竣工验收）" if acceptance.is_comprehensive else ""


def _open_cases(
    acceptance: AcceptanceApplication, cases: dict[str, MatterCase], *, by: User, at: dt.datetime | None
) -> None:
    joint = cases.get(JOINT_MATTER)
    codes = [code for code, case in cases.items() if case.handling == Handling.ACCEPTANCE
             and case.state == CaseState.DRAFT]
    if joint is None or not codes:
        raise DomainError("nothing_to_accept", "计划里没有待办的联合验收事项，请先核对项目套餐和情形。")
    acceptance.application = open_application(acceptance.project_id, matter_codes=codes, by=by, at=at)
    acceptance.lead = joint.lead


def _require_partial(
    acceptance: AcceptanceApplication, cases: dict[str, MatterCase], report: UploadedFile[Any] | None
) -> None:
    joint = cases.get(JOINT_MATTER)
    if joint is None:
        raise DomainError("nothing_to_accept", "本项目的计划没有联合验收意见，不能分期或单体验收。")
    check_opening(acceptance.project, [
        (code, case.matter.name) for code, case in cases.items() if case.handling == Handling.ACCEPTANCE
    ])
    if not partial.is_surveyed(acceptance):
        raise DomainError("not_surveyed", f"{quoted(acceptance.what)}还没有多测合一成果，共享后才能申请验收。")
    if report is None:
        raise DomainError("report_missing", "请上传建设单位组织的竣工验收报告。")
    acceptance.lead = joint.lead


def _create_items(
    acceptance: AcceptanceApplication, cases: dict[str, MatterCase], *, by: User, at: dt.datetime | None
) -> None:
    day = timing.business_day(acceptance.applied_at)
    reasons = data.not_involved(day, package_of(acceptance.project))
    whole, before = acceptance.scope == Scope.PROJECT, _passed_before(acceptance)
    for definition in AcceptanceItemDef.objects.published().order_by("no").prefetch_related("matters"):
        case = next((cases[m.code] for m in definition.matters.all() if m.code in cases), None)
        item = AcceptanceItem.objects.create(
            acceptance=acceptance, definition=definition, case=case, organisation_id=definition.organisation_id,
            number=definition.no, name=definition.name, is_gate=definition.gate,
        )
        record("acceptance.item_created", subject=item, project=acceptance.project, by=by, at=at,
               data={"state": ["", item.state]})
        if not item.is_gate and not whole:
            settle_item(item, "not_involve", note="竣工验收备案随项目整体办理", by=None, at=at)
        elif case is None:
            reason = reasons.get(definition.code, "本项目的计划中没有这一事项")
            settle_item(item, "not_involve", note=reason, by=None, at=at)
        elif item.is_gate and (case.state in CASE_PASSED or item.number in before):
            settle_item(item, "pass_item", note="上一轮已合格，不再重复验收", by=None, at=at)


def _passed_before(acceptance: AcceptanceApplication) -> set[int]:
    """Return the numbers of the items that were good in the round before, which failed as a whole.

    Those of the whole project are known by their cases; but one whose case could not be granted then counts as well.
    """
    rounds = AcceptanceApplication.objects.filter(
        work_unit=acceptance.work_unit, building=acceptance.building, scope=acceptance.scope,
        state=AcceptanceState.FAILED,
    )
    passed = AcceptanceItem.objects.filter(
        acceptance=rounds.order_by("-pk").first(), state__in=[ItemState.PASSED, ItemState.RECHECKED]
    )
    if acceptance.scope == Scope.PROJECT:
        passed = passed.filter(case__state=CaseState.FAILED)
    return set(passed.values_list("number", flat=True))


def settle_item(
    item: AcceptanceItem, transition: str, *, note: str, by: User | None, at: dt.datetime | None
) -> AcceptanceItem:
    """Carry out one transition of an item and record it; the caller has locked the project."""
    old = item.state
    getattr(item, transition)()
    item.note, item.checked_by, item.checked_at = note, by, at or timing.now()
    item.save()
    record(
        "acceptance.item_settled", subject=item, project=item.acceptance.project, by=by, at=at,
        on_behalf_of=item.organisation.name, summary=f"{item.name}：{item.get_state_display()}",
        data={"state": [old, item.state]},
    )
    return item


@transaction.atomic
def accept_acceptance(acceptance_id: int, *, by: User, at: dt.datetime | None = None) -> AcceptanceApplication:
    """Accept the application at the window and return it. Twice is once.

    Effects: every case of it is accepted (its own clock and notice), the departments check the papers, the timetable
    of the package is kept, the clock of the joint acceptance starts with its sum; event `acceptance.accepted`. Errors:
    not handed in, papers missing.
    """
    acceptance = lock_acceptance(acceptance_id)
    if acceptance.state != AcceptanceState.APPLIED and acceptance.accepted_at:
        return acceptance
    require(rules.can_accept, by, acceptance)
    check_follows(at, acceptance)
    moment = at or timing.now()
    acceptance.timetable = data.timetable(timing.business_day(moment), package_of(acceptance.project))
    limit = sum(acceptance.timetable.values())
    for case in cases_of(acceptance).filter(state=CaseState.RECEIVED).order_by("pk"):
        if case.matter.matter.code == JOINT_MATTER:
            _promise_joint_opinion(case, limit)
        accept_case(case.pk, by=by, at=at)
    if acceptance.scope != Scope.PROJECT:
        partial.involve_departments(acceptance, by=by, at=at)
    old = acceptance.state
    acceptance.accept()
    acceptance.accepted_at = moment
    acceptance.clock = start_clock(
        kind=ClockKind.ACCEPTANCE, limit=limit, on=acceptance.accepted_at,
        project=acceptance.project, label="联合验收",
    )
    move(acceptance, old, kind="acceptance.accepted", summary="受理联合验收申请", by=by, at=at)
    return acceptance


def _promise_joint_opinion(case: MatterCase, limit: int) -> None:
    """Promise the joint opinion for the end of the whole joint acceptance.

    It is promised so many days after the last item; its clock starts with the others, at acceptance.
    """
    case.promised_days = limit
    case.save(update_fields=["promised_days"])
