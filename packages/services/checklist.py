"""The checklist of a case: its lines come from the plan, and what the archive or a register holds is met at once.

Nobody is asked for what the government already has (免提交): shared and verified lines are met by where they come from,
results of earlier matters by the paper in the archive, reusable papers by what was filed before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from packages.choices import MaterialSource
from packages.listing import listed_of
from packages.models import MaterialItem, MatterCase
from packages.next_steps import CASE_LOST
from packages.planning.build import MaterialView, PlanView, build_plan, resolve_materials
from packages.planning.from_rows import matter_definition
from packages.services.assessment_uses import met_lines
from packages.services.conditional import inherited
from packages.services.letters import note_of, usable
from packages.services.reusing import (
    Found,
    await_department,
    drop_dead,
    search,
    use,
)
from packages.sources import Makers, is_issued, makers
from packages.states import CASE_OPEN, CASE_PASSED, CaseState, Handling, MaterialState, Supply
from projects import prepared, timing
from projects.bulk import update_all
from projects.errors import DomainError
from projects.quoting import quoted

if TYPE_CHECKING:
    from archives.models import Document
    from packages.models import Letter
    from projects.models import Project

#: Lines that nothing has met yet.
OPEN_LINES = frozenset({MaterialState.MISSING, MaterialState.AWAITED})
#: What filling may change of a line.
FILLED = (
    "state", "document_id", "is_automatic", "origin", "origin_note", "supply", "supplier_id", "warning", "note",
)
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
    """Copy the lines of the catalogue into cases that have none yet, with the source that holds in this plan.

    A paper that the enterprise would have to bring and that its one-time list does not name is left out (清单外).
    """
    listed = listed_of(cases[0].project) if cases else None
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
        asked = [view for view in lines if listed is None or not view.is_submitted or listed.asks(code, view.name)]
        rows += [_line(case, order, view) for order, view in enumerate(asked, start=1)]
    _put(rows)


def let_in(project: Project, code: str, material: str, *, at: dt.datetime | None = None) -> None:
    """Add a line that the centre has let in to the checklist of its matter that is still open, once."""
    view = next((m for m in plan_of(project).matters if m.code == code), None)
    line = next((one for one in view.materials if one.name == material), None) if view else None
    if line is None:
        return
    cases = MatterCase.objects.filter(project=project, matter__matter__code=code).exclude(materials=None)
    waiting = [CaseState.DRAFT, CaseState.RECEIVED, CaseState.CORRECTING]
    for case in cases.filter(state__in=waiting).exclude(materials__name=material).distinct():
        _put([_line(case, case.materials.count() + 1, line)])
    fill_lines(project, at=at)


def _put(rows: list[MaterialItem]) -> None:
    """Write lines with their kinds."""
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
    """What a project has for the lines that are open: good papers by kind, and its live cases by matter."""

    project: Project
    found: Found
    cases: dict[str, MatterCase]
    met: dict[tuple[int, int], str]
    handed_in: set[tuple[int, int]]
    letters: dict[int, Letter]
    handed: dict[tuple[str, int], tuple[Document, str]]
    regional: dict[tuple[str, str], Document | str]
    makers: Makers
    leads: dict[str, int]


def fill_lines(project: Project, *, at: dt.datetime | None = None) -> int:
    """Meet what can be met in every checklist of the locked project that is still open; return how many lines.

    Reused documents that are no longer good are taken away first, in every case that is not decided. What the
    government has to bring waits for its department, never for the enterprise.
    """
    lost = drop_dead(project, lambda: (makers(), leads_of(project)), at=at)
    keys = tuple(item.pk for item in lost)
    related = ("kind", "definition", "case__package_row", "case__lead", "case__matter__matter")
    items = prepared.rows(
        ("open lines", keys), lambda pk: open_lines(pk, keys).select_related(*related).order_by("pk"), project.pk
    )
    if not items:
        return 0
    held = _look_up(project, items, makers(), leads_of(project))
    met, changed = 0, []
    for item in items:
        item.case.project = project
        before = {name: getattr(item, name) for name in FILLED}
        met += _meet(item, held)
        if item.pk in keys or before != {name: getattr(item, name) for name in FILLED}:
            item.changed_at = at or timing.now()
            changed.append(item)
    update_all(changed, [*FILLED, "changed_at"])
    return met


def open_lines(project_id: int, also: Iterable[int] = ()) -> QuerySet[MaterialItem]:
    """Return the lines of a project that nothing has met yet, where they may still be met, and those of `also`."""
    waiting = Q(case__state__in=[CaseState.RECEIVED, CaseState.CORRECTING]) | Q(pk__in=list(also))
    waiting |= Q(case__state=CaseState.DRAFT, case__application__isnull=False)
    return MaterialItem.objects.filter(waiting, case__project_id=project_id, state__in=sorted(OPEN_LINES))


def leads_of(project: Project) -> dict[str, int]:
    """The lead departments of a project's live cases by matter."""
    live = MatterCase.objects.filter(project=project).exclude(state__in=CASE_LOST)
    return dict(live.values_list("matter__matter__code", "lead_id"))


def _look_up(project: Project, items: Sequence[MaterialItem], known: Makers, leads: dict[str, int]) -> _Held:
    kinds = {item.kind_id: item.kind for item in items}
    live = MatterCase.objects.filter(project=project).exclude(state__in=CASE_LOST)
    live = live.select_related("matter__matter", "package_row", "lead")
    cases = {case.matter.matter.code: case for case in live}
    states = [MaterialState.SHARED, MaterialState.COMMITTED, MaterialState.UPLOADED]
    rows = MaterialItem.objects.filter(case__in=list(cases.values()), kind__in=list(kinds), state__in=states)
    met: dict[tuple[int, int], str] = {}
    handed_in: set[tuple[int, int]] = set()
    for case_id, kind_id, state, document_id in rows.values_list("case_id", "kind_id", "state", "document_id"):
        if state != MaterialState.UPLOADED:
            met[case_id, kind_id] = state
        elif document_id is not None:
            handed_in.add((case_id, document_id))
    codes, today = {item.case.matter.matter.code for item in items}, timing.today()
    return _Held(
        project, search(project, kinds.values()), cases, met, handed_in, usable(project, codes, today),
        inherited(project, codes, today), met_lines(project, codes), known, leads,
    )


def _meet(item: MaterialItem, held: _Held) -> bool:  # noqa: PLR0911 - one answer per source
    """Meet one open line by itself where possible; else say who has to bring it."""
    source = MaterialSource(item.source)
    if source == MaterialSource.COMMITMENT:
        return _set(item, MaterialState.COMMITTED, "按告知承诺办理，无需提交材料")
    if _meet_regional(item, held):
        return True
    document = held.found.of(item, also_own=source != MaterialSource.APPLICANT)
    if document is not None and (item.case_id, document.pk) in held.handed_in:
        document = None  # one paper of the case; another line of the same kind asks for another paper
    if document is not None and (letter := held.letters.get(document.pk)) is not None:
        item.document = document
        return _set(item, MaterialState.LETTER, note_of(letter))
    if document is not None:
        use(item, document, held.project, why=held.found.why(item, document))
        return True
    if _meet_inherited(item, held):
        return True
    was_lost = bool(item.warning) or (item.supply == Supply.RECORD and item.state == MaterialState.AWAITED)
    if source in SHARED_NOTES and not was_lost:
        return _set(item, MaterialState.SHARED, SHARED_NOTES[source])
    if source == MaterialSource.EARLIER and _meet_earlier(item, held):
        return True
    if is_issued(item, held.makers):
        await_department(item, held.makers, held.leads)
    return False


def _meet_regional(item: MaterialItem, held: _Held) -> bool:
    """Meet a line with the result of the regional assessment (引用), or with the commitment that it allows."""
    found = held.regional.get((item.case.matter.matter.code, item.kind.slug))
    if found is None:
        return False
    if isinstance(found, str):
        return _set(item, MaterialState.COMMITTED, found)
    use(item, found, held.project)
    item.note = f"引用区域评估成果，免提交：{found.title}"[:300]
    return True


def _meet_inherited(item: MaterialItem, held: _Held) -> bool:
    """Meet a line with what an earlier phase of the works handed in (转正不再提交)."""
    found = held.handed.get((item.case.matter.matter.code, item.kind_id))
    if found is None:
        return False
    document, name = found
    use(item, document, held.project)
    item.note = f"沿用{quoted(name)}已交的材料：{document.title}"[:300]
    return True


def _meet_earlier(item: MaterialItem, held: _Held) -> bool:
    codes = item.definition.from_matters if item.definition else []
    earlier = [held.cases[code] for code in codes if code in held.cases]
    for case in earlier:
        state = held.met.get((case.pk, item.kind_id))
        if state is not None:
            return _set(item, MaterialState(state), f"沿用{quoted(case.matter.name)}的材料")
        if case.state in CASE_PASSED and not item.warning:
            return _set(item, MaterialState.SHARED, f"{quoted(case.matter.name)}已办结，由系统转入")
        if _runs_beside(item.case, case):
            return _set(item, MaterialState.SHARED, f"与{quoted(case.matter.name)}同步办理，办结时由系统转入")
    if earlier:
        item.note = item.warning or f"前置事项{quoted(earlier[0].matter.name)}未办结"
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
    item.supply, item.supplier_id = "", None
    return True


def missing_words(case: MatterCase) -> str:
    """Return the lines of a case that are not met, by name with why, or an empty text."""
    rows = case.materials.filter(state__in=list(OPEN_LINES)).select_related("supplier").order_by("order")
    return "、".join(f"{item.name}（{'；'.join(why)}）" if (why := _why(item)) else item.name for item in rows)


def lacking_words(case: MatterCase) -> str:
    """Return what is missing and what the clerk does about it: of the enterprise, of a department that has it."""
    rows = case.materials.filter(state__in=list(OPEN_LINES)).order_by()
    asked = {supplier is None for supplier in rows.values_list("supplier_id", flat=True)}
    office = "请窗口在申报页点“提供”调取上传，或催办该部门；不得向企业要"
    mixed = f"其中部门提供的，{office}；其余请补齐、容缺或承诺后再受理"
    told = {True: "请补齐、容缺或承诺后再受理", False: f"{office}，到齐后再受理"}
    how = mixed if len(asked) > 1 else told[asked.pop()]
    return f"{quoted(case.matter.name)}还缺材料：{missing_words(case)}。{how}。"


def _why(item: MaterialItem) -> list[str]:
    """Why a line is not met, and who has to bring it when that is a department."""
    how = item.get_supply_display().removeprefix("部门")
    who = f"由{item.supplier.label}{how}，不向企业要" if item.supplier else ""
    return [words for words in (item.note, who) if words]
