"""Handing the archive of a project to the city archive (城建档案移交), and the files that are made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from archives.models.documents import DocumentVersion
from archives.models.papers import Paper
from archives.states import TONES, BundleKind, TransferState
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class TransferQuerySet(models.QuerySet["Transfer"]):
    """Composable reads of transfers."""

    def visible_to(self, user: User | AnonymousUser) -> TransferQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def standing(self) -> TransferQuerySet:
        """Return those that were not returned."""
        return self.exclude(state=TransferState.RETURNED)


class Transfer(StateModel):
    """One hand-over of a project's archive: pre-checked, handed over with a signed list, received or returned.

    A project without one is 未移交. One that was returned stays as it was; the next hand-over is a new round.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="transfers", verbose_name="项目")
    round = models.PositiveSmallIntegerField("次数", default=1)
    state = StateField("状态", choices=TransferState, default=TransferState.PREPARED)
    receiver = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="接收单位"
    )
    due_on = models.DateField("移交期限", null=True, blank=True)
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="预验收人"
    )
    prepared_at = models.DateTimeField("预验收时间")
    handed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="移交人"
    )
    handed_at = models.DateTimeField("移交时间", null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="接收人"
    )
    ended_at = models.DateTimeField("接收或退回时间", null=True, blank=True)
    reason = models.CharField("退回原因", max_length=300, blank=True)
    list_paper = models.OneToOneField(
        Paper, on_delete=models.PROTECT, null=True, blank=True, related_name="transfer", verbose_name="移交清单"
    )
    receipt = models.OneToOneField(
        Paper, on_delete=models.PROTECT, null=True, blank=True, related_name="received_transfer",
        verbose_name="接收凭证",
    )

    objects = TransferQuerySet.as_manager()

    class Meta:
        """Names, constraints."""

        verbose_name = verbose_name_plural = "档案移交"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("transfer_state_known", "state", TransferState),
            models.UniqueConstraint(name="transfer_round_unique", fields=["project", "round"]),
            models.UniqueConstraint(
                name="transfer_one_standing", fields=["project"], condition=~Q(state=TransferState.RETURNED)
            ),
            models.CheckConstraint(
                name="transfer_ends_after_handing", condition=Q(ended_at=None) | Q(ended_at__gte=F("handed_at"))
            ),
        ]

    def __str__(self) -> str:
        """Return project and round."""
        return f"{self.project} 第 {self.round} 次移交"

    @property
    def tone(self) -> str:
        """Return the tone of its state on the screen."""
        return TONES[self.state]

    @transition(field=state, source=TransferState.PREPARED, target=TransferState.HANDED)
    def hand(self) -> None:
        """The list is signed by who hands over."""

    @transition(field=state, source=TransferState.HANDED, target=TransferState.RECEIVED)
    def receive(self) -> None:
        """The city archive has checked the package and signed the list."""

    @transition(
        field=state, source=[TransferState.PREPARED, TransferState.HANDED], target=TransferState.RETURNED
    )
    def give_back(self) -> None:
        """The city archive returns it, or the sender takes the pre-check back."""


class TransferLine(models.Model):
    """One file on the list of a hand-over, frozen when the list was made."""

    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="lines", verbose_name="移交")
    ordinal = models.PositiveIntegerField("序号")
    version = models.ForeignKey(DocumentVersion, on_delete=models.PROTECT, related_name="+", verbose_name="文件版本")
    archive_no = models.CharField("档号", max_length=60)
    doc_class = models.CharField("类目", max_length=2)
    title = models.CharField("题名", max_length=200)
    media_type = models.CharField("格式", max_length=80)
    size = models.PositiveBigIntegerField("字节数")
    algorithm = models.CharField("摘要算法", max_length=12)
    digest = models.CharField("摘要", max_length=64)

    class Meta:
        """Names, constraints."""

        verbose_name = verbose_name_plural = "移交清单行"
        ordering = ("transfer", "ordinal")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="transferline_ordinal", fields=["transfer", "ordinal"]),
        ]

    def __str__(self) -> str:
        """Return number and title."""
        return f"{self.ordinal} {self.title}"


class Bundle(models.Model):
    """A file made of an archive by a worker: the project volume (PDF) or the package of a hand-over (BagIt, ZIP).

    Claim, make, mark as with the PDF of a paper; `fault` says why it could not be made.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="bundles", verbose_name="项目")
    kind = models.CharField("种类", max_length=8, choices=BundleKind)
    transfer = models.OneToOneField(
        Transfer, on_delete=models.PROTECT, null=True, blank=True, related_name="bundle", verbose_name="移交"
    )
    view = models.CharField("公开范围", max_length=10, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="请求人"
    )
    requested_at = models.DateTimeField("请求时间")
    claimed_at = models.DateTimeField("领取", null=True, blank=True)
    made_at = models.DateTimeField("生成时间", null=True, blank=True)
    fault = models.CharField("没有生成的原因", max_length=300, blank=True)
    algorithm = models.CharField("摘要算法", max_length=12, blank=True)
    digest = models.CharField("摘要", max_length=64, blank=True)
    storage_key = models.CharField("存储键", max_length=200, blank=True)
    size = models.PositiveBigIntegerField("字节数", null=True, blank=True)
    pages = models.PositiveIntegerField("页数", null=True, blank=True)

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "档案包"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="bundle_kind_known", condition=Q(kind__in=list(BundleKind.values))),
            models.CheckConstraint(
                name="bundle_made_has_bytes", condition=Q(made_at=None) | ~Q(digest="") & ~Q(storage_key="")
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the newest volume of a project
            models.Index(name="bundle_of_project", fields=["project", "kind", "-id"]),
            # what a worker has still to make
            models.Index(name="bundle_unmade", fields=["id"], condition=Q(made_at=None, fault="")),
        ]

    def __str__(self) -> str:
        """Return kind and project."""
        return f"{self.get_kind_display()} {self.project}"
