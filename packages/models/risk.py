"""The risk matrix as data, and what it said of a project each time it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from packages.choices import VersionStatus
from packages.drawing_states import ReviewMode, RiskClass
from packages.models.versions import Versioned
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class PolicyTable(Versioned):
    """One version of a table of local policy: the risk matrix, the drawing review rules, the one-stop permit.

    `content` is what the files of the catalogue said, one list of rows per file; each row has dates of its own.
    A published version never changes, so what was decided under it can be read later.
    """

    code = models.SlugField("代码", max_length=40)
    name = models.CharField("名称", max_length=80)
    content = models.JSONField("内容")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "规则表"
        ordering = ("code", "-version")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["code", "version"], name="policytable_number"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(status=VersionStatus.PUBLISHED), name="policytable_one_published",
            ),
            models.CheckConstraint(
                condition=Q(status__in=VersionStatus.values), name="policytable_status_known"
            ),
        ]

    def __str__(self) -> str:
        """Return name and version."""
        return f"{self.name} 第{self.version}版"


class RiskQuerySet(models.QuerySet["RiskAssessment"]):
    """Composable reads of assessments."""

    def visible_to(self, user: User | AnonymousUser) -> RiskQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class RiskAssessment(models.Model):
    """What the matrix said of a project at one time: inputs, both scores, class, and what follows. Never changed.

    `hits` are the factors that held (axis, code, name, score, words); `answers` what the centre said by hand;
    `unknown` the factors whose answers are missing.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="risks", verbose_name="项目")
    number = models.PositiveSmallIntegerField("次数")
    table = models.ForeignKey(PolicyTable, on_delete=models.PROTECT, related_name="+", verbose_name="矩阵版本")
    facts = models.JSONField("情形", default=dict)
    answers = models.JSONField("人工判定", default=dict)
    hits = models.JSONField("因素", default=list)
    unknown = models.JSONField("未答因素", default=list)
    consequence = models.PositiveSmallIntegerField("后果")
    likelihood = models.PositiveSmallIntegerField("可能性")
    risk_class = models.CharField("风险等级", max_length=8, choices=RiskClass)
    inspections = models.PositiveSmallIntegerField("联合检查次数")
    acceptance_depth = models.CharField("验收深度", max_length=80, blank=True)
    mode = models.CharField("施工图审查方式", max_length=8, choices=ReviewMode)
    mode_rule = models.JSONField("审查方式依据", default=dict)
    warning = models.CharField("提示", max_length=300, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="判定人"
    )
    made_at = models.DateTimeField("判定时间")

    objects = RiskQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "风险判定"
        ordering = ("project", "-number")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # the newest of a project
            models.UniqueConstraint(name="riskassessment_number", fields=["project", "number"]),
            models.CheckConstraint(
                name="riskassessment_scores",
                condition=Q(consequence__gte=1, consequence__lte=4, likelihood__gte=1, likelihood__lte=4),
            ),
            models.CheckConstraint(
                name="riskassessment_class_known", condition=Q(risk_class__in=list(RiskClass.values))
            ),
            models.CheckConstraint(name="riskassessment_mode_known", condition=Q(mode__in=list(ReviewMode.values))),
        ]

    def __str__(self) -> str:
        """Return the class."""
        return f"风险{self.get_risk_class_display()}"
