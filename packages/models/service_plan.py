"""一方案一图一清单: the versions of what a consultation leaves, and what appears later (清单外)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from packages.consultation_states import PLAN_LIVE, OffListCause, OffListKind, OffListState, PlanState
from packages.models.consultation import Consultation
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


def _person(name: str) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=name
    )


def _paper(name: str) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=name
    )


class ServicePlanQuerySet(models.QuerySet["ServicePlan"]):
    """Composable reads of versions."""

    def visible_to(self, user: User | AnonymousUser) -> ServicePlanQuerySet:
        """Return those of visible projects; a draft is for the office."""
        from projects.access import access_of

        found = self.filter(project__in=Project.objects.visible_to(user))
        return found if access_of(user).is_office else found.exclude(state=PlanState.DRAFT)

    def live(self) -> ServicePlanQuerySet:
        """Return what the owner was told and has not been replaced."""
        return self.filter(state__in=PLAN_LIVE)


class ServicePlan(StateModel):
    """One version of 一方案一图一清单; frozen from the live plan, edited while it is a draft, told, signed for.

    `content`: `scheme` (facts, options, contacts, targets, risks, people) and `rows` (one per matter). `difference`
    are the lines of the page that compares it with the version before. `edit` counts the savings of a draft: a form
    that began with an older one is refused. `revision` is that of the plan it was written from.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="service_plans", verbose_name="项目")
    consultation = models.ForeignKey(
        Consultation, on_delete=models.PROTECT, related_name="plans", verbose_name="联合会商"
    )
    version = models.PositiveSmallIntegerField("版次")
    state = StateField("状态", choices=PlanState, default=PlanState.DRAFT)
    revision = models.PositiveSmallIntegerField("计划版次")
    content = models.JSONField("内容")
    chart = models.TextField("流程图", blank=True)
    difference = models.JSONField("较上一版", default=list)
    reason = models.CharField("变更原因", max_length=300, blank=True)
    edit = models.PositiveSmallIntegerField("修改次数", default=0)
    edited_by = _person("修改人")
    edited_at = models.DateTimeField("修改时间")
    told_by = _person("告知人")
    told_at = models.DateTimeField("告知时间", null=True, blank=True)
    signed_at = models.DateTimeField("签收时间", null=True, blank=True)
    scheme_paper, chart_paper, list_paper = _paper("服务方案"), _paper("流程图"), _paper("事项清单")
    notice_paper = _paper("一次性告知单")

    objects = ServicePlanQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "一方案一图一清单"
        ordering = ("-version",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("serviceplan_state_known", "state", PlanState),
            models.UniqueConstraint(name="serviceplan_version", fields=["consultation", "version"]),
            models.UniqueConstraint(
                name="serviceplan_one_draft", fields=["consultation"], condition=Q(state=PlanState.DRAFT)
            ),
            models.UniqueConstraint(
                name="serviceplan_one_live", fields=["consultation"], condition=Q(state__in=list(PLAN_LIVE))
            ),
            models.CheckConstraint(
                name="serviceplan_told_has_paper",
                condition=Q(state=PlanState.DRAFT) | Q(notice_paper__isnull=False, told_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return what it is."""
        return f"一方案一图一清单 第 {self.version} 版"

    @transition(field=state, source=PlanState.DRAFT, target=PlanState.TOLD)
    def tell(self) -> None:
        """It went out to the owner as one notice with three annexes."""

    @transition(field=state, source=PlanState.TOLD, target=PlanState.SIGNED)
    def sign(self) -> None:
        """The owner signed for it."""

    @transition(field=state, source=list(PLAN_LIVE), target=PlanState.REPLACED)
    def replace(self) -> None:
        """A newer version was told."""


class OffListQuerySet(models.QuerySet["OffListItem"]):
    """Composable reads of what is off the list."""

    def visible_to(self, user: User | AnonymousUser) -> OffListQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def counted(self) -> OffListQuerySet:
        """Return what counts against its consultation (会商遗漏): whatever the centre had to let in later."""
        return self.filter(state=OffListState.APPROVED)


class OffListItem(StateModel):
    """清单外: a matter or a material that appears after the one-time notice; proposed by one, approved by another."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="off_list", verbose_name="项目")
    consultation = models.ForeignKey(
        Consultation, on_delete=models.PROTECT, related_name="off_list", verbose_name="联合会商"
    )
    state = StateField("状态", choices=OffListState, default=OffListState.PROPOSED)
    kind = models.CharField("类别", max_length=10, choices=OffListKind)
    code = models.SlugField("事项代码", max_length=60)
    name = models.CharField("事项", max_length=120)
    material = models.CharField("材料", max_length=200, blank=True)
    cause = models.CharField("原因", max_length=10, choices=OffListCause)
    reason = models.CharField("理由", max_length=300)
    basis = models.CharField("依据", max_length=300)
    proposed_by = _person("提出人")
    proposed_at = models.DateTimeField("提出时间")
    decided_by = _person("批准人")
    decided_at = models.DateTimeField("批准时间", null=True, blank=True)
    answer = models.CharField("批准意见", max_length=300, blank=True)

    objects = OffListQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "清单外事项"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("offlistitem_state_known", "state", OffListState),
            models.UniqueConstraint(
                name="offlistitem_once", fields=["consultation", "code", "material"],
                condition=~Q(state=OffListState.REFUSED),
            ),
            models.CheckConstraint(
                name="offlistitem_two_people",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="offlistitem_decided_has_person",
                condition=Q(state=OffListState.PROPOSED) | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="offlistitem_material_named",
                condition=Q(kind=OffListKind.MATTER, material="") | Q(kind=OffListKind.MATERIAL) & ~Q(material=""),
            ),
        ]

    def __str__(self) -> str:
        """Return what it is."""
        return f"{self.name}：{self.material}" if self.material else self.name

    @transition(field=state, source=OffListState.PROPOSED, target=OffListState.APPROVED)
    def approve(self) -> None:
        """The centre lets it in; it counts against the consultation."""

    @transition(field=state, source=OffListState.PROPOSED, target=OffListState.REFUSED)
    def refuse(self) -> None:
        """It may not be demanded."""
