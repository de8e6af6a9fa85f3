"""Agents and their assignments, reminders in the portal, and the monthly bulletins with their frozen figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from agency.states import AssignmentRole, BulletinSeries, BulletinState, Threshold
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class Agent(models.Model):
    """A person who may be 项目长 or 服务专员. Government staff, free of charge: there is no field for a price."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="agent", verbose_name="人员"
    )
    regions = models.ManyToManyField("projects.Region", related_name="+", verbose_name="片区")
    specialties = models.JSONField("专长套餐", default=list)
    can_lead = models.BooleanField("可任项目长", default=False)
    can_serve = models.BooleanField("可任服务专员", default=True)
    load_cap = models.PositiveSmallIntegerField("在手项目上限", default=20)
    is_on_duty = models.BooleanField("在岗", default=True)
    conflicts = models.ManyToManyField("projects.Organisation", related_name="+", blank=True, verbose_name="回避单位")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "代办人员"
        ordering = ("pk",)

    def __str__(self) -> str:
        """Return the person."""
        return str(self.user)


class Assignment(models.Model):
    """Who is 项目长 or 服务专员 of a project, from when until when, and why this person was chosen."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="assignments", verbose_name="项目")
    role = models.CharField("身份", max_length=14, choices=AssignmentRole)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="assignments", verbose_name="人员")
    score = models.DecimalField("匹配分", max_digits=5, decimal_places=3)
    reasons = models.JSONField("理由", default=list)
    override_reason = models.CharField("改派理由", max_length=300, blank=True)
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="指派人"
    )
    assigned_at = models.DateTimeField("指派时间")
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "代办指派"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="assignment_one_per_role", fields=["project", "role"], condition=Q(ended_at=None)
            ),
            models.CheckConstraint(name="assignment_role_known", condition=Q(role__in=list(AssignmentRole.values))),
        ]

    def __str__(self) -> str:
        """Return who is what where."""
        return f"{self.project} {self.get_role_display()} {self.agent}"


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


class BulletinQuerySet(models.QuerySet["Bulletin"]):
    """Composable reads of bulletins."""

    def visible_to(self, user: User | AnonymousUser) -> BulletinQuerySet:
        """Return all to the government side; to everybody else the published ones."""
        from projects.access import access_of

        if access_of(user).is_office:
            return self.all()
        return self.filter(state=BulletinState.PUBLISHED)


class Bulletin(StateModel):
    """月度通报 of one centre and month: from the 26th to the 25th 24:00 (a setting). Figures are stored at freezing."""

    series = models.CharField("系列", max_length=12, choices=BulletinSeries, default=BulletinSeries.PERMIT)
    centre = models.ForeignKey("projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="中心")
    year = models.PositiveSmallIntegerField("年")
    month = models.PositiveSmallIntegerField("月")
    period_start = models.DateTimeField("期初")
    period_end = models.DateTimeField("期末（不含）")
    state = StateField("状态", choices=BulletinState, default=BulletinState.COLLECTING)
    frozen_at = models.DateTimeField("冻结时间", null=True, blank=True)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="冻结人"
    )
    snapshot_hash = models.CharField("快照哈希", max_length=80, blank=True)
    paper = models.OneToOneField(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="bulletin", verbose_name="文书"
    )

    objects = BulletinQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "月度通报"
        ordering = ("-year", "-month")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("bulletin_state_known", "state", BulletinState),
            models.UniqueConstraint(name="bulletin_month_unique", fields=["series", "centre", "year", "month"]),
            models.CheckConstraint(name="bulletin_period_ordered", condition=Q(period_end__gt=F("period_start"))),
        ]

    def __str__(self) -> str:
        """Return series and month."""
        return f"{self.get_series_display()} {self.year}年{self.month}月"

    @transition(field=state, source=BulletinState.COLLECTING, target=BulletinState.FROZEN)
    def freeze(self) -> None:
        """The figures are stored and will not change."""

    @transition(field=state, source=BulletinState.FROZEN, target=BulletinState.PUBLISHED)
    def publish(self) -> None:
        """The director signs and publishes."""


class BulletinFigure(models.Model):
    """One stored figure: its value and the cases it counts. `organisation` empty means the whole centre."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.PROTECT, related_name="figures", verbose_name="通报")
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="部门"
    )
    key = models.CharField("指标", max_length=24)
    value = models.DecimalField("数值", max_digits=12, decimal_places=2, null=True)
    case_ids = models.JSONField("所计办件", default=list)
    base_ids = models.JSONField("分母办件", default=list)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "通报指标"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="bulletinfigure_unique", fields=["bulletin", "organisation", "key"]),
            models.UniqueConstraint(
                name="bulletinfigure_total_unique", fields=["bulletin", "key"], condition=Q(organisation=None)
            ),
        ]

    def __str__(self) -> str:
        """Return key and value."""
        return f"{self.key} {self.value}"
