"""到期日历: everything that runs out, from every app, on one calendar.

The kernel keeps a registry; apps register in `AppConfig.ready` the rows that end between two days in a queryset of
projects, and how they are told. All rows are read in one query (`projects.gathering`). What two providers tell of
(the certificate of a conditional permit is also a paper with a last day) is told once: the one that covers the other's
key wins.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from projects import timing, workdays
from projects.gathering import gather

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import Project

#: Reach of a calendar that is not asked for two days: a month back, a good year ahead.
BACK, AHEAD = dt.timedelta(days=31), dt.timedelta(days=400)
#: More than this is no calendar.
MOST = 1000


class LivingGroup:
    """The words by which a calendar is filtered."""

    PERMIT = "分段许可"
    LETTER = "以函代证"
    CERTIFICATE = "证照有效期"
    DEFERRAL = "容缺补交"
    COMMITMENT = "承诺核查"


GROUPS = (
    LivingGroup.PERMIT, LivingGroup.LETTER, LivingGroup.CERTIFICATE, LivingGroup.DEFERRAL, LivingGroup.COMMITMENT,
)


@dataclass(frozen=True, slots=True)
class Expiry:
    """One thing that runs out. No personal name stands in it: the calendar leaves the portal.

    `key` is stable for as long as the thing lives (permit-12). `who` is the role that has to act. `covers` names keys
    of other providers that it stands for. `ended`: nothing has to be done any more, or it is too late.
    """

    key: str
    project_id: int
    project_name: str
    project_code: str
    group: str
    title: str
    due_on: dt.date
    who: str
    detail: str
    url: str
    changed_at: dt.datetime
    state: str = ""
    tone: str = ""
    warn_days: tuple[int, ...] = ()
    covers: frozenset[str] = frozenset()
    ended: bool = False

    @property
    def days_left(self) -> int:
        """Working days from today to the last day; negative when it is past."""
        today = timing.today()
        if self.due_on >= today:
            return workdays.workdays_between(today, self.due_on)
        return -workdays.workdays_between(self.due_on, today)

    @property
    def left_words(self) -> str:
        """How long there is."""
        days = self.days_left
        if self.due_on == timing.today():
            return "今天到期"
        return f"还有 {days} 个工作日" if self.due_on > timing.today() else f"已过 {-days} 个工作日"

    @property
    def light(self) -> str:
        """Colour of the day: red when it is past, yellow within the first reminder, else green."""
        if self.ended:
            return "none"
        if self.due_on < timing.today():
            return "red"
        return "yellow" if self.days_left <= max(self.warn_days, default=0) else "green"


#: Returns the rows, as querysets that can be gathered; the second tells the lists of them, in the same order.
Rows = Callable[["QuerySet[Project]", dt.date, dt.date], Sequence["QuerySet[Any]"]]
Tell = Callable[..., Iterable[Expiry]]
_providers: dict[str, tuple[Rows, Tell]] = {}


def register(name: str, rows: Rows, tell: Tell) -> None:
    """Register rows that run out and how they are told; a second registration of the same name replaces the first."""
    _providers[name] = rows, tell


def living_papers(
    projects: QuerySet[Project], *, since: dt.date | None = None, until: dt.date | None = None
) -> list[Expiry]:
    """Return what runs out in these projects between two days, both included, the earliest first. One query."""
    low = since or timing.today() - BACK
    high = until or timing.today() + AHEAD
    asked = [(list(rows(projects, low, high)), tell) for rows, tell in _providers.values()]
    read = iter(gather(rows for parts, _ in asked for rows in parts))
    found = [expiry for parts, tell in asked for expiry in tell(*(next(read) for _ in parts))]
    covered = {key for expiry in found for key in expiry.covers}
    kept = [expiry for expiry in found if expiry.key not in covered]
    return sorted(kept, key=lambda expiry: (expiry.due_on, expiry.project_id, expiry.key))[:MOST]
