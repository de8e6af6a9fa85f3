"""What packages says to who scans a project's code: the own work on it, and to everybody when it will be done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.urls import reverse

from archives import scanning
from archives.scanning import Errand
from packages.models import Forecast, MatterCase, ReviewTask
from packages.states import CaseState
from packages.worklist import WAITS_FOR_BODY, own_bodies, waits_for
from projects import panels
from projects.access import access_of
from projects.panels import WHEN, PublicFact
from projects.quoting import quoted
from projects.states import Role

if TYPE_CHECKING:
    from datetime import date

    from projects.models import Project, User

MOST = 10


def own_work(project: Project, user: User) -> Iterator[Errand]:
    """Yield the tasks of the person's departments and the cases that wait at the person. Two queries at most."""
    access = access_of(user)
    if not access.has(Role.CLERK, Role.REVIEWER, Role.CHIEF):
        return
    _, departments = own_bodies(access)
    tasked = set()
    if departments:
        tasks = ReviewTask.objects.filter(
            WAITS_FOR_BODY, organisation__in=sorted(departments), session__case__project=project
        )
        for task in tasks.select_related("session__case__matter", "organisation").order_by("pk")[:MOST]:
            if task.session.case is not None:
                tasked.add(task.session.case_id)
                url = reverse("packages:review", args=[task.pk])
                yield Errand(f"审查{quoted(task.session.case.matter.name)}", url, task.organisation.label)
    cases = MatterCase.objects.filter(waits_for(user), project=project).select_related("matter").order_by("pk")
    for case in cases[:MOST]:
        if case.pk not in tasked:
            verb = "受理" if case.state == CaseState.RECEIVED else "办理"
            yield Errand(f"{verb}{quoted(case.matter.name)}", reverse("packages:case", args=[case.pk]), rank=2)


def expected(project: Project) -> list[PublicFact]:
    """Return when works may start and when the project is handed over, as the last forecast says. One query."""
    last = Forecast.objects.filter(project=project).order_by("-pk").first()
    if last is None:
        return []
    facts = []
    if last.opening is not None and not last.opened:
        words = f"预计 {_cn(last.opening)}前后"
        facts.append(PublicFact(WHEN, "开工", words, _range(last.opening_early, last.opening_late)))
    if not last.delivered:
        words = f"预计 {_cn(last.delivery)}前后"
        facts.append(PublicFact(WHEN, "交付", words, _range(last.delivery_early, last.delivery_late)))
    return facts


def _cn(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _range(early: date | None, late: date | None) -> str:
    return f"九成把握在 {_cn(early)}至 {_cn(late)}之间" if early and late and early != late else ""


def register() -> None:
    """Register both."""
    scanning.register("packages.work", own_work)
    panels.register_public("packages.expected", expected)
