"""What packages gives to the kernel: on whom a project waits, when a stage is done, its panel, its public facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from archives import reach
from packages import completeness, debts, land_papers, scanning
from packages.models import Enrolment, Forecast, MatterCase, Revocation
from packages.next_steps import CASE_LOST
from packages.queries import matter_rows
from packages.rules import can_apply, can_enrol
from packages.screens.filing import stage_folds
from packages.states import CASE_PASSED, CaseState
from packages.waiting import project_waiting
from projects import gathering, glance, owing, panels, stages, timing, waiting
from projects.access import access_of
from projects.memo import rows_about
from projects.panels import Panel, PublicFact
from projects.states import Stage

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from projects.models import Project


def stages_done(project: Project) -> dict[str, bool]:
    """Return per stage whether every milestone matter that applies is granted; one without milestones is not done."""
    rows = MatterCase.objects.filter(is_milestone=True).exclude(state__in=CASE_LOST).order_by()
    done: dict[str, bool] = {}
    found = rows_about("milestones", lambda pk: rows.filter(project=pk).values_list("stage", "state"), project.pk)
    for stage, state in found:
        done[stage] = done.get(stage, True) and state in CASE_PASSED
    return {stage: done.get(stage, False) for stage in (Stage.PLANNING, Stage.PERMIT, Stage.ACCEPTANCE)}


def matters_panel(project: Project, request: HttpRequest) -> Panel | None:
    """Return the sheet of the project's matters by stage."""
    user = request.user
    stages = matter_rows(project, user)
    context = {
        "project": project,
        "stages": stages,
        "enrolment": getattr(project, "enrolment", None),
        "can_enrol": can_enrol(user, project),
        "can_apply": can_apply(user, project),
    }
    if access_of(user).is_enterprise:
        return Panel("packages/_panel_matters_owner.html", context | {"folds": stage_folds(project, stages)})
    return Panel("packages/_panel_matters.html", context)


def forecast_panel(project: Project, request: HttpRequest) -> Panel | None:  # noqa: ARG001 - for everybody alike
    """Return when works may start and when the project is handed over; nothing before the first forecast."""
    newest = next(iter(gathering.rows_of(FORECASTS, [project])), None)
    if newest is None:
        return None
    return Panel("packages/_panel_forecast.html", {"project": project, "f": newest}, column="side")


def package_name(project: Project) -> list[PublicFact]:
    """Return the package under which the project runs."""
    enrolment = Enrolment.objects.filter(project=project).select_related("package_version").first()
    return [PublicFact("项目", "套餐", detail=enrolment.package_version.name)] if enrolment else []


def permits(project: Project) -> list[PublicFact]:
    """Return what everybody may read: granted matters with their day, and what is being handled. No person."""
    found = MatterCase.objects.filter(project=project, state__in=[*CASE_PASSED, *PUBLIC_RUNNING])
    facts = []
    for case in found.select_related("matter", "lead").order_by("decided_at", "pk"):
        if case.decided_at is not None:
            day = timing.business_day(case.decided_at)
            result = case.matter.result_name + DEFERRED_WORD * (case.state == CaseState.PASSED_DEFERRED)
            facts.append(PublicFact("已办结", case.matter.name, detail=result, on=f"{day:%Y-%m-%d}", tone="good"))
        else:
            facts.append(PublicFact("办理中", case.matter.name, detail=case.lead.label, tone="act"))
    return facts + _revoked(project)


def _revoked(project: Project) -> list[PublicFact]:
    """Return what was granted and taken away again: it stands in red at the head of the page, with its number."""
    found = Revocation.objects.filter(case__project=project).select_related("case__matter").order_by("revoked_at")
    return [
        PublicFact(
            "已撤销", f"已撤销：{row.case.matter.name}",
            detail=f"{row.case.matter.result_name}已失效，办件编号 {row.case.number}",
            on=f"{timing.business_day(row.revoked_at):%Y-%m-%d}", tone="bad", is_first=True,
        )
        for row in found
    ]


#: A grant for which a paper is still to follow is told apart from one that is complete; not which paper.
DEFERRED_WORD = "，容缺通过"

PUBLIC_RUNNING = (CaseState.ACCEPTED, CaseState.IN_REVIEW, CaseState.SUSPENDED, CaseState.CORRECTING)

FORECASTS = "packages.forecasts"



def _newest_forecasts(projects: Sequence[Project]) -> QuerySet[Forecast]:
    later = Forecast.objects.filter(project=OuterRef("project"), pk__gt=OuterRef("pk"))
    return Forecast.objects.filter(~Exists(later), project__in=projects).order_by("-pk")


glance.register(FORECASTS, lambda ids: Forecast.objects.filter(project__in=ids))
gathering.register(FORECASTS, _newest_forecasts, place=FORECASTS)
waiting.register("packages", project_waiting)
owing.register("packages", debts.debts)
stages.register("packages", stages_done)
panels.register("packages.matters", 20, matters_panel)
panels.register("packages.forecast", 12, forecast_panel)
panels.register_public("packages.package", package_name)
panels.register_public("packages.permits", permits)
reach.register("packages.land", land_papers.reached)
completeness.register()
scanning.register()
