"""The plan of a project as a list with bars, and as a file of comma-separated values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packages.coded import is_brought
from packages.models import Enrolment, MatterCase
from packages.planning.build import MatterView, PlanView, StageView, build_plan
from packages.planning.engine import Slot
from packages.planning.options import options, taken
from packages.screens.assessment import EffectRow, on_plan
from packages.states import CaseState
from projects.models import Project

#: Width of the bar of a row, in the units of its drawing.
BAR = 160
CSV_HEAD = (
    "阶段", "步骤", "事项", "牵头部门", "承诺", "起（日）", "止（日）", "前置事项", "适用条件", "材料份数", "需提交",
    "材料",
)


@dataclass(frozen=True, slots=True)
class Line:
    """A matter in the list: its bar over the days, what it waits for, and the state of its case."""

    matter: MatterView
    slot: Slot
    x: float
    width: float
    state: CaseState | None
    is_brought: bool = False

    @property
    def needs(self) -> str:
        """The matters that come before it."""
        return "、".join(name for _, name in self.matter.prerequisites)

    @property
    def days_words(self) -> str:
        """When it runs, counted from the first application."""
        start, end = self.slot.start, self.slot.end
        if end == start:
            day = f"第 {end} 日" if end else "首日"
            return f"{day}当天" if self.matter.is_counted else f"{day}起"
        return f"第 {start + 1}–{end} 日" if end > start + 1 else f"第 {end} 日"


@dataclass(frozen=True, slots=True)
class Group:
    """A stage: its days against what the package promises, and its matters step by step, side lane last."""

    stage: StageView
    days: int
    lines: tuple[Line, ...]

    @property
    def verdict(self) -> str:
        """How the forecast stands to the promise in words."""
        gap = self.stage.published - self.days
        if gap == 0:
            return "与套餐承诺相同"
        return f"比套餐承诺少 {gap} 日" if gap > 0 else f"比套餐标准情形多 {-gap} 日"


@dataclass(frozen=True, slots=True)
class PlanPage:
    """The page of a plan; `road` counts every day, not only those of the promise."""

    enrolment: Enrolment
    plan: PlanView
    groups: tuple[Group, ...]
    total: int
    published: int
    road: bool
    regional: tuple[EffectRow, ...] = ()

    @property
    def chosen(self) -> list[str]:
        """Names of the options that the plan has on."""
        on = taken(self.enrolment.facts, self.enrolment.options, self.plan.package)
        return [option.name for code, option in options().items() if code in on]

    @property
    def summed(self) -> str:
        """What the days add up and in whose time."""
        if not self.road:
            return self.plan.summed
        parts = "、".join(f"{group.stage.label} {group.days} 日" for group in self.groups)
        return f"{parts}相加：企业、中介、招标拍卖和公用企业用的时间也算在内，同时办的取最长。"

    @property
    def saved(self) -> int:
        """How many materials fewer than before."""
        return self.plan.before - self.plan.after


def plan_page(project: Project, *, road: bool = False) -> PlanPage | None:
    """The plan of a project, or None while it has no package."""
    enrolment = Enrolment.objects.filter(project=project).select_related("package_version__package").first()
    if enrolment is None:
        return None
    plan = build_plan(enrolment.package_version, enrolment.facts, options=frozenset(enrolment.options))
    schedule = plan.road if road else plan.promise
    length = max([slot.end for slot in schedule.slots.values()], default=0) or 1
    cases = MatterCase.objects.filter(project=project).select_related("matter__matter").order_by("pk")
    live = {case.matter.matter.code: case for case in cases}
    groups = tuple(
        Group(
            stage, stage.road_days if road else stage.days,
            tuple(_line(m, schedule.slots[m.code], length, live.get(m.code)) for m in stage.matters),
        )
        for stage in plan.stages
    )
    published = sum(s.published for s in plan.stages)
    return PlanPage(enrolment, plan, groups, schedule.total, published, road, tuple(on_plan(project, enrolment)))


def _line(matter: MatterView, slot: Slot, length: int, case: MatterCase | None) -> Line:
    start, end = BAR * slot.start / length, BAR * slot.end / length
    state, brought = (CaseState(case.state), is_brought(case)) if case else (None, False)
    return Line(matter, slot, round(start, 1), round(max(end - start, 3), 1), state, brought)


def csv_lines(page: PlanPage) -> Iterator[list[str]]:
    """The plan as lines of a file, head first."""
    yield list(CSV_HEAD)
    for group in page.groups:
        for line in group.lines:
            matter = line.matter
            yield [
                group.stage.label, str(line.slot.step) if not line.slot.lane else "旁线", matter.name,
                matter.definition.lead.name, matter.days_label, str(line.slot.start), str(line.slot.end), line.needs,
                matter.condition, str(len(matter.materials)), str(matter.submitted),
                "；".join(f"{m.name}（{m.source_label}）" for m in matter.materials),
            ]
