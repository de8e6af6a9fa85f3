"""Reads of the chase slips: the list, what the director has to look at, the list of the weekly meeting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from agency.models import ChaseSlip, LadderMark
from agency.states import SlipColour, SlipState, Threshold
from agency.subjects import case_of_clock
from packages.models import ReviewTask
from packages.queries import work_rows
from projects import timing, workdays
from projects.access import access_of
from projects.clock_states import LIVE_STATES
from projects.exports import Column, Table
from projects.models import Clock, Organisation, Project
from projects.paging import KeyPage, as_key, key_page

if TYPE_CHECKING:
    from packages.models import MatterCase
    from projects.models import User

SIZE, MOST = 20, 2000
TABS = {"open": "未销号", "mine": "待本单位回复", "answered": "待销号", "closed": "已销号"}
COLUMNS = ("编号", "颜色", "状态", "督办对象", "项目", "事项", "事由", "签发", "回复期限", "承诺办结日", "销号")


def slips(user: User, filters: dict[str, str]) -> QuerySet[ChaseSlip]:
    """Return the visible slips of a tab, as the filters narrow them."""
    found = ChaseSlip.objects.visible_to(user).select_related("project", "case__matter", "to", "paper")
    tab = filters.get("tab", "open")
    if tab == "mine":
        found = found.filter(state=SlipState.ISSUED, to__in=access_of(user).organisation_ids)
    elif tab == "answered":
        found = found.filter(state=SlipState.ANSWERED)
    elif tab == "closed":
        found = found.filter(state=SlipState.CLOSED)
    else:
        found = found.open()
    if colour := filters.get("colour"):
        found = found.filter(colour=colour)
    if text := filters.get("q", "").strip():
        found = found.filter(
            Q(paper__number__icontains=text) | Q(project__name__icontains=text) | Q(project__code__icontains=text)
            | Q(to__name__icontains=text) | Q(reason__icontains=text)
        )
    return found


def slip_page(user: User, filters: dict[str, str]) -> KeyPage[ChaseSlip]:
    """Return one page of the slips, the newest first."""
    return key_page(
        slips(user, filters), sort="-pk", size=SIZE, after=as_key(filters.get("after")),
        before=as_key(filters.get("before")),
    )


def slip_table(user: User, filters: dict[str, str]) -> Table:
    """Return the slips as a file."""

    def lines() -> Iterator[Sequence[str | dt.date | dt.datetime | None]]:
        for slip in slips(user, filters).order_by("-pk")[:MOST]:
            yield (
                slip.paper.number if slip.paper else "", slip.get_colour_display(), slip.get_state_display(),
                slip.to.label, slip.project.name, slip.case.matter.name if slip.case else "", slip.reason,
                slip.issued_at, slip.due_on, slip.promised_on, slip.closed_at,
            )

    return Table("督办单", [Column(name, 20) for name in COLUMNS], lines())


def bodies_of(project: Project, case: MatterCase | None) -> list[Organisation]:
    """Return whom a slip about this may go to: on whom it waits, who else is asked, the lead, others, the centre."""
    first: list[int] = []
    waited = ""
    if case is not None:
        open_tasks = ReviewTask.objects.filter(session__case=case, state__in=["invited", "opened"]).order_by("pk")
        first = [*open_tasks.values_list("organisation_id", flat=True), case.lead_id]
        waited = next((row.waiting.role for row in work_rows([case]) if row.waiting), "")
    involved = project.involvements.current().filter(organisation__isnull=False).exclude(role__in=["owner", "party"])
    others = involved.order_by("organisation_id").values_list("organisation_id", flat=True)
    order = list(dict.fromkeys([*first, *others, project.centre_id]))
    found = Organisation.objects.in_bulk(order)
    return sorted((found[pk] for pk in order), key=lambda body: body.label != waited.removesuffix("窗口"))


def standing_slips(project: Project, case: MatterCase | None) -> QuerySet[ChaseSlip]:
    """Return the open slips about just this, oldest first: another of the same colour to the same body is not made."""
    standing: QuerySet[ChaseSlip] = ChaseSlip.objects.open().filter(project=project, case=case)
    return standing.select_related("to", "paper").order_by("pk")


def slips_of_cases(cases: Iterable[int]) -> dict[int, ChaseSlip]:
    """Return the newest open slip about each of these cases, by the key of the case. One query."""
    found = ChaseSlip.objects.open().filter(case__in=list(cases)).order_by("pk")
    return {slip.case_id: slip for slip in found if slip.case_id}


@dataclass(frozen=True, slots=True)
class LateRow:
    """A limit that has climbed to the director or to the weekly meeting, with the slip that chases it."""

    mark: LadderMark
    case: MatterCase | None
    late_days: int
    slip: ChaseSlip | None

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        return self.mark.clock

    @property
    def is_running(self) -> bool:
        """Return whether it is still late."""
        return self.clock.state in LIVE_STATES


def climbed(user: User, threshold: str, *, since: dt.date | None = None) -> QuerySet[LadderMark]:
    """Return the rungs of visible projects that are still late, or that were reached since a day."""
    running = Q(clock__state__in=LIVE_STATES)
    return LadderMark.objects.filter(
        running | Q(reached_on__gte=since) if since else running, threshold=threshold,
        clock__project__in=Project.objects.visible_to(user),
    ).select_related("clock__project__owner")


def late_page(user: User, filters: dict[str, str]) -> KeyPage[LateRow]:
    """Return one page of what the director looks at; with `view=weekly` the weekly meeting, this week's as well."""
    weekly = filters.get("view") == "weekly"
    today = timing.today()
    since = today - dt.timedelta(days=today.weekday()) if weekly else None
    found = climbed(user, Threshold.WEEKLY if weekly else Threshold.DIRECTOR, since=since)
    page = key_page(
        found, sort="-pk", size=SIZE, after=as_key(filters.get("after")), before=as_key(filters.get("before"))
    )
    return KeyPage(_rows(page.rows), page.before, page.after)


def _rows(marks: list[LadderMark]) -> list[LateRow]:
    clocks = [mark.clock_id for mark in marks]
    cases = case_of_clock(clocks)
    chasing: dict[int, ChaseSlip] = {}
    for slip in ChaseSlip.objects.filter(clock__in=clocks).select_related("paper", "to").order_by("pk"):
        chasing[slip.clock_id or 0] = slip
    today = timing.today()
    return [
        LateRow(mark, cases.get(mark.clock_id), _late_days(mark.clock, today), chasing.get(mark.clock_id))
        for mark in marks
    ]


def _late_days(clock: Clock, today: dt.date) -> int:
    return workdays.workdays_between(clock.due_on, clock.stopped_on or today)


def open_counts(user: User) -> dict[str, int]:
    """Return how many slips stand in each tab."""
    seen = ChaseSlip.objects.visible_to(user)
    mine = seen.filter(state=SlipState.ISSUED, to__in=access_of(user).organisation_ids)
    answered, closed = seen.filter(state=SlipState.ANSWERED), seen.filter(state=SlipState.CLOSED)
    return {
        "open": seen.open().count(), "mine": mine.count(), "answered": answered.count(), "closed": closed.count(),
    }


def colour_for(case: MatterCase | None) -> SlipColour:
    """Return the colour that a slip about a case begins with: red past its day, else blue; yellow is for a person."""
    is_late = case is not None and case.due_on is not None and case.due_on < timing.today()
    return SlipColour.RED if is_late else SlipColour.BLUE
