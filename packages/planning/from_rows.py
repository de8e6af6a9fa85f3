"""Package definitions from the database, kept in the process: published versions never change."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from django.db.models import Prefetch

from packages import floor
from packages.conditions import parse_rule
from packages.models import MatterVersion, PackageRow, PackageVersion, ReviewDef
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
from projects.models import Organisation

KEPT = 64  # definitions held by one process: the nine packages in a few versions


def definition_of(version: PackageVersion) -> PackageDefinition:
    """The definition of a package version. A draft is read anew each time, a frozen version once in a process."""
    if not version.is_frozen:
        return _read(version.pk)
    return _kept(version.pk, version.digest, version.published_at)


@lru_cache(maxsize=KEPT)
def _kept(pk: int, digest: str, published_at: dt.datetime | None) -> PackageDefinition:  # noqa: ARG001 - the key
    return _read(pk)


def _read(pk: int) -> PackageDefinition:
    version = PackageVersion.objects.select_related("package").get(pk=pk)
    matters = MatterVersion.objects.select_related("matter", "lead", "result_kind").prefetch_related(
        "prerequisites__matter",
        Prefetch("reviews", ReviewDef.objects.select_related("organisation")),
        "materials__document_kind",
    )
    found = PackageRow.objects.filter(version=version).prefetch_related(Prefetch("matter_version", matters))
    rows = tuple(_row(row) for row in found.order_by("order"))
    return PackageDefinition(
        version.pk, version.code, version.name, version.investment, version.stage_days, version.scope_text,
        parse_rule(version.scope_rule), rows, rules_of(rows, {r.matter.code: r.matter.prerequisites for r in rows}),
    )


def _row(row: PackageRow) -> RowDefinition:
    matter = matter_definition(row.matter_version)
    promise = row.promised_days
    entry = Row(
        matter.code, STAGES.index(row.stage), row.step, row.lane, promise if row.is_counted else 0, promise,
        matter.prerequisites, matter.starts_works,
    )
    return RowDefinition(
        row.pk, matter, entry, row.together, row.required, row.condition, parse_rule(row.rule) if row.rule else None,
        promise, row.is_counted,
    )


def matter_definition(version: MatterVersion) -> MatterDefinition:
    """A matter version in its pure form."""
    code = version.matter.code
    return MatterDefinition(
        pk=version.pk, code=code, name=version.name, kind=version.kind, lead=_body(version.lead), stage=version.stage,
        national_stage=version.national_stage, is_milestone=version.is_milestone, level=version.level,
        starts_works=version.starts_works, statutory_days=version.statutory_days,
        statutory_unit=version.statutory_unit, promised_days=version.promised_days, unit=version.unit,
        result_name=version.result_name, result_kind=version.result_kind.slug,
        commitment_allowed=version.commitment_allowed, deferral_allowed=version.deferral_allowed,
        parallel_group=version.parallel_group, legal_basis=version.legal_basis, note=version.note,
        is_counted=version.is_counted,
        prerequisites=tuple(part.matter.code for part in version.prerequisites.all()),
        reviews=tuple(_review(code, part) for part in version.reviews.all()),
        materials=tuple(
            MaterialLine(
                part.pk, part.name, part.form, part.source, tuple(part.from_matters), part.second_source,
                part.document_kind.slug, part.document_kind.name, part.deferral_days,
            )
            for part in version.materials.all()
        ),
    )


def _body(organisation: Organisation) -> Body:
    return Body(organisation.code, organisation.name, organisation.kind)


def _review(matter_code: str, part: ReviewDef) -> ReviewLine:
    body = _body(part.organisation)
    tacit = part.tacit and floor.may_be_tacit(matter_code, body.kind, body.code, part.role, part.rule)
    rule = parse_rule(part.rule) if part.rule else None
    return ReviewLine(part.pk, body, part.role, part.days, tacit, rule, part.note)
