"""送达: a legal notice in the portal is opened, and signed for once, with the person and the time (签收).

The row of a delivery is made with the paper (`papers.issue_paper`). When it counts as delivered is a setting
(DELIVERY_TEXT): this portal fixes only what happened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import transaction

from archives import rules
from archives.models import Delivery
from archives.states import DeliveryWay
from projects import timing
from projects.back_entry import check_after
from projects.errors import DomainError, require
from projects.events import lock_project, record

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from archives.models import Paper
    from projects.models import Project, User

RELATED = ("paper__project", "organisation")


def _lock(paper_id: int) -> tuple[Project, Delivery]:
    """Return project and delivery, both locked. Raises `DomainError` `not_legal` for a paper that nobody signs for."""
    found = Delivery.objects.filter(paper_id=paper_id).values_list("paper__project_id", flat=True).first()
    if found is None:
        raise DomainError("not_legal", "这份文书不需要签收。")
    project = lock_project(found)
    rows = Delivery.objects.select_for_update(of=("self",)).select_related(*RELATED)
    return project, rows.get(paper_id=paper_id)


def note_opened(paper: Paper, *, by: User | AnonymousUser) -> None:
    """Note when somebody of the addressee opened a legal notice for the first time, as every reading is noted."""
    delivery = getattr(paper, "delivery", None)
    if delivery is None or delivery.opened_at is not None or not rules.can_sign_for(by, delivery):  # type: ignore[arg-type]
        return
    Delivery.objects.filter(pk=delivery.pk, opened_at=None).update(opened_at=timing.now(), opened_by=by.pk)


@transaction.atomic
def sign_for(paper_id: int, *, by: User, at: dt.datetime | None = None) -> Delivery:
    """Sign for a legal notice in the portal. Event `paper.signed_for`; a second signature changes nothing.

    Raises `NotAllowed`, `DomainError` `not_legal`.
    """
    project, delivery = _lock(paper_id)
    require(rules.can_sign_for, by, delivery)
    return _sign(project, delivery, name=str(by), way=DeliveryWay.PORTAL, by=by, at=at)


@transaction.atomic
def sign_for_many(paper_ids: Collection[int], *, by: User, at: dt.datetime | None = None) -> int:
    """Sign for the legal notices that were shown and ticked; return for how many. One receipt, one event each.

    Only these: a notice that was issued after the page was opened has not been read and stays unsigned. What a
    colleague signed meanwhile, or what was revoked, stays as it is. Projects are locked in the order of their keys.

    Raises `NotAllowed`.
    """
    found = Delivery.objects.unsigned().filter(paper__in=paper_ids).select_related(*RELATED)
    keys = sorted(set(found.values_list("paper__project_id", flat=True)))
    count = 0
    for project in [lock_project(key) for key in keys]:
        rows = found.filter(paper__project=project).order_by("pk").select_for_update(of=("self",))
        for delivery in rows:
            require(rules.can_sign_for, by, delivery)
            _sign(project, delivery, name=str(by), way=DeliveryWay.PORTAL, by=by, at=at)
            count += 1
    return count


@transaction.atomic
def hand_over(paper_id: int, *, receiver: str, by: User, at: dt.datetime | None = None) -> Delivery:
    """Note at the window who signed for the printed paper. Event `paper.signed_for`; a second time changes nothing.

    Raises `NotAllowed`, `DomainError` (`not_legal`, `receiver_missing`).
    """
    project, delivery = _lock(paper_id)
    require(rules.can_hand_over, by, delivery)
    if not receiver.strip():
        raise DomainError("receiver_missing", "请填写签收人的姓名。")
    check_after(at, delivery.paper.issued_at, "文书出具")
    return _sign(project, delivery, name=receiver.strip()[:50], way=DeliveryWay.COUNTER, by=by, at=at)


def _sign(
    project: Project, delivery: Delivery, *, name: str, way: str, by: User, at: dt.datetime | None
) -> Delivery:
    if delivery.signed_at is not None:
        return delivery
    moment = at or timing.now()
    delivery.signed_at, delivery.signed_name, delivery.signed_by, delivery.way = moment, name, by, way
    if way == DeliveryWay.PORTAL and delivery.opened_at is None:
        delivery.opened_at, delivery.opened_by = moment, by
    delivery.save()
    record(
        "paper.signed_for", subject=delivery.paper, project=project, by=by, at=at,
        summary=f"{delivery.get_way_display()}：{delivery.paper}", data={"way": way},
        on_behalf_of=delivery.organisation.name,
    )
    return delivery
