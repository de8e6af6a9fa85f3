"""Joint acceptance: the application, its items, and the one site visit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from acceptance.states import AcceptanceState, ItemState, Scope
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class AcceptanceQuerySet(models.QuerySet["AcceptanceApplication"]):
    """Composable reads of acceptance applications."""

    def visible_to(self, user: User | AnonymousUser) -> AcceptanceQuerySet:
        """Return the acceptance applications of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class AcceptanceApplication(StateModel):
    """联合验收申请 of a project, a phase or one building: papers, one site visit, one list, re-check, conclusion.

    `application` is the filing of its matter cases at the window; a phase or a building that is accepted by itself has
    none: its conclusion lets it be used and decides no case. `clock` runs from its acceptance and pauses while the
    owner rectifies. `lead` is the department that merges (住建局). `timetable` are the working days of its steps as
    they stood when it was accepted. `paper_rounds` and `recheck_rounds` count what may be done once.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="acceptances", verbose_name="项目")
    work_unit = models.ForeignKey("projects.WorkUnit", on_delete=models.PROTECT, related_name="+", verbose_name="工程")
    application = models.OneToOneField(
        "packages.Application", on_delete=models.PROTECT, null=True, related_name="acceptance", verbose_name="申报"
    )
    scope = models.CharField("验收范围", max_length=10, choices=Scope, default=Scope.PROJECT)
    building = models.ForeignKey(
        "projects.Building", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="单体"
    )
    is_comprehensive = models.BooleanField("综合竣工验收", default=False)
    timetable = models.JSONField("时间表（工作日）", default=dict, blank=True)
    paper_rounds = models.PositiveSmallIntegerField("资料整改次数", default=0)
    recheck_rounds = models.PositiveSmallIntegerField("复核次数", default=0)
    lead = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="牵头部门"
    )
    state = StateField("状态", choices=AcceptanceState, default=AcceptanceState.APPLIED)
    round = models.PositiveSmallIntegerField("轮次", default=1)
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="时钟"
    )
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="申请人"
    )
    applied_at = models.DateTimeField("申请时间")
    accepted_at = models.DateTimeField("受理时间", null=True, blank=True)
    papers_checked_at = models.DateTimeField("资料审核完成", null=True, blank=True)
    list_issued_at = models.DateTimeField("一次告知时间", null=True, blank=True)
    merging_at = models.DateTimeField("转汇总时间", null=True, blank=True)
    concluded_at = models.DateTimeField("结论时间", null=True, blank=True)
    concluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="结论人"
    )
    conclusion_note = models.CharField("结论说明", max_length=500, blank=True)

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "联合验收"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("acceptanceapplication_state_known", "state", AcceptanceState),
            models.UniqueConstraint(
                name="acceptanceapplication_one_live",
                fields=["work_unit"],
                condition=Q(building=None) & ~Q(state__in=[AcceptanceState.FAILED, AcceptanceState.DRAFT]),
            ),
            models.UniqueConstraint(
                name="acceptanceapplication_one_of_building",
                fields=["building"],
                condition=Q(building__isnull=False) & ~Q(state__in=[AcceptanceState.FAILED, AcceptanceState.DRAFT]),
            ),
            models.CheckConstraint(
                name="acceptanceapplication_scope_holds",
                condition=Q(scope=Scope.BUILDING, building__isnull=False)
                | Q(scope__in=[Scope.PROJECT, Scope.PHASE], building=None),
            ),
        ]

    def __str__(self) -> str:
        """Return what is accepted."""
        return f"{self.what} 联合验收"

    @property
    def what(self) -> str:
        """The building, or the works."""
        return str(self.building or self.work_unit)

    @transition(field=state, source=AcceptanceState.APPLIED, target=AcceptanceState.DOC_REVIEW)
    def accept(self) -> None:
        """The window accepts; the departments check the papers."""

    @transition(field=state, source=AcceptanceState.DOC_REVIEW, target=AcceptanceState.DOC_RECTIFYING)
    def return_papers(self) -> None:
        """The papers have faults; they were told at once; the clock pauses."""

    @transition(field=state, source=AcceptanceState.DOC_RECTIFYING, target=AcceptanceState.DOC_REVIEW)
    def take_papers(self) -> None:
        """The owner has put the papers right."""

    @transition(field=state, source=AcceptanceState.DOC_REVIEW, target=AcceptanceState.SITE)
    def go_to_site(self) -> None:
        """The one visit is appointed."""

    @transition(field=state, source=AcceptanceState.SITE, target=AcceptanceState.RECTIFYING)
    def begin_rectification(self) -> None:
        """The one consolidated list was given; the clock pauses."""

    @transition(field=state, source=AcceptanceState.RECTIFYING, target=AcceptanceState.RECHECK)
    def begin_recheck(self) -> None:
        """The owner has answered every item of the list."""

    @transition(
        field=state, source=[AcceptanceState.RECHECK, AcceptanceState.MERGING], target=AcceptanceState.RECTIFYING
    )
    def return_to_rectification(self) -> None:
        """An answer did not hold and another re-check is allowed, or a late fault was let in."""

    @transition(
        field=state, source=[AcceptanceState.SITE, AcceptanceState.RECHECK, AcceptanceState.RECTIFYING],
        target=AcceptanceState.MERGING,
    )
    def begin_merging(self) -> None:
        """Every item is settled."""

    @transition(field=state, source=AcceptanceState.MERGING, target=AcceptanceState.PASSED)
    def conclude_pass(self) -> None:
        """The lead department concludes: passed."""

    @transition(field=state, source=AcceptanceState.MERGING, target=AcceptanceState.PASSED_DEFERRED)
    def conclude_deferred(self) -> None:
        """The lead department concludes: passed, secondary papers follow within their days."""

    @transition(
        field=state,
        source=[
            AcceptanceState.MERGING, AcceptanceState.RECHECK, AcceptanceState.RECTIFYING,
            AcceptanceState.DOC_RECTIFYING,
            AcceptanceState.DOC_REVIEW,
        ],
        target=AcceptanceState.FAILED,
    )
    def conclude_fail(self) -> None:
        """The lead department concludes: not passed, or not rectified in time."""


class AcceptanceItem(StateModel):
    """One of the twelve items in one application; it points at its catalogue definition and its matter case."""

    acceptance = models.ForeignKey(
        AcceptanceApplication, on_delete=models.PROTECT, related_name="items", verbose_name="联合验收"
    )
    definition = models.ForeignKey(
        "packages.AcceptanceItemDef", on_delete=models.PROTECT, related_name="+", verbose_name="验收事项"
    )
    case = models.ForeignKey(
        "packages.MatterCase", on_delete=models.PROTECT, null=True, related_name="acceptance_items", verbose_name="办件"
    )
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="部门"
    )
    number = models.PositiveSmallIntegerField("序号")
    name = models.CharField("验收事项", max_length=120)
    is_gate = models.BooleanField("结论前提", default=True)
    state = StateField("状态", choices=ItemState, default=ItemState.PENDING)
    note = models.CharField("意见", max_length=500, blank=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="验收人"
    )
    checked_at = models.DateTimeField("验收时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "验收事项"
        ordering = ("number",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("acceptanceitem_state_known", "state", ItemState),
            models.UniqueConstraint(name="acceptanceitem_once", fields=["acceptance", "definition"]),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # what a department still has to check
            models.Index(name="acceptanceitem_of_body", fields=["organisation", "state"]),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @transition(field=state, source=ItemState.PENDING, target=ItemState.PASSED)
    def pass_item(self) -> None:
        """Seen and in order."""

    @transition(field=state, source=ItemState.PENDING, target=ItemState.NOT_INVOLVED)
    def not_involve(self) -> None:
        """Does not concern these works; with a reason."""

    @transition(field=state, source=ItemState.PENDING, target=ItemState.RECTIFYING)
    def find_fault(self) -> None:
        """Faults were found; they go on the one list."""

    @transition(field=state, source=[ItemState.PENDING, ItemState.RECTIFYING], target=ItemState.DEFERRED)
    def defer(self) -> None:
        """In order but for a secondary paper that may follow."""

    @transition(
        field=state, source=[ItemState.PASSED, ItemState.RECHECKED, ItemState.DEFERRED], target=ItemState.RECTIFYING
    )
    def reopen_late(self) -> None:
        """A fault found after the one list was let in by the lead department."""

    @transition(field=state, source=ItemState.RECTIFYING, target=ItemState.RECHECKED)
    def pass_recheck(self) -> None:
        """The rectification holds."""

    @transition(field=state, source=ItemState.RECTIFYING, target=ItemState.FAILED)
    def fail(self) -> None:
        """The rectification does not hold."""


class SiteVisit(models.Model):
    """The one visit of all departments.

    `planned_on` is empty while a new day is sought. `refusals` counts the days that the owner refused; after the
    allowed number the time is the owner's until it names a day itself. `proposals` says who named which day.
    """

    acceptance = models.OneToOneField(
        AcceptanceApplication, on_delete=models.PROTECT, related_name="visit", verbose_name="联合验收"
    )
    planned_on = models.DateField("约定日期", null=True, blank=True)
    refusals = models.PositiveSmallIntegerField("建设单位改期次数", default=0)
    proposals = models.JSONField("约期经过", default=list, blank=True)
    held_on = models.DateField("到场日期", null=True, blank=True)
    attendees = models.JSONField("到场单位", default=list, blank=True)
    record = models.TextField("记录", blank=True)
    arranged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="安排人"
    )

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "现场验收"

    def __str__(self) -> str:
        """Return the day."""
        return f"{self.planned_on or '待约'}"
