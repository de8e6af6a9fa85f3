"""撤件 (event 2): the owner asks, the window or the department takes the request and confirms or refuses it.

Before the acceptance the window answers, afterwards the lead department does as well. Papers stay in the archive and
may be used again (handbook §2.2 e).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.models import DocumentKind
from archives.services.filing import file_upload
from packages import rules
from packages.act_states import WITHDRAWAL_OPEN, WithdrawalState
from packages.models import MatterCase, Withdrawal
from packages.services import act_papers
from packages.services.back_entry import check_moment
from packages.services.closing import close_case
from packages.services.drafts import renew_draft
from packages.services.locking import expect, lock_case
from packages.states import CASE_OPEN
from projects import timing
from projects.back_entry import check_after
from projects.errors import DomainError, require
from projects.events import latest_of, record, told_by
from projects.models import User
from projects.status_codes import StatusCode

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

REQUEST_SLUG = "withdrawal-request"


@transaction.atomic
def request_withdrawal(case_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> Withdrawal:
    """The owner asks to withdraw a case (已提交); the case goes on until the request is answered.

    Event `withdrawal.requested`. A second request while one is open changes nothing. Raises `NotAllowed`,
    `DomainError` (`case_state`, `reason`).
    """
    case = lock_case(case_id)
    expect(case, *CASE_OPEN, verb="申请撤件")
    require(rules.can_request_withdrawal, by, case)
    standing = open_withdrawal(case)
    if standing is not None:
        return standing
    if not reason.strip():
        raise DomainError("reason", "撤件须写明原因，请补充后再提交。")
    return _ask(case, reason.strip(), by=by, at=at)


def _ask(case: MatterCase, reason: str, *, by: User, at: dt.datetime | None) -> Withdrawal:
    row = Withdrawal.objects.create(
        case=case, reason=reason[:300], requested_by=by, requested_at=at or timing.now()
    )
    record(
        "withdrawal.requested", subject=row, project=case.project, by=by, at=at,
        summary=f"申请撤件：{case.matter.name}", data={"state": ["", row.state]},
        on_behalf_of=case.project.owner.name,
    )
    return row


def open_withdrawal(case: MatterCase) -> Withdrawal | None:
    """Return the request on a case that waits for an answer, or None."""
    row = Withdrawal.objects.filter(case=case, state__in=WITHDRAWAL_OPEN).select_related("requested_by").first()
    if row is not None:
        row.case = case
    return row


def _lock(withdrawal_id: int) -> Withdrawal:
    case = lock_case(Withdrawal.objects.values_list("case_id", flat=True).get(pk=withdrawal_id))
    row = Withdrawal.objects.select_for_update(of=("self",)).get(pk=withdrawal_id)
    row.case = case
    return row


@transaction.atomic
def take_withdrawal(withdrawal_id: int, *, by: User, at: dt.datetime | None = None) -> Withdrawal:
    """The window or the department has the request in hand (已接收). A second call changes nothing.

    Event `withdrawal.taken`. Raises `NotAllowed`, `DomainError` (`answered`).
    """
    row = _lock(withdrawal_id)
    require(rules.can_answer_withdrawal, by, row.case)
    if row.state == WithdrawalState.TAKEN:
        return row
    _still_open(row)
    old = row.state
    row.take()
    row.taken_by, row.taken_at = by, at or timing.now()
    row.save()
    record(
        "withdrawal.taken", subject=row, project=row.case.project, by=by, at=at,
        summary=f"接收撤件申请：{row.case.matter.name}", data={"state": [old, row.state]},
    )
    return row


def _still_open(row: Withdrawal) -> None:
    if row.state not in WITHDRAWAL_OPEN:
        word = WithdrawalState(row.state).label
        raise DomainError("answered", f"这份撤件申请已是“{word}”，不能再办理。", latest=told_by(latest_of(row)))


@transaction.atomic
def answer_withdrawal(
    withdrawal_id: int, *, by: User, granted: bool, note: str = "", at: dt.datetime | None = None
) -> Withdrawal:
    """Confirm (已通过) or refuse (未通过, with its reason) a request to withdraw.

    Effects in order when confirmed: event `withdrawal.granted`, clocks are cancelled, open reviews end (opinions that
    were given, also by silence, stay on record and bind nobody), what was owed is waived, transition, event 2, a fresh
    draft, 撤件确认书 with the papers that go back. Refused: event `withdrawal.refused`, the case goes on. Raises
    `NotAllowed`, `DomainError` (`answered`, `note`).
    """
    row = _lock(withdrawal_id)
    _still_open(row)
    require(rules.can_answer_withdrawal, by, row.case)
    check_moment(row.case, at)
    check_after(at, row.requested_at)
    if not granted and not note.strip():
        raise DomainError("note", "不同意撤件的，须写明理由。")
    _answer(row, granted=granted, note=note.strip(), by=by, at=at)
    if granted:
        _withdraw(row.case, row.reason, by=by, at=at)
    return row


def _answer(row: Withdrawal, *, granted: bool, note: str, by: User, at: dt.datetime | None) -> None:
    old = row.state
    row.grant() if granted else row.refuse()
    row.answered_by, row.answered_at, row.answer = by, at or timing.now(), note[:300]
    row.save()
    word = "同意撤件" if granted else f"不同意撤件：{note}"
    record(
        "withdrawal.granted" if granted else "withdrawal.refused", subject=row, project=row.case.project, by=by, at=at,
        summary=f"{row.case.matter.name}，{word}", data={"state": [old, row.state]},
    )


@transaction.atomic
def withdraw_case(
    case_id: int, *, by: User, reason: str, uploaded: UploadedFile[Any] | None = None, at: dt.datetime | None = None
) -> MatterCase:
    """The window enters the owner's written request and confirms it in one step.

    Effects: the request is filed (`document.filed`), then those of a request and its confirmation; one that the owner
    made in the portal is the one confirmed, and no paper is asked for. Raises `NotAllowed`, `DomainError`
    (`case_state`, `reason`, `request_missing`, those of the upload). Source: handbook §2.2 (e).
    """
    case = lock_case(case_id)
    expect(case, *CASE_OPEN, verb="撤件")
    require(rules.can_withdraw, by, case)
    check_moment(case, at)
    if not reason.strip():
        raise DomainError("reason", "撤件须写明原因，请补充后再提交。")
    row = open_withdrawal(case)
    if row is None and uploaded is None:
        raise DomainError("request_missing", "请上传建设单位盖章的撤件申请书；建设单位也可以自己在网上申请撤件。")
    if uploaded is not None:
        file_upload(
            case.project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=REQUEST_SLUG),
            title=f"撤件申请书：{case.matter.name}"[:200], source=case, source_label=f"{case.matter.name} 撤件",
            by=by, at=at,
        )
    row = row or _ask(case, reason.strip(), by=by, at=at)
    _answer(row, granted=True, note="", by=by, at=at)
    return _withdraw(case, reason.strip(), by=by, at=at)


def _withdraw(case: MatterCase, reason: str, *, by: User, at: dt.datetime | None) -> MatterCase:
    old = case.state
    case.withdraw()
    moment = close_case(case, reason="撤件", by=by, at=at, cancel=True)
    record(
        "case.withdrawn", subject=case, project=case.project, by=by, at=at, status_code=StatusCode.WITHDRAWN,
        summary=f"撤件：{case.matter.name}，{reason}", data={"state": [old, case.state]},
        on_behalf_of=case.project.owner.name,
    )
    renew_draft(case, by=by, at=at)
    act_papers.withdrawal(case, reason, by=by, at=moment)
    return case
