"""分期验收、单体验收: a phase or a building accepted by itself, on condition of the facilities that it shares."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from acceptance import data, rules
from acceptance.models import AcceptanceApplication, SharedFacility, SurveyedBuilding
from acceptance.states import ItemState, SurveyState
from archives.models import DocumentKind
from archives.services.filing import file_upload
from projects import timing
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation
from projects.services.involvement import involve
from projects.states import InvolvementRole

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from projects.models import User

REPORT_KIND = "completion-report"


def is_surveyed(acceptance: AcceptanceApplication) -> bool:
    """Return whether a shared survey measured the building, or the works of the phase."""
    found = SurveyedBuilding.objects.filter(
        survey__state=SurveyState.SHARED, survey__project_id=acceptance.project_id,
        building__work_unit_id=acceptance.work_unit_id,
    )
    return (found.filter(building=acceptance.building) if acceptance.building else found).exists()


def prepare(acceptance: AcceptanceApplication, report: UploadedFile[Any], *, by: User, at: dt.datetime | None) -> None:
    """File the owner's report and write down the facilities that have to be there; the caller holds the lock."""
    file_upload(
        acceptance.project, uploaded=report, kind=DocumentKind.objects.get(slug=REPORT_KIND),
        title=f"竣工验收报告 {acceptance.what}"[:200], source=acceptance, by=by, at=at,
    )
    wanted = data.facilities(timing.business_day(at or timing.now()))
    bodies = {body.code: body for body in Organisation.objects.filter(code__in=[row.department for row in wanted])}
    SharedFacility.objects.bulk_create([
        SharedFacility(
            acceptance=acceptance, code=row.code, name=row.name, asks=row.asks,
            organisation=bodies.get(row.department, acceptance.lead),
        )
        for row in wanted
    ])


def involve_departments(acceptance: AcceptanceApplication, *, by: User, at: dt.datetime | None) -> None:
    """Let the departments of its items and shared facilities into the project: no case has brought them.

    The caller holds the lock; who is involved already stays so.
    """
    asked = [
        acceptance.lead,
        *(row.organisation for row in acceptance.items.filter(state=ItemState.PENDING).select_related("organisation")),
        *(row.organisation for row in acceptance.facilities.select_related("organisation")),
    ]
    for body in dict.fromkeys(asked):
        involve(acceptance.project, role=InvolvementRole.REVIEWER, organisation=body, by=by, at=at)


@transaction.atomic
def confirm_facility(
    facility_id: int, *, by: User, is_met: bool, note: str = "", at: dt.datetime | None = None
) -> SharedFacility:
    """Say whether a shared facility is there; it may be said again until the conclusion.

    Event `acceptance.facility_confirmed`. Errors: missing without a word why. Source: handbook §8.3c.
    """
    acceptance_id = SharedFacility.objects.values_list("acceptance_id", flat=True).get(pk=facility_id)
    project = lock_project(AcceptanceApplication.objects.values_list("project_id", flat=True).get(pk=acceptance_id))
    rows = SharedFacility.objects.select_for_update(of=("self",)).select_related("acceptance__lead", "organisation")
    facility = rows.get(pk=facility_id)
    facility.acceptance.project = project
    require(rules.can_confirm_facility, by, facility)
    if not is_met and not note.strip():
        raise DomainError("reason_missing", "不具备的要写明还差什么。")
    check_follows(at, facility.acceptance)
    if facility.is_met == is_met and facility.note == note.strip():
        return facility
    facility.is_met, facility.note = is_met, note.strip()
    facility.checked_by, facility.checked_at = by, at or timing.now()
    facility.save()
    record(
        "acceptance.facility_confirmed", subject=facility.acceptance, project=project, by=by, at=at,
        on_behalf_of=facility.organisation.name, summary=f"{facility.name}：{'具备' if is_met else '不具备'}",
        data={"facility": facility.code, "met": is_met},
    )
    return facility


def require_facilities(acceptance: AcceptanceApplication) -> None:
    """Refuse a conclusion 通过 while a shared facility is missing or not looked at."""
    missing = [row.name for row in acceptance.facilities.all() if not row.is_met]
    if missing:
        raise DomainError("facilities", f"共用设施还不具备或没有确认：{'、'.join(missing)}，不能单独投入使用。")
