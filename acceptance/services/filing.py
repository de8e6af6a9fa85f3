"""After the conclusion: the completion record (竣工验收备案) is a case of its own; its item follows the case."""

from __future__ import annotations

from django.db import transaction

from acceptance.models import AcceptanceItem
from acceptance.services.application import lock_acceptance, settle_item
from acceptance.states import ACCEPTANCE_GOOD, ItemState
from packages.states import CASE_PASSED


@transaction.atomic
def follow_record(case_id: int) -> bool:
    """Settle the item that stands for this decided case and does not gate the conclusion; True when it did.

    Twice is once.
    """
    found = AcceptanceItem.objects.filter(case_id=case_id, is_gate=False, state=ItemState.PENDING).first()
    if found is None:
        return False
    acceptance = lock_acceptance(found.acceptance_id)
    locked = AcceptanceItem.objects.select_for_update(of=("self",))
    item = locked.select_related("case", "organisation").get(pk=found.pk)
    if item.state != ItemState.PENDING or acceptance.state not in ACCEPTANCE_GOOD:
        return False
    if item.case is None or item.case.state not in CASE_PASSED:
        return False
    item.acceptance = acceptance
    settle_item(item, "pass_item", note="已备案", by=None, at=item.case.decided_at)
    return True
