"""每日提醒: what the clocks have said and a person has not read becomes one message at 09:00 of a working day.

Who has nothing new gets nothing. Yesterday's digest that nobody read goes into today's, so that one stands in the inbox
and not ten; what is over by then is left out.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from agency import message_data as data
from agency.models import Notification
from agency.services.telling import send
from agency.states import Threshold
from agency.wording import LOUDEST
from projects import timing, workdays
from projects.clock_states import ClockState
from projects.jobs import each
from projects.models import JobRun

if TYPE_CHECKING:
    from django.db.models import QuerySet

WHY = "您或贵单位的时限有变化"


def is_time(at: dt.datetime | None = None) -> bool:
    """Whether digests are made now: on working days, between the hours of the setting."""
    here = (at or timing.now()).astimezone(timing.BUSINESS_ZONE)
    return workdays.is_workday(here) and settings.DIGEST_FROM <= here.time() < settings.DIGEST_UNTIL


def loose(at: dt.datetime | None = None) -> QuerySet[Notification]:
    """Return the reminders that no digest has taken in, of people who have none today."""
    day = timing.business_day(at or timing.now())
    today = Notification.objects.filter(user=OuterRef("user"), digest_on=day)
    return _loose().filter(~Exists(today))


def _loose() -> QuerySet[Notification]:
    return Notification.objects.filter(clock__isnull=False, part_of=None, read_at=None, over_at=None)


def digest_all(run: JobRun, at: dt.datetime | None = None) -> int:
    """Make the digest of everybody who has something new; return how many."""

    def act(user_id: int) -> int:
        return int(make_digest(user_id, at=at) is not None)

    return each(run, loose(at), act, column="user_id")


def make_digest(user_id: int, *, at: dt.datetime | None = None) -> Notification | None:
    """Merge what a person has not read into the digest of the day and return it; None where nothing is true any more.

    One a day and person: a second call, or one at the same moment, makes none.
    """
    moment = at or timing.now()
    try:
        with transaction.atomic():
            return _merge(user_id, timing.business_day(moment), moment)
    except IntegrityError:
        return None


def _merge(user_id: int, day: dt.date, moment: dt.datetime) -> Notification | None:
    before = Q(part_of__user=user_id, part_of__digest_on__lt=day, part_of__read_at=None, part_of__over_at=None)
    mine = Notification.objects.select_for_update(of=("self",)).filter(
        Q(part_of=None) | before, user=user_id, clock__isnull=False, read_at=None, over_at=None
    )
    rows: list[Any] = list(mine.select_related("clock", "user").order_by("pk"))
    true = [row for row in rows if _is_true(row, day)]
    over = {row.pk for row in rows} - {row.pk for row in true}
    Notification.objects.filter(pk__in=over).update(over_at=moment)
    if not any(row.part_of_id is None for row in true):
        return None
    older = {row.part_of_id for row in rows if row.part_of_id}
    Notification.objects.filter(pk__in=older).update(over_at=moment)
    digest = Notification(
        user=true[0].user, text=_text(true), why=WHY, kind=data.DEADLINE, digest_on=day, sent_at=moment,
        batch=f"digest:{day}:{user_id}",
    )
    send([digest])
    digest.url = reverse("agency:digest", args=[digest.pk])
    digest.save(update_fields=["url"])
    Notification.objects.filter(pk__in=[row.pk for row in true]).update(part_of=digest)
    return digest


def _is_true(row: Any, day: dt.date) -> bool:
    """Whether a reminder still says what is so: its clock runs and has not climbed to a rung of its own since."""
    if row.clock.state != ClockState.RUNNING:
        return False
    passed = {Threshold.YELLOW: row.clock.due_on <= day, Threshold.DUE: row.clock.due_on < day}
    return not passed.get(row.threshold, False)


def _text(rows: list[Notification]) -> str:
    """Return 今日提醒：已超时 2 件，今日到期 1 件: each clock once, by its loudest rung."""
    loudest: dict[int | None, str] = {}
    for row in sorted(rows, key=lambda row: LOUDEST[Threshold(row.threshold)]):
        loudest.setdefault(row.clock_id, row.threshold)
    counts = Counter(loudest.values())
    parts = [f"{Threshold(code).label} {counts[code]} 件" for code in data.BY_DAY if counts[code]]
    return "今日提醒：" + "，".join(parts)
