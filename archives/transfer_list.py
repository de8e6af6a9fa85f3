"""The list of hand-overs: what waits comes first, by its limit; search, tabs and the list as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When

from archives import checks
from archives.models import Inspection, Transfer, TransferLine
from archives.states import CheckMoment, TransferState
from projects import timing
from projects.exports import Column, Table

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

PAGE = 50
MOST_EXPORTED = 5000
WAITS = (TransferState.PREPARED, TransferState.HANDED)
TABS = {"open": "待办", "received": "已接收", "returned": "退回", "all": "全部"}
STATES: dict[str, tuple[str, ...]] = {
    "open": WAITS, "received": (TransferState.RECEIVED,), "returned": (TransferState.RETURNED,),
    "all": tuple(TransferState.values),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One hand-over and on whom it waits."""

    one: Transfer
    waits_for: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class TransferPage:
    """The tabs with their counts, one page of rows, the text that was searched for."""

    tabs: list[dict[str, Any]]
    page: Page[Transfer]
    rows: list[Row]
    text: str
    tab: str


def _found(user: User | AnonymousUser, text: str) -> QuerySet[Transfer]:
    found = Transfer.objects.visible_to(user)
    if text:
        found = found.filter(
            Q(project__name__icontains=text) | Q(project__code__startswith=text.upper())
            | Q(receiver__name__icontains=text)
        )
    return found


def _ordered(found: QuerySet[Transfer]) -> QuerySet[Transfer]:
    place = Case(When(state__in=WAITS, then=Value(0)), default=Value(1), output_field=IntegerField())
    related = found.select_related("project", "receiver", "bundle")
    return related.order_by(place, F("due_on").asc(nulls_last=True), "-pk")


def transfer_page(user: User | AnonymousUser, asked: Mapping[str, str]) -> TransferPage:
    """Return one page of the list. Three queries, whatever the number of rows."""
    text, tab = asked.get("q", "").strip()[:80], asked.get("tab", "all")
    tab = tab if tab in STATES else "all"
    found = _found(user, text)
    by_state = dict(found.order_by().values_list("state").annotate(n=Count("pk")))
    counts = {name: sum(by_state.get(state, 0) for state in states) for name, states in STATES.items()}
    more = f"&q={text}" if text else ""
    tabs = [
        {"label": label, "count": counts[name], "url": f"?tab={name}{more}", "current": name == tab}
        for name, label in TABS.items()
    ]
    paginator = Paginator(_ordered(found.filter(state__in=STATES[tab])), PAGE)
    paginator.count = counts[tab]
    page = paginator.get_page(asked.get("page"))
    return TransferPage(tabs, page, [_row(one) for one in page.object_list], text, tab)


def _row(one: Transfer) -> Row:
    is_late = one.state in WAITS and one.due_on is not None and one.due_on < timing.today()
    return Row(one, _waits_for(one), is_late)


def _waits_for(one: Transfer) -> str:
    """Return on whom a hand-over waits; an empty text when it has ended."""
    if one.state == TransferState.HANDED:
        return f"{one.receiver.label}校验签收"
    if one.state != TransferState.PREPARED:
        return ""
    bundle = one.bundle if hasattr(one, "bundle") else None
    if bundle is not None and bundle.fault:
        return "移交方修复移交包"
    return "移交方签署清单" if bundle is not None and bundle.made_at else "系统生成移交包"


def kept_words(lines: Iterable[TransferLine]) -> list[tuple[TransferLine, str]]:
    """Return each line with what stands for its file in the long run; an empty text before the package. One query."""
    rows = list(lines)
    done = Inspection.objects.filter(moment=CheckMoment.TRANSFER, version__in=[line.version_id for line in rows])
    words = {
        pk: one.words
        for pk, results in done.values_list("version", "results") for one in checks.revived(results)
        if one.check == checks.PDFA
    }
    return [(line, words.get(line.version_id, "")) for line in rows]


def transfer_table(user: User | AnonymousUser, asked: Mapping[str, str]) -> Table:
    """Return the list as a file."""
    tab = asked.get("tab", "all")
    rows = _ordered(_found(user, asked.get("q", "").strip()[:80]).filter(state__in=STATES.get(tab, STATES["all"])))
    columns = [Column(name, width) for name, width in (
        ("项目代码", 24), ("项目", 30), ("次数", 6), ("状态", 10), ("接收单位", 18), ("移交期限", 12), ("预验收", 18),
        ("移交", 18), ("接收或退回", 18), ("退回原因", 30), ("在等谁", 20),
    )]
    return Table("档案移交", columns, _cells(rows[:MOST_EXPORTED]))


def _cells(rows: QuerySet[Transfer]) -> Iterator[list[Any]]:
    for one in rows:
        yield [
            one.project.code, one.project.name, one.round, one.get_state_display(), one.receiver.label, one.due_on,
            one.prepared_at, one.handed_at, one.ended_at, one.reason, _waits_for(one),
        ]
