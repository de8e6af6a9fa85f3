"""在等谁: every open project says on whom it waits, as an oracle written apart from it finds in the raw rows."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gaige.project_head import joints
from packages.models import MatterCase, ReviewTask
from packages.next_steps import next_steps
from packages.queries import case_waiting, matter_rows, review_sheet, work_rows
from packages.services import extending, review, special, withdrawing
from packages.services.correction import answer_fault, notice_faults, return_corrected
from packages.services.intake import withdraw_case
from packages.services.silence import apply_tacit
from packages.waiting import project_waiting
from packages.worklist import Wanted, work_list
from projects import timing, waiting
from projects.mine import all_debts
from projects.models import IssueItem, Project
from projects.states import Role
from tests import factories
from tests.oracles.waiting_oracle import expected

FAULT = {"what": "缺总图", "basis": "指南第 2 条", "how_to_fix": "上传总图"}


def agree(*projects):
    """The portal and the oracle say the same of these projects; the first line is never missing."""
    found = {project.pk: [] for project in projects}
    for line in project_waiting([factories.fresh(p) for p in projects if factories.fresh(p).is_open]):
        found[line.project_id].append(line)
    for project in projects:
        today = timing.today()
        told = expected(project.pk, today)
        mine = found[project.pk]
        if not mine and told:
            [mine] = [waiting.waiting_on(factories.fresh(project))]
        assert len(mine) == len(told)
        assert sorted(_line(line, told) for line in mine) == sorted(_key(line) for line in told)
        if factories.fresh(project).is_open:
            first = waiting.waiting_on(factories.fresh(project))[0]
            assert first.sentence.endswith("。")
            assert first.role in first.public_sentence


def _key(line):
    return tuple(str(part) for part in line)


def _line(line, told):
    """A line as the oracle writes it: of a special procedure only how it begins."""
    what = line.what
    if line.verb == "完成":
        what = what[: what.index("”的") + 2]
    due = line.due_on
    return _key((line.rank, line.role, line.verb, what, due, line.case_id))


@pytest.fixture
def walked(clock, actors):
    """Projects in every state that the demonstration shows."""
    return Walk(clock, actors)


class Walk:
    def __init__(self, clock, actors):
        self.clock, self.actors, self.projects = clock, actors, []

    def new(self, line="S3"):
        self.projects.append(factories.enrolled_project(self.actors, line))
        return self.projects[-1]

    def case(self, code="util-joint", line="S3"):
        return factories.in_review(self.new(line), code, self.actors)

    def check(self):
        agree(*self.projects)


@pytest.mark.slow
def test_the_oracle_agrees_in_every_state(walked, actors, clock):
    walked.projects.append(factories.make_project(actors))  # not enrolled
    walked.new()  # everything is a draft
    factories.received(walked.new(), ["util-joint", "plan-permit"], actors)
    factories.accepted(walked.new(), ["util-joint"], actors)
    walked.case()
    merging = walked.case()
    factories.answer_all(merging)
    deciding = walked.case()
    factories.answer_all(deciding)
    factories.merge(deciding)
    correcting = walked.case("plan-permit", "S2")
    lead = factories.official("natural-resources", Role.REVIEWER)
    notice_faults(correcting.pk, faults=[FAULT, dict(FAULT, what="缺图签")], by=lead, kind="correction")
    paused = walked.case()
    starter = factories.official("approval-bureau", Role.REVIEWER)
    factories.pause(paused, by=starter, approver=actors.chief, kind="hearing", days=4)
    both = walked.case("plan-permit", "S2")
    notice_faults(both.pk, faults=[FAULT], by=lead, kind="correction")
    factories.pause(both, by=lead, days=3)
    joint = factories.accepted(walked.new(), ["quality-accept", "archive-accept"], actors)
    factories.drain()
    assert factories.fresh(joint[0]).state == "in_review"
    withdrawn = walked.case()
    withdraw_case(withdrawn.pk, by=actors.clerk, reason="调整", uploaded=factories.pdf())
    wishing, early, asking = walked.case(), walked.case(), walked.case("plan-permit", "S2")
    withdrawing.request_withdrawal(wishing.pk, by=actors.owner, reason="调整")
    special.request_special(early.pk, by=starter, kind="expert", basis="评审办法第 3 条", planned_days=3)
    extending.request_extension(asking.pk, by=lead, days=5, reason="等待上级批复")
    done = walked.new()
    for code in ("project-code", "ent-filing", "plan-conditions"):
        factories.pass_matter(done, code, actors)
    for day in (2, 3, 4, 5, 9, 13, 20):
        clock.to(dt.datetime(2026, 11, day, 17, 30))
        walked.check()
        if day == 4:
            for task in ReviewTask.objects.filter(state="invited").exclude(role="lead"):
                apply_tacit(task.pk)
        if day == 5:
            for issue in IssueItem.objects.filter(project=correcting.project, kind="correction"):
                answer_fault(issue.pk, answer="已改", by=actors.owner)
            walked.check()
            return_corrected(correcting.application_id, by=actors.owner)
            factories.resume(paused, by=starter, result="听证会完成")
        walked.check()
    Project.objects.filter(pk=done.pk).update(status="terminated")
    assert waiting.waiting_on(factories.fresh(done)) == []


def test_what_happens_by_itself_is_said(walked, actors, clock):
    [received] = factories.received(walked.new(), ["util-joint"], actors)
    line = case_waiting([_full(received)])[received.pk]
    assert line.sentence == "正在等行政审批局窗口受理“水电气热信联合报装（一表申请、联合踏勘）”，已 0 个工作日，11月9日到期。"
    assert line.auto == "到期未处理即视为受理（自接件之日起）"
    clock.to(dt.datetime(2026, 11, 9, 9, 0))
    assert case_waiting([_full(received)])[received.pk].auto == "今日不处理即视为受理"


def test_the_public_reads_no_name(walked, actors, clock):
    case = walked.case("plan-permit", "S2")
    for task in ReviewTask.objects.filter(session__case=case).exclude(role="lead").select_related("organisation"):
        review.open_task(task.pk, by=factories.official(task.organisation.code, Role.REVIEWER))
    line = waiting.waiting_on(factories.fresh(walked.projects[0]))[0]
    assert line.person != ""
    assert line.person in line.sentence
    assert line.person not in line.public_sentence


def _full(case):
    found = MatterCase.objects.select_related("matter", "lead", "project__owner", "project__centre", "application")
    return found.get(pk=case.pk)


def count(action):
    """Queries of an action, but for the look whether the calendar changed (every few seconds in an installation)."""
    with CaptureQueriesContext(connection) as captured:
        action()
    return sum("projects_calendarversion" not in query["sql"] for query in captured.captured_queries)


@pytest.mark.slow
def test_the_number_of_queries_does_not_grow(walked, actors):
    factories.received(walked.new(), ["util-joint"], actors)
    walked.case()
    one = [factories.fresh(p) for p in walked.projects]
    few = count(lambda: list(project_waiting(one)))
    fewer = count(lambda: work_rows(list(work_list(actors.clerk))))
    asked = factories.official("power-company", Role.REVIEWER)
    assert len(review_sheet(asked)) == 1
    sheet = count(lambda: review_sheet(asked))
    for _ in range(3):
        factories.received(walked.new(), ["util-joint"], actors)
        walked.case()
    many = [factories.fresh(p) for p in walked.projects]
    assert count(lambda: list(project_waiting(many))) == few <= 7
    assert count(lambda: work_rows(list(work_list(actors.clerk)))) == fewer <= 9
    assert len(work_rows(list(work_list(actors.clerk)))) == 8
    assert len(review_sheet(asked)) == 4
    assert count(lambda: review_sheet(asked)) == sheet <= 3


@pytest.mark.slow
def test_the_work_list_finds_by_code_name_state_and_light(walked, actors, clock):
    [received] = factories.received(walked.new(), ["util-joint"], actors)
    running = walked.case()

    def pks(tab="all", scope="all", **filters):
        return [case.pk for case in work_list(actors.clerk, Wanted(scope=scope, tab=tab, **filters))]

    assert pks() == [running.pk, received.pk]
    assert pks(q=received.number) == [received.pk]
    assert pks(q=received.project.code) == [received.pk]
    assert pks(q="联合报装") == [running.pk, received.pk]
    assert pks(state="received") == pks(tab="todo") == [received.pk]
    assert pks(lead="housing") == pks(stage="planning") == pks(tab="red") == []
    clock.to(dt.datetime(2026, 11, 12, 9, 0))
    assert pks(tab="red") == [running.pk, received.pk]
    assert [case.pk for case in work_list(actors.outsider)] == []
    assert [case.pk for case in work_list(factories.official("housing", Role.REVIEWER))] == []


def owed(user):
    """What an enterprise owes beside the notices that it signs for, as (chip, title, detail)."""
    lines = [line.debt for line in all_debts(user, None)]
    return [(debt.chip, debt.title, debt.detail) for debt in lines if not debt.is_offer and debt.chip != "待签收"]


@pytest.mark.slow
def test_a_department_sees_its_sheet_and_an_owner_its_todos(walked, actors):
    case = walked.case("plan-permit", "S2")
    [sheet] = review_sheet(actors.reviewer)
    assert (sheet.application, [row.task.organisation.code for row in sheet.rows]) == (case.application, ["housing"])
    assert review_sheet(factories.official("natural-resources", Role.REVIEWER)) == []
    factories.answer_all(case)
    assert review_sheet(actors.reviewer) == []
    assert len(review_sheet(actors.reviewer, closed=True)) == 1
    [lead] = review_sheet(factories.official("natural-resources", Role.REVIEWER))
    assert lead.rows[0].task.role == "lead"
    assert owed(actors.owner) == []
    notice_faults(
        case.pk, faults=[FAULT], by=factories.official("natural-resources", Role.REVIEWER), kind="correction"
    )
    assert owed(actors.owner) == [("待补正", "补正 1 处问题", "缺总图")]
    assert owed(actors.outsider) == []


def test_what_a_body_calls_together_waits_for_that_body_and_is_not_offered_to_the_owner(factory, actors):
    others = MatterCase.objects.filter(project=factory).exclude(matter__matter__code="joint-consult")
    others.filter(stage="planning").update(state="decided_pass", decided_at=timing.now(), ended_at=timing.now())
    called = MatterCase.objects.get(project=factory, matter__matter__code="joint-consult")
    assert [(row.role, row.verb, row.what) for row in next_steps([factory])] == [
        ("帮办代办中心", "组织", "“项目联合会商（集中踏勘）”")
    ]
    rows = {row.case: row.note for stage in matter_rows(factory, actors.owner) for row in stage.rows}
    assert rows[called] == "由帮办代办中心组织，不用企业申报"
    told = joints(Project.objects.get(pk=factory.pk))
    assert (told["consultation"].fact, told["appraisal"].fact) == ("等帮办代办中心组织", "套餐已选定")
    assert not [line for line in all_debts(actors.owner, None) if "联合会商" in line.debt.title]


def test_the_matters_of_a_project_say_what_stands_before_them(project, actors):
    stages = matter_rows(project, actors.owner)
    rows = {row.case.matter.matter.code: row for stage in stages for row in stage.rows}
    assert [stage.label for stage in stages] == ["谋划准备", "报建开工", "施工验收"]
    assert rows["project-code"].note == "现在即可申报"
    assert rows["ent-filing"].note.startswith("前置事项未办结：")
    assert rows["land-transfer"].blocked_by
    assert (stages[0].done, stages[0].total > 5) == (0, True)
