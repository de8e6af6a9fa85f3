"""工单 as a numbered paper: which matter, for whom, by whom, until when, and what was done so far."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction

from agency import desk_rules as may
from agency.models import WorkOrder
from agency.services.orders import lock_order
from archives.services.papers import papers_of
from archives.states import PaperKind, Visibility
from packages.services import paperwork
from projects import timing
from projects.errors import require
from projects.quoting import quoted

if TYPE_CHECKING:
    from archives.models import Paper
    from projects.models import User

LINES = 20


def sheet_of(order: WorkOrder) -> Paper | None:
    """Return the paper of an order when it was issued. One query."""
    found: Paper | None = papers_of(order).filter(kind=PaperKind.WORK_ORDER).first()
    return found


@transaction.atomic
def issue_sheet(order_id: int, *, by: User, at: dt.datetime | None = None) -> Paper:
    """Issue the order as a paper of the centre, for the office, once: a second call returns what was issued.

    Event `paper.issued`. Raises `NotAllowed`.
    """
    order, moment = lock_order(order_id), at or timing.now()
    if (known := sheet_of(order)) is not None:
        return known
    require(may.can_issue_sheet, by, order)
    lead = order.case.lead.label if order.case else "—"
    began, due = (paperwork.day(one) or "随时" for one in (order.planned_on, order.due_on))
    log = [[paperwork.day(line.on), line.who, line.fact, line.promise or "—"] for line in order.logs.all()[:LINES]]
    return paperwork.write(
        PaperKind.WORK_ORDER, order.project, subject=order, issuer=order.project.centre, by=by, at=moment,
        what=f"{order.agent.user if order.agent else ''}代办{quoted(order.title)}", do="按计划办理，每次跟办记一笔",
        when=f"{due}前办结" if order.due_on else "按计划办结", addressee=str(order.agent.user) if order.agent else "",
        paragraphs=_paragraphs(order, lead, began, due), visibility=Visibility.OFFICE,
        table={"caption": "跟办日志", "head": ["日期", "对象", "情况", "承诺"], "rows": log} if log else None,
    )


def _paragraphs(order: WorkOrder, lead: str, began: str, due: str) -> list[str]:
    taken = paperwork.day(timing.business_day(order.taken_at)) if order.taken_at else ""
    offered = paperwork.day(timing.business_day(order.offered_at))
    said = [
        f"工单编号 {order.number}，{offered}派单，{taken}接单。",
        f"事项{quoted(order.title)}由{lead}办理，计划{began}开始、{due}办结。",
    ]
    if order.agreement is not None and order.agreement.paper is not None:
        contact = f"，企业联系人 {order.agreement.contact}" if order.agreement.contact else ""
        said.append(f"依据代办委托协议 {order.agreement.paper.number}{contact}。")
    return [*said, "代办免费；承诺书由建设单位自己签，服务专员不代签。"]
