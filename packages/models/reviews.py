"""What stands beside a joint review: judged versions, supplements, referrals inside a department, conferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from packages.models.sessions import JointSession, Opinion, ReviewTask
from packages.states import ConferenceOutcome, OpinionVerdict
from projects.access import access_of
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

WITH_CONDITION = [OpinionVerdict.DISAGREE, OpinionVerdict.CONDITIONAL]


class JudgedVersion(models.Model):
    """Which version of which document an opinion judged; once there is a newer one, the opinion is marked 已换版."""

    opinion = models.ForeignKey(Opinion, on_delete=models.PROTECT, related_name="judged", verbose_name="意见")
    version = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, related_name="+", verbose_name="所审文件版本"
    )

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "所审文件"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="judgedversion_once", fields=["opinion", "version"]),
        ]

    def __str__(self) -> str:
        """Return which opinion judged what."""
        return f"{self.opinion_id}: {self.version_id}"


class Supplement(models.Model):
    """补充意见 after a silence that counted as consent: filed beside it, it cannot block (handbook §2.4)."""

    task = models.OneToOneField(
        ReviewTask, on_delete=models.PROTECT, related_name="supplement", verbose_name="审查任务"
    )
    text = models.CharField("补充意见", max_length=1000)
    basis = models.CharField("依据", max_length=300)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="补充人"
    )
    given_at = models.DateTimeField("补充时间")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "补充意见"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="supplement_has_words", condition=~Q(text="") & ~Q(basis="")),
        ]

    def __str__(self) -> str:
        """Return its words."""
        return self.text


class Referral(models.Model):
    """转办: a department sends a task on to one of its units, with a limit of its own inside that of the task.

    The unit advises; the opinion stays the department's.
    """

    task = models.ForeignKey(ReviewTask, on_delete=models.PROTECT, related_name="referrals", verbose_name="审查任务")
    unit = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="referrals", verbose_name="内设机构"
    )
    days = models.PositiveSmallIntegerField("内部时限（工作日）")
    clock = models.ForeignKey("projects.Clock", on_delete=models.PROTECT, related_name="+", verbose_name="时钟")
    note = models.CharField("转办要求", max_length=300, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="转办人"
    )
    sent_at = models.DateTimeField("转办时间")
    verdict = models.CharField("建议", max_length=14, choices=OpinionVerdict, blank=True)
    reason = models.CharField("理由", max_length=1000, blank=True)
    basis = models.CharField("依据", max_length=300, blank=True)
    remedy = models.CharField("条件或修改办法", max_length=1000, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="反馈人"
    )
    answered_at = models.DateTimeField("反馈时间", null=True, blank=True)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        """Names, constraints."""

        verbose_name = verbose_name_plural = "转办"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="referral_one_open", fields=["task"], condition=Q(ended_at__isnull=True)),
            models.CheckConstraint(
                name="referral_answer_has_person",
                condition=Q(answered_at__isnull=True) | Q(answered_by__isnull=False, ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return where it was sent."""
        return f"{self.task_id}: {self.unit}"


class ConferenceQuerySet(models.QuerySet["Conference"]):
    """Composable reads of conferences."""

    def visible_to(self, user: User | AnonymousUser) -> ConferenceQuerySet:
        """Return those of visible projects, for the office."""
        if not access_of(user).is_office:
            return self.none()
        return self.filter(session__project__in=Project.objects.visible_to(user))


class Conference(models.Model):
    """联审会: departments whose opinions conflict meet; its minutes are a paper, its outcome settles the conflict."""

    session = models.ForeignKey(
        JointSession, on_delete=models.PROTECT, related_name="conferences", verbose_name="联合审查"
    )
    meets_at = models.DateTimeField("开会时间")
    place = models.CharField("地点", max_length=100)
    agenda = models.CharField("议题", max_length=500)
    called_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="召集人"
    )
    called_at = models.DateTimeField("召集时间")
    held_on = models.DateField("开会日期", null=True, blank=True)
    minutes = models.TextField("会议纪要", blank=True)
    outcome = models.CharField("结果", max_length=10, choices=ConferenceOutcome, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="记录人"
    )
    closed_at = models.DateTimeField("记录时间", null=True, blank=True)
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="会议纪要"
    )

    objects = ConferenceQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "联审会"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="conference_one_open", fields=["session"], condition=Q(closed_at__isnull=True)
            ),
            models.CheckConstraint(
                name="conference_closed_has_minutes",
                condition=Q(closed_at__isnull=True) | (~Q(minutes="") & ~Q(outcome="") & Q(held_on__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        """Return what it is about."""
        return self.agenda


class ConferenceSeat(models.Model):
    """A department at a conference: who came for it and where it stands afterwards, signed by its own person."""

    conference = models.ForeignKey(
        Conference, on_delete=models.PROTECT, related_name="seats", verbose_name="联审会"
    )
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="部门"
    )
    opinion = models.ForeignKey(
        Opinion, on_delete=models.PROTECT, null=True, related_name="seats", verbose_name="会前意见"
    )
    delegate = models.CharField("参会人", max_length=50, blank=True)
    verdict = models.CharField("会后意见", max_length=14, choices=OpinionVerdict, blank=True)
    reason = models.CharField("理由", max_length=1000, blank=True)
    basis = models.CharField("依据", max_length=300, blank=True)
    remedy = models.CharField("条件或修改办法", max_length=1000, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="签认人"
    )
    confirmed_at = models.DateTimeField("签认时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "参会部门"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="conferenceseat_once", fields=["conference", "organisation"]),
            models.CheckConstraint(
                name="conferenceseat_condition_says_how",
                condition=~Q(verdict__in=WITH_CONDITION) | (~Q(basis="") & ~Q(remedy="")),
            ),
            models.CheckConstraint(
                name="conferenceseat_signed_has_person",
                condition=Q(confirmed_at__isnull=True) | Q(confirmed_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return the department."""
        return str(self.organisation)
