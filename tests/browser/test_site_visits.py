"""A pre-acceptance is booked and its advice told at once; a day of the visit refused twice is the owner's to name."""

import datetime as dt

import pytest

from tests.browser.looking import PHONE
from tests.browser.pages import pdf_text

pytestmark = pytest.mark.browser
BUILT = "from tests.browser import steps; result = steps.built(name)"
ACCEPTED = """
from acceptance.services import application
from gaige.demo.moments import user
from packages.services.intake import submit_application
from tests.browser import steps
made = application.apply_for_acceptance(unit, by=user("owner"))
steps.meet(made.application_id, "owner")
submit_application(made.application_id, by=user("owner"))
application.accept_acceptance(made.pk, by=user("clerk"))
result = made.pk
"""
WORKDAY = """
from projects import timing, workdays
result = str(workdays.due_date(timing.today(), 2))
"""


def test_a_pre_acceptance_is_booked_confirmed_and_its_advice_is_a_paper(live_portal, visit):
    owner, lead = visit("owner", viewport=PHONE), visit("housing-r")
    works = live_portal.python(BUILT, name="铸造园预验收试点厂房")
    today = f"{dt.datetime.now(tz=dt.timezone(dt.timedelta(hours=8))):%Y-%m-%d}"
    day = live_portal.python(WORKDAY)
    page = f"/works/{works['unit']}/survey/"
    owner.open(page, phone=True)
    owner.press("预约预验收")
    owner.fill(wanted_on=day)
    owner.press("预约", exact=True, phone=True)
    lead.open(page)
    lead.press("确认日期")
    lead.fill(planned_on=day)
    lead.press("确认", exact=True)
    lead.press("填写意见")
    lead.fill(held_on=today)
    lead.page.locator("textarea").first.fill("住建局｜疏散指示灯缺 2 处｜补装")
    lead.press("发出意见清单")
    owner.open(page, phone=True)
    owner.says("预验收", "疏散指示灯缺 2 处", "补装")


def test_a_day_of_the_visit_that_is_refused_twice_is_named_by_the_owner(live_portal, visit):
    owner, lead = visit("owner", viewport=PHONE), visit("housing-r")
    works = live_portal.python(BUILT, name="铸造园改期试点厂房")
    acceptance = live_portal.python(ACCEPTED, unit=works["unit"])
    day = live_portal.python(WORKDAY)
    page = f"/acceptances/{acceptance}/"
    for again in ("约定现场验收", "另约日期"):
        lead.open(page)
        lead.press(again)
        lead.fill(planned_on=day)
        lead.press("约定", exact=True)
        owner.open(page, phone=True)
        owner.press("改期", exact=True)
        owner.fill(reason="停电检修")
        owner.press("改期", exact=True, phone=True)
    lead.open(page)
    lead.says("建设单位已改期 2 次")
    assert lead.page.get_by_role("link", name="另约日期").count() == 0
    owner.press("选定日期", exact=True)
    owner.fill(planned_on=day)
    owner.press("选定", exact=True)
    chosen = dt.date.fromisoformat(day)
    owner.says("约定", f"{chosen.month}月{chosen.day}日")
    assert owner.page.get_by_role("link", name="改期").count() == 0
    printed = owner.page.pdf() if owner.page.context.browser.browser_type.name == "chromium" else b""
    assert ("联合验收" in pdf_text(printed), "主导航" in pdf_text(printed)) == (True, False)
