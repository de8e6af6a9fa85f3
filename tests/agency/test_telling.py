"""Whom silence, a meeting, a survey, a late paper concerns is told of it in the portal, each once and with the reason."""

import datetime as dt

import pytest

from agency.models import Notification
from agency.services.reminders import sweep_due
from packages.models import JointSession, ReviewTask
from packages.services import conference, referring, review, special, sweeping, utilities, utility_works
from projects import timing
from projects.models import Organisation
from projects.states import Role
from tests import factories
from tests.packages.promise_steps import deferred

NO = {"verdict": "disagree", "reason": "未设人防出入口", "basis": "人民防空法第22条", "remedy": "增设出入口一处"}


@pytest.fixture
def project(kept_plant):
    """A plant with its plan."""
    return kept_plant


@pytest.fixture
def case(project, actors):
    """Its planning permit, under joint review; the departments have people."""
    for code in ("natural-resources", "civil-defence", "housing"):
        factories.official(code, Role.REVIEWER)
    factories.official("housing", Role.CHIEF)
    return factories.in_review(project, "plan-permit", actors)


def told():
    """Who was told what, and why, since the last look; a second look at the outbox adds nothing."""
    factories.drain()
    factories.drain()
    rows = list(Notification.objects.order_by("user__username").values_list("user__username", "text", "why", "url"))
    Notification.objects.all().delete()
    return rows


def test_silence_is_told_to_the_department_its_chief_the_lead(case, project, clock):
    told()
    clock.to(dt.datetime(2026, 11, 4, 0, 5, tzinfo=timing.BUSINESS_ZONE))
    assert sweeping.apply_all_tacit()[1] == 0
    task = ReviewTask.objects.get(session__case=case, organisation__code="housing")
    assert task.state == "tacit"
    text = f"{project.name}“{case.matter.name}”住建局超时默认同意，11月6日前可以补充意见"
    rows = [row for row in told() if "住建局" in row[1]]
    assert rows == [
        ("chief-housing", text, "贵部门没有在期限内答复", f"/reviews/{task.pk}/"),
        ("reviewer", text, "贵部门没有在期限内答复", f"/reviews/{task.pk}/"),
        ("reviewer-housing", text, "贵部门没有在期限内答复", f"/reviews/{task.pk}/"),
        ("reviewer-natural-resources", text, "由贵部门汇总意见", f"/cases/{case.pk}/"),
    ]


def test_a_unit_hears_what_its_department_sends_on_and_the_department_what_it_advises(case, project):
    task = ReviewTask.objects.get(session__case=case, organisation__code="housing")
    unit = Organisation.objects.create(name="住建局消防科", kind="department", parent=task.organisation)
    expert = factories.person("unit", "钱进", Role.REVIEWER, unit)
    told()
    sender = factories.official("housing", Role.REVIEWER)
    referral = referring.send_on(task.pk, by=sender, unit_id=unit.pk, days=1)
    what, url = f"{project.name}“{case.matter.name}”转办", f"/reviews/{task.pk}/"
    assert told() == [("unit", f"{what}给贵科室，请在11月3日前反馈", "本部门转办", url)]
    referring.advise(referral.pk, by=expert, verdict="agree", reason="可行")
    answered = [(name, f"{what}已反馈，请出具意见", "由贵部门答复", url) for name in ("chief-housing", "reviewer", "reviewer-housing")]
    assert told() == answered


def test_a_conference_invites_and_asks_for_signatures(case, project):
    task = ReviewTask.objects.get(session__case=case, organisation__code="civil-defence")
    review.give_opinion(task.pk, by=factories.official("civil-defence", Role.REVIEWER), **NO)
    factories.answer_all(case)
    told()
    lead = factories.official("natural-resources", Role.REVIEWER)
    meeting = conference.call_conference(
        JointSession.objects.get(case=case).pk, by=lead, meets_at=timing.now() + dt.timedelta(hours=2),
        place="二楼会议室", agenda="人防出入口",
    )
    rows, url = told(), f"/conferences/{meeting.pk}/"
    text = f"{project.name}“{case.matter.name}”联审会 11月2日 11:00 二楼会议室：人防出入口"
    assert ("reviewer-civil-defence", text, "请贵部门派人参加", url) in rows
    assert ("chief-housing", text, "请贵部门派人参加", url) in rows
    assert lead.username not in {row[0] for row in rows}
    body = Organisation.objects.get(code="civil-defence")
    changed = conference.Position(body.pk, "李某", "conditional", "可调整", "人民防空法第22条", "施工图中增设出入口一处")
    conference.close_conference(
        meeting.pk, by=lead, held_on=timing.today(), minutes="在施工图中落实。", outcome="settled", positions=[changed]
    )
    assert told() == [(
        "reviewer-civil-defence", f"{project.name}“{case.matter.name}”联审会意见待签认", "会后意见须由贵部门签认才生效", url,
    )]


def test_the_survey_the_reply_and_the_connection_reach_the_owner_and_the_utilities(project, actors):
    water = factories.official("water-company", Role.REVIEWER)
    joint = utilities.register_request(project.pk, by=actors.owner, needs={"water": "60"}, site="纬三路")
    utilities.accept_request(joint.pk, by=actors.clerk)
    told()
    utilities.appoint_survey(joint.pk, by=actors.clerk, on=timing.today(), place="南门")
    text, url = f"{project.name} 约定联合踏勘：2026年11月2日，南门", f"/utilities/{joint.pk}/"
    assert told() == [
        ("owner", text, "请安排人员到场", url), ("owner-staff", text, "请安排人员到场", url),
        ("reviewer-water-company", text, "请贵单位派人到场", url),
    ]
    seen = {"water": utilities.Seen(True, "张工", "可接入")}
    utilities.record_survey(joint.pk, by=actors.clerk, on=timing.today(), note="一致", seen=seen)
    [line] = joint.lines.all()
    utilities.answer_line(line.pk, by=water, access_point="井", scheme="就近", items=[])
    utilities.send_reply(joint.pk, by=actors.clerk)
    assert {(row[0], row[1].rpartition("，")[2]) for row in told()} == {("owner", "请逐项确认"), ("owner-staff", "请逐项确认")}
    utility_works.confirm_connected(line.pk, by=water, on=timing.today())
    rows = told()
    assert {row[0] for row in rows} == {"owner", "owner-staff"}
    assert rows[0][1] == f"{project.name}供水已接通，请评价"


@pytest.mark.slow
def test_a_late_deferred_paper_is_told_to_the_owner_the_window_and_the_chief(project, actors, clock):
    case, item = deferred(project, actors, "decision")
    chief = factories.official(case.lead.code, Role.CHIEF)
    due = item.deferrals.get().issue.clock.due_on
    told()
    clock.to(timing.start_of_day(due) + dt.timedelta(days=1, hours=9))
    sweeping.sweep_promises()
    sweep_due()
    rows = {row[0]: row[2] for row in told() if item.name in row[1]}
    assert rows == {
        "owner": "由贵单位办理", "owner-staff": "由贵单位办理", "clerk": "企业逾期，请窗口催办",
        chief.username: "企业逾期，请您决定怎样处理",
    }


def test_a_special_procedure_of_the_same_kind_is_told_to_the_director_and_one_past_its_limit_to_the_head(case, project, actors, clock):
    lead, chief = (factories.official("natural-resources", role) for role in (Role.REVIEWER, Role.CHIEF))

    def start():
        row = special.request_special(case.pk, by=lead, kind="expert", basis="评审办法第 6 条", planned_days=5)
        special.approve_special(row.pk, by=chief)

    start()
    assert [row for row in told() if row[0] == "director"] == []
    special.end_special(case.pk, by=lead, result="专家组同意", uploaded=factories.pdf())
    start()
    assert [row for row in told() if row[0] == "director"] == [(
        "director", f"{project.name}“{case.matter.name}”同类特别程序再次启动，请核对", "同类特别程序再次启动须报中心主任",
        f"/cases/{case.pk}/",
    )]
    clock.to(timing.start_of_day(factories.fresh(case).special_clock.due_on) + dt.timedelta(days=1, hours=9))
    sweep_due()
    assert factories.fresh(case).state == "suspended"
    heads = [row[1] for row in told() if row[0] == chief.username]
    assert heads == [f"{project.name} “{case.matter.name}”特别程序已超时（11月9日）"]
