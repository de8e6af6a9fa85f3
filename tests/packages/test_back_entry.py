"""补录: what is keyed in later keeps the moment at which it happened, in order, marked and counted."""

import datetime as dt

import pytest
from django.urls import reverse

from packages.services import decision
from projects import timing
from projects.errors import DomainError
from projects.models import Event
from tests import factories
from tests.kept import kept
from tests.packages.steps import holds

CODE = "util-joint"


def build():
    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "S2")
    [case] = factories.received(project, [CODE], actors)
    return {"actors": actors, "project": project, "case": case}


_world, world, actors, project, case = kept(build, "actors", "project", "case")


def moment(day, hour):
    return dt.datetime(2026, 11, day, hour, tzinfo=timing.BUSINESS_ZONE)


def test_an_acceptance_of_monday_is_keyed_in_on_thursday(project, actors, case, clock, client):
    clock.to(moment(5, 10))
    client.force_login(actors.clerk)
    url = reverse("packages:case_accept", args=[case.pk])
    assert "补录：早先已经办了，现在才录入" in client.get(url).content.decode()
    for typed, sentence in (
        ("2026-11-05T11:00", "实际办理时间不能晚于现在。"),
        ("2026-11-02T08:59", f"补录的时间早于上一步（2026年11月2日 09:00 接件：{case.matter.name} {case.number}），请核对。"),
    ):
        answer = client.post(url, {"happened_at": typed})
        assert (answer.status_code != 302, sentence in answer.content.decode()) == (True, True)
    assert client.post(url, {"happened_at": "2026-11-02T15:00"}).status_code == 302
    case = factories.fresh(case)
    assert (case.accepted_at, case.promised_clock.started_on) == (moment(2, 15), dt.date(2026, 11, 2))
    told = Event.objects.get(project=project, kind="case.accepted")
    assert (told.happened_at, told.recorded_at, told.late_days) == (moment(2, 15), moment(5, 10), 3)
    assert "补录，晚 3 个工作日" in client.get(reverse("packages:case", args=[case.pk])).content.decode()
    client.force_login(actors.director)
    assert case.matter.name in client.get(reverse("projects:back_entries")).content.decode()
    holds(project)


def test_a_receipt_of_friday_is_keyed_in_on_tuesday_and_its_five_days_run_from_friday(project, actors, clock, client):
    application = factories.open_application(project, ["waste-disposal"], actors)
    clock.to(moment(10, 9))
    client.force_login(actors.clerk)
    url = reverse("packages:hand_in", args=[application.pk])
    link = f"{url}?late=1"  # opens the line for the time at once
    assert link in client.get(reverse("packages:application", args=[application.pk])).content.decode()
    assert '<details class="more" open>' in client.get(link).content.decode()
    case = application.cases.get()
    created = Event.objects.get(project=project, kind="case.created", subject_key=str(case.pk))
    before = (created.happened_at - dt.timedelta(hours=1)).astimezone(timing.BUSINESS_ZONE)
    for typed in (before, moment(6, 16).replace(year=2020)):
        refused = client.post(url, {"happened_at": f"{typed:%Y-%m-%dT%H:%M}"})
        assert (refused.status_code, "补录的时间早于上一步" in refused.content.decode()) == (409, True)
    assert factories.fresh(case).state == "draft"
    assert client.post(url, {"happened_at": "2026-11-06T16:00"}).status_code == 302
    received = application.cases.get()
    assert (received.received_at, received.intake_clock.due_on) == (moment(6, 16), dt.date(2026, 11, 13))
    assert [row.late_days for row in Event.objects.filter(project=project, kind="case.received").order_by("seq")] == [0, 2]
    holds(project)


def test_a_notice_that_was_given_on_paper_keeps_its_day_and_the_clock_rests_from_then(project, actors, case, clock, client):
    clock.to(moment(5, 10))
    client.force_login(actors.clerk)
    url = reverse("packages:case_notice", args=[case.pk])
    posted = {
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-what": "总图缺坐标", "form-0-basis": "指南第 2 条",
        "form-0-how_to_fix": "在总图上标出四角坐标", "days": "10", "happened_at": "2026-11-05T11:00",
    }
    assert "实际办理时间不能晚于现在。" in client.post(url, posted).content.decode()
    assert client.post(url, posted | {"happened_at": "2026-11-03T17:00"}).status_code == 302
    notice = factories.fresh(case).notices.get()
    assert (notice.given_at, notice.paper.issued_at) == (moment(3, 17), moment(3, 17))
    told = Event.objects.get(project=project, kind="case.correction_started")
    assert (told.happened_at, told.late_days) == (moment(3, 17), 2)
    holds(project)


@pytest.mark.slow
def test_a_decision_is_not_older_than_what_it_stands_on_and_an_enterprise_keys_in_nothing(project, actors, clock, client):
    factory = factories.enrolled_project(actors, "S2")
    factories.pass_matter(factory, "project-code", actors)
    case = factories.in_review(factory, CODE, actors)
    factories.answer_all(case)
    clock.to(moment(4, 9))
    factories.merge(case)
    clock.to(moment(6, 9))
    with pytest.raises(DomainError) as early:
        decision.decide_case(case.pk, by=actors.chief, outcome="pass", at=moment(3, 9))
    assert early.value.message == "补录的时间早于联合审查汇总（2026年11月4日 09:00），请核对。"
    done = decision.decide_case(case.pk, by=actors.chief, outcome="pass", at=moment(4, 10))
    assert (done.state, done.decided_at) == ("decided_pass", moment(4, 10))
    client.force_login(actors.owner)
    url = reverse("packages:deliver", args=[case.pk])
    assert "补录" not in client.get(url).content.decode()
    assert client.post(url, {"way": "download", "happened_at": "2026-11-04T12:00"}).status_code == 302
    assert Event.objects.get(project=case.project, kind="case.delivered").happened_at == moment(6, 9)
