"""What may follow later follows in its own time, and is missed the day it is late."""

import datetime as dt

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from archives.services.papers import papers_of
from packages import floor, promise_rules
from packages.catalog_checks import check
from packages.catalog_files import Line, read_tables
from packages.models import Commitment, Deferral, MaterialDef, MaterialItem, MatterCase
from packages.providers import permits
from packages.screens.acting import may_deliver
from packages.screens.deciding import done_words
from packages.screens.undelivered import undelivered
from packages.services import delivering, intake, settling, sweeping
from packages.states import CaseState, DeferralState
from projects import clocks, mine, timing, workdays
from projects.errors import DomainError, NotAllowed
from projects.models import ClockSegment, Event
from projects.states import Role
from projects.waiting import waiting_on
from tests import factories
from tests.packages.promise_steps import LATER, PROMISED, deferred, hand_in, ready, whole, words
from tests.packages.steps import Log

pytestmark = pytest.mark.slow


def test_before_it_is_handed_in_the_owner_reads_what_follows_later_and_what_is_promised(project, actors):
    application = factories.open_application(project, [LATER, PROMISED], actors)
    item = MaterialItem.objects.get(case__application=application, kind__slug="wage-guarantee")
    QuerySet(MaterialDef).filter(pk=item.definition_id).update(
        deferral_days=10, arrives_before="decision", late_consequence="refuse"
    )
    with pytest.raises(DomainError, match="承诺时限只有 1 个工作日，来不及容缺"):
        intake.set_material(item.pk, state="deferred", by=actors.owner)
    MatterCase.objects.filter(pk=item.case_id).update(promised_days=3)
    intake.set_material(item.pk, state="deferred", by=actors.owner)
    line = next(
        row for row in MaterialItem.objects.filter(case__application=application, case__matter__matter__code=PROMISED)
        if row.state != "committed" and promise_rules.may_commit(row)
    )
    intake.set_material(line.pk, state="committed", by=actors.owner)
    owner = Client()
    owner.force_login(actors.owner)
    page = owner.get(reverse("packages:hand_in", args=[application.pk]))
    said, promises = page.context["page"], Commitment.objects.filter(case__application=application)
    [later], promised = said.later, next(row for row in said.promised if line.name in row.papers)
    promise = promises.get(pk=promised.url_pk)
    assert len(said.promised) == promises.live().count()
    assert (later.name, later.until) == (item.name, "受理之日起 2 个工作日内、作出决定前")
    assert later.last_on == workdays.due_date(timing.today(), 2)  # the catalogue says 10, the decision is promised in 3
    decided = workdays.due_date(timing.today(), promise.case.promised_days)
    assert (promised.until, promised.last_on, promised.signing) == (
        promise.terms["deadline"], workdays.due_date(decided, promise.days), "待负责人签署"
    )
    words = page.content.decode()
    assert [part in words for part in (later.late, promised.papers, f"最迟 {timing.spoken(later.last_on)}")] == [True] * 3


def test_a_paper_due_before_the_decision_holds_it_until_it_is_checked(project, actors, clock):
    case, item = deferred(project, actors, "decision")
    found = Deferral.objects.select_related("issue__clock").get(case=case)
    due = dt.date(2026, 11, 16)
    assert (found.state, found.issue.clock.owner, found.issue.clock.limit, found.issue.due_on) == ("due", "applicant", 10, due)
    [paper] = papers_of(case).filter(kind="deferred_acceptance")
    assert paper.content["table"]["rows"] == [[
        "1", item.name, "2026年11月16日前、作出决定前", "没有补交并核实的，不作出准予决定；逾期的，可以作出不予许可决定",
    ]]
    [accepted] = papers_of(case).filter(kind="acceptance_notice")
    assert "除下列容缺材料外，材料齐全、符合法定形式，予以容缺受理。" in accepted.content["paragraphs"][0]
    assert accepted.content["gist"]["do"] == "按期补交容缺材料，可扫码查看进度"
    case = ready(case, project, clock)
    assert words(project) == [(1, "建设单位", "补交", f"容缺材料“{item.name}”", due)]
    with pytest.raises(DomainError) as refused:
        factories.decide(case)
    assert refused.value.code == "deferral_open"

    clock.moment += dt.timedelta(days=2)
    hand_in(item, actors.owner)
    found.issue.refresh_from_db()
    assert (found.state, found.issue.clock.state) == (DeferralState.HANDED_IN, "paused")
    assert words(project) == [(3, "行政审批局窗口", "核实", f"容缺材料“{item.name}”", due)]
    clock.moment += dt.timedelta(days=1)
    with pytest.raises(NotAllowed):
        settling.settle_issue(found.issue_id, by=actors.owner, holds=True, note="")
    with pytest.raises(DomainError) as refused:
        settling.settle_issue(found.issue_id, by=actors.clerk, holds=False, note=" ")
    assert refused.value.code == "note_missing"
    settling.settle_issue(found.issue_id, by=actors.clerk, holds=False, note="缺少银行公章")
    found = Deferral.objects.select_related("issue__clock").get(pk=found.pk)
    item.refresh_from_db()
    assert (found.state, found.rejections, item.state, item.note) == (
        "due", 1, "deferred", "补交未通过核实：缺少银行公章",
    )
    [debt] = [row.debt for row in mine.all_debts(actors.owner, None) if row.debt.chip == "容缺"]
    assert debt.detail.startswith("补交未通过核实：缺少银行公章。")
    late = "没有补交并核实的，不作出准予决定；逾期的，可以作出不予许可决定"
    assert debt.why == f"先受理、后补这份材料（容缺）；{late}"
    assert found.issue.due_on == dt.date(2026, 11, 17)  # the day of the check is not the applicant's
    owners = list(ClockSegment.objects.filter(clock=found.issue.clock).order_by("started_at").values_list("owner", flat=True))
    assert owners == ["applicant", "government", "applicant"]

    hand_in(item, actors.owner, "再补")
    settling.settle_issue(found.issue_id, by=actors.clerk, holds=True, note="")
    found = Deferral.objects.select_related("issue__clock").get(pk=found.pk)
    assert (found.state, found.issue.clock.state) == ("verified", "stopped")
    assert factories.decide(case).state == CaseState.PASSED
    whole(project)


def test_the_certificate_waits_for_the_paper_that_has_to_be_there_first(project, actors, clock, client):
    case, item = deferred(project, actors, "certificate")
    assert Deferral.objects.get(case=case).issue.clock is None
    case = factories.decide(ready(case, project, clock))
    assert case.state == CaseState.PASSED_DEFERRED
    assert set(papers_of(case).values_list("kind", flat=True)) & {"certificate", "deferral_notice"} == {"deferral_notice"}
    assert done_words(case) == "决定已作出：容缺通过。容缺材料补交并核实后出具证照。"
    found = Deferral.objects.select_related("issue__clock").get(case=case)
    assert (found.issue.clock.limit, found.issue.due_on) == (10, dt.date(2026, 11, 16))
    application = reverse("packages:application", args=[case.application_id])
    for person, pages in (
        (actors.owner, [application, reverse("packages:filings")]), (actors.clerk, [application]),
    ):  # everything is decided, and a paper is still owed
        client.force_login(person)
        for page in pages:
            html = client.get(page).content.decode()
            assert (html.count('data-c="warn">容缺待补 1 件<'), ">已办结<" in html) == (1, True)
    page = client.get(application)
    shown = page.context["page"]
    assert ([line.item.pk for line in shown.owed_lines], shown.to_print.kind) == ([item.pk], "deferral_notice")
    assert page.content.decode().count('data-key="P">打印') == 1
    waiting = client.get(reverse("packages:case", args=[case.pk])).context["page"].waiting
    assert (waiting.role, waiting.verb, waiting.what) == ("建设单位", "补交", f"容缺材料“{item.name}”")
    [fact] = [fact for fact in permits(project) if fact.title == case.matter.name]
    assert fact.detail == f"{case.matter.result_name}，容缺通过"
    with pytest.raises(DomainError) as held:
        delivering.deliver_case(case.pk, by=actors.owner, way="download")
    assert held.value.message == f"容缺材料“{item.name}”还没有补交并核实，证照暂不发出。"
    assert case not in undelivered(actors.clerk)
    assert may_deliver(actors.owner, case).reason == "容缺材料还没有补交并核实，证照暂不发出。"
    hand_in(item, actors.owner)
    assert not papers_of(case).filter(kind="certificate").exists()
    assert "容缺待补 1 件" not in client.get(application).content.decode()
    log = Log(project)
    settling.settle_issue(found.issue_id, by=actors.clerk, holds=True, note="")
    assert log.told() == [("issue.verified", None), ("paper.issued", None)]
    settling.settle_issue(found.issue_id, by=actors.clerk, holds=True, note="")
    assert papers_of(case).filter(kind="certificate").count() == 1
    assert case in undelivered(actors.clerk)
    assert done_words(case) == "决定已作出，文书已出具并归档。"
    whole(project)


def test_a_late_paper_is_marked_once_told_and_may_get_one_more_term(project, actors, clock, client):
    from agency.models import Notification
    from agency.services.reminders import sweep_due

    case, _ = deferred(project, actors, "after", days=15, late="revoke")
    case = factories.decide(ready(case, project, clock))
    found = Deferral.objects.select_related("issue__clock").get(case=case)
    assert (case.state, found.issue.due_on) == (CaseState.PASSED_DEFERRED, dt.date(2026, 11, 23))
    clock.moment = dt.datetime(2026, 11, 18, 9, tzinfo=timing.BUSINESS_ZONE)
    [debt] = [debt for debt in mine.owed_in(actors.owner, project) if debt.chip == "容缺"]
    assert (debt.light, debt.clock_light) == (clocks.read_clock(found.issue.clock).light, "yellow")  # three days are left
    assert sweeping.sweep_promises() == (0, 0)
    clock.moment = dt.datetime(2026, 11, 24, 9, tzinfo=timing.BUSINESS_ZONE)
    assert sweeping.sweep_promises() == (1, 0)
    assert sweeping.sweep_promises() == (0, 0)
    found = Deferral.objects.select_related("issue__clock").get(pk=found.pk)
    assert (found.state, found.is_late, found.late_at) == ("late", True, clock.moment)
    [paper] = papers_of(case).filter(kind="deferral_late")
    assert paper.content["paragraphs"][1] == "逾期的，可以撤销已作出的决定。"
    assert Event.objects.filter(project=project, kind="deferral.late").count() == 1
    [row] = [row for row in waiting_on(project) if row.verb == "补交"]
    assert (row.role, row.person, row.auto, row.light) == (
        "建设单位", project.owner.name, "已逾期，可以撤销已作出的决定", "red",
    )
    sweep_due()
    told = set(Notification.objects.filter(clock=found.issue.clock, threshold="red").values_list("user__username", flat=True))
    chief = factories.official(case.lead.code, Role.CHIEF)
    assert told >= {"owner", "owner-staff", "clerk", chief.username}

    with pytest.raises(NotAllowed):
        settling.give_time(found.pk, by=actors.clerk, days=5, reason="企业已联系银行")
    settling.give_time(found.pk, by=chief, days=5, reason="企业已联系银行")
    with pytest.raises(NotAllowed):  # the same post twice acts once
        settling.give_time(found.pk, by=chief, days=5, reason="企业已联系银行")
    found = Deferral.objects.select_related("issue__clock").get(pk=found.pk)
    assert (found.state, found.issue.due_on, found.issue.clock.extensions) == ("due", dt.date(2026, 12, 1), 6)

    client.force_login(actors.owner)
    page = reverse("packages:deferral", args=[found.pk])
    assert "作出决定之日起" not in client.get(page).content.decode()
    assert client.post(page, {}).status_code == 409
    assert client.post(page, {"uploaded": factories.pdf(text="补交")}).status_code == 302
    assert factories.fresh(found).state == "handed_in"
    for tab, count in (("due", 0), ("check", 1), ("done", 0), ("all", 1)):
        text = client.get(reverse("packages:owed"), {"tab": tab}).content.decode()
        assert text.count(page) == count
    whole(project)


def test_more_time_that_is_keyed_in_later_runs_from_the_day_on_which_it_was_given(project, actors, clock, client):
    case, _ = deferred(project, actors, "decision")
    late, given = (dt.datetime(2026, 11, 17, hour, tzinfo=timing.BUSINESS_ZONE) for hour in (9, 10))
    clock.moment = late
    assert sweeping.sweep_promises() == (1, 0)
    clock.moment = given + dt.timedelta(days=3)
    found = Deferral.objects.get(case=case)
    client.force_login(factories.official(case.lead.code, Role.CHIEF))
    url, posted = reverse("packages:deferral_time", args=[found.pk]), {"days": "5", "reason": "企业已联系银行"}
    kept = f"办件承诺在{timing.spoken(case.promised_clock.due_on)}前作出决定，这一天不因延长而顺延"
    assert kept in client.get(url).content.decode()  # the case does not wait longer for the paper that may
    early = client.post(url, posted | {"happened_at": "2026-11-17T08:59"})
    said = "补录的时间早于登记逾期的时间（2026年11月17日 09:00），请核对。"
    assert (early.status_code, said in early.content.decode()) == (409, True)
    assert client.post(url, posted | {"happened_at": "2026-11-17T10:00"}).status_code == 302
    found = Deferral.objects.select_related("issue__clock").get(pk=found.pk)
    assert (found.state, found.issue.due_on, found.issue.clock.extensions) == ("due", dt.date(2026, 11, 24), 6)
    told = Event.objects.get(project=project, kind="deferral.extended")
    assert (told.happened_at, told.recorded_at, told.late_days) == (given, clock.moment, 3)
    clock.moment = late + dt.timedelta(days=8)
    assert sweeping.sweep_promises() == (1, 0)
    clock.moment = late + dt.timedelta(days=14)  # one more day was given on the 25th: on the 1st it is long over
    client.force_login(factories.official(case.lead.code, Role.CHIEF))
    assert client.post(url, posted | {"days": "1", "happened_at": "2026-11-25T10:00"}).status_code == 302
    found = Deferral.objects.select_related("issue__clock").get(pk=found.pk)
    assert (found.state, found.issue.due_on, found.late_at) == ("late", dt.date(2026, 11, 26), clock.moment)
    assert papers_of(case).filter(kind="deferral_late").count() == 3
    assert sweeping.sweep_promises() == (0, 0)
    whole(project)


def test_nothing_is_deferred_on_the_spot_or_for_a_higher_body_or_against_the_catalogue(project, actors):
    assert [floor.may_be_deferred(level, days) for level, days in (("district", 0), ("city", 5), ("either", 1))] == [
        False, False, True,
    ]
    tables = read_tables()
    assert check(tables) == []
    for code, name, said in (
        ("quality-safety", "危大工程清单及措施", "即办件、上报件不适用容缺受理"),
        ("project-code", "没有这件", "“没有这件”不在事项 project-code 的材料中"),
    ):
        row = {"matter_code": code, "name_zh": name, "max_days": "5", "arrives_before": "after", "late": "escalate"}
        tables.lines["deferrals.tsv"].append(Line("deferrals.tsv", 99, row))
        assert [fault.message for fault in check(tables)] == [said]
        tables.lines["deferrals.tsv"].pop()
    application = factories.open_application(project, ["plan-permit"], actors)
    item = MaterialItem.objects.get(case__application=application, kind__slug="construction-drawings")
    with pytest.raises(DomainError) as refused:
        intake.set_material(item.pk, state="deferred", by=actors.clerk)
    assert refused.value.message.endswith("不能容缺：主要材料，不能容缺。请收齐后上传。")


def test_a_paper_that_the_acceptance_let_through_can_only_be_handed_in(db):
    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "S3")
    application = factories.open_application(project, ["waste-disposal"], actors)
    item = MaterialItem.objects.get(case__application=application, name="运输合同")
    intake.set_material(item.pk, state="deferred", by=actors.clerk)
    factories.complete(application, actors.clerk)
    intake.submit_application(application.pk, by=actors.clerk)
    intake.accept_case(item.case_id, by=actors.clerk)
    for state in ("missing", "not_applicable", "shared"):
        with pytest.raises(DomainError) as error:
            intake.set_material(item.pk, state=state, by=actors.clerk, note="撤销")
        assert error.value.code == "let_through"
    assert MaterialItem.objects.get(pk=item.pk).state == "deferred"
    intake.set_material(item.pk, state="uploaded", uploaded=factories.pdf(), by=actors.clerk)
