"""Named exceptions to the facts that open a project: 借阅, 临时委托, 上级抽查."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from guardian.models import UserObjectPermissionBase

from projects import timing
from projects.states import GrantKind


class ProjectGrantQuerySet(models.QuerySet["ProjectGrant"]):
    """Composable reads of grants."""

    def current(self) -> ProjectGrantQuerySet:
        """Return those that hold today."""
        today = timing.today()
        return self.filter(since__lte=today, until__gte=today)


class ProjectGrant(UserObjectPermissionBase):
    """One person may see one project until a day, for a reason, approved by somebody.

    A permission table of django-guardian with a direct foreign key; `visible_to` reads it as a subquery, never by
    `has_perm` on rows.
    """

    content_object = models.ForeignKey(
        "projects.Project", on_delete=models.PROTECT, related_name="grants", verbose_name="项目"
    )
    kind = models.CharField("种类", max_length=10, choices=GrantKind)
    reason = models.CharField("理由", max_length=200)
    since = models.DateField("自")
    until = models.DateField("至")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="批准人"
    )

    objects = ProjectGrantQuerySet.as_manager()  # type: ignore[assignment, misc]

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "借阅"
        ordering = ("-pk",)
        unique_together = ()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="projectgrant_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="projectgrant_kind_known", condition=Q(kind__in=list(GrantKind.values))),
            models.CheckConstraint(name="projectgrant_days_ordered", condition=Q(until__gte=F("since"))),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # visible_to: what is lent to a person
            models.Index(name="projectgrant_of_user", fields=["user", "until"]),
        ]

    def __str__(self) -> str:
        """Return who may see until when."""
        return f"{self.get_kind_display()} {self.user} 至{timing.spoken(self.until)}"

    @property
    def holds(self) -> bool:
        """Return whether it opens the project today."""
        return self.since <= timing.today() <= self.until
