"""Agents and their assignments to projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from agency.states import AssignmentRole
from projects import timing
from projects.models import Project

if TYPE_CHECKING:
    import datetime as dt

#: Monday to Friday, as ISO counts them.
OFFICE_WEEK = (1, 2, 3, 4, 5)


def office_week() -> list[int]:
    """Return the duty days of somebody who works every working day."""
    return list(OFFICE_WEEK)


class Agent(models.Model):
    """A person who may be 项目长 or 服务专员. Government staff, free of charge: there is no field for a price."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="agent", verbose_name="人员"
    )
    regions = models.ManyToManyField("projects.Region", related_name="+", verbose_name="片区")
    specialties = models.JSONField("专长套餐", default=list)
    can_lead = models.BooleanField("可任项目长", default=False)
    can_serve = models.BooleanField("可任服务专员", default=True)
    load_cap = models.PositiveSmallIntegerField("负荷上限（分）", default=40)
    is_on_duty = models.BooleanField("在岗", default=True)
    duty_days = models.JSONField("值班日（周几）", default=office_week)
    conflicts = models.ManyToManyField("projects.Organisation", related_name="+", blank=True, verbose_name="回避单位")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "代办人员"
        ordering = ("pk",)

    def __str__(self) -> str:
        """Return the person."""
        return str(self.user)


class LeaveQuerySet(models.QuerySet["AgentLeave"]):
    """Composable reads of leaves."""

    def on(self, day: dt.date) -> LeaveQuerySet:
        """Return those that cover a day."""
        return self.filter(since__lte=day, until__gte=day, cancelled_at=None)


class AgentLeave(models.Model):
    """An agent is away from a day to a day, both included; `cover` sees and does his work for that time."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="leaves", verbose_name="人员")
    since = models.DateField("自")
    until = models.DateField("至")
    reason = models.CharField("事由", max_length=60)
    cover = models.ForeignKey(
        Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="covers", verbose_name="代班人员"
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="登记人"
    )
    entered_at = models.DateTimeField("登记时间")
    cancelled_at = models.DateTimeField("销假时间", null=True, blank=True)

    objects = LeaveQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "代办人员请假"
        ordering = ("-since", "-pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="agentleave_dates_ordered", condition=Q(until__gte=F("since"))),
            models.CheckConstraint(
                name="agentleave_cover_is_another", condition=Q(cover=None) | ~Q(cover=F("agent"))
            ),
        ]

    def __str__(self) -> str:
        """Return who is away when."""
        return f"{self.agent} {timing.spoken(self.since)}至{timing.spoken(self.until)}"


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
