"""Tokens of the interface for other systems (JSON), kept as their hash only, and the log of what they read."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class ApiToken(models.Model):
    """The right of another system to read, for one region and below, until a day. The token itself is not kept.

    `prefix` are its first letters, so that people can tell tokens apart; `digest` is the SHA-256 of the whole.
    """

    name = models.CharField("用途", max_length=80)
    holder = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="使用单位"
    )
    region = models.ForeignKey("projects.Region", on_delete=models.PROTECT, related_name="+", verbose_name="数据范围")
    scopes = models.JSONField("可读内容", default=list)
    prefix = models.CharField("前缀", max_length=12)
    digest = models.CharField("摘要", max_length=64, unique=True)
    expires_on = models.DateField("有效期至")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="签发人"
    )
    made_at = models.DateTimeField("签发时间")
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="吊销人"
    )
    revoked_at = models.DateTimeField("吊销时间", null=True, blank=True)
    last_used_at = models.DateTimeField("最近使用", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "接口令牌"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="apitoken_revoked_after_made", condition=Q(revoked_at=None) | Q(revoked_at__gte=F("made_at"))
            ),
        ]

    def __str__(self) -> str:
        """Return what it is for."""
        return self.name


class ApiCall(models.Model):
    """One request of a token: when, from where, what, and how it was answered."""

    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, related_name="calls", verbose_name="令牌")
    at = models.DateTimeField("时间")
    path = models.CharField("地址", max_length=200)
    query = models.CharField("参数", max_length=200, blank=True)
    status = models.PositiveSmallIntegerField("状态")
    rows = models.PositiveIntegerField("行数", default=0)
    source = models.CharField("来源地址", max_length=45, blank=True)
    took_ms = models.PositiveIntegerField("毫秒", default=0)

    class Meta:
        """Names and indexes."""

        verbose_name = verbose_name_plural = "接口访问记录"
        ordering = ("-pk",)
        indexes: ClassVar[list[models.Index]] = [
            # the newest requests of one token
            models.Index(name="apicall_token_newest", fields=["token", "-id"]),
        ]

    def __str__(self) -> str:
        """Return what was read."""
        return f"{self.path} {self.status}"
