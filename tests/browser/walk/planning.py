"""From the code to the plan: registration, the code that is scanned, the agents, what is decided at the counter."""

import re

from tests.browser.pages import attachment, pdf_codes, pdf_text
from tests.browser.walk import CODE, NAME, upload_what_is_missing

#: A factory on land that its owner has: everything that is not asked here is answered with no.
FACTS = {
    "land_supply": "existing", "works": ["new"], "building_use": ["industrial"], "gross_floor_area": "12000",
    "height": "12", "storeys": "2", "simple_design": "no", "eia": "none", "drawing_review": "exempt", "utilities": ["water", "power", "telecom"],
    "discharge": ["domestic"], "site_area": "4000", "earthwork": "900", "energy": "200", "electricity": "100",
    "civil_defence": "none", "pollutant": "registration", "fee_exempt": "yes",
}


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
    rest = page.locator("button[value=rest]")  # only where the page asks what can be answered by a no
    owner.click(rest if rest.count() else page.locator("button[value=go]"), phone=True)


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
