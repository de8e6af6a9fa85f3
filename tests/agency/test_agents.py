"""The register of agents, their leave and their calendar; whoever helps files for the owner only while an agreement holds."""

import datetime as dt

import pytest
from django.urls import reverse

from agency import desk_rules as may
from agency.desk_providers import order_waiting
from agency.desk_queries import board, calendar
from agency.models import Agreement, Escalation, HandOver, WorkOrder
from agency.services import accompanying, agreements, desk_sweeps, escalating, handing_over, leaves, order_log, orders
from agency.services.agents import AgentEntry, eligible, save_agent
from agency.services.assignment import assign, propose
from agency.subjects import subject_of
from packages import rules as packages_rules
from packages.services.intake import open_application
from packages.waiting import case_waiting
from projects.errors import DomainError, NotAllowed
from projects.models import Event, Project, Region
from projects.quoting import quoted
from projects.states import Role
from tests import factories
from tests.packages.steps import holds

pytestmark = pytest.mark.slow

LEAD, SERVICE = "lead_officer", "service_agent"


@pytest.fixture
def project(kept_warehouse):
    """A private low-risk warehouse in 高平市 with its plan."""
    return kept_warehouse


def refused(act, *args, **more):
    with pytest.raises(DomainError) as caught:
        act(*args, **more)
    return caught.value.code


def first_order():
    return WorkOrder.objects.order_by("pk").first()


def files(agent, project):
    """Whether somebody files for the owner, looked at anew."""
    agent.user.__dict__.pop("_access", None)
    return bool(packages_rules.can_apply(agent.user, project))


# The register and its leaves ---------------------------------------------------------------------------------------------


def test_the_register_keeps_where_when_and_how_much(actors, project):
    user = factories.person("fresh", "新专", Role.AGENT, actors.centre)
    given = {
        "regions": [Region.objects.get(code="140581")], "specialties": ["soc-lowrisk", "soc-lowrisk"],
        "duty_days": [2, 1], "load_cap": 10, "can_lead": False, "can_serve": True, "is_on_duty": True,
        "conflicts": [actors.other_body],
    }

    def keep(by=actors.dispatcher, who=user, **more):
        return save_agent(who.pk, AgentEntry(**given | more), by=by)

    assert user in eligible(actors.dispatcher)
    wrong = {"regions": "no_region", "duty_days": "no_days", "load_cap": "cap", "can_serve": "no_part"}
    values = {"regions": [], "duty_days": [8], "load_cap": 0, "can_serve": False}
    assert {name: refused(keep, **{name: value}) for name, value in values.items()} == wrong
    assert refused(keep, who=actors.clerk) == "no_role"
    with pytest.raises(NotAllowed) as caught:
        keep(by=actors.clerk)
    assert caught.value.message == "代办人员由代办调度或中心主任管理。"
    agent = keep()
    assert (agent.specialties, agent.duty_days, list(agent.conflicts.all())) == (
        ["soc-lowrisk"], [1, 2], [actors.other_body]
    )
    assert user not in eligible(actors.dispatcher)
    assert ([one.agent for one in propose(project, SERVICE)], propose(project, LEAD)) == ([agent], [])
    assert keep(load_cap=1).pk == agent.pk
    assert propose(project, SERVICE) == []  # no room for the two points of the project
    told = Event.objects.filter(kind="agency.agent_kept", organisation=actors.centre).order_by("pk")
    assert [event.data for event in told] == [
        {"before": None, "now": [10, True]}, {"before": [10, True], "now": [1, True]},
    ]


def test_who_is_back_early_takes_the_work_back_and_wrong_days_are_refused(actors, project, people, signed, clock):
    _, agent, other = people
    orders.take_all(by=agent.user)
    days = {"since": dt.date(2026, 11, 3), "until": dt.date(2026, 11, 6)}

    def away(who=agent, **more):
        return leaves.enter_leave(who.pk, reason="年休", by=actors.dispatcher, **{**days, **more})

    assert refused(away, until=dt.date(2026, 11, 2)) == "dates"
    assert refused(away, cover_id=people[0].pk) == "not_fit"  # who leads the project does not serve it as well
    assert handing_over.takers(agent, [people[0], other]) == [other]  # and the form does not offer him
    leave, [sheet] = away(cover_id=other.pk)
    assert refused(away, until=dt.date(2026, 11, 4)) == "overlap"
    clock.by(days=1)
    other.user.__dict__.pop("_access", None)
    assert may.can_work(other.user, first_order())
    leaves.cancel_leave(leave.pk, by=actors.dispatcher)
    leaves.cancel_leave(leave.pk, by=actors.dispatcher)
    sheet.refresh_from_db()
    assert (sheet.state, list(Project.objects.visible_to(other.user))) == ("cancelled", [])
    assert (bool(may.can_work(other.user, first_order())), bool(may.can_work(agent.user, first_order()))) == (False, True)
    assert Event.objects.filter(kind="agency.leave_cancelled").count() == 1
    with pytest.raises(NotAllowed):
        handing_over.sign_sheet(sheet.pk, by=other.user)
    away(who=other)
    assert refused(away, cover_id=other.pk) == "cover_away"
    holds(project)


# How far an agreement reaches -----------------------------------------------------------------------------------------------


def test_an_agreement_ends_with_its_term_and_nobody_files_under_it_any_more(actors, project, people, clock):
    agent, other, until = people[1], people[2], dt.date(2026, 11, 6)
    row = agreements.offer_agreement(project.pk, by=actors.dispatcher, until=until)
    row = agreements.sign_agreement(row.pk, by=actors.owner)
    orders.take_all(by=agent.user)
    clock.to(dt.datetime(2026, 11, 6, 20, 0, tzinfo=clock.moment.tzinfo))
    assert (list(agreements.expired()), files(agent, project)) == ([], True)
    clock.to(dt.datetime(2026, 11, 7, 0, 10, tzinfo=clock.moment.tzinfo))
    number = WorkOrder.objects.open().count()
    desk_sweeps.sweep_desk()
    assert [agreements.expire_agreement(row.pk), desk_sweeps.sweep_desk()] == [False, 0]
    row.refresh_from_db()
    assert (row.state, row.end_reason, row.ended_by, row.paper.state) == ("ended", "委托期限届满", None, "valid")
    closed = WorkOrder.objects.filter(state="closed", close_reason="委托期限届满")
    assert (closed.count(), number > 5, files(agent, project)) == (number, True, False)
    text = f"{project.name}代办委托期限已满，继续代办请重新申请"
    heard = {user.username for user in (actors.owner, actors.owner_staff, people[0].user, agent.user)}
    assert set(row.project.notifications.filter(text=text).values_list("user__username", flat=True)) == heard
    leaves.enter_leave(
        agent.pk, since=dt.date(2026, 11, 7), until=dt.date(2026, 11, 9), reason="病假", by=actors.dispatcher,
        cover_id=other.pk,
    )
    assert files(other, project) is False
    again = agreements.offer_agreement(project.pk, by=actors.dispatcher)
    agreements.sign_agreement(again.pk, by=actors.owner)
    assert (files(agent, project), files(other, project)) == (True, True)
    holds(project)


def test_an_agreement_without_a_day_ends_when_the_project_is_delivered_and_its_last_order_over(
    actors, project, people, signed
):
    agent = people[1]
    assert "二、期限：自签订之日起，至项目交付，未办完的事项办完为止。" in signed.paper.content["paragraphs"]
    orders.take_all(by=agent.user)
    first, *others = WorkOrder.objects.open().order_by("pk")
    for order in others:
        orders.close_order(order.pk, by=actors.dispatcher, reason="测试")
    Project.objects.filter(pk=project.pk).update(stage="delivered")
    assert (desk_sweeps.sweep_desk(), order_waiting(WorkOrder.objects.get(pk=first.pk)).person) == (0, "陈专")
    orders.finish_order(first.pk, by=agent.user)
    assert [desk_sweeps.sweep_desk(), desk_sweeps.sweep_desk(), agreements.expire_agreement(signed.pk)] == [1, 0, False]
    signed.refresh_from_db()
    assert (signed.state, signed.end_reason, signed.ended_by, signed.paper.state) == (
        "ended", "项目已交付，委托事项办完", None, "valid"
    )
    assert Event.objects.get(kind="agency.agreement_ended").data == {"state": ["signed", "ended"]}
    text = f"{project.name}已交付，委托事项办完，代办委托结束"
    heard = {user.username for user in (actors.owner, actors.owner_staff, people[0].user, agent.user)}
    assert set(project.notifications.filter(text=text).values_list("user__username", flat=True)) == heard
    assert files(agent, project) is False


def test_who_takes_the_place_of_an_agent_may_do_what_the_agreement_says(actors, project, people):
    agent, other = people[1], people[2]
    row = agreements.offer_agreement(project.pk, by=actors.dispatcher, powers=["advise"])
    agreements.sign_agreement(row.pk, by=actors.owner)
    assert files(agent, project) is False
    assign(project.pk, role=SERVICE, agent_id=other.pk, by=actors.dispatcher)
    assert files(other, project) is False
    agreements.end_agreement(row.pk, by=actors.owner)
    fuller = agreements.offer_agreement(project.pk, by=actors.dispatcher, powers=["advise", "fill"])
    assert files(other, project) is False  # not signed yet
    agreements.sign_agreement(fuller.pk, by=actors.owner)
    assert files(other, project) is True
    application = open_application(project.pk, matter_codes=["land-plan-permit"], by=other.user, source="net")
    handed = packages_rules.can_receive(other.user, application)
    assert (handed.ok, handed.reason) == (False, "建设单位没有委托代办人员申报、补正，请建设单位自己提交。")
    assert bool(packages_rules.can_receive(actors.owner, application)) is True
    assign(project.pk, role=SERVICE, agent_id=agent.pk, by=actors.dispatcher)
    assert files(agent, project) is True
    agreements.end_agreement(fuller.pk, by=actors.owner)
    assign(project.pk, role=SERVICE, agent_id=other.pk, by=actors.dispatcher)
    assert (files(agent, project), files(other, project)) == (False, False)


def test_an_agreement_of_some_matters_brings_orders_of_these_alone(actors, project, people, clock):
    named = [code for code, _ in agreements.open_matters(project)][:1]
    assert refused(agreements.offer_agreement, project.pk, by=actors.dispatcher, codes=["none"]) == "no_matters"
    late = dt.date(2026, 10, 30)
    assert refused(agreements.offer_agreement, project.pk, by=actors.dispatcher, until=late) == "until"
    row = agreements.offer_agreement(
        project.pk, by=actors.dispatcher, codes=named, is_all=False, until=dt.date(2026, 11, 3)
    )
    clock.to(dt.datetime(2026, 11, 4, 9, 0, tzinfo=clock.moment.tzinfo))
    assert refused(agreements.sign_agreement, row.pk, by=actors.owner) == "until"
    Agreement.objects.filter(pk=row.pk).update(until=None)
    agreements.sign_agreement(row.pk, by=actors.owner)
    assert list(WorkOrder.objects.values_list("case__matter__matter__code", flat=True)) == named


# Board, calendar, promises, keys ------------------------------------------------------------------------------------------


def test_the_calendar_holds_checks_and_promises_and_the_board_narrows_to_a_mark(actors, project, people, signed, clock):
    agent = people[1]
    orders.take_all(by=agent.user)
    WorkOrder.objects.update(next_check=dt.date(2026, 12, 31), planned_on=None)
    first = first_order()
    line = order_log.write_log(
        first.pk, by=agent.user, channel="phone", who="李科长", fact="在会签", promise="出意见",
        promised_on=dt.date(2026, 11, 7), next_check=dt.date(2026, 11, 4),
    )

    def days(**filters):
        found = calendar(agent.user, {"agent": "me", **filters})
        return {str(day.day): (day.checks, day.promises) for day in found if day.checks or day.promises}

    assert days() == {"2026-11-04": ([first], []), "2026-11-09": ([], [line])}  # Saturday's stands on Monday
    assert (days(mark="watch"), sum(column.count for column in board(agent.user, {"mark": "watch"}))) == ({}, 0)
    accompanying.toggle_mark(project.pk, kind="watch", by=actors.dispatcher)
    assert (len(days(mark="watch")), len(days(mark="care"))) == (2, 0)
    assert sum(column.count for column in board(actors.dispatcher, {"mark": "watch"})) == WorkOrder.objects.open().count()
    said = handing_over.content_of(project, agent)
    assert (said["promises"], said["next"][1]) == ([["11月7日", "李科长", "出意见", ""]], "11月7日找李科长兑现：出意见")
    kept = order_log.keep_promise(line.pk, by=agent.user)
    clock.by(hours=1)
    assert order_log.keep_promise(line.pk, by=agent.user).kept_at == kept.kept_at
    assert days() == {"2026-11-04": ([first], [])}


def test_five_steps_with_their_days_and_nothing_above_the_last(actors, project, people, signed, clock):
    first = only_first(actors, people[1])
    seen = []
    for _ in range(5):
        step = escalating.escalate(first.pk, by=actors.dispatcher, question="口径", tried="上一级没有答复")
        seen.append((str(step.get_level_display()), step.clock.limit if step.clock else None))
        if step.clock is not None:  # the ladder speaks to whoever is asked at this step
            assert (subject_of(step.clock).people, len(escalating.asked(step)) > 0) == (escalating.asked(step), True)
        if step.due_on:
            clock.to(dt.datetime.combine(step.due_on, dt.time(9), tzinfo=clock.moment.tzinfo) + dt.timedelta(days=1))
    assert seen == [
        ("受理部门自行协调", 2), ("牵头部门", 3), ("审批大厅联席会", 5), ("秘书长督促会", 5), ("市长专题会", None),
    ]
    assert Escalation.objects.filter(state="pushed").count() == 4
    assert escalating.next_level(first) == (5, "已在市长专题会，没有更高一级。")


def only_first(actors, agent):
    """The first order, accepted."""
    first = first_order()
    return orders.take_order(first.pk, by=agent.user)


def test_a_sheet_that_is_taken_back_moves_nothing(actors, project, people, signed):
    _, agent, other = people
    orders.take_all(by=agent.user)
    [sheet] = handing_over.prepare_pack(agent.pk, to_id=other.pk, by=agent.user, reason="调离")
    with pytest.raises(NotAllowed):
        handing_over.cancel_sheet(sheet.pk, by=other.user)
    for _ in range(2):
        assert handing_over.cancel_sheet(sheet.pk, by=agent.user).state == "cancelled"
    assert refused_to_sign(sheet, other)
    assert set(WorkOrder.objects.open().values_list("agent", flat=True)) == {agent.pk}
    assert HandOver.objects.count() == 1
    waits = ["正在等住建局提供意见，已 2 个工作日。"]  # joined by semicolons on the sheet
    assert handing_over._next([], [], waits, dt.date(2026, 11, 2)) == ["盯住住建局提供意见，已 2 个工作日"]


def refused_to_sign(sheet, other):
    with pytest.raises(NotAllowed) as caught:
        handing_over.sign_sheet(sheet.pk, by=other.user)
    return caught.value.message == "交接单已作废。"


def test_the_page_of_an_order_says_on_whom_it_waits_and_goes_on_by_keys(actors, project, people, signed, client_of):
    agent, first = people[1], WorkOrder.objects.get(case__matter__matter__code="project-code")
    name, housing, told = quoted(first.title), factories.organisation("housing"), []

    def page(keys):
        first.refresh_from_db()
        told.append(order_waiting(first).sentence)
        shown = client_of(agent.user).get(reverse("agency:order", args=[first.pk])).content.decode()
        assert 'class="waiting"' in shown
        assert [key for key in ("F2", "1", "2", "3", "4") if f'data-key="{key}"' in shown] == keys
        assert shown.count('data-key="Ctrl Enter"') == 1  # keeps the line of the log, and nothing else

    page(["F2", "1", "2"])
    orders.take_order(first.pk, by=agent.user)
    page(["F2", "1", "2", "3", "4"])
    orders.wait_for(first.pk, by=agent.user, what="盖章的委托书")
    page(["F2", "1", "2", "3", "4"])
    orders.wait_for(first.pk, by=agent.user, what="口径答复", body=housing)
    page(["F2", "1", "2", "3", "4"])
    escalating.escalate(first.pk, by=agent.user, question="按哪份文件", tried="电话两次", body=housing)
    page(["1", "2", "3", "4"])
    [case] = factories.received(project, ["project-code"], actors)
    WorkOrder.objects.filter(pk=first.pk).update(state="doing")
    page(["1", "2", "3", "4"])
    assert told[:5] == [
        f"正在等代办专员 陈专接{name}的工单，已 0 个工作日，11月2日到期。",
        f"正在等代办专员 陈专代办{name}，已 0 个工作日。",
        f"正在等建设单位 {project.owner.name}提供盖章的委托书，已 0 个工作日。",
        "正在等住建局提供口径答复，已 0 个工作日。",
        f"正在等住建局答复{name}的升级事项，已 0 个工作日，11月4日到期。",
    ]
    assert told[5] == waiting_of(case)
    orders.close_order(first.pk, by=actors.dispatcher, reason="企业自办")
    first.refresh_from_db()
    assert order_waiting(first) is None


def waiting_of(case):
    return case_waiting([case])[case.pk].sentence


