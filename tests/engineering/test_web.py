"""Every answer carries its number and its security headers; what fails says in Chinese what happened, and nothing more."""

import logging
import re

import pytest
from django.db import connection
from django.test import Client

from gaige.middleware import RequestIdFilter
from projects.request_context import request_id

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.engineering.urls")]
GIVEN = "0123456789abcdef0123456789abcdef"


def test_every_answer_has_its_own_number(client):
    first, second = client.get("/healthz/")["X-Request-Id"], client.get("/healthz/")["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second
    assert request_id.get() == ""


@pytest.mark.parametrize(("given", "kept"), [(GIVEN, True), (GIVEN.upper(), False), ("1\r\nSet-Cookie: a=b", False)])
def test_a_number_of_the_proxy_is_kept_when_it_is_one(client, given, kept):
    assert (client.get("/healthz/", headers={"X-Request-Id": given})["X-Request-Id"] == given) is kept


def test_the_security_headers(client):
    headers = client.get("/healthz/").headers
    assert {
        name: headers[name]
        for name in (
            "Content-Security-Policy",
            "Permissions-Policy",
            "X-Frame-Options",
            "X-Content-Type-Options",
            "Referrer-Policy",
            "Cross-Origin-Opener-Policy",
        )
    } == {
        "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'self'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'self'",
        "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def test_the_health_page(client):
    answer = client.get("/healthz/")
    assert (answer.status_code, answer.content, answer["Cache-Control"]) == (
        200,
        b"ok",
        "max-age=0, no-cache, no-store, must-revalidate, private",
    )
    assert client.post("/healthz/").status_code == 405


def test_the_health_page_says_when_the_database_is_gone(client, monkeypatch):
    from django.db import OperationalError

    def refuse():
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/healthz/")
    assert (answer.status_code, answer.content) == (503, b"database")


def test_a_refused_step_is_a_conflict_with_its_reason(client):
    answer = client.get("/conflict/")
    assert answer.status_code == 409
    assert "王敏 10:42 已受理本件，请刷新后再看。" in answer.content.decode()


def test_a_step_that_is_not_allowed_says_why(client):
    answer = client.get("/forbidden/")
    assert answer.status_code == 403
    assert "只有综合窗口能受理，您是审查人员。" in answer.content.decode()


def test_a_bug_is_a_number_to_read_out_and_a_line_in_the_log(caplog):
    client = Client(raise_request_exception=False)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/bug/", headers={"X-Request-Id": GIVEN})
    assert answer.status_code == 500
    assert "01234567" in answer.content.decode()
    assert "ZeroDivisionError" not in answer.content.decode()
    assert any(record.getMessage() == "500 01234567 /bug/" for record in caplog.records)


def test_an_unknown_page_is_a_page_of_ours(client):
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "没有这一页" in answer.content.decode()


def test_a_form_without_its_token_says_what_to_do():
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/healthz/")
    assert answer.status_code == 403
    page = answer.content.decode()
    assert ("<h1>页面已过期，没有提交</h1>" in page, "您填的内容还在本机" in page, "打开新的页面" in page) == (True, True, True)
    back = client.post("/healthz/", headers={"Referer": "http://testserver/people/?q=1"}).content.decode()
    assert 'href="/people/?q=1"' in back
    assert 'href="https://evil' not in client.post("/healthz/", headers={"Referer": "https://evil.example/"}).text


def test_every_line_of_the_log_can_name_its_request():
    record = logging.LogRecord("gaige", logging.INFO, __file__, 1, "x", (), None)
    token = request_id.set(GIVEN)
    try:
        assert RequestIdFilter().filter(record) is True
    finally:
        request_id.reset(token)
    assert record.request_id == GIVEN
