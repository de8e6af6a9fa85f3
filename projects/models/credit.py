"""信用档案: what an enterprise or one of its people did, and entries in the list of those who broke faith."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from projects.access import access_of
from projects.credit_states import LISTING_OPEN, ListingState, RecordKind, RecordState, Severity
from projects.fsm import StateField, StateModel, state_check

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .people import User


def _person(label: str) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=label
    )


class CreditQuerySet(models.QuerySet[Any]):
    """Composable reads of credit records and entries."""

    def visible_to(self, user: User | AnonymousUser) -> CreditQuerySet:
        """The office reads all of them, an enterprise its own, nobody else any."""
        access = access_of(user)
        return self if access.is_office else self.filter(organisation__in=access.organisation_ids)


class CreditRecord(StateModel):
    """One thing that counts for or against an enterprise, or a person of it, by a rule of its day.

    `points` is what the rule gave; a record that is contested, excused or repaired counts nothing. `event` is the
    event of a flow that it came from; without one somebody recorded it by hand.
    """

    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="credit_records", verbose_name="单位"
    )
    person = _person("人员")
    project = models.ForeignKey(
        "projects.Project", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    event = models.ForeignKey(
        "projects.Event", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="来源事件"
    )
    rule = models.SlugField("规则", max_length=40)
    name = models.CharField("事由", max_length=80)
    kind = models.CharField("类别", max_length=4, choices=RecordKind)
    severity = models.CharField("程度", max_length=1, choices=Severity, blank=True)
    points = models.SmallIntegerField("分值")
    detail = models.CharField("情况", max_length=300)
    basis = models.CharField("依据", max_length=200, blank=True)
    state = StateField("状态", choices=RecordState, default=RecordState.VALID)
    objection = models.CharField("异议", max_length=500, blank=True)
    answer = models.CharField("处理说明", max_length=300, blank=True)
    happened_on = models.DateField("发生日期")
    recorded_by = _person("记录人")
    source = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="记录单位",
    )
    recorded_at = models.DateTimeField("记录时间")

    objects = CreditQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "信用记录"
        ordering = ("-happened_on", "-pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("creditrecord_state_known", "state", RecordState),
            models.CheckConstraint(name="creditrecord_kind_known", condition=Q(kind__in=list(RecordKind.values))),
            models.CheckConstraint(
                name="creditrecord_sign",
                condition=~Q(kind=RecordKind.BAD, points__gt=0) & ~Q(kind=RecordKind.GOOD, points__lt=0),
            ),
            models.UniqueConstraint(
                name="creditrecord_once_per_event", fields=["event", "rule", "organisation"],
                condition=Q(event__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the grade of an enterprise on a day
            models.Index(name="creditrecord_of_body", fields=["organisation", "-happened_on"]),
        ]

    def __str__(self) -> str:
        """Return what happened."""
        return self.name

    @transition(field=state, source=RecordState.VALID, target=RecordState.CONTESTED)
    def contest(self) -> None:
        """The enterprise objects; until the answer the record counts nothing."""

    @transition(field=state, source=RecordState.CONTESTED, target=RecordState.VALID)
    def uphold(self) -> None:
        """The objection does not hold."""

    @transition(field=state, source=[RecordState.VALID, RecordState.CONTESTED], target=RecordState.EXCUSED)
    def excuse(self) -> None:
        """It was not the fault of the enterprise."""

    @transition(field=state, source=RecordState.VALID, target=RecordState.REPAIRED)
    def repair(self) -> None:
        """Made good."""


class CreditListing(StateModel):
    """An entry in the list (失信名单): proposed, told, heard, decided by the head, removed at its end or by repair."""

    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="credit_listings", verbose_name="单位"
    )
    project = models.ForeignKey(
        "projects.Project", on_delete=models.PROTECT, related_name="+", verbose_name="项目"
    )
    record = models.ForeignKey(CreditRecord, on_delete=models.PROTECT, related_name="listings", verbose_name="依据记录")
    state = StateField("状态", choices=ListingState, default=ListingState.PROPOSED)
    reason = models.CharField("列入原因", max_length=300)
    basis = models.CharField("依据", max_length=200)
    source = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="认定单位"
    )
    proposed_by = _person("提出人")
    proposed_at = models.DateTimeField("提出时间")
    told_by = _person("告知人")
    told_at = models.DateTimeField("告知时间", null=True, blank=True)
    plead_until = models.DateField("陈述申辩期限", null=True, blank=True)
    plea = models.CharField("陈述申辩", max_length=1000, blank=True)
    decided_by = _person("决定人")
    decided_at = models.DateTimeField("决定时间", null=True, blank=True)
    decision_note = models.CharField("决定说明", max_length=300, blank=True)
    listed_on = models.DateField("列入日期", null=True, blank=True)
    until = models.DateField("截止日期", null=True, blank=True)
    objection = models.CharField("异议", max_length=1000, blank=True)
    objection_answer = models.CharField("异议处理说明", max_length=300, blank=True)
    repair_note = models.CharField("修复说明", max_length=1000, blank=True)
    repair_answer = models.CharField("信用修复审核说明", max_length=300, blank=True)
    removed_on = models.DateField("移出日期", null=True, blank=True)
    removal_reason = models.CharField("移出理由", max_length=300, blank=True)
    changed_at = models.DateTimeField("变动时间")

    objects = CreditQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "失信名单"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("creditlisting_state_known", "state", ListingState),
            models.CheckConstraint(
                name="creditlisting_dates_ordered", condition=Q(until=None) | Q(until__gte=F("listed_on"))
            ),
            models.UniqueConstraint(
                name="creditlisting_one_open", fields=["record"], condition=Q(state__in=list(LISTING_OPEN))
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # whether an enterprise is listed
            models.Index(name="creditlisting_of_body", fields=["organisation", "state"]),
            # what has reached its end
            models.Index(
                name="creditlisting_until", fields=["until"], condition=Q(state=ListingState.LISTED)
            ),
        ]

    def __str__(self) -> str:
        """Return who and why."""
        return f"{self.organisation} {self.reason}"

    @transition(field=state, source=ListingState.PROPOSED, target=ListingState.TOLD)
    def tell(self) -> None:
        """The enterprise was told what is intended, why, and that it is heard."""

    @transition(field=state, source=ListingState.TOLD, target=ListingState.PLEADED)
    def plead(self) -> None:
        """The enterprise has spoken."""

    @transition(field=state, source=[ListingState.TOLD, ListingState.PLEADED], target=ListingState.LISTED)
    def enter(self) -> None:
        """The head decides: listed."""

    @transition(
        field=state, source=[ListingState.PROPOSED, ListingState.TOLD, ListingState.PLEADED],
        target=ListingState.DROPPED,
    )
    def drop(self) -> None:
        """The head decides: not listed."""

    @transition(field=state, source=ListingState.LISTED, target=ListingState.CONTESTED)
    def contest(self) -> None:
        """The enterprise objects; the effects freeze."""

    @transition(field=state, source=[ListingState.CONTESTED, ListingState.REPAIRING], target=ListingState.LISTED)
    def uphold(self) -> None:
        """Objection or application for repair do not hold."""

    @transition(field=state, source=ListingState.LISTED, target=ListingState.REPAIRING)
    def ask_repair(self) -> None:
        """The enterprise has made good and asks to be removed."""

    @transition(
        field=state, source=[ListingState.LISTED, ListingState.CONTESTED, ListingState.REPAIRING],
        target=ListingState.REMOVED,
    )
    def remove(self) -> None:
        """At its end, by repair, or since the objection holds."""
