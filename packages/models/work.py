"""Work on the catalogue: a project's enrolment, applications, cases, checklists, and what was done elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import transition

from packages.choices import MatterStage
from packages.models.catalogue import MaterialDef, MatterVersion, PackageRow, PackageVersion
from packages.states import (
    CASE_DECIDED,
    CASE_PASSED,
    CASE_RUNNING,
    ApplicationSource,
    CaseState,
    Handling,
    MaterialState,
    Origin,
    SpecialKind,
    Supply,
)
from packages.verdict_words import words_of
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class Enrolment(models.Model):
    """A project on one version of one package, with the facts that decide its plan."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="enrolment", verbose_name="项目")
    package_version = models.ForeignKey(
        PackageVersion, on_delete=models.PROTECT, related_name="enrolments", verbose_name="套餐版本"
    )
    facts = models.JSONField("情形", default=dict)
    reasons = models.JSONField("套餐理由", default=list)
    revision = models.PositiveSmallIntegerField("计划版次", default=1)
    options = models.JSONField("选用的办理方式", default=list)
    works_days = models.PositiveSmallIntegerField("施工工期（自然日）", null=True, blank=True)
    enrolled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="确认人"
    )
    enrolled_at = models.DateTimeField("确认时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "套餐"

    def __str__(self) -> str:
        """Return project and package."""
        return f"{self.project}: {self.package_version}"


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Composable reads of applications."""

    def visible_to(self, user: User | AnonymousUser) -> ApplicationQuerySet:
        """Return the applications of visible projects."""
        return self.filter(project__in=Project.objects.visible_to(user))


class Application(models.Model):
    """One application (申报) for several matters of a project at once. Its state is derived from its cases."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="applications", verbose_name="项目")
    number = models.CharField("办件流水号", max_length=40, unique=True)
    source = models.CharField("来源", max_length=3, choices=ApplicationSource)
    applicant = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="申请人"
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="经手人"
    )
    opened_at = models.DateTimeField("开始时间")
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    form_key = models.CharField("表单键", max_length=36, blank=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        """Names, constraints."""

        verbose_name = verbose_name_plural = "申报"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # a form that is posted twice opens one application
            models.UniqueConstraint(name="application_form_once", fields=["form_key"], condition=~Q(form_key="")),
        ]

    def __str__(self) -> str:
        """Return the filing number."""
        return self.number


class MatterCaseQuerySet(models.QuerySet["MatterCase"]):
    """Composable reads of cases."""

    def visible_to(self, user: User | AnonymousUser) -> MatterCaseQuerySet:
        """Return the cases of visible projects; an enterprise sees its own projects' cases only."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def open(self) -> MatterCaseQuerySet:
        """Return the cases that are received and not ended."""
        return self.filter(state__in=[CaseState.RECEIVED, *CASE_RUNNING])


class MatterCase(StateModel):
    """办件: one matter of one project's works. It is `draft` (未开始) from enrolment until it is applied for.

    Accept, clock and decide happen per case. `due_on` mirrors the due date of the clock that runs now (intake or
    promised; none while paused), so that the work list is ordered by an index; `yellow_on` is its yellow day.
    `window_by` is the clerk at whose window it lies (我的窗口): who received, accepted or took it over last.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="cases", verbose_name="项目")
    work_unit = models.ForeignKey(
        "projects.WorkUnit", on_delete=models.PROTECT, related_name="cases", verbose_name="工程"
    )
    matter = models.ForeignKey(MatterVersion, on_delete=models.PROTECT, related_name="cases", verbose_name="事项")
    package_row = models.ForeignKey(
        PackageRow, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="套餐行"
    )
    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, null=True, blank=True, related_name="cases", verbose_name="申报"
    )
    number = models.CharField("办件编号", max_length=40, blank=True)
    stage = models.CharField("阶段", max_length=12, choices=MatterStage)
    lead = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="牵头部门"
    )
    handling = models.CharField("办理方式", max_length=12, choices=Handling, default=Handling.REVIEW)
    state = StateField("状态", choices=CaseState, default=CaseState.DRAFT)
    state_before_pause = models.CharField("暂停前状态", max_length=24, blank=True)
    promised_days = models.PositiveSmallIntegerField("承诺时限（工作日）")
    is_milestone = models.BooleanField("里程碑事项", default=False)
    intake_clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="接件时钟"
    )
    promised_clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="承诺时钟"
    )
    statutory_clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="法定时钟"
    )
    special_clock = models.ForeignKey(
        "projects.Clock", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="特别程序时钟",
    )
    special_kind = models.CharField("特别程序", max_length=16, choices=SpecialKind, blank=True)
    due_on = models.DateField("到期", null=True, blank=True)
    yellow_on = models.DateField("预警日", null=True, blank=True)
    window_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        verbose_name="经办窗口",
    )
    received_at = models.DateTimeField("接件时间", null=True, blank=True)
    accepted_at = models.DateTimeField("受理时间", null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="受理人"
    )
    is_deemed_accepted = models.BooleanField("视为受理", default=False)
    decided_at = models.DateTimeField("办结时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="决定人"
    )
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)
    decision_note = models.CharField("决定说明", max_length=500, blank=True)
    used_days = models.PositiveSmallIntegerField("用时（工作日）", null=True, blank=True)
    is_overdue = models.BooleanField("超时办结", default=False)

    objects = MatterCaseQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "办件"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("mattercase_state_known", "state", CaseState),
            models.UniqueConstraint(
                name="mattercase_one_live",
                fields=["work_unit", "matter"],
                condition=Q(state__in=[CaseState.DRAFT, CaseState.RECEIVED, *CASE_RUNNING, *CASE_PASSED]),
            ),
            models.UniqueConstraint(name="mattercase_number_unique", fields=["number"], condition=~Q(number="")),
            models.CheckConstraint(
                name="mattercase_decided_has_time",
                condition=~Q(state__in=list(CASE_DECIDED)) | Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="mattercase_running_was_accepted",
                condition=~Q(state__in=[CaseState.ACCEPTED, CaseState.IN_REVIEW, CaseState.SUSPENDED])
                | Q(accepted_at__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the work list: what is open, most urgent first
            models.Index(
                name="mattercase_open_due", fields=["due_on", "id"],
                condition=Q(state__in=[CaseState.RECEIVED, *CASE_RUNNING]),
            ),
            # the same at one clerk's window, and what no clerk has yet
            models.Index(
                name="mattercase_window_due", fields=["window_by", "due_on", "id"],
                condition=Q(state__in=[CaseState.RECEIVED, *CASE_RUNNING]),
            ),
            # the same in one state: what waits at the window, what the owner has to correct
            models.Index(
                name="mattercase_state_due", fields=["state", "due_on", "id"],
                condition=Q(state__in=[CaseState.RECEIVED, *CASE_RUNNING]),
            ),
            # the same of one lead department
            models.Index(
                name="mattercase_lead_due", fields=["lead", "due_on", "id"],
                condition=Q(state__in=[CaseState.RECEIVED, *CASE_RUNNING]),
            ),
            # the start of a filing number
            models.Index(name="mattercase_number_start", fields=["number"], opclasses=["varchar_pattern_ops"]),
            # the cases of a project by stage, and its milestones
            models.Index(name="mattercase_project_stage", fields=["project", "stage", "id"]),
            # the bulletin: what a department decided, received, in a period
            models.Index(name="mattercase_lead_decided", fields=["lead", "decided_at"]),
            models.Index(name="mattercase_lead_received", fields=["lead", "received_at"]),
            # the cockpit beside last month, the bulletin: what ended since a day
            models.Index(name="mattercase_ended", fields=["ended_at"], condition=Q(ended_at__isnull=False)),
            # the cases of one department by state
            models.Index(name="mattercase_lead_state", fields=["lead", "state", "due_on"]),
        ]

    def __str__(self) -> str:
        """Return the matter's name."""
        return self.matter.name

    @property
    def running_clock_id(self) -> int | None:
        """Return the clock that `due_on` is taken from: intake, then promise."""
        clock_id: int | None = self.intake_clock_id if self.state == CaseState.RECEIVED else self.promised_clock_id
        return clock_id

    def get_state_display(self) -> str:  # type: ignore[no-redef]  # Django makes one where there is none
        """Return the word of the state: 待补全 before the acceptance, 待补正 after it; a refused filing is 不予备案."""
        if self.state == CaseState.CORRECTING:
            return f"待{self.fault_word}"
        return words_of(self.matter).refused if self.state == CaseState.FAILED else str(CaseState(self.state).label)

    @property
    def fault_word(self) -> str:
        """Return what the law calls the mending of a told fault: 补全 before the acceptance, 补正 after it."""
        return "补全" if self.accepted_at is None else "补正"

    @property
    def waits_for_completion(self) -> bool:
        """Whether faults were told before the acceptance and the answers have not been handed back (待补全)."""
        return self.state == CaseState.CORRECTING and self.accepted_at is None

    @transition(field=state, source=CaseState.DRAFT, target=CaseState.WITHDRAWN)
    def drop(self) -> None:
        """The facts of the project changed and the matter no longer applies (不再适用)."""

    @transition(field=state, source=CaseState.DRAFT, target=CaseState.RECEIVED)
    def receive(self) -> None:
        """The application came in (event 1)."""

    @transition(field=state, source=[CaseState.RECEIVED, CaseState.IN_REVIEW, CaseState.SUSPENDED],
                target=CaseState.CORRECTING)
    def begin_correction(self) -> None:
        """One notice with all faults was given (event 6)."""

    @transition(field=state, source=CaseState.CORRECTING, target=CaseState.RECEIVED)
    def return_to_received(self) -> None:
        """All faults are answered; the case was only received before (event 7)."""

    @transition(field=state, source=[CaseState.CORRECTING, CaseState.SUSPENDED], target=CaseState.IN_REVIEW)
    def return_to_review(self) -> None:
        """The last open pause of a running case ended (event 7 or 10)."""

    @transition(field=state, source=CaseState.RECEIVED, target=CaseState.ACCEPTED)
    def accept(self) -> None:
        """The window accepts, or the law does after five working days (event 3)."""

    @transition(field=state, source=CaseState.ACCEPTED, target=CaseState.IN_REVIEW)
    def open_review(self) -> None:
        """The departments begin (event 8)."""

    @transition(field=state, source=[CaseState.IN_REVIEW, CaseState.CORRECTING], target=CaseState.SUSPENDED)
    def suspend(self) -> None:
        """A special procedure stops the clock (event 9)."""

    @transition(field=state, source=CaseState.IN_REVIEW, target=CaseState.PASSED)
    def decide_pass(self) -> None:
        """The chief representative grants (event 11)."""

    @transition(field=state, source=CaseState.IN_REVIEW, target=CaseState.PASSED_DEFERRED)
    def decide_pass_deferred(self) -> None:
        """Granted, with papers to be handed in later (event 12)."""

    @transition(field=state, source=[CaseState.IN_REVIEW, CaseState.CORRECTING], target=CaseState.FAILED)
    def decide_fail(self) -> None:
        """The chief representative refuses (event 13), also where a correction never came."""

    @transition(field=state, source=CaseState.DRAFT, target=CaseState.PASSED)
    def close_outside(self) -> None:
        """What no screen of ours carries out is done, with evidence (外部办理)."""

    @transition(field=state, source=CaseState.RECEIVED, target=CaseState.NOT_TAKEN)
    def not_take(self) -> None:
        """Not a matter of this body, or no permit is needed (event 4)."""

    @transition(field=state, source=[CaseState.RECEIVED, CaseState.CORRECTING], target=CaseState.REFUSED_INTAKE)
    def refuse_intake(self) -> None:
        """Still deficient (event 5), also where the completion never came."""

    @transition(field=state, source=[CaseState.RECEIVED, *CASE_RUNNING], target=CaseState.WITHDRAWN)
    def withdraw(self) -> None:
        """The owner takes it back, the window confirms (event 2)."""

    @transition(field=state, source=[CaseState.IN_REVIEW, CaseState.CORRECTING], target=CaseState.RECALLED)
    def recall(self) -> None:
        """The body takes back its step (event 14)."""

    @transition(field=state, source=list(CASE_DECIDED), target=CaseState.REVOKED)
    def revoke(self) -> None:
        """The decision is taken away (event 15)."""


class MaterialItem(models.Model):
    """One line of a case's checklist, copied from the catalogue when the matter is applied for."""

    case = models.ForeignKey(MatterCase, on_delete=models.PROTECT, related_name="materials", verbose_name="办件")
    definition = models.ForeignKey(
        MaterialDef, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="材料定义"
    )
    order = models.PositiveSmallIntegerField("序号")
    name = models.CharField("材料", max_length=200)
    form = models.CharField("形式", max_length=10)
    source = models.CharField("来源", max_length=10)
    source_note = models.CharField("来源说明", max_length=200, blank=True)
    kind = models.ForeignKey("archives.DocumentKind", on_delete=models.PROTECT, related_name="+", verbose_name="种类")
    state = models.CharField("状态", max_length=16, choices=MaterialState, default=MaterialState.MISSING)
    document = models.ForeignKey(
        "archives.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="used_by",
        verbose_name="文件",
    )
    is_automatic = models.BooleanField("自动匹配", default=False)
    origin = models.CharField("取得途径", max_length=10, choices=Origin, blank=True)
    origin_note = models.CharField("出处", max_length=300, blank=True)
    supply = models.CharField("提供方式", max_length=8, choices=Supply, blank=True)
    supplier = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="提供部门",
    )
    warning = models.CharField("警示", max_length=300, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="修改人"
    )
    changed_at = models.DateTimeField("修改时间", null=True, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "材料清单"
        ordering = ("case", "order")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="materialitem_order_unique", fields=["case", "order"]),
            models.CheckConstraint(
                name="materialitem_state_known", condition=Q(state__in=list(MaterialState.values))
            ),
            models.CheckConstraint(
                name="materialitem_upload_has_document",
                condition=~Q(state__in=[MaterialState.UPLOADED, MaterialState.HELD, MaterialState.LETTER])
                | Q(document__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class OutsideResult(models.Model):
    """外部办理: what was done elsewhere, when, with which evidence, and who recorded it."""

    case = models.OneToOneField(
        MatterCase, on_delete=models.PROTECT, related_name="outside_result", verbose_name="办件"
    )
    result = models.CharField("结果", max_length=300)
    done_on = models.DateField("办成日期")
    evidence = models.ForeignKey(
        "archives.DocumentVersion", on_delete=models.PROTECT, related_name="+", verbose_name="佐证"
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="登记人"
    )
    recorded_at = models.DateTimeField("登记时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "外部办理结果"

    def __str__(self) -> str:
        """Return the result."""
        return self.result
