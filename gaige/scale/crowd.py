"""A city at work: many signed-in people, each opening a page every half minute, on the server as it runs in production.

Each client walks the pages of its part, in a process that does nothing else; some clerks accept what waits at the
window. What is promised is absolute: no error, and ninety-five of a hundred answers within half a second.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from gaige.scale.accounts import (
    AGENT,
    CLERK,
    OWNER,
    REVIEWER,
    Client,
    make_accounts,
    sign_in_everybody,
)
from gaige.scale.serving import server
from gaige.scale.visitor import TOKEN
from packages.models import MatterCase, ReviewTask
from packages.states import CASE_OPEN, TASK_OPEN, CaseState
from projects.models import Involvement, Membership, User

MOST_P95, PATIENCE = 0.5, 30.0
#: Seconds that somebody looks at a page.
LOOKS = (20.0, 40.0)
#: Answers of the first seconds do not count: nobody has asked yet, and everybody comes in one after the other.
RAMP = 40.0
ACCEPTS_EVERY = 8
FIRST_ERROR, OK = 400, 200
AGENT_PAGES = (("my projects", "/agency/mine/"), ("projects", "/projects/"), ("orders", "/agency/orders/"))
DIRECTOR_PAGES = (
    ("cockpit", "/cockpit/"), ("list behind a figure", "/cockpit/lists/cases/?tab=red"), ("bulletins", "/bulletins/"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer: of which part, which kind of page, when, how long it took, what was wrong."""

    part: str
    page: str
    at: float
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What all clients have seen after the ramp."""

    accounts: int
    clients: int
    lasted: float
    seen: Sequence[Seen]

    def within(self, share: int, part: str = "") -> float:
        """The seconds within which so many of a hundred answers came."""
        taken = sorted(one.seconds for one in self.seen if part in {"", one.part})
        return statistics.quantiles(taken, n=100, method="inclusive")[share - 1] if len(taken) > 1 else 0.0

    @property
    def errors(self) -> Counter[str]:
        """What went wrong, how often."""
        return Counter(f"{one.page}: {one.error}" for one in self.seen if one.error)

    @property
    def words(self) -> str:
        """The figures as a paragraph of Markdown."""
        rate = len(self.seen) / self.lasted
        parts = ", ".join(
            f"{part} {self.within(95, part) * 1000:.0f}" for part in dict.fromkeys(one.part for one in self.seen)
        )
        pages: dict[str, list[float]] = defaultdict(list)
        for one in self.seen:
            pages[one.page].append(one.seconds)
        slow = sorted(pages.items(), key=lambda item: -statistics.median(item[1]))[:5]
        slowest = ", ".join(f"{name} {statistics.median(taken) * 1000:.0f}" for name, taken in slow)
        wrong = "; ".join(f"{count} times {what}" for what, count in self.errors.most_common(5))
        return (
            f"{self.accounts:,} accounts, {self.clients:,} signed-in clients, a page every {LOOKS[0]:.0f} to "
            f"{LOOKS[1]:.0f} s each: {len(self.seen):,} pages in {self.lasted:.0f} s ({rate:.1f} a second), "
            f"{self.errors.total()} errors{f' ({wrong})' if wrong else ''}; half of them within "
            f"{self.within(50) * 1000:.0f} ms, 95 of 100 within {self.within(95) * 1000:.0f} ms, 99 within "
            f"{self.within(99) * 1000:.0f} ms. 95 of 100 by part, ms: {parts}. Slowest pages by median, ms: {slowest}."
        )

    @property
    def promises(self) -> list[tuple[str, bool]]:
        """What was promised, and whether it is kept."""
        errors, late, most = self.errors.total(), self.within(95), round(MOST_P95 * 1000)
        return [
            (f"{self.clients:,} clients: {errors} errors", errors == 0),
            (f"{self.clients:,} clients: p95 {late * 1000:.0f} ms, promised under {most}", late < MOST_P95),
        ]


def measure_crowd(accounts: int, clients: int, seconds: float) -> Crowd:
    """Make the accounts, sign them in, let so many clients work for so long; what they accept stays accepted."""
    make_accounts(accounts)
    walks = Walks(sign_in_everybody(clients))
    with server() as port:
        seen = asyncio.run(_all(walks, port, seconds))
    counted = [one for one in seen if one.at >= RAMP]
    return Crowd(User.objects.count(), len(walks.clients), seconds - RAMP, counted)


# What each part looks at -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Walks:
    """The clients, and the pages that each goes through."""

    clients: Sequence[Client]
    chance: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311 - who looks at what
    received: Iterator[int] = field(init=False)
    open_cases: list[tuple[int, int]] = field(init=False)
    tasks: dict[int, list[int]] = field(init=False)
    own: dict[int, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        """Read what there is to look at."""
        waiting = MatterCase.objects.filter(state=CaseState.RECEIVED).order_by("-pk")
        self.received = iter(list(waiting.values_list("pk", flat=True)[:5000]))
        cases = MatterCase.objects.filter(state__in=CASE_OPEN).order_by("pk")
        self.open_cases = list(cases.values_list("pk", "project_id")[:5000])
        self.tasks, self.own = defaultdict(list), defaultdict(list)
        owed = ReviewTask.objects.filter(state__in=TASK_OPEN).order_by("pk")
        for pk, body in owed.values_list("pk", "organisation_id")[:20_000]:
            self.tasks[body].append(pk)
        bodies = dict(
            Membership.objects.filter(user__in={one.user_id for one in self.clients}).values_list(
                "user_id", "organisation_id"
            )
        )
        wanted = {bodies[one.user_id] for one in self.clients if one.part == OWNER}
        for body, project in Involvement.objects.filter(organisation__in=wanted).values_list(
            "organisation_id", "project_id"
        ):
            self.own[body].append(project)
        for user, body in bodies.items():
            self.own[-user], self.tasks[-user] = self.own.get(body, []), self.tasks.get(body, [])

    def pages(self, client: Client) -> Iterator[tuple[str, str]]:
        """Yield kind and address of the pages of a client, without end."""
        while True:
            yield from self._round(client)

    def _round(self, client: Client) -> Iterator[tuple[str, str]]:
        if client.part == OWNER:
            return self._owner(client)
        if client.part == REVIEWER:
            return self._reviewer(client)
        return self._clerk() if client.part == CLERK else iter(AGENT_PAGES if client.part == AGENT else DIRECTOR_PAGES)

    def _owner(self, client: Client) -> Iterator[tuple[str, str]]:
        yield "to-dos", "/todos/"
        yield "own projects", "/projects/"
        if own := self.own[-client.user_id]:
            yield "own project", f"/projects/{self.chance.choice(own)}/"
        yield "inbox", "/inbox/"

    def _clerk(self) -> Iterator[tuple[str, str]]:
        case, project = self.chance.choice(self.open_cases)
        yield "desk", "/desk/"
        yield "case", f"/cases/{case}/"
        yield "desk, red", "/desk/?scope=centre&tab=red"
        yield "project page", f"/projects/{project}/"
        if self.chance.randrange(ACCEPTS_EVERY) == 0 and (pk := next(self.received, 0)):
            yield "accept", f"/cases/{pk}/accept/"

    def _reviewer(self, client: Client) -> Iterator[tuple[str, str]]:
        yield "reviews", "/reviews/"
        if tasks := self.tasks[-client.user_id]:
            yield "opinion", f"/reviews/{self.chance.choice(tasks)}/"
        yield "desk of a department", "/desk/"


# Asking ------------------------------------------------------------------------------------------------------------


async def _all(walks: Walks, port: int, seconds: float) -> list[Seen]:
    begun = time.monotonic()
    seen: list[Seen] = []
    await asyncio.gather(*(_work(client, walks, port, begun, seconds, seen) for client in walks.clients))
    return seen


async def _work(
    client: Client, walks: Walks, port: int, begun: float, seconds: float, seen: list[Seen]
) -> None:
    """One client: a page, a look at it, the next page."""
    cookies = {settings.SESSION_COOKIE_NAME: client.session_key}
    await asyncio.sleep(walks.chance.uniform(0, RAMP - 5))
    for page, path in walks.pages(client):
        if time.monotonic() - begun > seconds:
            return
        body = await _ask(client, page, "GET", path, port, begun, cookies, seen)
        await asyncio.sleep(walks.chance.uniform(*LOOKS))
        if page == "accept" and (found := TOKEN.search(body)):
            await _ask(client, "accepting", "POST", path, port, begun, cookies, seen, f"csrfmiddlewaretoken={found[1]}")
            await asyncio.sleep(walks.chance.uniform(*LOOKS))


async def _ask(  # noqa: PLR0913 - who asks for what, and where it is noted
    client: Client, page: str, method: str, path: str, port: int, begun: float, cookies: dict[str, str],
    seen: list[Seen], form: str = "",
) -> str:
    """Ask for one page and note the answer."""
    started, error, text = time.monotonic(), "", ""
    try:
        status, text = await asyncio.wait_for(_exchange(method, path, port, cookies, form), PATIENCE)
        if status >= FIRST_ERROR or (method == "GET" and status != OK):
            error = str(status)
    except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError) as fault:
        error = type(fault).__name__
    seen.append(Seen(client.part, page, started - begun, time.monotonic() - started, error))
    return text


async def _exchange(method: str, path: str, port: int, cookies: dict[str, str], form: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = [
            f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close",
            "Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()),
        ]
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}"]
        writer.write(("\r\n".join(lines) + "\r\n\r\n" + form).encode())
        await writer.drain()
        answer = await reader.read(-1)
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    for line in rest:
        name, _, value = line.partition(": ")
        if name.lower() == "set-cookie":
            cookie, _, kept = value.partition(";")[0].partition("=")
            cookies[cookie] = kept
    return int(first.split()[1]), body.decode(errors="replace")
