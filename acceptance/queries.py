"""Page-sized reads of the joint acceptance."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acceptance import rules
from acceptance.models import AcceptanceApplication, AcceptanceItem, AcceptanceQuerySet
from acceptance.services.items import all_issues
from acceptance.states import TONES
from acceptance.ticks import CheckedInProcess, checked_in_process
from projects import timing
from projects.states import IssueKind

if TYPE_CHECKING:
    from projects.errors import Verdict
    from projects.models import IssueItem, User


__all__ = ["CheckedInProcess", "ItemRow", "checked_in_process", "for_page", "item_rows", "tick_of"]


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One of the twelve items with its faults and what the user may do."""

    item: AcceptanceItem
    tone: str
    issues: tuple[IssueItem, ...]
    can_record: Verdict
    can_recheck: Verdict
    can_late: Verdict
    tick: CheckedInProcess | None


def item_rows(acceptance: AcceptanceApplication, user: User) -> list[ItemRow]:
    """Return the items in order, each with what was checked during the works; six queries whatever their number."""
    issues: dict[str, list[IssueItem]] = {}
    found = all_issues(acceptance).exclude(kind=IssueKind.DEFERRAL)
    for issue in found.select_related("raised_for", "debtor_organisation"):
        issues.setdefault(issue.subject_key, []).append(issue)
    ticks = checked_in_process(acceptance.work_unit, _day(acceptance))
    rows = []
    for item in acceptance.items.select_related("organisation", "case__matter", "checked_by", "definition"):
        item.acceptance = acceptance
        rows.append(ItemRow(
            item, TONES.get(item.state, "plain"), tuple(issues.get(str(item.pk), ())),
            rules.can_record(user, item), rules.can_recheck(user, item),
            rules.can_ask_late(user, item), ticks.get(item.definition.code),
        ))
    return rows


def _day(acceptance: AcceptanceApplication) -> dt.date:
    """The day on which the items are seen: of the visit, once it is known."""
    visit = rules.visit_of(acceptance)
    return (visit and (visit.held_on or visit.planned_on)) or timing.today()


def tick_of(item: AcceptanceItem) -> CheckedInProcess | None:
    """Return what was checked of one item during the works."""
    return checked_in_process(item.acceptance.work_unit, _day(item.acceptance)).get(item.definition.code)


def for_page(user: User) -> AcceptanceQuerySet:
    """Return the acceptance applications that the user may see, with what a page reads of them."""
    return AcceptanceApplication.objects.visible_to(user).select_related(
        "project__owner", "project__centre", "lead", "work_unit", "building", "application", "clock", "visit",
        "handover",
    ).prefetch_related("items__organisation")
