"""以函代证: letters that stand in for certificates, for listed matters, until a day (handbook §6.7; docs/letters.md).

The rule of the place is not known: what a letter may be used for, how long, and which facts are compared is data and
our proposal. A letter is taken only where it is listed and on a day on which it holds. Its conversion compares it with
the formal certificate field by field: a material difference blocks, an immaterial one needs the chief's reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.models import Paper
from archives.services.papers import papers_of, replace_paper
from archives.states import PaperKind, PaperState
from packages import living_data, living_rules
from packages.facts import vocabulary
from packages.living_data import LetterRule
from packages.models import Enrolment, Letter, LivingTerms, MaterialItem, MatterCase
from packages.services import living as shared
from packages.services import paperwork
from packages.services.back_entry import check_moment
from packages.services.locking import lock_case
from packages.states import CASE_PASSED, LIVING_LIVE, LivingState, MaterialState
from projects import timing
from projects.back_entry import check_after
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Project, User
from projects.quoting import quoted

if TYPE_CHECKING:
    from archives.models import Document

SAME, MATERIAL, IMMATERIAL = "same", "material", "immaterial"
#: A certificate that was granted before the letter is none that it stands in for.
NO_FORMAL = "本函出具后还没有正式证件办结，办结后再核对换发。"
WORDS = {SAME: "一致", MATERIAL: "实质差异", IMMATERIAL: "非实质差异"}


# What a letter states ------------------------------------------------------------------------------------------------


def values_of(project: Project, rule: LetterRule) -> dict[str, str]:
    """Return what the portal knows of the fields of a letter today: the project's own words and facts."""
    enrolment = Enrolment.objects.filter(project=project).first()
    facts = enrolment.facts if enrolment else {}
    plain = {"owner": project.owner.name, "address": project.address, "name": project.name}
    found = {}
    for field in rule.fields:
        name = field.source.removeprefix("fact:")
        if name == field.source:
            found[field.key] = plain.get(name, "")
        elif name in facts and name in vocabulary():
            shown = vocabulary()[name].show(facts[name])
            found[field.key] = shown.removesuffix(vocabulary()[name].unit).strip() if field.unit else shown
        else:
            found[field.key] = ""
    return found


def fields_of(case: MatterCase, rule: LetterRule) -> list[dict[str, Any]]:
    """Return the fields as the letter will state them: as the lead department wrote them, else as the portal knows."""
    terms = LivingTerms.objects.filter(case=case).first()
    known = values_of(case.project, rule) | {k: v for k, v in (terms.values if terms else {}).items() if v}
    return [
        {"key": field.key, "name": field.name, "value": known.get(field.key, ""), "unit": field.unit,
         "material": field.is_material, "tolerance": field.tolerance}
        for field in rule.fields
    ]


def paragraphs_of(rule: LetterRule, first: dt.date, names: Mapping[str, str]) -> list[str]:
    """Return what the letter says of its use and its days."""
    matters = "、".join(f"“{names.get(code, code)}”" for code in rule.usable_by)
    return [
        f"本函代替{rule.stands_for}，仅用于办理{matters}。",
        f"有效期至{paperwork.day(rule.last_day(first))}；正式证件办结后逐项核对换发，主要内容不一致的不予换发。",
    ]


def table_of(fields: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields as the table of the paper."""
    rows = [[field["name"], f"{field['value']} {field['unit']}".strip() or "—"] for field in fields]
    return {"head": ["核对项", "本函所载"], "rows": rows}


def issue(
    case: MatterCase, rule: LetterRule, paper: Paper, fields: list[dict[str, Any]], *, by: User | None, at: dt.datetime
) -> Letter:
    """Put a letter of a locked case in force with its paper. Event `letter.issued`."""
    first = timing.business_day(at)
    until = rule.last_day(first)
    letter = Letter(
        project=case.project, case=case, paper=paper, code=rule.code, name=rule.name, issuer=case.lead,
        valid_from=first, valid_until=until, next_on=shared.next_look(until, None), issued_by=by, changed_at=at,
        stands_for=rule.stands_for, kinds=list(rule.kinds), usable_by=list(rule.usable_by), formal=list(rule.formal),
        fields=fields,
    )
    letter.save()
    words = f"出具{letter.name}，代替{letter.stands_for}，有效期至{timing.written(until)}"
    shared.save_moved(letter, "", "issued", words, by=by, at=at, until=str(until))
    return letter


# Using a letter ------------------------------------------------------------------------------------------------------


def check_usable(letter: Letter, case: MatterCase, day: dt.date) -> None:
    """Refuse a letter that is not listed for the matter, that has ended, or that has run out by this day.

    Raises `DomainError` (`letter_not_listed`, `letter_ended`, `letter_lapsed`).
    """
    number = letter.paper.number
    if case.matter.matter.code not in letter.usable_by:
        raise DomainError(
            "letter_not_listed", f"{letter.name}{number}不能用于{quoted(case.matter.name)}，请提供正式证件。"
        )
    if day > letter.valid_until or letter.state == LivingState.LAPSED:
        raise DomainError(
            "letter_lapsed",
            f"{letter.name}{number}已于 {letter.valid_until.month}月{letter.valid_until.day}日到期，不能再用。"
            f"请提供正式证件，或请{letter.issuer.label}重新出函。",
        )
    if letter.state not in LIVING_LIVE:
        word = LivingState(letter.state).label
        raise DomainError("letter_ended", f"{letter.name}{number}{word}，不能再用。请提供正式证件。")


def usable(project: Project, codes: Iterable[str], day: dt.date) -> dict[int, Letter]:
    """Return the letters of a project that hold on a day and are listed for one of the matters, by their document."""
    wanted = set(codes)
    if not wanted & {code for rule in living_data.letter_rules() for code in rule.usable_by}:
        return {}
    found = Letter.objects.filter(shared.live_on(day), project=project).select_related("paper__document")
    return {
        letter.paper.document_id: letter
        for letter in found.order_by("pk") if letter.paper.document_id and wanted & set(letter.usable_by)
    }


def letters_for(item: MaterialItem, day: dt.date) -> list[Letter]:
    """Return the letters that may meet a line of a checklist on a day."""
    if item.kind.slug not in living_data.letter_kinds():
        return []
    found = usable(item.case.project, [item.case.matter.matter.code], day)
    return [letter for letter in found.values() if item.kind.slug in letter.kinds]


@transaction.atomic
def use_letter(item_id: int, *, letter_id: int, by: User, at: dt.datetime | None = None) -> MaterialItem:
    """Meet a line of a checklist with a letter (以函代证), which stays visible as where it comes from.

    Event `material.set`. The same again changes nothing; a letter that has run out is not used by an earlier `at`
    either. Raises `NotAllowed`, `DomainError` (`letter_kind`, those of `check_usable`, `future`, `time_order` before
    the letter was issued or before what happened to the case last).
    """
    case = lock_case(MaterialItem.objects.values_list("case_id", flat=True).get(pk=item_id))
    found = MaterialItem.objects.select_for_update(of=("self",)).select_related("kind", "document", "definition")
    item = found.get(pk=item_id)
    item.case = case
    require(living_rules.can_use_letter, by, item)
    letter = Letter.objects.select_related("paper__document", "issuer").get(pk=letter_id, project=case.project)
    if item.state == MaterialState.LETTER and item.document_id == letter.paper.document_id:
        return item
    check_usable(letter, case, timing.today())
    if item.kind.slug not in letter.kinds:
        raise DomainError("letter_kind", f"{letter.name}不能代替{quoted(item.name)}，请提供正式材料。")
    check_after(at, letter.paper.issued_at, "出具这份函")
    check_moment(case, at)
    old = item.state
    item.state, item.document, item.note = MaterialState.LETTER, letter.paper.document, note_of(letter)
    item.is_automatic, item.changed_by, item.changed_at = False, by, at or timing.now()
    item.save()
    record(
        "material.set", subject=item, project=case.project, by=by, at=at,
        summary=f"{case.matter.name}：{item.name} 以函代证", data={"material": [old, item.state], "letter": letter.pk},
    )
    return item


def note_of(letter: Letter) -> str:
    """Return what stands beside a line that a letter meets."""
    return f"以函代证：{letter.name}{letter.paper.number}，有效期至{timing.written(letter.valid_until)}"


def check_lines(case: MatterCase, day: dt.date) -> None:
    """Refuse an acceptance or a grant that stands on a letter which does not hold on this day. One query for most."""
    lines = case.materials.filter(state=MaterialState.LETTER).values_list("document_id", flat=True)
    documents = [pk for pk in lines if pk]
    if not documents:
        return
    found = Letter.objects.filter(paper__document_id__in=documents).select_related("paper", "issuer")
    for letter in found.order_by("pk"):
        if letter.state != LivingState.CONVERTED:  # converted: the certificate itself is there
            check_usable(letter, case, day)


def uses_of(letter: Letter) -> list[MaterialItem]:
    """Return the lines of checklists that a letter meets."""
    document: Document | None = letter.paper.document
    found = MaterialItem.objects.filter(document=document, state=MaterialState.LETTER)
    return list(found.select_related("case__matter", "case__lead").order_by("pk"))


# Conversion ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a letter beside the formal certificate; `kind` is same, material or immaterial."""

    key: str
    name: str
    unit: str
    letter: str
    formal: str
    kind: str
    rule: str

    @property
    def word(self) -> str:
        """What the comparison says of it."""
        return WORDS[self.kind]


def compare(letter: Letter, formal: Mapping[str, str]) -> list[Difference]:
    """Compare what a letter states with what the formal certificate does, field by field.

    Numbers within the tolerance of their field differ immaterially; what the letter left open cannot be compared and
    is immaterial. Words are compared without blanks.
    """
    return [_difference(field, formal.get(field["key"], "").strip()) for field in letter.fields]


def _difference(field: Mapping[str, Any], formal: str) -> Difference:
    stated, tolerance = str(field["value"]).strip(), float(field["tolerance"])
    rule = "主要内容，须一致" if field["material"] else "说明理由即可"
    if field["material"] and tolerance:
        rule = f"主要内容，允许 ±{tolerance:g}%"
    if "".join(stated.split()) == "".join(formal.split()):
        kind = SAME
    elif not field["material"] or not stated:
        kind = IMMATERIAL
    else:
        kind = _numbers(stated, formal, tolerance)
    return Difference(field["key"], field["name"], field["unit"], stated, formal, kind, rule)


def _numbers(stated: str, formal: str, tolerance: float) -> str:
    try:
        before, after = float(stated.replace(",", "")), float(formal.replace(",", ""))
    except ValueError:
        return MATERIAL
    if before == after:
        return SAME
    return IMMATERIAL if before and abs(after - before) / abs(before) * 100 <= tolerance else MATERIAL


def formal_of(letter: Letter) -> MatterCase | None:
    """Return the granted case whose certificate takes the place of a letter: granted since the letter was issued."""
    found = MatterCase.objects.filter(
        project_id=letter.project_id, matter__matter__code__in=letter.formal, state__in=CASE_PASSED,
        decided_at__gte=timing.start_of_day(letter.valid_from),
    )
    order = {code: place for place, code in enumerate(letter.formal)}
    cases = sorted(found.select_related("matter__matter"), key=lambda case: order[case.matter.matter.code])
    return cases[0] if cases else None


@transaction.atomic
def convert_letter(
    letter_id: int, *, by: User, values: Mapping[str, str], reason: str = "", at: dt.datetime | None = None
) -> Letter:
    """换发: the formal certificate takes the place of a letter, after a comparison of every field.

    Effects in order: the comparison is kept; transition; the certificate replaces the letter's paper; event
    `letter.converted` with the differences by kind. Converted again changes nothing; one that has run out is not
    converted by an earlier `at` either. Raises `NotAllowed`, `DomainError` (`living_state`, `letter_lapsed`,
    `no_formal`, `values`, `letter_differs` naming each material difference, `reason` where there are immaterial ones
    and no reason, `future`, `time_order` before either paper was issued).
    """
    letter = _locked(letter_id)
    require(living_rules.can_convert_letter, by, letter)
    if letter.state == LivingState.CONVERTED:
        return letter
    shared.expect_living(letter, *LIVING_LIVE, verb="换发")
    if timing.today() > letter.valid_until:
        over = f"{letter.name}已于{timing.written(letter.valid_until)}到期，不能再换发"
        raise DomainError("letter_lapsed", f"{over}；请停用这份函，凭正式证件办理。")
    case = formal_of(letter)
    if case is None:
        raise DomainError("no_formal", NO_FORMAL)
    found = _checked(letter, values, reason)
    moment, old = at or timing.now(), letter.state
    letter.convert()
    letter.formal_case, letter.formal_paper = case, certificate_of(case)
    if letter.formal_paper is None:
        raise DomainError("no_formal", "正式证件还没有出具文书，出具后再核对换发。")
    check_after(at, max(letter.paper.issued_at, letter.formal_paper.issued_at), "出具正式证件")
    letter.differences, letter.reason = [asdict(row) for row in found], reason.strip()[:500]
    letter.next_on, letter.converted_at, letter.closed_at = None, moment, moment
    count = sum(row.kind == IMMATERIAL for row in found)
    note = f"，{count} 项非实质差异" if count else "，各项一致"
    shared.save_moved(
        letter, old, "converted", f"换发：{letter.name}转为{letter.formal_paper.number}{note}", by=by, at=at,
        differences=[row.key for row in found if row.kind != SAME], by_paper=letter.formal_paper.number,
    )
    if letter.paper.state == PaperState.VALID:
        replace_paper(letter.paper, new=letter.formal_paper, by=by, reason="换发正式证件", at=at)
    return letter


def _checked(letter: Letter, values: Mapping[str, str], reason: str) -> list[Difference]:
    empty = [field["name"] for field in letter.fields if field["material"] and not values.get(field["key"], "").strip()]
    if empty:
        raise DomainError("values", f"请填写正式证件所载的{'、'.join(empty)}，再核对换发。")
    found = compare(letter, values)
    material = [row for row in found if row.kind == MATERIAL]
    if material:
        words = "；".join(
            f"{row.name}：函为{row.letter}{row.unit}，正式证件为{row.formal}{row.unit}" for row in material
        )
        raise DomainError(
            "letter_differs", f"有 {len(material)} 项实质差异，不能换发。{words}。请重新出函或更正正式证件后再办。"
        )
    if any(row.kind == IMMATERIAL for row in found) and not reason.strip():
        raise DomainError("reason", "有非实质差异，请首席代表写明继续换发的理由。")
    return found


def certificate_of(case: MatterCase) -> Paper | None:
    """Return the valid certificate of a granted case."""
    return papers_of(case).filter(kind=PaperKind.CERTIFICATE, state=PaperState.VALID).order_by("-pk").first()


def _locked(letter_id: int) -> Letter:
    found = shared.lock_living("letter", letter_id)
    if not isinstance(found, Letter):
        raise TypeError("not a letter")
    return found


def formal_granted(case: MatterCase, *, at: dt.datetime) -> None:
    """A formal matter was granted: letters that it replaces wait for their comparison now (`formal_case`)."""
    code = case.matter.matter.code
    if code not in living_data.formal_matters():
        return
    for letter in Letter.objects.live().filter(project=case.project, formal_case=None):
        if code in letter.formal:
            letter.formal_case, letter.changed_at = case, at
            letter.save(update_fields=["formal_case", "changed_at"])
