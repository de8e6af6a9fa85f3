"""容缺待补: deferred papers that are still to be brought, also when every case of their application is decided."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count

from packages.models import MaterialItem
from packages.next_steps import CASE_LOST
from packages.states import MaterialState


def is_owed(item: MaterialItem) -> bool:
    """Whether a line of an application handed in is a deferred paper that is still to be brought (容缺)."""
    application = item.case.application
    if item.state != MaterialState.DEFERRED or item.case.state in CASE_LOST:
        return False
    return application is not None and application.submitted_at is not None


def is_let_through(item: MaterialItem) -> bool:
    """Whether the case was accepted without this paper: it can only be handed in."""
    return item.state == MaterialState.DEFERRED and item.case.accepted_at is not None


def owed_papers(applications: Sequence[int]) -> dict[int, int]:
    """Return per application handed in how many deferred papers (容缺) are still to be brought. One query."""
    owed = MaterialItem.objects.filter(
        case__application__in=applications, case__application__submitted_at__isnull=False, state=MaterialState.DEFERRED
    ).exclude(case__state__in=CASE_LOST)
    return dict(owed.values_list("case__application").annotate(n=Count("pk")))
