"""一次告知: one notice tells all faults; the owner answers each and hands everything back at once (行政许可法 32).

补全 completion is told by the window before acceptance, 补正 correction by the lead department afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from archives.models import DocumentKind, DocumentVersion, IssueEvidence
from archives.services.filing import file_upload
from archives.states import PaperKind
from packages import rules
from packages.act_states import LateEntryAct, NoticeKind
from packages.case_data import reasons_today
from packages.listing import check_demand
from packages.models import Application, JointSession, MatterCase, OneTimeNotice
from packages.services import act_papers, late_entries, paperwork
from packages.services.back_entry import check_moment
from packages.services.checklist import fill_lines
from packages.services.locking import RELATED, expect, lock_application, lock_case
from packages.services.settling import open_items
from packages.services.timekeeping import is_paused, pause_case, resume_case, start_owner_clock, sync_due
from packages.states import CaseState, SessionState
from packages.waiting import CASE_LABEL
from packages.wording import vague_fault
from projects import clocks, prepared, timing, workdays
from projects.clock_states import ClockKind, PauseKind, TimeOwner
from projects.errors import DomainError, require
from projects.events import record, subject_of, told_together
from projects.memo import rows_about
from projects.models import Event, IssueItem, User
from projects.models.time import Clock, ClockPause
from projects.quoting import quoted
from projects.reading import pauses_of
from projects.services.issues import answer_issue, raise_issue
from projects.states import ISSUE_WITH_OWNER, IssueKind, IssueState
from projects.status_codes import StatusCode

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

CORRECTION_DAYS = 10
BASIS = "行政许可法第三十二条"
EVIDENCE_SLUG = "correction-evidence"
#: The reason for a second notice that has to be put in words.
OTHER = "other"
STARTED = "case.correction_started"
#: A correction may be open while a special procedure runs as well.
AWAY = (CaseState.CORRECTING, CaseState.SUSPENDED)


@transaction.atomic
def notice_faults(
    case_ids: int | Sequence[int], *, faults: Sequence[Mapping[str, object]], by: User, kind: str = "completion",
    days: int = CORRECTION_DAYS, reason_code: str = "", reason_note: str = "", at: dt.datetime | None = None,
) -> list[MatterCase]:
    """Tell all faults of the cases (of one project) in one notice.

    `faults`: `what`, `basis`, `how_to_fix`, `case_id` where a fault belongs to one case only, and `material` where a
    paper is demanded that was not handed in: it has to be on the one-time list (清单外 needs the centre). `kind`:
    `completion` (received cases) or `correction` (accepted ones). Effects in order, per case: correction clock of
    `days` working days against the owner, every other clock pauses, transition, event 6, `OneTimeNotice` (a second
    one booked to who gives it), one issue item per fault; then one paper. A fault of several cases is one entry on
    the paper and for the owner. Raises `NotAllowed`, `DomainError`: `no_faults`, `fault_unclear`, `fault_vague`,
    `fault_case`, `case_state`, `second_notice` (a case was told before: needs `reason_code`, 其他 also `reason_note`),
    `intake_over` (the law has accepted it), those of `check_moment`. Source: 行政许可法 32; handbook §2.2 (a).
    """
    cases = _lock_cases([case_ids] if isinstance(case_ids, int) else case_ids)
    cleaned = [_clean(fault) for fault in faults]
    if not cleaned:
        raise DomainError("no_faults", "请至少写明一处问题。")
    if {fault["case_id"] for fault in cleaned} - {None, *(case.pk for case in cases)}:
        raise DomainError("fault_case", "有问题所属的事项不在本次告知范围内，请重新选择事项。")
    moment = at or timing.now()
    why = (reason_code, reason_note.strip())
    with told_together(cases[0].project):
        issues: list[IssueItem] = []
        notices: list[OneTimeNotice] = []
        for case in cases:
            own = [fault for fault in cleaned if fault["case_id"] in {None, case.pk}]
            check_moment(case, at)
            intake = case.intake_clock if case.state == CaseState.RECEIVED else None
            was_told, was_paused = prepared.flags("told or paused", _told_or_paused, case.pk, case.intake_clock_id or 0)
            pauses = {intake.pk: pauses_of(intake) if was_paused else []} if intake else {}
            batch = 1 + (notices_of(case) if was_told else 0)
            _allowed(case, batch, by=by, kind=kind, own=own, why=why, pauses=pauses)
            notices.append(_notice(case, own, batch, by=by, kind=kind, days=days, why=why, moment=moment))
            issues += _begin(case, own, notices[-1], by=by, at=at, moment=moment, pauses=pauses)
        paper = PaperKind.COMPLETION_NOTICE if kind == "completion" else PaperKind.CORRECTION_NOTICE
        application = cases[0].application
        paperwork.fault_notice(
            paper, cases, issues, subject=cases[0] if len(cases) == 1 or application is None else application,
            issuer=cases[0].project.centre if kind == "completion" else cases[0].lead, by=by, at=moment,
            reading=clocks.read_clock(issues[0].clock, pauses=()), notices=notices,
        )
    return cases


def _told_or_paused(case_id: int, clock_id: int) -> list[QuerySet[Any, Any]]:
    """Notices that a case has had; pauses of its intake clock."""
    return [OneTimeNotice.objects.filter(case=case_id), ClockPause.objects.filter(clock=clock_id)]


def _lock_cases(case_ids: Sequence[int]) -> list[MatterCase]:
    ids = sorted(set(case_ids))
    if not ids:
        raise DomainError("no_cases", "请选择需要告知的办件。")
    cases = [lock_case(ids[0])]
    project = cases[0].project
    if ids[1:]:
        found = MatterCase.objects.select_for_update(of=("self",)).select_related(*RELATED)
        cases += list(found.filter(pk__in=ids[1:], project=project).order_by("pk"))
    if len(cases) != len(ids):
        raise DomainError("other_project", "一份告知书只能针对同一个项目的办件。")
    for case in cases:
        case.project = project
    return cases


def _clean(fault: Mapping[str, object]) -> dict[str, object]:
    row: dict[str, object] = {name: str(fault.get(name) or "").strip() for name in ("what", "basis", "how_to_fix")}
    if not all(row.values()):
        raise DomainError("fault_unclear", "每处问题都要写明问题、依据和怎么改，请补充完整。")
    if words := vague_fault(str(row["how_to_fix"])):
        raise DomainError("fault_vague", words)
    given = fault.get("case_id")
    row["case_id"] = int(str(given)) if given else None
    row["material"] = str(fault.get("material") or "").strip()
    return row


def _allowed(
    case: MatterCase, batch: int, *, by: User, kind: str, own: Sequence[Mapping[str, object]], why: tuple[str, str],
    pauses: Mapping[int, Sequence[ClockPause]],
) -> None:
    """Refuse the case's notice of this number where it may not be given."""
    if case.state == CaseState.CORRECTING:
        name = quoted(case.matter.name)
        raise DomainError("notice_open", f"{name}已有一份告知书等待{case.fault_word}，交回后才能再告知。")
    if kind == "completion":
        expect(case, CaseState.RECEIVED, verb="告知补全")
    else:
        expect(case, CaseState.IN_REVIEW, CaseState.SUSPENDED, verb="告知补正")
    require(rules.can_notice, by, case)
    intake = case.intake_clock
    if case.state == CaseState.RECEIVED and intake and clocks.read_clock(intake, pauses=pauses[intake.pk]).overdue:
        name = quoted(case.matter.name)
        over = f"{name}已过 5 个工作日告知期，依法视为受理，不能再告知补全"
        raise DomainError("intake_over", f"{over}；请按受理办理，受理后发现的问题由{case.lead.label}告知补正。")
    if not own:
        raise DomainError("no_faults", f"没有写明{quoted(case.matter.name)}的问题，请补充或不选该办件。")
    check_demand(case.project, case.matter.matter.code, case.matter.name, [str(fault["material"]) for fault in own])
    _reasoned(case, batch - 1, *why)


def _reasoned(case: MatterCase, before: int, code: str, note: str) -> None:
    """Refuse a second notice without a reason of the list."""
    if code and code not in reasons_today():
        raise DomainError("reason_code", "再次告知的理由不在可选范围内，请重新选择。")
    if not before:
        return
    if not code:
        raise DomainError(
            "second_notice",
            f"{quoted(case.matter.name)}已作过一次性告知，不得再次要求{case.fault_word}；确有法定情形的请选择理由。",
        )
    if code == OTHER and not note:
        raise DomainError("reason_note", "再次告知的理由选择“其他”的，请写明具体理由。")


def notices_of(case: MatterCase) -> int:
    """Return how many notices a case has had."""
    return len(rows_about("notices", lambda pk: OneTimeNotice.objects.filter(case=pk).values_list("pk"), case.pk))


def _is_late(case: MatterCase, kind: str, moment: dt.datetime) -> bool:
    """Return whether a department tells a fault only days after it has begun (handbook §2.3).

    The 整改 of a joint review gathers what all have said, so it can only come then.
    """
    if kind == NoticeKind.COMPLETION or JointSession.objects.filter(case=case, state=SessionState.RECTIFYING).exists():
        return False
    subject_type, subject_key = subject_of(case)
    began = Event.objects.filter(
        project=case.project, subject_type=subject_type, subject_key=subject_key,
        status_code=StatusCode.REVIEW_STARTED,
    ).order_by("pk").values_list("happened_at", flat=True).first()
    if began is None:
        return False
    days = workdays.workdays_between(timing.business_day(began), timing.business_day(moment))
    return days > settings.LATE_CORRECTION_DAYS


def _notice(
    case: MatterCase, own: Sequence[Mapping[str, object]], batch: int, *, by: User, kind: str, days: int,
    why: tuple[str, str], moment: dt.datetime,
) -> OneTimeNotice:
    """Return the unsaved row of a notice; a second one is booked to who gives it."""
    again = batch > 1
    return OneTimeNotice(
        case=case, kind=kind, batch=batch, faults=len(own), days=days, reason_code=why[0] if again else "",
        reason_note=why[1][:300] if again else "", is_late=_is_late(case, kind, moment), given_by=by,
        given_for=case.project.centre if kind == NoticeKind.COMPLETION else case.lead, given_at=moment,
    )


def _begin(
    case: MatterCase, own: Sequence[Mapping[str, object]], notice: OneTimeNotice, *, by: User, at: dt.datetime | None,
    moment: dt.datetime, pauses: Mapping[int, Sequence[ClockPause]],
) -> list[IssueItem]:
    old, kind, batch = case.state, notice.kind, notice.batch
    clock = start_owner_clock(
        ClockKind.CORRECTION, days=notice.days, project=case.project, label=f"{case.matter.name} {case.fault_word}",
        at=moment,
    )
    before = late_entries.standing(case, at)
    pause_case(case, kind=PauseKind.CORRECTION, owner=TimeOwner.APPLICANT, basis=BASIS, at=moment, known=pauses)
    if old != CaseState.SUSPENDED:
        case.state_before_pause = old
    case.begin_correction()
    sync_due(case, save=False)
    case.save(update_fields=["state", "state_before_pause", "due_on", "yellow_on"])
    record(
        STARTED, subject=case, project=case.project, by=by, at=at, status_code=StatusCode.CORRECTION_STARTED,
        summary=f"{case.fault_word}告知：{case.matter.name} {len(own)} 处问题",
        data={
            "state": [old, case.state], "kind": kind, "batch": batch, "reason_code": notice.reason_code,
            "late": notice.is_late,
        },
    )
    late_entries.tell_spared(case, before, act=LateEntryAct.PAUSE, by=by, at=at)
    return [_raise(case, fault, clock, batch, by=by, kind=kind, at=moment) for fault in own]


def _raise(
    case: MatterCase, fault: Mapping[str, object], clock: Clock, batch: int, *, by: User, kind: str, at: dt.datetime
) -> IssueItem:
    return raise_issue(
        case.project, kind=IssueKind.CORRECTION, subject=case, what=str(fault["what"])[:300],
        basis=str(fault["basis"])[:300], how_to_fix=str(fault["how_to_fix"])[:500], debtor=case.project.owner, by=by,
        raised_for=case.project.centre if kind == "completion" else case.lead, batch=batch, due_on=clock.due_on,
        clock=clock, word=case.fault_word, at=at,
    )


# Answering -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def answer_fault(
    issue_id: int, *, answer: str, by: User, uploaded: UploadedFile[Any] | None = None, at: dt.datetime | None = None
) -> IssueItem:
    """Answer one told fault, with a file where it needs one; the case goes back when all are answered and returned.

    Effects: the file is filed and linked as evidence; event `issue.answered`; the same fault told of further matters in
    the same notice is answered with it. Answering twice changes nothing.
    Raises `NotAllowed`, `DomainError` (`issue_kind`, `case_state`, `answer_missing`, that of the upload).
    """
    issue = IssueItem.objects.get(pk=issue_id)
    if issue.kind != IssueKind.CORRECTION or issue.subject_type != CASE_LABEL:
        raise DomainError("issue_kind", "这里只答复补正告知的问题。")
    case = lock_case(int(issue.subject_key))
    issue = IssueItem.objects.select_for_update(of=("self",)).get(pk=issue_id)
    issue.project = case.project
    require(rules.can_answer_fault, by, issue)
    if issue.state not in ISSUE_WITH_OWNER:
        return issue
    expect(case, *AWAY, verb="答复补正")
    if not answer.strip():
        raise DomainError("answer_missing", "请写明怎么改的，再提交答复。")
    version = _evidence(issue, case, uploaded, by=by, at=at) if uploaded is not None else None
    answered = answer_issue(issue, answer=answer.strip()[:500], by=by, at=at)
    for other in same_fault(issue).select_for_update(of=("self",)).filter(state__in=list(ISSUE_WITH_OWNER)):
        other.project = case.project
        if version is not None:
            IssueEvidence.objects.get_or_create(issue=other, version=version)
        answer_issue(other, answer=answer.strip()[:500], by=by, at=at)
    return answered


def same_fault(issue: IssueItem) -> QuerySet[IssueItem]:
    """Return the items of the same fault on other matters, told in the same notice; in the order of their cases."""
    return IssueItem.objects.filter(
        project_id=issue.project_id, kind=IssueKind.CORRECTION, subject_type=issue.subject_type, what=issue.what,
        basis=issue.basis, how_to_fix=issue.how_to_fix, raised_at=issue.raised_at,
    ).exclude(pk=issue.pk).order_by("pk")


def _evidence(
    issue: IssueItem, case: MatterCase, uploaded: UploadedFile[Any], *, by: User, at: dt.datetime | None
) -> DocumentVersion | None:
    document = file_upload(
        case.project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=EVIDENCE_SLUG),
        title=f"{case.fault_word}：{issue.what}"[:200], source=issue,
        source_label=f"{case.matter.name} {case.fault_word}", by=by, at=at,
    )
    version = document.versions.order_by("version").last()
    if version is not None:
        IssueEvidence.objects.get_or_create(issue=issue, version=version)
    return version


@transaction.atomic
def return_corrected(application_id: int, *, by: User, at: dt.datetime | None = None) -> Application:
    """Hand the corrected papers back: every case of the application that waits for them goes on where it stood.

    Effects in order, per case: correction clock stops, pauses of the correction end, transition back (to 已接件, to the
    review, or to a special procedure that still runs), event 7; then one 补正物料回执. Nothing waiting: no change.
    Raises `NotAllowed`, `DomainError` (`unanswered` naming what is still open, those of `check_moment`).
    """
    application, cases = lock_application(application_id)
    require(rules.can_return_corrected, by, application)
    waiting = [case for case in cases if case.state in AWAY and is_paused(case, PauseKind.CORRECTION)]
    items = [issue for case in waiting for issue in open_items(case, IssueKind.CORRECTION)]
    lacking = list(dict.fromkeys(issue.what for issue in items if issue.state != IssueState.SUBMITTED))
    if lacking:
        raise DomainError("unanswered", f"还有 {len(lacking)} 处问题没有答复：{'；'.join(lacking)}。全部答复后再交回。")
    for case in waiting:
        check_moment(case, at)
        end_correction(case, by=by, at=at)
    if waiting:
        act_papers.correction_receipt(application, waiting, items, by=by, at=at or timing.now())
    fill_lines(application.project, at=at)
    return application


def correction_clock(case: MatterCase) -> Clock | None:
    """Return the clock of the correction that a locked case waits for, or None."""
    clocks_of = [issue.clock for issue in open_items(case, IssueKind.CORRECTION) if issue.clock]
    return clocks_of[0] if clocks_of else None


def end_correction(case: MatterCase, *, by: User, at: dt.datetime | None, returned: bool = True) -> None:
    """End the correction of a locked case (event 7): handed back, or its time is over and nothing came."""
    old, moment = case.state, at or timing.now()
    for clock in {issue.clock for issue in open_items(case, IssueKind.CORRECTION) if issue.clock}:
        clocks.stop_clock(clock, moment)
    resume_case(case, kind=PauseKind.CORRECTION, at=moment)
    if is_paused(case, PauseKind.SPECIAL):
        if case.state == CaseState.CORRECTING:
            case.suspend()
    elif case.state_before_pause == CaseState.RECEIVED:
        case.return_to_received()
    else:
        case.return_to_review()
    if case.state != CaseState.SUSPENDED:
        case.state_before_pause = ""
    sync_due(case, save=False)
    case.save()
    record(
        "case.correction_ended", subject=case, project=case.project, by=by, at=at,
        status_code=StatusCode.CORRECTION_ENDED,
        summary=f"{case.fault_word}{'交回' if returned else '期满未交回'}：{case.matter.name}",
        data={} if case.state == old else {"state": [old, case.state]},
    )
