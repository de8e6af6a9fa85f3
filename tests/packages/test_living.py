"""Permits for a part or for a time: remind, convert without a paper twice, lapse, and are stopped."""

import datetime as dt
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archives.models import Paper
from archives.services.public import public_view
from packages import living_data
from packages.living_data import permit_kind
from packages.models import ConditionalPermit, Letter, MaterialItem
from packages.screens.living import permit_page
from packages.services import conditional, living
from packages.tasks import sweep_conditional
from projects import owing, timing, workdays
from projects.errors import NotAllowed
from projects.models import Event, IssueItem, JobRun
from projects.services.involvement import involve
from projects.states import InvolvementRole, Role
from tests import factories
from tests.packages.living_steps import (
    BEFORE_FORMAL,
    UNTIL,
    force,
    inspector,
    keyed_in,
    kinds_of,
    piling,
    refused,
    roles,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def says_what_it_allows(project, permit):
    """The permit, its paper and the line of the letter that it stands on."""
    assert (permit.name, permit.phase, permit.is_works, permit.scope, permit.supervisor.code, permit.formal) == (
        "施工许可证（桩基阶段）", 1, True, "土方开挖、基坑支护和桩基施工", "housing", ["construction-permit"],
    )
    assert (permit.valid_from, permit.valid_until, permit.state) == (dt.date(2026, 11, 2), UNTIL, "issued")
    paper = permit.paper
    assert (paper.valid_until, paper.is_public, paper.document.valid_until) == (UNTIL, True, UNTIL)
    assert "许可范围：土方开挖、基坑支护和桩基施工。不得进行地下室和主体结构施工。" in paper.content["paragraphs"]
    line = MaterialItem.objects.get(case=permit.case, kind__slug="letter-cert")
    assert (line.state, line.document, line.note[:12]) == (
        "letter", Letter.objects.get(project=project).paper.document, "以函代证：用地规划意见函",
    )


def owed(user, project):
    """What the to-dos of the owner say of what runs out or has."""
    debts = owing.debts_of(user, [factories.fresh(project)])[project.pk]
    return [(debt.chip, debt.title, debt.due_on) for debt in debts if debt.chip in {"到期", "停工核查"}]


def reminded_twice(clock, permit):
    """The clock goes on to the last day: fifteen and five working days before it somebody is told, once each."""
    days = {n: workdays.due_date(UNTIL + dt.timedelta(days=1), -n - 1) for n in (15, 5)}
    assert {n: workdays.workdays_between(day, UNTIL) for n, day in days.items()} == {15: 15, 5: 5}
    assert permit.next_on == days[15]
    for day in (days[15] - dt.timedelta(days=1), days[15], days[15], days[5], days[5], UNTIL):
        clock.to(day)
        sweep_conditional()
    permit.refresh_from_db()
    assert (permit.state, permit.warned_days, permit.next_on) == ("warned", 5, UNTIL + dt.timedelta(days=1))


def test_piling_first_is_granted_reminded_inspected_and_converted(clock, actors, kept_permit):
    project, permit = kept_permit
    says_what_it_allows(project, permit)
    first = public_view(factories.fresh(project))["first"]
    assert [(row["title"], row["on"], row["tone"]) for row in first] == [
        ("施工许可证（桩基阶段）", "有效期至2027年1月2日", "warn"), ("用地规划意见函", "有效期至2027年11月2日", "warn"),
    ]
    assert first[0]["detail"] == "许可范围：土方开挖、基坑支护和桩基施工；不得进行地下室和主体结构施工"
    assert roles(project) == []

    reminded_twice(clock, permit)
    assert kinds_of(permit) == ["permit.issued", "permit.warned", "permit.warned"]
    assert roles(project) == [("建设单位", "办结", "正式许可（施工许可证（桩基阶段））", UNTIL)]
    assert owed(actors.owner, project) == [("到期", "办结正式许可（施工许可证（桩基阶段））", UNTIL)]

    force(project, *BEFORE_FORMAL)
    formal = factories.in_review(project, "construction-permit", actors)
    awarded = MaterialItem.objects.get(case=formal, kind__slug="award-contract")
    handed_in = MaterialItem.objects.get(case=permit.case, kind__slug="award-contract")
    assert (awarded.state, awarded.document) == ("held", handed_in.document)
    factories.answer_all(formal)
    factories.merge(formal)
    told = refused("phase_inspection", factories.decide, formal)
    assert told.startswith("上一段“施工许可证（桩基阶段）”的检查还没有办结：桩基阶段监督检查")
    with pytest.raises(NotAllowed, match="由监管单位住建局办结"):
        conditional.close_inspection(permit.pk, by=actors.chief, result="合格")
    conditional.close_inspection(permit.pk, by=inspector(), result="桩位偏差 20 厘米", holds=False)
    refused("phase_inspection", factories.decide, formal)
    conditional.close_inspection(permit.pk, by=inspector(), result="已纠偏，合格")
    factories.decide(formal)
    permit.refresh_from_db()
    new = Paper.objects.get(subject_key=str(formal.pk), kind="certificate")
    assert (permit.state, permit.formal_case, permit.formal_paper, permit.next_on) == ("converted", formal, new, None)
    assert (factories.fresh(permit.paper).state, factories.fresh(permit.paper.document).replaced_by) == (
        "replaced", new.document,
    )
    assert roles(project) == []
    assert [row["title"] for row in public_view(factories.fresh(project))["first"]] == ["用地规划意见函"]


def found_at_work(project, permit, actors):
    """The supervisor finds works after the lapse: one fault and one notice, however often it is said."""
    on = UNTIL + dt.timedelta(days=3)
    with pytest.raises(NotAllowed):
        conditional.report_working(permit.pk, by=actors.clerk, found="塔吊在吊运钢筋", on=on)
    refused("found_on", conditional.report_working, permit.pk, by=inspector(), found="吊运", on=UNTIL)
    for _ in range(2):
        conditional.report_working(permit.pk, by=inspector(), found="塔吊在吊运钢筋", on=on)
    permit.refresh_from_db()
    assert permit.state == "stop_check"
    assert IssueItem.objects.filter(project=project, what__startswith="许可失效后仍在施工").count() == 1
    assert Paper.objects.filter(kind="stop_notice", subject_key=str(permit.pk)).count() == 1


def test_it_lapses_is_stopped_and_the_supervisor_says_when_it_stands_still(clock, actors, kept_permit):
    project, permit = kept_permit
    clock.to(UNTIL + dt.timedelta(days=9))  # nobody was there for weeks: no late reminder, the lapse at once
    assert sweep_conditional() == 1
    assert sweep_conditional() == 0
    permit.refresh_from_db()
    assert (permit.state, kinds_of(permit)) == ("lapsed", ["permit.issued", "permit.lapsed"])
    notice = Paper.objects.get(kind="lapse_notice", subject_key=str(permit.pk))
    assert notice.content["gist"]["do"] == "立即停止施工，办结正式许可后再开工"
    assert roles(project) == [("住建局", "核查", "“施工许可证（桩基阶段）”失效后是否停工", None)]
    assert public_view(factories.fresh(project))["first"][0] | {"detail": ""} == {
        "title": "施工许可证（桩基阶段）", "detail": "", "on": "有效期至2027年1月2日，已失效", "tone": "bad",
    }
    found_at_work(project, permit, actors)
    assert roles(project) == [("建设单位", "停工并答复", "“施工许可证（桩基阶段）”的停工核查", None)]
    assert owed(actors.owner, project) == [("停工核查", "停工并答复“施工许可证（桩基阶段）”的停工核查", None)]
    for _ in range(2):
        conditional.answer_stop(permit.pk, by=actors.owner, answer="塔吊已停，人员撤离")
    with pytest.raises(NotAllowed) as again:  # nothing is taken as told that nobody would read
        conditional.answer_stop(permit.pk, by=actors.owner, answer="另有两台泵车还在")
    assert again.value.message == "答复已经提交，等住建局复核。"
    assert owed(actors.owner, project) == []
    assert roles(project) == [("住建局", "复核", "“施工许可证（桩基阶段）”失效后的停工情况", None)]
    page = permit_page(factories.fresh(permit), actors.owner)
    assert [(one.role, one.verb) for one in page.waiting] == [("住建局", "复核")]
    assert page.events[0].summary == "已答复：许可失效后仍在施工：塔吊在吊运钢筋"
    conditional.close_stop_check(permit.pk, by=inspector(), stands_still=False, note="仍有人焊接")
    assert [role for role, *_ in roles(project)] == ["建设单位"]
    for _ in range(2):
        conditional.close_stop_check(permit.pk, by=inspector(), stands_still=True, note="现场无人")
    permit.refresh_from_db()
    assert (permit.state, permit.stop_issue.state, roles(project)) == ("lapsed", "verified", [])
    assert kinds_of(permit) == ["permit.issued", "permit.lapsed", "permit.stop_check", "permit.stopped"]
    what = "许可失效后仍在施工：塔吊在吊运钢筋"
    told = [(event.summary, event.actor_name) for event in permit_page(permit, actors.owner).events][:4]
    assert told == [
        (f"核查已停工：{permit.name}，现场无人", inspector().name), (f"已核：{what}", inspector().name),
        (f"已答复：{what}", inspector().name), (f"未通过复核：{what}，仍有人焊接", inspector().name),
    ]
    assert conditional.convert_by(permit.case, None, by=None, at=timing.now()) == []


def test_a_prepermit_is_given_once_and_carries_only_what_it_may(clock, actors):
    project = piling(actors)
    formal = factories.make_case(project, "plan-permit")
    give = lambda by, kind="plan-prepermit": conditional.issue_prepermit(  # noqa: E731 - said in one line
        formal.pk, by=by, kind=kind, basis="方案联审意见和建设单位承诺"
    )
    with pytest.raises(NotAllowed, match="自然资源局的首席代表出具"):
        give(actors.chief)
    lead = factories.official("natural-resources", Role.CHIEF)
    refused("kind", give, lead, "works-prepermit")
    permit = give(lead)
    assert give(lead) == permit
    assert (permit.valid_until, permit.is_works, permit.inspection) == (UNTIL, False, None)
    assert permit_kind("plan-prepermit", timing.today()).months == 2
    works = factories.make_case(project, "construction-permit")
    MaterialItem.objects.create(
        case=works, order=1, name="规划许可", form="copy", source="earlier", kind=permit.paper.document.kind, state="held",
        document=permit.paper.document,
    )
    assert "不能作为“建筑工程施工许可证核发”的依据" in refused("not_for", conditional.check_grant, works, timing.today())
    clock.to(UNTIL + dt.timedelta(days=1))
    sweep_conditional()
    assert "不延长、不重发" in refused("prepermit_again", give, lead)
    assert roles(project) == [("建设单位", "办结", "正式证件（规划预许可决定书已失效）", None)]


def test_a_kind_of_prepermit_that_has_ended_is_offered_for_an_earlier_time_alone(clock, actors, client, monkeypatch):
    formal = factories.make_case(piling(actors), "plan-permit")
    given = timing.now() + dt.timedelta(hours=1)
    kinds = tuple(
        replace(kind, until=timing.business_day(given)) if kind.code == "plan-prepermit" else kind
        for kind in living_data.permit_kinds()
    )
    monkeypatch.setattr(living_data, "permit_kinds", lambda: kinds)
    clock.to(given + dt.timedelta(days=7))
    involve(formal.project, role=InvolvementRole.REVIEWER, organisation=formal.lead, by=None)
    client.force_login(factories.official("natural-resources", Role.CHIEF))
    url = reverse("packages:prepermit", args=[formal.pk])
    assert f"{timing.written(given)}止，只供补录" in client.get(url).content.decode()
    posted = {"kind": "plan-prepermit", "basis": "方案联审意见和建设单位承诺"}
    assert "没有这种预许可" in client.post(url, posted).content.decode()
    assert client.post(url, posted | {"happened_at": keyed_in(given)}).status_code == 302
    assert ConditionalPermit.objects.get(case=formal).valid_from == timing.business_day(given)


def test_a_prepermit_that_is_keyed_in_later_has_its_days_from_when_it_was_given(clock, actors, client):
    formal = factories.make_case(piling(actors), "plan-permit")
    given = timing.now() + dt.timedelta(hours=1)
    clock.to(given + dt.timedelta(days=7))
    lead = factories.official("natural-resources", Role.CHIEF)
    involve(formal.project, role=InvolvementRole.REVIEWER, organisation=formal.lead, by=None)
    client.force_login(lead)
    url = reverse("packages:prepermit", args=[formal.pk])
    posted = {"kind": "plan-prepermit", "basis": "方案联审意见和建设单位承诺"}
    early = client.post(url, posted | {"happened_at": keyed_in(given - dt.timedelta(days=1))})
    assert (early.status_code, "补录的时间早于上一步" in early.content.decode()) == (409, True)
    assert client.post(url, posted | {"happened_at": keyed_in(given)}).status_code == 302
    permit = ConditionalPermit.objects.get(case=formal)
    assert (permit.valid_from, permit.valid_until, permit.paper.issued_at) == (timing.business_day(given), UNTIL, given)
    told = Event.objects.get(project=formal.project, kind="permit.issued")
    assert (told.happened_at, told.recorded_at, told.late_days) == (given, timing.now(), 5)


def test_the_sweep_that_finds_nothing_costs_one_query_and_a_bad_row_stops_no_other(clock, actors, kept_permit, monkeypatch):
    project, permit = kept_permit
    with CaptureQueriesContext(connection) as quiet:
        assert sweep_conditional() == 0
    runs = JobRun.objects.filter(job="sweep_conditional").order_by("pk").values_list("touched", "errors")
    assert (len(quiet), list(runs)) == (1, [(0, 0)])  # a dead worker is seen: a run that found nothing leaves its row too
    letter = Letter.objects.get(project=project)
    Letter.objects.filter(pk=letter.pk).update(next_on=dt.date(2026, 12, 1), valid_until=dt.date(2026, 12, 31))
    clock.to(dt.date(2026, 12, 29))  # past both reminders of both: the last alone is given
    right = living._warn

    def bad(row, days, today):
        if isinstance(row, ConditionalPermit):
            raise TypeError("a row that cannot be read")
        right(row, days, today)

    monkeypatch.setattr(living, "_warn", bad)
    assert sweep_conditional() == 1
    assert list(runs.all()) == [(0, 0), (1, 1)]
    monkeypatch.undo()
    assert sweep_conditional() == 1
    assert (kinds_of(permit), kinds_of(letter)) == (["permit.issued", "permit.warned"], ["letter.issued", "letter.warned"])
    assert Event.objects.get(kind="permit.warned").data["threshold"] == 5


def test_a_revoked_decision_takes_its_permit_with_it(clock, actors, kept_permit):
    project, permit = kept_permit
    assert living.revoke_of_case(permit.case_id, by=actors.chief, reason="隐瞒情况") == 1
    assert living.revoke_of_case(permit.case_id, by=actors.chief, reason="隐瞒情况") == 0
    permit.refresh_from_db()
    assert (permit.state, permit.paper.state, permit.next_on, roles(project)) == ("revoked", "revoked", None, [])
