"""Reminders and messages in the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from agency.states import Threshold
from projects import timing
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


#: Kind of the messages about a legal notice, which are signed for in the portal.
LEGAL = "legal"


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Composable reads of notifications."""

    def visible_to(self, user: User | AnonymousUser) -> NotificationQuerySet:
        """Return the user's own."""
        return self.filter(user_id=user.pk) if user.is_authenticated else self.none()

    def on_top(self) -> NotificationQuerySet:
        """Return what stands in the inbox by itself: a digest, not its lines; legal notices have their own list."""
        return self.filter(part_of=None).exclude(kind=LEGAL)

    def unread(self) -> NotificationQuerySet:
        """Return what stands by itself, is still true and was not read."""
        return self.on_top().filter(read_at=None, over_at=None)


class Notification(models.Model):
    """A message in the portal for one person. A clock speaks once per threshold and person.

    `part_of` is the digest that has taken the message in, `digest_on` the day of a digest. `over_at`: what it says is
    no longer to be done, or the person has switched its kind off; it no longer counts as unread. `batch` is common to
    all messages of one happening.
    """

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
    kind = models.CharField("种类", max_length=16, blank=True, default="")
    batch = models.CharField("同一件事", max_length=64, blank=True, default="")
    part_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="parts", verbose_name="所属汇总"
    )
    digest_on = models.DateField("汇总日", null=True, blank=True)
    over_at = models.DateTimeField("不再需要", null=True, blank=True)
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
            models.UniqueConstraint(
                name="notification_once_per_batch", fields=["batch", "user"], condition=~Q(batch="")
            ),
            models.UniqueConstraint(
                name="notification_one_digest_a_day", fields=["user", "digest_on"], condition=Q(digest_on__isnull=False)
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the inbox, newest first
            models.Index(name="notification_inbox", fields=["user", "-id"]),
            # the number beside the bell
            models.Index(
                name="notification_unread", fields=["user"],
                condition=Q(part_of__isnull=True, read_at__isnull=True, over_at__isnull=True),
            ),
            # what the digest has not taken in yet
            models.Index(
                name="notification_loose", fields=["user"],
                condition=Q(clock__isnull=False, part_of__isnull=True, read_at__isnull=True, over_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    @property
    def kind_name(self) -> str:
        """Return the name of its kind."""
        from agency import message_data

        return message_data.kind(self.kind, timing.business_day(self.sent_at)).name


class LadderMark(models.Model):
    """A clock has reached a rung of the ladder on a day and said so, once, also where nobody hears it."""

    clock = models.ForeignKey("projects.Clock", on_delete=models.PROTECT, related_name="+", verbose_name="时钟")
    threshold = models.CharField("时点", max_length=8, choices=Threshold)
    reached_on = models.DateField("到达日")
    said_at = models.DateTimeField("提醒时间")

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "提醒阶梯"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="laddermark_once", fields=["clock", "threshold"]),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the director's list and that of the weekly meeting
            models.Index(
                name="laddermark_heads", fields=["threshold", "reached_on"],
                condition=Q(threshold__in=["director", "weekly"]),
            ),
        ]

    def __str__(self) -> str:
        """Return the rung."""
        return str(Threshold(self.threshold).label)
