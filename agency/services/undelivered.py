"""What did not arrive, or of which nobody knows: told to the administrators each morning, and sent again by a person.

Nothing is sent a second time by itself once its words were handed over: a letter keeps its Message-ID, so that who gets
it twice sees one, but whether it is sent again a person decides. Nothing is lost: every message lies in the portal.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from agency import message_rules as may
from agency.models import Dispatch, DispatchAttempt, Notification
from agency.services.telling import tell
from agency.states import DispatchState
from projects import timing, workdays
from projects.errors import DomainError, require
from projects.models import Membership, User
from projects.states import Role

if TYPE_CHECKING:
    from django.db.models import QuerySet

#: So many rows are put back by one press.
MOST = 500
WHY = "您是系统管理员"
WORDS = {DispatchState.DEAD: "条没有送达", DispatchState.UNSURE: "条不知道是否收到"}


# Telling -------------------------------------------------------------------------------------------------------------


def fresh(at: dt.datetime | None = None) -> QuerySet[Dispatch]:
    """Return what failed since the hour of the digest of the working day before; nothing once that was told today."""
    day = timing.business_day(at or timing.now())
    if Notification.objects.filter(batch=_batch(day)).exists():
        return Dispatch.objects.none()
    since, until = (_digest_hour(one) for one in (workdays.due_date(day, -1), day))
    return Dispatch.objects.failed().filter(ended_at__gte=since, ended_at__lt=until)


def _digest_hour(day: dt.date) -> dt.datetime:
    hour = settings.DIGEST_FROM
    return timing.start_of_day(day) + dt.timedelta(hours=hour.hour, minutes=hour.minute)


def _batch(day: dt.date) -> str:
    return f"undelivered:{day}"


@transaction.atomic
def tell_undelivered(*, at: dt.datetime | None = None) -> int:
    """Tell the system administrators of what failed, in one message a day; return how many were told."""
    moment = at or timing.now()
    states = list(fresh(moment).values_list("state", flat=True))
    if not states:
        return 0
    counted = [(states.count(state), words) for state, words in WORDS.items()]
    parts = "、".join(f"{number} {words}" for number, words in counted if number)
    text = f"门户以外的消息有 {parts}，请核对后重新发送"
    url, batch = reverse("agency:dispatches"), _batch(timing.business_day(moment))
    return len(tell(_administrators(), text, url=url, why=WHY, kind="other", batch=batch, at=moment))


def _administrators() -> list[User]:
    today = timing.today()
    held = Membership.objects.filter(Q(until=None) | Q(until__gte=today), role=Role.ADMIN, since__lte=today)
    return list(User.objects.filter(pk__in=held.values("user"), is_active=True).order_by("pk"))


# Sending again -------------------------------------------------------------------------------------------------------


@transaction.atomic
def send_again(dispatch_id: int, *, by: User, at: dt.datetime | None = None) -> Dispatch:
    """Let what did not arrive, or of which nobody knows, be tried from the start; a second call does nothing.

    Raises `NotAllowed`, `DomainError` (`dispatch_state`).
    """
    row = Dispatch.objects.select_for_update(of=("self",)).get(pk=dispatch_id)
    require(may.can_send_again, by, row)
    if row.state in (DispatchState.WAITING, DispatchState.SENDING):
        return row
    if row.state not in (DispatchState.DEAD, DispatchState.UNSURE):
        raise DomainError("dispatch_state", f"这条消息{row.get_state_display()}，不用再发。")
    _put_back([row], by=by, moment=at or timing.now())
    return row


@transaction.atomic
def send_all_again(*, by: User, channel: str = "", at: dt.datetime | None = None) -> int:
    """Let everything that did not arrive (on one channel) be tried from the start; return how many.

    未确认 is not among it: each of these may have arrived, a person looks at it. Raises `NotAllowed`.
    """
    require(may.can_send_again, by, None)
    rows = Dispatch.objects.select_for_update(of=("self",), skip_locked=True).filter(state=DispatchState.DEAD)
    if channel:
        rows = rows.filter(channel=channel)
    found = list(rows.order_by("pk")[:MOST])
    _put_back(found, by=by, moment=at or timing.now())
    return len(found)


def _put_back(rows: list[Dispatch], *, by: User, moment: dt.datetime) -> None:
    """Note who wants it, and begin anew: the next job takes them up."""
    words = f"{by}要求重新发送"
    DispatchAttempt.objects.bulk_create(
        DispatchAttempt(dispatch=row, number=row.attempts, started_at=moment, ended_at=moment, words=words)
        for row in rows
    )
    for row in rows:
        row.state, row.next_at, row.attempts, row.ended_at, row.handed_at = DispatchState.WAITING, moment, 0, None, None
    Dispatch.objects.bulk_update(rows, ["state", "next_at", "attempts", "ended_at", "handed_at"])
