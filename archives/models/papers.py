"""Official papers (文书) and their delivery (送达)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django_fsm import transition

from archives.models.documents import Document
from archives.paper_kinds import PROTECTED
from archives.states import DeliveryWay, PaperKind, PaperState, Visibility
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class PaperQuerySet(models.QuerySet["Paper"]):
    """Composable reads of papers."""

    def visible_to(self, user: User | AnonymousUser) -> PaperQuerySet:
        """Return the papers of visible projects, and those without a project that the user's organisations issued.

        Papers of the office side are seen by the office side only.
        """
        from projects.access import access_of

        access = access_of(user)
        projects = Project.objects.visible_to(user)
        own = projects.filter(pk__gte=OuterRef("project"), pk__lte=OuterRef("project"))
        issued = Q(project=None, issuer_id__in=access.organisation_ids) & ~Q(kind__in=PROTECTED)
        mine = self.filter(Q(Exists(own)) | issued)
        if access.is_office:
            return mine
        return mine.exclude(document__isnull=False, document__visibility=Visibility.OFFICE)


class Paper(StateModel):
    """An official paper (文书): a row first, with its number and a frozen JSON of what it says; a PDF second.

    `number` reads 〔2026〕高审受字第000123号, gap-free per issuer, series and year. `verify_code` is printed on it.
    """

    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, related_name="papers", verbose_name="项目"
    )
    kind = models.CharField("文书种类", max_length=24, choices=PaperKind)
    state = StateField("状态", choices=PaperState, default=PaperState.VALID)
    title = models.CharField("标题", max_length=120)
    issuer = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="发文单位"
    )
    series = models.CharField("字", max_length=30)
    year = models.PositiveSmallIntegerField("年度")
    serial = models.PositiveIntegerField("顺序号")
    number = models.CharField("文号", max_length=60)
    content = models.JSONField("内容")
    subject_type = models.CharField("对象类型", max_length=60)
    subject_key = models.CharField("对象主键", max_length=40)
    verify_code = models.CharField("校验码", max_length=20, unique=True)
    is_public = models.BooleanField("公开", default=False)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="经办人"
    )
    issued_at = models.DateTimeField("出具时间")
    valid_until = models.DateField("有效期至", null=True, blank=True)
    document = models.OneToOneField(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="paper", verbose_name="档案文件"
    )
    digest = models.CharField("PDF 摘要", max_length=64, blank=True)
    size = models.PositiveBigIntegerField("PDF 字节数", null=True, blank=True)
    storage_key = models.CharField("PDF 存储键", max_length=200, blank=True)
    claimed_at = models.DateTimeField("渲染领取", null=True, blank=True)
    rendered_at = models.DateTimeField("生成时间", null=True, blank=True)

    objects = PaperQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "文书"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="paper_number_unique", fields=["issuer", "series", "year", "serial"]),
            models.CheckConstraint(name="paper_kind_known", condition=Q(kind__in=list(PaperKind.values))),
            state_check("paper_state_known", "state", PaperState),
            models.CheckConstraint(
                name="paper_rendered_after_issue", condition=Q(rendered_at=None) | Q(rendered_at__gte=F("issued_at"))
            ),
            models.CheckConstraint(
                name="paper_rendered_has_bytes", condition=Q(rendered_at=None) | ~Q(digest="") & ~Q(storage_key="")
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the papers of a case or an application
            models.Index(name="paper_of_subject", fields=["subject_type", "subject_key"]),
            # look-up by number
            models.Index(name="paper_number", fields=["number"]),
            # verification by the hash of the PDF
            models.Index(name="paper_digest", fields=["digest"]),
            # render sweep: what has no PDF yet
            models.Index(name="paper_unrendered", fields=["id"], condition=Q(rendered_at=None)),
            # what runs out soon: few papers have a last day
            models.Index(name="paper_runs_out", fields=["valid_until"], condition=Q(valid_until__isnull=False)),
        ]

    def __str__(self) -> str:
        """Return title and number."""
        return f"{self.title} {self.number}"

    @transition(field=state, source=PaperState.VALID, target=PaperState.REPLACED)
    def replace(self) -> None:
        """A newer paper stands in its place."""

    @transition(field=state, source=PaperState.VALID, target=PaperState.REVOKED)
    def revoke(self) -> None:
        """It no longer has any effect."""


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Composable reads of deliveries."""

    def visible_to(self, user: User | AnonymousUser) -> DeliveryQuerySet:
        """Return those of visible projects."""
        return self.filter(paper__project__in=Project.objects.visible_to(user))

    def unsigned(self) -> DeliveryQuerySet:
        """Return those that nobody has signed for and whose paper still stands."""
        return self.filter(signed_at=None, paper__state=PaperState.VALID)


class Delivery(models.Model):
    """A legal notice on its way to its addressee (送达): put into the portal, opened, signed for by whom and when.

    The row is made with the paper. `signed_name` is who signed, also somebody without an account (at the counter).
    """

    paper = models.OneToOneField(Paper, on_delete=models.PROTECT, related_name="delivery", verbose_name="文书")
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="收件单位"
    )
    sent_at = models.DateTimeField("发到门户")
    opened_at = models.DateTimeField("首次打开", null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="打开人"
    )
    way = models.CharField("方式", max_length=8, choices=DeliveryWay, blank=True)
    signed_at = models.DateTimeField("签收时间", null=True, blank=True)
    signed_name = models.CharField("签收人", max_length=50, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="经手人"
    )

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "送达"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="delivery_signed_by_somebody",
                condition=Q(signed_at=None, signed_name="", way="") | Q(signed_at__isnull=False) & ~Q(signed_name="")
                & Q(way__in=list(DeliveryWay.values)),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # what an enterprise has not signed for yet
            models.Index(name="delivery_unsigned", fields=["organisation", "id"], condition=Q(signed_at=None)),
        ]

    def __str__(self) -> str:
        """Return the paper."""
        return str(self.paper)
