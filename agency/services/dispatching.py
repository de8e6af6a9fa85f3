"""Messages on their way out: rows are claimed, handed to the other side, marked. Nothing is lost, nothing goes twice.

A row is claimed under `SKIP LOCKED` in a transaction of its own, sent outside of any, and marked by the worker that
holds the claim and no other. A worker that dies before the words left is followed by another; after that only a channel
whose other side drops what it knows is tried again, anything else is 未确认 and waits for a person. What fails is tried
again after the minutes of `DISPATCH_BACKOFF_MINUTES`, then it is 未送达. A side that is down is left alone for the rest
of the run, without counting a try.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from agency import message_data as data
from agency import wording
from agency.channels import WEBHOOK, Channel, NotNow, RefusedError, UnsureError, channels
from agency.models import Dispatch, DispatchAttempt, MessageChoice, Notification, Webhook
from agency.states import DispatchState
from projects import timing
from projects.models import Membership
from projects.services.privacy import who_agrees

if TYPE_CHECKING:
    from projects.models import User

#: Rows that a worker takes at once, and seconds after which it leaves the rest to the next.
HANDFUL, PATIENCE = 10, 30.0
LONGEST_ERROR = 200


# Writing what goes out ---------------------------------------------------------------------------------------------


def wanted(user_id: int, kind: data.Kind, channel: str, choices: dict[tuple[int, str, str], bool]) -> bool:
    """Whether a person wants a kind on a channel: what must be told always, else as chosen, else by the rule."""
    if kind.must:
        return channel in kind.channels
    return choices.get((user_id, kind.code, channel), channel in kind.channels)


def _agreed(users: Iterable[int]) -> set[tuple[int, str]]:
    purposes = {channel.consent for channel in channels().values() if channel.consent}
    return who_agrees(users, purposes) if purposes else set()


def is_agreed(user_id: int, kind: data.Kind, channel: Channel, agreed: set[tuple[int, str]]) -> bool:
    """Whether a channel may be used: what must be told needs no consent, anything else that of the channel."""
    return kind.must or not channel.consent or (user_id, channel.consent) in agreed


def choices_of(users: Iterable[int]) -> dict[tuple[int, str, str], bool]:
    """Return what people have chosen on their page 消息设置. One query."""
    found = MessageChoice.objects.filter(user__in=set(users))
    return {(row.user_id, row.kind, row.channel): row.is_on for row in found}


def enqueue(messages: Sequence[Notification], choices: dict[tuple[int, str, str], bool]) -> None:
    """Write what goes out of these messages, in the caller's transaction. Four queries at most."""
    if not messages:
        return
    rows, agreed = [], _agreed({note.user_id for note in messages})
    for note in messages:
        kind = data.kind(note.kind, timing.business_day(note.sent_at))
        for code, channel in channels().items():
            if code == WEBHOOK or not wanted(note.user_id, kind, code, choices):
                continue
            if is_agreed(note.user_id, kind, channel, agreed):
                rows += _to_person(note, kind, channel)
    Dispatch.objects.bulk_create([*rows, *_to_bodies(messages)], ignore_conflicts=True)


def _to_person(note: Notification, kind: data.Kind, channel: Channel) -> list[Dispatch]:
    """Return what goes out to the person of a message; of an address that does not do the log says why not."""
    words = channel.unfit(note.user)
    if not words and not channel.address(note.user):
        return []
    row = _row(note, kind, channel, user=note.user, key=f"{channel.code}:{note.pk}")
    if words:
        row.state, row.ended_at, row.error = DispatchState.DROPPED, note.sent_at, words
    return [row]


def _to_bodies(messages: Sequence[Notification]) -> list[Dispatch]:
    """Each body's own system gets each happening once, however many of its people are told."""
    channel = channels().get(WEBHOOK)
    hooks = list(Webhook.objects.filter(is_active=True)) if channel is not None else []
    if channel is None or not hooks:
        return []
    today = timing.today()
    bodies: dict[int, set[int]] = {}
    held = Membership.objects.filter(
        Q(until=None) | Q(until__gte=today), user__in={note.user_id for note in messages}, since__lte=today
    )
    for user_id, body in held.values_list("user_id", "organisation_id"):
        bodies.setdefault(user_id, set()).add(body)
    rows: dict[str, Dispatch] = {}
    for note in messages:
        kind = data.kind(note.kind, timing.business_day(note.sent_at))
        for hook in hooks:
            if hook.organisation_id in bodies.get(note.user_id, ()) and (not hook.kinds or kind.code in hook.kinds):
                key = f"webhook:{hook.pk}:{note.batch or note.pk}"
                rows.setdefault(key, _row(note, kind, channel, hook=hook, key=key))
    return list(rows.values())


def _row(
    note: Notification, kind: data.Kind, channel: Channel, *, key: str, user: User | None = None,
    hook: Webhook | None = None,
) -> Dispatch:
    return Dispatch(
        notification=note, user=user, webhook=hook, channel=channel.code, kind=kind.code, key=key,
        subject=note.text[:120], text="", url=note.url, created_at=note.sent_at,
        next_at=awake(note.sent_at) if channel.is_quiet else note.sent_at,
    )


def awake(moment: dt.datetime) -> dt.datetime:
    """Return the moment, or the end of the quiet hours that it lies in."""
    here = moment.astimezone(timing.BUSINESS_ZONE)
    start, end = settings.QUIET_FROM, settings.QUIET_UNTIL
    over = here.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    if start <= end:
        return over if start <= here.time() < end else moment
    if here.time() >= start:
        return over + dt.timedelta(days=1)
    return over if here.time() < end else moment


# Sending -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Sent:
    """What became of the rows of one run."""

    sent: int = 0
    failed: int = 0


def due(channel: str) -> Q:
    """Return the condition of what is to be sent now on a channel, or was left by a worker that is silent."""
    silent = timing.now() - dt.timedelta(seconds=settings.DISPATCH_STALE_SECONDS)
    waiting = Q(state=DispatchState.WAITING, next_at__lte=timing.now())
    return Q(channel=channel) & (waiting | Q(state=DispatchState.SENDING, claimed_at__lt=silent))


def send_waiting(channel: str, *, most: int = 1000) -> Sent:
    """Send what waits on one channel, a handful at a time, until nothing is due or the time of a run is over."""
    done, until, down = Sent(), time.monotonic() + PATIENCE, set[int | None]()
    while done.sent + done.failed < most and time.monotonic() < until:
        rows = claim(channel, HANDFUL)
        if not rows:
            break
        for row in rows:
            if row.webhook_id in down or time.monotonic() > until:
                _put_back(row)
            elif _carry_out(row, down):
                done.sent += 1
            else:
                done.failed += 1
        if down and not any(row.webhook_id not in down for row in rows):
            break
    return done


@transaction.atomic
def claim(channel: str, most: int) -> list[Dispatch]:
    """Claim what is due, each row for one worker; what a silent worker had handed over is not claimed but 未确认."""
    made = channels()[channel]
    free = Dispatch.objects.select_for_update(of=("self",), skip_locked=True)
    rows = list(free.filter(due(channel)).order_by("next_at", "pk")[:most])
    taken, now, token = [], timing.now(), uuid4().hex
    for row in rows:
        if row.state == DispatchState.SENDING and row.handed_at is not None and not made.is_repeatable:
            words = "发送中断，不知道对方是否收到"
            Dispatch.objects.filter(pk=row.pk).update(state=DispatchState.UNSURE, ended_at=now, error=words)
        else:
            taken.append(row.pk)
    Dispatch.objects.filter(pk__in=taken).update(
        state=DispatchState.SENDING, claim=token, claimed_at=now, handed_at=None, attempts=F("attempts") + 1
    )
    related = ("user", "webhook", "notification__project__centre", "notification__project__owner")
    return list(Dispatch.objects.filter(pk__in=taken).select_related(*related).order_by("next_at", "pk"))


def _carry_out(row: Dispatch, down: set[int | None]) -> bool:
    """Send one claimed row and mark it; whether it went out."""
    channel = channels()[row.channel]
    if not _still_mine(row, claimed_at=timing.now()):
        return False
    if words := _pointless(row, channel):
        _mark(row, state=DispatchState.DROPPED, ended_at=timing.now(), error=words)
        return False
    if not row.text and row.notification is not None:
        row.text = channel.compose(wording.words_of(row.notification, row.key))
    attempt = DispatchAttempt.objects.create(dispatch=row, number=row.attempts, started_at=timing.now())

    def handing() -> None:
        if not _still_mine(row, handed_at=timing.now(), text=row.text):
            raise NotNow("另一个进程已接手")

    try:
        answer = channel.send(row, handing)
    except NotNow as error:
        if error.is_down:
            down.add(row.webhook_id)
        return _ended(row, attempt, str(error), _later(row))
    except RefusedError as error:
        return _ended(row, attempt, str(error), {"state": DispatchState.DEAD, "ended_at": timing.now()})
    except UnsureError as error:
        return _ended(row, attempt, str(error), {"state": DispatchState.UNSURE, "ended_at": timing.now()})
    _ended(row, attempt, answer, {"state": DispatchState.SENT, "ended_at": timing.now()}, is_good=True)
    return True


def _pointless(row: Dispatch, channel: Channel) -> str:
    """Why a row is no longer to be sent; empty while it is."""
    if row.user is None:
        return "" if row.webhook is not None and row.webhook.is_active else "对接地址已停用"
    if not row.user.is_active:
        return "账号已停用"
    if not channel.address(row.user):
        return channel.unfit(row.user) or f"账号没有登记{channel.label}"
    kind = data.kind(row.kind, timing.today())
    if not is_agreed(row.user.pk, kind, channel, _agreed([row.user.pk])):
        return f"本人没有同意用{channel.label}接收提醒"
    return "" if wanted(row.user.pk, kind, row.channel, choices_of([row.user.pk])) else "本人已关闭这类消息"


def _later(row: Dispatch) -> dict[str, object]:
    """When a row is tried again; after the last time it is not."""
    steps = settings.DISPATCH_BACKOFF_MINUTES
    if row.attempts > len(steps):
        return {"state": DispatchState.DEAD, "ended_at": timing.now()}
    moment = timing.now() + dt.timedelta(minutes=steps[row.attempts - 1])
    quiet = channels()[row.channel].is_quiet
    return {"state": DispatchState.WAITING, "next_at": awake(moment) if quiet else moment}


def _ended(
    row: Dispatch, attempt: DispatchAttempt, words: str, then: dict[str, object], *, is_good: bool = False
) -> bool:
    attempt.ended_at, attempt.is_good, attempt.words = timing.now(), is_good, words[:LONGEST_ERROR]
    attempt.save(update_fields=["ended_at", "is_good", "words"])
    _mark(row, error=words[:LONGEST_ERROR], text=row.text, **then)
    return False


def _still_mine(row: Dispatch, **then: object) -> bool:
    """Write to a row while this worker holds the claim; whether it does."""
    mine = Dispatch.objects.filter(pk=row.pk, claim=row.claim, state=DispatchState.SENDING)
    return mine.update(**then) == 1


def _mark(row: Dispatch, **then: object) -> None:
    """Mark a row and give the claim back; only the worker that holds the claim does."""
    _still_mine(row, claim="", **then)


def _put_back(row: Dispatch) -> None:
    """Give a row back untried: the other side is down."""
    moment = timing.now() + dt.timedelta(minutes=settings.DISPATCH_BACKOFF_MINUTES[0])
    _mark(row, state=DispatchState.WAITING, attempts=row.attempts - 1, next_at=moment)
