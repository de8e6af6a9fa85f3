"""免提交: what is searched before a material is asked for, and what happens when a reused document is no longer good.

Searched in this order: the project's archive and the results of its decided cases, the 主体资格 of the owner and of the
bodies that take part, whatever project it was filed in, what departments filed themselves, and what they issued of the
same land for another project of the owner. A document that was revoked,
replaced or has run out since is never used; a line that stood on it falls back with a warning that everybody sees.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet

from archives.models import OWNER_CLASS, Document
from archives.services.filing import find_held_by
from archives.states import PaperState, Visibility
from packages.land_papers import of_the_land
from packages.models import MaterialItem, MatterCase
from packages.rules import FORM_KIND
from packages.sources import Makers, is_issued, supplier_of
from packages.standing_in import Brought, brought_by, may_stand_in, stand_in_words
from packages.states import CASE_OPEN, CaseState, MaterialState, Origin
from projects import prepared, timing
from projects.events import lock_project, record
from projects.quoting import quoted
from projects.states import PartyRole

if TYPE_CHECKING:
    from archives.models import DocumentKind
    from projects.models import Project

CASE_LABEL = MatterCase._meta.label
RELATED = ("kind", "document__kind", "document__project", "document__paper", "definition", "case__matter__matter")


@dataclass(slots=True)
class Found:
    """Good documents by kind: those that any matter may use again, those of this project (newest first), of its land.

    `brought`: which matter's case brought a document of this project.
    """

    reusable: dict[tuple[int, str], Document]
    own: dict[tuple[int, str], list[Document]]
    land: dict[int, Document]
    brought: dict[int, Brought]

    def of(self, item: MaterialItem, *, also_own: bool) -> Document | None:
        """Return the document for a line, the reusable one first; 主体资格 only of the body that the line means.

        An application form asks for one matter: that of another never stands in for it; nor does a paper that the
        catalogue expects from another matter than the one that brought it.
        """
        if item.kind.slug == FORM_KIND:
            return None
        if item.kind.doc_class == OWNER_CLASS:
            key = item.kind_id, role_of(item)
            return self.reusable.get(key) or (self.own[key][0] if also_own and key in self.own else None)
        if not (also_own or item.kind.is_reusable):
            return self.land.get(item.kind_id)
        rows = self.own.get((item.kind_id, ""), [])
        fitting = (row for row in rows if may_stand_in(item, self.brought.get(row.pk)))
        return next(fitting, None) or self.land.get(item.kind_id)

    def why(self, item: MaterialItem, document: Document) -> str:
        """Return what stands in for a line and why, where the document was handed in under another name."""
        return stand_in_words(item, self.brought.get(document.pk))


def role_of(item: MaterialItem) -> str:
    """Return as what the body takes part whose 主体资格 a line asks for: the owner unless the catalogue says other."""
    return item.definition.holder_role if item.definition else str(PartyRole.BUILDER)


def good(*, day: dt.date | None = None) -> Q:
    """Return what a document has to be to stand in for a material: not replaced, not run out, not revoked."""
    today = day or timing.today()
    return (
        Q(replaced_by=None) & (Q(valid_until=None) | Q(valid_until__gte=today))
        & (Q(paper=None) | Q(paper__state=PaperState.VALID))
    )


def search(project: Project, kinds: Iterable[DocumentKind]) -> Found:
    """Return the good documents of these kinds for a project. Two queries, one more each for 主体资格 and land.

    Two more where cases of the project brought some of them.
    """
    wanted = {kind.pk: kind for kind in kinds}
    own: dict[tuple[int, str], list[Document]] = {}
    rows = Document.objects.filter(good(), project=project, kind__in=list(wanted))
    for row in rows.select_related("kind", "paper", "project").order_by("-pk"):
        own.setdefault((row.kind_id, row.holder_role), []).append(row)
    reusable = find_held_by(project, list(wanted.values()))
    open_kinds = [wanted[pk] for pk in wanted.keys() - {kind for kind, _ in (*reusable, *own)}]
    brought = brought_by(row for some in own.values() for row in some)
    return Found(reusable, own, of_the_land(project, open_kinds, good()), brought)


def dead_reason(document: Document, *, day: dt.date | None = None) -> str:
    """Return why a document is no longer good, or an empty text."""
    today = day or timing.today()
    paper = getattr(document, "paper", None)
    if paper is not None and paper.state == PaperState.REVOKED:
        return "已被撤销"
    if document.replaced_by_id is not None or (paper is not None and paper.state == PaperState.REPLACED):
        return "已换发"
    if document.valid_until is not None and document.valid_until < today:
        return f"已于{document.valid_until.month}月{document.valid_until.day}日到期"
    return ""


# Where it was found --------------------------------------------------------------------------------------------------


def origin_of(document: Document, project: Project) -> str:
    """Return from which of the places that are searched a document comes."""
    if document.project_id != project.pk:
        return Origin.OWNER if document.doc_class == OWNER_CLASS else Origin.DEPARTMENT
    paper = getattr(document, "paper", None)
    if paper is not None and paper.subject_type == CASE_LABEL:
        return Origin.RESULT
    if paper is not None or document.visibility == Visibility.OFFICE:
        return Origin.DEPARTMENT
    return Origin.PROJECT


def provenance(document: Document, project: Project) -> str:
    """Return in words what it is, whose number it carries, when it was filed, until when it is valid."""
    words = [document.title, f"{timing.written(document.filed_at)}归档"]
    if document.project.owner_id != project.owner_id:
        words.append(f"{document.holder or '持有单位'}的主体资格")  # the other owner's project is nobody's business
    elif document.project_id != project.pk:
        words.append(f"来自{document.project.name}")
    if document.valid_until is not None:
        words.append(f"有效期至{timing.written(document.valid_until)}")
    return "，".join(words)[:300]


def use(item: MaterialItem, document: Document, project: Project, *, why: str = "") -> None:
    """Let a document meet a line; whatever was warned of is settled by it. `why`: what stands in under another name."""
    item.document, item.state, item.is_automatic = document, MaterialState.HELD, True
    item.origin = origin_of(document, project)
    item.origin_note = "；".join(filter(None, (provenance(document, project), why)))[:300]
    item.note, item.supply, item.supplier_id = (why or f"档案已有：{document.title}")[:300], "", None
    if item.warning:
        item.warning = f"{item.warning.partition('；')[0]}；已改用现行有效的一份。"[:300]


def await_department(item: MaterialItem, known: Makers, leads: dict[str, int]) -> None:
    """Let a line of a paper of the government wait for the department that has to bring it, not for the enterprise."""
    item.supplier_id, item.supply = supplier_of(item, known, leads)
    item.state, item.document, item.is_automatic = MaterialState.AWAITED, None, True


# When it is no longer good -------------------------------------------------------------------------------------------


def living_lines(project_id: int) -> Q:
    """Return the lines of a project that still matter: of what is applied for, received or under way."""
    return Q(case__project_id=project_id) & (
        Q(case__state__in=CASE_OPEN) | Q(case__state=CaseState.DRAFT, case__application__isnull=False)
    )


def dead_of(project_id: int) -> QuerySet[MaterialItem]:
    """Return the lines of a project that still matter and stand on a document which is no longer good."""
    living = MaterialItem.objects.filter(living_lines(project_id))
    held = living.filter(state=MaterialState.HELD, document__isnull=False)
    return held.exclude(pk__in=living.filter(_document_is_good()).values("pk"))


def drop_dead(
    project: Project, know: Callable[[], tuple[Makers, dict[str, int]]], *, at: dt.datetime | None = None
) -> list[MaterialItem]:
    """Take documents that are no longer good from the lines of the locked project; return the lines that fell back.

    A line of the government waits for its department, another for the applicant, each with a warning that says what
    happened. `know` says who makes what, and who leads the project's cases; asked only where a document is gone. Event
    `material.reuse_lost`.
    """
    rows = prepared.rows(
        ("held lines not good any more", timing.today()),
        lambda pk: dead_of(pk).select_for_update(of=("self",)).select_related(*RELATED).order_by("pk"), project.pk,
    )
    lost = []
    for item in rows:
        reason = dead_reason(item.document) if item.document else ""
        if not reason or item.document is None:
            continue
        item.case.project = project
        title = item.document.title
        item.warning = f"原沿用的{quoted(title)}{reason}，不能再用"[:300]
        known, leads = know()
        if is_issued(item, known):
            await_department(item, known, leads)
        else:
            item.state, item.document, item.is_automatic = MaterialState.MISSING, None, False
        item.origin = item.origin_note = ""
        item.note, item.changed_at = item.warning, at or timing.now()
        item.save()
        lost.append(item)
        record(
            "material.reuse_lost", subject=item, project=project, by=None, at=at,
            summary=f"{item.case.matter.name}：{item.warning}", data={"material": [MaterialState.HELD, item.state]},
        )
    return lost


def _document_is_good() -> Q:
    today = timing.today()
    return (
        Q(document__replaced_by=None)
        & (Q(document__valid_until=None) | Q(document__valid_until__gte=today))
        & (Q(document__paper=None) | Q(document__paper__state=PaperState.VALID))
    )


def dead_lines() -> QuerySet[MaterialItem]:
    """Return the lines that still matter and stand on a document that is no longer good."""
    live = Q(case__state__in=CASE_OPEN) | Q(case__state=CaseState.DRAFT, case__application__isnull=False)
    rows = MaterialItem.objects.filter(live, state=MaterialState.HELD, document__isnull=False)
    today = timing.today()
    dead = (
        Q(document__replaced_by__isnull=False) | Q(document__valid_until__lt=today)
        | Q(document__paper__state__in=[PaperState.REVOKED, PaperState.REPLACED])
    )
    return rows.filter(dead)


@transaction.atomic
def recheck_project(project_id: int, *, at: dt.datetime | None = None) -> bool:
    """Search a project's reused documents anew after one was revoked, replaced or has run out. Twice is once."""
    from packages.services.checklist import fill_lines

    project = lock_project(project_id)
    before = MaterialItem.objects.filter(living_lines(project_id)).exclude(warning="").count()
    fill_lines(project, at=at)
    return MaterialItem.objects.filter(living_lines(project_id)).exclude(warning="").count() != before


def recheck_paper(paper_id: int) -> int:
    """Search anew in every project whose lines stand on the document of a paper; return how many lines fell back."""
    lines = MaterialItem.objects.filter(document__paper=paper_id, state=MaterialState.HELD)
    projects = set(lines.values_list("case__project_id", flat=True))
    return sum(recheck_project(project_id) for project_id in sorted(projects))


def lost_words(case: MatterCase) -> str:
    """Return the lines of a case whose reused document was lost and that nothing has met since, or an empty text."""
    rows = case.materials.exclude(warning="").filter(
        state__in=[MaterialState.MISSING, MaterialState.AWAITED]
    ).order_by("order")
    return "；".join(f"{item.name}：{item.warning}" for item in rows)
