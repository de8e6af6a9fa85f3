"""Batches of starts (集中开工) as pages: the list, and one batch with its projects, checklists and looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agency import major_rules as may
from agency.major_queries import Steps
from agency.major_states import TONES, EntryState
from agency.models import Batch, BatchEntry
from projects import timing
from projects.exports import Cell, Column, Table

if TYPE_CHECKING:
    from agency.models import BatchLine, StartCheck
    from projects.errors import Verdict
    from projects.models import User


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch of the list with how many stand where."""

    batch: Batch
    counts: tuple[tuple[str, int], ...]
    checks_due: int


def batch_rows(user: User) -> list[BatchRow]:
    """Return the batches with projects that a person sees, the newest first. Three queries."""
    entries = list(
        BatchEntry.objects.visible_to(user).select_related("batch").prefetch_related("checks").order_by("pk")
    )
    mine = Batch.objects.filter(centre__in=_centres(user))
    by_batch: dict[int, list[BatchEntry]] = defaultdict(list)
    batches = {batch.pk: batch for batch in mine}
    for entry in entries:
        by_batch[entry.batch_id].append(entry)
        batches.setdefault(entry.batch_id, entry.batch)
    return [
        BatchRow(
            batch, tuple(
                (state.label, sum(entry.state == state for entry in by_batch[batch.pk])) for state in EntryState
            ),
            sum(is_due(check) for entry in by_batch[batch.pk] for check in entry.checks.all()),
        )
        for batch in sorted(batches.values(), key=lambda batch: (batch.starts_on, batch.pk), reverse=True)
    ]


def batches_table(user: User) -> Table:
    """Return the batches as a file."""
    columns = (
        Column("批次", 34), Column("开工日", 12), Column("主会场", 24),
        *(Column(str(state.label), 10) for state in EntryState), Column("待核查", 10),
    )
    rows: list[Sequence[Cell]] = [
        [row.batch.name, row.batch.starts_on, row.batch.place, *(count for _, count in row.counts), row.checks_due]
        for row in batch_rows(user)
    ]
    return Table("集中开工", columns, rows)


def _centres(user: User) -> list[int]:
    from projects.access import access_of

    return sorted(access_of(user).organisation_ids)


def is_due(check: StartCheck) -> bool:
    """Whether somebody should have been there."""
    return check.checked_at is None and check.due_on <= timing.today()


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One project of a batch: its checklist, its looks, and what may be done."""

    entry: BatchEntry
    lines: tuple[BatchLine, ...]
    checks: tuple[tuple[StartCheck, bool, Verdict], ...]
    can_prepare: Verdict
    steps: Steps

    @property
    def tone(self) -> str:
        """Colour of the state."""
        return TONES[self.entry.state]

    @property
    def met(self) -> int:
        """How many lines are there."""
        return sum(line.is_met for line in self.lines)


ENTRY_STEPS = (
    ("entry_confirm", "确认", may.can_confirm), ("entry_start", "登记开工", may.can_start),
    ("entry_postpone", "延后", may.can_postpone),
)


def batch_page(user: User, batch: Batch) -> list[EntryRow]:
    """Return the projects of a batch that a person sees. Four queries."""
    found = BatchEntry.objects.visible_to(user).filter(batch=batch).select_related("project__owner", "project__centre")
    rows = []
    for entry in found.prefetch_related("lines", "checks__photo").order_by("pk"):
        entry.batch = batch
        checks = []
        for check in entry.checks.all():
            check.entry = entry
            checks.append((check, is_due(check), may.can_check_start(user, check)))
        steps = [(name, word, rule(user, entry)) for name, word, rule in ENTRY_STEPS]
        rows.append(EntryRow(
            entry, tuple(entry.lines.all()), tuple(checks), may.can_prepare(user, entry),
            tuple(step for step in steps if step[2].ok),
        ))
    return rows


def batch_table(user: User, batch: Batch) -> Table:
    """Return a batch as a file."""
    columns = (
        Column("项目代码", 26), Column("项目", 34), Column("状态", 10), Column("开工条件", 12), Column("开工日期", 12),
        Column("延后原因", 30), Column("首次核查", 16), Column("二次核查", 16),
    )
    rows = [
        [
            row.entry.project.code, row.entry.project.name, row.entry.get_state_display(),
            f"{row.met} / {len(row.lines)}", row.entry.started_on, row.entry.reason,
            *[_check_word(check) for check, _, _ in row.checks], *[""] * (2 - len(row.checks)),
        ]
        for row in batch_page(user, batch)
    ]
    return Table(batch.name, columns, rows, [("开工日", f"{batch.starts_on:%Y-%m-%d}"), ("地点", batch.place)])


def _check_word(check: StartCheck) -> str:
    if check.checked_at is None:
        return f"应于 {timing.written(check.due_on)}"
    return "正在施工" if check.is_working else "没有施工"
