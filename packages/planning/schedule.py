"""The plan of one project with dates: what is done at its true day, the rest by the rule from today on.

Days are working days of the calendar, counted from the day the first matter was received (today while none was). The
promise counts what the government promises; the dates count every day, so that the time of the owner, the market, an
intermediary or a utility is planned and shown as theirs.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from packages.choices import DayUnit, MatterKind, MatterStage
from packages.models import Enrolment, MatterCase
from packages.planning.build import MatterView, PlanView, build_plan
from packages.planning.engine import FREE, STAGES, Known, Network, Row, Timing, network, timing_of
from packages.planning.terms import fee_words, works_period
from packages.states import CASE_OPEN, CASE_PASSED, CaseState
from projects import timing, workdays
from projects.errors import DomainError

if TYPE_CHECKING:
    from projects.models import Project

#: Working days of a year over its days: what counts in calendar days is planned in working days.
WORKDAYS_A_YEAR, DAYS_A_YEAR = 250, 365
#: The building itself, between the permit and the acceptance; no matter of ours.
WORKS = "works"
INSPECTION = "joint-inspect"
OWNER_LABELS = {
    "government": "政府", "applicant": "企业", "market": "市场", "intermediary": "中介", "utility": "公用企业",
}
_OWNER_OF_KIND = {
    MatterKind.INTERMEDIARY: "intermediary", MatterKind.TENDER: "market", MatterKind.FEE: "applicant",
    MatterKind.UTILITY: "utility",
}
#: Outside the promise and yet no kind of its own: an auction is the market's, an own acceptance the owner's.
_OWNER_OF_MATTER = {"land-transfer": "market", "env-accept": "applicant"}


@dataclass(frozen=True, slots=True)
class Material:
    """A line of the list of materials. `deferral_days` and `committable` say how it may be met without the paper."""

    name: str
    form: str
    source: str
    source_label: str
    is_submitted: bool
    deferral_days: int | None
    committable: bool


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A matter of the plan.

    `start_day` to `latest_finish_day` are promise days from the first application, the dates count every day. `on_date`
    is the day it was done, or is to be done; `actual` the days it truly began and ended (None: not yet). `float_days`
    is how far it may slip unnoticed, `FREE` and more where nothing waits for it; then the latest days are None.
    """

    code: str
    name: str
    department: str
    department_code: str
    stage: str
    stage_label: str
    lane: str
    step: int
    kind: str
    time_owner: str
    days: int
    days_label: str
    counted: bool
    start_day: int
    finish_day: int
    latest_start_day: int | None
    latest_finish_day: int | None
    earliest_start: dt.date
    earliest_finish: dt.date
    latest_start: dt.date | None
    latest_finish: dt.date | None
    float_days: int
    critical: bool
    state: str
    done: bool
    running: bool
    on_date: dt.date
    actual: tuple[dt.date | None, dt.date | None]
    milestone: bool
    starts_works: bool
    required: bool
    condition: str
    prerequisites: tuple[tuple[str, str], ...]
    materials: tuple[Material, ...]
    deferrable: bool
    committable: bool
    committed: bool
    fee: str

    @property
    def time_owner_label(self) -> str:
        """Whose time it is, in Chinese."""
        return OWNER_LABELS[self.time_owner]

    @property
    def outside_promise(self) -> bool:
        """Whether the days are not counted against the government."""
        return not self.counted

    @property
    def submitted(self) -> int:
        """How many materials the applicant hands in."""
        return sum(material.is_submitted for material in self.materials)


@dataclass(frozen=True, slots=True)
class StageTotal:
    """A stage: its days by promise and by the whole road, and when it begins and ends."""

    stage: str
    label: str
    matters: int
    done: int
    days: int
    published: int
    road_days: int
    starts_on: dt.date
    finishes_on: dt.date


@dataclass(frozen=True, slots=True)
class Works:
    """The building itself; `is_stated` tells a period that the owner gave from one assumed for the package."""

    days: int
    is_stated: bool
    start: dt.date
    finish: dt.date
    done: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """The dated plan. `works_start` is the day works may start, `works_started` whether that day has been."""

    project_id: int
    project_name: str
    project_code: str
    package_name: str
    revision: int
    options: frozenset[str]
    made_on: dt.date
    origin: dt.date
    rows: tuple[ScheduleRow, ...]
    stages: tuple[StageTotal, ...]
    works: Works
    works_start: dt.date | None
    works_start_day: int | None
    works_started: bool
    delivery: dt.date
    delivered: bool
    provisional: bool

    @property
    def total(self) -> int:
        """Promise days of the three stages."""
        return sum(stage.days for stage in self.stages)

    @property
    def by_code(self) -> dict[str, ScheduleRow]:
        """The rows by code of the matter."""
        return {row.code: row for row in self.rows}


@dataclass(frozen=True, slots=True)
class Progress:
    """What the cases of one matter say together: nothing is done before all its works are."""

    state: CaseState
    started_on: dt.date | None
    ended_on: dt.date | None


def schedule_of(project: Project, *, today: dt.date | None = None) -> Schedule:
    """The plan of a project with dates. Two queries. Raises `DomainError` (`not_enrolled`) without a package."""
    enrolment = (
        Enrolment.objects.select_related("package_version__package").filter(project=project).first()
    )
    if enrolment is None:
        raise DomainError("not_enrolled", "项目还没有确认套餐，请先确认套餐。")
    enrolment.project = project
    return schedule_from(enrolment, progress_of(cases_for([project.pk]).get(project.pk, [])), today=today)


class CaseFact(NamedTuple):
    """What a plan has to know of a case."""

    project_id: int
    code: str
    state: str
    received_at: dt.datetime | None
    accepted_at: dt.datetime | None
    decided_at: dt.datetime | None


def cases_for(project_ids: Iterable[int]) -> dict[int, list[CaseFact]]:
    """The live cases of projects. One query."""
    rows = MatterCase.objects.filter(
        project__in=list(project_ids), state__in=[CaseState.DRAFT, *CASE_OPEN, *CASE_PASSED]
    ).order_by("pk")
    found: dict[int, list[CaseFact]] = {}
    for row in rows.values_list(
        "project_id", "matter__matter__code", "state", "received_at", "accepted_at", "decided_at"
    ):
        found.setdefault(row[0], []).append(CaseFact(*row))
    return found


def progress_of(cases: Iterable[CaseFact]) -> dict[str, Progress]:
    """How far each matter is."""
    grouped: dict[str, list[CaseFact]] = {}
    for case in cases:
        grouped.setdefault(case.code, []).append(case)
    return {code: _progress(group) for code, group in grouped.items()}


def _progress(cases: Sequence[CaseFact]) -> Progress:
    begun = [moment for c in cases if (moment := c.accepted_at or c.received_at or c.decided_at)]
    started = timing.business_day(min(begun)) if begun else None
    if all(case.state in CASE_PASSED for case in cases):
        ended = max(c.decided_at for c in cases if c.decided_at)
        return Progress(CaseState(cases[0].state), started, timing.business_day(ended))
    last = next((c for c in cases if c.state in CASE_OPEN), cases[0])
    return Progress(CaseState(last.state), started, None)


# Rows and what has happened to them ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frame:
    """A plan on the calendar: its rows, the building among them, what is known, and the day everything counts from."""

    enrolment: Enrolment
    view: PlanView
    origin: dt.date
    today: dt.date
    floor: int
    net: Network
    lengths: Mapping[str, int]
    works_days: int
    works_stated: bool
    progress: Mapping[str, Progress]

    def day(self, offset: int) -> dt.date:
        """The date of a working day of the plan."""
        return workdays.due_date(self.origin, offset)


def in_workdays(calendar_days: int) -> int:
    """Working days that a number of calendar days comes to over the year, rounded up."""
    return math.ceil(calendar_days * WORKDAYS_A_YEAR / DAYS_A_YEAR)


def frame_of(
    enrolment: Enrolment, progress: Mapping[str, Progress], *, today: dt.date | None = None,
    view: PlanView | None = None,
) -> Frame:
    """The plan of an enrolment on the calendar, promise for every length."""
    now = today or timing.business_day(timing.now())
    view = view or build_plan(enrolment.package_version, enrolment.facts, options=frozenset(enrolment.options))
    days, stated = (enrolment.works_days, True) if enrolment.works_days else (
        works_period(enrolment.package_version.package.code, now), False
    )
    # the facts of today's plan stand in the archive; what no longer applies keeps nobody waiting
    here = {code: step for code, step in progress.items() if code in view.codes}
    begun = [step.started_on for step in here.values() if step.started_on]
    origin = min([*begun, now])
    origin = workdays.next_workday(origin)
    known = {code: given for code, step in here.items() if (given := _known(step, origin))}
    rows = [*(m.entry for m in view.matters), _works_row(view, days)]
    known.update(_works_known(view, here, known, origin))
    floor = workdays.workdays_between(origin, now)
    net = network(rows, known, floor)
    return Frame(
        enrolment, view, origin, now, floor, net, lengths_of(view, net), days, stated, here,
    )


def lengths_of(view: PlanView, net: Network) -> dict[str, int]:
    """The working days that each row takes by its promise."""
    calendar = {m.code for m in view.matters if m.definition.unit == DayUnit.CALENDAR}
    return {
        row.code: in_workdays(row.road_days) if row.code in calendar else row.road_days for row in net.rows
    }


def _works_row(view: PlanView, days: int) -> Row:
    """The building: side by side with the inspections on the site, or ahead of the acceptance where there are none."""
    beside = next((m.entry.step for m in view.matters if m.code == INSPECTION), 0)
    return Row(WORKS, STAGES.index("acceptance"), beside, "", 0, in_workdays(days))


def _known(step: Progress, origin: dt.date) -> Known | None:
    if step.started_on is None:
        return None
    start = workdays.workdays_between(origin, step.started_on)
    if step.ended_on is None:
        return Known(start)
    end = workdays.workdays_between(origin, step.ended_on)
    return Known(min(start, end), end)


def _works_known(
    view: PlanView, progress: Mapping[str, Progress], known: Mapping[str, Known], origin: dt.date
) -> dict[str, Known]:
    """Works run once the main lane before them is done, and are over when the joint acceptance is asked for."""
    before = [m.code for m in view.matters if m.entry.stage < STAGES.index("acceptance") and not m.entry.lane]
    ends = [known[code].end for code in before if code in known]
    started = [end for end in ends if end is not None]
    accepting = [
        step.started_on for m in view.matters
        if m.definition.parallel_group == "H" and (step := progress.get(m.code)) and step.started_on
    ]
    if accepting:
        end = workdays.workdays_between(origin, min(accepting))
        return {WORKS: Known(min([*started, end]), end)}
    if before and len(started) == len(before):
        return {WORKS: Known(max(started))}
    return {}


# The dated plan ------------------------------------------------------------------------------------------------------


def schedule_from(
    enrolment: Enrolment, progress: Mapping[str, Progress], *, today: dt.date | None = None,
    view: PlanView | None = None,
) -> Schedule:
    """The dated plan of an enrolment whose project and package version are read. No query."""
    frame = frame_of(enrolment, progress, today=today, view=view)
    found = timing_of(frame.net, frame.lengths)
    rows = tuple(_row(frame, found, matter) for matter in frame.view.matters)
    first, last = frame.origin, frame.day(max(slot.end for slot in found.slots.values()))
    opening = [row for row in rows if row.starts_works]
    started = any(row.done for row in opening)
    works = found.slots[WORKS]
    project = enrolment.project
    main = [row for row in rows if not row.lane]
    delivered = bool(main) and all(row.done for row in main)
    return Schedule(
        project.pk, project.name, project.code, enrolment.package_version.name, enrolment.revision,
        frozenset(enrolment.options), frame.today, frame.origin, rows, _stages(frame, found, rows),
        Works(
            frame.works_days, frame.works_stated, frame.day(works.start), frame.day(works.end),
            frame.net.is_done(WORKS),
        ),
        _works_start(frame, found, opening), frame.view.works_start, started, frame.day(sum(found.stage_days)),
        delivered, workdays.has_provisional(first, last),
    )


def _works_start(frame: Frame, found: Timing, opening: Sequence[ScheduleRow]) -> dt.date | None:
    """The day works may start; once a permit that allows it is there, the day of the first."""
    done = [row.on_date for row in opening if row.done]
    if done:
        return min(done)
    return None if found.works_start is None else frame.day(found.works_start)


def _stages(frame: Frame, found: Timing, rows: Sequence[ScheduleRow]) -> tuple[StageTotal, ...]:
    totals = []
    for n, stage in enumerate(frame.view.stages):
        here = [row for row in rows if row.stage == stage.stage]
        main = [row for row in here if not row.lane]
        opens = frame.day(sum(found.stage_days[:n]))
        totals.append(
            StageTotal(
                stage.stage, MatterStage(stage.stage).label, len(here), sum(row.done for row in here), stage.days,
                stage.published, stage.road_days, min([row.earliest_start for row in main], default=opens),
                max([row.earliest_finish for row in main], default=opens),
            )
        )
    return tuple(totals)


def _row(frame: Frame, found: Timing, matter: MatterView) -> ScheduleRow:
    slot, promised = found.slots[matter.code], matter.slot
    step = frame.progress.get(matter.code, _NOTHING)
    is_free, is_free_promise = slot.slack >= FREE // 2, promised.slack >= FREE // 2
    finish = step.ended_on or frame.day(slot.end)
    start = step.started_on or frame.day(slot.start)
    definition = matter.definition
    return ScheduleRow(
        code=matter.code, name=matter.name, department=definition.lead.name, department_code=definition.lead.code,
        stage=definition.stage, stage_label=MatterStage(definition.stage).label, lane=slot.lane, step=slot.step,
        kind=definition.kind, time_owner=time_owner(matter), days=matter.days, days_label=matter.days_label,
        counted=matter.is_counted, start_day=promised.start, finish_day=promised.end,
        latest_start_day=None if is_free_promise else promised.start + promised.slack,
        latest_finish_day=None if is_free_promise else promised.end + promised.slack,
        earliest_start=start, earliest_finish=finish,
        latest_start=None if is_free else frame.day(slot.start + slot.slack),
        latest_finish=None if is_free else frame.day(slot.end + slot.slack),
        float_days=slot.slack, critical=slot.is_critical, state=step.state, done=step.ended_on is not None,
        running=step.state in CASE_OPEN, on_date=finish, actual=(step.started_on, step.ended_on),
        milestone=definition.is_milestone, starts_works=definition.starts_works, required=matter.required,
        condition=matter.condition, prerequisites=matter.prerequisites,
        materials=tuple(
            Material(
                m.name, m.form_label, m.source, m.source_label, m.is_submitted, m.deferral_days,
                m.is_submitted and definition.commitment_allowed,
            )
            for m in matter.materials
        ),
        deferrable=definition.deferral_allowed, committable=definition.commitment_allowed,
        committed=matter.committed, fee=fee_words(matter.code, frame.today),
    )


_NOTHING = Progress(CaseState.DRAFT, None, None)


def time_owner(matter: MatterView) -> str:
    """Whose time a matter takes: government, applicant, market, intermediary or utility."""
    return _OWNER_OF_MATTER.get(matter.code) or _OWNER_OF_KIND.get(MatterKind(matter.definition.kind), "government")
