"""跟办日志: one line of who was spoken to, what is so, what was promised until when, and when one looks again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction

from agency import desk_rules as may
from agency.models import OrderLog
from agency.services.orders import check_day, lock_order
from projects import timing
from projects.back_entry import check_after
from projects.errors import DomainError, require

if TYPE_CHECKING:
    from projects.models import User


@transaction.atomic
def write_log(
    order_id: int,
    *,
    by: User,
    channel: str,
    who: str,
    fact: str,
    promise: str = "",
    promised_on: dt.date | None = None,
    next_check: dt.date | None = None,
    at: dt.datetime | None = None,
) -> OrderLog:
    """Write one line of the log; the next check is that of the line, else after the usual days. No event: it is a note.

    `at`: when it was said, where it is keyed in later; the line keeps the day of both. Raises `NotAllowed`,
    `DomainError` (`line_empty`, `promise_day`, `check_day`, `future`, `time_order`).
    """
    order, today = lock_order(order_id), timing.today()
    require(may.can_log, by, order)
    check_after(at, order.offered_at, "派单")
    on = timing.business_day(at or timing.now())
    if not who.strip() or not fact.strip():
        raise DomainError("line_empty", "写一句：找了谁，情况怎样。")
    if promise.strip() and promised_on is None:
        raise DomainError("promise_day", "对方答应了什么，请写上答应的日期。")
    if next_check is not None and next_check < today:
        raise DomainError("check_day", "下次核查不能早于今天。")
    line = OrderLog.objects.create(
        order=order,
        on=on,
        channel=channel,
        who=who.strip()[:60],
        fact=fact.strip()[:200],
        promise=promise.strip()[:120],
        promised_on=promised_on,
        next_check=next_check or check_day(today),
        by=by,
        at=timing.now(),
    )
    order.last_log_on, order.next_check, order.silent_on = max(on, order.last_log_on or on), line.next_check, None
    order.save(update_fields=["last_log_on", "next_check", "silent_on"])
    return line


@transaction.atomic
def keep_promise(line_id: int, *, by: User, at: dt.datetime | None = None) -> OrderLog:
    """The promise of a line of the log was kept. A note, no event; twice is once. Raises `NotAllowed`."""
    line = OrderLog.objects.select_related("order").get(pk=line_id)
    require(may.can_log, by, lock_order(line.order_id))
    if line.kept_at is None:
        line.kept_at = at or timing.now()
        line.save(update_fields=["kept_at"])
    return line
