"""好差评: what may be rated once, the rating, and the follow-up of a low one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from agency.voice_states import (
    FOLLOW_OPEN,
    AskMoment,
    AskScope,
    CallOutcome,
    Channel,
    FollowState,
    Grade,
)
from projects.access import OWNER_ROLES, access_of
from projects.crypto import EncryptedTextField
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project
from projects.states import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

#: They follow up low grades and take in complaints at their centre.
OFFICERS = (Role.DISPATCHER, Role.DIRECTOR)


def officer_centres(user: User | AnonymousUser) -> frozenset[int]:
    """Return the centres whose follow-up officer the user is."""
    by_role = access_of(user).by_role
    return frozenset(pk for role in OFFICERS for pk in by_role.get(role, ()))


class RatingAskQuerySet(models.QuerySet["RatingAsk"]):
    """Composable reads of occasions to rate."""

    def visible_to(self, user: User | AnonymousUser) -> RatingAskQuerySet:
        """Return those of the own enterprise's projects; to the window those of its centre, without their answers."""
        access = access_of(user)
        owners = {pk for role in OWNER_ROLES for pk in access.by_role.get(role, ())}
        desks = {pk for role in (Role.CLERK, *OFFICERS) for pk in access.by_role.get(role, ())}
        return self.filter(Q(project__owner_id__in=owners) | Q(project__centre_id__in=desks))

    def open(self) -> RatingAskQuerySet:
        """Return those that nobody has rated yet."""
        return self.filter(rating=None)


class RatingAsk(models.Model):
    """An occasion to rate: one visit, one matter, one connection; each is rated once.

    `token` opens it without a login, `code` is typed on a pad or read from a telephone. `body` and `person` are rated.
    `closes_on` is the last day before the default rating; none while the matter is not decided, and once it was rated.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="rating_asks", verbose_name="项目")
    scope = models.CharField("评价对象", max_length=12, choices=AskScope)
    application = models.ForeignKey(
        "packages.Application", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="申报"
    )
    case = models.ForeignKey(
        "packages.MatterCase", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="办件"
    )
    line = models.ForeignKey(
        "packages.UtilityLine", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="报装项"
    )
    body = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="被评单位"
    )
    token = models.CharField("口令", max_length=24, unique=True)
    code = models.CharField("评价码", max_length=8, unique=True)
    opened_at = models.DateTimeField("邀评时间")
    closes_on = models.DateField("评价截止", null=True, blank=True)
    reminded_at = models.DateTimeField("再次邀评", null=True, blank=True)

    objects = RatingAskQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "评价邀请"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="ratingask_one_subject",
                condition=Q(scope=AskScope.VISIT, application__isnull=False, case=None, line=None)
                | Q(scope=AskScope.MATTER, application=None, case__isnull=False, line=None)
                | Q(scope=AskScope.CONNECTION, application=None, case=None, line__isnull=False),
            ),
            models.UniqueConstraint(
                name="ratingask_once_per_visit", fields=["application"], condition=Q(application__isnull=False)
            ),
            models.UniqueConstraint(name="ratingask_once_per_matter", fields=["case"], condition=Q(case__isnull=False)),
            models.UniqueConstraint(name="ratingask_once_per_line", fields=["line"], condition=Q(line__isnull=False)),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the sweep: who is reminded, what gets its default rating
            models.Index(name="ratingask_closing", fields=["closes_on"]),
        ]

    def __str__(self) -> str:
        """Return what is rated."""
        return self.what

    @property
    def what(self) -> str:
        """Return what is rated, in words."""
        if self.case is not None:
            return str(self.case.matter.name)
        if self.line is not None:
            return f"{self.line.name}接通"
        return f"窗口服务 {self.application}"


class RatingQuerySet(models.QuerySet["Rating"]):
    """Composable reads of ratings."""

    def visible_to(self, user: User | AnonymousUser) -> RatingQuerySet:
        """Return the owner's own, and to the follow-up officer those of the centre which are not about the officer.

        Whoever is rated sees none of them: counts only (`agency.voice_queries`).
        """
        if not user.is_authenticated:
            return self.none()
        owners = {pk for role in OWNER_ROLES for pk in access_of(user).by_role.get(role, ())}
        mine = Q(ask__project__owner_id__in=owners)
        centre = Q(ask__project__centre_id__in=officer_centres(user)) & (Q(person=None) | ~Q(person=user.pk))
        return self.filter(mine | centre)


class Rating(models.Model):
    """One grade, given once and never changed. `is_default`: nobody rated in time; it is counted apart.

    `person` handled the matter when it was rated. `is_excluded`: misuse, as decided on an appeal.
    """

    ask = models.OneToOneField(RatingAsk, on_delete=models.PROTECT, related_name="rating", verbose_name="评价邀请")
    grade = models.PositiveSmallIntegerField("评价", choices=Grade)
    words = models.CharField("说明", max_length=500, blank=True)
    channel = models.PositiveSmallIntegerField("渠道", choices=Channel, null=True)
    moment = models.CharField("评价环节", max_length=8, choices=AskMoment)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="经办人"
    )
    is_default = models.BooleanField("默认评价", default=False)
    is_excluded = models.BooleanField("不计入", default=False)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="评价人"
    )
    rater_name = models.CharField("称呼", max_length=50, blank=True)
    rater_phone = EncryptedTextField("回访电话", blank=True)
    given_at = models.DateTimeField("评价时间")

    objects = RatingQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "评价"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="rating_grade_known", condition=Q(grade__in=Grade.values)),
            models.CheckConstraint(
                name="rating_low_says_why", condition=Q(grade__gt=Grade.BAD) | Q(is_default=True) | ~Q(words="")
            ),
            models.CheckConstraint(
                name="rating_default_has_no_channel",
                condition=Q(is_default=True, channel=None) | Q(is_default=False, channel__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # counts of a period, the list of the officer
            models.Index(name="rating_given", fields=["given_at"]),
        ]

    def __str__(self) -> str:
        """Return the grade."""
        return self.get_grade_display()


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    """Composable reads of follow-ups."""

    def handled_by(self, user: User | AnonymousUser) -> FollowUpQuerySet:
        """Return those that the user follows up as officer of the centre; never one about the user."""
        if not user.is_authenticated:
            return self.none()
        mine = self.filter(rating__ask__project__centre_id__in=officer_centres(user))
        return mine.filter(Q(rating__person=None) | ~Q(rating__person=user.pk))

    def ordered_to(self, user: User | AnonymousUser) -> FollowUpQuerySet:
        """Return the rectifications asked of the bodies whose reviewer, chief or clerk the user is."""
        by_role = access_of(user).by_role
        bodies = {pk for role in (Role.REVIEWER, Role.CHIEF, Role.CLERK) for pk in by_role.get(role, ())}
        return self.filter(body_id__in=bodies).exclude(number="")

    def visible_to(self, user: User | AnonymousUser) -> FollowUpQuerySet:
        """Return what the user follows up."""
        return self.handled_by(user)


class FollowUp(StateModel):
    """差评回访: call back, rectify or explain, reply. `order` tells the body what to mend, not who rated what."""

    rating = models.OneToOneField(Rating, on_delete=models.PROTECT, related_name="follow_up", verbose_name="评价")
    state = StateField("状态", choices=FollowState, default=FollowState.TO_CALL)
    clock = models.ForeignKey("projects.Clock", on_delete=models.PROTECT, related_name="+", verbose_name="时限")
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="回访人"
    )
    body = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="整改单位"
    )
    number = models.CharField("整改编号", max_length=40, blank=True)
    order = models.CharField("整改要求", max_length=500, blank=True)
    mended = models.CharField("整改情况", max_length=500, blank=True)
    mended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="整改人"
    )
    mended_at = models.DateTimeField("整改时间", null=True, blank=True)
    appeal = models.CharField("申诉理由", max_length=500, blank=True)
    appealed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="申诉人"
    )
    appeal_answer = models.CharField("申诉核查", max_length=500, blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="核查人"
    )
    reply = models.CharField("答复", max_length=1000, blank=True)
    paper = models.OneToOneField(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="答复文书"
    )
    opened_at = models.DateTimeField("开始时间")
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "差评回访"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("followup_state_known", "state", FollowState),
            models.UniqueConstraint(name="followup_number_unique", fields=["number"], condition=~Q(number="")),
            models.CheckConstraint(
                name="followup_ends_with_state", condition=Q(state__in=FOLLOW_OPEN) | Q(ended_at__isnull=False)
            ),
            models.CheckConstraint(
                name="followup_other_person_judges", condition=Q(judged_by=None) | ~Q(judged_by=F("appealed_by"))
            ),
        ]

    def __str__(self) -> str:
        """Return number and state."""
        return f"差评回访 {self.number or self.pk}"

    @transition(field=state, source=FollowState.TO_CALL, target=FollowState.MENDING)
    def send(self) -> None:
        """The call back found something to mend."""

    @transition(field=state, source=FollowState.TO_CALL, target=FollowState.TO_REPLY)
    def explain(self) -> None:
        """The call back found nothing to mend: it is explained."""

    @transition(field=state, source=FollowState.MENDING, target=FollowState.TO_REPLY)
    def mend(self) -> None:
        """The body has mended it."""

    @transition(field=state, source=FollowState.MENDING, target=FollowState.APPEALED)
    def contest(self) -> None:
        """The body says that the rating is misuse."""

    @transition(field=state, source=FollowState.APPEALED, target=FollowState.MENDING)
    def uphold(self) -> None:
        """The appeal fails."""

    @transition(field=state, source=FollowState.APPEALED, target=FollowState.EXCLUDED)
    def exclude(self) -> None:
        """The appeal holds: the rating does not count."""

    @transition(field=state, source=FollowState.TO_REPLY, target=FollowState.REPLIED)
    def answer(self) -> None:
        """Whoever rated has the reply."""


class RatingCall(models.Model):
    """One attempt to call back: by whom, when, whom (real name), what was said. Never changed."""

    follow_up = models.ForeignKey(FollowUp, on_delete=models.PROTECT, related_name="calls", verbose_name="差评回访")
    outcome = models.CharField("结果", max_length=10, choices=CallOutcome)
    reached = models.CharField("受访人姓名", max_length=50, blank=True)
    words = models.CharField("回访记录", max_length=500)
    called_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="回访人"
    )
    called_at = models.DateTimeField("回访时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "回访记录"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="ratingcall_real_name", condition=Q(outcome=CallOutcome.UNREACHED) | ~Q(reached="")
            ),
        ]

    def __str__(self) -> str:
        """Return what came of it."""
        return self.get_outcome_display()
