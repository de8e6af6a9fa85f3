"""Agents and their assignments to projects."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from agency.states import AssignmentRole
from projects.models import Project


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
