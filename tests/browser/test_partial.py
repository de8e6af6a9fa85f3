"""A phase and a single building are accepted before the rest, once what they share is there; a fault after the list, too, is put right."""

import datetime as dt

import pytest

from tests.browser.pages import attachment

pytestmark = pytest.mark.browser
BUILT = """
from archives.services import codes
from gaige.demo.moments import user
from tests.browser import steps
result = steps.built("铸造园分期试点厂房")
result["token"] = codes.issue_token(result["project"], by=user("clerk")).token
"""
#: The buildings of a works are measured and the result is shared; the works of the phase.
SURVEYED = """
from decimal import Decimal
from acceptance.services import survey
from gaige.demo.files import attachment
from gaige.demo.moments import user
from projects import timing
from projects.models import WorkUnit
phase = WorkUnit.objects.get(project=project, is_default=False)
found = phase if of_phase else WorkUnit.objects.get(project=project, is_default=True)
rows = [{"name": row.name, "above": row.area, "below": Decimal(0), "total": row.area} for row in found.buildings.all()]
made = survey.commission_survey(found.pk, by=user("owner"), uscc="91310000775785552L", name="高平测绘有限公司")
survey.hand_in_survey(
    made.pk, by=user("owner"), surveyed_on=timing.today(), rows=rows, uploaded=attachment("测绘"),
    total_area=sum(row["total"] for row in rows),
)
survey.share_survey(made.pk, by=user("clerk"))
result = phase.pk
"""
#: All but the conclusion and the shared facilities: accepted, one visit, everything in order.
VISITED = """
from acceptance.models import AcceptanceApplication, SharedFacility
from acceptance.services import application, items, partial, visits
from gaige.demo.moments import user
from projects import timing
from tests.browser import steps
application.accept_acceptance(acceptance, by=user("clerk"))
visits.arrange_visit(acceptance, by=user("housing-r"), planned_on=timing.today())
steps.pass_items(acceptance)
items.issue_list(acceptance, by=user("housing-r"), held_on=timing.today(), record_text="各部门同日到场")
rows = list(SharedFacility.objects.filter(acceptance=acceptance).order_by("pk"))
for row in rows[1:]:
    partial.confirm_facility(row.pk, by=user("housing-r"), is_met=True)
result = rows[0].pk
"""


def applied(owner, unit, building=""):
    """The owner applies for the acceptance of a phase, or of one building; returns its number."""
    owner.open(f"/works/{unit}/acceptance/", phone=True)
    if building:
        owner.page.select_option("[name=building_id]", label=f"单体：{building}")
    owner.page.set_input_files("[name=report]", attachment("竣工验收报告"))
    owner.press("申请联合验收", exact=True)
    return int(owner.path.strip("/").split("/")[-1])


def concluded(chief, acceptance):
    chief.open(f"/acceptances/{acceptance}/")
    chief.press("出具意见书", exact=True)
    chief.choose("passed", "yes")
    chief.press("出具意见书", exact=True)


def found_late(portal, visit, acceptance):
    """A department finds a fault after the list, the chief of the lead lets it in, the owner puts it right."""
    surveyor, owner, chief = visit("natural-resources-r"), visit("owner"), visit("housing-c")
    page = f"/acceptances/{acceptance}/"
    surveyor.open(page)
    surveyor.press("清单后新增")
    surveyor.fill(what="东墙越出红线 0.2 米", basis="规划许可附图", how_to_fix="拆除重砌，附照片", reason="现场被堆料遮挡")
    surveyor.press("报牵头部门批准")
    surveyor.says("东墙越出红线 0.2 米", "现场被堆料遮挡")
    late = portal.rows("select id from acceptance_latefault where acceptance_id = %s", acceptance)[0]
    chief.open(f"/late-faults/{late['id']}/")
    chief.choose("yes", "yes")
    chief.press("提交", exact=True)
    owner.open(page, phone=True)
    owner.says("清单后新增", "拆除重砌，附照片")
    owner.press("答复", within=owner.page.locator("main"), exact=True, phone=True)
    owner.fill(answer="已重砌")
    owner.page.set_input_files("[name=uploaded]", attachment("整改后照片"))
    owner.press("提交答复", phone=True)
    owner.press("提交复核", phone=True)
    surveyor.open(page)
    surveyor.press("复核", within=surveyor.page.locator("main"), exact=True)
    surveyor.says("已重砌")
    surveyor.choose("holds", "yes")
    surveyor.press("提交复核结果")


def shared(lead, facility):
    """The lead finds the last of the facilities that a part shares."""
    lead.open(f"/shared-facilities/{facility}/")
    lead.choose("yes", "yes")
    lead.press("提交", exact=True)


def test_a_phase_then_one_building_under_the_conditions_of_what_they_share(live_portal, visit):
    owner, clerk, lead, chief = (visit(name) for name in ("owner", "clerk", "housing-r", "housing-c"))
    made = live_portal.python(BUILT)
    project, unit = made["project"], made["unit"]
    page = f"/works/{unit}/survey/"
    clerk.open(f"/works/{unit}/buildings/")
    clerk.fill(rows="铸造车间 8000 1\n办公楼 3000 4\n仓库 1000 1")
    clerk.press("提交", exact=True)
    clerk.press("登记分期", exact=True)
    clerk.fill(name="一期")
    clerk.page.get_by_label("铸造车间").check()
    clerk.press("登记", exact=True)
    clerk.says("分期已登记", "一期", "铸造车间", "办公楼、仓库")
    phase = live_portal.python(SURVEYED, project=project, of_phase=True)

    acceptance = applied(owner, phase)
    owner.says("共用设施条件", "消防车道和救援场地")
    facility = live_portal.python(VISITED, acceptance=acceptance)
    concluded(chief, acceptance)
    chief.says("共用设施还不具备或没有确认：消防车道和救援场地，不能单独投入使用")
    shared(lead, facility)
    concluded(chief, acceptance)
    chief.says("通过", "一期")

    live_portal.python(SURVEYED, project=project, of_phase=False)
    second = applied(owner, unit, "仓库")
    owner.says("单体", "仓库", "共用设施条件")
    assert second != acceptance
    owner.open(page, phone=True)
    owner.says("一期\t铸造车间\t打开\t通过", "仓库\t1000.00\t1\t已申请")
    facility = live_portal.python(VISITED, acceptance=second)
    found_late(live_portal, visit, second)
    shared(lead, facility)
    concluded(chief, second)
    chief.says("通过", "仓库")
    owner.open(page, phone=True)
    owner.says("仓库\t1000.00\t1\t通过")

    yesterday = dt.datetime.now(tz=dt.timezone(dt.timedelta(hours=8))).date() - dt.timedelta(days=1)
    clerk.open(f"/q/{made['token']}/?asof={yesterday}")
    assert clerk.path == f"/projects/{project}/asof/"
    clerk.says("那一天项目还没有登记")
    clerk.page.fill("[name=asof]", f"{yesterday + dt.timedelta(days=1)}")
    clerk.press("看这一天", phone=True)
    clerk.says("走到哪里", "一期 联合验收\t通过", "仓库 联合验收\t通过")
    stranger = visit()
    stranger.open(f"/q/{made['token']}/?asof={yesterday}", phone=True)
    stranger.says("到哪一步")
    assert stranger.path.startswith("/q/")
