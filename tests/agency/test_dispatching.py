"""Nothing is lost and nothing goes twice when the other side is down, slow, answers twice, or answers and is gone."""

import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import os
import socket
import subprocess
import sys
import time
from email import message_from_bytes, policy

import pytest
from django.db import connection

from agency import channels
from agency.channels.webhook import is_reachable
from agency.models import Dispatch, DispatchAttempt, Notification
from agency.services import dispatching
from agency.services.message_choices import add_webhook, choose, end_webhook
from agency.services.telling import tell
from agency.services.undelivered import send_again, send_all_again
from agency.tasks import digest_notifications, send_messages
from projects import timing
from projects.errors import DomainError
from projects.models import JobRun
from projects.services import privacy
from projects.services.elevation import elevate
from projects.states import Role
from tests import factories
from tests.sinks import MailSink, WebSink, free_port

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def mail(settings):
    """Return a function that points the portal's e-mail to a port."""

    def to(port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 2
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_ANSWER_SECONDS = 2
        settings.MESSAGE_CHANNELS = ["email"]

    return to


@pytest.fixture
def hook(settings, actors):
    """Return a function that registers an address of the centre's own system."""

    def at(port, **more):
        settings.MESSAGE_CHANNELS, settings.WEBHOOK_SECONDS = ["webhook"], 1
        settings.WEBHOOK_INNER_NETWORKS = LOOPBACK
        admin = factories.person("admin", "管理员", Role.ADMIN, actors.centre)
        elevate(by=admin, reason="登记对接地址", minutes=30)
        return add_webhook(actors.centre, by=admin, name="业务系统", url=f"http://127.0.0.1:{port}/in", **more)

    return at


@pytest.fixture
def written(actors):
    """Return a function that tells the clerk something and gives the rows that go out."""
    actors.clerk.email = "wang@example.cn"
    actors.clerk.save()
    privacy.give(actors.clerk, "email")

    def write(text="请办理", **more):
        tell([actors.clerk], text, why="您是经办人", **more)
        return list(Dispatch.objects.order_by("pk"))

    return write


def states():
    """State, tries and last words of every row."""
    return list(Dispatch.objects.order_by("pk").values_list("state", "attempts", "error"))


def go_on(clock, minutes, *codes):
    """Let time pass, ten minutes at a time, with the job every time."""
    for _ in range(0, minutes, 10):
        clock.by(minutes=10)
        send_messages()
    return states()


# E-mail --------------------------------------------------------------------------------------------------------------


def test_a_letter_goes_out_once_with_its_reason_and_a_stable_name(mail, written, clock):
    with MailSink() as sink:
        mail(sink.port)
        [row] = written("请核对\n.第二行")
        assert (send_messages(), send_messages()) == (1, 0)
        letter = message_from_bytes(sink.taken[0], policy=policy.default)
    assert (letter["To"], letter["Subject"], len(sink.taken)) == ("wang@example.cn", "请核对", 1)
    assert letter["Message-ID"] == f"<{hashlib.sha256(row.key.encode()).hexdigest()[:32]}@testserver>"
    assert letter.get_content().startswith("请核对\r\n.第二行\r\n")
    assert "为什么收到：您是经办人。" in letter.get_content()
    assert "不想再收到“其他消息”：http://testserver/inbox/settings/" in letter.get_content()
    assert states() == [("sent", 1, "250 taken")]


def test_an_hour_without_a_server_loses_nothing_and_sends_nothing_twice(mail, written, clock):
    port = free_port()
    mail(port)
    for number in range(3):
        written(f"第 {number} 条")
    assert send_messages() == 0
    assert [row[:2] for row in states()] == [("waiting", 1), ("waiting", 0), ("waiting", 0)]  # the first finds it down
    go_on(clock, 60)
    assert {row[0] for row in states()} == {"waiting"}
    with MailSink(port=port) as sink:
        go_on(clock, 120)
        subjects = sorted(message_from_bytes(one, policy=policy.default)["Subject"] for one in sink.taken)
    assert subjects == ["第 0 条", "第 1 条", "第 2 条"]
    assert {row[0] for row in states()} == {"sent"}


@pytest.mark.parametrize("mood", ["slow", "twice", "leaves"])
def test_slow_twice_or_gone_after_yes_is_one_letter(mail, written, clock, mood):
    with MailSink(mood, "ok") as sink:
        mail(sink.port)
        written()
        send_messages()
        go_on(clock, 60)
        assert len(sink.taken) == 1
    assert states() == [("sent", 1, "250 taken")]


def test_a_letter_without_an_answer_is_unsure_and_waits_for_a_person(mail, written, clock, actors):
    admin = factories.person("admin", "管理员", Role.ADMIN, actors.centre)
    with MailSink("dumb", "ok") as sink:
        mail(sink.port)
        [row] = written()
        send_messages()
        [(state, tries, words)] = go_on(clock, 60)
        assert (state, tries, len(sink.taken)) == ("unsure", 1, 1)
        assert words.startswith("信已交出，服务器没有答复")
        send_again(row.pk, by=admin)
        send_again(row.pk, by=admin)
        assert (send_messages(), len(sink.taken)) == (1, 2)
    names = {message_from_bytes(one)["Message-ID"] for one in sink.taken}
    assert (len(names), states()[0][0]) == (1, "sent")
    assert list(DispatchAttempt.objects.values_list("words", flat=True))[1:] == ["管理员要求重新发送", "250 taken"]


def test_administrators_hear_each_morning_of_what_failed_and_put_it_back_with_one_press(mail, written, clock, actors):
    admin = factories.person("admin", "管理员", Role.ADMIN, actors.centre)
    with MailSink("unknown", "dumb", "ok") as sink:
        mail(sink.port)
        written("一")
        written("二")
        send_messages()
        assert sorted(row[0] for row in states()) == ["dead", "unsure"]
        clock.to(dt.datetime(2026, 11, 3, 9, 1, tzinfo=timing.BUSINESS_ZONE))
        assert (digest_notifications(), digest_notifications()) == (1, 0)
        assert send_all_again(by=admin) == 1  # of the other nobody knows: a person decides
        send_messages()
        assert sorted(row[0] for row in states()) == ["sent", "unsure"]
        assert len(sink.taken) == 2
    [told] = Notification.objects.filter(user=admin)
    assert (told.text, told.url, told.why) == (
        "门户以外的消息有 1 条没有送达、1 条不知道是否收到，请核对后重新发送", "/dispatches/", "您是系统管理员",
    )


def test_nothing_but_what_must_be_told_goes_where_nobody_has_agreed(mail, written, clock, actors):
    """PIPL 14, 15: a consent that is withdrawn ends what waits too; legal notices are not asked for."""
    with MailSink() as sink:
        mail(sink.port)
        privacy.withdraw(actors.clerk, "email")
        assert written("进展") == []
        privacy.give(actors.clerk, "email")
        assert len(written("同意以后")) == 1
        written("受理通知书", kind="legal")
        privacy.withdraw(actors.clerk, "email")
        send_messages()
        assert len(sink.taken) == 1
    assert states() == [("dropped", 1, "本人没有同意用电子邮件接收提醒"), ("sent", 1, "250 taken")]


def test_busy_comes_later_and_an_unknown_mailbox_never(mail, written, clock):
    with MailSink("busy", "unknown") as sink:
        mail(sink.port)
        written()
        send_messages()
        assert states()[0][:2] == ("waiting", 1)
        assert go_on(clock, 20) == [("dead", 2, "550 no such mailbox")]
        assert sink.taken == []
    with pytest.raises(DomainError) as refused:
        send_again(Dispatch.objects.get().pk, by=None) if Dispatch.objects.update(state="sent") else None
    assert refused.value.message == "这条消息已送出，不用再发。"


def test_a_worker_that_dies_before_the_words_left_is_followed_and_after_them_is_not(mail, written, clock, monkeypatch):
    class Killed(BaseException):
        """What a SIGKILL looks like from inside: nothing after it is carried out."""

    def die(*_):
        raise Killed

    with MailSink() as sink:
        mail(sink.port)
        before, after = written("之前")[0], written("之后")[1]
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr("agency.channels.mail.Mail._letter", die)
            send_messages()
        Dispatch.objects.filter(pk=after.pk).update(state="sending", claim="gone", claimed_at=clock.moment,
                                                    handed_at=clock.moment)
        assert (send_messages(), sink.taken) == (0, [])
        clock.by(seconds=301)
        assert (send_messages(), len(sink.taken)) == (1, 1)
    before.refresh_from_db()
    after.refresh_from_db()
    assert (before.state, before.attempts, after.state) == ("sent", 2, "unsure")


def test_two_that_hold_the_same_row_send_it_once(mail, written, clock):
    with MailSink() as sink:
        mail(sink.port)
        written()
        [slow] = dispatching.claim("email", 10)
        clock.by(seconds=301)
        [quick] = dispatching.claim("email", 10)
        assert dispatching._carry_out(slow, set()) is False
        assert dispatching._carry_out(quick, set()) is True
        assert len(sink.taken) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_send_each_letter_once(mail, written, actors, clock, at_once):
    with MailSink("ok", "slow", "ok", slow=0.2) as sink:
        mail(sink.port)
        for number in range(40):
            tell([actors.clerk], f"第 {number} 条", why="试验", at=timing.now() - dt.timedelta(minutes=5))
        Dispatch.objects.update(next_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        outcomes = at_once(*[lambda: dispatching.send_waiting("email").sent] * 4)
        assert (sum(outcomes), len(sink.taken), len(set(sink.taken))) == (40, 40, 40)
    assert {row[:2] for row in states()} == {("sent", 1)}


WORKER = "import django; django.setup(); from agency.services.dispatching import send_waiting; send_waiting('email')"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_killed_while_the_server_thinks_sends_nothing_twice(mail, written, clock):
    at = connection.settings_dict
    with MailSink("slow", "ok", slow=20) as sink:
        mail(sink.port)
        written()
        environment = os.environ | {
            "DATABASE_URL": f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}",
            "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}", "MESSAGE_CHANNELS": "email",
            "DJANGO_SETTINGS_MODULE": "gaige.settings",
        }
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
        until = time.monotonic() + 40
        while not sink.taken:
            assert time.monotonic() < until
            time.sleep(0.05)
        worker.kill()
        worker.wait(10)
        assert states()[0][:2] == ("sending", 1)
        Dispatch.objects.update(claimed_at=clock.moment - dt.timedelta(seconds=301))
        dispatching.send_waiting("email")
        assert (len(sink.taken), states()) == (1, [("unsure", 1, "发送中断，不知道对方是否收到")])


# Webhook -------------------------------------------------------------------------------------------------------------


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
    with WebSink(*moods, slow=1.3) as sink:
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


# Hours, choices, the log ---------------------------------------------------------------------------------------------


def test_nobody_is_woken_at_night(mail, written, clock):
    mail(free_port())
    night = dt.datetime(2026, 11, 2, 21, 30, tzinfo=timing.BUSINESS_ZONE)
    early = dt.datetime(2026, 11, 3, 6, 0, tzinfo=timing.BUSINESS_ZONE)
    written("夜里", at=night)
    written("清早", at=early)
    morning = dt.datetime(2026, 11, 3, 8, 0, tzinfo=timing.BUSINESS_ZONE)
    assert list(Dispatch.objects.values_list("next_at", flat=True)) == [morning, morning]


def test_a_kind_is_switched_off_but_never_a_legal_notice(settings, written, actors, clock):
    settings.MESSAGE_CHANNELS = ["email"]
    everything = {f"{kind}:{way}" for kind in ("meeting", "result", "urge") for way in ("portal", "email")}
    assert choose(by=actors.clerk, wanted=everything - {"result:email", "result:portal"}) > 0
    for kind in ("result", "urge", "legal"):
        written(kind, kind=kind)
    assert list(Dispatch.objects.values_list("kind", flat=True)) == ["legal", "urge"]
    silent = list(Notification.objects.order_by("pk").values_list("kind", "over_at"))
    assert silent == [("result", clock.moment), ("urge", None), ("legal", None)]
    choose(by=actors.clerk, wanted=set())
    send_messages()
    assert list(Dispatch.objects.order_by("pk").values_list("kind", "state")) == [("urge", "dropped"), ("legal", "sent")]


def test_the_job_leaves_a_run(settings, written, clock):
    settings.MESSAGE_CHANNELS = ["email", "sms"]
    written()
    assert (send_messages(), channels.label_of("sms")) == (1, "短信")
    run = JobRun.objects.get(job="send_messages")
    assert (run.touched, run.errors) == (1, 0)
