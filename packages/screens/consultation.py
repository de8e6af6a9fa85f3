"""What the pages of consultations show: the list, one consultation, the telephone of a unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Prefetch, Q
from django.urls import reverse
from django.utils.safestring import SafeString

from archives import qr
from packages import consultation_rules as may
from packages.consultation_states import (
    CONSULTATION_HELD,
    CONSULTATION_OPEN,
    CONSULTATION_TOLD,
    TONES,
    UNIT_CAME,
    UNIT_TONES,
    ConsultationState,
    OffListState,
    PlanState,
    UnitState,
)
from packages.models import Consultation, ConsultationUnit, OffListItem, ServicePlan, UnitCheck, UnitPhoto
from packages.screens.acting import Act
from packages.screens.utilities import url
from packages.services.consultation_minutes import draft_minutes
from packages.services.off_list import unlisted
from projects.access import access_of
from projects.errors import ALLOWED, Verdict
from projects.models import Project, User
from projects.paging import KeyPage, as_key, key_page

PAGE = 20


# The list ------------------------------------------------------------------------------------------------------------


def consultations(user: User, *, which: str, after: str, before: str) -> KeyPage[Consultation]:
    """The consultations that a person may see: open ones, or those that are told; with what was forgotten."""
    states = CONSULTATION_TOLD if which == "told" else (*CONSULTATION_OPEN, ConsultationState.TO_TELL)
    found = Consultation.objects.visible_to(user).filter(state__in=states).defer("minutes")
    rows = found.select_related("project__owner").annotate(
        invited=Count("units", filter=Q(units__state__in=ASKED), distinct=True),
        there=Count("units", filter=Q(units__state__in=UNIT_CAME), distinct=True),
        forgotten=Count("off_list", filter=Q(off_list__state=OffListState.APPROVED), distinct=True),
    )
    return key_page(rows, sort="pk", size=PAGE, after=as_key(after), before=as_key(before))


ASKED = [state for state in UnitState.values if state != UnitState.RELEASED]


# One consultation ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit on the page."""

    unit: ConsultationUnit
    done: int
    total: int
    photos: tuple[UnitPhoto, ...]
    is_mine: bool
    acts: tuple[Act, ...]

    @property
    def tone(self) -> str:
        """Colour of the state."""
        return UNIT_TONES[self.unit.state]


@dataclass(frozen=True, slots=True)
class ConsultationPage:
    """The page of one consultation."""

    row: Consultation
    units: tuple[UnitRow, ...]
    acts: tuple[Act, ...]
    plans: tuple[ServicePlan, ...]
    off_list: tuple[OffListItem, ...]
    unlisted: tuple[tuple[str, str, str], ...]
    draft: str
    sign_code: SafeString | str
    tone: str
    is_office: bool

    @property
    def came(self) -> int:
        """How many units were there."""
        return sum(row.unit.is_asked and row.unit.state in UNIT_CAME for row in self.units)

    @property
    def asked(self) -> int:
        """How many units are asked."""
        return sum(row.unit.is_asked for row in self.units)

    @property
    def omissions(self) -> int:
        """How many items were let in after the one-time notice."""
        return sum(item.state == OffListState.APPROVED for item in self.off_list)

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The way of a consultation, each step with done, now or nothing."""
        order = [
            ConsultationState.PLANNED, ConsultationState.INVITED, ConsultationState.SURVEYING,
            ConsultationState.MEETING, ConsultationState.TO_TELL, ConsultationState.TOLD, ConsultationState.SIGNED,
        ]
        if self.row.state == ConsultationState.CANCELLED:
            return []
        state = ConsultationState.TOLD if self.row.state == ConsultationState.CHANGED else self.row.state
        at = order.index(ConsultationState(state))
        return [(str(step.label), "done" if n < at else "now" if n == at else "") for n, step in enumerate(order)]


def consultation_page(row: Consultation, user: User) -> ConsultationPage:
    """The page of a consultation for this user. A fixed number of queries."""
    found = ConsultationUnit.objects.filter(consultation=row).select_related(
        "organisation", "signed_in_by", "confirmed_by"
    ).annotate(
        total=Count("checks", distinct=True), done=Count("checks", filter=~Q(checks__answer=""), distinct=True)
    ).prefetch_related(Prefetch("photos", UnitPhoto.objects.select_related("document")))
    units: list[Any] = list(found.order_by("pk"))
    mine = access_of(user).organisation_ids
    rows = []
    for unit in units:
        unit.consultation = row
        rows.append(UnitRow(
            unit, unit.done, unit.total, tuple(unit.photos.all()), unit.organisation_id in mine,
            tuple(_unit_acts(unit, user)),
        ))
    versions = ServicePlan.objects.visible_to(user).filter(consultation=row).defer("chart", "content")
    plans = tuple(versions.select_related("notice_paper__delivery", "edited_by", "told_by"))
    off = tuple(OffListItem.objects.filter(consultation=row).select_related("proposed_by", "decided_by"))
    office, told = access_of(user).is_office, row.state in CONSULTATION_TOLD
    draft = draft_minutes(row) if row.state == ConsultationState.MEETING and may.can_run(user, row) else ""
    return ConsultationPage(
        row, tuple(rows), tuple(_acts(row, user, plans)), plans, off, tuple(unlisted(row.project)) if told and office
        else (), draft, sign_code(row) if row.state in CONSULTATION_HELD and may.can_run(user, row) else "",
        TONES[row.state], office,
    )


def _acts(row: Consultation, user: User, plans: Sequence[ServicePlan]) -> list[Act]:
    """The next steps, the most important first."""
    acts: list[Act] = []
    if row.state == ConsultationState.PLANNED:
        acts.append(Act("发出通知", url("consultation_invite", row.pk), may.can_invite(user, row)))
    elif row.state == ConsultationState.INVITED:
        acts += [Act("开始踏勘", url("consultation_open", row.pk), may.can_open_survey(user, row)),
                 Act("改期", url("consultation_invite", row.pk), may.can_invite(user, row))]
    elif row.state == ConsultationState.SURVEYING:
        acts += [Act("显示签到码", url("consultation_code", row.pk), may.can_run(user, row)),
                 Act("结束踏勘，开始会商", url("consultation_meeting", row.pk), may.can_begin_meeting(user, row)),
                 Act("改期", url("consultation_invite", row.pk), may.can_invite(user, row))]
    elif row.state == ConsultationState.MEETING:
        acts += [Act("签发纪要", url("consultation_minutes", row.pk), may.can_sign_minutes(user, row)),
                 Act("催办", url("consultation_chase", row.pk), may.can_run(user, row))]
    draft = next((plan for plan in plans if plan.state == PlanState.DRAFT), None)
    if draft is not None:
        draft.project = row.project
        acts.append(Act(f"打开第 {draft.version} 版草稿", url("service_plan", draft.pk), ALLOWED))
    elif row.state in CONSULTATION_TOLD:
        acts.append(Act("变更方案和清单", url("consultation_revise", row.pk), may.can_revise(user, row)))
        verdict = may.can_propose_off_list(user, row.project)
        acts.append(Act("提出清单外事项", url("off_list_new", row.project_id), verdict))
    if row.state in CONSULTATION_OPEN:
        acts.append(Act("补邀单位", url("consultation_add", row.pk), may.can_run(user, row)))
        acts.append(Act("取消会商", url("consultation_cancel", row.pk), may.can_cancel(user, row), danger=True))
    if access_of(user).is_enterprise:
        return [act for act in acts if act.verdict]
    return acts


def _unit_acts(unit: ConsultationUnit, user: User) -> list[Act]:
    acts = []
    if may.can_write(user, unit):
        acts.append(Act("提交书面意见", url("unit_opinion", unit.pk), ALLOWED))
    open_to = unit.is_asked and unit.state in (UnitState.PROPOSED, UnitState.INVITED, UnitState.ABSENT)
    if open_to and may.can_run(user, unit.consultation):
        acts.append(Act("移出名单", url("unit_release", unit.pk), ALLOWED, danger=True))
    return acts


# The code and the telephone ------------------------------------------------------------------------------------------


def sign_address(row: Consultation) -> str:
    """The address that people scan to sign in."""
    return f"{settings.SITE_URL}{reverse('packages:consultation_sign', args=[row.token])}"


def sign_code(row: Consultation, size: int = 240) -> SafeString:
    """The code that people scan to sign in."""
    return qr.svg(sign_address(row), label="会商签到码", size=size)


@dataclass(frozen=True, slots=True)
class UnitPage:
    """A unit's checklist on the telephone."""

    unit: ConsultationUnit
    lines: tuple[UnitCheck, ...]
    photos: tuple[UnitPhoto, ...]
    verdict: Verdict
    tone: str

    @property
    def done(self) -> int:
        """How many lines are answered."""
        return sum(bool(line.answer) for line in self.lines)


def unit_page(unit: ConsultationUnit, user: User) -> UnitPage:
    """The checklist of a unit for this user."""
    lines = tuple(unit.checks.select_related("changed_by").order_by("order"))
    photos = tuple(unit.photos.select_related("document", "taken_by").order_by("pk"))
    return UnitPage(unit, lines, photos, may.can_tick(user, unit), UNIT_TONES[unit.state])


def off_list_of(project: Project) -> list[OffListItem]:
    """What was proposed for a project, the newest first."""
    return list(OffListItem.objects.filter(project=project).select_related("proposed_by", "decided_by"))


def plan_matters(unlisted_rows: Sequence[tuple[str, str, str]], every: Sequence[Any]) -> list[tuple[str, str]]:
    """The matters to choose from: those not on the list first."""
    first = {code: name for code, name, material in unlisted_rows if not material}
    rest = {view.code: view.name for view in every if view.code not in first}
    return [(code, f"{name}（不在清单上）") for code, name in first.items()] + list(rest.items())
