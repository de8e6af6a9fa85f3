"""行政许可法 45: a special procedure stops the clock, approved by somebody else, with a limit of its own."""

import datetime as dt

import pytest
from django.test import Client

from archives.models import Paper
from packages.models import ReviewTask
from packages.screens.acting import procedure_words, special_words
from packages.screens.case import case_page
from packages.services.correction import answer_fault, notice_faults, return_corrected
from packages.services.special import approve_special, end_special, refuse_special, request_special
from packages.states import CaseState
from packages.waiting import case_waiting
from projects import clocks, timing
from projects.errors import DomainError
from projects.models import IssueItem
from projects.states import Role
from tests import factories
from tests.kept import kept
from tests.packages.steps import check_step, holds

FAULT = {"what": "缺勘察报告", "basis": "指南第 5 条", "how_to_fix": "上传勘察报告"}


def build():
    actors = factories.make_actors()
    factory = factories.enrolled_project(actors, "S2")
    return {"actors": actors, "factory": factory, "case": factories.in_review(factory, "util-joint", actors)}


_world, world, actors, factory, case = kept(build, "actors", "factory", "case")


@pytest.fixture
def lead():
    return factories.official("approval-bureau", Role.REVIEWER)


def ask(case, by, **words):
    given = {"kind": "expert", "basis": "专家评审管理办法第 6 条", "planned_days": 5, **words}
    return request_special(case.pk, by=by, **given)


def start(case, by, approver, **words):
    return approve_special(ask(case, by, **words).pk, by=approver)


def special_end(case, by):
    return end_special(case.pk, by=by, result="专家组同意", uploaded=factories.pdf("意见.pdf", str(by.pk)))


@pytest.mark.slow
def test_one_asks_another_approves_and_only_then_every_clock_stops(case, factory, actors, lead, clock):
    clock.to(dt.datetime(2026, 11, 3, 10, 0))
    asked = check_step(
        factory, lambda by: ask(case, by), right=lead, wrong=actors.clerk,
        reason="特别程序由牵头部门行政审批局发起。", rule_code="can_start_special", second="special_open",
        told=[("special.requested", None)],
    )
    assert factories.fresh(case).state == CaseState.IN_REVIEW
    check_step(
        factory, lambda by: approve_special(asked.pk, by=by), right=actors.chief, wrong=lead,
        reason="特别程序由牵头部门行政审批局的首席代表批准。", rule_code="can_approve_special", second="answered",
        told=[("special.approved", None), ("case.special_started", 9), ("paper.issued", None)],
    )
    case = factories.fresh(case)
    assert (case.state, case.special_kind, case.state_before_pause, case.due_on) == (
        CaseState.SUSPENDED, "expert", CaseState.IN_REVIEW, None,
    )
    assert (case.special_clock.limit, case.special_clock.due_on) == (5, dt.date(2026, 11, 10))
    assert (case.promised_clock.state, case.statutory_clock is None or case.statutory_clock.state == "paused") == (
        "paused", True,
    )
    assert "5 个工作日" in Paper.objects.get(project=factory, kind="special_notice").content["paragraphs"][0]
    window = Client()
    window.force_login(lead)
    task = ReviewTask.objects.get(session__case=case, organisation=case.lead)
    assert "时限暂停" in window.get(f"/reviews/{task.pk}/").text  # and no day on which it were due

    clock.to(dt.datetime(2026, 11, 6, 10, 0))
    check_step(
        factory, lambda by: special_end(case, by), right=lead, wrong=actors.owner,
        reason="特别程序由牵头部门行政审批局结束。", second="case_state",
        told=[("document.filed", None), ("special.ended", None), ("case.special_ended", 10)],
    )
    case, row = factories.fresh(case), factories.fresh(asked)
    assert (case.state, case.special_kind, case.special_clock.state) == (CaseState.IN_REVIEW, "", "stopped")
    assert (row.state, row.started_by, row.approver, row.result, row.result_document.kind.slug) == (
        "ended", lead, actors.chief, "专家组同意", "special-result",
    )
    # accepted Nov 2, limit 2; used Nov 3; paused Nov 4-6; one left: Nov 9
    assert case.due_on == dt.date(2026, 11, 9)
    assert clocks.time_ledger(case.promised_clock)["special"] == 3


@pytest.mark.parametrize(
    ("words", "code"),
    [({"kind": "lunch"}, "special_kind"), ({"basis": " "}, "basis"), ({"planned_days": 0}, "planned"),
     ({"planned_days": 31}, "planned_long")],
)
def test_it_needs_kind_basis_and_length(case, actors, lead, words, code):
    with pytest.raises(DomainError) as refused:
        ask(case, lead, **words)
    assert refused.value.code == code


def test_nobody_approves_what_they_start(case, factory, actors):
    asked = ask(case, actors.chief)
    with pytest.raises(DomainError) as refused:
        approve_special(asked.pk, by=actors.chief)
    assert refused.value.message == "特别程序不能由发起人自己批准，请由另一位首席代表批准。"
    asked_of = case_waiting([factories.fresh(case)])[case.pk]
    assert (asked_of.role, asked_of.person) == (f"{case.lead.label}首席代表", str(actors.second_chief))
    actors.second_chief.memberships.update(until=timing.today() - dt.timedelta(days=1))
    alone = case_waiting([factories.fresh(case)])[case.pk]
    assert (alone.role, alone.person) == (f"{case.lead.label}首席代表（提出人除外）", "")
    actors.second_chief.memberships.update(until=None)
    assert (factories.fresh(case).state, factories.fresh(asked).state) == (CaseState.IN_REVIEW, "requested")
    assert approve_special(asked.pk, by=actors.second_chief).state == CaseState.SUSPENDED
    holds(factory)


def test_what_is_not_approved_stops_nothing_and_says_why(case, factory, actors, lead):
    asked = ask(case, lead)
    with pytest.raises(DomainError) as wordless:
        refuse_special(asked.pk, by=actors.chief, reason=" ")
    assert wordless.value.code == "reason"
    check_step(
        factory, lambda by: refuse_special(asked.pk, by=by, reason="资料足以判断"), right=actors.chief, wrong=lead,
        reason="特别程序由牵头部门行政审批局的首席代表批准。", second="answered", told=[("special.refused", None)],
    )
    assert (factories.fresh(case).state, factories.fresh(asked).answer) == (CaseState.IN_REVIEW, "资料足以判断")


def test_it_ends_only_with_its_result_document(case, actors, lead):
    start(case, lead, actors.chief)
    with pytest.raises(DomainError) as refused:
        end_special(case.pk, by=lead, result="专家组同意")
    assert refused.value.code == "result_document"


def test_past_its_own_limit_it_stays_red_and_does_not_resume(case, actors, lead, clock):
    start(case, lead, actors.chief)
    clock.to(dt.datetime(2026, 11, 20, 9, 0))
    case = factories.fresh(case)
    assert case.state == CaseState.SUSPENDED
    assert clocks.read_clock(case.special_clock).light == "red"


def both(case, user):
    """What the waiting sentence and the head of the page say of the pauses of a case."""
    page = case_page(factories.fresh(case), user)
    return page.waiting.what.removeprefix(f"“{case.matter.name}”"), page.also


def test_two_pauses_overlap_and_count_once(case, factory, actors, lead, clock):
    """Appendix D: when one of two open pauses closes the state is that of the other; at the last it is the first's."""
    notice_faults(case.pk, faults=[FAULT], by=lead, kind="correction")
    clock.to(dt.datetime(2026, 11, 4, 9, 0))
    start(case, lead, actors.chief)
    assert factories.fresh(case).state == CaseState.SUSPENDED
    assert both(case, actors.chief) == (f"的 1 项问题，同时等{case.lead.label}完成专家评审", "待补正")
    clock.to(dt.datetime(2026, 11, 6, 9, 0))
    issue = IssueItem.objects.get(project=factory, kind="correction")
    answer_fault(issue.pk, answer="已上传", by=actors.owner)
    assert both(case, actors.chief) == ("的专家评审，同时等建设单位交回补正材料", "待补正")
    return_corrected(case.application_id, by=actors.owner)
    assert factories.fresh(case).state == CaseState.SUSPENDED
    assert both(case, actors.chief) == ("的专家评审", "")
    clock.to(dt.datetime(2026, 11, 10, 9, 0))
    special_end(case, lead)
    case = factories.fresh(case)
    assert (case.state, case.state_before_pause) == (CaseState.IN_REVIEW, "")
    # accepted and paused Nov 2; union until Nov 10; limit 2: Nov 11, 12
    assert case.due_on == dt.date(2026, 11, 12)
    holds(factory)


def test_the_other_way_round(case, factory, actors, lead, clock):
    start(case, lead, actors.chief)
    notice_faults(case.pk, faults=[FAULT], by=lead, kind="correction")
    assert factories.fresh(case).state == CaseState.CORRECTING
    assert both(case, actors.chief) == (f"的 1 项问题，同时等{case.lead.label}完成专家评审", "特别程序(时限暂停)")
    special_end(case, lead)
    assert factories.fresh(case).state == CaseState.CORRECTING
    answer_fault(IssueItem.objects.get(project=factory, kind="correction").pk, answer="已上传", by=actors.owner)
    return_corrected(case.application_id, by=actors.owner)
    assert factories.fresh(case).state == CaseState.IN_REVIEW
    holds(factory)


def test_a_second_one_of_its_kind_is_marked(case, factory, actors, lead):
    start(case, lead, actors.chief)
    special_end(case, lead)
    assert special_words(case)[-1] == "本办件已用过专家评审；同类再次启动会报中心主任。"
    again = ask(case, lead)
    assert procedure_words(again)[-1] == "同类特别程序再次启动，批准后报中心主任。"
    approve_special(again.pk, by=actors.chief)
    marks = [event.data["again"] for event in factory.events.filter(kind="case.special_started").order_by("seq")]
    assert marks == [False, True]
