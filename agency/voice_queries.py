"""Counts of ratings, enquiries and complaints of a period, each figure with the keys of the rows it counts.

What nobody gave (默认评价) and what was misuse (不计入) stand apart: 满意率 is taken of what people said.
docs/voices.md has the definitions.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Exists, OuterRef, Q

from agency.models import FollowUp, Rating, RatingCall, Voice
from agency.voice_states import VOICE_OWED, CallOutcome, FollowState, Grade, VoiceState
from projects import timing
from projects.rounding import percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from projects.models import Organisation

Ids = tuple[int, ...]


def _rate(part: Ids, whole: Ids) -> Fraction | None:
    """Return a share in per cent, exact: whoever shows it rounds. None of nothing."""
    return percent(len(part), len(whole)) if whole else None


@dataclass(frozen=True, slots=True)
class RatingCounts:
    """Ratings given in a period. Keys are those of `Rating`; grades and channels count what people gave themselves.

    `low` are the two lowest grades, `called` those reached by real name, `mended` those replied to (`in_time` within
    their limit), `open` those still followed up, `late` those of them past their limit.
    """

    grades: dict[int, Ids]
    channels: dict[int, Ids]
    bodies: dict[int, Ids]
    given: Ids
    default: Ids
    excluded: Ids
    low: Ids
    called: Ids
    mended: Ids
    in_time: Ids
    open: Ids
    late: Ids

    @property
    def asked(self) -> Ids:
        """Everything that was rated, by people or by default."""
        return self.given + self.default

    @property
    def satisfied(self) -> Ids:
        """What people rated 基本满意 or better."""
        return tuple(pk for grade, ids in self.grades.items() if grade >= Grade.FAIR for pk in ids)

    @property
    def given_rate(self) -> Fraction | None:
        """主动评价率: given by people, of all that was rated."""
        return _rate(self.given, self.asked)

    @property
    def satisfied_rate(self) -> Fraction | None:
        """满意率: 基本满意 or better, of what people gave."""
        return _rate(self.satisfied, self.given)

    @property
    def mended_rate(self) -> Fraction | None:
        """差评整改率: replied to, of all low ones."""
        return _rate(self.mended, self.low)


class Given(NamedTuple):
    """One rating as it is counted; `follow` is the state of the follow-up of a low one."""

    pk: int
    grade: int
    channel: int | None
    is_default: bool
    is_excluded: bool
    body_id: int
    region_code: str
    follow: str | None


def ratings_given(start: dt.datetime, end: dt.datetime, *narrowed: Q) -> Iterator[Given]:
    """Yield the ratings given from `start` until before `end`, also those that count apart. One query."""
    found = Rating.objects.filter(*narrowed, given_at__gte=start, given_at__lt=end).order_by("pk")
    columns = (
        "pk", "grade", "channel", "is_default", "is_excluded", "ask__body_id", "ask__project__region_id",
        "follow_up__state",
    )
    return (Given(*row) for row in found.values_list(*columns).iterator(chunk_size=5000))


def rating_counts(start: dt.datetime, end: dt.datetime, centre: Organisation | None = None) -> RatingCounts:
    """Return the ratings given from `start` until before `end`, of one centre or of all. Two queries."""
    narrowed = [Q(ask__project__centre=centre)] if centre is not None else []
    grades: dict[int, list[int]] = {grade: [] for grade in reversed(Grade.values)}
    channels: dict[int, list[int]] = defaultdict(list)
    bodies: dict[int, list[int]] = defaultdict(list)
    apart: dict[str, list[int]] = {"given": [], "default": [], "excluded": []}
    for one in ratings_given(start, end, *narrowed):
        if one.is_excluded or one.is_default:
            apart["excluded" if one.is_excluded else "default"].append(one.pk)
            continue
        apart["given"].append(one.pk)
        grades[one.grade].append(one.pk)
        if one.channel is not None:
            channels[one.channel].append(one.pk)
        bodies[one.body_id].append(one.pk)
    low = tuple(grades[Grade.VERY_BAD] + grades[Grade.BAD])
    return RatingCounts(
        grades=_tuples(grades), channels=_tuples(channels), bodies=_tuples(bodies), given=tuple(apart["given"]),
        default=tuple(apart["default"]), excluded=tuple(apart["excluded"]), low=low, **_followed(low),
    )


def _tuples(found: dict[int, list[int]]) -> dict[int, Ids]:
    return {key: tuple(ids) for key, ids in found.items()}


def _followed(low: Ids) -> dict[str, Ids]:
    """Return how the low ones were followed up, by the keys of their ratings."""
    reached = RatingCall.objects.filter(follow_up=OuterRef("pk")).exclude(outcome=CallOutcome.UNREACHED)
    rows = FollowUp.objects.filter(rating_id__in=low).annotate(was_reached=Exists(reached)).order_by("rating_id")
    found: dict[str, list[int]] = {"called": [], "mended": [], "in_time": [], "open": [], "late": []}
    today = timing.today()
    values = rows.values_list("rating_id", "state", "was_reached", "clock__due_on", "ended_at")
    for pk, state, was_reached, due_on, ended_at in values:
        if was_reached:
            found["called"].append(pk)
        if ended_at is None:
            found["open"].append(pk)
            if due_on < today:
                found["late"].append(pk)
        elif state == FollowState.REPLIED:
            found["mended"].append(pk)
            if timing.business_day(ended_at) <= due_on:
                found["in_time"].append(pk)
    return {key: tuple(ids) for key, ids in found.items()}


@dataclass(frozen=True, slots=True)
class EnquiryCounts:
    """Enquiries and complaints asked in a period. Keys are those of `Voice`.

    `owed` wait for an answer (等待答复), `answered` have one, `in_time` had it within the limit, `late` did not or are
    past it, `followed` were asked on, `forwarded` lie or lay with a body; `silent` were closed without a word.
    """

    kinds: dict[str, Ids]
    channels: dict[str, Ids]
    bodies: dict[int, Ids]
    asked: Ids
    owed: Ids
    answered: Ids
    in_time: Ids
    late: Ids
    followed: Ids
    forwarded: Ids
    satisfied: Ids
    unsatisfied: Ids
    silent: Ids
    closed: Ids

    @property
    def in_time_rate(self) -> Fraction | None:
        """按时答复率: answered within the limit, of what was answered or is past it."""
        return _rate(self.in_time, self.in_time + self.late)

    @property
    def satisfied_rate(self) -> Fraction | None:
        """答复满意率: of those who said whether it satisfied."""
        return _rate(self.satisfied, self.satisfied + self.unsatisfied)


def enquiry_counts(start: dt.datetime, end: dt.datetime, centre: Organisation | None = None) -> EnquiryCounts:
    """Return what was asked from `start` until before `end`, at one centre or at all. One query."""
    found = Voice.objects.filter(asked_at__gte=start, asked_at__lt=end)
    if centre is not None:
        found = found.filter(centre=centre)
    parts: dict[str, list[int]] = {name: [] for name in EnquiryCounts.__dataclass_fields__ if name not in _MAPS}
    kinds: dict[str, list[int]] = defaultdict(list)
    channels: dict[str, list[int]] = defaultdict(list)
    bodies: dict[int, list[int]] = defaultdict(list)
    today = timing.today()
    for row in found.select_related("clock").order_by("pk").iterator(chunk_size=2000):
        kinds[row.kind].append(row.pk)
        channels[row.channel].append(row.pk)
        if row.forwarded_to_id:
            bodies[row.forwarded_to_id].append(row.pk)
        for name in _parts_of(row, today):
            parts[name].append(row.pk)
    return EnquiryCounts(
        kinds={key: tuple(ids) for key, ids in kinds.items()},
        channels={key: tuple(ids) for key, ids in channels.items()}, bodies=_tuples(bodies),
        **{name: tuple(ids) for name, ids in parts.items()},
    )


def enquiry_parts(
    start: dt.datetime, end: dt.datetime, centres: Sequence[Organisation]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the centre of each thing asked in a span of time, with the figures that it counts in. One query."""
    found = Voice.objects.filter(asked_at__gte=start, asked_at__lt=end, centre__in=centres).select_related("clock")
    today = timing.today()
    for row in found.order_by("pk").iterator(chunk_size=2000):
        yield row.centre_id, tuple(_parts_of(row, today))


_MAPS = ("kinds", "channels", "bodies")


def _parts_of(row: Voice, today: dt.date) -> Iterable[str]:
    """Yield the figures that a row counts in."""
    yield "asked"
    due_on = row.clock.due_on
    if row.state in VOICE_OWED:
        yield "owed"
        if due_on < today:
            yield "late"
    elif row.answered_at is not None:
        yield "answered"
        yield "in_time" if timing.business_day(row.answered_at) <= due_on else "late"
    if row.followed_count:
        yield "followed"
    if row.forwarded_to_id:
        yield "forwarded"
    if row.verdict is not None:
        yield "satisfied" if row.verdict else "unsatisfied"
    elif row.state == VoiceState.CLOSED and row.answered_at is not None:
        yield "silent"
    if row.state == VoiceState.CLOSED:
        yield "closed"
