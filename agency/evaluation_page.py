"""What a figure of an agent's evaluation counts: the orders themselves, and which of them reached the measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agency.desk_queries import SEEN, OrderRow, order_rows
from agency.models import WorkOrder
from agency.services.evaluating import AgentRow

ALL = "orders"


@dataclass(frozen=True, slots=True)
class Counted:
    """The orders behind one figure of one agent; `hits` are the keys of those that reached the measure."""

    title: str
    rows: list[OrderRow]
    hits: frozenset[int]
    is_measure: bool


def counted(rows: Iterable[AgentRow], asked: Mapping[str, str]) -> Counted | None:
    """Return the orders that `agent` and `of` name, of the rows that may be seen; None where nothing is named.

    One query. Of who has too few projects only the orders are shown, no measure.
    """
    row = next((row for row in rows if str(row.agent.pk) == asked.get("agent")), None)
    if row is None:
        return None
    one = next((one for one in row.measures if one.code == asked.get("of", ALL)), None)
    keys = one.order_ids if one else row.order_ids
    orders = WorkOrder.objects.filter(pk__in=keys).select_related(*SEEN).order_by("pk")
    title = f"{row.agent.user}：{one.name if one else '全部工单'}"
    return Counted(title, order_rows(orders), frozenset(one.hit_ids if one else ()), one is not None)
