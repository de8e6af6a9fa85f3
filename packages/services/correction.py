"""一次告知: one notice tells all faults; the owner answers each and hands everything back at once (行政许可法 32).

补全 completion is told by the window before acceptance, 补正 correction by the lead department afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.models import DocumentKind, IssueEvidence
from archives.services.filing import file_upload
from archives.states import PaperKind
from packages import rules
from packages.models import Application, MatterCase
from packages.services import paperwork
from packages.services.checklist import fill_lines
from packages.services.locking import RELATED, expect, lock_application, lock_case
from packages.services.settling import open_items
from packages.services.timekeeping import is_paused, pause_case, resume_case, start_owner_clock, sync_due
from packages.states import CaseState
from packages.waiting import CASE_LABEL
from projects import clocks, timing
from projects.clock_states import ClockKind, PauseKind, TimeOwner
from projects.errors import DomainError, require
from projects.events import record, subject_of
from projects.models import Event, IssueItem, User
from projects.models.time import Clock
from projects.services.issues import answer_issue, raise_issue
from projects.states import ISSUE_WITH_OWNER, IssueKind, IssueState
from projects.status_codes import StatusCode

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

CORRECTION_DAYS = 10
BASIS = "行政许可法第三十二条"
EVIDENCE_SLUG = "correction-evidence"
#: Why a case may be told faults a second time; the reason stands in the event.
REASONS = {
    "new_material": "申请人提交了新材料",
    "first_omission": "首次告知确有遗漏",
    "law_changed": "法律法规或政策变化",
    "other": "其他",
}
STARTED = "case.correction_started"
#: A correction may be open while a special procedure runs as well.
AWAY = (CaseState.CORRECTING, CaseState.SUSPENDED)


@transaction.atomic
def notice_faults(
    case_ids: int | Sequence[int], *, faults: Sequence[Mapping[str, object]], by: User, kind: str = "completion",
    days: int = CORRECTION_DAYS, reason_code: str = "", at: dt.datetime | None = None,
) -> list[MatterCase]:
    """Tell all faults of the cases (of one project) in one notice.

    `faults`: `what`, `basis`, `how_to_fix`, and `case_id` where a fault belongs to one case only. `kind`: `completion`
    (received cases) or `correction` (accepted ones). Effects in order, per case: correction clock of `days` working
    days against the owner, every other clock pauses, transition, event 6, one issue item per fault; then one paper.
    Raises `NotAllowed`, `DomainError`: `no_faults`, `fault_unclear`, `case_state`, `second_notice` (a case was told
    before: needs `reason_code`), `intake_over` (the law has accepted it). Source: 行政许可法 32; handbook §2.2 (a).
    """
    cases = _lock_cases([case_ids] if isinstance(case_ids, int) else case_ids)
    cleaned = [_clean(fault) for fault in faults]
    if not cleaned:
        raise DomainError("no_faults", "请至少写明一处需要补正的问题。")
    moment = at or timing.now()
    issues: list[IssueItem] = []
    for case in cases:
        own = [fault for fault in cleaned if fault["case_id"] in {None, case.pk}]
        _allowed(case, by=by, kind=kind, own=own, reason_code=reason_code)
        issues += _begin(case, own, by=by, kind=kind, days=days, reason_code=reason_code, at=at, moment=moment)
    first = issues[0]
    paper = PaperKind.COMPLETION_NOTICE if kind == "completion" else PaperKind.CORRECTION_NOTICE
    application = cases[0].application
    paperwork.fault_notice(
        paper, cases, issues, subject=cases[0] if len(cases) == 1 or application is None else application,
        issuer=cases[0].project.centre if kind == "completion" else cases[0].lead, by=by, at=moment,
        reading=clocks.read_clock(first.clock),
    )
    return cases


def _lock_cases(case_ids: Sequence[int]) -> list[MatterCase]:
    ids = sorted(set(case_ids))
    if not ids:
        raise DomainError("no_cases", "请选择需要告知的办件。")
    cases = [lock_case(ids[0])]
    project = cases[0].project
    found = MatterCase.objects.select_for_update(of=("self",)).select_related(*RELATED).filter(
        pk__in=ids[1:], project=project
    )
    cases += list(found.order_by("pk"))
    if len(cases) != len(ids):
        raise DomainError("other_project", "一份告知书只能针对同一个项目的办件。")
    for case in cases:
        case.project = project
    return cases


def _clean(fault: Mapping[str, object]) -> dict[str, object]:
    row: dict[str, object] = {name: str(fault.get(name) or "").strip() for name in ("what", "basis", "how_to_fix")}
    if not all(row.values()):
        raise DomainError("fault_unclear", "每处问题都要写明问题、依据和怎么改，请补充完整。")
    given = fault.get("case_id")
    row["case_id"] = int(str(given)) if given else None
    return row


def _allowed(
    case: MatterCase, *, by: User, kind: str, own: Sequence[Mapping[str, object]], reason_code: str
) -> None:
    if case.state == CaseState.CORRECTING:
        raise DomainError("notice_open", f"“{case.matter.name}”已有一份告知书等待补正，交回后才能再告知。")
    if kind == "completion":
        expect(case, CaseState.RECEIVED, verb="告知补全")
    else:
        expect(case, CaseState.IN_REVIEW, CaseState.SUSPENDED, verb="告知补正")
    require(rules.can_notice, by, case)
    if case.state == CaseState.RECEIVED and case.intake_clock and clocks.read_clock(case.intake_clock).overdue:
        raise DomainError("intake_over", f"“{case.matter.name}”已过 5 个工作日告知期，依法视为受理，不能再告知补全。")
    if not own:
        raise DomainError("no_faults", f"没有写明“{case.matter.name}”的问题，请补充或不选该办件。")
    if reason_code and reason_code not in REASONS:
        raise DomainError("reason_code", "再次告知的理由不在可选范围内，请重新选择。")
    if notices_of(case) and not reason_code:
        raise DomainError(
            "second_notice", f"“{case.matter.name}”已作过一次性告知，不得再次要求补正；确有法定情形的请选择理由。"
        )


def notices_of(case: MatterCase) -> int:
    """Return how many notices a case has had."""
    subject_type, subject_key = subject_of(case)
    return Event.objects.filter(subject_type=subject_type, subject_key=subject_key, kind=STARTED).count()


def _begin(
    case: MatterCase, own: Sequence[Mapping[str, object]], *, by: User, kind: str, days: int, reason_code: str,
    at: dt.datetime | None, moment: dt.datetime,
) -> list[IssueItem]:
    batch, old = notices_of(case) + 1, case.state
    clock = start_owner_clock(
        ClockKind.CORRECTION, days=days, project=case.project, label=f"{case.matter.name} 补正", at=moment
    )
    pause_case(case, kind=PauseKind.CORRECTION, owner=TimeOwner.APPLICANT, basis=BASIS, at=moment)
    if old != CaseState.SUSPENDED:
        case.state_before_pause = old
    case.begin_correction()
    sync_due(case, save=False)
    case.save()
    record(
        STARTED, subject=case, project=case.project, by=by, at=at, status_code=StatusCode.CORRECTION_STARTED,
        summary=f"{'补全' if kind == 'completion' else '补正'}告知：{case.matter.name} {len(own)} 处问题",
        data={"state": [old, case.state], "kind": kind, "batch": batch, "reason_code": reason_code},
    )
    return [_raise(case, fault, clock, batch, by=by, kind=kind, at=moment) for fault in own]


def _raise(
    case: MatterCase, fault: Mapping[str, object], clock: Clock, batch: int, *, by: User, kind: str, at: dt.datetime
) -> IssueItem:
    return raise_issue(
        case.project, kind=IssueKind.CORRECTION, subject=case, what=str(fault["what"])[:300],
        basis=str(fault["basis"])[:300], how_to_fix=str(fault["how_to_fix"])[:500], debtor=case.project.owner, by=by,
        raised_for=case.project.centre if kind == "completion" else case.lead, batch=batch, due_on=clock.due_on,
        clock=clock, at=at,
    )


# Answering -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def answer_fault(
    issue_id: int, *, answer: str, by: User, uploaded: UploadedFile[Any] | None = None, at: dt.datetime | None = None
) -> IssueItem:
    """Answer one told fault, with a file where it needs one; the case goes back when all are answered and returned.

    Effects: the file is filed and linked as evidence; event `issue.answered`. Answering twice changes nothing.
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
    if uploaded is not None:
        _evidence(issue, case, uploaded, by=by, at=at)
    return answer_issue(issue, answer=answer.strip()[:500], by=by, at=at)


def _evidence(
    issue: IssueItem, case: MatterCase, uploaded: UploadedFile[Any], *, by: User, at: dt.datetime | None
) -> None:
    document = file_upload(
        case.project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=EVIDENCE_SLUG),
        title=f"补正：{issue.what}"[:200], source=issue, source_label=f"{case.matter.name} 补正", by=by, at=at,
    )
    version = document.versions.order_by("version").last()
    if version is not None:
        IssueEvidence.objects.get_or_create(issue=issue, version=version)


@transaction.atomic
def return_corrected(application_id: int, *, by: User, at: dt.datetime | None = None) -> Application:
    """Hand the corrected papers back: every case of the application that waits for them goes on where it stood.

    Effects in order, per case: correction clock stops, pauses of the correction end, transition back (to 已接件, to the
    review, or to a special procedure that still runs), event 7. Nothing waiting: no change. Raises `NotAllowed`,
    `DomainError` (`unanswered` naming what is still open).
    """
    application, cases = lock_application(application_id)
    require(rules.can_return_corrected, by, application)
    waiting = [case for case in cases if case.state in AWAY and is_paused(case, PauseKind.CORRECTION)]
    lacking = [
        issue.what for case in waiting for issue in open_items(case, IssueKind.CORRECTION)
        if issue.state != IssueState.SUBMITTED
    ]
    if lacking:
        raise DomainError("unanswered", f"还有 {len(lacking)} 处问题没有答复：{'；'.join(lacking)}。全部答复后再交回。")
    for case in waiting:
        _end(case, by=by, at=at)
    fill_lines(application.project, at=at)
    return application


def _end(case: MatterCase, *, by: User, at: dt.datetime | None) -> None:
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
        status_code=StatusCode.CORRECTION_ENDED, summary=f"补正交回：{case.matter.name}",
        data={} if case.state == old else {"state": [old, case.state]},
    )
