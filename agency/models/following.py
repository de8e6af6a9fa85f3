"""What is kept around the orders of a project: marks 盯、关、跟, accompanied walks 陪办, hand-over sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from agency.desk_states import HandOverState, MarkKind
from agency.models.agents import Agent
from agency.states import AssignmentRole
from projects import timing
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class ProjectMark(models.Model):
    """盯 = watch, 关 = a risk to care for (with the note), 跟 = follow to the end. For the office."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="marks", verbose_name="项目")
    kind = models.CharField("标记", max_length=8, choices=MarkKind)
    note = models.CharField("说明", max_length=200, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="标记人"
    )
    set_at = models.DateTimeField("标记时间")
    cleared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="取消人",
    )
    cleared_at = models.DateTimeField("取消时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "盯关跟标记"
        ordering = ("kind",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="projectmark_once", fields=["project", "kind"], condition=Q(cleared_at=None)),
            models.CheckConstraint(name="projectmark_kind_known", condition=Q(kind__in=list(MarkKind.values))),
            models.CheckConstraint(name="projectmark_care_says_what", condition=~Q(kind=MarkKind.CARE) | ~Q(note="")),
        ]

    def __str__(self) -> str:
        """Return the mark."""
        return f"{self.get_kind_display()} {self.note}".strip()


class AccompanimentQuerySet(models.QuerySet["Accompaniment"]):
    """Composable reads of accompanied walks."""

    def visible_to(self, user: User | AnonymousUser) -> AccompanimentQuerySet:
        """Return those of visible projects, to the office."""
        from projects.access import access_of

        if not access_of(user).is_office:
            return self.none()
        return self.filter(project__in=Project.objects.visible_to(user))


class Accompaniment(models.Model):
    """陪办: an official walks one matter as the enterprise does and writes down where it rubs (堵点)."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="accompaniments", verbose_name="项目")
    case = models.ForeignKey(
        "packages.MatterCase", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="事项"
    )
    on = models.DateField("陪办日期")
    official = models.CharField("陪办人", max_length=60)
    post = models.CharField("职务", max_length=60, blank=True)
    walked = models.CharField("走了哪些环节", max_length=500)
    good = models.CharField("做得好的", max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="记录人")
    at = models.DateTimeField("记录时间")
    form_key = models.CharField("表单键", max_length=36, blank=True)
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="陪办记录"
    )

    objects = AccompanimentQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "陪办记录"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # a form that is posted twice is one record
            models.UniqueConstraint(name="accompaniment_once", fields=["form_key"], condition=~Q(form_key="")),
        ]

    def __str__(self) -> str:
        """Return who walked when."""
        return f"{timing.spoken(self.on)} {self.official}陪办"


class HandOverQuerySet(models.QuerySet["HandOver"]):
    """Composable reads of hand-overs."""

    def visible_to(self, user: User | AnonymousUser) -> HandOverQuerySet:
        """Return those of visible projects to the office, and those that the person gives or takes."""
        from projects.access import access_of

        if not access_of(user).is_office:
            return self.none()
        mine = Q(to_agent__user_id=user.pk) | Q(from_agent__user_id=user.pk)
        return self.filter(mine | Q(project__in=Project.objects.visible_to(user)))


class HandOver(StateModel):
    """交接单 of one project (D15): where it stands, what was promised, whom to call, the next three things.

    The sheets of one hand-over share a `pack`. With `until` it is cover for a leave: the work stays whose it was.
    Without, signing moves the role and the orders to the new agent.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="hand_overs", verbose_name="项目")
    pack = models.CharField("交接包", max_length=32, db_index=True)
    role = models.CharField("身份", max_length=14, choices=AssignmentRole)
    from_agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="given", verbose_name="移交人")
    to_agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="received", verbose_name="接收人")
    state = StateField("状态", choices=HandOverState, default=HandOverState.PREPARED)
    reason = models.CharField("事由", max_length=200)
    until = models.DateField("代班至", null=True, blank=True)
    content = models.JSONField("内容", default=dict)
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="制单人"
    )
    prepared_at = models.DateTimeField("制单时间")
    signed_at = models.DateTimeField("签收时间", null=True, blank=True)
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="交接单"
    )

    objects = HandOverQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "代办交接单"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("handover_state_known", "state", HandOverState),
            models.UniqueConstraint(
                name="handover_one_open", fields=["project", "role"], condition=Q(state=HandOverState.PREPARED)
            ),
            models.CheckConstraint(name="handover_to_another", condition=~Q(from_agent=F("to_agent"))),
            models.CheckConstraint(
                name="handover_signed_has_paper",
                condition=~Q(state=HandOverState.SIGNED) | Q(paper__isnull=False, signed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return what is handed over to whom."""
        return f"{self.project} {self.get_role_display()} 交接给 {self.to_agent}"

    @transition(field=state, source=HandOverState.PREPARED, target=HandOverState.SIGNED)
    def sign(self) -> None:
        """The new agent has read it and signs for it."""

    @transition(field=state, source=HandOverState.PREPARED, target=HandOverState.CANCELLED)
    def cancel(self) -> None:
        """It is not needed any more."""
