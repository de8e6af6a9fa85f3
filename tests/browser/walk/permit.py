"""The permit: handed in, told once, corrected, accepted, reviewed by all at once, decided."""

import re

from tests.browser.pages import attachment, pdf_text
from tests.browser.walk import NAME, upload_what_is_missing


def is_handed_in_and_told_once(walk):
    """The clerk uses the keyboard alone; returns the address of the application."""
    clerk = walk.visit("clerk")
    walk.run(f"close_outside({walk.project}, ['agency-survey', 'agency-design'])")
    walk.run(f"settle({walk.project}, ['design-scheme'])")
    clerk.open(walk.at("apply/"))
    for code in ("plan-permit", "util-joint"):
        clerk.page.focus(f"[name=matters][value={code}]")
        clerk.page.keyboard.press("Space")
    clerk.strike("F2")
    application = clerk.path
    clerk.says("建设工程规划许可证核发", "水电气热信联合报装", "已有，免提交", "还缺")
    lines = clerk.page.locator("form.check[data-miss]")
    upload_what_is_missing(clerk, leave=1)
    missing = lines.locator("span").nth(1).inner_text().splitlines()[0]
    clerk.strike("F2")
    clerk.says("接件", "材料回执", "还缺 1 件，暂不能受理", missing)
    clerk.strike("F3")
    clerk.page.focus("[name=form-1-what]")
    keys = clerk.page.keyboard
    for words in ("申请表第 3 栏建筑面积与方案不一致", "城乡规划法第40条", "按方案的 12000 平方米改写第 3 栏"):
        keys.type(words)
        keys.press("Tab")
    clerk.strike("Control+Enter")
    clerk.says("一次性告知", "待补全", missing, "申请表第 3 栏建筑面积与方案不一致")
    assert walk.case("plan-permit")["state"] == "correcting"
    return application


def is_corrected(walk, application):
    """The enterprise comes by telephone."""
    owner = walk.visit("owner")
    owner.open("/todos/", phone=True)
    owner.says("申请表第 3 栏建筑面积与方案不一致", "为什么是这天")
    owner.press("逐条补全", phone=True)
    owner.says("按方案的 12000 平方米改写第 3 栏", "已答 0 /")
    while owner.page.locator("section:has(.chip:text('没有答')) form[data-draft^=reply]").count():
        form = owner.page.locator("section:has(.chip:text('没有答')) form[data-draft^=reply]").first
        form.locator("[name=answer]").fill("已按要求改好并重新上传")
        form.locator("[name=uploaded]").set_input_files(attachment("改好的文件"))
        owner.press("保存这一条", within=form, phone=True)
    correct = owner.path
    owner.open(application, phone=True)
    while owner.page.locator("li.mat[data-miss]").count():
        line = owner.page.locator("li.mat[data-miss]").first
        line.locator("[name=uploaded]").set_input_files(attachment("演示材料"))
        owner.press("上传", within=line, phone=True)
    owner.open(correct, phone=True)
    owner.press("交回补全材料", phone=True)
    assert walk.case("plan-permit")["state"] == "received"


def is_accepted(walk, application):
    clerk = walk.visit("clerk")
    clerk.open(application)
    clerk.says("材料已齐")
    clerk.strike("F2")
    clerk.says("已受理，受理通知书已出具", "承诺 2 日")
    case = walk.case("plan-permit")
    assert (case["state"] in {"accepted", "in_review"}, case["due_on"] is not None) == (True, True)
    clerk.page.locator("#papers:not(:has([role=status]))").wait_for(timeout=60_000)  # the worker makes the papers
    links = clerk.page.locator("a[href$='/pdf/']").evaluate_all("nodes => nodes.map(node => node.getAttribute('href'))")
    papers = [pdf_text(clerk.fetch(link)) for link in links]
    due = case["due_on"]
    for words in ("材料回执", "受理通知书", f"{due.month}月{due.day}日"):
        assert any(words in re.sub(r"\s", "", paper) for paper in papers), words
    assert all(re.search(r"〔\d{4}〕\S+第\d{6}号", re.sub(r"\s", "", paper)) for paper in papers)


def is_reviewed_by_all_at_once(walk):
    address = walk.case_page("plan-permit")
    clerk = walk.visit("clerk")
    clerk.open(address)
    clerk.until("交警")  # the worker asks the departments
    tasks = walk.tasks("plan-permit")
    assert sorted(tasks) == ["housing", "natural-resources", "traffic-police"]

    reviewer = walk.visit("housing-r")
    reviewer.open("/reviews/")
    reviewer.press("答复", within=reviewer.page.locator("section.sheet", has_text=NAME), exact=True)
    assert reviewer.path == f"/reviews/{tasks['housing']}/"
    reviewer.choose("verdict", "conditional")
    reviewer.fill(reason="结构和消防车道符合要求", basis="GB 55037-2022 第 3.4.5 条", remedy="把北侧消防车道净宽由 3.8 米改为 4 米")
    reviewer.press("提交意见")
    reviewer.open(address)
    reviewer.says("有条件同意", "把北侧消防车道净宽由 3.8 米改为 4 米")


def is_silent_and_told(walk):
    """The clock of the traffic police turns red: they and the agent are reminded once, then silence is consent."""
    walk.run(f"silence({walk.tasks('plan-permit')['traffic-police']})")
    for app, job in (("agency", "sweep_due"), ("agency", "sweep_due"), ("packages", "apply_tacit")):
        walk.sweep(app, job)
    for name in ("traffic-police-r", "agent"):
        visitor = walk.visit(name)
        visitor.open("/inbox/", phone=True)
        visitor.says("建设工程规划许可证核发", NAME)
        assert re.search("已超时|红色督办单", visitor.page.inner_text("main")), name
    told = walk.portal.rows("select user_id, clock_id, threshold, count(*) from agency_notification"
                            " where project_id = %s and clock_id is not null group by 1, 2, 3", walk.project)
    assert {row["count"] for row in told} == {1}
    clerk = walk.visit("clerk")
    clerk.open(walk.case_page("plan-permit"))
    clerk.says("超时默认")


def is_merged_and_decided(walk):
    address = walk.case_page("plan-permit")
    lead, chief = walk.visit("natural-resources-r"), walk.visit("natural-resources-c")
    lead.open("/reviews/")
    lead.press("汇总", within=lead.page.locator("section.sheet", has_text=NAME), exact=True)
    lead.choose("passed", "yes")
    lead.fill(text="各部门意见一致，北侧消防车道按 4 米修改后准予。")
    lead.press("提交汇总意见")
    chief.open(address)
    chief.press("决定", within=chief.page.locator("section[aria-label=可以办的事]"))
    chief.says("超时默认", "有条件同意")
    chief.choose("outcome", "pass")
    chief.fill(note="符合法定条件")
    chief.press("确认决定")
    chief.says("办结通过", "建设工程规划许可证")
    (paper,) = walk.portal.rows("select * from archives_paper where project_id = %s and kind = 'certificate'"
                                " order by id desc limit 1", walk.project)
    walk.certificate = paper["verify_code"]
    chief.open(f"/papers/{paper['id']}/")
    text = re.sub(r"\s", "", pdf_text(chief.fetch(f"/papers/{paper['id']}/pdf/")))
    assert paper["number"] in text
    assert walk.certificate.replace("-", "") in text.replace("-", "")

    public = walk.visit()
    public.open(walk.token_path, phone=True)
    public.says("建设工程规划许可证", paper["number"])
    for secret in ("张伟", "消防车道", "有条件同意"):
        assert secret not in public.page.content()

    walk.run(f"answer({walk.project}, ['util-joint'])")
    walk.run(f"decide({walk.project}, ['util-joint'])")
    walk.run(f"settle({walk.project}, ['construction-permit', 'quality-safety', 'wage-deposit', 'plan-line', 'waste-disposal'])")
    assert walk.facts()["stage"] == "acceptance"  # by itself: its milestone matters are decided
