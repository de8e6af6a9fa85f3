"""One visit for all: a department joins the planned one; at the site its lines, the one record, the fault mended and closed."""

import pytest

from tests.browser.looking import PHONE
from tests.browser.pages import attachment

pytestmark = pytest.mark.browser
#: A visit of the plan in which two departments take part, so near that its notice may go out now.
PLANNED = """
from acceptance.services import inspections
from django.db import transaction
from projects import timing, workdays
from projects.events import lock_project
from projects.models import Organisation, WorkUnit
from tests.browser import steps
day = workdays.due_date(timing.today(), 4)
with transaction.atomic():
    project = lock_project(steps.project_of_owner("", name))
    unit = WorkUnit.objects.get(project=project)
    bodies = [Organisation.objects.get(code=code) for code in ("housing", "natural-resources")]
    row = inspections.add_inspection(
        project, unit, kind="planned", title="主体施工联合检查", lead=bodies[0], slot_on=day, by=None, at=None
    )
    for body in bodies:
        inspections.add_unit(row, body, by=None, at=None)
result = [row.pk, project.pk, str(day)]
"""
STARTED = """
from acceptance.models import InspectionUnit
from acceptance.services import inspections
from gaige.demo.story import user
from projects import timing
from projects.models import Organisation, WorkUnit
from tests.browser import steps
project = steps.project_of_owner("", name)
body = Organisation.objects.get(code="housing")
row = inspections.ask_visit(
    WorkUnit.objects.get(project=project).pk, by=user("housing-r"), organisation_id=body.pk, wanted_on=timing.today(),
    purpose="临边防护和临时用电", reason_code="complaint", reason="群众反映临边无防护", is_unannounced=True,
)
result = [row.pk, InspectionUnit.objects.get(inspection=row).pk]
"""


def test_a_department_that_wants_a_visit_joins_the_planned_one_or_says_why_not(live_portal, visit):
    lead, other = visit("housing-r"), visit("natural-resources-r")
    row, project, day = live_portal.python(PLANNED, name="铸造园合并检查厂房")
    lead.open("/inspections/?q=铸造园合并检查厂房")
    lead.says("住建局发出主体施工联合检查的通知")
    lead.open(f"/inspections/{row}/")
    lead.press("发出检查通知")
    lead.fill(slot_time="09:30")
    lead.press("发出通知", exact=True)
    lead.says("已通知建设单位和参加检查的部门", "当天到场后开始")
    other.open(f"/projects/{project}/visits/new/")
    other.says("主体施工联合检查")
    other.fill(wanted_on=day, purpose="放线复验", why_apart="须在基坑回填前单独复验")
    other.press("提出检查", exact=True)
    other.says("计划外检查要选择理由并写明情况")
    other.fill(why_apart="")
    other.press("提出检查", exact=True)
    other.says("已并入主体施工联合检查", "少上门一次", "放线复验")
    assert other.path == f"/inspections/{row}/"


def test_an_inspection_is_walked_on_telephones(live_portal, visit):
    inspector, owner = (visit(name, viewport=PHONE) for name in ("housing-r", "owner"))
    row, unit = live_portal.python(STARTED, name="铸造园检查试点厂房")
    inspector.open(f"/inspections/units/{unit}/", phone=True)
    inspector.page.locator("input[type=radio][value=finding]").first.check(force=True)
    inspector.page.locator("details.more summary").first.click()
    inspector.page.locator("select[name^=kind_]").first.select_option("term")
    inspector.page.locator("input[name^=what_]").first.fill("二层临边无防护")
    inspector.page.locator("input[name^=fix_]").first.fill("加设防护栏杆")
    inspector.press("提交检查结果", phone=True)
    inspector.press("出具检查记录")
    inspector.fill(text="到场查看临边和用电")
    inspector.press("出具记录", exact=True, phone=True)
    inspector.says("待整改", "二层临边无防护")

    owner.open(f"/inspections/{row}/", phone=True)
    owner.press("答复整改")
    owner.fill(answer="已加设栏杆")
    owner.page.set_input_files("[name=uploaded]", attachment("整改后照片"))
    owner.press("提交答复", exact=True, phone=True)
    owner.says("待复核")

    inspector.open(f"/inspections/{row}/", phone=True)
    inspector.press("复核", exact=True)
    inspector.page.locator("[name=holds][value=yes]").check(force=True)
    inspector.press("提交复核结果", exact=True)
    inspector.says("已闭合")
