"""Reminders and messages in the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from agency.states import Threshold
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Composable reads of notifications."""

    def visible_to(self, user: User | AnonymousUser) -> NotificationQuerySet:
        """Return the user's own."""
        return self.filter(user_id=user.pk) if user.is_authenticated else self.none()


class Notification(models.Model):
    """A message in the portal for one person. A clock speaks once per threshold and person."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notifications", verbose_name="收件人"
    )
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, related_name="notifications", verbose_name="项目"
    )
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="时钟"
    )
    threshold = models.CharField("时点", max_length=8, choices=Threshold, blank=True)
    text = models.CharField("内容", max_length=300)
    why = models.CharField("为什么收到", max_length=120)
    url = models.CharField("链接", max_length=200, blank=True)
    sent_at = models.DateTimeField("时间")
    read_at = models.DateTimeField("已读时间", null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "消息"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="notification_once_per_threshold", fields=["user", "clock", "threshold"],
                condition=Q(clock__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the inbox, newest first
            models.Index(name="notification_inbox", fields=["user", "-id"]),
        ]

    def __str__(self) -> str:
        """Return the text."""
        return self.text
