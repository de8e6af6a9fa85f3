"""What the page of a case reads of it: the case, its clocks, and the small tables that hang on it, in one query.

The functions of the page ask the case for its lists (`case.withdrawals.all()`), so they answer the same for a case that
was read alone, with a query for each list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch, prefetch_related_objects

from packages import queries
from packages.models import (
    Extension,
    JointSession,
    LateEntry,
    MaterialItem,
    MatterCase,
    OneTimeNotice,
    RegionalUse,
    ReviewTask,
    SpecialProcedure,
    Withdrawal,
)
from packages.screens.regional_said import live_uses
from projects.gathering import gather_of
from projects.models import IssueItem

if TYPE_CHECKING:
    from django.db.models import QuerySet

CLOCKS = ("promised_clock", "statutory_clock", "intake_clock", "special_clock")
RELATED = (
    "matter__matter", "lead", "project__owner", "project__centre", "application", "decided_by", "accepted_by",
    "delivery", "revocation", "outside_result__evidence__document", "outside_result__recorded_by", *CLOCKS,
)


@dataclass(frozen=True, slots=True)
class CaseRows:
    """A case with its lists, what is owed on it, and the regional results that its project stands on."""

    case: MatterCase
    issues: Sequence[IssueItem]
    uses: Sequence[RegionalUse]


def read(pk: int) -> CaseRows:
    """Read a case that is there. One query."""
    [case], issues, uses = gather_of("packages.case", _wanted, pk)
    for session in case.sessions.all():
        session.project = case.project
    return CaseRows(case, issues, uses)


def _wanted(pk: int) -> list[QuerySet[Any]]:
    lists = (
        Prefetch("withdrawals", Withdrawal.objects.select_related("requested_by").order_by("pk")),
        Prefetch("procedures", SpecialProcedure.objects.select_related("started_by", "approver").order_by("pk")),
        Prefetch("extensions", Extension.objects.select_related("requested_by", "approver").order_by("pk")),
        Prefetch("notices", OneTimeNotice.objects.select_related("given_by", "given_for", "paper").order_by("batch")),
        Prefetch("materials", MaterialItem.objects.select_related("document", "kind", "supplier").order_by("order")),
        Prefetch(
            "late_entries",
            LateEntry.objects.select_related("opinion__task__organisation", "entered_by").order_by("pk"),
        ),
        Prefetch("sessions", rounds()),
    )
    held = [f"{clock}__{rows}" for clock in CLOCKS for rows in ("pauses", "segments")]
    return [
        MatterCase.objects.filter(pk=pk).select_related(*RELATED).prefetch_related(*lists, *held),
        queries.issues_of(MatterCase(pk=pk)),
        live_uses().filter(project__cases=pk),
    ]


def rounds() -> QuerySet[JointSession]:
    """The rounds of joint reviews with their tasks and conferences, the newest first."""
    found = JointSession.objects.select_related("lead", "merged_by").order_by("-round")
    return found.prefetch_related("conferences", Prefetch("tasks", queries.answered(ReviewTask.objects.all())))


def with_rounds(case: MatterCase) -> Sequence[JointSession]:
    """The rounds of a case, read unless they are there."""
    prefetch_related_objects([case], Prefetch("sessions", rounds()))
    found = list(case.sessions.all())
    for session in found:
        session.case = case
    return found
