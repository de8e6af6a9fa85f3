"""Where intake begins: the scan field, what lies half done at the window, and where a scanned project is taken up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse

from packages import rules
from packages.models import Application, Enrolment, MatterCase
from packages.screens.applying import apply_page
from packages.states import CaseState, MaterialState
from projects.access import access_of
from projects.models import Project, User
from projects.states import Role

MOST = 10


@dataclass(frozen=True, slots=True)
class Arrival:
    """An application that waits at the window: still being filled in, or for its verdict."""

    application: Application
    cases: int
    missing: int
    names: str
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class ArrivalPage:
    """The page of intake."""

    drafts: tuple[Arrival, ...]
    waiting: tuple[Arrival, ...]
    files: bool


def arrival_page(user: User) -> ArrivalPage:
    """The applications that this person has in hand. Four queries."""
    access = access_of(user)
    found = Application.objects.visible_to(user)
    centres = access.by_role.get(Role.CLERK, frozenset())
    if centres:
        found = found.filter(project__centre__in=centres)
    counted = found.select_related("project").annotate(
        count=Count("cases", distinct=True),
        missing=Count("cases__materials", filter=Q(cases__materials__state=MaterialState.MISSING), distinct=True),
    )
    drafts = list(counted.filter(submitted_at=None, count__gt=0).order_by("-opened_at", "-pk")[:MOST])
    received = counted.filter(cases__state=CaseState.RECEIVED).order_by("submitted_at", "pk")
    waiting = list(received[:MOST]) if centres else []
    names = _names([*drafts, *waiting])
    return ArrivalPage(
        tuple(_arrival(row, names) for row in drafts), tuple(_arrival(row, names) for row in waiting), bool(centres)
    )


def _names(applications: Iterable[Application]) -> dict[int, str]:
    """The names of the matters of each application, in one query."""
    rows = MatterCase.objects.filter(application__in=list(applications)).order_by("pk")
    names: dict[int, list[str]] = {}
    for key, name in rows.values_list("application_id", "matter__name"):
        names.setdefault(key or 0, []).append(name)
    return {key: "、".join(found) for key, found in names.items()}


def _arrival(row: Application, names: dict[int, str]) -> Arrival:
    count, missing = getattr(row, "count", 0), getattr(row, "missing", 0)
    return Arrival(row, count, missing, names.get(row.pk, ""), row.submitted_at or row.opened_at)


def start_url(project: Project, user: User) -> str:
    """Where a scanned project is taken up: its questions, its open application, or the matters of its next stage.

    Who does not file for it gets the page of the project.
    """
    if not rules.can_apply(user, project):
        return reverse("projects:detail", args=[project.pk])
    if not Enrolment.objects.filter(project=project).exists():
        return reverse("packages:enrol", args=[project.pk])
    own = Application.objects.filter(project=project)
    drafts = own.filter(submitted_at=None, cases__isnull=False).distinct().order_by("-pk")
    at_window = own.filter(cases__state=CaseState.RECEIVED).distinct().order_by("pk")
    for found in (drafts, at_window):
        if (application := found.first()) is not None:
            return reverse("packages:application", args=[application.pk])
    page = apply_page(project, user)
    stage = next((value for value, picks in page.by_stage if any(pick.verdict for pick in picks)), "")
    return reverse("packages:apply", args=[project.pk]) + (f"?stage={stage}" if stage else "")
