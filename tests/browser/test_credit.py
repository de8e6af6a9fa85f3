"""A record is contested and kept; nobody is listed unheard; who is listed is refused, and taken off by repair, objection or date."""

import pytest

from tests.browser.pages import PHONE

pytestmark = pytest.mark.browser
LATER = "存储协议或银行保函"
OPEN = """
from gaige.demo.moments import user
from packages.services import intake
from packages.services.enrolment import enrol
from projects import timing
from projects.models import Organisation
from projects.services.registration import register_project
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import past_planning
firm = user('owner3').memberships.get().organisation
number = register_project(
    by=user('clerk'), code='', name='神农缫丝车间', investment='social', region_code='140581', address='丝绸路 3 号',
    total_investment=3000, owner_uscc=firm.uscc, owner_name=firm.name,
    centre=Organisation.objects.get(code='approval-bureau'),
).pk
_, package, facts = factories.example('S3')
enrol(number, package_code=package, facts=facts, by=user('clerk'))
past_planning(number)
steps.cases(number, ['agency-survey', 'agency-design', 'plan-permit', 'bid-construct']).update(
    state='decided_pass', decided_at=timing.now()
)
result = {'firm': firm.pk, 'project': number, 'application': intake.open_application(
    number, matter_codes=['wage-deposit'], by=user('owner3'), source='net').pk}
"""
#: The firm has been in the list for half a year.
LONG_AGO = """
import datetime as dt
from projects.models import CreditListing
row = CreditListing.objects.get(organisation=firm)
row.listed_on -= dt.timedelta(days=180)
row.save(update_fields=['listed_on'])
result = row.pk
"""
#: The firm is in the list once more, heard and decided upon.
LISTED = """
import datetime as dt
from gaige.demo.moments import user
from projects import timing
from projects.models import CreditListing
from projects.services import credit
record = credit.record_conduct(
    firm, by=user('housing-r'), rule='false-material', detail=f'{what}系伪造', basis='认定书〔2026〕2号', project_id=project,
    happened_on=timing.today(),
)
row = credit.propose_listing(record.pk, by=user('housing-r'), reason=f'伪造{what}', basis='认定书〔2026〕2号')
credit.tell_listing(row.pk, by=user('housing-c'))
credit.plead(row.pk, by=user('owner3'), plea='系中介所为')
credit.decide_listing(row.pk, by=user('director'), enters=True, note='陈述不足以免责')
if is_over:
    ended = timing.today() - dt.timedelta(days=1)
    CreditListing.objects.filter(pk=row.pk).update(listed_on=ended - dt.timedelta(days=1095), until=ended)
result = row.pk
"""
SWEPT = "from projects.tasks import sweep_credit\nresult = sweep_credit()"


def step(visitor, page, act, button, *, choice="", **values):
    """Open a page, press one of its steps, fill in what the step asks and press its button."""
    visitor.open(page, phone=visitor.page.viewport_size == PHONE)
    visitor.press(act, within=visitor.page.locator("main"), exact=True)
    if choice:
        visitor.choose("choice", choice)
    visitor.fill(**values)
    visitor.press(button, exact=True)


def ends_by_an_objection(live_portal, made, owner, head):
    """A second entry rests while an objection is looked at, and ends because it holds."""
    second = live_portal.python(LISTED, firm=made["firm"], project=made["project"], what="监测记录", is_over=False)
    page, archive = f"/credit/listings/{second}/", f"/credit/{made['firm']}/"
    owner.open(archive, phone=True)
    owner.says("列入", "不适用容缺受理")
    step(owner, page, "提出异议", "提出异议", text="报告经省检测中心复核属实")
    owner.says("效力中止")
    owner.open(archive, phone=True)
    assert "不适用容缺受理" not in owner.page.inner_text("main")
    step(head, page, "处理异议", "作出决定", choice="yes", note="复核属实，列入有误")
    head.until("移出失信名单决定书")


def ends_on_its_last_day(live_portal, made, owner):
    """A third entry ends by itself; the record counts as long as it is kept, the list no more."""
    third = live_portal.python(LISTED, firm=made["firm"], project=made["project"], what="验收记录", is_over=True)
    owner.open(f"/credit/listings/{third}/", phone=True)
    owner.says("伪造验收记录")
    assert live_portal.python(SWEPT) == 1
    owner.until("移出失信名单决定书")
    owner.says("列入期限届满")
    owner.open(f"/credit/{made['firm']}/", phone=True)
    owner.says("不适用告知承诺")
    assert "不适用容缺受理" not in owner.page.inner_text("main")


def test_a_record_the_list_its_effect_and_repair(live_portal, visit):
    made = live_portal.python(OPEN)
    archive = f"/credit/{made['firm']}/"
    owner, finder, chief, head = visit("owner3", viewport=PHONE), visit("housing-r"), visit("housing-c"), visit("director")

    finder.open(archive)
    finder.press("录入信用记录")
    finder.page.select_option("[name=rule]", "false-material")
    finder.page.select_option("[name=project_id]", str(made["project"]))
    finder.fill(detail="检测报告系伪造", basis="认定书〔2026〕1号")
    finder.press("录入", exact=True)
    step(owner, archive, "异议", "提出异议", text="报告由检测机构出具")
    owner.says("异议：报告由检测机构出具", "未评级")
    step(head, archive, "核查", "提交", choice="yes", note="鉴定为伪造")
    head.says("处理：鉴定为伪造")

    step(finder, archive, "提出列入", "提出", reason="伪造检测报告", basis="认定书〔2026〕1号")
    listing = live_portal.rows("select id from projects_creditlisting where organisation_id = %s", made["firm"])
    page = f"/credit/listings/{listing[0]['id']}/"
    step(chief, page, "告知企业", "发出信用告知书")
    step(owner, page, "陈述申辩", "提交", text="系中介所为")
    step(head, page, "决定", "作出决定", choice="yes", note="陈述不足以免责")
    head.until("列入失信名单决定书")
    head.says("信用告知书", "系中介所为")

    owner.open(f"/applications/{made['application']}/", phone=True)
    owner.press("容缺", within=owner.page.locator("li.mat", has_text=LATER))
    owner.says("列入失信名单期间不适用容缺受理，请补齐材料")

    live_portal.python(LONG_AGO, firm=made["firm"])
    step(owner, page, "申请信用修复", "申请", text="已更换检测机构并公开承诺")
    step(head, page, "审核信用修复", "作出决定", choice="yes", note="已消除影响")
    head.until("移出失信名单决定书")
    owner.open(archive, phone=True)
    owner.says("未评级", "联合惩戒\n没有")
    owner.open(f"/applications/{made['application']}/", phone=True)
    owner.press("容缺", within=owner.page.locator("li.mat", has_text=LATER))
    assert "列入失信名单期间" not in owner.page.inner_text("main")

    ends_by_an_objection(live_portal, made, owner, head)
    ends_on_its_last_day(live_portal, made, owner)
