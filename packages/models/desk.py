"""What a person keeps at the desk: saved views of a list, and the runs of an action on many rows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from packages.models.work import MatterCase
from packages.states import BulkAction, BulkOutcome

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Composable reads of saved views."""

    def visible_to(self, user: User | AnonymousUser) -> SavedViewQuerySet:
        """Return the user's own."""
        return self.filter(user_id=user.pk) if user.is_authenticated else self.none()


class SavedView(models.Model):
    """视图: filters of the work list under a name, for one person. `query` is what stands behind the `?`."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views", verbose_name="用户"
    )
    name = models.CharField("名称", max_length=20)
    query = models.CharField("条件", max_length=500)
    is_default = models.BooleanField("默认视图", default=False)
    uses = models.PositiveIntegerField("打开次数", default=0)
    created_at = models.DateTimeField("保存时间")
    #: The digit that opens it, kept as long as the view stands; None when all nine are taken.
    key = models.PositiveSmallIntegerField("快捷键", null=True, blank=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        """Names and constraints; what is opened most comes first."""

        verbose_name = verbose_name_plural = "视图"
        ordering = ("-uses", "pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="savedview_name_once", fields=["user", "name"]),
            models.UniqueConstraint(name="savedview_one_default", fields=["user"], condition=Q(is_default=True)),
            models.UniqueConstraint(name="savedview_key_once", fields=["user", "key"]),
            models.CheckConstraint(name="savedview_has_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class BulkRunQuerySet(models.QuerySet["BulkRun"]):
    """Composable reads of runs."""

    def visible_to(self, user: User | AnonymousUser) -> BulkRunQuerySet:
        """Return the user's own."""
        return self.filter(user_id=user.pk) if user.is_authenticated else self.none()


class BulkRun(models.Model):
    """批量办理: one action on many cases, started once by its key. Each line is done in a transaction of its own."""

    key = models.CharField("表单键", max_length=36)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="经办人"
    )
    action = models.CharField("动作", max_length=12, choices=BulkAction)
    started_at = models.DateTimeField("开始时间")
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)

    objects = BulkRunQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "批量办理"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # a form that is posted twice starts one run
            models.UniqueConstraint(name="bulkrun_key_once", fields=["user", "key"]),
            models.CheckConstraint(name="bulkrun_action_known", condition=Q(action__in=list(BulkAction.values))),
            models.CheckConstraint(
                name="bulkrun_ends_after_start",
                condition=Q(finished_at=None) | Q(finished_at__gte=F("started_at")),
            ),
        ]

    def __str__(self) -> str:
        """Return what is done."""
        return f"批量{self.get_action_display()}"


class BulkLine(models.Model):
    """One case of a run: what came of it, in words."""

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="lines", verbose_name="批量办理")
    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="+", verbose_name="办件")
    order = models.PositiveSmallIntegerField("序号")
    outcome = models.CharField("结果", max_length=8, choices=BulkOutcome, default=BulkOutcome.PENDING)
    words = models.CharField("说明", max_length=600, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "批量办理明细"
        ordering = ("run", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="bulkline_case_once", fields=["run", "case"]),
            models.CheckConstraint(
                name="bulkline_outcome_known", condition=Q(outcome__in=list(BulkOutcome.values))
            ),
        ]

    def __str__(self) -> str:
        """Return the outcome."""
        return f"{self.case_id} {self.get_outcome_display()}"
