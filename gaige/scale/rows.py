"""Rows of one batch, the order in which they are inserted, and what all projects of a synthesized portal share."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.db import models

from agency.models import Agent, Assignment
from archives.blobs import Stored
from archives.models import Document, DocumentVersion, Paper
from gaige.scale.copying import insert_rows
from packages.models import (
    Application,
    Enrolment,
    JointSession,
    MaterialItem,
    MatterCase,
    Opinion,
    OutsideResult,
    PackageRow,
    PackageVersion,
    ReviewTask,
)
from projects.models import (
    Clock,
    ClockPause,
    ClockSegment,
    Involvement,
    IssueItem,
    Organisation,
    Party,
    Project,
    User,
    WorkUnit,
)

BATCH = 2000
#: Before a row come the rows that it points at.
ORDER: tuple[type[models.Model], ...] = (
    WorkUnit, Enrolment, Party, Involvement, Assignment, Clock, ClockPause, ClockSegment, Application, MatterCase,
    MaterialItem, JointSession, ReviewTask, Opinion, Document, DocumentVersion, Paper, OutsideResult, IssueItem,
)


@dataclass(slots=True)
class Made:
    """Unsaved rows of one batch by model, and which of them carry the key of a case as text."""

    rows: dict[type[models.Model], list[Any]] = field(default_factory=lambda: defaultdict(list))
    of_case: list[tuple[Any, str, MatterCase]] = field(default_factory=list)

    def add(self, row: Any) -> Any:
        """Keep a row and return it."""
        self.rows[type(row)].append(row)
        return row

    def add_of(self, case: MatterCase, row: Any, name: str) -> Any:
        """Keep a row whose column `name` becomes the key of the case."""
        self.of_case.append((row, name, case))
        return self.add(row)

    def insert(self) -> None:
        """Write everything in order; keys as text are filled in when the cases have theirs."""
        for model in ORDER:
            insert_rows(model, self.rows[model], batch=BATCH)
            if model is MatterCase:
                for row, name, case in self.of_case:
                    setattr(row, name, str(case.pk))


@dataclass(frozen=True, slots=True)
class Plan:
    """A package with the facts of one example project: the rows that apply, in order, each with its handling."""

    version: PackageVersion
    facts: Mapping[str, object]
    rows: tuple[tuple[PackageRow, str], ...]
    at_window: tuple[PackageRow, ...]


@dataclass(frozen=True, slots=True)
class World:
    """What all projects share."""

    centre: Organisation
    owners: Sequence[Organisation]
    plans: Sequence[Plan]
    clerk: User
    agents: Sequence[Agent]
    sample: Stored
    chance: random.Random
    numbers: count[int]


@dataclass(slots=True)
class Place:
    """One project of a batch: its rows so far."""

    project: Project
    number: int
    plan: Plan
    unit: WorkUnit
    bodies: set[int] = field(default_factory=set)
    serials: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cases: list[MatterCase] = field(default_factory=list)
