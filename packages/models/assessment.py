"""Regional assessment (区域评估): units with their boundary, results per item, where a project lies, what it uses."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from packages.assessment_states import RESULT_LIVE, USE_LIVE, ResultState, Simplification, UseState
from packages.models.work import MatterCase
from projects.access import access_of
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser

DEGREES = {"max_digits": 10, "decimal_places": 7}


class Extent(models.Model):
    """The frame of a geometry, by which an index finds what may lie in it. Degrees (CGCS2000)."""

    west = models.DecimalField("西", **DEGREES, null=True)  # type: ignore[arg-type]
    south = models.DecimalField("南", **DEGREES, null=True)  # type: ignore[arg-type]
    east = models.DecimalField("东", **DEGREES, null=True)  # type: ignore[arg-type]
    north = models.DecimalField("北", **DEGREES, null=True)  # type: ignore[arg-type]

    class Meta:
        """No table of its own."""

        abstract = True


class RegionalUnit(Extent):
    """区域评估单元: an area whose assessments are made once for all projects in it. Public: the results are shared.

    `boundary` is a GeoJSON Polygon or MultiPolygon, checked when it was set; `area` is told by the keeper, in 公顷.
    """

    code = models.SlugField("区域评估单元编码", max_length=40, unique=True)
    name = models.CharField("区域名称", max_length=100)
    keeper = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="管理单位"
    )
    region = models.ForeignKey(
        "projects.Region", on_delete=models.PROTECT, to_field="code", db_column="region_code", verbose_name="区划"
    )
    boundary = models.JSONField("范围坐标")
    revision = models.PositiveSmallIntegerField("范围版次", default=1)
    area = models.DecimalField("面积（公顷）", max_digits=10, decimal_places=2)
    description = models.CharField("范围描述", max_length=300, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="登记人"
    )
    set_at = models.DateTimeField("登记时间")

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "区域评估单元"
        ordering = ("code",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="regionalunit_area_positive", condition=Q(area__gt=0)),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # which units may hold a place
            models.Index(name="regionalunit_frame", fields=["west", "east"]),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class ResultQuerySet(models.QuerySet["RegionalResult"]):
    """Composable reads of results."""

    def visible_to(self, user: Person) -> ResultQuerySet:
        """Return what is published to everybody who is signed in, and to the government side also what is coming."""
        if access_of(user).is_office:
            return self
        return self.exclude(state__in=[ResultState.PROPOSED, ResultState.COMPILING, ResultState.REVIEWING])


class RegionalResult(StateModel):
    """The result of one item in one unit: how it simplifies, from when until when, for which projects not.

    `excludes` is a rule over facts (grammar of the catalogue) for projects that are assessed on their own all the
    same. `expected_on`: the day on which it should be there, while it is being made. `renews`: the result it follows.
    """

    unit = models.ForeignKey(RegionalUnit, on_delete=models.PROTECT, related_name="results", verbose_name="区域")
    item = models.SlugField("评估事项", max_length=20)
    name = models.CharField("事项名称", max_length=60)
    way = models.CharField("简化审批的方式", max_length=8, choices=Simplification)
    state = StateField("状态", choices=ResultState, default=ResultState.PROPOSED)
    compiler = models.CharField("编制单位", max_length=100, blank=True)
    approver = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="批准部门"
    )
    title = models.CharField("成果材料", max_length=200, blank=True)
    number = models.CharField("批准文号", max_length=80, blank=True)
    excludes = models.CharField("除外规则", max_length=300, blank=True)
    excludes_words = models.CharField("除外情形", max_length=200, blank=True)
    expected_on = models.DateField("预计完成", null=True, blank=True)
    valid_from = models.DateField("生效日期", null=True, blank=True)
    valid_until = models.DateField("截止日期", null=True, blank=True)
    renews = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="renewed_by", verbose_name="更新自"
    )
    reason = models.CharField("撤销理由", max_length=300, blank=True)
    changed_at = models.DateTimeField("变动时间")

    objects = ResultQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "区域评估成果"
        ordering = ("unit", "item", "-pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("regionalresult_state_known", "state", ResultState),
            models.CheckConstraint(
                name="regionalresult_way_known", condition=Q(way__in=list(Simplification.values))
            ),
            models.CheckConstraint(
                name="regionalresult_days_ordered", condition=Q(valid_until__gte=F("valid_from"))
            ),
            models.CheckConstraint(
                name="regionalresult_live_has_days",
                condition=~Q(state__in=list(RESULT_LIVE)) | Q(valid_from__isnull=False, valid_until__isnull=False),
            ),
            # one result of an item holds in a unit at a time
            models.UniqueConstraint(
                name="regionalresult_one_live", fields=["unit", "item"], condition=Q(state__in=list(RESULT_LIVE))
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the sweep: what nears its end or is over; the list of what expires
            models.Index(name="regionalresult_until", fields=["state", "valid_until"]),
        ]

    def __str__(self) -> str:
        """Return item and unit."""
        return f"{self.unit.name}{self.name}"

    def is_valid_on(self, day: dt.date) -> bool:
        """Return whether it holds on a day: both days included, and not revoked."""
        if self.state not in (*RESULT_LIVE, ResultState.LAPSED) or self.valid_from is None or self.valid_until is None:
            return False
        return self.valid_from <= day <= self.valid_until

    @transition(field=state, source=ResultState.PROPOSED, target=ResultState.COMPILING)
    def begin(self) -> None:
        """Somebody writes it."""

    @transition(field=state, source=ResultState.COMPILING, target=ResultState.REVIEWING)
    def submit(self) -> None:
        """It is written and lies with the department."""

    @transition(field=state, source=ResultState.REVIEWING, target=ResultState.COMPILING)
    def give_back(self) -> None:
        """The department asks for changes."""

    @transition(field=state, source=ResultState.REVIEWING, target=ResultState.APPROVED)
    def approve(self) -> None:
        """The department approves it, with a number."""

    @transition(field=state, source=ResultState.APPROVED, target=ResultState.VALID)
    def publish(self) -> None:
        """It is in force and everybody may use it."""

    @transition(field=state, source=ResultState.VALID, target=ResultState.EXPIRING)
    def near_end(self) -> None:
        """Ninety days are left (a setting)."""

    @transition(field=state, source=[ResultState.VALID, ResultState.EXPIRING], target=ResultState.LAPSED)
    def lapse(self) -> None:
        """Its last day is over, or its renewal stands in its place."""

    @transition(field=state, source=[ResultState.APPROVED, ResultState.VALID, ResultState.EXPIRING],
                target=ResultState.REVOKED)
    def revoke(self) -> None:
        """A disaster or a change of the plan: it does not hold any more."""


class Parcel(Extent):
    """Where a project lies: its 宗地 as a GeoJSON point or polygon. A project has one."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="parcel", verbose_name="项目")
    number = models.CharField("宗地编号", max_length=40, blank=True)
    geometry = models.JSONField("位置")
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="登记人"
    )
    set_at = models.DateTimeField("登记时间")

    class Meta:
        """Names and indexes."""

        verbose_name = verbose_name_plural = "项目地块"
        indexes: ClassVar[list[models.Index]] = [
            # which projects may lie in a unit
            models.Index(name="parcel_frame", fields=["west", "east"]),
        ]

    def __str__(self) -> str:
        """Return the number of the land, or whose it is."""
        return self.number or f"{self.project}"


class UseQuerySet(models.QuerySet["RegionalUse"]):
    """Composable reads of uses."""

    def live(self) -> UseQuerySet:
        """Return those on which a project stands now."""
        return self.filter(state__in=USE_LIVE)


class RegionalUse(StateModel):
    """应用区域评估情况: a project stands on a result. Fixed for good once a case that relies on it was accepted."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="regional_uses", verbose_name="项目")
    result = models.ForeignKey(RegionalResult, on_delete=models.PROTECT, related_name="uses", verbose_name="成果")
    item = models.SlugField("评估事项", max_length=20)
    way = models.CharField("简化审批的方式", max_length=8, choices=Simplification)
    state = StateField("状态", choices=UseState, default=UseState.APPLIED)
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="应用单"
    )
    applied_at = models.DateTimeField("应用时间")
    fixed_case = models.ForeignKey(
        MatterCase, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="据以锁定的办件"
    )
    fixed_on = models.DateField("锁定日期", null=True)
    ended_at = models.DateTimeField("终止时间", null=True)
    reason = models.CharField("终止原因", max_length=200, blank=True)

    objects = UseQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "区域评估应用"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("regionaluse_state_known", "state", UseState),
            models.UniqueConstraint(
                name="regionaluse_one_live", fields=["project", "item"], condition=Q(state__in=list(USE_LIVE))
            ),
            models.CheckConstraint(
                name="regionaluse_fixed_by_case",
                condition=~Q(state=UseState.FIXED) | Q(fixed_case__isnull=False, fixed_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return what is used."""
        return f"应用{self.result}"

    @transition(field=state, source=UseState.APPLIED, target=UseState.FIXED)
    def fix(self) -> None:
        """A case that relies on it was accepted while it held."""

    @transition(field=state, source=UseState.APPLIED, target=UseState.ENDED)
    def end(self) -> None:
        """The result ran out or was revoked before anything was accepted on it, or the project lies elsewhere."""
