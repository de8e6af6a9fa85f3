"""Personal data: what people were told and agreed to, what they asked for, what other bodies were given."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from projects.account_states import ProvisionWay, RequestKind, RequestState, SecurityRecordKind


class ConsentQuerySet(models.QuerySet["Consent"]):
    """Composable reads of consents."""

    def standing(self) -> ConsentQuerySet:
        """Return those that nobody has withdrawn."""
        return self.filter(withdrawn_at=None)


class Consent(models.Model):
    """A person was told (purpose `notice`) or agreed: to which purpose, which version of the words, when.

    A consent that was withdrawn stays as a row; the next one is a new row (PIPL 14, 15).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="consents", verbose_name="本人"
    )
    purpose = models.CharField("用途", max_length=30)
    version = models.PositiveSmallIntegerField("版本")
    words = models.CharField("所见文字的摘要", max_length=80)
    given_at = models.DateTimeField("时间")
    withdrawn_at = models.DateTimeField("撤回时间", null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "告知与同意"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="consent_one_standing", fields=["user", "purpose", "version"], condition=Q(withdrawn_at=None)
            ),
            models.CheckConstraint(
                name="consent_withdrawn_later", condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("given_at"))
            ),
        ]

    def __str__(self) -> str:
        """Return who agreed to what."""
        return f"{self.user} {self.purpose} 第{self.version}版"


class PersonRequest(models.Model):
    """A person asks about the own data; the answer says what was done, or why not (PIPL 44-47, 50)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="data_requests", verbose_name="本人"
    )
    kind = models.CharField("请求", max_length=10, choices=RequestKind)
    state = models.CharField("状态", max_length=10, choices=RequestState, default=RequestState.OPEN)
    text = models.CharField("说明", max_length=300, blank=True)
    asked_at = models.DateTimeField("提出时间")
    due_on = models.DateField("答复期限")
    answer = models.CharField("答复", max_length=500, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="答复人",
    )

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "个人信息请求"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="personrequest_kind_known", condition=Q(kind__in=list(RequestKind.values))),
            models.CheckConstraint(name="personrequest_state_known", condition=Q(state__in=list(RequestState.values))),
            models.UniqueConstraint(
                name="personrequest_one_open", fields=["user", "kind"], condition=Q(state=RequestState.OPEN)
            ),
            models.CheckConstraint(
                name="personrequest_answered", condition=Q(state=RequestState.OPEN) | ~Q(answer="")
            ),
        ]

    def __str__(self) -> str:
        """Return who asks what."""
        return f"{self.user} {self.get_kind_display()}"


class Provision(models.Model):
    """对外提供记录: data that went to another body: to whom, what, why, on which basis, when (NDR 12, PIPL 23)."""

    recipient = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="接收方",
    )
    recipient_name = models.CharField("接收方名称", max_length=100)
    what = models.CharField("内容", max_length=300)
    fields = models.CharField("个人信息字段", max_length=300, blank=True)
    purpose = models.CharField("目的", max_length=200)
    basis = models.CharField("依据", max_length=200)
    way = models.CharField("方式", max_length=10, choices=ProvisionWay)
    project = models.ForeignKey(
        "projects.Project", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    subject_type = models.CharField("对象类型", max_length=60, blank=True)
    subject_key = models.CharField("对象主键", max_length=40, blank=True)
    digest = models.CharField("内容摘要", max_length=80, blank=True)
    provided_at = models.DateTimeField("提供时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="经办人",
    )

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "对外提供记录"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="provision_once_per_object", fields=["subject_type", "subject_key", "digest"],
                condition=~Q(subject_key=""),
            ),
            models.CheckConstraint(
                name="provision_says_why", condition=~Q(purpose="") & ~Q(basis="") & ~Q(recipient_name="")
            ),
        ]

    def __str__(self) -> str:
        """Return what went to whom."""
        return f"{self.recipient_name} {self.what}"


class SecurityRecord(models.Model):
    """个人信息保护影响评估, or 安全事件 with what was done and who was told (PIPL 55-57). Corrected by a new row."""

    kind = models.CharField("种类", max_length=10, choices=SecurityRecordKind)
    title = models.CharField("名称", max_length=120)
    happened_on = models.DateField("日期")
    text = models.TextField("经过或评估内容")
    risk = models.TextField("影响和风险")
    measures = models.TextField("措施")
    told = models.CharField("告知和报告情况", max_length=300, blank=True)
    recorded_at = models.DateTimeField("记录时间")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="记录人"
    )

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "个人信息保护记录"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="securityrecord_kind_known", condition=Q(kind__in=list(SecurityRecordKind.values))
            ),
        ]

    def __str__(self) -> str:
        """Return what it is about."""
        return f"{self.get_kind_display()} {self.title}"
