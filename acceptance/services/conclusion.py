"""The conclusion of the joint acceptance: one paper, and every case of it decided."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from acceptance import rules
from acceptance.models import AcceptanceApplication, LateFault
from acceptance.services.application import JOINT_MATTER, lock_acceptance, move, settle_item
from acceptance.services.items import all_issues
from acceptance.services.make_ups import begin_make_ups, void_make_ups
from acceptance.services.partial import require_facilities
from acceptance.services.scoping import cases_of
from acceptance.states import ACCEPTANCE_GOOD, ITEM_GOOD, AcceptanceState, ItemState, LateState, MakeUpState, Scope
from archives.paper_kinds import paper_slug
from archives.services.papers import issue_paper
from archives.states import PaperKind
from packages.listing import listed_of
from packages.models import MatterCase
from packages.services import paperwork
from packages.services.decision import decide_for_acceptance
from packages.services.intake import open_application, submit_application
from packages.states import CASE_DECIDED, CaseState, Outcome
from projects import timing
from projects.back_entry import check_follows, counted_at
from projects.clocks import stop_clock
from projects.errors import DomainError, require
from projects.events import record
from projects.quoting import quoted
from projects.services.issues import waive_issue
from projects.states import ISSUE_OPEN

if TYPE_CHECKING:
    from projects.models import User

RECORD_MATTER = "completion-record"

@transaction.atomic
def conclude(
    acceptance_id: int, *, by: User, passed: bool, note: str = "", at: dt.datetime | None = None
) -> AcceptanceApplication:
    """Conclude the joint acceptance and return it. Twice is once.

    Effects in order: passed needs every gating item good; failed marks the items that are still open as failed and
    waives what was still owed on the list (re-apply); the clock stops; event `acceptance.concluded`; 竣工联合验收意见书
    (numbered paper, filed as the result of the joint opinion); every case of the application is decided on behalf of
    its department, the joint opinion last, and with it the stage may move. Errors: an open item, no reason, nothing
    failed; of a pass alone, what forbids the grant of a case (前置事项). Source: handbook §8, catalogue (items 1-11
    gate the conclusion, the completion record follows it).
    """
    acceptance = lock_acceptance(acceptance_id)
    if acceptance.state in {*ACCEPTANCE_GOOD, AcceptanceState.FAILED}:
        return acceptance
    require(rules.can_conclude, by, acceptance)
    check_follows(at, acceptance, *acceptance.items.all())
    _check_items(acceptance, passed=passed, note=note, by=by, at=at)
    old = acceptance.state
    _move(acceptance, passed=passed)
    acceptance.concluded_at, acceptance.concluded_by = at or timing.now(), by
    acceptance.conclusion_note = note
    if acceptance.clock:
        stop_clock(acceptance.clock, counted_at(at))
    move(
        acceptance, old, kind="acceptance.concluded", by=by, at=at,
        summary=f"联合验收{acceptance.get_state_display()}" + ("" if passed else f"：{note}"),
    )
    if passed:
        begin_make_ups(acceptance, at=acceptance.concluded_at)
    else:
        _drop_owed(acceptance, by=by, at=at)
    _issue_conclusion(acceptance, passed=passed, by=by, at=at)
    _decide_cases(acceptance, passed=passed, note=note, by=by, at=at)
    if passed and acceptance.is_comprehensive and acceptance.application_id:
        _file_record(acceptance, by=by, at=at)
    return acceptance


def _move(acceptance: AcceptanceApplication, *, passed: bool) -> None:
    if not passed:
        acceptance.conclude_fail()
    elif acceptance.items.filter(state=ItemState.DEFERRED).exists():
        acceptance.conclude_deferred()
    else:
        acceptance.conclude_pass()


def _drop_owed(acceptance: AcceptanceApplication, *, by: User, at: dt.datetime | None) -> None:
    void_make_ups(acceptance, by=by, at=at)
    for issue in all_issues(acceptance).filter(state__in=list(ISSUE_OPEN)):
        issue.project = acceptance.project
        waive_issue(issue, reason="联合验收不通过，重新申请后再验", by=by, at=at)
    for late in acceptance.late_faults.filter(state=LateState.ASKED):
        _close_late(acceptance, late, by=by, at=at)


def _close_late(acceptance: AcceptanceApplication, late: LateFault, *, by: User, at: dt.datetime | None) -> None:
    old = late.state
    late.refuse()
    late.decided_by, late.decided_at, late.decision_note = by, at or timing.now(), "联合验收不通过"
    late.save()
    record(
        "acceptance.late_decided", subject=late, project=acceptance.project, by=by, at=at,
        summary=f"{late.get_state_display()}：{late.what}"[:300], data={"state": [old, late.state]},
    )


def _file_record(acceptance: AcceptanceApplication, *, by: User, at: dt.datetime | None) -> None:
    """综合竣工验收: the completion record is applied for with the conclusion, from what the archive holds.

    What its checklist still misses stays for the owner on the open application.
    """
    drafts = MatterCase.objects.filter(
        project=acceptance.project, work_unit=acceptance.work_unit, matter__matter__code=RECORD_MATTER,
        state=CaseState.DRAFT, application=None,
    )
    if not drafts.exists():
        return
    clerk = acceptance.applied_by
    listed = listed_of(acceptance.project)
    if listed is not None and not listed.has(RECORD_MATTER):
        record(
            "acceptance.record_held", subject=acceptance, project=acceptance.project, by=by, at=at,
            summary="综合竣工验收：竣工验收备案不在一次性告知的清单上，须经中心批准清单外事项后申报",
        )
        return
    application = open_application(acceptance.project_id, matter_codes=[RECORD_MATTER], by=clerk, at=at)
    record(
        "acceptance.record_opened", subject=acceptance, project=acceptance.project, by=by, at=at,
        summary=f"综合竣工验收：竣工验收备案随结论同时申报（{application.number}）",
    )
    try:
        with transaction.atomic():
            submit_application(application.pk, by=clerk, at=at)
    except DomainError:
        return  # papers are missing: the owner completes the open application


def _check_items(
    acceptance: AcceptanceApplication, *, passed: bool, note: str, by: User, at: dt.datetime | None
) -> None:
    open_items = [i for i in acceptance.items.select_related("organisation") if i.is_gate and i.state not in ITEM_GOOD]
    if passed and acceptance.scope != Scope.PROJECT:
        require_facilities(acceptance)
    if passed and acceptance.late_faults.filter(state=LateState.ASKED).exists():
        raise DomainError("late_open", "有清单后新增问题待批准，请先决定是否新增。")
    if passed and open_items:
        names = "、".join(item.name for item in open_items)
        raise DomainError("open_items", f"还有未合格的验收事项：{names}，不能出具通过的结论。")
    if not passed and not note.strip():
        raise DomainError("reason_missing", "结论为不通过的，要写明理由。")
    if not passed and not open_items and not acceptance.facilities.filter(is_met=False).exists():
        raise DomainError("nothing_failed", "各项都已合格，不能出具不通过的结论。")
    for item in open_items:
        item.acceptance = acceptance
        if item.state == ItemState.RECTIFYING:
            settle_item(item, "fail", note=note, by=by, at=at)


def _decide_cases(
    acceptance: AcceptanceApplication, *, passed: bool, note: str, by: User, at: dt.datetime | None
) -> None:
    # what was 容缺 in an acceptance that fails owes its paper still: it is looked at again with the rest
    holding = [state for state in ITEM_GOOD if passed or state != ItemState.DEFERRED]
    good = {item.case_id for item in acceptance.items.all() if item.state in holding}
    cases = cases_of(acceptance).exclude(state__in=list(CASE_DECIDED))
    ordered = sorted(cases.select_related("matter__matter", "lead"), key=lambda c: c.matter.matter.code == JOINT_MATTER)
    for case in ordered:
        is_joint = case.matter.matter.code == JOINT_MATTER
        why = "" if (passed if is_joint else case.pk in good) else f"联合验收不通过：{note}"
        if not why:
            why = _granted_or_why_not(case, passed=passed, has_paper=is_joint, by=by, at=at)
        if why:
            decide_for_acceptance(
                case.pk, by=by, outcome=Outcome.FAIL, note=why, on_behalf_of=case.lead.name, has_paper=is_joint, at=at
            )


def _granted_or_why_not(
    case: MatterCase, *, passed: bool, has_paper: bool, by: User, at: dt.datetime | None
) -> str:
    """Grant the case of a good item; return why not where the acceptance fails and something forbids the grant.

    A refusal of the whole needs nothing that a grant needs: such a case is refused with it and applied for again,
    its item stays good. A conclusion that passes is held up, and says by which case. Source: handbook §8.
    """
    try:
        with transaction.atomic():
            decide_for_acceptance(
                case.pk, by=by, outcome=Outcome.PASS, note="联合验收合格", on_behalf_of=case.lead.name,
                has_paper=has_paper, at=at,
            )
    except DomainError as barred:
        if passed:
            raise DomainError(
                barred.code, f"还不能出具通过的意见书，{quoted(case.matter.name)}：{barred.message}"
            ) from barred
        return f"联合验收不通过，本项验收合格但还不能办结：{barred.message}"
    return ""


def _result_slug(acceptance: AcceptanceApplication) -> str:
    """Return the document kind under which the archive expects the joint opinion."""
    joint = cases_of(acceptance).filter(matter__matter__code=JOINT_MATTER)
    return joint.values_list("matter__result_kind__slug", flat=True).first() or paper_slug(PaperKind.CONCLUSION)


def _issue_conclusion(
    acceptance: AcceptanceApplication, *, passed: bool, by: User, at: dt.datetime | None
) -> None:
    items = acceptance.items.select_related("organisation")
    word, owed = acceptance.get_state_display(), list(acceptance.make_ups.filter(state=MakeUpState.OWED))
    partial = acceptance.scope != Scope.PROJECT
    whole = acceptance.is_comprehensive and not partial
    ahead = f"{acceptance.what}：" if partial else "综合竣工验收，" if whole else ""
    filing = "随结论申报" if whole and passed else "另行备案"
    content: dict[str, Any] = {
        "addressee": acceptance.project.owner.name,
        "gist": {
            "project": f"{acceptance.project.name}（{acceptance.project.code}）",
            "what": f"{ahead}竣工联合验收{word}",
            "do": _next_words(acceptance, passed=passed),
            "when": "自本意见书出具之日起",
        },
        "paragraphs": _paragraphs(acceptance, passed=passed),
        "tables": [{
            "head": ["序号", "验收事项", "部门", "结果", "意见"],
            "rows": [[str(i.number), i.name, i.organisation.label,
                      i.get_state_display() if i.is_gate or partial else filing, i.note] for i in items],
        }],
        "legal": [],
    }
    if owed:
        content["tables"].append({
            "caption": "容缺后补", "head": ["材料", "最迟补交", "逾期后果"],
            "rows": [[row.paper_name, paperwork.day(row.due_on), row.consequence] for row in owed],
        })
    if partial:
        content["tables"].append({
            "caption": "共用设施", "head": ["设施", "应具备的条件", "确认"],
            "rows": [[row.name, row.asks, "具备" if row.is_met else row.note or "未确认"]
                     for row in acceptance.facilities.all()],
        })
    issue_paper(
        acceptance.project, kind=PaperKind.CONCLUSION, series="联验", title="竣工联合验收意见书",
        issuer=acceptance.lead, content=content, subject=acceptance, by=by,
        document_kind_slug=paper_slug(PaperKind.CONCLUSION) if partial else _result_slug(acceptance),
        is_public=passed, at=at,
    )


def _paragraphs(acceptance: AcceptanceApplication, *, passed: bool) -> list[str]:
    """Return what the opinion rests on, its result and why; one that refuses says how it may be contested."""
    visit = rules.visit_of(acceptance)
    ground = "经组织各部门一次现场验收" if visit is not None and visit.held_on else "经审核申报资料"
    what = f"{acceptance.what}竣工联合验收（{acceptance.get_scope_display()}）"
    said = [f"{ground}，{what}结论为：{acceptance.get_state_display()}。"]
    if not passed:
        return [*said, paperwork.ended(f"不通过的理由：{acceptance.conclusion_note}"), paperwork.remedies()]
    return [*said, paperwork.ended(acceptance.conclusion_note)] if acceptance.conclusion_note else said


def _next_words(acceptance: AcceptanceApplication, *, passed: bool) -> str:
    if not passed:
        return "按不通过的事项整改后重新申请"
    if acceptance.scope != Scope.PROJECT:
        return "本单体（期）可以投入使用，其余部分完成后办理整体验收"
    if acceptance.state == AcceptanceState.PASSED_DEFERRED:
        return "按期补交容缺材料，补齐后办理房证同交移交"
    if acceptance.is_comprehensive:
        return "竣工验收备案已随本意见书申报，按申报页补齐所缺材料；可以办理不动产首次登记"
    return "可以申请竣工验收备案和不动产首次登记"
