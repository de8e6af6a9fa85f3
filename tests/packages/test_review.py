"""Joint review: everybody concerned is asked at once, silence has the consequence the law allows, the lead merges."""

import datetime as dt

import pytest

from archives.models import Paper
from packages.models import JointSession, Opinion, ReviewTask
from packages.screens.case import case_page
from packages.services import review, sweeping
from packages.services.decision import decide_case
from packages.services.silence import apply_tacit
from packages.states import CaseState, OpinionSource, SessionState, TaskState
from projects.errors import DomainError
from projects.models import Involvement, IssueItem
from projects.states import IssueKind, Role
from tests import factories
from tests.packages.steps import Log, check_step, holds, invisible

CODE = "plan-permit"  # natural-resources leads; civil-defence joint; housing, parks, traffic-police consulted


@pytest.fixture
def case(kept_review, clock):
    return kept_review


def task_of(case, code):
    return ReviewTask.objects.filter(session__case=case, organisation__code=code).latest("session__round")


def by(code, role=Role.REVIEWER):
    return factories.official(code, role)


def answer(case, code, verdict="agree", **words):
    given = {"reason": "符合要求", **words}
    return review.give_opinion(task_of(case, code).pk, by=by(code), verdict=verdict, **given)


# Opening -----------------------------------------------------------------------------------------------------------


def test_the_outbox_opens_the_review_and_asks_all_who_are_concerned(factory, actors):
    [case] = factories.accepted(factory, [CODE], actors)
    log = Log(factory)
    factories.drain()
    told = [entry for entry in log.told() if entry[0].split(".")[0] in {"case", "session", "task"}]
    assert told == [("case.review_started", 8), ("session.opened", None), *[("task.invited", None)] * 5]
    session = JointSession.objects.get(case=case)
    assert (session.state, session.round, session.lead.code) == (SessionState.REVIEWING, 1, "natural-resources")
    asked = {
        (t.organisation.code, t.role, t.days, t.is_tacit_allowed, t.state) for t in session.tasks.all()
    }
    assert asked == {
        ("natural-resources", "lead", 2, False, "invited"), ("housing", "consulted", 1, True, "invited"),
        ("civil-defence", "joint", 1, False, "invited"), ("parks", "consulted", 1, True, "invited"),
        ("traffic-police", "consulted", 1, True, "invited"),
    }
    for task in session.tasks.all():
        assert Involvement.objects.filter(project=factory, organisation=task.organisation, role="reviewer").exists()
        assert task.clock.started_on == dt.date(2026, 11, 2)
    assert factories.fresh(case).state == CaseState.IN_REVIEW
    holds(factory)


def test_opening_twice_opens_once(case, factory):
    log = Log(factory)
    assert review.open_joint_review(case.pk) == JointSession.objects.get(case=case)
    factories.drain()
    assert log.told() == []


def test_what_the_outbox_left_is_taken_up_by_the_sweep(factory, actors, clock):
    from packages.tasks import sweep_reviews

    [case] = factories.accepted(factory, [CODE], actors)
    assert sweep_reviews() == 0
    clock.by(minutes=5)
    assert sweep_reviews() == 1
    assert sweep_reviews() == 0
    assert factories.fresh(case).state == CaseState.IN_REVIEW


def test_a_body_whose_rule_does_not_hold_is_not_asked(factory, actors):
    from packages.planning.build import build_plan

    enrolment = factory.enrolment
    view = next(m for m in build_plan(enrolment.package_version, enrolment.facts).matters if m.code == CODE)
    case = factories.in_review(factory, CODE, actors)
    asked = set(ReviewTask.objects.filter(session__case=case).values_list("organisation__code", flat=True))
    assert asked == {line.body.code for line in view.reviews}


def test_a_case_of_the_joint_acceptance_is_opened_without_a_session(factory, actors):
    [case] = factories.accepted(factory, ["quality-accept"], actors)
    factories.drain()
    assert factories.fresh(case).state == CaseState.IN_REVIEW
    assert not JointSession.objects.filter(case=case).exists()


# Answering -----------------------------------------------------------------------------------------------------------


def test_a_person_of_the_department_takes_the_task_up(case, factory, actors):
    task = task_of(case, "housing")
    check_step(
        factory, lambda who: review.open_task(task.pk, by=who), right=actors.reviewer, wrong=actors.clerk,
        reason="这项意见由住建局答复。", told=[("task.opened", None)],
    )
    task.refresh_from_db()
    assert (task.state, task.handler) == (TaskState.OPENED, actors.reviewer)
    invisible(actors.outsider, task)


def test_an_opinion_is_given_once(case, factory, actors):
    task = task_of(case, "housing")
    opinion = check_step(
        factory, lambda who: review.give_opinion(task.pk, by=who, verdict="agree", reason="符合要求"),
        right=actors.reviewer, wrong=actors.owner, reason="这项意见由住建局答复。", second="task_state",
        told=[("task.answered", None)],
    )
    assert (opinion.verdict, opinion.source, opinion.is_late, opinion.given_by) == (
        "agree", "manual", False, actors.reviewer,
    )
    task.refresh_from_db()
    assert (task.state, task.clock.state) == (TaskState.ANSWERED, "stopped")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"verdict": "maybe"}, "verdict"), ({"verdict": "agree", "reason": " "}, "reason"),
        ({"verdict": "disagree"}, "remedy"), ({"verdict": "conditional", "basis": "第 3 条"}, "remedy"),
    ],
)
def test_an_opinion_says_why_and_a_no_says_how(case, words, code):
    with pytest.raises(DomainError) as refused:
        answer(case, "housing", **{"reason": "理由", **words})
    assert refused.value.code == code
    assert task_of(case, "housing").state == TaskState.INVITED


def test_the_lead_does_not_answer_but_merge(case):
    with pytest.raises(DomainError) as refused:
        answer(case, "natural-resources")
    assert refused.value.code == "task_lead"


def test_a_condition_becomes_a_commitment_of_the_owner(case, factory, actors):
    answer(case, "civil-defence", "conditional", basis="人民防空法第 22 条", remedy="地下室口部按图加固")
    item = IssueItem.objects.get(project=factory, kind=IssueKind.COMMITMENT, raised_for__code="civil-defence")
    assert (item.how_to_fix, item.basis, item.debtor_organisation) == (
        "地下室口部按图加固", "人民防空法第 22 条", actors.owner_body,
    )


# Silence -------------------------------------------------------------------------------------------------------------


def test_silence_is_consent_only_where_catalogue_and_floor_allow_it(case, factory, clock):
    """All tasks have one day: on the due day nothing happens, the day after each has its own consequence."""
    asked = {t.organisation.code: t for t in ReviewTask.objects.filter(session__case=case)}
    clock.to(dt.datetime(2026, 11, 3, 23, 0))
    assert [apply_tacit(task.pk) for task in asked.values()] == [False] * 5
    clock.to(dt.datetime(2026, 11, 4, 0, 5))
    log = Log(factory)
    assert apply_tacit(asked["housing"].pk) is True
    assert apply_tacit(asked["housing"].pk) is False
    assert log.told() == [("task.tacit", None)]
    assert apply_tacit(asked["civil-defence"].pk) is False
    assert apply_tacit(asked["natural-resources"].pk) is False
    opinion = Opinion.objects.get(task=asked["housing"])
    assert (opinion.verdict, opinion.source, opinion.reason, opinion.given_by) == (
        "agree", OpinionSource.TACIT, "超时默认同意", None,
    )
    assert factories.fresh(asked["civil-defence"]).state == TaskState.INVITED
    assert factories.fresh(JointSession.objects.get(case=case)).state == SessionState.REVIEWING
    holds(factory)


def test_the_floor_holds_even_where_a_row_says_otherwise(case, clock):
    task = task_of(case, "civil-defence")
    ReviewTask.objects.filter(pk=task.pk).update(is_tacit_allowed=True)
    clock.to(dt.datetime(2026, 11, 9, 9, 0))
    assert apply_tacit(task.pk) is False


def test_a_consulted_body_without_tacit_consent_is_noted_and_may_answer_late(factory, actors, clock):
    case = factories.in_review(factory, CODE, actors)
    task = task_of(case, "parks")
    ReviewTask.objects.filter(pk=task.pk).update(is_tacit_allowed=False)
    clock.to(dt.datetime(2026, 11, 4, 9, 0))
    log = Log(factory)
    assert apply_tacit(task.pk) is True
    assert log.told() == [("task.no_opinion", None)]
    assert not Opinion.objects.filter(task=task).exists()
    late = answer(case, "parks")
    assert (late.is_late, factories.fresh(task).state) == (True, TaskState.ANSWERED)
    holds(factory)


def test_the_sweep_leaves_paused_cases_alone(case, factory, actors, clock):
    from packages.services.correction import notice_faults

    fault = {"what": "缺总图", "basis": "指南第 2 条", "how_to_fix": "上传总图"}
    notice_faults(case.pk, faults=[fault], by=by("natural-resources"), kind="correction")
    clock.to(dt.datetime(2026, 11, 10, 9, 0))
    assert sweeping.apply_all_tacit() == (0, 0)


def test_the_sweep_is_safe_to_run_twice(case, factory, clock):
    from packages.tasks import apply_tacit as task

    clock.to(dt.datetime(2026, 11, 4, 9, 0))
    tacit = ReviewTask.objects.filter(session__case=case, is_tacit_allowed=True).count()
    assert task() == tacit
    assert task() == 0
    assert Opinion.objects.filter(task__session__case=case, source="tacit").count() == tacit


# Merging -------------------------------------------------------------------------------------------------------------


def test_the_session_is_merged_when_all_have_answered(case, factory, actors):
    factories.answer_all(case)
    session = JointSession.objects.get(case=case)
    assert session.state == SessionState.MERGING
    check_step(
        factory, lambda who: review.merge_session(session.pk, by=who, passed=True, text="同意，条件见各部门意见。"),
        right=by("natural-resources"), wrong=actors.reviewer, reason="汇总由牵头部门自然资源局办理。",
        second="session_state",
        told=[("task.answered", None), ("session.merged", None), ("paper.issued", None)],
    )
    session.refresh_from_db()
    assert (session.state, session.merged_by) == (SessionState.PASSED, by("natural-resources"))
    assert task_of(case, "natural-resources").state == TaskState.ANSWERED
    paper = Paper.objects.get(project=factory, kind="review_opinion")
    assert len(paper.content["table"]["rows"]) == 5
    assert not paper.is_public
    for who, shown in ((by("natural-resources"), True), (actors.owner, False)):
        assert (paper in case_page(case, who).papers) == shown


def test_an_open_review_cannot_be_merged_nor_decided(case, actors):
    session = JointSession.objects.get(case=case)
    with pytest.raises(DomainError) as refused:
        review.merge_session(session.pk, by=by("natural-resources"), passed=True, text="同意")
    assert refused.value.code == "session_state"
    with pytest.raises(DomainError) as early:
        decide_case(case.pk, by=by("natural-resources", Role.CHIEF), outcome="pass")
    assert early.value.code == "not_merged"
    assert "人防办" in early.value.message


def test_a_joint_no_stands_until_it_is_asked_again(case, factory):
    """The lead cannot merge over 不同意: it fails it, or asks the department once more in a second round."""
    answer(case, "civil-defence", "disagree", basis="人民防空法第 22 条", remedy="增设人防出入口")
    factories.answer_all(case)
    session = JointSession.objects.get(case=case)
    with pytest.raises(DomainError) as refused:
        review.merge_session(session.pk, by=by("natural-resources"), passed=True, text="同意")
    assert refused.value.message == "人防办不同意（怎么改：增设人防出入口）。请发整改意见、召开联审会，改好后再次征求意见，或汇总为不通过。"
    log = Log(factory)
    second = review.reconsult(task_of(case, "civil-defence").pk, by=by("natural-resources"), note="已增设出入口")
    assert log.told()[:2] == [("task.closed", None), ("session.closed", None)]
    assert (second.round, {t.organisation.code for t in second.tasks.all()}) == (
        2, {"natural-resources", "civil-defence"},
    )
    answer(case, "civil-defence", "agree")
    review.merge_session(second.pk, by=by("natural-resources"), passed=True, text="同意")
    assert factories.decide(factories.fresh(case), outcome="fail", note="测试") is not None
    holds(factory)


def test_a_merged_no_cannot_be_granted(case):
    factories.answer_all(case)
    factories.merge(case, passed=False)
    with pytest.raises(DomainError) as refused:
        decide_case(case.pk, by=by("natural-resources", Role.CHIEF), outcome="pass")
    assert refused.value.code == "merged_failed"
