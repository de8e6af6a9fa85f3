"""The chief decides on a page of its own; what is done elsewhere and special procedures are told with their evidence."""

import pytest
from django.urls import reverse

from archives.models import Paper
from packages.models import MatterCase, OutsideResult, SpecialProcedure
from packages.states import CaseState
from tests import factories
from tests.kept import kept

pytestmark = pytest.mark.django_db


def first_case(project, actors):
    """A case before its departments."""
    return factories.in_review(project, "pollutant-permit", actors)


def build():
    actors = factories.make_actors()
    case = first_case(factories.enrolled_project(actors, "S2"), actors)
    factories.answer_all(case)
    factories.merge(case)
    return {"actors": actors, "merged": factories.fresh(case)}


#: A case whose joint review is merged.
_world, world, actors, merged = kept(build, "actors", "merged")


@pytest.fixture
def chief(client, merged):
    """The chief of the lead department, signed in."""
    client.force_login(factories.official(merged.lead.code, "chief"))
    return client


def test_page_shows_the_opinions_and_decides(chief, merged, django_assert_max_num_queries):
    url = reverse("packages:decide", args=[merged.pk])
    page = chief.get(url)
    assert len(page.context["sessions"]) == 1
    assert factories.fresh(merged).state == CaseState.IN_REVIEW
    response = chief.post(url, {"outcome": "pass", "note": ""})
    assert response.status_code == 302, response.context["form"].errors
    assert response.url == reverse("packages:case", args=[merged.pk])
    assert factories.fresh(merged).state == CaseState.PASSED
    with django_assert_max_num_queries(20):
        case_page = chief.get(reverse("packages:case", args=[merged.pk]))
    certificate = Paper.objects.filter(kind="certificate", subject_key=str(merged.pk)).get()
    assert certificate.number in case_page.content.decode()


def test_a_refusal_needs_its_reason(chief, merged):
    url = reverse("packages:decide", args=[merged.pk])
    response = chief.post(url, {"outcome": "fail", "note": ""})
    assert response.context["form"].errors == {"note": ["不予许可的，请写明理由和依据。"]}
    assert chief.post(url, {"outcome": "fail", "note": "不符合总体规划第12条"}).status_code == 302
    assert factories.fresh(merged).state == CaseState.FAILED


def test_a_second_press_changes_nothing(chief, merged):
    url = reverse("packages:decide", args=[merged.pk])
    chief.post(url, {"outcome": "pass"})
    chief.post(url, {"outcome": "fail", "note": "晚了"})
    assert factories.fresh(merged).state == CaseState.PASSED
    assert Paper.objects.filter(kind="refusal").count() == 0


def test_only_the_chief_decides(client, actors, merged):
    url = reverse("packages:decide", args=[merged.pk])
    client.force_login(actors.owner)
    assert client.get(url).context["step"].verdict.ok is False
    assert client.post(url, {"outcome": "pass"}).status_code == 403
    client.force_login(actors.outsider)
    assert client.get(url).status_code == 404


def test_before_the_opinions_the_form_says_why_not(client, factory, actors):
    case = first_case(factory, actors)
    client.force_login(factories.official(case.lead.code, "chief"))
    response = client.post(reverse("packages:decide", args=[case.pk]), {"outcome": "pass"})
    assert response.status_code == 409
    assert response.context["form"].non_field_errors()
    assert factories.fresh(case).state == CaseState.IN_REVIEW


@pytest.mark.slow
def test_special_procedure_from_start_to_end(client, factory, actors):
    case = first_case(factory, actors)
    client.force_login(factories.official(case.lead.code, "reviewer"))
    start, end = (reverse(f"packages:special_{word}", args=[case.pk]) for word in ("start", "end"))
    data = {"kind": "expert", "basis": "专家评审管理办法第 6 条", "planned_days": "5"}
    assert client.post(start, {**data, "basis": ""}).status_code == 200
    assert client.post(start, data).status_code == 302
    assert factories.fresh(case).state == CaseState.IN_REVIEW, "it runs until somebody else approves"
    asked = SpecialProcedure.objects.get(case=case)
    acts = client.get(reverse("packages:case", args=[case.pk])).context["page"].actions
    assert {act.label: act.verdict.reason for act in acts}["启动特别程序"] == (
        f"{asked.started_by}已申请专家评审，在等{case.lead.label}的首席代表批准（提出人本人不能批准）。"
    )
    approve = reverse("packages:special_approve", args=[asked.pk])
    assert client.post(approve, {"approved": "yes"}).status_code == 403
    client.force_login(factories.official(case.lead.code, "chief"))
    assert client.post(approve, {"approved": "yes"}).status_code == 302
    assert factories.fresh(case).state == CaseState.SUSPENDED
    client.force_login(factories.official(case.lead.code, "reviewer"))
    assert client.post(end, {"result": "专家评审通过"}).status_code == 200, "the result needs its file"
    assert client.post(end, {"result": "专家评审通过", "uploaded": factories.pdf("评审.pdf")}).status_code == 302
    assert factories.fresh(case).state == CaseState.IN_REVIEW


def test_outside_result_needs_evidence(client, factory, actors):
    from packages import queries

    draft = next(d for d in queries.drafts_of([factory])[factory.pk] if d.handling == "outside" and d.is_ready)
    client.force_login(actors.clerk)
    url = reverse("packages:outside", args=[draft.case_id])
    response = client.post(url, {"result": "已签订合同", "on": "2026-11-02"})
    assert response.context["form"].errors == {"evidence": ["请上传佐证文件。"]}
    data = {"result": "已签订合同", "on": "2026-11-02", "evidence": factories.pdf()}
    assert client.post(url, data).url == reverse("packages:case", args=[draft.case_id])
    assert OutsideResult.objects.get(case_id=draft.case_id).result == "已签订合同"
    assert MatterCase.objects.get(pk=draft.case_id).state == CaseState.PASSED
    assert "已签订合同" in client.get(reverse("packages:case", args=[draft.case_id])).content.decode()


def test_an_owner_does_not_record_outside_results(client, factory, actors):
    from packages import queries

    draft = next(d for d in queries.drafts_of([factory])[factory.pk] if d.handling == "outside")
    client.force_login(actors.owner)
    url = reverse("packages:outside", args=[draft.case_id])
    assert client.get(url).context["step"].verdict.reason == "外部办理结果由窗口或项目的代办人员登记。"
    data = {"result": "已办", "on": "2026-11-02", "evidence": factories.pdf()}
    assert client.post(url, data).status_code == 403


def test_deciding_at_the_counter(client, factory, actors):
    from packages import queries

    code = next(
        case.matter.matter.code for case, draft in queries.open_drafts(factory)
        if draft.is_ready and case.promised_days == 0 and case.handling == "review"
        and case.lead_id == actors.centre.pk
    )
    [case] = factories.received(factory, [code], actors)
    client.force_login(actors.clerk)
    url = reverse("packages:on_spot", args=[case.pk])
    assert client.get(url).status_code == 200
    assert factories.fresh(case).state == CaseState.RECEIVED
    assert client.post(url).status_code == 302
    assert factories.fresh(case).state == CaseState.PASSED


def test_recall_is_the_chiefs(client, factory, actors):
    case = first_case(factory, actors)
    client.force_login(factories.official(case.lead.code, "reviewer"))
    url = reverse("packages:recall", args=[case.pk])
    assert client.post(url, {"reason": "补正逾期"}).status_code == 403
    client.force_login(factories.official(case.lead.code, "chief"))
    assert client.post(url, {"reason": ""}).context["form"].errors
    assert client.post(url, {"reason": "补正逾期未交回"}).status_code == 302
    assert factories.fresh(case).state == CaseState.RECALLED
