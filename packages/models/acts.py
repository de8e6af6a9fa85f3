"""What is done to a case beside its state: notices, withdrawals, procedures, extensions, delivery, revocation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from packages.act_states import (
    PROCEDURE_OPEN,
    WITHDRAWAL_OPEN,
    DeliveryWay,
    ExtensionState,
    NoticeKind,
    ProcedureState,
    WithdrawalState,
)
from packages.models.work import MatterCase
from packages.states import SpecialKind
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser


def _person(name: str, *, null: bool = False, blank: bool = False) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=name, null=null, blank=blank
    )


class OneTimeNoticeQuerySet(models.QuerySet["OneTimeNotice"]):
    """Composable reads of notices."""

    def visible_to(self, user: Person) -> OneTimeNoticeQuerySet:
        """Return the notices on cases of visible projects."""
        return self.filter(case__project__in=Project.objects.visible_to(user))

    def again(self) -> OneTimeNoticeQuerySet:
        """Return those that were not the first on their case (再次告知)."""
        return self.filter(batch__gt=1)


class OneTimeNotice(models.Model):
    """一次性告知: one notice on one case. The second one has a reason and is booked to who gave it (行政许可法 32)."""

    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="notices", verbose_name="办件")
    kind = models.CharField("类别", max_length=10, choices=NoticeKind)
    batch = models.PositiveSmallIntegerField("次数")
    faults = models.PositiveSmallIntegerField("问题数")
    days = models.PositiveSmallIntegerField("补正期限（工作日）")
    reason_code = models.CharField("再次告知的理由", max_length=24, blank=True)
    reason_note = models.CharField("理由说明", max_length=300, blank=True)
    is_late = models.BooleanField("开始办理多日后才告知", default=False)
    given_by = _person("告知人")
    given_for = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="告知单位"
    )
    given_at = models.DateTimeField("告知时间")
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="告知书"
    )

    objects = OneTimeNoticeQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "一次性告知"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="onetimenotice_batch_unique", fields=["case", "batch"]),
            models.CheckConstraint(
                name="onetimenotice_again_has_reason", condition=Q(batch=1) | ~Q(reason_code="")
            ),
            models.CheckConstraint(name="onetimenotice_kind_known", condition=Q(kind__in=list(NoticeKind.values))),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the list of second notices: of one body, in a period
            models.Index(name="onetimenotice_again", fields=["given_for", "given_at"], condition=Q(batch__gt=1)),
        ]

    def __str__(self) -> str:
        """Return what it is and on which case."""
        return f"{self.get_kind_display()}告知 {self.case}"


class Withdrawal(StateModel):
    """撤件申请: the owner asks, the window or the department takes it and confirms or refuses."""

    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="withdrawals", verbose_name="办件")
    state = StateField("状态", choices=WithdrawalState, default=WithdrawalState.REQUESTED)
    reason = models.CharField("撤件原因", max_length=300)
    requested_by = _person("申请人")
    requested_at = models.DateTimeField("申请时间")
    taken_by = _person("接收人", null=True, blank=True)
    taken_at = models.DateTimeField("接收时间", null=True, blank=True)
    answered_by = _person("答复人", null=True, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    answer = models.CharField("答复", max_length=300, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "撤件申请"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("withdrawal_state_known", "state", WithdrawalState),
            models.UniqueConstraint(
                name="withdrawal_one_open", fields=["case"], condition=Q(state__in=list(WITHDRAWAL_OPEN))
            ),
            models.CheckConstraint(
                name="withdrawal_refused_says_why", condition=~Q(state=WithdrawalState.REFUSED) | ~Q(answer="")
            ),
        ]

    def __str__(self) -> str:
        """Return the case and the state."""
        return f"撤件申请 {self.case}"

    @transition(field=state, source=WithdrawalState.REQUESTED, target=WithdrawalState.TAKEN)
    def take(self) -> None:
        """The window or the department has it in hand."""

    @transition(field=state, source=list(WITHDRAWAL_OPEN), target=WithdrawalState.GRANTED)
    def grant(self) -> None:
        """The case is withdrawn."""

    @transition(field=state, source=list(WITHDRAWAL_OPEN), target=WithdrawalState.REFUSED)
    def refuse(self) -> None:
        """It cannot be withdrawn; the case goes on."""

    @transition(field=state, source=list(WITHDRAWAL_OPEN), target=WithdrawalState.VOID)
    def lapse(self) -> None:
        """The case ended otherwise, or the owner took the request back."""


class SpecialProcedure(StateModel):
    """特别程序 (行政许可法 45): asked for by one person, approved by another, ended with its result document."""

    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="procedures", verbose_name="办件")
    state = StateField("状态", choices=ProcedureState, default=ProcedureState.REQUESTED)
    kind = models.CharField("种类", max_length=16, choices=SpecialKind)
    basis = models.CharField("依据", max_length=300)
    planned_days = models.PositiveSmallIntegerField("计划天数（工作日）")
    is_repeated = models.BooleanField("同类再次启动", default=False)
    started_by = _person("发起人")
    requested_at = models.DateTimeField("发起时间")
    approver = _person("批准人", null=True, blank=True)
    approved_at = models.DateTimeField("批准时间", null=True, blank=True)
    answer = models.CharField("未批准的理由", max_length=300, blank=True)
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="时钟"
    )
    result = models.CharField("结果", max_length=500, blank=True)
    result_document = models.ForeignKey(
        "archives.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="结果文件",
    )
    ended_by = _person("结束人", null=True, blank=True)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "特别程序"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("specialprocedure_state_known", "state", ProcedureState),
            models.UniqueConstraint(
                name="specialprocedure_one_open", fields=["case"], condition=Q(state__in=list(PROCEDURE_OPEN))
            ),
            models.CheckConstraint(
                name="specialprocedure_not_by_starter", condition=Q(approver=None) | ~Q(approver=F("started_by"))
            ),
            models.CheckConstraint(
                name="specialprocedure_ran_with_approval",
                condition=~Q(state__in=[ProcedureState.RUNNING, ProcedureState.ENDED])
                | Q(approver__isnull=False, approved_at__isnull=False, clock__isnull=False),
            ),
            models.CheckConstraint(name="specialprocedure_has_length", condition=Q(planned_days__gte=1)),
        ]

    def __str__(self) -> str:
        """Return kind and case."""
        return f"{self.get_kind_display()} {self.case}"

    @transition(field=state, source=ProcedureState.REQUESTED, target=ProcedureState.RUNNING)
    def approve(self) -> None:
        """The head approves; the clocks stop."""

    @transition(field=state, source=ProcedureState.REQUESTED, target=ProcedureState.REFUSED)
    def refuse(self) -> None:
        """The head does not approve; the clocks run on."""

    @transition(field=state, source=ProcedureState.RUNNING, target=ProcedureState.ENDED)
    def end(self) -> None:
        """Its result is there."""

    @transition(field=state, source=list(PROCEDURE_OPEN), target=ProcedureState.VOID)
    def lapse(self) -> None:
        """The case ended, or the starter took the request back."""


class Extension(StateModel):
    """延长 (行政许可法 42): once per case, approved before the limit has run out, its reason told to the applicant."""

    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="extensions", verbose_name="办件")
    state = StateField("状态", choices=ExtensionState, default=ExtensionState.REQUESTED)
    is_joint = models.BooleanField("联合办理", default=False)
    days = models.PositiveSmallIntegerField("延长天数（工作日）")
    reason = models.CharField("延长理由", max_length=300)
    requested_by = _person("申请人")
    requested_at = models.DateTimeField("申请时间")
    approver = _person("批准人", null=True, blank=True)
    approved_at = models.DateTimeField("批准时间", null=True, blank=True)
    approval = models.CharField("批准文号", max_length=80, blank=True)
    answer = models.CharField("未批准的理由", max_length=300, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "延长办理期限"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("extension_state_known", "state", ExtensionState),
            models.UniqueConstraint(
                name="extension_once", fields=["case"],
                condition=Q(state__in=[ExtensionState.REQUESTED, ExtensionState.APPROVED]),
            ),
            models.CheckConstraint(
                name="extension_not_by_requester", condition=Q(approver=None) | ~Q(approver=F("requested_by"))
            ),
            models.CheckConstraint(
                name="extension_approved_by_somebody",
                condition=~Q(state=ExtensionState.APPROVED) | Q(approver__isnull=False, approved_at__isnull=False),
            ),
            models.CheckConstraint(name="extension_has_length", condition=Q(days__gte=1)),
        ]

    def __str__(self) -> str:
        """Return the days and the case."""
        return f"延长 {self.days} 个工作日 {self.case}"

    @transition(field=state, source=ExtensionState.REQUESTED, target=ExtensionState.APPROVED)
    def approve(self) -> None:
        """The head approves; the limits move."""

    @transition(field=state, source=ExtensionState.REQUESTED, target=ExtensionState.REFUSED)
    def refuse(self) -> None:
        """The head does not approve."""

    @transition(field=state, source=ExtensionState.REQUESTED, target=ExtensionState.VOID)
    def lapse(self) -> None:
        """The case ended before anybody answered."""


class CaseDelivery(models.Model):
    """送达: how the decision of a case reached the applicant, with its 领证回执."""

    case = models.OneToOneField(MatterCase, on_delete=models.PROTECT, related_name="delivery", verbose_name="办件")
    way = models.CharField("领取方式", max_length=10, choices=DeliveryWay)
    receiver = models.CharField("领取人", max_length=60, blank=True)
    tracking = models.CharField("邮件号", max_length=60, blank=True)
    handed_by = _person("经办人")
    delivered_at = models.DateTimeField("送达时间")
    is_late = models.BooleanField("逾期送达", default=False)
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, related_name="+", verbose_name="领证回执"
    )

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "送达"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="casedelivery_way_known", condition=Q(way__in=list(DeliveryWay.values))),
            models.CheckConstraint(
                name="casedelivery_by_post_has_number", condition=~Q(way=DeliveryWay.POST) | ~Q(tracking="")
            ),
            models.CheckConstraint(
                name="casedelivery_at_window_names_receiver", condition=~Q(way=DeliveryWay.WINDOW) | ~Q(receiver="")
            ),
        ]

    def __str__(self) -> str:
        """Return the way and the case."""
        return f"{self.get_way_display()} {self.case}"


class Revocation(models.Model):
    """撤销 (event 15): why a decision was taken away, on which basis, and whether a hearing was offered or held."""

    case = models.OneToOneField(MatterCase, on_delete=models.PROTECT, related_name="revocation", verbose_name="办件")
    reason = models.CharField("撤销理由", max_length=500)
    basis = models.CharField("依据", max_length=300)
    is_heard = models.BooleanField("已告知听证权利并听取意见")
    hearing_note = models.CharField("听证情况", max_length=300, blank=True)
    revoked_by = _person("决定人")
    revoked_at = models.DateTimeField("撤销时间")
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, related_name="+", verbose_name="撤销决定书"
    )

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "撤销"

    def __str__(self) -> str:
        """Return the case."""
        return f"撤销 {self.case}"
