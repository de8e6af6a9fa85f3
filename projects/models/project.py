"""The project, its works and buildings, its parties, and who is involved."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django_fsm import transition

from projects import timing
from projects.crypto import EncryptedTextField
from projects.fsm import StateField, StateModel, state_check
from projects.states import Investment, InvolvementRole, PartyRole, ProjectStatus, Stage

if TYPE_CHECKING:
    from projects.models.people import User


class ProjectQuerySet(models.QuerySet["Project"]):
    """Composable reads of projects."""

    def visible_to(self, user: User | AnonymousUser, *, gathered: bool = False) -> ProjectQuerySet:
        """Return the projects that the user may know of; `gathered`: for who reads all of them, to count.

        Those that the user or an organisation of the user is involved in, for a director or 工改办 those of the region,
        and those lent to the user by name (`ProjectGrant`). Nobody else sees anything.
        """
        if not user.is_authenticated:
            return self.none()
        from projects.access import access_of
        from projects.models.grants import ProjectGrant

        access = access_of(user)
        mine = Involvement.objects.current()
        lent = ProjectGrant.objects.current().filter(user_id=user.pk)
        regions = [Q(region__code__startswith=prefix) for prefix in access.region_prefixes]
        if gathered or not access.is_office:
            # few projects, or all that there are: gathered first
            own = mine.filter(Q(user_id__in=access.user_ids) | Q(organisation_id__in=access.organisation_ids))
            known = own.order_by().values("project_id").union(lent.order_by().values("content_object_id"))
            return self.filter(reduce(or_, regions, Q(pk__in=known)))
        # Many projects: each is asked about itself, so that a page of twenty costs twenty. The two bounds (instead of
        # an equality) keep PostgreSQL from gathering all that a centre has ever had before it looks at the first.
        here = mine.filter(project__gte=OuterRef("pk"), project__lte=OuterRef("pk"))
        reach = Q(Exists(here.filter(user_id__in=access.user_ids)))
        reach |= Q(Exists(lent.filter(content_object=OuterRef("pk"))))
        if access.organisation_ids:
            reach |= Q(Exists(here.filter(organisation_id__in=access.organisation_ids)))
        return self.filter(reduce(or_, regions, reach))

    def active(self) -> ProjectQuerySet:
        """Return the projects that run and are not delivered."""
        return self.filter(status=ProjectStatus.ACTIVE).exclude(stage=Stage.DELIVERED)


class Project(StateModel):
    """One project, one code, one archive (一项一码一档).

    `code` is canonical: the national code, or a local one until it is exchanged (`local_code` keeps it then).
    Money is 万元, areas are m², heights m.
    """

    code = models.CharField("项目代码", max_length=24, unique=True)
    local_code = models.CharField("本地代码", max_length=24, blank=True)
    name = models.CharField("项目名称", max_length=120)
    address = models.CharField("建设地点", max_length=200, blank=True)
    investment = models.CharField("投资类型", max_length=12, choices=Investment)
    total_investment = models.DecimalField("总投资（万元）", max_digits=14, decimal_places=2, null=True, blank=True)
    region = models.ForeignKey(
        "projects.Region", on_delete=models.PROTECT, to_field="code", db_column="region_code", verbose_name="区划"
    )
    owner = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="owned_projects", verbose_name="建设单位"
    )
    centre = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="centre_projects", verbose_name="审批服务中心"
    )
    stage = StateField("阶段", choices=Stage, default=Stage.PLANNING)
    status = StateField("状态", choices=ProjectStatus, default=ProjectStatus.ACTIVE)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="登记人"
    )
    registered_at = models.DateTimeField("登记时间")
    delivered_at = models.DateTimeField("交付时间", null=True, blank=True)
    event_seq = models.PositiveIntegerField("事件序号", default=0, editable=False)
    event_hash = models.CharField("链首哈希", max_length=80, blank=True, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "项目"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("project_stage_known", "stage", Stage),
            state_check("project_status_known", "status", ProjectStatus),
            models.CheckConstraint(
                name="project_investment_known", condition=Q(investment__in=list(Investment.values))
            ),
            models.UniqueConstraint(
                name="project_local_code_unique", fields=["local_code"], condition=~Q(local_code="")
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the director's and 工改办's project list, by region, newest first
            models.Index(name="project_region_newest", fields=["region", "-id"]),
            # project list filtered by stage
            models.Index(name="project_stage_newest", fields=["stage", "-id"]),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @transition(field=stage, source=[Stage.PLANNING, Stage.PERMIT, Stage.ACCEPTANCE], target=Stage.PERMIT)
    def enter_permit(self) -> None:
        """Planning is done, or a milestone of the permit stage was taken back."""

    @transition(field=stage, source=[Stage.PERMIT, Stage.DELIVERED], target=Stage.ACCEPTANCE)
    def enter_acceptance(self) -> None:
        """The permit stage is done, or a milestone of acceptance was taken back."""

    @transition(field=stage, source=Stage.ACCEPTANCE, target=Stage.DELIVERED)
    def deliver(self) -> None:
        """All milestones of acceptance are done."""

    @transition(field=stage, source=Stage.PERMIT, target=Stage.PLANNING)
    def return_to_planning(self) -> None:
        """A milestone of planning was taken back."""

    @transition(field=status, source=ProjectStatus.ACTIVE, target=ProjectStatus.SUSPENDED)
    def suspend(self) -> None:
        """The project rests."""

    @transition(field=status, source=ProjectStatus.SUSPENDED, target=ProjectStatus.ACTIVE)
    def resume(self) -> None:
        """The project runs again."""

    @transition(field=status, source=[ProjectStatus.ACTIVE, ProjectStatus.SUSPENDED], target=ProjectStatus.TERMINATED)
    def terminate(self) -> None:
        """The project ends before it is delivered."""

    @transition(field=status, source=[ProjectStatus.ACTIVE, ProjectStatus.SUSPENDED], target=ProjectStatus.MERGED)
    def merge(self) -> None:
        """It is the same project as another one, which goes on."""

    @property
    def is_open(self) -> bool:
        """Return whether somebody still has to do something: active and not delivered."""
        return bool(self.status == ProjectStatus.ACTIVE and self.stage != Stage.DELIVERED)


class WorkUnit(models.Model):
    """单项工程: what permits and acceptance attach to. A project that is not split has one, with the project's code."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="work_units", verbose_name="项目")
    code = models.CharField("工程代码", max_length=40, unique=True)
    name = models.CharField("工程名称", max_length=120)
    previous_code = models.CharField("前阶段关联工程代码", max_length=40, blank=True)
    is_default = models.BooleanField("默认工程", default=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "工程"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="workunit_one_default", fields=["project"], condition=Q(is_default=True)
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class Building(models.Model):
    """单体: area in m², height in m."""

    work_unit = models.ForeignKey(WorkUnit, on_delete=models.PROTECT, related_name="buildings", verbose_name="工程")
    name = models.CharField("单体名称", max_length=100)
    area = models.DecimalField("建筑面积（m²）", max_digits=12, decimal_places=2, null=True, blank=True)
    height = models.DecimalField("高度（m）", max_digits=7, decimal_places=2, null=True, blank=True)
    floors = models.PositiveSmallIntegerField("层数", null=True, blank=True)

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "单体"
        ordering = ("pk",)

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class Party(models.Model):
    """A body that takes part in the project, with its role of the exchange standard (DWLX)."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="parties", verbose_name="项目")
    organisation = models.ForeignKey("projects.Organisation", on_delete=models.PROTECT, verbose_name="单位")
    role = models.CharField("单位类型", max_length=1, choices=PartyRole)
    contact_name = EncryptedTextField("联系人", blank=True)
    contact_phone = EncryptedTextField("联系电话", blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "参建单位"
        ordering = ("role", "pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="party_role_once", fields=["project", "organisation", "role"]),
        ]

    def __str__(self) -> str:
        """Return who is what."""
        return f"{self.get_role_display()} {self.organisation}"


class InvolvementQuerySet(models.QuerySet["Involvement"]):
    """Composable reads of involvements."""

    def current(self) -> InvolvementQuerySet:
        """Return those that hold today."""
        today = timing.today()
        return self.filter(Q(until=None) | Q(until__gte=today), since__lte=today)


class Involvement(models.Model):
    """Who is involved in a project, as a person or as a body. It alone feeds `visible_to`."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="involvements", verbose_name="项目")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="involvements",
        verbose_name="人员",
    )
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="involvements",
        verbose_name="单位",
    )
    role = models.CharField("身份", max_length=20, choices=InvolvementRole)
    powers = models.JSONField("权限", default=list, blank=True)
    since = models.DateField("自")
    until = models.DateField("至", null=True, blank=True)

    objects = InvolvementQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "参与关系"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="involvement_user_or_organisation",
                condition=Q(user=None, organisation__isnull=False) | Q(user__isnull=False, organisation=None),
            ),
            models.UniqueConstraint(
                name="involvement_user_once", fields=["project", "user", "role"], condition=Q(until=None)
            ),
            models.UniqueConstraint(
                name="involvement_body_once", fields=["project", "organisation", "role"], condition=Q(until=None)
            ),
            models.CheckConstraint(
                name="involvement_dates_ordered", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # visible_to: the projects of a person, and of a body
            models.Index(name="involvement_of_user", fields=["user", "project"]),
            models.Index(name="involvement_of_body", fields=["organisation", "project"]),
        ]

    def __str__(self) -> str:
        """Return who is involved as what."""
        return f"{self.get_role_display()} {self.user or self.organisation}"
