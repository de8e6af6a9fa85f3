"""Papers that say something of a piece of land and not of one project (免提交).

What departments issued or filed for another project of the same owner on the same 宗地 serves the next one too: its
title, its boundary, its survey. Which kinds these are is dated data (`land_papers.tsv`), a proposal of this portal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from archives.models import Document
from archives.states import Visibility
from packages.case_data import Dated, dated_rows
from packages.models import MaterialItem, Parcel
from packages.states import MaterialState
from projects import timing

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from archives.models import DocumentKind
    from projects.models import Project

#: 用地拆迁文件 of GB/T 50328: the only ones that the office side reaches in this way.
LAND_CLASS = "A2"


@lru_cache(maxsize=1)
def _all_kinds() -> tuple[tuple[str, Dated], ...]:
    return tuple((row["kind"], when) for row, when in dated_rows("land_papers.tsv"))


def land_kinds(day: dt.date | None = None) -> frozenset[str]:
    """Return the kinds that speak of land, by the day."""
    today = day or timing.today()
    return frozenset(kind for kind, when in _all_kinds() if when.holds(today))


def of_the_land(project: Project, kinds: Iterable[DocumentKind], good: Q) -> dict[int, Document]:
    """Return the newest good paper per kind of another project of the same owner on the same 宗地.

    One query where a kind that speaks of land is wanted, else none.
    """
    known = land_kinds()
    wanted = [kind.pk for kind in kinds if kind.slug in known and kind.is_reusable]
    if not wanted:
        return {}
    same = Parcel.objects.filter(project=project).exclude(number="").values("number")
    others = Document.objects.filter(project__owner=project.owner_id, project__parcel__number__in=same)
    open_ones = others.exclude(project=project).exclude(visibility=Visibility.OFFICE)
    filed = open_ones.filter(good, Q(versions__isnull=False) | Q(paper__isnull=False), kind__in=wanted).distinct()
    return {row.kind_id: row for row in filed.select_related("kind", "paper", "project").order_by("pk")}


def reached(projects: QuerySet[Project]) -> Q:
    """Return which land papers of other projects one opens: those on which a line of a visible project stands."""
    visible = projects.filter(pk__gte=OuterRef("case__project"), pk__lte=OuterRef("case__project"))
    lines = MaterialItem.objects.filter(Exists(visible), document=OuterRef("pk"), state=MaterialState.HELD)
    return Q(doc_class=LAND_CLASS) & Q(Exists(lines))
