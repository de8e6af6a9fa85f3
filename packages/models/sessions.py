"""Joint sessions: what departments are asked in a round, and what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django_fsm import transition

from packages.models.catalogue import ReviewDef
from packages.models.work import MatterCase
from packages.states import (
    SESSION_OPEN,
    OpinionSource,
    OpinionVerdict,
    SessionKind,
    SessionState,
    TaskState,
)
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class JointSession(StateModel):
    """A joint session of one round; the lead merges. A review has a case; 研判, 会商 and 评估 have the project only."""

    kind = models.CharField("类别", max_length=12, choices=SessionKind, default=SessionKind.REVIEW)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="sessions", verbose_name="项目")
    case = models.ForeignKey(
        MatterCase, on_delete=models.PROTECT, null=True, related_name="sessions", verbose_name="办件"
    )
    round = models.PositiveSmallIntegerField("轮次", default=1)
    lead = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="牵头部门"
    )
    state = StateField("状态", choices=SessionState, default=SessionState.REVIEWING)
    opened_at = models.DateTimeField("发起时间")
    push_days = models.PositiveSmallIntegerField("推送（工作日）", default=0, help_text="0 为受理当日推送")
    merge_days = models.PositiveSmallIntegerField("汇总（工作日）", default=1)
    push_due_on = models.DateField("最迟推送日", null=True, blank=True)
    pushed_at = models.DateTimeField("推送时间", null=True, blank=True)
    change_note = models.CharField("较上一轮的修改", max_length=500, blank=True)
    waits_for = models.CharField("待签认部门", max_length=200, blank=True)
    merged_at = models.DateTimeField("汇总时间", null=True, blank=True)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="汇总人"
    )
    merged_text = models.TextField("汇总意见", blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "联合审查"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("jointsession_state_known", "state", SessionState),
            models.UniqueConstraint(name="jointsession_round_unique", fields=["case", "kind", "round"]),
            models.UniqueConstraint(
                name="jointsession_project_round", fields=["project", "kind", "round"], condition=Q(case__isnull=True)
            ),
            models.CheckConstraint(
                name="jointsession_review_has_case",
                condition=Q(case__isnull=False) | ~Q(kind=SessionKind.REVIEW),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # push_due: rounds that the lead has not pushed
            models.Index(
                name="jointsession_push_due", fields=["push_due_on"], condition=Q(state=SessionState.PUSHING)
            ),
        ]

    def __str__(self) -> str:
        """Return kind and case, or the project where there is none."""
        return f"{self.get_kind_display()} {self.case or self.project}"

    @transition(field=state, source=SessionState.PUSHING, target=SessionState.REVIEWING)
    def push(self) -> None:
        """The lead has pushed the file to every department, or its push day is over."""

    @transition(field=state, source=SessionState.REVIEWING, target=SessionState.MERGING)
    def begin_merging(self) -> None:
        """Every department has answered, or its time is over."""

    @transition(field=state, source=SessionState.MERGING, target=SessionState.CONFERENCE)
    def call_conference(self) -> None:
        """The opinions conflict; the lead invites to a conference."""

    @transition(field=state, source=SessionState.CONFERENCE, target=SessionState.MERGING)
    def end_conference(self) -> None:
        """The conference was held and every department that changed its mind has signed."""

    @transition(field=state, source=SessionState.MERGING, target=SessionState.RECTIFYING)
    def begin_rectifying(self) -> None:
        """The owner changes the plans; a second round follows."""

    @transition(field=state, source=SessionState.MERGING, target=SessionState.PASSED)
    def conclude_pass(self) -> None:
        """The lead department merges: it can be granted."""

    @transition(field=state, source=SessionState.MERGING, target=SessionState.FAILED)
    def conclude_fail(self) -> None:
        """The lead department merges: it cannot be granted."""

    @transition(field=state, source=list(SESSION_OPEN), target=SessionState.CLOSED)
    def close(self) -> None:
        """The case ended without a merged opinion."""


class ReviewTaskQuerySet(models.QuerySet["ReviewTask"]):
    """Composable reads of review tasks."""

    def visible_to(self, user: User | AnonymousUser) -> ReviewTaskQuerySet:
        """Return the tasks of the user's departments, and for the centre those of visible projects."""
        from projects.access import CENTRE_ROLES, access_of

        access = access_of(user)
        reach = Q(organisation_id__in=access.organisation_ids) | Q(session__lead_id__in=access.organisation_ids)
        reach |= Q(pk__in=ReviewTask.objects.filter(referrals__unit_id__in=access.organisation_ids).values("pk"))
        if access.has(*CENTRE_ROLES):
            # two bounds instead of an equality: each task asks about its own project, see `Project.visible_to`
            own = Project.objects.visible_to(user)
            reach |= Q(Exists(own.filter(pk__gte=OuterRef("session__project"), pk__lte=OuterRef("session__project"))))
        return self.filter(reach) if access.is_office else self.none()


class ReviewTask(StateModel):
    """What one department is asked in one session: its days, tacit flag and clock come from its catalogue row.

    The lead's own task is the merging; its `role` is lead and it is answered last.
    """

    session = models.ForeignKey(JointSession, on_delete=models.PROTECT, related_name="tasks", verbose_name="联合审查")
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="review_tasks", verbose_name="部门"
    )
    definition = models.ForeignKey(
        ReviewDef, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="审查定义"
    )
    role = models.CharField("角色", max_length=10)
    days = models.PositiveSmallIntegerField("时限（工作日）")
    is_tacit_allowed = models.BooleanField("适用超时默认", default=False)
    scope_note = models.CharField("审查内容", max_length=300, blank=True)
    state = StateField("状态", choices=TaskState, default=TaskState.INVITED)
    clock = models.ForeignKey("projects.Clock", on_delete=models.PROTECT, related_name="+", verbose_name="时钟")
    due_on = models.DateField("到期", null=True, blank=True)
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="经办人",
    )
    previous = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="上一轮任务"
    )
    sent_to = models.CharField("转办", max_length=60, blank=True)
    supplement_until = models.DateField("补充意见截止", null=True, blank=True)
    pushed_at = models.DateTimeField("推送时间")
    opened_at = models.DateTimeField("签收时间", null=True, blank=True)
    closed_at = models.DateTimeField("答复时间", null=True, blank=True)

    objects = ReviewTaskQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "审查任务"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("reviewtask_state_known", "state", TaskState),
            models.UniqueConstraint(name="reviewtask_once_per_body", fields=["session", "organisation"]),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # a department's open tasks, most urgent first
            models.Index(
                name="reviewtask_open_due", fields=["organisation", "due_on", "id"],
                condition=Q(state__in=[TaskState.INVITED, TaskState.OPENED]),
            ),
            # apply_tacit: open tasks past their day
            models.Index(name="reviewtask_state_due", fields=["state", "due_on"]),
            # the list of silences, newest first
            models.Index(
                name="reviewtask_tacit", fields=["-closed_at", "-id"],
                condition=Q(state__in=[TaskState.TACIT, TaskState.SUPPLEMENTED]),
            ),
        ]

    def __str__(self) -> str:
        """Return who is asked about what."""
        return f"{self.organisation} {self.session}"

    @transition(field=state, source=TaskState.INVITED, target=TaskState.OPENED)
    def open(self) -> None:
        """A person of the department took it up."""

    @transition(field=state, source=[TaskState.INVITED, TaskState.OPENED, TaskState.NO_OPINION],
                target=TaskState.ANSWERED)
    def answer(self) -> None:
        """The department answered."""

    @transition(field=state, source=[TaskState.INVITED, TaskState.OPENED], target=TaskState.TACIT)
    def fall_silent_tacit(self) -> None:
        """Time is over and silence counts as consent here."""

    @transition(field=state, source=TaskState.TACIT, target=TaskState.SUPPLEMENTED)
    def add_supplement(self) -> None:
        """The department says afterwards what it would have said; the consent stands."""

    @transition(field=state, source=[TaskState.INVITED, TaskState.OPENED], target=TaskState.NO_OPINION)
    def fall_silent(self) -> None:
        """Time is over for a consulted body; silence is no opinion and no consent."""

    @transition(field=state, source=[TaskState.INVITED, TaskState.OPENED, TaskState.NO_OPINION],
                target=TaskState.CLOSED)
    def close(self) -> None:
        """The session ended without this answer."""


class Opinion(models.Model):
    """The answer of a department: verdict with reason, basis, and for a condition or a no how to fix it.

    An opinion of silence names no person: it is the department's, and that of its head on that day.
    """

    task = models.OneToOneField(ReviewTask, on_delete=models.PROTECT, related_name="opinion", verbose_name="任务")
    verdict = models.CharField("意见", max_length=14, choices=OpinionVerdict)
    reason = models.CharField("理由", max_length=1000)
    basis = models.CharField("依据", max_length=300, blank=True)
    remedy = models.CharField("条件或修改办法", max_length=1000, blank=True)
    source = models.CharField("来源", max_length=8, choices=OpinionSource, default=OpinionSource.MANUAL)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="答复人"
    )
    given_at = models.DateTimeField("答复时间")
    is_late = models.BooleanField("逾期答复", default=False)
    has_effect = models.BooleanField("计入汇总", default=True)
    is_late_disclaimer = models.BooleanField("迟报不涉及", default=False)
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="单位负责人"
    )

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "意见"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="opinion_verdict_known", condition=Q(verdict__in=list(OpinionVerdict.values))
            ),
            models.CheckConstraint(
                name="opinion_no_says_how",
                condition=Q(source=OpinionSource.TACIT)
                | ~Q(verdict__in=[OpinionVerdict.DISAGREE, OpinionVerdict.CONDITIONAL])
                | (~Q(basis="") & ~Q(remedy="")),
            ),
            models.CheckConstraint(
                name="opinion_names_basis", condition=Q(source=OpinionSource.TACIT) | (~Q(basis="") & ~Q(reason=""))
            ),
            models.CheckConstraint(
                name="opinion_tacit_has_no_author",
                condition=~Q(source=OpinionSource.TACIT) | Q(given_by__isnull=True, has_effect=True),
            ),
            models.CheckConstraint(
                name="opinion_tacit_is_consent",
                condition=~Q(source=OpinionSource.TACIT) | Q(verdict=OpinionVerdict.AGREE),
            ),
        ]

    def __str__(self) -> str:
        """Return the verdict."""
        return self.get_verdict_display()
