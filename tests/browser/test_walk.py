"""A project walks from its code to its archive in the browser, each step by the login whose work it is."""

import hashlib
import re

import pytest

from tests.browser.pages import attachment, pdf_codes, pdf_text

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CODE = "2603-140581-89-05-163265"
NAME = "年产三万套液压支架部件厂房"
#: A factory on land that its owner has: everything that is not asked here is answered with no.
FACTS = {
    "land_supply": "existing", "works": ["new"], "building_use": ["industrial"], "gross_floor_area": "12000",
    "height": "12", "simple_design": "no", "eia": "none", "drawing_review": "exempt", "utilities": ["water", "power", "telecom"],
    "discharge": ["domestic"], "site_area": "4000", "earthwork": "900", "energy": "200", "electricity": "100",
    "civil_defence": "none", "pollutant": "registration", "fee_exempt": "yes",
}
ROLES = ("窗口", "行政审批局", "自然资源局", "住建局", "企业", "建设单位")


class Walk:
    """What the steps hand on to each other."""

    def __init__(self, portal, visit, folder):
        self.portal, self.visit, self.folder = portal, visit, folder
        self.project = 0
        self.token_path = ""
        self.certificate = ""

    def run(self, call):
        """Call a function of tests/browser/steps.py inside of the portal."""
        return self.portal.python(f"from tests.browser import steps\nresult = steps.{call}")

    def at(self, name):
        """The address of a page of the project."""
        return f"/projects/{self.project}/{name}"

    def sweep(self, app, job):
        """Let the worker run a sweep, as beat would later, and wait for its end."""
        ended = "select count(*) from projects_jobrun where job = %s and finished_at is not null"
        before = self.portal.rows(ended, job)[0]["count"]
        self.portal.python("from gaige.celery import app\napp.send_task(name)", name=f"{app}.tasks.{job}")
        self.portal.wait_for(lambda: self.portal.rows(ended, job)[0]["count"] > before, f"{job} has run")

    def facts(self):
        return self.run(f"facts_of({self.project})")

    def case_page(self, code):
        return f"/cases/{self.case(code)['id']}/"

    def tasks(self, code):
        """The ids of the review tasks of a case by department."""
        found = self.portal.rows(
            "select t.id, o.code from packages_reviewtask t join packages_jointsession s on s.id = t.session_id"
            " join projects_organisation o on o.id = t.organisation_id where s.case_id = %s", self.case(code)["id"],
        )
        return {row["code"]: row["id"] for row in found}

    def case(self, code):
        return self.portal.rows(
            "select c.* from packages_mattercase c join packages_matterversion v on v.id = c.matter_id"
            " join packages_matter m on m.id = v.matter_id where c.project_id = %s and m.code = %s",
            self.project, code,
        )[0]


def test_a_project_walks_from_its_code_to_its_archive(live_portal, visit, tmp_path):
    walk = Walk(live_portal, visit, tmp_path)
    registers_and_gets_its_plan(walk)
    has_a_code_that_everybody_may_scan(walk)
    gets_its_people(walk)
    is_planned(walk)
    hands_in_is_told_once_and_is_accepted(walk)
    is_reviewed_by_all_at_once(walk)
    is_silent_and_told(walk)
    is_merged_and_decided(walk)
    is_built_and_accepted_together(walk)
    lies_in_the_archive(walk)
    is_counted_in_the_bulletin(walk)


def registers_and_gets_its_plan(walk):
    owner = walk.visit("owner")
    owner.open("/projects/", phone=True)
    owner.open("/projects/new/", phone=True)
    owner.fill(code=CODE, name=NAME, address="高平经济技术开发区铸造园 9 号")
    owner.page.get_by_text("总投资与联系人").click()
    owner.fill(total_investment="3000", contact_name="张伟", contact_phone="13800000000")
    owner.choose("investment", "social")
    owner.press("登记，下一步", phone=True)
    walk.project = int(re.search(r"/projects/(\d+)/enrol/", owner.path)[1])
    for _ in range(20):
        if not owner.page.locator("button[value=go]").count():
            break
        answers_what_is_asked(owner)
    owner.says("社会投资·工业厂房类", "为什么")
    owner.press("确认套餐，生成计划")
    owner.says("社会投资·工业厂房类", "建设工程规划许可证核发", "建筑工程施工许可证核发", "竣工联合验收", "需提交")
    assert owner.path == walk.at("plan/")
    assert len(walk.facts()["cases"]) == 29
    owner.open(walk.at("plan/?road=1"), phone=True)
    owner.open(walk.at("plan/chart/"))


def answers_what_is_asked(owner):
    """Answer one page of questions; what the facts of this project do not name is a no."""
    page = owner.page
    names = page.eval_on_selector_all(
        ".asks input:not([type=hidden])", "nodes => [...new Set(nodes.map(node => node.name))]"
    )
    for name in names:
        answer = FACTS.get(name)
        if isinstance(answer, list):
            for value in answer:
                page.locator(f"input[name={name}][value='{value}']").check()
        elif page.locator(f"input[name={name}][type=radio]").count():
            owner.choose(name, answer or "no")
        elif answer:
            page.fill(f"input[name={name}]", answer)
    page.locator("button[value=rest]").click()
    page.wait_for_load_state()
    owner.check(phone=True)


def has_a_code_that_everybody_may_scan(walk):
    owner, public = walk.visit("owner"), walk.visit()
    owner.open(walk.at(""), phone=True)
    owner.open(walk.at("card/"), phone=True)
    owner.until("打印项目卡")
    assert owner.page.locator("svg").count()
    pdf = owner.fetch(walk.at("card/pdf/"))
    assert NAME in re.sub(r"\s", "", pdf_text(pdf))
    codes = {code for code in pdf_codes(pdf, walk.folder) if "/q/" in code}
    (address,) = codes
    walk.token_path = address.removeprefix(walk.portal.url)
    assert re.fullmatch(r"/q/[\w-]{22}/", walk.token_path)
    public.open(walk.token_path, phone=True)
    public.says(NAME, CODE, "走到哪里", "已取得的许可", "还没有", "山西泽铸智能装备有限公司")
    body = public.page.content()
    for secret in ("张伟", "13800000000", "王敏"):
        assert secret not in body
    assert len(public.fetch(walk.token_path)) < 30_000
    assert public.page.locator("script").count() == 0
    owner.open(walk.token_path, phone=True)
    owner.says("您的办理", "打开项目")


def gets_its_people(walk):
    dispatcher = walk.visit("dispatcher")
    dispatcher.open("/agency/")
    dispatcher.says(NAME, "待指派")
    dispatcher.open(walk.at("assign/"))
    dispatcher.says("项目长", "服务专员", "熟悉这类套餐")
    dispatcher.press("确认 冯远")
    dispatcher.open(walk.at("assign/"))
    dispatcher.press("确认 陈静")
    dispatcher.open(walk.at(""))
    dispatcher.says("冯远", "陈静")


def is_planned(walk):
    agent, clerk = walk.visit("agent"), walk.visit("clerk")
    # what is done elsewhere: closed with date and evidence by the agent
    consultation = walk.case("joint-consult")
    agent.open(f"/cases/{consultation['id']}/outside/")
    agent.fill(result="会商纪要已印发，一清单已交企业", on=walk.portal.python("from projects import timing\nresult = timing.today()"))
    agent.page.set_input_files("[name=evidence]", attachment("项目联合会商纪要"))
    agent.press("登记", exact=True)
    agent.says("外部办理", "会商纪要已印发")
    # what our screens decide: at the counter, on the spot
    clerk.open("/desk/")
    clerk.open(walk.at("apply/"))
    assert clerk.page.locator("[name=matters][value=project-code]").count() == 0  # it brought its national code
    clerk.page.check("[name=matters][value=ent-filing]")
    clerk.press("开始申报")
    upload_what_is_missing(clerk)
    clerk.press("提交（接件）")
    clerk.says("材料回执")
    clerk.press("即办办结")
    clerk.press("即办办结", exact=True)
    clerk.says("办结通过")
    facts = walk.facts()
    assert facts["stage"] == "permit"  # by itself: its milestone is decided
    assert {code for code, state in facts["cases"].items() if state == "decided_pass"} == {
        "joint-consult", "project-code", "ent-filing"
    }


def upload_what_is_missing(person, leave=0):
    """Meet the lines that are missing, one after another: a chosen file is sent by itself; one may meet several lines."""
    lines = person.page.locator("form.check[data-miss]")
    while (left := lines.count()) > leave:
        lines.first.locator("[name=uploaded]").set_input_files(attachment("演示材料"))
        person.page.wait_for_function("left => document.querySelectorAll('form.check[data-miss]').length < left", arg=left)
        person.check()


def hands_in_is_told_once_and_is_accepted(walk):
    """The clerk uses the keyboard alone; the enterprise comes by telephone."""
    owner, clerk = walk.visit("owner"), walk.visit("clerk")
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
    clerk.says("一次性告知", "待补正", missing, "申请表第 3 栏建筑面积与方案不一致")
    assert walk.case("plan-permit")["state"] == "correcting"

    owner.open("/todos/", phone=True)
    owner.says("申请表第 3 栏建筑面积与方案不一致", "为什么是这天")
    owner.press("逐条补正", phone=True)
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
    owner.press("交回补正材料", phone=True)
    assert walk.case("plan-permit")["state"] == "received"

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


def is_built_and_accepted_together(walk):
    owner, clerk = walk.visit("owner"), walk.visit("clerk")
    lead, chief = walk.visit("housing-r"), walk.visit("housing-c")
    walk.run(f"close_outside({walk.project}, ['joint-inspect', 'util-water', 'util-power', 'util-telecom',"
             " 'agency-multisurvey', 'agency-fire-test'])")
    owner.open(walk.at(""), phone=True)
    owner.press("申请联合验收", phone=True)
    owner.press("申请联合验收", exact=True, phone=True)
    application = owner.path
    walk.run(f"meet({int(re.search('[0-9]+', application)[0])}, 'owner')")
    owner.open(application, phone=True)
    owner.press("提交", exact=True)
    owner.press("确认提交", phone=True)
    (row,) = walk.portal.rows("select * from acceptance_acceptanceapplication where project_id = %s", walk.project)
    address = f"/acceptances/{row['id']}/"
    clerk.open(address)
    clerk.press("受理", within=clerk.page.locator("main"), exact=True)
    clerk.press("受理", within=clerk.page.locator("main"), exact=True)
    clerk.says("资料审核")

    lead.open(address)
    lead.press("约定现场验收")
    today = walk.portal.python("from projects import timing\nresult = timing.today()")
    lead.fill(planned_on=today)
    lead.press("约定", within=lead.page.locator("main"), exact=True)
    items = walk.portal.rows("select i.*, o.code from acceptance_acceptanceitem i join projects_organisation o"
                             " on o.id = i.organisation_id where acceptance_id = %s order by number", row["id"])
    assert len(items) == 12
    faulty = next(item for item in items if item["code"] == "natural-resources" and item["state"] == "pending")
    surveyor = walk.visit("natural-resources-r")
    surveyor.open(address)
    surveyor.open(f"/acceptance-items/{faulty['id']}/")
    surveyor.choose("result", "fault")
    surveyor.fill(what_1="东侧围墙越出用地红线 0.3 米", basis_1="建设工程规划许可证附图", fix_1="拆除越线的一段，按红线重砌，附照片")
    surveyor.press("保存结果")
    walk.run(f"pass_items({row['id']}, but=[{faulty['number']}])")
    lead.open(address)
    lead.press("汇总现场验收")
    lead.says("东侧围墙越出用地红线 0.3 米")
    lead.fill(held_on=today, attendees="自然资源局、住建局、消防救援大队", record_text="各部门同日到场，逐项查看。")
    lead.press("发出一次性告知单")

    owner.open(address, phone=True)
    owner.says("东侧围墙越出用地红线 0.3 米", "拆除越线的一段，按红线重砌，附照片")
    owner.press("答复", within=owner.page.locator("main"), exact=True, phone=True)
    owner.fill(answer="围墙已按红线重砌")
    owner.page.set_input_files("[name=uploaded]", attachment("整改后照片"))
    owner.press("提交答复", phone=True)
    owner.press("提交复核", phone=True)
    surveyor.open(address)
    surveyor.press("复核", within=surveyor.page.locator("main"), exact=True)
    surveyor.says("围墙已按红线重砌")
    surveyor.choose("holds", "yes")
    surveyor.press("提交复核结果")
    chief.open(address)
    chief.press("出具意见书")
    chief.choose("passed", "yes")
    chief.press("出具意见书", within=chief.page.locator("main"))
    chief.says("通过")
    papers = walk.portal.rows("select * from archives_paper where project_id = %s order by id desc", walk.project)
    opinion = next(paper for paper in papers if "联合验收意见书" in paper["title"])
    assert opinion["number"] in re.sub(r"\s", "", pdf_text(chief.fetch(f"/papers/{opinion['id']}/pdf/")))

    for codes in (["completion-record"], ["house-register", "digital-archive"]):
        walk.run(f"settle({walk.project}, {codes})")
    facts = walk.facts()
    assert facts["stage"] == "delivered"
    assert set(facts["cases"].values()) == {"decided_pass"}


def lies_in_the_archive(walk):
    owner, archivist, public = walk.visit("owner"), walk.visit("archivist"), walk.visit()
    owner.open(walk.at("archive/"), phone=True)
    owner.says("项目档案", "缺件清单", "缺 2 件")
    for name in ("施工合同", "监理质量评估报告"):
        owner.open(walk.at("archive/"), phone=True)
        owner.press(name, within=owner.page.locator("#missing"), phone=True)
        owner.page.set_input_files("[name=file]", attachment(name))
        owner.press("归档", within=owner.page.locator("main"), exact=True, phone=True)
        owner.says(f"已归档“{name}”")
    owner.says("到现在这一步应有的文件都在")
    archivist.open(walk.at("archive/"))
    line = archivist.page.locator("tbody tr", has_text="建设工程规划许可证").first
    digest = line.locator("a[title^=SHA-256]").get_attribute("title").removeprefix("SHA-256 ")
    link = line.get_by_role("link", name=re.compile("下载")).get_attribute("href")
    assert hashlib.sha256(archivist.fetch(link)).hexdigest() == digest
    public.open(f"/verify/?code={walk.certificate}", phone=True)
    public.says("建设工程规划许可证", "有效")
    public.open("/verify/?code=AAAA-AAAA-AAAA", phone=True)
    assert "有效" not in public.page.inner_text("main").replace("是否有效", "")
    walk.portal.manage("verify_events")


def is_counted_in_the_bulletin(walk):
    director = walk.visit("director")
    director.open("/bulletins/")
    if director.page.get_by_role("button", name="打开本期").count():
        director.press("打开本期")
    else:
        director.page.locator("tbody th a").first.click()
        director.check()
    address = director.path
    director.says("采集中", "自然资源局", "中位")
    cell = director.page.locator("tr", has_text="自然资源局").locator("td a").first
    counted = int(cell.inner_text())
    cell.click()
    director.check()
    assert director.page.locator("[data-count]").inner_text() == str(counted)
    director.says(NAME)
    # the month is over: its end is moved into the past
    number = int(re.search("[0-9]+", address)[0])
    walk.portal.rows("update agency_bulletin set period_end = now() where id = %s", number)
    director.open(address)
    director.press("冻结数据")
    director.press("冻结数据")
    director.says("已冻结", "哈希")
    for problem in walk.portal.rows("select id from agency_bulletinproblem where bulletin_id = %s", number):
        director.open(f"/bulletin-problems/{problem['id']}/")
        director.page.fill("[name=cause]", "部门之间来回补件，未一次告清")
        director.page.fill("[name=fix]", "按一次告知清单逐项核对后再发出")
        director.press("保存典型问题")
    director.press("送核")
    director.press("送核")
    director.says("已送核")
    checker = walk.visit("dispatcher")
    checker.open(f"{address}proof/")
    checker.says("相同，冻结后没有改动")
    checker.open(address)
    checker.press("核对无误")
    checker.press("核对无误")
    checker.says("待签")
    director.open(address)
    director.press("签发并发布")
    director.press("签发并发布")
    director.says("已发布")
    (paper,) = walk.portal.rows("select p.* from archives_paper p join agency_bulletin b on b.paper_id = p.id"
                                " where b.id = %s", number)
    assert paper["number"] in re.sub(r"\s", "", pdf_text(director.fetch(f"{address}pdf/")))
    public = walk.visit()
    public.open("/bulletins/", phone=True)
    public.open(address, phone=True)
