"""What stays: the archive, and the count in the bulletin."""

import hashlib
import re

from tests.browser.pages import attachment, pdf_text
from tests.browser.walk import NAME


def lies_in_the_archive(walk):
    owner, archivist, public = walk.visit("owner"), walk.visit("archivist"), walk.visit()
    owner.open(walk.at("archive/"), phone=True)
    owner.says("项目档案", "缺件清单", "缺 1 件")
    for name in ("监理质量评估报告",):
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
        director.click(director.page.locator("tbody th a").first)
    address = director.path
    director.says("采集中", "自然资源局", "中位")
    cell = director.page.locator("tr", has_text="自然资源局").locator("td a").first
    counted = int(cell.inner_text())
    director.click(cell)
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
