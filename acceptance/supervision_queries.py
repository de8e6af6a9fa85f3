"""Page-sized reads of the joint supervision: visits saved, the pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.urls import reverse

from acceptance import supervision_data as data
from acceptance import supervision_rules as may
from acceptance.data import tick_rule
from acceptance.models import (
    Finding,
    Inspection,
    InspectionLine,
    InspectionPlan,
    InspectionUnit,
    PointCard,
    PointNotice,
    VisitWish,
)
from acceptance.services.inspecting import findings_of, recently
from acceptance.supervision_states import (
    INSPECTION_HELD,
    INSPECTION_OPEN,
    INSPECTION_WITH_OWNER,
    TONES,
    InspectionState,
    InspectorState,
    LineAnswer,
)
from acceptance.ticks import CheckedInProcess, checked_in_process
from archives.models import IssueEvidence
from projects import timing
from projects.access import access_of
from projects.paging import KeyPage, as_key, key_page
from projects.services.issues import reasons_of_rejection

if TYPE_CHECKING:
    from archives.models import Document
    from projects.errors import Verdict
    from projects.models import Project, User

PAGE = 20


# Visits saved --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Saved:
    """Visits that were held, how often departments came, and how many visits the merging saved."""

    visits: int
    arrivals: int
    outside: int

    @property
    def saved(self) -> int:
        """Visits that did not take place because departments came together."""
        return self.arrivals - self.visits


def visits_saved(rows: Any) -> Saved:
    """Count what a queryset of inspections says. Two queries."""
    held = rows.filter(state__in=INSPECTION_HELD).order_by()
    counted = held.aggregate(n=Count("pk", distinct=True), out=Count("pk", filter=Q(kind="outside"), distinct=True))
    arrived = InspectionUnit.objects.filter(inspection__in=held.values("pk")).exclude(state=InspectorState.ABSENT)
    return Saved(counted["n"], arrived.count(), counted["out"])


def saved_by(rows: Iterable[Inspection]) -> Saved:
    """Count what inspections say that were read with their departments. No query."""
    held = [row for row in rows if row.state in INSPECTION_HELD]
    arrived = sum(unit.state != InspectorState.ABSENT for row in held for unit in row.units.all())
    return Saved(len(held), arrived, sum(row.kind == "outside" for row in held))


# Pages ---------------------------------------------------------------------------------------------------------------


def inspections(user: User, *, which: str, after: str, before: str, text: str = "") -> KeyPage[Inspection]:
    """The inspections that a person may see: open ones, nearest day first, or those that are over, the last first.

    `text`: only those of projects of this name, code or owner, or of this title.
    """
    found = Inspection.objects.visible_to(user)
    if text:
        found = found.filter(
            Q(project__name__icontains=text) | Q(project__code__istartswith=text)
            | Q(project__owner__name__icontains=text) | Q(title__icontains=text)
        )
    found = found.filter(state__in=INSPECTION_OPEN) if which != "closed" else found.exclude(state__in=INSPECTION_OPEN)
    if which == "mine":
        bodies = [body.pk for body in may.bodies_of(user)]
        found = found.filter(Q(lead__in=bodies) | Q(units__organisation__in=bodies)).distinct()
    rows = found.select_related("project__owner", "lead").prefetch_related("units__organisation").annotate(
        bodies=Count("units", distinct=True),
        done=Count("units", filter=Q(units__state=InspectorState.RECORDED), distinct=True),
    ).defer("record")
    sort = "-slot_on" if which == "closed" else "slot_on"
    return key_page(rows, sort=sort, size=PAGE, after=as_key(after), before=as_key(before))


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A fault with its evidence, why the last answer did not hold, and what the reader may do."""

    finding: Finding
    rejected: str
    evidence: tuple[Any, ...]
    can_answer: Verdict
    can_recheck: Verdict


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A department with its lines counted; `mine` leads to its checklist."""

    unit: InspectionUnit
    tone: str
    total: int
    faults: int
    mine: bool
    photos: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class InspectionPage:
    """Everything the page of one inspection shows."""

    units: tuple[UnitRow, ...]
    findings: tuple[FindingRow, ...]
    wishes: tuple[VisitWish, ...]
    steps: tuple[tuple[str, str], ...]
    acts: tuple[tuple[str, str, Verdict, bool], ...]
    tone: str
    reason: str


STEPS = (
    ("计划", (InspectionState.PLANNED,)), ("通知", (InspectionState.NOTIFIED,)), ("检查", (InspectionState.CHECKING,)),
    ("整改", INSPECTION_WITH_OWNER), ("复核", (InspectionState.RECHECK,)), ("闭合", (InspectionState.CLOSED,)),
)


def inspection_page(row: Inspection, user: User) -> InspectionPage:
    """Return the page of one inspection. Eight queries."""
    access = access_of(user)
    units = tuple(
        UnitRow(
            unit, TONES.get(unit.state, "plain"), len(unit.lines.all()),
            sum(1 for line in unit.lines.all() if line.answer == LineAnswer.FINDING),
            access.has_at(unit.organisation_id, *may.STAFF), tuple(unit.photos.all()),
        )
        for unit in row.units.select_related("organisation").prefetch_related("lines", "photos").order_by("pk")
    )
    return InspectionPage(
        units, _finding_rows(row, user), tuple(row.wishes.select_related("organisation")), _steps(row),
        tuple(_acts(row, user)), TONES.get(row.state, "plain"),
        data.reason_name(row.reason_code, row.slot_on) if row.reason_code else "",
    )


def _finding_rows(row: Inspection, user: User) -> tuple[FindingRow, ...]:
    findings = list(findings_of(row))
    evidence: dict[int, list[Any]] = {}
    proofs = IssueEvidence.objects.filter(issue__in=[one.issue_id for one in findings])
    for proof in proofs.select_related("version__document"):
        evidence.setdefault(proof.issue_id, []).append(proof.version.document)
    rows, rejected = [], reasons_of_rejection([one.issue for one in findings]) if findings else {}
    for finding in findings:
        finding.line.unit.inspection, finding.issue.project = row, row.project
        rows.append(FindingRow(
            finding, rejected.get(finding.issue_id, ""), tuple(evidence.get(finding.issue_id, ())),
            may.can_answer(user, finding), may.can_recheck(user, finding),
        ))
    return tuple(rows)


def proofs_of(finding: Finding) -> list[Document]:
    """Return what the owner has sent to show that a fault is put right, the last first. One query."""
    proofs = IssueEvidence.objects.filter(issue_id=finding.issue_id).select_related("version__document")
    return [proof.version.document for proof in proofs.order_by("-pk")]


def _steps(row: Inspection) -> tuple[tuple[str, str], ...]:
    if row.state == InspectionState.CANCELLED:
        return ()
    now = next(number for number, (_, states) in enumerate(STEPS) if row.state in states)
    done = row.state == InspectionState.CLOSED
    return tuple(
        (word, "done" if number < now or done else "now" if number == now else "todo")
        for number, (word, _) in enumerate(STEPS)
    )


def _acts(row: Inspection, user: User) -> Iterable[tuple[str, str, Verdict, bool]]:
    def to(name: str) -> str:
        return reverse(f"acceptance:{name}", args=[row.pk])

    if access_of(user).is_enterprise:  # the steps of departments are not the enterprise's to see greyed
        if row.state == InspectionState.NOTIFIED:
            yield "申请改期", to("inspection_decline"), may.can_decline(user, row), False
    elif row.state in (InspectionState.PLANNED, InspectionState.NOTIFIED):
        if row.state == InspectionState.NOTIFIED:
            yield "开始检查", to("inspection_start"), may.can_start_today(user, row), False
        word = "改期并通知" if row.state == InspectionState.NOTIFIED else "发出检查通知"
        yield word, to("inspection_notify"), may.can_arrange(user, row), False
        if arranges := may.can_arrange(user, row):  # whoever does not lead reads the reason once, at the notice
            yield "请部门参加", to("inspection_bring"), arranges, False
        yield "取消检查", to("inspection_cancel"), may.can_arrange(user, row), True
    elif row.state == InspectionState.CHECKING:
        yield "出具检查记录", to("inspection_close"), may.can_close(user, row), False


@dataclass(frozen=True, slots=True)
class VisitPage:
    """入企检查记录 of a project: the plan, all visits, what merging saved; cards, with whether a pass is taken over."""

    plan: InspectionPlan | None
    notice: PointNotice | None
    rows: tuple[Inspection, ...]
    saved: Saved
    can_wish: Verdict
    cards: tuple[tuple[PointCard, bool], ...]
    ticks: tuple[CheckedInProcess, ...]


def visit_page(project: Project, user: User) -> VisitPage:
    """Return the visit record of a project. Eight queries."""
    rows = Inspection.objects.filter(project=project)
    shown = rows.select_related("lead", "record_paper", "notice_paper").prefetch_related("units__organisation")
    shown = shown.annotate(found=Count("units__lines__finding", distinct=True))
    notice = PointNotice.objects.filter(project=project).select_related(
        "acceptance_paper", "supervision_paper", "work_unit"
    ).order_by("pk").first()
    cards = notice.cards.select_related("organisation").order_by("order") if notice else ()
    return VisitPage(
        InspectionPlan.objects.filter(project=project).order_by("pk").first(), notice,
        _next_first(shown.order_by("-slot_on", "-pk")[:100]), visits_saved(rows), may.can_wish(user, project),
        tuple((card, tick_rule(card.item, timing.today()).records) for card in cards),
        tuple(checked_in_process(notice.work_unit).values()) if notice else (),
    )


def _next_first(shown: Iterable[Inspection]) -> tuple[Inspection, ...]:
    """Those that are to come or not settled, the nearest day first, then those that are over, the last first."""
    rows = list(shown)
    coming = sorted((row for row in rows if row.state in INSPECTION_OPEN), key=lambda row: (row.slot_on, row.pk))
    return (*coming, *(row for row in rows if row.state not in INSPECTION_OPEN))


@dataclass(frozen=True, slots=True)
class Checklist:
    """The lines of a department, with what was checked lately."""

    unit: InspectionUnit
    lines: tuple[InspectionLine, ...]
    recent: dict[str, dt.date]
    verdict: Verdict


def checklist(unit: InspectionUnit, user: User) -> Checklist:
    """Return the checklist of a department."""
    lines: Sequence[InspectionLine] = list(unit.lines.select_related("card", "finding__issue").order_by("order", "pk"))
    codes = [line.code for line in lines]
    return Checklist(unit, tuple(lines), recently(unit.inspection, codes), may.can_record(user, unit))
