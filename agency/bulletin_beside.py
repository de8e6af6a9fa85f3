"""What stands beside the figures of a bulletin: agents, chase slips, and what became of last month's problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from agency.models import BulletinProblem, ChaseSlip
from agency.states import SlipColour
from projects import timing, workdays

if TYPE_CHECKING:
    from agency.bulletin_facts import Scope
    from agency.bulletin_history import History
    from agency.bulletin_periods import Period
    from agency.models import Bulletin
    from projects.models import Organisation

#: Rows of the tables on paper; the rest is told as a number.
MOST = 8
Table = dict[str, Any]


def agents_table(period: Period, centre: Organisation) -> Table:
    """Return the table of the agents."""
    del period, centre
    return {"title": "全代办", "head": [], "rows": []}


def slips_table(period: Period, scope: Scope) -> Table:
    """Return the chase slips that were open at the end of the period with their age in working days, oldest first."""
    open_then = ChaseSlip.objects.filter(scope.projects(), issued_at__lt=period.end).filter(
        Q(closed_at=None) | Q(closed_at__gte=period.end)
    )
    found = list(open_then.select_related("to", "paper").order_by("issued_at", "pk"))
    rows = []
    for slip in found[:MOST]:
        age = workdays.workdays_between(timing.business_day(slip.issued_at), period.last_day)
        rows.append({
            "name": slip.paper.number if slip.paper else f"第{slip.pk}号", "pk": slip.pk,
            "cells": [text(slip.to.label), text(SlipColour(slip.colour).label), text(f"{age} 个工作日"),
                      text(slip.get_state_display())],
        })
    return {"title": "督办单", "head": [["对象", ""], ["颜色", ""], ["已发", ""], ["状态", ""]], "rows": rows,
            "count": len(found)}


def past_table(bulletin: Bulletin, history: History) -> Table:
    """Return what became of the problems that the bulletin before named, and of older ones that are still open."""
    before = [history.last.pk] if history.last else []
    found = BulletinProblem.objects.filter(
        bulletin__series=bulletin.series, bulletin__centre=bulletin.centre_id, bulletin__region=bulletin.region_id,
        bulletin__next=None, bulletin__period_end__lte=bulletin.period_start,
    ).filter(Q(bulletin__in=before) | Q(closed_at=None))
    today = min(timing.today(), timing.business_day(bulletin.period_end)) if bulletin.frozen_at else timing.today()
    rows = [
        {"name": row.what, "pk": row.pk, "done": row.closed_at is not None, "cells": [
            text(row.owner.label), text(f"{row.due_on:%m-%d}"), text(state_words(row, today)),
        ]}
        for row in found.select_related("owner", "bulletin").order_by("bulletin__period_end", "number")
    ]
    return {"title": "上期问题整改", "head": [["责任单位", ""], ["期限", ""], ["进展", ""]], "rows": rows,
            "done": sum(row["done"] for row in rows), "count": len(rows)}


def state_words(problem: BulletinProblem, today: Any) -> str:
    """Return where a problem stands: mended with its outcome, running, or overdue by so many working days."""
    if problem.closed_at is not None:
        return f"已整改：{problem.outcome}" if problem.outcome else "已整改"
    late = workdays.workdays_between(problem.due_on, today) if today > problem.due_on else 0
    return f"未完成，逾期 {late} 个工作日" if late else "整改中"


def text(words: str) -> dict[str, Any]:
    """Return a cell that opens nothing."""
    return {"t": words, "k": "", "bad": False}
