"""联合研判: the pool of projects, pairs that look like one project, rounds of appraisal, scores, gaps.

A round is a `JointSession` of kind appraisal without a case; each department asked has its `ReviewTask` there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from packages.appraisal_states import (
    POOL_LIVE,
    Cause,
    Factor,
    Grade,
    Maturity,
    PairOutcome,
    PoolState,
)
from packages.models.risk import PolicyTable
from packages.models.sessions import JointSession, ReviewTask
from projects.access import access_of
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

LEAVING = [*POOL_LIVE, PoolState.CONSULTING, PoolState.RESTING]


class PoolQuerySet(models.QuerySet["PoolEntry"]):
    """Composable reads of the pool."""

    def visible_to(self, user: User | AnonymousUser) -> PoolQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def live(self) -> PoolQuerySet:
        """Return those for which somebody at the pool has to act."""
        return self.filter(state__in=list(POOL_LIVE))


class PoolEntry(StateModel):
    """A project in the pool (项目池). `maturity` and `grade` are those of the last signed opinion.

    `parcel_key` is the parcel without blanks and dashes, to find the same parcel twice. `next_on` is the day of the
    next appraisal at the latest; `asleep_on` the day on which nothing had happened for too long.
    """

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="pool_entry", verbose_name="项目")
    state = StateField("状态", choices=PoolState, default=PoolState.ENTERED)
    parcel = models.CharField("宗地编号或四至", max_length=100, blank=True)
    parcel_key = models.CharField("宗地键", max_length=100, blank=True, editable=False)
    land_wish = models.CharField("用地意向", max_length=200, blank=True)
    industry = models.CharField("行业", max_length=60, blank=True)
    opening_on = models.DateField("目标开工日期", null=True, blank=True)
    proposer = models.CharField("提出单位", max_length=100)
    note = models.CharField("项目概况", max_length=500, blank=True)
    is_direct = models.BooleanField("备案项目申请直接会商", default=False)
    maturity = models.CharField("成熟度", max_length=10, choices=Maturity, default=Maturity.PENDING)
    grade = models.CharField("轻重缓急", max_length=1, choices=Grade, blank=True)
    appraised_at = models.DateTimeField("最近研判时间", null=True, blank=True)
    next_on = models.DateField("最迟复评日", null=True, blank=True)
    again = models.JSONField("待复评要素", default=list, blank=True)
    asleep_on = models.DateField("沉睡自", null=True, blank=True)
    merged_into = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, blank=True, related_name="merged_entries", verbose_name="并入项目"
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="入库人"
    )
    entered_at = models.DateTimeField("入库时间")
    changed_at = models.DateTimeField("变动时间")

    objects = PoolQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "项目池"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("poolentry_state_known", "state", PoolState),
            models.CheckConstraint(
                name="poolentry_maturity_known", condition=Q(maturity__in=list(Maturity.values))
            ),
            models.CheckConstraint(name="poolentry_grade_known", condition=Q(grade__in=["", *Grade.values])),
            models.CheckConstraint(
                name="poolentry_merged_says_into",
                condition=~Q(state=PoolState.MERGED) | Q(merged_into__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the same parcel twice
            models.Index(name="poolentry_parcel", fields=["parcel_key"], condition=~Q(parcel_key="")),
            # re-appraisal: what is due
            models.Index(name="poolentry_next", fields=["next_on"], condition=Q(state=PoolState.APPRAISED)),
            # the board: cells of maturity and grade
            models.Index(name="poolentry_board", fields=["maturity", "grade", "-id"]),
        ]

    def __str__(self) -> str:
        """Return the project."""
        return f"项目池 {self.project}"

    @transition(field=state, source=PoolState.ENTERED, target=PoolState.WAITING)
    def check_in(self) -> None:
        """No project of the pool is the same, or a person has decided so."""

    @transition(field=state, source=[PoolState.WAITING, PoolState.APPRAISED], target=PoolState.APPRAISING)
    def begin(self) -> None:
        """A round of appraisal is opened; the departments score."""

    @transition(field=state, source=PoolState.APPRAISING, target=PoolState.APPRAISED)
    def conclude(self) -> None:
        """The chair has signed the opinion."""

    @transition(field=state, source=[PoolState.WAITING, PoolState.APPRAISED], target=PoolState.CONSULTING)
    def hand_on(self) -> None:
        """The consultation takes over."""

    @transition(field=state, source=PoolState.CONSULTING, target=PoolState.WAITING)
    def come_back(self) -> None:
        """The consultation gives the project back to be appraised again."""

    @transition(
        field=state, source=[PoolState.ENTERED, PoolState.WAITING, PoolState.APPRAISING, PoolState.APPRAISED],
        target=PoolState.RESTING,
    )
    def rest(self) -> None:
        """The pool leaves the project alone for a while; an open round ends without an opinion."""

    @transition(field=state, source=PoolState.RESTING, target=PoolState.WAITING)
    def take_up(self) -> None:
        """Work on it goes on."""

    @transition(field=state, source=PoolState.DROPPED, target=PoolState.ENTERED)
    def enter_again(self) -> None:
        """A dropped project comes back, with its history."""

    @transition(field=state, source=LEAVING, target=PoolState.DROPPED)
    def drop(self) -> None:
        """The project leaves the pool, for a reason."""

    @transition(field=state, source=LEAVING, target=PoolState.MERGED)
    def merge(self) -> None:
        """It is the same project as another one of the pool."""


class DuplicatePair(models.Model):
    """Two projects that look like one, found by parcel, owner or name; a person decides.

    `first` is the older project. `reasons` are sentences.
    """

    first = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+", verbose_name="在先项目")
    second = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+", verbose_name="在后项目")
    reasons = models.JSONField("相同之处", default=list)
    found_at = models.DateTimeField("发现时间")
    outcome = models.CharField("认定", max_length=8, choices=PairOutcome, blank=True)
    kept = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="保留项目"
    )
    reason = models.CharField("认定理由", max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="认定人"
    )
    decided_at = models.DateTimeField("认定时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "疑似重复项目"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="duplicatepair_once", fields=["first", "second"]),
            models.CheckConstraint(name="duplicatepair_ordered", condition=Q(first__lt=F("second"))),
            models.CheckConstraint(
                name="duplicatepair_decided_whole",
                condition=Q(outcome="", decided_at__isnull=True)
                | (~Q(outcome="") & ~Q(reason="") & Q(decided_at__isnull=False, decided_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="duplicatepair_merged_keeps_one",
                condition=~Q(outcome=PairOutcome.MERGED) | Q(kept__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return both names."""
        return f"{self.first} / {self.second}"


class AppraisalQuerySet(models.QuerySet["Appraisal"]):
    """Composable reads of appraisals."""

    def visible_to(self, user: User | AnonymousUser) -> AppraisalQuerySet:
        """Return those of visible projects, for the office."""
        if not access_of(user).is_office:
            return self.none()
        return self.filter(session__project__in=Project.objects.visible_to(user))


class Appraisal(models.Model):
    """One round of appraisal: whom it asks for what, under which version of the rules, and what was signed.

    `asked` are pairs of factor and department (primary key). `machine` is what the rule says of the scores, `maturity`
    what the chair signed; where they differ `override_reason` says why. The same of `machine_grade` and `grade`.
    """

    session = models.OneToOneField(
        JointSession, on_delete=models.PROTECT, related_name="appraisal", verbose_name="研判会"
    )
    entry = models.ForeignKey(PoolEntry, on_delete=models.PROTECT, related_name="appraisals", verbose_name="项目池")
    cause = models.CharField("起因", max_length=6, choices=Cause)
    note = models.CharField("说明", max_length=300, blank=True)
    table = models.ForeignKey(PolicyTable, on_delete=models.PROTECT, related_name="+", verbose_name="规则版本")
    package = models.CharField("适用规则", max_length=40, blank=True)
    asked = models.JSONField("评分分工", default=list)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="发起人"
    )
    settled = models.JSONField("分歧裁定", default=dict, blank=True)
    levels = models.JSONField("要素水平", default=dict, blank=True)
    silent = models.JSONField("未评部门", default=list, blank=True)
    machine = models.CharField("规则判定", max_length=10, choices=Maturity, blank=True)
    reasons = models.JSONField("判定理由", default=list, blank=True)
    maturity = models.CharField("研判结论", max_length=10, choices=Maturity, blank=True)
    override_reason = models.CharField("调整理由", max_length=300, blank=True)
    marks = models.JSONField("轻重缓急依据", default=list, blank=True)
    importance = models.PositiveSmallIntegerField("重要性", null=True, blank=True)
    urgency = models.PositiveSmallIntegerField("紧迫性", null=True, blank=True)
    machine_grade = models.CharField("规则等级", max_length=1, choices=Grade, blank=True)
    grade = models.CharField("等级", max_length=1, choices=Grade, blank=True)
    grade_reason = models.CharField("等级调整理由", max_length=300, blank=True)
    text = models.TextField("研判意见", blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="主持人"
    )
    signed_at = models.DateTimeField("签署时间", null=True, blank=True)

    objects = AppraisalQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "联合研判"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="appraisal_signed_whole",
                condition=Q(signed_at__isnull=True)
                | (Q(signed_by__isnull=False) & ~Q(maturity="") & ~Q(machine="") & ~Q(grade="")),
            ),
            models.CheckConstraint(
                name="appraisal_override_has_reason",
                condition=Q(signed_at__isnull=True) | Q(maturity=F("machine")) | ~Q(override_reason=""),
            ),
            models.CheckConstraint(
                name="appraisal_grade_has_reason",
                condition=Q(signed_at__isnull=True) | Q(grade=F("machine_grade")) | ~Q(grade_reason=""),
            ),
        ]

    def __str__(self) -> str:
        """Return which round of what."""
        return f"联合研判第 {self.session.round} 轮"

    @property
    def is_overridden(self) -> bool:
        """Whether the chair signed something else than the rule says."""
        return bool(self.signed_at) and self.maturity != self.machine


class FactorScore(models.Model):
    """What one department says of one factor in one round: never changed. 不涉及 counts as 3 and has a reason."""

    appraisal = models.ForeignKey(
        Appraisal, on_delete=models.PROTECT, related_name="scores", verbose_name="联合研判"
    )
    task = models.ForeignKey(ReviewTask, on_delete=models.PROTECT, related_name="scores", verbose_name="评分任务")
    factor = models.CharField("要素", max_length=8, choices=Factor)
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="部门"
    )
    level = models.PositiveSmallIntegerField("水平")
    is_na = models.BooleanField("不涉及", default=False)
    reason = models.CharField("说明", max_length=500)
    evidence = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="佐证",
    )
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="评分人"
    )
    given_at = models.DateTimeField("评分时间")
    is_late = models.BooleanField("逾期评分", default=False)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "要素评分"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="factorscore_once", fields=["task", "factor"]),
            models.CheckConstraint(name="factorscore_level_known", condition=Q(level__lte=3)),
            models.CheckConstraint(name="factorscore_na_is_three", condition=Q(is_na=False) | Q(level=3)),
            models.CheckConstraint(name="factorscore_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        """Return factor and level."""
        return f"{self.get_factor_display()} {'不涉及' if self.is_na else self.level}"


class Gap(models.Model):
    """缺啥补啥: what belongs to an issue item of kind 缺口 besides: factor, target, who claimed it.

    The issue's debtor is the lead department, its `due_on` the promised day once it is claimed, its evidence what
    proves that the gap is filled.
    """

    issue = models.OneToOneField(
        "projects.IssueItem", on_delete=models.PROTECT, related_name="gap", verbose_name="缺口"
    )
    appraisal = models.ForeignKey(Appraisal, on_delete=models.PROTECT, related_name="gaps", verbose_name="联合研判")
    factor = models.CharField("要素", max_length=8, choices=Factor)
    level = models.PositiveSmallIntegerField("现有水平")
    target = models.PositiveSmallIntegerField("目标水平")
    helpers = models.CharField("配合部门", max_length=200, blank=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="认领人"
    )
    claimed_at = models.DateTimeField("认领时间", null=True, blank=True)
    responsible = models.CharField("责任人", max_length=50, blank=True)
    settled_in = models.ForeignKey(
        Appraisal, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="由研判消除"
    )

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "缺口清单"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="gap_aims_higher", condition=Q(target__gt=F("level"))),
            models.CheckConstraint(
                name="gap_claim_has_person",
                condition=Q(claimed_at__isnull=True) | (Q(claimed_by__isnull=False) & ~Q(responsible="")),
            ),
        ]

    def __str__(self) -> str:
        """Return what is missing."""
        return str(self.issue)
