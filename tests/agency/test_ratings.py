"""好差评: once per visit, matter and connection; a low grade is followed up; whoever is rated never learns who rated."""

import datetime as dt

import pytest
from django.urls import reverse

from agency.bulletin_counting import Row, satisfied
from agency.bulletin_facts import Facts
from agency.bulletin_periods import Period
from agency.bulletin_scope import Scope
from agency.bulletin_voices import read_ratings
from agency.models import FollowUp, Notification, Rating, RatingAsk
from agency.services import rating, rating_follow
from agency.services.reminders import sweep_due
from agency.tasks import sweep_voices
from agency.voice_queries import rating_counts
from agency.voice_waiting import waiting_of_follow_up
from archives.models import Paper
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.models import Event, JobRun
from tests import factories
from tests.kept import layer

BEGIN = dt.datetime(2026, 11, 1, tzinfo=timing.BUSINESS_ZONE)
END = dt.datetime(2027, 2, 1, tzinfo=timing.BUSINESS_ZONE)


@pytest.fixture
def project(kept_warehouse):
    return kept_warehouse


def _decided(actors, project):
    case = factories.in_review(project, "wage-deposit", actors)
    factories.answer_all(case)
    factories.merge(case, passed=False)
    factories.decide(case, outcome="fail", note="存储金额不足")
    factories.drain()
    return {ask.scope: ask for ask in RatingAsk.objects.filter(project=project)}


kept_asks = layer("kept_asks", _decided, "kept_actors", "kept_warehouse")


@pytest.fixture
def asks(project, actors, kept_asks):
    """A visit at the window with one matter that is decided."""
    return kept_asks


@pytest.fixture
def low(asks, actors):
    return rating.rate(asks["matter"].pk, by=actors.owner, grade=2, channel=2, words="问了三次才说清")


def reviewer_of(asks):
    return factories.official(asks["matter"].body.code, "reviewer")


def refused(code, act, *args, **more):
    with pytest.raises(DomainError) as caught:
        act(*args, **more)
    assert caught.value.code == code


def facts_of(actors):
    """What a bulletin of these days knows of ratings."""
    facts = Facts(END.date())
    read_ratings(facts, Period(2026, 11, BEGIN, END), Scope("annual", (actors.centre.pk,)))
    return facts


def in_bulletin(actors):
    """The ratings that a bulletin of these days counts, with whether nobody gave them."""
    facts = facts_of(actors)
    return [(fact.pk, fact.is_default) for fact in facts.ratings]


def inbox(user):
    rows = Notification.objects.filter(user=user, kind="voice").order_by("pk")
    return list(rows.values_list("text", flat=True))


def day(number, month=11):
    return dt.datetime(2026, month, number, 10, tzinfo=timing.BUSINESS_ZONE)


def test_a_visit_and_a_matter_are_asked_for_and_rated_once(asks, project, actors):
    assert sorted(asks) == ["matter", "visit"]
    visit, matter = asks["visit"], asks["matter"]
    assert (visit.body, matter.body, visit.closes_on, matter.closes_on) == (
        actors.centre, matter.case.lead, dt.date(2026, 11, 16), dt.date(2026, 11, 16),
    )
    assert inbox(actors.owner) == [f"{project.name}“{matter.case.matter.name}”已办结，请评价"]
    for person in (actors.clerk, actors.agent, actors.outsider):
        with pytest.raises(NotAllowed):
            rating.rate(visit.pk, by=person, grade=5, channel=1)
    refused("grade", rating.rate, visit.pk, by=actors.owner, grade=6, channel=1)
    refused("words", rating.rate, visit.pk, by=None, grade=1, channel=3)
    given = rating.rate(visit.pk, by=actors.owner, grade=5, channel=4)
    assert rating.rate(visit.pk, by=actors.owner, grade=5, channel=4) == given
    refused("rated", rating.rate, visit.pk, by=actors.owner, grade=1, channel=4, words="改了")
    assert (given.person, given.moment, given.is_default) == (actors.clerk, "receive", False)
    told = Event.objects.get(kind="rating.given")
    assert (told.project, told.organisation, told.actor, told.data) == (None, actors.centre, None, {"default": False})


def test_what_is_done_on_one_day_is_asked_for_in_one_message_and_nothing_before(asks, project, actors, clock):
    """A matter that was only handed in is not asked for; three that are done the same day are one message."""
    factories.received(project, ["land-plan-permit"], actors)
    factories.drain()
    assert sorted(ask.scope for ask in RatingAsk.objects.filter(project=project)) == ["matter", "visit", "visit"]
    factories.pass_matter(project, "project-code", actors)
    factories.drain()
    matters = RatingAsk.objects.filter(project=project, scope="matter")
    assert (matters.count(), inbox(actors.owner)) == (2, [f"{project.name} 2 件已办结，请评价"])
    clock.to(day(5))
    sweep_voices()
    assert inbox(actors.owner)[1:] == [f"{project.name} 2 件还没有评价，最早的11月16日后记为默认评价"]
    assert set(matters.values_list("reminded_at", flat=True)) == {day(5)}


def test_nobody_rates_in_time_and_the_default_is_counted_apart(asks, actors, clock):
    clock.to(day(4))
    assert (sweep_voices(), sweep_voices()) == (0, 0)
    clock.to(day(5))
    assert (sweep_voices(), sweep_voices()) == (1, 0)  # invited once more on the third day
    assert inbox(actors.owner)[1].endswith("还没有评价，11月16日后记为默认评价")
    clock.to(day(17))
    assert (sweep_voices(), sweep_voices()) == (2, 0)
    ids = tuple(Rating.objects.order_by("pk").values_list("pk", flat=True))
    assert set(Rating.objects.values_list("grade", "channel", "is_default")) == {(4, None, True)}
    counts = rating_counts(BEGIN, END)
    assert (counts.default, counts.given, counts.given_rate, counts.satisfied_rate) == (ids, (), 0.0, None)
    assert in_bulletin(actors) == [(pk, True) for pk in counts.default]
    assert satisfied(facts_of(actors)) == Row(None)  # 满意度 is of those whom somebody gave
    refused("rated", rating.rate, asks["visit"].pk, by=actors.owner, grade=1, channel=1, words="晚了")
    assert not FollowUp.objects.exists()


def test_a_low_grade_is_called_back_mended_and_answered_on_paper(low, asks, actors, clock):
    row = FollowUp.objects.get()
    assert (row.clock.limit, str(row.clock.due_on), row.clock.project) == (5, "2026-11-09", None)
    assert waiting_of_follow_up(row).sentence == "正在等中心回访人员实名回访差评，已 0 个工作日，11月9日到期。"
    assert (len(inbox(actors.director)), inbox(actors.clerk)) == (1, [])
    said = {"outcome": "fix", "words": "情况属实", "order": "一次性说清要交什么"}
    refused("reached", rating_follow.call_back, row.pk, by=actors.dispatcher, **said)
    rating_follow.call_back(row.pk, by=actors.dispatcher, outcome="unreached", words="无人接听")
    row = rating_follow.call_back(row.pk, by=actors.dispatcher, reached="郭建国", **said)
    body = reviewer_of(asks)
    assert (row.state, row.body, row.number) == ("mending", asks["matter"].body, "〔2026〕评改第0001号")
    row = rating_follow.mend(row.pk, by=body, words="已印制清单")
    assert rating_follow.mend(row.pk, by=body, words="再说").mended == "已印制清单"
    row = rating_follow.reply(row.pk, by=actors.dispatcher, words="已整改，谢谢您")
    assert (row.state, row.clock.state, row.paper.number) == ("replied", "stopped", "〔2026〕高审评复字第000001号")
    assert inbox(actors.owner)[-1] == f"您对“{asks['matter'].what}”的评价有了答复"
    counts = rating_counts(BEGIN, END, actors.centre)
    only = (low.pk,)
    assert (counts.low, counts.called, counts.mended, counts.in_time, counts.open) == (only, only, only, only, ())
    assert (counts.satisfied_rate, counts.mended_rate, counts.grades[2], counts.channels) == (0.0, 100.0, only, {2: only})
    assert not Paper.objects.visible_to(actors.clerk).filter(pk=row.paper_id).exists()
    states = [e.data["state"] for e in Event.objects.filter(subject_type="agency.FollowUp").order_by("pk")]
    assert states == [
        ["", "to_call"], ["to_call", "to_call"], ["to_call", "mending"], ["mending", "to_reply"], ["to_reply", "replied"],
    ]


def test_misuse_is_appealed_once_and_decided_by_another(low, asks, actors, clock):
    row = FollowUp.objects.get()
    said = {"reached": "郭建国", "words": "诉求复杂", "order": "改进告知"}
    row = rating_follow.call_back(row.pk, by=actors.dispatcher, outcome="ledger", **said)
    assert (row.clock.limit + row.clock.extensions, str(row.clock.due_on)) == (15, "2026-11-23")
    body = reviewer_of(asks)
    rating_follow.appeal(row.pk, by=body, words="当天没有办过")
    with pytest.raises(NotAllowed):
        rating_follow.judge(row.pk, by=actors.dispatcher, holds=True, words="x")
    row = rating_follow.judge(row.pk, by=actors.director, holds=False, words="有接件记录")
    assert row.state == "mending"
    with pytest.raises(NotAllowed):
        rating_follow.appeal(row.pk, by=body, words="再申诉")
    FollowUp.objects.filter(pk=row.pk).update(judged_by=None, appeal="", state="mending")
    rating_follow.appeal(row.pk, by=body, words="查无此事")
    row = rating_follow.judge(row.pk, by=actors.director, holds=True, words="系误评")
    counts = rating_counts(BEGIN, END)
    assert in_bulletin(actors) == []
    assert (row.state, row.clock.state, counts.excluded, counts.low) == ("excluded", "stopped", (low.pk,), ())


def test_whoever_is_rated_never_learns_who_rated(low, project, asks, actors, client_of):
    row = FollowUp.objects.get()
    said = {"reached": "郭建国", "words": "属实", "order": "一次性说清要交什么"}
    rating_follow.call_back(row.pk, by=actors.dispatcher, outcome="fix", **said)
    body = reviewer_of(asks)
    desk = client_of(body)
    pages = [
        reverse("agency:rectifications"), reverse("agency:rectification", args=[row.pk]), reverse("agency:ratings"),
        reverse("projects:detail", args=[project.pk]), reverse("agency:inbox"),
    ]
    texts = [desk.get(url).content.decode() for url in pages]
    assert "一次性说清要交什么" in texts[1]
    for text in texts:
        assert "问了三次才说清" not in text
        assert "不满意" not in text
    for text in (texts[0], texts[1], texts[4]):
        assert project.name not in text
    assert desk.get(reverse("agency:follow_up", args=[row.pk])).status_code == 404
    # the officer who decided the case himself does not follow it up
    Rating.objects.filter(pk=low.pk).update(person=actors.dispatcher)
    assert client_of(actors.dispatcher).get(reverse("agency:follow_up", args=[row.pk])).status_code == 404
    assert client_of(actors.director).get(reverse("agency:follow_up", args=[row.pk])).status_code == 200


def test_the_telephone_rates_without_an_account(asks, actors, client_of):
    phone, ask = client_of(), asks["visit"]
    entry = reverse("agency:rate_entry")
    assert "没有这个评价码" in phone.post(entry, {"code": "AAAA-2222"}).content.decode()
    led = phone.post(f"{entry}?via=pad", {"code": f"{ask.code[:4]}-{ask.code[4:]}".lower()})
    assert led.url == f"{reverse('agency:rate', args=[ask.token])}?via=pad"
    assert phone.post(led.url, {"grade": "4", "words": ""}).status_code == 302
    given = Rating.objects.get(ask=ask)
    assert (given.grade, given.channel, given.given_by) == (4, 4, None)
    assert "您的评价" not in phone.get(led.url).text  # the pad is everybody's
    url = reverse("agency:rate", args=[asks["matter"].token])
    refusal = client_of(actors.clerk).get(url).content.decode()
    assert "不能代为评价" in refusal
    here = client_of(actors.clerk).get(reverse("agency:rate_here", args=[ask.project_id])).content.decode()
    assert asks["matter"].code[:4] in here
    receipt = Paper.objects.get(project=ask.project, kind="receipt", subject_key=str(ask.application_id))
    verified = phone.get(f"{reverse('archives:verify')}?code={receipt.verify_code}").content.decode()
    assert url in verified


def test_what_was_rated_is_read_by_who_rated_and_by_nobody_who_knows_the_code(asks, project, actors, client_of):
    """The window shows the code, and a department has the paper on which it stands: both are who is rated."""
    phone, ask = client_of(), asks["matter"]
    url, reply = (reverse(name, args=[ask.token]) for name in ("agency:rate", "agency:rate_reply"))
    sent = {"grade": "2", "words": "问了三次才说清", "name": "郭建国"}
    assert phone.post(url, sent).status_code == 302
    due_on = timing.spoken(FollowUp.objects.get().clock.due_on)
    assert f"由中心实名回访，{due_on}前整改并答复" in phone.get(url).text
    row = rating_follow.call_back(
        FollowUp.objects.get().pk, by=actors.dispatcher, reached="郭建国", outcome="fix", words="属实", order="一次说清"
    )
    rating_follow.mend(row.pk, by=reviewer_of(asks), words="已印制清单")
    rating_follow.reply(row.pk, by=actors.dispatcher, words="已整改，谢谢您")
    for knows in (client_of(actors.clerk), client_of(reviewer_of(asks)), client_of(actors.outsider), client_of()):
        guessed = knows.post(url, sent)
        for text in (guessed.text, knows.get(url).text):
            assert "只有评价人和中心回访人员看得到" in text
            assert not any(word in text for word in ("不满意", "问了三次才说清", "已整改", "回访</dt>"))
        assert knows.get(reply).status_code == 404
    for who in (phone, client_of(actors.owner)):
        assert "问了三次才说清" in who.get(url).text
        assert b"".join(who.get(reply).streaming_content).startswith(b"%PDF")


def test_the_list_costs_the_same_for_one_and_for_many(asks, actors, client_of, django_assert_max_num_queries):
    rating.rate(asks["visit"].pk, by=actors.owner, grade=1, channel=1, words="慢")
    desk = client_of(actors.director)
    for grade in (2,):
        rating.rate(asks["matter"].pk, by=actors.owner, grade=grade, channel=3, words="乱")
    with django_assert_max_num_queries(16):
        page = desk.get(f"{reverse('agency:ratings')}?tab=open").content.decode()
    assert "正在等中心回访人员" in page
    rows = b"".join(desk.get(f"{reverse('agency:ratings')}?export=csv").streaming_content).decode()
    assert rows.count("差评") == 0
    assert rows.count("待回访") == 2
    for text, found in ((asks["matter"].case.matter.name, 1), (asks["matter"].project.name, 2), ("²", 0)):
        assert len(desk.get(reverse("agency:ratings"), {"q": text}).context["page"].rows) == found


def test_the_clock_of_a_follow_up_reminds_who_has_it_and_never_who_was_rated(low, asks, actors, clock):
    row = FollowUp.objects.get()
    Rating.objects.filter(pk=low.pk).update(person=actors.dispatcher)
    clock.to(day(9))
    run = JobRun(job="sweep_due")
    sweep_due(run=run)
    assert run.errors == 0
    heard = set(Notification.objects.filter(clock=row.clock).values_list("user__username", "text"))
    assert heard == {("director", "差评回访今日到期（11月9日）")}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_phones_at_once_leave_one_rating(actors, project, clock, at_once):
    factories.received(project, ["land-plan-permit"], actors)
    factories.drain()
    visit = RatingAsk.objects.get(project=project, scope="visit")
    outcomes = at_once(*[
        lambda grade=grade: rating.rate(visit.pk, by=None, grade=grade, channel=3, words="慢") for grade in (5, 1)
    ])
    assert sorted(type(one).__name__ for one in outcomes) == ["DomainError", "Rating"]
    assert Rating.objects.filter(ask=visit).count() == 1
