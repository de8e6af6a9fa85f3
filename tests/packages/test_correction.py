"""一次告知: one notice tells everything that is wrong and how to fix it; the clock rests until it is answered."""

import datetime as dt

import pytest

from agency.subjects import subject_of
from archives.models import IssueEvidence, Paper
from packages.case_data import reason_name
from packages.same_faults import kind_word
from packages.screens.case import acts_for
from packages.services.correction import answer_fault, notice_faults, notices_of, return_corrected
from packages.services.intake import accept_case
from packages.services.review import give_opinion
from packages.states import CaseState
from packages.wording import vague_words
from projects import clocks, timing
from projects.errors import DomainError, NotAllowed
from projects.models import IssueItem
from projects.states import IssueKind, IssueState, Role
from tests import factories
from tests.packages.steps import Log, check_step, holds

FAULTS = [
    {"what": "申请表第 2 页未盖章", "basis": "办事指南第 3 条", "how_to_fix": "在第 2 页申请人处加盖公章后重新上传"},
    {"what": "总平面图缺少比例尺", "basis": "制图标准 GB/T 50103", "how_to_fix": "在图签中标注比例尺"},
]


@pytest.fixture
def case(kept_receipt, clock):
    """The joint connection to water, power and gas, handed in and not accepted."""
    return kept_receipt


def issues(project):
    return list(IssueItem.objects.filter(project=project, kind=IssueKind.CORRECTION).order_by("pk"))


def test_one_notice_tells_all_faults_and_stops_the_clock(project, case, actors, clock):
    clock.to(dt.datetime(2026, 11, 4, 15, 0))
    check_step(
        project, lambda by: notice_faults(case.pk, faults=FAULTS, by=by), right=actors.clerk, wrong=actors.owner,
        reason="补全告知由窗口出具，您的岗位不办理。", rule_code="can_notice", second="notice_open",
        told=[("case.correction_started", 6), ("issue.raised", None), ("issue.raised", None), ("paper.issued", None)],
    )
    case = factories.fresh(case)
    assert (case.state, case.state_before_pause, case.due_on) == (CaseState.CORRECTING, CaseState.RECEIVED, None)
    assert case.intake_clock.state == "paused"
    assert [(i.what, i.basis, i.how_to_fix, i.due_on, i.batch) for i in issues(project)] == [
        (f["what"], f["basis"], f["how_to_fix"], dt.date(2026, 11, 18), 1) for f in FAULTS
    ]
    assert list(project.events.filter(kind="issue.raised").order_by("seq").values_list("summary", flat=True)) == [
        f"补全：{fault['what']}" for fault in FAULTS
    ]
    assert subject_of(issues(project)[0].clock).what == "补全“申请表第 2 页未盖章”"
    days = clocks.explain(case.intake_clock, clock.moment + dt.timedelta(days=1)).days
    assert [day.reason for day in days if day.day == dt.date(2026, 11, 5)] == ["暂停：补全"]
    paper = Paper.objects.get(project=project, kind="completion_notice")
    assert paper.content["table"]["rows"] == [
        [str(n), f["what"], f["basis"], f["how_to_fix"]] for n, f in enumerate(FAULTS, start=1)
    ]


def test_from_the_case_one_gets_to_where_the_answers_are_handed_in(case, actors, clock):
    notice_faults(case.pk, faults=FAULTS, by=actors.clerk)
    case = factories.fresh(case)
    seen = {who: [(act.label, act.key, bool(act.verdict)) for act in acts_for(case, getattr(actors, who))]
            for who in ("owner", "clerk")}
    assert seen["owner"] == [("答复并交回", "F2", True), ("申请撤件", "", True)]
    assert seen["clerk"] == [
        ("答复并交回", "F2", True), ("撤件", "W", True), ("不予受理", "F4", False), ("部门撤回", "", False),
    ]
    until = issues(case.project)[0].clock.due_on
    for days, said in ((0, f"补全期限到{timing.spoken(until)}，期满未交回才能办理。"), (1, "")):
        clock.to(timing.start_of_day(until) + dt.timedelta(days=days, hours=9))
        [told] = [act.verdict.reason for act in acts_for(case, actors.clerk) if act.label == "不予受理"]
        assert told == said


def test_several_cases_get_one_notice_each_with_its_own_faults(project, actors):
    first, second = factories.received(project, ["util-joint", "plan-permit"], actors)
    faults = [dict(FAULTS[0], case_id=first.pk), FAULTS[1]]
    notice_faults([first.pk, second.pk], faults=faults, by=actors.clerk)
    assert [(i.subject_key, i.what) for i in issues(project)] == [
        (str(first.pk), FAULTS[0]["what"]), (str(first.pk), FAULTS[1]["what"]), (str(second.pk), FAULTS[1]["what"]),
    ]
    assert Paper.objects.filter(project=project, kind="completion_notice").count() == 1


@pytest.mark.parametrize(
    ("faults", "code"),
    [([], "no_faults"), ([{"what": "缺章", "basis": "", "how_to_fix": "盖章"}], "fault_unclear")],
)
def test_a_notice_without_what_by_which_rule_and_how_is_refused(project, case, actors, faults, code):
    with pytest.raises(DomainError) as refused:
        notice_faults(case.pk, faults=faults, by=actors.clerk)
    assert refused.value.code == code
    assert factories.fresh(case).state == CaseState.RECEIVED


def test_after_the_five_days_the_law_has_accepted_and_no_notice_is_possible(project, case, actors, clock):
    clock.to(dt.datetime(2026, 11, 10, 9, 0))
    with pytest.raises(DomainError) as refused:
        notice_faults(case.pk, faults=FAULTS, by=actors.clerk)
    assert refused.value.code == "intake_over"
    assert refused.value.message.endswith(f"不能再告知补全；请按受理办理，受理后发现的问题由{case.lead.label}告知补正。")


def test_the_answers_go_back_at_once_and_the_clock_runs_on(project, case, actors, clock):
    clock.to(dt.datetime(2026, 11, 4, 15, 0))
    notice_faults(case.pk, faults=FAULTS, by=actors.clerk)
    clock.to(dt.datetime(2026, 11, 9, 10, 0))
    first, second = issues(project)
    check_step(
        project,
        lambda by: answer_fault(first.pk, answer="已加盖公章", by=by, uploaded=factories.pdf("盖章.pdf", "章")),
        right=actors.owner, wrong=actors.chief, reason="补正由建设单位、项目的代办人员或窗口答复，您的岗位不办理。",
        told=[("document.filed", None), ("issue.answered", None)],
    )
    assert IssueEvidence.objects.get(issue=first).version.file_name == "盖章.pdf"
    with pytest.raises(DomainError) as refused:
        return_corrected(case.application_id, by=actors.owner)
    assert refused.value.message == f"还有 1 处问题没有答复：{second.what}。全部答复后再交回。"
    answer_fault(second.pk, answer="已标注 1:500", by=actors.owner)
    check_step(
        project, lambda by: return_corrected(case.application_id, by=by), right=actors.owner, wrong=actors.chief,
        reason="申报由建设单位、项目的代办人员或窗口办理，您的岗位不办理。", told=[("case.correction_ended", 7), ("paper.issued", None)],
    )
    case = factories.fresh(case)
    assert (case.state, case.state_before_pause) == (CaseState.RECEIVED, "")
    # used Nov 3, 4; paused Nov 5, 6, 9; three left: Nov 10, 11, 12
    assert case.due_on == dt.date(2026, 11, 12)
    accept_case(case.pk, by=actors.clerk)
    assert [issue.state for issue in issues(project)] == [IssueState.VERIFIED] * 2
    assert [kind_word(issue, factories.fresh(case)) for issue in issues(project)] == ["补全"] * 2
    holds(project)


def test_a_second_notice_needs_a_reason_that_stands_in_the_log(project, case, actors):
    notice_faults(case.pk, faults=FAULTS[:1], by=actors.clerk)
    answer_fault(issues(project)[0].pk, answer="已盖章", by=actors.owner)
    return_corrected(case.application_id, by=actors.owner)
    with pytest.raises(DomainError) as refused:
        notice_faults(case.pk, faults=FAULTS[1:], by=actors.clerk)
    assert refused.value.code == "second_notice"
    with pytest.raises(DomainError) as unknown:
        notice_faults(case.pk, faults=FAULTS[1:], by=actors.clerk, reason_code="mood")
    assert unknown.value.code == "reason_code"
    notice_faults(case.pk, faults=FAULTS[1:], by=actors.clerk, reason_code="first_omission")
    assert notices_of(case) == 2
    told = project.events.filter(kind="case.correction_started").order_by("-seq").first()
    assert (told.data["reason_code"], told.data["batch"]) == ("first_omission", 2)
    first, second = Paper.objects.filter(project=project, kind="completion_notice").order_by("pk")
    assert first.content["paragraphs"] == ["经审查，你单位提交的申报材料需要补全，现一次告知全部内容如下。"]
    assert second.content["paragraphs"] == [
        f"“{case.matter.name}”此前已经一次性告知，这是第 2 次告知，理由：{reason_name('first_omission')}。",
        *first.content["paragraphs"],
    ]
    assert second.content["gist"]["when"].endswith("前交回；补全期间不计入审批时限")


@pytest.mark.slow
def test_a_correction_after_acceptance_is_the_departments_and_stops_its_tasks_too(factory, actors, clock):
    case = factories.in_review(factory, "plan-permit", actors)
    lead = factories.official("natural-resources", Role.REVIEWER)
    clock.to(dt.datetime(2026, 11, 3, 9, 0))
    check_step(
        factory, lambda by: notice_faults(case.pk, faults=FAULTS, by=by, kind="correction"), right=lead,
        wrong=actors.clerk, reason="受理后的补正告知由牵头部门自然资源局出具。", second="notice_open",
        told=[("case.correction_started", 6), ("issue.raised", None), ("issue.raised", None), ("paper.issued", None)],
    )
    task = case.sessions.get().tasks.exclude(role="lead").order_by("pk").first()
    assert task.clock.state == "paused"
    assert Paper.objects.get(project=factory, kind="correction_notice").issuer.code == "natural-resources"
    clock.to(dt.datetime(2026, 11, 6, 9, 0))
    for issue in issues(factory):
        answer_fault(issue.pk, answer="已改", by=actors.owner)
    return_corrected(case.application_id, by=actors.owner)
    case, task = factories.fresh(case), factories.fresh(task)
    assert (case.state, case.promised_clock.state) == (CaseState.IN_REVIEW, "running")
    # accepted Nov 2, limit 3; used Nov 3; paused Nov 4-6; two left: Nov 9, 10
    assert case.due_on == dt.date(2026, 11, 10)
    assert task.due_on == task.clock.due_on == dt.date(2026, 11, 3)
    assert clocks.time_ledger(case.promised_clock) == {
        "government": 1, "applicant": 3, "special": 0, "intermediary": 0,
    }
    give_opinion(task.pk, by=factories.official(task.organisation.code, Role.REVIEWER), verdict="agree", reason="可行")
    holds(factory)


def test_a_completion_is_for_received_cases_and_a_correction_for_accepted_ones(project, case, actors):
    with pytest.raises(DomainError) as refused:
        notice_faults(case.pk, faults=FAULTS, by=actors.clerk, kind="correction")
    assert refused.value.code == "case_state"
    with pytest.raises(NotAllowed):
        notice_faults(case.pk, faults=FAULTS, by=actors.director)
    log = Log(project)
    assert return_corrected(case.application_id, by=actors.owner).pk == case.application_id
    assert log.told() == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("请完善申请表等材料", ["等", "完善"]),
        ("按要求补充相关资料", ["按要求", "相关"]),
        ("图纸不规范", ["规范"]),
        ("申请表第 2 页未盖章，盖章后重传", []),
        ("消防等级应为二级，见《建筑设计防火规范》第 3.1 条", []),
    ],
)
def test_vague_words_are_named(text, words):
    assert vague_words(text) == words
