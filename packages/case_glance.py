"""What small tables say of the cases of a list, in one query: wishes to answer, papers and signatures that are awaited.

Also the chief representatives of the bodies that lead them. Each kind of row is rare; asked one by one they would cost
a list six queries.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Case, CharField, DateTimeField, F, IntegerField, Q, Value, When
from django.db.models.functions import Cast, Coalesce, NullIf

from packages.act_states import WITHDRAWAL_OPEN, ExtensionState, ProcedureState
from packages.choices import ArrivesBefore
from packages.models import Commitment, Deferral, Extension, MaterialItem, SpecialProcedure, Withdrawal
from packages.states import CommitmentState, MaterialState
from projects import timing
from projects.models import Membership
from projects.states import Role

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.db.models.expressions import Combinable

_TEXT, _NUMBER = CharField(), IntegerField()
_NONE = Value("", _TEXT)


@dataclass(frozen=True, slots=True)
class Told:
    """One row: of what kind, of which case (or body), and what it says."""

    kind: str
    key: int
    rank: int
    word: str
    detail: str
    body: str
    name: str
    at: dt.datetime | None


@dataclass(slots=True)
class CaseGlance:
    """What was found, by kind and by case (of chiefs: by body), in order."""

    rows: dict[tuple[str, int], list[Told]] = field(default_factory=lambda: defaultdict(list))

    def of(self, kind: str, key: int) -> list[Told]:
        """Return the rows of one kind of a case."""
        return self.rows.get((kind, key), [])

    def keys(self, kind: str) -> list[int]:
        """Return the cases that have a row of this kind."""
        return [key for found, key in self.rows if found == kind]

    def chief(self, organisation_id: int) -> str:
        """Return the name of the first current chief representative of a body; empty when it has none."""
        return next((row.word or row.detail for row in self.of("chief", organisation_id)), "")

    def other_chief(self, organisation_id: int, asker: str) -> str:
        """Return the name of the first chief representative of a body beside who asked; empty when it has none."""
        others = (row for row in self.of("chief", organisation_id) if row.detail != asker)
        return next((row.word or row.detail for row in others), "")

    def asked(self, case_id: int) -> Told | None:
        """Return what was asked for on a case and not answered, the wish to withdraw first."""
        return next((row for kind in ("withdrawal", "special", "extension") for row in self.of(kind, case_id)), None)


def look_at(
    cases: Sequence[int], *, received: Sequence[int], ready: Sequence[int], bodies: Collection[int]
) -> CaseGlance:
    """Look once: at all `cases`, at those `received` at the window, those `ready` for a decision, and their bodies."""
    found = CaseGlance()
    if not cases:
        return found
    parts = list(_parts(cases, received, ready, bodies))
    told = (Told(*row) for row in parts[0].union(*parts[1:], all=True))
    for row in sorted(told, key=lambda row: (row.kind, row.rank)):
        found.rows[row.kind, row.key].append(row)
    return found


def _parts(
    cases: Sequence[int], received: Sequence[int], ready: Sequence[int], bodies: Collection[int]
) -> Iterator[QuerySet[Any, Any]]:
    joint = Case(When(is_joint=True, then=Value("joint")), default=Value(""), output_field=_TEXT)
    # the first part has a moment in it: it gives the column of moments its type
    yield _part(
        Withdrawal.objects.filter(case__in=cases, state__in=WITHDRAWAL_OPEN), "withdrawal", at=F("requested_at")
    )
    yield _part(
        SpecialProcedure.objects.filter(case__in=cases, state=ProcedureState.REQUESTED), "special", detail=F("kind"),
        body=F("started_by__username"), at=F("requested_at"),
    )
    yield _part(
        Extension.objects.filter(case__in=cases, state=ExtensionState.REQUESTED), "extension", detail=joint,
        body=F("requested_by__username"), at=F("requested_at"),
    )
    today = timing.today()
    current = Q(until=None) | Q(until__gte=today)
    yield _part(
        Membership.objects.filter(current, organisation__in=bodies, role=Role.CHIEF, since__lte=today), "chief",
        key="organisation_id", word=F("user__name"), detail=F("user__username"),
    )
    if received:
        waits = [MaterialState.MISSING, MaterialState.AWAITED]
        yield _part(
            MaterialItem.objects.filter(case__in=received, state__in=waits), "line", rank=F("order"),
            word=F("state"), detail=F("supply"), name=F("name"),
            body=Coalesce(NullIf(F("supplier__short_name"), Value("")), F("supplier__name"), Value("")),
        )
    if ready:
        yield _part(
            Commitment.objects.filter(case__in=ready, state=CommitmentState.OFFERED), "offered", at=F("signed_at")
        )
        yield _part(Deferral.objects.filter(case__in=ready, arrives_before=ArrivesBefore.DECISION).open(), "deferral")


def _part(rows: QuerySet[Any, Any], kind: str, *, key: str = "case_id", **columns: Combinable) -> QuerySet[Any, Any]:
    def text(name: str) -> Combinable:
        return Cast(columns[name], _TEXT) if name in columns else _NONE

    return rows.order_by().values_list(
        Value(kind, _TEXT), F(key), Cast(columns.get("rank", F("pk")), _NUMBER), text("word"), text("detail"),
        text("body"), text("name"), columns.get("at", Value(None, DateTimeField())),
    )
