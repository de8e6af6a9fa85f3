"""What was promised is signed by the right person, checked, and ends as it was kept."""

import datetime as dt

import pytest
from django.db.models import QuerySet
from django.urls import reverse

from archives.models import Paper
from archives.papering import html_of
from archives.services.papers import papers_of
from packages import policy, promise_rules
from packages.models import Commitment, MaterialItem, MatterCase, PolicyTable
from packages.screens.filing import filing_page
from packages.screens.promises import commitment_page
from packages.services import commitment_checks, committing, intake, setting_lines, sweeping
from packages.services.revoking import revoke_case
from packages.states import CaseState, CommitmentState, MaterialState
from projects import credit, timing
from projects.errors import DomainError, NotAllowed
from projects.states import IssueState, Role
from projects.waiting import waiting_on
from tests import factories
from tests.packages.promise_steps import PROMISED, ready, whole, words
from tests.packages.steps import Log

pytestmark = pytest.mark.slow


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
    client.force_login(chief)
    before = client.get(reverse("packages:decide", args=[case.pk])).content.decode()
    assert f"现在还不能准予：{unsigned.value.message}" in before

    client.force_login(actors.clerk)
    page, account = reverse("packages:commitment", args=[promise.pk]), reverse("projects:first_account", args=[project.pk])
    assert account not in client.get(page).content.decode()  # the responsible person has an account
    actors.owner.memberships.update(until=timing.today() - dt.timedelta(days=1))
    assert account in client.get(page).content.decode()
    actors.owner.memberships.update(until=None)

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
    told, promised = (html_of(paper) for paper in pair)  # the promise is the enterprise's: no head and no seal of the office
    assert [("印章位置" in text, 'class="org' in text) for text in (told, promised)] == [(True, True), (False, False)]
    day = timing.business_day(clock.moment)
    assert f"承诺人（盖章）：{project.owner.name}" in promised
    assert f"负责人签署：{actors.owner}　{day.year}年{day.month}月{day.day}日" in promised
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


def test_a_breach_is_found_with_evidence_told_and_ends_with_the_revocation(project, actors, promise, clock, client):
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
    client.force_login(actors.owner)
    page = client.get(reverse("packages:case", args=[case.pk])).content.decode()
    assert ('<span class="chip" data-c="bad">违诺</span>' in page, "已免除" in page) == (True, False)
    assert not [row for row in waiting_on(project) if "违诺" in row.what]
    whole(project)


def test_the_pages_of_promises_take_the_same_number_of_queries(project, actors, promise, client, django_assert_max_num_queries):
    client.force_login(actors.clerk)
    for name, args in (("owed", []), ("commitments", []), ("supplies", []), ("commitment", [promise.pk])):
        with django_assert_max_num_queries(32):
            assert client.get(reverse(f"packages:{name}", args=args)).status_code == 200
    assert promise_rules.can_sign_commitment(actors.owner, promise)
    assert MaterialState.AWAITED.label == "待部门提供"
