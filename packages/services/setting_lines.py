"""One line of a checklist is set: by whoever files, by the window, by the department that has the paper."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.services.filing import file_upload, find_held
from packages import promise_rules, rules
from packages.models import MaterialItem
from packages.owed_papers import is_let_through
from packages.services.checklist import fill_lines, leads_of
from packages.services.committing import sync_offer
from packages.services.locking import lock_case
from packages.services.reusing import (
    await_department,
    origin_of,
    provenance,
    role_of,
)
from packages.sources import is_issued, makers
from packages.standing_in import brought_by, may_stand_in, stand_in_words
from packages.states import MaterialState, Origin, Supply
from projects import credit, timing
from projects.errors import DomainError, require
from projects.events import record
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from archives.models import Document
    from projects.models import User


@transaction.atomic
def report_absent(item_id: int, *, by: User, note: str, at: dt.datetime | None = None) -> MaterialItem:
    """Say that a line taken from shared data cannot be fetched: its department has to record it (部门补录).

    It waits for that department from then on, never for the enterprise. Event `material.absent`. Twice changes
    nothing. Raises `NotAllowed`, `DomainError` (`note_missing`, `material_state`).
    """
    item = _locked(item_id)
    require(rules.can_supply, by, item)
    if item.state == MaterialState.AWAITED and item.supply == Supply.RECORD:
        return item
    if item.state != MaterialState.SHARED:
        raise DomainError("material_state", f"{quoted(item.name)}现在是“{item.get_state_display()}”，不在调取。")
    if not note.strip():
        raise DomainError("note_missing", f"请写明{quoted(item.name)}为什么调取不到。")
    old = item.state
    await_department(item, makers(), leads_of(item.case.project))
    item.supply, item.note, item.changed_by, item.changed_at = Supply.RECORD, note.strip()[:300], by, at or timing.now()
    item.save()
    who = item.supplier.label if item.supplier else ""
    record(
        "material.absent", subject=item, project=item.case.project, by=by, at=at,
        summary=f"{item.case.matter.name}：{item.name}调取不到，由{who}补录", data={"material": [old, item.state]},
    )
    return item


@transaction.atomic
def supply_material(
    item_id: int, *, by: User, uploaded: UploadedFile[Any] | None = None, note: str = "",
    at: dt.datetime | None = None,
) -> MaterialItem:
    """The window or the department brings a paper of the government (调取 or 部门补录): a file, or what was verified.

    With a file it is filed and every other line of its kind may use it; without one `note` says in which register it
    was verified. Event `material.supplied`. Raises `NotAllowed`, `DomainError` (`material_state`, `note_missing`).
    """
    item = _locked(item_id)
    require(rules.can_supply, by, item)
    if item.state not in (MaterialState.AWAITED, MaterialState.SHARED):
        raise DomainError("material_state", f"{quoted(item.name)}现在是“{item.get_state_display()}”，不需要部门提供。")
    if uploaded is None and not note.strip():
        raise DomainError("note_missing", f"请上传{quoted(item.name)}，或写明在哪个系统核验、结果怎样。")
    old, project = item.state, item.case.project
    way = Supply(item.supply or Supply.FETCH).label
    if uploaded is not None:
        item.document = file_upload(
            project, uploaded=uploaded, kind=item.kind, title=item.name, source=item.case, by=by, role=role_of(item),
            at=at,
        )
        item.state, item.origin_note = MaterialState.HELD, provenance(item.document, project)
    else:
        item.state, item.origin_note = MaterialState.SHARED, f"{by}核验：{note.strip()}"[:300]
    item.origin, item.note, item.warning = Origin.SUPPLIED, note.strip()[:300] or f"{way}：{by}", ""
    item.is_automatic, item.changed_by, item.changed_at = False, by, at or timing.now()
    item.save()
    record(
        "material.supplied", subject=item, project=project, by=by, at=at,
        summary=f"{item.case.matter.name}：{item.name}，{way}", data={"material": [old, item.state]},
    )
    fill_lines(project, at=at)
    return item


def _locked(item_id: int) -> MaterialItem:
    """Return a line with its case, locked with the project."""
    case = lock_case(MaterialItem.objects.values_list("case_id", flat=True).get(pk=item_id))
    found = MaterialItem.objects.select_for_update(of=("self",)).select_related(
        "kind", "document", "definition", "supplier"
    )
    item = found.get(pk=item_id)
    item.case = case
    return item


def _punished(item: MaterialItem, state: str, at: dt.datetime | None) -> None:
    """Refuse what the joint punishment of the owner excludes (`projects/catalog/credit_refusals.tsv`)."""
    what = {MaterialState.DEFERRED: "deferral", MaterialState.COMMITTED: "commitment"}.get(MaterialState(state))
    owner, day = item.case.project.owner_id, timing.business_day(at or timing.now())
    if what is not None and (why := credit.refusal(owner, what, day)):
        raise DomainError("credit", f"{why}。")


def require_hand_in(item: MaterialItem, state: str) -> None:
    """A paper that the acceptance let through is owed: it is handed in, nothing else (容缺)."""
    if is_let_through(item) and state != MaterialState.UPLOADED:
        raise DomainError("let_through", f"{quoted(item.name)}已容缺受理，只能上传补交，不能再改成别的方式。")


@transaction.atomic
def set_material(
    item_id: int, *, state: str, by: User, uploaded: UploadedFile[Any] | None = None, note: str = "",
    at: dt.datetime | None = None,
) -> MaterialItem:
    """Set how one line of a checklist is met.

    `state`: `uploaded` with its file, `held`, `deferred`, `committed`, `shared` and `not_applicable` (both by the
    window and with a reason), or `missing` again. Effects: the file is filed in the archive (`document.filed`); the
    line; lines of the same kind elsewhere in the project that it meets; event `material.set`. The same again changes
    nothing. Raises `NotAllowed`, `DomainError` (also that of the upload). Source: handbook §6.2, §6.8; 容缺 only for
    secondary papers, 承诺 only where allowed.
    """
    item = _locked(item_id)
    case = item.case
    require(rules.can_set_material, by, item)
    if state not in MaterialState.values:
        raise DomainError("material_state", "没有这种材料状态，请重新选择。")
    if item.state == state and uploaded is None and item.note == note[:300]:
        return item
    require_hand_in(item, state)
    old = MaterialState(item.state)
    _CHECKS[MaterialState(state)](item, by, note)
    _punished(item, state, at)
    item.document = _document(item, state, by=by, uploaded=uploaded, at=at)
    item.state, item.note, item.is_automatic = state, note.strip()[:300], False
    item.supply, item.supplier, item.origin, item.origin_note, item.warning = "", None, "", "", ""
    if item.document is not None and state == MaterialState.HELD:
        item.origin = origin_of(item.document, case.project)
        why = stand_in_words(item, brought_by([item.document]).get(item.document.pk))
        item.origin_note = "；".join(filter(None, (provenance(item.document, case.project), why)))[:300]
    if state == MaterialState.MISSING and is_issued(item, known := makers()):
        await_department(item, known, leads_of(case.project))
    item.changed_by, item.changed_at = by, at or timing.now()
    item.save()
    if old == MaterialState.DEFERRED and state == MaterialState.UPLOADED:
        from packages.services.settling import hand_in_deferred

        hand_in_deferred(item, by=by, at=at)
    sync_offer(case, at=at)
    record(
        "material.set", subject=item, project=case.project, by=by, at=at,
        summary=f"{case.matter.name}：{item.name} {MaterialState(state).label}", data={"material": [old, item.state]},
    )
    fill_lines(case.project, at=at)
    return item


def _document(
    item: MaterialItem, state: str, *, by: User, uploaded: UploadedFile[Any] | None, at: dt.datetime | None
) -> Document | None:
    if state == MaterialState.UPLOADED:
        if uploaded is None:
            raise DomainError("upload_missing", f"请选择{quoted(item.name)}的文件后再提交。")
        return file_upload(
            item.case.project, uploaded=uploaded, kind=item.kind, title=item.name, source=item.case, by=by,
            role=role_of(item), at=at,
        )
    if state == MaterialState.HELD:
        document = find_held(item.case.project, [item.kind], role=role_of(item)).get(item.kind_id)
        if document is None:
            raise DomainError("not_held", f"档案中没有可用的{quoted(item.name)}，请上传。")
        if not may_stand_in(item, brought_by([document]).get(document.pk)):
            why = f"档案中的{quoted(document.title)}不能代替{quoted(item.name)}，目录没有登记这一代替关系，请上传。"
            raise DomainError("not_held", why)
        return document
    return None


def _anybody(_item: MaterialItem, _by: User, _note: str) -> None:
    """No condition beyond the rule."""


def _deferrable(item: MaterialItem, _by: User, _note: str) -> None:
    if not (verdict := promise_rules.may_defer(item)):
        what = f"{quoted(item.case.matter.name)}的{quoted(item.name)}"
        raise DomainError("deferral", f"{what}不能容缺：{verdict.reason.rstrip('。')}。请收齐后上传。")


def _committable(item: MaterialItem, _by: User, _note: str) -> None:
    if not (verdict := promise_rules.may_commit(item)):
        what = f"{quoted(item.case.matter.name)}的{quoted(item.name)}"
        raise DomainError("commitment", f"{what}不能承诺：{verdict.reason.rstrip('。')}。请收齐后上传。")


def _not_to_choose(item: MaterialItem, _by: User, _note: str) -> None:
    raise DomainError("awaited", f"{quoted(item.name)}由部门提供时系统自动列出，不需要选择。")


def _by_window(item: MaterialItem, by: User, note: str) -> None:
    if not rules.is_window(by, item.case.project):
        raise DomainError("window_only", "“不适用”和“系统共享”由窗口核对后确认，请联系窗口。")
    if not note.strip():
        raise DomainError("note_missing", f"请写明{quoted(item.name)}不适用或系统共享的理由。")


def _by_its_own_step(item: MaterialItem, _by: User, _note: str) -> None:
    raise DomainError("letter_missing", f"以函代证请在{quoted(item.name)}一行选择要用的函件。")


_CHECKS = {
    MaterialState.MISSING: _anybody,
    MaterialState.UPLOADED: _anybody,
    MaterialState.HELD: _anybody,
    MaterialState.DEFERRED: _deferrable,
    MaterialState.COMMITTED: _committable,
    MaterialState.SHARED: _by_window,
    MaterialState.NOT_APPLICABLE: _by_window,
    MaterialState.LETTER: _by_its_own_step,
    MaterialState.AWAITED: _not_to_choose,
}
