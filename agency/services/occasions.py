"""Who is told when something happens that nobody asked them about: silence that counted, a meeting, a survey, a result.

Each event has one reading: what is said, where it leads, and who gets it for which reason. The outbox carries a row out
once; who did it himself is not told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse

from agency.models import Agent
from agency.recipients import AGENT_WHY, OWNER_WHY, STAFF, agents_of, people_at
from agency.services.telling import tell
from agency.states import AssignmentRole
from packages.models import (
    Conference,
    DrawingReview,
    JointSession,
    MaterialItem,
    OneStop,
    ReviewTask,
    SampleTicket,
    UtilityRequest,
)
from packages.states import MaterialState
from packages.utility_states import LINE_ENDED
from projects import timing
from projects.access import OWNER_ROLES
from projects.models import Event, Party, Project, User
from projects.quoting import quoted
from projects.states import PartyRole, Role

Who = Iterable[tuple[Sequence[User], str]]


@dataclass(frozen=True, slots=True)
class Told:
    """One message: about which project, its words, its address, its kind, and who gets it why (the first counts)."""

    project: Project | None
    text: str
    url: str
    who: Who
    kind: str = "result"


@transaction.atomic
def tell_occasion(event: Event, reading: Callable[[Event], Iterator[Told]]) -> int:
    """Write one message per person about an event, as this reading of it says; return how many."""
    told, seen = 0, {event.actor_id}
    for number, one in enumerate(reading(event)):
        for people, why in one.who:
            fresh = [person for person in people if person.pk not in seen]
            seen |= {person.pk for person in fresh}
            told += len(tell(
                fresh, one.text, project=one.project, url=one.url, why=why, kind=one.kind,
                batch=f"event:{event.pk}:{number}", at=event.recorded_at,
            ))
    return told


# Joint review --------------------------------------------------------------------------------------------------------


def _silence(event: Event) -> Iterator[Told]:
    """超时默认 and 未提意见: the department and its chief, the lead, the agents."""
    task = ReviewTask.objects.select_related("session__case__matter", "session__project", "organisation").get(
        pk=event.subject_key
    )
    case, project, body = task.session.case, task.session.project, task.organisation
    if case is None:
        return
    says = f"{project.name}{quoted(case.matter.name)}{body.label}"
    if event.kind == "task.tacit":
        until = task.supplement_until
        says += "超时默认同意" + (f"，{until.month}月{until.day}日前可以补充意见" if until else "")
    else:
        says += "逾期未答复，记为未提意见"
    yield Told(project, says, reverse("packages:review", args=[task.pk]), [
        (people_at(body.pk, *STAFF), "贵部门没有在期限内答复"),
    ])
    yield Told(project, says, reverse("packages:case", args=[case.pk]), [
        (people_at(case.lead_id, *STAFF), "由贵部门汇总意见"), (agents_of(project.pk), AGENT_WHY),
    ])


def _sent_on(event: Event) -> Iterator[Told]:
    """转办: the unit is asked for its advice, and the department hears that it has come."""
    task = ReviewTask.objects.select_related("session__case__matter", "session__project").get(pk=event.subject_key)
    case, project, url = task.session.case, task.session.project, reverse("packages:review", args=[task.pk])
    says = f"{project.name}{quoted(case.matter.name if case else '')}"
    if event.kind == "task.advised":
        own = people_at(task.organisation_id, *STAFF)
        yield Told(project, f"{says}转办已反馈，请出具意见", url, [(own, "由贵部门答复")])
        return
    due = dt.date.fromisoformat(event.data["due_on"])
    yield Told(project, f"{says}转办给贵科室，请在{timing.spoken(due)}前反馈", url, [
        (people_at(event.data["unit"], *STAFF), "本部门转办"),
    ], "ask")


def _meeting(event: Event) -> Iterator[Told]:
    """An invitation to a joint conference; after it, the departments that have to sign what they now say."""
    session = JointSession.objects.select_related("case__matter", "project").get(pk=event.subject_key)
    project, conference = session.project, Conference.objects.get(pk=event.data["conference"])
    name = session.case.matter.name if session.case else session.get_kind_display()
    url = reverse("packages:conference", args=[conference.pk])
    if event.kind == "session.conference":
        text, bodies, why = f"{project.name}{quoted(name)}{event.summary}", event.data["invited"], "请贵部门派人参加"
    else:
        text, bodies = f"{project.name}{quoted(name)}联审会意见待签认", event.data["changed"]
        why = "会后意见须由贵部门签认才生效"
    if bodies:
        asked = [(people_at(body, *STAFF), why) for body in bodies]
        yield Told(project, text, url, [*asked, (agents_of(project.pk), AGENT_WHY)], "meeting")


# Utilities -----------------------------------------------------------------------------------------------------------


def _survey(event: Event) -> Iterator[Told]:
    """The one survey is appointed or moved: the owner and every utility come on the same day."""
    request = UtilityRequest.objects.select_related("project").get(pk=event.subject_key)
    lines = request.lines.exclude(state__in=LINE_ENDED).order_by("order")
    bodies = dict.fromkeys(lines.values_list("body_id", flat=True))
    yield Told(request.project, f"{request.project.name} {event.summary}", _utilities(request.pk), [
        (people_at(request.project.owner_id, *OWNER_ROLES), "请安排人员到场"),
        *((people_at(body, *STAFF), "请贵单位派人到场") for body in bodies),
        (agents_of(request.project_id), AGENT_WHY),
    ], "meeting")


def _replied(event: Event) -> Iterator[Told]:
    """The one reply went out: the owner confirms scheme and quote of each utility."""
    request = UtilityRequest.objects.select_related("project").get(pk=event.subject_key)
    yield Told(request.project, f"{request.project.name} {event.summary}，请逐项确认", _utilities(request.pk), [
        (people_at(request.project.owner_id, *OWNER_ROLES), OWNER_WHY), (agents_of(request.project_id), AGENT_WHY),
    ])


def _utilities(pk: int) -> str:
    return reverse("packages:utilities", args=[pk])


# Drawings ------------------------------------------------------------------------------------------------------------


def _builders(project: Project) -> Who:
    """The owner and the designers of a project."""
    yield people_at(project.owner_id, *OWNER_ROLES), OWNER_WHY
    found = Party.objects.filter(project=project, role=PartyRole.DESIGNER).order_by("pk")
    for body in found.values_list("organisation_id", flat=True):
        yield people_at(body, *OWNER_ROLES), "贵单位是设计单位"


def _drawings(event: Event) -> Iterator[Told]:
    """A result of the drawing review: the owner, the designers, the agents; a lapsed commitment also the lead."""
    one = DrawingReview.objects.select_related("project", "case").get(pk=event.subject_key)
    leads = people_at(one.case.lead_id, *STAFF) if one.case and event.kind == "drawing.lapsed" else []
    url = reverse("packages:drawings", args=[one.project_id])
    yield Told(one.project, f"{one.project.name} {event.summary}", url, [
        *_builders(one.project), (leads, "承诺逾期，请贵部门处理"), (agents_of(one.project_id), AGENT_WHY),
    ])


def _sample(event: Event) -> Iterator[Told]:
    """A sample is drawn: the body that checks it. It was checked: the owner and the designers."""
    ticket = SampleTicket.objects.select_related("review__project").get(pk=event.subject_key)
    project = ticket.review.project
    drawn = event.kind == "drawing.sampled"
    url = reverse("packages:sample" if drawn else "packages:drawings", args=[ticket.pk if drawn else project.pk])
    who: Who = [(people_at(ticket.organisation_id, *STAFF), "由贵单位抽查")] if drawn else _builders(project)
    yield Told(project, f"{project.name} {event.summary}", url, who)


# One permit from many parts, papers that are no longer good --------------------------------------------------------


def _part_late(event: Event) -> Iterator[Told]:
    """A part of the one-stop permit is late: its own department, that of the main permit, the owner, the agents."""
    one = OneStop.objects.select_related("project").get(pk=event.subject_key)
    undone = one.parts.filter(case__decided_at=None).order_by("pk")
    leads = dict.fromkeys(undone.values_list("case__lead_id", flat=True))
    main = one.parts.filter(is_main=True).values_list("case__lead_id", flat=True).first()
    url = reverse("packages:one_stop", args=[one.project_id])
    yield Told(one.project, f"{one.project.name} {event.summary}", url, [
        *((people_at(body, *STAFF), "这一件由贵部门办理") for body in leads),
        (people_at(main, *STAFF) if main else [], "主证由贵部门出具"),
        (people_at(one.project.owner_id, *OWNER_ROLES), "贵单位的一站式施工许可"),
        (agents_of(one.project_id), AGENT_WHY),
    ])


def _lost(event: Event) -> Iterator[Told]:
    """A reused document is no longer good: the window, and whoever has to bring the line now."""
    item = MaterialItem.objects.select_related("case__project").get(pk=event.subject_key)
    project = item.case.project
    brings = (people_at(item.supplier_id, *STAFF, Role.CLERK), "由贵单位提供") if item.supplier_id else ([], "")
    if item.state == MaterialState.MISSING:
        brings = people_at(project.owner_id, *OWNER_ROLES), OWNER_WHY
    yield Told(project, f"{project.name} {event.summary}", reverse("packages:case", args=[item.case_id]), [
        brings, (people_at(project.centre_id, Role.CLERK), "办件材料有变化"),
    ])


def _assigned(event: Event) -> Iterator[Told]:
    """Somebody becomes 项目长 or 服务专员."""
    agent = Agent.objects.select_related("user").get(pk=event.data["agent"])
    project = Project.objects.get(pk=event.subject_key)
    text = f"新任务：{project.name} 请您担任{AssignmentRole(event.data['role']).label}"
    url = reverse("projects:detail", args=[project.pk])
    yield Told(project, text, url, [([agent.user], "由您负责")], "assigned")


#: Event -> its messages.
TOLD: dict[str, Callable[[Event], Iterator[Told]]] = {
    "task.tacit": _silence, "task.no_opinion": _silence,
    "task.referred": _sent_on, "task.advised": _sent_on,
    "session.conference": _meeting, "session.conferred": _meeting,
    "utility.survey_appointed": _survey, "utility.replied": _replied,
    "drawing.handled": _drawings, "drawing.qualified": _drawings, "drawing.exempted": _drawings,
    "drawing.lapsed": _drawings, "drawing.sampled": _sample, "drawing.sample_checked": _sample,
    "one_stop.part_late": _part_late, "material.reuse_lost": _lost, "agency.assigned": _assigned,
}
