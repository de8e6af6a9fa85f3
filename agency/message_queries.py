"""Reads of messages: the inbox with its digests, the settings of a person, the log of what went out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When

from agency import message_data as data
from agency.channels import PORTAL, WEBHOOK, channels, label_of
from agency.models import Dispatch, Notification
from agency.services.dispatching import choices_of
from agency.states import DispatchState
from agency.wording import digest_lines
from projects import timing
from projects.access import access_of
from projects.clock_states import ClockState
from projects.paging import KeyPage, as_key, key_page
from projects.services.privacy import who_agrees

if TYPE_CHECKING:
    from projects.models import User

INBOX_SIZE, LOG_SIZE = 20, 20
#: Tabs of the log, with the states behind them.
TABS: dict[str, tuple[str, tuple[str, ...]]] = {
    "failed": ("要处理", (DispatchState.DEAD, DispatchState.UNSURE)),
    "waiting": ("待发送", (DispatchState.WAITING, DispatchState.SENDING)),
    "sent": ("已送出", (DispatchState.SENT,)),
    "dropped": ("不再发送", (DispatchState.DROPPED,)),
}


def inbox(user: User) -> QuerySet[Notification]:
    """Return what stands in a person's inbox by itself, the unread first, then the newest."""
    read = Case(When(read_at=None, over_at=None, then=Value(0)), default=Value(1), output_field=IntegerField())
    return Notification.objects.visible_to(user).on_top().select_related("clock").order_by(read, "-pk")


def unread_count(user: User) -> int:
    """Return how many messages a person has not read; a digest counts once."""
    return Notification.objects.visible_to(user).unread().count()


@dataclass(frozen=True, slots=True)
class DigestLine:
    """A line of a digest: the reminder, and whether it is still to be done."""

    note: Notification

    @property
    def is_over(self) -> bool:
        """Return whether its clock no longer runs."""
        return self.note.clock is not None and self.note.clock.state != ClockState.RUNNING


def digest_page(digest: Notification) -> list[DigestLine]:
    """Return the lines of a digest, the loudest first. One query."""
    return [DigestLine(note) for note in digest_lines(digest)]


# 消息设置 ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One box of the settings: a kind on a channel."""

    name: str
    label: str
    is_on: bool
    why_fixed: str = ""


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of message with its boxes, in the order of the head."""

    kind: data.Kind
    cells: list[Cell]


def ways() -> dict[str, str]:
    """Return the channels that a person may choose, the portal first."""
    return {PORTAL: label_of(PORTAL)} | {code: one.label for code, one in channels().items() if code != WEBHOOK}


def settings_rows(user: User) -> list[KindRow]:
    """Return what a person gets of each kind on each channel. One query."""
    chosen, offered = choices_of([user.pk]), ways()
    rows = []
    enterprise = access_of(user).is_enterprise
    for kind in data.kinds(timing.today()).values():
        if kind.is_office and enterprise:
            continue
        cells = []
        for code, label in offered.items():
            default = code == PORTAL or code in kind.channels
            fixed = "必须送达" if kind.must else ""
            is_on = default if kind.must else chosen.get((user.pk, kind.code, code), default)
            cells.append(Cell(f"{kind.code}:{code}", label, is_on, fixed))
        rows.append(KindRow(kind, cells))
    return rows


@dataclass(frozen=True, slots=True)
class Place:
    """Where a channel reaches a person, masked (empty: nowhere), and the consent that it needs (empty: none).

    `unfit`: why what is entered does not do; empty where it does or nothing is entered.
    """

    label: str
    address: str
    unfit: str
    purpose: str
    is_agreed: bool

    @property
    def press(self) -> int:
        """What the button beside it does: 1 agrees, 0 withdraws."""
        return int(not self.is_agreed)


def addresses(user: User) -> list[Place]:
    """Return where each channel reaches a person. One query."""
    used = [one for code, one in channels().items() if code != WEBHOOK]
    agreed = who_agrees([user.pk], {one.consent for one in used if one.consent})
    return [
        Place(
            str(one.label), masked(one.address(user)), one.unfit(user), one.consent, (user.pk, one.consent) in agreed
        )
        for one in used
    ]


def masked(address: str) -> str:
    """Return an address of which enough is left to know one's own: 138****5678, w***@example.cn."""
    name, at, domain = address.partition("@")
    if at:
        return f"{name[:1]}***@{domain}"
    return f"{address[:3]}****{address[-4:]}" if len(address) >= 11 else address  # noqa: PLR2004 - a mobile number


# 投递记录 ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogRow:
    """One dispatch as an administrator reads it: to whom in what kind, never what it says."""

    dispatch: Dispatch
    kind: str
    channel: str
    to: str


def log_page(user: User, filters: dict[str, str]) -> tuple[KeyPage[LogRow], str]:
    """Return one page of the log and its tab, the newest first."""
    tab = filters.get("tab", "failed")
    tab = tab if tab in TABS else "failed"
    found = Dispatch.objects.visible_to(user).filter(state__in=TABS[tab][1]).select_related("user", "webhook")
    if channel := filters.get("channel"):
        found = found.filter(channel=channel)
    page = key_page(
        found, sort="-pk", size=LOG_SIZE, after=as_key(filters.get("after")), before=as_key(filters.get("before"))
    )
    return KeyPage([log_row(row) for row in page.rows], page.before, page.after), tab


def log_row(row: Dispatch) -> LogRow:
    """Return one dispatch as an administrator reads it."""
    to = row.webhook.name if row.webhook is not None else str(row.user or "")
    return LogRow(row, data.kind(row.kind, timing.today()).name, label_of(row.channel), to)


def counts(user: User) -> dict[str, int]:
    """Return how many dispatches stand in each tab. One query."""
    found = Dispatch.objects.visible_to(user).order_by().values("state").annotate(number=Count("pk"))
    per_state = {row["state"]: row["number"] for row in found}
    return {tab: sum(per_state.get(state, 0) for state in states) for tab, (_, states) in TABS.items()}


def tries_of(dispatch: Dispatch) -> Sequence[object]:
    """Return the tries of one dispatch in their order."""
    return list(dispatch.tries.order_by("pk"))
