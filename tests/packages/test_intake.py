"""行政许可法 32: what is handed in is received with a receipt, accepted when complete, and by law after five working days."""

import datetime as dt

import pytest

from archives.models import Document, Paper
from packages.models import Application, MaterialItem, MatterCase
from packages.queries import application_state, checklist
from packages.services import intake
from packages.states import ApplicationState, CaseState, MaterialState
from projects import clocks
from projects.errors import DomainError, NotAllowed
from projects.models import Outbox
from tests import factories
from tests.packages.steps import Log, check_step, holds, invisible

CODE = "land-plan-permit"
TWO = ["land-plan-permit", "plan-permit"]


def line(case, **filters):
    return case.materials.filter(**filters).order_by("order").first()


@pytest.fixture
def case(kept_receipt, clock):
    """The joint connection to water, power and gas, handed in and not accepted."""
    return kept_receipt


# Opening -----------------------------------------------------------------------------------------------------------


def test_opening_takes_the_drafts_and_builds_their_checklists(project, actors):
    application = check_step(
        project, lambda by: intake.open_application(project.pk, matter_codes=TWO, by=by), right=actors.owner_staff,
        wrong=actors.reviewer, reason="申报由建设单位、项目的代办人员或窗口办理，您的岗位不办理。",
        told=[("application.opened", None)],
    )
    assert application.number == "140581-2026-S000001"
    assert application_state(application) == ApplicationState.DRAFT
    lists = checklist(application)
    assert [entry.case.matter.matter.code for entry in lists] == TWO
    assert all(entry.items for entry in lists)
    assert {entry.case.state for entry in lists} == {CaseState.DRAFT}
    invisible(actors.outsider, application)


def test_a_form_posted_twice_opens_one_application(project, actors):
    first = intake.open_application(project.pk, matter_codes=[CODE], by=actors.clerk, form_key="k1")
    again = intake.open_application(project.pk, matter_codes=[CODE], by=actors.clerk, form_key="k1")
    assert again == first
    assert Application.objects.count() == 1


@pytest.mark.parametrize(
    ("codes", "code", "words"),
    [
        ([], "no_matters", "请至少选择一个事项再申报。"),
        (["nothing"], "matter", "事项“nothing”不在本项目的计划中。"),
        (["fee-land"], "matter", "“国有土地使用权出让价款缴纳”在系统外办理，办成后登记结果，不在窗口申报。"),
    ],
)
def test_what_cannot_be_applied_for_says_why(project, actors, codes, code, words):
    with pytest.raises(DomainError) as refused:
        intake.open_application(project.pk, matter_codes=codes, by=actors.clerk)
    assert refused.value.code == code
    assert refused.value.message[-12:] == words[-12:]


def test_a_matter_in_another_open_application_is_refused_and_free_after_it_is_discarded(project, actors):
    first = intake.open_application(project.pk, matter_codes=[CODE], by=actors.clerk)
    with pytest.raises(DomainError) as refused:
        intake.open_application(project.pk, matter_codes=TWO, by=actors.clerk)
    assert refused.value.code == "in_application"
    intake.discard_application(first.pk, by=actors.clerk)
    intake.discard_application(first.pk, by=actors.clerk)
    second = intake.open_application(project.pk, matter_codes=TWO, by=actors.clerk)
    assert second.cases.count() == 2
    with pytest.raises(DomainError) as empty:
        intake.submit_application(first.pk, by=actors.clerk)
    assert empty.value.code == "empty"


# The checklist -------------------------------------------------------------------------------------------------------


def test_nobody_is_asked_for_what_is_shared_verified_or_held(project, actors):
    application = intake.open_application(project.pk, matter_codes=["plan-permit"], by=actors.clerk)
    [entry] = checklist(application)
    states = {item.source: item.state for item in entry.items if item.source in {"shared", "verified", "commitment"}}
    assert set(states.items()) <= {("shared", "shared"), ("verified", "shared"), ("commitment", "committed")}
    assert states
    earlier = [item for item in entry.items if item.source == "earlier"]
    assert earlier
    assert {item.state for item in earlier} == {MaterialState.AWAITED}
    assert all(item.supplier_id and item.supply for item in earlier)
    assert all(item.note.startswith("前置事项“") for item in earlier)


def test_a_granted_matter_meets_the_lines_that_waited_for_it(project, actors):
    application = intake.open_application(project.pk, matter_codes=["land-plan-permit"], by=actors.clerk)
    item = MaterialItem.objects.get(case__application=application, kind__slug="project-basis")
    assert (item.state, item.note) == (MaterialState.AWAITED, "前置事项“企业投资项目备案”未办结")
    factories.pass_matter(project, "project-code", actors)
    factories.pass_matter(project, "ent-filing", actors)
    item.refresh_from_db()
    assert item.state == MaterialState.HELD
    assert item.document == Document.objects.get(project=project, kind__slug="project-basis")
    assert item.is_automatic


def test_an_upload_meets_a_line_and_every_other_of_its_kind(project, actors):
    application = intake.open_application(project.pk, matter_codes=TWO, by=actors.clerk)
    item = MaterialItem.objects.filter(
        case__application=application, state="missing", source="applicant", kind__is_reusable=True
    ).first()
    log = Log(project)
    done = intake.set_material(item.pk, state="uploaded", by=actors.owner, uploaded=factories.pdf())
    assert log.told() == [("document.filed", None), ("material.set", None)]
    assert done.document.title == item.name
    others = MaterialItem.objects.filter(case__application=application, kind=item.kind).exclude(pk=item.pk)
    assert {(other.state, other.document_id) for other in others} <= {(MaterialState.HELD, done.document_id)}


@pytest.mark.parametrize(
    ("state", "code"),
    [("uploaded", "upload_missing"), ("held", "not_held"), ("deferred", "deferral"), ("committed", "commitment"),
     ("not_applicable", "note_missing"), ("eaten", "material_state")],
)
def test_a_line_is_not_met_by_saying_so(project, actors, state, code):
    application = intake.open_application(project.pk, matter_codes=["project-code"], by=actors.clerk)
    item = MaterialItem.objects.filter(case__application=application, source="applicant").first()
    if item is None:
        application = intake.open_application(project.pk, matter_codes=["plan-permit"], by=actors.clerk)
        item = MaterialItem.objects.filter(case__application=application, kind__slug="application-form").first()
    with pytest.raises(DomainError) as refused:
        intake.set_material(item.pk, state=state, by=actors.clerk)
    assert refused.value.code == code
    item.refresh_from_db()
    assert item.state == MaterialState.MISSING


def test_only_the_window_says_that_a_line_does_not_apply(project, actors):
    application = intake.open_application(project.pk, matter_codes=[CODE], by=actors.clerk)
    item = MaterialItem.objects.filter(case__application=application, state="missing").first()
    with pytest.raises(DomainError) as refused:
        intake.set_material(item.pk, state="not_applicable", by=actors.owner, note="没有")
    assert refused.value.code == "window_only"
    with pytest.raises(NotAllowed):
        intake.set_material(item.pk, state="not_applicable", by=actors.reviewer, note="没有")
    done = intake.set_material(item.pk, state="not_applicable", by=actors.clerk, note="存量用地，无此材料")
    assert (done.state, done.note, done.changed_by) == ("not_applicable", "存量用地，无此材料", actors.clerk)


# Receiving -------------------------------------------------------------------------------------------------------------


def test_handing_in_receives_every_case_and_prints_one_receipt(project, actors):
    application = factories.open_application(project, TWO, actors)
    check_step(
        project, lambda by: intake.submit_application(application.pk, by=by), right=actors.owner,
        wrong=actors.chief, reason="申报由建设单位、项目的代办人员或窗口办理，您的岗位不办理。", rule_code="can_receive",
        told=[
            ("case.received", 1), ("project.involved", None), ("case.received", 1), ("application.submitted", None),
            ("paper.issued", None),
        ],
    )
    cases = [factories.make_case(project, code) for code in TWO]
    assert [case.state for case in cases] == [CaseState.RECEIVED] * 2
    assert [case.number for case in cases] == ["140581-2026-000001", "140581-2026-000002"]
    assert [case.due_on for case in cases] == [dt.date(2026, 11, 9)] * 2
    assert [case.intake_clock.limit for case in cases] == [5, 5]
    paper = Paper.objects.get(project=project, kind="receipt")
    assert paper.issuer == actors.centre
    assert paper.content["table"]["head"] == ["事项", "材料", "方式"]
    application.refresh_from_db()
    assert application_state(application) == ApplicationState.RECEIVED


# Accepting -------------------------------------------------------------------------------------------------------------


def make_ready(project, actors):
    """plan-permit with everything that has to be there before it."""
    for code in ("project-code", "ent-filing", "plan-conditions", "land-transfer", "agency-survey", "agency-design"):
        factories.pass_matter(project, code, actors)


def test_accepting_stops_the_intake_starts_the_promise_and_tells_the_day(project, actors, clock):
    make_ready(project, actors)
    [case] = factories.received(project, [CODE], actors)
    clock.to(dt.datetime(2026, 11, 6, 16, 30))
    check_step(
        project, lambda by: intake.accept_case(case.pk, by=by, note="材料齐全"), right=actors.clerk,
        wrong=actors.owner, reason="受理由行政审批局窗口办理，您的岗位不办理受理。", rule_code="can_accept",
        second="case_state", told=[("case.accepted", 3), ("paper.issued", None)],
    )
    case = factories.make_case(project, CODE)
    assert (case.state, case.accepted_by, case.is_deemed_accepted) == (CaseState.ACCEPTED, actors.clerk, False)
    assert case.intake_clock.stopped_on == dt.date(2026, 11, 6)
    assert (case.promised_clock.limit, case.promised_clock.due_on) == (2, dt.date(2026, 11, 10))
    assert case.due_on == dt.date(2026, 11, 10)
    assert (case.statutory_clock.limit, case.statutory_clock.started_on) == (20, dt.date(2026, 11, 6))
    paper = Paper.objects.get(project=project, kind="acceptance_notice", subject_key=str(case.pk))
    assert paper.content["gist"]["when"] == "2026年11月10日前作出决定"
    assert Outbox.objects.filter(event__subject_key=str(case.pk), subscriber="packages.open_joint_review").count() == 1
    invisible(actors.outsider, case)


def test_the_second_clerk_sees_who_was_faster(project, actors):
    [case] = factories.accepted(project, ["util-joint"], actors)
    with pytest.raises(DomainError) as refused:
        intake.accept_case(case.pk, by=actors.clerk)
    assert refused.value.latest == f"王敏 09:00 受理：{case.matter.name}"


def test_a_case_that_lacks_papers_is_named_and_does_not_hold_up_the_others(project, actors):
    application = factories.open_application(project, ["util-joint", "plan-permit"], actors)
    for item in MaterialItem.objects.filter(case__application=application, case__matter__matter__code="util-joint"):
        if item.state in {"missing", "awaited"}:
            intake.set_material(item.pk, state="uploaded", by=actors.clerk, uploaded=factories.pdf(text=str(item.pk)))
    intake.submit_application(application.pk, by=actors.clerk)
    accepted = intake.accept_application(application.pk, by=actors.clerk)
    assert [case.matter.matter.code for case in accepted] == ["util-joint"]
    with pytest.raises(DomainError) as refused:
        intake.accept_application(application.pk, by=actors.clerk)
    assert refused.value.code == "materials"
    assert "前置事项“" in refused.value.message


@pytest.mark.parametrize(("received_on", "last", "over", "due"), [
    ("2026-11-16", "2026-11-23", "2026-11-24", "2026-11-18"),  # standards §9.4: a limit of 2 is overdue at once
    ("2026-04-29", "2026-05-09", "2026-05-11", "2026-05-06"),  # Appendix B: the fifth day is a Saturday that works
])
def test_after_five_working_days_the_law_has_accepted_as_of_the_receipt(
    project, actors, clock, received_on, last, over, due
):
    day = dt.date.fromisoformat
    clock.to(dt.datetime.combine(day(received_on), dt.time(10)))
    [case] = factories.received(project, [CODE], actors)
    clock.to(dt.datetime.combine(day(last), dt.time(23)))
    assert intake.deem_accepted(case.pk) is False
    clock.to(dt.datetime.combine(day(over), dt.time(0, 30)))
    log = Log(project)
    assert intake.deem_accepted(case.pk) is True
    assert log.told() == [("case.accepted", 3), ("paper.issued", None)]
    assert intake.deem_accepted(case.pk) is False
    case = factories.make_case(project, CODE)
    assert case.is_deemed_accepted
    assert case.accepted_at == case.received_at
    assert case.promised_clock.started_on == day(received_on)
    assert case.promised_clock.due_on == day(due)
    assert clocks.read_clock(case.promised_clock).overdue
    holds(project)


def test_accepting_late_is_the_acceptance_by_law(project, case, actors, clock):
    clock.to(dt.datetime(2026, 11, 10, 9, 0))
    done = intake.accept_case(case.pk, by=actors.clerk)
    assert (done.is_deemed_accepted, done.accepted_by, done.accepted_at) == (True, None, done.received_at)


def test_the_sweep_deems_what_is_over_and_leaves_a_run(project, actors, clock):
    from packages.tasks import deem_accepted
    from projects.models import JobRun

    factories.received(project, ["util-joint"], actors)
    clock.to(dt.datetime(2026, 11, 10, 0, 7))
    assert deem_accepted() == 1
    assert deem_accepted() == 0
    assert list(JobRun.objects.filter(job="deem_accepted").order_by("pk").values_list("touched", "errors")) == [
        (1, 0), (0, 0),
    ]


# 容缺 and 承诺 -----------------------------------------------------------------------------------------------------------


def deferrable(project, actors):
    """A received case with one paper deferred that may follow after the decision, its other lines met."""
    found = MatterCase.objects.filter(
        project=project, handling="review", matter__deferral_allowed=True, promised_days__gt=0,
        matter__materials__arrives_before="after",
    ).order_by("pk")
    for case in found.distinct():
        application = factories.open_application(project, [case.matter.matter.code], actors)
        item = case.materials.filter(source="applicant", definition__arrives_before="after").first()
        if item is not None:
            intake.set_material(item.pk, state="deferred", by=actors.clerk)
            factories.complete(application, actors.clerk)
            return application, item
        intake.discard_application(application.pk, by=actors.clerk)
    raise AssertionError("no matter may be deferred")


# 即办 ------------------------------------------------------------------------------------------------------------------


def test_on_the_spot_is_accepted_and_granted_in_one_step(project, actors):
    [case] = factories.received(project, ["project-code"], actors)
    check_step(
        project, lambda by: intake.decide_on_spot(case.pk, by=by), right=actors.clerk, wrong=actors.reviewer,
        reason="即办事项由行政审批局的窗口或首席代表当场办结。", rule_code="can_decide_on_spot", second="case_state",
        told=[
            ("case.accepted", 3), ("paper.issued", None), ("case.review_started", 8), ("case.decided", 11),
            ("paper.issued", None),
        ],
    )
    case = factories.make_case(project, "project-code")
    assert (case.state, case.used_days, case.is_overdue, case.due_on) == (CaseState.PASSED, 0, False, None)
    told = Paper.objects.get(project=project, kind="acceptance_notice", subject_key=str(case.pk)).content["gist"]
    assert (told["do"], told["when"]) == ("等候当日办结，可扫码查看进度", "2026年11月2日当日作出决定")
    factories.drain()
    assert factories.make_case(project, "project-code").state == CaseState.PASSED
    with pytest.raises(NotAllowed) as refused:
        [other] = factories.received(project, ["util-joint"], actors)
        intake.decide_on_spot(other.pk, by=actors.clerk)
    assert refused.value.message == "本事项不是即办件，请先受理，再由部门审查。"


# Refusing, withdrawing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("referral", "state", "code", "kind", "paper"),
    [
        ("依法不需许可", CaseState.NOT_TAKEN, 4, "case.not_taken", "not_taken"),
        ("", CaseState.REFUSED_INTAKE, 5, "case.refused_intake", "refused_intake"),
    ],
)
def test_a_refused_intake_tells_why_and_may_be_tried_again(project, case, actors, referral, state, code, kind, paper):
    check_step(
        project,
        lambda by: intake.refuse_intake(
            case.pk, by=by, reason="不属于本机关职权", basis="行政许可法第三十二条", referral=referral, not_ours=bool(referral)
        ),
        right=actors.clerk, wrong=actors.owner, reason="不受理、不予受理由窗口办理，您的岗位不办理。", second="case_state",
        told=[(kind, code), ("case.created", None), ("paper.issued", None), ("paper.issued", None)],
    )
    case.refresh_from_db()
    assert (case.state, case.due_on, case.ended_at is not None) == (state, None, True)
    told = Paper.objects.get(project=project, kind=paper)
    ahead = "不用申报这一事项" if referral else "按理由改好后重新申报"
    assert (told.issuer, told.content["gist"]["do"]) == (actors.centre, ahead)
    assert told.content["gist_words"].get("do", "") == ("" if referral else "怎么改")  # 不受理 has nothing to mend
    renewed = factories.make_case(project, "util-joint")
    assert (renewed.state, renewed.pk != case.pk) == (CaseState.DRAFT, True)


@pytest.mark.slow
def test_a_withdrawal_cancels_what_runs_and_keeps_the_papers(project, actors):
    make_ready(project, actors)
    case = factories.in_review(project, CODE, actors)
    kept = Document.objects.filter(project=project).count()
    check_step(
        project, lambda by: intake.withdraw_case(case.pk, by=by, reason="方案调整", uploaded=factories.pdf()),
        right=actors.clerk, wrong=actors.owner,
        reason="窗口按建设单位的书面申请办理撤件；建设单位请在网上申请撤件。", second="case_state",
        told=[
            ("document.filed", None), ("withdrawal.requested", None), ("withdrawal.granted", None), ("task.closed", None),
            ("task.closed", None), ("session.closed", None), ("case.withdrawn", 2), ("case.created", None),
            ("paper.issued", None),
        ],
    )
    case.refresh_from_db()
    assert (case.state, case.due_on, case.promised_clock.state) == (CaseState.WITHDRAWN, None, "cancelled")
    added = list(Document.objects.filter(project=project).order_by("pk").values_list("kind__slug", flat=True))[kept:]
    assert added == ["withdrawal-request", "paper-withdrawal"]
    again = factories.received(project, [CODE], actors)[0]
    assert (again.state, again.pk != case.pk) == (CaseState.RECEIVED, True)


# Two at once (PostgreSQL) ----------------------------------------------------------------------------------------------


@pytest.mark.postgresql
def test_two_clerks_accept_at_once_and_one_wins(at_once, clock, actors):
    project = factories.enrolled_project(actors, "S3")
    [case] = factories.received(project, ["util-joint"], actors)
    from projects import timing

    def press():
        with timing.travel(clock.moment):
            return intake.accept_case(case.pk, by=actors.clerk)

    outcomes = at_once(press, press)
    errors = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert len(errors) == 1
    assert errors[0].code == "case_state"
    assert errors[0].latest.startswith("王敏 09:00 受理：")
    assert Paper.objects.filter(project=project, kind="acceptance_notice").count() == 1
    holds(project)
