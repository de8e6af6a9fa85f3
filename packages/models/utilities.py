"""水电气通联合报装: one application for several utilities; each is a line with a state and a clock of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from packages.models.work import MatterCase
from packages.utility_states import (
    LINE_BEFORE_REPLY,
    LINE_ENDED,
    LINE_OPEN,
    LineSide,
    LineState,
    RequestState,
    UtilityKind,
)
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class UtilityRequestQuerySet(models.QuerySet["UtilityRequest"]):
    """Composable reads."""

    def visible_to(self, user: User | AnonymousUser) -> UtilityRequestQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class UtilityRequest(StateModel):
    """One form for all utilities of a project, one acceptance, one survey, one reply.

    `clock` is the limit of the one reply, from the acceptance on. `case` is the matter of the plan that the acceptance
    and the reply carry out (联合报装); none for temporary supply.
    """

    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="utility_requests", verbose_name="项目"
    )
    kind = models.CharField("类别", max_length=10, choices=UtilityKind, default=UtilityKind.FORMAL)
    number = models.CharField("报装编号", max_length=40, unique=True)
    state = StateField("状态", choices=RequestState, default=RequestState.REGISTERED)
    wanted_on = models.DateField("希望接通日期", null=True, blank=True)
    site = models.CharField("接入地点", max_length=200)
    note = models.CharField("说明", max_length=500, blank=True)
    case = models.ForeignKey(
        MatterCase, on_delete=models.PROTECT, null=True, blank=True, related_name="utility_requests",
        verbose_name="办件",
    )
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="一次答复时钟"
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="登记人"
    )
    opened_at = models.DateTimeField("登记时间")
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="受理人"
    )
    accepted_at = models.DateTimeField("受理时间", null=True)
    survey_on = models.DateField("踏勘日期", null=True, blank=True)
    survey_place = models.CharField("踏勘集合地点", max_length=200, blank=True)
    survey_record = models.CharField("踏勘记录", max_length=1000, blank=True)
    surveyed_on = models.DateField("实际踏勘日", null=True, blank=True)
    replied_at = models.DateTimeField("答复时间", null=True)
    closed_at = models.DateTimeField("办结时间", null=True)

    objects = UtilityRequestQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "联合报装"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("utilityrequest_state_known", "state", RequestState),
            models.CheckConstraint(
                name="utilityrequest_accepted_has_time",
                condition=~Q(state=RequestState.ACCEPTED) | Q(accepted_at__isnull=False),
            ),
            # one application of a kind runs in a project at a time
            models.UniqueConstraint(
                name="utilityrequest_one_open", fields=["project", "kind"],
                condition=Q(state__in=[RequestState.REGISTERED, RequestState.ACCEPTED]),
            ),
        ]

    def __str__(self) -> str:
        """Return number and kind."""
        return f"联合报装 {self.number}"

    @transition(field=state, source=RequestState.REGISTERED, target=RequestState.ACCEPTED)
    def accept(self) -> None:
        """The window accepts for all utilities at once (一窗受理)."""

    @transition(field=state, source=[RequestState.REGISTERED, RequestState.ACCEPTED], target=RequestState.CLOSED)
    def close(self) -> None:
        """Every utility is connected or has left."""


class UtilityLineQuerySet(models.QuerySet["UtilityLine"]):
    """Composable reads."""

    def visible_to(self, user: User | AnonymousUser) -> UtilityLineQuerySet:
        """Return those of visible projects."""
        return self.filter(request__project__in=Project.objects.visible_to(user))


class UtilityLine(StateModel):
    """One utility of a joint application: need, limit, scheme and quote, works, connection.

    `limit` (working days) and `steps` are copied from the data of the day. The clock runs against the utility from the
    acceptance; it stands while the owner decides on the quote or builds inside the plot line (企业), and during works
    outside where the data say that they do not count.
    """

    request = models.ForeignKey(
        UtilityRequest, on_delete=models.PROTECT, related_name="lines", verbose_name="联合报装"
    )
    code = models.SlugField("种类", max_length=20)
    name = models.CharField("名称", max_length=20)
    order = models.PositiveSmallIntegerField("序号")
    body = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="utility_lines", verbose_name="公用企业"
    )
    case = models.ForeignKey(
        MatterCase, on_delete=models.PROTECT, null=True, blank=True, related_name="utility_lines", verbose_name="办件"
    )
    state = StateField("状态", choices=LineState, default=LineState.REGISTERED)
    need = models.CharField("需求", max_length=100)
    need_note = models.CharField("需求说明", max_length=300, blank=True)
    limit = models.PositiveSmallIntegerField("时限（工作日）")
    steps = models.PositiveSmallIntegerField("环节数")
    is_works_counted = models.BooleanField("外线施工计入时限", default=False)
    is_outside_free = models.BooleanField("红线外费用由公用企业承担", default=False)
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="时钟"
    )
    came = models.BooleanField("到场", null=True)
    surveyor = models.CharField("到场人员", max_length=60, blank=True)
    finding = models.CharField("踏勘意见", max_length=500, blank=True)
    access_point = models.CharField("接入点", max_length=200, blank=True)
    scheme = models.CharField("接入方案", max_length=1000, blank=True)
    has_outside_works = models.BooleanField("需要外线施工", default=False)
    owner_works = models.CharField("企业自建部分（红线内）", max_length=500, blank=True)
    total = models.DecimalField("报价合计（元）", max_digits=14, decimal_places=2, null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="答复人"
    )
    answered_at = models.DateTimeField("答复时间", null=True)
    objection = models.CharField("企业意见", max_length=500, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="确认人"
    )
    confirmed_at = models.DateTimeField("确认时间", null=True)
    owner_done_on = models.DateField("企业自建完成日", null=True, blank=True)
    works_done_on = models.DateField("外线完工日", null=True, blank=True)
    connect_on = models.DateField("约定接入日", null=True, blank=True)
    connected_on = models.DateField("接通日", null=True, blank=True)
    left_reason = models.CharField("退出原因", max_length=300, blank=True)
    changed_at = models.DateTimeField("变动时间")

    objects = UtilityLineQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "报装项"
        ordering = ("request", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("utilityline_state_known", "state", LineState),
            models.UniqueConstraint(name="utilityline_once", fields=["request", "code"]),
            models.CheckConstraint(
                name="utilityline_connected_has_day",
                condition=~Q(state=LineState.CONNECTED) | Q(connected_on__isnull=False),
            ),
            models.CheckConstraint(
                name="utilityline_out_has_reason", condition=~Q(state=LineState.OUT) | ~Q(left_reason=""),
            ),
            models.CheckConstraint(
                name="utilityline_asked_has_quote",
                condition=~Q(state=LineState.ASKED) | Q(total__isnull=False, answered_at__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the list of a utility: what is open at it
            models.Index(
                name="utilityline_open", fields=["body", "id"], condition=~Q(state__in=list(LINE_ENDED))
            ),
        ]

    def __str__(self) -> str:
        """Return the utility."""
        return f"{self.name}报装"

    @transition(field=state, source=LineState.REGISTERED, target=LineState.ACCEPTED)
    def accept(self) -> None:
        """Accepted at the window with the others."""

    @transition(field=state, source=LineState.ACCEPTED, target=LineState.SURVEY)
    def appoint(self) -> None:
        """The day of the one survey is fixed (一同踏勘)."""

    @transition(field=state, source=[LineState.ACCEPTED, LineState.SURVEY], target=LineState.ANSWERING)
    def begin_answer(self) -> None:
        """The survey was held; the utility writes scheme and quote."""

    @transition(field=state, source=LineState.ANSWERING, target=LineState.ASKED)
    def ask_owner(self) -> None:
        """The one reply went out; the owner confirms or objects."""

    @transition(field=state, source=LineState.ASKED, target=LineState.ANSWERING)
    def object_to(self) -> None:
        """The owner does not agree; scheme and quote are written anew."""

    @transition(field=state, source=[LineState.ANSWERING, LineState.ASKED], target=LineState.WORKS)
    def begin_works(self) -> None:
        """Works outside, by the utility, or inside, by the owner, come first."""

    @transition(field=state, source=[LineState.ANSWERING, LineState.ASKED, LineState.WORKS], target=LineState.READY)
    def get_ready(self) -> None:
        """Nothing stands before the connection (具备条件)."""

    @transition(field=state, source=LineState.READY, target=LineState.CONNECTING)
    def begin_connecting(self) -> None:
        """The day of the connection is agreed."""

    @transition(field=state, source=[LineState.READY, LineState.CONNECTING], target=LineState.CONNECTED)
    def connect(self) -> None:
        """It flows (已通)."""

    @transition(field=state, source=list(LINE_OPEN), target=LineState.OUT)
    def leave(self) -> None:
        """This utility is not wanted any more, or cannot supply; the others go on."""

    @property
    def is_before_reply(self) -> bool:
        """Whether scheme and quote have not gone out yet."""
        return self.state in LINE_BEFORE_REPLY

    @property
    def waits_for_owner_works(self) -> bool:
        """Whether the owner's own works are not done."""
        return bool(self.owner_works) and self.owner_done_on is None

    @property
    def waits_for_works(self) -> bool:
        """Whether the works outside are not done."""
        return self.has_outside_works and self.works_done_on is None


class UtilityQuoteItem(models.Model):
    """One item of the quote of a utility, in 元."""

    line = models.ForeignKey(UtilityLine, on_delete=models.CASCADE, related_name="items", verbose_name="报装项")
    order = models.PositiveSmallIntegerField("序号")
    name = models.CharField("项目", max_length=100)
    side = models.CharField("红线", max_length=8, choices=LineSide)
    quantity = models.DecimalField("数量", max_digits=12, decimal_places=2)
    unit = models.CharField("单位", max_length=10)
    unit_price = models.DecimalField("单价（元）", max_digits=12, decimal_places=2)
    amount = models.DecimalField("金额（元）", max_digits=14, decimal_places=2)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "报价明细"
        ordering = ("line", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="utilityquoteitem_order", fields=["line", "order"]),
            models.CheckConstraint(name="utilityquoteitem_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name
