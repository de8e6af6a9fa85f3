"""The event log: one append-only table that is timeline and audit in one.

`record()` runs inside the service's transaction, after the service has locked the project (or, for an event without a
project, the organisation). It chains the row to the one before by its hash and writes one outbox row per subscriber.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, models, transaction

from projects import outbox, plans, prepared, timing, workdays
from projects.access import access_of, stands_in_for
from projects.bulk import as_json, columns, insert_all, settle
from projects.errors import DomainError
from projects.models import Event, Organisation, Project
from projects.request_context import request_id

if TYPE_CHECKING:
    from projects.models import User

ALGORITHM = "sha256"
SYSTEM_NAME = "系统"
HASHED = (
    "chain", "seq", "project_id", "organisation_id", "subject_type", "subject_key", "subject_label", "kind",
    "status_code", "summary", "actor_id", "actor_name", "actor_organisation", "on_behalf_of", "happened_at",
    "recorded_at", "request_id", "data", "previous_hash",
)


@dataclass(frozen=True, slots=True)
class Telling:
    """What an event says, before it has its place in a chain."""

    kind: str
    subject: models.Model
    status_code: int | None = None
    summary: str = ""
    data: dict[str, Any] | None = None
    on_behalf_of: str = ""


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return value


def canonical(event: Event) -> str:
    """Return the words over which the hash of an event is taken."""
    row = {name: _plain(getattr(event, name)) for name in HASHED}
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(event: Event) -> str:
    """Return `sha256:<hex>` over the row and the hash of the event before it."""
    return f"{ALGORITHM}:{hashlib.sha256(canonical(event).encode()).hexdigest()}"


def subject_of(obj: models.Model) -> tuple[str, str]:
    """Return the label and key by which an object is named in events, papers and issue items."""
    return obj._meta.label, str(obj.pk)


def _organisation_of(user: User | None, owner_id: int | None) -> str:
    """Return for whom a person acts; who works for several enterprises acts for the owner of the project."""
    organisations = access_of(user).organisations
    if len(organisations) > 1 and (own := [body for body in organisations if body.pk == owner_id]):
        return own[0].name
    return organisations[0].name if organisations else ""


def record(  # noqa: PLR0913 - every argument is a column of the log
    kind: str,
    *,
    subject: models.Model,
    by: User | None,
    project: Project | None = None,
    organisation: Organisation | None = None,
    status_code: int | None = None,
    summary: str = "",
    data: dict[str, Any] | None = None,
    on_behalf_of: str = "",
    at: dt.datetime | None = None,
) -> Event:
    """Append one event to the chain of `project` (or of `organisation`) and return it.

    `by` None is the system. `at` is when it happened (default: now) and is never later than now. `data` carries old
    and new values, `{"state": [old, new]}` for a transition, and no personal values. Raises `DomainError` on a time in
    the future and `RuntimeError` outside a transaction.
    """
    told = Telling(kind, subject, status_code, summary, data, on_behalf_of)
    if project is not None:
        return _tell([told], project=project, by=by, at=at, organisation=organisation)[0]
    happened_at, now = _moments(at)
    chain, seq, previous = _next_link(organisation)
    body = _organisation_of(by, getattr(organisation, "pk", None))
    event = _event(told, by=by, body=body, happened_at=happened_at, recorded_at=now)
    event.organisation = organisation
    event.chain, event.seq, event.previous_hash = chain, seq, previous
    event.hash = digest(event)
    event.save()
    outbox.enqueue(event)
    return event


def record_all(
    tellings: Sequence[Telling], *, project: Project, by: User | None, at: dt.datetime | None = None
) -> list[Event]:
    """Append several events to the chain of a project in their order, in a fixed number of queries; see `record`."""
    return _tell(tellings, project=project, by=by, at=at)


def _tell(
    tellings: Sequence[Telling], *, project: Project, by: User | None, at: dt.datetime | None,
    organisation: Organisation | None = None,
) -> list[Event]:
    """Append to the chain of a project.

    The head that the instance knows is tried first. It may be older than what a service that the caller called has
    recorded; then nothing is written, and the head is read from the row.
    """
    if not (events := drafted(tellings, project=project, by=by, at=at, organisation=organisation)):
        return []
    gathering = _gathering.get()
    if gathering is not None and gathering[0] == project.pk:
        gathering[1].extend(events)
        return events
    return _chain(project, events)


#: The project whose events are gathered here, and those told so far.
_gathering: ContextVar[tuple[int, list[Event]] | None] = ContextVar("gaige_gathered_events", default=None)


@contextmanager
def told_together(project: Project) -> Iterator[None]:
    """Append what is told of the locked project inside the block in one statement, in its order, when the block ends.

    An event that is told inside has no key before. A block inside another of the same project adds to it.
    """
    outer = _gathering.get()
    if outer is not None and outer[0] == project.pk:
        yield
        return
    told: list[Event] = []
    token = _gathering.set((project.pk, told))
    try:
        yield
    finally:
        _gathering.reset(token)
    if told:
        _chain(project, told)


def _chain(project: Project, events: list[Event]) -> list[Event]:
    while not _append(project, events):
        head = Project.objects.values_list("event_seq", "event_hash").get(pk=project.pk)
        project.event_seq, project.event_hash = head
    project.event_seq, project.event_hash = events[-1].seq, events[-1].hash
    return events


def drafted(
    tellings: Sequence[Telling], *, project: Project, by: User | None, at: dt.datetime | None,
    organisation: Organisation | None = None,
) -> list[Event]:
    """Return events of a project that have no place in its chain yet. Raises as `record` does."""
    happened_at, now = _moments(at)
    body = _organisation_of(by, project.owner_id)
    events = [_event(one, by=by, body=body, happened_at=happened_at, recorded_at=now) for one in tellings]
    for event in events:
        event.project, event.organisation, event.chain = project, organisation, f"project:{project.pk}"
    return events


def link(project: Project, events: Sequence[Event]) -> str:
    """Chain events to the head that the instance knows; return the hash of the last."""
    previous = project.event_hash
    for number, event in enumerate(events, start=project.event_seq + 1):
        event.seq, event.previous_hash = number, previous
        event.hash = previous = digest(event)
    return previous


def _append(project: Project, events: Sequence[Event]) -> bool:
    """Chain the events to the head that the instance knows and write them; False where the row has another head."""
    previous = link(project, events)
    if connection.vendor == "postgresql":
        return _append_at_once(project, events)
    row = Project.objects.filter(pk=project.pk, event_seq=project.event_seq, event_hash=project.event_hash)
    if not row.update(event_seq=events[-1].seq, event_hash=previous):
        return False
    insert_all(events)
    outbox.enqueue(*events)
    return True


#: The head moves, the events follow it, the outbox follows them: nothing of it where the row has another head.
APPEND = f"""
WITH head AS (
    UPDATE projects_project SET event_seq = %s, event_hash = %s
    WHERE id = %s AND event_seq = %s AND event_hash = %s RETURNING 1
), told AS (
    INSERT INTO projects_event ({columns(Event)})
    SELECT {columns(Event)} FROM head, json_populate_recordset(NULL::projects_event, %s) RETURNING id, seq
), sent AS (
    INSERT INTO projects_outbox (event_id, subscriber, attempts, error)
    SELECT told.id, wanted.subscriber, 0, '' FROM told
    JOIN json_to_recordset(%s) AS wanted (place int, seq bigint, subscriber text) ON wanted.seq = told.seq
    ORDER BY wanted.place
)
SELECT id FROM told ORDER BY seq
"""  # noqa: S608 - names from the model


def _append_at_once(project: Project, events: Sequence[Event]) -> bool:
    wanted = outbox.wanted(events)
    places = [{"place": n, "seq": event.seq, "subscriber": one.name} for n, (event, one) in enumerate(wanted)]
    head = (events[-1].seq, events[-1].hash, project.pk, project.event_seq, project.event_hash)
    with connection.cursor() as cursor:
        plans.carry_out(cursor, APPEND, [*head, as_json(events), json.dumps(places)])
        keys = cursor.fetchall()
    if not keys:
        return False
    for event, (key,) in zip(events, keys, strict=True):
        settle(event, key)
    outbox.wake(wanted)
    return True


def _moments(at: dt.datetime | None) -> tuple[dt.datetime, dt.datetime]:
    """Return when it happened and when it is recorded."""
    if not connection.in_atomic_block:
        raise RuntimeError("record() belongs inside the service's transaction")
    now = timing.now()
    if at is not None and at > now:
        raise DomainError("future", "登记的时间晚于现在，请核对日期。")
    return at or now, now


def _event(
    telling: Telling, *, by: User | None, body: str, happened_at: dt.datetime, recorded_at: dt.datetime
) -> Event:
    """Return an event that has no place in a chain yet."""
    subject_type, subject_key = subject_of(telling.subject)
    return Event(
        subject_type=subject_type, subject_key=subject_key, subject_label=str(telling.subject)[:200],
        kind=telling.kind, status_code=telling.status_code, summary=telling.summary[:300], actor=by,
        actor_name=str(by) if by else SYSTEM_NAME, actor_organisation=body,
        on_behalf_of=telling.on_behalf_of or stands_in_for(by)[:120],
        happened_at=happened_at, recorded_at=recorded_at, late_days=late_days(happened_at, recorded_at),
        request_id=request_id.get(), data=telling.data or {},
    )


def late_days(happened_at: dt.datetime, recorded_at: dt.datetime) -> int:
    """Return how many working days after it happened something is keyed in."""
    happened_on, recorded_on = timing.business_day(happened_at), timing.business_day(recorded_at)
    return 0 if happened_on == recorded_on else workdays.workdays_between(happened_on, recorded_on)


def _next_link(organisation: Organisation | None) -> tuple[str, int, str]:
    """Return chain, sequence and previous hash of an organisation, whose row is locked here."""
    if organisation is None:
        raise RuntimeError("an event belongs to a project or to an organisation")
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    chain = f"organisation:{organisation.pk}"
    last = Event.objects.filter(chain=chain).order_by("-seq").values_list("seq", "hash").first()
    return (chain, last[0] + 1, last[1]) if last else (chain, 1, "")


def lock_project(project_id: int | models.QuerySet[Any, Any]) -> Project:
    """Return the project, locked until the transaction ends. Every service that writes to a project begins with it.

    Instead of its key a query may be given that finds the key. Raises `Project.DoesNotExist`.
    """
    found = Project.objects.select_for_update(of=("self",)).select_related("owner", "centre", "region")
    if not isinstance(project_id, int):
        return found.get(models.Q(pk=project_id))
    project = prepared.one("project, locked", lambda pk: found.filter(pk=pk), project_id)
    if project is None:
        raise Project.DoesNotExist
    return project


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first event of a chain that does not fit."""

    chain: str
    seq: int
    event_id: int | None
    reason: str


def verify_chain(chain: str) -> BrokenLink | None:
    """Return the first broken link of one chain, or None when it holds.

    What seems broken is read once more at rest: a service may have added an event between the chain and its head.
    """
    if _walked(chain) is None:
        return None
    with at_rest(chain):
        return _walked(chain)


@contextmanager
def at_rest(chain: str) -> Iterator[None]:
    """Hold the lock of a chain's project, so that nobody adds to it."""
    name, _, key = chain.partition(":")
    with transaction.atomic():
        if name == "project":
            Project.objects.select_for_update().order_by().values_list("pk").filter(pk=int(key)).first()
        yield


def _walked(chain: str) -> BrokenLink | None:
    previous, expected = "", 1
    for event in Event.objects.filter(chain=chain).order_by("seq").iterator(chunk_size=500):
        if event.seq != expected:
            return BrokenLink(chain, expected, event.pk, f"序号应为 {expected}，实为 {event.seq}")
        if event.previous_hash != previous:
            return BrokenLink(chain, event.seq, event.pk, "前一哈希不符")
        if event.hash != digest(event):
            return BrokenLink(chain, event.seq, event.pk, "内容与哈希不符")
        previous, expected = event.hash, expected + 1
    return _verify_head(chain, expected - 1, previous)


def _verify_head(chain: str, seq: int, head: str) -> BrokenLink | None:
    """The project remembers the last link, so that events cut off at the end are missed."""
    name, _, key = chain.partition(":")
    if name != "project":
        return None
    kept = Project.objects.filter(pk=int(key)).values_list("event_seq", "event_hash").first()
    if kept is None or kept == (seq, head):
        return None
    return BrokenLink(chain, seq + 1, None, f"项目记有 {kept[0]} 个事件，链上只有 {seq} 个")


def verify_all() -> Iterator[BrokenLink]:
    """Yield the first broken link of every chain that does not hold, in order of the chain's name."""
    chains = set(Event.objects.order_by("chain").values_list("chain", flat=True).distinct())
    chains |= {f"project:{pk}" for pk in Project.objects.filter(event_seq__gt=0).values_list("pk", flat=True)}
    for chain in sorted(chains):
        broken = verify_chain(chain)
        if broken:
            yield broken


def fold(project: Project) -> dict[tuple[str, str, str], str]:
    """Return the states that the events of a project tell: (subject type, subject key, field) -> last value.

    An event tells of `state` (or of `stage`, `status` of a project) as `{"state": [old, new]}`. Raises `ValueError`
    where an event starts from another state than the one before it left.
    """
    states: dict[tuple[str, str, str], str] = {}
    for event in Event.objects.filter(project=project).order_by("seq").iterator(chunk_size=500):
        for field in ("state", "stage", "status"):
            if field not in event.data:
                continue
            old, new = event.data[field]
            key = (event.subject_type, event.subject_key, field)
            if key in states and states[key] != old:
                raise ValueError(f"event {event.seq} of {event.chain}: {field} was {states[key]}, not {old}")
            states[key] = new
    return states


def latest_of(obj: models.Model) -> Event | None:
    """Return the newest event of an object, to tell who was faster."""
    subject_type, subject_key = subject_of(obj)
    return Event.objects.filter(subject_type=subject_type, subject_key=subject_key).order_by("-pk").first()


def told_by(event: Event | None) -> str:
    """Return who did what when, e.g. 王敏 10:42 已受理, or an empty text.

    What the system did by itself is told after what the last person did to the same object: one asks who was faster.
    """
    if event is None:
        return ""
    person = None
    if event.actor_id is None:
        same = Event.objects.filter(subject_type=event.subject_type, subject_key=event.subject_key)
        person = same.filter(actor__isnull=False, pk__lt=event.pk).order_by("-pk").first()
    return "；".join(_words(one) for one in (person, event) if one is not None)


def _words(event: Event) -> str:
    moment = event.happened_at.astimezone(timing.BUSINESS_ZONE)
    day = "" if moment.date() == timing.today() else f"{timing.spoken(moment)} "
    return f"{event.actor_name} {day}{moment:%H:%M} {event.summary or event.kind}"


