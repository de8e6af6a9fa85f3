"""Appends to the chains of several projects at once: what one job does to many projects is told in one statement."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection

from projects import events, outbox
from projects.bulk import as_json, columns, settle
from projects.models import Event

if TYPE_CHECKING:
    from projects.events import Telling
    from projects.models import Project, User

#: As `events.APPEND`, for many heads: events whose project has another head than was read are not written.
APPEND = f"""
WITH asked AS (
    SELECT * FROM json_to_recordset(%s) AS asked (id bigint, was int, known text, seq int, hash text)
), head AS (
    UPDATE projects_project SET event_seq = asked.seq, event_hash = asked.hash FROM asked
    WHERE projects_project.id = asked.id AND event_seq = asked.was AND event_hash = asked.known
    RETURNING projects_project.id
), told AS (
    INSERT INTO projects_event ({columns(Event)})
    SELECT {columns(Event)} FROM json_populate_recordset(NULL::projects_event, %s) AS given
    WHERE given.project_id IN (SELECT id FROM head) RETURNING id, chain, seq
), sent AS (
    INSERT INTO projects_outbox (event_id, subscriber, attempts, error)
    SELECT told.id, wanted.subscriber, 0, '' FROM told
    JOIN json_to_recordset(%s) AS wanted (place int, chain text, seq bigint, subscriber text)
    ON wanted.chain = told.chain AND wanted.seq = told.seq
    ORDER BY wanted.place
)
SELECT id, chain, seq FROM told
"""  # noqa: S608 - names from the model


def record_across(
    told: Sequence[tuple[Project, Sequence[Telling]]], *, by: User | None, at: dt.datetime | None = None
) -> list[Event]:
    """Append to the chains of several locked projects, each once in the list, in the order of their tellings.

    One statement on PostgreSQL. Raises `DatabaseError` where a head has moved since its project was read, which cannot
    be while the caller holds the locks; then nothing of the transaction stands.
    """
    if connection.vendor != "postgresql":
        return [event for project, some in told for event in events.record_all(some, project=project, by=by, at=at)]
    heads: list[dict[str, object]] = []
    made: list[Event] = []
    for project, some in told:
        own = events.drafted(some, project=project, by=by, at=at)
        head = {"id": project.pk, "was": project.event_seq, "known": project.event_hash}
        heads.append(head | {"seq": project.event_seq + len(own), "hash": events.link(project, own)})
        made += own
    if not made:
        return []
    _write(heads, made)
    for (project, _), head in zip(told, heads, strict=True):
        project.event_seq, project.event_hash = int(str(head["seq"])), str(head["hash"])
    return made


def _write(heads: Sequence[dict[str, object]], made: Sequence[Event]) -> None:
    wanted = outbox.wanted(made)
    places = [
        {"place": n, "chain": event.chain, "seq": event.seq, "subscriber": one.name}
        for n, (event, one) in enumerate(wanted)
    ]
    with connection.cursor() as cursor:
        cursor.execute(APPEND, [json.dumps(heads), as_json(made), json.dumps(places)])
        keys = {(chain, seq): key for key, chain, seq in cursor.fetchall()}
    if len(keys) != len(made):
        raise DatabaseError("the head of a chain has moved")
    for event in made:
        settle(event, keys[event.chain, event.seq])
    outbox.wake(wanted)
