"""On whom deferred papers (容缺), commitments (承诺) and papers of the government wait, in bulk.

`holds` says of a case why it does not go on: a department has to bring a paper, a promise before the decision is open.
`promises_waiting` says what projects wait for beside their open cases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packages.case_glance import CaseGlance, Told
from packages.choices import ArrivesBefore, LateConsequence
from packages.models import Commitment, Deferral
from packages.states import CommitmentState, DeferralState, MaterialState, Supply
from projects import gathering, glance
from projects.clocks import NOT_STARTED, Reading, read_clock
from projects.quoting import quoted
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from packages.models import MatterCase
    from projects.models import Project

DEFERRALS, COMMITMENTS = "packages.deferrals", "packages.commitments"
OWNER, DESIGNER, DEFERRED = "建设单位", "设计单位", "容缺材料"
NO_DEMAND = "由部门提供，不向企业要；到期未处理即视为受理"
#: Signed and not closed.
KEPT = (CommitmentState.PERFORMING, CommitmentState.TO_CHECK, CommitmentState.OVERDUE, CommitmentState.BREACHED)
#: Beside the next steps (9): nothing is to be done but to keep what was promised.
KEEPING = 10


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a case does not go on: who has to do what; its own clock, or that of the case."""

    rank: int
    role: str
    verb: str
    what: str
    auto: str = ""
    is_owner: bool = False
    reading: Reading | None = None


def holds(cases: Sequence[MatterCase], told: CaseGlance) -> dict[int, Hold]:
    """Return what holds cases at the window and cases that only wait for the decision, from what the glance told.

    No query; two where a deferred paper has to come before a decision.
    """
    found = {}
    for case in cases:
        if (lines := told.of("line", case.pk)) and all(line.word == MaterialState.AWAITED for line in lines):
            found[case.pk] = _of_line(lines[0], len(lines))
        for row in told.of("offered", case.pk):
            found[case.pk] = _unsigned(case, row)
    if late := told.keys("deferral"):
        found |= _missing(late)
    return found


def _of_line(line: Told, count: int) -> Hold:
    """A case that lacks nothing but papers of the government waits for the department that has them."""
    more = f"等 {count} 件材料" if count > 1 else ""
    verb = "调取" if line.detail == Supply.FETCH else "补录"
    return Hold(3, line.body, verb, f"{quoted(line.name)}{more}", NO_DEMAND)


def _unsigned(case: MatterCase, row: Told) -> Hold:
    return Hold(
        1, DESIGNER if row.at else OWNER, "签署", f"{quoted(case.matter.name)}的承诺书", "负责人签署后才能作出准予决定",
        is_owner=row.at is None,
    )


def _missing(case_ids: Sequence[int]) -> dict[int, Hold]:
    rows = Deferral.objects.filter(case__in=case_ids, arrives_before=ArrivesBefore.DECISION).open()
    found: dict[int, Hold] = {}
    for row in rows.select_related(
        "issue__clock", "issue__project__centre"
    ).prefetch_related("issue__clock__pauses").order_by("-pk"):
        found[row.case_id] = _of_deferral(row)
    return found


def _of_deferral(row: Deferral) -> Hold:
    reading = read_clock(row.issue.clock)
    what = f"{DEFERRED}{quoted(row.issue.what)}"
    if row.state == DeferralState.HANDED_IN:
        return Hold(3, f"{row.issue.project.centre.label}窗口", "核实", what, reading=reading)
    word = LateConsequence(row.consequence).label
    auto = f"已逾期，{word}" if row.state == DeferralState.LATE else f"逾期未补交的，{word}"
    return Hold(1, OWNER, "补交", what, auto, is_owner=True, reading=reading)


# Whole projects ------------------------------------------------------------------------------------------------------


def promises_waiting(by_pk: Mapping[int, Project], told: Collection[int]) -> Iterable[Waiting]:
    """Return what these projects wait for by promises; `told` are cases of which a hold was told.

    Two queries for deferred papers and two for commitments where the glance at the projects has seen some.
    """
    seen, projects = glance.glance(list(by_pk.values())), list(by_pk.values())
    if owing := seen.only(DEFERRALS, projects):
        yield from _deferrals({project.pk: project for project in owing}, told)
    if promised := seen.only(COMMITMENTS, projects):
        yield from _commitments({project.pk: project for project in promised})


def _deferrals(by_pk: Mapping[int, Project], told: Collection[int]) -> Iterable[Waiting]:
    for row in gathering.rows_of(DEFERRALS, by_pk.values()):
        if row.case_id in told and row.arrives_before == ArrivesBefore.DECISION:
            continue
        row.issue.project = by_pk[row.issue.project_id]
        yield _row(row.issue.project, _of_deferral(row), row.case_id)


def _running(project_ids: Sequence[int]) -> QuerySet[Deferral]:
    """Deferred papers with a clock that are not checked yet."""
    return Deferral.objects.filter(issue__project__in=project_ids, issue__clock__isnull=False).open()


def _kept(project_ids: Sequence[int]) -> QuerySet[Commitment]:
    """Commitments that are signed and not closed."""
    return Commitment.objects.filter(case__project__in=project_ids, state__in=KEPT, closed_at=None)


def _commitments(by_pk: Mapping[int, Project]) -> Iterable[Waiting]:
    for row in commitments_of(by_pk.values(), KEPT):
        if row.closed_at is not None:
            continue
        yield _row(by_pk[row.case.project_id], _of_commitment(row), row.case_id)


def _of_commitment(row: Commitment) -> Hold:
    lead, what = row.case.lead.label, f"{quoted(row.case.matter.name)}的承诺"
    reading = read_clock(row.issue.clock) if row.issue else NOT_STARTED
    if row.state == CommitmentState.TO_CHECK:
        return Hold(3, lead, "核查", what, "核查结果记入承诺档案", reading=reading)
    if row.state == CommitmentState.BREACHED:
        return Hold(3, f"{lead}首席代表", "处理", f"{quoted(row.case.matter.name)}的违诺", "可以撤销决定")
    if row.state == CommitmentState.OVERDUE:
        return Hold(1, OWNER, "履行", what, "到期由部门复核，仍未履行的认定为违诺", is_owner=True, reading=reading)
    return Hold(KEEPING, OWNER, "履行", what, "期满由部门按比例核查", is_owner=True, reading=reading)


def _row(project: Project, hold: Hold, case_id: int) -> Waiting:
    reading = hold.reading or NOT_STARTED
    return Waiting(
        project_id=project.pk, rank=hold.rank, role=hold.role, person=project.owner.name if hold.is_owner else "",
        what=hold.what, public_what=DEFERRED if hold.what.startswith(DEFERRED) else "",
        verb=hold.verb, auto=hold.auto, since=reading.started_on, days=reading.used,
        limit=reading.limit if reading.started_on else None, due_on=_due(reading),
        is_provisional=reading.provisional, light=reading.light, case_id=case_id,
        clock_id=reading.clock_id,
    )


def commitments_of(projects: Iterable[Project], states: Collection[str]) -> list[Commitment]:
    """Return the commitments of projects in these states with case, matter, lead and clock, oldest first."""
    return gathering.rows_of(COMMITMENTS, projects, states)


def _offered_or_kept(projects: Sequence[Project]) -> QuerySet[Commitment]:
    found = Commitment.objects.filter(case__project__in=projects, state__in=[CommitmentState.OFFERED, *KEPT])
    related = found.select_related("case__matter", "case__lead", "issue__clock")
    return related.prefetch_related("issue__clock__pauses").order_by("pk")


gathering.register(
    DEFERRALS, place=DEFERRALS,
    rows=lambda projects: _running([project.pk for project in projects]).select_related(
        "issue__clock"
    ).prefetch_related("issue__clock__pauses").order_by("pk"),
)
gathering.register(COMMITMENTS, _offered_or_kept)
glance.register(DEFERRALS, _running, project="issue__project_id")
glance.register(COMMITMENTS, _kept, project="case__project_id")


def _due(reading: Reading) -> dt.date | None:
    return reading.due_on if reading.started_on else None
