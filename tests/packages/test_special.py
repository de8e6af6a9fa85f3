"""行政许可法 45: a special procedure stops the clock, approved by somebody else, with a limit of its own."""

import datetime as dt

import pytest

from archives.models import Paper
from packages.services.correction import answer_fault, notice_faults, return_corrected
from packages.services.special import end_special, start_special
from packages.states import CaseState
from projects import clocks
from projects.errors import DomainError
from projects.models import IssueItem
from projects.states import Role
from tests import factories
from tests.packages.steps import check_step, holds

FAULT = {"what": "缺勘察报告", "basis": "指南第 5 条", "how_to_fix": "上传勘察报告"}


@pytest.fixture
def case(factory, actors):
    return factories.in_review(factory, "util-joint", actors)


@pytest.fixture
def lead():
    return factories.official("approval-bureau", Role.REVIEWER)


def start(case, by, approver, **words):
    given = {"kind": "expert", "basis": "专家评审管理办法第 6 条", "planned_days": 5, **words}
    return start_special(case.pk, by=by, approver=approver, **given)


def special_end(case, by):
    return end_special(case.pk, by=by, result="专家组同意")


def test_it_stops_every_clock_and_tells_the_applicant(case, factory, actors, lead, clock):
    clock.to(dt.datetime(2026, 11, 3, 10, 0))
    check_step(
        factory, lambda by: start(case, by, actors.chief), right=lead, wrong=actors.clerk,
        reason="特别程序由牵头部门行政审批局发起。", rule_code="can_start_special", second="case_state",
        told=[("case.special_started", 9), ("paper.issued", None)],
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

    clock.to(dt.datetime(2026, 11, 6, 10, 0))
    check_step(
        factory, lambda by: special_end(case, by), right=lead, wrong=actors.owner,
        reason="特别程序由牵头部门行政审批局结束。", second="case_state", told=[("case.special_ended", 10)],
    )
    case = factories.fresh(case)
    assert (case.state, case.special_kind, case.special_clock.state) == (CaseState.IN_REVIEW, "", "stopped")
    # accepted Nov 2, limit 2; used Nov 3; paused Nov 4-6; one left: Nov 9
    assert case.due_on == dt.date(2026, 11, 9)
    assert clocks.time_ledger(case.promised_clock)["special"] == 3


@pytest.mark.parametrize(
    ("words", "code"),
    [({"kind": "lunch"}, "special_kind"), ({"basis": " "}, "basis"), ({"planned_days": 0}, "planned")],
)
def test_it_needs_kind_basis_and_length(case, actors, lead, words, code):
    with pytest.raises(DomainError) as refused:
        start(case, lead, actors.chief, **words)
    assert refused.value.code == code


def test_nobody_approves_what_they_start(case, actors, lead):
    for starter, approver in ((actors.chief, actors.chief), (lead, actors.clerk), (lead, actors.outsider)):
        with pytest.raises(DomainError) as refused:
            start(case, starter, approver)
        assert refused.value.code == "approver"
    assert start(case, actors.chief, actors.second_chief).state == CaseState.SUSPENDED


def test_past_its_own_limit_it_stays_red_and_does_not_resume(case, actors, lead, clock):
    start(case, lead, actors.chief)
    clock.to(dt.datetime(2026, 11, 20, 9, 0))
    case = factories.fresh(case)
    assert case.state == CaseState.SUSPENDED
    assert clocks.read_clock(case.special_clock).light == "red"


def test_two_pauses_overlap_and_count_once(case, factory, actors, lead, clock):
    """Appendix D: when one of two open pauses closes the state is that of the other; at the last it is the first's."""
    notice_faults(case.pk, faults=[FAULT], by=lead, kind="correction")
    clock.to(dt.datetime(2026, 11, 4, 9, 0))
    start(case, lead, actors.chief)
    assert factories.fresh(case).state == CaseState.SUSPENDED
    clock.to(dt.datetime(2026, 11, 6, 9, 0))
    issue = IssueItem.objects.get(project=factory, kind="correction")
    answer_fault(issue.pk, answer="已上传", by=actors.owner)
    return_corrected(case.application_id, by=actors.owner)
    assert factories.fresh(case).state == CaseState.SUSPENDED
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
    special_end(case, lead)
    assert factories.fresh(case).state == CaseState.CORRECTING
    answer_fault(IssueItem.objects.get(project=factory, kind="correction").pk, answer="已上传", by=actors.owner)
    return_corrected(case.application_id, by=actors.owner)
    assert factories.fresh(case).state == CaseState.IN_REVIEW
    holds(factory)


def test_a_second_one_of_its_kind_is_marked(case, factory, actors, lead):
    start(case, lead, actors.chief)
    special_end(case, lead)
    start(case, lead, actors.chief)
    marks = [event.data["again"] for event in factory.events.filter(kind="case.special_started").order_by("seq")]
    assert marks == [False, True]
