"""补录 does not make a promise kept by itself: until a second person has confirmed the earlier time it counts as late."""

import datetime as dt

import pytest
from django.urls import reverse

from packages.models import LateEntry, Opinion
from packages.services import correction, decision, extending, special
from packages.services.late_entries import answer_late_entry
from packages.standing import current_versions
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.models import Event, IssueItem
from projects.workdays import due_date
from tests import factories
from tests.kept import kept
from tests.packages.steps import Log, holds

CODE = "util-joint"


def build():
    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "S2")
    factories.pass_matter(project, "project-code", actors)
    case = factories.in_review(project, CODE, actors)
    return {"actors": actors, "project": project, "case": case}


_world, world, actors, project, case = kept(build, "actors", "project", "case")


def after(case, days):
    """The moment at ten o'clock so many working days after the acceptance."""
    day = due_date(timing.business_day(case.accepted_at), days)
    return dt.datetime(day.year, day.month, day.day, 10, tzinfo=timing.BUSINESS_ZONE)


def lead(case):
    return factories.official(case.lead.code, "reviewer")


def counted(case):
    row = factories.fresh(case)
    return row.used_days, row.is_overdue


@pytest.mark.slow
def test_a_late_decision_keyed_in_as_timely_stays_late_until_another_person_confirms_it(
    project, actors, case, clock, client
):
    limit = case.promised_days
    factories.answer_all(case)
    factories.merge(case)
    clock.to(after(case, limit + 3))
    log = Log(project)
    decision.decide_case(case.pk, by=actors.chief, outcome="pass", at=after(case, limit))
    assert ("late_entry.asked", None) in log.told()
    assert counted(case) == (limit + 3, True)
    entry = LateEntry.objects.get()
    assert (entry.act, entry.state, entry.spared, entry.late_days, entry.entered_by) == (
        "decision",
        "asked",
        3,
        3,
        actors.chief,
    )
    client.force_login(actors.chief)
    url = reverse("packages:late_entry", args=[entry.pk])
    assert "补录由您录入，须由另一个人确认。" in client.get(url).content.decode()
    assert client.post(url, {"confirmed": "yes", "ground": "文书"}).status_code == 403
    with pytest.raises(NotAllowed):
        answer_late_entry(entry.pk, by=actors.clerk, confirmed=True, ground="文书")
    client.force_login(actors.owner)
    assert client.get(url).status_code == 404
    client.force_login(actors.director)
    assert case.matter.name in client.get(reverse("packages:late_entries")).content.decode()
    case_page = client.get(reverse("packages:case", args=[case.pk])).content.decode()
    assert ("补录待确认" in case_page, "确认前按超时计" in case_page) == (True, True)
    assert client.post(url, {"confirmed": "yes", "ground": ""}).status_code == 200
    assert client.post(url, {"confirmed": "yes", "ground": "纸质决定书当日签发"}).status_code == 302
    assert counted(case) == (limit, False)
    told = Event.objects.get(kind="late_entry.confirmed")
    assert (told.data["used_days"], told.data["overdue"]) == ([limit + 3, limit], [True, False])
    with pytest.raises(DomainError) as again:
        answer_late_entry(entry.pk, by=actors.director, confirmed=False, ground="再看")
    assert again.value.code == "answered"
    holds(project)


def test_keyed_in_on_the_next_working_day_or_with_time_left_asks_nobody(project, actors, case, clock):
    limit = case.promised_days
    factories.answer_all(case)
    factories.merge(case)
    clock.to(after(case, limit + 1))
    decision.decide_case(case.pk, by=actors.chief, outcome="pass", at=after(case, limit))
    assert (counted(case), LateEntry.objects.count()) == ((limit, False), 0)


def test_a_notice_and_an_extension_keyed_in_late_are_doubted_and_so_is_the_decision_that_hangs_on_them(
    project, actors, case, clock
):
    limit = case.promised_days
    clock.to(after(case, limit + 2))
    correction.notice_faults(
        [case.pk],
        by=lead(case),
        kind="correction",
        days=5,
        at=after(case, limit - 1),
        faults=[{"what": "总图缺坐标", "basis": "指南第 2 条", "how_to_fix": "在总图上标出四角坐标"}],
    )
    entry = LateEntry.objects.get()
    assert (entry.act, entry.spared) == ("pause", 3)
    for issue in IssueItem.objects.filter(project=project, kind="correction"):
        correction.answer_fault(issue.pk, answer="已标出", by=actors.owner)
    correction.return_corrected(case.application_id, by=actors.owner)
    factories.answer_all(case)
    factories.merge(case)
    decision.decide_case(case.pk, by=actors.chief, outcome="pass")
    assert counted(case) == (limit + 2, True)
    answer_late_entry(entry.pk, by=actors.director, confirmed=False, ground="没有签收记录")
    assert (counted(case), LateEntry.objects.get().state) == ((limit + 2, True), "declined")
    holds(project)


def test_approvals_carry_two_times_and_are_not_older_than_what_was_asked(project, actors, case, clock):
    asked = special.request_special(case.pk, by=lead(case), kind="site_survey", basis="现场踏勘", planned_days=5)
    clock.to(after(case, 2))
    with pytest.raises(DomainError) as early:
        special.approve_special(asked.pk, by=actors.chief, at=asked.requested_at - dt.timedelta(hours=1))
    assert early.value.code == "time_order"
    special.approve_special(asked.pk, by=actors.chief, at=asked.requested_at + dt.timedelta(hours=1))
    told = Event.objects.get(kind="special.approved")
    assert (told.late_days, LateEntry.objects.get().act) == (2, "pause")
    with pytest.raises(DomainError) as over:
        extending.request_extension(case.pk, by=lead(case), days=1, reason="复杂", at=after(case, -5))
    assert over.value.code == "time_order"


def test_an_opinion_in_time_only_by_its_earlier_time_is_late_until_confirmed(project, actors, case, clock, client):
    task = case.sessions.get().tasks.exclude(role="lead").first()
    due = task.due_on
    at = dt.datetime(due.year, due.month, due.day, 15, tzinfo=timing.BUSINESS_ZONE)
    clock.to(at + dt.timedelta(days=7))
    reviewer = factories.official(task.organisation.code, "reviewer")
    client.force_login(reviewer)
    url = reverse("packages:review", args=[task.pk])
    page = client.get(url).content.decode()
    assert "补录：早先已经办了，现在才录入" in page
    posted = {
        "verdict": "agree",
        "reason": "无意见",
        "seen": [version.pk for version in current_versions(case)] or ["0"],
    }
    early = client.post(url, posted | {"happened_at": f"{task.pushed_at - dt.timedelta(days=1):%Y-%m-%dT%H:%M}"})
    assert (early.status_code, "补录的时间早于推送" in early.content.decode()) == (409, True)
    assert client.post(url, posted | {"happened_at": f"{at:%Y-%m-%dT%H:%M}"}).status_code == 302
    opinion = fresh_opinion(task)
    assert (opinion.is_late, opinion.given_at, opinion.late_entry.act) == (True, at, "opinion")
    with pytest.raises(NotAllowed):
        answer_late_entry(opinion.late_entry.pk, by=reviewer, confirmed=True, ground="传阅单")
    answer_late_entry(opinion.late_entry.pk, by=actors.director, confirmed=True, ground="传阅单当日签批")
    assert fresh_opinion(task).is_late is False
    holds(project)


def fresh_opinion(task):
    return Opinion.objects.get(task=task)
