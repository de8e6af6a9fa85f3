"""联合会商: the consultation of a project, the units invited, what each ticked and photographed at the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from packages.consultation_states import (
    CONSULTATION_OPEN,
    CheckKind,
    ConsultationState,
    MatterAnswer,
    SiteAnswer,
    UnitKind,
    UnitState,
)
from projects.access import access_of
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser


def _person(name: str) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=name
    )


class ConsultationQuerySet(models.QuerySet["Consultation"]):
    """Composable reads of consultations."""

    def visible_to(self, user: Person) -> ConsultationQuerySet:
        """Return those of visible projects, and those to which a body of the user is invited."""
        mine = ConsultationUnit.objects.filter(organisation_id__in=access_of(user).organisation_ids)
        invited = mine.exclude(state=UnitState.PROPOSED).values("consultation_id")
        return self.filter(Q(project__in=Project.objects.visible_to(user)) | Q(pk__in=invited))


class Consultation(StateModel):
    """One consultation of a project, from the call to the signed list; later changes are versions of its plan.

    `early_reason`: why the chair called it before the project was ripe. `token` stands in the code that people scan
    to sign in. `written_until` is the day until which units that were absent may still write.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="consultations", verbose_name="项目")
    round = models.PositiveSmallIntegerField("次", default=1)
    state = StateField("状态", choices=ConsultationState, default=ConsultationState.PLANNED)
    maturity = models.CharField("召集时的成熟度", max_length=20, blank=True)
    early_reason = models.CharField("提前召集的理由", max_length=300, blank=True)
    agenda = models.CharField("议题", max_length=500)
    survey_at = models.DateTimeField("踏勘时间", null=True, blank=True)
    survey_place = models.CharField("踏勘集合地点", max_length=200, blank=True)
    meets_at = models.DateTimeField("会商时间", null=True, blank=True)
    meeting_place = models.CharField("会商地点", max_length=200, blank=True)
    token = models.CharField("签到码", max_length=22, unique=True)
    convened_by = _person("召集人")
    convened_at = models.DateTimeField("召集时间")
    invited_at = models.DateTimeField("通知时间", null=True, blank=True)
    survey_started_at = models.DateTimeField("踏勘开始", null=True, blank=True)
    survey_note = models.CharField("踏勘情况", max_length=500, blank=True)
    meeting_started_at = models.DateTimeField("会商开始", null=True, blank=True)
    written_until = models.DateField("书面意见截止", null=True, blank=True)
    minutes = models.TextField("会议纪要", blank=True)
    minutes_paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="会议纪要文书"
    )
    minutes_by = _person("纪要签发人")
    minutes_at = models.DateTimeField("纪要签发时间", null=True, blank=True)
    cancelled_reason = models.CharField("取消原因", max_length=300, blank=True)

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "联合会商"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("consultation_state_known", "state", ConsultationState),
            models.UniqueConstraint(name="consultation_round", fields=["project", "round"]),
            models.UniqueConstraint(
                name="consultation_one_live", fields=["project"], condition=~Q(state=ConsultationState.CANCELLED)
            ),
            models.CheckConstraint(
                name="consultation_told_has_minutes",
                condition=Q(state__in=[*CONSULTATION_OPEN, ConsultationState.CANCELLED])
                | Q(minutes_paper__isnull=False, minutes_at__isnull=False),
            ),
            models.CheckConstraint(
                name="consultation_cancelled_says_why",
                condition=~Q(state=ConsultationState.CANCELLED) | ~Q(cancelled_reason=""),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the list of a centre: what is held next
            models.Index(
                name="consultation_open", fields=["survey_at", "id"], condition=Q(state__in=list(CONSULTATION_OPEN))
            ),
            # chase_absent: whose time to write is over
            models.Index(
                name="consultation_written", fields=["written_until"], condition=Q(state=ConsultationState.MEETING)
            ),
        ]

    def __str__(self) -> str:
        """Return what it is."""
        return f"联合会商 {self.project}"

    @transition(field=state, source=ConsultationState.PLANNED, target=ConsultationState.INVITED)
    def invite(self) -> None:
        """The invitations went out."""

    @transition(field=state, source=ConsultationState.INVITED, target=ConsultationState.SURVEYING)
    def open_survey(self) -> None:
        """The survey begins; people sign in by scanning."""

    @transition(field=state, source=ConsultationState.SURVEYING, target=ConsultationState.INVITED)
    def postpone(self) -> None:
        """Nobody came; another day is fixed."""

    @transition(field=state, source=ConsultationState.SURVEYING, target=ConsultationState.MEETING)
    def begin_meeting(self) -> None:
        """The survey is over, the meeting begins; who did not come is absent."""

    @transition(field=state, source=ConsultationState.MEETING, target=ConsultationState.TO_TELL)
    def sign_minutes(self) -> None:
        """The minutes are signed; plan, chart and list are written."""

    @transition(field=state, source=ConsultationState.TO_TELL, target=ConsultationState.TOLD)
    def tell(self) -> None:
        """The owner was told everything once."""

    @transition(field=state, source=[ConsultationState.TOLD, ConsultationState.CHANGED],
                target=ConsultationState.SIGNED)
    def acknowledge(self) -> None:
        """The owner signed for the newest version."""

    @transition(field=state, source=[ConsultationState.TOLD, ConsultationState.SIGNED, ConsultationState.CHANGED],
                target=ConsultationState.CHANGED)
    def change(self) -> None:
        """A new version went out to the owner."""

    @transition(field=state, source=list(CONSULTATION_OPEN), target=ConsultationState.CANCELLED)
    def cancel(self) -> None:
        """It is not held."""


class UnitQuerySet(models.QuerySet["ConsultationUnit"]):
    """Composable reads of invited units."""

    def visible_to(self, user: Person) -> UnitQuerySet:
        """Return those of visible projects for the office, and those of the user's own bodies."""
        access = access_of(user)
        mine = Q(organisation_id__in=access.organisation_ids) & ~Q(state=UnitState.PROPOSED)
        if not access.is_office:
            return self.filter(mine)
        return self.filter(mine | Q(consultation__project__in=Project.objects.visible_to(user)))


class ConsultationUnit(StateModel):
    """A unit at the table: why it is invited, who signed in for it when, what it says in writing when it was absent."""

    consultation = models.ForeignKey(
        Consultation, on_delete=models.PROTECT, related_name="units", verbose_name="联合会商"
    )
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="单位"
    )
    kind = models.CharField("类别", max_length=12, choices=UnitKind)
    state = StateField("状态", choices=UnitState, default=UnitState.PROPOSED)
    why = models.CharField("邀请理由", max_length=500)
    signed_in_by = _person("签到人")
    signed_in_at = models.DateTimeField("签到时间", null=True, blank=True)
    confirmed_by = _person("确认人")
    confirmed_at = models.DateTimeField("确认时间", null=True, blank=True)
    opinion = models.CharField("书面意见", max_length=1000, blank=True)
    basis = models.CharField("依据", max_length=300, blank=True)
    due_on = models.DateField("答复期限", null=True, blank=True)
    changed_at = models.DateTimeField("变动时间")

    objects = UnitQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "会商单位"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("consultationunit_state_known", "state", UnitState),
            models.UniqueConstraint(name="consultationunit_once", fields=["consultation", "organisation"]),
            models.CheckConstraint(
                name="consultationunit_came_signed",
                condition=~Q(state__in=[UnitState.PRESENT, UnitState.MUTE]) | Q(signed_in_at__isnull=False),
            ),
            models.CheckConstraint(
                name="consultationunit_written_has_basis",
                condition=~Q(state=UnitState.ANSWERED) | (~Q(opinion="") & ~Q(basis="")),
            ),
        ]

    def __str__(self) -> str:
        """Return the unit."""
        return str(self.organisation)

    @property
    def is_asked(self) -> bool:
        """Whether it has to say something: the owner listens."""
        return self.kind != UnitKind.OWNER

    @transition(field=state, source=UnitState.PROPOSED, target=UnitState.INVITED)
    def invite(self) -> None:
        """The invitation went out."""

    @transition(field=state, source=[UnitState.INVITED, UnitState.ABSENT], target=UnitState.PRESENT)
    def sign_in(self) -> None:
        """A person of the unit scanned the code and signed in."""

    @transition(field=state, source=UnitState.PRESENT, target=UnitState.CONFIRMED)
    def confirm(self) -> None:
        """It stands by what it ticked."""

    @transition(field=state, source=UnitState.INVITED, target=UnitState.ABSENT)
    def miss(self) -> None:
        """The survey was over before anybody of it came."""

    @transition(field=state, source=UnitState.ABSENT, target=UnitState.ANSWERED)
    def answer(self) -> None:
        """It was absent and has given its opinion in writing."""

    @transition(field=state, source=UnitState.ABSENT, target=UnitState.SILENT)
    def fall_silent(self) -> None:
        """It was absent and its time to write is over; silence is no opinion and no consent."""

    @transition(field=state, source=UnitState.PRESENT, target=UnitState.MUTE)
    def stay_mute(self) -> None:
        """It came and did not stand by anything until its time was over."""

    @transition(field=state, source=[UnitState.PROPOSED, UnitState.INVITED, UnitState.PRESENT, UnitState.ABSENT],
                target=UnitState.RELEASED)
    def release(self) -> None:
        """It is not needed any more, or the consultation is not held."""


class UnitCheck(models.Model):
    """A line of a unit's checklist: something at the site, or a matter of the plan that it leads."""

    unit = models.ForeignKey(ConsultationUnit, on_delete=models.CASCADE, related_name="checks", verbose_name="单位")
    order = models.PositiveSmallIntegerField("序号")
    kind = models.CharField("类别", max_length=8, choices=CheckKind)
    code = models.SlugField("事项", max_length=60, blank=True)
    text = models.CharField("内容", max_length=200)
    may_commit = models.BooleanField("目录允许承诺", default=False)
    may_defer = models.BooleanField("目录允许容缺", default=False)
    answer = models.CharField("答复", max_length=12, blank=True)
    when = models.CharField("何时办", max_length=60, blank=True)
    commits = models.BooleanField("可承诺", default=False)
    defers = models.BooleanField("可容缺", default=False)
    merges = models.BooleanField("可合并办理", default=False)
    note = models.CharField("要求或说明", max_length=300, blank=True)
    basis = models.CharField("依据", max_length=200, blank=True)
    changed_by = _person("填写人")
    changed_at = models.DateTimeField("填写时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "会商核对"
        ordering = ("unit", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="unitcheck_order", fields=["unit", "order"]),
        ]

    def __str__(self) -> str:
        """Return what it asks."""
        return self.text

    def get_answer_words(self) -> str:
        """Return the answer as a sentence without its end: 条件具备后办理，拿地后，须先做水土保持方案（依据）."""
        known = SiteAnswer if self.kind == CheckKind.SITE else MatterAnswer
        word = str(known(self.answer).label) if self.answer else ""
        basis = f"（{self.basis}）" if self.basis else ""
        return "，".join(part for part in (word, self.when, self.note) if part) + basis


class UnitPhoto(models.Model):
    """A photograph that a unit took at the site; the file is in the archive."""

    unit = models.ForeignKey(ConsultationUnit, on_delete=models.PROTECT, related_name="photos", verbose_name="单位")
    document = models.OneToOneField(
        "archives.Document", on_delete=models.PROTECT, related_name="+", verbose_name="文件"
    )
    note = models.CharField("说明", max_length=100, blank=True)
    taken_by = _person("拍摄人")
    taken_at = models.DateTimeField("拍摄时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "踏勘照片"
        ordering = ("pk",)

    def __str__(self) -> str:
        """Return what it shows."""
        return self.note or "踏勘照片"
