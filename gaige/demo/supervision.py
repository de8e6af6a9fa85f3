"""The joint inspections of the demonstration: told, held by all departments at once, mended, re-checked, closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import QuerySet

from acceptance import supervision_data as data
from acceptance.models import Finding, Inspection, InspectionUnit
from acceptance.services import inspecting, inspections, rectification
from acceptance.services.inspecting import Said
from acceptance.supervision_states import INSPECTION_WITH_OWNER, InspectionState
from gaige.demo.files import attachment, photograph
from gaige.demo.moments import later, person
from projects import timing, workdays
from projects.models import Membership
from projects.services import credit
from projects.states import IssueState, Role

NOTICE_DAYS, MEND_DAYS = 6, 3
TEXT = "各部门同时到场，按一张清单查看现场和资料，情况当场反馈参建各方。"
FAULT = Said("finding", kind="term", what="二层临边防护缺口两处", fix="按方案补齐防护栏杆，附改后照片")


def supervision() -> Iterator[dt.datetime]:
    """Every working day: give notice of what is near, hold what is due, mend and re-check what was found."""
    while True:
        yield later(1, 10.2)
        today = timing.today()
        near = today + dt.timedelta(days=NOTICE_DAYS)
        for row in _in(InspectionState.PLANNED).filter(slot_on__lte=near):
            _notify(row)
        for row in _in(InspectionState.NOTIFIED).filter(slot_on__lte=today):
            _hold(row)
        for row in _in(*INSPECTION_WITH_OWNER).filter(recorded_at__lt=timing.now() - dt.timedelta(days=MEND_DAYS)):
            _mend(row)
        for row in _in(InspectionState.RECHECK).filter(answered_at__lt=timing.start_of_day(today)):
            _recheck(row)


def call_before_acceptance(project_id: int) -> None:
    """What is still planned is called as soon as its notice allows: these works are built faster than most."""
    for row in _in(InspectionState.PLANNED).filter(project=project_id):
        _notify(row, early=True)


def _in(*states: str) -> QuerySet[Inspection]:
    return Inspection.objects.filter(state__in=states).select_related("project").order_by("pk")


def _notify(row: Inspection, *, early: bool = False) -> None:
    earliest = data.due("notice", timing.now())
    day = workdays.next_workday(earliest if early else max(row.slot_on, earliest))
    inspections.notify(
        row.pk, by=person(row.lead_id, Role.REVIEWER), slot_on=day,
        slot_time=dt.time(10, 0), place=row.place or "项目部会议室",
    )


def _hold(row: Inspection) -> None:
    lead = person(row.lead_id, Role.REVIEWER)
    inspections.start(row.pk, by=lead)
    staffed = set(Membership.objects.filter(role=Role.REVIEWER, until=None).values_list("organisation_id", flat=True))
    absent = []
    for unit in InspectionUnit.objects.filter(inspection=row).order_by("pk"):
        if unit.organisation_id not in staffed:
            absent.append(unit.pk)
            continue
        said = {line.pk: Said("fine") for line in unit.lines.all()}
        if said and unit.organisation_id == row.lead_id and row.number == 1:
            said[min(said)] = FAULT
        if unit.organisation_id == row.lead_id:
            picture = photograph(f"{row.project.name[:12]} {row.title}")
            inspecting.add_photo(unit.pk, by=lead, uploaded=picture, note="检查现场")
        inspecting.record_unit(
            unit.pk, by=person(unit.organisation_id, Role.REVIEWER), said=said, opinion="已按清单查看"
        )
    inspecting.close_record(row.pk, by=lead, text=TEXT, absent=absent)


def _mend(row: Inspection) -> None:
    owed = Finding.objects.filter(line__unit__inspection=row).exclude(
        issue__state__in=[IssueState.VERIFIED, IssueState.SUBMITTED]
    )
    for finding in owed.order_by("pk"):
        rectification.answer_finding(
            finding.pk, by=person(row.project.owner_id, Role.OWNER_LEAD), answer="防护栏杆已补齐",
            uploaded=[attachment("整改后照片：二层临边防护")],
        )


def _recheck(row: Inspection) -> None:
    found = Finding.objects.filter(line__unit__inspection=row, issue__state=IssueState.SUBMITTED)
    for finding in found.select_related("line__unit").order_by("pk"):
        who = person(finding.line.unit.organisation_id, Role.REVIEWER)
        rectification.recheck_finding(finding.pk, by=who, holds=True, on_site=True)
    if row.number == 1:
        credit.record_conduct(
            row.project.owner_id, by=person(row.lead_id, Role.REVIEWER), rule="praised", project_id=row.project_id,
            detail="安全文明施工示范工地", basis="住建局现场观摩会通报", happened_on=timing.today(),
        )
