"""Working calendar and clocks: the rows that every limit in the portal stands on.

A `WorkDay` is changed only together with a new `CalendarVersion`, whichever way it is written, so that the index of
`projects.workdays` can never answer from days that are gone. Clocks are written by `projects.clocks` alone.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from projects import timing, workdays
from projects.clock_states import (
    ENDED_STATES,
    LIVE_STATES,
    ClockKind,
    ClockState,
    ClockUnit,
    PauseKind,
    TimeOwner,
    pause_word,
)

if TYPE_CHECKING:
    from .people import User


class CalendarVersionManager(models.Manager["CalendarVersion"]):
    """Opens a new version of the working calendar."""

    def bump(
        self, *, document: str = "", note: str = "", by: User | None = None, changes: list[dict[str, Any]] | None = None
    ) -> CalendarVersion:
        """Record that the working calendar has changed; every process re-reads it."""
        version = self.create(document=document, note=note, by=by, changes=changes or [])
        workdays.calendar_changed()
        return version


class CalendarVersion(models.Model):
    """One edit of the working calendar; the newest row is the version in force."""

    token = models.UUIDField("标识", default=uuid.uuid4, unique=True, editable=False)
    recorded_at = models.DateTimeField("记录时间", default=timing.now)
    document = models.CharField("来源文件", max_length=200, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="经办人"
    )
    changes = models.JSONField("变动", default=list, blank=True, help_text="与上一版不同的日子：日期、原来、现在、说明")
    moved = models.PositiveIntegerField("调整的到期日", default=0)

    objects = CalendarVersionManager()

    class Meta:
        verbose_name = verbose_name_plural = "工作日历版本"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"日历第 {self.pk} 版"


class WorkDayQuerySet(models.QuerySet["WorkDay"]):
    """Days of the calendar; a bulk write opens a new version like any other."""

    def bulk_create(self, objs: Iterable[WorkDay], *args: Any, **kwargs: Any) -> list[WorkDay]:
        """Insert days and open a new calendar version."""
        made = super().bulk_create(objs, *args, **kwargs)
        CalendarVersion.objects.bump(note=f"批量写入 {len(made)} 天")
        return made

    def update(self, **kwargs: Any) -> int:
        """Change days and open a new calendar version."""
        changed = super().update(**kwargs)
        CalendarVersion.objects.bump(note=f"批量修改 {changed} 天")
        return changed

    def delete(self) -> tuple[int, dict[str, int]]:
        """Remove days (they become provisional) and open a new calendar version."""
        gone = super().delete()
        CalendarVersion.objects.bump(note=f"批量删除 {gone[0]} 天")
        return gone


class WorkDay(models.Model):
    """One day of the working calendar, with the document that makes it a working day or a day off."""

    day = models.DateField("日期", unique=True)
    is_workday = models.BooleanField("是否工作日")
    source = models.CharField("来源文件", max_length=200, help_text="例如：国办发明电〔2025〕7号")
    note = models.CharField("说明", max_length=100, blank=True, help_text="例如：国庆节、调休上班、台风停课停工")

    objects = WorkDayQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "工作日历"
        ordering = ("day",)
        constraints = [models.CheckConstraint(condition=~Q(source=""), name="workday_has_source")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {'上班' if self.is_workday else '休息'}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the day and open a new calendar version."""
        super().save(*args, **kwargs)
        CalendarVersion.objects.bump(document=self.source, note=str(self))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Remove the day (it becomes provisional) and open a new calendar version."""
        gone = super().delete(*args, **kwargs)
        CalendarVersion.objects.bump(document=self.source, note=f"删除 {self}")
        return gone


class ClockQuerySet(models.QuerySet["Clock"]):
    """Clocks, as the lists and the sweeps need them."""

    def with_pauses(self) -> ClockQuerySet:
        """Clocks ready for `read_clock` without a query per clock."""
        return self.prefetch_related("pauses")

    def live(self) -> ClockQuerySet:
        """Clocks that have not ended (running or paused)."""
        return self.filter(state__in=LIVE_STATES)


class Clock(models.Model):
    """A limit that runs against somebody (`projects.clocks` starts, pauses, stops and reads it).

    `due_on` and `yellow_on` are kept for lists and sweeps and stand on `calendar_version`; used, remaining and the
    light are derived. While a pause is open they are those of the moment the clock was paused.
    """

    project = models.ForeignKey(
        "projects.Project", models.PROTECT, null=True, blank=True, related_name="clocks", verbose_name="项目"
    )
    kind = models.CharField("种类", max_length=20, choices=ClockKind.choices)
    label = models.CharField("所计事项", max_length=200, blank=True)
    owner = models.CharField("计时归属", max_length=20, choices=TimeOwner.choices, default=TimeOwner.GOVERNMENT)
    unit = models.CharField("单位", max_length=20, choices=ClockUnit.choices, default=ClockUnit.WORKING_DAY)
    limit = models.PositiveIntegerField("时限", help_text="0 为当日办结（即办）")
    extensions = models.PositiveIntegerField("延长", default=0, help_text="按本时限的单位；以月计的按自然日")
    started_on = models.DateField("起算日", help_text="当日不计")
    started_at = models.DateTimeField("起算时间")
    stopped_on = models.DateField("停止日", null=True, blank=True)
    stopped_at = models.DateTimeField("停止时间", null=True, blank=True)
    state = models.CharField("状态", max_length=20, choices=ClockState.choices, default=ClockState.RUNNING)
    due_on = models.DateField("到期日")
    yellow_on = models.DateField("预警日")
    is_provisional = models.BooleanField("暂按法定节假日推算", default=False)
    calendar_version = models.PositiveIntegerField("日历版本", default=0)
    first_overdue_at = models.DateTimeField("首次超时", null=True, blank=True, help_text="只记一次，不再变动")

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "时钟"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ClockKind.values), name="clock_kind_listed"),
            models.CheckConstraint(condition=Q(unit__in=ClockUnit.values), name="clock_unit_listed"),
            models.CheckConstraint(condition=Q(state__in=ClockState.values), name="clock_state_listed"),
            models.CheckConstraint(condition=Q(owner__in=TimeOwner.values), name="clock_owner_listed"),
            models.CheckConstraint(
                condition=Q(state__in=LIVE_STATES, stopped_on__isnull=True, stopped_at__isnull=True)
                | Q(state__in=ENDED_STATES, stopped_on__isnull=False, stopped_at__isnull=False),
                name="clock_ended_with_date",
            ),
            models.CheckConstraint(
                condition=Q(stopped_on__isnull=True) | Q(stopped_on__gte=F("started_on")),
                name="clock_stopped_after_start",
            ),
            models.CheckConstraint(
                condition=Q(yellow_on__gte=F("started_on"), due_on__gte=F("yellow_on")), name="clock_days_ordered"
            ),
        ]
        indexes = [
            # sweep_due: running clocks that have reached their yellow day
            models.Index(fields=["state", "yellow_on"], name="clock_state_yellow"),
            # sweep_due, apply_tacit, overdue lists: running clocks by due day
            models.Index(fields=["state", "due_on"], name="clock_state_due"),
            # project page: the clocks of one project, the open ones first
            models.Index(fields=["project", "state"], name="clock_project_state"),
            # recompute_provisional: live clocks that stand on an older calendar
            models.Index(fields=["calendar_version", "state"], name="clock_version_state"),
            # cockpit: the few clocks that went past their day, by when they did
            models.Index(
                fields=["first_overdue_at"], name="clock_first_overdue", condition=Q(first_overdue_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label or self.get_kind_display()} {self.limit_words}"

    @property
    def is_live(self) -> bool:
        """Whether the clock has not ended."""
        return self.state in LIVE_STATES

    @property
    def total_limit(self) -> int:
        """The limit with its extensions, in the unit of the clock (in months: without them)."""
        return self.limit if self.unit == ClockUnit.MONTH else self.limit + self.extensions

    @property
    def limit_words(self) -> str:
        """The limit as it is said on a page: 即办, 5 个工作日, 6 个月."""
        if self.limit == 0 and not self.extensions:
            return "即办"
        words = {"working_day": "个工作日", "calendar_day": "个自然日", "working_hour": "个工作小时", "month": "个月"}
        text = f"{self.total_limit} {words[self.unit]}"
        return f"{text}又 {self.extensions} 天" if self.unit == ClockUnit.MONTH and self.extensions else text


class ClockPause(models.Model):
    """A fact that stops a clock: who owes what, on which basis, approved by whom. Pauses may overlap."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="pauses", verbose_name="时钟")
    kind = models.CharField("种类", max_length=20, choices=PauseKind.choices)
    owner = models.CharField("计时归属", max_length=20, choices=TimeOwner.choices)
    basis = models.CharField("依据", max_length=300)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="批准人"
    )
    planned = models.PositiveIntegerField("计划天数", null=True, blank=True, help_text="工作日")
    started_at = models.DateTimeField("开始", help_text="当日不计入暂停")
    ended_at = models.DateTimeField("结束", null=True, blank=True, help_text="当日计入暂停")

    class Meta:
        verbose_name = verbose_name_plural = "时钟暂停"
        ordering = ("started_at", "pk")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PauseKind.values), name="clockpause_kind_listed"),
            models.CheckConstraint(condition=Q(owner__in=TimeOwner.values), name="clockpause_owner_listed"),
            models.CheckConstraint(condition=~Q(basis=""), name="clockpause_has_basis"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="clockpause_ended_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {timing.business_day(self.started_at):%Y-%m-%d}"

    @property
    def word(self) -> str:
        """Return what the pause is called on its clock."""
        return pause_word(self.kind, self.clock.kind)

    @property
    def is_open(self) -> bool:
        """Whether the pause still stands."""
        return self.ended_at is None

    @property
    def started_on(self) -> dt.date:
        """The business day the pause began (not part of it)."""
        return timing.business_day(self.started_at)

    @property
    def ended_on(self) -> dt.date | None:
        """The business day the pause ended (part of it), or None while it is open."""
        return None if self.ended_at is None else timing.business_day(self.ended_at)


class ClockExtension(models.Model):
    """A fact that lengthened a limit (行政许可法 42): by how much, on which basis, approved by whom."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="extended_by", verbose_name="时钟")
    days = models.PositiveIntegerField("延长", help_text="按时限的单位")
    basis = models.CharField("依据", max_length=300)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="批准人"
    )
    extended_at = models.DateTimeField("延长时间")

    class Meta:
        verbose_name = verbose_name_plural = "期限延长"
        ordering = ("extended_at", "pk")
        constraints = [
            models.CheckConstraint(condition=~Q(basis=""), name="clockextension_has_basis"),
            models.CheckConstraint(condition=Q(days__gte=1), name="clockextension_not_empty"),
        ]

    def __str__(self) -> str:
        return f"延长 {self.days} {timing.business_day(self.extended_at):%Y-%m-%d}"

    @property
    def extended_on(self) -> dt.date:
        """The business day on which the limit was lengthened."""
        return timing.business_day(self.extended_at)


class ClockSegment(models.Model):
    """A piece of a clock's life that belongs to one owner; derived from the pauses, without gap or overlap."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="segments", verbose_name="时钟")
    owner = models.CharField("计时归属", max_length=20, choices=TimeOwner.choices)
    started_at = models.DateTimeField("开始")
    ended_at = models.DateTimeField("结束", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "时间段"
        ordering = ("started_at", "pk")
        constraints = [
            models.CheckConstraint(condition=Q(owner__in=TimeOwner.values), name="clocksegment_owner_listed"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="clocksegment_ended_after_start",
            ),
            models.UniqueConstraint(
                fields=["clock"], condition=Q(ended_at__isnull=True), name="clocksegment_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_owner_display()} {timing.business_day(self.started_at):%Y-%m-%d}"


__all__ = [
    "CalendarVersion",
    "Clock",
    "ClockExtension",
    "ClockKind",
    "ClockPause",
    "ClockSegment",
    "ClockState",
    "ClockUnit",
    "PauseKind",
    "TimeOwner",
    "WorkDay",
]
