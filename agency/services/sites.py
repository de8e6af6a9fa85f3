"""Who is told of a joint inspection and of the visit of the joint acceptance: who comes, and who is visited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from django.urls import reverse

from acceptance.models import AcceptanceApplication, Inspection, InspectionUnit, PointNotice
from agency.recipients import AGENT_WHY, OWNER_WHY, STAFF, agents_of, people_at
from agency.services.occasions import Told, Who
from projects.access import OWNER_ROLES
from projects.models import Event, Project, User
from projects.states import Role

COMES = "请贵部门派人到场"


def _owner(project: Project, why: str = OWNER_WHY) -> tuple[Sequence[User], str]:
    return people_at(project.owner_id, *OWNER_ROLES), why


def _agents(project: Project) -> tuple[Sequence[User], str]:
    return agents_of(project.pk), AGENT_WHY


def _inspection(event: Event) -> tuple[Inspection, str]:
    row = Inspection.objects.select_related("project").get(pk=event.subject_key)
    return row, reverse("acceptance:inspection", args=[row.pk])


def _bodies(row: Inspection, why: str) -> Iterator[tuple[Sequence[User], str]]:
    bodies = row.units.order_by("pk").values_list("organisation_id", flat=True)
    for body in dict.fromkeys([row.lead_id, *bodies]):
        yield people_at(body, *STAFF), why


def _appointed(event: Event) -> Iterator[Told]:
    """The day of an inspection is fixed or to be moved: both sides; a sudden visit only one."""
    row, url = _inspection(event)
    visited: Who = [] if row.is_unannounced else [_owner(row.project, "请安排人员到场"), _agents(row.project)]
    yield Told(row.project, f"{row.project.name} {event.summary}", url, [*visited, *_bodies(row, COMES)], "meeting")


def _called_off(event: Event) -> Iterator[Told]:
    """An inspection is called off: whoever had been told of its day, and the departments that would have come."""
    row, url = _inspection(event)
    visited: Who = [_owner(row.project, "不用再准备"), _agents(row.project)] if row.notified_at else []
    yield Told(row.project, f"{row.project.name} {event.summary}", url, [*visited, *_bodies(row, "不用再到场")])


def _recorded(event: Event) -> Iterator[Told]:
    """What was found: the owner signs for the record, the agents help to put it right."""
    row, url = _inspection(event)
    yield Told(row.project, f"{row.project.name} {event.summary}", url, [_agents(row.project)])


def _answered(event: Event) -> Iterator[Told]:
    """Everything is put right: the departments look again."""
    row, url = _inspection(event)
    yield Told(row.project, f"{row.project.name} {event.summary}", url, list(_bodies(row, "由贵部门复核")), "ask")


def _settled(event: Event) -> Iterator[Told]:
    """Sent back, closed or escalated: the owner and the agents; an escalated one also the chief of the lead."""
    row, url = _inspection(event)
    late = people_at(row.lead_id, Role.CHIEF) if event.kind == "inspection.escalated" else []
    who = [_owner(row.project), _agents(row.project), (late, "整改逾期，请您决定怎样处理")]
    yield Told(row.project, f"{row.project.name} {event.summary}", url, who)


def _absent(event: Event) -> Iterator[Told]:
    """A department did not come: its chief."""
    unit = InspectionUnit.objects.select_related("inspection__project").get(pk=event.subject_key)
    row = unit.inspection
    url = reverse("acceptance:inspection", args=[row.pk])
    who = [(people_at(unit.organisation_id, Role.CHIEF), "贵部门未到场")]
    yield Told(row.project, f"{row.project.name} {event.summary}", url, who)


def _points(event: Event) -> Iterator[Told]:
    """What will be looked at is told with the permit."""
    notice = PointNotice.objects.select_related("project").get(pk=event.subject_key)
    url = reverse("acceptance:visits", args=[notice.project_id])
    who = [_owner(notice.project), _agents(notice.project)]
    yield Told(notice.project, f"{notice.project.name} {event.summary}", url, who)


def _visit(event: Event) -> Iterator[Told]:
    """The one visit of the joint acceptance is fixed or moved: the owner and every department that comes."""
    row = AcceptanceApplication.objects.select_related("project").get(pk=event.subject_key)
    url = reverse("acceptance:detail", args=[row.pk])
    bodies = dict.fromkeys([row.lead_id, *row.items.order_by("pk").values_list("organisation_id", flat=True)])
    comes = [(people_at(body, *STAFF), COMES) for body in bodies]
    who = [_owner(row.project, "请安排人员到场"), *comes, _agents(row.project)]
    yield Told(row.project, f"{row.project.name} {event.summary}", url, who, "meeting")


#: Event -> its messages.
TOLD: dict[str, Callable[[Event], Iterator[Told]]] = {
    "inspection.notified": _appointed, "inspection.declined": _appointed, "inspection.cancelled": _called_off,
    "inspection.recorded": _recorded, "inspection.answered": _answered, "inspection.returned": _settled,
    "inspection.escalated": _settled, "inspection.closed": _settled, "inspection.unit_absent": _absent,
    "points.told": _points,
    "acceptance.visit_arranged": _visit, "acceptance.visit_refused": _visit, "acceptance.visit_named": _visit,
}
