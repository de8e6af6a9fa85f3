"""Combined reports: the list of what runs, and the page of one with its chapters, opinions, clauses, timetable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse

from packages import assessment_rules as may
from packages.assessment_states import BOOK_RUNNING, TONES, BookState, ChapterState
from packages.models import BookChapter, BookClause, BookStep, OneBook
from packages.screens.acting import Act
from packages.screens.case import timeline
from projects import timing
from projects.access import access_of
from projects.clock_states import Light
from projects.events import subject_of
from projects.models import Event, User
from projects.paging import KeyPage, as_key, key_page

PAGE, EVENTS = 20, 30


@dataclass(frozen=True, slots=True)
class ListPage:
    """What is under way, or what lies with the departments of the asker."""

    page: KeyPage[OneBook]
    mine: tuple[BookChapter, ...]
    tones: Mapping[str, str]


def book_list(user: User, asked: Mapping[str, str]) -> ListPage:
    """Return the running books of visible projects, and the chapters that wait for the asker's departments."""
    bodies = access_of(user).organisation_ids
    seen = OneBook.objects.visible_to(user).filter(state__in=BOOK_RUNNING)
    mine = BookChapter.objects.filter(
        Q(state=ChapterState.SUBMITTED) | Q(state=ChapterState.PASSED, book__state=BookState.APPROVING),
        reviewer__in=bodies, book__in=seen,
    )
    found = seen.select_related("project").annotate(
        chapters_count=Count("chapters"),
        passed=Count("chapters", filter=Q(chapters__state__in=[ChapterState.PASSED, ChapterState.APPROVED])),
    )
    page = key_page(found, sort="-pk", size=PAGE, after=as_key(asked.get("after")), before=as_key(asked.get("before")))
    return ListPage(page, tuple(mine.select_related("book__project", "reviewer").order_by("submitted_at", "pk")), TONES)


@dataclass(frozen=True, slots=True)
class ChapterRow:
    """A chapter on the page of its book, with what this person may do."""

    chapter: BookChapter
    clauses: tuple[BookClause, ...]
    acts: tuple[Act, ...]
    waits: str

    @property
    def tone(self) -> str:
        """Colour of the state."""
        return TONES.get(self.chapter.state, "")


@dataclass(frozen=True, slots=True)
class StepRow:
    """A phase of the timetable."""

    step: BookStep
    is_now: bool

    @property
    def light(self) -> str:
        """Red when its day is over and it is not done."""
        if self.step.done_on:
            return str(Light.GREEN) if self.step.done_on <= self.step.due_on else str(Light.RED)
        if not self.is_now:
            return str(Light.NONE)
        left = (self.step.due_on - timing.today()).days
        return str(Light.RED if left < 0 else Light.YELLOW if left <= 1 else Light.GREEN)

    @property
    def words(self) -> str:
        """What the light says, in words."""
        if self.step.done_on:
            late = "，超期" if self.step.done_on > self.step.due_on else ""
            return f"{timing.spoken(self.step.done_on)}完成{late}"
        is_over = self.is_now and self.step.due_on < timing.today()
        return f"{timing.spoken(self.step.due_on)}{'到期，已超时' if is_over else '前'}"


@dataclass(frozen=True, slots=True)
class BookPage:
    """A combined report."""

    book: OneBook
    rows: tuple[ChapterRow, ...]
    steps: tuple[StepRow, ...]
    clauses: tuple[BookClause, ...]
    acts: tuple[Act, ...]
    can_share: bool
    waits: str
    tone: str
    total: int
    events: list[dict[str, object]]


def book_page(book: OneBook, user: User) -> BookPage:
    """Return the page of a book for a person. A fixed number of queries."""
    chapters = list(book.chapters.select_related("reviewer", "opinion_by", "approved_by").order_by("order"))
    clauses = list(book.clauses.select_related("chapter", "issue").order_by("order"))
    for chapter in chapters:
        chapter.book = book
    steps = list(book.steps.order_by("order"))
    rows = tuple(
        ChapterRow(
            chapter, tuple(clause for clause in clauses if clause.chapter_id == chapter.pk),
            tuple(_chapter_acts(chapter, user)), chapter_waits(chapter),
        )
        for chapter in chapters
    )
    return BookPage(
        book, rows, tuple(StepRow(step, step.started_on is not None and step.done_on is None) for step in steps),
        tuple(clauses), tuple(_acts(book, chapters, user)), may.can_write_book(user, book).ok,
        book_waits(book, chapters), TONES.get(book.state, ""), sum(step.days for step in steps),
        _events(book, chapters),
    )


def _acts(book: OneBook, chapters: list[BookChapter], user: User) -> list[Act]:
    acts = []
    if book.state == BookState.INTAKE:
        acts.append(Act("转入同步编制", reverse("packages:book_compile", args=[book.pk]), may.can_run_book(user, book)))
    ready = all(chapter.state == ChapterState.APPROVED for chapter in chapters)
    if book.state == BookState.APPROVING and ready:
        acts.append(Act("出具评审意见", reverse("packages:book_conclude", args=[book.pk]),
            may.can_run_book(user, book)))
    if book.state == BookState.DELIVERING:
        acts.append(Act("签收并签署", reverse("packages:book_sign", args=[book.pk]), may.can_sign_book(user, book)))
    if book.state in BOOK_RUNNING:
        verdict = may.can_open_book(user, book.project)
        acts.append(Act("终止", reverse("packages:book_close", args=[book.pk]), verdict, danger=True))
    return [act for act in acts if act.verdict]


def _chapter_acts(chapter: BookChapter, user: User) -> list[Act]:
    pk = [chapter.pk]
    acts = (
        Act("提交篇章", reverse("packages:chapter_submit", args=pk), may.can_write_chapter(user, chapter)),
        Act("评审", reverse("packages:chapter_judge", args=pk), may.can_judge_chapter(user, chapter)),
        Act("审批", reverse("packages:chapter_approve", args=pk), may.can_approve_chapter(user, chapter)),
    )
    return [act for act in acts if act.verdict]


def chapter_waits(chapter: BookChapter) -> str:
    """For whom a chapter waits, in words; nothing when it is through."""
    if chapter.book.state not in BOOK_RUNNING or chapter.state == ChapterState.APPROVED:
        return ""
    if chapter.state == ChapterState.SUBMITTED:
        return f"等{chapter.reviewer.label}评审"
    if chapter.state == ChapterState.PASSED:
        late = chapter.book.state == BookState.APPROVING
        return f"等{chapter.reviewer.label}首席代表审批" if late else "等其他篇章评审"
    return f"等{chapter.compiler or '编制单位'}{'修改' if chapter.state == ChapterState.RETURNED else '编制'}"


def book_waits(book: OneBook, chapters: list[BookChapter]) -> str:
    """For whom a book waits, in words."""
    window = f"{book.project.centre.label}窗口"
    if book.state == BookState.INTAKE:
        return f"等{window}一次告知所需篇章"
    if book.state == BookState.DELIVERING:
        return f"等{book.project.owner.name}负责人签收签署"
    if book.state not in BOOK_RUNNING:
        return ""
    waits = dict.fromkeys(words for chapter in chapters if (words := chapter_waits(chapter)) and "其他" not in words)
    return "；".join(waits) or f"等{window}出具评审意见"


def _events(book: OneBook, chapters: list[BookChapter]) -> list[dict[str, object]]:
    label, key = subject_of(book)
    mine = Q(subject_type=label, subject_key=key) | Q(
        subject_type=BookChapter._meta.label, subject_key__in=[str(chapter.pk) for chapter in chapters]
    )
    return timeline(tuple(Event.objects.filter(mine, project_id=book.project_id).order_by("-pk")[:EVENTS]))
