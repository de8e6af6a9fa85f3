"""Lines of the cockpit's lists: what it is, on whom it waits, by when, and the chase slip that stands about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse

from agency.models import ChaseSlip
from packages.states import TONES
from projects import timing, workdays

if TYPE_CHECKING:
    from packages.queries import WorkRow
    from projects.models import Project


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is, of which project, on whom it waits, by when."""

    what: str
    url: str
    project: Project
    who: str
    words: str
    state: str = ""
    tone: str = ""
    since: dt.date | None = None
    due_on: dt.date | None = None
    clock_id: int | None = None
    case_id: int | None = None
    slip: ChaseSlip | None = None
    #: Whether there is still something to chase.
    can_slip: bool = True

    @property
    def late(self) -> int:
        """Working days past the day."""
        if self.due_on is None or self.due_on >= timing.today():
            return 0
        return workdays.workdays_between(self.due_on, timing.today())

    @property
    def light(self) -> str:
        """Colour by the day alone."""
        if self.due_on is None:
            return "none"
        if self.due_on < timing.today():
            return "red"
        return "yellow" if workdays.workdays_between(timing.today(), self.due_on) <= 3 else "green"

    @property
    def light_words(self) -> str:
        """The same in words."""
        if self.due_on is None:
            return "未定"
        if self.late:
            return f"超 {self.late} 天"
        if self.due_on <= timing.today():
            return "今日到期" if self.due_on == timing.today() else "已到期"
        return f"剩 {workdays.workdays_between(timing.today(), self.due_on)} 天"

    @property
    def slip_url(self) -> str:
        """The form of a chase slip about it."""
        if self.case_id:
            return reverse("agency:slip_case", args=[self.case_id])
        return reverse("agency:slip_project", args=[self.project.pk])


def work_line(row: WorkRow) -> Line:
    """Return a case of the work list as a line."""
    case, waiting = row.case, row.waiting
    return Line(
        case.matter.name, reverse("packages:case", args=[case.pk]), case.project, waiting.who if waiting else "",
        waiting.sentence if waiting else "", case.get_state_display(), TONES[case.state],
        waiting.since if waiting else None, case.due_on, case.running_clock_id, case.pk,
    )


def with_slips(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with the newest open slip about each: who has been chased is not chased once more. One query.

    A line about a case has that of the case, any other that of the project as such.
    """
    cases = {line.case_id for line in lines if line.case_id}
    projects = {line.project.pk for line in lines if not line.case_id}
    about = Q(case__in=cases) | Q(case=None, project__in=projects)
    found = {(slip.case_id, slip.project_id): slip for slip in ChaseSlip.objects.open().filter(about).order_by("pk")}
    return [replace(line, slip=found.get((line.case_id, line.project.pk))) for line in lines]
