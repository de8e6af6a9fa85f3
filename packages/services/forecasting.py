"""The forecast of each project, kept as a series; what is forecast anew and why (handbook D2).

A project is forecast when its chain of events has grown since the last time, and every `idle_days` while nothing
happens, since a plan that stands still slips. A point is added to the series only when something in it is new.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from archives.models import PublicView
from packages.models import Enrolment, Forecast, ForecastMark, IntermediaryService, Matter, MatterCase, MatterHistory
from packages.planning.engine import forward
from packages.planning.forecast import Outlook, Spread, outlook_of
from packages.planning.schedule import Frame, Progress, cases_for, frame_of, progress_of
from packages.planning.terms import term
from packages.states import CASE_PASSED, Handling
from projects import timing, workdays
from projects.jobs import BAD_ROW
from projects.models import Event, Project
from projects.models.log import JobRun
from projects.states import ProjectStatus, Stage

CHUNK = 100
#: A run ends by itself well before the worker would be stopped; what is left is for the next one, a minute later.
RUN_SECONDS = 180.0
#: Of each matter so many of its newest cases are kept.
MOST_CASES = 200
MONTH_DAYS = 31
#: Events that move a plan come before others as the reason of a change.
CAUSES = (
    "case.decided", "case.closed_outside", "case.accepted", "case.received", "case.correction_started",
    "case.correction_ended", "case.special_started", "case.special_ended", "case.revoked", "case.recalled",
    "case.withdrawn", "case.refused_intake", "case.not_taken", "project.plan_chosen", "project.facts_changed",
    "project.enrolled", "project.resumed", "project.stage_moved",
)
FIRST, SLIPPED = "首次预测", "没有新的进展，日子随之后移"


# How long matters took -----------------------------------------------------------------------------------------------


def refresh_history(*, today: dt.date | None = None) -> int:
    """Keep anew how long each matter took in the last months; return how many matters have cases. Four queries.

    Counted are cases that ran on the portal from receipt to a grant, and services of intermediaries from contract to
    delivery; what else was only recorded has no beginning.
    """
    day = today or timing.today()
    since = timing.start_of_day(day - dt.timedelta(days=MONTH_DAYS * term("history_months", day)))
    decided, served = _decided(since), _served(timing.business_day(since))
    rows = []
    for matter in Matter.objects.order_by("pk").values_list("pk", flat=True):
        days = (decided.get(matter, []) + served.get(matter, []))[:MOST_CASES]
        rows.append(MatterHistory(matter_id=matter, days=days, cases=len(days), made_on=day))
    MatterHistory.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["matter"], update_fields=["days", "cases", "made_on"]
    )
    return sum(bool(row.days) for row in rows)


def _decided(since: dt.datetime) -> dict[int, list[list[int]]]:
    """How long the newest cases took to be accepted and decided, by matter, the newest first."""
    found: dict[int, list[list[int]]] = {}
    place = Window(RowNumber(), partition_by="matter__matter", order_by=("-decided_at", "-pk"))
    cases = MatterCase.objects.filter(
        state__in=CASE_PASSED, decided_at__gte=since, received_at__isnull=False
    ).exclude(handling=Handling.OUTSIDE).annotate(place=place).filter(place__lte=MOST_CASES)
    rows = cases.order_by("matter__matter", "place")
    for matter, received, accepted, decided in rows.values_list(
        "matter__matter", "received_at", "accepted_at", "decided_at"
    ):
        if received is not None and decided is not None:
            found.setdefault(matter, []).append(_took(received, accepted, decided))
    return found


def _served(since: dt.date) -> dict[int, list[list[int]]]:
    """How long services of intermediaries took from contract to delivery, by matter, the newest first."""
    found: dict[int, list[list[int]]] = {}
    done = IntermediaryService.objects.filter(contract_on__isnull=False, delivered_on__gte=since)
    rows = done.order_by("-delivered_on", "-pk").values_list("case__matter__matter", "contract_on", "delivered_on")
    for matter, begun, delivered in rows:
        if begun is not None and delivered is not None:
            found.setdefault(matter, []).append([0, workdays.workdays_between(begun, delivered)])
    return found


def _took(received: dt.datetime, accepted: dt.datetime | None, decided: dt.datetime) -> list[int]:
    middle = accepted or received
    return [workdays.workdays_between(received, middle), workdays.workdays_between(middle, decided)]


def history(*, deferred: bool = False) -> dict[str, list[int]]:
    """True working days of matters by code, sorted. One query.

    With 容缺 the time from receipt to acceptance, which is spent on missing papers, falls away.
    """
    rows = MatterHistory.objects.exclude(cases=0).values_list("matter__code", "days")
    return {code: sorted((0 if deferred else before) + after for before, after in days) for code, days in rows}


@dataclass(frozen=True, slots=True)
class Histories:
    """The true times without and with 容缺, and how many of them make a history."""

    plain: Mapping[str, Sequence[int]]
    deferred: Mapping[str, Sequence[int]]
    least: int

    def of(self, options: Iterable[str]) -> Mapping[str, Sequence[int]]:
        """Return the times that hold under these options."""
        return self.deferred if "deferral" in set(options) else self.plain


def histories() -> Histories:
    """Return all true times. Two queries."""
    return Histories(history(), history(deferred=True), term("history_least", timing.today()))


def foresee(frame: Frame, known: Histories) -> Outlook:
    """Return the outlook of a plan; committed matters are decided at once, whatever they took before."""
    times = known.of(frame.enrolment.options)
    committed = {matter.code for matter in frame.view.matters if matter.committed}
    return outlook_of(frame, {c: t for c, t in times.items() if c not in committed}, least=known.least)


# Which projects ------------------------------------------------------------------------------------------------------


def due(*, today: dt.date | None = None) -> QuerySet[Enrolment]:
    """Return the plans to be forecast: running, and new, changed, or unchanged for so long that they have slipped."""
    day = today or timing.today()
    fresh = Q(project__forecast_mark=None) | Q(project__event_seq__gt=F("project__forecast_mark__seq"))
    kept = Q(project__forecast_mark__due_on__isnull=False)
    open_ones = ~Q(project__stage=Stage.DELIVERED) | kept
    return Enrolment.objects.filter(project__status=ProjectStatus.ACTIVE).filter(
        open_ones & (fresh | Q(project__forecast_mark__due_on__lte=day))
    )


def sweep(run: JobRun, *, seconds: float = RUN_SECONDS) -> int:
    """Forecast what is due, for at most so long; return how many were looked at.

    Workers share a night: each takes the chunks in an order of its own and passes over what another has locked.
    """
    known, seen, until = histories(), 0, time.monotonic() + seconds
    keys = list(due().order_by("project_id").values_list("project_id", flat=True))
    chunks = [keys[at : at + CHUNK] for at in range(0, len(keys), CHUNK)]
    random.shuffle(chunks)
    for chunk in chunks:
        if time.monotonic() > until:
            break
        seen += len(chunk)
        run.touched += forecast_many(chunk, known=known, run=run)
    return seen


@transaction.atomic
def forecast_many(ids: Sequence[int], *, known: Histories | None = None, run: JobRun | None = None) -> int:
    """Forecast those of these projects that are due; return how many points were added. A fixed number of queries.

    Each is marked as far as its chain was read; a second worker passes over what the first has locked.
    """
    ForecastMark.objects.bulk_create(
        [ForecastMark(project_id=pk, due_on=timing.today()) for pk in ids], ignore_conflicts=True
    )
    marks = {
        mark.project_id: mark
        for mark in ForecastMark.objects.select_for_update(skip_locked=True, of=("self",)).filter(project__in=ids)
    }
    plans = due().filter(project__in=list(marks)).select_related("package_version__package", "project")
    enrolments = list(plans.order_by("project_id"))
    if not enrolments:
        return 0
    known = known or histories()
    keys = [enrolment.project_id for enrolment in enrolments]
    cases, before = cases_for(keys), _newest(keys)
    made = []
    for enrolment in enrolments:
        mark = marks[enrolment.project_id]
        try:
            fresh = _point(enrolment, progress_of(cases.get(enrolment.project_id, [])), known, mark)
        except BAD_ROW as error:
            if run is None:
                raise
            run.errors, run.note = run.errors + 1, f"{enrolment.project_id}: {error}"[:300]
            mark.seq = enrolment.project.event_seq
            continue
        if _is_news(before.get(enrolment.project_id), fresh):
            _tell_change(before.get(enrolment.project_id), fresh, mark)
            made.append(fresh)
        mark.seq = enrolment.project.event_seq
    Forecast.objects.bulk_create(made)
    PublicView.objects.filter(project__in=[point.project_id for point in made]).delete()  # computed anew when read
    ForecastMark.objects.bulk_update([marks[pk] for pk in keys], ["seq", "due_on"])
    return len(made)


def _newest(ids: Sequence[int]) -> dict[int, Forecast]:
    last = Forecast.objects.filter(project__in=ids).order_by().values("project").annotate(last=Max("pk"))
    return {f.project_id: f for f in Forecast.objects.filter(pk__in=[row["last"] for row in last])}


# One point -----------------------------------------------------------------------------------------------------------


def _point(enrolment: Enrolment, progress: Mapping[str, Progress], known: Histories, mark: ForecastMark) -> Forecast:
    """Return the unsaved forecast of a plan, and set on the mark when it is made again."""
    frame = frame_of(enrolment, progress)
    seen = foresee(frame, known)
    main = [row for row in frame.net.rows if not row.lane]
    delivered = all(frame.net.is_done(row.code) for row in main) or enrolment.project.stage == Stage.DELIVERED
    opened = any(row.starts_works and frame.net.is_done(row.code) for row in frame.net.rows)
    idle = frame.today + dt.timedelta(days=term("idle_days", frame.today))
    mark.due_on = None if delivered else max(idle, _holds_until(frame))
    opening = _dates(frame, seen.opening) if seen.opening is not None else (None, None, None)
    delivery = _dates(frame, seen.delivery)
    mover = next((m for m in frame.view.matters if m.code == seen.mover), None)
    return Forecast(
        project=enrolment.project, made_at=timing.now(), revision=enrolment.revision,
        opening_early=opening[0], opening=opening[1], opening_late=opening[2], opened=opened,
        delivery_early=delivery[0], delivery=delivery[1], delivery_late=delivery[2], delivered=delivered,
        mover=seen.mover, mover_name=mover.name if mover else "", mover_days=seen.gain,
        basis=_basis(frame, seen), holds_until=mark.due_on or frame.today,
    )


def _dates(frame: Frame, spread: Spread) -> tuple[dt.date, dt.date, dt.date]:
    return frame.day(spread.early), frame.day(spread.middle), frame.day(spread.late)


def _basis(frame: Frame, seen: Outlook) -> dict[str, Any]:
    return {
        "history": len(seen.from_history), "promise": len(seen.from_promise), "works_days": frame.works_days,
        "works_stated": frame.works_stated,
    }


def _holds_until(frame: Frame) -> dt.date:
    """The first day on which something was to begin or to end; until then the plan stands though nothing happens."""
    starts, ends = forward(frame.net, frame.lengths)
    left = [row.code for row in frame.net.rows if not frame.net.is_done(row.code)]
    if any(starts[code] <= frame.floor for code in left if code not in frame.net.known):
        return frame.today
    ahead = [day for code in left for day in (starts[code], ends[code]) if day > frame.floor]
    return frame.day(min(ahead)) if ahead else frame.today


def _is_news(last: Forecast | None, fresh: Forecast) -> bool:
    if last is None:
        return True
    compared = ("opening", "delivery", "opening_late", "delivery_late", "opened", "delivered", "revision", "mover")
    return any(getattr(last, name) != getattr(fresh, name) for name in compared)


def _tell_change(last: Forecast | None, fresh: Forecast, mark: ForecastMark) -> None:
    """Write on a point what changed it and by how much."""
    if last is None:
        fresh.cause = FIRST
        return
    event = _cause(fresh.project, mark.seq)
    fresh.event, fresh.cause = event, (event.summary or event.kind)[:200] if event is not None else SLIPPED
    fresh.opening_moved = _moved(last.opening, fresh.opening)
    fresh.delivery_moved = _moved(last.delivery, fresh.delivery)


def _cause(project: Project, seq: int) -> Event | None:
    """The newest event since the last forecast that moves a plan, else the newest of any kind."""
    if project.event_seq <= seq:
        return None
    since = Event.objects.filter(project=project, seq__gt=seq).order_by("-seq")
    return since.filter(kind__in=CAUSES).first() or since.first()


def _moved(old: dt.date | None, new: dt.date | None) -> int:
    """Working days by which a day moved: later is positive."""
    if old is None or new is None or old == new:
        return 0
    return workdays.workdays_between(old, new) if new > old else -workdays.workdays_between(new, old)
