"""Proof of a bulletin: its snapshot still gives its hash, and the event log gives the same figures once more.

The recount knows nothing of the cases' own columns: when each was accepted, paused and decided comes from the events
that had been recorded when the bulletin was frozen; the working days are counted anew. Pure reads.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from acceptance.models import AcceptanceApplication
from acceptance.states import AcceptanceState
from agency.bulletin import INDICATORS
from agency.bulletin_content import period_for
from agency.bulletin_counting import median, percentile_90, say
from agency.bulletin_facts import label_of
from agency.bulletin_scope import scope_of
from agency.bulletin_snapshot import is_untouched, snapshot_of
from agency.bulletin_states import FigureGroup
from agency.models import Bulletin
from packages.models import MatterCase
from packages.states import Handling
from projects import timing, workdays
from projects.events import subject_of, verify_chain
from projects.models import Event
from projects.rounding import half_up, mean, percent
from projects.status_codes import StatusCode

if TYPE_CHECKING:
    from agency.bulletin_periods import Period

#: National codes (standards §4): what begins and ends a pause, what decides, what ends without a decision.
PAUSES = {
    StatusCode.CORRECTION_STARTED: StatusCode.CORRECTION_ENDED,
    StatusCode.SPECIAL_STARTED: StatusCode.SPECIAL_ENDED,
}
#: While the joint acceptance is in one of these, the owner mends and the clocks of its cases stand.
MENDING = frozenset({AcceptanceState.DOC_RECTIFYING, AcceptanceState.RECTIFYING})
DECIDES = frozenset({StatusCode.PASSED, StatusCode.PASSED_DEFERRED, StatusCode.FAILED})
ENDS = frozenset({StatusCode.WITHDRAWN, StatusCode.NOT_TAKEN, StatusCode.REFUSED_INTAKE, StatusCode.RECALLED})
CHUNK = 5000


@dataclass(slots=True)
class Told:
    """What the events tell of one case."""

    accepted_at: dt.datetime | None = None
    decided_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    pauses: list[tuple[dt.datetime, dt.datetime | None]] = field(default_factory=list)
    open_since: dict[int, dt.datetime] = field(default_factory=dict)

    def hear(self, code: int, at: dt.datetime) -> None:
        """Take in one event."""
        if code == StatusCode.ACCEPTED:
            self.accepted_at = at
        elif code in PAUSES:
            self.open_since.setdefault(PAUSES[StatusCode(code)], at)
        elif code in self.open_since:
            self.pauses.append((self.open_since.pop(code), at))
        elif code in DECIDES:
            self.decided_at = self.ended_at = at
        elif code in ENDS:
            self.ended_at = at

    def used_until(self, day: dt.date) -> int:
        """Return the working days from the acceptance to a day, less those of the union of the pauses."""
        if self.accepted_at is None:
            return 0
        start = timing.business_day(self.accepted_at)
        used = workdays.workdays_between(start, day)
        still = [(since, None) for since in self.open_since.values()]
        for since, until in _union([*self.pauses, *still], start, day):
            used -= workdays.workdays_between(since, until)
        return used


def _union(
    pauses: Iterable[tuple[dt.datetime, dt.datetime | None]], start: dt.date, end: dt.date
) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield the days of the pauses within start and end, overlapping ones together."""
    days = sorted(
        (max(timing.business_day(since), start), min(timing.business_day(until), end) if until else end)
        for since, until in pauses
    )
    reach = start
    for since, until in days:
        if until > max(since, reach):
            yield max(since, reach), until
        reach = max(reach, until)


@dataclass(frozen=True, slots=True)
class Check:
    """One figure as frozen and as recounted, with the cases that only one of the two counts."""

    name: str
    unit: str
    frozen: str
    again: str
    only_frozen: tuple[int, ...]
    only_again: tuple[int, ...]

    @property
    def holds(self) -> bool:
        """Return whether both agree."""
        return self.frozen == self.again and not self.only_frozen and not self.only_again


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the snapshot is untouched, the log is whole, and every figure comes out the same."""

    bulletin: Bulletin
    is_untouched: bool
    broken_link: str
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Return whether everything agrees."""
        return self.is_untouched and not self.broken_link and all(check.holds for check in self.checks)


def prove(bulletin: Bulletin) -> Proof:
    """Return the proof of a frozen bulletin: hash, chain of its centre, the totals counted again from the events.

    The hash is that which the event of the freezing tells: it stands in the chain, where nobody writes it anew.
    """
    figures = snapshot_of(bulletin).figures
    again = recount(bulletin)
    checks = []
    for key, (value, ids) in again.items():
        figure = figures[FigureGroup.TOTAL, 0, key]
        frozen, counted = set(figure.numerator_ids), set(ids)
        checks.append(
            Check(
                INDICATORS[key].name,
                INDICATORS[key].unit,
                say(figure.value),
                say(value),
                tuple(sorted(frozen - counted)),
                tuple(sorted(counted - frozen)),
            )
        )
    broken = verify_chain(f"organisation:{bulletin.centre_id}")
    untouched = is_untouched(bulletin) and bulletin.snapshot_hash == _recorded_hash(bulletin)
    return Proof(bulletin, untouched, broken.reason if broken else "", tuple(checks))


def _recorded_hash(bulletin: Bulletin) -> str:
    """Return the hash as the event of the freezing tells it; empty where there is no such event."""
    subject_type, subject_key = subject_of(bulletin)
    told = Event.objects.filter(kind="bulletin.frozen", subject_type=subject_type, subject_key=subject_key)
    data = told.order_by("-pk").values_list("data", flat=True).first() or {}
    return str(data.get("hash", ""))


def recount(bulletin: Bulletin) -> dict[str, tuple[Decimal | None, tuple[int, ...]]]:
    """Return the totals of a bulletin from the events that were recorded when it was frozen: key -> (value, cases)."""
    period = period_for(bulletin)
    scope = scope_of(bulletin.series, bulletin.centre, bulletin.region)
    ours = MatterCase.objects.filter(scope.projects(), scope.stages()).exclude(handling=Handling.OUTSIDE)
    limits = {
        pk: limit + (longer or 0)
        for pk, limit, longer in ours.values_list("pk", "promised_days", "promised_clock__extensions")
    }
    told = _listen(bulletin, period, limits)
    accepted = [pk for pk, one in told.items() if one.accepted_at and period.start <= one.accepted_at < period.end]
    decided = {
        pk: one.used_until(timing.business_day(one.decided_at))
        for pk, one in told.items()
        if one.decided_at and period.start <= one.decided_at < period.end
    }
    running = [pk for pk, one in told.items() if one.accepted_at and one.ended_at is None]
    late = [pk for pk, used in decided.items() if used > limits[pk]]
    late += [pk for pk in running if told[pk].used_until(period.counted_to) > limits[pk]]
    in_time = [pk for pk, used in decided.items() if used <= limits[pk]]
    used_days = list(decided.values())
    keys = tuple(decided)
    return {
        "accepted": (Decimal(len(accepted)), tuple(accepted)),
        "decided": (Decimal(len(decided)), keys),
        "running": (Decimal(len(running)), tuple(running)),
        "on_time": (half_up(percent(len(in_time), len(decided))) if decided else None, tuple(in_time)),
        "mean_days": (half_up(mean(used_days)) if decided else None, keys),
        "median_days": (half_up(median(used_days)) if decided else None, keys),
        "p90_days": (half_up(percentile_90(used_days)) if decided else None, keys),
        "overdue": (Decimal(len(late)), tuple(late)),
    }


def _listen(bulletin: Bulletin, period: Period, limits: dict[int, int]) -> dict[int, Told]:
    """Return what the events of the cases tell until the end of the period, as known at the freezing."""
    until = bulletin.frozen_at or timing.now()
    events = Event.objects.filter(
        subject_type=label_of(MatterCase),
        status_code__isnull=False,
        happened_at__lt=period.end,
        recorded_at__lte=until,
    )
    rows = events.order_by("pk").values_list("subject_key", "status_code", "happened_at")
    told: dict[int, Told] = {}
    for key, code, at in rows.iterator(chunk_size=CHUNK):
        pk = int(key)
        if pk in limits and code is not None:
            told.setdefault(pk, Told()).hear(code, at)
    _listen_at_sites(told, period, until)
    return told


def _listen_at_sites(told: dict[int, Told], period: Period, until: dt.datetime) -> None:
    """Add the time of the owner's mending, which the events of the joint acceptance tell, to its cases."""
    cases_of: dict[int, list[int]] = defaultdict(list)
    carried = AcceptanceApplication.objects.exclude(application=None).values_list("pk", "application__cases")
    for acceptance, case in carried:
        if case in told:
            cases_of[acceptance].append(case)
    moves = Event.objects.filter(
        subject_type=label_of(AcceptanceApplication),
        subject_key__in=[str(pk) for pk in cases_of],
        happened_at__lt=period.end,
        recorded_at__lte=until,
    )
    since: dict[int, dt.datetime] = {}
    for key, data, at in moves.order_by("pk").values_list("subject_key", "data", "happened_at"):
        pk, state = int(key), (data.get("state") or ["", ""])[1]
        if state in MENDING:
            since.setdefault(pk, at)
        elif state and pk in since:
            _add_pause(told, cases_of[pk], since.pop(pk), at)
    for pk, at in since.items():
        _add_pause(told, cases_of[pk], at, None)


def _add_pause(told: dict[int, Told], cases: list[int], since: dt.datetime, end: dt.datetime | None) -> None:
    for case in cases:
        told[case].pauses.append((since, end))
