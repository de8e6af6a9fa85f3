"""What the owner of projects has to sign for: legal notices in the portal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.urls import reverse

from archives.models import Delivery
from projects.models import Project
from projects.owing import Debt, Person


def debts(_user: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield one debt per project with notices that nobody has signed for. One query."""
    found = Delivery.objects.unsigned().filter(paper__project__in=projects)
    open_ones: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in found.select_related("paper").defer("paper__content").order_by("-pk"):
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
