"""Appendix D: every state of a case is reached, every step it allows is taken, and every other one is refused."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils.module_loading import import_string

from archives.models import Paper
from gaige.celery import app
from packages.models import MatterCase, Withdrawal
from packages.queries import case_waiting
from packages.services import decision, delivering, ending, extending, intake, review, revoking, special, withdrawing
from packages.services.correction import answer_fault, notice_faults, return_corrected
from packages.states import CASE_OPEN, CaseState
from projects import timing
from projects.clocks import read_clock
from projects.errors import DomainError
from projects.events import lock_project
from projects.models import Event, IssueItem
from projects.services.issues import raise_issue
from projects.states import Role
from projects.status_codes import StatusCode, check_status_sequence
from tests import factories

CODE = "util-joint"
FAULT = {"what": "总图缺坐标", "basis": "指南第 2 条", "how_to_fix": "在总图上标出四角坐标"}
ASKED = {"ask_to_withdraw", "withdraw"}
#: State -> the steps that it allows; a correction is open with time left, or its time is over.
TABLE = {
    "draft": {"receive"},
    "received": {"accept", "complete", "not_take", "refuse", *ASKED},
    "completing": {"give_back", *ASKED},
    "completing_late": {"give_back", "not_take", "refuse", *ASKED},
    "accepted": {"open_review", "extend", *ASKED},
    "in_review": {"correct", "ask_special", "extend", "grant", "fail", "recall", *ASKED},
    "correcting": {"give_back", "ask_special", "extend", *ASKED},
    "correcting_late": {"give_back", "ask_special", "extend", "recall", "late_recall", "late_fail", *ASKED},
    "suspended": {"correct", "end_special", "extend", *ASKED},
    "decided_pass": {"deliver", "revoke"},
    "decided_pass_deferred": {"deliver", "revoke"},
    "decided_fail": {"revoke"},
    "not_taken": set(), "refused_intake": set(), "withdrawn": set(), "recalled": set(), "revoked": set(),
}
#: Step -> the papers that it leaves; what only asks for something leaves none.
PAPERS = {
    "receive": ["receipt"], "accept": ["acceptance_notice"], "complete": ["completion_notice"],
    "correct": ["correction_notice"], "give_back": ["correction_receipt"], "not_take": ["not_taken", "return_receipt"],
    "refuse": ["refused_intake", "return_receipt"], "withdraw": ["withdrawal"], "recall": ["recall"],
    "late_recall": ["recall"], "fail": ["refusal"], "late_fail": ["refusal"], "grant": ["certificate"],
    "deliver": ["collection_receipt"], "revoke": ["revocation"],
}


@pytest.fixture(autouse=True)
def alone(factory, actors):
    """What stands before the matter is granted, so that it can be as well."""
    factories.pass_matter(factory, "project-code", actors)


class Walk:
    """The steps on one case, each by whom it belongs to; what was told by events on the way."""

    def __init__(self, actors):
        self.actors, self.codes, self.states = actors, set(), set()
        self.lead = factories.official("approval-bureau", Role.REVIEWER)
        self.chief = factories.official("approval-bureau", Role.CHIEF)

    def steps(self, case):
        pk, clerk, owner = case.pk, self.actors.clerk, self.actors.owner
        why = {"reason": "方案调整"}
        return {
            "receive": lambda: intake.submit_application(case.application_id, by=owner),
            "accept": lambda: intake.accept_case(pk, by=clerk),
            "complete": lambda: notice_faults(pk, faults=[FAULT], by=clerk, reason_code="new_material"),
            "correct": lambda: notice_faults(
                pk, faults=[FAULT], by=self.lead, kind="correction", reason_code="new_material"
            ),
            "give_back": lambda: self.give_back(case),
            "not_take": lambda: ending.refuse_intake(pk, by=clerk, basis="第 32 条", not_ours=True, **why),
            "refuse": lambda: ending.refuse_intake(pk, by=clerk, basis="第 32 条", **why),
            "ask_to_withdraw": lambda: withdrawing.request_withdrawal(pk, by=owner, **why),
            "withdraw": lambda: intake.withdraw_case(pk, by=clerk, uploaded=factories.pdf(), **why),
            "open_review": lambda: review.open_joint_review(pk),
            "ask_special": lambda: special.request_special(
                pk, by=self.lead, kind="expert", basis="评审办法第 6 条", planned_days=5
            ),
            "end_special": lambda: factories.resume(case, by=self.lead),
            "extend": lambda: extending.request_extension(pk, by=self.lead, days=5, reason="等待上级批复"),
            "grant": lambda: decision.decide_case(pk, by=self.chief, outcome="pass"),
            "fail": lambda: decision.decide_case(pk, by=self.chief, outcome="fail", note="不符合规划条件"),
            "recall": lambda: ending.recall_case(pk, by=self.chief, **why),
            "late_recall": lambda: ending.close_overdue(pk, by=self.chief, choice="recall", **why),
            "late_fail": lambda: ending.close_overdue(pk, by=self.chief, choice="fail", **why),
            "deliver": lambda: delivering.deliver_case(pk, by=clerk, way="window", receiver="郭建国"),
            "revoke": lambda: revoking.revoke_case(
                pk, by=self.actors.chief, reason="以欺骗手段取得", basis="第 69 条", is_heard=True
            ),
        }

    def give_back(self, case):
        for issue in IssueItem.objects.filter(subject_key=str(case.pk), kind="correction", state="open"):
            answer_fault(issue.pk, answer="已标坐标", by=self.actors.owner)
        return return_corrected(case.application_id, by=self.actors.owner)

    def take(self, case, name):
        """Take a step; return whether it did something, and what it was refused with."""
        before = Event.objects.count()
        try:
            with transaction.atomic():
                self.steps(factories.fresh(case))[name]()
        except DomainError as error:
            assert Event.objects.count() == before
            return False, error.message
        return Event.objects.count() > before, ""

    def check_papers(self, step, left):
        """Each step leaves its numbered paper, in two layers: three plain lines, then the legal text."""
        assert (step, sorted(left.values_list("kind", flat=True))) == (step, PAPERS.get(step, []))
        for paper in left:
            gist = paper.content["gist"]
            assert all([paper.number, gist["what"], gist["do"], gist["when"], paper.content["paragraphs"]]), paper.kind

    def check(self, case, name):
        """Every step of the state is taken, every other is refused with a sentence; nothing of it stays."""
        case = factories.fresh(case)
        assert name.startswith(("completing", "correcting")) or case.state == name
        self.states.add(case.state)
        waits = case_waiting([case]).get(case.pk)
        assert (waits is not None and waits.sentence.endswith("。")) == (case.state in CASE_OPEN), name
        told = subject_codes(case)
        assert not told or check_status_sequence(told) == []
        self.codes |= set(told)
        done = set()
        for step in self.steps(case):
            with kept_for_now():
                last = Paper.objects.order_by("pk").values_list("pk", flat=True).last() or 0
                acted, words = self.take(case, step)
                if acted:
                    done.add(step)
                    self.check_papers(step, Paper.objects.filter(pk__gt=last))
                    after = subject_codes(case)
                    assert not after or check_status_sequence(after) == []
                    self.codes |= set(after)
                else:
                    assert words == "" or words.endswith("。"), (name, step, words)
        assert (name, done) == (name, TABLE[name])


class kept_for_now(transaction.Atomic):
    """A branch of the walk: what happens inside is undone."""

    def __init__(self):
        super().__init__(None, savepoint=True, durable=False)

    def __exit__(self, exc_type, exc_value, traceback):
        if exc_type is None:
            transaction.set_rollback(True)
        return super().__exit__(exc_type, exc_value, traceback)


def subject_codes(case):
    rows = Event.objects.filter(subject_type="packages.MatterCase", subject_key=str(case.pk)).order_by("pk")
    return [code for code in rows.values_list("status_code", flat=True) if code]


@pytest.mark.slow
def test_every_state_is_reached_and_every_other_step_refused(factory, actors, clock):
    walk = Walk(actors)
    application = factories.open_application(factory, [CODE], actors)
    factories.complete(application, actors.clerk)
    case = factories.make_case(factory, CODE)
    walk.check(case, "draft")
    walk.take(case, "receive")
    walk.check(case, "received")
    for step, state in (("not_take", "not_taken"), ("refuse", "refused_intake"), ("withdraw", "withdrawn")):
        with kept_for_now():
            walk.take(case, step)
            walk.check(case, state)
    with kept_for_now():
        walk.take(case, "complete")
        walk.check(case, "completing")
        clock.to(dt.datetime(2026, 11, 20, 9, 0))
        walk.check(case, "completing_late")
    clock.to(dt.datetime(2026, 11, 2, 9, 30))
    walk.take(case, "accept")
    walk.check(case, "accepted")
    walk.take(case, "open_review")
    factories.answer_all(case)
    factories.merge(factories.fresh(case))
    walk.check(case, "in_review")
    for step, state in (("grant", "decided_pass"), ("fail", "decided_fail"), ("recall", "recalled")):
        with kept_for_now():
            walk.take(case, step)
            walk.check(case, state)
            if step == "grant":
                walk.take(case, "revoke")
                walk.check(case, "revoked")
    with kept_for_now():
        with transaction.atomic():
            raise_issue(
                lock_project(factory.pk), kind="deferral", subject=case, what="委托书", basis="容缺受理",
                how_to_fix="补交委托书", debtor=factory.owner, by=actors.clerk, raised_for=case.lead,
            )
        walk.take(case, "grant")
        walk.check(case, "decided_pass_deferred")
    with kept_for_now():
        walk.take(case, "correct")
        walk.check(case, "correcting")
        clock.to(dt.datetime(2026, 11, 20, 9, 0))
        walk.check(case, "correcting_late")
    clock.to(dt.datetime(2026, 11, 2, 9, 30))
    with kept_for_now():
        factories.pause(case)
        walk.check(case, "suspended")
    assert walk.states == set(CaseState)
    assert walk.codes == set(StatusCode)


@pytest.mark.slow
def test_no_job_ends_a_case_against_the_applicant(factory, actors, clock):
    """PIPL 24: however long a case has waited, a job may accept it or remind of it, never end it against the applicant."""
    walk = Walk(actors)
    factories.complete(factories.open_application(factory, [CODE], actors), actors.clerk)
    case = factories.make_case(factory, CODE)
    begun = timing.now()
    jobs = [one["task"] for one in app.conf.beat_schedule.values() if one["task"].startswith(("packages.", "acceptance."))]

    def a_year_passes(*expected):
        clock.to(dt.datetime(2027, 11, 2, 9, 0))
        for name in jobs:
            import_string(name)()
        assert factories.fresh(case).state in expected
        clock.to(begun)

    walk.take(case, "receive")
    with kept_for_now():
        a_year_passes("accepted", "in_review")  # 行政许可法 32: silence accepts
    with kept_for_now():
        walk.take(case, "complete")
        a_year_passes("correcting")
    walk.take(case, "accept")
    walk.take(case, "open_review")
    with kept_for_now():
        walk.take(case, "correct")
        a_year_passes("correcting")
    a_year_passes("in_review")


def test_a_correction_that_never_came_ends_by_choice_with_both_events_in_pairs(factory, actors, clock):
    case = factories.in_review(factory, CODE, actors)
    walk = Walk(actors)
    walk.take(case, "correct")
    with pytest.raises(DomainError) as early:
        ending.close_overdue(case.pk, by=walk.chief, choice="fail", reason="逾期未补正")
    assert (early.value.code, early.value.message) == (
        "correction_runs", f"“{case.matter.name}”的补正期限到2026年11月16日，期满未交回才能这样处理。"
    )
    clock.to(dt.datetime(2026, 11, 17, 9, 0))
    done = ending.close_overdue(case.pk, by=walk.chief, choice="fail", reason="逾期未补正")
    assert (done.state, done.decision_note) == (CaseState.FAILED, "逾期未补正")
    assert subject_codes(case) == [1, 3, 8, 6, 7, 13]
    assert factory.papers.filter(subject_key=str(case.pk), kind="refusal").count() == 1
    assert factories.make_case(factory, CODE).state == CaseState.DRAFT


def test_a_decision_waits_for_open_pauses_and_for_the_owners_wish(factory, actors):
    case = factories.in_review(factory, CODE, actors)
    factories.answer_all(case)
    factories.merge(case)
    walk = Walk(actors)
    with kept_for_now():
        factories.pause(case)
        acted, words = walk.take(case, "grant")
        assert (acted, words) == (
            False, f"“{case.matter.name}”现在是“特别程序(时限暂停)”，不能作出决定。请刷新页面，按最新状态办理。"
        )
    walk.take(case, "ask_to_withdraw")
    acted, words = walk.take(case, "grant")
    assert (acted, words) == (False, f"建设单位已申请“{case.matter.name}”撤件，请先答复撤件申请，再作出决定。")
    row = Withdrawal.objects.get(case=case)
    withdrawing.answer_withdrawal(row.pk, by=walk.lead, granted=False, note="决定已拟好，明日送达")
    assert walk.take(case, "grant") == (True, "")
    assert MatterCase.objects.get(pk=case.pk).state == CaseState.PASSED
    assert read_clock(factories.fresh(case).promised_clock, timing.today()).ended
