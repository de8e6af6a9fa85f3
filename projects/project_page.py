"""The page of one project: on whom it waits, where it stands, its time, the sheets of all apps, its newest events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.template.loader import render_to_string

from projects import gathering, timing
from projects.chain import (
    LEDGER_KINDS,
    ChainStage,
    Entry,
    chain_of,
    entries_of,
    project_ledger,
)
from projects.clocks import Reading, read_clock
from projects.models import Event, Party, Project
from projects.models.time import Clock
from projects.one_page import CLOCKS, clocks_in, clocks_of_project, one_page
from projects.panels import Action, head_of, panels_for
from projects.waiting import Waiting, waiting_on

if TYPE_CHECKING:
    from django.http import HttpRequest

TIMELINE, CLOCKS_SHOWN = 12, 8
STAGE_KINDS = ("project.registered", "project.stage_moved")
EVENTS, PARTIES = "projects.events", "projects.parties"


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A clock of the project that still runs, with its reading."""

    clock: Clock
    reading: Reading


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """Everything on the project page."""

    waiting: list[Waiting]
    chain: list[ChainStage]
    ledger: dict[str, int]
    entries: list[Entry]
    clocks: list[ClockLine]
    parties: list[Party]
    words: list[str]
    actions: list[Action]
    first: list[str]
    main: list[str]
    side: list[str]


def project_page(project: Project, request: HttpRequest) -> ProjectPage:
    """Read the project page; `project` comes with owner, centre and region."""
    with one_page():
        return _read_page(project, request)


def _read_page(project: Project, request: HttpRequest) -> ProjectPage:
    gathering.load(project)
    clocks = clocks_of_project(project.pk)
    moves, newest = _page_events(project)
    segments = [piece for clock in clocks.values() if clock.kind in LEDGER_KINDS for piece in clock.segments.all()]
    live = [clock for clock in clocks.values() if clock.is_live]
    words, actions = head_of(project, request)
    panels: dict[str, list[str]] = {"first": [], "main": [], "side": []}
    for panel in panels_for(project, request):
        panels[panel.column].append(render_to_string(panel.template, panel.context, request=request))
    return ProjectPage(
        waiting=waiting_on(project),
        chain=chain_of(project, moves),
        ledger=project_ledger(project, segments, timing.today()),
        entries=entries_of(project, newest),
        clocks=[ClockLine(clock, read_clock(clock)) for clock in live[:CLOCKS_SHOWN]],
        parties=gathering.rows_of(PARTIES, [project]),
        words=words,
        actions=actions,
        first=panels["first"],
        main=panels["main"],
        side=panels["side"],
    )


def _page_events(project: Project) -> tuple[list[Event], list[Event]]:
    """Return the events that set the stage, oldest first, and the newest ones, newest first."""
    rows = gathering.rows_of(EVENTS, [project])
    moves = [event for event in reversed(rows) if event.kind in STAGE_KINDS]
    return moves, [event for event in rows if event.seq > project.event_seq - TIMELINE]


def _told(projects: Sequence[Project]) -> QuerySet[Event]:
    """The events of the head of the page, newest first."""
    wanted = Q()
    for project in projects:
        wanted |= Q(project=project, seq__gt=project.event_seq - TIMELINE) | Q(project=project, kind__in=STAGE_KINDS)
    return Event.objects.filter(wanted).order_by("-pk")


gathering.register(CLOCKS, lambda projects: clocks_in(project.pk for project in projects))
gathering.register(EVENTS, _told, by_key=False)
gathering.register(
    PARTIES, lambda projects: Party.objects.filter(project__in=projects).select_related("organisation").order_by("pk")
)
