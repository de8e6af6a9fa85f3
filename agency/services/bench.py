"""What the assignment rule has to know, read for many projects in a number of queries that does not depend on them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, CharField, Count, DecimalField, F, Max, Q, Sum, Value, When
from django.db.models.functions import Cast

from agency import desk_data as data
from agency.assigning_rule import FULL, RESERVED, Candidate, Need, Scored, Terms, lacking, plain, rank, why_not
from agency.models import Agent, AgentLeave, Assignment
from agency.states import AssignmentRole
from packages.models import MatterCase, ReviewTask
from projects import timing, workdays
from projects.models import Membership, Project
from projects.states import ISSUE_OPEN, ProjectStatus, Role, Stage

#: Assignments of projects that run; what an agent carries is measured by them.
LIVE = Q(ended_at=None, project__status=ProjectStatus.ACTIVE) & ~Q(project__stage=Stage.DELIVERED)
STAFF = (Role.REVIEWER, Role.CHIEF)
SATURDAY = 6


def terms_on(day: dt.date) -> Terms:
    """Return the values of the rule on a day."""
    points = {grade: data.points_of(grade, day) for grade in data.GRADES}
    room, ageing = data.value("room", day), data.number("ageing", day)
    return Terms(data.weights(day), data.value("upper", day), points, room, ageing)


def loads(day: dt.date) -> dict[int, tuple[Decimal, int]]:
    """Return load points and running projects by agent: points by grade, and a half for each open thing that is late.

    Two queries.
    """
    whens = [When(project__pool_entry__grade=grade, then=Value(data.points_of(grade, day))) for grade in data.GRADES]
    points = Case(*whens, default=Value(data.points_of("", day)), output_field=DecimalField())
    live = Assignment.objects.filter(LIVE).order_by()
    found = {
        agent: (Decimal(total), number)
        for agent, total, number in live.values_list("agent_id").annotate(total=Sum(points), number=Count("pk"))
    }
    late = live.filter(project__issues__state__in=ISSUE_OPEN, project__issues__due_on__lt=day)
    for agent, number in late.values_list("agent_id").annotate(number=Count("project__issues", distinct=True)):
        total, projects = found[agent]
        found[agent] = total + number * data.value("points-late", day), projects
    return found


def away_on(day: dt.date) -> dict[int, AgentLeave]:
    """Return who is on leave on a day."""
    return {row.agent_id: row for row in AgentLeave.objects.on(day).select_related("cover__user", "agent__user")}


def off_duty(agent: Agent, leaves: dict[int, AgentLeave], day: dt.date) -> str:
    """Return why an agent is not there on a day; on a rest day the next working day is asked.

    A roster tells an ordinary week: at a weekend that the calendar makes up for a holiday (调休) everybody is on duty
    (our own rule, docs/agency.md).
    """
    if not agent.is_on_duty:
        return "不在岗"
    if leave := leaves.get(agent.pk):
        return f"请假至{leave.until.month}月{leave.until.day}日"
    weekday = workdays.next_workday(day).isoweekday()
    return "" if weekday >= SATURDAY or weekday in agent.duty_days else "今天不值班"


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why nobody may be proposed, what can be done, and whose room comes nearest where only room is missing."""

    why: str
    advice: str
    nearest: Agent | None = None


class Bench:
    """Everybody who may be proposed for these projects, with what the rule asks of them and of the projects."""

    def __init__(self, projects: Sequence[Project], *, day: dt.date | None = None) -> None:
        """Read. At most eleven queries."""
        self.day = day or timing.today()
        self.terms = terms_on(self.day)
        people = Agent.objects.filter(user__is_active=True).annotate(last=Max("assignments__assigned_at"))
        people = people.select_related("user").prefetch_related("regions", "conflicts").order_by("pk")
        self.agents = {agent.pk: agent for agent in people}
        pks = [project.pk for project in projects]
        self._known = {
            pk: (package or "", grade or "", region)
            for pk, package, grade, region in Project.objects.filter(pk__in=pks)
            .order_by()
            .values_list("pk", "enrolment__package_version__package__code", "pool_entry__grade", "region__name")
        }
        self._held: dict[tuple[int, str], int] = {
            (project, role): agent
            for project, role, agent in Assignment.objects.filter(project__in=pks, ended_at=None).values_list(
                "project_id", "role", "agent_id"
            )
        }
        self._reviewing = reviewing(pks, {agent.user_id: agent.pk for agent in self.agents.values()})
        self.people = self._candidates({project.owner_id for project in projects})

    def _candidates(self, owners: Collection[int]) -> list[Candidate]:
        served: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        rows = Assignment.objects.filter(project__owner__in=owners).order_by()
        for owner, project, agent in rows.values_list("project__owner_id", "project_id", "agent_id").distinct():
            served[agent][owner].add(project)
        carried, leaves = loads(self.day), away_on(self.day)
        return [
            Candidate(
                key=agent.pk,
                regions=frozenset(region.code for region in agent.regions.all()),
                specialties=frozenset(agent.specialties),
                can_lead=agent.can_lead,
                can_serve=agent.can_serve,
                cap=agent.load_cap,
                load=carried.get(agent.pk, (Decimal(0), 0))[0],
                at_hand=carried.get(agent.pk, (Decimal(0), 0))[1],
                last=getattr(agent, "last", None),
                away=off_duty(agent, leaves, self.day),
                conflicts=frozenset(body.pk for body in agent.conflicts.all()),
                served=dict(served.get(agent.pk, {})),
            )
            for agent in self.agents.values()
        ]

    def need(self, project: Project, role: str) -> Need:
        """Return what is wanted for one role of a project."""
        package, grade, region_name = self._known[project.pk]
        others = {self._held.get((project.pk, other.value)) for other in AssignmentRole if other != role}
        return Need(
            project=project.pk,
            role=role,
            region=str(project.region_id),
            region_name=region_name,
            owner=project.owner_id,
            package=package,
            grade=grade,
            held=frozenset(agent for agent in others if agent is not None),
            reviewing=self._reviewing.get(project.pk, frozenset()),
        )

    def ranked(self, project: Project, role: str) -> list[Scored]:
        """Return everybody who may be chosen, the best first."""
        return rank(self.people, self.need(project, role), self.terms)

    def obstacles(self, project: Project, role: str) -> dict[str, int]:
        """Return why nobody else is there: each reason with the number of people that it keeps away."""
        need, found = self.need(project, role), dict[str, int]()
        for who in self.people:
            if words := why_not(who, need, self.terms):
                kind = "请假" if words.startswith("请假") else words
                found[kind] = found.get(kind, 0) + 1
        return found

    def why_not(self, project: Project, role: str, agent_id: int) -> str:
        """Return why one person may not be chosen, with the name; empty where nothing stands in the way."""
        need = self.need(project, role)
        words = next((why_not(who, need, self.terms) for who in self.people if who.key == agent_id), "")
        return f"{self.agents[agent_id].user}{words}" if words else ""

    def shortage(self, project: Project, role: str) -> Shortage:
        """Return what to say where nobody may be proposed: why, and what the desk can do about it."""
        need, why = self.need(project, role), self.obstacles(project, role)
        fit = [who for who in self.people if why_not(who, need, self.terms) in (FULL, RESERVED)]
        if not why:
            return Shortage("还没有登记代办人员", "登记代办人员的片区、专长、值班日和上限后给出建议。")
        told = "、".join(f"{words} {count} 人" for words, count in why.items())
        if not fit:
            return Shortage(told, "可以调整值班日、请假或片区，或登记新的代办人员。")
        nearest = min(fit, key=lambda who: (lacking(who, need, self.terms), who.key))
        agent, short = self.agents[nearest.key], plain(lacking(nearest, need, self.terms))
        return Shortage(
            f"合适的 {len(fit)} 人都没有余量（{told}）",
            f"{agent.user}最近：负荷 {plain(nearest.load)}，上限 {nearest.cap}，差 {short} 分。"
            "可以把上限调高，交接或办结在手的项目，请上级片区支援，或登记新的代办人员。",
            agent,
        )


def reviewing(projects: Iterable[int], agents: dict[int, int]) -> dict[int, frozenset[int]]:
    """Return by project the agents that review it: they handle a task of it, or work for a department that does.

    `agents` maps users to agents. Two queries.
    """
    pks = list(projects)
    today = timing.today()
    posts: dict[int, set[int]] = defaultdict(set)
    current = Membership.objects.filter(
        Q(until=None) | Q(until__gte=today), since__lte=today, role__in=STAFF, user_id__in=list(agents)
    )
    for user, body in current.values_list("user_id", "organisation_id"):
        posts[body].add(agents[user])
    text = CharField()
    tasks = ReviewTask.objects.filter(session__project__in=pks).order_by()
    handled = tasks.filter(handler__in=list(agents)).annotate(how=Cast(Value("person"), text))
    asked = tasks.filter(organisation__in=list(posts)).annotate(how=Cast(Value("body"), text))
    led = MatterCase.objects.filter(project__in=pks, lead__in=list(posts)).order_by()
    rows = handled.values_list("session__project_id", "how", "handler_id")
    if posts:
        rows = rows.union(
            asked.values_list("session__project_id", "how", "organisation_id"),
            led.annotate(how=Cast(Value("body"), text)).values_list("project_id", "how", F("lead_id")),
        )
    found: dict[int, set[int]] = defaultdict(set)
    for project, how, key in rows:
        found[project] |= {agents[key]} if how == "person" else posts[key]
    return {project: frozenset(people) for project, people in found.items()}
