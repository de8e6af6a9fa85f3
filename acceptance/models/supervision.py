"""Joint supervision: what is told at the permit, the plan, the visits with their departments, lines and findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from acceptance.supervision_states import (
    INSPECTION_WITH_OWNER,
    SLOT_OPEN,
    FindingKind,
    InspectionKind,
    InspectionState,
    InspectorState,
    LineAnswer,
    PointKind,
    WishOutcome,
)
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

PAPER, BODY = "archives.Paper", "projects.Organisation"


def _person(label: str, **more: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=label, **more
    )


def _to(target: Any, label: str, name: str = "+", **more: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(target, on_delete=models.PROTECT, related_name=name, verbose_name=label, **more)


class PointNotice(models.Model):
    """验收要点告知单 and 监管要点告知单 of one works, given with its permit."""

    project = _to(Project, "项目", "point_notices")
    work_unit = models.OneToOneField(
        "projects.WorkUnit", on_delete=models.PROTECT, related_name="point_notice", verbose_name="工程"
    )
    case = _to("packages.MatterCase", "许可办件")
    acceptance_paper = _to(PAPER, "验收要点告知单", null=True)
    supervision_paper = _to(PAPER, "监管要点告知单", null=True)
    told_at = models.DateTimeField("告知时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "要点告知"

    def __str__(self) -> str:
        """Return whose works."""
        return f"{self.work_unit} 要点告知"


class PointCard(models.Model):
    """One card: what is looked at, by which standard, whom to call. Frozen as the data said on the day of the permit.

    `item` is the code of the acceptance item that it belongs to; `phases` the inspections that look at it. An item
    all of whose cards that tick were checked and passed need not be seen again at the acceptance.
    """

    notice = _to(PointNotice, "告知", "cards")
    kind = models.CharField("类别", max_length=12, choices=PointKind)
    code = models.SlugField("代码", max_length=40)
    item = models.SlugField("验收事项", max_length=40, blank=True)
    name = models.CharField("名称", max_length=80)
    organisation = _to(BODY, "部门")
    looks = models.CharField("看什么", max_length=300)
    standard = models.CharField("标准", max_length=200, blank=True)
    failures = models.CharField("常见问题", max_length=300, blank=True)
    contact = models.CharField("联系谁", max_length=80, blank=True)
    phases = models.JSONField("检查阶段", default=list)
    ticks = models.BooleanField("合格后验收免核", default=False)
    order = models.PositiveSmallIntegerField("顺序")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "要点卡"
        ordering = ("order",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="pointcard_once", fields=["notice", "code"]),
            models.CheckConstraint(name="pointcard_kind_known", condition=Q(kind__in=list(PointKind.values))),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class InspectionPlan(models.Model):
    """How many joint inspections a works gets: the number of its risk class, changed by the credit grade."""

    project = _to(Project, "项目", "inspection_plans")
    work_unit = models.OneToOneField(
        "projects.WorkUnit", on_delete=models.PROTECT, related_name="inspection_plan", verbose_name="工程"
    )
    risk_class = models.CharField("风险等级", max_length=8, blank=True)
    by_class = models.PositiveSmallIntegerField("按风险等级")
    grade = models.CharField("信用等级", max_length=1, blank=True)
    change = models.SmallIntegerField("按信用增减", default=0)
    count = models.PositiveSmallIntegerField("检查次数")
    made_at = models.DateTimeField("制定时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "联合检查计划"

    def __str__(self) -> str:
        """Return the number."""
        return f"{self.work_unit} 联合检查 {self.count} 次"


class JointInspectionQuerySet(models.QuerySet["Inspection"]):
    """Composable reads of inspections."""

    def visible_to(self, user: User | AnonymousUser) -> JointInspectionQuerySet:
        """Return those of visible projects. An unannounced visit has no row before it begins."""
        return self.filter(project__in=Project.objects.visible_to(user))


class Inspection(StateModel):
    """综合查一次: one visit of several departments, one checklist, one record.

    `slot_on` is the appointed day. A visit outside the plan has `reason_code` and `reason`; one that a department makes
    apart from an open slot says why (`why_apart`). `refusals` counts how often the owner had it moved.
    """

    project = _to(Project, "项目", "inspections")
    work_unit = _to("projects.WorkUnit", "工程", "inspections")
    number = models.PositiveSmallIntegerField("次数")
    kind = models.CharField("类别", max_length=8, choices=InspectionKind)
    phase = models.SlugField("阶段", max_length=20, blank=True)
    title = models.CharField("名称", max_length=60)
    lead = _to(BODY, "牵头部门")
    state = StateField("状态", choices=InspectionState, default=InspectionState.PLANNED)
    slot_on = models.DateField("检查日期")
    slot_time = models.TimeField("时间", null=True, blank=True)
    place = models.CharField("集合地点", max_length=200, blank=True)
    is_unannounced = models.BooleanField("不通知", default=False)
    reason_code = models.SlugField("计划外理由", max_length=20, blank=True)
    reason = models.CharField("理由说明", max_length=300, blank=True)
    why_apart = models.CharField("不并入的理由", max_length=300, blank=True)
    refusals = models.PositiveSmallIntegerField("企业改期次数", default=0)
    refusal_note = models.CharField("改期理由", max_length=300, blank=True)
    notice_paper = _to(PAPER, "检查通知书", null=True, blank=True)
    record_paper = _to(PAPER, "检查记录", null=True, blank=True)
    record = models.TextField("检查情况", blank=True)
    created_at = models.DateTimeField("列入时间")
    notified_at = models.DateTimeField("通知时间", null=True, blank=True)
    started_at = models.DateTimeField("开始时间", null=True, blank=True)
    recorded_at = models.DateTimeField("记录时间", null=True, blank=True)
    recorded_by = _person("记录人")
    due_on = models.DateField("整改期限", null=True, blank=True)
    answered_at = models.DateTimeField("提交复核时间", null=True, blank=True)
    closed_at = models.DateTimeField("闭合时间", null=True, blank=True)

    objects = JointInspectionQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "联合检查"
        ordering = ("slot_on", "pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("inspection_state_known", "state", InspectionState),
            models.CheckConstraint(name="inspection_kind_known", condition=Q(kind__in=list(InspectionKind.values))),
            models.CheckConstraint(
                name="inspection_outside_says_why",
                condition=~Q(kind=InspectionKind.OUTSIDE) | ~(Q(reason_code="") & Q(why_apart="")),
            ),
            models.UniqueConstraint(name="inspection_number", fields=["work_unit", "number"]),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the merge engine: open slots near a day; the list of the departments
            models.Index(name="inspection_state_slot", fields=["state", "slot_on"]),
            # the night: whose rectification is overdue
            models.Index(
                name="inspection_overdue", fields=["due_on"], condition=Q(state=InspectionState.RECTIFYING)
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.title

    @transition(field=state, source=InspectionState.PLANNED, target=InspectionState.NOTIFIED)
    def notify(self) -> None:
        """Owner and departments know day and place."""

    @transition(field=state, source=list(SLOT_OPEN), target=InspectionState.CHECKING)
    def start(self) -> None:
        """Somebody is at the site."""

    @transition(field=state, source=InspectionState.CHECKING, target=InspectionState.RECTIFYING)
    def find(self) -> None:
        """The record holds faults that the owner puts right."""

    @transition(
        field=state, source=[InspectionState.CHECKING, InspectionState.RECHECK], target=InspectionState.CLOSED
    )
    def close(self) -> None:
        """Nothing is left open."""

    @transition(field=state, source=list(INSPECTION_WITH_OWNER), target=InspectionState.RECHECK)
    def hand_back(self) -> None:
        """Every fault is answered with its evidence."""

    @transition(field=state, source=InspectionState.RECHECK, target=InspectionState.RECTIFYING)
    def return_to_owner(self) -> None:
        """An answer did not hold."""

    @transition(field=state, source=InspectionState.RECTIFYING, target=InspectionState.ESCALATED)
    def escalate(self) -> None:
        """The term has run out."""

    @transition(field=state, source=list(SLOT_OPEN), target=InspectionState.CANCELLED)
    def cancel(self) -> None:
        """It is not needed, for a reason that the event tells."""


class InspectionUnit(StateModel):
    """A department in an inspection, with its line of the one record."""

    inspection = _to(Inspection, "联合检查", "units")
    organisation = _to(BODY, "部门")
    state = StateField("状态", choices=InspectorState, default=InspectorState.JOINED)
    purpose = models.CharField("检查内容", max_length=200, blank=True)
    opinion = models.CharField("检查意见", max_length=500, blank=True)
    inspectors = models.CharField("检查人员", max_length=100, blank=True)
    recorded_by = _person("填写人")
    recorded_at = models.DateTimeField("填写时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "检查部门"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("inspectionunit_state_known", "state", InspectorState),
            models.UniqueConstraint(name="inspectionunit_once", fields=["inspection", "organisation"]),
        ]

    def __str__(self) -> str:
        """Return who comes."""
        return f"{self.organisation} {self.inspection}"

    @transition(field=state, source=InspectorState.JOINED, target=InspectorState.RECORDED)
    def confirm(self) -> None:
        """The department has filled its lines."""

    @transition(field=state, source=InspectorState.JOINED, target=InspectorState.ABSENT)
    def miss(self) -> None:
        """The department did not come."""


class InspectionLine(models.Model):
    """One line of the checklist; `code` is that of its card, or of what rides along (a commitment, a purpose)."""

    unit = _to(InspectionUnit, "检查部门", "lines")
    card = _to(PointCard, "要点", null=True, blank=True)
    code = models.SlugField("代码", max_length=40)
    text = models.CharField("查什么", max_length=300)
    standard = models.CharField("标准", max_length=200, blank=True)
    answer = models.CharField("结果", max_length=8, choices=LineAnswer, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)
    order = models.PositiveSmallIntegerField("顺序")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "检查项"
        ordering = ("order", "pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="inspectionline_once", fields=["unit", "code"]),
            models.CheckConstraint(
                name="inspectionline_answer_known", condition=Q(answer__in=["", *LineAnswer.values])
            ),
        ]

    def __str__(self) -> str:
        """Return what is looked at."""
        return self.text


class Finding(models.Model):
    """A fault on a line; what the owner owes for it is the issue item, whose state is its state."""

    line = models.OneToOneField(InspectionLine, on_delete=models.PROTECT, related_name="finding", verbose_name="检查项")
    kind = models.CharField("处理", max_length=8, choices=FindingKind)
    is_major = models.BooleanField("重大问题", default=False)
    issue = models.OneToOneField(
        "projects.IssueItem", on_delete=models.PROTECT, related_name="finding", verbose_name="整改"
    )
    paper = _to(PAPER, "文书", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "检查发现的问题"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="finding_kind_known", condition=Q(kind__in=list(FindingKind.values))),
        ]

    def __str__(self) -> str:
        """Return what was found."""
        return str(self.issue)


class InspectionPhoto(models.Model):
    """A photograph of the site; the file is in the archive."""

    unit = _to(InspectionUnit, "检查部门", "photos")
    document = models.OneToOneField(
        "archives.Document", on_delete=models.PROTECT, related_name="+", verbose_name="文件"
    )
    note = models.CharField("说明", max_length=100, blank=True)
    taken_by = _person("拍摄人")
    taken_at = models.DateTimeField("拍摄时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "检查照片"
        ordering = ("pk",)

    def __str__(self) -> str:
        """Return what it shows."""
        return self.note or "检查照片"


class VisitWish(models.Model):
    """That a department wanted to visit, and what became of it: joined, apart with its reason, or outside the plan."""

    inspection = _to(Inspection, "联合检查", "wishes")
    organisation = _to(BODY, "部门")
    wanted_on = models.DateField("想去的日期")
    purpose = models.CharField("检查内容", max_length=200)
    outcome = models.CharField("结果", max_length=8, choices=WishOutcome)
    wished_by = _person("提出人")
    wished_at = models.DateTimeField("提出时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "入企检查申请"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="visitwish_outcome_known", condition=Q(outcome__in=list(WishOutcome.values))),
        ]

    def __str__(self) -> str:
        """Return who wanted to come."""
        return f"{self.organisation} {self.wanted_on}"
