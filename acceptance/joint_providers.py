"""On whom the survey, a pre-acceptance, a late fault, a paper that follows and the registry wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from acceptance import rules
from acceptance.models import JointSurvey, LateFault, MakeUp, PreAcceptance, RegistryHandover
from acceptance.states import (
    MAKE_UP_OPEN,
    PRE_OPEN,
    SURVEY_OPEN,
    HandoverState,
    LateState,
    MakeUpState,
    PreState,
    SurveyState,
)
from projects import glance, owing, panels, prepared, stages, timing, waiting, workdays
from projects.clock_states import ClockUnit, Light
from projects.one_page import once
from projects.owing import Debt, Person
from projects.panels import PublicFact
from projects.quoting import quoted
from projects.reading import read_clock
from projects.states import Stage
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import Clock, Project

OWNER, WINDOW, BOTH = "建设单位", "综合窗口", "房证同交"
SURVEYS, PRE, LATE, OWED, REGISTRY = (
    "acceptance.surveys", "acceptance.pre", "acceptance.late", "acceptance.make_ups", "acceptance.handovers"
)
OWED_WORDS: dict[str, tuple[str, str]] = {
    MakeUpState.OWED: ("补交", "容缺材料"), MakeUpState.LATE: ("补交", "逾期容缺材料"),
    MakeUpState.BROUGHT: ("核对", "补交的容缺材料"),
}


def _line(  # noqa: PLR0913 - what a line says
    project: Project, *, rank: int, role: str, verb: str, what: str, since: dt.datetime, url: str, auto: str,
    clock: Clock | None = None, public_what: str = "",
) -> Waiting:
    reading = read_clock(clock) if clock is not None else None
    day = timing.business_day(since)
    return Waiting(
        project_id=project.pk, rank=rank, role=role, verb=verb, what=what, since=day,
        days=workdays.workdays_between(day, timing.today()), limit=reading.limit if reading else None,
        due_on=reading.due_on if reading else None, light=reading.light if reading else Light.NONE,
        is_provisional=bool(reading and reading.provisional), auto=auto, url=url,
        clock_id=reading.clock_id if reading else None, public_what=public_what,
        unit=reading.unit if reading else ClockUnit.WORKING_DAY,
    )


def _open(model: Any, by_pk: dict[int, Project], states: Sequence[str], *related: str, path: str = "project") -> Any:
    rows = model.objects.filter(**{f"{path}__in": list(by_pk)}, state__in=list(states))
    return rows.select_related(*related).order_by("pk") if related else rows.order_by("pk")


def surveys(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield one line per survey that has no shared result yet. Two queries."""
    by_pk = {project.pk: project for project in projects}
    for row in _open(JointSurvey, by_pk, SURVEY_OPEN, "surveyor", "clock").prefetch_related("clock__pauses"):
        checks = row.state == SurveyState.HANDED_IN
        begun = timing.start_of_day(row.commissioned_on)
        yield _line(
            by_pk[row.project_id], rank=3 if checks else 1, role=WINDOW if checks else row.surveyor.name,
            verb="核对" if checks else "提交", what="多测合一成果", since=row.handed_in_at or begun,
            url=reverse("acceptance:survey", args=[row.work_unit_id]), auto="到期不作默认，提醒委托人和测绘单位",
            clock=None if checks else row.clock,
        )


def pre_acceptances(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield one line per pre-acceptance that is booked. One query."""
    by_pk = {project.pk: project for project in projects}
    for row in _open(PreAcceptance, by_pk, PRE_OPEN, "lead"):
        booked = row.state == PreState.BOOKED
        yield _line(
            by_pk[row.project_id], rank=4, role=row.lead.label, verb="确认" if booked else "填写",
            what="预验收日期" if booked else "预验收意见", since=row.booked_at,
            url=reverse("acceptance:survey", args=[row.work_unit_id]), auto="预验收是服务，不计时",
        )


def late_faults(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield one line per fault that a department wants to add. One query."""
    by_pk = {project.pk: project for project in projects}
    rows = _open(LateFault, by_pk, [LateState.ASKED], "acceptance__lead", path="acceptance__project")
    for row in rows:
        yield _line(
            by_pk[row.acceptance.project_id], rank=2, role=f"{row.acceptance.lead.label}首席代表", verb="决定",
            what="清单后新增问题", since=row.asked_at, url=reverse("acceptance:detail", args=[row.acceptance_id]),
            auto="未批准的不列入整改",
        )


def _make_ups(by_pk: dict[int, Project]) -> list[MakeUp]:
    """Return the papers that follow the conclusions of these projects and are not settled. Two queries, once a page."""

    def read() -> list[MakeUp]:
        rows = _open(
            MakeUp, by_pk, MAKE_UP_OPEN, "acceptance", "item__organisation", "clock", path="acceptance__project"
        )
        return list(rows.exclude(due_on=None).prefetch_related("clock__pauses"))

    return once(("make_ups", *by_pk), read)


def owed_papers(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield one line per paper that follows a conclusion. Two queries."""
    by_pk = {project.pk: project for project in projects}
    for row in _make_ups(by_pk):
        verb, word = OWED_WORDS[row.state]
        brought = row.state == MakeUpState.BROUGHT
        yield _line(
            by_pk[row.acceptance.project_id], rank=3 if brought else 1,
            role=row.item.organisation.label if brought else OWNER, verb=verb, what=f"{word}{quoted(row.paper_name)}",
            since=(row.brought_at if brought else row.acceptance.concluded_at) or row.acceptance.applied_at,
            url=reverse("acceptance:detail", args=[row.acceptance_id]),
            auto=f"逾期：{row.consequence}", clock=row.clock, public_what=word,
        )


def make_up_debts(user: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield the papers that the owner still has to bring after a conclusion 容缺通过. Two queries, none without any."""
    by_pk = {project.pk: project for project in glance.glance(projects).only(OWED, projects, MAKE_UP_OPEN)}
    rows = _make_ups(by_pk) if by_pk else []
    for row in (one for one in rows if one.state != MakeUpState.BROUGHT):
        row.acceptance.project = by_pk[row.acceptance.project_id]
        verdict = rules.can_bring(user, row)
        yield Debt(
            row.acceptance.project_id, "容缺", f"补交{quoted(row.paper_name)}",
            reverse("acceptance:make_up_bring", args=[row.pk]), label="去补交", detail=f"逾期：{row.consequence}",
            why="联合验收容缺通过，限期补交", due_on=row.due_on, clock_id=row.clock_id,
            is_provisional=bool(row.clock and read_clock(row.clock).provisional), blocked=verdict.reason,
            clock_light=read_clock(row.clock).light if row.clock else "",
        )


def nothing_follows(project: Project) -> dict[str, bool]:
    """Return the stages that are done as far as papers go: one that owes a paper after 容缺通过 is not delivered."""
    owed = project.stage in {Stage.ACCEPTANCE, Stage.DELIVERED} and any(
        prepared.flags("make-ups", _still_owed, project.pk)
    )
    return {Stage.PLANNING: True, Stage.PERMIT: True, Stage.ACCEPTANCE: not owed}


def _still_owed(project_id: int) -> list[QuerySet[MakeUp]]:
    return [MakeUp.objects.filter(acceptance__project=project_id, state__in=MAKE_UP_OPEN)]


def handovers(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield one line per package that the registry has not taken or not registered. One query."""
    by_pk = {project.pk: project for project in projects}
    states = [HandoverState.HANDED, HandoverState.RECEIVED]
    for row in _open(RegistryHandover, by_pk, states, "acceptance", "registry", path="acceptance__project"):
        handed = row.state == HandoverState.HANDED
        yield _line(
            by_pk[row.acceptance.project_id], rank=3, role=row.registry.label, verb="接收" if handed else "办理",
            what="房证同交材料" if handed else "不动产首次登记", since=row.received_at or row.handed_at,
            url=reverse("acceptance:handover", args=[row.pk]), auto="到期提醒登记机构",
        )


def registry_facts(project: Project) -> list[PublicFact]:
    """Return the two dates of 房证同交 as everybody may read them: no certificate, no person. One query."""
    row = RegistryHandover.objects.filter(acceptance__project=project).order_by("-pk").first()
    if row is None:
        return []

    def day(on: dt.date | None) -> str:
        return f"{on:%Y-%m-%d}" if on else "未定"

    return [
        PublicFact(BOTH, "测绘、验收、登记材料", detail="一包移交登记机构", on=day(timing.business_day(row.handed_at))),
        PublicFact(BOTH, "交房日", detail="建设单位填报", on=day(row.keys_on)),
        PublicFact(
            BOTH, "领证日", detail="首次登记" + ("已完成" if row.registered_on else "办理中"), on=day(row.registered_on)
        ),
    ]


def register() -> None:
    """Register them, with the places that say which projects have any."""
    of_acceptance = "acceptance__project_id"
    glance.register(SURVEYS, lambda ids: JointSurvey.objects.filter(project__in=ids), word="state")
    glance.register(PRE, lambda ids: PreAcceptance.objects.filter(project__in=ids), word="state")
    glance.register(
        LATE, lambda ids: LateFault.objects.filter(acceptance__project__in=ids), project=of_acceptance, word="state"
    )
    glance.register(
        OWED, lambda ids: MakeUp.objects.filter(acceptance__project__in=ids), project=of_acceptance, word="state"
    )
    glance.register(
        REGISTRY, lambda ids: RegistryHandover.objects.filter(acceptance__project__in=ids), project=of_acceptance,
        word="state",
    )
    waiting.register(SURVEYS, surveys, place=SURVEYS, among=SURVEY_OPEN)
    waiting.register(PRE, pre_acceptances, place=PRE, among=PRE_OPEN)
    waiting.register(LATE, late_faults, place=LATE, among=(LateState.ASKED,))
    waiting.register(OWED, owed_papers, place=OWED, among=MAKE_UP_OPEN)
    panels.register_public(REGISTRY, registry_facts)
    owing.register(OWED, make_up_debts)
    stages.register(OWED, nothing_follows)
    waiting.register(REGISTRY, handovers, place=REGISTRY, among=(HandoverState.HANDED, HandoverState.RECEIVED))
