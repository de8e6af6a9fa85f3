"""The bulletins of the demonstration: each month frozen and drafted by one, checked by a second, signed by a third."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from agency.bulletin_periods import current_month, first_day, month_before, period_of
from agency.bulletin_states import MONTHLY, BulletinSeries, BulletinState
from agency.models import Bulletin, BulletinProblem
from agency.services.bulletin_problems import close_problem, word_problem
from agency.services.bulletins import confirm, freeze, open_bulletin, publish, send_to_check
from gaige.demo.city import CITY, COUNTY_REGION, ZONE, ZONE_REGION
from gaige.demo.moments import user
from gaige.demo.people import CENTRE
from projects.models import Organisation, Project, Region

CAUSES = ("部门之间来回补件，未一次告清", "现场踏勘没有提前约定", "经办人外出，未指定替岗")
FIXES = ("按一次告知清单逐项核对后再发出", "踏勘与其他部门合并，提前两日约定", "建立替岗名单，外出当日转办")


@dataclass(frozen=True, slots=True)
class Desk:
    """Who issues bulletins: a bureau, who drafts, checks and signs, and for which regions below it."""

    bureau: Q
    drafter: str
    checker: str
    signer: str
    regions: tuple[str, ...] = ()


COUNTY = Desk(Q(code=CENTRE), "dispatcher", "checker", "director")
ABOVE = Desk(Q(name=CITY), "city-office", "city-checker", "city", (COUNTY_REGION, ZONE_REGION))


def monthly() -> None:
    """Freeze and publish the month that is over, once; the city begins when its zone has a project."""
    year, month = month_before(*current_month())
    for series in MONTHLY:
        _publish(COUNTY, year, month, series, None)
    began = Project.objects.filter(centre__name=ZONE).order_by("registered_at").first()
    if began is not None and began.registered_at < period_of(year, month, starts_on=first_day()).end:
        for series in MONTHLY:
            _publish(ABOVE, year, month, series, None)
        for code in ABOVE.regions:
            _publish(ABOVE, year, month, BulletinSeries.PERMIT, Region.objects.get(code=code))


def _publish(desk: Desk, year: int, month: int, series: str, region: Region | None) -> None:
    centre = Organisation.objects.get(desk.bureau)
    bulletin = open_bulletin(centre, year=year, month=month, by=user(desk.signer), series=series, region=region)
    if bulletin.state == BulletinState.COLLECTING:
        _walk(bulletin, desk)


def _walk(bulletin: Bulletin, desk: Desk) -> None:
    """Let three people do their part; what an issue named is mended before the next."""
    dispatcher, director = user(desk.drafter), user(desk.signer)
    named = BulletinProblem.objects.filter(
        bulletin__series=bulletin.series, bulletin__centre=bulletin.centre, bulletin__region=bulletin.region,
        closed_at=None,
    )
    for problem in named.order_by("pk")[:2]:
        close_problem(problem.pk, by=dispatcher, outcome="已按措施整改，抽查两件均未超时")
    frozen = freeze(bulletin.pk, by=dispatcher)
    for number, problem in enumerate(frozen.problems.order_by("number")):
        word_problem(
            problem.pk,
            by=dispatcher,
            what=problem.what,
            cause=problem.cause or CAUSES[number % len(CAUSES)],
            fix=FIXES[number % len(FIXES)],
            due_on=problem.due_on,
        )
    send_to_check(bulletin.pk, by=dispatcher)
    confirm(bulletin.pk, by=user(desk.checker), note="已重新计算，与事件一致")
    publish(bulletin.pk, by=director)


def current() -> None:
    """Begin the running month and the year, of the county and of the city with its two parts."""
    year, month = current_month()
    for desk in (COUNTY, ABOVE):
        centre = Organisation.objects.get(desk.bureau)
        for region in (None, *Region.objects.filter(code__in=desk.regions)):
            for series in MONTHLY:
                open_bulletin(centre, year=year, month=month, series=series, region=region)
        open_bulletin(centre, year=year, month=0, series=BulletinSeries.ANNUAL)
