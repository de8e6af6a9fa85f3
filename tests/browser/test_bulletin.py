"""A month goes from its figures to the signed paper, a mistake to a second version that says what was wrong."""

import re

import pytest

from tests.browser.pages import pdf_text

pytestmark = pytest.mark.browser

MONTH = """
import datetime as dt
from agency.bulletin_periods import current_month
from agency.models import Bulletin
from agency.services.bulletins import open_bulletin
from packages.models import MatterCase
from packages.services.enrolment import enrol
from projects import timing
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import registered
_, package, facts = factories.example('S3')
number = registered('', '通报试验仓库')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
hour = timing.now() - dt.timedelta(days=200)  # an hour in which nothing else was decided at this portal
codes = ['wage-deposit', 'plan-permit', 'construction-permit', 'project-code']
for case, (used, late) in zip(steps.cases(number, codes), ((2, False), (4, False), (5, False), (9, True)), strict=True):
    MatterCase.objects.filter(pk=case.pk).update(
        state='decided_pass', stage='acceptance', number=f'TB-{used}', promised_days=5, used_days=used, is_overdue=late,
        received_at=hour + dt.timedelta(minutes=1), accepted_at=hour + dt.timedelta(minutes=1),
        decided_at=hour + dt.timedelta(minutes=9), ended_at=hour + dt.timedelta(minutes=9),
    )
year, month = current_month()
opened = open_bulletin(
    MatterCase.objects.get(pk=case.pk).project.centre, year=year, month=month, by=steps.user('director'), series='acceptance',
)
Bulletin.objects.filter(pk=opened.pk).update(period_start=hour, period_end=hour + dt.timedelta(hours=1))
result = opened.pk
"""


def test_from_freezing_to_the_paper_and_from_a_mistake_to_the_second_version(live_portal, visit, tmp_path):
    number = live_portal.python(MONTH)
    director, dispatcher, public = visit("director"), visit("dispatcher"), visit()
    sign(live_portal, director, dispatcher, number)
    first = f"/bulletins/{number}/"

    page = director.open(first, phone=True)
    director.says("已发布", "一次通过率", "时间都用在谁手里")
    rate = page.locator("section", has_text="分区").locator("tfoot a", has_text="75").first
    director.click(rate, phone=True)
    assert page.inner_text("[data-count]") == "4"
    director.press("本期超时办结的办件", phone=True)
    assert (page.inner_text("[data-count]"), page.locator("tbody tr").count()) == ("1", 1)
    director.says("TB-9", "通报试验仓库", "9 / 5")
    text = re.sub(r"\s", "", pdf_text(director.fetch(f"{first}pdf/")))
    assert all(words in text for words in ("综合竣工验收月度通报", "时间都用在谁手里", "红灯排在其余之后")), text
    assert re.search("第2页，共[34]页", text), text

    director.open(first)
    director.press("出更正版")
    director.fill(erratum="一件超时办件的用时漏扣了公示时间")
    director.press("出更正版", exact=True)
    (row,) = live_portal.rows("select id from agency_bulletin where previous_id = %s", number)
    live_portal.rows(
        "update packages_mattercase set used_days = 5, is_overdue = false where number = 'TB-9' and stage = 'acceptance'"
    )
    sign(live_portal, director, dispatcher, row["id"])
    second = f"/bulletins/{row['id']}/"
    director.open(second, phone=True)
    director.says("更正第 2 版", "漏扣了公示时间", "与原版不同的合计数")
    again = re.sub(r"\s", "", pdf_text(director.fetch(f"{second}pdf/")))
    assert all(words in again for words in ("更正第2版", "一件超时办件的用时漏扣了公示时间", "按时办结率（%）75100")), again
    public.open(first, phone=True)
    public.says("已更正", "第 2 版")
    public.open(second, phone=True)
    public.says("已发布", "漏扣了公示时间")


def sign(portal, director, dispatcher, number):
    """Freeze, word the problems, check, prove, sign: two people on the pages; who checked does not sign."""
    address = f"/bulletins/{number}/"
    dispatcher.open(address)
    dispatcher.press("冻结数据")
    dispatcher.press("冻结数据")
    for problem in portal.rows("select id from agency_bulletinproblem where bulletin_id = %s", number):
        dispatcher.open(f"/bulletin-problems/{problem['id']}/")
        dispatcher.fill(cause="部门之间来回补件，未一次告清", fix="按一次告知清单逐项核对后再发出")
        dispatcher.press("保存典型问题")
    director.open(address)
    director.press("送核")
    director.press("送核")
    dispatcher.open(f"{address}proof/")
    dispatcher.says("相同，冻结后没有改动")
    dispatcher.open(address)
    dispatcher.press("核对无误")
    dispatcher.press("核对无误")
    director.open(address)
    director.press("签发并发布")
    director.press("签发并发布")
    director.says("已发布")
