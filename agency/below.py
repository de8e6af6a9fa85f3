"""Two levels: a city's bureau sees how each centre below it does, in figures; single ratings and complaints stay below.

Who rated or complained is protected (docs/voices.md): the level above reads counts by centre, 样本不足 below three.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q

from agency.models import Rating
from agency.voice_queries import enquiry_parts
from agency.voice_states import FollowState, Grade
from projects import timing
from projects.access import access_of, region_prefix
from projects.memo import Memo
from projects.models import Membership, Organisation, Project
from projects.rounding import half_up, percent
from projects.states import OrganisationKind, Role

if TYPE_CHECKING:
    import datetime as dt

    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

#: What decides upon projects: of these bodies those with a director or with projects of their own.
CENTRES = (OrganisationKind.BUREAU, OrganisationKind.COMMITTEE)
#: Fewer than so many could lead to who said it.
SAMPLE = 3
DASH, FEW = "—", "样本不足"


def centres_below(user: User | AnonymousUser) -> list[Organisation]:
    """Return the centres that a director or 工改办 of a region with regions below stands above, the own one among them.

    Nothing where there are no others. One query, or none for whoever works for a single county or zone.
    """
    access = access_of(user)
    codes = {
        body.region.code for body in access.organisations
        if body.region and access.has_at(body.pk, Role.DIRECTOR, Role.SUPERVISOR)
    }
    wide = {prefix for code in codes if (prefix := region_prefix(code)) not in ("", code)}
    if not wide:
        return []
    inside = reduce(or_, (Q(region__code__startswith=prefix) for prefix in wide))
    led = Membership.objects.posts().filter(organisation=OuterRef("pk"), role=Role.DIRECTOR)
    used = Project.objects.filter(centre=OuterRef("pk"))
    bodies = Organisation.objects.filter(inside, Exists(led) | Exists(used), kind__in=CENTRES)
    found = list(bodies.select_related("region").order_by("pk"))
    return found if len(found) > 1 else []


@dataclass(frozen=True, slots=True)
class CentreRow:
    """One centre with its figures in the order of the columns; words where there is nothing to say."""

    label: str
    cells: tuple[str, ...]


def _rate(part: int, whole: int) -> str:
    if not whole:
        return DASH
    return FEW if whole < SAMPLE else f"{half_up(percent(part, whole), 1)}%"


RATING_COLUMNS = ("主动评价", "满意率", "默认评价", "差评", "已整改答复", "整改超期")
VOICE_COLUMNS = ("收到", "等待答复", "转办过", "超期", "按时答复率", "答复满意率")
_kept: Memo[list[CentreRow]] = Memo(most=50, seconds=settings.COUNTERS_SECONDS)


def rating_rows(centres: Sequence[Organisation], span: tuple[dt.datetime, dt.datetime]) -> list[CentreRow]:
    """Return how the projects of each centre were rated in a span of time. One query, kept for a while."""
    return _kept.of(("ratings", *(body.pk for body in centres)), lambda: _rating_rows(centres, span))


def _rating_rows(centres: Sequence[Organisation], span: tuple[dt.datetime, dt.datetime]) -> list[CentreRow]:
    said = Q(is_default=False, is_excluded=False)
    low = said & Q(grade__lte=Grade.BAD)
    parts = {
        "given": said, "good": said & Q(grade__gte=Grade.FAIR), "default": Q(is_default=True, is_excluded=False),
        "low": low, "mended": low & Q(follow_up__state=FollowState.REPLIED),
        "late": low & Q(follow_up__ended_at=None, follow_up__clock__due_on__lt=timing.today()),
    }
    found = Rating.objects.filter(ask__project__centre__in=centres, given_at__gte=span[0], given_at__lt=span[1])
    counted = found.order_by().values("ask__project__centre").annotate(
        **{name: Count("pk", filter=part) for name, part in parts.items()}
    )
    by_centre: dict[int, dict[str, Any]] = {row["ask__project__centre"]: {**row} for row in counted}
    rows = []
    for body in centres:
        row = by_centre.get(body.pk) or dict.fromkeys(parts, 0)
        few = 0 < row["given"] < SAMPLE
        told = [FEW if few else str(row[name]) for name in ("low", "mended", "late")]
        good = _rate(row["good"], row["given"])
        rows.append(CentreRow(body.label, (str(row["given"]), good, str(row["default"]), *told)))
    return rows


def voice_rows(centres: Sequence[Organisation], span: tuple[dt.datetime, dt.datetime]) -> list[CentreRow]:
    """Return how each centre answered what was asked and complained of. One query, kept for a while."""
    return _kept.of(("voices", *(body.pk for body in centres)), lambda: _voice_rows(centres, span))


def _voice_rows(centres: Sequence[Organisation], span: tuple[dt.datetime, dt.datetime]) -> list[CentreRow]:
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for centre, parts in enquiry_parts(*span, centres):
        counts[centre].update(parts)
    rows = []
    for body in centres:
        n = counts[body.pk]
        plain = tuple(str(n[name]) for name in ("asked", "owed", "forwarded", "late"))
        rates = _rate(n["in_time"], n["in_time"] + n["late"]), _rate(n["satisfied"], n["satisfied"] + n["unsatisfied"])
        rows.append(CentreRow(body.label, (*plain, *rates)))
    return rows
