"""The benchmark: real pages and writes beside bare ones, turn by turn, on a portal of the size of a city.

`python3 dev.py bench` prepares a PostgreSQL of its own and runs `manage.py bench`. An empty portal is filled by
`synthesize` first. Only ratios and numbers of queries are promised: both halves of a ratio are taken from one server
in one run. It ends with 1 when a promise is missed.
"""

from __future__ import annotations

import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path

from django.db import connection

from archives.models import QrToken
from archives.states import TokenState
from gaige.demo.people import PASSWORD, REGION
from gaige.scale.archives import FEW, MANY, PAGE_RATIO, measure_archive, prepare_archives
from gaige.scale.bulletins import measure_bulletin
from gaige.scale.planning import measure_planning
from gaige.scale.rates import measure_rates
from gaige.scale.reviews import measure_reviews
from gaige.scale.sweeps import measure_sweep
from gaige.scale.synthesize import project_code, projects_for, synthesize
from gaige.scale.visitor import Answer, Visitor
from packages.models import MatterCase
from packages.states import CaseState
from projects.models import Organisation, Project

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
LIST_QUERIES, PROJECT_QUERIES, PUBLIC_QUERIES, ARCHIVE_QUERIES = 15, 25, 6, 20
LIST_RATIO = WRITE_RATIO = 3.0
#: The cockpit stays under twenty queries, and its list as the work list.
COCKPIT_QUERIES, COCKPIT_RATIO = 19, 3.0
PUBLIC_BYTES = 30 * 1024
#: At 60 % of the rate of the bare page.
PUBLIC_RATIO = 1 / 0.6
WARM_UP = 3
#: Codes of the projects that the benchmark registers: beyond those of any city.
OWN_CODES = 9_700_000
#: Accepted cases of one turn, and projects that are written barely.
ACCEPTED_EACH, BARELY_EACH = 2, 3
GROWTH_RATIO = 1.25


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised of something, and whether it is kept."""

    words: str
    is_kept: bool

    def __str__(self) -> str:
        """Return the line that is printed."""
        return f"{'PASS' if self.is_kept else 'FAIL'} {self.words}"


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


def figure_of(subject: Subject) -> Figure:
    """Return the medians of a subject and what becomes of its promises."""
    real = statistics.median(answer.seconds for answer in subject.answers) * 1000
    bare = statistics.median(answer.seconds for answer in subject.bare_answers) * 1000
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


# Subjects --------------------------------------------------------------------------------------------------------


def page(  # noqa: PLR0913 - what is asked, and what is promised of it
    name: str, visitor: Visitor, path: str, *, bare: str = "/bare/page/", queries: int, ratio: float | None = None,
    most_bytes: int | None = None,
) -> Subject:
    """Return a page beside a bare one of the same rows and bytes."""
    first = visitor.get(path)
    rows, size = max(1, first.body.count(b"<tr")), len(first.body)
    written = len(visitor.get(f"{bare}?rows={rows}&bytes={size}").body)
    address = f"{bare}?rows={rows}&bytes={size + size - written}"
    return Subject(
        name, lambda: visitor.get(path), lambda: visitor.get(address), most_queries=queries, most_ratio=ratio,
        most_bytes=most_bytes,
    )


def pages(people: dict[str, Visitor]) -> list[Subject]:
    """Return the pages that are measured."""
    whole = MatterCase.objects.filter(state=CaseState.DRAFT).select_related("project").order_by("pk")[0].project
    token = QrToken.objects.get(project=whole).token
    clerk, agent, director, public = (people[name] for name in ("clerk", "agent", "director", "public"))
    office = people["office"]
    archived = archive_projects()
    found = [
        page(f"{label}, {size} rows", visitor, f"{path}size={size}", queries=LIST_QUERIES, ratio=LIST_RATIO)
        for label, visitor, path in (
            ("work list of the clerk", clerk, "/desk/?"),
            ("work list, all open cases", clerk, "/desk/?tab=all&"),
            ("project list of the clerk", clerk, "/projects/?"),
            ("project list of the agent", agent, "/projects/?"),
        )
        for size in (20, 100)
    ]
    return [
        *found,
        *(
            page(f"cockpit of the {label}", visitor, "/cockpit/", queries=COCKPIT_QUERIES, ratio=COCKPIT_RATIO)
            for label, visitor in (("director", director), ("reform office", office))
        ),
        page("list behind a figure", director, "/cockpit/lists/cases/?tab=red", queries=LIST_QUERIES, ratio=LIST_RATIO),
        page("project page, clerk", clerk, f"/projects/{whole.pk}/", queries=PROJECT_QUERIES),
        page("project page, agent", agent, f"/projects/{whole.pk}/", queries=PROJECT_QUERIES),
        page("project page, director", director, f"/projects/{whole.pk}/", queries=PROJECT_QUERIES),
        *(
            page("project page, owner", people["owner"], f"/projects/{own.pk}/", queries=PROJECT_QUERIES)
            for own in Project.objects.filter(owner__memberships__user__username="owner").order_by("pk")[:1]
        ),
        *(
            page(f"archive page, {count} documents", clerk, f"/projects/{pk}/archive/", queries=ARCHIVE_QUERIES)
            for pk, count in zip(archived, (FEW, MANY), strict=True)
        ),
        page(
            "public page behind the code", public, f"/q/{token}/", bare="/bare/public/", queries=PUBLIC_QUERIES,
            ratio=PUBLIC_RATIO,
            most_bytes=PUBLIC_BYTES,
        ),
    ]


def archive_projects() -> list[int]:
    """Return two projects that nothing else is measured on, with few and with many documents in their archives."""
    rows = list(Project.objects.order_by("pk")[:2])
    prepare_archives(rows)
    return [row.pk for row in rows]


def same_page_with_many(figures: Sequence[Figure]) -> list[Promise]:
    """Return whether the page of an archive with many documents takes little more than that with few."""
    taken = {figure.name: figure.real_ms for figure in figures}
    few, many = (taken[f"archive page, {count} documents"] for count in (FEW, MANY))
    words = f"archive page with {MANY} documents: {many / few:.2f} times that with {FEW}, promised {PAGE_RATIO}"
    return [Promise(words, many / few <= PAGE_RATIO)]


def writes(people: dict[str, Visitor], most: int) -> list[Subject]:
    """Return the writes that are measured, and a list right after one; each turn takes rows of its own.

    After an own event the counters above a list are counted anew and the line of the project is written anew: no ratio
    is promised of that, but it is told.
    """
    clerk = people["clerk"]
    token = clerk.token_of("/projects/new/")
    firm = Organisation.objects.filter(name__contains="建设有限公司").order_by("pk")[0]
    targets = cycle(list(Project.objects.order_by("-pk").values_list("pk", flat=True)[: BARELY_EACH * most]))
    received = MatterCase.objects.filter(state=CaseState.RECEIVED).order_by("project_id", "pk")
    cases = iter(list(received.values_list("pk", flat=True)[: ACCEPTED_EACH * most]))
    first = OWN_CODES + Project.objects.count() % 40_000  # a portal may be measured again
    numbers = iter(range(first, first + most))

    def register() -> Answer:
        number = next(numbers)
        fields = {
            "code": project_code(number), "name": f"经开区标准厂房项目{number}", "owner_uscc": firm.uscc,
            "owner_name": firm.name, "investment": "social", "region": REGION, "address": "经开区",
            "csrfmiddlewaretoken": token,
        }
        return _moved(clerk.post("/projects/new/", fields))

    def accept() -> Answer:
        return _moved(clerk.post(f"/cases/{next(cases)}/accept/", {"csrfmiddlewaretoken": token}))

    def bare() -> Answer:
        return clerk.post("/bare/write/", {"pk": str(next(targets)), "address": "经开区"})

    def accept_and_look() -> Answer:
        accept()
        return clerk.get("/desk/?size=20")

    after = page("work list right after accepting", clerk, "/desk/?size=20", queries=LIST_QUERIES)
    return [
        Subject("registering a project", register, bare, most_ratio=WRITE_RATIO, is_page=False),
        Subject("accepting a case", accept, bare, most_ratio=WRITE_RATIO, is_page=False),
        replace(after, real=accept_and_look),
    ]


def turns_for_writes(rounds: int) -> int:
    """Return how many turns of writes the portal has cases for; raises `RuntimeError` when not even one."""
    waiting = MatterCase.objects.filter(state=CaseState.RECEIVED).count()
    turns = min(rounds, waiting // ACCEPTED_EACH - WARM_UP - 1)
    if turns < 1:
        raise RuntimeError(f"{waiting} cases wait for acceptance: too few to measure, take a larger --cases")
    return turns


def _moved(answer: Answer) -> Answer:
    """A form that is shown again did not write."""
    if not answer.location:
        notices = re.sub(r"<[^>]+>|\s+", " ", answer.text)
        raise RuntimeError(f"not written: {notices[:1500]}")
    return answer


# Running ---------------------------------------------------------------------------------------------------------


@contextmanager
def server() -> Iterator[int]:
    """Run the web server as `dev.py up` does, with the bare pages beside; yield its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "gaige.wsgi:application", "--bind", f"127.0.0.1:{port}", "--worker-class",
        "gthread", "--workers", "2", "--threads", "8", "--keep-alive", "75", "--no-control-socket",
    ]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "gaige.scale.settings"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603 - our own server
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_for(process, port)
            yield port
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-4000:])
            raise
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("the web server does not answer")


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


def machine(rounds: int) -> str:
    """Return on what the figures were taken."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgresql = cursor.fetchone()[0].split()[0]
    return (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL {postgresql}, "
        f"{Project.objects.count():,} projects, {MatterCase.objects.count():,} cases, medians of {rounds} turns."
    )


def write_down(text: str) -> None:
    """Put the figures between the marks of `docs/performance.md`."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def sign_in_all(port: int) -> dict[str, Visitor]:
    """Return the visitors: four people through the login page, and somebody from the street."""
    people = {name: Visitor(port) for name in ("clerk", "agent", "owner", "director", "office", "public")}
    for name, visitor in people.items():
        if name != "public":
            visitor.sign_in(name, PASSWORD)
    return people


def run(  # noqa: PLR0913 - one argument per option
    *, projects: int, cases: int, rounds: int, seconds: float, write: bool, reviews: int = 0, clocks: int = 0,
    grow: int = 0, fixity: int = 0, forecasts: int = 0, bulletins: int = 0,
) -> int:
    """Fill an empty portal, measure, print; 1 when a promise is missed.

    `reviews`: how many joint reviews to open; `clocks`: over how many running ones to sweep; `grow`: to how many cases
    to grow before the work list is measured again; `fixity`: over how many megabytes to compare with sha256sum;
    `forecasts`: of how many open projects to forecast the days; `bulletins`: how often to freeze a month.
    """
    fill(projects, cases)
    with server() as port:
        people = sign_in_all(port)
        subjects = pages(people)
        measure(subjects, rounds, seconds / 2)
        turns = turns_for_writes(rounds)
        changing = writes(people, turns + WARM_UP + 1)  # one look before the first turn
        measure(changing, turns, seconds / 2)
        subjects += changing
        rates = measure_rates(port, f"/q/{QrToken.objects.filter(state=TokenState.ACTIVE).latest('pk').token}/")
    figures = [figure_of(subject) for subject in subjects]
    text = f"{machine(len(subjects[0].answers))}\n\n{table(figures)}\n\n{rates.words}"
    opened = measure_reviews(reviews) if reviews else None
    text += f"\n\n{opened.words}" if opened else ""
    grown, faster = measure_growth(grow, rounds, seconds / 2) if grow else ("", [])
    text += f"\n\n{grown}" if grown else ""
    swept = measure_sweep(clocks) if clocks else None
    text += f"\n\n{swept.words}" if swept else ""
    kept = measure_archive(fixity) if fixity else None
    text += f"\n\n{kept.words}" if kept else ""
    planned = measure_planning(forecasts) if forecasts else None
    text += f"\n\n{planned.words}" if planned else ""
    frozen = measure_bulletin(bulletins) if bulletins else None
    text += f"\n\n{frozen.words}" if frozen else ""
    sys.stdout.write(f"\n{text}\n\n")
    if write:
        write_down(text)
    promises = [*(one for figure in figures for one in figure.promises), *same_at_both_sizes(figures), *faster]
    promises += same_page_with_many(figures)
    for bulk in (rates, opened, swept, kept, planned, frozen):
        promises += [Promise(words, is_kept) for words, is_kept in (bulk.promises if bulk else [])]
    sys.stdout.write("".join(f"{one}\n" for one in promises))
    return 0 if all(one.is_kept for one in promises) else 1


def measure_growth(cases: int, rounds: int, seconds: float) -> tuple[str, list[Promise]]:
    """Measure the work list, grow to so many cases, measure it again; return the words and the promises."""
    sizes: list[int] = []
    taken: list[dict[str, float]] = []
    for turn in range(2):
        if turn:
            more = cases - MatterCase.objects.count()
            if more > 0:
                synthesize(projects=projects_for(more), cases=more, grow=True, tell=lambda _: None)
        with server() as port:
            lists = [one for one in pages(sign_in_all(port)) if one.name.startswith("work list")]
            measure(lists, rounds, seconds)
        sizes.append(MatterCase.objects.count())
        taken.append({figure.name: figure.real_ms for figure in map(figure_of, lists)})
    ratios = {name: taken[1][name] / taken[0][name] for name in taken[0]}
    told = ", ".join(f"{name} {taken[0][name]:.1f} -> {taken[1][name]:.1f} ms ({ratios[name]:.2f})" for name in ratios)
    promises = [
        Promise(
            f"{name} at {sizes[1]:,} cases: {ratio:.2f} times its time at {sizes[0]:,}, promised {GROWTH_RATIO}",
            ratio <= GROWTH_RATIO,
        )
        for name, ratio in ratios.items()
    ]
    return f"From {sizes[0]:,} to {sizes[1]:,} cases: {told}.", promises


def fill(projects: int, cases: int) -> None:
    """Synthesize into an empty portal."""
    if Project.objects.exists():
        return
    started = time.monotonic()
    synthesize(projects=projects, cases=cases, tell=lambda line: sys.stderr.write(f"{line}\n"))
    sys.stderr.write(f"synthesized in {time.monotonic() - started:.0f} s\n")

