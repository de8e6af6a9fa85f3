"""What is measured turn by turn beside something bare: subjects, their medians, and what is promised of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gaige.scale.visitor import Answer

WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised of something, and whether it is kept."""

    words: str
    is_kept: bool

    def __str__(self) -> str:
        """Return the line that is printed."""
        return f"{'PASS' if self.is_kept else 'FAIL'} {self.words}"


class Beside:
    """What took so many seconds beside something bare; the dataclass that inherits has both."""

    __slots__ = ()
    seconds: float
    bare_seconds: float

    @property
    def ratio(self) -> float:
        """How many times the bare one it takes."""
        return self.seconds / self.bare_seconds


@dataclass(slots=True)
class Subject:
    """What is measured: the real request, the bare one beside it, and what is promised of it."""

    name: str
    real: Callable[[], Answer]
    bare: Callable[[], Answer]
    most_queries: int | None = None
    most_ratio: float | None = None
    most_bytes: int | None = None
    is_page: bool = True
    answers: list[Answer] = field(default_factory=list)
    bare_answers: list[Answer] = field(default_factory=list)

    def take_turn(self) -> None:
        """Ask once for the real and once for the bare one."""
        self.answers.append(self.real())
        self.bare_answers.append(self.bare())


@dataclass(frozen=True, slots=True)
class Figure:
    """The result of one subject; times are medians in milliseconds.

    `queries` are the most of any turn, `usual` the median.
    """

    name: str
    real_ms: float
    bare_ms: float
    queries: int
    usual: int
    kilobytes: float
    promises: tuple[Promise, ...]

    @property
    def ratio(self) -> float:
        """How many bare ones the real one takes."""
        return self.real_ms / self.bare_ms


def median_ms(answers: Sequence[Answer]) -> float:
    """Return the median time of some answers in milliseconds."""
    return statistics.median(answer.seconds for answer in answers) * 1000


def figure_of(subject: Subject) -> Figure:
    """Return the medians of a subject and what becomes of its promises."""
    real, bare = median_ms(subject.answers), median_ms(subject.bare_answers)
    queries = max(answer.queries for answer in subject.answers)
    usual = statistics.median_low(answer.queries for answer in subject.answers)
    size = max(len(answer.body) for answer in subject.answers)
    told: list[tuple[str, bool]] = []
    if (most := subject.most_queries) is not None:
        told.append((f"{queries} queries, promised {most}", queries <= most))
    if (times := subject.most_ratio) is not None:
        told.append((f"{real / bare:.2f} times the bare one, promised under {times:.0f}", real / bare < times))
    if (room := subject.most_bytes) is not None:
        told.append((f"{size / 1024:.1f} KB, promised under {room // 1024}", size < room))
        told.append(("without a script", not any(b"<script" in answer.body for answer in subject.answers)))
    promises = tuple(Promise(f"{subject.name}: {words}", is_kept) for words, is_kept in told)
    return Figure(subject.name, real, bare, queries, usual, size / 1024 if subject.is_page else 0.0, promises)


def measure(subjects: Sequence[Subject], rounds: int, seconds: float) -> None:
    """Take the subjects in turn, `rounds` times or until `seconds` are over; the first turns only warm up."""
    deadline = time.monotonic() + seconds
    for turn in range(WARM_UP + rounds):
        for subject in subjects:
            subject.take_turn()
            if turn == WARM_UP - 1:
                subject.answers.clear()
                subject.bare_answers.clear()
        if time.monotonic() > deadline and turn >= WARM_UP:
            return


def same_at_both_sizes(figures: Sequence[Figure]) -> list[Promise]:
    """Return of each list whether its number of queries is the same whatever the rows that it shows."""
    queries = {figure.name: figure.usual for figure in figures}
    pairs = [(name, name.replace(", 20 rows", ", 100 rows")) for name in queries if name.endswith(", 20 rows")]
    return [
        Promise(f"{small}: {queries[small]} queries, {queries[large]} at 100 rows", queries[small] == queries[large])
        for small, large in pairs
    ]


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table of Markdown."""
    lines = [
        "| what | median ms | bare ms | ratio | queries | KB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for one in figures:
        size = f"{one.kilobytes:.1f}" if one.kilobytes else ""
        lines.append(
            f"| {one.name} | {one.real_ms:.1f} | {one.bare_ms:.1f} | {one.ratio:.2f} | {one.queries} | {size} |"
        )
    return "\n".join(lines)
