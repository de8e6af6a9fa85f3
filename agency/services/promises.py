"""What somebody promised to an agent until a day: kept, or asked for again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction

from agency import desk_rules as may
from agency.models import OrderLog
from agency.services.orders import lock_order
from projects import timing
from projects.errors import require

if TYPE_CHECKING:
    from projects.models import User


@transaction.atomic
def keep_promise(line_id: int, *, by: User, at: dt.datetime | None = None) -> OrderLog:
    """The promise of a line of the log was kept. A note, no event; twice is once. Raises `NotAllowed`."""
    line = OrderLog.objects.select_related("order").get(pk=line_id)
    require(may.can_log, by, lock_order(line.order_id))
    if line.kept_at is None:
        line.kept_at = at or timing.now()
        line.save(update_fields=["kept_at"])
    return line
