"""Living papers: conditional permits and letters in lieu, which run out, and the secret addresses of their calendars.

A validity is a date that is printed on the paper. It is no clock: a project that rests does not lengthen it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from packages.models.work import MatterCase
from packages.states import LIVING_LIVE, FeedState, LivingState
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class PermitQuerySet(models.QuerySet["ConditionalPermit"]):
    """Composable reads of papers that run out."""

    def visible_to(self, user: User | AnonymousUser) -> PermitQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def live(self) -> PermitQuerySet:
        """Return those that still hold by their state (the day has to be asked too)."""
        return self.filter(state__in=LIVING_LIVE)


class LetterQuerySet(models.QuerySet["Letter"]):
    """Composable reads of papers that run out."""

    def visible_to(self, user: User | AnonymousUser) -> LetterQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def live(self) -> LetterQuerySet:
        """Return those that still hold by their state (the day has to be asked too)."""
        return self.filter(state__in=LIVING_LIVE)


class LivingPaper(StateModel):
    """What conditional permits and letters have in common: a paper, its days, its states (Appendix D).

    `next_on` is the day on which the sweep looks at it again: the next reminder, or the day after the last; none once
    it has ended. `warned_days` is the last reminder that was given (15, then 5 working days before the end).
    `closed_at`: nothing follows from it any more.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="%(class)ss", verbose_name="项目")
    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="%(class)ss", verbose_name="办件")
    paper = models.OneToOneField(
        "archives.Paper", on_delete=models.PROTECT, related_name="%(class)s", verbose_name="文书"
    )
    code = models.SlugField("种类", max_length=40)
    name = models.CharField("名称", max_length=100)
    issuer = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="出具单位"
    )
    state = StateField("状态", choices=LivingState, default=LivingState.ISSUED)
    valid_from = models.DateField("自")
    valid_until = models.DateField("有效期至")
    next_on = models.DateField("下次巡检", null=True, blank=True)
    warned_days = models.PositiveSmallIntegerField("已提醒（前几个工作日）", null=True, blank=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="出具人"
    )
    formal_case = models.ForeignKey(
        MatterCase, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="正式办件"
    )
    formal_paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="正式证件"
    )
    stop_issue = models.ForeignKey(
        "projects.IssueItem", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="停工核查",
    )
    converted_at = models.DateTimeField("转正时间", null=True, blank=True)
    lapsed_at = models.DateTimeField("失效时间", null=True, blank=True)
    closed_at = models.DateTimeField("了结时间", null=True, blank=True)
    changed_at = models.DateTimeField("变动时间")

    class Meta:
        """No table of its own."""

        abstract = True

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @transition(field="state", source=LivingState.ISSUED, target=LivingState.WARNED)
    def warn(self) -> None:
        """The first reminder was given."""

    @transition(field="state", source=list(LIVING_LIVE), target=LivingState.CONVERTED)
    def convert(self) -> None:
        """The formal certificate stands in its place (转正)."""

    @transition(field="state", source=list(LIVING_LIVE), target=LivingState.LAPSED)
    def lapse(self) -> None:
        """Its last day is over and no formal certificate stands in its place."""

    @transition(field="state", source=LivingState.LAPSED, target=LivingState.STOP_CHECK)
    def begin_stop_check(self) -> None:
        """Work went on after it lapsed: it is checked whether the works stand still."""

    @transition(field="state", source=LivingState.STOP_CHECK, target=LivingState.LAPSED)
    def end_stop_check(self) -> None:
        """The works stand still; it stays lapsed."""

    @transition(field="state", source=[*LIVING_LIVE, LivingState.LAPSED, LivingState.STOP_CHECK],
                target=LivingState.REVOKED)
    def revoke(self) -> None:
        """The decision that it stands on was taken away."""


class ConditionalPermit(LivingPaper):
    """A permit for a part of the works or for a time (分段许可, 预许可): scope, days, and what comes after it.

    `formal` are the codes of the matters whose grant converts it; `inspection` is the item that has to be closed
    before the next phase.
    """

    phase = models.PositiveSmallIntegerField("段", default=1)
    is_works = models.BooleanField("可以施工", default=True)
    scope = models.CharField("许可范围", max_length=300)
    excludes = models.CharField("不得", max_length=300, blank=True)
    formal = models.JSONField("转正事项", default=list)
    not_for = models.JSONField("不得用于", default=list)
    not_inherited = models.JSONField("不沿用的材料", default=list)
    supervisor = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="监管单位"
    )
    inspection = models.ForeignKey(
        "projects.IssueItem", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="阶段检查",
    )

    objects = PermitQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "分段许可"
        ordering = ("valid_until", "pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("conditionalpermit_state_known", "state", LivingState),
            models.CheckConstraint(
                name="conditionalpermit_days_ordered", condition=Q(valid_until__gte=F("valid_from"))
            ),
            models.CheckConstraint(
                name="conditionalpermit_ended_rests",
                condition=Q(state__in=LIVING_LIVE) | Q(next_on=None),
            ),
            # one permit of a kind and phase holds in a project at a time
            models.UniqueConstraint(
                name="conditionalpermit_one_live", fields=["project", "code", "phase"],
                condition=Q(state__in=LIVING_LIVE),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the sweep: what has a reminder to give or has run out
            models.Index(name="conditionalpermit_next", fields=["next_on", "id"], condition=Q(next_on__isnull=False)),
            # the calendar
            models.Index(name="conditionalpermit_until", fields=["valid_until", "id"]),
        ]


class Letter(LivingPaper):
    """以函代证: a letter that stands in for certificates, for listed matters, until a day.

    `kinds` are the slugs of the document kinds whose line it may meet, in the matters of `usable_by`. `fields` are the
    facts it states, each {key, name, value, unit, material, tolerance}; `differences` what the comparison at the
    conversion found, each {key, name, letter, formal, kind}.
    """

    stands_for = models.CharField("代替", max_length=200)
    kinds = models.JSONField("可抵材料种类", default=list)
    usable_by = models.JSONField("可用事项", default=list)
    formal = models.JSONField("换发事项", default=list)
    fields = models.JSONField("核对项", default=list)
    differences = models.JSONField("差异", default=list)
    reason = models.CharField("差异处理理由", max_length=500, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "代证函"
        ordering = ("valid_until", "pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("letter_state_known", "state", LivingState),
            models.CheckConstraint(name="letter_days_ordered", condition=Q(valid_until__gte=F("valid_from"))),
            models.CheckConstraint(
                name="letter_ended_rests", condition=Q(state__in=LIVING_LIVE) | Q(next_on=None),
            ),
            models.CheckConstraint(
                name="letter_converted_has_paper",
                condition=~Q(state=LivingState.CONVERTED) | Q(formal_paper__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the sweep: what has a reminder to give or has run out
            models.Index(name="letter_next", fields=["next_on", "id"], condition=Q(next_on__isnull=False)),
            # the calendar, and the director's list of letters outstanding
            models.Index(name="letter_until", fields=["valid_until", "id"]),
        ]


class LivingTerms(models.Model):
    """What the lead department has written for the paper of a case before its decision: the scope, the facts."""

    case = models.OneToOneField(MatterCase, on_delete=models.PROTECT, related_name="terms", verbose_name="办件")
    scope = models.CharField("许可范围", max_length=300, blank=True)
    values = models.JSONField("核对项", default=dict)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="填写人"
    )
    set_at = models.DateTimeField("填写时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "拟定内容"

    def __str__(self) -> str:
        """Return whose terms."""
        return f"{self.case}"


class CalendarFeed(StateModel):
    """The secret address under which a calendar program reads what runs out in a project or at an organisation.

    Who has the address reads it without a login; it says no person's name. Re-issued, the old address is dead.
    """

    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, blank=True, related_name="calendar_feeds", verbose_name="项目"
    )
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="calendar_feeds",
        verbose_name="单位",
    )
    token = models.CharField("令牌", max_length=43, unique=True)
    revision = models.PositiveSmallIntegerField("版次", default=1)
    state = StateField("状态", choices=FeedState, default=FeedState.ACTIVE)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="申请人"
    )
    issued_at = models.DateTimeField("时间")
    ended_at = models.DateTimeField("停用时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "日历订阅"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("calendarfeed_state_known", "state", FeedState),
            models.CheckConstraint(
                name="calendarfeed_of_one",
                condition=Q(project=None, organisation__isnull=False) | Q(project__isnull=False, organisation=None),
            ),
            models.UniqueConstraint(
                name="calendarfeed_one_of_project", fields=["project"],
                condition=Q(state=FeedState.ACTIVE, project__isnull=False),
            ),
            models.UniqueConstraint(
                name="calendarfeed_one_of_body", fields=["organisation"],
                condition=Q(state=FeedState.ACTIVE, organisation__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return whose calendar."""
        return f"到期日历：{self.project or self.organisation}"

    @transition(field=state, source=FeedState.ACTIVE, target=FeedState.REPLACED)
    def replace(self) -> None:
        """A newer address stands in its place."""

    @transition(field=state, source=FeedState.ACTIVE, target=FeedState.VOID)
    def void(self) -> None:
        """The address no longer opens anything."""
