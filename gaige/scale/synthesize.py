"""Fills an empty portal with as many projects and cases as a city has after five years, in bulk.

Rows are of the shape that the services leave behind (cases with clocks, sessions with tasks, papers, chained events);
they are written in bulk, so only the benchmark uses them. The figures of the promise: 22,300 projects, 75,000 cases.
Every fortieth project has the whole plan of its package, the others a few matters; where there are more cases than that
(1,000,000 in 22,300 projects) a project is split into several works, and each goes through the matters by itself.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from itertools import count

from django.db import connection, transaction
from django.db.models import Prefetch

from agency.models import Agent, Assignment
from archives import blobs
from archives.models import QrToken
from gaige.demo.people import CENTRE, OWNERS, REGION, create_people, credit_code
from gaige.demo.story import amount
from gaige.scale import casework
from gaige.scale.history import insert_history
from gaige.scale.multiply import TEMPLATE_CASES, multiply
from gaige.scale.rows import BATCH, Made, Place, Plan, World
from packages.catalog_files import read_tables
from packages.facts import clean_facts, parse_facts
from packages.models import Enrolment, MatterVersion, PackageRow, PackageVersion, ReviewDef
from packages.planning.build import build_plan
from packages.services.drafts import acceptance_matters, handling_of
from packages.states import Handling
from projects import timing
from projects.codes import mod_11_10
from projects.models import Involvement, Organisation, Party, Project, User, WorkUnit
from projects.states import InvolvementRole, OrganisationKind, PartyRole, Stage

FIRM_COUNT = 3480
CITY_PROJECTS, CITY_CASES = 22_300, 75_000
#: Running numbers that one project takes at most.
NUMBERS_EACH = 400
#: A batch has about so many cases.
CASES_AT_ONCE = 8000
#: Numbers up to here fit into one code of trade; more projects get the next.
CODES_EACH = 100_000
#: The agent `agent` has this many projects, or all of a smaller portal.
AGENT_PROJECTS = 5000
#: More cases than these are copies, made by the database of `TEMPLATE_CASES` true ones.
MADE_ONE_BY_ONE = 100_000
#: Projects of a city of copies that are made one by one, so that the number comes out.
LEFT_OVER = 20
WHOLE_EVERY = 40
#: Whole plans take at most this share of the cases.
WHOLE_SHARE = 0.3
OPEN_SHARE = 0.3
#: Into so many works a project is split at most.
MOST_UNITS = 12
#: Of a whole plan this share is decided, then so many are under way; the rest is not applied for.
DECIDED_SHARE, UNDER_WAY = 0.55, 3
PLACES = ("经开区", "米山镇", "马村镇", "北城街道", "南城街道", "神农镇", "寺庄镇", "三甲镇", "陈区镇", "河西镇")
WORKS = (
    "标准厂房", "仓储物流园", "冷链中心", "污水处理站", "教学楼", "卫生院", "道路改造", "供热管网", "住宅小区",
    "铸件车间",
)
SAMPLE = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"


def projects_for(cases: int) -> int:
    """Return how many projects so many cases belong to in a city like the promised one."""
    return max(300, round(cases * CITY_PROJECTS / CITY_CASES))


def synthesize(
    *, projects: int, cases: int, seed: int = 7, tell: Callable[[str], object] = print, grow: bool = False
) -> None:
    """Make exactly so many projects and cases; the same seed makes the same portal.

    `grow`: add so many to a portal that this has filled before. Raises `ValueError` for a portal that holds projects
    otherwise, and for more cases than the plans have matters.
    """
    standing = Project.objects.count()
    if standing and not grow:
        raise ValueError("synthesize needs a portal without projects")
    if connection.vendor == "postgresql" and cases > MADE_ONE_BY_ONE:
        projects, cases = _in_bulk(projects, cases, seed=seed, tell=tell, is_first=not standing)
        standing = Project.objects.count()
    if not standing:
        create_people()
    world = _world(random.Random(seed + standing), standing)  # noqa: S311 - made-up rows
    turn = standing % len(world.plans)
    plans = [*world.plans[turn:], *world.plans[:turn]]
    wanted = share_out([(len(plan.rows), len(plan.at_window)) for plan in plans], projects, cases)
    at_once = max(min(BATCH, CASES_AT_ONCE * projects // max(cases, 1)), 1)
    for first in range(0, projects, at_once):
        last = min(first + at_once, projects)
        with transaction.atomic():
            _batch(world, standing + first, wanted[first:last], {
                standing + number for number in range(first, last) if number % WHOLE_EVERY == 0
            })
        tell(f"{last} / {projects}")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _in_bulk(
    projects: int, cases: int, *, seed: int, tell: Callable[[str], object], is_first: bool
) -> tuple[int, int]:
    """Copy some thousand true projects inside the database; return how many projects and cases are still missing.

    An empty portal gets these projects first, in the proportion that was asked for.
    """
    if is_first:
        times = -(-cases // TEMPLATE_CASES)
        first = ((projects - LEFT_OVER) // times, cases // times)
        synthesize(projects=first[0], cases=first[1], seed=seed, tell=tell)
        projects, cases = projects - first[0], cases - first[1]
    more = multiply(cases, numbers_each=NUMBERS_EACH, agent_projects=AGENT_PROJECTS, code_of=project_code)
    tell(f"{more[0]} projects, {more[1]} cases copied")
    return max(projects - more[0], 1), cases - more[1]


def share_out(plans: list[tuple[int, int]], projects: int, cases: int) -> list[int]:
    """Return how many cases each project gets; they add up to `cases`.

    `plans`: for each plan in turn how many matters it has, and how many of them works of a sparse project may have.
    Every `WHOLE_EVERY`th project has the whole plan, up to a share of the cases. Raises `ValueError` when they do not
    fit.
    """
    wanted, left = [0] * projects, cases
    for number in range(0, projects, WHOLE_EVERY):
        whole = plans[number % len(plans)][0]
        if cases - left + whole > cases * WHOLE_SHARE:
            break
        wanted[number] = whole
        left -= whole
    sparse = [number for number in range(projects) if not wanted[number]]
    for place, number in enumerate(sparse):
        fair = round(left / (len(sparse) - place))
        wanted[number] = min(fair, MOST_UNITS * plans[number % len(plans)][1])
        left -= wanted[number]
    if left:
        raise ValueError(f"{cases} cases do not fit into {projects} projects")
    return wanted


# What all share --------------------------------------------------------------------------------------------------


def _world(chance: random.Random, standing: int) -> World:
    firms = [] if standing else [
        Organisation(
            name=f"高平市{chance.choice('恒泽晋丹长神')}{chance.choice('源丰盛和达兴')}{number:04d}建设有限公司",
            kind=OrganisationKind.ENTERPRISE, uscc=credit_code("91140581", f"MB{number:06d}"),
        )
        for number in range(FIRM_COUNT)
    ]
    Organisation.objects.bulk_create(firms, batch_size=BATCH)
    known = Organisation.objects.filter(uscc__in=[credit_code(owner[2], owner[3]) for owner in OWNERS])
    if standing:
        firms = list(Organisation.objects.filter(name__endswith="建设有限公司").exclude(pk__in=known).order_by("pk"))
    return World(
        centre=Organisation.objects.get(code=CENTRE), owners=[*firms, *known.order_by("pk")], plans=_plans(),
        clerk=User.objects.get(username="clerk"), agents=list(Agent.objects.select_related("user").order_by("pk")),
        sample=blobs.put([SAMPLE]), chance=chance, numbers=count(1 + standing * NUMBERS_EACH),
    )


def _plans() -> list[Plan]:
    versions = {v.package.code: v for v in PackageVersion.objects.published().select_related("package")}
    joint = acceptance_matters()
    return [
        _plan(versions[line["package_code"]], line["facts"], joint) for line in read_tables()["examples.tsv"]
    ]


def _plan(version: PackageVersion, notation: str, joint: frozenset[str]) -> Plan:
    facts = clean_facts(parse_facts(notation))
    codes = build_plan(version, facts).codes
    matters = MatterVersion.objects.select_related("matter", "lead", "result_kind").prefetch_related(
        "materials", Prefetch("reviews", ReviewDef.objects.select_related("organisation"))
    )
    found = PackageRow.objects.filter(version=version, matter_version__matter__code__in=codes).order_by("order")
    rows = []
    for row in found.prefetch_related(Prefetch("matter_version", matters)):
        handling = handling_of(row.matter_version, is_counted=row.is_counted, joint=joint)
        rows.append((row, str(handling)))
    window = tuple(row for row, handling in rows if handling == Handling.REVIEW)
    return Plan(version, facts, tuple(rows), window)


def project_code(number: int) -> str:
    """Return a valid code of the new format for a running number."""
    trade, serial = divmod(number, CODES_EACH)
    digits = f"{21 + number % 5:02d}{1 + number % 12:02d}{REGION}89{1 + trade:02d}{serial:05d}"
    return f"{digits[:4]}-{digits[4:10]}-{digits[10:12]}-{digits[12:14]}-{digits[14:]}{mod_11_10(digits)}"


# A batch ---------------------------------------------------------------------------------------------------------


def _batch(world: World, first: int, wanted: list[int], wholes: set[int]) -> None:
    """Make projects from a running number on, with so many cases each; `wholes`: which may have their whole plan."""
    numbers = range(first, first + len(wanted))
    projects = Project.objects.bulk_create([_project(world, number) for number in numbers], batch_size=BATCH)
    made, places = Made(), []
    for number, project, share in zip(numbers, projects, wanted, strict=True):
        place = _place(world, made, number, project)
        places.append(place)
        if number in wholes and share == len(place.plan.rows):
            _whole(world, made, place)
        else:
            _sparse(world, made, place, share)
    made.insert()
    insert_history(places)
    QrToken.objects.bulk_create(
        [
            QrToken(
                project=place.project, token=f"synthetic{place.number:013d}", check_code="SYN234",
                issued_at=place.project.registered_at,
            )
            for place in places
        ],
        batch_size=BATCH,
    )


def _project(world: World, number: int) -> Project:
    chance, plan = world.chance, world.plans[number % len(world.plans)]
    is_open = chance.random() < OPEN_SHARE or number % WHOLE_EVERY == 0
    stage = chance.choice((Stage.PLANNING, Stage.PERMIT, Stage.PERMIT, Stage.ACCEPTANCE))
    project: Project = Project(
        code=project_code(number), name=f"{chance.choice(PLACES)}{chance.choice(WORKS)}项目{number:05d}",
        address=f"高平市{chance.choice(PLACES)}", investment=plan.version.investment, region_id=REGION,
        total_investment=amount(plan.facts), owner=chance.choice(world.owners), centre=world.centre,
        stage=stage if is_open else Stage.DELIVERED, registered_by=world.clerk,
        registered_at=timing.now() - dt.timedelta(days=chance.randrange(60, 1800)),
    )
    return project


def _place(world: World, made: Made, number: int, project: Project) -> Place:
    plan, since = world.plans[number % len(world.plans)], timing.business_day(project.registered_at)
    unit = made.add(WorkUnit(project=project, code=project.code, name=project.name))
    made.add(
        Enrolment(
            project=project, package_version=plan.version, facts=plan.facts, enrolled_by=world.clerk,
            enrolled_at=project.registered_at,
        )
    )
    made.add(Party(project=project, organisation=project.owner, role=PartyRole.BUILDER))
    for body, role in ((project.owner, InvolvementRole.OWNER), (world.centre, InvolvementRole.CENTRE)):
        made.add(Involvement(project=project, organisation=body, role=role, since=since))
    agents = (world.agents[0 if number < AGENT_PROJECTS else 1], world.agents[2 + number % 2])
    for agent, role in zip(agents, (InvolvementRole.SERVICE_AGENT, InvolvementRole.LEAD_OFFICER), strict=True):
        made.add(Involvement(project=project, user=agent.user, role=role, since=since))
        made.add(
            Assignment(
                project=project, role=role, agent=agent, score="0.800", assigned_by=world.clerk,
                assigned_at=project.registered_at,
            )
        )
    return Place(project, number, plan, unit)


def _long_ago(world: World, project: Project) -> dt.datetime:
    """A moment of the past in which a case of the project may have been accepted."""
    return max(timing.now() - dt.timedelta(days=world.chance.randrange(20, 1500)), project.registered_at)


def _lately(world: World, days: int) -> dt.datetime:
    return timing.now() - dt.timedelta(days=world.chance.randrange(0, max(2, days + 1)), hours=1)


def _sparse(world: World, made: Made, place: Place, share: int) -> None:
    """A few matters, or those of several works: all decided, but for one of each works of an open project."""
    units = -(-share // max(len(place.plan.at_window), 1))
    for turn in range(units):
        if turn:
            place.unit = made.add(
                WorkUnit(
                    project=place.project, code=f"{place.project.code}-{turn + 1:03d}", is_default=False,
                    name=f"{place.project.name}（{turn + 1}号单体）",
                )
            )
        _works(world, made, place, share // units + (turn < share % units))


def _works(world: World, made: Made, place: Place, share: int) -> None:
    """Cases of the works that the place stands at."""
    chosen = sorted(world.chance.sample(range(len(place.plan.at_window)), share))
    rows = [place.plan.at_window[index] for index in chosen]
    under_way = rows.pop(world.chance.randrange(share)) if rows and place.project.is_open else None
    if rows:
        application = casework.add_application(world, made, place, _long_ago(world, place.project))
        for row in rows:
            casework.add_decided(world, made, place, row, application)
    if under_way is not None:
        _under_way(world, made, place, under_way)


def _under_way(world: World, made: Made, place: Place, row: PackageRow) -> None:
    turn = next(world.numbers) % 10
    if turn < 4:  # noqa: PLR2004 - four of ten wait at the window, one for the owner, five are under review
        casework.add_received(world, made, place, row, _lately(world, 4))
    elif turn == 4:  # noqa: PLR2004
        casework.add_correcting(world, made, place, row, _lately(world, 4) - dt.timedelta(days=2))
    else:
        casework.add_in_review(world, made, place, row, _lately(world, row.promised_days))


def _whole(world: World, made: Made, place: Place) -> None:
    """The whole plan: its first part decided, some under way, the rest not applied for."""
    decided, at = int(len(place.plan.rows) * DECIDED_SHARE), _long_ago(world, place.project)
    application, under_way = casework.add_application(world, made, place, at), 0
    for index, (row, handling) in enumerate(place.plan.rows):
        if index < decided and handling == Handling.OUTSIDE:
            casework.add_outside(world, made, place, row, at)
        elif index < decided and handling == Handling.REVIEW:
            casework.add_decided(world, made, place, row, application)
        elif under_way < UNDER_WAY and handling == Handling.REVIEW:
            under_way += 1
            _under_way(world, made, place, row)
        else:
            casework.add_draft(made, place, row, handling)


__all__ = ["project_code", "share_out", "synthesize"]
