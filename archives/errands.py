"""What the archive's people find when they scan a code: the hand-over that waits for them, else the archive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.urls import reverse

from archives.models import Transfer
from archives.scanning import Errand
from archives.states import TransferState
from projects.access import access_of
from projects.states import OrganisationKind, Role

if TYPE_CHECKING:
    from projects.models import Project, User


def of_archive(project: Project, user: User) -> Iterator[Errand]:
    """Yield the hand-over for who receives or prepares it, and the archive for its keeper. One query at most."""
    access = access_of(user)
    is_keeper = access.has_at(project.centre_id, Role.ARCHIVIST)
    if not is_keeper and not any(body.kind == OrganisationKind.ARCHIVE for body in access.organisations):
        return
    url = reverse("archives:transfer", args=[project.pk])
    for transfer in Transfer.objects.standing().filter(project=project).select_related("receiver"):
        if transfer.state == TransferState.HANDED and transfer.receiver_id in access.organisation_ids:
            yield Errand("校验并接收项目档案", url, transfer.receiver.label)
        elif transfer.state == TransferState.PREPARED and is_keeper:
            yield Errand("移交项目档案", url, "预验收已通过", rank=2)
    if is_keeper:
        yield Errand("项目档案", reverse("archives:archive", args=[project.pk]), rank=5)
