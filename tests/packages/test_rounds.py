"""A change asks again only whom it concerns; a conflict is settled by those who disagree; silence stands as it fell."""

import datetime as dt
import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.urls import reverse

from archives.models import Paper
from archives.rules import can_add_version
from archives.services.filing import add_version
from packages import floor
from packages.models import JointSession, MatterVersion, OneTimeNotice, Opinion, ReviewTask
from packages.screens.case import whole_waiting
from packages.screens.conflicts import clause_key, side_by_side
from packages.services import conference, review, sweeping
from packages.services.correction import answer_fault, return_corrected
from packages.services.rectifying import send_to_rectify
from packages.services.rounds import open_joint_reviews
from packages.services.silence import apply_tacit
from packages.services.supplementing import supplement
from packages.standing import standing_opinions
from packages.states import CaseState, SessionState
from packages.tasks import sweep_reviews
from packages.waiting import case_waiting
from projects import timing
from projects.errors import NotAllowed
from projects.models import Event, Involvement, IssueItem, Organisation
from projects.states import Role
from tests import factories
from tests.packages.round_steps import NO, answer, by, refused, task_of
from tests.packages.steps import Log, holds

CODE = "plan-permit"  # natural-resources leads; civil-defence joint; housing, parks, traffic-police consulted


@pytest.fixture
def case(kept_review, clock):
    return kept_review


def terms(**days):
    """Other terms of the round than those of the catalogue, whose published versions are frozen."""
    QuerySet(MatterVersion).filter(matter__code=CODE).update(review_terms=days)


def disputed(case):
    """Everybody has answered; civil defence is against."""
    answer(case, "civil-defence", **NO)
    factories.answer_all(case)
    return JointSession.objects.get(case=case)


def waits(case):
    line = case_waiting([factories.fresh(case)])[case.pk]
    return line.role, line.verb


# Pushing -------------------------------------------------------------------------------------------------------------


def test_the_lead_pushes_on_its_day_and_else_the_system_does(factory, actors, clock):
    terms(push=1, second=3)
    case = factories.in_review(factory, CODE, actors)
    session = JointSession.objects.get(case=case)
    assert (session.state, session.push_due_on, session.tasks.get().role) == ("pushing", dt.date(2026, 11, 3), "lead")
    assert waits(case) == ("自然资源局", "推送")
    with pytest.raises(NotAllowed):
        review.push_session(session.pk, by=actors.reviewer)
    assert sweep_reviews() == 0
    clock.to(dt.datetime(2026, 11, 4, 0, 10))
    assert (sweep_reviews(), sweep_reviews()) == (1, 0)
    asked = {t.organisation.code: str(t.due_on) for t in session.tasks.exclude(role="lead")}
    assert asked == dict.fromkeys(("civil-defence", "housing", "parks", "traffic-police"), "2026-11-05")
    holds(factory)


def test_a_push_that_is_keyed_in_later_keeps_its_moment_and_the_departments_their_days(factory, actors, clock):
    terms(push=1, second=3)
    case = factories.in_review(factory, CODE, actors)
    session = JointSession.objects.get(case=case)
    pushed = timing.now() + dt.timedelta(hours=1)
    clock.to(pushed + dt.timedelta(days=3))
    lead = factories.official(case.lead.code, Role.REVIEWER)
    early = session.opened_at - dt.timedelta(hours=1)
    refused("time_order", review.push_session, session.pk, by=lead, at=early)
    done = review.push_session(session.pk, by=lead, at=pushed)
    told = Event.objects.get(kind="session.pushed", project=factory)
    assert (done.pushed_at, told.happened_at, told.late_days) == (pushed, pushed, 3)
    asked = session.tasks.exclude(role="lead")
    assert set(asked.values_list("pushed_at", flat=True)) == {timing.now()}
    assert {row.clock.started_on for row in asked} == {timing.today()}
    holds(factory)


def test_the_page_of_a_case_names_every_department_that_has_not_answered(case, client):
    answer(case, "parks")
    line = whole_waiting(factories.fresh(case))
    for name in ("人防办", "住建局", "交警"):
        assert name in line.role
    assert (line.role.endswith("（3 家）"), "园林" in line.role, line.person) == (True, False, "")
    client.force_login(by("natural-resources"))
    page = client.get(reverse("packages:case", args=[case.pk])).content.decode()
    assert f"正在等<b>{line.role}</b>答复<b>“{case.matter.name}”的审查意见</b>" in page
    answer(case, "housing")
    answer(case, "civil-defence")
    assert whole_waiting(factories.fresh(case)) == case_waiting([factories.fresh(case)])[case.pk]


# Words, versions -----------------------------------------------------------------------------------------------------


def test_an_opinion_names_basis_and_versions_and_a_newer_version_marks_it(case, actors, clock, client):
    given = answer(case, "housing")
    assert given.basis == case.matter.legal_basis[:300]
    shown = [judged.version for judged in given.judged.all()]
    [drawing, *_] = [one for one in shown if can_add_version(actors.clerk, one.document)]
    document, others = drawing.document, [one.pk for one in shown if one != drawing]
    newer = add_version(document, uploaded=factories.pdf("总平面.pdf", "新"), by=actors.clerk)
    stale = {"verdict": "agree", "reason": "符合", "seen": [drawing.pk, *others]}
    told = refused("superseded", answer, case, "parks", **stale)
    assert f"《{document.title}》现为第 2 版" in told
    fresh = answer(case, "parks", **{**stale, "seen": [newer.pk, *others]})
    assert {one.version_id for one in fresh.judged.all()} == {newer.pk, *others}
    marked = {one.name: bool(one.outdated) for one in standing_opinions(case)}
    assert marked == {"住建局": True, "园林局": False}
    factories.answer_all(case)
    session = JointSession.objects.get(case=case)
    refused("outdated", review.merge_session, session.pk, by=by("natural-resources"), passed=True, text="同意")
    second = review.reconsult(
        task_of(case, "natural-resources").pk, by=by("natural-resources"), note="总平面换版",
        also=[task_of(case, "housing").pk],
    )
    assert {t.organisation.code for t in second.tasks.all()} == {"natural-resources", "housing"}
    client.force_login(by("natural-resources"))
    page = client.get(reverse("packages:case", args=[case.pk])).content.decode()
    assert page.count(">已转下一轮<") == 1  # nothing was broken off: the round goes on in the next
    answer(case, "housing")
    review.merge_session(second.pk, by=by("natural-resources"), passed=True, text="同意")
    holds(case.project)


def test_the_database_refuses_an_opinion_without_basis_or_fix(case, actors):
    task = task_of(case, "housing")
    for words in ({"verdict": "agree", "basis": ""}, {"verdict": "disagree", "basis": "GB 50016", "remedy": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Opinion.objects.create(task=task, reason="理由", given_by=actors.reviewer, given_at=task.pushed_at, **words)


def test_a_late_denial_of_concern_is_flagged(case, clock):
    clock.to(dt.datetime(2026, 11, 4, 10, 0))
    on_day_two = answer(case, "housing", verdict="not_involved", reason="不涉及")
    clock.to(dt.datetime(2026, 11, 5, 10, 0))
    on_day_three = answer(case, "parks", verdict="not_involved", reason="不涉及")
    assert (on_day_two.is_late_disclaimer, on_day_three.is_late_disclaimer) == (False, True)


def test_an_opinion_after_the_consequence_of_silence_has_no_effect(case, clock):
    ReviewTask.objects.filter(pk=task_of(case, "parks").pk).update(is_tacit_allowed=False)
    clock.to(dt.datetime(2026, 11, 4, 10, 0))
    apply_tacit(task_of(case, "parks").pk)
    late = answer(case, "parks", **{**NO, "verdict": "conditional"})
    assert (late.is_late, late.has_effect) == (True, False)
    assert not IssueItem.objects.filter(project=case.project, raised_for__code="parks").exists()
    assert "园林局" not in {one.name for one in standing_opinions(case)}


# Silence -------------------------------------------------------------------------------------------------------------


def test_silence_is_booked_to_the_department_and_its_head_and_may_be_supplemented(case, clock):
    head = by("housing", Role.CHIEF)
    task = task_of(case, "housing")
    clock.to(dt.datetime(2026, 11, 4, 0, 5))
    assert apply_tacit(task.pk) is True
    assert (task.opinion.head, task.opinion.given_by, factories.fresh(task).supplement_until) == (
        head, None, dt.date(2026, 11, 6),
    )
    event = Event.objects.get(kind="task.tacit")
    assert (event.data["organisation"], event.data["head"]) == (task.organisation_id, head.pk)
    refused("task_state", answer, case, "housing", **NO)
    clock.to(dt.datetime(2026, 11, 7, 9, 0))
    words = {"by": by("housing"), "text": "消防车道净宽按4米复核", "basis": "GB 50016 第7.1.8条"}
    with pytest.raises(NotAllowed):
        supplement(task.pk, **words)
    clock.to(dt.datetime(2026, 11, 6, 9, 0))
    supplement(task.pk, **words)
    refused("task_state", supplement, task.pk, **words)
    assert (factories.fresh(task).state, factories.fresh(task).opinion.verdict) == ("supplemented", "agree")
    holds(case.project)


@pytest.mark.parametrize("body", sorted(floor.NO_TACIT_BODIES))
def test_no_data_lifts_the_floor(body):
    assert not floor.may_be_tacit("design-scheme", "department", body, "joint", "")
    assert not floor.may_be_tacit("design-scheme", "department", "housing", "lead", "")
    assert not floor.may_be_tacit("design-scheme", "department", "housing", "joint", "hazardous=yes")


# Conflicts -----------------------------------------------------------------------------------------------------------


def test_two_departments_conflict_confer_and_sign(case, factory, actors, clock, client):
    session = disputed(case)
    lead = by("natural-resources")
    sides = side_by_side(standing_opinions(case))
    assert (sides.is_conflict, [c.name for c in sides.clauses], len(sides.consenting)) == (True, ["人民防空法第22条"], 3)
    assert clause_key("《人民防空法》第 22 条") == clause_key("人民防空法第22条")
    meeting = conference.call_conference(
        session.pk, by=lead, meets_at=timing.now() + dt.timedelta(hours=2), place="二楼会议室", agenda="人防出入口"
    )
    assert {seat.organisation.code for seat in meeting.seats.all()} == {
        "civil-defence", "housing", "parks", "traffic-police",
    }
    assert waits(case) == ("自然资源局", "召开")
    for reader, asked in ((lead, True), (by("civil-defence"), False)):
        client.force_login(reader)
        page = client.get(reverse("packages:conference", args=[meeting.pk])).content.decode()
        assert ('name="minutes"' in page, "会后意见有改变的部门在这一页签认" in page) == (asked, not asked)
    told = refused("session_state", review.merge_session, session.pk, by=lead, passed=True, text="同意")
    assert told == "联合审查现在是“联审会”，不能汇总。请刷新页面，按最新状态办理。"
    body = Organisation.objects.get(code="civil-defence")
    position = conference.Position(
        body.pk, "李某", "conditional", "可调整", "人民防空法第22条", "施工图中增设出入口一处"
    )
    closing = {"by": lead, "held_on": dt.date(2026, 11, 2), "minutes": "各方同意在施工图中落实。", "outcome": "settled"}
    refused("positions", conference.close_conference, meeting.pk, **closing)
    conference.close_conference(meeting.pk, positions=[position], **closing)
    paper = Paper.objects.get(project=factory, kind="conference_minutes")
    assert paper.content["gist"]["do"] == "人防办在系统内签认会后意见"
    assert ["人防办", "李某", "不同意", "有条件同意", "施工图中增设出入口一处"] in [
        [row[0].replace("人民防空办公室", "人防办"), *row[1:]] for row in paper.content["table"]["rows"]
    ]
    assert waits(case) == ("人防办", "签认")
    client.force_login(lead)
    again = {"held_on": "2026-11-02", "outcome": "settled", "minutes": "同事已先记了一份，这是另一份。"}
    late = client.post(reverse("packages:conference", args=[meeting.pk]), again)
    text = late.content.decode()
    assert (late.status_code, "<b>没有保存。</b>会议纪要已经记录" in text, again["minutes"] in text) == (409, True, True)
    seat = meeting.seats.get(organisation=body)
    with pytest.raises(NotAllowed):
        conference.sign_seat(seat.pk, by=lead)
    conference.sign_seat(seat.pk, by=by("civil-defence"))
    conference.sign_seat(seat.pk, by=by("civil-defence"))
    item = IssueItem.objects.get(project=factory, kind="commitment", raised_for=body)
    assert item.how_to_fix == "施工图中增设出入口一处"
    assert waits(case) == ("自然资源局", "汇总")
    review.merge_session(session.pk, by=lead, passed=True, text="同意")
    assert factories.fresh(session).state == SessionState.PASSED
    holds(factory)


def test_a_conference_that_was_held_on_paper_keeps_its_days_each_after_the_one_before(case, factory, clock):
    session, lead, body = disputed(case), by("natural-resources"), Organisation.objects.get(code="civil-defence")

    def at(day, hour):
        return dt.datetime(2026, 11, day, hour, tzinfo=timing.BUSINESS_ZONE)

    clock.to(at(9, 9))
    called = {"by": lead, "place": "二楼会议室", "agenda": "人防出入口", "meets_at": at(4, 9)}
    refused("too_early", conference.call_conference, session.pk, **called)
    refused("time_order", conference.call_conference, session.pk, **called, at=at(1, 9))
    meeting = conference.call_conference(session.pk, **called, at=at(3, 9))
    position = conference.Position(body.pk, "李某", "agree", "已增设")
    closing = {"by": lead, "held_on": dt.date(2026, 11, 4), "minutes": "一致。", "outcome": "settled", "positions": [position]}
    refused("time_order", conference.close_conference, meeting.pk, **closing, at=at(2, 18))
    conference.close_conference(meeting.pk, **closing, at=at(4, 12))
    seat = meeting.seats.get(organisation=body)
    refused("time_order", conference.sign_seat, seat.pk, by=by("civil-defence"), at=at(4, 11))
    conference.sign_seat(seat.pk, by=by("civil-defence"), at=at(5, 9))
    refused("time_order", review.merge_session, session.pk, by=lead, passed=True, text="同意", at=at(4, 15))
    told = Event.objects.filter(project=factory, kind__startswith="session.con").order_by("seq")
    assert [(row.kind, row.happened_at, row.late_days) for row in told] == [
        ("session.conference", at(3, 9), 4), ("session.conferred", at(4, 12), 3)
    ]
    holds(factory)


def test_rectifying_pauses_and_the_second_round_asks_only_who_disagreed(case, factory, actors, clock):
    terms(second=2, rectify=10)
    session = disputed(case)
    clock.to(dt.datetime(2026, 11, 6, 9, 0))
    send_to_rectify(session.pk, by=by("natural-resources"))
    assert OneTimeNotice.objects.get(case=case).is_late is False  # it can come only when all have answered
    issue = IssueItem.objects.get(project=factory, kind="correction")
    assert (issue.how_to_fix, factories.fresh(case).state) == ("增设出入口一处", CaseState.CORRECTING)
    answer_fault(issue.pk, answer="已增设", by=actors.clerk)
    return_corrected(case.application_id, by=actors.clerk)
    factories.drain()
    second = JointSession.objects.get(case=case, round=2)
    assert {(t.organisation.code, t.days, str(t.due_on)) for t in second.tasks.all()} == {
        ("natural-resources", 3, "2026-11-11"), ("civil-defence", 2, "2026-11-10"),
    }
    assert second.tasks.get(role="joint").previous.opinion.verdict == "disagree"
    assert sweeping.resume_all_rectified() == (0, 0)
    answer(case, "civil-defence")
    review.merge_session(second.pk, by=by("natural-resources"), passed=True, text="同意")
    holds(factory)


def test_a_case_that_ends_ends_its_conference_and_its_rectification(case, actors, clock):
    from packages.services.closing import end_sessions

    session = disputed(case)
    conference.call_conference(
        session.pk, by=by("natural-resources"), meets_at=timing.now(), place="二楼", agenda="人防"
    )
    log = Log(case.project)
    with transaction.atomic():
        end_sessions(factories.fresh(case), by=None, at=None)
    assert factories.fresh(session).state == SessionState.CLOSED
    assert log.told() == [("task.closed", None), ("session.closed", None)]


# Bulk ------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_opening_costs_a_fixed_number_of_queries(factory, actors, django_assert_max_num_queries):
    [case] = factories.accepted(factory, [CODE], actors)
    review.open_joint_review(case.pk)  # the calendar and the plan are read once in a process
    [other] = factories.accepted(factories.enrolled_project(actors, "S2"), [CODE], actors)
    with django_assert_max_num_queries(17):  # 15, and the two ends of the savepoint of a test
        review.open_joint_review(other.pk)


@pytest.mark.slow
def test_several_are_opened_together_as_each_by_itself(factory, actors, django_assert_max_num_queries):
    [alone] = factories.accepted(factory, [CODE], actors)
    others = [factories.enrolled_project(actors, "S2") for _ in range(3)]
    cases = [factories.accepted(project, [CODE], actors)[0] for project in others]
    review.open_joint_review(alone.pk)

    def left(case):
        session = JointSession.objects.get(case=case)
        tasks = session.tasks.order_by("pk").values_list("organisation__code", "role", "days", "due_on", "state")
        told = Event.objects.filter(project=case.project_id, kind__in=["case.review_started", "session.opened", "task.invited"])
        bodies = Involvement.objects.filter(project=case.project_id, role="reviewer").values_list("organisation__code", flat=True)
        fresh = factories.fresh(case)
        return (
            session.state, list(tasks), list(told.order_by("seq").values_list("kind", "summary", "status_code")),
            sorted(bodies), fresh.state, fresh.due_on,
        )

    with django_assert_max_num_queries(30):  # not three times what one takes; SQLite has no statement for several chains
        assert open_joint_reviews([*[case.pk for case in cases], alone.pk]) == 3
    assert {repr(left(case)) for case in cases} == {repr(left(alone))}
    assert open_joint_reviews([case.pk for case in cases]) == 0
    for project in others:
        holds(project)


# At once -------------------------------------------------------------------------------------------------------------


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_apply_silence_once(clock):
    actors = factories.make_actors()
    case = factories.in_review(factories.enrolled_project(actors, "S2"), CODE, actors)
    clock.to(dt.datetime(2026, 11, 4, 0, 5))
    start, done = threading.Barrier(2), []

    def sweep():
        start.wait()
        try:
            done.append(sweeping.apply_all_tacit())
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    silent = ReviewTask.objects.filter(session__case=case, state="tacit").count()
    assert (sum(row[0] for row in done), Opinion.objects.filter(source="tacit").count()) == (silent, silent)
    assert Event.objects.filter(kind="task.tacit").count() == silent > 0
