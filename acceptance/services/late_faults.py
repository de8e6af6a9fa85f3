"""清单后新增: a department asks to add a fault after the one list; only the lead lets it in, and it counts as late."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction

from acceptance import rules
from acceptance.models import AcceptanceItem, LateFault
from acceptance.services.application import lock_acceptance, move, settle_item
from acceptance.services.items import Fault, check_fault
from acceptance.services.list_papers import faults_paper
from acceptance.services.timekeeping import pause_acceptance
from acceptance.services.visits import rectify_until
from acceptance.states import AcceptanceState, ItemState, LateState
from projects import timing
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.events import record
from projects.services.issues import raise_issue
from projects.states import IssueKind

if TYPE_CHECKING:
    from projects.models import User


@transaction.atomic
def ask_late_fault(
    item_id: int, *, by: User, fault: Fault, reason: str, at: dt.datetime | None = None
) -> LateFault:
    """Ask the lead to let in a fault that was not on the one list; the same fault asked again is the one that stands.

    Errors: no reason, a fault that is not whole, an item of another department, before the list. Source: handbook
    §8.3a (a department that adds later is counted).
    """
    found = AcceptanceItem.objects.select_related("organisation", "definition").get(pk=item_id)
    acceptance = lock_acceptance(found.acceptance_id)
    found.acceptance = acceptance
    require(rules.can_ask_late, by, found)
    check_follows(at, acceptance)
    check_fault(fault)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明为什么没有在一次性告知时提出。")
    standing = LateFault.objects.filter(item=found, state=LateState.ASKED, what=fault["what"]).first()
    if standing is not None:
        return standing
    late = LateFault.objects.create(
        item=found, acceptance=acceptance, reason=reason.strip(), asked_by=by, asked_at=at or timing.now(), **fault
    )
    record(
        "acceptance.late_asked", subject=late, project=acceptance.project, by=by, at=at,
        on_behalf_of=found.organisation.name, summary=f"申请清单后新增：{late.what}"[:300],
        data={"state": ["", late.state]},
    )
    return late


@transaction.atomic
def decide_late_fault(
    late_id: int, *, by: User, approve: bool, note: str = "", at: dt.datetime | None = None
) -> LateFault:
    """The chief of the lead lets the fault in, marked late, or keeps it off the list. Twice is once.

    Let in: an issue `is_late`, its item is 整改中 again, a list of its own goes to the owner, the acceptance rests for
    the rectification. Errors: refused without a reason.
    """
    acceptance_id = LateFault.objects.values_list("acceptance_id", flat=True).get(pk=late_id)
    acceptance = lock_acceptance(acceptance_id)
    rows = LateFault.objects.select_for_update(of=("self",)).select_related("item__organisation", "item__definition")
    late = rows.get(pk=late_id)
    late.acceptance = late.item.acceptance = acceptance
    if late.state != LateState.ASKED:
        return late
    require(rules.can_decide_late, by, late)
    if not approve and not note.strip():
        raise DomainError("reason_missing", "不予新增的要写明理由。")
    check_follows(at, late, acceptance)
    old = late.state
    if approve:
        late.approve()
    else:
        late.refuse()
    late.decided_by, late.decided_at, late.decision_note = by, at or timing.now(), note.strip()
    late.save()
    record(
        "acceptance.late_decided", subject=late, project=acceptance.project, by=by, at=at,
        summary=f"{late.get_state_display()}：{late.what}"[:300], data={"state": [old, late.state]},
    )
    if approve:
        _let_in(late, by=by, at=at)
    return late


def _let_in(late: LateFault, *, by: User, at: dt.datetime | None) -> None:
    acceptance, item, moment = late.acceptance, late.item, at or timing.now()
    due_on = rectify_until(acceptance, moment)
    issue = raise_issue(
        acceptance.project, kind=IssueKind.RECTIFICATION, subject=item, debtor=acceptance.project.owner, by=by,
        raised_for=item.organisation, batch=acceptance.round, what=late.what, basis=late.basis,
        how_to_fix=late.how_to_fix, due_on=due_on, is_late=True, at=at,
    )
    if item.state != ItemState.RECTIFYING:
        settle_item(item, "reopen_late", note=f"清单后新增：{late.what}"[:500], by=by, at=at)
    faults_paper(acceptance, [issue], due_on, on_site=True, by=by, at=at, is_late=True)
    if acceptance.state == AcceptanceState.RECTIFYING:
        return
    old = acceptance.state
    acceptance.return_to_rectification()
    pause_acceptance(acceptance, basis="清单后新增问题，集中整改", at=moment)
    move(acceptance, old, kind="acceptance.late_listed", summary="清单后新增问题，退回整改", by=by, at=at)
