"""What the joint assessment gives to the kernel: on whom a project waits, debts, the panel, what runs out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Prefetch, Q
from django.urls import reverse

from packages.assessment_states import (
    BOOK_RUNNING,
    TONES,
    BookState,
    ChapterState,
    LandListState,
    StandardState,
    UseState,
)
from packages.models import BookChapter, LandList, OneBook, Parcel, RegionalUse, StandardLand
from packages.next_steps import OWNER_WORD
from projects import gathering, glance, living, owing, panels, timing, waiting, workdays
from projects.access import access_of
from projects.clock_states import Light
from projects.living import Expiry, LivingGroup
from projects.owing import Debt, Person
from projects.panels import Panel
from projects.states import Role
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from projects.models import Project

BOOKS, LISTS, STANDARDS, PARCELS, USES = (
    "packages.books", "packages.land_lists", "packages.standard_land", "packages.parcels", "packages.regional_uses",
)
#: Standard land waits for somebody now; while it is built the land waits for nobody until its day.
STANDARD_WAITS = (
    StandardState.SOLD, StandardState.COMMITTED, StandardState.CHECKING, StandardState.RECTIFYING,
)


def _since(moment: dt.datetime | None) -> dict[str, Any]:
    since = timing.business_day(moment) if moment else None
    return {"since": since, "days": workdays.workdays_between(since, timing.today()) if since else 0}


def _light(due_on: dt.date | None) -> str:
    if due_on is None:
        return Light.NONE
    left = (due_on - timing.today()).days
    return Light.RED if left < 0 else Light.YELLOW if left <= 1 else Light.GREEN


# On whom it waits ----------------------------------------------------------------------------------------------------


def books(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return on whom combined reports wait: window, compilers, departments, owner. Three queries."""
    by_pk = {project.pk: project for project in projects}
    for book in gathering.rows_of(BOOKS, projects, BOOK_RUNNING):
        project = by_pk[book.project_id]
        step = next((one for one in book.steps.all() if one.started_on and one.done_on is None), None)
        url = reverse("packages:book", args=[book.pk])
        common: dict[str, Any] = {
            "project_id": project.pk, "url": url, "case_id": book.case_id, "limit": step.days if step else None,
            "due_on": step.due_on if step else None, "light": _light(step.due_on if step else None),
            "since": step.started_on if step else None,
            "days": workdays.workdays_between(step.started_on, timing.today()) if step and step.started_on else 0,
        }
        yield from _of_book(book, project, list(book.chapters.all()), common)


def _of_book(
    book: OneBook, project: Project, chapters: list[BookChapter], common: dict[str, Any]
) -> Iterable[Waiting]:
    window = f"{project.centre.label}窗口"
    if book.state == BookState.INTAKE:
        yield Waiting(**common, rank=3, role=window, verb="告知", what="一本多篇所需的篇章")
    elif book.state == BookState.DELIVERING:
        yield Waiting(
            **common, rank=1, role=OWNER_WORD, person=project.owner.name, verb="签收签署",
            what="一本多篇的评审意见和承诺条款",
        )
    elif all(chapter.state == ChapterState.APPROVED for chapter in chapters):
        yield Waiting(**common, rank=3, role=window, verb="出具", what="一本多篇的评审意见")
    else:
        yield from _of_chapters(book, project, chapters, common)


def _of_chapters(
    book: OneBook, project: Project, chapters: list[BookChapter], common: dict[str, Any]
) -> Iterable[Waiting]:
    """One line per department, and one for all chapters that are being written."""
    writing = [c for c in chapters if c.state in (ChapterState.WRITING, ChapterState.RETURNED)]
    if writing:
        names = "、".join(chapter.title for chapter in writing)
        verb = "修改" if all(c.state == ChapterState.RETURNED for c in writing) else "提交"
        yield Waiting(
            **common, rank=1, role=OWNER_WORD, person=project.owner.name, verb=verb, what=f"一本多篇的{names}",
        )
    state = ChapterState.PASSED if book.state == BookState.APPROVING else ChapterState.SUBMITTED
    verb = "审批" if book.state == BookState.APPROVING else "评审"
    by_body: dict[str, list[str]] = {}
    for chapter in chapters:
        if chapter.state == state:
            by_body.setdefault(chapter.reviewer.label, []).append(chapter.title)
    for body, titles in by_body.items():
        yield Waiting(**common, rank=3, role=body, verb=verb, what=f"一本多篇的{'、'.join(titles)}")


def land_lists(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return the owners who have to sign for their land list. One query."""
    by_pk = {project.pk: project for project in projects}
    for land in gathering.rows_of(LISTS, projects, [LandListState.HANDED]):
        project = by_pk[land.project_id or 0]
        yield Waiting(
            project_id=project.pk, rank=1, role=OWNER_WORD, person=project.owner.name, verb="签收", what="用地清单",
            url=reverse("packages:land_list", args=[land.pk]), **_since(land.handed_at),
        )


def standards(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return on whom standard land waits: signature, beginning of works, check, mending. One query."""
    by_pk = {project.pk: project for project in projects}
    for land in gathering.rows_of(STANDARDS, projects, STANDARD_WAITS):
        project = by_pk[land.project_id or 0]
        owner = {"role": OWNER_WORD, "person": project.owner.name, "rank": 1}
        keeper = {"role": land.keeper.label, "rank": 3}
        who, verb, what = {
            StandardState.SOLD: (owner, "签订", "标准地承诺书"),
            StandardState.COMMITTED: ({**keeper, "rank": 5}, "登记", "标准地开工"),
            StandardState.CHECKING: (keeper, "核查", "标准地达产指标"),
            StandardState.RECTIFYING: (owner, "整改", "标准地未达标的指标"),
        }[StandardState(land.state)]
        due = land.check_on if land.state == StandardState.RECTIFYING else None
        yield Waiting(
            project_id=project.pk, verb=verb, what=what, url=reverse("packages:standard", args=[land.pk]),
            due_on=due, light=_light(due), **who, **_since(land.changed_at),
        )


# What the owner owes -------------------------------------------------------------------------------------------------


def debts(_: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield lists to sign for, indicators to commit to or to mend, chapters to write, conclusions.

    One look at which projects have any of it, then a query for each kind that there is.
    """
    seen = glance.glance(projects)
    yield from _land_debts(seen.only(LISTS, projects, [LandListState.HANDED]))
    yield from _standard_debts(seen.only(STANDARDS, projects, [StandardState.SOLD, StandardState.RECTIFYING]))
    yield from _book_debts(seen.only(BOOKS, projects, BOOK_RUNNING))


def _land_debts(projects: Sequence[Project]) -> Iterable[Debt]:
    for land in gathering.rows_of(LISTS, projects, [LandListState.HANDED]):
        yield Debt(
            land.project_id or 0, "待签收", f"签收用地清单：{land.name}",
            reverse("packages:land_receive", args=[land.pk]),
            "去签收", detail="各部门的要求一次列清，清单外的要求以后不再提出",
        )


def _standard_debts(projects: Sequence[Project]) -> Iterable[Debt]:
    states = [StandardState.SOLD, StandardState.RECTIFYING]
    for one in gathering.rows_of(STANDARDS, projects, states):
        if one.state == StandardState.SOLD:
            yield Debt(
                one.project_id or 0, "待签", f"签订标准地承诺书：{one.name}",
                reverse("packages:standard_commit", args=[one.pk]), "去签订", detail="由企业负责人签订",
            )
        else:
            yield Debt(
                one.project_id or 0, "整改", f"标准地限期整改：{one.name}", reverse("packages:standard", args=[one.pk]),
                "去查看", due_on=one.check_on, tone="bad",
            )


def _book_debts(projects: Sequence[Project]) -> Iterable[Debt]:
    found: list[OneBook] = gathering.rows_of(BOOKS, projects, BOOK_RUNNING)
    written = [book for book in found if book.state in (BookState.COMPILING, BookState.REVIEWING)]
    for book, chapter in [(one, chapter) for one in written for chapter in one.chapters.all()]:
        if chapter.state not in (ChapterState.WRITING, ChapterState.RETURNED):
            continue
        back = chapter.state == ChapterState.RETURNED
        yield Debt(
            book.project_id, "待修改" if back else "待提交", f"{chapter.title}（一本多篇）",
            reverse("packages:chapter_submit", args=[chapter.pk]), "去提交",
            detail=chapter.opinion if back else chapter.qualification,
        )
    for book in (one for one in found if one.state == BookState.DELIVERING):
        yield Debt(
            book.project_id, "待签收", "签收一本多篇评审意见，签署承诺条款",
            reverse("packages:book_sign", args=[book.pk]),
            "去签收", detail=book.conclusion,
        )


def _books(projects: Sequence[Project]) -> QuerySet[OneBook]:
    """The combined reports of projects that are not closed, with steps and chapters."""
    chapters = BookChapter.objects.select_related("reviewer").order_by("order", "pk")
    found = OneBook.objects.filter(~Q(state=BookState.CLOSED), project__in=projects)
    return found.prefetch_related("steps", Prefetch("chapters", chapters)).order_by("pk")


# The panel and the calendar ------------------------------------------------------------------------------------------


def panel(project: Project, request: HttpRequest) -> Panel | None:
    """Return the sheet of the joint assessment of a project; a query for each kind that there is."""
    seen = glance.glance([project])
    has = {place: seen.has(place, project.pk) for place in (BOOKS, LISTS, STANDARDS, PARCELS, USES)}
    access = access_of(request.user)
    if not any(has.values()) and not access.has_at(project.centre_id, Role.CLERK):
        return None
    there = gathering.rows_of
    return Panel("packages/_panel_assessment.html", {
        "project": project, "tones": TONES, "placed": has[PARCELS], "uses": there(USES, [project]),
        "books": there(BOOKS, [project]), "lists": there(LISTS, [project]), "standards": there(STANDARDS, [project]),
    }, column="side")


def runs_out(projects: QuerySet[Project], since: dt.date, until: dt.date) -> list[QuerySet[Any]]:
    """Return the regional results that projects stand on and that run out, and checks at production."""
    uses = RegionalUse.objects.filter(
        project__in=projects, state=UseState.APPLIED, result__valid_until__gte=since, result__valid_until__lte=until
    )
    lands = StandardLand.objects.filter(
        project__in=projects, check_on__gte=since, check_on__lte=until,
        state__in=[StandardState.BUILDING, StandardState.COMMITTED, StandardState.RECTIFYING],
    )
    return [
        uses.select_related("project", "result__unit").order_by("pk"), lands.select_related("project").order_by("pk")
    ]


def tell_running_out(uses: list[RegionalUse], lands: list[StandardLand]) -> Iterable[Expiry]:
    """Tell both by their last day. No query."""
    for use in uses:
        if use.result.valid_until is None:
            continue
        yield Expiry(
            key=f"regional-{use.pk}", project_id=use.project_id, project_name=use.project.name,
            project_code=use.project.code, group=LivingGroup.CERTIFICATE, title=f"区域评估成果：{use.result.name}",
            due_on=use.result.valid_until, who=OWNER_WORD, detail="到期前受理的，此后不受影响",
            url=reverse("packages:assessment", args=[use.project_id]), changed_at=use.applied_at,
            state=use.result.get_state_display(), tone=TONES.get(use.result.state, ""),
            warn_days=(settings.REGIONAL_WARN_DAYS,),
        )
    for land in lands:
        if land.project is not None and land.check_on is not None:
            yield Expiry(
                key=f"standard-{land.pk}", project_id=land.project.pk, project_name=land.project.name,
                project_code=land.project.code, group=LivingGroup.COMMITMENT, title=f"标准地达产核查：{land.name}",
                due_on=land.check_on, who=OWNER_WORD, detail="按承诺的指标核查",
                url=reverse("packages:standard", args=[land.pk]), changed_at=land.changed_at,
                state=land.get_state_display(), tone=TONES.get(land.state, ""), warn_days=settings.LIVING_WARN_DAYS,
            )


glance.register(BOOKS, lambda ids: OneBook.objects.filter(~Q(state=BookState.CLOSED), project__in=ids), word="state")
glance.register(LISTS, lambda ids: LandList.objects.filter(project__in=ids), word="state")
glance.register(STANDARDS, lambda ids: StandardLand.objects.filter(project__in=ids), word="state")
glance.register(PARCELS, lambda ids: Parcel.objects.filter(project__in=ids))
glance.register(USES, lambda ids: RegionalUse.objects.filter(project__in=ids).live())
gathering.register(BOOKS, _books, place=BOOKS)
gathering.register(
    LISTS, lambda projects: LandList.objects.filter(project__in=projects).order_by("pk"), place=LISTS
)
gathering.register(
    STANDARDS, place=STANDARDS,
    rows=lambda projects: StandardLand.objects.filter(project__in=projects).select_related("keeper").order_by("pk"),
)
gathering.register(
    USES, place=USES, rows=lambda projects: RegionalUse.objects.filter(project__in=projects).live().select_related(
        "result__unit"
    ).order_by("pk"),
)
waiting.register("packages.books", books, place=BOOKS, among=BOOK_RUNNING)
waiting.register("packages.land_lists", land_lists, place=LISTS, among=[LandListState.HANDED])
waiting.register("packages.standard_land", standards, place=STANDARDS, among=STANDARD_WAITS)
owing.register("packages.assessment", debts)
panels.register("packages.assessment", 24, panel)
living.register("packages.assessment", runs_out, tell_running_out)
