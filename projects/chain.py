"""The chain of a project page: three stages over six joints (三段六联), and the words of the timeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from projects import timing, workdays
from projects.clock_states import ClockKind, TimeOwner
from projects.panels import JointFact, joint_facts
from projects.states import Stage

if TYPE_CHECKING:
    from projects.models import ClockSegment, Event, Project

#: Key and name of the joints of each stage (DESIGN §1).
JOINTS: dict[str, tuple[tuple[str, str], ...]] = {
    Stage.PLANNING: (("appraisal", "联合研判"), ("consultation", "联合会商"), ("assessment", "联合评估")),
    Stage.PERMIT: (("review", "联合审查"),),
    Stage.ACCEPTANCE: (("supervision", "联合监管"), ("acceptance", "联合验收")),
}
ORDER = (*JOINTS, Stage.DELIVERED)
#: Words of the first part of an event's kind, for filters.
GROUPS: dict[str, str] = {
    "project": "项目",
    "enrolment": "套餐",
    "package": "套餐",
    "application": "申报",
    "case": "办件",
    "material": "材料",
    "consultation": "联合会商",
    "service_plan": "联合会商",
    "off_list": "清单外",
    "session": "联合审查",
    "review": "审查",
    "task": "审查",
    "opinion": "意见",
    "issue": "问题清单",
    "paper": "文书",
    "document": "档案",
    "qr": "项目码",
    "token": "项目码",
    "clock": "时限",
    "acceptance": "联合验收",
    "visit": "现场验收",
    "agency": "代办",
    "assignment": "代办",
    "reminder": "提醒",
    "notification": "提醒",
    "bulletin": "通报",
    "grant": "借阅",
    "organisation": "单位",
}


@dataclass(frozen=True, slots=True)
class Joint:
    """One joint as the chain shows it."""

    name: str
    fact: str
    when: dt.date | dt.datetime | str | None
    state: str


@dataclass(frozen=True, slots=True)
class ChainStage:
    """One stage as the chain shows it."""

    name: str
    note: str
    state: str
    joints: list[Joint] = field(default_factory=list)


def chain_of(project: Project, moves: Iterable[Event]) -> list[ChainStage]:
    """Return the chain; `moves` are the events that set the stage, oldest first."""
    since = _entered(moves)
    facts = joint_facts(project)
    at = ORDER.index(Stage(project.stage))
    chain = []
    for place, (stage, joints) in enumerate(JOINTS.items()):
        state = "done" if place < at else "now" if place == at else "todo"
        rows = [_joint(name, facts.get(key, JointFact()), state) for key, name in joints]
        chain.append(ChainStage(Stage(stage).label, _note(state, since.get(stage), _next(since, place)), state, rows))
    return chain


def _joint(name: str, fact: JointFact, stage_state: str) -> Joint:
    return Joint(name, fact.fact, fact.when, fact.state or stage_state)


def _entered(moves: Iterable[Event]) -> dict[str, dt.date]:
    return {event.data["stage"][1]: timing.business_day(event.happened_at) for event in moves if "stage" in event.data}


def _next(since: dict[str, dt.date], place: int) -> dt.date | None:
    return next((since[stage] for stage in ORDER[place + 1 :] if stage in since), None)


def _note(state: str, first: dt.date | None, until: dt.date | None) -> str:
    if state == "done" and first and until:
        return f"{first:%m-%d} 至 {until:%m-%d}"
    if state == "now":
        return f"{first:%m-%d} 起，进行中" if first else "进行中"
    return "已完成" if state == "done" else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    on: dt.datetime
    title: str
    text: str
    who: str
    kind: str = ""


def entries_of(project: Project, events: Iterable[Event]) -> list[Entry]:
    """Return the timeline's lines of events, in the order given."""
    return [_entry(project, event) for event in events]


def _entry(project: Project, event: Event) -> Entry:
    entry = _told(project, event)
    return replace(entry, text=f"{entry.text}　{late_words(event)}") if event.late_days > 1 else entry


def late_words(event: Event) -> str:
    """Return the mark of what was keyed in later than one working day: 补录，晚 3 个工作日; else nothing."""
    return f"补录，晚 {event.late_days} 个工作日" if event.late_days > 1 else ""


def _told(project: Project, event: Event) -> Entry:
    who = "，".join(part for part in (event.actor_name, event.actor_organisation) if part)
    if event.on_behalf_of:
        who = f"{who}，代表{event.on_behalf_of}"
    kind = "big" if event.kind.startswith("paper.") else ""
    label, summary = event.subject_label, event.summary
    if event.subject_type == "projects.Project" and event.subject_key == str(project.pk):
        title = summary or GROUPS.get(event.kind.partition(".")[0], "项目")
        return Entry(event.happened_at, title, "", who, kind)
    if summary.startswith(label):
        return Entry(event.happened_at, label, summary.removeprefix(label), who, kind)
    if label and (label in summary or any(len(part) > 3 and part in summary for part in label.split())):
        return Entry(event.happened_at, summary, "", who, kind)
    return Entry(event.happened_at, label, f" {summary}" if summary else "", who, kind)


def group_of(kind: str) -> str:
    """Return the word of an event's kind: case.accepted -> 办件."""
    return GROUPS.get(kind.partition(".")[0], "其他")


#: A day is government's when one of these clocks runs against a body; others are parts or bounds of them.
LEDGER_KINDS = (ClockKind.INTAKE, ClockKind.PROMISED, ClockKind.ACCEPTANCE, ClockKind.SITE)
_PRIORITY = (TimeOwner.GOVERNMENT, TimeOwner.SPECIAL, TimeOwner.INTERMEDIARY, TimeOwner.APPLICANT)


def project_ledger(project: Project, segments: Sequence[ClockSegment], on: dt.date) -> dict[str, int]:
    """Return 时间账 of the whole project in working days: every day since registration belongs to exactly one owner.

    A day belongs to government while any case runs against it; else to a special procedure; else to an intermediary;
    else to the applicant. `segments` are those of the clocks of `LEDGER_KINDS`.
    """
    end = min(on, timing.business_day(project.delivered_at)) if project.delivered_at else on
    return day_ledger(segments, timing.business_day(project.registered_at), end, rest=TimeOwner.APPLICANT)


def day_ledger(segments: Iterable[ClockSegment], start: dt.date, end: dt.date, *, rest: str) -> dict[str, int]:
    """Return the working days after `start` up to and including `end` per owner; they add up to all of them.

    Where segments overlap a day belongs to government first, then to a special procedure, an intermediary, the
    applicant; where none reaches, to `rest`.
    """
    days: dict[str, set[int]] = {owner: set() for owner in _PRIORITY}
    for segment in segments:
        first = max(timing.business_day(segment.started_at), start)
        last = min(timing.business_day(segment.ended_at) if segment.ended_at else end, end)
        if last > first:
            low, high = workdays.workdays_between(start, first), workdays.workdays_between(start, last)
            days[segment.owner].update(range(low + 1, high + 1))
    ledger: dict[str, int] = dict.fromkeys(TimeOwner.values, 0)
    taken: set[int] = set()
    for owner in _PRIORITY:
        ledger[owner] = len(days[owner] - taken)
        taken |= days[owner]
    ledger[rest] += workdays.workdays_between(start, end) - len(taken)
    return ledger
