"""IssueItem: one table for 缺口, 补正, 容缺, 承诺, 整改 and 堵点."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from projects.fsm import StateField, StateModel, state_check
from projects.states import ISSUE_OPEN, IssueKind, IssueState


class IssueItemQuerySet(models.QuerySet["IssueItem"]):
    """Composable reads of issue items."""

    def open(self) -> IssueItemQuerySet:
        """Return those that are not settled."""
        return self.filter(state__in=list(ISSUE_OPEN))


class IssueItem(StateModel):
    """Something that somebody owes: what, on what basis, how to fix it, who owes it, until when, closed by what.

    `subject_type` and `subject_key` name the object it hangs on (a case, an acceptance application), since the kernel
    knows nothing of higher apps. `batch` groups the items of one notice or one list; `raised_on` is its day.
    """

    project = models.ForeignKey(
        "projects.Project", on_delete=models.PROTECT, related_name="issues", verbose_name="项目"
    )
    kind = models.CharField("类别", max_length=14, choices=IssueKind)
    state = StateField("状态", choices=IssueState, default=IssueState.OPEN)
    subject_type = models.CharField("对象类型", max_length=60)
    subject_key = models.CharField("对象主键", max_length=40)
    batch = models.PositiveSmallIntegerField("批次", default=1)
    what = models.CharField("问题", max_length=300)
    basis = models.CharField("依据", max_length=300)
    how_to_fix = models.CharField("怎么改", max_length=500)
    debtor_organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="责任单位"
    )
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="提出人"
    )
    raised_for = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="提出单位"
    )
    raised_at = models.DateTimeField("提出时间")
    due_on = models.DateField("期限", null=True, blank=True)
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="时钟"
    )
    answer = models.CharField("答复", max_length=500, blank=True)
    is_late = models.BooleanField("清单后新增", default=False)
    is_confidential = models.BooleanField("不公开", default=False)
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="核实人"
    )

    objects = IssueItemQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "问题清单"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("issueitem_state_known", "state", IssueState),
            models.CheckConstraint(name="issueitem_kind_known", condition=Q(kind__in=list(IssueKind.values))),
            models.CheckConstraint(
                name="issueitem_says_how",
                condition=~Q(kind__in=[IssueKind.CORRECTION, IssueKind.RECTIFICATION]) | ~Q(how_to_fix=""),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # what is open in a project
            models.Index(name="issueitem_project_state", fields=["project", "state"]),
            # the items of a case or an acceptance application
            models.Index(name="issueitem_of_subject", fields=["subject_type", "subject_key"]),
        ]

    def __str__(self) -> str:
        """Return what is owed."""
        return self.what

    @transition(field=state, source=[IssueState.OPEN, IssueState.CLAIMED, IssueState.DOING, IssueState.REJECTED],
                target=IssueState.SUBMITTED)
    def submit(self, answer: str) -> None:
        """The debtor answers."""
        self.answer = answer

    @transition(field=state, source=IssueState.OPEN, target=IssueState.CLAIMED)
    def claim(self) -> None:
        """Somebody takes it on."""

    @transition(field=state, source=[IssueState.OPEN, IssueState.CLAIMED, IssueState.REJECTED], target=IssueState.DOING)
    def begin(self) -> None:
        """Work on it has begun."""

    @transition(field=state, source=IssueState.SUBMITTED, target=IssueState.VERIFIED)
    def verify(self) -> None:
        """The answer holds."""

    @transition(field=state, source=IssueState.SUBMITTED, target=IssueState.REJECTED)
    def reject(self) -> None:
        """The answer does not hold; the item is open again."""

    @transition(field=state, source=list(ISSUE_OPEN), target=IssueState.WAIVED)
    def waive(self) -> None:
        """It is no longer owed, for a reason that the event tells."""
