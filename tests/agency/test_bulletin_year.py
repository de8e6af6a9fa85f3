"""The report of a year is frozen with its last month and compared with the year before; no figure waits for a sweep."""

import pytest

from agency.bulletin_page import bulletin_rows
from agency.bulletin_proof import prove
from agency.bulletin_snapshot import stored_figures
from agency.models import Bulletin
from agency.services.bulletin_problems import word_problem
from agency.services.bulletins import confirm, freeze, open_bulletin, send_back, send_to_check, turn_month
from projects.errors import NotAllowed
from tests import factories
from tests.agency.bulletin_month import at, make_month, word_all

pytestmark = pytest.mark.slow


def test_the_year_is_frozen_with_its_last_month(actors, clock):
    make_month(actors, clock)
    clock.to(at("12-26 00:30"))
    turn_month()
    years = Bulletin.objects.filter(series="annual", centre=actors.centre).order_by("year")
    assert list(years.values_list("year", "state")) == [(2026, "frozen"), (2027, "collecting")]
    assert [one["note"] for one in years[0].content["big"]] == ["比上年 —"] * 4
    months = Bulletin.objects.filter(year=2026, month=12, series="permit", centre=actors.centre)
    periods = [row.period for row in bulletin_rows([years[0], months.get()])]
    assert periods == ["2025年12月26日 至 2026年12月25日", "11月26日 至 12月25日"]
    clock.to(at("12-26 00:30").replace(year=2027))
    turn_month()
    assert [one["note"] for one in years[1].content["big"]][:2] == ["比上年 −100%", "比上年 −100%"]


def test_what_was_handed_over_to_be_checked_is_not_rewritten_until_it_was_sent_back(actors, clock):
    make_month(actors, clock)
    drafter, director = actors.dispatcher, actors.director
    bulletin = freeze(open_bulletin(actors.centre, year=2026, month=11).pk, by=drafter)
    word_all(bulletin, drafter)
    row = bulletin.problems.get()

    def rewrite():
        return word_problem(row.pk, by=director, what=row.what, cause="别的原因", fix="别的措施", due_on=row.due_on).cause

    send_to_check(bulletin.pk, by=drafter)
    with pytest.raises(NotAllowed, match="已送核，不能改写；要改请先退回起草"):
        rewrite()
    confirm(bulletin.pk, by=director)
    with pytest.raises(NotAllowed, match="已送核"):
        rewrite()
    send_back(bulletin.pk, by=director, note="原因写得不具体")
    assert rewrite() == "别的原因"


def test_what_ran_over_its_limit_in_silence_is_late_though_no_sweep_has_seen_it(actors, clock):
    """The worker stood still for days: the month is frozen as it was, and the recount from the events agrees."""
    cases = []
    for begun in ("11-16 09:00", "11-23 09:00"):
        clock.to(at(begun))
        cases.append(factories.in_review(factories.enrolled_project(actors, "S3"), "land-plan-permit", actors))
    late, due_on_the_last_day = cases
    assert due_on_the_last_day.promised_clock.due_on == at("11-25 00:00").date()
    clock.to(at("11-26 00:30"))
    bulletin = freeze(open_bulletin(actors.centre, year=2026, month=11).pk, by=None)
    assert stored_figures(bulletin)["total", 0, "overdue"].numerator_ids == (late.pk,)
    late.promised_clock.refresh_from_db()
    assert (late.promised_clock.first_overdue_at, prove(bulletin).holds) == (at("11-19 00:00"), True)
