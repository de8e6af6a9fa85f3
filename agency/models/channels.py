"""Messages on their way out of the portal: what a person wants, where a body's own system listens, what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from agency.states import DispatchState
from projects.crypto import EncryptedTextField

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class MessageChoice(models.Model):
    """消息设置: a person wants one kind of message on one channel, or not; without a row the kind's default holds."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="message_choices", verbose_name="用户"
    )
    kind = models.CharField("种类", max_length=16)
    channel = models.CharField("渠道", max_length=12)
    is_on = models.BooleanField("接收")
    changed_at = models.DateTimeField("修改时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "消息设置"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="messagechoice_unique", fields=["user", "kind", "channel"]),
        ]

    def __str__(self) -> str:
        """Return kind and channel."""
        return f"{self.kind} {self.channel}"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    """Composable reads of webhooks."""

    def visible_to(self, user: User | AnonymousUser) -> WebhookQuerySet:
        """Return all to administrators."""
        from projects.access import access_of
        from projects.states import Role

        return self.all() if access_of(user).has(Role.ADMIN) else self.none()


class Webhook(models.Model):
    """An address of a body's own system that gets the messages to its people, each once, signed with the secret.

    `kinds` limits which kinds of message are sent; empty is all.
    """

    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="webhooks", verbose_name="单位"
    )
    name = models.CharField("名称", max_length=60)
    url = models.CharField("地址", max_length=300)
    secret = EncryptedTextField("密钥")
    kinds = models.JSONField("消息种类", default=list, blank=True)
    is_active = models.BooleanField("启用", default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="登记人"
    )
    created_at = models.DateTimeField("登记时间")
    ended_at = models.DateTimeField("停用时间", null=True, blank=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "系统对接地址"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="webhook_one_per_address", fields=["organisation", "url"], condition=Q(is_active=True)
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class DispatchQuerySet(models.QuerySet["Dispatch"]):
    """Composable reads of dispatches."""

    def visible_to(self, user: User | AnonymousUser) -> DispatchQuerySet:
        """Return all to administrators (their words are hidden there), to everybody else one's own."""
        from projects.access import access_of
        from projects.states import Role

        if access_of(user).has(Role.ADMIN):
            return self.all()
        return self.filter(user_id=user.pk) if user.is_authenticated else self.none()

    def failed(self) -> DispatchQuerySet:
        """Return those that somebody has to look at: not delivered, or nobody knows whether."""
        return self.filter(state__in=[DispatchState.DEAD, DispatchState.UNSURE])


class Dispatch(models.Model):
    """One message on one channel: claimed, handed over, marked. `key` is the same however often it is tried.

    `claim` names the worker that has it since `claimed_at`. `handed_at` is set before the words leave: a worker that
    dies after it leaves a row of which nobody knows whether it arrived.
    """

    notification = models.ForeignKey(
        "agency.Notification", on_delete=models.CASCADE, null=True, related_name="dispatches", verbose_name="消息"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="收件人"
    )
    webhook = models.ForeignKey(
        Webhook, on_delete=models.PROTECT, null=True, related_name="dispatches", verbose_name="系统对接地址"
    )
    channel = models.CharField("渠道", max_length=12)
    kind = models.CharField("种类", max_length=16, blank=True)
    key = models.CharField("投递键", max_length=120, unique=True)
    subject = models.CharField("标题", max_length=120)
    text = models.TextField("内容")
    url = models.CharField("链接", max_length=200, blank=True)
    state = models.CharField("状态", max_length=8, choices=DispatchState, default=DispatchState.WAITING)
    created_at = models.DateTimeField("生成时间")
    next_at = models.DateTimeField("下次发送")
    attempts = models.PositiveSmallIntegerField("次数", default=0)
    claim = models.CharField("认领", max_length=32, blank=True)
    claimed_at = models.DateTimeField("认领时间", null=True, blank=True)
    handed_at = models.DateTimeField("交出时间", null=True, blank=True)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)
    error = models.CharField("最近一次结果", max_length=200, blank=True)

    objects = DispatchQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "投递"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="dispatch_state_known", condition=Q(state__in=list(DispatchState.values))),
            models.CheckConstraint(
                name="dispatch_one_addressee",
                condition=Q(user__isnull=False, webhook__isnull=True) | Q(user__isnull=True, webhook__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # what is to be sent now
            models.Index(name="dispatch_due", fields=["next_at"], condition=Q(state="waiting")),
            # workers that went silent
            models.Index(name="dispatch_claimed", fields=["claimed_at"], condition=Q(state="sending")),
            # the list of what did not arrive
            models.Index(name="dispatch_failed", fields=["-id"], condition=Q(state__in=["dead", "unsure"])),
        ]

    def __str__(self) -> str:
        """Return the title."""
        return self.subject


class DispatchAttempt(models.Model):
    """One try: when it began and ended, and what the other side said."""

    dispatch = models.ForeignKey(Dispatch, on_delete=models.CASCADE, related_name="tries", verbose_name="投递")
    number = models.PositiveSmallIntegerField("第几次")
    started_at = models.DateTimeField("开始")
    ended_at = models.DateTimeField("结束", null=True, blank=True)
    is_good = models.BooleanField("成功", default=False)
    words = models.CharField("结果", max_length=200, blank=True)

    class Meta:
        """Names and order."""

        verbose_name = verbose_name_plural = "投递记录"
        ordering = ("pk",)

    def __str__(self) -> str:
        """Return which try it was."""
        return f"第 {self.number} 次"
