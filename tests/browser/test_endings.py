"""How a case may end: not this body, refused intake, withdrawn and confirmed, on the spot, recalled, refused with remedies."""

import re

import pytest

from tests.browser.pages import pdf_text

pytestmark = pytest.mark.browser

OPEN = """
from tests.browser import steps
from packages.models import JointSession, MatterCase
from projects import workdays
found = {}
for name in ('not_ours', 'refused', 'withdrawn', 'on_spot'):
    number = steps.project_of_owner('', names[name])
    steps.application_at_the_window(number, ['project-code'])
    case = MatterCase.objects.select_related('intake_clock').get(project=number, state='received')
    found[name] = case.pk
for name in ('recalled', 'failed'):
    number = steps.project_of_owner('', names[name])
    steps.apply_and_accept(number, ['project-code', 'util-joint'])
    [case] = steps.cases(number, ['util-joint'])
    steps.wait(lambda: JointSession.objects.filter(case=case).exists(), 'no joint review')
    if name == 'failed':
        steps.answer(number, ['util-joint'])
    found[name] = case.pk
clock = MatterCase.objects.get(pk=found['withdrawn']).intake_clock
result = {'cases': found, 'due': clock.due_on, 'far': workdays.due_date(clock.due_on, 150)}
"""
NAMES = {
    "not_ours": "铸造园门卫用房", "refused": "铸造园库房", "withdrawn": "铸造园展厅", "on_spot": "铸造园食堂",
    "recalled": "铸造园空压站", "failed": "铸造园变电所",
}
MERGED = """
from tests.browser import steps
from packages.models import JointSession
from packages.services import review
session = JointSession.objects.select_related('case').get(case=case)
review.merge_session(
    session.pk, by=steps.person(session.case.lead_id, 'reviewer'), passed=False, text='供电容量不足，建议不予许可。'
)
"""


@pytest.fixture(scope="module")
def made(live_portal):
    """Six small projects of the enterprise, each with a case at the window or in review."""
    return live_portal.python(OPEN, names=NAMES)


@pytest.fixture
def paper(live_portal):
    """Return a function that waits for the PDF of a case's paper and returns its text without spaces."""

    def read(visitor, case, kind):
        asked = "select id, rendered_at is not null as done from archives_paper where kind = %s and subject_key = %s"
        live_portal.wait_for(lambda: live_portal.rows(asked, kind, str(case))[0]["done"], f"{kind} is a PDF")
        (row,) = live_portal.rows(asked, kind, str(case))
        return re.sub(r"\s", "", pdf_text(visitor.fetch(f"/papers/{row['id']}/pdf/")))

    return read


def test_a_changed_day_lists_the_dates_that_it_moves_before_it_is_written(made, visit):
    admin, clerk = visit("admin"), visit("clerk")
    admin.open("/account/elevate/", phone=True)
    if admin.page.locator("[name=reason]").count():  # not where another walk has it open
        admin.fill(reason="按停工通知调整工作日")
        admin.press("开启特权操作")
    admin.open("/workdays/", phone=True)
    admin.fill(day=made["due"], source="高政办发〔2026〕9号", note="暴雪停工")
    admin.page.select_option("[name=works]", "0")
    admin.press("先看会调整哪些到期日", phone=True)
    admin.says("已办结的不变", "铸造园")
    admin.press("不改，回工作日历")
    admin.fill(day=made["far"], source="高政办发〔2026〕9号", note="地方节日")
    admin.page.select_option("[name=works]", "0")
    admin.press("先看会调整哪些到期日")
    admin.says("没有在办的到期日受影响。")
    admin.press("确认写入并重算")
    admin.says(f"{made['far']}", "已改为休息，0 个到期日随之调整。", "高政办发〔2026〕9号")
    assert "2027 年　0 个工作日" not in admin.page.inner_text("main")  # one day does not make its year a published one
    clerk.open("/back-entries/", phone=True)


def test_the_window_says_not_ours_refuses_or_decides_on_the_spot(made, visit, paper):
    clerk, owner, chief = visit("clerk"), visit("owner"), visit("approval-bureau-c")
    case = made["cases"]["not_ours"]
    clerk.open(f"/cases/{case}/refuse/", phone=True)
    clerk.choose("kind", "not_ours")
    clerk.fill(reason="门卫用房不在本机关受理范围", basis="行政许可法第三十二条第一款第二项")
    clerk.press("确认并出具文书")
    clerk.says("不受理时请告知应向哪个机关申请，或写明“依法不需许可”。")
    clerk.fill(referral="高平市城市管理局")
    clerk.press("确认并出具文书")
    owner.open(f"/cases/{case}/", phone=True)
    owner.says("不受理")
    text = paper(owner, case, "not_taken")
    assert all(words in text for words in ("高平市城市管理局", "您要做", "门卫用房不在本机关受理范围", "行政复议"))

    case = made["cases"]["refused"]
    clerk.open(f"/cases/{case}/")
    clerk.press("不予受理", exact=True)
    clerk.fill(reason="土地权属材料与申报主体不一致", basis="行政许可法第三十二条第一款第五项")
    clerk.press("确认并出具文书")
    clerk.says("已作出决定，文书已出具。")
    assert "土地权属材料与申报主体不一致" in paper(owner, case, "refused_intake")
    owner.open(f"/cases/{case}/", phone=True)
    owner.says("不予受理", "土地权属材料与申报主体不一致")

    case = made["cases"]["on_spot"]
    chief.open(f"/cases/{case}/")
    chief.press("即办办结")
    chief.press("即办办结", exact=True)
    owner.open(f"/cases/{case}/", phone=True)
    owner.says("办结通过", "即办")
    owner.press("领取", exact=True)
    owner.choose("way", "download")
    owner.press("确认领取")
    owner.says("已领取", "自行下载")
    assert "铸造园食堂" in paper(owner, case, "certificate")


def test_the_owner_asks_to_withdraw_and_the_window_confirms(made, visit, paper):
    case = made["cases"]["withdrawn"]
    page, owner, clerk = f"/cases/{case}/", visit("owner"), visit("clerk")
    for reason in ("厂区规划要调整", "厂区规划已调整，展厅不建了"):
        owner.open(page, phone=True)
        owner.press("申请撤件")
        owner.fill(reason=reason)
        owner.press("提交撤件申请")
        owner.says("撤件申请已提交，等待窗口或部门确认。", "已提交", reason)
        clerk.open(page)
        clerk.press("答复", exact=True)
        clerk.says(reason)
        if reason == "厂区规划要调整":
            clerk.press("已接收，稍后答复")
            clerk.says("撤件申请已接收，请答复。")
            clerk.choose("granted", "no")
            clerk.press("提交答复")
            clerk.says("不同意撤件的，请写明理由。")
            clerk.fill(note="请先书面说明哪些材料要退回")
            clerk.press("提交答复")
            owner.open(page)
            owner.says("已接件")
        else:
            clerk.choose("granted", "yes")
            clerk.press("提交答复", phone=True)
    clerk.says("已撤件")
    owner.open(page, phone=True)
    owner.says("已撤件")
    assert "铸造园展厅" in paper(owner, case, "withdrawal")


def test_the_department_takes_back_its_step_or_refuses_with_remedies(made, live_portal, visit, paper):
    chief, owner = visit("approval-bureau-c"), visit("owner")
    case = made["cases"]["recalled"]
    chief.open(f"/cases/{case}/")
    chief.press("部门撤回", exact=True)
    chief.fill(reason="误收：报装容量超出本级权限，转市级办理")
    chief.press("确认撤回", phone=True)
    chief.says("已撤回")
    assert "转市级办理" in paper(owner, case, "recall")

    case = made["cases"]["failed"]
    live_portal.python(MERGED, case=case)
    chief.open(f"/cases/{case}/decide/", phone=True)
    chief.choose("outcome", "fail")
    chief.press("确认决定")
    chief.says("不予许可的，请写明理由和依据。")
    chief.fill(note="供电容量不足 200 千伏安，不符合供电营业规则第二十条")
    chief.press("确认决定")
    chief.says("不予许可")
    owner.open(f"/cases/{case}/", phone=True)
    owner.says("不予许可", "供电容量不足 200 千伏安")
    text = paper(owner, case, "refusal")
    assert all(words in text for words in ("供电容量不足200千伏安", "行政复议", "行政诉讼", "怎么改"))
