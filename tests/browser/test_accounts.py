"""A second factor is bound, asked for and switched off; a role is delegated and taken back; the log shows who did it."""

import base64
import time

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from gaige.demo.people import PASSWORD

pytestmark = pytest.mark.browser


def code_of(secret, steps=0):
    return TOTP(base64.b32decode(secret.replace(" ", "")), 6, SHA1(), 30).generate(int(time.time()) + 30 * steps).decode()


def test_a_second_factor_from_binding_to_switching_off(visit):
    clerk = visit("clerk2")
    clerk.open("/account/", phone=True)
    clerk.open("/account/factor/", phone=True)
    clerk.press("生成二维码", phone=True)
    secret = clerk.page.locator("p.small .code").inner_text()
    clerk.fill(code=code_of(secret))
    clerk.press("启用二次验证", phone=True)
    recovery = clerk.page.locator(".codes .code").first.inner_text()
    clerk.press("抄好了，继续")

    again = visit(viewport={"width": 360, "height": 780})
    again.open("/login/", phone=True)
    again.fill(username="clerk2", password=PASSWORD)
    again.press("登录", within=again.page.locator("main"), phone=True, exact=True)
    again.fill(code="000000")
    again.press("登录", within=again.page.locator("main"), phone=True, exact=True)
    again.says("验证码不对或已经用过", "还可再试 4 次")
    again.fill(code=recovery)
    again.press("登录", within=again.page.locator("main"), exact=True)
    again.open("/account/", phone=True)
    again.says("恢复码还剩 7 个", "本机")
    again.follow(again.page.get_by_role("button", name="结束其他全部登录").click)
    again.says("已结束其他")
    again.open("/account/factor/")
    again.fill(code=code_of(secret, 1))
    again.press("关闭二次验证")
    again.says("二次验证已关闭")


def test_a_role_is_delegated_and_the_audit_administrator_sees_it(visit):
    chief, auditor = visit("housing-c"), visit("auditor")
    chief.open("/account/")
    chief.press("委托代理", phone=True)
    chief.page.select_option("[name=to]", index=1)
    chief.fill(until=time.strftime("%Y-%m-%d"), reason="外出培训")
    chief.press("委托代理", within=chief.page.locator("form.sheet"), phone=True)
    chief.says("已委托")
    auditor.open("/audit/changes/", phone=True)
    auditor.says("外出培训")
    auditor.open("/audit/?action=login", phone=True)
    auditor.says("登录")
    chief.press("收回")
    chief.says("代理已结束。")
