"""The catalogue as data: matters, reviews, materials, packages and acceptance items, each in frozen versions."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from packages.choices import (
    ArrivesBefore,
    DayUnit,
    Lane,
    LateConsequence,
    MaterialForm,
    MaterialSource,
    MatterKind,
    MatterLevel,
    MatterStage,
    NationalStage,
    ReviewRole,
    VersionStatus,
)
from packages.models.versions import Part, Versioned
from projects.states import Investment, PartyRole


class Matter(models.Model):
    """A matter (事项) by its stable code; what it says stands in its versions."""

    code = models.SlugField("事项代码", max_length=40, unique=True)
    order = models.PositiveSmallIntegerField("目录顺序", default=0)
    created_at = models.DateTimeField("登记时间", auto_now_add=True)

    class Meta:
        verbose_name = "事项"
        verbose_name_plural = "事项"
        ordering = ("order", "code")

    def __str__(self) -> str:
        return self.code


class MatterVersion(Versioned):
    """One version of a matter: names, lead department, days, result and what it stands on."""

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="versions", verbose_name="事项")
    name = models.CharField("事项名称", max_length=120)
    name_en = models.CharField("英文名称", max_length=160)
    kind = models.CharField("事项类型", max_length=20, choices=MatterKind)
    lead = models.ForeignKey(
        "projects.Organisation", models.PROTECT, related_name="led_matters", verbose_name="牵头部门"
    )
    stage = models.CharField("阶段", max_length=12, choices=MatterStage)
    national_stage = models.PositiveSmallIntegerField("对应标准阶段", choices=NationalStage)
    is_milestone = models.BooleanField("里程碑事项", default=False)
    level = models.CharField("办理层级", max_length=10, choices=MatterLevel)
    starts_works = models.BooleanField("办结后可开工", default=False)
    statutory_days = models.PositiveSmallIntegerField("法定时限", null=True, blank=True)
    promised_days = models.PositiveSmallIntegerField("承诺时限")
    unit = models.CharField("承诺时限计日方式", max_length=12, choices=DayUnit, default=DayUnit.WORKDAY)
    statutory_unit = models.CharField("法定时限计日方式", max_length=12, choices=DayUnit, default=DayUnit.WORKDAY)
    result_name = models.CharField("办理结果", max_length=120)
    result_kind = models.ForeignKey(
        "archives.DocumentKind", models.PROTECT, related_name="result_of", verbose_name="结果文件种类"
    )
    commitment_allowed = models.BooleanField("可告知承诺", default=False)
    deferral_allowed = models.BooleanField("可容缺受理", default=False)
    parallel_group = models.CharField("并行组", max_length=2, blank=True)
    legal_basis = models.TextField("法律依据")
    note = models.TextField("说明", blank=True)
    provenance = models.CharField("时限来源", max_length=80, blank=True)
    is_counted = models.BooleanField("计入承诺时限", default=True)
    commitment_terms = models.JSONField("告知承诺内容", default=dict, blank=True)
    review_terms = models.JSONField("联合审查轮次", default=dict, blank=True)

    class Meta:
        verbose_name = "事项版本"
        verbose_name_plural = "事项版本"
        ordering = ("matter__order", "-version")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["matter", "version"], name="matterversion_number"),
            models.UniqueConstraint(
                fields=["matter"], condition=Q(status=VersionStatus.PUBLISHED),
                name="matterversion_one_published",
            ),
            models.CheckConstraint(
                condition=Q(status__in=VersionStatus.values), name="matterversion_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status=VersionStatus.DRAFT) | Q(published_at__isnull=False),
                name="matterversion_published_at_set",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=MatterStage.values), name="matterversion_stage_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} 第{self.version}版"

    @property
    def code(self) -> str:
        """The stable code of the matter."""
        return self.matter.code


class MatterPrerequisite(Part):
    """A matter that has to be decided first; it binds only where both are in the plan of a project."""

    whole_field = "version"

    version = models.ForeignKey(MatterVersion, models.CASCADE, related_name="prerequisites", verbose_name="事项版本")
    matter = models.ForeignKey(Matter, models.PROTECT, related_name="prerequisite_of", verbose_name="前置事项")
    order = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = "前置事项"
        verbose_name_plural = "前置事项"
        ordering = ("version", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["version", "matter"], name="matterprerequisite_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} ← {self.matter_id}"


class ReviewDef(Part):
    """Part of one body in the decision of a matter: role, days for its opinion and whether silence is consent."""

    whole_field = "version"

    version = models.ForeignKey(MatterVersion, models.CASCADE, related_name="reviews", verbose_name="事项版本")
    organisation = models.ForeignKey(
        "projects.Organisation", models.PROTECT, related_name="review_parts", verbose_name="部门"
    )
    role = models.CharField("角色", max_length=10, choices=ReviewRole)
    days = models.PositiveSmallIntegerField("答复时限（工作日）")
    tacit = models.BooleanField("适用超时默认", default=False)
    rule = models.TextField("参加条件", blank=True)
    note = models.TextField("意见内容", blank=True)
    phrases = models.JSONField("常用意见", default=list, blank=True)
    order = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = "联合审查分工"
        verbose_name_plural = "联合审查分工"
        ordering = ("version", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["version", "organisation"], name="reviewdef_body_once"),
            models.UniqueConstraint(
                fields=["version"], condition=Q(role=ReviewRole.LEAD), name="reviewdef_one_lead"
            ),
            models.CheckConstraint(condition=Q(role__in=ReviewRole.values), name="reviewdef_role_known"),
            models.CheckConstraint(
                condition=~Q(role=ReviewRole.LEAD, tacit=True), name="reviewdef_lead_never_tacit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.get_role_display()}"


class MaterialDef(Part):
    """One line of the list of materials (申请材料) of a matter, with where it comes from."""

    whole_field = "version"

    version = models.ForeignKey(MatterVersion, models.CASCADE, related_name="materials", verbose_name="事项版本")
    name = models.CharField("材料名称", max_length=160)
    name_en = models.CharField("英文名称", max_length=200, blank=True)
    form = models.CharField("形式", max_length=12, choices=MaterialForm)
    source = models.CharField("来源", max_length=12, choices=MaterialSource)
    from_matters = models.JSONField("来源事项代码", default=list, blank=True)
    second_source = models.CharField("备用来源", max_length=12, choices=MaterialSource, blank=True)
    document_kind = models.ForeignKey(
        "archives.DocumentKind", models.PROTECT, related_name="material_lines", verbose_name="文件种类"
    )
    holder_role = models.CharField("持有单位类型", max_length=1, choices=PartyRole, default=PartyRole.BUILDER)
    deferral_days = models.PositiveSmallIntegerField("容缺期限（工作日）", null=True, blank=True)
    arrives_before = models.CharField("最迟补交", max_length=12, choices=ArrivesBefore, blank=True)
    late_consequence = models.CharField("逾期后果", max_length=10, choices=LateConsequence, blank=True)
    order = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = "申请材料"
        verbose_name_plural = "申请材料"
        ordering = ("version", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["version", "name"], name="materialdef_name_once"),
            models.CheckConstraint(
                condition=Q(source__in=MaterialSource.values), name="materialdef_source_known"
            ),
            models.CheckConstraint(
                name="materialdef_deferral_is_whole",
                condition=Q(deferral_days=None, arrives_before="", late_consequence="")
                | Q(deferral_days__gte=1, arrives_before__in=ArrivesBefore.values,
                    late_consequence__in=LateConsequence.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Package(models.Model):
    """One of the project packages (主题套餐) by its stable code."""

    code = models.SlugField("套餐代码", max_length=40, unique=True)
    order = models.PositiveSmallIntegerField("目录顺序", default=0)
    created_at = models.DateTimeField("登记时间", auto_now_add=True)

    class Meta:
        verbose_name = "套餐"
        verbose_name_plural = "套餐"
        ordering = ("order", "code")

    def __str__(self) -> str:
        return self.code


class PackageVersion(Versioned):
    """One version of a package: who falls under it, its promised days and its rows."""

    package = models.ForeignKey(Package, models.PROTECT, related_name="versions", verbose_name="套餐")
    name = models.CharField("套餐名称", max_length=80)
    name_en = models.CharField("英文名称", max_length=120)
    investment = models.CharField("投资类型", max_length=12, choices=Investment)
    days_planning = models.PositiveSmallIntegerField("谋划准备承诺（工作日）")
    days_permit = models.PositiveSmallIntegerField("报建开工承诺（工作日）")
    days_acceptance = models.PositiveSmallIntegerField("施工验收承诺（工作日）")
    total_days = models.PositiveSmallIntegerField("合计承诺（工作日）")
    scope_text = models.TextField("适用范围")
    scope_rule = models.TextField("适用规则")
    source = models.TextField("时限和范围来源", blank=True)

    class Meta:
        verbose_name = "套餐版本"
        verbose_name_plural = "套餐版本"
        ordering = ("package__order", "-version")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["package", "version"], name="packageversion_number"),
            models.UniqueConstraint(
                fields=["package"], condition=Q(status=VersionStatus.PUBLISHED),
                name="packageversion_one_published",
            ),
            models.CheckConstraint(
                condition=Q(status__in=VersionStatus.values), name="packageversion_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status=VersionStatus.DRAFT) | Q(published_at__isnull=False),
                name="packageversion_published_at_set",
            ),
            models.CheckConstraint(
                condition=Q(
                    total_days=models.F("days_planning") + models.F("days_permit") + models.F("days_acceptance")
                ),
                name="packageversion_days_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} 第{self.version}版"

    @property
    def code(self) -> str:
        """The stable code of the package."""
        return self.package.code

    @property
    def stage_days(self) -> tuple[int, int, int]:
        """The promised working days of the three stages."""
        return (self.days_planning, self.days_permit, self.days_acceptance)


class PackageRow(Part):
    """A matter in a package: when it is handled and under which condition."""

    whole_field = "version"

    version = models.ForeignKey(PackageVersion, models.CASCADE, related_name="rows", verbose_name="套餐版本")
    matter_version = models.ForeignKey(
        MatterVersion, models.PROTECT, related_name="package_rows", verbose_name="事项版本"
    )
    stage = models.CharField("阶段", max_length=12, choices=MatterStage)
    step = models.PositiveSmallIntegerField("步骤")
    lane = models.CharField("线路", max_length=4, choices=Lane, blank=True, default=Lane.MAIN)
    together = models.BooleanField("与前置同步办理", default=False)
    required = models.BooleanField("标准事项", default=True)
    condition = models.TextField("适用条件", blank=True)
    rule = models.TextField("适用规则", blank=True)
    days_override = models.PositiveSmallIntegerField("本套餐承诺时限", null=True, blank=True)
    is_counted = models.BooleanField("计入承诺时限", default=True)
    order = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = "套餐事项"
        verbose_name_plural = "套餐事项"
        ordering = ("version", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["version", "matter_version"], name="packagerow_matter_once"),
            models.CheckConstraint(condition=Q(step__gte=1), name="packagerow_step_positive"),
            models.CheckConstraint(
                condition=Q(required=True) | ~Q(rule=""), name="packagerow_conditional_has_rule"
            ),
            models.CheckConstraint(
                condition=Q(lane=Lane.MAIN) | Q(required=False), name="packagerow_side_is_conditional"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}·{self.matter_version_id}"

    @property
    def promised_days(self) -> int:
        """The promise of the matter in this package, whether counted or not."""
        return self.matter_version.promised_days if self.days_override is None else self.days_override


class AcceptanceItemDef(Versioned):
    """One version of one of the twelve items of the joint acceptance (联合验收)."""

    no = models.PositiveSmallIntegerField("序号")
    code = models.SlugField("验收事项代码", max_length=40)
    name = models.CharField("验收事项名称", max_length=80)
    organisation = models.ForeignKey(
        "projects.Organisation", models.PROTECT, related_name="acceptance_items", verbose_name="部门"
    )
    matters = models.ManyToManyField(Matter, related_name="acceptance_items", verbose_name="对应事项")
    days = models.PositiveSmallIntegerField("承诺时限（工作日）")
    gate = models.BooleanField("联合验收意见须等待", default=True)
    fused_with = models.CharField("合并检查", max_length=40, blank=True)
    rule = models.TextField("涉及条件", blank=True)

    class Meta:
        verbose_name = "联合验收事项"
        verbose_name_plural = "联合验收事项"
        ordering = ("no", "-version")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["code", "version"], name="acceptanceitemdef_number"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(status=VersionStatus.PUBLISHED),
                name="acceptanceitemdef_one_published",
            ),
            models.UniqueConstraint(
                fields=["no"], condition=Q(status=VersionStatus.PUBLISHED),
                name="acceptanceitemdef_one_number",
            ),
            models.CheckConstraint(
                condition=Q(status__in=VersionStatus.values), name="acceptanceitemdef_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.no} {self.name} 第{self.version}版"
