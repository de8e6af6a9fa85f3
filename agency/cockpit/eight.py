"""八个“一” for the leading group: each is a part of a whole, and both open as lists.

Names and definitions are data (`agency/catalog/eight_ones.tsv`), our own proposal. Each is counted per centre.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import Http404
from django.urls import reverse

from acceptance.models import AcceptanceApplication, Inspection
from acceptance.states import AcceptanceState
from acceptance.supervision_states import INSPECTION_HELD
from agency import major_data
from agency.cockpit.change import project_lines
from agency.cockpit.figures import open_projects
from agency.cockpit.lines import Line
from agency.cockpit.lists import Source
from agency.cockpit.standing import unassigned
from archives.models import Document, QrToken
from archives.states import TokenState
from packages.models import Application, Enrolment, MatterCase, OneTimeNotice
from packages.states import CASE_ENDED, TONES, CaseState
from projects import timing
from projects.rounding import half_up, percent

if TYPE_CHECKING:
    from agency.cockpit.reach import Reach
    from agency.major_data import One

YEAR = dt.timedelta(days=365)
FEW = 3
Rows = QuerySet[Any]


def _since() -> dt.datetime:
    return timing.start_of_day(timing.today() - YEAR)


def _projects(reach: Reach) -> Rows:
    return open_projects(reach).select_related("centre")


def _applications(reach: Reach) -> Rows:
    handed_in = Application.objects.filter(project__in=reach.projects, submitted_at__gte=_since())
    return handed_in.select_related("project__centre")


def _accepted(reach: Reach) -> Rows:
    accepted = MatterCase.objects.filter(project__in=reach.projects, accepted_at__gte=_since())
    return accepted.exclude(state=CaseState.WITHDRAWN).select_related("project__centre", "matter", "lead")


def _checks(reach: Reach) -> Rows:
    held = Inspection.objects.filter(
        project__in=reach.projects, state__in=list(INSPECTION_HELD), started_at__gte=_since()
    )
    return held.select_related("project__centre")


def _acceptances(reach: Reach) -> Rows:
    concluded = AcceptanceApplication.objects.filter(project__in=reach.projects, concluded_at__gte=_since())
    return concluded.select_related("project__centre")


BASES: dict[str, Callable[[Reach], Rows]] = {
    "projects": _projects, "applications": _applications, "accepted": _accepted, "checks": _checks,
    "acceptances": _acceptances,
}


def _here(model: type[Any], **conditions: Any) -> Q:
    return Q(Exists(model.objects.filter(project=OuterRef("pk"), **conditions)))


def _one_batch(rows: Rows) -> Rows:
    several = MatterCase.objects.filter(application=OuterRef("pk")).order_by().values("application")
    return rows.filter(Exists(several.annotate(n=Count("pk")).filter(n__gte=2)))


def _joint(rows: Rows) -> Rows:
    found: Rows = rows.annotate(bodies=Count("units", distinct=True)).filter(bodies__gte=2)
    return found


PARTS: dict[str, Callable[[Rows, Reach], Rows]] = {
    "coded": lambda rows, _: rows.filter(_here(QrToken, state=TokenState.ACTIVE)),
    "archived": lambda rows, _: rows.filter(_here(Document)),
    "enrolled": lambda rows, _: rows.filter(_here(Enrolment)),
    "paired": lambda rows, reach: rows.exclude(pk__in=unassigned(reach).values("pk")),
    "together": lambda rows, _: _one_batch(rows),
    "once_told": lambda rows, _: rows.exclude(
        Exists(OneTimeNotice.objects.filter(case=OuterRef("pk"), batch__gte=2))
    ),
    "joint_checks": lambda rows, _: _joint(rows),
    "one_visit": lambda rows, _: rows.filter(
        recheck_rounds=0, state__in=[AcceptanceState.PASSED, AcceptanceState.PASSED_DEFERRED]
    ),
}


@dataclass(frozen=True, slots=True)
class Share:
    """One cell: how many of how many."""

    part: int
    whole: int

    @property
    def percent(self) -> Decimal | None:
        """The share in percent with one decimal, half up; None without a whole."""
        return half_up(percent(self.part, self.whole), 1) if self.whole else None

    @property
    def missing(self) -> int:
        """How many of the whole are not counted."""
        return self.whole - self.part

    @property
    def is_few(self) -> bool:
        """Whether there are too few to tell a share."""
        return self.whole < FEW

    @property
    def words(self) -> str:
        """The share in words."""
        if not self.whole:
            return "—"
        return "样本不足" if self.is_few else f"{self.percent}%"


@dataclass(frozen=True, slots=True)
class OneRow:
    """One of the eight 一: the whole reach, then each centre in the order of the head."""

    one: One
    total: Share
    centres: tuple[Share, ...]


def eight(reach: Reach) -> list[OneRow]:
    """Return the eight rows. Two queries for each."""
    return [_row(one, reach) for one in major_data.eight_ones()]


def _row(one: One, reach: Reach) -> OneRow:
    base = BASES[one.base](reach)
    centre = "centre" if one.base == "projects" else "project__centre"
    wholes, parts = _by_centre(base, centre), _by_centre(PARTS[one.part](base, reach), centre)
    shown = [body for body in reach.centres if reach.chosen is None or body.pk == reach.chosen.pk]
    cells = tuple(Share(parts.get(body.pk, 0), wholes.get(body.pk, 0)) for body in shown)
    return OneRow(one, Share(sum(parts.values()), sum(wholes.values())), cells)


def _by_centre(rows: Rows, centre: str) -> dict[int, int]:
    keys = rows.order_by().values_list("pk", flat=True)
    found = rows.model._default_manager.filter(pk__in=keys).order_by()
    return dict(found.annotate(at=F(centre)).values_list("at").annotate(n=Count("pk")))


def eight_source(reach: Reach, code: str, part: str) -> Source:
    """Return the list behind a cell: `part` is in (counted), out (in the whole, not counted) or all."""
    one = next((one for one in major_data.eight_ones() if one.code == code), None)
    if one is None or part not in {"in", "out", "all"}:
        raise Http404
    base = BASES[one.base](reach)
    rows = base
    if part != "all":
        counted = PARTS[one.part](base, reach).order_by().values("pk")
        rows = base.filter(pk__in=counted) if part == "in" else base.exclude(pk__in=counted)
    words = {"in": "达到", "out": "未达到", "all": "全部"}[part]
    return Source(f"{one.name}：{words}", one.means, rows, _SHOW[one.base])


def _of_applications(rows: Sequence[Application]) -> list[Line]:
    return [
        Line(
            f"申报 {row.number}", reverse("packages:application", args=[row.pk]), row.project, "",
            row.get_source_display(), since=timing.business_day(row.submitted_at) if row.submitted_at else None,
        )
        for row in rows
    ]


def _of_cases(rows: Sequence[MatterCase]) -> list[Line]:
    return [
        Line(
            row.matter.name, reverse("packages:case", args=[row.pk]), row.project, row.lead.label,
            row.number, row.get_state_display(), TONES[row.state],
            timing.business_day(row.accepted_at) if row.accepted_at else None,
            None if row.state in CASE_ENDED else row.due_on, None, row.pk,
        )
        for row in rows
    ]


def _of_checks(rows: Sequence[Inspection]) -> list[Line]:
    return [
        Line(str(row), reverse("acceptance:inspection", args=[row.pk]), row.project, "", "", row.get_state_display(),
             "plain", timing.business_day(row.started_at) if row.started_at else None)
        for row in rows
    ]


def _of_acceptances(rows: Sequence[AcceptanceApplication]) -> list[Line]:
    return [
        Line(
            "联合验收", reverse("acceptance:detail", args=[row.pk]), row.project, "", "", row.get_state_display(),
            "plain", timing.business_day(row.concluded_at) if row.concluded_at else None,
        )
        for row in rows
    ]


_SHOW: dict[str, Callable[[Sequence[Any]], list[Line]]] = {
    "projects": project_lines, "applications": _of_applications, "accepted": _of_cases, "checks": _of_checks,
    "acceptances": _of_acceptances,
}
