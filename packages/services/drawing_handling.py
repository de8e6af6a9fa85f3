"""The handling opinion (处理意见) and what follows: qualified, commit and mend in time, returned; 免审 signatures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from archives.models import Paper
from archives.states import PaperKind
from packages import drawing_rules, policy
from packages.act_states import LateEntryAct
from packages.choices import ReviewRole
from packages.drawing_states import BREACH_OPEN, HandlingOpinion, PledgeKind
from packages.models import Breach, DrawingReview, Pledge
from packages.services import correction, late_entries, paperwork, review
from packages.services.concluding import conclude, prerequisites_done
from packages.services.drawing_following import qualify
from packages.services.drawing_opinion import breach_table, check_complete, mandatory_count, open_breaches
from packages.services.drawing_review import (
    lock_review,
    newest_set,
    open_session,
    superseded_parts,
)
from packages.services.rounds import next_round
from packages.services.timekeeping import pause_case, sync_due
from packages.states import Outcome, SessionState
from packages.waiting import CASE_LABEL
from projects import clocks, timing
from projects.access import access_of
from projects.back_entry import check_after, counted_at
from projects.clock_states import PauseKind, TimeOwner
from projects.errors import DomainError, require
from projects.events import record
from projects.models import IssueItem, Organisation, User
from projects.quoting import cited, quoted
from projects.states import ISSUE_WITH_OWNER, IssueKind, Role

TO_SIGN = "施工图限期修改承诺待建设单位负责人签署"
FIX_WHAT = "改完施工图违反强条的问题"
QUALITY_TEXT = (
    "本单位承诺：施工图设计文件符合工程建设强制性标准，满足消防、人防、防雷等要求，达到规定的设计深度；"
    "对设计质量负责，接受事后抽查；抽查发现违反强制性条文的，限期改正并承担责任。"
)


# The handling opinion ------------------------------------------------------------------------------------------------


@transaction.atomic
def handle(
    review_id: int, *, by: User, result: str, text: str, at: dt.datetime | None = None
) -> DrawingReview:
    """The chief says what follows from the review opinion.

    合格: the joint review is merged as passed, the case granted, 施工图审查合格书. 承诺: nothing major is open; the
    owner's signature is awaited on the owner's time, 施工图处理意见书. 退回: the breaches are told as one correction on
    the applicant's clock, the technical review stands. Raises `NotAllowed`, `DomainError`: `result`, `text`,
    `no_opinion`, `breaches_open`, `major`, `nothing_open`, `session_state`, those of the decision. Source: §6.4.
    """
    one = lock_review(review_id)
    require(drawing_rules.can_handle, by, one)
    if result not in HandlingOpinion.values:
        raise DomainError("result", "请选择处理意见：合格、承诺后限期改完或退回。")
    if result != HandlingOpinion.QUALIFIED and not text.strip():
        raise DomainError("text", "请写明处理意见的理由。")
    check_complete(one)
    newest = one.parts.order_by("-pk").first()
    if one.opinion_at is None or (newest is not None and one.opinion_at < newest.given_at):
        raise DomainError("no_opinion", "还没有汇总最新的审查意见；先出审查意见，再作处理意见。")
    check_after(at, one.opinion_at, "审查意见")
    moment = at or timing.now()
    one.handling, one.handling_text = result, text.strip()[:500]
    one.handled_by, one.handled_at = by, moment
    _RESULTS[HandlingOpinion(result)](one, by, at)
    return one


def _qualified(one: DrawingReview, by: User, at: dt.datetime | None) -> None:
    if any(row.is_mandatory for row in open_breaches(one)):
        raise DomainError("breaches_open", "还有违反强条的问题没有改完，不能作合格处理；请选择承诺后改完或退回。")
    case = one.case
    if case is None:
        return
    one.save()
    _merge(one, by, passed=True, at=at)
    qualify(one, by=by, at=at)
    certificate(one, by=by, at=at or timing.now())
    conclude(case, outcome=Outcome.PASS, note=one.handling_text, by=by, at=at, has_paper=True)


def _let_commit(one: DrawingReview, by: User, at: dt.datetime | None) -> None:
    rows = open_breaches(one)
    case = one.case
    if any(row.is_major for row in rows):
        raise DomainError("major", "有重大缺陷，不能承诺后修改，请退回。")
    if case is None or not any(row.is_mandatory for row in rows):
        raise DomainError("nothing_open", "没有违反强条的问题，请作合格处理。")
    prerequisites_done(case)
    _merge(one, by, passed=False, at=at)
    old, moment = one.state, at or timing.now()
    one.let_commit()
    one.save()
    _stop_technical(one, counted_at(at))
    before = late_entries.standing(case, at)
    pause_case(case, kind=PauseKind.OTHER, owner=TimeOwner.APPLICANT, basis=TO_SIGN, at=moment)
    refresh_case(case)
    late_entries.tell_spared(case, before, act=LateEntryAct.PAUSE, by=by, at=at)
    days = term_words(one, "fix", moment)
    _handled(one, old, by=by, at=at)
    _handling_paper(
        one, rows, by=by, at=moment, do=f"建设单位负责人签署承诺，{days}内改完",
        when="签署前不计入审批时限；签署后即可办理后续事项",
    )


def _give_back(one: DrawingReview, by: User, at: dt.datetime | None) -> None:
    rows = open_breaches(one)
    case, session = one.case, open_session(one)
    if case is None or not rows:
        raise DomainError("nothing_open", "没有要修改的问题，请作合格处理。")
    if session is None or session.state != SessionState.MERGING:
        raise DomainError("session_state", "联合审查已经汇总，不能退回；请作承诺处理或不予许可。")
    old, moment = one.state, at or timing.now()
    days, _ = policy.term(one.table.content, "return", timing.business_day(moment))
    correction.notice_faults(
        case.pk, by=by, kind="correction", days=days, faults=[_fault(row) for row in rows],
        reason_code="incomplete_fix" if correction.notices_of(case) else "", at=at,
    )
    one.give_back()
    one.save()
    if one.clock is not None and one.clock.is_live:
        clocks.pause_clock(
            one.clock, kind=PauseKind.CORRECTION, owner=TimeOwner.APPLICANT, basis="施工图退回修改，修改和复审不计时",
            at=counted_at(at),
        )
    _handled(one, old, by=by, at=at)
    _handling_paper(
        one, rows, by=by, at=moment, do="设计单位修改后上传新版，建设单位交回",
        when=f"{days} 个工作日内；修改和复审不计入技术审查时限",
    )


_RESULTS = {
    HandlingOpinion.QUALIFIED: _qualified, HandlingOpinion.COMMIT: _let_commit, HandlingOpinion.RETURN: _give_back,
}


def refresh_case(case: Any) -> None:
    """The clocks of a case moved under it: its due day follows."""
    case.promised_clock.refresh_from_db()
    sync_due(case)


def _fault(row: Breach) -> dict[str, object]:
    return {
        "what": f"{row.place}：{row.what}"[:300], "basis": row.clause, "how_to_fix": row.fix,
    }


def _merge(one: DrawingReview, by: User, *, passed: bool, at: dt.datetime | None) -> None:
    """Merge the joint review unless the lead has done so; who changed which discipline was checked here."""
    session = open_session(one)
    if session is not None and session.state == SessionState.MERGING:
        review.merge_session(session.pk, by=by, passed=passed, text=one.opinion_text, confirmed=True, at=at)


def _stop_technical(one: DrawingReview, at: dt.datetime) -> None:
    if one.clock is not None and one.clock.is_live:
        clocks.stop_clock(one.clock, at)


def term_words(one: DrawingReview, code: str, at: dt.datetime) -> str:
    """Return a term of the drawing policy in words."""
    days, unit = policy.term(one.table.content, code, timing.business_day(at))
    return f"{days} 个{'自然日' if unit == 'calendar_day' else '工作日'}"


def _handled(one: DrawingReview, old: str, *, by: User, at: dt.datetime | None) -> None:
    record(
        "drawing.handled", subject=one, project=one.project, by=by, at=at,
        summary=f"施工图处理意见：{one.get_handling_display()}",
        data={"state": [old, one.state], "result": one.handling},
    )


def _handling_paper(
    one: DrawingReview, rows: Sequence[Breach], *, by: User | None, at: dt.datetime, do: str, when: str
) -> None:
    case, last = one.case, newest_set(one)
    if case is None:
        return
    paperwork.write(
        PaperKind.DRAWING_HANDLING, one.project, subject=one, issuer=case.lead, by=by, at=at,
        what=f"施工图第 {last.number if last else 1} 版：{one.get_handling_display()}", do=do, when=when,
        paragraphs=[one.handling_text], table=breach_table(one, rows),
    )


def certificate(one: DrawingReview, *, by: User | None, at: dt.datetime) -> Paper | None:
    """施工图审查合格书: which version, which disciplines, and the national record."""
    case, last = one.case, newest_set(one)
    if case is None:
        return None
    names = policy.discipline_names(one.table.content)
    parts = [
        [
            part.organisation.name, "、".join(names.get(code, code) for code in part.disciplines) or "—",
            str(part.drawings or ""),
        ]
        for part in one.parts.select_related("organisation", "drawings").order_by("pk")
    ]
    digest = last.version.digest[:16] if last else ""
    return paperwork.write(
        PaperKind.CERTIFICATE, one.project, subject=case, issuer=case.lead, by=by, at=at,
        title=case.matter.result_name, slug=case.matter.result_kind.slug,
        is_public=not case.matter.result_kind.is_personal, what=f"施工图第 {last.number if last else 1} 版审查合格",
        do="可凭本件办理施工许可等后续事项，无需再次提交", when="设计变更涉及强制性条文的须重新送审",
        paragraphs=[
            f"{one.project.owner.name}申请的{quoted(one.project.name)}施工图设计文件，经联合审查合格。",
            f"图纸版次：第 {last.number if last else 1} 版，文件摘要 {digest}。", *record_words(one),
        ],
        table={"caption": "各专业审查", "head": ["部门", "专业", "所审版次"], "rows": parts},
        legal=[cited(case.matter.legal_basis)] if case.matter.legal_basis else [],
    )


def national_record(one: DrawingReview) -> list[tuple[str, str]]:
    """The fields of the national record of a drawing review."""
    first = "—" if one.is_first_passed is None else "是" if one.is_first_passed else "否"

    def yes(value: bool) -> str:  # noqa: FBT001 - a word for a flag
        return "是" if value else "否"

    return [
        ("初审是否通过", first), ("违反强条总数", f"{mandatory_count(one)} 处"),
        ("是否与消防联合审查", yes(one.is_joint_fire)), ("是否与人防联合审查", yes(one.is_joint_civil)),
        ("是否数字化审查", yes(one.is_digital)),
    ]


def record_words(one: DrawingReview) -> list[str]:
    """The national record as one sentence on the paper."""
    return ["；".join(f"{term}：{value}" for term, value in national_record(one)) + "。"]


# 退回后交回 --------------------------------------------------------------------------------------------------------


@transaction.atomic
def hand_back(review_id: int, *, by: User, at: dt.datetime | None = None) -> DrawingReview:
    """The owner hands the changed set in again: the correction ends, those concerned review again and nobody else.

    Effects in order: told faults answered, correction handed back (event 7), a further round of the joint review,
    event `drawing.returned`. The technical review still stands: the re-review does not count. Raises `NotAllowed`,
    `DomainError` of the correction.
    """
    one = lock_review(review_id)
    require(drawing_rules.can_hand_back, by, one)
    case, last = one.case, newest_set(one)
    if case is None or case.application_id is None or last is None:
        raise DomainError("no_case", "没有办件，不能交回。")
    owed = IssueItem.objects.filter(
        subject_type=CASE_LABEL, subject_key=str(case.pk), kind=IssueKind.CORRECTION, state__in=list(ISSUE_WITH_OWNER)
    )
    for pk in owed.order_by("pk").values_list("pk", flat=True):
        correction.answer_fault(pk, answer=f"见施工图第 {last.number} 版：{last.note}"[:500], by=by, at=at)
    correction.return_corrected(case.application_id, by=by, at=at)
    case.refresh_from_db()
    old = one.state
    one.begin()
    one.save()
    session = open_session(one)
    if session is not None and session.state == SessionState.MERGING:
        session.case, session.project = case, one.project
        next_round(session, case, _concerned(one), by=by, note=f"施工图第 {last.number} 版：{last.note}", at=at)
    record(
        "drawing.returned", subject=one, project=one.project, by=by, at=at,
        summary=f"交回修改后的施工图（第 {last.number} 版）", data={"state": [old, one.state], "number": last.number},
    )
    return one


def _concerned(one: DrawingReview) -> list[Any]:
    """The tasks of those who found something, and of those whose disciplines have changed."""
    finders = set(one.breaches.filter(state__in=BREACH_OPEN).values_list("organisation_id", flat=True))
    changed = {part.organisation_id for part in superseded_parts(one)}
    tasks: dict[int, Any] = {}
    parts = one.parts.select_related("task__organisation").exclude(task__role=ReviewRole.LEAD)
    for part in parts.filter(organisation_id__in=finders | changed).order_by("pk"):
        tasks[part.organisation_id] = part.task
    return list(tasks.values())


# 免审、抽审 --------------------------------------------------------------------------------------------------------


@transaction.atomic
def sign_quality(review_id: int, *, by: User, at: dt.datetime | None = None) -> DrawingReview:
    """A responsible person signs for the quality of the design, for its own body; the last one ends the wait.

    Effects in order: pledge, event `drawing.pledged`; with the last signature 施工图承诺书 and 已承诺. Signing twice
    changes nothing. Raises `NotAllowed`. Source: handbook §6.4 (designers sign instead of the review).
    """
    one = lock_review(review_id)
    access = access_of(by)
    left = drawing_rules.signers_left(one)
    signed = one.pledges.filter(kind=PledgeKind.QUALITY, signed_by=by).exists()
    mine = next((pk for pk in left if access.has_at(pk, Role.OWNER_LEAD)), None)
    if signed and mine is None:
        return one
    require(drawing_rules.can_pledge, by, one)
    if mine is None:
        return one
    body, moment = Organisation.objects.get(pk=mine), at or timing.now()
    Pledge.objects.create(
        review=one, kind=PledgeKind.QUALITY, organisation=body, role=left[mine], text=QUALITY_TEXT, signed_by=by,
        signed_at=moment,
    )
    record(
        "drawing.pledged", subject=one, project=one.project, by=by, at=at,
        summary=f"{left[mine]}签署勘察设计质量承诺：{body.name}", data={"organisation": body.pk},
    )
    if not drawing_rules.signers_left(one):
        old = one.state
        one.pledge()
        one.closed_at = moment
        one.save()
        record(
            "drawing.exempted", subject=one, project=one.project, by=by, at=at,
            summary=f"施工图{one.get_mode_display()}：质量承诺已签齐", data={"state": [old, one.state]},
        )
        _pledge_paper(one, by=by, at=moment)
    return one


def _pledge_paper(one: DrawingReview, *, by: User, at: dt.datetime) -> None:
    last = newest_set(one)
    signed = one.pledges.filter(kind=PledgeKind.QUALITY).select_related("organisation", "signed_by").order_by("pk")
    paperwork.write(
        PaperKind.DRAWING_PLEDGE, one.project, subject=one, issuer=one.project.centre, by=by, at=at,
        what=f"施工图{one.get_mode_display()}，以质量承诺代替审查",
        do="可以办理后续事项；接受事后抽查", when="自全部签署之日起",
        paragraphs=[
            f"适用规则：{one.mode_rule.get('name', '')}（规则表第 {one.mode_rule.get('version', '')} 版）。",
            QUALITY_TEXT,
            f"图纸版次：第 {last.number if last else 1} 版，文件摘要 {last.version.digest[:16] if last else ''}。",
        ],
        addressee=one.project.centre.name,
        promisers=[paperwork.promiser(row.role, row.organisation.name, row.signed_by, row.signed_at) for row in signed],
    )
