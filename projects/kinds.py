"""People of one kind ask the same questions: a statement that depends on who asks is put together once for all of them.

What a person may see follows from the own key, the bodies they work for and the day (`projects/access.py`). The
statement is built for somebody of the same roles whose key, and whose enterprise, stand open (`prepared.SLOTS`); who
asks gives them. A city has sixty thousand people and a hundred kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db.models import Model

from projects import prepared, timing
from projects.access import access_of
from projects.memo import Memo, asker
from projects.models import User

if TYPE_CHECKING:
    from django.db.models import QuerySet

M = TypeVar("M", bound=Model)
_ROW, _WHO, _BODY = prepared.SLOTS
#: Statements by what they ask and by kind; the oldest go first.
_asked: Memo[prepared.Asked] = Memo(most=1000, seconds=600)


@dataclass(frozen=True, slots=True)
class Kind:
    """What distinguishes the statements of people: `key`; somebody of the kind to build them for; who gives what."""

    key: Hashable
    somebody: User
    user_id: int
    body_id: int

    def place(self, body_id: int) -> int:
        """Return what stands for a body in the statements of the kind: itself, or the open place of the own one."""
        return _BODY if self.body_id and body_id == self.body_id else body_id

    def given(self, row: int = 0) -> tuple[int, int, int]:
        """Return what stands in the open places of a statement about this row."""
        return row, self.user_id, self.body_id


def kind_of(user: User) -> Kind:
    """Return the kind of a person. Whoever acts by a delegation (委托代理) is a kind of one.

    An office's bodies stay in the statement: how PostgreSQL reads depends on how much work they have.
    """
    access = access_of(user)
    if access.delegations:
        return Kind(asker(user), user, user.pk, 0)
    alone = access.is_enterprise and len(access.organisation_ids) == 1
    body = min(access.organisation_ids) if alone else 0

    def opened(bodies: Iterable[int]) -> frozenset[int]:
        return frozenset(_BODY if pk == body else pk for pk in bodies)

    by_role = {role: opened(bodies) for role, bodies in access.by_role.items()}
    somebody = User(pk=_WHO)
    somebody._access = replace(  # type: ignore[attr-defined]  # noqa: SLF001 - our note on a user (projects/access.py)
        access, by_role=by_role, organisation_ids=opened(access.organisation_ids), user_ids=(_WHO,),
        organisations=() if body else access.organisations,
    )
    roles = tuple(sorted((role, tuple(sorted(bodies))) for role, bodies in by_role.items()))
    key = "kind", roles, access.region_prefixes, timing.today()
    return Kind(key, somebody, user.pk, body)


def rows_for(user: User, key: Hashable, rows: Callable[[User], QuerySet[Any, Any]]) -> list[tuple[Any, ...]]:
    """Return what the `values_list` of `rows(user)` holds; `key` names what it depends on beside who asks.

    Values come as the database gives them (SQLite: days as text). PostgreSQL plans it each time, knowing who asks.
    """
    kind = kind_of(user)
    try:
        asked = _asked.of((kind.key, key), lambda: prepared.Asked(*rows(kind.somebody).query.sql_with_params()))
        return asked.rows(kind.given())
    except EmptyResultSet:
        return []


def objects_for(user: User, key: Hashable, rows: Callable[[User], QuerySet[M]]) -> list[M]:
    """As `rows_for` of whole models, with what is selected and prefetched beside them."""
    kind = kind_of(user)
    return prepared.rows_weighed((kind.key, key), lambda *_: rows(kind.somebody), *kind.given())


def is_among(user: User, key: Hashable, rows: Callable[[User, int], QuerySet[Any, Any]], pk: int) -> bool:
    """Return whether `rows(user, pk)` holds a row; `key` names what it depends on beside who asks. Its plan is kept."""
    if pk > prepared.GREATEST:
        return False
    kind = kind_of(user)

    def asked() -> prepared.Asked:
        found = rows(kind.somebody, _ROW).order_by().values("pk")[:1]
        return prepared.Asked.of(*found.query.sql_with_params())

    try:
        return bool(_asked.of((kind.key, "among", key), asked).rows(kind.given(pk)))
    except EmptyResultSet:
        return False
