"""The chained events of synthesized projects: what `record()` would have written, in the order in which it happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db.models import Model

from gaige.scale.copying import insert_rows
from gaige.scale.rows import BATCH, Place
from packages.models import MatterCase
from packages.states import CaseState, Handling
from projects.events import SYSTEM_NAME, digest, subject_of
from projects.models import Event, Project
from projects.states import ProjectStatus, Stage
from projects.status_codes import StatusCode


class Told(NamedTuple):
    """One event before it is chained."""

    at: dt.datetime
    kind: str
    subject: Model
    summary: str
    data: dict[str, Any]
    code: int | None = None


def insert_history(places: Iterable[Place]) -> None:
    """Write the events of a batch and the head of each chain."""
    events: list[Event] = []
    projects: list[Project] = []
    for place in places:
        project = place.project
        events += [_chained(project, told) for told in sorted(_story(place), key=lambda one: one.at)]
        projects.append(project)
    insert_rows(Event, events, batch=BATCH)
    Project.objects.bulk_create(
        projects, batch_size=BATCH, update_conflicts=True, unique_fields=["id"],
        update_fields=["event_seq", "event_hash"],
    )


def _chained(project: Project, told: Told) -> Event:
    subject_type, subject_key = subject_of(told.subject)
    event = Event(
        chain=f"project:{project.pk}", seq=project.event_seq + 1, project=project, subject_type=subject_type,
        subject_key=subject_key, subject_label=str(told.subject)[:200], kind=told.kind, status_code=told.code,
        summary=told.summary[:300], actor_name=SYSTEM_NAME, happened_at=told.at, recorded_at=told.at, data=told.data,
        previous_hash=project.event_hash,
    )
    event.hash = digest(event)
    project.event_seq, project.event_hash = event.seq, event.hash
    return event


def _story(place: Place) -> Iterator[Told]:
    project, at = place.project, place.project.registered_at
    first = {"stage": ["", Stage.PLANNING], "status": ["", ProjectStatus.ACTIVE], "code": project.code}
    yield Told(at, "project.registered", project, f"登记项目 {project.code}", first)
    for case in place.cases:
        yield from _of_case(case, at)
    if project.stage != Stage.PLANNING:
        moved = max((case.decided_at for case in place.cases if case.decided_at), default=at)
        data = {"stage": [Stage.PLANNING, project.stage]}
        yield Told(moved, "project.stage_moved", project, f"进入{Stage(project.stage).label}阶段", data)


def _of_case(case: MatterCase, registered_at: dt.datetime) -> Iterator[Told]:
    name, draft = case.matter.name, CaseState.DRAFT
    yield Told(registered_at, "case.created", case, f"列入计划：{name}", {"state": ["", draft]})
    if case.handling == Handling.OUTSIDE and case.decided_at:
        data = {"state": [draft, case.state]}
        yield Told(case.decided_at, "case.outside", case, f"外部办理：{name}", data)
        return
    if case.received_at:
        data = {"state": [draft, CaseState.RECEIVED]}
        yield Told(case.received_at, "case.received", case, f"接件：{name}", data, StatusCode.RECEIVED)
    if case.state == CaseState.CORRECTING and case.received_at:
        data = {"state": [CaseState.RECEIVED, case.state]}
        yield Told(case.received_at, "case.correction_told", case, f"告知补正：{name}", data, 6)
    if case.accepted_at:
        data = {"state": [CaseState.RECEIVED, CaseState.IN_REVIEW]}
        yield Told(case.accepted_at, "case.accepted", case, f"受理：{name}", data, StatusCode.ACCEPTED)
    if case.accepted_at and case.decided_at:
        data = {"state": [CaseState.IN_REVIEW, case.state]}
        yield Told(case.decided_at, "case.decided", case, f"办结：{name}", data, 11)
