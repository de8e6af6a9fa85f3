"""What a bulletin counts of the joint acceptance: applications, first passes, faults by item, days of mending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acceptance.models import AcceptanceApplication, AcceptanceItem, LateFault
from acceptance.states import ACCEPTANCE_GOOD, LateState, Scope
from agency.bulletin_facts import AcceptanceFact, ItemFact, MendFact, label_of, marks, within
from projects import timing, workdays
from projects.models import IssueItem
from projects.states import IssueKind, IssueState

if TYPE_CHECKING:
    from agency.bulletin_facts import Facts
    from agency.bulletin_periods import Period
    from agency.bulletin_scope import Scope as BulletinScope


def read_acceptances(facts: Facts, period: Period, scope: BulletinScope) -> None:
    """Read the acceptances that were applied for or concluded in the period, their faults, and what was mended."""
    ours = AcceptanceApplication.objects.filter(scope.projects())
    ours = ours.filter(within("applied_at", period) | within("concluded_at", period))
    columns = (
        "pk",
        "project__region_id",
        "lead_id",
        "applied_at",
        "concluded_at",
        "state",
        "scope",
        "paper_rounds",
    )
    rows = list(ours.order_by("pk").values_list(*columns))
    faulty = _with_faults([row[0] for row in rows])
    for pk, code, lead, applied, concluded, state, what, rounds in rows:
        done = concluded is not None and period.start <= concluded < period.end
        facts.acceptances.append(
            AcceptanceFact(
                pk,
                scope.region(code),
                lead,
                period.start <= applied < period.end,
                done,
                done and state in ACCEPTANCE_GOOD and not rounds and pk not in faulty,
                what == Scope.BUILDING,
            )
        )
    _faults(facts, period, scope)
    late = LateFault.objects.filter(
        within("decided_at", period), scope.projects("acceptance__project"), state=LateState.APPROVED
    )
    facts.late_faults = marks(late, scope, "acceptance__project__region_id", "item__organisation_id")


def _with_faults(keys: list[int]) -> set[int]:
    """Return which acceptances had anything to mend."""
    items = dict(AcceptanceItem.objects.filter(acceptance__in=keys).values_list("pk", "acceptance_id"))
    found = IssueItem.objects.filter(
        subject_type=label_of(AcceptanceItem), subject_key__in=[str(pk) for pk in items], kind=IssueKind.RECTIFICATION
    )
    return {items[int(key)] for key in found.values_list("subject_key", flat=True)}


def _faults(facts: Facts, period: Period, scope: BulletinScope) -> None:
    issues = IssueItem.objects.filter(
        within("raised_at", period) | within("closed_at", period),
        scope.projects(),
        kind=IssueKind.RECTIFICATION,
        subject_type=label_of(AcceptanceItem),
    )
    columns = ("pk", "project__region_id", "subject_key", "raised_at", "closed_at", "state", "what")
    rows = list(issues.order_by("pk").values_list(*columns))
    items = AcceptanceItem.objects.in_bulk({int(row[2]) for row in rows})
    seen: set[int] = set()
    for pk, code, key, raised, closed, state, what in rows:
        item = items.get(int(key))
        if item is None:
            continue
        region = scope.region(code)
        if period.start <= raised < period.end and item.pk not in seen:
            seen.add(item.pk)
            facts.items.append(ItemFact(item.pk, region, item.organisation_id, item.number, item.name, what))
        if closed is not None and period.start <= closed < period.end and state == IssueState.VERIFIED:
            days = workdays.workdays_between(timing.business_day(raised), timing.business_day(closed))
            facts.mended.append(MendFact(pk, region, item.organisation_id, days))
