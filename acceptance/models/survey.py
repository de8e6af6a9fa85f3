"""多测合一: one commission, one survey, areas by building; and 房证同交: what goes to the registry."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from acceptance.models.acceptance import AcceptanceApplication
from acceptance.models.parts import person_key
from acceptance.states import SURVEY_OPEN, HandoverState, SurveyState
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser


class SurveyQuerySet(models.QuerySet["JointSurvey"]):
    """Composable reads of surveys."""

    def visible_to(self, user: Person) -> SurveyQuerySet:
        """Return those of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class JointSurvey(StateModel):
    """One commission and one survey of a works, in place of one per department.

    `kinds` are the surveys that it merges. `clock` is the intermediary's. Areas in m²; `total_area` is what the report
    says as its sum, which has to be the sum of its buildings. `shared_with` names who uses the result.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="joint_surveys", verbose_name="项目")
    work_unit = models.ForeignKey("projects.WorkUnit", on_delete=models.PROTECT, related_name="+", verbose_name="工程")
    surveyor = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="joint_surveys", verbose_name="测绘单位"
    )
    state = StateField("状态", choices=SurveyState, default=SurveyState.COMMISSIONED)
    kinds = models.JSONField("合并的测绘", default=list)
    contract = models.CharField("合同编号", max_length=60, blank=True)
    commissioned_on = models.DateField("委托日期")
    commissioned_by = person_key("委托经办人", null=False)
    clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="时钟"
    )
    surveyed_on = models.DateField("外业日期", null=True, blank=True)
    total_area = models.DecimalField("实测总建筑面积（m²）", max_digits=12, decimal_places=2, null=True, blank=True)
    green_area = models.DecimalField("实测绿地面积（m²）", max_digits=12, decimal_places=2, null=True, blank=True)
    report = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="成果报告"
    )
    handed_in_at = models.DateTimeField("提交成果时间", null=True, blank=True)
    handed_in_by = person_key("提交人")
    return_reason = models.CharField("退回原因", max_length=300, blank=True)
    shared_at = models.DateTimeField("共享时间", null=True, blank=True)
    shared_by = person_key("核对人")
    shared_with = models.JSONField("共享给", default=list, blank=True)

    objects = SurveyQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "多测合一"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("jointsurvey_state_known", "state", SurveyState),
            models.UniqueConstraint(
                name="jointsurvey_one_open", fields=["work_unit"], condition=Q(state__in=list(SURVEY_OPEN))
            ),
            models.CheckConstraint(
                name="jointsurvey_shared_is_whole",
                condition=~Q(state=SurveyState.SHARED)
                | Q(total_area__isnull=False, report__isnull=False, shared_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return what is surveyed."""
        return f"{self.work_unit} 多测合一"

    @transition(field=state, source=[SurveyState.COMMISSIONED, SurveyState.RETURNED], target=SurveyState.HANDED_IN)
    def hand_in(self) -> None:
        """The result is here and its areas add up."""

    @transition(field=state, source=SurveyState.HANDED_IN, target=SurveyState.RETURNED)
    def send_back(self) -> None:
        """It has to be surveyed again."""

    @transition(field=state, source=SurveyState.HANDED_IN, target=SurveyState.SHARED)
    def share(self) -> None:
        """Everybody uses it."""

    @transition(field=state, source=[SurveyState.COMMISSIONED, SurveyState.RETURNED], target=SurveyState.CANCELLED)
    def cancel(self) -> None:
        """The commission is over without a result."""


class SurveyedBuilding(models.Model):
    """What was measured of one building, beside what the permit says (frozen when the result was handed in)."""

    survey = models.ForeignKey(
        JointSurvey, on_delete=models.CASCADE, related_name="buildings", verbose_name="多测合一"
    )
    building = models.ForeignKey(
        "projects.Building", on_delete=models.PROTECT, related_name="surveys", verbose_name="单体"
    )
    above = models.DecimalField("地上面积（m²）", max_digits=12, decimal_places=2)
    below = models.DecimalField("地下面积（m²）", max_digits=12, decimal_places=2)
    total = models.DecimalField("合计（m²）", max_digits=12, decimal_places=2)
    permitted = models.DecimalField("许可面积（m²）", max_digits=12, decimal_places=2, null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "单体实测面积"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="surveyedbuilding_once", fields=["survey", "building"]),
            models.CheckConstraint(
                name="surveyedbuilding_adds_up",
                condition=Q(total=F("above") + F("below"), above__gte=0, below__gte=0),
            ),
        ]

    def __str__(self) -> str:
        """Return the building."""
        return f"{self.building} {self.total} m²"

    @property
    def difference(self) -> Decimal | None:
        """Measured less permitted, m²; none where the permit gives no area."""
        return None if self.permitted is None else self.total - self.permitted


class HandoverQuerySet(models.QuerySet["RegistryHandover"]):
    """Composable reads of hand-overs."""

    def visible_to(self, user: Person) -> HandoverQuerySet:
        """Return those of visible projects and those for a registry of the user."""
        from projects.access import access_of

        mine = Q(registry_id__in=access_of(user).organisation_ids)
        return self.filter(Q(acceptance__project__in=Project.objects.visible_to(user)) | mine)


class RegistryHandover(StateModel):
    """房证同交: survey, conclusion and pre-filled first registration, handed to the registry as one package.

    `prefill` is the frozen form of the first registration. `keys_on` (交房日) is the owner's, `registered_on` (领证日)
    the registry's: the two are shown side by side.
    """

    acceptance = models.OneToOneField(
        AcceptanceApplication, on_delete=models.PROTECT, related_name="handover", verbose_name="联合验收"
    )
    registry = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="登记机构"
    )
    survey = models.ForeignKey(JointSurvey, on_delete=models.PROTECT, related_name="+", verbose_name="测绘成果")
    conclusion = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, related_name="+", verbose_name="验收意见书"
    )
    paper = models.ForeignKey(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="移交单"
    )
    case = models.ForeignKey(
        "packages.MatterCase", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="首次登记办件"
    )
    state = StateField("状态", choices=HandoverState, default=HandoverState.HANDED)
    prefill = models.JSONField("首次登记预填", default=dict)
    is_deferred = models.BooleanField("容缺通过", default=False)
    handed_at = models.DateTimeField("移交时间")
    handed_by = person_key("移交人", null=False)
    received_at = models.DateTimeField("接收时间", null=True, blank=True)
    received_by = person_key("接收人")
    keys_on = models.DateField("交房日", null=True, blank=True)
    registered_on = models.DateField("领证日", null=True, blank=True)
    certificate = models.CharField("不动产权证号", max_length=60, blank=True)

    objects = HandoverQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "房证同交移交"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("registryhandover_state_known", "state", HandoverState),
        ]

    def __str__(self) -> str:
        """Return what is handed over."""
        return f"{self.acceptance.what} 房证同交"

    @transition(field=state, source=HandoverState.HANDED, target=HandoverState.RECEIVED)
    def receive(self) -> None:
        """The registry has the package."""

    @transition(field=state, source=HandoverState.RECEIVED, target=HandoverState.REGISTERED)
    def register(self) -> None:
        """The right is registered."""
