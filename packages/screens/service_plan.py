"""The page of one version of 一方案一图一清单, and the page of what it changes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.utils.safestring import SafeString

from archives.models import Paper
from archives.papering import drawing
from packages import consultation_rules as may
from packages.consultation_states import PLAN_TONES, PlanState
from packages.models import Enrolment, ServicePlan
from packages.screens.acting import Act
from packages.screens.utilities import url
from packages.services.plan_papers import phone_chart
from projects.access import access_of
from projects.models import User


@dataclass(frozen=True, slots=True)
class PlanVersionPage:
    """One version: its three parts, its papers, the versions around it, the next steps."""

    plan: ServicePlan
    scheme: dict[str, Any]
    stages: tuple[tuple[str, tuple[dict[str, Any], ...]], ...]
    chart: SafeString
    narrow: SafeString
    papers: tuple[Paper, ...]
    versions: tuple[ServicePlan, ...]
    acts: tuple[Act, ...]
    is_stale: bool
    tone: str

    @property
    def asked(self) -> int:
        """How many papers the enterprise brings."""
        return sum(line["asked"] for row in self.plan.content["rows"] for line in row["materials"])

    @property
    def held(self) -> int:
        """How many it does not."""
        return sum(not line["asked"] for row in self.plan.content["rows"] for line in row["materials"])


def plan_version_page(plan: ServicePlan, user: User) -> PlanVersionPage:
    """The page of a version for this user."""
    rows = plan.content["rows"]
    stages = tuple((label, tuple(part)) for label, part in groupby(rows, key=lambda row: row["stage_label"]))
    papers = (plan.notice_paper, plan.scheme_paper, plan.chart_paper, plan.list_paper)
    versions = ServicePlan.objects.visible_to(user).filter(consultation=plan.consultation_id).defer("chart", "content")
    draft = plan.state == PlanState.DRAFT
    revision = Enrolment.objects.filter(project=plan.project_id).values_list("revision", flat=True).first()
    acts = []
    if draft and access_of(user).is_office:
        edit, tell = may.can_edit_plan(user, plan), may.can_tell(user, plan)
        acts = [Act("告知建设单位", url("service_plan_tell", plan.pk), tell),
                Act("修改方案", url("service_plan_edit", plan.pk), edit),
                Act("按最新计划重写", url("service_plan_refresh", plan.pk), edit)]
    is_stale = plan.state != PlanState.REPLACED and revision != plan.revision
    return PlanVersionPage(
        plan, plan.content["scheme"], stages, drawing(plan.chart), phone_chart(plan),
        tuple(paper for paper in papers if paper), tuple(versions.order_by("-version")), tuple(acts), is_stale,
        PLAN_TONES[plan.state],
    )
