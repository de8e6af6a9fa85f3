"""Drawing review promises one upload, one opinion, and for every breach a clause, a place and a fix."""

import datetime as dt

import pytest
from django.urls import reverse

from packages import drawing_providers
from packages.models import Breach, DrawingReview, JointSession, MatterCase, ReviewTask, SampleTicket
from packages.screens.drawing import drawing_page
from packages.services import drawing_fixing, drawing_handling, drawing_opinion, drawing_review, drawing_samples
from packages.services.drafts import drop_draft
from packages.services.drawing_sweeps import lapse_all
from projects import owing, timing
from projects.errors import DomainError, NotAllowed
from projects.models import IssueItem
from projects.services.parties import PartyEntry, add_party
from projects.states import PartyRole, Role
from projects.waiting import waiting_on
from tests import factories
from tests.kept import layer
from tests.oracles import living_oracle
from tests.packages.steps import holds

BREACH = {
    "discipline": "fire", "clause": "GB 55037-2022 7.1.2", "place": "建施-05 轴线 3-A", "what": "疏散宽度 0.9 米",
    "fix": "楼梯净宽改为 1.1 米", "is_mandatory": True, "is_major": False,
}


def _plant(actors):
    return factories.enrolled_project(actors, "S2", drawing_review="full", scenic_area="no", lightning_study="no")


def _designer(actors, project):
    body = factories.enterprise("晋城设计院有限公司", 40000003)
    add_party(project.pk, PartyEntry(PartyRole.DESIGNER, body.uscc, body.name), by=actors.clerk)
    return factories.person("designer", "何工", Role.OWNER_LEAD, body)


def _review(actors, project, designer):
    before = ("agency-survey", "agency-design", "design-scheme")
    for case in MatterCase.objects.filter(project=project, matter__matter__code__in=before).select_related("matter"):
        drop_draft(case, by=actors.clerk, at=None, moment=timing.now())
    drawing_review.upload_drawings(project.pk, by=designer, uploaded=factories.pdf("图纸.pdf", "第一版"))
    factories.in_review(project, "drawing-review", actors)
    return DrawingReview.objects.get(project=project)


kept_drawn = layer("kept_drawn", _plant, "kept_actors")
kept_designer = layer("kept_designer", _designer, "kept_actors", "kept_drawn")
kept_drawings = layer("kept_drawings", _review, "kept_actors", "kept_drawn", "kept_designer")


@pytest.fixture
def project_with_drawings(kept_drawn, clock):
    """A plant whose drawings have to be reviewed."""
    return kept_drawn


@pytest.fixture
def designer(kept_designer, clock):
    """A design unit of the project and its responsible person."""
    return kept_designer


@pytest.fixture
def review(kept_drawings, clock):
    """Its drawing review with the case under review, the set uploaded by the designer; what comes before is done."""
    return kept_drawings


def answer(review, found=(), *, kept=()):
    """Every department that is asked gives its part; 住建局 finds these breaches."""
    seen = drawing_review.newest_set(review).number
    tasks = ReviewTask.objects.filter(session__case=review.case, state__in=["invited", "opened"]).exclude(role="lead")
    for task in tasks.select_related("organisation").order_by("pk"):
        mine = task.organisation.code == "housing"
        drawing_review.give_part(
            task.pk, by=factories.official(task.organisation.code, Role.REVIEWER), text="", seen=seen,
            breaches=list(found) if mine else [], kept=kept if mine else (),
        )


def opinion(review, actors):
    """The lead writes the review opinion."""
    return drawing_opinion.write_opinion(review.pk, by=actors.lead_reviewer, text="各专业意见如下。", is_digital=True)


def agrees(review):
    """Whom the drawings wait for; the oracle says the same."""
    project = factories.fresh(review.project)
    told = [*drawing_providers._reviews([project]), *drawing_providers._samples([project])]
    mine = sorted(((w.role, w.verb, w.what, w.due_on) for w in told), key=repr)
    assert mine == living_oracle.drawings(project.pk, timing.today())
    return mine


def state(review):
    """Review and case as they are now; the oracle agrees on whom the drawings wait for."""
    agrees(review)
    fresh = DrawingReview.objects.select_related("case").get(pk=review.pk)
    return fresh.state, fresh.case.state


@pytest.mark.slow
def test_without_a_breach_the_set_is_qualified(review, actors, project_with_drawings):
    answer(review)
    with pytest.raises(DomainError) as early:
        drawing_handling.handle(review.pk, by=actors.chief, result="qualified", text="")
    assert early.value.code == "no_opinion"
    opinion(review, actors)
    with pytest.raises(NotAllowed):
        drawing_handling.handle(review.pk, by=actors.lead_reviewer, result="qualified", text="")
    drawing_handling.handle(review.pk, by=actors.chief, result="qualified", text="")

    assert state(review) == ("qualified", "decided_pass")
    record = dict(drawing_handling.national_record(DrawingReview.objects.get(pk=review.pk)))
    assert record == {
        "初审是否通过": "是", "违反强条总数": "0 处", "是否与消防联合审查": "是", "是否与人防联合审查": "是", "是否数字化审查": "是",
    }
    paper = review.project.papers.get(kind="certificate", subject_key=str(review.case_id))
    assert (paper.title, paper.document.kind.slug) == ("施工图审查合格书", "drawing-certificate")
    holds(project_with_drawings)


def owes(user, review):
    """What the to-dos of a person say of the drawings: what, by when, whether somebody else has to do it."""
    debts = owing.debts_of(user, [review.project])[review.project_id]
    return [(debt.title, debt.due_on, bool(debt.blocked)) for debt in debts if "施工图" in debt.title and debt.chip != "待签收"]


@pytest.mark.slow
def test_no_major_defect_lets_the_owner_commit_and_mend_in_thirty_days(review, actors, designer, clock):
    answer(review, [BREACH])
    opinion(review, actors)
    with pytest.raises(DomainError) as no:
        drawing_handling.handle(review.pk, by=actors.chief, result="qualified", text="")
    assert no.value.code == "breaches_open"
    drawing_handling.handle(review.pk, by=actors.chief, result="commit", text="无重大缺陷")
    assert state(review) == ("to_commit", "in_review")
    assert "限期修改承诺待建设单位负责人签署" in waiting_on(review.project)[0].what
    assert owes(actors.owner, review) == [("签署施工图限期修改承诺", None, False)]
    assert owes(actors.owner_staff, review) == [("签署施工图限期修改承诺", None, True)]
    with pytest.raises(NotAllowed) as wrong:
        drawing_fixing.sign_fix(review.pk, by=actors.owner_staff)
    assert wrong.value.message == "限期修改承诺由建设单位负责人本人签署，经办人和其他单位不能代签。"
    drawing_fixing.sign_fix(review.pk, by=actors.owner)
    drawing_fixing.sign_fix(review.pk, by=actors.owner)

    assert state(review) == ("committed", "decided_pass")
    committed = DrawingReview.objects.select_related("fix_clock").get(pk=review.pk)
    assert committed.fix_clock.due_on == dt.date(2026, 12, 2)
    assert (committed.fix_clock.unit, committed.fix_clock.limit) == ("calendar_day", 30)
    assert not review.project.papers.filter(title="施工图审查合格书").exists()

    assert agrees(review) == [
        ("建设单位", "改完", "施工图违反强条的问题", dt.date(2026, 12, 2)),
    ]
    assert owes(actors.owner, review) == [("改完施工图违反强条的 1 处问题", dt.date(2026, 12, 2), False)]
    clock.to(dt.date(2026, 11, 9))
    assert [(line.limit_words, line.days) for line in waiting_on(review.project)[:1]] == [("30 个自然日", 5)]
    assert drawing_page(review.project, actors.owner).next_words == "在等设计单位上传改好的图纸，12月2日到期。"
    breach = Breach.objects.get()
    housing = factories.official("housing", Role.REVIEWER)
    with pytest.raises(NotAllowed):
        drawing_fixing.check_fix(breach.pk, by=housing, holds=True)
    drawing_review.upload_drawings(
        review.project_id, by=designer, uploaded=factories.pdf("图纸.pdf", "第二版"), changed=["fire"], note="改楼梯"
    )
    assert state(review) == ("committed", "decided_pass")
    assert [row[:2] for row in agrees(review)] == [("住建局", "核实")]
    assert owes(actors.owner, review) == []
    drawing_fixing.check_fix(breach.pk, by=housing, holds=False, note="仍差 0.1 米")
    drawing_review.upload_drawings(
        review.project_id, by=designer, uploaded=factories.pdf("图纸.pdf", "第三版"), changed=["fire"], note="再改"
    )
    drawing_fixing.check_fix(breach.pk, by=housing, holds=True)
    assert state(review) == ("qualified", "decided_pass")
    assert review.project.papers.filter(title="施工图审查合格书").count() == 1
    issue = IssueItem.objects.get(what=drawing_handling.FIX_WHAT)
    assert (issue.state, issue.due_on) == ("verified", dt.date(2026, 12, 2))
    holds(review.project)


def test_a_commitment_that_runs_out_stops_permit_and_acceptance(review, actors, clock):
    answer(review, [BREACH])
    opinion(review, actors)
    drawing_handling.handle(review.pk, by=actors.chief, result="commit", text="无重大缺陷")
    drawing_fixing.sign_fix(review.pk, by=actors.owner)
    clock.to(dt.datetime(2026, 12, 2, 18, 0, tzinfo=timing.BUSINESS_ZONE))
    assert lapse_all() == 0
    clock.to(dt.datetime(2026, 12, 3, 9, 0, tzinfo=timing.BUSINESS_ZONE))
    assert lapse_all() == 1
    assert lapse_all() == 0
    from packages.drawing_facts import check_grant

    permit = factories.make_case(review.project, "construction-permit")
    with pytest.raises(DomainError) as late:
        check_grant(permit)
    assert late.value.code == "drawings_late"
    issue = IssueItem.objects.get(kind="rectification")
    assert (issue.what, issue.raised_for.code) == ("施工图限期修改承诺逾期未改完", "housing")


@pytest.mark.slow
def test_a_major_defect_is_returned_and_only_those_concerned_review_again(review, actors, designer, clock):
    answer(review, [BREACH | {"is_major": True}])
    opinion(review, actors)
    with pytest.raises(DomainError) as major:
        drawing_handling.handle(review.pk, by=actors.chief, result="commit", text="承诺")
    assert major.value.code == "major"
    drawing_handling.handle(review.pk, by=actors.chief, result="return", text="疏散不足")
    assert state(review) == ("returned", "correcting")
    fresh = DrawingReview.objects.select_related("clock").get(pk=review.pk)
    assert (fresh.clock.state, fresh.clock.limit, fresh.is_first_passed) == ("paused", 15, False)
    with pytest.raises(NotAllowed):
        drawing_handling.hand_back(review.pk, by=actors.owner)

    clock.to(timing.now() + dt.timedelta(days=1))
    drawing_review.upload_drawings(
        review.project_id, by=designer, uploaded=factories.pdf("图纸.pdf", "第二版"), changed=["fire"], note="加宽楼梯"
    )
    drawing_handling.hand_back(review.pk, by=actors.owner)
    assert state(review) == ("reviewing", "in_review")
    last = JointSession.objects.filter(case=review.case).latest("round")
    assert {task.organisation.code for task in last.tasks.exclude(role="lead")} == {"housing"}
    answer(review)
    opinion(review, actors)
    drawing_handling.handle(review.pk, by=actors.chief, result="qualified", text="")
    assert state(review) == ("qualified", "decided_pass")
    done = DrawingReview.objects.get(pk=review.pk)
    assert (done.is_first_passed, drawing_opinion.mandatory_count(done)) == (False, 1)
    holds(review.project)


def test_an_opinion_on_a_superseded_drawing_is_marked_and_asked_for_again(review, actors, designer, client):
    tasks = ReviewTask.objects.filter(session__case=review.case, organisation__code="drawing-reviewer")
    reviewer = factories.official("drawing-reviewer", Role.REVIEWER)
    drawing_review.give_part(tasks.get().pk, by=reviewer, text="", breaches=[], seen=1)
    drawing_review.upload_drawings(
        review.project_id, by=designer, uploaded=factories.pdf("图纸.pdf", "第二版"), changed=["structure"], note="改梁"
    )
    housing = ReviewTask.objects.get(session__case=review.case, organisation__code="housing")
    with pytest.raises(DomainError) as stale:
        drawing_review.give_part(
            housing.pk, by=factories.official("housing", Role.REVIEWER), text="", breaches=[], seen=1
        )
    assert stale.value.message == "施工图已换为第 2 版，您看的是第 1 版。请看过新版，核对意见后再次提交。"
    answer(review)
    assert [part.organisation.code for part in drawing_review.superseded_parts(review)] == ["drawing-reviewer"]
    with pytest.raises(DomainError) as old:
        opinion(review, actors)
    assert old.value.message == f"{tasks.get().organisation.label}（第 1 版）审的图纸已换版，请再次征求这些部门的意见。"
    drawing_review.ask_again(review.pk, by=actors.lead_reviewer)
    last = JointSession.objects.filter(case=review.case).latest("round")
    assert {task.organisation.code for task in last.tasks.exclude(role="lead")} == {"drawing-reviewer"}
    answer(review)
    assert drawing_review.superseded_parts(review) == []
    opinion(review, actors)
    client.force_login(actors.chief)
    page = client.get(reverse("packages:drawings", args=[review.project_id])).content.decode()
    assert "审查意见已出，在等行政审批局首席代表作处理意见" in page
    assert len(page) < 60_000


def both_sign(actors, project, designer, review):
    """The designer and the owner sign for the quality, nobody else."""
    with pytest.raises(NotAllowed):
        drawing_handling.sign_quality(review.pk, by=actors.owner_staff)
    drawing_handling.sign_quality(review.pk, by=designer)
    assert agrees(review) == [("建设单位", "签署", "勘察设计质量承诺", None)]
    assert any("质量承诺" in row.what and row.role == "建设单位" for row in waiting_on(project))
    drawing_handling.sign_quality(review.pk, by=actors.owner)
    review.refresh_from_db()
    assert review.state == "pledged"


def test_an_exempt_set_needs_the_signatures_may_be_drawn_and_what_is_found_is_mended(clock, actors, client):
    project = factories.enrolled_project(actors, "S3")
    factories.drain()
    body = factories.enterprise("晋城设计院有限公司", 40000003)
    designer = factories.person("designer", "何工", Role.OWNER_LEAD, body)
    add_party(project.pk, PartyEntry(PartyRole.DESIGNER, body.uscc, body.name), by=actors.clerk)
    drawing_review.upload_drawings(project.pk, by=designer, uploaded=factories.pdf("图纸.pdf", "一"))
    review = DrawingReview.objects.get(project=project)
    assert (review.mode, review.state, review.mode_rule["code"]) == ("exempt", "to_pledge", "list-warehouse")
    both_sign(actors, project, designer, review)

    today = timing.today()
    draw = drawing_samples.draw_samples(actors.centre.pk, by=actors.director, since=today, until=today, seed="20261102")
    again = drawing_samples.draw_samples(actors.centre.pk, by=actors.director, since=today, until=today, seed="other")
    assert (again.pk, draw.population) == (draw.pk, [project.code])
    ticket = SampleTicket.objects.get()
    housing = factories.official("housing", Role.REVIEWER)
    assert [row[:3] for row in agrees(review)] == [("住建局", "完成", "施工图事后抽查")]
    with pytest.raises(NotAllowed):
        drawing_samples.check_sample(ticket.pk, by=actors.clerk, holds=True, found="合格")
    drawing_samples.check_sample(ticket.pk, by=housing, holds=False, found="疏散门净宽不足，改为 1.0 米", breaches=1)
    fault = IssueItem.objects.get(project=project, kind="rectification")
    assert fault.what == "施工图抽查违反强条 1 处"

    def owed():
        told = [(row.role, row.verb, row.what, row.due_on) for row in waiting_on(project) if "抽查" in row.what]
        return told, [debt.title for debt in owing.debts_of(actors.owner, [project])[project.pk] if debt.chip == "整改"]

    assert owed() == ([("建设单位", "改完", "施工图抽查违反强条 1 处的问题", fault.due_on)], [fault.what])
    with pytest.raises(NotAllowed):
        drawing_samples.verify_sample(ticket.pk, by=housing, holds=True)
    for _ in range(2):
        drawing_samples.answer_sample(ticket.pk, by=designer, answer="建施-03 疏散门改为 1.0 米")
    assert owed() == ([("住建局", "复核", "施工图抽查违反强条 1 处的问题", None)], [])
    with pytest.raises(DomainError) as error:
        drawing_samples.verify_sample(ticket.pk, by=housing, holds=False)
    assert error.value.code == "note"
    drawing_samples.verify_sample(ticket.pk, by=housing, holds=False, note="门窗表没有改")
    assert owed()[1] == [fault.what]
    listed = client.force_login(actors.owner) or client.get("/samples/").content.decode()
    assert (f"/samples/{ticket.pk}/mend/" in listed, "未通过复核" in listed) == (True, True)
    assert client.post(f"/samples/{ticket.pk}/mend/", {"answer": "门窗表已改"}).url == "/samples/"
    client.force_login(housing)
    told = client.get(f"/samples/{ticket.pk}/verify/").content.decode()
    assert f"11月2日未通过复核：{fault.what}，门窗表没有改。" in told
    assert ("答复：门窗表已改" in told, "疏散门净宽不足，改为 1.0 米" in told) == (True, True)
    assert client.post(f"/samples/{ticket.pk}/verify/", {"holds": "yes"}).url == "/samples/"
    assert (factories.fresh(fault).state, owed()) == ("verified", ([], []))
    holds(project)
