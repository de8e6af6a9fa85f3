"""Who may do what in the joint supervision. Pure reads; the reason stands on the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acceptance.supervision_states import (
    INSPECTION_WITH_OWNER,
    SLOT_OPEN,
    InspectionState,
    InspectorState,
)
from packages.rules import is_agent, is_owner, is_window
from projects import timing
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ISSUE_WITH_OWNER, IssueState, OrganisationKind, ProjectStatus, Role, Stage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from acceptance.models import Finding, Inspection, InspectionUnit
    from projects.models import Organisation, Project, User

    Person = User | AnonymousUser

STAFF = (Role.REVIEWER, Role.CHIEF)


def bodies_of(user: Person) -> list[Organisation]:
    """Return the departments that a person inspects for."""
    access = access_of(user)
    return [body for body in access.organisations if access.has_at(body.pk, *STAFF)]


def bodies_beside(row: Inspection) -> QuerySet[Organisation]:
    """Return the departments of the lead's region that do not take part in a visit."""
    from projects.models import Organisation as Organisations

    found = Organisations.objects.filter(kind=OrganisationKind.DEPARTMENT, region=row.lead.region_id, parent=None)
    return found.exclude(pk__in=row.units.values("organisation")).order_by("pk")


def _leads(user: Person, row: Inspection) -> bool:
    return access_of(user).has_at(row.lead_id, *STAFF)


def _in(row: Inspection, *states: str, verb: str) -> Verdict:
    return ALLOWED if row.state in states else refuse(f"检查现在是“{row.get_state_display()}”，不能{verb}。")


def can_wish(user: Person, project: Project) -> Verdict:
    """Whoever works for a department asks for a visit; nobody goes to a site without asking here."""
    if not bodies_of(user):
        return refuse("入企检查由监管部门提出，您的岗位不办理。")
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目{project.get_status_display()}，不安排检查。")
    if project.stage == Stage.DELIVERED:
        return refuse("项目已交付，联合监管已结束，不再安排入企检查。")
    return ALLOWED


def can_arrange(user: Person, row: Inspection) -> Verdict:
    """The lead department gives notice of the visit, moves it or calls it off."""
    if not _leads(user, row):
        return refuse(f"由牵头部门{row.lead.label}安排。")
    return _in(row, *SLOT_OPEN, verb="再安排")


def can_decline(user: Person, row: Inspection) -> Verdict:
    """The owner may ask for another day once it has been told; with a reason."""
    if not is_owner(user, row.project):
        return refuse("改期由建设单位提出。")
    return _in(row, InspectionState.NOTIFIED, verb="改期")


def can_start(user: Person, row: Inspection) -> Verdict:
    """Any department of the visit begins it at the site."""
    bodies = {unit.organisation_id for unit in row.units.all()}
    if not any(access_of(user).has_at(pk, *STAFF) for pk in {*bodies, row.lead_id}):
        return refuse("由参加检查的部门在现场开始。")
    return _in(row, InspectionState.NOTIFIED, verb="开始")


def can_start_today(user: Person, row: Inspection) -> Verdict:
    """Whether `can_start` holds now: not before the appointed day."""
    verdict = can_start(user, row)
    if verdict and timing.today() < row.slot_on:
        return refuse(f"检查定在{timing.spoken(row.slot_on)}，当天到场后开始。")
    return verdict


def can_record(user: Person, unit: InspectionUnit) -> Verdict:
    """The people of the department fill its own lines. Agents attend, they do not inspect."""
    if not access_of(user).has_at(unit.organisation_id, *STAFF):
        return refuse(f"由{unit.organisation.label}填写。")
    if not (verdict := _in(unit.inspection, InspectionState.CHECKING, verb="填写")):
        return verdict
    if unit.state != InspectorState.JOINED:
        return refuse(f"{unit.organisation.label}{unit.get_state_display()}，不能再改。")
    return ALLOWED


def can_close(user: Person, row: Inspection) -> Verdict:
    """The lead department makes the one record when every department has filled its lines or did not come."""
    if not _leads(user, row):
        return refuse(f"由牵头部门{row.lead.label}出具检查记录。")
    return _in(row, InspectionState.CHECKING, verb="出具记录")


def can_answer(user: Person, finding: Finding) -> Verdict:
    """The owner, or window and agent for it, while the fault is with the owner."""
    issue = finding.issue
    if not (is_owner(user, issue.project) or is_window(user, issue.project) or is_agent(user, issue.project)):
        return refuse("由建设单位答复整改。")
    if finding.line.unit.inspection.state not in INSPECTION_WITH_OWNER:
        word = finding.line.unit.inspection.get_state_display()
        return refuse(f"检查现在是“{word}”，检查记录送达后答复。")
    if issue.state not in ISSUE_WITH_OWNER:
        return refuse(f"该条已是“{issue.get_state_display()}”。")
    return ALLOWED


def can_recheck(user: Person, finding: Finding) -> Verdict:
    """The department that found the fault re-checks it, at its desk or at the site."""
    unit = finding.line.unit
    if not access_of(user).has_at(unit.organisation_id, *STAFF):
        return refuse(f"由{unit.organisation.label}复核。")
    if finding.issue.state != IssueState.SUBMITTED:
        return refuse(f"该条是“{finding.issue.get_state_display()}”，不需要复核。")
    return _in(unit.inspection, InspectionState.RECHECK, verb="复核")
