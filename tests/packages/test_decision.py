"""The chief representative decides; the paper is issued and filed, the time is accounted for, the stage moves."""

import datetime as dt

import pytest
from django.db.models import QuerySet
from django.urls import reverse

from archives.models import Document, Paper
from packages.models import MatterVersion
from packages.services.decision import decide_case, decide_for_acceptance
from packages.services.ending import recall_case
from packages.states import CaseState
from projects.errors import DomainError
from projects.models import IssueItem
from projects.states import IssueKind, Role
from projects.status_codes import check_status_sequence
from tests import factories
from tests.kept import kept
from tests.packages.steps import check_step, holds, invisible
from tests.packages.test_intake import make_ready

CODE = "land-plan-permit"


def build():
    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "S3")
    make_ready(project, actors)
    case = factories.in_review(project, CODE, actors)
    factories.answer_all(case)
    factories.merge(case)
    return {"actors": actors, "project": project, "merged": factories.fresh(case)}


#: A case whose prerequisites are granted and whose opinions are merged.
_world, world, actors, project, merged = kept(build, "actors", "project", "merged")


@pytest.fixture
def plain(actors, clock):
    """A second project, in which nothing has begun."""
    return factories.enrolled_project(actors, "S3")


def chief():
    return factories.official("natural-resources", Role.CHIEF)


@pytest.mark.slow
def test_a_grant_stops_the_clock_and_files_the_certificate(project, actors, merged, clock):
    clock.to(dt.datetime(2026, 11, 4, 17, 0))
    check_step(
        project, lambda by: decide_case(merged.pk, by=by, outcome="pass", note="符合规划条件"), right=chief(),
        wrong=actors.chief, reason="决定由牵头部门自然资源局的首席代表作出，您的岗位不作决定。", rule_code="can_decide",
        second="case_state",
        told=[("case.decided", 11), ("paper.issued", None), ("project.stage_moved", None)],
    )
    case = factories.fresh(merged)
    assert (case.state, case.used_days, case.is_overdue, case.due_on) == (CaseState.PASSED, 2, False, None)
    assert (case.decided_by, case.promised_clock.stopped_on) == (chief(), dt.date(2026, 11, 4))
    paper = Paper.objects.get(project=project, kind="certificate", subject_key=str(case.pk))
    assert (paper.issuer, paper.title, paper.is_public) == (case.lead, "建设用地规划许可证", True)
    document = Document.objects.get(paper=paper)
    assert (document.kind.slug, document.project) == ("land-plan-permit", project)
    invisible(actors.outsider, case)
    codes = [c for c in project.events.filter(subject_key=str(case.pk), subject_type="packages.MatterCase")
             .order_by("seq").values_list("status_code", flat=True) if c]
    assert codes == [1, 3, 8, 11]
    assert check_status_sequence(codes) == []


def test_a_late_decision_is_marked(project, merged, clock):
    clock.to(dt.datetime(2026, 11, 5, 9, 0))
    case = decide_case(merged.pk, by=chief(), outcome="pass")
    assert (case.used_days, case.is_overdue) == (3, True)


def test_a_grant_waits_for_what_has_to_be_decided_first(plain, actors):
    case = factories.in_review(plain, CODE, actors) if _complete(plain, actors) else None
    factories.answer_all(case)
    factories.merge(case)
    with pytest.raises(DomainError) as refused:
        decide_case(case.pk, by=chief(), outcome="pass")
    assert refused.value.code == "prerequisites"
    assert refused.value.message.endswith("尚未办结，办结后才能作出准予决定。")
    assert factories.fresh(case).state == CaseState.IN_REVIEW


def _complete(plain, actors):
    """The papers of earlier matters are met at the window by hand, the matters themselves are not granted."""
    from packages.models import MaterialItem
    from packages.services.intake import discard_application, open_application, set_material

    application = open_application(plain.pk, matter_codes=[CODE], by=actors.clerk)
    for item in MaterialItem.objects.filter(case__application=application, state="missing"):
        set_material(item.pk, state="uploaded", by=actors.clerk, uploaded=factories.pdf(text=str(item.pk)))
    discard_application(application.pk, by=actors.clerk)
    return True


def test_a_refusal_says_why_and_how_to_object_and_may_be_tried_again(project, actors, merged):
    with pytest.raises(DomainError) as silent:
        decide_case(merged.pk, by=chief(), outcome="fail")
    assert silent.value.code == "note"
    check_step(
        project, lambda by: decide_case(merged.pk, by=by, outcome="fail", note="不符合控制性详细规划"), right=chief(),
        wrong=actors.clerk, reason="决定由牵头部门自然资源局的首席代表作出，您的岗位不作决定。", second="case_state",
        told=[("case.decided", 13), ("paper.issued", None), ("case.created", None)],
    )
    paper = Paper.objects.get(project=project, kind="refusal")
    assert "行政复议" in paper.content["paragraphs"][1]
    assert not paper.is_public
    assert factories.make_case(project, CODE).state == CaseState.DRAFT
    assert factories.fresh(merged).state == CaseState.FAILED


@pytest.mark.parametrize(
    ("outcome", "kind", "title", "said", "legal"),
    [
        ("pass", "certificate", None, "材料齐全、内容符合要求，予以备案。", "《城乡规划法》第三十七条、第三十八条"),
        ("fail", "refusal", "不予备案决定书", "经审查，不予备案。理由：登记信息与批文不符。", "《城乡规划法》第三十七条、第三十八条"),
    ],
)
def test_what_is_only_filed_is_put_on_record_or_not(project, merged, client, outcome, kind, title, said, legal):
    QuerySet(MatterVersion).filter(pk=merged.matter_id).update(kind="filing")
    client.force_login(chief())
    url = reverse("packages:decide", args=[merged.pk])
    assert list(client.get(url).context["form"].fields["outcome"].choices) == [("pass", "予以备案"), ("fail", "不予备案")]
    assert client.post(url, {"outcome": outcome, "note": "登记信息与批文不符"}).status_code == 302
    paper = Paper.objects.get(project=project, kind=kind, subject_key=str(merged.pk))
    assert (paper.title if title else None, paper.content["paragraphs"][0][-len(said):], paper.content["legal"]) == (
        title, said, [legal],
    )
    page = client.get(reverse("packages:case", args=[merged.pk])).content.decode()
    chip = '<span class="chip" data-c="bad">不予备案</span>'
    assert [word in page for word in (chip, "不予许可")] == [outcome == "fail", False]


def test_open_deferred_papers_make_it_a_deferred_grant_with_a_clock_of_its_own(factory, actors, clock):
    from packages.models import MatterCase
    from packages.services.intake import accept_case, set_material, submit_application
    from tests.packages.test_intake import deferrable

    application, item = deferrable(factory, actors)
    case = item.case
    submit_application(application.pk, by=actors.clerk)
    accept_case(case.pk, by=actors.clerk)
    factories.drain()
    factories.answer_all(case)
    factories.merge(factories.fresh(case))
    codes = list(case.matter.prerequisites.values_list("matter__code", flat=True))
    earlier = MatterCase.objects.filter(project=factory, matter__matter__code__in=codes)
    MatterCase.objects.filter(pk__in=list(earlier.values_list("pk", flat=True))).update(
        state="decided_pass", decided_at=clock.moment
    )
    done = factories.decide(factories.fresh(case))
    assert done.state == CaseState.PASSED_DEFERRED
    issue = IssueItem.objects.get(project=factory, kind=IssueKind.DEFERRAL)
    assert (issue.clock.limit, issue.due_on, issue.clock.owner) == (15, dt.date(2026, 11, 23), "applicant")
    set_material(item.pk, state="uploaded", by=actors.owner, uploaded=factories.pdf(text="后补"))
    assert factories.fresh(issue).state == "submitted"


def test_pass_deferred_without_a_deferred_paper_is_refused(project, merged):
    with pytest.raises(DomainError) as refused:
        decide_case(merged.pk, by=chief(), outcome="pass_deferred")
    assert refused.value.code == "no_deferral"
    with pytest.raises(DomainError) as unknown:
        decide_case(merged.pk, by=chief(), outcome="perhaps")
    assert unknown.value.code == "outcome"


def test_a_case_of_the_joint_acceptance_is_decided_with_its_conclusion(plain, actors):
    [case] = factories.accepted(plain, ["quality-accept"], actors)
    with pytest.raises(DomainError) as refused:
        decide_case(case.pk, by=factories.official("housing", Role.CHIEF), outcome="pass")
    assert refused.value.code == "case_state"
    done = decide_for_acceptance(
        case.pk, by=factories.official("housing", Role.CHIEF), outcome="fail", note="整改未完成", on_behalf_of="住建局"
    )
    assert done.state == CaseState.FAILED
    codes = [c for c in plain.events.filter(subject_key=str(case.pk), subject_type="packages.MatterCase")
             .order_by("seq").values_list("status_code", flat=True) if c]
    assert codes == [1, 3, 8, 13]
    [other] = factories.accepted(plain, ["util-joint"], actors)
    with pytest.raises(DomainError) as wrong:
        decide_for_acceptance(other.pk, by=None, outcome="pass")
    assert wrong.value.code == "handling"
    holds(plain)


def test_the_body_may_take_back_its_step(project, actors, merged):
    check_step(
        project, lambda by: recall_case(merged.pk, by=by, reason="逾期未补正"), right=chief(), wrong=actors.clerk,
        reason="部门撤回由牵头部门自然资源局的首席代表办理。", second="case_state",
        told=[("case.recalled", 14), ("case.created", None), ("paper.issued", None)],
    )
    assert factories.fresh(merged).state == CaseState.RECALLED


def test_the_stage_moves_when_the_last_milestone_is_granted(project, merged):
    assert factories.fresh(project).stage == "planning"
    factories.decide(merged)
    assert factories.fresh(project).stage == "permit"
    holds(project)
