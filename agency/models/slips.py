"""Chase slips (督办单): numbered papers that ask a body why something is late and until when it will be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from agency.states import TONES, SlipColour, SlipState
from packages.models import MatterCase
from projects import timing
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

OPEN = (SlipState.ISSUED, SlipState.ANSWERED)


class ChaseSlipQuerySet(models.QuerySet["ChaseSlip"]):
    """Composable reads of chase slips."""

    def visible_to(self, user: User | AnonymousUser) -> ChaseSlipQuerySet:
        """Return those of visible projects to the government side; no enterprise sees a slip."""
        from projects.access import access_of

        if not access_of(user).is_office:
            return self.none()
        return self.filter(project__in=Project.objects.visible_to(user))

    def open(self) -> ChaseSlipQuerySet:
        """Return those that are not closed."""
        return self.filter(state__in=OPEN)


class ChaseSlip(StateModel):
    """督办单: to one body about one case or project; the body answers, the issuer closes or sends it back.

    `clock` is the limit that brought the slip by itself; when that clock ends, the slip closes. `due_on` is the last
    working day for the answer, `promised_on` the day the body has named.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="chase_slips", verbose_name="项目")
    case = models.ForeignKey(
        MatterCase, on_delete=models.PROTECT, null=True, blank=True, related_name="chase_slips", verbose_name="办件"
    )
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="时钟"
    )
    to = models.ForeignKey("projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="督办对象")
    colour = models.CharField("颜色", max_length=8, choices=SlipColour)
    state = StateField("状态", choices=SlipState, default=SlipState.ISSUED)
    reason = models.CharField("督办事由", max_length=300)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="签发人"
    )
    issued_at = models.DateTimeField("签发时间")
    due_on = models.DateField("回复期限")
    answer = models.CharField("原因和措施", max_length=500, blank=True)
    promised_on = models.DateField("承诺办结日", null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="回复人"
    )
    answered_at = models.DateTimeField("回复时间", null=True, blank=True)
    returns = models.PositiveSmallIntegerField("退回次数", default=0)
    remark = models.CharField("销号意见", max_length=300, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="销号人"
    )
    closed_at = models.DateTimeField("销号时间", null=True, blank=True)
    paper = models.OneToOneField(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="chase_slip", verbose_name="文书"
    )

    objects = ChaseSlipQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "督办单"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("chaseslip_state_known", "state", SlipState),
            models.CheckConstraint(name="chaseslip_colour_known", condition=Q(colour__in=list(SlipColour.values))),
            models.CheckConstraint(name="chaseslip_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="chaseslip_closed_with_time", condition=~Q(state="closed") | Q(closed_at__isnull=False)
            ),
            models.UniqueConstraint(
                name="chaseslip_one_open_per_case", fields=["case", "to", "colour"],
                condition=Q(case__isnull=False) & ~Q(state="closed"),
            ),
            models.UniqueConstraint(
                name="chaseslip_one_open_per_project", fields=["project", "to", "colour"],
                condition=Q(case__isnull=True) & ~Q(state="closed"),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # what a department has to answer, what a centre has to close
            models.Index(name="chaseslip_open", fields=["to", "due_on"], condition=~Q(state="closed")),
            # the sweep: slips whose clock may have ended
            models.Index(
                name="chaseslip_clock", fields=["clock"], condition=Q(clock__isnull=False) & ~Q(state="closed")
            ),
        ]

    def __str__(self) -> str:
        """Return the number of its paper."""
        return f"督办单{self.paper.number}" if self.paper else "督办单"

    @property
    def tone(self) -> str:
        """Return the tone of its colour."""
        return TONES[self.colour]

    @property
    def is_late(self) -> bool:
        """Return whether the body has let the day of its answer pass."""
        return self.state == SlipState.ISSUED and self.due_on < timing.today()

    @transition(field=state, source=SlipState.ISSUED, target=SlipState.ANSWERED)
    def reply(self) -> None:
        """The body has said why it is late and until when it will be done."""

    @transition(field=state, source=SlipState.ANSWERED, target=SlipState.ISSUED)
    def send_back(self) -> None:
        """The answer does not do; the body answers again."""
        self.returns += 1

    @transition(field=state, source=OPEN, target=SlipState.CLOSED)
    def close(self) -> None:
        """What was chased is done, or the answer settles it."""
