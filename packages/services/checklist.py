"""The checklist of a case: its lines come from the plan, and what the archive or a register holds is met at once.

Nobody is asked for what the government already has (免提交): shared and verified lines are met by where they come from,
results of earlier matters by the paper in the archive, reusable papers by what was filed before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from archives.models import Document
from archives.services.filing import file_upload, find_held
from packages import rules
from packages.choices import MaterialSource
from packages.models import MaterialItem, MatterCase
from packages.planning.build import MaterialView, PlanView, build_plan, resolve_materials
from packages.planning.from_rows import matter_definition
from packages.services.locking import lock_case
from packages.states import CASE_OPEN, CASE_PASSED, CaseState, Handling, MaterialState
from packages.waiting import CASE_LOST
from projects import timing
from projects.errors import DomainError, require
from projects.events import record

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from projects.models import Project, User

FORM_KIND = "application-form"
SHARED_NOTES = {
    MaterialSource.SHARED: "由系统从共享数据取得，无需提交",
    MaterialSource.VERIFIED: "由牵头部门向有关部门核验，无需提交",
}


def plan_of(project: Project) -> PlanView:
    """Return the plan of an enrolled project. Raises `DomainError` where it has no package yet."""
    from packages.models import Enrolment

    enrolment = Enrolment.objects.select_related("package_version__package").filter(project=project).first()
    if enrolment is None:
        raise DomainError("not_enrolled", "项目还没有确认套餐，请先确认套餐和情形。")
    return build_plan(enrolment.package_version, enrolment.facts)


def build_lines(cases: Sequence[MatterCase], plan: PlanView) -> None:
    """Copy the lines of the catalogue into cases that have none yet, with the source that holds in this plan."""
    names = {view.code: view.name for view in plan.matters}
    known = {view.code: view.materials for view in plan.matters}
    having = set(MaterialItem.objects.filter(case__in=cases).values_list("case_id", flat=True))
    rows: list[MaterialItem] = []
    for case in cases:
        if case.pk in having:
            continue
        code = case.matter.matter.code
        lines = known.get(code)
        if lines is None:
            lines = resolve_materials(matter_definition(case.matter).materials, names)
        rows += [_line(case, order, view) for order, view in enumerate(lines, start=1)]
    kinds = _kinds({row.source_note for row in rows})
    for row in rows:
        slug, row.source_note = row.source_note, row.note
        row.kind_id, row.note = kinds[slug], ""
    MaterialItem.objects.bulk_create(rows)


def _line(case: MatterCase, order: int, view: MaterialView) -> MaterialItem:
    """Return an unsaved line; the slug of its kind and its source wait in two notes until the kinds are read."""
    return MaterialItem(
        case=case, definition_id=view.pk, order=order, name=view.name, form=view.form, source=view.source,
        source_note=view.kind, note=view.source_label,
    )


def _kinds(slugs: Iterable[str]) -> dict[str, int]:
    from archives.models import DocumentKind

    return dict(DocumentKind.objects.filter(slug__in=set(slugs)).values_list("slug", "pk"))


# Meeting lines without asking ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Held:
    """What a project has for the lines that are open: papers by kind, and its live cases by matter."""

    reusable: dict[int, Document]
    own: dict[int, Document]
    cases: dict[str, MatterCase]
    met: dict[tuple[int, int], str]


def fill_lines(project: Project, *, at: dt.datetime | None = None) -> int:
    """Meet what can be met in every checklist of the locked project that is still open; return how many lines."""
    waiting = Q(case__state__in=[CaseState.RECEIVED, CaseState.CORRECTING])
    waiting |= Q(case__state=CaseState.DRAFT, case__application__isnull=False)
    items = list(
        MaterialItem.objects.filter(waiting, case__project=project, state=MaterialState.MISSING)
        .select_related("kind", "definition", "case__package_row").order_by("pk")
    )
    if not items:
        return 0
    held = _look_up(project, items)
    met = [item for item in items if _meet(item, held)]
    for item in items:
        item.changed_at = at or timing.now()
        item.save()
    return len(met)


def _look_up(project: Project, items: Sequence[MaterialItem]) -> _Held:
    kinds = {item.kind_id: item.kind for item in items}
    own: dict[int, Document] = {}
    today = timing.today()
    for document in Document.objects.current().filter(
        Q(valid_until=None) | Q(valid_until__gte=today), project=project, kind__in=list(kinds)
    ).order_by("pk"):
        own[document.kind_id] = document
    live = MatterCase.objects.filter(project=project).exclude(state__in=CASE_LOST)
    live = live.select_related("matter__matter", "package_row")
    cases = {case.matter.matter.code: case for case in live}
    known = MaterialItem.objects.filter(
        case__in=list(cases.values()), kind__in=list(kinds), state__in=[MaterialState.SHARED, MaterialState.COMMITTED]
    ).values_list("case_id", "kind_id", "state")
    met = {(case_id, kind_id): state for case_id, kind_id, state in known}
    return _Held(find_held(project, kinds.values()), own, cases, met)


def _meet(item: MaterialItem, held: _Held) -> bool:
    """Meet one open line by itself where possible; say on it why not where an earlier matter is missing."""
    source = MaterialSource(item.source)
    if source in SHARED_NOTES:
        return _set(item, MaterialState.SHARED, SHARED_NOTES[source])
    if source == MaterialSource.COMMITMENT:
        return _set(item, MaterialState.COMMITTED, "按告知承诺办理，无需提交材料")
    if source == MaterialSource.EARLIER:
        return _meet_earlier(item, held)
    document = held.reusable.get(item.kind_id)
    if document is None:
        return False
    item.document = document
    return _set(item, MaterialState.HELD, f"档案已有：{document.title}")


def _meet_earlier(item: MaterialItem, held: _Held) -> bool:
    document = held.reusable.get(item.kind_id) or held.own.get(item.kind_id)
    if document is not None:
        item.document = document
        return _set(item, MaterialState.HELD, f"档案已有：{document.title}")
    codes = item.definition.from_matters if item.definition else []
    earlier = [held.cases[code] for code in codes if code in held.cases]
    for case in earlier:
        state = held.met.get((case.pk, item.kind_id))
        if state is not None:
            return _set(item, MaterialState(state), f"沿用“{case.matter.name}”的材料")
        if case.state in CASE_PASSED:
            return _set(item, MaterialState.SHARED, f"“{case.matter.name}”已办结，由系统转入")
        if _runs_beside(item.case, case):
            return _set(item, MaterialState.SHARED, f"与“{case.matter.name}”同步办理，办结时由系统转入")
    if earlier:
        item.note = f"前置事项“{earlier[0].matter.name}”未办结"
    return False


def _runs_beside(case: MatterCase, earlier: MatterCase) -> bool:
    """Whether both run side by side: in the joint acceptance, or in one step of the plan (并联) and both applied for.

    The decision still comes in order: it has the prerequisite for a guard.
    """
    if case.handling == Handling.ACCEPTANCE == earlier.handling:
        return True
    row, other = case.package_row, earlier.package_row
    if row is None or other is None or (row.stage, row.step) != (other.stage, other.step):
        return False
    return earlier.state in CASE_OPEN or earlier.application_id == case.application_id is not None


def _set(item: MaterialItem, state: str, note: str) -> bool:
    item.state, item.note, item.is_automatic = state, note[:300], True
    return True


def missing_words(case: MatterCase) -> str:
    """Return the lines of a case that are not met, by name with why, or an empty text."""
    rows = case.materials.filter(state=MaterialState.MISSING).order_by("order")
    return "、".join(f"{item.name}（{item.note}）" if item.note else item.name for item in rows)


# Setting one line --------------------------------------------------------------------------------------------------


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
    case = lock_case(MaterialItem.objects.values_list("case_id", flat=True).get(pk=item_id))
    found = MaterialItem.objects.select_for_update(of=("self",)).select_related("kind", "document", "definition")
    item = found.get(pk=item_id)
    item.case = case
    require(rules.can_set_material, by, item)
    if state not in MaterialState.values:
        raise DomainError("material_state", "没有这种材料状态，请重新选择。")
    if item.state == state and uploaded is None and item.note == note[:300]:
        return item
    old = MaterialState(item.state)
    _CHECKS[MaterialState(state)](item, by, note)
    item.document = _document(item, state, by=by, uploaded=uploaded, at=at)
    item.state, item.note, item.is_automatic = state, note.strip()[:300], False
    item.changed_by, item.changed_at = by, at or timing.now()
    item.save()
    if old == MaterialState.DEFERRED and state == MaterialState.UPLOADED:
        from packages.services.settling import hand_in_deferred

        hand_in_deferred(item, by=by, at=at)
    record(
        "material.set", subject=item, project=case.project, by=by, at=at,
        summary=f"{case.matter.name}：{item.name} {MaterialState(state).label}", data={"material": [old, state]},
    )
    fill_lines(case.project, at=at)
    return item


def _document(
    item: MaterialItem, state: str, *, by: User, uploaded: UploadedFile[Any] | None, at: dt.datetime | None
) -> Document | None:
    if state == MaterialState.UPLOADED:
        if uploaded is None:
            raise DomainError("upload_missing", f"请选择“{item.name}”的文件后再提交。")
        return file_upload(
            item.case.project, uploaded=uploaded, kind=item.kind, title=item.name, source=item.case, by=by, at=at
        )
    if state == MaterialState.HELD:
        document = find_held(item.case.project, [item.kind]).get(item.kind_id)
        if document is None:
            raise DomainError("not_held", f"档案中没有可用的“{item.name}”，请上传。")
        return document
    return None


def _anybody(_item: MaterialItem, _by: User, _note: str) -> None:
    """No condition beyond the rule."""


def _deferrable(item: MaterialItem, _by: User, _note: str) -> None:
    if item.case.promised_days == 0:
        raise DomainError("deferral", f"“{item.case.matter.name}”是即办件，不适用容缺，请补齐材料。")
    if not item.case.matter.deferral_allowed:
        raise DomainError("deferral", f"“{item.case.matter.name}”不适用容缺受理，请补齐“{item.name}”。")
    if item.source != MaterialSource.APPLICANT or item.kind.slug == FORM_KIND:
        raise DomainError("deferral", f"“{item.name}”是主要材料，不能容缺，请提供后再报。")


def _committable(item: MaterialItem, _by: User, _note: str) -> None:
    if item.source != MaterialSource.COMMITMENT and not item.case.matter.commitment_allowed:
        raise DomainError("commitment", f"“{item.case.matter.name}”不适用告知承诺，请提供“{item.name}”。")
    if item.kind.slug == FORM_KIND:
        raise DomainError("commitment", f"“{item.name}”不能以承诺代替，请填写后提供。")


def _by_window(item: MaterialItem, by: User, note: str) -> None:
    if not rules.is_window(by, item.case.project):
        raise DomainError("window_only", "“不适用”和“系统共享”由窗口核对后确认，请联系窗口。")
    if not note.strip():
        raise DomainError("note_missing", f"请写明“{item.name}”不适用或系统共享的理由。")


def _by_its_own_step(item: MaterialItem, _by: User, _note: str) -> None:
    raise DomainError("letter_missing", f"以函代证请在“{item.name}”一行选择要用的函件。")


_CHECKS = {
    MaterialState.MISSING: _anybody,
    MaterialState.UPLOADED: _anybody,
    MaterialState.HELD: _anybody,
    MaterialState.DEFERRED: _deferrable,
    MaterialState.COMMITTED: _committable,
    MaterialState.SHARED: _by_window,
    MaterialState.NOT_APPLICABLE: _by_window,
    MaterialState.LETTER: _by_its_own_step,
}
