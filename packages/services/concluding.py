"""What a decision does to a locked case, whoever decides: the chief, the counter, or the joint acceptance."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from archives.models import Paper
from archives.states import PaperKind
from packages.drawing_facts import check_grant as check_drawings
from packages.models import MatterCase, MatterPrerequisite
from packages.next_steps import CASE_LOST
from packages.services import act_papers, granting, late_entries, paperwork
from packages.services.before_deciding import BesideDecision, look_beside_decision
from packages.services.checklist import fill_lines
from packages.services.closing import end_sessions
from packages.services.drafts import renew_draft
from packages.services.drawing_following import follow_decision
from packages.services.lapsing import lapse_requests
from packages.services.one_book import check_grant as check_book
from packages.services.settling import (
    begin_promises,
    is_certificate_held,
    look_at_promises,
    open_items,
    require_promises,
    verify_answered,
    waive_open,
)
from packages.services.timekeeping import end_clocks, sync_due
from packages.states import CASE_PASSED, CaseState, Outcome
from packages.verdict_words import words_of
from packages.waiting import CASE_LABEL
from projects import clocks, prepared, stages, timing
from projects.errors import DomainError
from projects.events import record, told_together
from projects.models import User
from projects.quoting import cited, quoted
from projects.states import IssueKind
from projects.status_codes import StatusCode

if TYPE_CHECKING:
    from django.db.models import QuerySet

#: What a decision writes into the row of a case.
CHANGED = (
    "state", "used_days", "is_overdue", "decided_at", "ended_at", "decided_by", "decision_note", "due_on", "yellow_on",
)
CODES = {
    CaseState.PASSED: StatusCode.PASSED,
    CaseState.PASSED_DEFERRED: StatusCode.PASSED_DEFERRED,
    CaseState.FAILED: StatusCode.FAILED,
}


def prerequisites_done(case: MatterCase) -> None:
    """Refuse a grant while a prerequisite that applies to the project is not decided (前置事项)."""
    undone = prepared.rows("undone before", _undone_before, case.matter_id, case.project_id)
    names = "、".join(quoted(other.matter.name) for other in undone)
    if names:
        words = words_of(case.matter)
        grant = "作出准予决定" if words.is_permit else words.granted
        raise DomainError("prerequisites", f"前置事项{names}尚未办结，办结后才能{grant}。")


def _undone_before(version_id: int, project_id: int) -> QuerySet[MatterCase]:
    before = MatterPrerequisite.objects.filter(version=version_id).values("matter_id")
    found = MatterCase.objects.filter(matter__matter_id__in=before, project=project_id)
    return found.exclude(state__in=[*CASE_LOST, *CASE_PASSED]).select_related("matter").order_by("pk")


def conclude(
    case: MatterCase, *, outcome: str, note: str, by: User | None, at: dt.datetime | None, on_behalf_of: str = "",
    has_paper: bool = False,
) -> MatterCase:
    """Decide a locked case in review: transition, clocks, what is owed, event 11-13, paper, stage.

    `has_paper`: the caller has issued the paper of this decision itself, no second one is issued.
    `Outcome.PASS` with deferred papers still open is 容缺通过 by itself. Raises `DomainError` (`prerequisites`,
    `note`, `no_deferral`).
    """
    beside = look_beside_decision(case)
    if outcome == Outcome.FAIL:
        if not note.strip():
            raise DomainError("note", f"{words_of(case.matter).refused}须写明理由，请补充后再提交。")
    else:
        beside = _may_grant(case, beside, at=at)
    with told_together(case.project):
        _conclude(
            case, beside, outcome=outcome, note=note, by=by, at=at, on_behalf_of=on_behalf_of, has_paper=has_paper
        )
    return case


def _may_grant(case: MatterCase, beside: BesideDecision, *, at: dt.datetime | None) -> BesideDecision:
    """Refuse a grant that something forbids; return what stands beside the case once its lines are filled."""
    prerequisites_done(case)
    if beside.to_fill:
        fill_lines(case.project, at=at)
        beside = look_beside_decision(case)
    if beside.has_promises:
        require_promises(case)
    granting.check_grant(case, at or timing.now(), has_living=beside.has_living, has_letters=beside.has_letters)
    check_drawings(case)
    check_book(case)
    return beside


def why_not_granted(case: MatterCase) -> str:
    """Return why a grant would be refused now, in the words of the decision; empty where nothing is in the way.

    Writes nothing; a line that the decision itself would meet from the archive is taken as it stands.
    """
    try:
        prerequisites_done(case)
        look_at_promises(case)
        granting.check_grant(case, timing.now(), has_living=True, has_letters=True)
        check_drawings(case)
        check_book(case)
    except DomainError as refused:
        return refused.message
    return ""


def _conclude(
    case: MatterCase, beside: BesideDecision, *, outcome: str, note: str, by: User | None, at: dt.datetime | None,
    on_behalf_of: str, has_paper: bool,
) -> None:
    moment = at or timing.now()
    if beside.has_faults:
        verify_answered(case, IssueKind.CORRECTION, by=by, at=at)
    old = case.state
    _move(case, outcome, beside)
    _account(case, beside, by=by, moment=moment, note=note)
    if beside.has_sessions:
        end_sessions(case, by=by, at=at)
    if beside.is_asked:
        lapse_requests(case, by=by, at=at)
    if case.state == CaseState.FAILED:
        waive_open(case, reason="不予许可", by=by, at=at)
    elif beside.has_promises:
        begin_promises(case, by=by, at=moment)
    record(
        "case.decided", subject=case, project=case.project, by=by, at=at, status_code=CODES[CaseState(case.state)],
        summary=f"{case.get_state_display()}：{case.matter.name}", on_behalf_of=on_behalf_of,
        data={"state": [old, case.state], "used_days": case.used_days, "overdue": case.is_overdue},
    )
    held = case.state == CaseState.PASSED_DEFERRED and is_certificate_held(case)
    paper = None if has_paper or held else _paper(case, note, by=by, at=moment)
    if case.state == CaseState.PASSED_DEFERRED:
        act_papers.deferral_notice(case, open_items(case, IssueKind.DEFERRAL), by=by, at=moment)
    if case.state != CaseState.FAILED and beside.has_living:
        granting.granted(case, paper, by=by, at=moment)
    if case.state == CaseState.FAILED:
        renew_draft(case, by=by, at=at)
    elif beside.to_fill or (beside.has_living and granting.replaces(case)):
        fill_lines(case.project, at=at)
    follow_decision(case, by=by, at=at)
    stages.advance(case.project, by=by, at=at)


def _paper(case: MatterCase, note: str, *, by: User | None, at: dt.datetime) -> Paper | None:
    if case.state == CaseState.FAILED:
        _refusal(case, note, by=by, at=at)
        return None
    return certificate(case, by=by, at=at)


def _move(case: MatterCase, outcome: str, beside: BesideDecision) -> None:
    deferred = beside.has_promises and bool(open_items(case, IssueKind.DEFERRAL))
    if outcome == Outcome.FAIL:
        case.decide_fail()
    elif deferred:
        case.decide_pass_deferred()
    elif outcome == Outcome.PASS_DEFERRED:
        raise DomainError("no_deferral", "没有未补交的容缺材料，请按准予办结。")
    else:
        case.decide_pass()


def _account(case: MatterCase, beside: BesideDecision, *, by: User | None, moment: dt.datetime, note: str) -> None:
    pauses = None if beside.was_paused else ()
    before = late_entries.standing(case, moment)
    end_clocks(case, moment, pauses=pauses)
    reading = clocks.read_clock(case.promised_clock, pauses=pauses)
    case.used_days, case.is_overdue = late_entries.reckon(
        case, reading, before, by=by, at=moment, has_late=beside.has_late_entries
    )
    case.decided_at = case.ended_at = moment
    case.decided_by, case.decision_note = by, note.strip()[:500]
    sync_due(case, save=False)
    case.save(update_fields=CHANGED)


def release_certificate(case: MatterCase, *, by: User | None, at: dt.datetime | None) -> None:
    """Issue the certificate of a locked case that waited for deferred papers (容缺, 领取证照前). Twice issues one."""
    if Paper.objects.filter(subject_type=CASE_LABEL, subject_key=str(case.pk), kind=PaperKind.CERTIFICATE).exists():
        return
    moment = at or timing.now()
    paper = certificate(case, by=by, at=moment)
    granting.granted(case, paper, by=by, at=moment)
    fill_lines(case.project, at=at)


def certificate(case: MatterCase, *, by: User | None, at: dt.datetime) -> Paper:
    """Issue what the matter leaves behind, as the document kind of its result, and return it.

    Public unless that is personal (行政许可法 40). A permit for a part or for a time, and a letter in lieu, say so and
    are put in force with it.
    """
    matter, kind = case.matter, case.matter.result_kind
    day = timing.business_day(at)
    until = day + dt.timedelta(days=kind.validity_days) if kind.validity_days else None
    words = words_of(matter)
    paragraphs = [f"经审查，{case.project.owner.name}申请的{quoted(matter.name)}{words.holds}，{words.grants}。"]
    deferred = [] if case.state == CaseState.PASSED else [item.what for item in open_items(case, IssueKind.DEFERRAL)]
    if deferred:
        paragraphs.append(f"以下材料容缺，请在期限内补交：{'、'.join(deferred)}。")
    terms = granting.terms_of(case, day)
    until = terms.valid_until if terms else until
    paper = paperwork.write(
        PaperKind.CERTIFICATE, case.project, subject=case, issuer=case.lead, by=by, at=at, title=matter.result_name,
        slug=kind.slug, is_public=not kind.is_personal, valid_until=until, what=f"{quoted(matter.name)}办结通过",
        do=terms.do if terms else "可凭本件办理后续事项，无需再次提交",
        when=f"有效期至{paperwork.day(until)}" if until else "长期有效",
        paragraphs=[*paragraphs, *(terms.paragraphs if terms else [])], table=terms.table if terms else None,
        legal=[cited(matter.legal_basis)] if matter.legal_basis else [],
    )
    if terms is not None:
        terms.make(paper, by, at)
    return paper


def _refusal(case: MatterCase, note: str, *, by: User | None, at: dt.datetime) -> None:
    words = words_of(case.matter)
    own = [cited(case.matter.legal_basis)] if case.matter.legal_basis else []
    paperwork.write(
        PaperKind.REFUSAL, case.project, subject=case, issuer=case.lead, by=by, at=at, title=f"{words.refused}决定书",
        what=f"{quoted(case.matter.name)}{words.refused}", do="可以修改后重新申报，或依法申请复议、提起诉讼",
        when="按本决定书写明的途径",
        paragraphs=[f"经审查，{words.refused}。理由：{note.strip()}", paperwork.remedies()],
        legal=["《行政许可法》第三十八条"] if words.is_permit else own,
    )
