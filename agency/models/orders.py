"""What an agent does for an owner: the agreement, one work order per matter, its log, its escalations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from agency.desk_states import (
    AGREEMENT_LIVE,
    ORDER_HELD,
    ORDER_OPEN,
    ORDER_WAITS,
    TO_THE_END,
    AgreementState,
    Channel,
    EscalationState,
    Level,
    OrderState,
)
from agency.models.agents import Agent
from packages.choices import MatterStage
from projects import timing
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

PAPER, BODY = "archives.Paper", "projects.Organisation"


def _person(label: str, **more: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=label,
        **more,
    )


def _to(target: Any, label: str, name: str = "+", **more: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(target, on_delete=models.PROTECT, related_name=name, verbose_name=label, **more)


class AgreementQuerySet(models.QuerySet["Agreement"]):
    """Composable reads of agreements."""

    def visible_to(self, user: User | AnonymousUser) -> AgreementQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def live(self) -> AgreementQuerySet:
        """Return those that are asked for, offered, or signed."""
        return self.filter(state__in=AGREEMENT_LIVE)


class Agreement(StateModel):
    """代办委托协议: which matters, until when, what the agent may do. Free by law: there is no field for a price.

    `matters` are pairs of code and name as they were offered; `is_all`: also those that the plan brings later. Nothing
    in it is a power to commit: a 承诺书 is signed by the owner.
    """

    project = _to(Project, "项目", "agreements")
    state = StateField("状态", choices=AgreementState, default=AgreementState.REQUESTED)
    matters = models.JSONField("代办事项", default=list)
    is_all = models.BooleanField("含以后新增事项", default=True)
    powers = models.JSONField("委托权限", default=list)
    until = models.DateField("委托期限", null=True, blank=True)
    contact = models.CharField("企业联系人", max_length=60, blank=True)
    wish = models.CharField("申请说明", max_length=300, blank=True)
    requested_by, requested_at = _person("申请人"), models.DateTimeField("申请时间", null=True, blank=True)
    offered_by, offered_at = _person("拟定人"), models.DateTimeField("拟定时间", null=True, blank=True)
    signed_by, signed_at = _person("签订人"), models.DateTimeField("签订时间", null=True, blank=True)
    ended_by, ended_at = _person("终止人"), models.DateTimeField("终止时间", null=True, blank=True)
    end_reason = models.CharField("终止理由", max_length=300, blank=True)
    paper = _to(PAPER, "协议文书", null=True, blank=True)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "代办委托协议"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("agreement_state_known", "state", AgreementState),
            models.UniqueConstraint(
                name="agreement_one_live", fields=["project"], condition=Q(state__in=list(AGREEMENT_LIVE))
            ),
            models.CheckConstraint(
                name="agreement_signed_has_paper",
                condition=~Q(state=AgreementState.SIGNED) | Q(paper__isnull=False, signed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return whose agreement."""
        return f"{self.project} 代办委托协议"

    @property
    def term(self) -> str:
        """Until when it holds, in the words of the paper."""
        return f"至{timing.written(self.until)}" if self.until else TO_THE_END

    @transition(field=state, source=AgreementState.REQUESTED, target=AgreementState.OFFERED)
    def offer(self) -> None:
        """The centre has drawn it up."""

    @transition(field=state, source=AgreementState.OFFERED, target=AgreementState.SIGNED)
    def sign(self) -> None:
        """The owner signs."""

    @transition(field=state, source=[AgreementState.REQUESTED, AgreementState.OFFERED], target=AgreementState.DECLINED)
    def decline(self) -> None:
        """The owner does not want it, or the centre cannot serve."""

    @transition(field=state, source=AgreementState.SIGNED, target=AgreementState.ENDED)
    def end(self) -> None:
        """The owner ends it, or the project is over."""


class WorkOrderQuerySet(models.QuerySet["WorkOrder"]):
    """Composable reads of work orders."""

    def visible_to(self, user: User | AnonymousUser) -> WorkOrderQuerySet:
        """Return those of visible projects, to the office: the owner reads of them on the page of the project."""
        from projects.access import access_of

        if not access_of(user).is_office:
            return self.none()
        return self.filter(project__in=Project.objects.visible_to(user))

    def open(self) -> WorkOrderQuerySet:
        """Return those that are not done nor closed."""
        return self.filter(state__in=ORDER_OPEN)

    def held(self) -> WorkOrderQuerySet:
        """Return those that an agent has accepted and that are not over."""
        return self.filter(state__in=ORDER_HELD)


class WorkOrder(StateModel):
    """工单: one matter of one project for one agent.

    It is offered to `agent` until `accept_by` (a clock of working hours); who does not accept it is in `passed`, and it
    goes to the next. Without an agent it waits for the dispatcher. `last_log_on` is the day of the last line of its
    log, `silent_on` the last day on which the agent was reminded of an empty log.
    """

    project = _to(Project, "项目", "work_orders")
    case = _to("packages.MatterCase", "办件", "work_orders", null=True, blank=True)
    agreement = _to(Agreement, "协议", "orders", null=True, blank=True)
    number = models.CharField("工单编号", max_length=40, unique=True)
    title = models.CharField("事项", max_length=120)
    stage = models.CharField("阶段", max_length=12, choices=MatterStage)
    agent = _to(Agent, "代办人员", "orders", null=True, blank=True)
    state = StateField("状态", choices=OrderState, default=OrderState.WAITING)
    state_before = models.CharField("升级前状态", max_length=24, blank=True)
    planned_on = models.DateField("计划开始", null=True, blank=True)
    due_on = models.DateField("计划办结", null=True, blank=True)
    clock = _to("projects.Clock", "接单时钟", null=True, blank=True)
    accept_by = models.DateTimeField("接单期限", null=True, blank=True)
    passed = models.JSONField("未接人员", default=list, blank=True)
    offered_at = models.DateTimeField("派单时间")
    taken_at = models.DateTimeField("接单时间", null=True, blank=True)
    waits_what = models.CharField("等什么", max_length=120, blank=True)
    waits_body = _to(BODY, "等哪个单位", null=True, blank=True)
    waits_since = models.DateField("等待自", null=True, blank=True)
    next_check = models.DateField("下次核查", null=True, blank=True)
    last_log_on = models.DateField("最近跟办", null=True, blank=True)
    silent_on = models.DateField("空白提醒日", null=True, blank=True)
    silences = models.PositiveSmallIntegerField("空白提醒次数", default=0)
    done_at = models.DateTimeField("完成时间", null=True, blank=True)
    closed_at = models.DateTimeField("关闭时间", null=True, blank=True)
    close_reason = models.CharField("关闭原因", max_length=200, blank=True)

    objects = WorkOrderQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "工单"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("workorder_state_known", "state", OrderState),
            models.UniqueConstraint(
                name="workorder_one_open", fields=["case"], condition=Q(state__in=list(ORDER_OPEN))
            ),
            models.CheckConstraint(
                name="workorder_held_has_agent", condition=~Q(state__in=list(ORDER_HELD)) | Q(agent__isnull=False)
            ),
            models.CheckConstraint(
                name="workorder_closed_says_why", condition=~Q(state=OrderState.CLOSED) | ~Q(close_reason="")
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # an agent's own page and the board
            models.Index(name="workorder_agent_open", fields=["agent", "state", "next_check"]),
            # the sweep that passes on what nobody accepted
            models.Index(name="workorder_accept_by", fields=["accept_by"], condition=Q(state=OrderState.WAITING)),
        ]

    def __str__(self) -> str:
        """Return the matter."""
        return self.title

    @transition(field=state, source=OrderState.WAITING, target=OrderState.TAKEN)
    def take(self) -> None:
        """The agent accepts it."""

    @transition(field=state, source=[OrderState.TAKEN, *ORDER_WAITS], target=OrderState.DOING)
    def start(self) -> None:
        """The agent is at it, or what he waited for has come."""

    @transition(
        field=state,
        source=[OrderState.TAKEN, OrderState.DOING, OrderState.WAITING_DEPT],
        target=OrderState.WAITING_OWNER,
    )
    def wait_owner(self) -> None:
        """The owner has to do something first."""

    @transition(
        field=state,
        source=[OrderState.TAKEN, OrderState.DOING, OrderState.WAITING_OWNER],
        target=OrderState.WAITING_DEPT,
    )
    def wait_dept(self) -> None:
        """A department has to do something first."""

    @transition(field=state, source=[OrderState.TAKEN, OrderState.DOING, *ORDER_WAITS], target=OrderState.ESCALATED)
    def escalate(self) -> None:
        """It went up a step."""

    @transition(field=state, source=OrderState.ESCALATED, target=OrderState.DOING)
    def settle(self) -> None:
        """A decision came, or the escalation was taken back."""

    @transition(field=state, source=list(ORDER_OPEN), target=OrderState.DONE)
    def finish(self) -> None:
        """The matter is decided and its result delivered, or the agent has done what there was to do."""

    @transition(field=state, source=list(ORDER_OPEN), target=OrderState.CLOSED)
    def close(self) -> None:
        """It is not to be done any more: withdrawn, agreement ended, project over."""


class OrderLog(models.Model):
    """跟办日志: one line. Who was spoken to how, what is so, what was promised until when, when one looks again."""

    order = _to(WorkOrder, "工单", "logs")
    on = models.DateField("日期")
    channel = models.CharField("方式", max_length=8, choices=Channel)
    who = models.CharField("对象", max_length=60)
    fact = models.CharField("情况", max_length=200)
    promise = models.CharField("承诺", max_length=120, blank=True)
    promised_on = models.DateField("承诺日期", null=True, blank=True)
    kept_at = models.DateTimeField("承诺兑现时间", null=True, blank=True)
    next_check = models.DateField("下次核查", null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="记录人")
    at = models.DateTimeField("记录时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "跟办日志"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="orderlog_channel_known", condition=Q(channel__in=list(Channel.values))),
        ]

    def __str__(self) -> str:
        """Return the line."""
        return f"{timing.spoken(self.on)} {self.get_channel_display()} {self.who}：{self.fact}"


class EscalationQuerySet(models.QuerySet["Escalation"]):
    """Composable reads of escalations."""

    def visible_to(self, user: User | AnonymousUser) -> EscalationQuerySet:
        """Return those of visible projects, to the office."""
        from projects.access import access_of

        if not access_of(user).is_office:
            return self.none()
        return self.filter(project__in=Project.objects.visible_to(user))

    def open(self) -> EscalationQuerySet:
        """Return those that wait for a decision."""
        return self.filter(state=EscalationState.OPEN)


class Escalation(StateModel):
    """One step of an escalation: what is asked of whom, what was tried, and the decision with its owner and day."""

    project = _to(Project, "项目", "escalations")
    order = _to(WorkOrder, "工单", "escalations")
    previous = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="next", verbose_name="上一级"
    )
    level = models.PositiveSmallIntegerField("级别", choices=Level)
    state = StateField("状态", choices=EscalationState, default=EscalationState.OPEN)
    body = _to(BODY, "答复单位")
    question = models.CharField("要解决什么", max_length=200)
    tried = models.CharField("已经怎么办过", max_length=500)
    clock = _to("projects.Clock", "答复时钟", null=True, blank=True)
    due_on = models.DateField("答复期限", null=True, blank=True)
    raised_by, raised_at = _person("提出人"), models.DateTimeField("提出时间")
    decision = models.CharField("决定", max_length=500, blank=True)
    owner = models.CharField("落实人", max_length=60, blank=True)
    owed_on = models.DateField("落实期限", null=True, blank=True)
    decided_by, decided_at = _person("决定人"), models.DateTimeField("决定时间", null=True, blank=True)
    told_on = models.DateField("卡住提醒日", null=True, blank=True)
    paper = _to(PAPER, "升级报告", null=True, blank=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "升级"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("escalation_state_known", "state", EscalationState),
            models.CheckConstraint(name="escalation_level_known", condition=Q(level__in=list(Level.values))),
            models.CheckConstraint(name="escalation_says_what_was_tried", condition=~Q(tried="")),
            models.UniqueConstraint(
                name="escalation_one_open", fields=["order"], condition=Q(state=EscalationState.OPEN)
            ),
            models.CheckConstraint(
                name="escalation_decision_has_owner",
                condition=~Q(state=EscalationState.DECIDED)
                | (~Q(decision="") & ~Q(owner="") & Q(owed_on__isnull=False)),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # what waits for a decision, the most urgent first
            models.Index(name="escalation_open_due", fields=["due_on"], condition=Q(state=EscalationState.OPEN)),
        ]

    def __str__(self) -> str:
        """Return the step and the question."""
        return f"{self.get_level_display()}：{self.question}"

    @transition(field=state, source=EscalationState.OPEN, target=EscalationState.DECIDED)
    def decide(self) -> None:
        """There is a decision with somebody who owes it and a day."""

    @transition(field=state, source=EscalationState.OPEN, target=EscalationState.PUSHED)
    def push(self) -> None:
        """It went on to the next step."""

    @transition(field=state, source=EscalationState.OPEN, target=EscalationState.DROPPED)
    def drop(self) -> None:
        """It was solved below, or its order is over."""
