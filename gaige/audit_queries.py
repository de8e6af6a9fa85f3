"""Page-sized reads of the audit administrator: reads, sign-ins, changes of people and accounts, what left the house."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils import timezone

from projects import timing
from projects.models import AccessLog, Event, Provision
from projects.paging import KeyPage, as_day, key_page

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZE, MOST_EXPORTED = 50, 100_000
#: What the rows of the log call what was done.
WORDS = {
    "view": "查看", "download": "下载", "contacts": "查看联系方式", "login": "登录", "login_failed": "登录失败",
    "locked": "锁定", "logout": "退出", "export": "导出", "print": "打印", "audit_export": "导出审计记录",
}
SIGNING = ("login", "login_failed", "locked", "logout")
#: Kinds of events about people, roles and accounts; they stand in the chains of bodies, not of projects.
CHANGES = ("staff.", "account.", "organisation.")


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of the list of reads."""

    who: str
    what: str
    action: str
    since: dt.date | None
    until: dt.date | None

    @property
    def query(self) -> str:
        """The filters as they stand in an address."""
        given = {
            "who": self.who, "what": self.what, "action": self.action, "since": str(self.since or ""),
            "until": str(self.until or ""),
        }
        return urlencode({name: value for name, value in given.items() if value})

    @property
    def words(self) -> str:
        """The filters in words, for the row about an export."""
        named = (("人", self.who), ("对象", self.what), ("动作", word_of(self.action) if self.action else ""),
                 ("自", str(self.since or "")), ("至", str(self.until or "")))
        return "，".join(f"{name} {value}" for name, value in named if value) or "全部"

    @property
    def actions(self) -> list[tuple[str, str, bool]]:
        """The choices of the filter by action."""
        return [(code, word, code == self.action) for code, word in WORDS.items()]


def asked_for(given: Mapping[str, str]) -> Asked:
    """Return the filters of an address; what cannot be read is none."""
    action = given.get("action", "")
    return Asked(
        given.get("who", "").strip()[:50], given.get("what", "").strip()[:80], action if action in WORDS else "",
        as_day(given.get("since", "")), as_day(given.get("until", "")),
    )


def reads(asked: Asked) -> QuerySet[AccessLog]:
    """Return the rows that fit, the newest first."""
    rows = AccessLog.objects.select_related("user", "project").order_by("-pk")
    if asked.who:
        rows = rows.filter(Q(user__name__icontains=asked.who) | Q(user__username__istartswith=asked.who))
    if asked.what:
        rows = rows.filter(
            Q(subject_label__icontains=asked.what) | Q(project__name__icontains=asked.what)
            | Q(project__code__istartswith=asked.what)
        )
    if asked.action:
        rows = rows.filter(action=asked.action)
    if asked.since:
        rows = rows.filter(read_at__gte=timing.start_of_day(asked.since))
    if asked.until:
        rows = rows.filter(read_at__lte=timing.end_of_day(asked.until))
    return rows


@dataclass(frozen=True, slots=True)
class Read:
    """One line: the row and its word."""

    row: AccessLog
    word: str


def reads_page(asked: Asked, *, before: int | None, after: int | None) -> KeyPage[Read]:
    """Return one page of reads. One query."""
    page = key_page(reads(asked), sort="-pk", size=SIZE, before=before, after=after)
    return KeyPage([Read(row, word_of(row.action)) for row in page.rows], page.before, page.after)


def word_of(action: str) -> str:
    """Return what an action is called on the screen."""
    return WORDS.get(action, action)


def changes_page(*, before: int | None, after: int | None) -> KeyPage[Event]:
    """Return one page of what changed in people, roles and accounts."""
    fits = Q()
    for kind in CHANGES:
        fits |= Q(kind__startswith=kind)
    rows = Event.objects.filter(fits, organisation__isnull=False, project=None).select_related("organisation")
    return key_page(rows, sort="-pk", size=SIZE, before=before, after=after)


def provisions_page(*, before: int | None, after: int | None) -> KeyPage[Provision]:
    """Return one page of what was given to other bodies."""
    rows = Provision.objects.select_related("project", "by")
    return key_page(rows, sort="-pk", size=SIZE, before=before, after=after)


def local(moment: dt.datetime) -> dt.datetime:
    """Return a moment in the time of the place."""
    return timezone.localtime(moment)
