"""The balance board (统筹平衡): what is needed, secured, there and transferable, by district and month."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agency import major_data
from agency import major_rules as may
from agency.major_data import ResourceKind
from agency.major_states import TICKET_HELD, TicketState
from agency.models import ResourceQuota, ResourceTicket
from projects import timing
from projects.exports import Column, Table
from projects.models import Region

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.errors import Verdict
    from projects.models import User

BOARD_MONTHS = 6
ZERO = Decimal(0)
#: Of a balanced ticket on: it draws on the quota of its source.
DRAWN = (TicketState.BALANCED, *TICKET_HELD)


@dataclass(frozen=True, slots=True)
class BalanceCell:
    """One district in one month: what is needed there, what is secured, what there is and what may be moved.

    `unbalanced` is what of the need has no source yet, `drawn` what this quota gives, also to other districts.
    Amounts in the unit of the resource.
    """

    need: Decimal
    secured: Decimal
    drawn: Decimal
    quota: Decimal | None
    unbalanced: Decimal = ZERO

    @property
    def gap(self) -> Decimal:
        """What is needed and not secured, in the unit of the resource."""
        return max(self.need - self.secured, ZERO)

    @property
    def transferable(self) -> Decimal | None:
        """What is left of the quota (its unit) when what has no source yet is met from it; None without a quota."""
        return None if self.quota is None else self.quota - self.drawn - self.unbalanced

    @property
    def is_short(self) -> bool:
        """Whether the district cannot meet its need by itself."""
        return self.transferable is not None and self.transferable < 0

    @property
    def short(self) -> Decimal:
        """How much the district lacks, in the unit of the resource (where `is_short`)."""
        return -(self.transferable or ZERO)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.need and self.quota is None and not self.drawn


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One district through the months."""

    region: Region
    cells: tuple[BalanceCell, ...]


@dataclass(frozen=True, slots=True)
class BalanceBoard:
    """One kind by district and month."""

    kind: ResourceKind
    kinds: tuple[ResourceKind, ...]
    months: tuple[dt.date, ...]
    rows: tuple[BalanceRow, ...]
    totals: tuple[BalanceCell, ...]


def quota_regions(user: User) -> QuerySet[Region]:
    """Return the districts whose quota a person may write down. One query; the rule is asked of each."""
    return _those(lambda region: may.can_set_quota(user, region))


def source_regions(user: User, ticket: ResourceTicket) -> QuerySet[Region]:
    """Return the districts out of whose quota a person may balance a ticket. One query; the rule is asked of each."""
    return _those(lambda region: may.can_draw(user, ticket, region))


def _those(rule: Callable[[Region], Verdict]) -> QuerySet[Region]:
    rows = Region.objects.order_by("code")
    return rows.filter(pk__in=[region.pk for region in rows if rule(region).ok])


def board_months(first: dt.date | None = None) -> tuple[dt.date, ...]:
    """Return the months of the board, the present first."""
    month = (first or timing.today()).replace(day=1)
    found = []
    for _ in range(BOARD_MONTHS):
        found.append(month)
        month = (month + dt.timedelta(days=32)).replace(day=1)
    return tuple(found)


def balance_board(user: User, kind: str = "") -> BalanceBoard:
    """Return the board of a kind: the need lies where the project is, the draw where the quota comes from.

    Three queries. Tickets of projects that the person does not see are not counted.
    """
    kinds = tuple(major_data.resource_kinds())
    chosen = next((row for row in kinds if row.code == kind), kinds[0])
    months = board_months()
    beyond = (months[-1] + dt.timedelta(days=32)).replace(day=1)
    needs: dict[tuple[str, dt.date], list[Decimal]] = defaultdict(lambda: [ZERO] * 4)
    found = ResourceTicket.objects.visible_to(user).filter(
        kind=chosen.code, needed_by__gte=months[0], needed_by__lt=beyond, quantity__isnull=False
    )
    for place, source, day, state, quantity, secured in found.values_list(
        "project__region__code", "source__code", "needed_by", "state", "quantity", "secured"
    ):
        month = day.replace(day=1)
        needs[place, month][0] += quantity or ZERO
        if state in TICKET_HELD:
            needs[place, month][1] += secured or ZERO
        if state in DRAWN and source:
            needs[source, month][2] += quantity or ZERO
        elif state not in DRAWN:
            needs[place, month][3] += quantity or ZERO
    quotas = {
        (region, month): quantity
        for region, month, quantity in ResourceQuota.objects.filter(
            kind=chosen.code, month__in=months
        ).values_list("region__code", "month", "quantity")
    }
    regions = Region.objects.filter(code__in={code for code, _ in [*needs, *quotas]}).order_by("code")
    rows = tuple(
        BalanceRow(region, tuple(_cell(needs, quotas, region.code, month) for month in months)) for region in regions
    )
    totals = tuple(_sum([row.cells[at] for row in rows]) for at in range(len(months)))
    return BalanceBoard(chosen, kinds, months, rows, totals)


def _cell(
    needs: Mapping[tuple[str, dt.date], list[Decimal]], quotas: Mapping[tuple[str, dt.date], Decimal], code: str,
    month: dt.date,
) -> BalanceCell:
    need, secured, drawn, unbalanced = needs.get((code, month), [ZERO] * 4)
    return BalanceCell(need, secured, drawn, quotas.get((code, month)), unbalanced)


def _sum(cells: Sequence[BalanceCell]) -> BalanceCell:
    quotas = [cell.quota for cell in cells if cell.quota is not None]
    return BalanceCell(
        sum((cell.need for cell in cells), ZERO), sum((cell.secured for cell in cells), ZERO),
        sum((cell.drawn for cell in cells), ZERO), sum(quotas, ZERO) if quotas else None,
        sum((cell.unbalanced for cell in cells), ZERO),
    )


def balance_table(user: User, kind: str) -> Table:
    """Return the board as a file: one row per district and month."""
    board = balance_board(user, kind)
    unit = board.kind.unit
    columns = (
        Column("区划", 12), Column("月份", 10), Column(f"需要（{unit}）", 14), Column("已落实", 12),
        Column("已平衡占用", 12), Column("额度", 12), Column("可调剂", 12), Column("缺口", 12),
    )
    rows = [
        [
            row.region.name, f"{month:%Y-%m}", cell.need, cell.secured, cell.drawn, cell.quota, cell.transferable,
            cell.gap,
        ]
        for row in board.rows for month, cell in zip(board.months, row.cells, strict=True) if not cell.is_empty
    ]
    return Table(f"{board.kind.name}平衡", columns, rows, [("指标", board.kind.name), ("单位", unit)])
