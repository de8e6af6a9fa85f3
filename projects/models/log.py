"""The event log (timeline and audit in one), the outbox, reads of private things, job runs, and number series."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class EventQuerySet(models.QuerySet["Event"]):
    """Events cannot be changed through the program; PostgreSQL refuses it by trigger as well."""

    def update(self, **_: Any) -> int:
        """Refuse."""
        raise TypeError("events are append-only")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refuse."""
        raise TypeError("events are append-only")


class Event(models.Model):
    """One thing that happened. Append-only; `hash` covers the row and the hash of the event before it in its chain.

    The chain is that of the project, or of the organisation when there is no project. `data` holds old and new values
    and no personal ones. `status_code` is the national 办件状态 code 1-15, or empty.
    """

    chain = models.CharField("链", max_length=40)
    seq = models.PositiveIntegerField("链内序号")
    project = models.ForeignKey(
        "projects.Project", on_delete=models.PROTECT, null=True, related_name="events", verbose_name="项目"
    )
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="单位"
    )
    subject_type = models.CharField("对象类型", max_length=60)
    subject_key = models.CharField("对象主键", max_length=40)
    subject_label = models.CharField("对象", max_length=200)
    kind = models.CharField("事件", max_length=60)
    status_code = models.PositiveSmallIntegerField("办件状态", null=True)
    summary = models.CharField("摘要", max_length=300, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="经手人"
    )
    actor_name = models.CharField("经手人姓名", max_length=80)
    actor_organisation = models.CharField("经手单位", max_length=120, blank=True)
    on_behalf_of = models.CharField("代表", max_length=120, blank=True)
    happened_at = models.DateTimeField("发生时间")
    recorded_at = models.DateTimeField("记录时间")
    #: Working days between the two; not part of the hash, since it follows from them and the calendar of that day.
    late_days = models.PositiveIntegerField("补录晚了几个工作日", default=0)
    request_id = models.CharField("请求号", max_length=40, blank=True)
    data = models.JSONField("数据", default=dict)
    previous_hash = models.CharField("前一哈希", max_length=80, blank=True)
    hash = models.CharField("哈希", max_length=80)

    objects = EventQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "事件"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="event_chain_seq_unique", fields=["chain", "seq"]),
            models.CheckConstraint(name="event_not_before_it_happened", condition=Q(recorded_at__gte=F("happened_at"))),
            models.CheckConstraint(
                name="event_status_code_national",
                condition=Q(status_code=None) | Q(status_code__gte=1, status_code__lte=15),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the timeline of a project, newest first
            models.Index(name="event_project_newest", fields=["project", "-id"]),
            # the events of one object (who accepted it, and when)
            models.Index(name="event_of_subject", fields=["subject_type", "subject_key", "id"]),
            # what was keyed in later than one working day, newest first
            models.Index(name="event_back_entered", fields=["-id"], condition=Q(late_days__gt=1)),
        ]

    def __str__(self) -> str:
        """Return what happened to what."""
        return f"{self.subject_label} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert once; a second save is refused."""
        if not self._state.adding:
            raise TypeError("events are append-only")
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> tuple[int, dict[str, int]]:
        """Refuse."""
        raise TypeError("events are append-only")


class Outbox(models.Model):
    """One event that one subscriber still has to react to; written in the event's transaction, drained by workers."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="outbox", verbose_name="事件")
    subscriber = models.CharField("订阅者", max_length=60)
    claimed_at = models.DateTimeField("领取时间", null=True, blank=True)
    done_at = models.DateTimeField("完成时间", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("次数", default=0)
    error = models.CharField("错误", max_length=300, blank=True)

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "待发事件"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="outbox_once_per_subscriber", fields=["event", "subscriber"]),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # drain: what is not done, oldest first
            models.Index(name="outbox_open", fields=["id"], condition=Q(done_at=None)),
        ]

    def __str__(self) -> str:
        """Return which event for whom."""
        return f"{self.event_id} -> {self.subscriber}"


class AccessLog(models.Model):
    """A read of a private file or of personal data: who, what, when, from where."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="用户"
    )
    project = models.ForeignKey(
        "projects.Project", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="项目"
    )
    subject_type = models.CharField("对象类型", max_length=60)
    subject_key = models.CharField("对象主键", max_length=40)
    subject_label = models.CharField("对象", max_length=200)
    action = models.CharField("动作", max_length=20)
    read_at = models.DateTimeField("时间")
    request_id = models.CharField("请求号", max_length=40, blank=True)

    class Meta:
        """Names, indexes."""

        verbose_name = verbose_name_plural = "查阅记录"
        ordering = ("-pk",)
        indexes: ClassVar[list[models.Index]] = [
            # who read this file, newest first
            models.Index(name="accesslog_of_subject", fields=["subject_type", "subject_key", "-id"]),
            # what one person read, newest first
            models.Index(name="accesslog_of_user", fields=["user", "-id"]),
        ]

    def __str__(self) -> str:
        """Return who read what."""
        return f"{self.user} {self.action} {self.subject_label}"


class JobRun(models.Model):
    """One run of a background job, so that a dead worker is seen by people."""

    job = models.CharField("任务", max_length=60)
    started_at = models.DateTimeField("开始")
    finished_at = models.DateTimeField("结束", null=True, blank=True)
    touched = models.PositiveIntegerField("处理数", default=0)
    errors = models.PositiveIntegerField("错误数", default=0)
    note = models.CharField("说明", max_length=300, blank=True)

    class Meta:
        """Names, indexes."""

        verbose_name = verbose_name_plural = "任务运行"
        ordering = ("-pk",)
        indexes: ClassVar[list[models.Index]] = [
            # the last run of each job
            models.Index(name="jobrun_last", fields=["job", "-started_at"]),
        ]

    def __str__(self) -> str:
        """Return which job ran when."""
        return f"{self.job} {self.started_at:%m-%d %H:%M}"


class NumberSeries(models.Model):
    """The last number given per issuer, type and year; the row is locked while a number is taken, so no gap arises."""

    issuer = models.ForeignKey("projects.Organisation", on_delete=models.PROTECT, verbose_name="发文单位")
    series = models.CharField("字", max_length=30)
    year = models.PositiveSmallIntegerField("年度")
    last = models.PositiveIntegerField("末号", default=0)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "编号序列"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="numberseries_unique", fields=["issuer", "series", "year"]),
        ]

    def __str__(self) -> str:
        """Return the series."""
        return f"{self.series}〔{self.year}〕{self.last}"
