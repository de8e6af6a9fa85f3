"""One-stop construction permit (一站式施工许可): one application, one form, one limit, one set of papers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from packages.drawing_states import OneStopState
from packages.models.risk import PolicyTable
from packages.models.work import Application, MatterCase
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class OneStopQuerySet(models.QuerySet["OneStop"]):
    """Composable reads."""

    def visible_to(self, user: User | AnonymousUser) -> OneStopQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class OneStop(StateModel):
    """The permit of one works with everything that belongs to it; `limit` is the one number for the whole.

    `form` are the fields that are asked once for all parts. The clock runs from the first acceptance and stands while
    every open part stands.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="one_stops", verbose_name="项目")
    work_unit = models.ForeignKey(
        "projects.WorkUnit", on_delete=models.PROTECT, related_name="one_stops", verbose_name="工程"
    )
    application = models.OneToOneField(
        Application, on_delete=models.PROTECT, related_name="one_stop", verbose_name="申报"
    )
    table = models.ForeignKey(PolicyTable, on_delete=models.PROTECT, related_name="+", verbose_name="规则版本")
    state = StateField("状态", choices=OneStopState, default=OneStopState.RUNNING)
    form = models.JSONField("申请表", default=dict)
    limit = models.PositiveSmallIntegerField("总时限（工作日）")
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="总时钟"
    )
    cover = models.OneToOneField(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="one_stop", verbose_name="证照套封面"
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="申请人"
    )
    opened_at = models.DateTimeField("申请时间")
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="出件人"
    )
    issued_at = models.DateTimeField("出件时间", null=True)

    objects = OneStopQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "一站式施工许可"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("onestop_state_known", "state", OneStopState),
            models.UniqueConstraint(
                name="onestop_one_live", fields=["work_unit"],
                condition=Q(state__in=[OneStopState.RUNNING, OneStopState.ISSUED]),
            ),
            models.CheckConstraint(
                name="onestop_issued_has_cover",
                condition=~Q(state=OneStopState.ISSUED) | Q(cover__isnull=False, issued_at__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the sweep: what still runs
            models.Index(name="onestop_running", fields=["id"], condition=Q(state=OneStopState.RUNNING)),
        ]

    def __str__(self) -> str:
        """Return what it is."""
        return f"一站式施工许可 {self.project}"

    @transition(field=state, source=OneStopState.RUNNING, target=OneStopState.ISSUED)
    def issue(self) -> None:
        """The set goes out as one."""

    @transition(field=state, source=OneStopState.RUNNING, target=OneStopState.CLOSED)
    def close(self) -> None:
        """It was given up before the permit was granted."""


class OneStopPart(models.Model):
    """One matter of the set. A refused or withdrawn case is followed by the fresh one of the same matter."""

    one_stop = models.ForeignKey(OneStop, on_delete=models.PROTECT, related_name="parts", verbose_name="一站式")
    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="+", verbose_name="办件")
    order = models.PositiveSmallIntegerField("顺序")
    is_main = models.BooleanField("主证", default=False)
    is_earlier = models.BooleanField("已先办结", default=False)
    role = models.CharField("在证照套中", max_length=40)
    late_told_at = models.DateTimeField("督办时间", null=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "一站式事项"
        ordering = ("one_stop", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="onestoppart_case", fields=["one_stop", "case"]),
            models.UniqueConstraint(
                name="onestoppart_one_main", fields=["one_stop"], condition=Q(is_main=True)
            ),
        ]

    def __str__(self) -> str:
        """Return the matter."""
        return str(self.case)
