"""到期日历: everything that runs out, from every app, on one calendar.

The kernel keeps a registry; apps register providers in `AppConfig.ready`. A provider takes a queryset of projects and
two days and returns what ends between them, in a fixed number of queries whatever the number of projects. What two
providers tell of (the certificate of a conditional permit is also a paper with a last day) is told once: the one that
covers the other's key wins.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from projects import timing, workdays

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


Provider = Callable[["QuerySet[Project]", dt.date, dt.date], Iterable[Expiry]]
_providers: dict[str, Provider] = {}


def register(name: str, provider: Provider) -> None:
    """Register a provider; a second registration of the same name replaces the first."""
    _providers[name] = provider


def living_papers(
    projects: QuerySet[Project], *, since: dt.date | None = None, until: dt.date | None = None
) -> list[Expiry]:
    """Return what runs out in these projects between two days, both included, the earliest first."""
    low = since or timing.today() - BACK
    high = until or timing.today() + AHEAD
    found = [expiry for provider in _providers.values() for expiry in provider(projects, low, high)]
    covered = {key for expiry in found for key in expiry.covers}
    kept = [expiry for expiry in found if expiry.key not in covered]
    return sorted(kept, key=lambda expiry: (expiry.due_on, expiry.project_id, expiry.key))[:MOST]
