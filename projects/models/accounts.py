"""Accounts: the second factor, where a person is signed in, old passwords, elevated work of administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from projects import timing
from projects.account_states import SignInEnd
from projects.crypto import EncryptedTextField
from projects.states import ADMIN_ROLES, Role

if TYPE_CHECKING:
    import datetime as dt


class SecondFactor(models.Model):
    """The authenticator of a person (TOTP, RFC 6238): it holds from `confirmed_at`, each code works once.

    `last_step` is the time step of the last code that was taken; `recovery` are keyed hashes of the codes left.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="factor", verbose_name="用户"
    )
    secret = EncryptedTextField("密钥")
    made_at = models.DateTimeField("生成时间")
    confirmed_at = models.DateTimeField("启用时间", null=True, blank=True)
    last_step = models.BigIntegerField("最近一次时间步", default=0)
    recovery = models.JSONField("恢复码摘要", default=list)

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "二次验证"

    def __str__(self) -> str:
        """Return whose it is."""
        return f"{self.user} 二次验证"


class SignInQuerySet(models.QuerySet["SignIn"]):
    """Composable reads of sessions."""

    def open(self) -> SignInQuerySet:
        """Return those that nobody has ended."""
        return self.filter(ended_at=None)


class SignIn(models.Model):
    """One session of a person: from which kind of device and part of the network, since when."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sign_ins", verbose_name="用户"
    )
    session_key = models.CharField("会话", max_length=40)
    address = models.CharField("网络地址", max_length=60, blank=True)
    device = models.CharField("设备", max_length=60, blank=True)
    started_at = models.DateTimeField("登录时间")
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)
    ended_why = models.CharField("结束原因", max_length=10, choices=SignInEnd, blank=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "登录会话"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="signin_session_unique", fields=["session_key"]),
            models.CheckConstraint(
                name="signin_ended_for_a_reason",
                condition=Q(ended_at=None, ended_why="") | (Q(ended_at__isnull=False) & ~Q(ended_why="")),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the sessions of one person, newest first
            models.Index(name="signin_of_user", fields=["user", "-id"]),
        ]

    def __str__(self) -> str:
        """Return who signed in when."""
        return f"{self.user} {self.started_at:%m-%d %H:%M}"


class PasswordRecord(models.Model):
    """A password that a person had, as its hash: the last ones are not taken again, the newest one grows old."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passwords", verbose_name="用户"
    )
    hash = models.CharField("摘要", max_length=128)
    set_at = models.DateTimeField("设定时间")

    class Meta:
        """Names and the index of the last ones."""

        verbose_name = verbose_name_plural = "历史密码"
        ordering = ("-pk",)
        indexes: ClassVar[list[models.Index]] = [
            # the last passwords of a person
            models.Index(name="passwordrecord_last", fields=["user", "-id"]),
        ]

    def __str__(self) -> str:
        """Return whose it was."""
        return f"{self.user} {self.set_at:%Y-%m-%d}"


class ElevationQuerySet(models.QuerySet["Elevation"]):
    """Composable reads of elevated work."""

    def current(self, now: dt.datetime | None = None) -> ElevationQuerySet:
        """Return those that hold at a moment (default: now)."""
        moment = now or timing.now()
        return self.filter(ended_at=None, started_at__lte=moment, ends_at__gt=moment)


class Elevation(models.Model):
    """An administrator at work that changes something: for a reason, for minutes; without it the role only reads."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="elevations", verbose_name="管理员"
    )
    role = models.CharField("角色", max_length=20, choices=Role)
    reason = models.CharField("事由", max_length=200)
    started_at = models.DateTimeField("开启时间")
    ends_at = models.DateTimeField("到期时间")
    ended_at = models.DateTimeField("关闭时间", null=True, blank=True)

    objects = ElevationQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "特权操作"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="elevation_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="elevation_ends_later", condition=Q(ends_at__gt=F("started_at"))),
            models.CheckConstraint(
                name="elevation_of_administrator", condition=Q(role__in=sorted(str(role) for role in ADMIN_ROLES))
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # whether an administrator is at elevated work now
            models.Index(name="elevation_of_user", fields=["user", "ends_at"], condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        """Return who, why."""
        return f"{self.user} {self.reason}"
