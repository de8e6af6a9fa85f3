"""What the catalogue's files say, as the content of model rows: one value for each definition, with its digest.

Two definitions are the same version when their digests are equal. The digest of a matter covers its reviews and
materials, that of a package the digests of its matters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from packages.catalog_files import FORM_OF, KIND_OF, SOURCE_OF, Line, Tables, read_note
from packages.facts import split
from packages.review_terms import NAMES

#: A row of commitments.tsv for every matter that has none of its own.
EVERY = "*"


@dataclass(frozen=True, slots=True)
class Content:
    """A definition: its code, the columns of its version row, and its parts by name (each a list of columns).

    References stand as codes: `lead` and `organisation` of a department, `kind` slugs of documents, `matter` codes.
    """

    code: str
    name: str
    columns: dict[str, Any]
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of everything the definition says."""
        text = json.dumps([self.columns, self.parts], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def department_rows(tables: Tables) -> list[dict[str, str]]:
    """Rows for `load_departments`."""
    return [
        {"code": line["code"], "name": line["name_zh"], "kind": line["kind"], "note": line["note"]}
        for line in tables["departments.tsv"]
    ]


def kind_rows(tables: Tables) -> list[dict[str, Any]]:
    """Rows for `load_document_kinds`."""
    return [
        {
            "slug": line["slug"], "name": line["name_zh"], "doc_class": line["class"],
            "produced_by": line["produced_by"], "validity_days": line.whole("validity_days"),
            "is_personal": line.says("personal"), "is_reusable": line.says("reusable"),
        }
        for line in tables["document_kinds.tsv"]
    ]


def matters(tables: Tables) -> dict[str, Content]:
    """All matters by code."""
    leads = {line["name_zh"]: line["code"] for line in tables["departments.tsv"]}
    results = {
        code: line["slug"] for line in tables["document_kinds.tsv"] for code in split(line["produced_by"])
    }
    reviews = tables.group("matter_reviews.tsv", "matter_code")
    materials = tables.group("materials.tsv", "matter_code")
    deferrals = {(line["matter_code"], line["name_zh"]): line for line in tables["deferrals.tsv"]}
    holders = {(line["matter_code"], line["name_zh"]): line["role"] for line in tables["holders.tsv"]}
    terms = tables.by("commitments.tsv", "matter_code")
    rounds = tables.by("review_rounds.tsv", "matter_code")
    phrases = list(tables["review_phrases.tsv"])
    return {
        line["code"]: Content(
            line["code"], line["name_zh"],
            _matter(line, leads[line["lead_department"]], results[line["code"]])
            | {"commitment_terms": _terms(terms.get(line["code"]) or terms.get(EVERY))}
            | {"review_terms": _rounds(rounds.get(line["code"]) or rounds.get(EVERY))},
            {
                "prerequisites": [{"matter": code} for code in split(line["prerequisites"])],
                "reviews": [
                    _review(part) | {"phrases": _phrases(part, phrases)} for part in reviews.get(line["code"], [])
                ],
                "materials": [
                    _material(part) | _deferral(deferrals.get((line["code"], part["name_zh"])))
                    | _holder(holders.get((line["code"], part["name_zh"])))
                    for part in materials.get(line["code"], [])
                ],
            },
        )
        for line in tables["matters.tsv"]
    }


def _matter(line: Line, lead: str, result_kind: str) -> dict[str, Any]:
    texts = read_note(line["note"])
    return {
        "name": line["name_zh"], "name_en": line["name_en"], "kind": KIND_OF[line["kind"]], "lead": lead,
        "stage": line["stage"], "national_stage": line.number_of("national_stage"),
        "is_milestone": line.says("milestone"), "level": line["level"], "starts_works": line.says("starts_works"),
        "statutory_days": line.whole("statutory_days"), "promised_days": line.number_of("promised_days"),
        "unit": texts.unit, "statutory_unit": texts.statutory_unit, "result_name": line["result_document"],
        "result_kind": result_kind, "commitment_allowed": line.says("commitment"),
        "deferral_allowed": line.says("deficiency_ok"), "parallel_group": line["parallel_group"],
        "legal_basis": line["legal_basis"], "note": texts.note, "provenance": texts.provenance,
        "is_counted": texts.is_counted,
    }


def _review(line: Line) -> dict[str, Any]:
    return {
        "organisation": line["department_code"], "role": line["role"], "days": line.number_of("days"),
        "tacit": line.says("tacit"), "rule": line["rule"], "note": line["note"],
    }


def _material(line: Line) -> dict[str, Any]:
    return {
        "name": line["name_zh"], "name_en": line["name_en"], "form": FORM_OF[line["form"]],
        "source": SOURCE_OF[line["source"]], "from_matters": list(split(line["from_matter"])),
        "second_source": SOURCE_OF.get(line["second_source"], ""), "document_kind": line["document_kind"],
    }


def _deferral(line: Line | None) -> dict[str, Any]:
    """Whether and how a material may follow later; nothing where the table does not name it."""
    if line is None:
        return {}
    return {
        "deferral_days": line.number_of("max_days"), "arrives_before": line["arrives_before"],
        "late_consequence": line["late"],
    }


def _holder(role: str | None) -> dict[str, Any]:
    """Whose paper a material is when it is not the owner's, as the type of the body that takes part (DWLX)."""
    return {} if role is None else {"holder_role": role}


def _terms(line: Line | None) -> dict[str, Any]:
    """What the pair of notice and commitment says of a matter."""
    if line is None:
        return {}
    return {
        "conditions": list(split(line["conditions"])), "requirements": list(split(line["requirements"])),
        "days": line.number_of("days"), "designer": line.says("designer"),
        "consequences": list(split(line["consequences"])),
    }


def _rounds(line: Line | None) -> dict[str, Any]:
    """How long the steps of a joint review take, in working days; nothing where the table is not there."""
    return {} if line is None else {name: line.number_of(name) for name in NAMES}


def _phrases(part: Line, lines: Iterable[Line]) -> list[dict[str, str]]:
    """What a body usually says on a matter, with basis and remedy; an empty basis is that of the matter."""
    return [
        {name: line[name] for name in ("verdict", "reason", "basis", "remedy")}
        for line in lines
        if line["department_code"] in {EVERY, part["department_code"]}
        and line["matter_code"] in {EVERY, part["matter_code"]}
    ]


def packages(tables: Tables, digests: dict[str, str]) -> dict[str, Content]:
    """All packages by code; `digests` are those of the matters."""
    rows = tables.group("package_matters.tsv", "package_code")
    return {
        line["code"]: Content(
            line["code"], line["name_zh"], _package(line),
            {"rows": [_row(row, digests[row["matter_code"]]) for row in rows[line["code"]]]},
        )
        for line in tables["packages.tsv"]
    }


def _package(line: Line) -> dict[str, Any]:
    days = {name: line.number_of(name) for name in ("days_planning", "days_permit", "days_acceptance", "total_days")}
    return {
        "name": line["name_zh"], "name_en": line["name_en"], "investment": line["investment"], **days,
        "scope_text": line["scope_rule"], "scope_rule": line["scope"], "source": line["source"],
    }


def _row(line: Line, digest: str) -> dict[str, Any]:
    return {
        "matter": line["matter_code"], "digest": digest, "stage": line["stage"], "step": line.number_of("step"),
        "lane": line["lane"], "together": line.says("together"), "required": line.says("required"),
        "condition": line["condition"], "rule": line["rule"], "days_override": line.whole("days_override"),
        "is_counted": line.says("counted"),
    }


def items(tables: Tables) -> dict[str, Content]:
    """The acceptance items by code."""
    return {
        line["code"]: Content(
            line["code"], line["name_zh"],
            {
                "no": line.number_of("no"), "name": line["name_zh"], "organisation": line["department_code"],
                "days": line.number_of("days"), "gate": line.says("gate"), "fused_with": line["fused_with"],
                "rule": line["rule"],
            },
            {"matters": [{"matter": code} for code in split(line["matter_code"])]},
        )
        for line in tables["acceptance_items.tsv"]
    }
