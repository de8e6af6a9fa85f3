"""Steps beside intake and decision: withdrawal by two, extension once and in time, delivery, revocation, 再次告知."""

import datetime as dt
import re

import pytest
from django.db import transaction
from django.urls import reverse

from archives.models import Paper
from packages.act_forms import DeliverForm
from packages.forms import RefuseForm
from packages.models import CaseDelivery, OneTimeNotice, Opinion, ReviewTask
from packages.screens.acting import awaits_delivery, tacit_words
from packages.screens.noticing import of_case
from packages.services import delivering, extending, intake, revoking, withdrawing
from packages.services.correction import answer_fault, notice_faults, return_corrected
from packages.services.silence import apply_tacit
from packages.states import CaseState
from packages.waiting import case_waiting
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.models import IssueItem
from projects.states import Role
from tests import factories
from tests.kept import kept
from tests.packages.steps import Log, check_step, holds

CODE = "util-joint"
FAULT = {"what": "总图缺坐标", "basis": "指南第 2 条", "how_to_fix": "在总图上标出四角坐标"}


def build():
    actors = factories.make_actors()
    factory = factories.enrolled_project(actors, "S2")
    factories.pass_matter(factory, "project-code", actors)
    return {"actors": actors, "factory": factory, "case": factories.in_review(factory, CODE, actors)}


_world, world, actors, factory, case = kept(build, "actors", "factory", "case")


@pytest.fixture
def plain(actors, clock):
    """A second plant, in which nothing has begun."""
    return factories.enrolled_project(actors, "S2")


@pytest.fixture
def granted(case):
    factories.answer_all(case)
    factories.merge(case)
    return factories.decide(case)


def codes_of(excinfo):
    return excinfo.value.code


def page_of(client, user, name, case):
    client.force_login(user)
    return client.get(reverse(f"packages:{name}", args=[case.pk])).content.decode()


def pressed(client, name, case):
    """Press the button of a page; the page that comes."""
    return client.post(reverse(f"packages:{name}", args=[case.pk]), follow=True).content.decode()


def buttons(html):
    """What may be pressed on the page of a case, and what stands there with a reason."""
    found = html.partition('aria-label="可以办的事"')[2].partition("</section>")[0]
    return re.findall(r'<a [^>]*href="[^"]+"[^>]*>([^<]+?) ?<', found), found.count("aria-disabled")


# Withdrawal ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_owner_asks_the_window_takes_it_and_confirms(factory, actors, case):
    row = check_step(
        factory, lambda by: withdrawing.request_withdrawal(case.pk, by=by, reason="方案调整"), right=actors.owner,
        wrong=actors.clerk, reason="撤件由建设单位申请，您的岗位不申请撤件。", told=[("withdrawal.requested", None)],
    )
    check_step(
        factory, lambda by: withdrawing.take_withdrawal(row.pk, by=by), right=actors.clerk, wrong=actors.owner,
        reason="撤件申请由窗口答复，受理后也可以由牵头部门行政审批局答复。", told=[("withdrawal.taken", None)],
    )
    assert factories.fresh(case).state == CaseState.IN_REVIEW
    done = withdrawing.answer_withdrawal(row.pk, by=actors.clerk, granted=True)
    assert (done.state, factories.fresh(case).state) == ("granted", CaseState.WITHDRAWN)
    paper = Paper.objects.get(project=factory, kind="withdrawal")
    assert paper.content["gist"]["what"] == f"按你单位申请，“{case.matter.name}”（{case.number}）已撤件"
    with pytest.raises(DomainError) as twice:
        withdrawing.answer_withdrawal(row.pk, by=actors.clerk, granted=True)
    assert codes_of(twice) == "answered"
    holds(factory)


def test_a_withdrawal_after_a_tacit_opinion_keeps_it_on_record_and_asks_anew(factory, actors, case, clock, client):
    task = case.sessions.get().tasks.exclude(role="lead").order_by("pk").first()
    type(task).objects.filter(pk=task.pk).update(is_tacit_allowed=True)
    clock.to(dt.datetime(2026, 11, 30, 9, 0))
    assert apply_tacit(task.pk)
    said = "已有 1 条超时默认意见：照留在记录里，重新申报时不沿用，各部门重新答复。"
    assert said in page_of(client, actors.owner, "withdraw", case)
    row = withdrawing.request_withdrawal(case.pk, by=actors.owner, reason="方案调整")
    waits = case_waiting([factories.fresh(case)])[case.pk]  # its own days, not those that the case has run
    assert (waits.since, waits.days, waits.limit, waits.auto) == (timing.today(), 0, None, "答复前办件照常进行")
    client.force_login(actors.clerk)
    answer = client.post(reverse("packages:withdrawal", args=[row.pk]), {"granted": "yes"}, follow=True)
    assert "已同意撤件，撤件确认书已出具" in answer.content.decode()
    assert said in tacit_words(case)
    kept = Opinion.objects.filter(task__session__case=case, source="tacit").count()
    [again] = factories.accepted(factory, [CODE], actors)
    factories.drain()
    fresh = again.sessions.get().tasks.exclude(role="lead")
    assert (kept > 0, {one.state for one in fresh}, apply_tacit(task.pk)) == (True, {"invited"}, False)
    holds(factory)


# Extension -----------------------------------------------------------------------------------------------------------


def test_an_extension_moves_both_clocks_once_and_tells_why(factory, actors, case):
    lead, before = factories.official("approval-bureau", Role.REVIEWER), factories.fresh(case).promised_clock.due_on
    row = extending.request_extension(case.pk, by=lead, days=5, reason="等待上级批复")
    who = factories.person("gongban", "杜平", Role.SUPERVISOR, actors.centre) if row.is_joint else actors.chief
    wrong = actors.clerk
    with pytest.raises(DomainError) as refused:
        extending.approve_extension(row.pk, by=wrong, approval="高政批〔2026〕1号")
    assert refused.value.message.endswith("。")
    log = Log(factory)
    extending.approve_extension(row.pk, by=who, approval="高政批〔2026〕1号")
    assert log.told() == [("extension.approved", None), ("case.extended", None), ("paper.issued", None)]
    case = factories.fresh(case)
    live = [clock for clock in (case.promised_clock, case.statutory_clock) if clock is not None]
    assert {clock.extensions for clock in live} == {5}
    assert case.due_on == case.promised_clock.due_on > before
    assert "等待上级批复" in Paper.objects.get(project=factory, kind="extension").content["gist"]["what"]
    with pytest.raises(DomainError) as twice:
        extending.request_extension(case.pk, by=lead, days=1, reason="再延")
    assert codes_of(twice) == "extended"
    holds(factory)


def test_no_extension_after_the_limit_none_too_long_none_by_who_asked(case, actors, clock):
    lead = factories.official("approval-bureau", Role.REVIEWER)
    joint = ReviewTask.objects.filter(session__case=case, role="joint")
    for most, take_part in ((15, True), (10, False)):  # 行政许可法 42: fifteen days where several bodies handle it jointly
        if not take_part:
            joint.update(role="consulted")
        with pytest.raises(DomainError) as long:
            extending.request_extension(case.pk, by=lead, days=most + 1, reason="等待")
        assert (codes_of(long), long.value.message) == ("days", f"本办件最多延长 {most} 个工作日，请重新填写。")
    with transaction.atomic():
        row = extending.request_extension(case.pk, by=actors.chief, days=10, reason="等待")
        with pytest.raises(NotAllowed) as own:
            extending.approve_extension(row.pk, by=actors.chief)
        assert own.value.message == "延长不能由申请人自己批准，请由另一位负责人批准。"
        transaction.set_rollback(True)
    clock.to(dt.datetime(2026, 11, 30, 9, 0))
    with pytest.raises(DomainError) as late:
        extending.request_extension(case.pk, by=lead, days=5, reason="等待")
    assert codes_of(late) == "over"


# Delivery and revocation -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_grant_is_delivered_once_and_revoked_with_its_number_kept(factory, actors, granted, client):
    assert buttons(page_of(client, actors.owner, "case", granted)) == (["领取"], 0)
    check_step(
        factory, lambda by: delivering.deliver_case(granted.pk, by=by, way="window", receiver="郭建国"),
        right=actors.clerk, wrong=actors.owner, reason="证照批文由窗口或作出决定的部门送达。",
        told=[("paper.issued", None), ("case.delivered", None)],
    )
    assert buttons(page_of(client, actors.owner, "case", granted)) == ([], 0)
    assert buttons(page_of(client, actors.clerk, "case", granted)) == ([], 2)
    CaseDelivery.objects.update(delivered_at=dt.datetime(2026, 11, 24, 2, 0, tzinfo=timing.BUSINESS_ZONE))
    assert "已于2026年11月24日送达" in page_of(client, actors.clerk, "case", granted)  # the business day, also at night
    paper = Paper.objects.get(project=factory, kind="certificate", subject_key=str(granted.pk))
    said = {"reason": "以欺骗手段取得", "basis": "第 69 条"}
    with pytest.raises(DomainError) as unheard:
        revoking.revoke_case(granted.pk, by=actors.chief, is_heard=False, **said)
    assert codes_of(unheard) == "hearing"
    client.force_login(actors.chief)
    before = client.get(reverse("packages:revoke", args=[granted.pk])).content.decode()
    assert f"将失效：{paper.title} {paper.number}。" in before
    check_step(
        factory, lambda by: revoking.revoke_case(granted.pk, by=by, is_heard=True, **said), right=actors.chief,
        wrong=actors.clerk, reason="撤销由牵头部门行政审批局的首席代表决定。", second="case_state",
        told=[("case.revoked", 15), ("paper.revoked", None), ("paper.issued", None), ("case.created", None)],
    )
    granted = factories.fresh(granted)
    assert (granted.state, granted.number != "", factories.fresh(paper).state) == (CaseState.REVOKED, True, "revoked")
    from packages.providers import permits

    [fact] = [fact for fact in permits(factory) if fact.tone == "bad"]
    assert (fact.title, fact.is_first) == (f"已撤销：{granted.matter.name}", True)


def test_a_granted_case_waits_for_the_window_until_it_is_handed_out(actors, granted):
    granted = factories.fresh(granted)
    waits = awaits_delivery(granted)
    assert (waits.sentence, waits.limit, waits.light) == (
        "正在等行政审批局窗口送达“水电气热信联合报装（一表申请、联合踏勘）”的证照批文，已 0 个工作日，11月16日到期。", 10, "none",
    )
    delivering.deliver_case(granted.pk, by=actors.clerk, way="post", tracking="1234567890123")
    assert awaits_delivery(factories.fresh(granted)) is None


def test_each_way_of_delivery_leads_to_the_field_it_needs_and_a_refusal_has_keys():
    way, kind = DeliverForm()["way"], RefuseForm()["kind"]
    keys = [[re.findall(r'data-(?:key|then)="(.+?)"', str(one)) for one in field.subwidgets] for field in (way, kind)]
    assert keys == [[["1", "receiver"], ["2", "tracking"], ["3"]], [["1", "reason"], ["2", "reason"]]]


# One-time notice -----------------------------------------------------------------------------------------------------


def test_a_second_notice_has_a_reason_is_booked_and_listed(plain, actors, client):
    [case] = factories.received(plain, [CODE], actors)
    notice_faults(case.pk, faults=[FAULT], by=actors.clerk)
    answer_fault(IssueItem.objects.get(project=plain, kind="correction").pk, answer="已标", by=actors.owner)
    return_corrected(case.application_id, by=actors.owner)
    for reason, code in (("", "second_notice"), ("mood", "reason_code"), ("other", "reason_note")):
        with pytest.raises(DomainError) as refused:
            notice_faults(case.pk, faults=[FAULT], by=actors.clerk, reason_code=reason)
        assert codes_of(refused) == code
    notice_faults(case.pk, faults=[FAULT], by=actors.clerk, reason_code="first_omission")
    rows = OneTimeNotice.objects.filter(case=case).values_list("batch", "reason_code", "given_by", "given_for")
    assert list(rows) == [
        (1, "", actors.clerk.pk, actors.centre.pk), (2, "first_omission", actors.clerk.pk, actors.centre.pk),
    ]
    client.force_login(actors.clerk)
    page = client.get(reverse("packages:notices_again")).content.decode()
    assert "首次告知确有遗漏" in page
    assert case.matter.name in page
    said = client.get(reverse("packages:case", args=[case.pk])).content.decode()
    assert '<span class="chip" data-c="bad">再次告知</span>' in said
    assert f"记入{actors.centre.label}" in said
    assert of_case(factories.fresh(case), actors.clerk).said([case], 1).startswith(
        f"已再次告知 1 条问题（第 2 次告知），记入{actors.centre.label}和您名下"
    )


def test_a_fault_told_after_the_third_day_of_the_handling_is_flagged(actors, case, clock, client):
    """Handbook §2.3: a correction after day three of 部门开始办理 stands in the ledger; one of the third day does not."""
    lead = factories.official("approval-bureau", Role.REVIEWER)
    for day, late in ((5, False), (6, True)):  # begun on Monday the 2nd
        clock.to(dt.datetime(2026, 11, day, 9, 0))
        with transaction.atomic():
            notice_faults(case.pk, faults=[FAULT], by=lead, kind="correction")
            client.force_login(lead)
            page = client.get(reverse("packages:notices_again")).content.decode()
            assert OneTimeNotice.objects.get(case=case).is_late == late
            assert ("开始办理多日后才告知的补正 1 次" in page) == late
            told = client.get(reverse("packages:case", args=[case.pk])).content.decode()
            assert (">迟告知<" in told, "是开始办理多日后才作出的" in told) == (late, late)
            transaction.set_rollback(True)


def test_one_fault_of_two_matters_is_one_entry_answered_once(plain, actors):
    from packages.screens.filing import correct_page

    cases = factories.received(plain, [CODE, "ent-filing"], actors)
    notice_faults([case.pk for case in cases], faults=[FAULT], by=actors.clerk)
    [fault] = correct_page(cases[0].application, actors.owner).faults
    assert fault.matter == "、".join(case.matter.name for case in sorted(cases, key=lambda row: row.pk))
    answer_fault(fault.issue.pk, answer="已标坐标", by=actors.owner)
    states = IssueItem.objects.filter(project=plain, kind="correction").values_list("state", flat=True)
    assert list(states) == ["submitted", "submitted"]
    return_corrected(cases[0].application_id, by=actors.owner)
    assert Paper.objects.filter(project=plain, kind="correction_receipt").count() == 1
    holds(plain)


def test_a_notice_says_what_to_change_and_only_of_its_own_matters(plain, actors):
    [case] = factories.received(plain, [CODE], actors)
    bad = [(dict(FAULT, how_to_fix="请完善材料"), "fault_vague"), (dict(FAULT, case_id="999999"), "fault_case")]
    for fault, code in bad:
        with pytest.raises(DomainError) as refused:
            notice_faults(case.pk, faults=[FAULT, fault], by=actors.clerk)
        assert codes_of(refused) == code
    with pytest.raises(DomainError) as outside:
        intake.open_application(plain.pk, matter_codes=["not-in-the-list"], by=actors.clerk)
    assert outside.value.message == "事项“not-in-the-list”不在本项目的计划中。"


# Acceptance at odd times -----------------------------------------------------------------------------------------------


def test_acceptance_on_a_rest_day_keeps_its_date_and_says_which_day_is_the_first(plain, actors, clock, client):
    [case] = factories.received(plain, [CODE], actors)
    clock.to(dt.datetime(2026, 11, 8, 10, 0))  # a Sunday
    said = "今天不是工作日，可以受理；时限的第 1 日是11月9日。"
    assert said in page_of(client, actors.clerk, "case_accept", case)
    assert f"已受理，受理通知书已出具，承诺时限开始计算。{said}" in pressed(client, "case_accept", case)
    done = factories.fresh(case)
    assert (timing.business_day(done.accepted_at), done.promised_clock.started_on) == (dt.date(2026, 11, 8),) * 2
    assert done.due_on == dt.date(2026, 11, 8 + done.promised_days)


def test_a_case_whose_five_days_ran_out_a_minute_ago_stands_accepted_since_its_receipt(plain, actors, clock, client):
    [case] = factories.received(plain, [CODE], actors)
    clock.to(dt.datetime(2026, 11, 10, 0, 1))
    said = "已过 5 个工作日告知期，依法自接件之日起视为受理"
    assert f"{said}，时限从接件次日起算。" in page_of(client, actors.clerk, "case_accept", case)
    assert f"{said}，受理通知书已出具。" in pressed(client, "case_accept", case)
    done = factories.fresh(case)
    assert (done.is_deemed_accepted, done.accepted_at) == (True, case.received_at)
    with pytest.raises(DomainError) as again:
        intake.accept_case(case.pk, by=actors.clerk)
    assert codes_of(again) == "case_state"
