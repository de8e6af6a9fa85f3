"""What keeps the archive trustworthy: text of files for the search, the four checks (四性检测), rounds of fixity."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from archives.models.documents import Document, DocumentVersion
from archives.models.papers import Paper
from archives.states import CheckMoment

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class VersionText(models.Model):
    """What a file says, read out of it by a worker for the search, with its pages and the PDF/A level it claims."""

    version = models.OneToOneField(
        DocumentVersion, on_delete=models.CASCADE, primary_key=True, related_name="text", verbose_name="文件版本"
    )
    text = models.TextField("文字", blank=True)
    pages = models.PositiveIntegerField("页数", null=True, blank=True)
    pdfa = models.CharField("PDF/A", max_length=4, blank=True)
    extracted_at = models.DateTimeField("提取时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "文件文字"

    def __str__(self) -> str:
        """Return the version."""
        return f"{self.version_id}"


class InspectionQuerySet(models.QuerySet["Inspection"]):
    """Composable reads of inspections."""

    def visible_to(self, user: User | AnonymousUser) -> InspectionQuerySet:
        """Return those of documents that the user may see; papers without a project belong to their issuer."""
        documents = Document.objects.visible_to(user)
        mine = documents.filter(pk=OuterRef("version__document"))
        papers = Paper.objects.visible_to(user).filter(pk=OuterRef("paper"))
        return self.filter(Q(Exists(mine)) | Q(paper__isnull=False) & Q(Exists(papers)))

    def failed(self) -> InspectionQuerySet:
        """Return those that found something wrong."""
        return self.filter(ok=False)


class Inspection(models.Model):
    """The four checks 真实 完整 可用 安全 of one file at one moment; the newest result stands, events keep the rest.

    `results` is a list of [check, passed, words]; see `archives.checks`.
    """

    version = models.ForeignKey(
        DocumentVersion, on_delete=models.CASCADE, null=True, related_name="inspections", verbose_name="文件版本"
    )
    paper = models.ForeignKey(
        Paper, on_delete=models.CASCADE, null=True, related_name="inspections", verbose_name="文书"
    )
    moment = models.CharField("环节", max_length=10, choices=CheckMoment)
    ok = models.BooleanField("通过")
    results = models.JSONField("结果")
    inspected_at = models.DateTimeField("检测时间")

    objects = InspectionQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "四性检测"
        ordering = ("-inspected_at", "-pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="inspection_version_moment", fields=["version", "moment"], condition=Q(version__isnull=False)
            ),
            models.UniqueConstraint(
                name="inspection_paper_moment", fields=["paper", "moment"], condition=Q(paper__isnull=False)
            ),
            models.CheckConstraint(
                name="inspection_of_one_thing",
                condition=Q(version=None, paper__isnull=False) | Q(version__isnull=False, paper=None),
            ),
            models.CheckConstraint(name="inspection_moment_known", condition=Q(moment__in=list(CheckMoment.values))),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # what is wrong now
            models.Index(name="inspection_failed", fields=["-inspected_at"], condition=Q(ok=False)),
        ]

    def __str__(self) -> str:
        """Return what was looked at and when in its life."""
        return f"{self.version or self.paper} {self.get_moment_display()}"


class FixityRound(models.Model):
    """One round of fixity (固化校验) over everything in the store, walked in slices; the cursors say how far it is."""

    number = models.PositiveIntegerField("轮次", unique=True)
    started_at = models.DateTimeField("开始")
    finished_at = models.DateTimeField("完成", null=True, blank=True)
    last_version = models.PositiveBigIntegerField("校验到的版本", default=0)
    last_paper = models.PositiveBigIntegerField("校验到的文书", default=0)
    files = models.PositiveIntegerField("文件数", default=0)
    size = models.PositiveBigIntegerField("字节数", default=0)
    damaged = models.PositiveIntegerField("不一致", default=0)

    class Meta:
        """Names, constraints."""

        verbose_name = verbose_name_plural = "校验轮次"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="fixityround_ends_after_start",
                condition=Q(finished_at=None) | Q(finished_at__gte=F("started_at")),
            ),
        ]

    def __str__(self) -> str:
        """Return when it began."""
        return f"{self.started_at:%Y-%m-%d %H:%M}"
