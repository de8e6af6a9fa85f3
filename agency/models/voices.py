"""咨询, 投诉, 办不成事: what somebody comes with, and every turn of the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from agency.models.ratings import officer_centres
from agency.voice_states import TurnKind, VoiceChannel, VoiceDesk, VoiceKind, VoiceState
from projects.access import access_of
from projects.crypto import EncryptedTextField
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project
from projects.states import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class VoiceQuerySet(models.QuerySet["Voice"]):
    """Composable reads of enquiries and complaints."""

    def asked_by(self, user: User | AnonymousUser) -> VoiceQuerySet:
        """Return what the user has asked."""
        return self.filter(asked_by=user.pk) if user.is_authenticated else self.none()

    def handled_by(self, user: User | AnonymousUser) -> VoiceQuerySet:
        """Return what the user takes in, forwards and answers as officer; never what is about the user."""
        if not user.is_authenticated:
            return self.none()
        access = access_of(user)
        above = Q(pk__in=[])
        if access.has(Role.SUPERVISOR):
            for prefix in access.region_prefixes:
                above |= Q(desk=VoiceDesk.ABOVE, centre__region__code__startswith=prefix)
        mine = self.filter(Q(desk=VoiceDesk.CENTRE, centre_id__in=officer_centres(user)) | above)
        return mine.exclude(about_person=user.pk)

    def forwarded_for(self, user: User | AnonymousUser) -> VoiceQuerySet:
        """Return what lies with, or was answered by, the bodies whose reviewer or chief the user is."""
        by_role = access_of(user).by_role
        bodies = {pk for role in (Role.REVIEWER, Role.CHIEF) for pk in by_role.get(role, ())}
        return self.filter(forwarded_to_id__in=bodies).exclude(about_person=user.pk)

    def visible_to(self, user: User | AnonymousUser) -> VoiceQuerySet:
        """Return what the user asked, handles, or has to answer for a body."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            Q(pk__in=self.asked_by(user).values("pk")) | Q(pk__in=self.handled_by(user).values("pk"))
            | Q(pk__in=self.forwarded_for(user).values("pk"))
        )


class Voice(StateModel):
    """One enquiry or complaint with its answer. `about_body` and `about_person` are complained of.

    `token` lets whoever asked without an account come back; `form_key` makes a form that comes twice act once.
    `verdict`: whether the answer satisfied, none where nobody said so.
    """

    number = models.CharField("编号", max_length=40, unique=True)
    kind = models.CharField("类型", max_length=10, choices=VoiceKind)
    state = StateField("状态", choices=VoiceState, default=VoiceState.WAITING)
    centre = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="受理中心"
    )
    desk = models.CharField("受理", max_length=8, choices=VoiceDesk, default=VoiceDesk.CENTRE)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, related_name="voices", verbose_name="项目"
    )
    about_body = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="被反映单位"
    )
    about_person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="被反映人"
    )
    title = models.CharField("标题", max_length=80)
    channel = models.CharField("来源", max_length=8, choices=VoiceChannel)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="提出人"
    )
    asker_name = models.CharField("称呼", max_length=50, blank=True)
    asker_phone = EncryptedTextField("联系电话", blank=True)
    token = models.CharField("查询口令", max_length=24, unique=True)
    form_key = models.CharField("表单键", max_length=36, blank=True)
    forwarded_to = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="承办单位"
    )
    clock = models.ForeignKey("projects.Clock", on_delete=models.PROTECT, related_name="+", verbose_name="时限")
    asked_at = models.DateTimeField("提出时间")
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    again_until = models.DateField("可追问至", null=True, blank=True)
    verdict = models.BooleanField("是否满意", null=True)
    followed_count = models.PositiveSmallIntegerField("追问次数", default=0)
    closed_at = models.DateTimeField("关闭时间", null=True, blank=True)

    objects = VoiceQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "咨询投诉"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("voice_state_known", "state", VoiceState),
            models.UniqueConstraint(name="voice_form_once", fields=["form_key"], condition=~Q(form_key="")),
            # 投诉不转被投诉的部门
            models.CheckConstraint(
                name="voice_not_to_the_accused",
                condition=Q(kind=VoiceKind.CONSULT) | Q(forwarded_to=None) | Q(about_body=None)
                | ~Q(forwarded_to=F("about_body")),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the list of a centre by state, and the counts of a period
            models.Index(name="voice_desk_list", fields=["centre", "state"]),
            models.Index(name="voice_asked", fields=["asked_at"]),
        ]

    def __str__(self) -> str:
        """Return number and title."""
        return f"{self.number} {self.title}"

    @transition(field=state, source=[VoiceState.WAITING, VoiceState.FOLLOWED, VoiceState.FORWARDED,
                                     VoiceState.UNSATISFIED], target=VoiceState.FORWARDED)
    def forward(self) -> None:
        """It lies with a body from now on."""

    @transition(field=state, source=VoiceState.FORWARDED, target=VoiceState.WAITING)
    def send_back(self) -> None:
        """The body says that it is not its business."""

    @transition(field=state, source=[VoiceState.WAITING, VoiceState.FORWARDED, VoiceState.FOLLOWED,
                                     VoiceState.UNSATISFIED], target=VoiceState.ANSWERED)
    def answer(self) -> None:
        """Whoever asked has an answer."""

    @transition(field=state, source=VoiceState.ANSWERED, target=VoiceState.FOLLOWED)
    def follow(self) -> None:
        """Whoever asked asks on."""

    @transition(field=state, source=VoiceState.ANSWERED, target=VoiceState.SATISFIED)
    def satisfy(self) -> None:
        """The answer is good."""

    @transition(field=state, source=VoiceState.ANSWERED, target=VoiceState.UNSATISFIED)
    def disappoint(self) -> None:
        """The answer is not good."""

    @transition(field=state, source=[VoiceState.WAITING, VoiceState.ANSWERED, VoiceState.SATISFIED,
                                     VoiceState.UNSATISFIED], target=VoiceState.CLOSED)
    def close(self) -> None:
        """It is over."""


class VoiceTurn(models.Model):
    """One step of the exchange: who said what when. Never changed. `paper` is the official reply."""

    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="turns", verbose_name="咨询投诉")
    kind = models.CharField("步骤", max_length=8, choices=TurnKind)
    words = models.CharField("内容", max_length=2000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="经手人"
    )
    body = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="单位"
    )
    paper = models.OneToOneField(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="答复文书"
    )
    at = models.DateTimeField("时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "往来"
        ordering = ("pk",)

    def __str__(self) -> str:
        """Return the kind of step."""
        return self.get_kind_display()
