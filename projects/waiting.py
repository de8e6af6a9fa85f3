"""在等谁: on whom an open project waits, for what, since when, how long allowed, and what happens then by itself.

The kernel keeps a registry; apps register providers in `AppConfig.ready`. A provider takes a list of projects and
returns what they wait for, in a fixed number of queries, so that a list of a hundred rows costs what one row costs. One
that names a place (`projects.glance`) is asked only for projects that have rows there.
`waiting_on` is never empty for an open project.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from projects import timing, workdays
from projects.clock_states import ClockUnit, Light
from projects.glance import glance
from projects.one_page import one_page

if TYPE_CHECKING:
    from projects.models import Project

_LIGHT_RANK = {Light.RED: 0, Light.YELLOW: 1, Light.GREEN: 2, Light.GREY: 3, Light.NONE: 4}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that a project waits for.

    `role` is what the public may read (人防办, 建设单位); `person` only the office and the owner; `public_what` is what
    the public reads where `what` names a paper of the file. `rank` orders by
    kind: 1 what the applicant owes, 2 a running special procedure, 3 a running review, 4 an unassigned task, 5 a
    prerequisite, 9 nothing but the next step. `days` are working days; `limit` is counted in `unit`.
    """

    project_id: int
    rank: int
    role: str
    what: str
    person: str = ""
    since: dt.date | None = None
    days: int = 0
    limit: int | None = None
    due_on: dt.date | None = None
    is_provisional: bool = False
    auto: str = ""
    light: str = Light.NONE
    case_id: int | None = None
    task_id: int | None = None
    url: str = ""
    verb: str = "答复"
    clock_id: int | None = None
    public_what: str = ""
    unit: str = ClockUnit.WORKING_DAY

    @property
    def limit_words(self) -> str:
        """Return the limit with its unit: 3 个工作日, 30 个自然日, 3 个月; a limit of nothing is the same day."""
        unit = ClockUnit(self.unit).label.removeprefix("个")
        return f"{self.limit} 个{unit}" if self.limit else "当日"

    @property
    def who(self) -> str:
        """Return role and person as the office reads it."""
        return f"{self.role} {self.person}".strip()

    @property
    def sentence(self) -> str:
        """Return the waiting sentence for the office and the owner."""
        return self._sentence(self.who, self.what)

    @property
    def public_sentence(self) -> str:
        """Return the waiting sentence with the role only."""
        return self._sentence(self.role, self.for_public)

    @property
    def for_public(self) -> str:
        """Return what is awaited as everybody may read it."""
        return self.public_what or self.what

    def _sentence(self, who: str, what: str) -> str:
        parts = [f"正在等{who}{self.verb}{what}"]
        if self.since:
            parts.append(f"已 {self.days} 个工作日")
        if self.due_on:
            note = "（暂按法定节假日推算）" if self.is_provisional else ""
            parts.append(f"{timing.spoken(self.due_on)}到期{note}")
        if late := self.late_words:
            parts.append(late)
        return "，".join(parts) + "。"

    @property
    def late_words(self) -> str:
        """Return by how much it is late; nothing while it is not."""
        if self.due_on is None or self.due_on >= timing.today():
            return ""
        late = workdays.workdays_between(self.due_on, timing.today())
        return f"已超期 {late} 个工作日" if late else "已超期"

    @property
    def sort_key(self) -> tuple[int, int, dt.date, int]:
        """Return the order: the applicant's debts first, then by kind, then by light and due date."""
        return (self.rank, _LIGHT_RANK.get(Light(self.light), 4), self.due_on or dt.date.max, self.case_id or 0)


Provider = Callable[[Sequence["Project"]], Iterable[Waiting]]
_providers: dict[str, tuple[Provider, str, Collection[str] | None]] = {}


def register(name: str, provider: Provider, *, place: str = "", among: Collection[str] | None = None) -> None:
    """Register a provider; a second registration of the same name replaces the first.

    With a `place` it is given only the projects that have a row there, with a word `among` these.
    """
    _providers[name] = provider, place, among


def waiting_for(projects: Sequence[Project]) -> dict[int, list[Waiting]]:
    """Return for each project what it waits for, in order. The number of queries does not depend on how many."""
    found: dict[int, list[Waiting]] = {project.pk: [] for project in projects}
    open_ones = [project for project in projects if project.is_open]
    if open_ones:
        with one_page():
            for waiting in _asked(open_ones):
                found[waiting.project_id].append(waiting)
    for project in open_ones:
        rows = found[project.pk]
        rows.sort(key=lambda waiting: waiting.sort_key)
        if not rows:
            rows.append(_centre(project))
    return found


def _asked(projects: list[Project]) -> Iterator[Waiting]:
    """What every provider says of the projects that concern it."""
    seen = glance(projects)
    for provider, place, among in _providers.values():
        concerned = seen.only(place, projects, among) if place else projects
        if concerned:
            yield from provider(concerned)


def _centre(project: Project) -> Waiting:
    """The last resort: no provider knows of anything, so the centre has to say what comes next."""
    return Waiting(
        project_id=project.pk, rank=9, role=project.centre.label, what=f"{project.get_stage_display()}阶段的下一步",
        verb="安排", auto="项目无在办事项，由审批服务中心安排",
    )


def waiting_on(project: Project) -> list[Waiting]:
    """Return what the project waits for, the most pressing first; empty only for a project that is not open."""
    return waiting_for([project])[project.pk]
