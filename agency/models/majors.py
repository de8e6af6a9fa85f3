"""Major projects: their investment by month, their resource tickets (六票统筹), and what the districts have to give."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from agency.major_states import BalanceLevel, MajorLevel, TicketState
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class MajorQuerySet(models.QuerySet["MajorProject"]):
    """Composable reads of major projects."""

    def visible_to(self, user: User | AnonymousUser) -> MajorQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class MajorProject(models.Model):
    """A project that stands on the list of major ones of a year. Money in 万元."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="major", verbose_name="项目")
    level = models.CharField("级别", max_length=10, choices=MajorLevel, default=MajorLevel.COUNTY)
    year = models.PositiveSmallIntegerField("年度")
    opens_on = models.DateField("计划开工", null=True, blank=True)
    listed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="列入人"
    )
    listed_at = models.DateTimeField("列入时间")

    objects = MajorQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "重大项目"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="majorproject_level_known", condition=Q(level__in=list(MajorLevel.values))),
        ]

    def __str__(self) -> str:
        """Return the project."""
        return str(self.project)


class MajorMonth(models.Model):
    """Investment of one month, planned and done, 万元. `done` is empty until it is reported."""

    major = models.ForeignKey(MajorProject, on_delete=models.CASCADE, related_name="months", verbose_name="重大项目")
    month = models.DateField("月份", help_text="当月1日")
    planned = models.DecimalField("计划投资（万元）", max_digits=14, decimal_places=2, default=0)
    done = models.DecimalField("完成投资（万元）", max_digits=14, decimal_places=2, null=True, blank=True)
    progress = models.CharField("形象进度", max_length=200, blank=True)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="填报人"
    )
    reported_at = models.DateTimeField("填报时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "月度投资"
        ordering = ("major", "month")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="majormonth_once", fields=["major", "month"]),
            models.CheckConstraint(name="majormonth_first_of_month", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="majormonth_not_negative", condition=Q(planned__gte=0) & (Q(done=None) | Q(done__gte=0))
            ),
        ]

    def __str__(self) -> str:
        """Return the month."""
        return f"{self.month:%Y-%m}"


class TicketQuerySet(models.QuerySet["ResourceTicket"]):
    """Composable reads of resource tickets."""

    def visible_to(self, user: User | AnonymousUser) -> TicketQuerySet:
        """Return those of visible projects, for the office side."""
        from projects.access import access_of

        if not access_of(user).is_office:
            return self.none()
        return self.filter(project__in=Project.objects.visible_to(user))


class ResourceTicket(StateModel):
    """One resource index that a project needs (资源性指标): how much, of which district, by when, and how far it is.

    `kind` is a code of agency/catalog/resource_kinds.tsv. `quantity` is what is needed, `secured` what there is.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tickets", verbose_name="项目")
    kind = models.SlugField("指标", max_length=24, db_index=False)
    state = StateField("状态", choices=TicketState, default=TicketState.UNMEASURED)
    quantity = models.DecimalField("需要数量", max_digits=14, decimal_places=2, null=True, blank=True)
    secured = models.DecimalField("落实数量", max_digits=14, decimal_places=2, null=True, blank=True)
    source = models.ForeignKey(
        "projects.Region", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="指标来源地"
    )
    needed_by = models.DateField("需要时间")
    balance_level = models.CharField("平衡方式", max_length=10, choices=BalanceLevel, blank=True)
    evidence = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="落实依据"
    )
    note = models.CharField("说明", max_length=300, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="提出人"
    )
    opened_at = models.DateTimeField("提出时间")
    changed_at = models.DateTimeField("变动时间")

    objects = TicketQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "资源指标"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("resourceticket_state_known", "state", TicketState),
            models.UniqueConstraint(name="resourceticket_kind_once", fields=["project", "kind"]),
            models.CheckConstraint(
                name="resourceticket_measured_has_quantity",
                condition=Q(state=TicketState.UNMEASURED) | Q(quantity__gt=0),
            ),
            models.CheckConstraint(
                name="resourceticket_held_has_evidence",
                condition=~Q(state__in=[TicketState.SECURED, TicketState.WRITTEN_OFF])
                | Q(secured__gt=0, evidence__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the balance board: one kind by month
            models.Index(name="resourceticket_kind_needed", fields=["kind", "needed_by"]),
        ]

    def __str__(self) -> str:
        """Return the kind in words."""
        from agency.major_data import kind_name

        return kind_name(self.kind)

    @transition(field=state, source=[TicketState.UNMEASURED, TicketState.MEASURED], target=TicketState.MEASURED)
    def measure(self) -> None:
        """How much the project needs has been worked out (测算)."""

    @transition(field=state, source=TicketState.MEASURED, target=TicketState.APPLIED)
    def apply(self) -> None:
        """It was applied for at the department that keeps the index."""

    @transition(field=state, source=TicketState.APPLIED, target=TicketState.BALANCED)
    def balance(self) -> None:
        """District or city have said out of whose quota it comes (统筹平衡)."""

    @transition(field=state, source=TicketState.BALANCED, target=TicketState.SECURED)
    def secure(self) -> None:
        """The index is there, with evidence (指标落实)."""

    @transition(field=state, source=TicketState.SECURED, target=TicketState.WRITTEN_OFF)
    def write_off(self) -> None:
        """It was used up by the project (核销)."""

    @transition(field=state, source=[TicketState.APPLIED, TicketState.BALANCED], target=TicketState.MEASURED)
    def send_back(self) -> None:
        """The need has changed or there is no quota: it is measured anew."""


class ResourceQuota(models.Model):
    """What a district has of one kind in a month, by a document; a later row of the same month replaces it."""

    region = models.ForeignKey(
        "projects.Region", on_delete=models.PROTECT, related_name="+", verbose_name="区划"
    )
    kind = models.SlugField("指标", max_length=24, db_index=False)
    month = models.DateField("月份", help_text="当月1日")
    quantity = models.DecimalField("可用数量", max_digits=14, decimal_places=2)
    document = models.CharField("依据", max_length=200)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="登记人"
    )
    set_at = models.DateTimeField("登记时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "指标额度"
        ordering = ("kind", "region", "month")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="resourcequota_once", fields=["region", "kind", "month"]),
            models.CheckConstraint(
                name="resourcequota_sound", condition=Q(month__day=1, quantity__gte=0) & ~Q(document="")
            ),
        ]

    def __str__(self) -> str:
        """Return district and month."""
        return f"{self.region} {self.month:%Y-%m}"
