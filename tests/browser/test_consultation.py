"""A consultation: the code is scanned at the site on a telephone, the list is signed for on a telephone."""

import pytest

from tests.browser.looking import PHONE

pytestmark = pytest.mark.browser
CALLED = """
import datetime as dt
from gaige.demo.story import user
from packages.services import consultation
from projects import timing
from projects.models import Organisation
from tests.browser import steps
project = steps.project_of_owner("", name)
now = timing.now()
row = consultation.convene(
    project, by=user("director"), agenda="确定办理事项", early_reason="建设单位申请",
    unit_ids=[Organisation.objects.get(code="environment").pk], at=now - dt.timedelta(days=7),
)
consultation.invite(
    row.pk, by=user("director"), survey_at=now - dt.timedelta(minutes=5), survey_place="南门", meets_at=now,
    meeting_place="会商室", at=now - dt.timedelta(days=7),
)
result = [row.pk, row.token]
"""
TICK = "nodes => nodes.forEach(node => { node.checked = true })"


def test_signing_in_and_signing_for_on_a_telephone(live_portal, visit):
    director = visit("director")
    unit, heritage, owner = (visit(name, viewport=PHONE) for name in ("environment-r", "heritage-r", "owner"))
    row, token = live_portal.python(CALLED, name="铸造园会商试点厂房")
    page, sign = f"/consultations/{row}/", f"/consultations/sign/{token}/"
    director.open(page)
    director.press("开始踏勘")
    director.press("开始踏勘", exact=True)
    director.press("显示签到码")
    director.says("扫码签到", "南门")

    heritage.page.goto(sign)
    heritage.says("不在本次会商的受邀名单上")
    unit.open(sign, phone=True)
    unit.press("签到", exact=True, phone=True)
    unit.says("生态环境局核对", "逐项核对")
    unit.page.eval_on_selector_all("input[type=radio][value=fine], input[type=radio][value=needed]", TICK)
    unit.press("确认提交", phone=True)
    unit.says("已确认")

    director.open(page)
    director.press("结束踏勘，开始会商")
    director.fill(note="场地平整")
    director.press("结束踏勘", exact=True)
    director.press("签发纪要")
    director.press("签发纪要", exact=True)
    director.press("打开第 1 版草稿")
    director.says("一方案", "一图", "一清单")
    director.press("告知建设单位")
    director.press("告知建设单位", exact=True)
    director.says("已告知")

    owner.open(page, phone=True)
    owner.press("告知单", phone=True)
    owner.press("签收", exact=True)
    owner.press("签收", exact=True, phone=True)
    owner.open(page, phone=True)
    owner.until("已签收")
