"""What stands beside an acceptance: shared facilities, late faults, papers that follow, pre-acceptance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from acceptance.models.acceptance import AcceptanceApplication, AcceptanceItem
from acceptance.states import LateState, MakeUpState, PreState
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser


def person_key(name: str, *, null: bool = True) -> models.ForeignKey[Any, Any]:
    """Return a key to a person."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=null, related_name="+", verbose_name=name
    )


class SharedFacility(models.Model):
    """共用设施: what a phase or a building that is accepted by itself needs to be used: fire road, power, drainage."""

    acceptance = models.ForeignKey(
        AcceptanceApplication, on_delete=models.PROTECT, related_name="facilities", verbose_name="联合验收"
    )
    code = models.SlugField("代码", max_length=40)
    name = models.CharField("共用设施", max_length=80)
    asks = models.CharField("应具备的条件", max_length=200)
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="确认部门"
    )
    is_met = models.BooleanField("是否具备", null=True)
    note = models.CharField("说明", max_length=300, blank=True)
    checked_by = person_key("确认人")
    checked_at = models.DateTimeField("确认时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "共用设施条件"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="sharedfacility_once", fields=["acceptance", "code"]),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class LateFault(StateModel):
    """清单后新增: a fault that a department did not put on the one list; the lead decides whether it still counts."""

    item = models.ForeignKey(
        AcceptanceItem, on_delete=models.PROTECT, related_name="late_faults", verbose_name="验收事项"
    )
    acceptance = models.ForeignKey(
        AcceptanceApplication, on_delete=models.PROTECT, related_name="late_faults", verbose_name="联合验收"
    )
    state = StateField("状态", choices=LateState, default=LateState.ASKED)
    what = models.CharField("问题", max_length=300)
    basis = models.CharField("依据", max_length=300)
    how_to_fix = models.CharField("怎么改", max_length=500)
    reason = models.CharField("为何没有一次告知", max_length=300)
    asked_by = person_key("提出人", null=False)
    asked_at = models.DateTimeField("提出时间")
    decided_by = person_key("决定人")
    decided_at = models.DateTimeField("决定时间", null=True, blank=True)
    decision_note = models.CharField("决定说明", max_length=300, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "清单后新增问题"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("latefault_state_known", "state", LateState),
            models.CheckConstraint(name="latefault_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        """Return the fault."""
        return self.what

    @transition(field=state, source=LateState.ASKED, target=LateState.APPROVED)
    def approve(self) -> None:
        """It is told to the owner, marked late."""

    @transition(field=state, source=LateState.ASKED, target=LateState.REFUSED)
    def refuse(self) -> None:
        """It stays off the list."""


class MakeUp(StateModel):
    """容缺后补 after 容缺通过: which secondary paper of an item is owed, until when; `clock` is on the owner's side."""

    item = models.ForeignKey(AcceptanceItem, on_delete=models.PROTECT, related_name="make_ups", verbose_name="验收事项")
    acceptance = models.ForeignKey(
        AcceptanceApplication, on_delete=models.PROTECT, related_name="make_ups", verbose_name="联合验收"
    )
    issue = models.OneToOneField(
        "projects.IssueItem", on_delete=models.PROTECT, related_name="acceptance_make_up", verbose_name="容缺"
    )
    state = StateField("状态", choices=MakeUpState, default=MakeUpState.OWED)
    paper_name = models.CharField("后补材料", max_length=160)
    days = models.PositiveSmallIntegerField("后补期限（工作日）")
    due_on = models.DateField("最迟补交", null=True, blank=True)
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="时钟"
    )
    consequence = models.CharField("逾期后果", max_length=200)
    brought_at = models.DateTimeField("补交时间", null=True, blank=True)
    settled_at = models.DateTimeField("补齐时间", null=True, blank=True)
    late_at = models.DateTimeField("逾期时间", null=True, blank=True)

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "验收容缺后补"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("makeup_state_known", "state", MakeUpState),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the sweep: which are past their day
            models.Index(name="makeup_due", fields=["due_on"], condition=Q(state=MakeUpState.OWED)),
        ]

    def __str__(self) -> str:
        """Return the paper."""
        return self.paper_name

    @transition(field=state, source=[MakeUpState.OWED, MakeUpState.LATE], target=MakeUpState.BROUGHT)
    def bring(self) -> None:
        """The owner has brought it."""

    @transition(field=state, source=MakeUpState.BROUGHT, target=MakeUpState.SETTLED)
    def settle(self) -> None:
        """The department has seen it."""

    @transition(field=state, source=MakeUpState.BROUGHT, target=MakeUpState.OWED)
    def send_back(self) -> None:
        """It is not what was owed."""

    @transition(field=state, source=MakeUpState.OWED, target=MakeUpState.LATE)
    def miss(self) -> None:
        """The day has passed."""

    @transition(field=state, source=MakeUpState.OWED, target=MakeUpState.VOID)
    def void(self) -> None:
        """The acceptance did not pass."""


class PreAcceptanceQuerySet(models.QuerySet["PreAcceptance"]):
    """Composable reads of pre-acceptances."""

    def visible_to(self, user: Person) -> PreAcceptanceQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class PreAcceptance(StateModel):
    """预验收: the departments come before the application and say everything at once; no clock, no legal effect.

    `advice` are rows of department, what, how to fix.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="pre_acceptances", verbose_name="项目")
    work_unit = models.ForeignKey("projects.WorkUnit", on_delete=models.PROTECT, related_name="+", verbose_name="工程")
    lead = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="牵头部门"
    )
    state = StateField("状态", choices=PreState, default=PreState.BOOKED)
    wanted_on = models.DateField("希望日期")
    note = models.CharField("想先看什么", max_length=300, blank=True)
    planned_on = models.DateField("约定日期", null=True, blank=True)
    held_on = models.DateField("到场日期", null=True, blank=True)
    advice = models.JSONField("意见", default=list, blank=True)
    reason = models.CharField("取消原因", max_length=300, blank=True)
    booked_by = person_key("预约人", null=False)
    booked_at = models.DateTimeField("预约时间")
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="意见清单"
    )

    objects = PreAcceptanceQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "预验收"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("preacceptance_state_known", "state", PreState),
            models.UniqueConstraint(
                name="preacceptance_one_open", fields=["work_unit"],
                condition=Q(state__in=[PreState.BOOKED, PreState.CONFIRMED]),
            ),
        ]

    def __str__(self) -> str:
        """Return what is looked at."""
        return f"{self.work_unit} 预验收"

    @transition(field=state, source=PreState.BOOKED, target=PreState.CONFIRMED)
    def confirm(self) -> None:
        """The lead has named the day."""

    @transition(field=state, source=PreState.CONFIRMED, target=PreState.HELD)
    def hold(self) -> None:
        """The departments were there and have said what they saw."""

    @transition(field=state, source=[PreState.BOOKED, PreState.CONFIRMED], target=PreState.CANCELLED)
    def cancel(self) -> None:
        """It does not take place."""
