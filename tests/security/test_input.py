"""An address that nobody types gets a plain refusal, never an error of the server."""

import pytest
from django import forms
from django.test import Client

from agency.desk_forms import RegionsField
from gaige.form_words import NO_YEAR
from packages.savings import month_span
from packages.utility_forms import CompanyForm
from packages.views.notices import rows_of
from packages.worklist import read_key
from projects.forms import BackEntryForm
from projects.models import Region
from projects.states import Role
from tests import factories


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


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "²"])
def test_days_at_the_ends_of_the_calendar_are_none(actors, day):
    auditor = factories.person("auditor", "审计", Role.AUDITOR, actors.centre)
    for user, paths in ((auditor, ["/audit/?since={}", "/audit/?until={}"]), (
        actors.director, ["/agency/evaluation/?start={}", "/agency/evaluation/?end={}"]
    )):
        client = Client()
        client.force_login(user)
        assert [client.get(path.format(day)).status_code for path in paths] == [200, 200]


def test_what_is_not_of_the_kind_of_a_field_is_told_with_how_to_write_it():
    class Everything(forms.Form):
        one = forms.ChoiceField(choices=[("a", "甲")])
        some = forms.MultipleChoiceField(choices=[("a", "甲")])
        row = forms.ModelChoiceField(Region.objects.all())
        whole, part = forms.IntegerField(), forms.DecimalField()
        day, moment, hour = forms.DateField(), forms.DateTimeField(), forms.TimeField()

    wrong = Everything(dict.fromkeys(("one", "row", "whole", "part", "day", "moment", "hour"), "昨天") | {"some": ["b"]})
    gone = "选的这一项不在可选范围里，请刷新页面后重新选择。"
    assert {name: list(errors) for name, errors in wrong.errors.items()} == {
        "one": [gone], "some": [gone], "row": [gone], "whole": ["请填写整数，例如 5。"], "part": ["请填写数字，例如 12.5。"],
        "day": ["日期请写成 2026-11-02 的样子。"], "moment": ["时间请写成 2026-11-02 09:30 的样子。"],
        "hour": ["时间请写成 09:30 的样子。"],
    }


def test_dates_of_forms_lie_in_our_years_and_what_is_keyed_in_later_where_the_rules_are():
    day = forms.DateField()
    said = {text: BackEntryForm({"happened_at": text}).errors.get("happened_at") for text in (
        "0001-01-01", "9999-12-31T23:59", "2019-12-31 23:59", "2020-01-01 00:00",
    )}
    assert list(said.values()) == [[NO_YEAR], [NO_YEAR], ["实际办理时间早于 2020 年，请核对年份。"], None]
    for text in ("0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"):
        with pytest.raises(forms.ValidationError, match=NO_YEAR):
            day.clean(text)


@pytest.mark.parametrize("back", ["²", "desk", "agency:desk", "[", "//evil.example", "/\\evil.example", "https://evil.example/"])
def test_a_form_leads_back_to_a_path_of_this_portal_only(actors, back):
    client = Client()
    client.force_login(actors.owner)
    assert client.post("/staff/act/", {"next": back}).url == "/projects/"
    assert client.post("/staff/act/", {"next": "/inbox/?tab=all"}).url == "/inbox/?tab=all"


def test_regions_that_are_no_keys_are_refused_by_the_form(actors):
    for key in ("9" * 30, "-1", "²"):
        field = RegionsField(queryset=Region.objects.all())
        with pytest.raises(forms.ValidationError):
            field.clean([key])


def test_a_credit_code_is_mended_and_checked_wherever_it_is_keyed_in():
    told = {"company": "晋东勘察院", "mode": "merit", "on": "2026-11-02"}
    asked = [CompanyForm({**told, "company_code": code}) for code in (" 91110000 710925462x ", "12345", "")]
    assert [form.is_valid() for form in asked] == [True, False, True]
    mended, wrong, _ = asked
    assert mended.cleaned_data["company_code"] == "91110000710925462X"
    assert wrong.errors["company_code"] == ["统一社会信用代码应为 18 位，现在是 5 位。"]


@pytest.mark.parametrize("text", ["9" * 30, "²", "-1"])
def test_a_number_that_is_no_key_is_no_error_in_the_board_of_orders_and_the_list_of_gaps(actors, text):
    client = Client()
    client.force_login(actors.dispatcher)
    assert client.get("/agency/orders/", {"agent": text}).status_code == 200
    assert client.get("/gaps/", {"export": "csv", "project": text}).status_code == 200
