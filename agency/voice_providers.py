"""What ratings, enquiries and complaints give to the apps below: ways from a code, a paper, a connected utility."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.urls import reverse

from agency import subjects, voice_rules
from agency.models import FollowUp, RatingAsk, Voice
from agency.models.ratings import OFFICERS
from agency.recipients import STAFF, people_at
from agency.services.voices import desk_people, url_of
from agency.subjects import Subject
from agency.voice_states import FollowState, VoiceKind, VoiceState
from packages.models import Application, MatterCase
from projects import glance as glances
from projects import panels
from projects.access import OWNER_ROLES, access_of
from projects.glance import glance
from projects.states import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest

    from archives.models import Paper, QrToken
    from packages.models import UtilityLine
    from projects.models import Clock, Project, User

    Person = User | AnonymousUser

PLACE = "agency.rating_asks"


def from_code(token: QrToken, user: Person) -> list[panels.Action]:
    """Lead from the public page of a project to rating, asking and complaining."""
    if access_of(user).is_office:
        return []
    ask = reverse("agency:voice_ask")
    voices = [
        panels.Action(str(kind.label), f"{ask}?q={token.token}&kind={kind.value}") for kind in VoiceKind
    ]
    return [panels.Action("评价", reverse("agency:rate_entry")), *voices]


def from_paper(paper: Paper, user: Person) -> list[panels.Action]:
    """Lead from a receipt or notice, held in hand, to the rating of what it is about.

    The code of a public permit stands on the project's public page: it proves nothing and leads nowhere.
    """
    if paper.is_public or access_of(user).is_office:
        return []
    of = {Application._meta.label: "application", MatterCase._meta.label: "case"}.get(paper.subject_type)
    if of is None or not paper.subject_key.isdigit():
        return []
    key = int(paper.subject_key)
    about = Q(application=key) | Q(case__application=key) if of == "application" else Q(case=key)
    ask = RatingAsk.objects.filter(about).open().order_by(F("application").desc(nulls_last=True), "pk").first()
    return [panels.Action("评价这次服务", reverse("agency:rate", args=[ask.token]))] if ask else []


def from_line(line: UtilityLine, user: Person) -> list[panels.Action]:
    """Lead the owner from a connected utility to its rating."""
    if line.connected_on is None or not access_of(user).has_at(line.request.project.owner_id, *OWNER_ROLES):
        return []
    ask = RatingAsk.objects.filter(line=line).select_related("project", "rating").first()
    if ask is None:
        return []
    return [panels.Action("评价", reverse("agency:rate", args=[ask.token]), voice_rules.can_rate(user, ask))]


def panel(project: Project, request: HttpRequest) -> panels.Panel | None:
    """Return the sheet 评价和反映: for the owner what may be rated, for the window the code to show."""
    access = access_of(request.user)
    owner = access.has_at(project.owner_id, *OWNER_ROLES)
    window = access.has_at(project.centre_id, Role.CLERK)
    open_ones = glance([project]).has(PLACE, project.pk)
    if not owner and not (window and open_ones):
        return None
    context = {"project": project, "owner": owner, "is_open": open_ones}
    return panels.Panel("agency/_panel_voice.html", context, column="side")


def of_follow_up(clock: Clock) -> Subject | None:
    """Say what the clock of a follow-up is about: to the body only its order, to the officers who were not rated."""
    row = FollowUp.objects.filter(clock=clock).select_related("rating__ask__project", "body").first()
    if row is None:
        return None
    if row.state == FollowState.MENDING and row.body_id is not None:
        people, url = people_at(row.body_id, *STAFF), reverse("agency:rectification", args=[row.pk])
        return Subject(f"服务整改 {row.number}", url, people, "由贵部门整改")
    centre, person = row.rating.ask.project.centre_id, row.rating.person_id
    people = [one for one in people_at(centre, *OFFICERS) if one.pk != person]
    return Subject("差评回访", reverse("agency:follow_up", args=[row.pk]), people, "您是中心的差评回访人员")


def of_voice(clock: Clock) -> Subject | None:
    """Say what the clock of an answer is about: to who has it now, never to who is complained of."""
    row = Voice.objects.filter(clock=clock).select_related("centre__region", "about_person").first()
    if row is None:
        return None
    what = f"{row.get_kind_display()}{row.number}答复"
    if row.state == VoiceState.FORWARDED:
        people = [one for one in people_at(row.forwarded_to_id, *STAFF) if one.pk != row.about_person_id]
        return Subject(what, url_of(row), people, "由贵部门承办")
    return Subject(what, url_of(row), desk_people(row), "由您受理咨询投诉")


subjects.register(of_follow_up, FollowUp)
subjects.register(of_voice, Voice)
glances.register(PLACE, lambda ids: RatingAsk.objects.filter(project__in=ids, rating=None))
panels.register("agency.voices", 70, panel)
panels.register_ways("archives.QrToken", from_code)
panels.register_ways("archives.Paper", from_paper)
panels.register_ways("packages.UtilityLine", from_line)
