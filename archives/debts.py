"""What the owner of projects owes the archive: a signature for legal notices, the hand-over after delivery."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from archives.models import Delivery, Transfer
from archives.services.transferring import due_on
from projects import prepared
from projects.models import Project
from projects.owing import Debt, Person
from projects.states import Stage

if TYPE_CHECKING:
    from django.db.models import QuerySet


def debts(_user: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield one debt per project with notices that nobody has signed for. One query."""
    open_ones: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in prepared.rows_among("unsigned of projects", _unsigned, [project.pk for project in projects]):
        open_ones[delivery.paper.project_id or 0].append(delivery)
    for project_id, rows in open_ones.items():
        titles = list(dict.fromkeys(row.paper.title for row in rows))
        more = f"等 {len(rows)} 份" if len(rows) > 1 else ""
        one = reverse("archives:sign", args=[rows[0].paper_id])
        yield Debt(
            project_id, "待签收", f"签收{titles[0]}{more}",
            reverse("archives:notices", args=[project_id]) if len(rows) > 1 else one, "去签收",
            detail="、".join(titles), why=settings.DELIVERY_TEXT,
        )


def _unsigned(project_id: int) -> QuerySet[Delivery]:
    found = Delivery.objects.unsigned().filter(paper__project__in=[project_id]).select_related("paper")
    return found.defer("paper__content").order_by("-pk")


def transfers(_user: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield one debt per delivered project whose archive has not been handed over. One query, or none."""
    delivered = [project for project in projects if project.stage == Stage.DELIVERED]
    if not delivered:
        return
    done = Transfer.objects.standing().filter(project__in=delivered).exclude(handed_at=None)
    handed = set(done.values_list("project_id", flat=True))
    for project in delivered:
        if project.pk not in handed:
            yield Debt(
                project.pk, "档案移交", "向城建档案馆移交项目档案",
                reverse("archives:transfer", args=[project.pk]), "去移交",
                why=f"项目交付后 {settings.TRANSFER_MONTHS} 个月内移交", due_on=due_on(project),
            )
