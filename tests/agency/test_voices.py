"""Enquiries and complaints reach the centre, never the department or person complained of; ten working days, all counted."""

import datetime as dt

import pytest
from django.urls import reverse

from agency.models import Notification, Voice
from agency.services import voices
from agency.tasks import sweep_voices
from agency.voice_pages import own_voices
from agency.voice_queries import enquiry_counts
from agency.voice_waiting import waiting_of_voice
from archives.services.codes import issue_token
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.models import Event, Organisation
from projects.states import OrganisationKind, Role
from tests import factories

BEGIN = dt.datetime(2026, 11, 1, tzinfo=timing.BUSINESS_ZONE)
END = dt.datetime(2027, 2, 1, tzinfo=timing.BUSINESS_ZONE)


@pytest.fixture
def project(kept_warehouse):
    return kept_warehouse


@pytest.fixture
def housing(actors):
    return factories.organisation("housing")


def asked(actors, project, kind="consult", **more):
    said = {"title": "图审要几天", "words": "从哪天算起", "by": actors.owner, "project_id": project.pk}
    return voices.ask(kind=kind, **(said | more))


def inbox(user):
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("text", flat=True))


def states(row):
    label = "agency.Voice"
    return [tuple(e.data["state"]) for e in Event.objects.filter(subject_type=label, subject_key=str(row.pk)).order_by("pk")]


def refused(code, act, *args, **more):
    with pytest.raises(DomainError) as caught:
        act(*args, **more)
    assert caught.value.code == code
    return caught.value.message


def test_an_enquiry_is_forwarded_answered_asked_on_and_closed(actors, project, housing, clock):
    row = asked(actors, project, form_key="k1")
    assert asked(actors, project, form_key="k1") == row
    assert (row.number, row.clock.limit, str(row.clock.due_on)) == ("〔2026〕高审询字第000001号", 10, "2026-11-16")
    assert waiting_of_voice(row).sentence == "正在等中心受理人员受理咨询，已 0 个工作日，11月16日到期。"
    assert inbox(actors.dispatcher) == ["咨询〔2026〕高审询字第000001号待受理，11月16日前答复"]

    row = voices.forward(row.pk, by=actors.dispatcher, body_id=housing.pk, words="请答复")
    assert waiting_of_voice(row).role == housing.label
    row = voices.send_back(row.pk, by=actors.reviewer, words="归行政审批局")
    assert (row.state, row.forwarded_to) == ("waiting", None)
    row = voices.forward(row.pk, by=actors.director, body_id=housing.pk, words="请答复")
    row = voices.answer(row.pk, by=actors.reviewer, words="十五个工作日")
    assert row.turns.get(kind="answer").paper is None
    assert waiting_of_voice(row).sentence == "正在等提出人追问或评价答复，已 0 个工作日，11月16日到期。"
    assert [line.waiting.role for line in own_voices(actors.owner, {}).rows] == ["您"]
    row = voices.follow_up(row.pk, by=actors.owner, words="从哪天起算")
    assert (row.state, row.followed_count, row.clock.limit) == ("followed", 1, 10)
    row = voices.answer(row.pk, by=actors.dispatcher, words="受理次日")
    row = voices.give_verdict(row.pk, by=actors.owner, satisfied=True)
    assert voices.give_verdict(row.pk, by=actors.owner, satisfied=True).state == "satisfied"
    assert (sweep_voices(), sweep_voices()) == (1, 0)
    row.refresh_from_db()
    assert (row.state, waiting_of_voice(row)) == ("closed", None)
    assert states(row) == [
        ("", "waiting"), ("waiting", "forwarded"), ("forwarded", "waiting"), ("waiting", "forwarded"),
        ("forwarded", "answered"), ("answered", "followed"), ("followed", "answered"), ("answered", "satisfied"),
        ("satisfied", "closed"),
    ]
    assert not Event.objects.filter(project=project, kind__startswith="voice.").exists()
    counts = enquiry_counts(BEGIN, END, actors.centre)
    assert (counts.asked, counts.satisfied, counts.in_time, counts.followed) == ((row.pk,),) * 4
    assert (counts.satisfied_rate, counts.in_time_rate, counts.owed) == (100.0, 100.0, ())


def test_a_complaint_never_lies_with_whom_it_is_about(actors, project, housing, clock):
    row = asked(actors, project, "complaint", about_body_id=housing.pk, about_person=actors.reviewer.name)
    assert (row.about_body, row.about_person, row.desk) == (housing, actors.reviewer, "centre")
    said = refused("body", voices.forward, row.pk, by=actors.dispatcher, body_id=housing.pk, words="办")
    assert "不能转给它办理" in said
    for person in (actors.reviewer, actors.clerk, actors.chief, actors.outsider):
        assert not Voice.objects.visible_to(person).filter(pk=row.pk).exists()
        with pytest.raises(NotAllowed):
            voices.answer(row.pk, by=person, words="没有的事")
    row = voices.answer(row.pk, by=actors.director, words="已核实，已批评教育")
    paper = row.turns.get(kind="answer").paper
    assert (paper.title, paper.number, paper.project) == ("咨询投诉答复书", "〔2026〕高审复字第000001号", None)
    for person in (actors.clerk, actors.chief, actors.reviewer):
        assert not type(paper).objects.visible_to(person).filter(pk=paper.pk).exists()
    refused("words", voices.give_verdict, row.pk, by=actors.owner, satisfied=False)
    row = voices.give_verdict(row.pk, by=actors.owner, satisfied=False, words="没有道歉")
    row = voices.close(row.pk, by=actors.director, words="已当面道歉")
    assert voices.close(row.pk, by=actors.director, words="x").state == "closed"
    assert enquiry_counts(BEGIN, END).satisfied_rate == 0.0


def test_who_would_receive_a_complaint_about_himself_does_not(actors, project, clock):
    about_officer = asked(actors, project, "complaint", about_body_id=actors.centre.pk, about_person="马原")
    assert about_officer.desk == "centre"  # nobody sits above
    assert (len(inbox(actors.director)), inbox(actors.dispatcher)) == (1, [])
    with pytest.raises(NotAllowed) as caught:
        voices.answer(about_officer.pk, by=actors.dispatcher, words="x")
    assert caught.value.message == "反映的是您本人，由其他人员办理。"

    office = Organisation.objects.create(name="市工改办", kind=OrganisationKind.HIGHER, region=actors.centre.region)
    above = factories.person("above", "宁静", Role.SUPERVISOR, office)
    about_centre = asked(actors, project, "complaint", about_body_id=actors.centre.pk)
    assert (about_centre.desk, len(inbox(above)), len(inbox(actors.director))) == ("above", 1, 1)
    assert not Voice.objects.visible_to(actors.director).filter(pk=about_centre.pk).exists()
    with pytest.raises(NotAllowed):
        voices.answer(about_centre.pk, by=actors.director, words="x")
    assert voices.answer(about_centre.pk, by=above, words="已督办").state == "answered"


def test_what_nobody_answers_is_late_and_what_nobody_rates_closes_by_itself(actors, project, clock):
    late, quiet = asked(actors, project, "stuck"), asked(actors, project)
    voices.answer(quiet.pk, by=actors.director, words="可以")
    clock.to(dt.datetime(2026, 11, 17, 9, tzinfo=timing.BUSINESS_ZONE))
    assert sweep_voices() == 1
    quiet.refresh_from_db()
    late.refresh_from_db()
    assert (quiet.state, quiet.verdict, late.state) == ("closed", None, "waiting")
    counts = enquiry_counts(BEGIN, END)
    assert (counts.late, counts.silent, counts.owed, counts.satisfied_rate) == (
        (late.pk,), (quiet.pk,), (late.pk,), None,
    )
    assert voices.take_back(late.pk, by=actors.owner).state == "closed"


def test_a_citizen_asks_by_the_code_and_comes_back_by_the_link(actors, project, client_of, clock):
    token = issue_token(project.pk, by=actors.clerk)
    citizen = client_of()
    public = citizen.get(reverse("archives:public", args=[token.token])).content.decode()
    url = f"{reverse('agency:voice_ask')}?q={token.token}"
    assert url.replace("&", "&amp;") in public
    form = {"kind": "complaint", "title": "扬尘", "words": "没有洒水", "key": "one", "about": "", "person": "", "phone": ""}
    assert "请留下联系电话" in citizen.post(url, form).content.decode()
    answer = citizen.post(url, form | {"phone": "13800000000"})
    assert citizen.post(url, form | {"phone": "13800000000"}).url == answer.url
    row = Voice.objects.get()
    assert (row.channel, row.asked_by, row.project, row.asker_phone) == ("qr", None, project, "13800000000")
    voices.answer(row.pk, by=actors.director, words="已督促")
    answered = citizen.get(answer.url)
    assert answered.context["waiting"].role == "您"
    page = answered.content.decode()
    assert "已督促" in page
    assert (actors.director.name in page, "答复期限" in page) == (False, False)
    again = citizen.post(reverse("agency:voice_say", args=[row.token, "follow"]), {"words": "何时洒水"}, follow=True)
    assert "答复期限" in again.content.decode()  # a question asked on is answered by a day of its own
    voices.answer(row.pk, by=actors.director, words="每天两次")
    step = reverse("agency:voice_say", args=[row.token, "unsatisfied"])
    assert citizen.post(step, {"words": "还是有灰"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "unsatisfied"
    assert citizen.get(reverse("agency:voice_ask")).status_code == 302
    assert citizen.get(f"{reverse('agency:voice_ask')}?q=wrong").status_code == 404


@pytest.mark.slow
def test_the_pages_of_the_desk(actors, project, housing, client_of, clock):
    row = asked(actors, project, "complaint", phone="13900000000")
    desk = client_of(actors.dispatcher)
    listing = desk.get(reverse("agency:voices")).content.decode()
    assert "图审要几天" in listing
    assert "没有符合" not in listing
    page = desk.get(reverse("agency:voice", args=[row.pk])).content.decode()
    assert "13900000000" in page
    forward = reverse("agency:voice_step", args=[row.pk, "forward"])
    assert desk.post(forward, {"body": housing.pk, "words": "请核实"}).status_code == 302
    theirs = client_of(actors.reviewer).get(reverse("agency:voice", args=[row.pk])).content.decode()
    assert "13900000000" not in theirs
    assert actors.owner.name not in theirs
    answer = reverse("agency:voice_step", args=[row.pk, "answer"])
    assert client_of(actors.reviewer).post(answer, {"words": "已核实"}).status_code == 302
    owner = client_of(actors.owner)
    track = owner.get(reverse("agency:voice_track", args=[row.token])).content.decode()
    assert "已核实" in track
    pdf = owner.get(reverse("agency:voice_track_pdf", args=[row.token, row.turns.get(kind="answer").pk]))
    assert b"".join(pdf.streaming_content).startswith(b"%PDF")
    assert client_of(actors.outsider).get(reverse("agency:voice_track", args=[row.token])).status_code == 404
    lines = b"".join(desk.get(f"{reverse('agency:voices')}?tab=all&export=csv").streaming_content).decode()
    assert "13900000000" not in lines
    assert row.number in lines
