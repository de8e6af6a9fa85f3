"""The pages that are measured, each beside a bare one of the same rows and bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agency.models import Bulletin
from archives.models import QrToken
from gaige.scale.archives import FEW, MANY, PAGE_RATIO, prepare_archives
from gaige.scale.bulletins import frozen_month
from gaige.scale.figures import Figure, Promise, Subject
from gaige.scale.visitor import Visitor
from packages.models import MatterCase
from packages.states import CaseState
from projects.models import Project

LIST_QUERIES, PROJECT_QUERIES, PUBLIC_QUERIES, ARCHIVE_QUERIES = 15, 25, 6, 20
LIST_RATIO = 3.0
#: The cockpit stays under twenty queries, and its list as the work list.
COCKPIT_QUERIES, COCKPIT_RATIO = 19, 3.0
PUBLIC_BYTES = 30 * 1024
#: At 60 % of the rate of the bare page.
PUBLIC_RATIO = 1 / 0.6
#: Name, person, address of the lists of the office, which take the number of rows at the end.
LISTS = (
    ("work list of the clerk", "clerk", "/desk/?"),
    ("work list, all open cases", "clerk", "/desk/?tab=all&"),
    ("project list of the clerk", "clerk", "/projects/?"),
    ("project list of the agent", "agent", "/projects/?"),
)
WORK_LISTS = LISTS[:2]

People = Mapping[str, Visitor]


def page(  # noqa: PLR0913 - what is asked, and what is promised of it
    name: str, visitor: Visitor, path: str, *, bare: str = "/bare/page/", queries: int, ratio: float | None = None,
    most_bytes: int | None = None,
) -> Subject:
    """Return a page beside a bare one of the same rows and bytes."""
    first = visitor.get(path)
    rows, size = max(1, first.body.count(b"<tr")), len(first.body)
    written = len(visitor.get(f"{bare}?rows={rows}&bytes={size}").body)
    address = f"{bare}?rows={rows}&bytes={size + size - written}"
    return Subject(
        name, lambda: visitor.get(path), lambda: visitor.get(address), most_queries=queries, most_ratio=ratio,
        most_bytes=most_bytes,
    )


def list_pages(people: People, lists: Sequence[tuple[str, str, str]] = LISTS) -> list[Subject]:
    """Return lists with twenty and with a hundred rows."""
    return [
        page(f"{label}, {size} rows", people[who], f"{path}size={size}", queries=LIST_QUERIES, ratio=LIST_RATIO)
        for label, who, path in lists
        for size in (20, 100)
    ]


def pages(people: People) -> list[Subject]:
    """Return all pages that are measured."""
    return [
        *list_pages(people), *_of_director(people), *_of_project(people), *_archives(people["clerk"]),
        _public(people["public"]),
    ]


def _of_director(people: People) -> list[Subject]:
    """The cockpits, the list behind a figure of theirs, and a number of a frozen month that is opened."""
    director = people["director"]
    number = number_of(frozen_month())
    return [
        *(
            page(f"cockpit of the {label}", people[who], "/cockpit/", queries=COCKPIT_QUERIES, ratio=COCKPIT_RATIO)
            for label, who in (("director", "director"), ("reform office", "office"))
        ),
        page("list behind a figure", director, "/cockpit/lists/cases/?tab=red", queries=LIST_QUERIES, ratio=LIST_RATIO),
        page("number of a bulletin, opened", director, number, queries=LIST_QUERIES, ratio=LIST_RATIO),
    ]


def number_of(bulletin: Bulletin) -> str:
    """Return the address of the number with the most cases behind it: what was decided in the month."""
    return f"/bulletins/{bulletin.pk}/figures/total/0/decided/"


def _of_project(people: People) -> list[Subject]:
    """The page of a project with its whole plan, to everybody whose work it is; and of one's own project."""
    whole = MatterCase.objects.filter(state=CaseState.DRAFT).select_related("project").order_by("pk")[0].project
    own = Project.objects.filter(owner__memberships__user__username="owner").order_by("pk").first()
    asked = [(who, whole) for who in ("clerk", "agent", "director")] + ([("owner", own)] if own else [])
    return [
        page(f"project page, {who}", people[who], f"/projects/{project.pk}/", queries=PROJECT_QUERIES)
        for who, project in asked
    ]


def _archives(clerk: Visitor) -> list[Subject]:
    """The archives of two projects that nothing else is measured on, with few and with many documents."""
    rows = list(Project.objects.order_by("pk")[:2])
    prepare_archives(rows)
    return [
        page(f"archive page, {count} documents", clerk, f"/projects/{row.pk}/archive/", queries=ARCHIVE_QUERIES)
        for row, count in zip(rows, (FEW, MANY), strict=True)
    ]


def _public(street: Visitor) -> Subject:
    whole = MatterCase.objects.filter(state=CaseState.DRAFT).order_by("pk").values("project")[:1]
    token = QrToken.objects.get(project__in=whole).token
    return page(
        "public page behind the code", street, f"/q/{token}/", bare="/bare/public/", queries=PUBLIC_QUERIES,
        ratio=PUBLIC_RATIO, most_bytes=PUBLIC_BYTES,
    )


def same_page_with_many(figures: Sequence[Figure]) -> list[Promise]:
    """Return whether the page of an archive with many documents takes little more than that with few."""
    taken = {figure.name: figure.real_ms for figure in figures}
    few, many = (taken[f"archive page, {count} documents"] for count in (FEW, MANY))
    words = f"archive page with {MANY} documents: {many / few:.2f} times that with {FEW}, promised {PAGE_RATIO}"
    return [Promise(words, many / few <= PAGE_RATIO)]
