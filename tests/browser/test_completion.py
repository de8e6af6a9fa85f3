"""Measured once, accepted once with a paper to follow, the paper brought, everything handed to the registry, keys and title."""

import datetime as dt

import pytest

from tests.browser.looking import PHONE
from tests.browser.pages import attachment

pytestmark = pytest.mark.browser
BUILT = "from tests.browser import steps; result = steps.built(name)"
HANDED_IN = """
from acceptance.models import AcceptanceApplication
from gaige.demo.moments import user
from packages.services.intake import submit_application
from tests.browser import steps
found = AcceptanceApplication.objects.get(project=project)
steps.meet(found.application_id, "owner")
submit_application(found.application_id, by=user("owner"))
result = found.pk
"""
OTHERS = """
from acceptance.models import AcceptanceItem
from tests.browser import steps
steps.pass_items(acceptance, but=(3,))
result = AcceptanceItem.objects.get(acceptance=acceptance, number=3).pk
"""
FOLLOWS = """
from acceptance.models import MakeUp
from archives.models import QrToken
result = {"paper": MakeUp.objects.get(acceptance=acceptance).pk,
          "token": QrToken.objects.get(project=project, state="active").token}
"""


def surveyed(owner, clerk, unit):
    """The permit's buildings, one commission, one result, shared."""
    clerk.open(f"/works/{unit}/buildings/")
    clerk.fill(rows="铸造车间 8000 1\n办公楼 4000 4")
    clerk.press("提交", exact=True)
    owner.open(f"/works/{unit}/survey/", phone=True)
    owner.press("委托多测合一")
    owner.fill(uscc="91310000775785552L", name="高平测绘有限公司")
    owner.press("委托", exact=True)
    owner.press("提交成果")
    owner.fill(total_area="12238", rows="铸造车间 8010 0 8010\n办公楼 4100 128 4228")
    owner.page.set_input_files("[name=uploaded]", attachment("多测合一成果报告"))
    owner.press("提交", exact=True)
    owner.says("成果待核", "相符", "超限")
    clerk.open(f"/works/{unit}/survey/")
    clerk.press("核对并共享")
    clerk.says("已共享", "自然资源局")


def title_and_keys(clerk, registry, owner, page):
    """The registry takes over and enters the title, the owner the day of the keys: both days are told."""
    clerk.open(page)
    clerk.press("房证同交移交")
    handover = clerk.path
    registry.open(handover)
    registry.press("接收材料")
    registry.press("填写领证日")
    registry.fill(certificate="晋（2026）高平市不动产权第0093571号")
    registry.press("提交", exact=True)
    owner.open(handover, phone=True)
    owner.press("填写交房日")
    owner.fill(keys_on="2026-12-31")
    owner.press("提交", exact=True)
    owner.says("12月31日", "两个日子相差", "竣工联合验收意见书")


def visited(live_portal, lead, acceptance):
    """The visit: all items but one hold, one paper of quality may follow."""
    lead.open(f"/acceptances/{acceptance}/")
    lead.press("约定现场验收")
    lead.fill(planned_on=f"{dt.datetime.now(tz=dt.timezone(dt.timedelta(hours=8))):%Y-%m-%d}")
    lead.press("约定", exact=True)
    quality = live_portal.python(OTHERS, acceptance=acceptance)
    lead.open(f"/acceptance-items/{quality}/")
    lead.choose("result", "deferred")
    lead.page.select_option("[name=paper]", "工程质量保修书")
    lead.press("保存结果")
    lead.press("汇总现场验收")
    lead.fill(attendees="住建局、自然资源局", record_text="各部门同日到场，逐项查看")
    lead.press("发出一次性告知单")


def test_from_one_survey_to_the_title_with_a_paper_that_follows(live_portal, visit):
    owner, clerk, lead, chief = (visit(name) for name in ("owner", "clerk", "housing-r", "housing-c"))
    works = live_portal.python(BUILT, name="铸造园交付试点厂房")
    surveyed(owner, clerk, works["unit"])

    owner.open(f"/works/{works['unit']}/acceptance/", phone=True)
    owner.press("申请联合验收", exact=True)
    acceptance = live_portal.python(HANDED_IN, project=works["project"])
    page = f"/acceptances/{acceptance}/"
    clerk.open(page)
    clerk.press("受理", exact=True)
    clerk.press("受理", exact=True)
    visited(live_portal, lead, acceptance)
    chief.open(page)
    chief.press("出具意见书")
    chief.choose("passed", "yes")
    chief.press("出具意见书", exact=True)
    chief.says("容缺通过", "工程质量保修书")

    found = live_portal.python(FOLLOWS, acceptance=acceptance, project=works["project"])
    owner.open("/todos/", phone=True)
    owner.says("补交“工程质量保修书”")
    owner.open(f"/make-ups/{found['paper']}/bring/", phone=True)
    owner.page.set_input_files("[name=uploaded]", attachment("工程质量保修书"))
    owner.press("补交", exact=True)
    lead.open(f"/make-ups/{found['paper']}/check/")
    lead.choose("yes", "yes")
    lead.press("提交", exact=True)
    lead.says("已补齐")

    title_and_keys(clerk, visit("estate-registry-r"), owner, page)

    public = visit(viewport=PHONE)
    public.open(f"/q/{found['token']}/", phone=True)
    public.says("房证同交", "交房日", "领证日", "2026-12-31")
    assert "0093571" not in public.page.content()
