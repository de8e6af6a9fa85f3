"""When works may start and when the project is handed over: a thousand runs of the one rule over true durations. Pure.

Each run draws for every matter that is not done one of the times that matter really took here; where too few are known
it takes the promise. The numbers drawn are the same for every project and every plan (`_draws`), so that two forecasts
differ only by what differs between them, and the same plan is foreseen the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from packages.planning.engine import Network, forward, works_day
from packages.planning.schedule import WORKS

if TYPE_CHECKING:
    from packages.planning.schedule import Frame

#: Nine runs in ten lie between these shares of all.
EARLY, MIDDLE, LATE = 0.05, 0.5, 0.95
RUNS = 1000
Days = Any  # working days, one number or one for each run


@dataclass(frozen=True, slots=True)
class Spread:
    """A day of the plan, counted from the first application: nine runs in ten lie between `early` and `late`."""

    early: int
    middle: int
    late: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a thousand runs say. `opening` is None without a matter that allows works to start.

    `mover` is the matter that would bring the day forward most, were it done at once, and `gain` by how many working
    days: of the opening while that lies ahead, else of the delivery. `from_history` are the matters drawn from true
    times, `from_promise` those that stand on the promise. `critical` is the share of runs in which a matter decides.
    """

    opening: Spread | None
    delivery: Spread
    mover: str
    gain: int
    from_history: tuple[str, ...]
    from_promise: tuple[str, ...]


@lru_cache(maxsize=256)
def _draws(code: str, runs: int) -> Any:
    """Numbers between 0 and 1 for a matter, the same ones always."""
    return np.random.default_rng(zlib.crc32(code.encode())).random(runs)


def sample(known: Sequence[int], elapsed: int, code: str, runs: int) -> Days:
    """Draw from the times known; of a matter that runs, from those longer than it has taken already.

    What has taken longer than any before may end any day: it is given one to half the usual time more.
    """
    times = np.asarray(known)
    if elapsed:
        longer = times[times > elapsed]
        times = longer if len(longer) else elapsed + 1 + times // 2
    return times[(_draws(code, runs) * len(times)).astype(np.intp)]


def outlook_of(frame: Frame, history: Mapping[str, Sequence[int]], *, least: int, runs: int = RUNS) -> Outlook:
    """Foresee the opening and the delivery of a plan on the calendar.

    `history` are the true working days of matters by code; fewer than `least` of them are no history.
    """
    net = frame.net
    lengths: dict[str, Days] = dict(frame.lengths)
    usual: dict[str, int] = dict(frame.lengths)
    drawn, promised = [], []
    for row in net.rows:
        code = row.code
        if net.is_done(code) or code == WORKS:
            continue
        times = history.get(code, ())
        if len(times) >= least:
            given = net.known.get(code)
            lengths[code] = sample(times, net.floor - given.start if given else 0, code, runs)
            usual[code] = round(float(np.median(lengths[code])))
            drawn.append(code)
        else:
            promised.append(code)
    _, ends = forward(net, lengths, np.maximum)
    opening = works_day(net, ends, np.minimum)
    is_open = any(row.starts_works and net.is_done(row.code) for row in net.rows)
    mover, gain = _mover(net, usual, is_open=is_open or opening is None)
    return Outlook(
        None if opening is None else _spread(opening), _spread(_last(net, ends)), mover, gain, tuple(drawn),
        tuple(promised),
    )


def _last(net: Network, ends: Mapping[str, Days]) -> Days:
    """The day on which everything on the main lane is done."""
    found: Days = 0
    for row in net.rows:
        if not row.lane:
            found = np.maximum(found, ends[row.code])
    return found


def _spread(days: Days) -> Spread:
    """The share of runs as whole days that occurred in a run."""
    if np.ndim(days) == 0:
        return Spread(int(days), int(days), int(days))
    order = np.sort(days)
    at = [order[min(len(order) - 1, int(share * len(order)))] for share in (EARLY, MIDDLE, LATE)]
    return Spread(*(int(day) for day in at))


def _mover(net: Network, usual: Mapping[str, int], *, is_open: bool) -> tuple[str, int]:
    """The matter whose being done at once gains most; one pass of the rule with a column for each matter."""
    asked = [row.code for row in net.rows if not net.is_done(row.code) and row.code != WORKS and usual[row.code]]
    if not asked:
        return "", 0
    columns = len(asked) + 1  # the last is the plan as it is
    lengths: dict[str, Days] = dict(usual)
    for n, code in enumerate(asked):
        days = np.full(columns, usual[code])
        days[n] = 0
        lengths[code] = days
    _, ends = forward(net, lengths, np.maximum)
    day = _last(net, ends) if is_open else works_day(net, ends, np.minimum)
    if np.ndim(day) == 0:
        return "", 0
    gains = day[-1] - day[:-1]
    best = int(np.argmax(gains))
    return (asked[best], int(gains[best])) if gains[best] > 0 else ("", 0)
