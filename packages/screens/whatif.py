"""比较办理方式: two plans side by side, what is won, what is saved, what is risked (handbook D3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packages.drawing_states import RiskClass
from packages.models import Enrolment
from packages.planning.build import PlanView, build_plan
from packages.planning.definition import PackageDefinition
from packages.planning.engine import timing_of
from packages.planning.from_rows import definition_of
from packages.planning.options import (
    BOOK,
    COMMITMENT,
    DEFERRAL,
    NO_REVIEW,
    PILING,
    ROW_OPTIONS,
    Option,
    asked_facts,
    options,
    switched,
    taken,
)
from packages.planning.schedule import Frame, Progress, cases_for, frame_of, progress_of
from packages.policy import ALWAYS_FULL
from packages.services.forecasting import Histories, foresee, histories
from packages.services.risk import newest
from projects import workdays
from projects.models import Project

PILE_PERMIT, REVIEW_MATTER = "pile-permit", "drawing-review"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two plans: its days by promise, its matters and papers, and when it is foreseen to open and end."""

    label: str
    view: PlanView
    frame: Frame
    on: frozenset[str]
    opening: dt.date | None
    delivery: dt.date
    seen_opening: tuple[dt.date, dt.date, dt.date] | None
    seen_delivery: tuple[dt.date, dt.date, dt.date]

    @property
    def later(self) -> int:
        """How many papers may be handed in later (容缺)."""
        if DEFERRAL not in self.on:
            return 0
        ahead = (m for m in self.view.matters if m.code not in self.frame.net.known and m.definition.deferral_allowed)
        return sum(line.is_submitted and line.deferral_days is not None for m in ahead for line in m.materials)

    @property
    def total(self) -> int:
        """Promised working days of the three stages."""
        return sum(self.view.days)

    @property
    def papers(self) -> int:
        """How many papers are still to be handed in: those of matters that have not begun."""
        return sum(m.submitted for m in self.view.matters if m.code not in self.frame.net.known)


@dataclass(frozen=True, slots=True)
class Switch:
    """An option: whether it is on, what it alone changes against the plan as it is, and why it cannot be had."""

    option: Option
    on: bool
    was_on: bool
    why_not: str
    opening_won: int
    delivery_won: int
    papers_saved: int

    @property
    def effect(self) -> str:
        """What the switch alone changes, in words."""
        parts = [
            f"开工{_won(self.opening_won)}" if self.opening_won else "",
            f"交付{_won(self.delivery_won)}" if self.delivery_won else "",
            f"少交 {self.papers_saved} 件" if self.papers_saved > 0 else "",
            f"多交 {-self.papers_saved} 件" if self.papers_saved < 0 else "",
        ]
        said = "，".join(filter(None, parts))
        if not said:
            return "日数、材料不变"
        return f"停用后{said}" if self.was_on else said


def _won(days: int) -> str:
    return f"提前 {days} 个工作日" if days > 0 else f"推后 {-days} 个工作日"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The page: the switches, both plans, what differs between them."""

    enrolment: Enrolment
    switches: tuple[Switch, ...]
    now: Side
    then: Side
    added: tuple[str, ...]
    removed: tuple[str, ...]
    shorter: tuple[tuple[str, int, int], ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing was switched."""
        return self.now.on == self.then.on

    @property
    def opening_won(self) -> int:
        """Working days by which the median opening comes earlier; negative when later."""
        if self.now.seen_opening is None or self.then.seen_opening is None:
            return 0
        return days_won(self.now.seen_opening[1], self.then.seen_opening[1])

    @property
    def delivery_won(self) -> int:
        """Working days by which the median delivery comes earlier."""
        return days_won(self.now.seen_delivery[1], self.then.seen_delivery[1])

    @property
    def papers_saved(self) -> int:
        """How many papers fewer are handed in."""
        return self.now.papers - self.then.papers

    @property
    def risks(self) -> list[Option]:
        """The options that would be taken on."""
        return [s.option for s in self.switches if s.on and not s.was_on]


def days_won(before: dt.date, after: dt.date) -> int:
    """Working days from the later to the earlier day, positive when `after` is earlier."""
    if after <= before:
        return workdays.workdays_between(after, before)
    return -workdays.workdays_between(before, after)


def whatif_page(project: Project, chosen: Iterable[str] | None) -> WhatIf | None:
    """Compare the plan of a project with the plan under these options; None without a plan. Six queries.

    `chosen` None shows the plan as it is.
    """
    enrolment = Enrolment.objects.select_related("package_version__package").filter(project=project).first()
    if enrolment is None:
        return None
    enrolment.project = project
    definition = definition_of(enrolment.package_version)
    progress = progress_of(cases_for([project.pk]).get(project.pk, []))
    known = histories()
    was = taken(enrolment.facts, enrolment.options, definition)
    reasons = _why_not(project, enrolment, definition)
    wanted = was if chosen is None else frozenset(c for c in chosen if c in options() and (not reasons[c] or c in was))
    now = _side("现在的计划", enrolment, was, definition, progress, known)
    then = _side("选定后的计划", enrolment, wanted, definition, progress, known)
    switches = tuple(
        _switch(option, was, wanted, reasons[code], now, enrolment, definition, progress)
        for code, option in options().items()
    )
    before, after = ({m.code: m for m in side.view.matters} for side in (now, then))
    return WhatIf(
        enrolment, switches, now, then,
        added=tuple(m.name for code, m in after.items() if code not in before),
        removed=tuple(m.name for code, m in before.items() if code not in after),
        shorter=tuple(
            (m.name, before[code].days, m.days) for code, m in after.items()
            if code in before and before[code].days != m.days and code not in now.frame.net.known
        ),
    )


def _supposed(enrolment: Enrolment, on: frozenset[str], definition: PackageDefinition) -> Enrolment:
    """An unsaved enrolment as it would be with exactly these options."""
    return Enrolment(
        project=enrolment.project, package_version=enrolment.package_version, revision=enrolment.revision,
        facts=switched(enrolment.facts, on, definition), options=sorted(on & ROW_OPTIONS),
        works_days=enrolment.works_days,
    )


def _plan(
    enrolment: Enrolment, on: frozenset[str], definition: PackageDefinition, progress: Mapping[str, Progress]
) -> tuple[PlanView, Frame]:
    supposed = _supposed(enrolment, on, definition)
    view = build_plan(definition, supposed.facts, options=frozenset(supposed.options))
    return view, frame_of(supposed, progress, view=view)


def _side(  # noqa: PLR0913 - what a plan is made of
    label: str, enrolment: Enrolment, on: frozenset[str], definition: PackageDefinition,
    progress: Mapping[str, Progress], known: Histories,
) -> Side:
    view, frame = _plan(enrolment, on, definition, progress)
    found = timing_of(frame.net, frame.lengths)
    seen = foresee(frame, known)
    opening = seen.opening
    return Side(
        label, view, frame, on, None if found.works_start is None else frame.day(found.works_start),
        frame.day(sum(found.stage_days)),
        None if opening is None else (frame.day(opening.early), frame.day(opening.middle), frame.day(opening.late)),
        (frame.day(seen.delivery.early), frame.day(seen.delivery.middle), frame.day(seen.delivery.late)),
    )


def _switch(  # noqa: PLR0913 - an option against a plan
    option: Option, was: frozenset[str], wanted: frozenset[str], why_not: str, now: Side, enrolment: Enrolment,
    definition: PackageDefinition, progress: Mapping[str, Progress],
) -> Switch:
    opening = delivery = papers = 0
    if not why_not:
        view, frame = _plan(enrolment, was ^ {option.code}, definition, progress)
        found = timing_of(frame.net, frame.lengths)
        if now.opening is not None and found.works_start is not None:
            opening = days_won(now.opening, frame.day(found.works_start))
        delivery = days_won(now.delivery, frame.day(sum(found.stage_days)))
        papers = now.papers - sum(m.submitted for m in view.matters if m.code not in frame.net.known)
    return Switch(option, option.code in wanted, option.code in was, why_not, opening, delivery, papers)


# Why an option cannot be had -----------------------------------------------------------------------------------------


def _why_not(project: Project, enrolment: Enrolment, definition: PackageDefinition) -> dict[str, str]:
    """For each option why this project cannot take it; empty where it can."""
    view = build_plan(definition, enrolment.facts)
    codes = {row.matter.code for row in definition.rows}
    risk = newest(project)
    found = dict.fromkeys(options(), "")
    if PILE_PERMIT not in codes:
        found[PILING] = "本套餐没有分段施工许可"
    elif enrolment.facts.get("excavation_depth") == 0:
        found[PILING] = "基坑开挖深度为 0，没有基坑、桩基工程"
    if not any(m.definition.commitment_allowed and m.days for m in view.matters):
        found[COMMITMENT] = "计划中没有可以告知承诺的事项"
    if not any(m.definition.deferral_allowed for m in view.matters):
        found[DEFERRAL] = "计划中没有可以容缺受理的事项"
    if not asked_facts(options()["regional"], definition):
        found["regional"] = "本套餐没有可以由区域评估代替的评估"
    if "agency-assess" not in view.codes:
        found[BOOK] = "没有须单独编制的评估"
    if REVIEW_MATTER not in codes or enrolment.facts.get("drawing_review") == "exempt":
        found[NO_REVIEW] = "本项目不需要审图"
    elif risk is not None and RiskClass(risk.risk_class) in ALWAYS_FULL:
        found[NO_REVIEW] = f"风险等级为{risk.get_risk_class_display()}，施工图须全部送审"
    return found
