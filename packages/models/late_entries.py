"""补录 that decides whether a promise was kept: the earlier time counts once a second person has confirmed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from packages.act_states import LateEntryAct, LateEntryState
from packages.models.sessions import Opinion
from packages.models.work import MatterCase
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


def _person(name: str, *, null: bool = False) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=name, null=null, blank=null
    )


class LateEntryQuerySet(models.QuerySet["LateEntry"]):
    """Composable reads."""

    def visible_to(self, user: User | AnonymousUser) -> LateEntryQuerySet:
        """Return those on cases of visible projects."""
        return self.filter(case__project__in=Project.objects.visible_to(user))

    def unconfirmed(self) -> LateEntryQuerySet:
        """Return those whose earlier time does not count: nobody has confirmed it yet, or it was declined."""
        return self.exclude(state=LateEntryState.CONFIRMED)


class LateEntry(StateModel):
    """An act that was keyed in more than one working day after it is said to have happened, and spared days by it.

    `spared`: how many days of the promise hang on the earlier time. `opinion`: of whose answer, where it is an opinion.
    """

    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="late_entries", verbose_name="办件")
    opinion = models.OneToOneField(
        Opinion, on_delete=models.PROTECT, null=True, blank=True, related_name="late_entry", verbose_name="意见"
    )
    act = models.CharField("补录的事", max_length=10, choices=LateEntryAct)
    state = StateField("状态", choices=LateEntryState, default=LateEntryState.ASKED)
    spared = models.PositiveSmallIntegerField("少计的天数")
    late_days = models.PositiveSmallIntegerField("晚几个工作日录入")
    happened_at = models.DateTimeField("所称时间")
    recorded_at = models.DateTimeField("录入时间")
    entered_by = _person("录入人", null=True)
    answered_by = _person("确认人", null=True)
    answered_at = models.DateTimeField("确认时间", null=True, blank=True)
    answer = models.CharField("依据", max_length=300, blank=True)

    objects = LateEntryQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "补录确认"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("lateentry_state_known", "state", LateEntryState),
            models.CheckConstraint(name="lateentry_act_known", condition=Q(act__in=list(LateEntryAct.values))),
            models.CheckConstraint(name="lateentry_spares_days", condition=Q(spared__gte=1)),
            models.CheckConstraint(name="lateentry_was_late", condition=Q(recorded_at__gt=F("happened_at"))),
            models.CheckConstraint(
                name="lateentry_not_by_who_entered", condition=Q(answered_by=None) | ~Q(answered_by=F("entered_by"))
            ),
            models.CheckConstraint(
                name="lateentry_answered_says_why", condition=Q(state=LateEntryState.ASKED) | ~Q(answer="")
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # what waits for a second person, the oldest first
            models.Index(name="lateentry_asked", fields=["id"], condition=Q(state=LateEntryState.ASKED)),
        ]

    def __str__(self) -> str:
        """Return act and case."""
        return f"补录{self.get_act_display()} {self.case}"

    @transition(field=state, source=LateEntryState.ASKED, target=LateEntryState.CONFIRMED)
    def confirm(self) -> None:
        """A second person has seen that it happened then; the earlier time counts."""

    @transition(field=state, source=LateEntryState.ASKED, target=LateEntryState.DECLINED)
    def decline(self) -> None:
        """A second person does not confirm it; it stays counted as late."""
