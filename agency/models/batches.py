"""集中开工: batches of starts, the projects in them, the checklist before, and whether works really go on after."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from agency.major_states import EntryState
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class Batch(models.Model):
    """One day on which several projects begin their works."""

    centre = models.ForeignKey("projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="中心")
    name = models.CharField("批次", max_length=80)
    starts_on = models.DateField("开工日")
    place = models.CharField("主会场", max_length=120, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="创建人"
    )
    made_at = models.DateTimeField("创建时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "集中开工批次"
        ordering = ("-starts_on", "-pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="batch_name_once", fields=["centre", "name"]),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class BatchEntryQuerySet(models.QuerySet["BatchEntry"]):
    """Composable reads of projects in batches."""

    def visible_to(self, user: User | AnonymousUser) -> BatchEntryQuerySet:
        """Return those of visible projects, for the office side."""
        from projects.access import access_of

        if not access_of(user).is_office:
            return self.none()
        return self.filter(project__in=Project.objects.visible_to(user))


class BatchEntry(StateModel):
    """One project in a batch. A project that is put off goes into a later batch as a new row."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="entries", verbose_name="批次")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="batch_entries", verbose_name="项目")
    state = StateField("状态", choices=EntryState, default=EntryState.PROPOSED)
    started_on = models.DateField("开工日期", null=True, blank=True)
    reason = models.CharField("延后原因", max_length=300, blank=True)
    postponed_to = models.DateField("延后至", null=True, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="纳入人"
    )
    added_at = models.DateTimeField("纳入时间")

    objects = BatchEntryQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "集中开工项目"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("batchentry_state_known", "state", EntryState),
            models.UniqueConstraint(name="batchentry_project_once", fields=["batch", "project"]),
            models.CheckConstraint(
                name="batchentry_started_has_day",
                condition=~Q(state=EntryState.STARTED) | Q(started_on__isnull=False),
            ),
            models.CheckConstraint(
                name="batchentry_postponed_has_reason", condition=~Q(state=EntryState.POSTPONED) | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        """Return project and batch."""
        return f"{self.batch}：{self.project}"

    @transition(field=state, source=EntryState.PROPOSED, target=EntryState.CONFIRMED)
    def confirm(self) -> None:
        """Every line of the checklist that must be there is there."""

    @transition(field=state, source=EntryState.CONFIRMED, target=EntryState.STARTED)
    def start(self) -> None:
        """The works have begun; it is looked at again after 30 and 60 days."""

    @transition(field=state, source=[EntryState.PROPOSED, EntryState.CONFIRMED], target=EntryState.POSTPONED)
    def postpone(self) -> None:
        """It does not begin on this day, with the reason."""


class BatchLine(models.Model):
    """One line of the checklist before the start; the words are those of the catalogue when it was made."""

    entry = models.ForeignKey(BatchEntry, on_delete=models.CASCADE, related_name="lines", verbose_name="开工项目")
    code = models.SlugField("代号", max_length=24, db_index=False)
    order = models.PositiveSmallIntegerField("顺序")
    name = models.CharField("检查内容", max_length=80)
    is_required = models.BooleanField("必须具备", default=True)
    is_met = models.BooleanField("已具备", default=False)
    note = models.CharField("说明", max_length=200, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="核对人"
    )
    answered_at = models.DateTimeField("核对时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "开工条件"
        ordering = ("entry", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="batchline_code_once", fields=["entry", "code"]),
        ]

    def __str__(self) -> str:
        """Return what is asked."""
        return self.name


class StartCheck(models.Model):
    """Whether works really go on so many days after the start, with a photograph; open until somebody was there."""

    entry = models.ForeignKey(BatchEntry, on_delete=models.PROTECT, related_name="checks", verbose_name="开工项目")
    days = models.PositiveSmallIntegerField("开工后（日）")
    due_on = models.DateField("应核查日")
    is_working = models.BooleanField("真正施工", null=True, blank=True)
    note = models.CharField("核查情况", max_length=300, blank=True)
    photo = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="现场照片"
    )
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="核查人"
    )
    checked_at = models.DateTimeField("核查时间", null=True, blank=True)
    told_at = models.DateTimeField("已提醒", null=True, blank=True)

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "开工后核查"
        ordering = ("entry", "days")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="startcheck_days_once", fields=["entry", "days"]),
            models.CheckConstraint(
                name="startcheck_answer_has_photo",
                condition=Q(is_working=None) | Q(photo__isnull=False, checked_at__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the daily sweep: what is due and nobody was told of
            models.Index(name="startcheck_due", fields=["due_on"], condition=Q(checked_at=None)),
        ]

    def __str__(self) -> str:
        """Return after how many days."""
        return f"开工后 {self.days} 日核查"
