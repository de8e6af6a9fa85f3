"""A session left open is no place to try out the password or the code of its person."""

import pytest
from django.test import Client

from projects.models import AccessLog, SecondFactor
from projects.services import second_factor
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "Another-long-word-12"


@pytest.fixture
def clerk(actors):
    return actors.clerk


@pytest.fixture
def client(clerk):
    client = Client()
    client.post("/login/", {"username": clerk.username, "password": factories.PASSWORD})
    return client


def test_the_present_password_cannot_be_tried_out(client, clerk, settings):
    wrong = {"old": "no", "new": NEW, "again": NEW}
    for _ in range(settings.LOGIN_TRIES):
        assert "现在的密码不对" in client.post("/account/password/", wrong).text
    page = client.post("/account/password/", {**wrong, "old": factories.PASSWORD})
    assert (page.status_code, f"连续 {settings.LOGIN_TRIES} 次不对" in page.text) == (409, True)
    clerk.refresh_from_db()
    assert clerk.check_password(factories.PASSWORD)
    locked = AccessLog.objects.get(action="locked")
    assert (locked.user, locked.subject_label) == (clerk, "换密码时核对密码锁定　127.0.0.1")


def test_a_code_cannot_be_tried_out_to_end_the_second_factor(client, clerk, settings, monkeypatch):
    second_factor.begin(clerk)
    monkeypatch.setattr(second_factor, "_take_code", lambda _, typed, __: typed == "123456")
    second_factor.confirm(clerk, "123456")
    for step in ("off", "renew", "off", "renew", "off")[: settings.LOGIN_TRIES]:
        assert "验证码不对" in client.post("/account/factor/", {"step": step, "code": "000000"}).text
    page = client.post("/account/factor/", {"step": "off", "code": "123456"})
    assert (page.status_code, f"连续 {settings.LOGIN_TRIES} 次不对" in page.text) == (409, True)
    assert SecondFactor.objects.filter(user=clerk).exists()
