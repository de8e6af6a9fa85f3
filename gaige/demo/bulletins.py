"""The bulletins of the demonstration: each month frozen, drafted, checked by somebody else, signed."""

from __future__ import annotations

from agency.bulletin_periods import current_month, month_before
from agency.bulletin_states import MONTHLY, BulletinSeries, BulletinState
from agency.models import Bulletin, BulletinProblem
from agency.services.bulletin_problems import close_problem, word_problem
from agency.services.bulletins import confirm, freeze, open_bulletin, publish, send_to_check
from gaige.demo.moments import user
from gaige.demo.people import CENTRE
from projects.models import Organisation

CAUSES = ("部门之间来回补件，未一次告清", "现场踏勘没有提前约定", "经办人外出，未指定替岗")
FIXES = ("按一次告知清单逐项核对后再发出", "踏勘与其他部门合并，提前两日约定", "建立替岗名单，外出当日转办")


def monthly() -> None:
    """Freeze and publish the month that is over, once."""
    centre = Organisation.objects.get(code=CENTRE)
    year, month = month_before(*current_month())
    for series in MONTHLY:
        bulletin = open_bulletin(centre, year=year, month=month, by=user("director"), series=series)
        if bulletin.state == BulletinState.COLLECTING:
            _walk(bulletin)


def _walk(bulletin: Bulletin) -> None:
    """Let two people do their part; what an issue named is mended before the next."""
    dispatcher, director = user("dispatcher"), user("director")
    for problem in BulletinProblem.objects.filter(bulletin__series=bulletin.series, closed_at=None).order_by("pk")[:2]:
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
    confirm(bulletin.pk, by=director, note="已重新计算，与事件一致")
    publish(bulletin.pk, by=director)


def current() -> None:
    """Begin the running month and the year."""
    centre = Organisation.objects.get(code=CENTRE)
    year, month = current_month()
    for series in MONTHLY:
        open_bulletin(centre, year=year, month=month, series=series)
    open_bulletin(centre, year=year, month=0, series=BulletinSeries.ANNUAL)
