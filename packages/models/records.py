"""Records of what is done elsewhere and watched here: tenders, services of intermediaries, fees and the pay sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from packages.models.work import MatterCase
from packages.utility_states import (
    FEE_OPEN,
    SERVICE_OPEN,
    TENDER_RUNNING,
    TENDER_STEPPING,
    FeeState,
    SelectionMode,
    ServiceState,
    TenderState,
)
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class TenderQuerySet(models.QuerySet["TenderRecord"]):
    """Composable reads."""

    def visible_to(self, user: User | AnonymousUser) -> TenderQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class TenderRecord(StateModel):
    """A tender of the plan, step by step, with its days of publicity. The tender itself is held elsewhere.

    `round` counts the announcements: a failed tender is announced anew. `closes_at` is the code of the step whose
    evidence closes the matter.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tenders", verbose_name="项目")
    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="tenders", verbose_name="办件")
    name = models.CharField("招标项目", max_length=200)
    state = StateField("状态", choices=TenderState, default=TenderState.PLAN)
    round = models.PositiveSmallIntegerField("公告次数", default=1)
    closes_at = models.SlugField("办结步骤", max_length=20)
    disputed_from = models.CharField("暂停前状态", max_length=24, blank=True)
    dispute = models.CharField("异议或投诉", max_length=500, blank=True)
    dispute_on = models.DateField("异议日期", null=True, blank=True)
    ended_reason = models.CharField("终止原因", max_length=300, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="登记人"
    )
    opened_at = models.DateTimeField("登记时间")
    changed_at = models.DateTimeField("变动时间")

    objects = TenderQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "招标记录"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("tenderrecord_state_known", "state", TenderState),
            models.UniqueConstraint(
                name="tenderrecord_one_open", fields=["case"], condition=~Q(state=TenderState.ENDED)
            ),
            models.CheckConstraint(
                name="tenderrecord_dispute_told",
                condition=~Q(state=TenderState.DISPUTE) | ~Q(dispute=""),
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @transition(field=state, source=list(TENDER_STEPPING), target=TenderState.PLAN)
    def to_plan(self) -> None:
        """The plan is published, or published anew."""

    @transition(field=state, source=list(TENDER_STEPPING), target=TenderState.NOTICE)
    def to_notice(self) -> None:
        """The announcement, or that of a further round after a failed one."""

    @transition(field=state, source=list(TENDER_STEPPING), target=TenderState.BIDDING)
    def to_bidding(self) -> None:
        """The documents are out, bids come in."""

    @transition(field=state, source=list(TENDER_STEPPING), target=TenderState.OPENING)
    def to_opening(self) -> None:
        """The bids are opened."""

    @transition(field=state, source=[*TENDER_STEPPING, TenderState.DISPUTE], target=TenderState.EVALUATION)
    def to_evaluation(self) -> None:
        """The bids are evaluated; also anew, after a complaint that was right."""

    @transition(field=state, source=[*TENDER_STEPPING, TenderState.DISPUTE], target=TenderState.PUBLICITY)
    def to_publicity(self) -> None:
        """The candidates are public; also again, after a complaint that was not right."""

    @transition(field=state, source=[TenderState.EVALUATION, TenderState.PUBLICITY, TenderState.AWARD],
                target=TenderState.DISPUTE)
    def pause(self) -> None:
        """An objection or a complaint stops it."""

    @transition(field=state, source=[*TENDER_STEPPING, TenderState.DISPUTE], target=TenderState.AWARD)
    def to_award(self) -> None:
        """The winner is told."""

    @transition(field=state, source=list(TENDER_STEPPING), target=TenderState.SIGNED)
    def to_signed(self) -> None:
        """The contract is signed and public."""

    @transition(field=state, source=TenderState.SIGNED, target=TenderState.PERFORMANCE)
    def to_performance(self) -> None:
        """Its performance is public."""

    @transition(field=state, source=list(TENDER_RUNNING), target=TenderState.ENDED)
    def end(self) -> None:
        """It is not held any more."""


class TenderStep(models.Model):
    """One of the steps of a tender record, copied from the data of the day on which the record was opened.

    `after_days` are calendar days after the step before it (the shortest), `publicity_days` how long it has to be
    public. `done_on` is when it happened. A step that has to be repeated is emptied; what it said stands in the events.
    """

    tender = models.ForeignKey(TenderRecord, on_delete=models.CASCADE, related_name="steps", verbose_name="招标记录")
    order = models.PositiveSmallIntegerField("序号")
    code = models.SlugField("步骤", max_length=20)
    name = models.CharField("名称", max_length=60)
    state = models.CharField("状态", max_length=24, choices=TenderState)
    after_days = models.PositiveSmallIntegerField("最短间隔（自然日）")
    publicity_days = models.PositiveSmallIntegerField("公示天数", default=0)
    needs_evidence = models.BooleanField("须附佐证", default=False)
    is_basis_confirmed = models.BooleanField("间隔已核对", default=False)
    done_on = models.DateField("日期", null=True, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)
    link = models.URLField("公示地址", max_length=300, blank=True)
    evidence = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="佐证",
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="登记人"
    )
    recorded_at = models.DateTimeField("登记时间", null=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "招标步骤"
        ordering = ("tender", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="tenderstep_order", fields=["tender", "order"]),
            models.UniqueConstraint(name="tenderstep_code", fields=["tender", "code"]),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class ServiceQuerySet(models.QuerySet["IntermediaryService"]):
    """Composable reads."""

    def visible_to(self, user: User | AnonymousUser) -> ServiceQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class IntermediaryService(StateModel):
    """What an intermediary does for the owner under a contract; its time is its own (归属：中介).

    The price is a matter between owner and intermediary: only whether the contract is public is kept here.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="services", verbose_name="项目")
    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="services", verbose_name="办件")
    state = StateField("状态", choices=ServiceState, default=ServiceState.SELECTING)
    mode = models.CharField("选取方式", max_length=10, choices=SelectionMode, blank=True)
    company = models.CharField("中介机构", max_length=100, blank=True)
    company_code = models.CharField("统一社会信用代码", max_length=18, blank=True)
    selected_on = models.DateField("选取日期", null=True, blank=True)
    contract_on = models.DateField("合同签订日", null=True, blank=True)
    limit = models.PositiveSmallIntegerField("合同时限（工作日）", null=True, blank=True)
    contract = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="合同",
    )
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="中介时钟"
    )
    delivered_on = models.DateField("成果提交日", null=True, blank=True)
    result = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="成果",
    )
    returned = models.PositiveSmallIntegerField("退回次数", default=0)
    return_reason = models.CharField("退回原因", max_length=300, blank=True)
    ended_reason = models.CharField("中止原因", max_length=300, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="登记人"
    )
    opened_at = models.DateTimeField("登记时间")
    changed_at = models.DateTimeField("变动时间")

    objects = ServiceQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "中介服务"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("intermediaryservice_state_known", "state", ServiceState),
            models.UniqueConstraint(
                name="intermediaryservice_one_open", fields=["case"], condition=Q(state__in=list(SERVICE_OPEN))
            ),
            models.CheckConstraint(
                name="intermediaryservice_serving_has_clock",
                condition=~Q(state=ServiceState.SERVING) | Q(clock__isnull=False, contract_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return what and who."""
        return f"{self.case}：{self.company or '待选取'}"

    @transition(field=state, source=ServiceState.SELECTING, target=ServiceState.CONTRACTING)
    def select(self) -> None:
        """The owner has chosen the intermediary."""

    @transition(field=state, source=ServiceState.CONTRACTING, target=ServiceState.SERVING)
    def sign(self) -> None:
        """The contract is signed: its time begins."""

    @transition(field=state, source=ServiceState.SERVING, target=ServiceState.DELIVERED)
    def deliver(self) -> None:
        """The report was handed over: the clock stands."""

    @transition(field=state, source=ServiceState.DELIVERED, target=ServiceState.SERVING)
    def give_back(self) -> None:
        """The report does not do: the clock runs again."""

    @transition(field=state, source=ServiceState.DELIVERED, target=ServiceState.DONE)
    def finish(self) -> None:
        """The owner takes the report; the matter is closed."""

    @transition(field=state, source=list(SERVICE_OPEN), target=ServiceState.ENDED)
    def end(self) -> None:
        """The service is broken off."""


class PaySheet(models.Model):
    """缴费单: what is to be paid now, in one paper."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="pay_sheets", verbose_name="项目")
    paper = models.OneToOneField(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="pay_sheet", verbose_name="文书"
    )
    total = models.DecimalField("合计（元）", max_digits=16, decimal_places=2)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="开具人"
    )
    issued_at = models.DateTimeField("开具时间")

    class Meta:
        """Names and order."""

        verbose_name = verbose_name_plural = "缴费单"
        ordering = ("-pk",)

    def __str__(self) -> str:
        """Return what it is."""
        return f"缴费单 {self.paper.number if self.paper else ''}"


class FeeQuerySet(models.QuerySet["Fee"]):
    """Composable reads."""

    def visible_to(self, user: User | AnonymousUser) -> FeeQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class Fee(StateModel):
    """One line of 本项目收费清单: what is charged, by whom, on which basis, how much (元), until when.

    A basis is printed only where it has been confirmed. The agency charges nothing: no line may be for it.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="fees", verbose_name="项目")
    case = models.ForeignKey(
        MatterCase, on_delete=models.PROTECT, null=True, blank=True, related_name="fees", verbose_name="办件"
    )
    line = models.OneToOneField(
        "packages.UtilityLine", on_delete=models.PROTECT, null=True, blank=True, related_name="fee",
        verbose_name="报装项",
    )
    name = models.CharField("收费项目", max_length=100)
    payee = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="收费单位"
    )
    basis = models.CharField("依据", max_length=300, blank=True)
    is_basis_confirmed = models.BooleanField("依据已核对", default=False)
    formula = models.CharField("计算方式", max_length=200, blank=True)
    amount = models.DecimalField("金额（元）", max_digits=14, decimal_places=2, null=True, blank=True)
    due_on = models.DateField("缴纳期限", null=True, blank=True)
    state = StateField("状态", choices=FeeState, default=FeeState.UNSET)
    sheet = models.ForeignKey(
        PaySheet, on_delete=models.PROTECT, null=True, blank=True, related_name="fees", verbose_name="缴费单"
    )
    paid_on = models.DateField("缴纳日期", null=True, blank=True)
    evidence = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="缴款凭证",
    )
    reason = models.CharField("说明", max_length=300, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="登记人"
    )
    added_at = models.DateTimeField("登记时间")
    changed_at = models.DateTimeField("变动时间")

    objects = FeeQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "收费"
        ordering = ("project", "pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("fee_state_known", "state", FeeState),
            models.CheckConstraint(name="fee_not_negative", condition=Q(amount__isnull=True) | Q(amount__gte=0)),
            models.CheckConstraint(
                name="fee_due_has_amount",
                condition=~Q(state__in=[FeeState.DUE, FeeState.REPORTED, FeeState.PAID]) | Q(amount__isnull=False),
            ),
            models.CheckConstraint(
                name="fee_paid_has_evidence",
                condition=~Q(state__in=[FeeState.REPORTED, FeeState.PAID])
                | Q(paid_on__isnull=False, evidence__isnull=False),
            ),
            models.UniqueConstraint(
                name="fee_one_of_case", fields=["case"], condition=Q(case__isnull=False, state__in=list(FEE_OPEN))
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @transition(field=state, source=[FeeState.UNSET, FeeState.DUE], target=FeeState.DUE)
    def assess(self) -> None:
        """The amount and the day are fixed."""

    @transition(field=state, source=FeeState.DUE, target=FeeState.REPORTED)
    def report(self) -> None:
        """The owner says that it is paid, with the receipt."""

    @transition(field=state, source=FeeState.REPORTED, target=FeeState.DUE)
    def reject(self) -> None:
        """The receipt does not show it."""

    @transition(field=state, source=[FeeState.DUE, FeeState.REPORTED], target=FeeState.PAID)
    def pay(self) -> None:
        """It is paid, the receipt is filed."""

    @transition(field=state, source=[FeeState.UNSET, FeeState.DUE], target=FeeState.WAIVED)
    def waive(self) -> None:
        """It need not be paid."""
