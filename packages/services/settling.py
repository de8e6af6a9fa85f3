"""容缺: what is owed after the acceptance, by when, who checks it, what follows when it is late (handbook §6.8).

The applicant will bring the paper: before the decision (its clock runs from the acceptance), before the certificate is
handed out, or within its own term after 容缺通过 (both run from the decision). Each deferred material has its own
clock, on the applicant's side. Commitments are in `packages.services.committing`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db import transaction
from django.db.models import Q, QuerySet

from archives.states import PaperKind
from packages import promise_rules, rules
from packages.choices import ArrivesBefore
from packages.deferral_terms import late_words, terms_of
from packages.models import Deferral, MaterialItem, MatterCase
from packages.services import paperwork
from packages.services.commitment_checks import follow_revocation
from packages.services.committing import (
    begin_performing,
    refuse_unsigned,
    require_signed,
    sync_offer,
    void_commitments,
)
from packages.services.locking import lock_case
from packages.services.reusing import lost_words
from packages.services.timekeeping import start_owner_clock
from packages.states import CASE_PASSED, CaseState, MaterialState
from packages.waiting import CASE_LABEL
from projects import clocks, prepared, timing
from projects.back_entry import check_after, check_follows
from projects.clock_states import ClockKind, ClockState, PauseKind, TimeOwner
from projects.errors import DomainError, require
from projects.events import record
from projects.models import IssueItem, User
from projects.quoting import quoted
from projects.services.issues import answer_issue, missed_by_agent, raise_issue, reject_issue, verify_issue, waive_issue
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, IssueKind, IssueState

CHECKING = "已补交，待核"


# At the acceptance ---------------------------------------------------------------------------------------------------


def raise_promises(case: MatterCase, lines: frozenset[str], *, by: User | None, at: dt.datetime) -> None:
    """Raise one item per deferred paper at the acceptance of a case, and have the 承诺书 of its committed lines.

    `lines`: the states of its checklist.

    A paper that has to be there before the decision gets its clock at once; 容缺受理通知书 tells all of them at once.
    """
    sync_offer(case, lines, at=at)
    if MaterialState.DEFERRED not in lines:
        return
    items = case.materials.filter(state=MaterialState.DEFERRED).select_related("definition").order_by("order")
    owed = [_owe(case, item, by=by, at=at) for item in items]
    if owed:
        _told(case, owed, by=by, at=at)


def _owe(case: MatterCase, item: MaterialItem, *, by: User | None, at: dt.datetime) -> Deferral:
    terms = terms_of(case, item)
    before, days, late = terms.before, terms.days, terms.late
    clock = None
    if before == ArrivesBefore.DECISION:
        clock = start_owner_clock(
            ClockKind.DEFERRAL, days=days, project=case.project, label=f"容缺补交：{item.name}", at=at
        )
    issue = raise_issue(
        case.project, kind=IssueKind.DEFERRAL, subject=case, what=item.name, basis="容缺受理",
        how_to_fix=f"{by_when(before, days, clock.due_on if clock else None)}补交{quoted(item.name)}",
        debtor=case.project.owner, by=by, raised_for=case.lead, due_on=clock.due_on if clock else None, clock=clock,
        at=at,
    )
    return Deferral.objects.create(
        issue=issue, case=case, item=item, days=days, arrives_before=before, consequence=late
    )


def by_when(before: str, days: int, due_on: dt.date | None) -> str:
    """Return until when a deferred paper has to come, in words."""
    if due_on is not None:
        return f"{paperwork.day(due_on)}前、{ArrivesBefore(before).label}"
    if before == ArrivesBefore.CERTIFICATE:
        return f"作出决定之日起 {days} 个工作日内、领取证照前"
    return f"作出决定之日起 {days} 个工作日内"


def consequence_words(deferral: Deferral) -> str:
    """Return what happens when a deferred paper is late, in words."""
    return late_words(deferral.arrives_before, deferral.consequence)


def _told(case: MatterCase, owed: list[Deferral], *, by: User | None, at: dt.datetime) -> None:
    """容缺受理通知书: once, what is missing, until when, what happens if it is late."""
    rows = [
        [str(n), row.issue.what, by_when(row.arrives_before, row.days, row.issue.due_on), consequence_words(row)]
        for n, row in enumerate(owed, start=1)
    ]
    first = min((row.issue.due_on for row in owed if row.issue.due_on), default=None)
    paperwork.write(
        PaperKind.DEFERRED_ACCEPTANCE, case.project, subject=case, issuer=case.project.centre, by=by, at=at,
        what=f"{quoted(case.matter.name)}容缺受理，还有 {len(owed)} 件材料后补", do="按下表补交，可以网上补交",
        when=f"最早一件在{paperwork.day(first)}前" if first else "作出决定后按下表期限",
        paragraphs=[
            f"你单位申请的{quoted(case.matter.name)}（{case.number}）主要材料齐全、符合法定形式，予以容缺受理。",
            "下列次要材料暂缺，现一次告知补交的内容、期限和逾期的后果。补交后由窗口或部门核实；核实期间不计入你单位的期限。",
        ],
        table={"head": ["序号", "后补材料", "什么时候前", "逾期怎样"], "rows": rows},
    )


# Reading -------------------------------------------------------------------------------------------------------------


def unsettled(case_id: int, *kinds: str) -> QuerySet[IssueItem]:
    """Return the unsettled items of a case."""
    return IssueItem.objects.filter(
        subject_type=CASE_LABEL, subject_key=str(case_id), state__in=sorted(ISSUE_OPEN), kind__in=kinds
    )


def open_items(case: MatterCase, *kinds: str) -> list[IssueItem]:
    """Return the unsettled items of a locked case, each bound to the locked project."""
    items = prepared.rows(
        ("open items", kinds),
        lambda pk: unsettled(pk, *kinds).select_for_update(of=("self",)).select_related("clock", "debtor_organisation")
        .order_by("pk"),
        case.pk,
    )
    for item in items:
        item.project = case.project
    return items


def _open_deferrals(case: MatterCase, *before: str) -> list[Deferral]:
    found = Deferral.objects.filter(case=case, arrives_before__in=before).open()
    return list(found.select_related("issue__clock", "item").order_by("pk"))


def lock_deferral(deferral_id: int) -> Deferral:
    """Return a deferred paper with its issue, locked with project and case. Raises `Deferral.DoesNotExist`."""
    case = lock_case(Deferral.objects.values_list("case_id", flat=True).get(pk=deferral_id))
    found = Deferral.objects.select_for_update(of=("self",)).select_related("issue__clock", "item__kind")
    deferral = found.get(pk=deferral_id)
    deferral.case = deferral.item.case = case
    deferral.issue.project = case.project
    return deferral


# The decision --------------------------------------------------------------------------------------------------------


def require_promises(case: MatterCase) -> None:
    """Refuse a grant while a promise before it is open.

    A deferred paper that has to be there is not checked, a 承诺书 is not signed, a reused document is no longer good.
    """
    _require(case, require_signed)


def look_at_promises(case: MatterCase) -> None:
    """Refuse as `require_promises` would, and write nothing: for the page on which somebody is about to decide."""
    _require(case, refuse_unsigned)


def _require(case: MatterCase, signed: Callable[[MatterCase], None]) -> None:
    owed = _open_deferrals(case, ArrivesBefore.DECISION)
    if owed:
        names = "、".join(f"{quoted(row.issue.what)}（{row.state.label}）" for row in owed)
        raise DomainError("deferral_open", f"容缺材料{names}须在作出决定前补交并核实，现在不能作出准予决定。")
    signed(case)
    if words := lost_words(case):
        raise DomainError("reuse_lost", f"沿用的材料有变化：{words}。补齐后才能作出准予决定。")


def is_certificate_held(case: MatterCase) -> bool:
    """Whether the certificate waits for a deferred paper that has to be there before it is handed out."""
    return bool(_open_deferrals(case, ArrivesBefore.CERTIFICATE))


def begin_promises(case: MatterCase, *, by: User | None, at: dt.datetime) -> None:
    """With the grant the terms of deferred papers and of the commitment begin."""
    start_deferral_clocks(case, at=at)
    begin_performing(case, by=by, at=at)


def start_deferral_clocks(case: MatterCase, *, at: dt.datetime) -> None:
    """After 容缺通过 each deferred paper that has no clock yet gets one of its own against the owner."""
    for deferral in _open_deferrals(case, *ArrivesBefore.values):
        issue = deferral.issue
        if issue.clock_id is not None:
            continue
        issue.clock = start_owner_clock(
            ClockKind.DEFERRAL, days=deferral.days, project=case.project, label=f"容缺补交：{issue.what}", at=at
        )
        issue.due_on = issue.clock.due_on
        issue.save(update_fields=["clock", "due_on"])
        if issue.state == IssueState.SUBMITTED:
            _pause(issue, at)


# Handing in and checking ---------------------------------------------------------------------------------------------


def hand_in_deferred(item: MaterialItem, *, by: User | None, at: dt.datetime | None) -> None:
    """The deferred paper came: its item waits to be checked, and the applicant's time stands meanwhile."""
    deferral = Deferral.objects.owed().filter(item=item).select_related("issue__clock").order_by("-pk").first()
    if deferral is None:
        return
    deferral.issue.project = item.case.project
    answer_issue(deferral.issue, answer=f"已补交：{item.name}", by=by, at=at)
    _pause(deferral.issue, at)


def _pause(issue: IssueItem, at: dt.datetime | None) -> None:
    if issue.clock is not None and issue.clock.state == ClockState.RUNNING:
        clocks.pause_clock(issue.clock, kind=PauseKind.OTHER, owner=TimeOwner.GOVERNMENT, basis=CHECKING, at=at)


def _resume(issue: IssueItem, at: dt.datetime | None) -> None:
    if issue.clock is None:
        return
    for pause in issue.clock.pauses.filter(kind=PauseKind.OTHER, ended_at=None):
        pause.clock = issue.clock
        clocks.resume_clock(pause, at)
    if issue.due_on != issue.clock.due_on:
        issue.due_on = issue.clock.due_on
        issue.save(update_fields=["due_on"])


def verify_answered(case: MatterCase, *kinds: str, by: User | None, at: dt.datetime | None) -> None:
    """Verify what was answered: the step that follows (acceptance, decision) is the check."""
    for issue in open_items(case, *kinds):
        if issue.state == IssueState.SUBMITTED:
            verify_issue(issue, by=by, at=at)
            _stop(issue, at)


def waive_open(case: MatterCase, *, reason: str, by: User | None, at: dt.datetime | None) -> None:
    """The case ended without a decision, or its decision is gone: nothing is owed any more."""
    if case.state == CaseState.REVOKED:
        follow_revocation(case, by=by, at=at)
    else:
        void_commitments(case, reason=reason, by=by, at=at)
    for issue in open_items(case, IssueKind.CORRECTION, IssueKind.DEFERRAL, IssueKind.COMMITMENT):
        waive_issue(issue, reason=reason, by=by, at=at)
        if issue.clock is not None:
            clocks.cancel_clock(issue.clock, at)


def _stop(issue: IssueItem, at: dt.datetime | None) -> None:
    if issue.clock is not None:
        clocks.stop_clock(issue.clock, at)


@transaction.atomic
def settle_issue(
    issue_id: int, *, by: User, holds: bool, note: str, at: dt.datetime | None = None
) -> IssueItem:
    """The window or the department checks a deferred paper: it holds (已核), or it goes back with the reason (待补).

    A paper that goes back is deferred again and its clock runs on. With the last paper that the certificate waited for
    the certificate is issued. A condition of an opinion (承诺 without 承诺书) is answered by the check itself. Raises
    `NotAllowed`, `DomainError` (`issue_kind`, `issue_open`, `note_missing`). What is verified stays so.
    """
    key = IssueItem.objects.values_list("subject_key", flat=True).get(pk=issue_id, subject_type=CASE_LABEL)
    case = lock_case(int(key))
    issue = IssueItem.objects.select_for_update(of=("self",)).select_related("clock").get(pk=issue_id)
    issue.project = case.project
    require(rules.can_settle, by, issue)
    if issue.kind not in {IssueKind.DEFERRAL, IssueKind.COMMITMENT}:
        raise DomainError("issue_kind", "这里只核实容缺补交和审查意见的条件。")
    if case.commitments.filter(issue=issue).exists():
        raise DomainError("issue_kind", "承诺书的履行在承诺页面核查，须附佐证。")
    if issue.state in {IssueState.VERIFIED, IssueState.WAIVED}:
        return issue
    if not holds and not note.strip():
        raise DomainError("note_missing", "请写明未通过核实的理由。")
    check_follows(at, issue)
    if issue.kind == IssueKind.COMMITMENT and issue.state != IssueState.SUBMITTED:
        answer_issue(issue, answer=note.strip()[:500] or "部门核查", by=by, at=at)
    if issue.state != IssueState.SUBMITTED:
        raise DomainError("issue_open", f"{quoted(issue.what)}还没有补交，补交后再核实。")
    if not holds:
        return _send_back(issue, note.strip(), by=by, at=at)
    verify_issue(issue, by=by, at=at)
    _stop(issue, at)
    _release(case, by=by, at=at)
    return issue


def _send_back(issue: IssueItem, note: str, *, by: User, at: dt.datetime | None) -> IssueItem:
    reject_issue(issue, reason=note, by=by, at=at)
    deferral = Deferral.objects.filter(issue=issue).select_related("item").first()
    if deferral is not None:
        _resume(issue, at)
        deferral.rejections += 1
        deferral.save(update_fields=["rejections"])
        item = deferral.item
        item.state, item.document, item.note = MaterialState.DEFERRED, None, f"补交未通过核实：{note}"[:300]
        item.save(update_fields=["state", "document", "note"])
    return issue


def _release(case: MatterCase, *, by: User, at: dt.datetime | None) -> None:
    """Issue the certificate that waited for deferred papers, once the last of them is checked."""
    from packages.services.concluding import release_certificate

    waited = case.deferrals.filter(arrives_before=ArrivesBefore.CERTIFICATE).exists()
    if waited and case.state in CASE_PASSED and not is_certificate_held(case):
        release_certificate(case, by=by, at=at)


# Late ----------------------------------------------------------------------------------------------------------------


def late_deferrals(day: dt.date) -> QuerySet[Deferral]:
    """Return the deferred papers whose term ended before a day and that are not marked late."""
    owed = Q(late_at=None, issue__state__in=ISSUE_WITH_OWNER)
    over = Q(issue__clock__due_on__lt=day, issue__clock__state=ClockState.RUNNING)
    return Deferral.objects.filter(owed & over)


@transaction.atomic
def mark_late(deferral_id: int) -> bool:
    """Mark a deferred paper 逾期 once its term is over; return whether it was now.

    Effects in order: the mark; event `deferral.late`, on which the chief representative of the lead department and the
    window are told; 容缺逾期告知书 to the applicant with what follows. It goes on waiting for the applicant. Nothing is
    refused or revoked by itself: that a person decides.
    """
    deferral = lock_deferral(deferral_id)
    issue = deferral.issue
    if deferral.late_at is not None or issue.state not in ISSUE_WITH_OWNER or issue.clock is None:
        return False
    reading = clocks.read_clock(issue.clock)
    if not reading.overdue or reading.paused:
        return False
    now = timing.now()
    deferral.is_late, deferral.late_at = True, now
    deferral.save(update_fields=["is_late", "late_at"])
    case = deferral.case
    record(
        "deferral.late", subject=deferral, project=case.project, by=None,
        summary=f"容缺材料逾期：{case.matter.name}，{issue.what}",
        data={"due_on": str(issue.due_on), "consequence": deferral.consequence, "by_agent": missed_by_agent([issue])},
    )
    paperwork.write(
        PaperKind.DEFERRAL_LATE, case.project, subject=case, issuer=case.lead, by=None, at=now,
        what=f"{quoted(case.matter.name)}的容缺材料{quoted(issue.what)}已逾期", do="请立即补交，可以网上补交",
        when=f"应在{paperwork.day(issue.due_on)}前补交",
        paragraphs=[
            f"你单位申请的{quoted(case.matter.name)}（{case.number}）容缺受理的{quoted(issue.what)}应在{paperwork.day(issue.due_on)}前补交，至今没有收到。",
            f"{consequence_words(deferral)}。",
        ],
    )
    return True


@transaction.atomic
def give_time(
    deferral_id: int, *, by: User, days: int, reason: str, at: dt.datetime | None = None
) -> Deferral:
    """The chief gives a late paper one more term of `days` working days, from `at`. Event `deferral.extended`.

    Keyed in later it runs from the day on which it was given, never before the paper was marked late; where it is over
    already, the paper is late again at once (`mark_late`). Raises
    `NotAllowed`, `DomainError` (`note_missing`, `extension_empty`, `future`, `time_order`). A paper that is not late is
    refused, so that the same post twice acts once.
    """
    deferral = lock_deferral(deferral_id)
    require(promise_rules.can_give_time, by, deferral)
    if not reason.strip():
        raise DomainError("note_missing", "请写明延长的理由。")
    issue = deferral.issue
    if issue.clock is None:
        raise DomainError("extension_empty", "这份材料还没有起算期限。")
    if deferral.late_at is not None:
        check_after(at, deferral.late_at, "登记逾期")
    check_follows(at, issue)
    late = max(0, -clocks.read_clock(issue.clock, at).remaining)
    clocks.extend_clock(issue.clock, days + late, basis=reason.strip(), approver=by, at=at)
    issue.due_on = issue.clock.due_on
    issue.save(update_fields=["due_on"])
    deferral.late_at, deferral.is_late = None, False
    deferral.days += days + late
    deferral.save(update_fields=["late_at", "is_late", "days"])
    record(
        "deferral.extended", subject=deferral, project=deferral.case.project, by=by, at=at,
        summary=f"延长容缺期限：{issue.what}，至{paperwork.day(issue.due_on)}",
        data={"due_on": str(issue.due_on), "reason": reason.strip()},
    )
    if mark_late(deferral.pk):
        deferral.refresh_from_db(fields=["is_late", "late_at"])
    return deferral
