"""Applying for the joint acceptance, accepting it, and appointing the one visit."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction

from acceptance import rules
from acceptance.models import AcceptanceApplication, AcceptanceItem, SiteVisit
from acceptance.states import AcceptanceState
from packages.models import AcceptanceItemDef, MatterCase
from packages.services.intake import accept_case, open_application
from packages.states import CASE_PASSED, CaseState, Handling
from projects import timing
from projects.clock_states import ClockKind
from projects.clocks import start_clock
from projects.errors import DomainError, require
from projects.events import latest_of, lock_project, record, told_by
from projects.models import WorkUnit

if TYPE_CHECKING:
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
def apply_for_acceptance(work_unit_id: int, *, by: User, at: dt.datetime | None = None) -> AcceptanceApplication:
    """Open the joint acceptance of a works and return it; a second call returns the one that is open.

    Effects: one application for all matters that the joint acceptance decides (its checklist is filled from the
    archive), twelve items of the published catalogue, those without a matter in the plan as 不涉及, those that
    passed in an earlier round as 合格; the event `acceptance.applied`. Errors: wrong stage, nothing to accept.
    Source: handbook §8.
    """
    unit = WorkUnit.objects.select_related("project").get(pk=work_unit_id)
    project = lock_project(unit.project_id)
    unit.project = project
    live = AcceptanceApplication.objects.filter(work_unit=unit).exclude(
        state__in=[AcceptanceState.FAILED, AcceptanceState.DRAFT]
    ).first()
    if live is not None:
        return live
    require(rules.can_apply, by, unit)
    cases = _cases_of(project, unit)
    joint = cases.get(JOINT_MATTER)
    codes = [code for code, case in cases.items() if case.handling == Handling.ACCEPTANCE
             and case.state == CaseState.DRAFT]
    if joint is None or not codes:
        raise DomainError("nothing_to_accept", "计划里没有待办的联合验收事项，请先核对项目套餐和情形。")
    application = open_application(project.pk, matter_codes=codes, by=by, at=at)
    acceptance = AcceptanceApplication.objects.create(
        project=project, work_unit=unit, application=application, lead=joint.lead, applied_by=by,
        applied_at=at or timing.now(), round=1 + AcceptanceApplication.objects.filter(work_unit=unit).count(),
    )
    record(
        "acceptance.applied", subject=acceptance, project=project, by=by, at=at, summary="申请联合验收",
        data={"state": ["", acceptance.state], "round": acceptance.round},
    )
    _create_items(acceptance, cases, by=by, at=at)
    return acceptance


def _create_items(
    acceptance: AcceptanceApplication, cases: dict[str, MatterCase], *, by: User, at: dt.datetime | None
) -> None:
    for definition in AcceptanceItemDef.objects.published().order_by("no").prefetch_related("matters"):
        case = next((cases[m.code] for m in definition.matters.all() if m.code in cases), None)
        item = AcceptanceItem.objects.create(
            acceptance=acceptance, definition=definition, case=case, organisation_id=definition.organisation_id,
            number=definition.no, name=definition.name, is_gate=definition.gate,
        )
        record("acceptance.item_created", subject=item, project=acceptance.project, by=by, at=at,
               data={"state": ["", item.state]})
        if case is None:
            settle_item(item, "not_involve", note="本项目的计划中没有这一事项", by=None, at=at)
        elif case.state in CASE_PASSED and item.is_gate:
            settle_item(item, "pass_item", note="上一轮已合格，不再重复验收", by=None, at=at)


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


def acceptance_days(acceptance: AcceptanceApplication) -> int:
    """Return the limit in working days: the longest item side by side, plus the joint opinion.

    Both are promises of the catalogue for this package (the rows' `days_override` included).
    """
    items = [i.case.promised_days for i in acceptance.items.select_related("case") if i.case and i.is_gate]
    joint_days = list(
        MatterCase.objects.filter(application=acceptance.application, matter__matter__code=JOINT_MATTER)
        .values_list("promised_days", flat=True)
    )
    return max(items, default=0) + sum(joint_days)


@transaction.atomic
def accept_acceptance(acceptance_id: int, *, by: User, at: dt.datetime | None = None) -> AcceptanceApplication:
    """Accept the application at the window and return it. Twice is once.

    Effects: every case of it is accepted (its own clock and notice), the departments check the papers, the clock of
    the joint acceptance starts; event `acceptance.accepted`. Errors: not handed in, papers missing.
    """
    acceptance = lock_acceptance(acceptance_id)
    if acceptance.state != AcceptanceState.APPLIED and acceptance.accepted_at:
        return acceptance
    require(rules.can_accept, by, acceptance)
    limit = acceptance_days(acceptance)
    for case in MatterCase.objects.filter(application=acceptance.application, state=CaseState.RECEIVED).order_by("pk"):
        if case.matter.matter.code == JOINT_MATTER:
            _promise_joint_opinion(case, limit)
        accept_case(case.pk, by=by, at=at)
    old = acceptance.state
    acceptance.accept()
    acceptance.accepted_at = at or timing.now()
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


@transaction.atomic
def arrange_visit(
    acceptance_id: int, *, by: User, planned_on: dt.date, at: dt.datetime | None = None
) -> AcceptanceApplication:
    """Appoint the one visit of all departments (一次上门). Errors: a day before acceptance, wrong state."""
    acceptance = lock_acceptance(acceptance_id)
    if acceptance.state == AcceptanceState.SITE:
        raise DomainError("visit_arranged", "现场验收已经约定。", latest=told_by(latest_of(acceptance)))
    require(rules.can_arrange, by, acceptance)
    if planned_on < timing.business_day(acceptance.accepted_at or timing.now()):
        raise DomainError("visit_before_acceptance", "现场验收日期早于受理日期，请重新选择。")
    SiteVisit.objects.update_or_create(
        acceptance=acceptance, defaults={"planned_on": planned_on, "arranged_by": by}
    )
    old = acceptance.state
    acceptance.go_to_site()
    move(acceptance, old, kind="acceptance.visit_arranged", summary=f"约定 {planned_on:%m-%d} 现场验收", by=by, at=at)
    return acceptance
