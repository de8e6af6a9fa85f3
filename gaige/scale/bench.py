"""The benchmark: real pages and writes beside bare ones, turn by turn, on a portal of the size of a city.

`python3 dev.py bench` prepares a PostgreSQL of its own and runs `manage.py bench`. An empty portal is filled by
`synthesize` first. Only ratios and numbers of queries are promised, but for the crowd: both halves of a ratio are
taken from one server in one run. It ends with 1 when a promise is missed.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from django.db import connection

from archives.models import QrToken
from archives.states import TokenState
from gaige.scale.archives import measure_archive
from gaige.scale.bulletins import measure_bulletin
from gaige.scale.crowd import measure_crowd
from gaige.scale.figures import Promise, figure_of, measure, same_at_both_sizes, table
from gaige.scale.growth import Kept, keep_before, kept_before, measure_growth
from gaige.scale.pages import pages, same_page_with_many
from gaige.scale.planning import measure_planning
from gaige.scale.rates import measure_rates
from gaige.scale.reviews import measure_reviews
from gaige.scale.serving import ROOT, server, sign_in_all
from gaige.scale.sweeps import measure_sweep
from gaige.scale.synthesize import synthesize
from gaige.scale.transitions import turns_for_writes, writes
from packages.models import MatterCase
from projects.models import Project

DOCUMENT = ROOT / "docs" / "performance.md"
#: The marks between which a run stands in the page: of the city of one year, and of that of five.
MARKS = {False: "figures", True: "five years"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is measured: the city, how long, and how much of each part; 0 leaves a part out.

    `first`: the city is measured at so many cases first, then grows. `reviews`: how many joint reviews to open;
    `clocks`: over how many running ones to sweep; `fixity`: over how many megabytes to compare with sha256sum;
    `forecasts`: of how many open projects to forecast the days; `bulletins`: how often to freeze a month; `clients`:
    how many of `accounts` are signed in and at work, for `crowd_seconds`.
    """

    projects: int
    cases: int
    first: int = 0
    rounds: int = 30
    seconds: float = 200
    pages: bool = True
    reviews: int = 0
    clocks: int = 0
    fixity: int = 0
    forecasts: int = 0
    bulletins: int = 0
    accounts: int = 0
    clients: int = 0
    crowd_seconds: float = 180
    write: bool = False


class Measured(Protocol):
    """The result of a part: a paragraph, and what became of its promises."""

    @property
    def words(self) -> str:
        """The figures as a paragraph of Markdown."""

    @property
    def promises(self) -> Iterable[tuple[str, bool]]:
        """What was promised, and whether it is kept."""


def run(wanted: Wanted) -> int:
    """Fill an empty portal, measure, print; 1 when a promise is missed."""
    before = fill(wanted)
    texts, promises = [machine()], []
    for part in parts(wanted, before):
        words, kept = part()
        sys.stderr.write(f"\n{words}\n")
        texts.append(words)
        promises += kept
    text = "\n\n".join(texts)
    sys.stdout.write(f"\n{text}\n\n")
    if wanted.write:
        write_down(text, MARKS[before is not None])
    sys.stdout.write("".join(f"{one}\n" for one in promises))
    return 0 if all(one.is_kept for one in promises) else 1


Part = Callable[[], tuple[str, list[Promise]]]


def parts(wanted: Wanted, before: Kept | None) -> Iterator[Part]:
    """Yield what is measured, in its order: what changes little comes before what changes much."""
    if wanted.pages:
        yield lambda: measure_requests(wanted.rounds, wanted.seconds)
    bulks: list[tuple[object, Callable[[], Measured]]] = [
        (before, lambda: measure_growth(before or keep_before(), wanted.rounds, wanted.seconds / 2)),
        (wanted.bulletins, lambda: measure_bulletin(wanted.bulletins)),
        (wanted.clients, lambda: measure_crowd(wanted.accounts, wanted.clients, wanted.crowd_seconds)),
        (wanted.reviews, lambda: measure_reviews(wanted.reviews)),
        (wanted.fixity, lambda: measure_archive(wanted.fixity)),
        (wanted.forecasts, lambda: measure_planning(wanted.forecasts)),
        (wanted.clocks, lambda: measure_sweep(wanted.clocks)),
    ]
    for is_wanted, act in bulks:
        if is_wanted:
            yield partial(_told_of, act)


def _told_of(act: Callable[[], Measured]) -> tuple[str, list[Promise]]:
    return _told(act())


def _told(result: Measured) -> tuple[str, list[Promise]]:
    return result.words, [Promise(words, is_kept) for words, is_kept in result.promises]


def measure_requests(rounds: int, seconds: float) -> tuple[str, list[Promise]]:
    """Measure pages and writes turn by turn, and how many public pages a second there are."""
    with server() as port:
        people = sign_in_all(port)
        subjects = pages(people)
        measure(subjects, rounds, seconds / 2)
        turns = turns_for_writes(rounds)
        changing = writes(people, turns)
        measure(changing, turns, seconds / 2)
        token = QrToken.objects.filter(state=TokenState.ACTIVE).latest("pk").token
        rates = measure_rates(port, f"/q/{token}/")
    figures = [figure_of(subject) for subject in [*subjects, *changing]]
    promises = [one for figure in figures for one in figure.promises]
    promises += [*same_at_both_sizes(figures), *same_page_with_many(figures)]
    told, kept = _told(rates)
    turned = f"Medians of {len(subjects[0].answers)} turns, of {len(changing[0].answers)} for writes."
    return f"{turned}\n\n{table(figures)}\n\n{told}", [*promises, *kept]


def machine() -> str:
    """Return on what the figures were taken, and when."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgresql = cursor.fetchone()[0].split()[0]
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores (load before {load}), Python "
        f"{platform.python_version()}, PostgreSQL {postgresql}, {Project.objects.count():,} projects, "
        f"{MatterCase.objects.count():,} cases."
    )


def write_down(text: str, mark: str) -> None:
    """Put the figures between their marks in `docs/performance.md`."""
    begin, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def fill(wanted: Wanted) -> Kept | None:
    """Synthesize into an empty portal; a city that grows is kept beside as it was, and returned.

    A portal that an earlier run has filled is measured again.
    """
    if Project.objects.exists():
        return kept_before()
    if not wanted.first:
        _synthesize(wanted.projects, wanted.cases)
        return None
    _synthesize(round(wanted.projects * wanted.first / wanted.cases), wanted.first)
    before = keep_before()
    _synthesize(wanted.projects - Project.objects.count(), wanted.cases - before.cases)
    return before


def _synthesize(projects: int, cases: int) -> None:
    """Fill or grow, and leave the tables as a server that runs for a while has them."""
    started = time.monotonic()
    synthesize(
        projects=projects, cases=cases, grow=Project.objects.exists(), tell=lambda line: sys.stderr.write(f"{line}\n")
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    sys.stderr.write(f"{projects:,} projects, {cases:,} cases in {time.monotonic() - started:.0f} s\n")
