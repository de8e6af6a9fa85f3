"""What the interface gives: projects, cases, on whom it waits. No personal names stand in it, only roles and bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Max

from agency.major_states import ApiScope
from gaige.api.fields import DAY, MOMENT, NUMBER, TEXT, WHOLE, YES_NO, Field, Parameter, Resource, plain
from packages.choices import MatterStage
from packages.models import Forecast, MatterCase
from packages.states import CASE_OPEN, CaseState
from projects import timing
from projects.clock_states import Light
from projects.models import Project
from projects.states import Investment, ProjectStatus, Stage
from projects.waiting import Waiting, waiting_for

if TYPE_CHECKING:
    from django.db.models import QuerySet

OPEN = "open"

# Projects ------------------------------------------------------------------------------------------------------------

PROJECT_FIELDS = (
    Field("code", TEXT, "项目代码（国家统一代码，或赋码前的本地代码）"),
    Field("name", TEXT, "项目名称"),
    Field("investment", TEXT, "投资类型", values=tuple(Investment.values)),
    Field("total_investment", NUMBER, "总投资，万元", is_nullable=True),
    Field("region", TEXT, "区划代码"),
    Field("region_name", TEXT, "区划名称"),
    Field("owner", TEXT, "建设单位"),
    Field("owner_uscc", TEXT, "建设单位统一社会信用代码；没有登记的为空"),
    Field("centre", TEXT, "审批服务中心"),
    Field("stage", TEXT, "阶段", values=tuple(Stage.values)),
    Field("status", TEXT, "状态", values=tuple(ProjectStatus.values)),
    Field("registered_on", DAY, "登记日期"),
    Field("delivered_on", DAY, "交付日期", is_nullable=True),
    Field("opening_on", DAY, "预计开工（中位）", is_nullable=True),
    Field("opening_from", DAY, "九成把握的最早开工", is_nullable=True),
    Field("opening_until", DAY, "九成把握的最晚开工", is_nullable=True),
    Field("opened", YES_NO, "已可开工"),
)


def _projects(projects: QuerySet[Project]) -> QuerySet[Any]:
    return projects.select_related("owner", "centre", "region")


def show_projects(rows: Sequence[Project]) -> list[dict[str, Any]]:
    """Tell projects with their newest forecast. One query."""
    last = Forecast.objects.filter(project__in=[row.pk for row in rows]).order_by().values("project")
    newest = Forecast.objects.filter(pk__in=last.annotate(last=Max("pk")).values("last"))
    forecasts = {row.project_id: row for row in newest}
    return [_project(row, forecasts.get(row.pk)) for row in rows]


def _project(row: Project, seen: Forecast | None) -> dict[str, Any]:
    return plain({
        "code": row.code, "name": row.name, "investment": row.investment, "total_investment": row.total_investment,
        "region": row.region.code, "region_name": row.region.name, "owner": row.owner.name,
        "owner_uscc": row.owner.uscc, "centre": row.centre.name, "stage": row.stage, "status": row.status,
        "registered_on": timing.business_day(row.registered_at),
        "delivered_on": timing.business_day(row.delivered_at) if row.delivered_at else None,
        "opening_on": seen.opening if seen else None, "opening_from": seen.opening_early if seen else None,
        "opening_until": seen.opening_late if seen else None, "opened": bool(seen and seen.opened),
    })


PROJECTS = Resource(
    "projects", "项目", "数据范围内的项目，新的在后。", ApiScope.PROJECTS, PROJECT_FIELDS,
    (
        Parameter("stage", "阶段", "stage", tuple(Stage.values)),
        Parameter("status", "状态", "status", tuple(ProjectStatus.values)),
        Parameter("region", "区划代码，只取这一级", "region__code"),
    ),
    _projects, show_projects,
)

# Cases ---------------------------------------------------------------------------------------------------------------

CASE_FIELDS = (
    Field("id", WHOLE, "办件标识，不变"),
    Field("number", TEXT, "办件编号；未接件的为空"),
    Field("project", TEXT, "项目代码"),
    Field("works", TEXT, "工程代码"),
    Field("matter", TEXT, "事项代码"),
    Field("matter_name", TEXT, "事项名称"),
    Field("lead", TEXT, "牵头部门"),
    Field("stage", TEXT, "阶段", values=tuple(MatterStage.values)),
    Field("state", TEXT, "状态", values=tuple(CaseState.values)),
    Field("state_word", TEXT, "状态的中文"),
    Field("promised_days", WHOLE, "承诺时限，工作日"),
    Field("received_at", MOMENT, "接件时间", is_nullable=True),
    Field("accepted_at", MOMENT, "受理时间", is_nullable=True),
    Field("due_on", DAY, "到期日；暂停或结束的为空", is_nullable=True),
    Field("decided_at", MOMENT, "办结时间", is_nullable=True),
    Field("used_days", WHOLE, "用时，工作日，扣除暂停", is_nullable=True),
    Field("is_overdue", YES_NO, "在办的已过到期日，或办结时超过承诺时限"),
)


def _cases(projects: QuerySet[Project]) -> QuerySet[Any]:
    found = MatterCase.objects.filter(project__in=projects).exclude(state=CaseState.DRAFT)
    return found.select_related("project", "work_unit", "matter__matter", "lead")


def show_cases(rows: Sequence[MatterCase]) -> list[dict[str, Any]]:
    """Tell cases. No query."""
    today = timing.today()
    return [
        plain({
            "id": row.pk, "number": row.number, "project": row.project.code, "works": row.work_unit.code,
            "matter": row.matter.matter.code, "matter_name": row.matter.name, "lead": row.lead.name,
            "stage": row.stage, "state": row.state, "state_word": row.get_state_display(),
            "promised_days": row.promised_days, "received_at": row.received_at, "accepted_at": row.accepted_at,
            "due_on": row.due_on if row.state in CASE_OPEN else None, "decided_at": row.decided_at,
            "used_days": row.used_days,
            "is_overdue": row.is_overdue or bool(row.state in CASE_OPEN and row.due_on and row.due_on < today),
        })
        for row in rows
    ]


CASES = Resource(
    "cases", "办件", "已接件的办件，新的在后；未申报的事项不在其中。", ApiScope.CASES, CASE_FIELDS,
    (
        Parameter("project", "项目代码", "project__code"),
        Parameter("state", f"状态；{OPEN} 为全部在办", "state", (OPEN, *CaseState.values)),
        Parameter("stage", "阶段", "stage", tuple(MatterStage.values)),
        Parameter("matter", "事项代码", "matter__matter__code"),
    ),
    _cases, show_cases,
)

# On whom it waits ----------------------------------------------------------------------------------------------------

WAITING_FIELDS = (
    Field("project", TEXT, "项目代码"),
    Field("role", TEXT, "在等谁：部门或角色，没有姓名"),
    Field("verb", TEXT, "做什么"),
    Field("what", TEXT, "等什么"),
    Field("since", DAY, "自何时", is_nullable=True),
    Field("days", WHOLE, "已等，工作日"),
    Field("limit", WHOLE, "限几日", is_nullable=True),
    Field("due_on", DAY, "到期日", is_nullable=True),
    Field("is_provisional", YES_NO, "到期日暂按法定节假日推算"),
    Field("light", TEXT, "灯", values=tuple(Light)),
    Field("auto", TEXT, "到期自动怎样"),
    Field("sentence", TEXT, "一句话"),
)


def _open(projects: QuerySet[Project]) -> QuerySet[Any]:
    running = projects.filter(status=ProjectStatus.ACTIVE).exclude(stage=Stage.DELIVERED)
    return running.select_related("owner", "centre", "region")


def show_waiting(rows: Sequence[Project]) -> list[dict[str, Any]]:
    """Tell what projects wait for, each in order. A fixed number of queries."""
    waits = waiting_for(rows)
    return [_waiting(row, waiting) for row in rows for waiting in waits[row.pk]]


def _waiting(project: Project, row: Waiting) -> dict[str, Any]:
    return plain({
        "project": project.code, "role": row.role, "verb": row.verb, "what": row.what, "since": row.since,
        "days": row.days, "limit": row.limit, "due_on": row.due_on, "is_provisional": row.is_provisional,
        "light": str(row.light), "auto": row.auto, "sentence": row.public_sentence,
    })


WAITING = Resource(
    "waiting", "在等谁", "在办项目各在等谁、等什么；一页按项目分，一个项目可以有几行。", ApiScope.WAITING,
    WAITING_FIELDS,
    (Parameter("project", "项目代码", "code"), Parameter("region", "区划代码，只取这一级", "region__code")),
    _open, show_waiting,
)

# Figures -------------------------------------------------------------------------------------------------------------

FIGURE_FIELDS = (
    Field("part", TEXT, "部分：总体、中心、部门、窗口等"),
    Field("item", TEXT, "哪一个"),
    Field("measure", TEXT, "指标"),
    Field("value", WHOLE, "数"),
)

RESOURCES: dict[str, Resource] = {row.name: row for row in (PROJECTS, CASES, WAITING)}
