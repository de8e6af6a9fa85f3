"""What is done elsewhere is closed with date, evidence and actor, marked 外部办理, and counted."""

import datetime as dt

import pytest

from archives.models import Document
from packages.models import OutsideResult
from packages.services.outside import record_outside_result
from packages.states import CaseState
from projects.errors import DomainError
from tests import factories
from tests.packages.steps import check_step, holds, invisible

CODE = "land-transfer"
DAY = dt.date(2026, 10, 30)


def close(case, by, **words):
    given = {"result": "成交价 1200 万元", "on": DAY, "evidence": factories.pdf("成交确认书.pdf"), **words}
    return record_outside_result(case.pk, by=by, **given)


def test_the_result_of_elsewhere_is_recorded_with_its_evidence(project, actors):
    case = factories.make_case(project, CODE)
    check_step(
        project, lambda by: close(case, by), right=actors.clerk, wrong=actors.owner,
        reason="外部办理结果由窗口或项目的代办人员登记。", rule_code="can_record_outside", second="case_state",
        told=[("document.filed", None), ("case.closed_outside", None)],
    )
    case = factories.fresh(case)
    result = OutsideResult.objects.get(case=case)
    assert (result.result, result.done_on, result.recorded_by) == ("成交价 1200 万元", DAY, actors.clerk)
    assert (case.state, case.decided_by, case.decided_at.astimezone().date() <= DAY + dt.timedelta(days=1)) == (
        CaseState.PASSED, actors.clerk, True,
    )
    document = Document.objects.get(versions=result.evidence)
    assert (document.kind, document.title) == (case.matter.result_kind, case.matter.result_name)
    event = project.events.get(kind="case.closed_outside")
    assert (event.data["outside"], event.data["on"], event.data["state"]) == (
        True, "2026-10-30", ["draft", "decided_pass"],
    )
    invisible(actors.outsider, case)


def test_a_version_of_the_archive_serves_as_evidence(project, actors):
    first = close(factories.make_case(project, CODE), actors.clerk)
    version = first.outside_result.evidence
    second = close(factories.make_case(project, "fee-land"), actors.clerk, evidence=version)
    assert second.outside_result.evidence == version
    other = factories.enrolled_project(actors, "S3")
    with pytest.raises(DomainError) as refused:
        close(factories.make_case(other, "fee-land"), actors.clerk, evidence=version)
    assert refused.value.code == "evidence"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"result": " "}, "result"),
        ({"on": dt.date(2026, 11, 3)}, "future"),
        ({"evidence": factories.pdf("空.pdf").__class__("空.pdf", b"")}, "upload_empty"),
    ],
)
def test_what_is_incomplete_is_refused_and_nothing_is_written(project, actors, words, code):
    case = factories.make_case(project, CODE)
    with pytest.raises(DomainError) as refused:
        close(case, actors.clerk, **words)
    assert refused.value.code == code
    assert factories.fresh(case).state == CaseState.DRAFT
    holds(project)


def test_a_matter_of_ours_is_not_closed_outside(project, actors):
    with pytest.raises(DomainError) as refused:
        close(factories.make_case(project, "plan-permit"), actors.clerk)
    assert refused.value.code == "handling"


def test_the_agent_of_the_project_records_it_too(project, actors):
    from django.db import transaction

    from projects.events import lock_project
    from projects.services.involvement import involve

    with transaction.atomic():
        involve(lock_project(project.pk), role="service_agent", user=actors.agent, by=actors.dispatcher)
    assert close(factories.make_case(project, CODE), actors.agent).decided_by == actors.agent
