"""The things that figures of the bulletins count beside cases: one line of the list for each. Pure reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from acceptance.models import AcceptanceApplication, AcceptanceItem, LateFault
from acceptance.states import TONES as SITE_TONES
from agency.models import ChaseSlip, Escalation, Rating, WorkOrder
from packages.models import Breach, OffListItem, OneTimeNotice, ReviewTask
from packages.states import TONES as CASE_TONES
from projects.models import IssueItem, Project

if TYPE_CHECKING:
    from projects.models import User
    from projects.waiting import Waiting

#: What stands in the place of a rating.
PROTECTED = "评价人受保护，不列明细"


@dataclass(frozen=True, slots=True)
class Item:
    """One line. `is_open_to` tells whether the reader may open its project; `used` and `limit` are as frozen."""

    number: str
    name: str
    project: Project | None
    body: str
    state: str
    tone: str
    since: Any = None
    until: Any = None
    used: int | None = None
    limit: int | None = None
    is_late: bool = False
    url: str = ""
    is_open_to: bool = True
    waiting: Waiting | None = None
    slip: ChaseSlip | None = None


def _tasks(ids: list[int], _: User) -> dict[int, Item]:
    rows = ReviewTask.objects.select_related("organisation", "session__case__matter", "session__project").in_bulk(ids)
    return {
        pk: Item(
            row.session.case.number if row.session.case else "",
            str(row.session.case or row.session),
            row.session.project,
            row.organisation.label,
            row.get_state_display(),
            CASE_TONES.get(row.state, ""),
            row.pushed_at,
            row.closed_at,
            None,
            row.days,
            url=reverse("packages:case", args=[row.session.case_id]) if row.session.case_id else "",
        )
        for pk, row in rows.items()
    }


def _notices(ids: list[int], _: User) -> dict[int, Item]:
    rows = OneTimeNotice.objects.select_related("case__matter", "case__project", "given_for").in_bulk(ids)
    return {
        pk: Item(
            row.case.number,
            f"{row.get_kind_display()}告知第 {row.batch} 次：{row.case.matter.name}",
            row.case.project,
            row.given_for.label,
            "首次遗漏",
            "warn",
            row.given_at,
            url=reverse("packages:case", args=[row.case_id]),
        )
        for pk, row in rows.items()
    }


def _breaches(ids: list[int], _: User) -> dict[int, Item]:
    rows = Breach.objects.select_related("review__case__lead", "review__case__project").in_bulk(ids)
    found = {}
    for pk, row in rows.items():
        case = row.review.case
        if case is not None:
            url, on = reverse("packages:case", args=[case.pk]), row.review.opinion_at
            found[pk] = Item(case.number, str(row), case.project, case.lead.label, "违反强条", "bad", on, url=url)
    return found


def _off_list(ids: list[int], _: User) -> dict[int, Item]:
    rows = OffListItem.objects.select_related("project").in_bulk(ids)
    return {
        pk: Item(
            "",
            str(row),
            row.project,
            "",
            row.get_state_display(),
            "warn",
            row.proposed_at,
            row.decided_at,
            url=reverse("projects:detail", args=[row.project_id]),
        )
        for pk, row in rows.items()
    }


def _acceptances(ids: list[int], _: User) -> dict[int, Item]:
    rows = AcceptanceApplication.objects.select_related("project", "work_unit", "building", "lead").in_bulk(ids)
    return {
        pk: Item(
            row.get_scope_display(),
            str(row),
            row.project,
            row.lead.label,
            row.get_state_display(),
            SITE_TONES.get(row.state, ""),
            row.applied_at,
            row.concluded_at,
            url=reverse("acceptance:detail", args=[pk]),
        )
        for pk, row in rows.items()
    }


def _acceptance_items(ids: list[int], _: User) -> dict[int, Item]:
    rows = AcceptanceItem.objects.select_related("acceptance__project", "organisation").in_bulk(ids)
    return {
        pk: Item(
            f"第 {row.number} 项",
            row.name,
            row.acceptance.project,
            row.organisation.label,
            row.get_state_display(),
            SITE_TONES.get(row.state, ""),
            row.checked_at,
            url=reverse("acceptance:detail", args=[row.acceptance_id]),
        )
        for pk, row in rows.items()
    }


def _issues(ids: list[int], _: User) -> dict[int, Item]:
    rows = IssueItem.objects.select_related("project", "raised_for").in_bulk(ids)
    return {
        pk: Item(
            "",
            row.what,
            row.project,
            row.raised_for.label if row.raised_for else "",
            row.get_state_display(),
            "good",
            row.raised_at,
            row.closed_at,
            url=reverse("projects:detail", args=[row.project_id]),
        )
        for pk, row in rows.items()
    }


def _late_faults(ids: list[int], _: User) -> dict[int, Item]:
    rows = LateFault.objects.select_related("acceptance__project", "item__organisation").in_bulk(ids)
    return {
        pk: Item(
            "",
            row.what,
            row.acceptance.project,
            row.item.organisation.label,
            row.get_state_display(),
            "warn",
            row.asked_at,
            row.decided_at,
            url=reverse("acceptance:detail", args=[row.acceptance_id]),
        )
        for pk, row in rows.items()
    }


def _ratings(ids: list[int], user: User) -> dict[int, Item]:
    """Return ratings to whoever follows them up; to everybody else as many lines that say nothing."""
    mine = (
        Rating.objects.visible_to(user)
        .filter(pk__in=ids)
        .select_related("ask__project", "ask__body", "ask__case__matter")
    )
    found = {pk: Item("", PROTECTED, None, "", "", "plain") for pk in ids}
    for row in mine:
        found[row.pk] = Item(
            "",
            row.ask.what,
            row.ask.project,
            row.ask.body.label,
            row.get_grade_display(),
            "plain",
            row.given_at,
        )
    return found


def _orders(ids: list[int], _: User) -> dict[int, Item]:
    rows = WorkOrder.objects.select_related("project", "agent__user").in_bulk(ids)
    return {
        pk: Item(
            row.number,
            row.title,
            row.project,
            str(row.agent.user) if row.agent else "",
            row.get_state_display(),
            "plain",
            row.offered_at,
            row.done_at,
            url=reverse("projects:detail", args=[row.project_id]),
        )
        for pk, row in rows.items()
    }


def _projects(ids: list[int], _: User) -> dict[int, Item]:
    """Return projects; the name stands in the column of the project, which whoever may not know of it does not read."""
    rows = Project.objects.select_related("centre").in_bulk(ids)
    return {
        pk: Item(
            "", "代办项目", row, row.centre.label, row.get_stage_display(), "plain", row.registered_at,
            url=reverse("projects:detail", args=[pk]),
        )
        for pk, row in rows.items()
    }


def _escalations(ids: list[int], _: User) -> dict[int, Item]:
    rows = Escalation.objects.select_related("project", "order", "body").in_bulk(ids)
    return {
        pk: Item(
            row.order.number, f"升级到{row.get_level_display()}", row.project, row.body.label, row.get_state_display(),
            "plain", row.raised_at, row.decided_at, url=reverse("agency:escalation", args=[pk]),
        )
        for pk, row in rows.items()
    }


def _slips(ids: list[int], _: User) -> dict[int, Item]:
    rows = ChaseSlip.objects.select_related("project", "to", "paper").in_bulk(ids)
    return {
        pk: Item(
            row.paper.number if row.paper else "",
            row.reason,
            row.project,
            row.to.label,
            row.get_state_display(),
            "warn",
            row.issued_at,
            row.closed_at,
            url=reverse("agency:slip", args=[pk]),
        )
        for pk, row in rows.items()
    }


KINDS: dict[str, Callable[[list[int], Any], dict[int, Item]]] = {
    "task": _tasks,
    "notice": _notices,
    "breach": _breaches,
    "off_list": _off_list,
    "acceptance": _acceptances,
    "item": _acceptance_items,
    "issue": _issues,
    "late_fault": _late_faults,
    "rating": _ratings,
    "order": _orders,
    "project": _projects,
    "escalation": _escalations,
    "slip": _slips,
}
