"""Signing in: one clear sentence for every failure, a pause after five, a new session, and back to where one was."""

import datetime as dt

import pytest
from django.contrib.auth.backends import ModelBackend
from django.core.cache import cache
from django.test import Client

from archives import limits
from projects import timing
from projects.models import AccessLog, User

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"


@pytest.fixture
def person():
    user = User.objects.create(username="wangmin", name="王敏")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, password=PASSWORD, username="wangmin", **more):
    return client.post("/login/", {"username": username, "password": password, **more})


def test_the_addresses_of_one_network_count_as_one(person, settings):
    """Whoever has one address of IPv6 has 2^64 of them: a new one for each guess is no new place."""
    settings.PUBLIC_RATE_PER_MINUTE = 3
    inside, outside = [f"2001:db8:0:7::{number:x}" for number in range(1, 7)], "2001:db8:0:8::1"
    tried = [sign_in(Client(REMOTE_ADDR=address), "wrong").status_code for address in inside]
    assert (tried, sign_in(Client(REMOTE_ADDR=outside)).status_code) == ([400] * 5 + [429], 302)
    opened = [Client(REMOTE_ADDR=address).get("/verify/?code=x").status_code for address in (*inside[:4], outside)]
    assert opened == [200, 200, 200, 429, 200]
    assert [limits.network_of(text) for text in ("10.0.0.9", "::ffff:10.0.0.9", "person-7", "unknown")] == [
        "10.0.0.9", "10.0.0.9", "person-7", "unknown"
    ]


class Slow(ModelBackend):
    """Takes its time over the right password: five wrong ones come from the same place meanwhile."""

    def authenticate(self, request, username=None, password=None, **more):
        if password == PASSWORD:
            for number in range(5):
                sign_in(Client(), password=f"wrong {number}")
        return super().authenticate(request, username=username, password=password, **more)


def test_passwords_that_are_tried_all_at_once_count_like_those_tried_one_after_the_other(person, settings):
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.Slow"]
    client = Client()
    answer = sign_in(client)
    assert (answer.status_code, client.get("/projects/").status_code) == (429, 302)
    assert AccessLog.objects.filter(action="login").count() == 0


def test_signing_in_leads_back_to_where_the_session_ended(person):
    client = Client()
    asked = client.get("/projects/new/?x=1")
    assert asked["Location"] == "/login/?next=/projects/new/%3Fx%3D1"
    page = client.get(asked["Location"])
    assert 'name="next" value="/projects/new/?x=1"' in page.text
    assert sign_in(client, next="/projects/new/?x=1")["Location"] == "/projects/new/?x=1"


def test_a_form_that_outlived_its_session_is_come_back_to_not_its_post_address(person):
    client = Client()
    lost = client.post("/applications/7/submit/", headers={"Referer": "http://testserver/applications/7/?case=3"})
    assert (lost.status_code, lost["Location"]) == (302, "/login/?next=%2Fapplications%2F7%2F%3Fcase%3D3")
    elsewhere = client.post("/applications/7/submit/", headers={"Referer": "https://evil.example/x"})
    assert elsewhere["Location"] == "/login/?next=/applications/7/submit/"


@pytest.mark.parametrize("given", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_it_leads_nowhere_else(person, given):
    assert sign_in(Client(), next=given)["Location"] == "/projects/"


def test_the_session_is_a_new_one(person):
    client = Client()
    client.get("/login/")
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    sign_in(client)
    assert client.session.session_key not in {None, before}


@pytest.mark.parametrize(("username", "password"), [("wangmin", "wrong"), ("nobody", PASSWORD)])
def test_a_failure_says_the_same_for_a_wrong_name_and_a_wrong_password(person, username, password):
    response = sign_in(Client(), password, username)
    assert response.status_code == 400
    assert "用户名或密码不对，请核对大小写后再试。还可再试 4 次。" in response.text
    assert password not in response.text


def test_five_failures_are_followed_by_a_pause_that_ends(person):
    client = Client()
    for left in (4, 3, 2, 1):
        assert f"还可再试 {left} 次" in sign_in(client, "wrong").text
    assert "请 15 分钟后再试" in sign_in(client, "wrong").text
    [lock] = AccessLog.objects.filter(action="locked")
    assert lock.subject_label == "连续 5 次不对，锁定　127.0.0.1"
    paused = sign_in(client)
    assert (paused.status_code, "连续 5 次不对" in paused.text) == (429, True)
    assert sign_in(client, username="WANGMIN ").status_code == 429
    assert sign_in(Client(REMOTE_ADDR="10.0.0.9")).status_code == 302
    with timing.travel(timing.now() + dt.timedelta(minutes=16)):
        assert sign_in(client).status_code == 302


def test_an_address_that_tries_many_names_is_stopped_and_others_are_not(person, settings):
    cache.clear()
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 6
    for number in range(6):
        assert sign_in(Client(REMOTE_ADDR="10.1.1.1"), "wrong", f"name{number}").status_code == 400
    stopped = sign_in(Client(REMOTE_ADDR="10.1.1.1"))
    assert (stopped.status_code, "这个网络地址登录失败次数过多" in stopped.text) == (429, True)
    assert sign_in(Client(REMOTE_ADDR="10.1.1.2")).status_code == 302
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 0
    assert sign_in(Client(REMOTE_ADDR="10.1.1.1")).status_code == 302
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 6
    with timing.travel(timing.now() + dt.timedelta(minutes=16)):
        assert sign_in(Client(REMOTE_ADDR="10.1.1.1")).status_code == 302


def test_a_name_that_is_tried_from_many_addresses_is_stopped_everywhere_and_others_are_not(person, settings):
    cache.clear()
    settings.SIGN_IN_FAILURES_PER_NAME = 6
    for number in range(6):
        assert sign_in(Client(REMOTE_ADDR=f"10.2.0.{number}"), "wrong", "WangMin").status_code == 400
    stopped = sign_in(Client(REMOTE_ADDR="10.2.1.1"))
    assert (stopped.status_code, "这个用户名登录失败次数过多，请 15 分钟后再试" in stopped.text) == (429, True)
    assert sign_in(Client(REMOTE_ADDR="10.2.1.1"), "wrong", "lina").status_code == 400
    settings.SIGN_IN_FAILURES_PER_NAME = 0
    assert sign_in(Client(REMOTE_ADDR="10.2.1.1")).status_code == 302
    settings.SIGN_IN_FAILURES_PER_NAME = 6
    with timing.travel(timing.now() + dt.timedelta(minutes=16)):
        assert sign_in(Client(REMOTE_ADDR="10.2.1.1")).status_code == 302


def test_success_starts_the_count_anew_and_no_password_is_kept(person, caplog):
    caplog.set_level("DEBUG")
    client = Client()
    for _ in range(4):
        sign_in(client, "wrong-word")
    assert sign_in(client).status_code == 302
    assert "还可再试 4 次" in sign_in(Client(), "wrong-word").text
    assert not any("wrong-word" in str(vars(row)) for row in AccessLog.objects.all())
    assert [word for word in ("wrong-word", PASSWORD) if word in caplog.text] == []


def test_a_name_typed_full_width_is_mended(person):
    assert sign_in(Client(), username=" ｗａｎｇｍｉｎ ").status_code == 302


def test_a_person_who_left_cannot_sign_in(person):
    User.objects.update(is_active=False)
    assert sign_in(Client()).status_code == 400


def test_signing_out_needs_a_post(person):
    client = Client()
    sign_in(client)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/"
    assert client.get("/projects/").status_code == 302


def test_empty_fields_are_named(person):
    assert "请填写用户名。" in Client().post("/login/", {}).text
