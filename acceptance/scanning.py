"""What an inspector finds who scans a project's code: the own items of the joint acceptance that are open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.urls import reverse

from acceptance.models import AcceptanceItem
from acceptance.states import ACCEPTANCE_OPEN, ItemState
from archives import scanning
from archives.scanning import Errand
from projects.access import access_of
from projects.quoting import quoted
from projects.states import Role

if TYPE_CHECKING:
    from projects.models import Project, User

MOST = 10


def own_items(project: Project, user: User) -> Iterator[Errand]:
    """Yield the open items of the person's departments. One query at most."""
    access = access_of(user)
    bodies = access.by_role.get(Role.REVIEWER, frozenset()) | access.by_role.get(Role.CHIEF, frozenset())
    if not bodies:
        return
    items = AcceptanceItem.objects.filter(
        acceptance__project=project, acceptance__state__in=list(ACCEPTANCE_OPEN), organisation__in=sorted(bodies),
        state__in=[ItemState.PENDING, ItemState.RECTIFYING],
    )
    for item in items.order_by("acceptance_id", "number")[:MOST]:
        yield Errand(f"验收{quoted(item.name)}", reverse("acceptance:item", args=[item.pk]), item.get_state_display())


def register() -> None:
    """Register it."""
    scanning.register("acceptance.items", own_items)
