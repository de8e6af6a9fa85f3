"""The project's code (一码): its token, the page behind it, how often it was scanned."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from archives.models.papers import Paper
from archives.states import ScanView, TokenState
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project


class QrToken(StateModel):
    """The project's code (项目码): a random token of 22 characters; `check_code` is printed below for people."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="qr_tokens", verbose_name="项目")
    token = models.CharField("令牌", max_length=22, unique=True)
    check_code = models.CharField("校验码", max_length=7)
    revision = models.PositiveSmallIntegerField("版次", default=1)
    state = StateField("状态", choices=TokenState, default=TokenState.ACTIVE)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="制码人"
    )
    issued_at = models.DateTimeField("制码时间")
    paper = models.OneToOneField(
        Paper, on_delete=models.PROTECT, null=True, related_name="qr_token", verbose_name="项目卡"
    )

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "项目码"
        ordering = ("-revision",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("qrtoken_state_known", "state", TokenState),
            models.UniqueConstraint(
                name="qrtoken_one_active", fields=["project"], condition=Q(state=TokenState.ACTIVE)
            ),
            models.UniqueConstraint(name="qrtoken_revision_unique", fields=["project", "revision"]),
        ]

    def __str__(self) -> str:
        """Return project and revision."""
        return f"{self.project} 第 {self.revision} 版"

    @transition(field=state, source=TokenState.ACTIVE, target=TokenState.REPLACED)
    def replace(self) -> None:
        """A newer token stands in its place."""

    @transition(field=state, source=TokenState.ACTIVE, target=TokenState.VOID)
    def void(self) -> None:
        """The code no longer opens anything."""


class PublicView(models.Model):
    """What the public page behind the code shows of a project, computed once per event and day.

    It is a copy of what the registries say, no fact of its own: `seq` is the project's last event when it was computed,
    `day` the business day. The page computes it anew when either has moved on; a sweep does so beforehand.
    """

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, related_name="public_view", primary_key=True, verbose_name="项目"
    )
    seq = models.PositiveIntegerField("事件序号")
    day = models.DateField("日期")
    facts = models.JSONField("内容")
    computed_at = models.DateTimeField("计算时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "公众页"

    def __str__(self) -> str:
        """Return the project and the day."""
        return f"{self.project_id} {self.day}"


class Scan(models.Model):
    """The code was opened: when (to the minute) and which of the three views it gave. Never who, never from where."""

    token = models.ForeignKey(QrToken, on_delete=models.CASCADE, related_name="scans", verbose_name="项目码")
    view = models.CharField("视图", max_length=8, choices=ScanView)
    at = models.DateTimeField("时间")

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "扫码记录"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="scan_view_known", condition=Q(view__in=list(ScanView.values))),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # how often the code was scanned in the last days
            models.Index(name="scan_of_token", fields=["token", "at"]),
        ]

    def __str__(self) -> str:
        """Return token and minute."""
        return f"{self.token_id} {self.at:%Y-%m-%d %H:%M}"
