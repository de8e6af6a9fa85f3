"""What stands beside the figures of a bulletin: agents, chase slips, and what became of last month's problems."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from agency.bulletin_counting import Row, say
from agency.bulletin_states import FigureGroup
from agency.models import BulletinProblem, ChaseSlip
from agency.services.evaluating import MEASURES, evaluate
from agency.states import SlipColour
from projects import timing, workdays

if TYPE_CHECKING:
    from agency.bulletin_history import History
    from agency.bulletin_periods import Period
    from agency.bulletin_scope import Scope
    from agency.models import Bulletin
    from agency.services.evaluating import AgentRow

#: Rows of the tables on paper; the rest is told as a number.
MOST = 8
Table = dict[str, Any]
Found = dict[tuple[str, int, str], Row]
FEW, FEWEST = "样本不足", 3


def agents_table(period: Period, scope: Scope) -> tuple[Table, Found]:
    """Return the agents with their projects, orders, escalations and index, and the orders behind the figures.

    Who had too few projects is named without figures (样本不足).
    """
    rows: list[Table] = []
    found: Found = {}
    for one in evaluate(timing.business_day(period.start), period.last_day, scope.projects()):
        figures = _figures_of(one)
        found |= {(str(FigureGroup.AGENT), one.agent.pk, key): row for key, row in figures.items() if row is not None}
        rows.append({"name": str(one.agent.user), "cells": [_cell(one, key, row) for key, row in figures.items()]})
    head = [
        ["项目", "个"],
        ["工单", "张"],
        ["节点按期", "%"],
        ["升级", "次"],
        ["评价", "均分"],
        ["综合指数", "1.00 为平均水平"],
    ]
    return {"title": "全代办", "head": head, "rows": rows}, found


def _figures_of(one: AgentRow) -> dict[str, Row | None]:
    """Return the figures of an agent in the order of the table; None where there are too few to say."""
    plan = next((measure for measure in one.measures if measure.name == MEASURES["on_time"]), None)
    is_rated = one.rating is not None and one.rated >= FEWEST
    return {
        "agent_projects": Row(Decimal(one.projects), one.project_ids),
        "agent_orders": Row(Decimal(one.orders), one.order_ids),
        "plan_on_time": Row(plan.rate, plan.hit_ids, plan.order_ids) if plan is not None else None,
        "agent_escalations": Row(Decimal(one.escalations), one.escalation_ids),
        "agent_rating": Row(one.rating, one.rating_ids) if is_rated else None,
        "agent_index": Row(one.index, one.order_ids) if one.index is not None else None,
    }


def _cell(one: AgentRow, key: str, row: Row | None) -> dict[str, Any]:
    if row is None:
        return text(FEW)
    words = f"{row.value:.2f}" if key == "agent_index" else say(row.value)
    has_list = row.value is not None and bool(row.numerator_ids or row.denominator_ids)
    return {"t": words, "k": f"{FigureGroup.AGENT}/{one.agent.pk}/{key}" if has_list else "", "bad": False}


def slips_table(period: Period, scope: Scope) -> tuple[Table, Found]:
    """Return the chase slips that were open at the end of the period with their age in working days, oldest first."""
    open_then = ChaseSlip.objects.filter(scope.projects(), issued_at__lt=period.end).filter(
        Q(closed_at=None) | Q(closed_at__gte=period.end)
    )
    found = list(open_then.select_related("to", "paper").order_by("issued_at", "pk"))
    rows = []
    for slip in found[:MOST]:
        age = workdays.workdays_between(timing.business_day(slip.issued_at), period.counted_to)
        rows.append(
            {
                "name": slip.paper.number if slip.paper else f"第{slip.pk}号",
                "pk": slip.pk,
                "cells": [
                    text(slip.to.label),
                    text(SlipColour(slip.colour).label),
                    text(f"{age} 个工作日"),
                    text("期后已销号" if slip.closed_at else slip.get_state_display()),
                ],
            }
        )
    keys = tuple(slip.pk for slip in found)
    table = {
        "title": "督办单",
        "head": [["对象", ""], ["颜色", ""], ["已发", ""], ["状态", ""]],
        "rows": rows,
        "count": len(found),
        "all": {"t": str(len(keys)), "k": f"{FigureGroup.DESK}/0/slips" if keys else ""},
    }
    return table, {(str(FigureGroup.DESK), 0, "slips"): Row(Decimal(len(keys)), keys)}


def past_table(bulletin: Bulletin, history: History) -> Table:
    """Return what became of the problems that the bulletin before named, and of older ones that are still open."""
    before = [history.last.pk] if history.last else []
    found = BulletinProblem.objects.filter(
        bulletin__series=bulletin.series,
        bulletin__centre=bulletin.centre_id,
        bulletin__region=bulletin.region_id,
        bulletin__next=None,
        bulletin__period_end__lte=bulletin.period_start,
    ).filter(Q(bulletin__in=before) | Q(closed_at=None))
    today = timing.today()
    rows = [
        {
            "name": row.what,
            "pk": row.pk,
            "done": row.closed_at is not None,
            "cells": [
                text(row.owner.label),
                text(timing.written(row.due_on)),
                text(state_words(row, today)),
            ],
        }
        for row in found.select_related("owner", "bulletin").order_by("bulletin__period_end", "number")
    ]
    return {
        "title": "上期问题整改",
        "head": [["责任单位", ""], ["期限", ""], ["进展", ""]],
        "rows": rows,
        "done": sum(row["done"] for row in rows),
        "count": len(rows),
    }


def state_words(problem: BulletinProblem, today: Any) -> str:
    """Return where a problem stands: mended with its outcome, running, or overdue by so many working days."""
    if problem.closed_at is not None:
        return f"已整改：{problem.outcome}" if problem.outcome else "已整改"
    late = workdays.workdays_between(problem.due_on, today) if today > problem.due_on else 0
    return f"未完成，逾期 {late} 个工作日" if late else "整改中"


def text(words: str) -> dict[str, Any]:
    """Return a cell that opens nothing."""
    return {"t": words, "k": "", "bad": False}
