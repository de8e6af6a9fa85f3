"""Every project gets a 项目长 and a 服务专员 by a stated rule, confirmed by the dispatcher, free of charge (handbook §10)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from agency import rules
from agency.models import AgentLeave, Assignment
from agency.services.assignment import assign, propose, propose_many
from agency.services.bench import Bench
from packages import review_rules
from packages.models import ReviewTask
from projects.errors import ALLOWED, DomainError, NotAllowed, Verdict
from projects.events import fold, verify_chain
from projects.models import Event, Involvement, Project
from projects.services.status import suspend_project
from tests import factories

LEAD, SERVICE = "lead_officer", "service_agent"


@pytest.fixture
def project(kept_warehouse):
    """A private low-risk warehouse (soc-lowrisk) in 高平市 with its plan."""
    return kept_warehouse


def busy(agent, actors, count, *, owner=None):
    """Give an agent so many projects at hand, of another owner unless one is named."""
    for _ in range(count):
        other = factories.make_project(actors, owner=owner or actors.other_body)
        Assignment.objects.create(
            project=other, role=LEAD, agent=agent, score=0, reasons=[], assigned_by=actors.dispatcher,
            assigned_at="2026-10-01T09:00:00+08:00",
        )


# What the rule says: weights 0.35 specialty, 0.25 district, 0.25 free load, 0.15 continuity.
TABLE = [
    # specialties, region, at hand, cap, served the owner, score, reasons
    (["soc-lowrisk"], "140581", 0, 20, False, "0.850", ["熟悉这类套餐", "负责高平市片区", "负荷 0 分，上限 20（在手 0 个）"]),
    (["soc-lowrisk"], "140581", 1, 20, True, "0.975",
     ["熟悉这类套餐", "负责高平市片区", "负荷 2 分，上限 20（在手 1 个）", "服务过该建设单位"]),
    ([], "140581", 0, 20, False, "0.500", ["负责高平市片区", "负荷 0 分，上限 20（在手 0 个）"]),
    (["gov-general"], "140581", 1, 8, False, "0.438", ["负责高平市片区", "负荷 2 分，上限 8（在手 1 个）"]),
    ([], "140500", 0, 20, False, "0.375", ["负责上级片区，可跨区支援", "负荷 0 分，上限 20（在手 0 个）"]),
    (["soc-lowrisk"], "140000", 3, 12, False, "0.600",
     ["熟悉这类套餐", "负责上级片区，可跨区支援", "负荷 6 分，上限 12（在手 3 个）"]),
]


@pytest.mark.parametrize(("specialties", "region", "hand", "cap", "served", "score", "reasons"), TABLE)
def test_the_score_is_the_sum_of_its_reasons(
    actors, project, make_agent, specialties, region, hand, cap, served, score, reasons
):
    agent = make_agent("甲", region=region, specialties=specialties, cap=cap)
    busy(agent, actors, hand, owner=actors.owner_body if served else None)
    [proposal] = propose(project, LEAD)
    assert (proposal.agent, proposal.score, list(proposal.reasons)) == (agent, Decimal(score), reasons)


def test_only_people_who_may_serve_are_proposed(actors, project, make_agent):
    good = make_agent("甲")
    make_agent("不能任项目长", lead=False)
    make_agent("不在岗", on_duty=False)
    make_agent("别的片区", region="140521")
    make_agent("须回避", conflicts=[actors.owner_body])
    full = make_agent("已满", cap=3)
    busy(full, actors, 1)
    gone = make_agent("离职")
    gone.user.is_active = False
    gone.user.save()
    assert [p.agent for p in propose(project, LEAD)] == [good]


def test_who_is_away_or_reviews_the_project_is_not_proposed(actors, project, make_agent, clock):
    """On leave, not on duty that day of the week, handler of a task of the same project, or of a body that leads it."""
    good, ill, tuesday, judge, member = (make_agent(name) for name in ("甲", "病假", "周二", "审查", "部门"))
    AgentLeave.objects.create(
        agent=ill, since="2026-11-02", until="2026-11-04", reason="病假", entered_by=actors.dispatcher,
        entered_at=clock.moment,
    )
    tuesday.duty_days = [2]
    tuesday.save()
    case = factories.in_review(project, "plan-permit", actors)
    ReviewTask.objects.filter(session__case=case, organisation__code="housing").update(handler=judge.user)
    factories.person(member.user.username, "部门", "reviewer", case.lead)
    assert [p.agent for p in propose(project, LEAD)] == [good]
    assert Bench([project]).obstacles(project, LEAD) == {"请假": 1, "今天不值班": 1, "正在审查本项目": 2}
    for one, why in ((ill, "病假请假至11月4日"), (judge, "审查正在审查本项目")):
        with pytest.raises(DomainError) as refused:
            assign(project.pk, role=LEAD, agent_id=one.pk, by=actors.dispatcher, override_reason="只有他熟悉")
        assert refused.value.message == f"不能指派：{why}。请从名单中另选一人。"
    clock.by(days=3)
    assert {p.agent for p in propose(project, LEAD)} == {good, ill}


def test_where_all_are_at_their_cap_the_desk_says_so_and_what_can_be_done(actors, project, make_agent, client):
    client.force_login(actors.dispatcher)
    assert Bench([project]).shortage(project, LEAD).why == "还没有登记代办人员"
    full, fuller = make_agent("满一", cap=5), make_agent("满二", cap=6)
    busy(full, actors, 1)
    busy(fuller, actors, 3)
    make_agent("别的片区", region="140521")
    found = Bench([project]).shortage(project, LEAD)
    assert (found.why, found.nearest) == ("合适的 2 人都没有余量（余量留给急重项目 1 人、负荷已满 1 人、不在片区 1 人）", full)
    assert found.advice == (
        "满一最近：负荷 2，上限 5，差 2 分。可以把上限调高，交接或办结在手的项目，请上级片区支援，或登记新的代办人员。"
    )
    with pytest.raises(DomainError) as refused:
        assign(project.pk, role=LEAD, agent_id=fuller.pk, by=actors.dispatcher, override_reason="只有他熟悉")
    assert "满二" in refused.value.message
    cap = f'href="{reverse("agency:agent", args=[full.pk])}"'
    for page in (client.get(reverse("agency:desk")), client.get(reverse("agency:assign", args=[project.pk]))):
        assert (found.why in page.text, found.advice in page.text, cap in page.text) == (True, True, True)
    full.load_cap = 7
    full.save()
    assert [proposal.agent for proposal in propose(project, LEAD)] == [full]


def test_a_weekend_that_is_worked_finds_everybody_on_duty(actors, project, make_agent, clock):
    """20 September 2026 is a Sunday that makes up for a holiday; the Sunday before is none, and Monday is asked."""
    agent = make_agent("甲")
    clock.to(dt.datetime(2026, 9, 20, 10))
    assert [p.agent for p in propose(project, LEAD)] == [agent]
    agent.duty_days = [2]
    agent.save()
    assert [p.agent for p in propose(project, LEAD)] == [agent]
    clock.to(dt.datetime(2026, 9, 13, 10))
    assert propose(project, LEAD) == []


def test_an_agent_of_a_project_does_not_review_it(actors, project, make_agent):
    """Who became an agent and works for the department as well may not take the task up."""
    agent = make_agent("甲")
    assign(project.pk, role=LEAD, agent_id=agent.pk, by=actors.dispatcher)
    case = factories.in_review(project, "plan-permit", actors)
    task = ReviewTask.objects.get(session__case=case, organisation__code="housing")
    user = factories.person(agent.user.username, "甲", "reviewer", task.organisation)
    assert review_rules.can_open_task(user, task).reason == "您是本项目的代办人员，不审查同一项目。"


def test_three_are_proposed_the_best_first_and_of_equals_who_was_assigned_longest_ago(actors, project, make_agent):
    recent, never, fit, last = make_agent("刚派过"), make_agent("没派过"), make_agent("对口", specialties=["soc-lowrisk"]), make_agent("满手", cap=2)
    ended = factories.make_project(actors, owner=actors.other_body)
    Assignment.objects.create(
        project=ended, role=LEAD, agent=recent, score=0, reasons=[], assigned_by=actors.dispatcher,
        assigned_at="2026-10-30T09:00:00+08:00", ended_at="2026-10-31T09:00:00+08:00",
    )
    busy(last, actors, 1)
    assert [p.agent for p in propose(project, LEAD)] == [fit, never, recent]


def test_a_delivered_or_terminated_project_is_no_load(actors, project, make_agent):
    agent = make_agent("甲", cap=2)
    busy(agent, actors, 1)
    Project.objects.exclude(pk=project.pk).update(stage="delivered")
    assert propose(project, LEAD)[0].reasons[-1] == "负荷 0 分，上限 2（在手 0 个）"


def test_many_projects_are_proposed_for_at_the_cost_of_one(actors, make_agent, django_assert_num_queries):
    for name in "甲乙丙丁":
        make_agent(name)
    projects = list(Project.objects.none())
    for count in (1, 12):
        while len(projects) < count:
            projects.append(factories.make_project(actors))
        found = list(Project.objects.filter(pk__in=[p.pk for p in projects]).select_related("region"))
        with django_assert_num_queries(11):
            proposals = propose_many(found)
        assert {key: len(people) for key, people in proposals.items()} == {
            (p.pk, role): 3 for p in projects for role in (LEAD, SERVICE)
        }


def test_assigning_opens_the_project_to_the_person_and_writes_exactly_these_events(actors, project, make_agent):
    agent = make_agent("甲", specialties=["soc-lowrisk"])
    before = project.event_seq
    assert list(Project.objects.visible_to(agent.user)) == []
    made = assign(project.pk, role=LEAD, agent_id=agent.pk, by=actors.dispatcher)
    assert (made.project, made.role, made.agent, made.score, made.reasons, made.override_reason, made.ended_at) == (
        project, LEAD, agent, Decimal("0.850"), ["熟悉这类套餐", "负责高平市片区", "负荷 0 分，上限 20（在手 0 个）"], "", None
    )
    assert list(Project.objects.visible_to(agent.user)) == [project]
    events = Event.objects.filter(project=project, seq__gt=before).order_by("seq")
    assert [(e.kind, e.summary, e.actor, e.data) for e in events] == [
        ("project.involved", "项目长：甲", actors.dispatcher, {"role": LEAD, "user": agent.user.pk, "organisation": None}),
        ("agency.assigned", "项目长：甲", actors.dispatcher,
         {"role": LEAD, "agent": agent.pk, "score": "0.850", "override_reason": ""}),
    ]
    assert verify_chain(f"project:{project.pk}") is None
    assert fold(project)[project._meta.label, str(project.pk), "status"] == "active"


def test_a_second_press_does_nothing(actors, project, make_agent):
    agent = make_agent("甲")
    first = assign(project.pk, role=LEAD, agent_id=agent.pk, by=actors.dispatcher)
    before = Event.objects.count()
    assert assign(project.pk, role=LEAD, agent_id=agent.pk, by=actors.director) == first
    assert (Event.objects.count(), Assignment.objects.count()) == (before, 1)


def test_reassigning_ends_what_was_and_moves_the_view(actors, project, make_agent, clock):
    old, new = make_agent("甲"), make_agent("乙")
    assign(project.pk, role=LEAD, agent_id=old.pk, by=actors.dispatcher)
    clock.by(days=1)
    assign(project.pk, role=LEAD, agent_id=new.pk, by=actors.dispatcher)
    rows = list(Assignment.objects.order_by("pk").values_list("agent__user__name", "ended_at"))
    assert rows == [("甲", clock.moment), ("乙", None)]
    assert list(Project.objects.visible_to(old.user)) == []
    assert list(Project.objects.visible_to(new.user)) == [project]
    assert list(
        Involvement.objects.current().filter(project=project, role=LEAD).values_list("user__name", flat=True)
    ) == ["乙"]


def test_the_fourth_person_needs_a_reason(actors, project, make_agent):
    for name in "甲乙丙":
        make_agent(name, specialties=["soc-lowrisk"])
    fourth = make_agent("丁")
    with pytest.raises(DomainError) as refusal:
        assign(project.pk, role=LEAD, agent_id=fourth.pk, by=actors.dispatcher, override_reason="  ")
    assert (refusal.value.code, refusal.value.message) == ("override_reason", "改派建议名单以外的人，要写明理由。")
    assert Assignment.objects.count() == 0
    made = assign(project.pk, role=LEAD, agent_id=fourth.pk, by=actors.dispatcher, override_reason="沿用二期的项目长")
    assert (made.agent, made.override_reason) == (fourth, "沿用二期的项目长")
    event = Event.objects.get(kind="agency.assigned")
    assert event.data["override_reason"] == "沿用二期的项目长"


@pytest.mark.parametrize(("given", "code"), [
    ({"role": "boss"}, "unknown_role"), ({"agent_id": 0}, "not_a_candidate"),
])
def test_what_is_not_on_the_list_is_refused(actors, project, make_agent, given, code):
    agent = make_agent("甲")
    values = {"role": LEAD, "agent_id": agent.pk, "override_reason": "就要他"} | given
    with pytest.raises(DomainError) as refusal:
        assign(project.pk, by=actors.dispatcher, **values)
    assert refusal.value.code == code


def test_one_person_does_not_hold_both_roles(actors, project, make_agent):
    agent = make_agent("甲")
    assign(project.pk, role=LEAD, agent_id=agent.pk, by=actors.dispatcher)
    assert propose(project, SERVICE) == []
    with pytest.raises(DomainError) as refusal:
        assign(project.pk, role=SERVICE, agent_id=agent.pk, by=actors.dispatcher)
    assert refusal.value.code == "both_roles"


def test_who_may_assign_and_why_not(actors, project):
    answers = {
        name: rules.can_assign(getattr(actors, name), project)
        for name in ("dispatcher", "director", "clerk", "agent", "owner", "reviewer", "outsider")
    }
    no = Verdict(ok=False, reason="由代办调度或中心主任指派。")
    assert answers == {
        "dispatcher": ALLOWED, "director": ALLOWED, "clerk": no, "agent": no, "owner": no, "reviewer": no, "outsider": no,
    }
    assert rules.can_assign(AnonymousUser(), project) == no
    suspend_project(project.pk, by=actors.director, reason="建设单位资金未到位")
    project.refresh_from_db()
    assert rules.can_assign(actors.dispatcher, project) == Verdict(ok=False, reason="项目已暂缓，不再指派。")


def test_a_clerk_is_refused_by_the_service_too(actors, project, make_agent):
    agent = make_agent("甲")
    with pytest.raises(NotAllowed) as refusal:
        assign(project.pk, role=LEAD, agent_id=agent.pk, by=actors.clerk)
    assert refusal.value.message == "由代办调度或中心主任指派。"


def test_the_project_waits_for_the_dispatcher_until_both_are_there(actors, project, make_agent):
    from projects.waiting import waiting_on

    def asked():
        return [(row.role, row.what, row.verb) for row in waiting_on(project) if row.role == "代办调度"]

    assert asked() == [("代办调度", "项目长、服务专员", "指派")]
    assign(project.pk, role=LEAD, agent_id=make_agent("甲").pk, by=actors.dispatcher)
    assert asked() == [("代办调度", "服务专员", "指派")]
    assign(project.pk, role=SERVICE, agent_id=make_agent("乙").pk, by=actors.dispatcher)
    assert asked() == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_dispatchers_at_once_leave_one_person(actors, project, make_agent, at_once):
    first, second = make_agent("甲"), make_agent("乙")
    outcomes = at_once(*[
        lambda pk=agent.pk: assign(project.pk, role=LEAD, agent_id=pk, by=actors.dispatcher) for agent in (first, second)
    ])
    assert all(isinstance(outcome, Assignment) for outcome in outcomes)
    assert Assignment.objects.filter(project=project, role=LEAD, ended_at=None).count() == 1
    assert Involvement.objects.filter(project=project, role=LEAD, until=None).count() == 1
