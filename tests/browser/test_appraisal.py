"""A project is ripened before it is filed: from the pool, over its departments' scores, to the opinion as a PDF."""

import re

import pytest

from tests.browser.looking import PHONE
from tests.browser.pages import attachment, pdf_text

pytestmark = pytest.mark.browser
NAME = "秸秆气化供热示范站"
STEPS = "from tests.browser import steps\n"
SCORES = {
    "development-reform": {"funds": 2}, "natural-resources": {"planning": 3, "land": 1}, "environment": {"eia": 2},
    "energy": {"energy": 3},
}
TASKS = """
from packages.models import ReviewTask
rows = ReviewTask.objects.filter(session__kind='appraisal', session__project=project)
result = dict(rows.values_list('organisation__code', 'pk'))
"""
PAPERS = """
from archives.models import Paper
result = dict(Paper.objects.filter(project=project).values_list('kind', 'pk'))
"""


def test_from_the_pool_to_the_opinion(live_portal, visit):
    owner, clerk, chair = visit("owner", viewport=PHONE), visit("clerk"), visit("director")
    project = live_portal.python(f"{STEPS}result = steps.project_of_owner('', name)", name=NAME)
    owner.open(f"/projects/{project}/pool/", phone=True)
    owner.fill(parcel="GP-2026-077", opening_on="2027-12-01")
    owner.press("入库", exact=True, phone=True)
    owner.says("项目已入库，等待联合研判。")

    clerk.open(f"/projects/{project}/appraisal/")
    clerk.press("发起联合研判")
    clerk.press("发起并通知各部门")
    clerk.says("正在等能源局评分")
    tasks = live_portal.python(TASKS, project=project)
    for body, levels in SCORES.items():
        reader = visit(f"{body}-r")
        reader.open(f"/appraisals/tasks/{tasks[body]}/")
        for factor, level in levels.items():
            reader.page.check(f"input[name=level_{factor}][value='{level}']")
            reader.fill(**{f"reason_{factor}": "按现状评定"})
            reader.page.set_input_files(f"[name=file_{factor}]", attachment(f"{factor}佐证"))
        reader.press("提交评分")
        reader.says("评分已提交")

    chair.open(f"/projects/{project}/appraisal/")
    chair.press("签署研判意见")
    chair.says("规则判定：孵化", "因为用地=1，低于成熟要求的 2")
    chair.press("签署并出具意见书")
    chair.says("研判意见已签署", "用地：用地指标或报批在办", "待认领")
    papers = live_portal.python(PAPERS, project=project)
    text = {kind: re.sub(r"\s", "", pdf_text(chair.fetch(f"/papers/{papers[kind]}/pdf/"))) for kind in (
        "appraisal_opinion", "duty_list", "appraisal_card")}
    assert "研判结论：孵化" in text["appraisal_opinion"]
    assert "1个部门的1项缺口" in text["duty_list"]
    assert "五项要素" in text["appraisal_card"]
    chair.open("/pool/board/")
    chair.says(NAME)
    chair.open("/pool/", phone=True)
    chair.open("/gaps/", phone=True)
    chair.says("用地：用地指标或报批在办")
