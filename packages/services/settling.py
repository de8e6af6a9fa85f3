"""容缺 and 承诺: what is owed after acceptance, by when, and who checks it (handbook §6.8).

容缺: the applicant will bring the paper, before the decision, or within a term of its own after 容缺通过.
承诺: no paper is needed, the department checks later.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import rules
from packages.models import MaterialItem, MatterCase
from packages.services.timekeeping import start_owner_clock
from packages.states import MaterialState
from packages.waiting import CASE_LABEL
from projects import clocks, timing
from projects.clock_states import ClockKind
from projects.errors import DomainError, require
from projects.events import lock_project
from projects.models import IssueItem, User
from projects.services.issues import answer_issue, raise_issue, reject_issue, verify_issue, waive_issue
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, IssueKind, IssueState
from projects.workdays import due_date

DEFERRAL_DAYS = 15  # working days after 容缺通过 to hand in what was deferred
COMMITMENT_DAYS = 30  # working days after the decision within which a commitment is checked


def raise_promises(case: MatterCase, *, by: User | None, at: dt.datetime) -> None:
    """Raise one item per deferred paper (due before the decision) and per commitment at the acceptance of a case."""
    due = case.promised_clock.due_on if case.promised_clock else None
    for item in case.materials.filter(state=MaterialState.DEFERRED).order_by("order"):
        raise_issue(
            case.project, kind=IssueKind.DEFERRAL, subject=case, what=item.name, basis="容缺受理",
            how_to_fix=f"在作出决定前补交“{item.name}”", debtor=case.project.owner, by=by, raised_for=case.lead,
            due_on=due, at=at,
        )
    for item in case.materials.filter(state=MaterialState.COMMITTED).order_by("order"):
        raise_issue(
            case.project, kind=IssueKind.COMMITMENT, subject=case, what=item.name, basis="告知承诺",
            how_to_fix=f"按承诺具备“{item.name}”所要求的条件，由部门事后核查", debtor=case.project.owner, by=by,
            raised_for=case.lead, due_on=due_date(timing.business_day(at), case.promised_days + COMMITMENT_DAYS), at=at,
        )


def open_items(case: MatterCase, *kinds: str) -> list[IssueItem]:
    """Return the unsettled items of a locked case, each bound to the locked project."""
    found = IssueItem.objects.select_for_update(of=("self",)).select_related("clock", "debtor_organisation").filter(
        subject_type=CASE_LABEL, subject_key=str(case.pk), state__in=list(ISSUE_OPEN), kind__in=kinds
    )
    items = list(found.order_by("pk"))
    for item in items:
        item.project = case.project
    return items


def hand_in_deferred(item: MaterialItem, *, by: User | None, at: dt.datetime | None) -> None:
    """The deferred paper came: its item is answered and waits to be checked."""
    for issue in open_items(item.case, IssueKind.DEFERRAL):
        if issue.what == item.name and issue.state in ISSUE_WITH_OWNER:
            answer_issue(issue, answer=f"已补交：{item.name}", by=by, at=at)


def start_deferral_clocks(case: MatterCase, *, at: dt.datetime) -> None:
    """After 容缺通过 each deferred paper gets a clock of its own against the owner."""
    for issue in open_items(case, IssueKind.DEFERRAL):
        issue.clock = start_owner_clock(
            ClockKind.DEFERRAL, days=DEFERRAL_DAYS, project=case.project, label=f"容缺补交：{issue.what}", at=at
        )
        issue.due_on = issue.clock.due_on
        issue.save(update_fields=["clock", "due_on"])


def verify_answered(case: MatterCase, *kinds: str, by: User | None, at: dt.datetime | None) -> None:
    """Verify what was answered: the step that follows (acceptance, decision) is the check."""
    for issue in open_items(case, *kinds):
        if issue.state == IssueState.SUBMITTED:
            verify_issue(issue, by=by, at=at)
            _stop(issue, at)


def waive_open(case: MatterCase, *, reason: str, by: User | None, at: dt.datetime | None) -> None:
    """The case ended without a decision: nothing is owed any more."""
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
    """The window or the department checks a deferred paper or a commitment: it holds (verified), or not (rejected).

    A commitment is answered by the check itself. Raises `NotAllowed`, `DomainError` (`issue_kind`, `issue_open`,
    `note_missing`). A second call for what is verified changes nothing.
    """
    project = lock_project(IssueItem.objects.values_list("project_id", flat=True).get(pk=issue_id))
    issue = IssueItem.objects.select_for_update(of=("self",)).select_related("clock").get(pk=issue_id)
    issue.project = project
    require(rules.can_settle, by, issue)
    if issue.kind not in {IssueKind.DEFERRAL, IssueKind.COMMITMENT}:
        raise DomainError("issue_kind", "这里只核实容缺补交和承诺事项。")
    if issue.state in {IssueState.VERIFIED, IssueState.WAIVED}:
        return issue
    if not holds and not note.strip():
        raise DomainError("note_missing", "请写明未通过核实的理由。")
    if issue.kind == IssueKind.COMMITMENT and issue.state != IssueState.SUBMITTED:
        answer_issue(issue, answer=note.strip()[:500] or "部门核查", by=by, at=at)
    if issue.state != IssueState.SUBMITTED:
        raise DomainError("issue_open", f"“{issue.what}”还没有补交，补交后再核实。")
    if not holds:
        return reject_issue(issue, reason=note.strip(), by=by, at=at)
    verify_issue(issue, by=by, at=at)
    _stop(issue, at)
    return issue
