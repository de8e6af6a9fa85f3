"""Drawing review (施工图联合审查): the set with its versions, the disciplines' parts, breaches, pledges, samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from packages.drawing_states import (
    BreachState,
    DrawingState,
    HandlingOpinion,
    PledgeKind,
    ReviewMode,
    TicketState,
)
from packages.models.risk import PolicyTable, RiskAssessment
from packages.models.sessions import ReviewTask
from packages.models.work import MatterCase
from projects.fsm import StateField, StateModel, state_check
from projects.models import IssueItem, Project
from projects.states import IssueKind

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser


class DrawingQuerySet(models.QuerySet["DrawingReview"]):
    """Composable reads of drawing reviews."""

    def visible_to(self, user: Person) -> DrawingQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class DrawingReview(StateModel):
    """The review of the drawings of one works; with a case where the matter is in the plan, without one for 免审.

    The review opinion (what to fix) and the handling opinion (may a commitment be signed?) are kept apart. `clock` is
    the technical review, which stands while the drawings are with the designer and while they are reviewed again.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="drawing_reviews", verbose_name="项目")
    work_unit = models.ForeignKey(
        "projects.WorkUnit", on_delete=models.PROTECT, related_name="drawing_reviews", verbose_name="工程"
    )
    case = models.OneToOneField(
        MatterCase, on_delete=models.PROTECT, null=True, blank=True, related_name="drawing_review", verbose_name="办件"
    )
    state = StateField("状态", choices=DrawingState, default=DrawingState.UPLOADING)
    mode = models.CharField("审查方式", max_length=8, choices=ReviewMode)
    mode_rule = models.JSONField("审查方式依据", default=dict)
    table = models.ForeignKey(PolicyTable, on_delete=models.PROTECT, related_name="+", verbose_name="规则版本")
    risk = models.ForeignKey(
        RiskAssessment, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="风险判定"
    )
    document = models.ForeignKey(
        "archives.Document", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="施工图"
    )
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="技术审查时钟"
    )
    fix_clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="限期修改时钟"
    )
    is_first_passed = models.BooleanField("初审是否通过", null=True)
    is_joint_fire = models.BooleanField("是否与消防联合审查", default=False)
    is_joint_civil = models.BooleanField("是否与人防联合审查", default=False)
    is_digital = models.BooleanField("是否数字化审查", default=False)
    opinion_text = models.TextField("审查意见", blank=True)
    opinion_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="审查意见人"
    )
    opinion_at = models.DateTimeField("审查意见时间", null=True)
    handling = models.CharField("处理意见", max_length=10, choices=HandlingOpinion, blank=True)
    handling_text = models.CharField("处理说明", max_length=500, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="处理人"
    )
    handled_at = models.DateTimeField("处理时间", null=True)
    is_lapsed = models.BooleanField("承诺逾期", default=False)
    created_at = models.DateTimeField("开始时间")
    closed_at = models.DateTimeField("结束时间", null=True)

    objects = DrawingQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "施工图审查"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("drawingreview_state_known", "state", DrawingState),
            models.UniqueConstraint(
                name="drawingreview_one_without_case", fields=["work_unit"],
                condition=Q(case=None) & ~Q(state=DrawingState.CLOSED),
            ),
            models.CheckConstraint(name="drawingreview_mode_known", condition=Q(mode__in=list(ReviewMode.values))),
            models.CheckConstraint(
                name="drawingreview_commits_with_clock",
                condition=~Q(state=DrawingState.COMMITTED) | Q(fix_clock__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the review of a project; what is open for the sweep
            models.Index(name="drawingreview_project", fields=["project", "state"]),
        ]

    def __str__(self) -> str:
        """Return what is reviewed."""
        return f"施工图审查 {self.project}"

    @transition(field=state, source=[DrawingState.UPLOADING, DrawingState.RETURNED], target=DrawingState.REVIEWING)
    def begin(self) -> None:
        """The set is there: the disciplines review it."""

    @transition(field=state, source=DrawingState.REVIEWING, target=DrawingState.RETURNED)
    def give_back(self) -> None:
        """A major defect: the drawings go back to the designer."""

    @transition(field=state, source=DrawingState.REVIEWING, target=DrawingState.TO_COMMIT)
    def let_commit(self) -> None:
        """No major defect: the owner may sign."""

    @transition(field=state, source=DrawingState.TO_COMMIT, target=DrawingState.COMMITTED)
    def commit(self) -> None:
        """The owner has signed: the works go on, the drawings are mended within the term."""

    @transition(field=state, source=[DrawingState.UPLOADING, DrawingState.REVIEWING, DrawingState.RETURNED,
                                     DrawingState.COMMITTED, DrawingState.TO_COMMIT], target=DrawingState.QUALIFIED)
    def qualify(self) -> None:
        """No breach is left."""

    @transition(field=state, source=DrawingState.UPLOADING, target=DrawingState.TO_PLEDGE)
    def ask_pledge(self) -> None:
        """No review before the works: designers and owner answer for the quality."""

    @transition(field=state, source=DrawingState.TO_PLEDGE, target=DrawingState.PLEDGED)
    def pledge(self) -> None:
        """Everybody has signed."""

    @transition(field=state, source=[DrawingState.UPLOADING, DrawingState.REVIEWING, DrawingState.RETURNED,
                                     DrawingState.TO_COMMIT, DrawingState.COMMITTED, DrawingState.TO_PLEDGE],
                target=DrawingState.CLOSED)
    def close(self) -> None:
        """The case ended without a result, or the rule changed before anything was signed."""


class DrawingSet(models.Model):
    """One version of the set as it was handed in: which disciplines changed, and why. Unaffected opinions stand."""

    review = models.ForeignKey(DrawingReview, on_delete=models.PROTECT, related_name="sets", verbose_name="审查")
    number = models.PositiveSmallIntegerField("版次")
    version = models.OneToOneField(
        "archives.DocumentVersion", on_delete=models.PROTECT, related_name="+", verbose_name="文件版本"
    )
    changed = models.JSONField("改动的专业", default=list)
    note = models.CharField("改动说明", max_length=500, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="上传人"
    )
    uploaded_for = models.CharField("上传单位", max_length=120, blank=True)
    uploaded_at = models.DateTimeField("上传时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "图纸版次"
        ordering = ("review", "number")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="drawingset_number", fields=["review", "number"]),
        ]

    def __str__(self) -> str:
        """Return the number."""
        return f"第 {self.number} 版"


class DrawingPart(models.Model):
    """What one department said of its disciplines, and on which version of the set."""

    review = models.ForeignKey(DrawingReview, on_delete=models.PROTECT, related_name="parts", verbose_name="审查")
    task = models.OneToOneField(ReviewTask, on_delete=models.PROTECT, related_name="drawing_part", verbose_name="任务")
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="部门"
    )
    disciplines = models.JSONField("专业", default=list)
    drawings = models.ForeignKey(
        DrawingSet, on_delete=models.PROTECT, null=True, related_name="parts", verbose_name="所审版次"
    )
    text = models.CharField("意见", max_length=1000)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="审查人"
    )
    given_at = models.DateTimeField("审查时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "专业意见"
        ordering = ("pk",)

    def __str__(self) -> str:
        """Return whose part it is."""
        return f"{self.organisation}"


class Breach(StateModel):
    """违反强条: which clause is breached, where, how to fix it. A remark breaches no mandatory clause."""

    review = models.ForeignKey(DrawingReview, on_delete=models.PROTECT, related_name="breaches", verbose_name="审查")
    part = models.ForeignKey(DrawingPart, on_delete=models.PROTECT, related_name="breaches", verbose_name="专业意见")
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="提出部门"
    )
    discipline = models.CharField("专业", max_length=20)
    clause = models.CharField("条文", max_length=120)
    place = models.CharField("部位", max_length=120)
    what = models.CharField("问题", max_length=300)
    fix = models.CharField("怎么改", max_length=300)
    is_mandatory = models.BooleanField("强制性条文", default=True)
    is_major = models.BooleanField("重大缺陷", default=False)
    state = StateField("状态", choices=BreachState, default=BreachState.OPEN)
    found_in = models.PositiveSmallIntegerField("发现于版次", default=1)
    fixed_in = models.PositiveSmallIntegerField("改于版次", null=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="核实人"
    )
    checked_at = models.DateTimeField("核实时间", null=True)
    check_note = models.CharField("核实说明", max_length=300, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "图纸问题"
        ordering = ("review", "pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("breach_state_known", "state", BreachState),
            models.CheckConstraint(
                name="breach_says_all", condition=~Q(clause="") & ~Q(place="") & ~Q(fix="") & ~Q(what="")
            ),
            models.CheckConstraint(
                name="breach_closed_has_time", condition=~Q(state=BreachState.CLOSED) | Q(checked_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        """Return clause and place."""
        return f"{self.clause} {self.place}"

    @transition(field=state, source=BreachState.OPEN, target=BreachState.FIXED)
    def fix_it(self) -> None:
        """A newer set says that it is mended."""

    @transition(field=state, source=BreachState.FIXED, target=BreachState.OPEN)
    def reopen(self) -> None:
        """It is not mended."""

    @transition(field=state, source=[BreachState.OPEN, BreachState.FIXED], target=BreachState.CLOSED)
    def clear(self) -> None:
        """The department that found it has checked it."""


class Pledge(models.Model):
    """A commitment signed by the responsible person of a body: for the quality of the design, or to mend in time."""

    review = models.ForeignKey(DrawingReview, on_delete=models.PROTECT, related_name="pledges", verbose_name="审查")
    kind = models.CharField("类别", max_length=10, choices=PledgeKind)
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="承诺单位"
    )
    role = models.CharField("身份", max_length=40)
    text = models.TextField("承诺内容")
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="签署人"
    )
    signed_at = models.DateTimeField("签署时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "图纸承诺"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="pledge_kind_known", condition=Q(kind__in=list(PledgeKind.values))),
            models.UniqueConstraint(name="pledge_once", fields=["review", "kind", "organisation"]),
        ]

    def __str__(self) -> str:
        """Return who signed what."""
        return f"{self.organisation} {self.get_kind_display()}"


class SampleDraw(models.Model):
    """One draw of samples after the fact: seed, population and choice, so that anybody can draw it again."""

    centre = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="中心"
    )
    seed = models.CharField("种子", max_length=80)
    since = models.DateField("承诺自")
    until = models.DateField("承诺至")
    table = models.ForeignKey(PolicyTable, on_delete=models.PROTECT, related_name="+", verbose_name="规则版本")
    population = models.JSONField("总体", default=list)
    drawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="抽取人"
    )
    drawn_at = models.DateTimeField("抽取时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "抽查批次"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="sampledraw_once", fields=["centre", "since", "until"]),
            models.CheckConstraint(name="sampledraw_days", condition=Q(until__gte=models.F("since"))),
        ]

    def __str__(self) -> str:
        """Return the days."""
        return f"{self.since} 至 {self.until}"


class SampleTicketQuerySet(models.QuerySet["SampleTicket"]):
    """Composable reads of tickets."""

    def visible_to(self, user: Person) -> SampleTicketQuerySet:
        """Return those of visible projects."""
        return self.filter(review__project__in=Project.objects.visible_to(user))


class SampleTicket(StateModel):
    """A set that was drawn: a department checks it after the fact (事后抽查)."""

    draw = models.ForeignKey(SampleDraw, on_delete=models.PROTECT, related_name="tickets", verbose_name="批次")
    review = models.ForeignKey(DrawingReview, on_delete=models.PROTECT, related_name="tickets", verbose_name="审查")
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="抽查部门"
    )
    state = StateField("状态", choices=TicketState, default=TicketState.OPEN)
    clock = models.ForeignKey("projects.Clock", on_delete=models.PROTECT, related_name="+", verbose_name="时钟")
    found = models.CharField("抽查结果", max_length=1000, blank=True)
    breaches = models.PositiveSmallIntegerField("违反强条", default=0)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="抽查人"
    )
    checked_at = models.DateTimeField("抽查时间", null=True)

    objects = SampleTicketQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "抽查工单"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("sampleticket_state_known", "state", TicketState),
            models.UniqueConstraint(name="sampleticket_once", fields=["draw", "review"]),
        ]

    def __str__(self) -> str:
        """Return what is checked."""
        return f"抽查 {self.review.project}"

    @property
    def fault(self) -> IssueItem | None:
        """What the owner has to mend since the check failed. One query."""
        found = IssueItem.objects.filter(
            subject_type=self._meta.label, subject_key=str(self.pk), kind=IssueKind.RECTIFICATION
        )
        return found.order_by("pk").last()

    @transition(field=state, source=TicketState.OPEN, target=TicketState.PASSED)
    def pass_it(self) -> None:
        """Nothing was found."""

    @transition(field=state, source=TicketState.OPEN, target=TicketState.FAILED)
    def fail_it(self) -> None:
        """Something has to be mended."""
