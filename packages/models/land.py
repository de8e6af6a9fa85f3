"""Land list (用地清单) handed over with the land, and standard land (标准地) with indicators, commitment and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from packages.assessment_states import Bound, LandListState, StandardState
from packages.models.assessment import RegionalUnit
from projects.access import access_of
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser


class LandQuerySet(models.QuerySet["LandList"]):
    """Composable reads of land lists."""

    def visible_to(self, user: Person) -> LandQuerySet:
        """Return all to the government side, to an enterprise those of its projects."""
        if access_of(user).is_office:
            return self
        return self.filter(project__in=Project.objects.visible_to(user))


class LandList(StateModel):
    """用地清单 of one parcel: what every department asks of whoever builds there, collected before land is supplied.

    After the hand-over nothing can be added: a demand that is not on it takes the way of 清单外.
    """

    keeper = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="组织单位"
    )
    parcel = models.CharField("宗地编号", max_length=40, unique=True)
    name = models.CharField("地块名称", max_length=100)
    area = models.DecimalField("面积（公顷）", max_digits=10, decimal_places=2)
    unit = models.ForeignKey(
        RegionalUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="land_lists", verbose_name="区域"
    )
    state = StateField("状态", choices=LandListState, default=LandListState.COLLECTING)
    due_on = models.DateField("填报期限")
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, related_name="land_lists", verbose_name="项目"
    )
    contract = models.CharField("出让合同编号", max_length=60, blank=True)
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="清单文书"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="发起人"
    )
    made_at = models.DateTimeField("发起时间")
    handed_at = models.DateTimeField("交付时间", null=True)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="签收人"
    )
    received_at = models.DateTimeField("签收时间", null=True)

    objects = LandQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "用地清单"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("landlist_state_known", "state", LandListState),
            models.CheckConstraint(
                name="landlist_handed_to_project",
                condition=Q(state__in=[LandListState.COLLECTING, LandListState.READY]) | Q(project__isnull=False),
            ),
            models.CheckConstraint(
                name="landlist_received_signed",
                condition=~Q(state=LandListState.RECEIVED) | Q(received_by__isnull=False, received_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return the name of the land."""
        return f"用地清单 {self.name}"

    @transition(field=state, source=LandListState.COLLECTING, target=LandListState.READY)
    def complete(self) -> None:
        """Every department has signed."""

    @transition(field=state, source=LandListState.READY, target=LandListState.HANDED)
    def hand_over(self) -> None:
        """It goes to the owner with the land contract."""

    @transition(field=state, source=LandListState.HANDED, target=LandListState.RECEIVED)
    def receive(self) -> None:
        """The owner has signed for it."""


class LandListItem(models.Model):
    """What one department asks under one topic, with its basis and until when; signed by the department."""

    land_list = models.ForeignKey(LandList, on_delete=models.PROTECT, related_name="items", verbose_name="用地清单")
    order = models.PositiveSmallIntegerField("序号")
    topic = models.SlugField("题目", max_length=20)
    name = models.CharField("题目名称", max_length=60)
    department = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="部门"
    )
    requirement = models.CharField("要求", max_length=500, blank=True)
    basis = models.CharField("依据", max_length=200, blank=True)
    valid_until = models.DateField("有效至", null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="签认人"
    )
    signed_at = models.DateTimeField("签认时间", null=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "用地清单内容"
        ordering = ("land_list", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="landlistitem_topic_once", fields=["land_list", "topic"]),
            models.CheckConstraint(
                name="landlistitem_signed_says", condition=Q(signed_at=None) | ~Q(requirement="")
            ),
        ]

    def __str__(self) -> str:
        """Return the topic."""
        return self.name


class StandardQuerySet(models.QuerySet["StandardLand"]):
    """Composable reads of standard land."""

    def visible_to(self, user: Person) -> StandardQuerySet:
        """Return all to the government side, to an enterprise those of its projects."""
        if access_of(user).is_office:
            return self
        return self.filter(project__in=Project.objects.visible_to(user))


class StandardLand(StateModel):
    """标准地: industrial land with indicators fixed before its supply, a commitment to them, a check at production."""

    keeper = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="管理单位"
    )
    parcel = models.CharField("宗地编号", max_length=40, unique=True)
    name = models.CharField("地块名称", max_length=100)
    area = models.DecimalField("面积（亩）", max_digits=10, decimal_places=2)
    land_list = models.OneToOneField(
        LandList, on_delete=models.PROTECT, null=True, blank=True, related_name="standard_land", verbose_name="用地清单"
    )
    state = StateField("状态", choices=StandardState, default=StandardState.PROPOSED)
    project = models.OneToOneField(
        Project, on_delete=models.PROTECT, null=True, related_name="standard_land", verbose_name="项目"
    )
    contract = models.CharField("出让合同编号", max_length=60, blank=True)
    agreement = models.CharField("投资建设合同编号", max_length=60, blank=True)
    sold_on = models.DateField("出让日期", null=True)
    production_on = models.DateField("约定达产日期", null=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+",
        verbose_name="承诺人（企业负责人）",
    )
    signed_at = models.DateTimeField("签订时间", null=True)
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="承诺书"
    )
    check_on = models.DateField("下次核验日期", null=True)
    closed_at = models.DateTimeField("了结时间", null=True)
    changed_at = models.DateTimeField("变动时间")

    objects = StandardQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "标准地"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("standardland_state_known", "state", StandardState),
            models.CheckConstraint(
                name="standardland_sold_to_project",
                condition=Q(state__in=[StandardState.PROPOSED, StandardState.QUALIFIED, StandardState.LISTED])
                | Q(project__isnull=False),
            ),
            models.CheckConstraint(
                name="standardland_committed_signed",
                condition=Q(state__in=[StandardState.PROPOSED, StandardState.QUALIFIED, StandardState.LISTED,
                                       StandardState.SOLD])
                | Q(signed_by__isnull=False, signed_at__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the sweep: whose day of check has come
            models.Index(name="standardland_check", fields=["state", "check_on"]),
        ]

    def __str__(self) -> str:
        """Return the name of the land."""
        return f"标准地 {self.name}"

    @transition(field=state, source=StandardState.PROPOSED, target=StandardState.QUALIFIED)
    def qualify(self) -> None:
        """Regional results, indicators and 通平 are there."""

    @transition(field=state, source=StandardState.QUALIFIED, target=StandardState.LISTED)
    def put_up(self) -> None:
        """It is offered."""

    @transition(field=state, source=StandardState.LISTED, target=StandardState.SOLD)
    def sell(self) -> None:
        """It has an owner and two contracts."""

    @transition(field=state, source=StandardState.SOLD, target=StandardState.COMMITTED)
    def commit(self) -> None:
        """The responsible person of the owner has signed the indicators."""

    @transition(field=state, source=StandardState.COMMITTED, target=StandardState.BUILDING)
    def build(self) -> None:
        """Works have begun."""

    @transition(field=state, source=StandardState.BUILDING, target=StandardState.CHECKING)
    def call_check(self) -> None:
        """The day of production has come, or the owner says that it produces."""

    @transition(field=state, source=StandardState.CHECKING, target=StandardState.RECTIFYING)
    def ask_mending(self) -> None:
        """An indicator is not reached: a term to mend runs (责令限期整改)."""

    @transition(field=state, source=StandardState.RECTIFYING, target=StandardState.CHECKING)
    def check_again(self) -> None:
        """The term is over, or the owner says that it is mended."""

    @transition(field=state, source=StandardState.CHECKING, target=StandardState.KEPT)
    def keep(self) -> None:
        """Every indicator is reached."""

    @transition(field=state, source=StandardState.CHECKING, target=StandardState.BREACHED)
    def breach(self) -> None:
        """Not reached after the term to mend."""


class LandIndicator(models.Model):
    """One indicator: its bound, what was promised, what the last check found."""

    land = models.ForeignKey(StandardLand, on_delete=models.PROTECT, related_name="indicators", verbose_name="标准地")
    order = models.PositiveSmallIntegerField("序号")
    code = models.SlugField("代码", max_length=20)
    name = models.CharField("指标", max_length=60)
    unit = models.CharField("单位", max_length=20, blank=True)
    bound = models.CharField("界限", max_length=3, choices=Bound)
    value = models.DecimalField("控制值", max_digits=12, decimal_places=3)
    source = models.CharField("控制值出处", max_length=200, blank=True, default="")
    promised = models.DecimalField("承诺值", max_digits=12, decimal_places=3, null=True)
    found = models.DecimalField("核验值", max_digits=12, decimal_places=3, null=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "标准地指标"
        ordering = ("land", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="landindicator_once", fields=["land", "code"]),
            models.CheckConstraint(name="landindicator_bound_known", condition=Q(bound__in=list(Bound.values))),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class LandCheck(models.Model):
    """达产核验: one check of the indicators, by whom, on which day, what was found. Never changed."""

    land = models.ForeignKey(StandardLand, on_delete=models.PROTECT, related_name="checks", verbose_name="标准地")
    number = models.PositiveSmallIntegerField("次数")
    checked_on = models.DateField("核验日期")
    values = models.JSONField("核验值", default=dict)
    is_reached = models.BooleanField("是否达标")
    note = models.CharField("核验情况", max_length=500, blank=True)
    mend_until = models.DateField("整改期限", null=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="核验人"
    )
    made_at = models.DateTimeField("登记时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "达产核验"
        ordering = ("land", "number")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="landcheck_number", fields=["land", "number"]),
        ]

    def __str__(self) -> str:
        """Return which check."""
        return f"第{self.number}次达产核验"
