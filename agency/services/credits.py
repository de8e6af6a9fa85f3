"""Who is told when something changes in a credit archive, and that a legal notice lies in the portal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from django.urls import reverse

from agency.recipients import AGENT_WHY, agents_of, people_at
from agency.services.occasions import Told
from archives.models import Delivery
from projects.access import OWNER_ROLES
from projects.models import CreditListing, CreditRecord, Event, User
from projects.states import Role

OWN_WHY = "贵单位的信用档案有变化"
HEAD_WHY = "由您核查处理"
#: Steps of a listing that bring a legal notice; the owner of the project hears of that one.
WITH_NOTICE = frozenset({"credit.told", "credit.listed", "credit.removed"})


def _heads(row: CreditRecord | CreditListing) -> tuple[Sequence[User], str]:
    centre = row.project.centre_id if row.project is not None else None
    return people_at(centre, Role.DIRECTOR) or people_at(row.source_id, Role.CHIEF), HEAD_WHY


def _record(event: Event) -> Iterator[Told]:
    """A record was made, contested or answered: the enterprise; who has to answer it."""
    row = CreditRecord.objects.select_related("project", "organisation").get(pk=event.subject_key)
    url = reverse("packages:credit", args=[row.organisation_id])
    if event.kind == "credit.contested":
        yield Told(row.project, f"{row.organisation.label}{event.summary}", url, [_heads(row)], "ask")
        return
    who = [(people_at(row.organisation_id, *OWNER_ROLES), OWN_WHY), (agents_of(row.project_id), AGENT_WHY)]
    yield Told(row.project, f"{row.organisation.label} {event.summary}", url, who, "credit")


def _listing(event: Event) -> Iterator[Told]:
    """A step of an entry in the list: whoever has to act on it, or the enterprise."""
    row = CreditListing.objects.select_related("project", "organisation").get(pk=event.subject_key)
    url, text = reverse("packages:credit_listing", args=[row.pk]), f"{row.organisation.label} {event.summary}"
    if event.kind == "credit.proposed":
        yield Told(row.project, text, url, [(people_at(row.source_id, Role.CHIEF), "由您审核后告知企业")], "ask")
    elif event.kind in ("credit.pleaded", "credit.objected", "credit.repair_asked"):
        yield Told(row.project, text, url, [_heads(row)], "ask")
    else:
        noticed = event.kind in WITH_NOTICE and row.organisation_id == row.project.owner_id
        own = [] if noticed else people_at(row.organisation_id, *OWNER_ROLES)
        yield Told(row.project, text, url, [(own, OWN_WHY), (agents_of(row.project_id), AGENT_WHY)], "credit")


def _answered(event: Event) -> Iterator[Told]:
    """Answered may be a record or, with the entry that it brought, a listing."""
    yield from (_record if event.subject_type == CreditRecord._meta.label else _listing)(event)


def _notice(event: Event) -> Iterator[Told]:
    """A legal notice waits for its signature: the people of its addressee, whatever they have switched off."""
    row = Delivery.objects.filter(paper=int(event.subject_key)).select_related("paper__project").first()
    if row is None or row.paper.project is None:
        return
    text = f"{row.paper.project.name} {row.paper.title}{row.paper.number} 已送到门户，请签收"
    url = reverse("archives:sign", args=[row.paper_id])
    people = people_at(row.organisation_id, *OWNER_ROLES)
    yield Told(row.paper.project, text, url, [(people, "法定文书须由贵单位签收")], "legal")


#: Event -> its messages.
TOLD: dict[str, Callable[[Event], Iterator[Told]]] = {
    "credit.recorded": _record, "credit.contested": _record, "credit.answered": _answered,
    "credit.proposed": _listing, "credit.told": _listing, "credit.pleaded": _listing, "credit.listed": _listing,
    "credit.dropped": _listing, "credit.objected": _listing, "credit.repair_asked": _listing,
    "credit.upheld": _listing, "credit.removed": _listing,
    "paper.issued": _notice,
}
