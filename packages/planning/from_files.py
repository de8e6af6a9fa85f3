"""Package definitions straight from the catalogue's files, for a checkout whose database holds no catalogue yet."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from packages import floor
from packages.catalog_checks import check
from packages.catalog_files import CATALOG, FORM_OF, KIND_OF, SOURCE_OF, Line, Tables, read_note, read_tables
from packages.conditions import parse_rule
from packages.facts import split
from packages.planning.definition import (
    Body,
    MaterialLine,
    MatterDefinition,
    PackageDefinition,
    ReviewLine,
    RowDefinition,
    rules_of,
)
from packages.planning.engine import STAGES, Row


class CatalogueError(ValueError):
    """The catalogue's files do not hold together."""


@lru_cache(maxsize=2)
def packages_from_files(folder: Path = CATALOG) -> Mapping[str, PackageDefinition]:
    """All packages of a catalogue folder by code, in file order. Raises CatalogueError with the first faults."""
    tables = read_tables(folder)
    if faults := check(tables):
        raise CatalogueError("；".join(str(fault) for fault in faults[:5]))
    matters = _matters(tables)
    rows = tables.group("package_matters.tsv", "package_code")
    return {line["code"]: _package(line, rows[line["code"]], matters) for line in tables["packages.tsv"]}


def _matters(tables: Tables) -> dict[str, MatterDefinition]:
    bodies = {
        line["name_zh"]: Body(line["code"], line["name_zh"], line["kind"]) for line in tables["departments.tsv"]
    }
    by_code = {body.code: body for body in bodies.values()}
    kinds = tables.by("document_kinds.tsv", "slug")
    results = {code: slug for slug, line in kinds.items() for code in split(line["produced_by"])}
    reviews = tables.group("matter_reviews.tsv", "matter_code")
    materials = tables.group("materials.tsv", "matter_code")
    return {
        line["code"]: _matter(
            line, bodies[line["lead_department"]], results[line["code"]],
            tuple(_review(r, by_code[r["department_code"]]) for r in reviews.get(line["code"], [])),
            tuple(_material(m, kinds[m["document_kind"]]["name_zh"]) for m in materials.get(line["code"], [])),
        )
        for line in tables["matters.tsv"]
    }


def _review(line: Line, body: Body) -> ReviewLine:
    tacit = line.says("tacit") and floor.may_be_tacit(
        line["matter_code"], body.kind, body.code, line["role"], line["rule"]
    )
    rule = parse_rule(line["rule"]) if line["rule"] else None
    return ReviewLine(None, body, line["role"], line.number_of("days"), tacit, rule, line["note"])


def _material(line: Line, kind_name: str) -> MaterialLine:
    return MaterialLine(
        None, line["name_zh"], FORM_OF[line["form"]], SOURCE_OF[line["source"]], split(line["from_matter"]),
        SOURCE_OF.get(line["second_source"], ""), line["document_kind"], kind_name,
    )


def _matter(
    line: Line, lead: Body, result_kind: str, reviews: tuple[ReviewLine, ...], materials: tuple[MaterialLine, ...]
) -> MatterDefinition:
    texts = read_note(line["note"])
    return MatterDefinition(
        pk=None, code=line["code"], name=line["name_zh"], kind=KIND_OF[line["kind"]], lead=lead, stage=line["stage"],
        national_stage=line.number_of("national_stage"), is_milestone=line.says("milestone"), level=line["level"],
        starts_works=line.says("starts_works"), statutory_days=line.whole("statutory_days"),
        statutory_unit=texts.statutory_unit, promised_days=line.number_of("promised_days"), unit=texts.unit,
        result_name=line["result_document"], result_kind=result_kind, commitment_allowed=line.says("commitment"),
        deferral_allowed=line.says("deficiency_ok"), parallel_group=line["parallel_group"],
        legal_basis=line["legal_basis"], note=texts.note, is_counted=texts.is_counted,
        prerequisites=split(line["prerequisites"]), reviews=reviews, materials=materials,
    )


def _row(line: Line, matter: MatterDefinition) -> RowDefinition:
    promise = int(line["days_override"] or matter.promised_days)
    counted = line.says("counted")
    entry = Row(
        matter.code, STAGES.index(line["stage"]), line.number_of("step"), line["lane"], promise if counted else 0,
        promise, matter.prerequisites, matter.starts_works,
    )
    return RowDefinition(
        None, matter, entry, line.says("together"), line.says("required"), line["condition"],
        parse_rule(line["rule"]) if line["rule"] else None, promise, counted,
    )


def _package(line: Line, lines: list[Line], matters: Mapping[str, MatterDefinition]) -> PackageDefinition:
    rows = tuple(_row(row, matters[row["matter_code"]]) for row in lines)
    return PackageDefinition(
        None, line["code"], line["name_zh"], line["investment"],
        (line.number_of("days_planning"), line.number_of("days_permit"), line.number_of("days_acceptance")),
        line["scope_rule"], parse_rule(line["scope"]), rows,
        rules_of(rows, {code: matter.prerequisites for code, matter in matters.items()}),
    )
