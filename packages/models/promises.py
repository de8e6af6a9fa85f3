"""What an applicant promised at the acceptance: deferred papers (容缺), commitments (承诺) and the checks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from packages.choices import ArrivesBefore, LateConsequence
from packages.models.work import MaterialItem, MatterCase
from packages.states import COMMITMENT_SIGNED, CheckResult, CommitmentState, DeferralState
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project
from projects.states import ISSUE_WITH_OWNER, IssueState

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class DeferralQuerySet(models.QuerySet["Deferral"]):
    """Composable reads of deferred papers."""

    def visible_to(self, user: User | AnonymousUser) -> DeferralQuerySet:
        """Return those of visible projects."""
        return self.filter(issue__project__in=Project.objects.visible_to(user))

    def open(self) -> DeferralQuerySet:
        """Return those that are not checked yet: owed, late, or waiting to be checked."""
        return self.filter(issue__state__in=[*ISSUE_WITH_OWNER, IssueState.SUBMITTED])

    def owed(self) -> DeferralQuerySet:
        """Return those that the applicant has to hand in."""
        return self.filter(issue__state__in=ISSUE_WITH_OWNER)


class Deferral(models.Model):
    """One material that was missing at the acceptance and follows (容缺), beside its issue item.

    The issue item says who owes what and has the clock; this row says until when at the latest, what follows, and when
    it was found late. Its state is derived from both and stored nowhere.
    """

    issue = models.OneToOneField(
        "projects.IssueItem", on_delete=models.PROTECT, related_name="deferral", verbose_name="容缺事项"
    )
    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="deferrals", verbose_name="办件")
    item = models.ForeignKey(MaterialItem, on_delete=models.PROTECT, related_name="deferrals", verbose_name="材料")
    days = models.PositiveSmallIntegerField("期限（工作日）")
    arrives_before = models.CharField("最迟补交", max_length=12, choices=ArrivesBefore)
    consequence = models.CharField("逾期后果", max_length=10, choices=LateConsequence)
    is_late = models.BooleanField("曾逾期", default=False)
    late_at = models.DateTimeField("逾期时间", null=True, blank=True)
    rejections = models.PositiveSmallIntegerField("退回次数", default=0)

    objects = DeferralQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "容缺材料"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="deferral_before_known", condition=Q(arrives_before__in=list(ArrivesBefore.values))
            ),
            models.CheckConstraint(
                name="deferral_consequence_known", condition=Q(consequence__in=list(LateConsequence.values))
            ),
            models.CheckConstraint(
                name="deferral_late_has_time", condition=Q(is_late=False) | Q(late_at__isnull=False)
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the sweep: what is not found late yet
            models.Index(name="deferral_not_late", fields=["id"], condition=Q(late_at=None)),
        ]

    def __str__(self) -> str:
        """Return the name of the material."""
        return self.issue.what

    @property
    def state(self) -> DeferralState:
        """待补, 已补待核, 已核, 逾期 or 已免除, by its issue item and whether it was found late."""
        if self.issue.state == IssueState.SUBMITTED:
            return DeferralState.HANDED_IN
        if self.issue.state == IssueState.VERIFIED:
            return DeferralState.VERIFIED
        if self.issue.state == IssueState.WAIVED:
            return DeferralState.WAIVED
        return DeferralState.LATE if self.late_at is not None else DeferralState.DUE


class CommitmentQuerySet(models.QuerySet["Commitment"]):
    """Composable reads of commitments."""

    def visible_to(self, user: User | AnonymousUser) -> CommitmentQuerySet:
        """Return those of visible projects."""
        return self.filter(case__project__in=Project.objects.visible_to(user))

    def live(self) -> CommitmentQuerySet:
        """Return those that are not void."""
        return self.exclude(state=CommitmentState.VOID)


class Commitment(StateModel):
    """告知书 and 承诺书 of one case: what was told, what was promised, who signed, how it was kept.

    The fields of the pair are frozen in `terms` when it is offered: basis, conditions, requirements, materials,
    deadline, force, consequences. `due_on` is the day until which it has to be kept, set at the grant.
    """

    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="commitments", verbose_name="办件")
    state = StateField("状态", choices=CommitmentState, default=CommitmentState.OFFERED)
    terms = models.JSONField("告知和承诺内容")
    days = models.PositiveSmallIntegerField("履行期限（工作日）")
    offered_at = models.DateTimeField("生成时间")
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="承诺人（企业负责人）",
    )
    signed_at = models.DateTimeField("签署时间", null=True, blank=True)
    asks_designer = models.BooleanField("须设计单位签署", default=False)
    designer_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="设计单位签署人",
    )
    designer_at = models.DateTimeField("设计单位签署时间", null=True, blank=True)
    is_sampled = models.BooleanField("列入核查", default=False)
    rate = models.PositiveSmallIntegerField("核查比例（%）", default=0)
    grade = models.CharField("信用等级", max_length=10, blank=True)
    issue = models.OneToOneField(
        "projects.IssueItem", on_delete=models.PROTECT, null=True, blank=True, related_name="commitment",
        verbose_name="承诺事项",
    )
    due_on = models.DateField("履行期限", null=True, blank=True)
    closed_at = models.DateTimeField("了结时间", null=True, blank=True)
    answer = models.CharField("处理结果", max_length=300, blank=True)

    objects = CommitmentQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "告知承诺"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("commitment_state_known", "state", CommitmentState),
            models.UniqueConstraint(
                name="commitment_one_live", fields=["case"], condition=~Q(state=CommitmentState.VOID)
            ),
            models.CheckConstraint(
                name="commitment_signed_by_somebody",
                condition=~Q(state__in=list(COMMITMENT_SIGNED))
                | Q(signed_by__isnull=False, signed_at__isnull=False)
                & (Q(asks_designer=False) | Q(designer_by__isnull=False)),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the sweep: what is to be kept until a day
            models.Index(name="commitment_state_due", fields=["state", "due_on"]),
        ]

    def __str__(self) -> str:
        """Return whose commitment it is."""
        return f"告知承诺 {self.case}"

    @transition(field=state, source=CommitmentState.OFFERED, target=CommitmentState.SIGNED)
    def complete(self) -> None:
        """Everybody who has to sign has signed."""

    @transition(field=state, source=CommitmentState.SIGNED, target=CommitmentState.PERFORMING)
    def begin(self) -> None:
        """The grant was given on it: it has to be kept from now on."""

    @transition(field=state, source=[CommitmentState.PERFORMING, CommitmentState.OVERDUE],
                target=CommitmentState.TO_CHECK)
    def call_check(self) -> None:
        """The term is over, or the enterprise says that it is kept, and the department checks."""

    @transition(field=state, source=[CommitmentState.PERFORMING, CommitmentState.TO_CHECK],
                target=CommitmentState.KEPT)
    def keep(self) -> None:
        """It was kept, or the term ended and it was not drawn for a check."""

    @transition(field=state, source=CommitmentState.TO_CHECK, target=CommitmentState.OVERDUE)
    def fall_late(self) -> None:
        """The check found it not kept yet; a last term runs."""

    @transition(field=state, source=[CommitmentState.TO_CHECK, CommitmentState.OVERDUE],
                target=CommitmentState.BREACHED)
    def breach(self) -> None:
        """It was broken."""

    @transition(field=state, source=[CommitmentState.OFFERED, CommitmentState.SIGNED], target=CommitmentState.VOID)
    def void(self) -> None:
        """The case ended without a grant, or its lines changed: another pair takes its place."""

    @transition(field=state, source=[CommitmentState.PERFORMING, CommitmentState.TO_CHECK, CommitmentState.OVERDUE],
                target=CommitmentState.VOID)
    def lapse(self) -> None:
        """The decision that it stood under is gone."""


class CommitmentCheck(models.Model):
    """One check (核查) of a commitment: when, by whom, what was found, with its evidence."""

    commitment = models.ForeignKey(
        Commitment, on_delete=models.PROTECT, related_name="checks", verbose_name="告知承诺"
    )
    result = models.CharField("核查结果", max_length=10, choices=CheckResult)
    note = models.CharField("核查情况", max_length=500)
    evidence = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="佐证",
    )
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="核查人"
    )
    checked_at = models.DateTimeField("核查时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "承诺核查记录"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="commitmentcheck_result_known", condition=Q(result__in=list(CheckResult.values))
            ),
        ]

    def __str__(self) -> str:
        """Return the result."""
        return self.get_result_display()
