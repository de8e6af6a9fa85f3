"""A chase slip is numbered, answered within its days, sent back or closed; nobody closes his own answer."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agency.models import ChaseSlip, Notification
from agency.services.assignment import assign
from agency.services.reminders import sweep_due
from agency.services.slips import answer_slip, close_slip, issue_slip, return_slip
from archives.models import Paper
from packages.models import MatterCase, ReviewTask
from packages.queries import work_rows
from packages.services.intake import accept_case
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.models import Organisation
from projects.states import Role
from projects.waiting import waiting_on
from tests import factories
from tests.kept import layer
from tests.packages.steps import Log, check_step, holds


@pytest.fixture
def project(kept_warehouse):
    """A private low-risk warehouse with its plan."""
    return kept_warehouse


def _case(actors, project):
    factories.official("housing", Role.CHIEF)
    factories.official("housing", Role.REVIEWER)
    return factories.in_review(project, "plan-permit", actors)


kept_chased = layer("kept_chased", _case, "kept_actors", "kept_warehouse")


@pytest.fixture
def case(kept_chased, clock):
    """A case under joint review; the department of the slip has a chief and a reviewer."""
    return kept_chased


@pytest.fixture
def housing(case):
    """The department that is asked."""
    return Organisation.objects.get(code="housing")


def official(role):
    return factories.official("housing", role)


def told():
    rows = Notification.objects.filter(kind="slip").order_by("pk").values_list("user__username", "text", "why")
    return list(rows)


@pytest.mark.slow
def test_the_director_chases_and_the_body_answers_once(project, case, housing, actors, clock, make_agent):
    assign(project.pk, role="service_agent", agent_id=make_agent("陈晨二").pk, by=actors.dispatcher)
    slip = check_step(
        project, lambda who: issue_slip(case, to=housing, colour="yellow", reason="比计划滞后三天", by=who),
        right=actors.director, wrong=actors.clerk, reason="由中心主任或工改办下督办单。",
        told=[("paper.issued", None), ("slip.issued", None)],
    )
    number = slip.paper.number
    assert number.startswith("〔2026〕")
    assert number.endswith("督字第000001号")
    assert (slip.due_on, slip.paper.title, slip.state) == (dt.date(2026, 11, 4), "黄色督办单", "issued")
    text = f"黄色督办单：{project.name}“{case.matter.name}”，11月4日前回复"
    assert told() == [
        ("chief-housing", text, "由贵部门回复"), ("agent-陈晨二", text, "您是项目的项目长或服务专员"),
    ]
    line = [row for row in waiting_on(project) if row.rank == 6]
    assert [(row.role, row.verb, row.what, row.due_on) for row in line] == [
        ("住建局", "回复", f"督办单{number}", dt.date(2026, 11, 4)),
    ]
    answered = check_step(
        project, lambda who: answer_slip(slip.pk, by=who, answer="缺一名审图人员", promised_on=dt.date(2026, 11, 6)),
        right=official(Role.CHIEF), wrong=actors.director, reason="由住建局回复。", told=[("slip.answered", None)],
    )
    assert (answered.state, answered.promised_on) == ("answered", dt.date(2026, 11, 6))
    assert told()[-1] == ("director", f"{project.name} 住建局已回复督办单{number}，请核对后销号", "督办单由您销号")
    assert [row.verb for row in waiting_on(project) if row.rank == 6] == ["核对销号"]
    closed = check_step(
        project, lambda who: close_slip(slip.pk, by=who), right=actors.director, wrong=official(Role.CHIEF),
        reason="由中心主任或工改办销号。", told=[("slip.closed", None)],
    )
    assert (closed.state, closed.remark) == ("closed", "已核对回复")
    assert [row for row in waiting_on(project) if row.rank == 6] == []


def test_an_answer_that_does_not_do_goes_back_with_new_days(project, case, housing, actors, clock):
    slip = issue_slip(case, to=housing, colour="red", reason="逾期一天", by=actors.director)
    chief = official(Role.CHIEF)
    for answer, day, code in (("", dt.date(2026, 11, 6), "slip_answer"), ("在办", dt.date(2026, 11, 1), "promised_on")):
        with pytest.raises(DomainError) as refused:
            answer_slip(slip.pk, by=chief, answer=answer, promised_on=day)
        assert refused.value.code == code
    answer_slip(slip.pk, by=chief, answer="在办", promised_on=dt.date(2026, 11, 6))
    clock.to(dt.datetime(2026, 11, 4, 10, tzinfo=timing.BUSINESS_ZONE))
    back = check_step(
        project, lambda who: return_slip(slip.pk, by=who, remark="没有写措施"), right=actors.director, wrong=chief,
        reason="由中心主任或工改办退回。", told=[("slip.returned", None)], second="slip_state",
    )
    assert (back.state, back.returns, back.due_on) == ("issued", 1, dt.date(2026, 11, 5))
    assert told()[-1][:2] == (
        "chief-housing", f"督办单{slip.paper.number}的回复被退回：没有写措施，11月5日前重新回复",
    )
    with pytest.raises(DomainError) as refused:
        close_slip(slip.pk, by=actors.director)
    assert refused.value.message == "对方还没有回复，销号要写明理由。"


def test_who_answered_does_not_close_and_the_owner_sees_nothing(project, case, housing, actors, client_of):
    slip = issue_slip(case, to=housing, colour="blue", reason="明天到期", by=actors.director)
    assert (slip.paper.title, slip.due_on) == ("蓝色督办单", dt.date(2026, 11, 5))
    both = factories.official("housing", Role.REVIEWER)
    both.memberships.create(organisation=actors.centre, role=Role.DIRECTOR, since=timing.today())
    answer_slip(slip.pk, by=both, answer="今天办", promised_on=timing.today())
    with pytest.raises(NotAllowed) as refused:
        close_slip(slip.pk, by=both)
    assert refused.value.message == "回复人不能自己销号。"
    for who in (actors.owner, actors.outsider):
        assert not ChaseSlip.objects.visible_to(who).exists()
        assert client_of(who).get(f"/papers/{slip.paper_id}/").status_code == 404
    assert client_of(actors.clerk).get(f"/papers/{slip.paper_id}/").status_code == 200


@pytest.mark.slow
def test_a_limit_that_ends_closes_its_slip(project, actors, clock):
    [case] = factories.received(project, ["land-plan-permit"], actors)
    clock.to(dt.datetime(2026, 11, 10, 9, tzinfo=timing.BUSINESS_ZONE))
    sweep_due()
    slip = ChaseSlip.objects.get(clock=case.intake_clock)
    assert (slip.colour, slip.to, slip.issued_by, slip.due_on) == ("red", actors.centre, None, dt.date(2026, 11, 11))
    log = Log(project)
    accept_case(case.pk, by=actors.clerk)
    log.mark()
    sweep_due()
    sweep_due()
    slip.refresh_from_db()
    assert (slip.state, slip.remark) == ("closed", "所督办的时限已结束，自动销号")
    assert log.told().count(("slip.closed", None)) == 1
    holds(project)


def test_one_issued_by_hand_closes_with_its_case(project, case, housing, actors):
    slip = issue_slip(case, to=housing, colour="yellow", reason="比计划滞后", by=actors.director)
    sweep_due()
    slip.refresh_from_db()
    assert slip.state == "issued"
    MatterCase.objects.filter(pk=case.pk).update(state="withdrawn")
    sweep_due()
    slip.refresh_from_db()
    assert (slip.state, slip.remark) == ("closed", "所督办的事项已结束，自动销号")


def test_the_paper_says_what_is_late_and_on_whom_it_waits(project, case, housing, actors, clock):
    task = ReviewTask.objects.get(session__case=case, organisation=housing)
    slip = issue_slip(case, to=housing, colour="red", reason="意见逾期", by=actors.director, clock=task.clock)
    content = Paper.objects.get(pk=slip.paper_id).content
    rows = dict(content["form"])
    assert content["gist"]["do"] == "请说明原因、采取的措施，并写明承诺办结的日期"
    assert (rows["事项"], rows["对象"]) == (case.matter.name, "住建局")
    assert rows["时限"].startswith("会审时限")
    assert rows["在等谁"].startswith("正在等")


@pytest.mark.slow
def test_the_pages_from_the_list_to_the_closing(project, case, housing, actors, client_of):
    director, chief = client_of(actors.director), client_of(official(Role.CHIEF))
    page = director.get(f"/cases/{case.pk}/")
    assert f"/cases/{case.pk}/slip/" in page.content.decode()
    waited = work_rows([case])[0].waiting.role
    assert f"selected>{waited}<" in director.get(f"/cases/{case.pk}/slip/").content.decode(), "it goes to who is waited for"
    given = {"to": housing.pk, "colour": "yellow", "reason": "比计划滞后"}
    made = director.post(f"/cases/{case.pk}/slip/", given)
    slip = ChaseSlip.objects.get()
    assert made.url == f"/slips/{slip.pk}/"
    assert "同色的不重复签发" in director.get(f"/cases/{case.pk}/slip/").content.decode()
    again = director.post(f"/cases/{case.pk}/slip/", given, follow=True).content.decode()
    assert "没有重复签发" in again
    assert ChaseSlip.objects.count() == 1
    assert slip.paper.number in director.get(f"/cases/{case.pk}/").content.decode()
    assert slip.paper.number in director.get(f"/projects/{project.pk}/").content.decode()
    assert slip.paper.number in chief.get("/slips/?tab=mine").content.decode()
    chief.post(f"/slips/{slip.pk}/answer/", {"answer": "补人", "promised_on": "2026-11-06"})
    assert "承诺 11-06 办结" in director.get("/slips/?tab=answered").content.decode()
    director.post(f"/slips/{slip.pk}/close/", {"remark": ""})
    assert "已销号" in director.get(f"/slips/{slip.pk}/").content.decode()
    assert slip.paper.number in b"".join(director.get("/slips/?tab=closed&export=csv")).decode()
    for view in ("director", "weekly"):
        assert "没有这样的超时事项" in director.get(f"/slips/?view={view}").content.decode()


@pytest.mark.slow
def test_the_lists_cost_the_same_at_one_row_and_at_many(project, actors, clock, client_of):
    director, seen = client_of(actors.director), []
    director.get("/slips/")
    for names in (["land-plan-permit"], ["wage-deposit", "soil-plan", "plan-permit"]):
        factories.received(project, names, actors)
        clock.to(dt.datetime(2026, 11, 18, 9, tzinfo=timing.BUSINESS_ZONE))
        sweep_due()
        clock.to(dt.datetime(2026, 11, 25, 9, tzinfo=timing.BUSINESS_ZONE))
        sweep_due()
        counted = []
        for url in ("/slips/", "/slips/?view=director", "/slips/?view=weekly"):
            with CaptureQueriesContext(connection) as queries:
                assert director.get(url).status_code == 200
            counted.append(len(queries))
        seen.append(counted)
    assert seen[0] == seen[1]
