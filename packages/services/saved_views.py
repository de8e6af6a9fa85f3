"""Saved views of the work list: kept on the server, one name once per person, one default, ordered by use.

They are a person's own tidiness, no act of the office: no event tells of them.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F

from packages.models import SavedView
from packages.models.desk import SavedViewQuerySet
from projects import timing
from projects.errors import DomainError
from projects.models import User
from projects.quoting import quoted

MOST_VIEWS = 30
LONGEST_NAME = 20
LONGEST_QUERY = 500
#: The digits that open a view; one that is free again goes to the next view that is saved.
VIEW_KEYS = range(1, 10)


@transaction.atomic
def save_view(*, by: User, name: str, query: str, at: dt.datetime | None = None) -> SavedView:
    """Keep filters under a name. The same name with the same filters returns what stands.

    Raises `DomainError`: `name` (empty or too long), `name_taken`, `too_long` (of the filters), `too_many`.
    """
    own = _own(by)
    name = _name(name)
    standing = own.filter(name=name).first()
    if standing is not None:
        if standing.query == query:
            return standing
        raise DomainError("name_taken", f"您已有名为{quoted(name)}的视图，请换个名称，或先删除原来的。")
    if len(query) > LONGEST_QUERY:
        raise DomainError("too_long", "条件太长，请去掉一些条件后再保存。")
    if own.count() >= MOST_VIEWS:
        raise DomainError("too_many", f"最多保存 {MOST_VIEWS} 个视图，请先删除不用的。")
    taken = set(own.values_list("key", flat=True))
    key = next((digit for digit in VIEW_KEYS if digit not in taken), None)
    view: SavedView = SavedView.objects.create(user=by, name=name, query=query, key=key, created_at=at or timing.now())
    return view


def _own(by: User) -> SavedViewQuerySet:
    """The person's views, the person locked: two at once do not both take the last place or the same name."""
    User.objects.select_for_update(of=("self",)).get(pk=by.pk)
    own: SavedViewQuerySet = SavedView.objects.visible_to(by)
    return own


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise DomainError("name", "请给视图起个名称，例如“今天要受理的”。")
    if len(name) > LONGEST_NAME:
        raise DomainError("name", f"名称最多 {LONGEST_NAME} 个字，请缩短。")
    return name


@transaction.atomic
def rename_view(view_id: int, *, by: User, name: str) -> SavedView:
    """Give a view another name. Raises `SavedView.DoesNotExist`, `DomainError` (`name`, `name_taken`)."""
    own, name = _own(by), _name(name)
    view: SavedView = own.get(pk=view_id)
    if own.filter(name=name).exclude(pk=view_id).exists():
        raise DomainError("name_taken", f"您已有名为{quoted(name)}的视图，请换个名称。")
    view.name = name
    view.save(update_fields=["name"])
    return view


@transaction.atomic
def delete_view(view_id: int, *, by: User) -> None:
    """Delete a view; a second call does nothing."""
    _own(by).filter(pk=view_id).delete()


@transaction.atomic
def make_default(view_id: int, *, by: User, is_default: bool = True) -> SavedView:
    """Let the desk open with this view, or no longer. Raises `SavedView.DoesNotExist`."""
    own = _own(by)
    view: SavedView = own.get(pk=view_id)
    if is_default:
        own.exclude(pk=view_id).update(is_default=False)
    view.is_default = is_default
    view.save(update_fields=["is_default"])
    return view


def note_use(view_id: int, *, by: User) -> SavedView:
    """Count that a view was opened and return it. Raises `SavedView.DoesNotExist`."""
    own = SavedView.objects.visible_to(by)
    own.filter(pk=view_id).update(uses=F("uses") + 1)
    view: SavedView = own.get(pk=view_id)
    return view
