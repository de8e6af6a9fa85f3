"""Papers are returned once, an acceptance fails, what failed is applied for again, the record comes with the conclusion."""

import pytest

from tests.browser.pages import PHONE

pytestmark = pytest.mark.browser
ACCEPTED = """
from acceptance.services import application
from gaige.demo.moments import user
from packages.services.intake import submit_application
from tests.browser import steps
made = steps.built(name)
steps.close_outside(made["project"], ["agency-multisurvey"], by="clerk")
made["acceptance"] = application.apply_for_acceptance(made["unit"], by=user("owner")).pk
steps.meet(application.AcceptanceApplication.objects.get(pk=made["acceptance"]).application_id, "owner")
submit_application(application.AcceptanceApplication.objects.get(pk=made["acceptance"]).application_id, by=user("owner"))
application.accept_acceptance(made["acceptance"], by=user("clerk"))
result = made
"""
#: One visit; all holds but the item of fire, whose fault is answered and does not hold when it is checked again.
FAULTY = """
from acceptance.models import AcceptanceItem
from acceptance.services import items, visits
from gaige.demo.moments import user
from projects import timing
from tests.browser import steps
lead, owner = user("housing-r"), user("owner")
visits.arrange_visit(acceptance, by=lead, planned_on=timing.today())
fire = AcceptanceItem.objects.get(acceptance=acceptance, number=4)
steps.pass_items(acceptance, but=[4])
fault = {"what": "防火门闭门器损坏", "basis": "GB 50016 6.5.1", "how_to_fix": "更换"}
items.record_item(fire.pk, by=lead, result="fault", faults=[fault])
items.issue_list(acceptance, by=lead, held_on=timing.today(), record_text="各部门同日到场")
items.answer_rectification(items.issues_of(fire).get().pk, by=owner, answer="已更换")
items.return_rectified(acceptance, by=owner)
items.recheck_item(fire.pk, by=lead, holds=False, note="仍不能自闭")
"""
#: The second application, up to its conclusion.
AGAIN = """
from acceptance.models import AcceptanceApplication
from acceptance.services import application, items, visits
from gaige.demo.moments import user
from packages.services.intake import submit_application
from projects import timing
from tests.browser import steps
made = AcceptanceApplication.objects.filter(project=project).latest("pk")
steps.meet(made.application_id, "owner")
submit_application(made.application_id, by=user("owner"))
application.accept_acceptance(made.pk, by=user("clerk"))
visits.arrange_visit(made.pk, by=user("housing-r"), planned_on=timing.today())
steps.pass_items(made.pk)
items.issue_list(made.pk, by=user("housing-r"), held_on=timing.today(), record_text="只看消防")
result = made.pk
"""


def papers_returned(lead, owner, page):
    """All faults of the papers in one notice, each answered, handed back together."""
    lead.open(page)
    lead.press("资料一次性告知")
    for number, item, what in ((1, "消防", "缺消防设施检测报告"), (2, "规划", "竣工图与许可附图不一致")):
        option = lead.page.locator(f"[name=item_{number}] option", has_text=item).first
        lead.page.select_option(f"[name=item_{number}]", option.get_attribute("value"))
        lead.fill(**{f"what_{number}": what, f"basis_{number}": "资料清单", f"fix_{number}": "补齐后上传"})
    lead.press("发出一次性告知单")
    lead.says("资料整改", "缺消防设施检测报告", "竣工图与许可附图不一致")
    for _ in range(2):
        owner.open(page, phone=True)
        owner.press("答复", within=owner.page.locator("main"), exact=True, phone=True)
        owner.fill(answer="已补齐")
        owner.press("提交答复", phone=True)
    owner.press("提交资料整改", phone=True)
    owner.says("资料审核")


def concluded(chief, page, answer, note=""):
    chief.open(page)
    chief.press("出具意见书", exact=True)
    chief.choose("passed", answer)
    chief.fill(note=note)
    chief.press("出具意见书", exact=True)


def test_what_failed_is_applied_for_again_with_the_completion_record(live_portal, visit):
    owner, lead, chief = visit("owner", viewport=PHONE), visit("housing-r"), visit("housing-c")
    made = live_portal.python(ACCEPTED, name="铸造园再验试点厂房")
    page = f"/acceptances/{made['acceptance']}/"
    papers_returned(lead, owner, page)
    live_portal.python(FAULTY, acceptance=made["acceptance"])
    concluded(chief, page, "no", "消防复核不合格")
    chief.says("不通过", "结论说明：消防复核不合格", "未改到位", "由建设单位申请")

    owner.open(page, phone=True)
    owner.press("重新申请联合验收", phone=True)
    owner.page.get_by_label("综合竣工验收").check()
    owner.press("申请联合验收", exact=True, phone=True)
    second = live_portal.python(AGAIN, project=made["project"])
    owner.open(page, phone=True)
    owner.press("看重新申请的联合验收", phone=True)
    assert owner.path == f"/acceptances/{second}/"
    owner.says("上一轮已合格，不再重复验收")
    concluded(chief, f"/acceptances/{second}/", "yes")
    owner.open(f"/projects/{made['project']}/", phone=True)
    owner.says("竣工验收备案")
    papers = "select id from archives_paper where project_id = %s and kind = 'conclusion' order by id desc"
    owner.open(f"/papers/{live_portal.rows(papers, made['project'])[0]['id']}/", phone=True)
    owner.says("综合竣工验收，竣工联合验收通过", "随结论申报")
    record = live_portal.python("from tests.browser import steps; result = steps.facts_of(project)", project=made["project"])
    assert record["cases"]["completion-record"] == "received"
