"""The acceptance: one application, one visit, one list, the opinion."""

import re

from tests.browser.pages import attachment, pdf_text


def is_applied_for_when_built(walk):
    """Return the key of the acceptance."""
    owner, clerk = walk.visit("owner"), walk.visit("clerk")
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
    return row["id"]


def is_visited_together(walk, key):
    lead, surveyor = walk.visit("housing-r"), walk.visit("natural-resources-r")
    address = f"/acceptances/{key}/"
    lead.open(address)
    lead.press("约定现场验收")
    today = walk.portal.python("from projects import timing\nresult = timing.today()")
    lead.fill(planned_on=today)
    lead.press("约定", within=lead.page.locator("main"), exact=True)
    items = walk.portal.rows("select i.*, o.code from acceptance_acceptanceitem i join projects_organisation o"
                             " on o.id = i.organisation_id where acceptance_id = %s order by number", key)
    assert len(items) == 12
    faulty = next(item for item in items if item["code"] == "natural-resources" and item["state"] == "pending")
    surveyor.open(address)
    surveyor.open(f"/acceptance-items/{faulty['id']}/")
    surveyor.choose("result", "fault")
    surveyor.fill(what_1="东侧围墙越出用地红线 0.3 米", basis_1="建设工程规划许可证附图", fix_1="拆除越线的一段，按红线重砌，附照片")
    surveyor.press("保存结果")
    walk.run(f"pass_items({key}, but=[{faulty['number']}])")
    lead.open(address)
    lead.press("汇总现场验收")
    lead.says("东侧围墙越出用地红线 0.3 米")
    lead.fill(held_on=today, attendees="自然资源局、住建局、消防救援大队", record_text="各部门同日到场，逐项查看。")
    lead.press("发出一次性告知单")


def is_put_right_and_concluded(walk, key):
    owner, surveyor, chief = walk.visit("owner"), walk.visit("natural-resources-r"), walk.visit("housing-c")
    address = f"/acceptances/{key}/"
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


def is_delivered(walk):
    """What follows of itself; nothing is left open."""
    for codes in (["completion-record"], ["house-register", "digital-archive"]):
        walk.run(f"settle({walk.project}, {codes})")
    facts = walk.facts()
    assert facts["stage"] == "delivered"
    assert set(facts["cases"].values()) == {"decided_pass"}
