"""An enterprise does everything by telephone: registers, files on two devices, answers faults, signs, with its staff."""

import pytest

from tests.browser.looking import PHONE
from tests.browser.pages import attachment

pytestmark = pytest.mark.browser
CODE, NAME = "2208-341203-04-01-817693", "铸造园电话申报厂房"
WORD = "a-long-word-for-11-people"
STEPS = "from tests.browser import steps\n"


@pytest.fixture
def phone(visit):
    """Return a function that opens a telephone for somebody."""
    return lambda name="": visit(name, viewport=PHONE)


def test_the_whole_way_by_telephone(live_portal, phone):
    lead, public = phone("owner"), phone()
    project = registers(live_portal, lead)
    staff = takes_on_staff(lead, public)
    application = files_on_two_devices(live_portal, project, lead, staff)
    answers_one_by_one(live_portal, application, staff)
    signs_for_a_notice(live_portal, application, project, staff)
    only_the_lead_signs_a_commitment(live_portal, project, lead, staff)
    removes_staff(lead, staff, project)


def registers(portal, lead):
    lead.open("/projects/")
    lead.press("登记项目")
    assert lead.page.input_value("[name=owner_name]") == "山西泽铸智能装备有限公司"
    lead.fill(code=CODE, name=NAME, address="铸造园 21 号")
    lead.choose("investment", "social")
    lead.press("登记，下一步")
    project = int(lead.path.split("/")[2])
    portal.python(
        f"{STEPS}from packages.services.enrolment import enrol\nfrom packages.facts import parse_facts\n"
        "enrol(project, package_code='soc-factory', facts=parse_facts(steps.FACTS), by=steps.user('owner'))",
        project=project,
    )
    lead.open(f"/projects/{project}/")
    lead.says("现在要您做的", "下一步可以办的")
    return project


def takes_on_staff(lead, public):
    lead.open("/projects/")
    lead.press("人员", exact=True)
    lead.fill(name="邓晓岚")
    lead.press("生成邀请码")
    code = lead.page.inner_text(".bigcode")
    public.open("/join/")
    public.fill(code=code.lower())
    public.press("下一步")
    public.says("山西泽铸智能装备有限公司", "邓晓岚")
    public.fill(username="dengxiaolan", password=WORD, again=WORD)
    public.press("开账号并加入")
    public.says("账号已开好", "我的项目")
    return public


def files_on_two_devices(portal, project, lead, staff):
    lead.open(f"/projects/{project}/file/")
    lead.page.locator("label.pick", has_text="企业投资项目备案").locator("input").check()
    lead.press("开始申报")
    application = lead.path
    lines = "li.mat[data-miss]"
    upload(lead, lines)
    staff.open("/filings/")
    staff.press("继续填报", within=staff.page.locator("li", has_text=NAME))
    assert staff.path == application
    while staff.page.locator(lines).count():
        upload(staff, lines)
    staff.press("提交", exact=True)
    staff.says("免提交", "材料回执")
    staff.press("确认提交")
    staff.says("已提交", "材料回执")
    lead.open(application)
    lead.says("已接件")
    return application


def upload(person, lines):
    line = person.page.locator(lines).first
    if line.count():
        line.locator("[name=photo]").set_input_files(attachment("演示材料"))
        person.click(line.get_by_role("button", name="上传"))


def answers_one_by_one(portal, application, staff):
    portal.python(
        f"{STEPS}from packages.models import MatterCase\nfrom packages.services.correction import notice_faults\n"
        "case = MatterCase.objects.filter(application=pk).order_by('pk').first()\n"
        "faults = [{'what': f'第 {n} 栏与附图不一致', 'basis': '行政许可法第三十二条', "
        "'how_to_fix': f'按附图把第 {n} 栏改为 12000 平方米'} for n in (1, 2)]\n"
        "notice_faults(case.pk, faults=faults, by=steps.user('clerk'))", pk=int(application.split("/")[2]),
    )
    staff.open("/todos/")
    staff.press("逐条补全", within=staff.page.locator(".debt", has_text=NAME))
    staff.says("已答 0 / 2 处")
    for number in (1, 2):
        fault = staff.page.locator("section", has=staff.page.get_by_text(f"第 {number} 栏与附图不一致"))
        fault.last.locator("[name=answer]").fill("已改为 12000 平方米")
        staff.press("保存这一条", within=fault.last)
        staff.says(f"已答 {number} / 2 处")
    staff.press("交回补全材料")
    staff.says("已接件")


def signs_for_a_notice(portal, application, project, staff):
    staff.open("/inbox/")
    line = staff.page.locator("#notices li", has_text=NAME).first
    staff.press("签收", within=line)
    staff.says("您要做", "签收只表示收到")
    staff.press("签收", within=staff.page.locator("main"), exact=True)
    staff.says("已签收", "邓晓岚", "网上签收")


def only_the_lead_signs_a_commitment(portal, project, lead, staff):
    pk = portal.python(
        f"{STEPS}from packages.models import Commitment\nfrom packages.services import intake\n"
        "intake.open_application(project, matter_codes=['quality-safety'], by=steps.user('owner'), source='net')\n"
        "result = Commitment.objects.get(case__project_id=project, state='offered').pk", project=project,
    )
    staff.open("/todos/")
    staff.says("签署承诺书", "承诺书只由负责人本人签署")
    staff.open(f"/commitments/{pk}/sign/")
    staff.says("经办人员、代办人员和窗口都不能代签")
    lead.open("/todos/")
    lead.press("去签署", within=lead.page.locator(".debt", has_text=NAME).filter(has_text="签署承诺书"))
    assert lead.path == f"/commitments/{pk}/"
    lead.open(f"/commitments/{pk}/sign/")
    lead.page.check("[name=read]")
    lead.press("签署", within=lead.page.locator("main"), exact=True)
    assert portal.rows("select state from packages_commitment where id = %s", pk)[0]["state"] == "signed"


def removes_staff(lead, staff, project):
    lead.open("/projects/")
    lead.press("人员", exact=True)
    lead.press("停用", within=lead.page.locator(".members li", has_text="邓晓岚").first)
    lead.press("停用", within=lead.page.locator("main"), exact=True)
    lead.says("邓晓岚已停用", "变动记录")
    assert staff.page.goto(f"/projects/{project}/").status == 404
