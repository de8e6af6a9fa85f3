"""An address that nobody types gets a plain refusal, never an error of the server."""

import pytest
from django.test import Client

from packages.savings import month_span
from packages.views.notices import rows_of
from packages.worklist import read_key


@pytest.mark.parametrize("path", ["/q/%00abc/", "/desk/?q=%00", "/verify/?code=a%00", "/projects/?text=%00"])
def test_a_null_byte_in_an_address_is_refused(path):
    response = Client().get(path)
    assert (response.status_code, response.content.decode()) == (400, "地址里有不能识别的字符，请检查后重新打开。")


def test_digits_that_are_no_number_are_none():
    assert read_key("none.²") is None
    assert rows_of({"form-TOTAL_FORMS": "²"}) == []
    assert len(rows_of({"form-TOTAL_FORMS": "999999"})) == 30


def test_months_at_the_ends_of_the_calendar_are_none():
    assert [month_span(month) for month in ("0001-01", "9999-12", "2026-13", "x")] == [None] * 4


def test_a_year_without_major_projects_shows_the_newest(actors):
    from agency.major_queries import majors_page

    years = {majors_page(actors.director, year).curve.year for year in (None, 99_999_999_999, 9999)}
    assert len(years) == 1
