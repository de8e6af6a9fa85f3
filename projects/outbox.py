"""Outbox: what other parts do about an event, written in the event's transaction and drained by workers.

A subscriber is a name, the kinds of event it wants, and a handler that takes the event and calls one service. Apps
register theirs in `AppConfig.ready`. `on_commit` only wakes a worker; what a dead broker or worker leaves behind is
taken up by the sweep. Claim, act and mark: the claim is a transaction of its own; the handler's effects and the mark
commit together, so a row whose worker was killed anywhere is done exactly once by the next one.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q

from projects import timing
from projects.errors import DomainError
from projects.models import Event, Outbox

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)
Handler = Callable[[Event], None]
#: So many rows are carried out in one transaction by a subscriber that takes many.
AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who wants which events; `queue` is the Celery queue whose workers drain it.

    `many` does for several events in one transaction what `handler` does for one; where it is refused they are carried
    out one by one.
    """

    name: str
    kinds: frozenset[str]
    handler: Handler
    queue: str
    many: Callable[[Sequence[Event]], None] | None = None


_subscribers: dict[str, Subscriber] = {}


def subscribe(
    name: str, kinds: Iterable[str], handler: Handler, *, queue: str = "review",
    many: Callable[[Sequence[Event]], None] | None = None,
) -> None:
    """Register a subscriber; a second registration of the same name replaces the first."""
    _subscribers[name] = Subscriber(name, frozenset(kinds), handler, queue, many)


#: What is worth computing before somebody asks, now that something happened to these projects.
_followers: dict[str, Callable[[Sequence[int]], object]] = {}


def follow(name: str, act: Callable[[Sequence[int]], object]) -> None:
    """Register what a worker does with the projects of the rows that it has just carried out; nobody waits for it."""
    _followers[name] = act


def subscribers() -> tuple[Subscriber, ...]:
    """Return all subscribers in the order of their registration."""
    return tuple(_subscribers.values())


def wanted(events: Iterable[Event]) -> list[tuple[Event, Subscriber]]:
    """Return who wants which of these events, in the order in which it is done."""
    return [(event, one) for event in events for one in _subscribers.values() if event.kind in one.kinds]


def enqueue(*events: Event) -> None:
    """Write one row per event and subscriber of its kind, and wake a worker when the transaction commits."""
    asked = wanted(events)
    if asked:
        Outbox.objects.bulk_create(Outbox(event=event, subscriber=one.name) for event, one in asked)
        wake(asked)


def wake(asked: Iterable[tuple[Event, Subscriber]]) -> None:
    """Wake a worker of each queue concerned when the transaction commits."""
    for queue in {one.queue for _, one in asked}:
        _wake(queue)


_silent: ContextVar[bool] = ContextVar("outbox_silent", default=False)


@contextmanager
def without_waking() -> Iterator[None]:
    """Wake no worker inside the block: who writes drains as well (the demonstration), or leaves it to the sweep."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def _wake(queue: str) -> None:
    from projects.tasks import wake_drain

    if _silent.get():
        return
    transaction.on_commit(lambda: wake_drain(queue), robust=True)


def _stale_before() -> dt.datetime:
    return timing.now() - dt.timedelta(seconds=settings.OUTBOX_STALE_SECONDS)


def pending(names: Iterable[str] | None = None) -> QuerySet[Outbox]:
    """Return the rows that nobody has claimed, or whose worker went silent, oldest first."""
    rows = Outbox.objects.filter(done_at=None).filter(Q(claimed_at=None) | Q(claimed_at__lt=_stale_before()))
    if names is not None:
        rows = rows.filter(subscriber__in=list(names))
    return rows.order_by("pk")


def drain(*, queue: str | None = None, limit: int = 500) -> int:
    """Claim and carry out what is pending (of one queue's subscribers, or all); return how many rows were done."""
    names = [s.name for s in _subscribers.values() if queue is None or s.queue == queue]
    done: list[int] = []
    for name, keys in _groups(list(pending(names).values_list("pk", "subscriber")[:limit])):
        claimed = [pk for pk in keys if _claim(pk)] if len(keys) == 1 else _claim_all(keys)
        done += _carry_out_all(name, claimed) if len(claimed) > 1 else [pk for pk in claimed if _carry_out(pk)]
    if done:
        told = Event.objects.filter(outbox__in=done, project__isnull=False).order_by()
        projects = sorted(set(told.values_list("project_id", flat=True)))
        for act in _followers.values():
            act(projects)
    return len(done)


def _groups(found: Sequence[tuple[int, str]]) -> list[tuple[str, list[int]]]:
    """Put together, in their order, what one subscriber takes in one transaction; alone what it takes one by one."""
    groups: list[tuple[str, list[int]]] = []
    open_ones: dict[str, list[int]] = {}
    for pk, name in found:
        keys = open_ones.get(name)
        if keys is None or len(keys) == AT_ONCE:
            groups.append((name, keys := []))
            if _subscribers[name].many is not None and connection.features.has_select_for_update_skip_locked:
                open_ones[name] = keys
        keys.append(pk)
    return groups


def _claim_all(keys: Sequence[int]) -> list[int]:
    """Claim several rows in a transaction of its own; each goes to exactly one worker."""
    with transaction.atomic():
        free = pending().filter(pk__in=keys).select_for_update(skip_locked=True, of=("self",))
        claimed = list(free.values_list("pk", flat=True))
        Outbox.objects.filter(pk__in=claimed).update(claimed_at=timing.now(), attempts=F("attempts") + 1)
    return claimed


def _carry_out_all(name: str, keys: Sequence[int]) -> list[int]:
    """Run the handler of many and mark its rows done in one transaction; return the rows that were done.

    A refusal undoes all of it; then each row is carried out by itself, so that one refusal holds up nobody else.
    """
    many = _subscribers[name].many
    try:
        with transaction.atomic():
            rows = Outbox.objects.select_for_update(of=("self",)).select_related("event__project")
            found = list(rows.filter(pk__in=keys, done_at=None).order_by("pk"))
            if many is not None and found:
                many([row.event for row in found])
            Outbox.objects.filter(pk__in=[row.pk for row in found]).update(done_at=timing.now(), error="")
    except (DomainError, DatabaseError) as error:
        logger.warning("outbox, %s rows of %s: %s", len(keys), name, error)
        return [pk for pk in keys if _carry_out(pk)]
    return [row.pk for row in found]


def drain_all(*, rounds: int = 50, exclude: Iterable[str] = ()) -> int:
    """Drain until nothing is left (a handler's own events too); for the demo, commands and tests. Return the count."""
    skipped, total = set(exclude), 0
    names = [s.name for s in _subscribers.values() if s.name not in skipped]
    for _ in range(rounds):
        ids = list(pending(names).values_list("pk", flat=True)[:500])
        if not ids:
            break
        total += sum(_carry_out(pk) for pk in ids if _claim(pk))
    return total


def _claim(pk: int) -> bool:
    """Claim one row in a transaction of its own; True for exactly one worker."""
    free = Q(claimed_at=None) | Q(claimed_at__lt=_stale_before())
    claimed = Outbox.objects.filter(free, pk=pk, done_at=None).update(
        claimed_at=timing.now(), attempts=F("attempts") + 1
    )
    return claimed == 1


def _carry_out(pk: int) -> int:
    """Run the handler and mark the row done in one transaction; a refusal is kept on the row and tried again later."""
    try:
        with transaction.atomic():
            row = Outbox.objects.select_for_update(of=("self",)).select_related("event__project").get(pk=pk)
            if row.done_at is not None:
                return 0
            _subscribers[row.subscriber].handler(row.event)
            row.done_at, row.error = timing.now(), ""
            row.save(update_fields=["done_at", "error"])
    except (DomainError, DatabaseError) as error:
        logger.warning("outbox %s: %s", pk, error)
        Outbox.objects.filter(pk=pk).update(error=str(error)[:300])
        return 0
    return 1
