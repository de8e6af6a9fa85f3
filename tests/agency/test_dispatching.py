"""Nothing is lost and nothing goes twice when the other side is down, slow, answers twice, or answers and is gone."""

import datetime as dt
import hashlib
import os
import subprocess
import sys
import time
from email import message_from_bytes, policy
from urllib.parse import quote

import pytest
from django.db import connection
from django.urls import reverse

from agency import channels
from agency.message_queries import Place, addresses
from agency.models import Dispatch, DispatchAttempt, Notification
from agency.services import dispatching
from agency.services.message_choices import choose
from agency.services.telling import tell
from agency.services.undelivered import send_again, send_all_again
from agency.tasks import digest_notifications, send_messages
from projects import timing
from projects.errors import DomainError
from projects.models import JobRun, User
from projects.services import privacy
from projects.states import Role
from tests import factories
from tests.agency.sending import go_on, states
from tests.sinks import MailSink, free_port


@pytest.fixture
def mail(settings):
    """Return a function that points the portal's e-mail to a port."""

    def to(port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 2
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_ANSWER_SECONDS = 20  # nobody waits so long: a loaded machine is not a dead server
        settings.MESSAGE_CHANNELS = ["email"]

    return to


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


def test_text_messages_go_to_mobile_numbers_and_of_a_fixed_line_the_log_says_why_not(settings, written, actors, clock):
    settings.MESSAGE_CHANNELS, clerk = ["sms"], actors.clerk
    privacy.give(clerk, "sms")

    def told(phone):
        clerk.phone = phone
        clerk.save()
        return (written("请参加", kind="meeting")[-1].state, send_messages(), states()[-1])

    why = "登记的不是手机号，收不到短信"
    assert told("0356-5222345") == ("dropped", 0, ("dropped", 0, why))
    assert addresses(clerk) == [Place("短信", "", why, "sms", is_agreed=True)]
    assert told("138 0013 8000") == ("waiting", 1, ("sent", 1, "已写入日志（未接短信服务）"))
    clerk.phone = ""
    clerk.save()
    assert len(written("请参加", kind="meeting")) == 2  # nothing is entered: nothing could go out
    clerk.phone = "13800138000"
    clerk.save()
    assert written("请参加", kind="meeting")[-1].state == "waiting"
    User.objects.filter(pk=clerk.pk).update(phone="0356-5222345")
    assert (send_messages(), states()[-1]) == (0, ("dropped", 1, why))


def test_wecom_reaches_the_office_by_its_directory_and_no_enterprise(settings, actors, clock):
    settings.MESSAGE_CHANNELS = ["wecom"]
    tell([actors.clerk, actors.owner], "请参加" * 40, why="由贵部门派人", kind="meeting")
    [row] = Dispatch.objects.all()
    assert (row.user, send_messages()) == (actors.clerk, 1)
    row.refresh_from_db()
    assert (row.error, len(row.text) < 70) == ("已写入日志（未接企业微信）", True)


def test_the_delivery_log_tells_to_whom_and_every_try_but_never_the_words(mail, written, clock, actors, client_of):
    admin = client_of(factories.person("admin", "管理员", Role.ADMIN, actors.centre))
    with MailSink("unknown") as sink:
        mail(sink.port)
        [row] = written("只给本人看的话")
        send_messages()
    pages = [reverse("agency:dispatches"), reverse("agency:dispatch", args=[row.pk])]
    for text in (admin.get(url).content.decode() for url in pages):
        assert all(words in text for words in (actors.clerk.name, "电子邮件", "550 no such mailbox"))
        assert "只给本人看的话" not in text
    assert client_of(actors.clerk).get(pages[0]).status_code == 403
    assert admin.post(reverse("agency:dispatch_again", args=[row.pk])).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("waiting", 0)


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
            "DATABASE_URL": f"postgres://{at['USER']}:{at['PASSWORD']}@{quote(at['HOST'], safe='')}:{at['PORT']}/{at['NAME']}",
            "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}", "MESSAGE_CHANNELS": "email",
            "DJANGO_SETTINGS_MODULE": "gaige.settings",
        }
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
        until = time.monotonic() + 120
        while not sink.taken:
            assert time.monotonic() < until
            time.sleep(0.05)
        worker.kill()
        worker.wait(60)
        assert states()[0][:2] == ("sending", 1)
        Dispatch.objects.update(claimed_at=clock.moment - dt.timedelta(seconds=301))
        dispatching.send_waiting("email")
        assert (len(sink.taken), states()) == (1, [("unsure", 1, "发送中断，不知道对方是否收到")])


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
