"""Regional assessment at the browser: where a project lies is entered, a matter leaves the plan, and the pages say why."""

import pytest

pytestmark = pytest.mark.browser

CODE = "2604-140581-89-02-778819"
OPEN = """
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import registered
from packages.services.enrolment import enrol
_, package, facts = factories.example('S3')
number = registered(code, '丝绸服装智能仓库')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
result = number
"""
AREA = """
import datetime as dt
import json
from gaige.demo.moments import person, user
from packages.services import assessment_register as register
from projects import timing
from projects.models import Organisation, Region
from projects.states import Role
body = Organisation.objects.get(code='devzone')
keeper = person(body.pk, Role.REVIEWER)
ring = [[112.70, 35.60], [112.72, 35.60], [112.72, 35.62], [112.70, 35.62], [112.70, 35.60]]
area = register.register_unit(code='GP-BS-01', name='米山仓储园', keeper=body, by=keeper,
    region=Region.objects.get(code='140581'), boundary=json.dumps({'type': 'Polygon', 'coordinates': [ring]}))
made = register.propose_result(area.pk, item='soil', way='cite', by=keeper)
register.compile_result(made.pk, compiler='省水科院', by=keeper)
register.submit_result(made.pk, title='米山仓储园水土保持区域评估报告', by=keeper)
register.judge_result(made.pk, agrees=True, number='高水保〔2026〕3号', by=person(made.approver_id, Role.CHIEF))
register.publish_result(made.pk, valid_from=timing.today(), valid_until=timing.today() + dt.timedelta(days=80), by=keeper)
result = [area.pk, keeper.username]
"""


def test_a_regional_result_makes_a_matter_leave_the_plan_and_says_so(live_portal, visit):
    project = live_portal.python(OPEN, code=CODE)
    area, keeper = live_portal.python(AREA)
    owner, zone = visit("owner"), visit(keeper)

    owner.open(f"/projects/{project}/plan/", phone=True)
    owner.says("水土保持方案审批")
    owner.open(f"/projects/{project}/assessment/", phone=True)
    owner.says("还没有登记位置")
    owner.press("登记位置", phone=True)
    owner.fill(boundary='{"type": "Polygon", "coordinates": [[[112.70, 35.60], [112.71, 35.61], [112.71, 35.60], '
                        '[112.70, 35.61], [112.70, 35.60]]]}')
    owner.press("保存位置")
    owner.says("自相交")
    owner.fill(boundary="", longitude="112.71", latitude="35.61", number="GP-BS-7")
    owner.press("保存位置")
    owner.says("计划少办", "水土保持方案审批", "米山仓储园", "引用区域成果，免于单独评估")
    owner.open(f"/projects/{project}/plan/", phone=True)
    owner.says("区域评估免办", "免于单独评估", "高水保〔2026〕3号")
    owner.open(f"/projects/{project}/apply/")
    owner.says("水土保持引用，不再单独评估")

    zone.open("/regional/")
    zone.says("米山仓储园")
    zone.open(f"/regional/{area}/", phone=True)
    zone.says("1 个，下面列出本单位可查看的 0 个", "高水保〔2026〕3号")
    clerk = visit("clerk")
    clerk.open(f"/regional/{area}/")
    clerk.says("丝绸服装智能仓库")
