"""What the archive of a project lacks by its plan: results of matters, materials let through, papers of the works.

Five rules. A matter that was granted has its result in the archive, else it is missing (缺件). A matter that is still
to be decided will bring one (待形成). A material that was deferred or promised at acceptance is owed. Papers of the
works that the acceptance stage asks from the parties (竣工前必备, classes B to E) are to come, and missing once the
project stands in that stage. What else an archive needs by a moment stands in `archive_rules.tsv`. A fixed number of
queries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from django.urls import reverse

from archives import completeness
from archives.completeness import Missing
from archives.models import Document
from packages.archive_rules import CENTRE, MOMENTS, OWNER, rules_for
from packages.choices import MatterStage
from packages.chosen import enrolment_of
from packages.coded import is_brought
from packages.models import MaterialDef, MaterialItem
from packages.standing_in import brought_by
from packages.states import CASE_ENDED, CASE_PASSED, Handling, MaterialState
from packages.waiting import cases_of
from projects import glance, prepared
from projects.memo import rows_about, rows_of
from projects.quoting import quoted
from projects.states import Stage

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from packages.models import MatterCase
    from projects.models import Project

#: Papers of the works themselves: supervision, construction, as-built drawings, completion.
WORKS_CLASSES = ("B", "C", "D", "E")
BY_PARTY = "party"
LET_THROUGH = "packages.let_through"


def missing_by_plan(project: Project) -> Iterator[Missing]:
    """Yield what the archive of the project lacks by its plan."""
    kinds = dict(rows_about("packages.kinds_held", _kinds_held, project.pk))
    held, cases = set(kinds), cases_of(project)
    yield from _results(project, cases, held)
    yield from _let_through(project)
    yield from _of_the_works(project, cases, held)
    yield from _by_rule(project, set(kinds.values()))


def _kinds_held(project_id: int) -> QuerySet[Document, tuple[int, str]]:
    found = Document.objects.current().filter(project=project_id).order_by()
    return found.values_list("kind_id", "kind__slug").distinct()


def _results(project: Project, cases: Sequence[MatterCase], held: set[int]) -> Iterator[Missing]:
    for case in sorted(cases, key=lambda case: case.pk):  # the code that a project brought stands on its card
        kind, passed = case.matter.result_kind, case.state in CASE_PASSED
        if kind.pk in held or (case.state in CASE_ENDED and not passed) or is_brought(case):
            continue
        reason = quoted(case.matter.name) + ("已办结，结果没有归档" if passed else "办结时形成")
        owed_by = project.owner.label if case.handling == Handling.OUTSIDE and not passed else case.lead.label
        yield Missing(
            kind_name=kind.name, doc_class=kind.doc_class, owed_by=owed_by, when=case.due_on or "", reason=reason,
            url=reverse("packages:case", args=[case.pk]), is_due=passed,
        )


def _items(project_ids: Sequence[int]) -> QuerySet[MaterialItem]:
    """Materials that were let through and have not come."""
    states = [MaterialState.DEFERRED, MaterialState.COMMITTED]
    found = MaterialItem.objects.filter(case__project__in=project_ids, state__in=states, document=None)
    return found.exclude(case__accepted_at=None)


def _let_through(project: Project) -> Iterator[Missing]:
    if not glance.glance([project]).has(LET_THROUGH, project.pk):
        return
    for item in _items([project.pk]).select_related("kind", "case__matter").order_by("pk"):
        word = "容缺受理，待补交" if item.state == MaterialState.DEFERRED else "告知承诺，待兑现"
        yield Missing(
            kind_name=item.name, doc_class=item.kind.doc_class, owed_by=project.owner.label,
            reason=f"{quoted(item.case.matter.name)}{word}", url=reverse("packages:case", args=[item.case_id]),
            is_due=item.state == MaterialState.DEFERRED,
        )


def _of_the_works(project: Project, cases: Sequence[MatterCase], held: set[int]) -> Iterator[Missing]:
    versions = frozenset(case.matter_id for case in cases if case.stage == MatterStage.ACCEPTANCE)
    if not versions:
        return
    where = _where_filed(project)
    for pk, name, doc_class, slug in rows_of(("packages.works", versions), lambda: _papers_of_works(versions)):
        if pk not in held:
            yield Missing(
                kind_name=name, doc_class=doc_class, owed_by=project.owner.label, reason="竣工前必备",
                is_due=project.stage == Stage.ACCEPTANCE, url=where + slug,
            )


def _papers_of_works(versions: Collection[int]) -> QuerySet[MaterialDef, tuple[int, str, str, str]]:
    found = MaterialDef.objects.filter(
        version__in=versions, document_kind__doc_class__in=WORKS_CLASSES, document_kind__produced_by=BY_PARTY
    )
    columns = ("document_kind", "document_kind__name", "document_kind__doc_class", "document_kind__slug")
    return found.order_by("document_kind__doc_class", "document_kind__slug").values_list(*columns).distinct()


def _where_filed(project: Project) -> str:
    """Return the address where a paper is filed into the archive, up to its kind."""
    return f'{reverse("archives:archive_file", args=[project.pk])}?kind='


def _by_rule(project: Project, held: set[str]) -> Iterator[Missing]:
    """Yield what the rules of the archive ask for from the first day on (`archive_rules.tsv`)."""
    enrolment = enrolment_of(project)
    if enrolment is None:
        return
    owed = {OWNER: project.owner.label, CENTRE: project.centre.label}
    rules = list(rules_for(enrolment.package_version.package.code, enrolment.facts))
    also = {pair for rule in rules if rule.kind not in held for pair in rule.also if pair[0] in held}
    others, where = _held_as_well(project, also), _where_filed(project)
    for rule in rules:
        if rule.kind not in held and not others.intersection(rule.also):
            yield Missing(
                kind_name=rule.name, doc_class=rule.doc_class, owed_by=owed.get(rule.owed_by, rule.owed_by),
                reason=MOMENTS[rule.moment][0], is_due=rule.is_due(project.stage),
                url=where + rule.kind if rule.owed_by == OWNER else "",
            )


def _held_as_well(project: Project, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return which (kind, matter) the archive holds: a paper of the kind that the matter brought or that came from it.

    No query where none is looked for.
    """
    if not pairs:
        return set()
    kinds = tuple(sorted({kind for kind, _ in pairs}))
    found_of = Document.objects.current().filter(kind__slug__in=kinds).select_related("kind")
    rows = prepared.rows(("packages.held_as_well", kinds), lambda pk: found_of.filter(project=pk), project.pk)
    found = set()
    for pk, brought in brought_by(rows).items():
        slug = next(row.kind.slug for row in rows if row.pk == pk)
        came_from = brought.earlier or {brought.matter}
        found |= {(kind, matter) for kind, matter in pairs if kind == slug and came_from == {matter}}
    return found


def register() -> None:
    """Register the rules of the plan."""
    glance.register(LET_THROUGH, _items, project="case__project_id")
    completeness.register("packages.plan", missing_by_plan)
