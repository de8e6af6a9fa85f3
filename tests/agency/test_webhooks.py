"""A system that is called gets each happening once, signed, whatever it stumbles over; no address of the inside is called."""

import hashlib
import hmac
import ipaddress
import json
import socket

import pytest

from agency.channels.webhook import is_reachable
from agency.services.message_choices import add_webhook, end_webhook
from agency.services.telling import tell
from agency.tasks import send_messages
from projects.errors import DomainError
from projects.services.elevation import elevate
from projects.states import Role
from tests import factories
from tests.agency.sending import go_on, states
from tests.sinks import WebSink, free_port

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def hook(settings, actors):
    """Return a function that registers an address of the centre's own system."""

    def at(port, **more):
        settings.MESSAGE_CHANNELS, settings.WEBHOOK_SECONDS = ["webhook"], 2
        settings.WEBHOOK_INNER_NETWORKS = LOOPBACK
        admin = factories.person("admin", "管理员", Role.ADMIN, actors.centre)
        elevate(by=admin, reason="登记对接地址", minutes=30)
        return add_webhook(actors.centre, by=admin, name="业务系统", url=f"http://127.0.0.1:{port}/in", **more)

    return at


def test_a_body_gets_each_happening_once_signed(hook, written, actors, clock):
    with WebSink() as sink:
        made = hook(sink.port)
        tell([actors.clerk, actors.dispatcher, actors.director], "会议", why="请参加", kind="meeting", batch="event:7:0")
        assert (send_messages(), send_messages()) == (1, 0)
        [(headers, body)] = sink.taken
    stamp = headers["X-Gaige-Timestamp"]
    proof = hmac.new(made.secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    assert headers["X-Gaige-Signature"] == f"v1={proof}"
    assert headers["X-Gaige-Id"] == f"webhook:{made.pk}:event:7:0"
    assert json.loads(body) | {"lines": []} == {
        "id": f"webhook:{made.pk}:event:7:0", "kind": "meeting", "kind_name": "会议和现场", "text": "会议", "why": "请参加",
        "url": "", "sent_at": clock.moment.isoformat(), "lines": [],
    }


@pytest.mark.parametrize(("moods", "taken"), [
    (["broken", "broken", "ok"], 1), (["twice"], 1), (["leaves"], 1), (["dumb", "ok"], 2), (["slow", "ok"], 2),
    (["drips", "ok"], 2),
])
def test_a_system_that_stumbles_gets_the_same_key_again(hook, written, clock, moods, taken):
    with WebSink(*moods, slow=2.6) as sink:
        hook(sink.port)
        written()
        send_messages()
        [(state, _, words)] = go_on(clock, 60)
        assert (state, words, len(sink.taken)) == ("sent", "200", taken)
        assert len({headers["X-Gaige-Id"] for headers, _ in sink.taken}) == 1


def test_an_hour_without_their_system_loses_nothing_and_sends_nothing_twice(hook, written, clock):
    port = free_port()
    hook(port)
    for number in range(3):
        written(f"第 {number} 条")
    go_on(clock, 60)
    assert {row[0] for row in states()} == {"waiting"}
    with WebSink(port=port) as sink:
        go_on(clock, 120)
        told = sorted(json.loads(body)["text"] for _, body in sink.taken)
    assert (told, {row[0] for row in states()}) == (["第 0 条", "第 1 条", "第 2 条"], {"sent"})


def test_a_redirect_to_the_inside_is_not_followed(hook, written, clock):
    with WebSink("inside") as sink:
        hook(sink.port)
        written()
        send_messages()
        assert (sink.visits, sink.taken) == (1, [])
    assert states() == [("dead", 1, "302 对方要求转到 http://169.254.169.254/latest/，不跟随")]


def test_an_address_with_chinese_words_in_it_is_called_as_a_browser_would(hook, written, clock):
    with WebSink() as sink:
        made = hook(sink.port)
        made.url += "/审批 接收?来源=改革"
        made.save(update_fields=["url"])
        written()
        send_messages()
        assert (len(sink.taken), states()) == (1, [("sent", 1, "200")])


def test_an_inner_address_is_refused_whatever_its_name(hook, written, settings, clock):
    with WebSink() as sink:
        hook(sink.port)
        settings.WEBHOOK_INNER_NETWORKS = ()
        written()
        send_messages()
        assert (sink.visits, states()) == (0, [("dead", 1, "127.0.0.1 地址不在允许的范围内")])


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "::1", "::ffff:10.0.0.1", "fe80::1", "fc00::1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe", "::10.0.0.1", "fec0::1", "::ffff:0:a00:1",
])
def test_these_addresses_are_inside(address, settings):
    assert is_reachable(address) is False
    settings.WEBHOOK_INNER_NETWORKS = tuple(ipaddress.ip_network(one) for one in ("10.0.0.0/8", "::1/128"))
    named = {"10.1.2.3", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"}
    assert is_reachable(address) is (address in named)
    assert [is_reachable(one) for one in ("1.1.1.1", "2606:4700::1111", "64:ff9b::101:101")] == [True] * 3


@pytest.mark.parametrize(("url", "words"), [
    ("http://169.254.169.254/latest/", "169.254.169.254 地址不在允许的范围内，请核对地址。"),
    ("http://[64:ff9b::7f00:1]/", "64:ff9b::7f00:1 地址不在允许的范围内，请核对地址。"),
    ("https://localhost/in", "localhost 地址不在允许的范围内，请核对地址。"),
    ("https://nobody.invalid/in", "找不到 nobody.invalid，请核对地址。"),
    ("https://name:word@example.cn/in", "地址里不能写用户名和密码，请核对地址。"),
])
def test_an_inner_address_is_not_registered(actors, settings, url, words):
    settings.WEBHOOK_INNER_NETWORKS = ()
    admin = factories.person("admin", "管理员", Role.ADMIN, actors.centre)
    elevate(by=admin, reason="登记对接地址", minutes=30)
    with pytest.raises(DomainError) as refused:
        add_webhook(actors.centre, by=admin, name="业务系统", url=url)
    assert (refused.value.code, refused.value.message) == ("webhook_url", words)


def test_a_name_that_turns_to_the_inside_between_check_and_call_is_not_followed(hook, written, settings, clock, monkeypatch):
    """The very address that was checked is called: the second answer of the name server is never asked for."""
    asked, by_number = [], socket.getaddrinfo
    with WebSink() as sink:
        made = hook(sink.port)
        made.url = f"http://moving.example.cn:{sink.port}/in"
        made.save(update_fields=["url"])

        def look(host, port, *rest, **more):
            asked.append(host)
            if host == "moving.example.cn":
                host = "127.0.0.1" if asked.count(host) == 1 else "10.0.0.1"
            return by_number(host, port, *rest, **more)

        written()
        with monkeypatch.context() as patched:
            patched.setattr("agency.channels.webhook.socket.getaddrinfo", look)
            send_messages()
        [(headers, _)] = sink.taken
    assert (headers["Host"], asked.count("moving.example.cn"), states()[0][0]) == (f"moving.example.cn:{sink.port}", 1, "sent")


def test_a_dead_system_ends_in_the_list_and_one_that_is_stopped_gets_nothing(hook, written, clock, actors):
    made = hook(free_port())
    written("一")
    send_messages()
    for minutes in (1, 5, 15, 60, 180, 360, 720, 1440):
        assert states()[0][0] == "waiting"
        clock.by(minutes=minutes)
        send_messages()
    assert states()[0][:2] == ("dead", 9)
    row = written("二")[1]
    end_webhook(made.pk, by=None)
    send_messages()
    row.refresh_from_db()
    assert (row.state, row.error) == ("dropped", "对接地址已停用")
