"""The plan of a project through time: each version of it, and the forecast of its days as a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from packages.models.catalogue import Matter, PackageVersion
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class PlanRevision(models.Model):
    """One version of a plan as it was when it became the plan; never changed, never deleted.

    `rows` maps the code of a matter to its name, promise days and papers to hand in; `difference` says in sentences
    what is new against the version before. `opening_day` and `total` count days of promise from the first application.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="plan_revisions", verbose_name="项目")
    number = models.PositiveSmallIntegerField("版次")
    package_version = models.ForeignKey(
        PackageVersion, on_delete=models.PROTECT, related_name="+", verbose_name="套餐版本"
    )
    facts = models.JSONField("情形", default=dict)
    options = models.JSONField("选用的办理方式", default=list)
    works_days = models.PositiveSmallIntegerField("施工工期（自然日）", null=True, blank=True)
    rows = models.JSONField("事项", default=dict)
    stage_days = models.JSONField("各阶段日数", default=list)
    opening_day = models.PositiveSmallIntegerField("可以开工（日）", null=True, blank=True)
    submitted = models.PositiveSmallIntegerField("需提交材料")
    difference = models.JSONField("较上一版", default=list)
    reason = models.CharField("变更原因", max_length=300, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="变更人"
    )
    made_at = models.DateTimeField("变更时间")

    class Meta:
        """Names, constraints."""

        verbose_name = verbose_name_plural = "计划版次"
        ordering = ("project", "-number")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="planrevision_number_once", fields=["project", "number"]),
        ]

    def __str__(self) -> str:
        """Return the number."""
        return f"第 {self.number} 版"


class ForecastQuerySet(models.QuerySet["Forecast"]):
    """Composable reads of forecasts."""

    def visible_to(self, user: User | AnonymousUser) -> ForecastQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class Forecast(models.Model):
    """When works may start and when the project is handed over, as it was foreseen on a day; a point of a series.

    Of each day three dates: the earliest and the latest of nine runs in ten, and the median. A day that has been is a
    fact: the three are one (`opened`, `delivered`). `mover` is the one matter that would bring the day forward most, by
    `mover_days` working days. `holds_until`: unless something happens, nothing is foreseen otherwise before this day.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="forecasts", verbose_name="项目")
    made_at = models.DateTimeField("预测时间")
    revision = models.PositiveSmallIntegerField("计划版次")
    event = models.ForeignKey(
        "projects.Event", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="起因"
    )
    cause = models.CharField("起因", max_length=200)
    opening_early = models.DateField("最早开工", null=True, blank=True)
    opening = models.DateField("预计开工", null=True, blank=True)
    opening_late = models.DateField("最晚开工", null=True, blank=True)
    opened = models.BooleanField("已可开工", default=False)
    delivery_early = models.DateField("最早交付")
    delivery = models.DateField("预计交付")
    delivery_late = models.DateField("最晚交付")
    delivered = models.BooleanField("已交付", default=False)
    opening_moved = models.SmallIntegerField("开工变化（工作日）", default=0)
    delivery_moved = models.SmallIntegerField("交付变化（工作日）", default=0)
    mover = models.SlugField("关键事项", max_length=40, blank=True, db_index=False)
    mover_name = models.CharField("关键事项名称", max_length=120, blank=True)
    mover_days = models.PositiveSmallIntegerField("可提前（工作日）", default=0)
    basis = models.JSONField("依据", default=dict)
    holds_until = models.DateField("有效至")

    objects = ForecastQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "预测"
        ordering = ("project", "-pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="forecast_opening_in_order",
                condition=Q(opening=None)
                | Q(opening_early__lte=F("opening"), opening_late__gte=F("opening")),
            ),
            models.CheckConstraint(
                name="forecast_delivery_in_order",
                condition=Q(delivery_early__lte=F("delivery"), delivery_late__gte=F("delivery")),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the series of one project, newest first
            models.Index(name="forecast_project_newest", fields=["project", "-id"]),
        ]

    def __str__(self) -> str:
        """Return the project and the day."""
        return f"{self.project_id} {self.opening or '—'}"

    @property
    def opening_earlier(self) -> int:
        """Working days by which the opening came earlier."""
        return -self.opening_moved

    @property
    def delivery_earlier(self) -> int:
        """Working days by which the delivery came earlier."""
        return -self.delivery_moved


class ForecastMark(models.Model):
    """How far the forecast of a project reaches: one row per project that has a plan.

    `seq` is the number of the project's event that the last forecast knew of; a project whose chain has grown since is
    forecast anew. `due_on` is the day on which that is done though nothing happened; None when the project has ended.
    """

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="forecast_mark", verbose_name="项目")
    seq = models.PositiveIntegerField("已计入的事件序号", default=0)
    due_on = models.DateField("下次预测", null=True, blank=True)

    class Meta:
        """Names, indexes."""

        verbose_name = verbose_name_plural = "预测进度"
        indexes: ClassVar[list[models.Index]] = [
            # those whose day has come
            models.Index(name="forecastmark_day", fields=["due_on"]),
        ]

    def __str__(self) -> str:
        """Return the project."""
        return str(self.project_id)


class MatterHistory(models.Model):
    """How long a matter really took here: the newest cases of the last months, kept so that a forecast reads one table.

    `days` are pairs of working days: from receipt to acceptance, and from acceptance to the decision, pauses included.
    """

    matter = models.OneToOneField(Matter, on_delete=models.PROTECT, related_name="history", verbose_name="事项")
    days = models.JSONField("实际用时（工作日）", default=list)
    cases = models.PositiveIntegerField("办件数", default=0)
    made_on = models.DateField("统计日期")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "事项实际用时"

    def __str__(self) -> str:
        """Return the matter and on how many cases it stands."""
        return f"{self.matter_id}: {self.cases}"
