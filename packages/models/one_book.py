"""一本多篇: one report with chapters; chapter 0 is entered once, every chapter has its reviewer and its opinion."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from packages.assessment_states import BOOK_RUNNING, BookState, ChapterState, ClauseState
from packages.models.work import MatterCase
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser


class BookQuerySet(models.QuerySet["OneBook"]):
    """Composable reads of combined reports."""

    def visible_to(self, user: Person) -> BookQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class OneBook(StateModel):
    """The combined report of a project: chapter 0 (facts of the project), chapters, opinions, clauses, timetable."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="books", verbose_name="项目")
    case = models.ForeignKey(
        MatterCase, on_delete=models.PROTECT, null=True, blank=True, related_name="books", verbose_name="办件"
    )
    state = StateField("状态", choices=BookState, default=BookState.INTAKE)
    shared = models.JSONField("项目概况（第0篇）", default=list)
    conclusion = models.CharField("综合结论", max_length=800, blank=True)
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="评审意见"
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="受理人"
    )
    opened_at = models.DateTimeField("受理时间")
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+",
        verbose_name="承诺人（企业负责人）",
    )
    signed_at = models.DateTimeField("签署时间", null=True)
    closed_at = models.DateTimeField("了结时间", null=True)

    objects = BookQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "一本多篇"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("onebook_state_known", "state", BookState),
            models.UniqueConstraint(
                name="onebook_one_running", fields=["project"], condition=Q(state__in=list(BOOK_RUNNING))
            ),
        ]

    def __str__(self) -> str:
        """Return whose report."""
        return f"一本多篇 {self.project}"

    @transition(field=state, source=BookState.INTAKE, target=BookState.COMPILING)
    def begin(self) -> None:
        """The window has said which chapters are needed; they are written side by side."""

    @transition(field=state, source=[BookState.COMPILING, BookState.APPROVING], target=BookState.REVIEWING)
    def review(self) -> None:
        """Every chapter is handed in."""

    @transition(field=state, source=BookState.REVIEWING, target=BookState.APPROVING)
    def approve(self) -> None:
        """Every chapter has passed; the departments approve in the order of the law."""

    @transition(field=state, source=BookState.APPROVING, target=BookState.DELIVERING)
    def deliver(self) -> None:
        """The conclusion is written and every chapter approved."""

    @transition(field=state, source=BookState.DELIVERING, target=BookState.DELIVERED)
    def finish(self) -> None:
        """The conclusion is with the owner, who has signed the clauses."""

    @transition(field=state, source=list(BOOK_RUNNING), target=BookState.CLOSED)
    def close(self) -> None:
        """It is not carried on."""


class BookStep(models.Model):
    """One phase of the timetable of a book, with the days that held when it was opened."""

    book = models.ForeignKey(OneBook, on_delete=models.PROTECT, related_name="steps", verbose_name="一本多篇")
    order = models.PositiveSmallIntegerField("序号")
    code = models.SlugField("代码", max_length=12)
    name = models.CharField("环节", max_length=20)
    days = models.PositiveSmallIntegerField("时限（工作日）")
    started_on = models.DateField("开始", null=True)
    due_on = models.DateField("期限")
    done_on = models.DateField("完成", null=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "一本多篇环节"
        ordering = ("book", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="bookstep_once", fields=["book", "code"]),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class BookChapter(StateModel):
    """One chapter: who writes it, what it says, who reviews it, the opinion. `rounds` counts how often it came in."""

    book = models.ForeignKey(OneBook, on_delete=models.PROTECT, related_name="chapters", verbose_name="一本多篇")
    order = models.PositiveSmallIntegerField("篇次")
    code = models.SlugField("代码", max_length=20)
    title = models.CharField("篇名", max_length=60)
    matter = models.SlugField("事项", max_length=40)
    reviewer = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="评审部门"
    )
    compiler = models.CharField("编制单位", max_length=100, blank=True)
    qualification = models.CharField("编制要求", max_length=100, blank=True)
    allows_promises = models.BooleanField("可以承诺", default=False)
    state = StateField("状态", choices=ChapterState, default=ChapterState.WRITING)
    text = models.TextField("正文摘要", blank=True)
    document = models.ForeignKey(
        "archives.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="篇章文件"
    )
    rounds = models.PositiveSmallIntegerField("提交次数", default=0)
    submitted_at = models.DateTimeField("提交时间", null=True)
    opinion = models.CharField("评审意见", max_length=800, blank=True)
    opinion_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="评审人"
    )
    opinion_at = models.DateTimeField("评审时间", null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="审批人"
    )
    approved_at = models.DateTimeField("审批时间", null=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "篇章"
        ordering = ("book", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("bookchapter_state_known", "state", ChapterState),
            models.UniqueConstraint(name="bookchapter_once", fields=["book", "code"]),
            models.CheckConstraint(
                name="bookchapter_judged_says",
                condition=~Q(state__in=[ChapterState.PASSED, ChapterState.RETURNED, ChapterState.APPROVED])
                | Q(opinion_by__isnull=False, opinion_at__isnull=False) & ~Q(opinion=""),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # what a department has to review
            models.Index(name="bookchapter_reviewer", fields=["reviewer", "state"]),
        ]

    def __str__(self) -> str:
        """Return the title."""
        return self.title

    @transition(field=state, source=[ChapterState.WRITING, ChapterState.RETURNED], target=ChapterState.SUBMITTED)
    def submit(self) -> None:
        """It is handed in for review."""

    @transition(field=state, source=ChapterState.SUBMITTED, target=ChapterState.RETURNED)
    def give_back(self) -> None:
        """The reviewer asks for changes."""

    @transition(field=state, source=ChapterState.SUBMITTED, target=ChapterState.PASSED)
    def pass_review(self) -> None:
        """The reviewer agrees."""

    @transition(field=state, source=ChapterState.PASSED, target=ChapterState.APPROVED)
    def approve(self) -> None:
        """The chief of the department approves."""


class BookClause(StateModel):
    """承诺条款: what the owner commits to out of the conclusion of a chapter, with the day of its check."""

    book = models.ForeignKey(OneBook, on_delete=models.PROTECT, related_name="clauses", verbose_name="一本多篇")
    chapter = models.ForeignKey(BookChapter, on_delete=models.PROTECT, related_name="clauses", verbose_name="篇章")
    order = models.PositiveSmallIntegerField("序号")
    text = models.CharField("承诺内容", max_length=300)
    standard = models.CharField("对标标准", max_length=200, blank=True)
    check_on = models.DateField("核查日期")
    state = StateField("状态", choices=ClauseState, default=ClauseState.DRAWN)
    issue = models.OneToOneField(
        "projects.IssueItem", on_delete=models.PROTECT, null=True, blank=True, related_name="book_clause",
        verbose_name="承诺事项",
    )
    drawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="提取人"
    )

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "承诺条款"
        ordering = ("book", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("bookclause_state_known", "state", ClauseState),
            models.UniqueConstraint(name="bookclause_order", fields=["book", "order"]),
        ]

    def __str__(self) -> str:
        """Return the beginning of the words."""
        return self.text[:60]

    @transition(field=state, source=ClauseState.DRAWN, target=ClauseState.SIGNED)
    def sign(self) -> None:
        """The responsible person of the owner has signed it."""
