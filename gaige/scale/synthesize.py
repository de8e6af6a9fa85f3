"""Fills an empty portal with as many projects and cases as a city has after five years, in bulk.

Rows are of the shape that the services leave behind (cases with clocks, sessions with tasks, papers, chained events); they
are written in bulk, so only the benchmark uses them. The figures of the issue: 22,300 projects, 75,000 cases.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import models, transaction

from agency.models import Agent, Assignment
from archives.models import DocumentKind, Paper, QrToken
from archives.models import Document
from archives.states import PaperKind, Visibility
from gaige.demo.people import CENTRE, OWNERS, PASSWORD, REGION, create_people, credit_code
from gaige.demo.story import examples
from packages.facts import parse_facts
from packages.models import Application, Enrolment, JointSession, MatterCase, PackageVersion, ReviewTask
from packages.states import CaseState, Handling, SessionState, TaskState
from projects import timing, workdays
from projects.clock_states import ClockKind, ClockState
from projects.clocks import build_clock
from projects.codes import mod_11_10
from projects.events import digest
from projects.models import (
    Clock, ClockSegment, Event, Involvement, Organisation, Party, Project, User, WorkUnit,
)
from projects.states import InvolvementRole, OrganisationKind, PartyRole, Stage

BATCH = 2000
FIRM_COUNT = 3480
AGENT_PROJECTS = 5000
OPEN_SHARE = 0.3
PLACES = ("经开区", "米山镇", "马村镇", "北城街道", "南城街道", "神农镇", "寺庄镇", "三甲镇", "陈区镇", "河西镇")
WORKS = ("标准厂房", "仓储物流园", "冷链中心", "污水处理站", "教学楼", "卫生院", "道路改造", "供热管网", "住宅小区", "铸件车间")


@dataclass(slots=True)
class Made:
    """Rows of one batch, in the order in which they must be inserted."""

    rows: dict[type[models.Model], list[Any]] = field(default_factory=dict)

    def add(self, row: Any) -> Any:
        """Keep a row and return it."""
        self.rows.setdefault(type(row), []).append(row)
        return row


@dataclass(frozen=True, slots=True)
class World:
    """What all projects share."""

    centre: Organisation
    owners: list[Organisation]
    packages: list[tuple[PackageVersion, list[Any], dict[str, object]]]
    clerk: User
    agents: list[Agent]
    kinds: dict[int, DocumentKind]
    chance: random.Random


def synthesize(*, projects: int, cases: int, seed: int = 7, tell: Callable[[str], None] = print) -> None:
    """Make that many projects and cases; the same seed makes the same portal. Refuses a portal that holds projects."""
    if Project.objects.exists():
        raise ValueError("synthesize needs a portal without projects")
    create_people()
    world = _world(random.Random(seed))  # noqa: S311 - made-up rows
    share = cases / projects
    numbers: Iterator[int] = iter(range(projects))
    made_cases = 0
    while chunk := list(islice(numbers, BATCH)):
        with transaction.atomic():
            made_cases += _batch(world, chunk, share, made_cases)
        tell(f"{chunk[-1] + 1} / {projects}")


def _world(chance: random.Random) -> World:
    centre = Organisation.objects.get(code=CENTRE)
    firms = [
        Organisation(
            name=f"高平市{chance.choice(('恒', '泽', '晋', '丹', '长', '神'))}{chance.choice(('源', '丰', '盛', '和', '达', '兴'))}"
            f"{n:04d}建设有限公司",
            kind=OrganisationKind.ENTERPRISE, uscc=credit_code("91140581", f"MB{n:06d}"),
        )
        for n in range(FIRM_COUNT)
    ]
    Organisation.objects.bulk_create(firms, batch_size=BATCH)
    owners = [*firms, *Organisation.objects.filter(uscc__in=[credit_code(o[2], o[3]) for o in OWNERS])]
    packages = []
    for example in examples().values():
        version = PackageVersion.objects.get(package__code=example["package_code"], status="published")
        rows = list(version.rows.select_related("matter_version__lead", "matter_version__result_kind")
                    .prefetch_related("matter_version__reviews__organisation").filter(required=True).order_by("order"))
        packages.append((version, rows, parse_facts(example["facts"])))
    return World(
        centre, owners, packages, User.objects.get(username="clerk"),
        list(Agent.objects.select_related("user").order_by("pk")), {k.pk: k for k in DocumentKind.objects.all()}, chance,
    )


def project_code(number: int, chance: random.Random) -> str:
    """Return a valid code of the new format for a running number."""
    year, month = 21 + number % 5, 1 + number % 12
    digits = f"{year:02d}{month:02d}{REGION}8901{number:05d}"
    del chance
    return f"{digits[:4]}-{digits[4:10]}-{digits[10:12]}-{digits[12:14]}-{digits[14:]}{mod_11_10(digits)}"


def _batch(world: World, numbers: list[int], share: float, before: int) -> int:
    made = Made()
    projects = Project.objects.bulk_create([_project(world, n) for n in numbers], batch_size=BATCH)
    count = 0
    for number, project in zip(numbers, projects, strict=True):
        wanted = round(share * (number + 1)) - before - count
        count += _fill(world, made, number, project, wanted)
    for model in (WorkUnit, Clock, Application, Enrolment, Party, Involvement, Assignment):
        model.objects.bulk_create(made.rows.get(model, []), batch_size=BATCH)
    _insert_cases(made)
    _insert_events(made, projects)
    return count


def _project(world: World, number: int) -> Project:
    chance = world.chance
    version, _, facts = world.packages[number % len(world.packages)]
    ago = chance.randrange(5, 1800)
    stage = chance.choice((Stage.PLANNING, Stage.PERMIT, Stage.PERMIT, Stage.ACCEPTANCE))
    closed = chance.random() > OPEN_SHARE
    return Project(
        code=project_code(number, chance), name=f"{chance.choice(PLACES)}{chance.choice(WORKS)}项目{number:05d}",
        address=f"高平市{chance.choice(PLACES)}", investment=version.investment, region_id=REGION,
        total_investment=facts.get("total_investment"), owner=chance.choice(world.owners), centre=world.centre,
        stage=Stage.DELIVERED if closed else stage, registered_by=world.clerk,
        registered_at=timing.now() - dt.timedelta(days=ago),
    )


def _fill(world: World, made: Made, number: int, project: Project, wanted: int) -> int:
    chance = world.chance
    version, rows, facts = world.packages[number % len(world.packages)]
    unit = made.add(WorkUnit(project=project, code=project.code, name=project.name, is_default=True))
    made.add(Enrolment(project=project, package_version=version, facts={k: sorted(v) if isinstance(v, (set, frozenset))
             else v for k, v in facts.items()}, enrolled_by=world.clerk, enrolled_at=project.registered_at))
    made.add(Party(project=project, organisation=project.owner, role=PartyRole.BUILDER))
    since = timing.business_day(project.registered_at)
    for body, role in ((project.owner, InvolvementRole.OWNER), (world.centre, InvolvementRole.CENTRE)):
        made.add(Involvement(project=project, organisation=body, role=role, since=since))
    agents = [world.agents[0] if number < AGENT_PROJECTS else world.agents[1], world.agents[2 + number % 2]]
    for agent, role in zip(agents, (InvolvementRole.SERVICE_AGENT, InvolvementRole.LEAD_OFFICER), strict=True):
        made.add(Involvement(project=project, user=agent.user, role=role, since=since))
        made.add(Assignment(project=project, role=role, agent=agent, score="0.800", assigned_by=world.clerk,
                            assigned_at=project.registered_at))
    chosen = sorted(chance.sample(range(len(rows)), min(wanted, len(rows))))
    bodies: set[int] = set()
    for place, index in enumerate(chosen):
        is_open = project.is_open and place == len(chosen) - 1
        _case(world, made, project, unit, rows[index], number, place, is_open=is_open, bodies=bodies)
    made.add(_Story(project, number))
    return len(chosen)


@dataclass(slots=True)
class _Story:
    project: Project
    number: int


@dataclass(slots=True)
class _Review:
    case: MatterCase
    tasks: list[ReviewTask]


def _case(  # noqa: PLR0913 - all of a case in one place
    world: World, made: Made, project: Project, unit: WorkUnit, row: Any, number: int, place: int, *, is_open: bool,
    bodies: set[int],
) -> None:
    matter, chance = row.matter_version, world.chance
    days = row.days_override if row.days_override is not None else matter.promised_days
    age = chance.randrange(0, max(2, days + 2)) if is_open else chance.randrange(20, 1500)
    accepted_at = max(timing.now() - dt.timedelta(days=age, hours=1), project.registered_at)
    clock = made.add(build_clock(kind=ClockKind.PROMISED, limit=days, on=accepted_at, project=project,
                                 label=f"{matter.name} 承诺时限"))
    application = made.add(Application(
        project=project, number=f"S{number:06d}-{place}", source="win", applicant=project.owner, opened_by=world.clerk,
        opened_at=accepted_at, submitted_at=accepted_at,
    ))
    case = MatterCase(
        project=project, work_unit=unit, matter=matter, package_row=row, application=application,
        number=f"SB{number:06d}-{place}", stage=row.stage, lead=matter.lead, handling=Handling.REVIEW,
        state=CaseState.IN_REVIEW if is_open else CaseState.PASSED, promised_days=days,
        is_milestone=matter.is_milestone, promised_clock=clock, received_at=accepted_at, accepted_at=accepted_at,
        accepted_by=world.clerk, due_on=clock.due_on if is_open else None,
    )
    if not is_open:
        _decide(case, clock, chance)
    made.add(case)
    if matter.lead_id not in bodies and matter.lead_id != world.centre.pk:
        bodies.add(matter.lead_id)
        made.add(Involvement(project=project, organisation=matter.lead, role=InvolvementRole.REVIEWER,
                             since=timing.business_day(accepted_at)))
    if is_open:
        _review(made, case, bodies)


def _decide(case: MatterCase, clock: Clock, chance: random.Random) -> None:
    assert case.accepted_at is not None
    used = max(0, min(case.promised_days, chance.randrange(0, case.promised_days + 1)))
    start = timing.business_day(case.accepted_at)
    day = min(workdays.due_date(start, used), timing.today())
    decided = max(timing.start_of_day(day) + dt.timedelta(hours=15), case.accepted_at)
    case.decided_at = case.ended_at = min(decided, timing.now())
    case.used_days = workdays.workdays_between(start, timing.business_day(case.decided_at))
    clock.state, clock.stopped_at = ClockState.STOPPED, case.decided_at
    clock.stopped_on = timing.business_day(case.decided_at)


def _review(made: Made, case: MatterCase, bodies: set[int]) -> None:
    assert case.accepted_at is not None
    tasks = []
    for review in case.matter.reviews.all():
        clock = made.add(build_clock(kind=ClockKind.REVIEW, limit=review.days, on=case.accepted_at,
                                     project=case.project, label=f"{review.organisation.label} {case.matter.name}"))
        tasks.append(ReviewTask(
            organisation=review.organisation, definition=review, role=review.role, days=review.days,
            is_tacit_allowed=review.tacit, state=TaskState.INVITED, clock=clock, due_on=clock.due_on,
            pushed_at=case.accepted_at,
        ))
        if review.organisation_id not in bodies and review.organisation.code != CENTRE:
            bodies.add(review.organisation_id)
            made.add(Involvement(project=case.project, organisation=review.organisation,
                                 role=InvolvementRole.REVIEWER, since=timing.business_day(case.accepted_at)))
    made.add(_Review(case, tasks))


def _insert_cases(made: Made) -> None:
    cases: list[MatterCase] = made.rows.get(MatterCase, [])
    MatterCase.objects.bulk_create(cases, batch_size=BATCH)
    reviews: list[_Review] = made.rows.get(_Review, [])  # type: ignore[call-overload]
    sessions = JointSession.objects.bulk_create(
        [
            JointSession(project=r.case.project, case=r.case, lead=r.case.lead, state=SessionState.REVIEWING,
                         opened_at=r.case.accepted_at)
            for r in reviews
        ],
        batch_size=BATCH,
    )
    tasks = []
    for review, session in zip(reviews, sessions, strict=True):
        for task in review.tasks:
            task.session = session
            tasks.append(task)
    ReviewTask.objects.bulk_create(tasks, batch_size=BATCH)
    ClockSegment.objects.bulk_create(
        [
            ClockSegment(clock=c, owner=c.owner, started_at=c.started_at, ended_at=c.stopped_at)
            for c in made.rows.get(Clock, [])
        ],
        batch_size=BATCH,
    )
    _insert_papers(cases)


def _insert_papers(cases: Iterable[MatterCase]) -> None:
    """A certificate for every decided case, filed as a document."""
    decided = [case for case in cases if case.decided_at is not None]
    serials: dict[tuple[int, str], int] = {}
    documents = []
    for case in decided:
        kind = case.matter.result_kind
        key = (case.project_id, kind.doc_class)
        serials[key] = serials.get(key, 0) + 1
        documents.append(Document(
            project=case.project, kind=kind, title=case.matter.result_name, doc_class=kind.doc_class,
            serial=serials[key], visibility=Visibility.PUBLIC, source_type=MatterCase._meta.label,
            source_key=str(case.pk), source_label=case.matter.name, filed_by_name="系统", filed_at=case.decided_at,
        ))
    Document.objects.bulk_create(documents, batch_size=BATCH)
    Paper.objects.bulk_create(
        [
            Paper(
                project=case.project, kind=PaperKind.CERTIFICATE, title=case.matter.result_name, issuer=case.lead,
                series="合成证", year=2026, serial=case.pk, number=f"〔2026〕合成证字第{case.pk:06d}号",
                content={"gist": {"project": case.project.name}}, subject_type=MatterCase._meta.label,
                subject_key=str(case.pk), verify_code=f"SYN{case.pk:012d}", is_public=True, issued_at=case.decided_at,
                rendered_at=case.decided_at, document=document,
            )
            for case, document in zip(decided, documents, strict=True)
        ],
        batch_size=BATCH,
    )


def _insert_events(made: Made, projects: list[Project]) -> None:
    """A short chained history of each project, and its code token."""
    cases: dict[int, list[MatterCase]] = {}
    for case in made.rows.get(MatterCase, []):
        cases.setdefault(case.project_id, []).append(case)
    events: list[Event] = []
    tokens = []
    for story in made.rows.get(_Story, []):  # type: ignore[call-overload]
        project = story.project
        told = [("project.registered", project, project.registered_at, None, "登记项目")]
        for case in cases.get(project.pk, []):
            told.append(("case.accepted", case, case.accepted_at, 3, "受理"))
            if case.decided_at:
                told.append(("case.decided", case, case.decided_at, 11, "办结通过"))
        for seq, (kind, subject, at, code, summary) in enumerate(told, 1):
            event = Event(
                chain=f"project:{project.pk}", seq=seq, project=project, subject_type=subject._meta.label,
                subject_key=str(subject.pk), subject_label=str(subject)[:200], kind=kind, status_code=code,
                summary=summary, actor_name="系统", happened_at=at, recorded_at=at, data={},
                previous_hash=project.event_hash,
            )
            event.hash = digest(event)
            project.event_seq, project.event_hash = seq, event.hash
            events.append(event)
        tokens.append(QrToken(project=project, token=f"synthetic{story.number:013d}", check_code="SYN0000",
                              issued_at=project.registered_at))
    Event.objects.bulk_create(events, batch_size=BATCH)
    QrToken.objects.bulk_create(tokens, batch_size=BATCH)
    Project.objects.bulk_update(projects, ["event_seq", "event_hash"], batch_size=500)


__all__ = ["PASSWORD", "project_code", "synthesize"]
