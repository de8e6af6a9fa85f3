"""Page-sized reads of the agency desk and the inbox, and the runs of the background jobs.

Each has a fixed number of queries, whatever the number of rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Exists, F, IntegerField, Max, OuterRef, Q, QuerySet, Value, When

from agency import desk_data as data
from agency import desk_rules
from agency.assigning_rule import PLACES, place, plain
from agency.below import centres_below
from agency.models import Agent, Assignment, WorkOrder
from agency.services.assignment import Proposal
from agency.services.bench import Bench, Shortage, away_on, loads, off_duty
from agency.states import AssignmentRole
from packages.appraisal_states import TONES, Grade
from packages.models import PackageVersion
from projects import timing, workdays
from projects.access import access_of
from projects.jobs import last_run
from projects.memo import Memo
from projects.models import JobRun, Organisation, Project
from projects.paging import as_key
from projects.states import Role

if TYPE_CHECKING:
    from projects.models import User

SIZES = (20, 100)
GRADED = ("A", "B", "D")
EXPORT_CHUNK = 500
EXPORT_HEAD = ("项目代码", "项目", "建设单位", "套餐", "区划", "阶段", "登记", "项目长", "服务专员")
#: The days of the week as a list of duty days shows them.
WEEK = "一二三四五六日"
LATE_MINUTES = 30
_last_sweep: Memo[tuple[JobRun | None]] = Memo(most=1, seconds=15)
#: Jobs that run at least every ten minutes; the last of them tells whether the workers live.
SWEEPS = ("sweep_due", "apply_tacit", "sweep_reviews")
#: Jobs that a director watches, in the order of the table, with their names on screen.
JOBS: dict[str, str] = {
    "sweep_due": "到期提醒巡检",
    "apply_tacit": "超时默认",
    "sweep_reviews": "联合审查发起",
    "deem_accepted": "视为受理",
    "drain_outbox": "后续动作",
    "digest_notifications": "每日提醒",
    "send_messages": "消息投递",
    "render_pending": "文书生成",
    "freeze_month": "月度冻结",
    "sweep_starts": "开工核查提醒",
    "sweep_voices": "评价和咨询投诉",
    "recompute_provisional": "暂定日期重算",
}


# The assignment desk -------------------------------------------------------------------------------------------------


def own_centres(user: User) -> frozenset[int]:
    """Return the centres whose dispatcher or director the user is: there the user assigns."""
    access = access_of(user)
    return access.by_role.get(Role.DISPATCHER, frozenset()) | access.by_role.get(Role.DIRECTOR, frozenset())


def desk_projects(user: User, centres: Sequence[Organisation], asked: str | None = None) -> QuerySet[Project]:
    """Return the running projects of the own centres and of those below (`centres`), or of the one asked for.

    工改办 of a single county has no centre of its own: all that its duty opens.
    """
    watched = own_centres(user) | {body.pk for body in centres}
    found, one = Project.objects.visible_to(user).active(), as_key(asked)
    if not watched:
        return found
    return found.filter(centre_id__in=[one] if one in watched else sorted(watched))


def _held(role: str | None = None) -> Exists:
    """Return whether somebody is assigned to the project (in one role, or in any)."""
    held = Assignment.objects.filter(project=OuterRef("pk"), ended_at=None)
    return Exists(held.filter(role=role) if role else held)


def _lacking() -> Q:
    return ~Q(_held(AssignmentRole.LEAD_OFFICER)) | ~Q(_held(AssignmentRole.SERVICE_AGENT))


@dataclass(frozen=True, slots=True)
class Need:
    """One role of a project that nobody holds yet, with the people proposed."""

    role: str
    label: str
    proposals: tuple[Proposal, ...]
    shortage: Shortage | None = None


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A project that lacks one of its two people; `grade` is its priority where it was appraised."""

    project: Project
    package: str
    days: int
    needs: tuple[Need, ...]
    grade: str = ""
    is_ours: bool = True

    @property
    def grade_word(self) -> str:
        """Return the priority in words."""
        return str(Grade(self.grade).label) if self.grade else ""

    @property
    def grade_tone(self) -> str:
        """Return the colour of the priority."""
        return TONES.get(self.grade, "none")


@dataclass(frozen=True, slots=True)
class AssignedRow:
    """A project with the people that it has."""

    project: Project
    package: str
    people: dict[str, Assignment]
    is_ours: bool = True


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One person with the projects at hand (`number` opens their list), the load in points, and the orders."""

    agent: Agent
    number: int
    load: str
    regions: str
    specialties: str
    days: str
    away: str
    orders: int
    is_full: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """One tab of the desk with the counts of all three."""

    tab: str
    waiting: int
    assigned: int
    people: int
    rows: tuple[Any, ...]
    page: Page[Any] | None = None
    agent: Agent | None = None
    centres: tuple[Organisation, ...] = ()
    centre: int | None = None


def desk(user: User, filters: Mapping[str, str]) -> Desk:
    """Return what the desk shows. `filters`: `tab` (waiting, assigned, people), `agent`, `q`, `size`, `page`, `centre`.

    Who stands above several centres reads the desks of all of them and assigns at the own one.
    """
    centres = tuple(centres_below(user))
    projects = desk_projects(user, centres, filters.get("centre"))
    chosen = next((body.pk for body in centres if body.pk == as_key(filters.get("centre"))), None)
    level: dict[str, Any] = {"centres": centres, "centre": chosen}
    counts = projects.aggregate(
        waiting=Count("pk", filter=_lacking()), assigned=Count("pk", filter=Q(_held())),
    )
    people = desk_agents(user)
    tab = filters.get("tab", "")
    numbers = {"waiting": counts["waiting"], "assigned": counts["assigned"], "people": people.count()}
    if tab == "people":
        return Desk(tab, **numbers, rows=tuple(_agent_rows(people)), **level)
    if tab == "assigned":
        agent = _agent(filters, user)
        known = None if agent else numbers["assigned"]
        page = _cut(_found(assigned_projects(projects, agent), filters), filters, known)
        assigned = tuple(_assigned_rows(list(page.object_list), own_centres(user)))
        return Desk(tab, **numbers, rows=assigned, page=page, agent=agent, **level)
    page = _cut(_urgent_first(_found(projects.filter(_lacking()), filters)), filters, numbers["waiting"])
    rows = tuple(_waiting_rows(list(page.object_list), own_centres(user)))
    return Desk("waiting", **numbers, rows=rows, page=page, **level)


def desk_lines(user: User, filters: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the projects of a tab of the desk as lines of a table, head first, with what is searched for."""
    yield list(EXPORT_HEAD)
    projects = desk_projects(user, centres_below(user), filters.get("centre"))
    if filters.get("tab") == "assigned":
        found = _found(assigned_projects(projects, _agent(filters, user)), filters)
    else:
        found = _urgent_first(_found(projects.filter(_lacking()), filters))
    for chunk in batched(found.iterator(chunk_size=EXPORT_CHUNK), EXPORT_CHUNK):
        for row in _assigned_rows(chunk, frozenset()):
            people = [str(row.people[role].agent.user) if role in row.people else "" for role in AssignmentRole.values]
            day = f"{timing.business_day(row.project.registered_at):%Y-%m-%d}"
            yield [row.project.code, row.project.name, row.project.owner.name, row.package, row.project.region.name,
                   row.project.get_stage_display(), day, *people]


def batched(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Yield the rows in lists of at most `size`."""
    left = iter(rows)
    while chunk := list(islice(left, size)):
        yield chunk


def desk_agents(user: User) -> QuerySet[Agent]:
    """Return the active agents of the desk and those who serve a region of it."""
    return Agent.objects.filter(desk_rules.serving(user), user__is_active=True).select_related("user").order_by("pk")


def _agent(filters: Mapping[str, str], user: User) -> Agent | None:
    """Return the person whose projects are wanted."""
    return desk_agents(user).filter(pk=_number(filters.get("agent"))).first()


def assigned_projects(projects: QuerySet[Project], agent: Agent | None = None) -> QuerySet[Project]:
    """Return the projects that have somebody, or those of one person, newest first."""
    open_ones = Assignment.objects.filter(project=OuterRef("pk"), ended_at=None)
    return projects.filter(Exists(open_ones.filter(agent=agent) if agent else open_ones)).order_by("-pk")


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004


def _found(projects: QuerySet[Project], filters: Mapping[str, str]) -> QuerySet[Project]:
    text = filters.get("q", "").strip()
    if text:
        projects = projects.filter(
            Q(code__startswith=text.upper()) | Q(name__icontains=text) | Q(owner__name__icontains=text)
        )
    return projects.select_related("owner", "centre", "region").annotate(
        package_name=F("enrolment__package_version__name"),
        has_lead=_held(AssignmentRole.LEAD_OFFICER), has_service=_held(AssignmentRole.SERVICE_AGENT),
    )


def _urgent_first(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Order them as `assigning_rule.place` says; of equals the older comes first."""
    ageing, found = data.number("ageing"), []
    for grade in PLACES:
        mine = Q(pool_entry__grade=grade) if grade != data.PLAIN_GRADE else ~Q(pool_entry__grade__in=GRADED)
        for waited in (2 * ageing, ageing, 0) if ageing else (0,):
            long_enough = Q(registered_at__lt=timing.start_of_day(_waited(waited))) if waited else Q()
            found.append(When(mine & long_enough, then=Value(place(grade, waited, ageing))))
    places = Case(*found, default=Value(PLACES[data.PLAIN_GRADE]), output_field=IntegerField())
    return projects.annotate(grade=F("pool_entry__grade")).order_by(places, "pk")


def _waited(days: int) -> dt.date:
    """Return the day after the last one since which so many working days have passed."""
    today = timing.today()
    day = today
    while workdays.workdays_between(day, today) < days:
        day -= dt.timedelta(days=1)
    return day + dt.timedelta(days=1)


def _cut(projects: QuerySet[Project], filters: Mapping[str, str], known: int | None) -> Page[Project]:
    """Return one page; `known` is the count of the list while nothing is searched for, asked once only."""
    size = _number(filters.get("size"))
    paginator = Paginator(projects, size if size in SIZES else SIZES[0])
    if known is not None and not filters.get("q", "").strip():
        paginator.count = known
    page = paginator.get_page(filters.get("page"))
    page.object_list = list(page.object_list)
    return page


def _waiting_rows(projects: Sequence[Any], own: frozenset[int]) -> list[WaitingRow]:
    bench, today = Bench(projects), timing.today()
    rows = []
    for project in projects:
        held = {AssignmentRole.LEAD_OFFICER: project.has_lead, AssignmentRole.SERVICE_AGENT: project.has_service}
        needs = tuple(_need(bench, project, role) for role in AssignmentRole if not held[role])
        days = workdays.workdays_between(timing.business_day(project.registered_at), today)
        ours = project.centre_id in own
        rows.append(WaitingRow(project, project.package_name or "", days, needs, project.grade or "", ours))
    return rows


def _need(bench: Bench, project: Project, role: AssignmentRole) -> Need:
    """Return the people proposed for a role; where there is nobody, what keeps everybody away and what can be done."""
    ranked = bench.ranked(project, role)[: data.number("proposed", bench.day)]
    people = tuple(Proposal(bench.agents[one.key], one.score, one.reasons) for one in ranked)
    return Need(role.value, str(role.label), people, None if people else bench.shortage(project, role))


def _assigned_rows(projects: Sequence[Any], own: frozenset[int]) -> list[AssignedRow]:
    people: dict[int, dict[str, Assignment]] = {project.pk: {} for project in projects}
    found = Assignment.objects.filter(project__in=list(people), ended_at=None).select_related("agent__user")
    for assignment in found:
        people[assignment.project_id][assignment.role] = assignment
    return [
        AssignedRow(project, project.package_name or "", people[project.pk], project.centre_id in own)
        for project in projects
    ]


def _agent_rows(people: QuerySet[Agent]) -> list[AgentRow]:
    titles = dict(PackageVersion.objects.published().values_list("package__code", "name"))
    today = timing.today()
    carried, leaves = loads(today), away_on(today)
    orders = dict(
        WorkOrder.objects.open().filter(agent__isnull=False).order_by().values_list("agent_id")
        .annotate(number=Count("pk"))
    )
    rows = []
    for agent in people.prefetch_related("regions"):
        load, number = carried.get(agent.pk, (Decimal(0), 0))
        rows.append(AgentRow(
            agent, number, plain(load), "、".join(region.name for region in agent.regions.all()),
            "、".join(titles[code] for code in agent.specialties if code in titles),
            "".join(WEEK[day - 1] for day in agent.duty_days), off_duty(agent, leaves, today),
            orders.get(agent.pk, 0), load >= agent.load_cap,
        ))
    return sorted(rows, key=lambda row: (not row.agent.is_on_duty, -float(row.load), row.agent.pk))


# One project ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """One role of a project on the page that assigns: who has it, who is proposed, who else may be chosen."""

    role: str
    label: str
    current: Assignment | None
    proposals: tuple[Proposal, ...]
    others: tuple[Proposal, ...]
    shortage: Shortage | None = None


def role_choices(project: Project) -> list[RoleChoice]:
    """Return both roles of a project with everybody who may be chosen, the best first."""
    bench = Bench([project])
    cut = data.number("proposed", bench.day)
    current = {
        assignment.role: assignment
        for assignment in Assignment.objects.filter(project=project, ended_at=None).select_related("agent__user")
    }
    choices = []
    for role in AssignmentRole:
        people = [
            Proposal(bench.agents[one.key], one.score, one.reasons) for one in bench.ranked(project, role.value)
        ]
        shortage = None if people else bench.shortage(project, role.value)
        proposed, others = tuple(people[:cut]), tuple(people[cut:])
        choices.append(
            RoleChoice(role.value, str(role.label), current.get(role.value), proposed, others, shortage)
        )
    return choices


# Reminders -----------------------------------------------------------------------------------------------------------



# Jobs ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JobRow:
    """The last run of one background job in words."""

    name: str
    run: JobRun
    words: str
    is_bad: bool


def job_rows() -> list[JobRow]:
    """Return the last run of every job that ran in the last forty days. One query.

    It reads the last finished runs as well: what `last_sweep` asks for is then known.
    """
    since = timing.now() - dt.timedelta(days=40)
    last = JobRun.objects.filter(job__in=list(JOBS), started_at__gte=since).order_by().values("job")
    ended = last.filter(finished_at__isnull=False, job__in=SWEEPS)
    newest = [found.annotate(last=Max("pk")).values("last") for found in (last, ended)]
    found = list(JobRun.objects.filter(Q(pk__in=newest[0]) | Q(pk__in=newest[1])).order_by("pk"))
    runs = {run.job: run for run in found}
    sweeps = [run for run in found if run.job in SWEEPS and run.finished_at is not None]
    if sweeps:
        _last_sweep.put("sweep", (max(sweeps, key=lambda run: run.started_at),))
    return [JobRow(name, runs[job], *_told(runs[job])) for job, name in JOBS.items() if job in runs]


def _told(run: JobRun) -> tuple[str, bool]:
    if run.finished_at is None:
        return "运行中", False
    return ("出错", True) if run.errors else ("正常", False)


@dataclass(frozen=True, slots=True)
class SweepLine:
    """When the last sweep ran and whether that is too long ago."""

    words: str
    is_late: bool


def long_words(minutes: int) -> str:
    """Return 45 分钟, 5 小时, 3 天."""
    if minutes < 120:
        return f"{minutes} 分钟"
    return f"{minutes // 60} 小时" if minutes < 48 * 60 else f"{minutes // 1440} 天"


def last_sweep() -> JobRun | None:
    """Return the last sweep that was run to its end, as it was seen within the last seconds. One query, or none."""
    return _last_sweep.of("sweep", lambda: (last_run(*SWEEPS),))[0]


def sweep_line() -> SweepLine:
    """Return the line 最近一次巡检; late when no sweep has run for more than thirty minutes. One query, or none."""
    run = last_sweep()
    if run is None:
        return SweepLine("最近一次巡检：没有记录，请联系管理员", is_late=True)
    begun = run.started_at.astimezone(timing.BUSINESS_ZONE)
    day = "" if begun.date() == timing.today() else f"{timing.spoken(begun)} "
    minutes = int((timing.now() - run.started_at).total_seconds() // 60)
    if minutes > LATE_MINUTES:
        return SweepLine(f"最近一次巡检 {day}{begun:%H:%M}，已停 {long_words(minutes)}，请联系管理员", is_late=True)
    if run.errors:
        return SweepLine(f"最近一次巡检 {day}{begun:%H:%M}，出错，请联系管理员", is_late=True)
    return SweepLine(f"最近一次巡检 {day}{begun:%H:%M}，正常", is_late=False)

