"""联合验收: one application, one visit, one list, one re-check, one conclusion; every case is decided by it (handbook §8)."""

import datetime as dt

import pytest
from django.urls import reverse

from acceptance import rules
from acceptance.models import AcceptanceApplication, AcceptanceItem
from acceptance.providers import awaited, debts
from acceptance.services import application, conclusion, items, visits
from archives.models import Document, Paper
from packages.debts import debts as offered
from packages.models import MatterCase
from packages.services import paperwork
from projects import clocks, timing
from projects.errors import ALLOWED, DomainError, NotAllowed, Verdict
from projects.events import fold, verify_chain
from projects.models import Event, IssueItem, WorkUnit
from projects.states import Role
from tests import factories
from tests.acceptance.conftest import FAULT, MORNING, Walk
from tests.packages.steps import rows_of

AFTER = ("completion-record", "house-register", "digital-archive")
JOINT = ["plan-verify", "land-verify", "quality-accept", "fire-record", "archive-accept", "joint-accept"]


def from_there(step, *rest):
    """A row of a table of tests that begin before a step of the walk."""
    return pytest.param(step, *rest, marks=pytest.mark.laid(f"until_{step}"), id=step)


def states(project):
    found = MatterCase.objects.filter(project=project, matter__matter__code__in=[*JOINT, *AFTER])
    return dict(found.order_by("pk").values_list("matter__matter__code", "state"))


def told(project, since):
    rows = Event.objects.filter(project=project, seq__gt=since).order_by("seq")
    return list(rows.values_list("kind", "status_code"))


def last(project):
    return Event.objects.filter(project=project).count()


def is_applied_for(walk):
    """The lead and the twelve items, with the cases that they stand for."""
    walk.apply()
    assert (walk.acceptance.state, walk.lead, walk.acceptance.round) == ("applied", "housing", 1)
    assert {i.number: (i.state, i.case and i.case.matter.matter.code) for i in walk.acceptance.items.all()} == {
        1: ("pending", "plan-verify"), 2: ("pending", "land-verify"), 3: ("pending", "quality-accept"),
        4: ("pending", "fire-record"), 5: ("not_involved", None), 6: ("not_involved", None), 7: ("not_involved", None),
        8: ("pending", "archive-accept"), 9: ("not_involved", None), 10: ("not_involved", None),
        11: ("not_involved", None), 12: ("pending", "completion-record"),
    }


def is_passed(project, walk):
    """The clock, the cases and the one opinion after the conclusion."""
    acceptance = walk.acceptance
    reading = clocks.read_clock(acceptance.clock)
    assert (acceptance.state, reading.used, reading.paused_days, reading.overdue) == ("passed", 2, 2, False)
    assert states(project) == dict.fromkeys(JOINT, "decided_pass") | dict.fromkeys(AFTER, "draft")
    cases = MatterCase.objects.filter(project=project, matter__matter__code__in=JOINT)
    assert {(case.used_days, case.is_overdue == (case.promised_days < 2)) for case in cases} == {(2, True)}
    assert walk.item(12).state == "pending"
    assert Paper.objects.filter(project=project, kind="site_list").count() == 1
    paper = Paper.objects.get(project=project, kind="conclusion")
    assert (paper.title, paper.document.kind.slug, paper.content["tables"][0]["rows"][3]) == (
        "竣工联合验收意见书", "joint-accept", ["4", "消防验收或消防验收备案", "住建局", "复核合格", ""]
    )
    assert Document.objects.filter(project=project, kind__slug="joint-accept").count() == 1


@pytest.mark.slow
def test_a_project_walks_through_its_joint_acceptance_to_delivery(actors, clock):
    project = factories.enrolled_project(actors, "S3")
    earlier = MatterCase.objects.filter(project=project).exclude(matter__matter__code__in=[*JOINT, *AFTER])
    for code in earlier.order_by("package_row__order").values_list("matter__matter__code", flat=True):
        factories.pass_matter(project, code, actors)
        factories.drain()
    assert factories.fresh(project).stage == "acceptance"
    walk = Walk(WorkUnit.objects.get(project=project), actors)

    is_applied_for(walk)
    walk.submit()
    walk.accept()
    factories.drain()
    assert states(project) == dict.fromkeys(JOINT, "in_review") | dict.fromkeys(AFTER, "draft")
    assert walk.acceptance.clock.limit == 4
    clock.by(days=1)
    walk.visit()
    walk.record(faulty=4)
    walk.list()
    paused = clocks.read_clock(walk.acceptance.clock)
    assert (walk.acceptance.state, paused.light, paused.used) == ("rectifying", "grey", 1)
    clock.by(days=2)
    walk.answer()
    walk.rectified()
    walk.recheck()
    clock.by(days=1)
    walk.conclude()
    factories.drain()

    is_passed(project, walk)

    for code in AFTER:
        factories.pass_matter(project, code, actors)
        factories.drain()
    item = walk.item(12)
    assert (item.state, item.note, item.checked_by) == ("passed", "已备案", None)
    assert factories.fresh(project).stage == "delivered"
    assert verify_chain(f"project:{project.pk}") is None
    rows = rows_of(factories.fresh(project))
    for model in (AcceptanceApplication, AcceptanceItem):
        rows |= {(model._meta.label, str(row.pk), "state"): row.state for row in model.objects.all()}
    assert fold(project) == rows


# Every transition: works, writes exactly this, wrong role gets the reason, a second press does nothing ----------------

OWNED = "由建设单位申请，或由窗口、代办专员代为申请。"
TABLE = [
    # step, wrong actor, the reason, what it writes, state afterwards
    ("apply", "reviewer", OWNED,
     [*["commitment.offered"] * 2, "application.opened", "acceptance.applied", *["acceptance.item_created"] * 12, *["acceptance.item_settled"] * 6], "applied"),
    ("accept", "owner", "由综合窗口受理。",
     [*["case.accepted", "paper.issued"] * 6, "acceptance.accepted"], "doc_review"),
    ("visit", "owner", "由牵头部门住建局或综合窗口约定。", ["acceptance.visit_arranged"], "site"),
    ("list", "chief", "由牵头部门住建局汇总。", ["paper.issued", "acceptance.list_issued"], "rectifying"),
    ("answer", "reviewer", "由建设单位答复。", ["document.filed", "issue.answered"], "rectifying"),
    ("rectified", "reviewer", "由建设单位提交复核。", ["acceptance.rectified"], "recheck"),
    ("recheck", "chief", "由住建局复核。", ["issue.verified", "acceptance.item_settled", "acceptance.rechecked"], "merging"),
    ("conclude", "reviewer", "由住建局首席代表出具结论。",
     ["acceptance.concluded", "paper.issued", *["case.review_started", "case.decided"] * 6, *["issue.raised", "commitment.performing"] * 2,
      *["paper.issued"] * 5], "passed"),
]
#: Steps that say so when they are pressed again, instead of returning what stands.
SAYS = {
    "visit": "visit_arranged", "list": "can_issue_list", "recheck": "can_recheck",
}


@pytest.mark.parametrize(("step", "wrong", "reason", "kinds", "after"), [from_there(*row) for row in TABLE])
def test_each_step_answers_the_questions(project, walk, actors, step, wrong, reason, kinds, after):
    act, again = getattr(walk, step), getattr(walk, step)
    if step == "recheck":
        item = walk.faulty()

        def again():
            return items.recheck_item(item.pk, by=factories.official("housing", Role.REVIEWER), holds=True)
    since = last(project)
    with pytest.raises(NotAllowed) as refusal:
        act(by=getattr(actors, wrong))
    assert (refusal.value.message, told(project, since)) == (reason, [])

    act()
    assert sorted(kind for kind, _ in told(project, since)) == sorted(kinds)
    assert walk.acceptance.state == after
    if step in {"accept", "conclude"}:
        codes = [code for _, code in told(project, since) if code]
        assert sorted(codes) == {"accept": [3] * 6, "conclude": [8] * 6 + [11] * 6}[step]

    since = last(project)
    if step in SAYS:
        with pytest.raises(DomainError) as refusal:
            again()
        assert refusal.value.code == SAYS[step]
    else:
        again()
    assert (told(project, since), walk.acceptance.state) == ([], after)
    assert verify_chain(f"project:{project.pk}") is None
    assert not AcceptanceApplication.objects.visible_to(actors.outsider).exists()


# Rules and refusals -------------------------------------------------------------------------------------------------


def test_a_project_in_an_earlier_stage_is_told_why_not(actors):
    project = factories.enrolled_project(actors, "S3")
    words = "项目还在谋划准备阶段，进入施工验收阶段后才能申请联合验收。"
    assert rules.can_apply(actors.owner, WorkUnit.objects.get(project=project)) == Verdict(ok=False, reason=words)


@pytest.mark.laid("until_submit")
def test_nothing_is_accepted_before_the_papers_are_handed_in(walk, actors):
    assert rules.can_accept(actors.clerk, walk.acceptance) == Verdict(
        ok=False, reason="申报材料还没有提交，提交接件后才能受理。"
    )
    with pytest.raises(NotAllowed):
        walk.accept()


@pytest.mark.laid("until_visit")
def test_the_visit_is_not_before_the_acceptance(walk, actors):
    with pytest.raises(DomainError) as refusal:
        visits.arrange_visit(walk.acceptance.pk, by=actors.clerk, planned_on=dt.date(2026, 10, 30))
    assert (refusal.value.code, refusal.value.message) == (
        "visit_before_acceptance", "现场验收日期早于受理日期，请重新选择。"
    )


@pytest.mark.parametrize(("given", "code"), [
    ({"result": "maybe"}, "unknown_result"), ({"result": "not_involved"}, "reason_missing"),
    ({"result": "fault"}, "fault_missing"), ({"result": "passed", "faults": [FAULT]}, "fault_missing"),
    ({"result": "fault", "faults": [FAULT | {"basis": " "}]}, "fault_incomplete"),
])
@pytest.mark.laid("until_record")
def test_a_result_is_complete_or_refused_and_nothing_is_kept(project, walk, given, code):
    item, since = walk.item(4), last(project)
    with pytest.raises(DomainError) as refusal:
        items.record_item(item.pk, by=factories.official("housing", Role.REVIEWER), **given)
    assert (refusal.value.code, told(project, since), walk.item(4).state) == (code, [], "pending")
    assert IssueItem.objects.filter(kind="rectification").count() == 0


@pytest.mark.laid("until_record")
def test_an_item_is_written_by_its_department_once(walk, actors):
    item = walk.item(1)
    with pytest.raises(NotAllowed) as refusal:
        items.record_item(item.pk, by=actors.reviewer, result="passed")
    assert refusal.value.message == f"由{item.organisation.label}填写。"
    items.record_item(item.pk, by=factories.official(item.organisation.code, Role.CHIEF), result="passed")
    with pytest.raises(NotAllowed) as refusal:
        items.record_item(item.pk, by=factories.official(item.organisation.code, Role.CHIEF), result="passed")
    assert refusal.value.message == "该项已填写“合格”。"


@pytest.mark.laid("until_record")
def test_the_list_waits_for_every_department(walk, actors):
    housing = factories.official("housing", Role.REVIEWER)
    names = "、".join(item.name for item in walk.open_items())
    assert rules.can_issue_list(housing, walk.acceptance) == Verdict(ok=False, reason=f"还没有填写：{names}")


@pytest.mark.laid("until_record")
def test_a_visit_without_faults_goes_straight_to_the_conclusion(project, walk):
    walk.record(faulty=0)
    walk.list()
    assert walk.acceptance.state == "merging"
    assert Paper.objects.filter(project=project, kind="site_list").count() == 0
    walk.conclude()
    assert walk.acceptance.state == "passed"


@pytest.mark.laid("until_list")
def test_the_visit_is_not_closed_for_a_day_to_come(walk):
    with pytest.raises(DomainError) as refusal:
        items.issue_list(
            walk.acceptance.pk, by=factories.official("housing", Role.REVIEWER), held_on=dt.date(2026, 11, 3), record_text="x"
        )
    assert refusal.value.code == "visit_in_future"


@pytest.mark.laid("until_answer")
def test_the_list_has_a_day_and_its_answers_are_complete(walk, actors):
    issue = walk.issue()
    assert (issue.state, issue.due_on, issue.raised_for.code, issue.debtor_organisation) == (
        "open", dt.date(2026, 11, 5), "housing", actors.owner_body
    )
    with pytest.raises(DomainError) as refusal:
        walk.rectified()
    assert (refusal.value.code, refusal.value.message) == ("unanswered", "还有 1 条没有答复：防火门闭门器损坏。")
    with pytest.raises(DomainError) as refusal:
        items.answer_rectification(issue.pk, by=actors.owner, answer=" ")
    assert refusal.value.code == "answer_missing"
    walk.answer()
    [evidence] = walk.issue().evidence.all()
    assert (evidence.version.document.title, evidence.version.file_name) == ("整改佐证：防火门闭门器损坏", "整改照片.pdf")


@pytest.mark.laid("until_recheck")
def test_there_is_one_recheck_and_what_does_not_hold_then_fails(walk):
    sound = walk.item(1)
    with pytest.raises(NotAllowed) as unasked:
        items.recheck_item(sound.pk, by=factories.official(sound.organisation.code, Role.REVIEWER), holds=True)
    assert unasked.value.message == "该项是“合格”，不需要复核。"
    with pytest.raises(DomainError) as refusal:
        walk.recheck(holds=False)
    assert (refusal.value.code, refusal.value.message) == ("reason_missing", "复核不通过要写明哪里还没有改到位。")
    walk.recheck(holds=False, note="仍有一樘门关不严")
    assert (walk.acceptance.state, walk.issue().state, walk.item(4).state) == ("merging", "waived", "failed")
    with pytest.raises(DomainError) as refusal:
        walk.conclude(passed=True)
    assert refusal.value.code == "open_items"
    survey = MatterCase.objects.filter(project=sound.acceptance.project, matter__matter__code="agency-multisurvey")
    assert survey.update(state="received")  # what only a grant needs does not hold up a refusal
    walk.conclude(passed=False, note="消防门不合格")
    first = walk.acceptance
    assert (first.state, walk.item(4).state, walk.item(1).state) == ("failed", "failed", "passed")
    lost = walk.item(1).case
    assert (lost.state, lost.decision_note) == ("decided_fail", (
        "联合验收不通过，本项验收合格但还不能办结：前置事项“多测合一竣工联合测绘”尚未办结，办结后才能作出准予决定。"
    ))
    again = walk.apply()
    assert (again.items.get(number=1).state, again.items.get(number=4).state) == ("passed", "pending")


@pytest.mark.laid("until_recheck")
def test_a_conclusion_does_not_pass_over_an_open_item(walk):
    with pytest.raises(DomainError) as refusal:
        walk.conclude(passed=True)
    assert (refusal.value.code, refusal.value.message) == (
        "open_items", "还有未合格的验收事项：消防验收或消防验收备案，不能出具通过的结论。"
    )
    with pytest.raises(DomainError) as refusal:
        walk.conclude(passed=False)
    assert refusal.value.code == "reason_missing"


@pytest.mark.laid("until_conclude")
def test_a_refusal_without_a_failed_item_is_none(walk):
    with pytest.raises(DomainError) as refusal:
        walk.conclude(passed=False, note="不想给")
    assert refusal.value.code == "nothing_failed"
    MatterCase.objects.filter(matter__matter__code="agency-multisurvey").update(state="received")
    with pytest.raises(DomainError) as refusal:
        walk.conclude(passed=True)
    assert refusal.value.message.startswith("还不能出具通过的意见书，“建设工程规划核实”：前置事项“多测合一竣工联合测绘”")


@pytest.mark.slow
@pytest.mark.laid("until_record")
def test_what_is_not_rectified_in_time_fails_and_only_that_is_applied_for_again(project, walk, clock, actors, client_of):
    chief = factories.official("housing", Role.CHIEF)
    items.record_item(
        walk.item(3).pk, by=factories.official("housing", Role.REVIEWER), result="deferred", paper="工程质量保修书"
    )
    walk.record()
    walk.list()
    assert rules.can_conclude(chief, walk.acceptance) == Verdict(
        ok=False, reason="企业整改期限到11月5日，逾期未改完才能出具不通过的结论。"
    )
    clock.to(dt.datetime(2026, 11, 6, 9, tzinfo=timing.BUSINESS_ZONE))
    assert rules.can_conclude(chief, walk.acceptance) == ALLOWED
    walk.conclude(passed=False, note="消防问题逾期未整改")
    first = walk.acceptance
    assert (first.state, walk.item(4).state, walk.issue().state) == ("failed", "failed", "waived")
    assert (walk.item(3).state, first.make_ups.get().state) == ("deferred", "void")  # no paper follows: it is seen again
    found = states(project)
    assert {code: found[code] for code in JOINT} == {
        "plan-verify": "decided_pass", "land-verify": "decided_pass", "quality-accept": "draft",
        "fire-record": "draft", "archive-accept": "decided_pass", "joint-accept": "draft",
    }
    assert sorted(Paper.objects.filter(project=project, kind__in=["conclusion", "refusal"]).values_list("title", flat=True)) == [
        "不予行政许可决定书", "竣工联合验收意见书"
    ] or Paper.objects.filter(project=project, kind="conclusion").count() == 1
    assert verify_chain(f"project:{project.pk}") is None
    said = Paper.objects.get(project=project, kind="conclusion").content["paragraphs"]
    assert (said[0].startswith("经组织各部门一次现场验收，"), said[1:]) == (
        True, ["不通过的理由：消防问题逾期未整改。", paperwork.remedies()]
    )

    browser, way = client_of(actors.owner), reverse("acceptance:apply", args=[first.work_unit_id])
    said = [reverse("acceptance:detail", args=[first.pk]), reverse("projects:detail", args=[project.pk])]
    pages = [browser.get(url).content.decode() for url in said]
    assert [("重新申请联合验收" in text, f'href="{way}"' in text) for text in pages] == [(True, True)] * 2
    second = application.apply_for_acceptance(first.work_unit_id, by=actors.owner)
    after = browser.get(said[0]).content.decode()
    assert ("重新申请联合验收" in after, reverse("acceptance:detail", args=[second.pk]) in after) == (False, True)
    assert (second.round, sorted(c.matter.matter.code for c in second.application.cases.all())) == (
        2, ["fire-record", "joint-accept", "quality-accept"]
    )
    again = dict.fromkeys((1, 2, 8), ("passed", "上一轮已合格，不再重复验收")) | dict.fromkeys((3, 4), ("pending", ""))
    assert {i.number: (i.state, i.note) for i in second.items.filter(number__in=list(again))} == again


@pytest.mark.parametrize(("step", "expected"), [
    from_there("submit", (1, "建设单位", "提交", "联合验收申报材料")),
    from_there("accept", (3, "综合窗口", "作出", "联合验收申请的受理")),
    from_there("visit", (3, "住建局", "约定", "现场验收日期")), from_there("answer", (1, "建设单位", "完成", "联合验收整改")),
    from_there("recheck", (3, "住建局", "完成", "整改复核")),
    from_there("conclude", (3, "住建局", "出具", "竣工联合验收意见书")),
])
def test_everybody_sees_on_whom_it_waits(project, walk, step, expected):
    [row] = awaited([factories.fresh(project)])
    assert (row.rank, row.role, row.verb, row.what) == expected


@pytest.mark.laid("until_answer")
def test_the_owner_reads_the_day_of_the_list_what_is_to_be_mended_and_then_to_hand_it_back(project, walk, actors):
    due_on = walk.issue().due_on
    [row] = awaited([factories.fresh(project)])
    assert (row.due_on, row.limit, row.clock_id) == (due_on, 3, None)

    def owed():
        found = debts(actors.owner, [factories.fresh(project)])
        return [(debt.title, debt.detail, debt.due_on, debt.label) for debt in found]

    assert owed() == [("完成联合验收整改", FAULT["what"], due_on, "去办理")]
    walk.answer()
    assert owed() == [("整改已逐条答好，请提交", "提交后部门才开始核查", due_on, "去提交")]


@pytest.mark.laid("until_apply")
def test_what_may_be_applied_for_leads_to_where_it_is_applied_for(project, actors, client):
    offers = [debt for debt in offered(actors.owner, [factories.fresh(project)]) if debt.chip == "可申请"]
    page = reverse("projects:detail", args=[project.pk])
    assert [(debt.label, debt.url) for debt in offers] == [("去申请联合验收", f"{page}#joint-acceptance")]
    client.force_login(actors.owner)
    assert 'id="joint-acceptance"' in client.get(page).content.decode()


@pytest.mark.slow
def test_the_filing_follows_only_after_the_conclusion(project, walk):
    from acceptance.services.filing import follow_record

    walk.until("conclude")
    case = walk.item(12).case
    MatterCase.objects.filter(pk=case.pk).update(state="decided_pass", decided_at=MORNING)
    assert follow_record(case.pk) is False
    MatterCase.objects.filter(pk=case.pk).update(state="draft", decided_at=None)
    walk.conclude()
    MatterCase.objects.filter(pk=case.pk).update(state="decided_pass", decided_at=timing.now())
    assert (follow_record(case.pk), follow_record(case.pk), walk.item(12).state) == (True, False, "passed")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_conclusions_at_once_are_one(walk, at_once):
    walk.until("conclude")
    pk, moment = walk.acceptance.pk, timing.now()
    chiefs = [factories.official("housing", Role.CHIEF), factories.person("chief-two", "二席", Role.CHIEF, walk.acceptance.lead)]
    outcomes = at_once(*[
        lambda by=chief: conclusion.conclude(pk, by=by, passed=True, at=moment) for chief in chiefs
    ])
    assert [outcome.state for outcome in outcomes] == ["passed", "passed"]
    assert Paper.objects.filter(kind="conclusion").count() == 1
    assert Event.objects.filter(kind="acceptance.concluded").count() == 1
