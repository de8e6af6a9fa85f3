"""Page-sized reads of the joint survey, and of the steps of an acceptance against its timetable."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse

from acceptance import after_rules, data, rules, survey_rules
from acceptance.models import AcceptanceApplication, JointSurvey, PreAcceptance
from acceptance.states import TONES, AcceptanceState
from archives.models import Paper
from archives.states import PaperKind
from projects import timing, workdays
from projects.models import Building, WorkUnit
from projects.reading import read_clock

if TYPE_CHECKING:
    from acceptance.models import AcceptanceItem, RegistryHandover, SurveyedBuilding
    from projects.models import User


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One building, measured beside permitted; `share` is the difference in per cent of the permit."""

    row: SurveyedBuilding
    share: float | None
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of the timetable: planned and used working days; used is none before it has begun."""

    name: str
    planned: int
    used: int | None
    is_over: bool
    is_running: bool


WORDS = {"good": "相符", "warn": "有差异", "bad": "超限", "plain": "许可未载明"}


def area_rows(survey: JointSurvey) -> list[AreaRow]:
    """Return the buildings of a survey with their differences. One query."""
    day = timing.business_day(survey.handed_in_at or timing.now())
    found = []
    for row in survey.buildings.select_related("building"):
        if row.difference is None:
            found.append(AreaRow(row, None, "plain", WORDS["plain"]))
            continue
        permitted = float(row.permitted or 0)
        tone = data.area_tone(float(row.difference), permitted, day)
        found.append(AreaRow(row, float(row.difference) / permitted * 100 if permitted else None, tone, WORDS[tone]))
    return found


def _buildings(unit: WorkUnit) -> list[tuple[Building, AcceptanceApplication | None, str]]:
    """Return the buildings of the permit, each with its newest acceptance by itself and the tone of that."""
    found = AcceptanceApplication.objects.filter(work_unit=unit).exclude(building=None).order_by("pk")
    newest = {row.building_id: row for row in found}
    return [
        (one, (row := newest.get(one.pk)), TONES.get(row.state, "plain") if row else "none")
        for one in Building.objects.filter(work_unit=unit)
    ]


def _phases(unit: WorkUnit) -> list[dict[str, Any]]:
    """Return the works of the project, where it has phases, each with its buildings and its newest acceptance."""
    units = list(WorkUnit.objects.filter(project=unit.project).prefetch_related("buildings"))
    if len(units) == 1:
        return []
    newest = {row.work_unit_id: row for row in AcceptanceApplication.objects.filter(
        work_unit__in=units, building=None
    ).order_by("pk")}
    return [
        {"unit": one, "buildings": [building.name for building in one.buildings.all()],
         "acceptance": (found := newest.get(one.pk)), "tone": TONES.get(found.state, "plain") if found else "none"}
        for one in units
    ]


def survey_page(unit: WorkUnit, user: User) -> dict[str, Any]:
    """Return what the page of the survey shows."""
    rows = JointSurvey.objects.filter(work_unit=unit).select_related("surveyor", "clock", "report__document")
    surveys = list(rows[:5])
    newest = surveys[0] if surveys else None
    if newest is not None:
        newest.project, newest.work_unit = unit.project, unit
    pre = list(PreAcceptance.objects.filter(work_unit=unit).select_related("lead", "paper")[:10])
    for row in pre:
        row.project = unit.project
    return {
        "buildings": _buildings(unit), "survey": newest,
        "rows": area_rows(newest) if newest else [], "tone": TONES.get(newest.state, "plain") if newest else "none",
        "reading": read_clock(newest.clock) if newest and newest.clock else None,
        "kinds": [kind.name for kind in data.survey_kinds(timing.today()) if newest and kind.code in newest.kinds],
        "sub": unit.project.name if unit.is_default else f"{unit.project.name}　{unit.name}",
        "phases": _phases(unit), "can_phase": survey_rules.can_register_phase(user, unit),
        "can_buildings": survey_rules.can_record_buildings(user, unit),
        "can_commission": survey_rules.can_commission(user, unit),
        "can_hand_in": survey_rules.can_hand_in(user, newest) if newest else None,
        "can_check": survey_rules.can_check(user, newest) if newest else None,
        "can_cancel": survey_rules.can_cancel(user, newest) if newest else None,
        "can_book": after_rules.can_book(user, unit),
        "pre": [
            {"row": row, "tone": TONES.get(row.state, "plain"), "can_confirm": after_rules.can_confirm_pre(user, row),
             "can_hold": after_rules.can_hold_pre(user, row), "can_cancel": after_rules.can_cancel_pre(user, row)}
            for row in pre
        ],
    }


def step_rows(acceptance: AcceptanceApplication) -> list[StepRow]:
    """Return the steps of the timetable with what they used, without the days on which the clock stood."""
    if not acceptance.timetable or acceptance.accepted_at is None:
        return []
    handed = acceptance.application.submitted_at if acceptance.application else acceptance.applied_at
    ended = acceptance.merging_at or (acceptance.concluded_at or None)
    marks = [
        handed or acceptance.accepted_at, acceptance.accepted_at, acceptance.papers_checked_at, ended,
        acceptance.concluded_at,
    ]
    rows = []
    for step, (since, until) in zip(data.STEPS, pairwise(marks), strict=True):
        planned = int(acceptance.timetable.get(step, 0))
        used = None if since is None else _used(acceptance, since, until or timing.now())
        rows.append(StepRow(
            data.STEP_NAMES[step], planned, used, used is not None and used > planned,
            since is not None and until is None and acceptance.concluded_at is None,
        ))
    return rows


def _used(acceptance: AcceptanceApplication, since: dt.datetime, until: dt.datetime) -> int:
    days = workdays.workdays_between(since, until)
    if acceptance.clock is None:
        return days
    for pause in acceptance.clock.pauses.all():
        begun, ended = max(pause.started_at, since), min(pause.ended_at or timing.now(), until)
        if ended > begun:
            days -= workdays.workdays_between(begun, ended)
    return max(days, 0)


def _day_words(day: dt.date | None) -> str | None:
    if day is None:
        return None
    return f"{day.month}月{day.day}日" if day.year == timing.today().year else str(day)


def handover_page(made: RegistryHandover, user: User) -> dict[str, Any]:
    """Return the package with its papers, and the two dates of it side by side."""
    papers: list[tuple[str, str, str]] = []
    share = Paper.objects.filter(
        project=made.acceptance.project_id, kind=PaperKind.SURVEY_SHARE, subject_key=str(made.survey_id)
    ).order_by("-pk").first()
    named = (("多测合一成果", share), ("联合验收结论", made.conclusion), ("移交单和首次登记预填", made.paper))
    for word, paper in named:
        if paper is not None:
            papers.append((word, f"{paper.title} {paper.number}", reverse("archives:paper", args=[paper.pk])))
    both = made.keys_on and made.registered_on
    apart = (made.registered_on - made.keys_on).days if made.registered_on and made.keys_on else 0
    concluded = made.acceptance.concluded_at
    words = "同一天" if not apart else f"领证{'晚' if apart > 0 else '早'}于交房"
    return {
        "made": made, "project": made.acceptance.project, "tone": TONES.get(made.state, "plain"), "papers": papers,
        "dates": [
            {"label": "验收结论", "value": _day_words(concluded and timing.business_day(concluded)),
             "note": made.acceptance.get_state_display()},
            {"label": "交房日", "value": _day_words(made.keys_on), "note": "建设单位填报"},
            {"label": "领证日", "value": _day_words(made.registered_on), "note": made.registry.label},
            {"label": "两个日子相差", "value": abs(apart) if both else None, "unit": "天" if both else "",
             "note": words if both else "两个日子都有了以后算出"},
        ],
        "can_receive": after_rules.can_receive(user, made), "can_keys": after_rules.can_note_keys(user, made),
        "can_registered": after_rules.can_note_registered(user, made),
    }


def papers_of(item: AcceptanceItem) -> list[str]:
    """Return the papers of an item that may follow the conclusion."""
    return [row.paper for row in data.secondary_papers(item.definition.code, timing.today())]


def beside(acceptance: AcceptanceApplication, user: User) -> dict[str, Any]:
    """Return what the page of an acceptance shows beside its items: papers, late faults, facilities."""
    parts: list[list[Any]] = [
        list(acceptance.make_ups.select_related("item__organisation", "clock")),
        list(acceptance.late_faults.select_related("item__organisation")),
        list(acceptance.facilities.select_related("organisation")),
    ]
    for rows in parts:
        for row in rows:
            row.acceptance = acceptance
    owed, late, facilities = parts
    return {
        "make_ups": [
            {"row": row, "tone": TONES.get(row.state, "plain"), "can_bring": rules.can_bring(user, row),
             "can_check": rules.can_check_paper(user, row)} for row in owed
        ],
        "late_rows": [
            {"row": row, "tone": TONES.get(row.state, "plain"), "can": rules.can_decide_late(user, row)} for row in late
        ],
        "facilities": [{"row": row, "can": rules.can_confirm_facility(user, row)} for row in facilities],
        "handover": getattr(acceptance, "handover", None), "can_hand_over": after_rules.can_hand_over(user, acceptance),
        "can_refuse": rules.can_refuse_visit(user, acceptance), "can_name": rules.can_name_day(user, acceptance),
        "can_papers": rules.can_return_papers(user, acceptance), "can_back": rules.can_hand_back(user, acceptance),
        **(_after_failure(acceptance, user) if acceptance.state == AcceptanceState.FAILED else {}),
    }


def _after_failure(acceptance: AcceptanceApplication, user: User) -> dict[str, Any]:
    """Return the application that has followed a failed one, or the way to the next. One query."""
    rows = AcceptanceApplication.objects.filter(work_unit=acceptance.work_unit_id, building=acceptance.building_id)
    unit, page = acceptance.work_unit, reverse("acceptance:apply", args=[acceptance.work_unit_id])
    unit.project = acceptance.project
    asked: dict[str, int] = {"building": acceptance.building_id} if acceptance.building_id else {}
    asked |= {"comprehensive": 1} if acceptance.is_comprehensive else {}
    return {
        "again": rows.filter(pk__gt=acceptance.pk).order_by("-pk").first(), "can_apply": rules.can_apply(user, unit),
        "apply_url": f"{page}?{urlencode(asked)}" if asked else page,
    }
