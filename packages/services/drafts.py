"""Drafts (未开始): one case per matter that applies, made at enrolment, anew after a loss, dropped when it lapses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from packages.choices import MatterKind
from packages.coded import CODE_MATTER, brought_words, has_national_code
from packages.models import AcceptanceItemDef, MatterCase, MatterVersion, PackageRow
from packages.planning.build import PlanView, build_plan
from packages.services.timekeeping import sync_due
from packages.states import CaseState, Handling
from projects import timing
from projects.events import lock_project, record
from projects.models import Project, User, WorkUnit
from projects.states import OrganisationKind

JOINT_CONCLUSION = "joint-accept"
#: What no screen of ours carries out.
OUTSIDE_KINDS = frozenset({MatterKind.INTERMEDIARY, MatterKind.TENDER, MatterKind.FEE})
OUTSIDE_BODIES = frozenset({OrganisationKind.HIGHER, OrganisationKind.INTERMEDIARY})


def acceptance_matters() -> frozenset[str]:
    """Return the codes of the matters that the joint acceptance carries: those its gate items name, and its conclusion.

    The completion record follows it and is a review of its own.
    """
    codes = AcceptanceItemDef.objects.published().filter(gate=True).values_list("matters__code", flat=True)
    return frozenset({*(code for code in codes if code), JOINT_CONCLUSION})


def handling_of(matter: MatterVersion, *, is_counted: bool, joint: frozenset[str]) -> str:
    """Return which part of the portal carries a matter out. A milestone is never outside."""
    if matter.matter.code in joint:
        return Handling.ACCEPTANCE
    if matter.is_milestone:
        return Handling.REVIEW
    elsewhere = (
        matter.kind in OUTSIDE_KINDS or not is_counted or not matter.is_counted or matter.lead.kind in OUTSIDE_BODIES
    )
    return Handling.OUTSIDE if elsewhere else Handling.REVIEW


def make_drafts(
    project: Project, plan: PlanView, codes: Iterable[str], *, by: User | None, at: dt.datetime | None
) -> list[MatterCase]:
    """Create one draft per code on the default works of the locked project. One event `case.created` each."""
    wanted = set(codes)
    views = [view for view in plan.matters if view.code in wanted]
    versions = MatterVersion.objects.select_related("matter", "lead").in_bulk([view.version_pk for view in views])
    rows = PackageRow.objects.in_bulk([view.row_pk for view in views])
    works = WorkUnit.objects.get(project=project, is_default=True)
    # a package without the joint opinion (the minimal ones) has its acceptance matters reviewed one by one
    joint = acceptance_matters() if JOINT_CONCLUSION in {view.code for view in plan.matters} else frozenset()
    cases = []
    for view in views:
        matter = versions[view.version_pk or 0]
        cases.append(
            MatterCase.objects.create(
                project=project, work_unit=works, matter=matter, package_row=rows[view.row_pk or 0],
                stage=rows[view.row_pk or 0].stage, lead=matter.lead, promised_days=view.days,
                is_milestone=matter.is_milestone,
                handling=handling_of(matter, is_counted=view.is_counted, joint=joint),
            )
        )
    for case in cases:
        _created(case, project, by=by, at=at)
        if case.matter.matter.code == CODE_MATTER and has_national_code(project):
            close_coded(case, project, by=by, at=at)
    return cases


def close_coded(case: MatterCase, project: Project, *, by: User | None, at: dt.datetime | None) -> None:
    """End the draft of 赋码 of a locked project that has its national code: nobody applies for what is there.

    Effects: transition to 办结通过, marked outside; taken out of a draft application; event `case.closed_outside`.
    """
    old, moment = case.state, at or timing.now()
    case.close_outside()
    case.handling, case.application = Handling.OUTSIDE, None
    case.decided_at = case.ended_at = moment
    case.decided_by, case.decision_note = by, brought_words(project)
    sync_due(case, save=False)
    case.save()
    record(
        "case.closed_outside", subject=case, project=project, by=by, at=at,
        summary=f"{case.matter.name}：{brought_words(project)}",
        data={"state": [old, case.state], "outside": True, "on": str(timing.business_day(moment))},
    )


@transaction.atomic
def meet_code(project_id: int, *, by: User | None, at: dt.datetime | None = None) -> MatterCase | None:
    """End the draft of 赋码 once a local code was exchanged for the national one; None when there is none to end."""
    project = lock_project(project_id)
    found = MatterCase.objects.select_for_update(of=("self",)).select_related("matter__matter", "lead").filter(
        project=project, matter__matter__code=CODE_MATTER, state=CaseState.DRAFT
    )
    case = found.first() if has_national_code(project) else None
    if case is not None:
        case.project = project
        close_coded(case, project, by=by, at=at)
    return case


def _created(case: MatterCase, project: Project, *, by: User | None, at: dt.datetime | None) -> None:
    record(
        "case.created", subject=case, project=project, by=by, at=at, summary=f"列入计划：{case.matter.name}",
        data={"state": ["", case.state], "matter": case.matter.matter.code, "handling": case.handling},
    )


def renew_draft(case: MatterCase, *, by: User | None, at: dt.datetime | None) -> MatterCase | None:
    """Make a fresh draft after a case ended without success, if the matter still applies, and return it.

    So the matter may be applied for again.
    """
    enrolment = getattr(case.project, "enrolment", None)
    if enrolment is None or case.package_row_id is None:
        return None
    code = case.matter.matter.code
    if code not in build_plan(enrolment.package_version, enrolment.facts).codes:
        return None
    fresh = MatterCase.objects.create(
        project=case.project, work_unit=case.work_unit, matter=case.matter, package_row_id=case.package_row_id,
        stage=case.stage, lead=case.lead, promised_days=case.promised_days, is_milestone=case.is_milestone,
        handling=case.handling,
    )
    _created(fresh, case.project, by=by, at=at)
    return fresh


def drop_draft(case: MatterCase, *, by: User | None, at: dt.datetime | None, moment: dt.datetime) -> None:
    """End a draft that no longer applies (不再适用). Event `case.dropped`, no national status code."""
    case.drop()
    case.ended_at, case.application = moment, None
    sync_due(case, save=False)
    case.save()
    record(
        "case.dropped", subject=case, project=case.project, by=by, at=at, summary=f"不再适用：{case.matter.name}",
        data={"state": [CaseState.DRAFT, case.state]},
    )
