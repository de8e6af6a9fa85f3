"""代办: the owner signs a free agreement, one order per matter goes to an agent, accepted in time or passed on (§10)."""

import datetime as dt

import pytest
from django.urls import reverse

from agency import desk_rules as may
from agency.desk_queries import late_count, order_page, order_rows
from agency.desk_states import ORDER_OPEN
from agency.models import AgentLeave, Agreement, Escalation, HandOver, OrderLog, WorkOrder
from agency.services import (
    accompanying,
    agreements,
    desk_sweeps,
    escalating,
    handing_over,
    leaves,
    order_log,
    order_paper,
    orders,
)
from agency.services.assignment import assign, propose
from agency.services.order_sync import follow_project
from packages import rules as packages_rules
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.models import Project
from projects.quoting import quoted
from projects.services.status import resume_project, suspend_project
from projects.waiting import waiting_on
from tests import factories
from tests.packages.steps import check_step, holds, invisible

pytestmark = pytest.mark.slow

LEAD, SERVICE = "lead_officer", "service_agent"


@pytest.fixture
def project(kept_warehouse):
    """A private low-risk warehouse in 高平市 with its plan."""
    return kept_warehouse


def only_one(actors):
    """Close all orders but the first and return it."""
    first, *others = WorkOrder.objects.order_by("pk")
    for order in others:
        orders.close_order(order.pk, by=actors.dispatcher, reason="测试")
    return first


def newest(user):
    """What a person was told last."""
    return user.notifications.order_by("-pk").first().text


def lines(project):
    return [(row.role, row.person, row.verb, row.what) for row in waiting_on(project)]


def test_an_agreement_is_asked_for_drawn_up_and_signed_by_the_responsible_person(actors, project, people):
    asked = check_step(
        project, lambda by: agreements.ask_for_agent(project.pk, by=by, contact="李娜"), right=actors.owner_staff,
        wrong=actors.clerk, reason="代办由建设单位申请。", told=[("agency.agreement_asked", None)],
    )
    assert ("代办调度", "", "拟定", "代办委托协议") in lines(project)
    _, agent, _ = people
    assert newest(agent.user) == f"{project.name}：建设单位申请代办，请拟定委托协议"
    agreements.offer_agreement(project.pk, by=actors.dispatcher, powers=["advise", "fill"])
    assert newest(actors.owner) == f"{project.name}：代办委托协议已拟好，等您签订（免费，可随时终止）"
    factories.drain()
    row = Agreement.objects.get()
    assert (row.pk, row.state, row.contact, len(row.matters) > 5, row.powers) == (
        asked.pk, "offered", "李娜", True, ["advise", "fill"]
    )
    assert ("建设单位", actors.owner_body.name, "签订", "代办委托协议（自愿、免费）") in lines(project)
    planned = WorkOrder.objects.count()
    done = check_step(
        project, lambda by: agreements.sign_agreement(row.pk, by=by), right=actors.owner, wrong=actors.owner_staff,
        reason=f"协议由{actors.owner_body.name}的负责人签订，经办人员和代办人员不能代签。",
        told=sign_events(project),
    )
    assert planned == 0
    assert (done.state, done.paper.kind, done.paper.title) == ("signed", "agency_agreement", "代办委托协议")
    assert "无偿" in " ".join(done.paper.content["paragraphs"])
    assert "价" not in " ".join(done.paper.content["paragraphs"])
    assert [text.partition("：")[0] for text in done.paper.content["signers"]] == [
        "委托方", "负责人", "签订日期", "受托方经办"
    ]


def sign_events(project):
    """What a signature tells: the paper, the agreement, one order per matter of the stages that have begun."""
    from packages.models import MatterCase

    cases = MatterCase.objects.filter(project=project, stage="planning").count()
    return [("paper.issued", None), ("agency.agreement_signed", None), *[("agency.order_issued", None)] * cases]


def test_the_orders_of_the_stage_go_to_the_agent_who_accepts_them(actors, project, people, signed):
    _, agent, other = people
    offered = list(WorkOrder.objects.filter(project=project).order_by("pk"))
    assert {(row.state, row.agent, row.stage) for row in offered} == {("waiting", agent, "planning")}
    assert {f"{row.accept_by.astimezone(timing.BUSINESS_ZONE):%m-%d %H:%M}" for row in offered} == {"11-02 14:30"}
    assert offered[0].number == "〔2026〕工单第000001号"
    assert [row[:3] for row in lines(project) if row[0] == "代办专员"] == [("代办专员", "陈专", "接")]
    first = offered[0]
    check_step(
        project, lambda by: orders.take_order(first.pk, by=by), right=agent.user, wrong=other.user,
        reason="这张工单派给陈专。", told=[("agency.order_taken", None)],
    )
    first.refresh_from_db()
    assert (first.state, first.next_check, first.clock.state) == ("taken", dt.date(2026, 11, 4), "stopped")
    assert len(orders.take_all(by=agent.user)) == len(offered) - 1
    assert orders.take_all(by=agent.user) == []
    assert [row[:3] for row in lines(project) if row[0] == "代办专员"] == [("代办专员", "陈专", "代办")]
    invisible(actors.outsider, first)
    invisible(actors.owner, first)


def test_what_nobody_accepts_in_four_working_hours_goes_to_the_next_and_at_last_to_the_dispatcher(
    actors, project, people, signed, clock
):
    _, agent, other = people
    first = only_one(actors)
    clock.to(dt.datetime(2026, 11, 2, 14, 30, tzinfo=clock.moment.tzinfo))
    assert desk_sweeps.sweep_desk() == 0
    clock.by(minutes=1)
    assert (desk_sweeps.sweep_desk(), desk_sweeps.sweep_desk()) == (1, 0)
    first.refresh_from_db()
    assert (first.agent, first.state, [row["agent"] for row in first.passed]) == (other, "waiting", [agent.pk])
    assert first.passed[0]["at"] == "2026-11-02 14:31"  # of the business zone
    assert order_page(first, actors.dispatcher).passed == [("陈专", "11月2日 14:31", "未在时限内接单")]
    assert list(Project.objects.visible_to(other.user)) == [project]
    orders.refuse_order(first.pk, by=other.user, reason="手上三个项目同时开工")
    first.refresh_from_db()
    assert (first.agent, first.accept_by, first.clock) == (None, None, None)
    assert list(Project.objects.visible_to(other.user)) == []
    assert ("代办调度", "", "派", f"{quoted(first.title)}的工单") in lines(project)
    with pytest.raises(DomainError) as refused:
        orders.give_order(first.pk, agent_id=other.pk, by=actors.dispatcher, reason=" ")
    assert refused.value.code == "reason_missing"
    orders.give_order(first.pk, agent_id=other.pk, by=actors.dispatcher, reason="已与本人说好")
    orders.take_order(first.pk, by=other.user)
    assert WorkOrder.objects.get(pk=first.pk).state == "taken"
    holds(project)


def test_an_order_is_a_numbered_paper_once_and_is_called_late_behind_its_plan(actors, project, people, signed, clock):
    agent = people[1]
    first = only_one(actors)
    refused = may.can_issue_sheet(agent.user, first)
    assert (refused.ok, refused.reason) == (False, "接单以后才能出具工单。")
    orders.take_order(first.pk, by=agent.user)
    order_log.write_log(first.pk, by=agent.user, channel="phone", who="自然资源局 李科长", fact="已收到")
    paper = check_step(
        project, lambda by: order_paper.issue_sheet(first.pk, by=by), right=agent.user, wrong=actors.clerk,
        reason="工单由项目的代办人员出具。", told=[("paper.issued", None)],
    )
    assert (paper.title, paper.number, paper.content["table"]["rows"]) == (
        "工单", "〔2026〕高审工字第000001号", [["2026年11月2日", "自然资源局 李科长", "已收到", "—"]]
    )
    assert paper.content["paragraphs"][0] == f"工单编号 {first.number}，2026年11月2日派单，2026年11月2日接单。"
    assert not type(paper).objects.visible_to(actors.owner).filter(pk=paper.pk).exists()
    WorkOrder.objects.filter(pk=first.pk).update(due_on=dt.date(2026, 11, 3))
    first.refresh_from_db()
    assert (order_rows([first])[0].late_days, late_count(agent.user, {})) == (0, 0)
    clock.to(dt.datetime(2026, 11, 6, 9, 0, tzinfo=clock.moment.tzinfo))
    assert (order_rows([first])[0].late_days, late_count(agent.user, {}), late_count(actors.outsider, {})) == (3, 1, 0)
    orders.finish_order(first.pk, by=agent.user)
    assert late_count(agent.user, {}) == 0


def test_the_orders_follow_their_cases(actors, project, people, signed):
    agent = people[1]
    orders.take_all(by=agent.user)
    coded = WorkOrder.objects.get(case__matter__matter__code="project-code")
    factories.pass_matter(project, "project-code", actors)
    factories.drain()
    coded.refresh_from_db()
    assert (coded.state, coded.done_at is not None) == ("done", True)
    review = factories.in_review(project, "plan-permit", actors)
    factories.drain()
    order = WorkOrder.objects.filter(case=review).first()
    if order is not None:
        assert (order.state, order.waits_what) in {("waiting_dept", "办结"), ("waiting", "")}
    assert follow_project(project.pk) == 0
    holds(project)


def test_what_is_in_hand_before_its_planned_day_is_checked_soon_not_on_that_day(actors, project, people, signed):
    agent, later = people[1], dt.date(2027, 12, 31)
    orders.take_all(by=agent.user)
    WorkOrder.objects.update(next_check=later)
    first, second, third = WorkOrder.objects.order_by("pk")[:3]
    orders.wait_for(first.pk, by=agent.user, what="受理", body=actors.centre)
    orders.start_order(second.pk, by=agent.user)
    checks = dict(WorkOrder.objects.values_list("pk", "next_check"))
    assert [checks[one.pk] for one in (first, second, third)] == [dt.date(2026, 11, 4)] * 2 + [later]
    order_log.write_log(
        first.pk, by=agent.user, channel="phone", who="李科长", fact="在会签", next_check=dt.date(2026, 11, 9)
    )
    orders.wait_for(first.pk, by=agent.user, what="办结", body=actors.centre)
    first.refresh_from_db()
    assert (first.state, first.next_check) == ("waiting_dept", dt.date(2026, 11, 9)), "the day that the agent named stands"


def test_an_order_that_was_closed_by_hand_does_not_come_again(actors, project, people, signed):
    only_one(actors)
    assert (follow_project(project.pk), WorkOrder.objects.open().count()) == (0, 1)


def test_the_owner_ends_the_agreement_in_the_middle(actors, project, people, signed):
    agent = people[1]
    orders.take_all(by=agent.user)
    before = WorkOrder.objects.open().count()
    assert packages_rules.can_apply(agent.user, project)
    ended = check_step(
        project, lambda by: agreements.end_agreement(signed.pk, by=by, reason="自己办"), right=actors.owner_staff,
        wrong=actors.dispatcher, reason="委托由建设单位随时终止，中心不能单方终止。",
        told=[("paper.revoked", None), ("agency.agreement_ended", None), *[("agency.order_closed", None)] * before],
    )
    assert (ended.state, ended.paper.state) == ("ended", "revoked")
    assert set(WorkOrder.objects.values_list("state", "close_reason")) == {("closed", "委托终止：自己办")}
    words = f"{project.name}：建设单位终止代办委托（自己办），未办完的工单已关闭，以后只作帮办"
    assert {newest(one.user) for one in people[:2]} == {words}
    assert list(Project.objects.visible_to(agent.user)) == [project]  # still the 服务专员: 帮办 goes on
    assert packages_rules.can_apply(agent.user, project).reason == "申报由建设单位、项目的代办人员或窗口办理，您的岗位不办理。"
    agreements.ask_for_agent(project.pk, by=actors.owner)
    assert Agreement.objects.live().count() == 1


def test_a_log_that_stays_empty_is_reminded_of_once_per_silence(actors, project, people, signed, clock):
    agent = people[1]
    first = only_one(actors)
    orders.take_order(first.pk, by=agent.user)
    clock.to(dt.datetime(2026, 11, 4, 17, 0, tzinfo=clock.moment.tzinfo))
    assert desk_sweeps.silent().count() == 0
    clock.to(dt.datetime(2026, 11, 5, 9, 0, tzinfo=clock.moment.tzinfo))
    assert (desk_sweeps.sweep_desk(), desk_sweeps.sweep_desk()) == (1, 0)
    text = agent.user.notifications.order_by("-pk").first().text
    assert text == f"{project.name}{quoted(first.title)}已 3 个工作日没有记跟办"
    line = order_log.write_log(
        first.pk, by=agent.user, channel="phone", who="自然资源局 李科长", fact="已收到", promise="周一出意见",
        promised_on=dt.date(2026, 11, 9), next_check=dt.date(2026, 11, 9),
    )
    first.refresh_from_db()
    assert (str(line), first.next_check, first.silent_on, first.silences) == (
        "11月5日 电话 自然资源局 李科长：已收到", dt.date(2026, 11, 9), None, 1
    )
    with pytest.raises(NotAllowed):
        order_log.write_log(first.pk, by=actors.clerk, channel="phone", who="甲", fact="乙")
    with pytest.raises(DomainError) as refused:
        order_log.write_log(first.pk, by=agent.user, channel="phone", who="甲", fact="乙", promise="丙")
    assert refused.value.code == "promise_day"
    assert OrderLog.objects.count() == 1


def test_what_can_be_solved_below_is_not_pushed_up(actors, project, people, signed, clock, client_of):
    agent = people[1]
    first = WorkOrder.objects.filter(case__lead__code="natural-resources").order_by("pk").first() or WorkOrder.objects.first()
    orders.take_order(first.pk, by=agent.user)
    body = factories.organisation("housing")
    ask = {"question": "预审意见怎么出", "tried": "11-02 电话两次，答复等领导"}

    def raise_it(by=agent.user, **more):
        return escalating.escalate(first.pk, by=by, **{**ask, **more})

    with pytest.raises(DomainError) as refused:
        raise_it(tried=" ")
    assert refused.value.code == "tried_missing"
    one = raise_it(body=body)
    first.refresh_from_db()
    assert (one.level, one.body, one.due_on, one.paper.kind, first.state) == (
        1, body, dt.date(2026, 11, 4), "escalation_report", "escalated"
    )
    assert (body.label, "", "答复", f"“{first.title}”的升级事项") in lines(project)
    with pytest.raises(DomainError) as refused:
        raise_it()
    assert (refused.value.code, refused.value.message) == (
        "too_early", "“受理部门自行协调”还在办（11月4日前答复），能在本级解决的不得上推。"
    )
    clock.to(dt.datetime(2026, 11, 5, 9, 0, tzinfo=clock.moment.tzinfo))
    assert [escalating.tell_stuck(one.pk), escalating.tell_stuck(one.pk)] == [True, False]
    two = raise_it()
    assert (Escalation.objects.get(pk=one.pk).state, two.level, two.body) == ("pushed", 2, first.case.lead)
    clock.to(dt.datetime(2026, 11, 11, 9, 0, tzinfo=clock.moment.tzinfo))
    with pytest.raises(DomainError) as refused:
        raise_it()
    assert refused.value.code == "too_high"
    page = client_of(agent.user).get(reverse("agency:escalate", args=[first.pk])).content.decode()
    assert "，现在不能按：您可以升级到第 2 级，再往上请代办调度或中心主任升级。" in page
    three = raise_it(by=actors.dispatcher)
    with pytest.raises(NotAllowed) as refused:
        escalating.decide(three.pk, by=actors.clerk, decision="x", owner="y", owed_on=dt.date(2026, 11, 20))
    assert refused.value.message == "审批大厅联席会的决定由中心主任登记。"
    done = escalating.decide(
        three.pk, by=actors.director, decision="先出预审意见", owner="自然资源局 王科长", owed_on=dt.date(2026, 11, 13)
    )
    first.refresh_from_db()
    assert (done.state, first.state, first.next_check) == ("decided", "doing", dt.date(2026, 11, 13))
    assert escalating.next_level(first) == (4, "“审批大厅联席会”已决定，自然资源局 王科长11月13日前落实，先等落实。")

    clock.to(dt.datetime(2026, 11, 16, 9, 0, tzinfo=clock.moment.tzinfo))
    four, office = raise_it(by=actors.director), factories.office_above()
    decision = {"decision": "由市级专班定", "owner": "市专班", "owed_on": dt.date(2026, 11, 20)}
    with pytest.raises(NotAllowed) as refused:
        escalating.decide(four.pk, by=actors.director, **decision)
    assert refused.value.message == "提出升级的人不能自己决定，由工改办登记。"
    assert [user.username for user in escalating.asked(four)] == ["office"]
    assert escalating.decide(four.pk, by=office, **decision).state == "decided"
    holds(project)


def test_a_body_that_cannot_says_so_and_it_goes_up(actors, project, people, signed):
    agent = people[1]
    first = WorkOrder.objects.order_by("pk").first()
    orders.take_order(first.pk, by=agent.user)
    escalating.escalate(
        first.pk, by=agent.user, question="材料口径", tried="当面谈过", body=factories.organisation("housing")
    )
    up = escalating.escalate(
        first.pk, by=factories.official("housing", "reviewer"), question="材料口径", tried="本级无权定", can_not=True
    )
    assert (up.level, up.previous.state) == (2, "pushed")


def test_marks_walks_and_the_tickets_of_what_rubs(actors, project, people, signed):
    with pytest.raises(DomainError) as refused:
        accompanying.toggle_mark(project.pk, kind="care", by=actors.dispatcher)
    assert refused.value.message == "标“关”要写明风险点。"
    accompanying.toggle_mark(project.pk, kind="care", by=people[0].user, note="资金未落实")
    accompanying.toggle_mark(project.pk, kind="watch", by=actors.dispatcher)
    accompanying.toggle_mark(project.pk, kind="watch", by=actors.dispatcher, on=False)
    assert [str(row) for row in project.marks.filter(cleared_at=None)] == ["关 资金未落实"]
    body = factories.organisation("housing")
    form = {"on": dt.date(2026, 11, 2), "official": "张副区长", "post": "副区长", "walked": "取号、接件", "form_key": "k"}
    row = accompanying.write_accompaniment(
        project.pk, by=actors.dispatcher, frictions=[accompanying.Friction("取号机找不到", "门口设导引", body)], **form
    )
    again = accompanying.write_accompaniment(project.pk, by=actors.dispatcher, **form)
    assert (again, row.paper.title) == (row, "陪办记录")
    [issue] = project.issues.filter(kind="friction")
    assert (issue.debtor_organisation, issue.due_on, issue.state) == (body, dt.date(2026, 11, 16), "open")
    with pytest.raises(NotAllowed):
        accompanying.answer_friction(issue.pk, by=actors.clerk, answer="已改")
    accompanying.answer_friction(issue.pk, by=factories.official("housing", "reviewer"), answer="加了导引牌")
    assert accompanying.check_friction(issue.pk, by=actors.dispatcher, gone=True).state == "verified"
    holds(project)


def test_a_leave_opens_the_work_to_its_cover_and_closes_by_itself(actors, project, people, signed, clock):
    _, agent, other = people
    orders.take_all(by=agent.user)
    until = dt.date(2026, 11, 6)
    leave, sheets = leaves.enter_leave(
        agent.pk, since=dt.date(2026, 11, 3), until=until, reason="年休", by=actors.dispatcher, cover_id=other.pk
    )
    assert leaves.enter_leave(
        agent.pk, since=dt.date(2026, 11, 3), until=until, reason="年休", by=actors.dispatcher, cover_id=other.pk
    ) == (leave, [])
    assert list(Project.objects.visible_to(other.user)) == []
    clock.by(days=1)
    other.user.__dict__.pop("_access", None)
    assert list(Project.objects.visible_to(other.user)) == [project]
    first = WorkOrder.objects.order_by("pk").first()
    assert may.can_work(other.user, first)
    assert [row[1] for row in lines(project) if row[0] == "代办专员" and row[2] == "代办"] == ["刘另（代陈专）"]
    [signed_sheet] = handing_over.sign_pack(sheets[0].pack, by=other.user)
    assert (signed_sheet.paper.kind, signed_sheet.until, WorkOrder.objects.filter(agent=other).count()) == (
        "hand_over", until, 0
    )
    clock.to(dt.datetime(2026, 11, 9, 9, 0, tzinfo=clock.moment.tzinfo))
    assert list(Project.objects.visible_to(other.user)) == []
    assert not may.can_work(other.user, first)
    holds(project)


def test_who_goes_hands_over_by_a_signed_sheet(actors, project, people, signed, make_agent):
    _, agent, other = people
    orders.take_all(by=agent.user)
    first = WorkOrder.objects.order_by("pk").first()
    order_log.write_log(first.pk, by=agent.user, channel="visit", who="张伟", fact="资料齐", promise="盖章", promised_on=dt.date(2026, 11, 4))
    with pytest.raises(DomainError) as refused:
        assign(project.pk, role=SERVICE, agent_id=other.pk, by=actors.dispatcher)
    assert refused.value.code == "hand_over_first"
    second = WorkOrder.objects.order_by("pk")[1]
    for order in (first, second):
        order_log.write_log(order.pk, by=agent.user, channel="visit", who="张伟", fact="再催一次")
    [sheet] = handing_over.prepare_pack(agent.pk, to_id=other.pk, by=agent.user, reason="调离")
    # one line per person with the matters it was about, one per thing said: not the log once more
    assert sheet.content["call"] == [f"张伟（上门）：{second.title}、{first.title}"]
    assert len(sheet.content["log"]) == len(set(sheet.content["log"])) == 2
    assert sheet.content["next"][0] == "11月4日找张伟兑现：盖章"
    assert ("代办专员", "刘另", "签收", "交接单") in lines(project)
    done = check_step(
        project, lambda by: handing_over.sign_sheet(sheet.pk, by=by), right=other.user, wrong=agent.user,
        reason="由接收人刘另签收。",
        told=[("paper.issued", None), ("agency.handed_over", None), ("project.involvement_ended", None),
              ("project.involved", None)],
    )
    assert done.paper.title == "代办工作交接单"
    assert done.paper.content["signers"][1] == "接收人：刘另（在门户签收）"
    assert set(WorkOrder.objects.open().values_list("agent", flat=True)) == {other.pk}
    assert list(Project.objects.visible_to(agent.user)) == []
    assert HandOver.objects.get().state == "signed"


def test_all_agents_away_leaves_the_order_to_the_dispatcher(actors, project, people, signed):
    for agent in people:
        AgentLeave.objects.create(
            agent=agent, since="2026-11-02", until="2026-11-06", reason="培训", entered_by=actors.dispatcher,
            entered_at="2026-11-02T08:00:00+08:00",
        )
    number = WorkOrder.objects.open().count()
    assert desk_sweeps.sweep_desk() == number
    assert set(WorkOrder.objects.filter(state__in=ORDER_OPEN).values_list("agent", flat=True)) == {None}
    assert propose(project, SERVICE) == []
    told = actors.dispatcher.notifications.filter(text__contains="没有可派的人").values_list("text", flat=True)
    assert list(told) == [f"{project.name}工单 {number} 张没有可派的人，请派单"]


def test_the_hours_to_accept_an_order_stand_while_the_project_is_suspended(actors, project, people, signed, clock):
    order = WorkOrder.objects.order_by("pk").first()
    clock.by(hours=2)
    suspend_project(project.pk, by=actors.director, reason="资金调整")
    clock.by(days=2)
    assert (list(desk_sweeps.unaccepted()), orders.pass_on(order.pk)) == ([], False)
    (row,) = order_rows([WorkOrder.objects.select_related("project").get(pk=order.pk)])
    assert row.next_words == "项目暂缓，接单时限停计"
    resume_project(project.pk, by=actors.director, reason="资金到位")
    assert orders.pass_on(order.pk) is False
    follow_project(project.pk)
    left = WorkOrder.objects.get(pk=order.pk)
    assert (left.agent, left.accept_by - order.accept_by) == (people[1], dt.timedelta(days=2))
    clock.by(hours=7)
    assert (orders.pass_on(order.pk), WorkOrder.objects.get(pk=order.pk).agent) == (True, people[2])


def test_the_agreement_is_offered_by_itself_once_the_owner_was_told_everything(actors, project, people):
    row = agreements.offer_by_itself(project.pk)
    assert (row.state, row.offered_by, agreements.offer_by_itself(project.pk)) == ("offered", None, None)
    agreements.decline_agreement(row.pk, by=actors.owner)
    assert newest(people[1].user) == f"{project.name}：建设单位不委托代办"
    assert agreements.offer_by_itself(project.pk) is None
    again = agreements.offer_agreement(project.pk, by=actors.dispatcher)
    agreements.decline_agreement(again.pk, by=actors.dispatcher, reason="计划要改")
    assert newest(actors.owner) == f"{project.name}：代办委托协议由中心撤下：计划要改，需要代办请重新申请"
