"""Who is invited to a consultation, was absent, or has to approve what is off the list, gets a message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse

from agency.recipients import STAFF, people_at
from agency.services.telling import tell
from packages.consultation_states import UnitState
from packages.models import Consultation, ConsultationUnit, OffListItem
from projects import timing
from projects.access import OWNER_ROLES
from projects.models import Event, User
from projects.quoting import quoted
from projects.states import Role

CHAIRS = (Role.DISPATCHER, Role.DIRECTOR)
#: What the units are told on which event, and why they are told.
UNIT_WORDS = {
    "consultation.invited": ("受邀参加联合会商", "本单位受邀"),
    "consultation.cancelled": ("联合会商已取消", "本单位曾受邀"),
    "consultation.meeting_began": ("缺席联合会商，请提交书面意见", "本单位缺席"),
    "consultation.chased": ("联合会商催办，请提交意见", "等本单位答复"),
}
TOLD = sorted([*UNIT_WORDS, "off_list.proposed", "off_list.approved", "off_list.refused"])


@dataclass(frozen=True, slots=True)
class _Message:
    """What is said to whom."""

    people: Iterable[User]
    text: str
    why: str
    url: str


@transaction.atomic
def tell_gathering(event: Event) -> int:
    """Write one message per person whom an event of a consultation concerns; return how many. Not who did it."""
    found = _of_list(event) if event.kind.startswith("off_list.") else _of_units(event)
    kind = "ask" if event.kind.startswith("off_list.") else "meeting"
    told, seen = 0, {event.actor_id}
    for number, one in enumerate(found):
        fresh = [person for person in one.people if person.pk not in seen]
        seen |= {person.pk for person in fresh}
        told += len(tell(
            fresh, one.text, project=event.project, url=one.url, why=one.why, kind=kind,
            batch=f"event:{event.pk}:{number}", at=event.recorded_at,
        ))
    return told


def _of_units(event: Event) -> list[_Message]:
    row = Consultation.objects.select_related("project").get(pk=event.subject_key)
    words, why = UNIT_WORDS[event.kind]
    units = ConsultationUnit.objects.filter(consultation=row).exclude(state=UnitState.PROPOSED)
    only = event.data.get("absent") if event.kind == "consultation.meeting_began" else event.data.get("units")
    if only is not None:
        units = units.filter(organisation__in=only)
    day = f"{timing.spoken_moment(row.survey_at)} {row.survey_place}" if row.survey_at else ""
    until = f"，{timing.spoken(row.written_until)}前" if row.written_until else ""
    more = f"：{day}踏勘" if event.kind == "consultation.invited" else until
    found = []
    for unit in units.order_by("pk"):
        roles = OWNER_ROLES if not unit.is_asked else STAFF
        name, key = ("unit", unit.pk) if unit.is_asked else ("consultation", row.pk)
        url = reverse(f"packages:{name}", args=[key])
        found.append(_Message(people_at(unit.organisation_id, *roles), f"{row.project.name}{words}{more}", why, url))
    return found


def _of_list(event: Event) -> list[_Message]:
    item = OffListItem.objects.select_related("project", "proposed_by").get(pk=event.subject_key)
    url = reverse("packages:off_list_decide", args=[item.pk])
    if event.kind == "off_list.proposed":
        people = people_at(item.project.centre_id, *CHAIRS)
        text = f"{item.project.name}提出清单外{item.get_kind_display()}{quoted(item)}，请批准"
        return [_Message(people, text, "由您批准", url)]
    text = f"{item.project.name}清单外{item.get_kind_display()}{quoted(item)}{item.get_state_display()}"
    asked = [item.proposed_by] if item.proposed_by else []
    return [_Message(asked, text, "您提出的", url)]
