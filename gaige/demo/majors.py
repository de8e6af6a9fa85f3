"""Major projects of the demonstration: their money by month, resource tickets, and two batches of starts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from agency.major_states import MajorLevel
from agency.models import Batch, BatchEntry, BatchLine, ResourceTicket, StartCheck
from agency.services import batches, majors
from gaige.demo.files import attachment, photograph
from gaige.demo.moments import later, person, user
from gaige.demo.people import CENTRE, REGION
from projects import timing
from projects.models import Organisation, Project, Region
from projects.states import Role, Stage

#: The factory, the school and the bridge by their numbers in the code; planned investment of a month in 万元.
MAJORS = (
    ("16326", MajorLevel.CITY, 2600), ("21872", MajorLevel.COUNTY, 900), ("28556", MajorLevel.CITY, 1800),
)
#: Of these a batch began its works a good month ago.
STARTED, LOOKED_AT, PUT_OFF = ("19655", "27448"), "19655", "18540"
DAYS_AGO = 85
SHARES = ("0.94", "1.06", "0.88", "1.02")


def stories() -> Iterator[dt.datetime]:
    """Two months and more: quotas, a batch with its look, the list, tickets, money; it ends with what stands open."""
    director = user("director")
    region = Region.objects.get(code=REGION)
    _quotas(region)
    yield later(12, 9.5)
    batch = batches.make_batch(
        Organisation.objects.get(code=CENTRE), by=director, name=f"{timing.today():%Y}年{_quarter()}集中开工",
        starts_on=timing.today() + dt.timedelta(days=14), place="高平经济技术开发区",
    )
    entries = [
        batches.add_project(batch.pk, project.pk, by=director)
        for project in _named(*STARTED, PUT_OFF) if project.is_open
    ]
    yield later(8, 10)
    for entry in entries:
        _prepare(entry, put_off=_is(entry.project, PUT_OFF))
    yield later(2, 9)
    for entry in BatchEntry.objects.filter(batch=batch, state="confirmed").order_by("pk"):
        batches.begin(entry.pk, by=director, on=timing.today())
    yield later(1, 11)
    for number, level, money in MAJORS[:-1]:
        for project in _named(number):
            _list(project, level, money)
    yield later(2, 15)
    _tickets()
    yield later(6, 16)
    _money()
    yield later(12, 10.5)
    for number, level, money in MAJORS[-1:]:
        for project in _named(number):
            _list(project, level, money)
    _look(batch)
    _next_batch(batch)
    _money()


def _look(batch: Batch) -> None:
    """One of the starts was looked at; the other waits for somebody."""
    for check in StartCheck.objects.filter(entry__batch=batch, checked_at=None).order_by("due_on")[: len(STARTED)]:
        if _is(check.entry.project, LOOKED_AT):
            batches.check_start(
                check.pk, by=user("agent"), is_working=True, note="基础施工，塔吊已安装，现场 46 人",
                photo=photograph("开工后 30 日现场"),
            )


def _next_batch(batch: Batch) -> None:
    following = batches.make_batch(
        batch.centre, by=user("director"), name="下一批集中开工",
        starts_on=timing.today() + dt.timedelta(days=35), place="高平经济技术开发区",
    )
    for project in _named("16326", "21872"):
        if project.is_open:
            _prepare(batches.add_project(following.pk, project.pk, by=user("director")), put_off=False, lines=2)


def _quarter() -> str:
    return f"第{'一二三四'[(timing.today().month - 1) // 3]}季度"


def _named(*numbers: str) -> list[Project]:
    """The projects with these numbers, in the order of the numbers; those that are not there yet are left out."""
    found = {number: Project.objects.filter(code__contains=f"-{number}").first() for number in numbers}
    return [project for project in found.values() if project is not None]


def _is(project: Project, number: str) -> bool:
    return f"-{number}" in project.code


def _quotas(region: Region) -> None:
    """What the county and its neighbour have of two kinds, for the present half-year."""
    month = timing.today().replace(day=1)
    for _ in range(8):
        for kind, quantity in (("land", "260"), ("water", "12")):
            majors.set_quota(
                region, by=user("director"), kind=kind, month=month, quantity=Decimal(quantity),
                document="年度指标分解（演示）",
            )
        month = (month + dt.timedelta(days=32)).replace(day=1)


def _prepare(entry: BatchEntry, *, put_off: bool, lines: int = 99) -> None:
    director = user("director")
    if put_off:
        batches.postpone(entry.pk, by=director, reason="施工许可还没有办结", to=timing.today() + dt.timedelta(days=60))
        return
    for line in BatchLine.objects.filter(entry=entry).order_by("order")[:lines]:
        batches.answer_line(line.pk, by=director, is_met=True)
    if lines > BatchLine.objects.filter(entry=entry).count():
        batches.confirm(entry.pk, by=director)


def _list(project: Project, level: str, money: int) -> None:
    director, today = user("director"), timing.today()
    majors.list_major(
        project.pk, by=director, year=today.year, level=level, opens_on=today + dt.timedelta(days=75)
    )
    month = today.replace(day=1)
    while month.year == today.year:
        majors.plan_month(project.pk, by=director, month=month, planned=Decimal(money))
        month = (month + dt.timedelta(days=32)).replace(day=1)


def _tickets() -> None:
    director, soon = user("director"), timing.today() + dt.timedelta(days=45)
    wanted = (("16326", "land", "86.5", 4), ("16326", "water", "6.4", 3), ("21872", "greening", "2400", 2),
              ("21872", "soil", "", 0))
    for number, kind, quantity, steps in wanted:
        for project in _named(number):
            ticket = majors.open_ticket(project.pk, by=director, kind=kind, needed_by=soon)
            _walk(ticket, quantity, steps)


def _walk(ticket: ResourceTicket, quantity: str, steps: int) -> None:
    """Measured, applied for, balanced, secured: so many of these steps."""
    director = user("director")
    if steps > 0:
        majors.measure(ticket.pk, by=director, quantity=Decimal(quantity), note="按总平面图测算")
    if steps > 1:
        majors.apply_for(ticket.pk, by=director)
    if steps > 2:
        majors.balance(ticket.pk, by=director, source=Region.objects.get(code=REGION))
    if steps > 3:
        keeper = Organisation.objects.get(code="natural-resources")
        majors.secure(
            ticket.pk, by=person(keeper.pk, Role.REVIEWER), quantity=Decimal(quantity),
            evidence=attachment("用地指标批复"),
        )


def _money() -> None:
    """Report the month that is over and the present one, where they are planned."""
    today = timing.today()
    month = (today.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    for at, project in enumerate(_named(*[number for number, _, _ in MAJORS])):
        if project.stage == Stage.DELIVERED or not hasattr(project, "major"):
            continue
        for row in project.major.months.filter(month__gte=month, month__lte=today, done=None).order_by("month"):
            done = row.planned * Decimal(SHARES[(row.month.month + at) % len(SHARES)])
            majors.report_month(
                project.pk, by=user("director"), month=row.month, done=done,
                progress=f"前期手续和场地准备，{row.month.month}月",
            )
