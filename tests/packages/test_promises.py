"""What may follow later follows in its own time, what was promised is checked, and only the right person signs."""

import datetime as dt

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from archives.models import Paper
from archives.services.papers import papers_of
from packages import floor, policy, promise_rules
from packages.catalog_checks import check
from packages.catalog_files import Line, read_tables
from packages.models import Commitment, Deferral, JointSession, MaterialDef, MaterialItem, MatterCase, PolicyTable
from packages.providers import permits
from packages.screens.acting import may_deliver
from packages.screens.filing import filing_page
from packages.screens.promises import commitment_page
from packages.services import commitment_checks, committing, delivering, intake, setting_lines, settling, sweeping
from packages.services.revoking import revoke_case
from packages.states import CaseState, CommitmentState, DeferralState, MaterialState
from projects import clocks, credit, mine, timing, workdays
from projects.errors import DomainError, NotAllowed
from projects.models import ClockSegment, Event
from projects.states import IssueState, Role
from projects.waiting import waiting_on
from tests import factories
from tests.packages.steps import Log, holds

pytestmark = pytest.mark.slow

LATER, PROMISED = "wage-deposit", "soil-plan"


def deferred(project, actors, before, *, days=10, late="refuse"):
    """An accepted case whose bank guarantee was missing; the catalogue says until when it may follow."""
    application = factories.open_application(project, [LATER], actors)
    item = MaterialItem.objects.get(case__application=application, kind__slug="wage-guarantee")
    QuerySet(MaterialDef).filter(pk=item.definition_id).update(
        deferral_days=days, arrives_before=before, late_consequence=late
    )
    intake.set_material(item.pk, state="deferred", by=actors.owner)
    factories.complete(application, actors.clerk)
    intake.submit_application(application.pk, by=actors.clerk)
    intake.accept_case(item.case_id, by=actors.clerk)
    return factories.make_case(project, LATER), item


def ready(case, project, clock):
    """Reviewed and merged; what comes before it is granted."""
    factories.drain()
    if JointSession.objects.filter(case=case).exists():
        factories.answer_all(case)
        factories.merge(factories.fresh(case))
    before = case.matter.prerequisites.values_list("matter_id", flat=True)
    MatterCase.objects.filter(project=project, matter__matter__in=list(before), state="draft").update(
        state="decided_pass", decided_at=clock.moment
    )
    return factories.fresh(case)


def whole(project):
    """Events and rows agree, what `ready` granted without an event taken back."""
    MatterCase.objects.filter(project=project, state="decided_pass", number="").update(state="draft", decided_at=None)
    holds(project)


def hand_in(item, by, text="补"):
    return setting_lines.set_material(item.pk, state="uploaded", by=by, uploaded=factories.pdf(text=text))


def words(project):
    """Whom the project waits for, as the office reads it, without the days."""
    return [(row.rank, row.role, row.verb, row.what, row.due_on) for row in waiting_on(project) if row.verb != "指派"]


# 容缺 ----------------------------------------------------------------------------------------------------------------


def test_before_it_is_handed_in_the_owner_reads_what_follows_later_and_what_is_promised(project, actors):
    application = factories.open_application(project, [LATER, PROMISED], actors)
    item = MaterialItem.objects.get(case__application=application, kind__slug="wage-guarantee")
    QuerySet(MaterialDef).filter(pk=item.definition_id).update(
        deferral_days=10, arrives_before="decision", late_consequence="refuse"
    )
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
    assert (later.name, later.until) == (item.name, "受理之日起 10 个工作日内、作出决定前")
    assert later.last_on == workdays.due_date(timing.today(), 10)
    decided = workdays.due_date(timing.today(), promise.case.promised_days)
    assert (promised.until, promised.last_on, promised.signing) == (
        promise.terms["deadline"], workdays.due_date(decided, promise.days), "待负责人签署"
    )
    words = page.content.decode()
    assert [part in words for part in (later.late, promised.papers, f"最迟 {later.last_on}")] == [True] * 3


def test_a_paper_due_before_the_decision_holds_it_until_it_is_checked(project, actors, clock):
    case, item = deferred(project, actors, "decision")
    found = Deferral.objects.select_related("issue__clock").get(case=case)
    due = dt.date(2026, 11, 16)
    assert (found.state, found.issue.clock.owner, found.issue.clock.limit, found.issue.due_on) == ("due", "applicant", 10, due)
    [paper] = papers_of(case).filter(kind="deferred_acceptance")
    assert paper.content["table"]["rows"] == [[
        "1", item.name, "2026年11月16日前、作出决定前", "没有补交并核实的，不作出准予决定；逾期的，可以作出不予许可决定",
    ]]
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
    assert may_deliver(actors.owner, case).reason == "容缺材料还没有补交并核实，证照暂不发出。"
    hand_in(item, actors.owner)
    assert not papers_of(case).filter(kind="certificate").exists()
    assert "容缺待补 1 件" not in client.get(application).content.decode()
    log = Log(project)
    settling.settle_issue(found.issue_id, by=actors.clerk, holds=True, note="")
    assert log.told() == [("issue.verified", None), ("paper.issued", None)]
    settling.settle_issue(found.issue_id, by=actors.clerk, holds=True, note="")
    assert papers_of(case).filter(kind="certificate").count() == 1
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
    assert refused.value.message.endswith("不能容缺：主要材料，不能容缺")


# 承诺 ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def promise(project, actors):
    """The 承诺书 of a case that was handed in, not signed yet."""
    application = factories.open_application(project, [PROMISED], actors)
    for item in MaterialItem.objects.filter(case__application=application, state__in=["missing", "awaited"]):
        if item.state == "awaited":
            setting_lines.supply_material(item.pk, by=actors.clerk, uploaded=factories.pdf(text=str(item.pk)))
        else:
            intake.set_material(item.pk, state="uploaded", by=actors.clerk, uploaded=factories.pdf(text=str(item.pk)))
    intake.submit_application(application.pk, by=actors.clerk)
    [case] = application.cases.all()
    intake.accept_case(case.pk, by=actors.clerk)
    return Commitment.objects.get(case=case)


def granted(promise, project, clock):
    case = ready(factories.fresh(promise.case), project, clock)
    factories.decide(case)
    return Commitment.objects.select_related("issue__clock", "case").get(pk=promise.pk)


def test_only_the_responsible_person_signs_and_without_it_nothing_is_granted(project, actors, promise, clock, client):
    case = promise.case
    sentence = (
        "承诺书只能由山西泽铸智能装备有限公司的负责人签署；经办人员、代办人员和窗口都不能代签，请转告负责人登录签署。"
    )
    chief = factories.official(case.lead.code, Role.CHIEF)
    for wrong in (actors.owner_staff, actors.clerk, actors.agent, actors.director, actors.outsider, chief):
        with pytest.raises(NotAllowed) as refused:
            committing.sign_commitment(promise.pk, by=wrong)
        assert refused.value.message == sentence
    case = ready(case, project, clock)
    assert words(project)[0][:4] == (1, "建设单位", "签署", f"“{case.matter.name}”的承诺书")
    with pytest.raises(DomainError) as unsigned:
        factories.decide(case)
    assert unsigned.value.code == "commitment_unsigned"

    url = reverse("packages:commitment_sign", args=[promise.pk])
    client.force_login(actors.owner_staff)
    assert sentence in client.get(url).content.decode()
    assert client.post(url, {"read": "on"}).status_code == 403
    client.force_login(actors.owner)
    assert client.post(url, {}).status_code == 200
    assert factories.fresh(promise).state == CommitmentState.OFFERED
    assert client.post(url, {"read": "on"}).status_code == 302
    log = Log(project)
    committing.sign_commitment(promise.pk, by=actors.owner)  # twice is once
    assert log.told() == []
    promise = factories.fresh(promise)
    assert (promise.state, promise.signed_by, promise.signed_at) == ("signed", actors.owner, clock.moment)
    pair = Paper.objects.filter(kind__in=["commitment_told", "commitment"], subject_key=str(case.pk)).order_by("pk")
    assert [paper.kind for paper in pair] == ["commitment_told", "commitment"]
    assert [row[0] for row in pair[1].content["table"]["rows"]] == [
        "依据", "办理条件", "技术要求", "以承诺代替的材料", "履行期限", "承诺的效力", "违诺后果",
    ]
    assert pair[1].content["table"]["rows"][3] == ["以承诺代替的材料", "水土流失防治承诺书"]
    whole(project)


def test_a_designer_signs_too_where_the_matter_asks(project, actors, promise):
    Commitment.objects.filter(pk=promise.pk).update(asks_designer=True)
    committing.sign_commitment(promise.pk, by=actors.owner)
    assert factories.fresh(promise).state == "offered"
    designer = factories.lead_of(factories.designer_of(project))
    committing.sign_commitment(promise.pk, by=designer)
    promise = factories.fresh(promise)
    assert (promise.state, promise.designer_by) == ("signed", designer)


def test_a_signed_pair_is_void_when_its_lines_change_or_the_case_is_withdrawn(project, actors):
    application = factories.open_application(project, [PROMISED], actors)
    first = Commitment.objects.get(case__application=application)
    committing.sign_commitment(first.pk, by=actors.owner)
    other = MaterialItem.objects.filter(case__application=application, source="applicant", state="missing").exclude(
        kind__slug="application-form").first()
    intake.set_material(other.pk, state="committed", by=actors.owner)
    states = list(Commitment.objects.filter(case__application=application).order_by("pk").values_list("state", flat=True))
    assert states == ["void", "offered"]
    first, second = Commitment.objects.filter(case__application=application).order_by("pk")
    page = commitment_page(first, actors.owner)
    assert (page.later, page.row.waits_for, page.acts) == (second, "", [])
    assert filing_page(application, actors.owner).unsigned == (second,)
    committing.sign_commitment(second.pk, by=actors.owner)
    assert filing_page(application, actors.owner).unsigned == ()
    assert commitment_page(factories.fresh(second), actors.owner).row.waits_for == f"{second.case.lead.label}作出决定"
    MatterCase.objects.filter(pk=second.case_id).update(state=CaseState.RECEIVED)
    row = commitment_page(factories.fresh(second), actors.owner).row
    assert row.waits_for == f"{second.case.project.centre.label}窗口受理"
    MatterCase.objects.filter(pk=second.case_id).update(state=CaseState.DRAFT)
    intake.discard_application(application.pk, by=actors.owner)
    assert set(Commitment.objects.filter(case__project=project).values_list("state", flat=True)) == {"void"}
    whole(project)


def checks(*rows):
    """Have other check rates than those of the catalogue."""
    head = ("grade", "percent", "valid_from", "valid_until")
    content = {"commitment_checks.tsv": [dict(zip(head, row, strict=True)) for row in rows]}
    QuerySet(PolicyTable).filter(code="commitment-checks").update(content=content)


def test_the_check_rate_is_that_of_the_credit_grade_on_the_day(project, actors, promise, clock, monkeypatch):
    table = PolicyTable.objects.get(code="commitment-checks").content
    day = dt.date(2026, 11, 2)
    assert [policy.check_percent(table, grade, day) for grade in ("", "A", "B", "C", "D", "Z")] == [20, 5, 20, 50, 100, 20]
    assert policy.check_percent(table, "A", dt.date(2025, 12, 31)) is None
    checks(("*", "0", "2026-01-01", ""), ("D", "100", "2026-11-03", ""))
    monkeypatch.setattr(credit, "_graders", {"test": lambda body, on: "D" if body == actors.owner_body.pk else ""})
    case = factories.fresh(promise.case)
    assert committing.check_rate(case, day) == ("D", 0)
    assert committing.check_rate(case, dt.date(2026, 11, 3)) == ("D", 100)


@pytest.mark.parametrize(("rate", "state"), [(0, "kept"), (100, "to_check")])
def test_the_term_ends_by_itself_kept_or_drawn_for_a_check(project, actors, promise, clock, rate, state):
    checks(("*", str(rate), "2026-01-01", ""))
    committing.sign_commitment(promise.pk, by=actors.owner)
    found = granted(promise, project, clock)
    assert (found.state, found.rate, found.is_sampled, found.issue.clock.owner, found.issue.clock.limit) == (
        "performing", rate, rate == 100, "applicant", 60,
    )
    assert (10, "建设单位", "履行", f"“{found.case.matter.name}”的承诺", found.due_on) in words(project)
    clock.moment = timing.start_of_day(found.due_on + dt.timedelta(days=1))
    assert sweeping.sweep_promises() == (1, 0)
    assert sweeping.sweep_promises() == (0, 0)
    found = factories.fresh(found)
    assert found.state == state
    assert found.issue.state == (IssueState.VERIFIED if rate == 0 else IssueState.OPEN)
    whole(project)


def test_a_breach_is_found_with_evidence_told_and_ends_with_the_revocation(project, actors, promise, clock):
    committing.sign_commitment(promise.pk, by=actors.owner)
    found = granted(promise, project, clock)
    case = found.case
    lead = factories.official(case.lead.code, Role.REVIEWER)
    chief = factories.official(case.lead.code, Role.CHIEF)
    with pytest.raises(NotAllowed):
        commitment_checks.record_check(found.pk, by=actors.clerk, result="kept", note="看过", uploaded=factories.pdf())
    for given, code in (
        ({"result": "eaten", "note": "x"}, "check_result"), ({"result": "late", "note": " "}, "note_missing"),
        ({"result": "late", "note": "没有"}, "upload_missing"),
    ):
        with pytest.raises(DomainError) as refused:
            commitment_checks.record_check(found.pk, by=lead, **given)
        assert refused.value.code == code
    commitment_checks.record_check(found.pk, by=lead, result="late", note="排水沟没有修", uploaded=factories.pdf(text="照片"), days=5)
    found = Commitment.objects.select_related("issue__clock").get(pk=found.pk)
    assert (found.state, found.due_on, found.issue.state) == ("overdue", dt.date(2026, 11, 9), "rejected")
    with pytest.raises(DomainError) as refused:
        commitment_checks.record_check(found.pk, by=lead, result="late", note="还没有", uploaded=factories.pdf(text="照片二"))
    assert refused.value.code == "check_again"
    clock.moment = dt.datetime(2026, 11, 10, 9, tzinfo=timing.BUSINESS_ZONE)
    assert sweeping.sweep_promises() == (1, 0)
    commitment_checks.record_check(found.pk, by=lead, result="breached", note="仍没有修", uploaded=factories.pdf(text="照片三"))
    assert factories.fresh(found).state == "breached"
    assert found.checks.count() == 2
    assert papers_of(case).filter(kind="breach_notice").count() == 1
    assert (3, f"{case.lead.label}首席代表", "处理", f"“{case.matter.name}”的违诺", None) in words(project)
    with pytest.raises(NotAllowed):
        commitment_checks.close_breach(found.pk, by=lead, answer="不撤销")
    said = {"reason": "违反承诺", "basis": "承诺书", "is_heard": True}
    with pytest.raises(NotAllowed):  # who decided does not take the decision away
        revoke_case(case.pk, by=chief, **said)
    revoke_case(case.pk, by=factories.person("chief-2", "另一首席", Role.CHIEF, case.lead), **said)
    found = factories.fresh(found)
    assert (found.state, found.answer) == ("breached", "决定已撤销")
    assert found.closed_at == clock.moment
    assert not [row for row in waiting_on(project) if "违诺" in row.what]
    whole(project)


def test_the_pages_of_promises_take_the_same_number_of_queries(project, actors, promise, client, django_assert_max_num_queries):
    client.force_login(actors.clerk)
    for name, args in (("owed", []), ("commitments", []), ("supplies", []), ("commitment", [promise.pk])):
        with django_assert_max_num_queries(32):
            assert client.get(reverse(f"packages:{name}", args=args)).status_code == 200
    assert promise_rules.can_sign_commitment(actors.owner, promise)
    assert MaterialState.AWAITED.label == "待部门提供"


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
