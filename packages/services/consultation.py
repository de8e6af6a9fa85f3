"""联合会商: called, units proposed from the plan and invited, one survey, one meeting (handbook §4)."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max

from packages import consultation_rules as may
from packages.choices import ReviewRole
from packages.consultation_data import due, survey_items, term
from packages.consultation_states import (
    UNIT_CAME,
    CheckKind,
    ConsultationState,
    UnitKind,
    UnitState,
)
from packages.models import Consultation, ConsultationUnit, UnitCheck
from packages.planning.build import MatterView, PlanView
from packages.ripeness import ripeness
from packages.services.appraisal_pool import give_back, hand_on
from packages.services.checklist import plan_of
from projects import timing, workdays
from projects.errors import DomainError, require
from projects.events import lock_project, record, record_all
from projects.models import Organisation, Project, User
from projects.services.involvement import involve_bodies
from projects.states import InvolvementRole, OrganisationKind

TOKEN_BYTES = 16
#: Bodies that stand for many and have nobody who could come.
NOBODY = frozenset({OrganisationKind.INTERMEDIARY, OrganisationKind.ENTERPRISE})
#: Bodies that are asked in the joint review; whoever comes from above is proposed and not ticked.
DISTANT = frozenset({OrganisationKind.HIGHER, OrganisationKind.LEADING_GROUP})


# Who is invited ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invitee:
    """A body that the plan proposes: the matters it leads, and whether it is ticked."""

    organisation: Organisation
    kind: str
    matters: tuple[str, ...]
    is_wanted: bool

    @property
    def why(self) -> str:
        """Why it is invited: 牵头“X”、“Y”等 5 项."""
        if not self.matters:
            return "计划中的协同部门"
        more = f"等 {len(self.matters)} 项" if len(self.matters) > 3 else ""
        return f"牵头“{'”“'.join(self.matters[:3])}”{more}"


def invitees(project: Project) -> list[Invitee]:
    """Return the bodies that the plan of a project names: who leads a matter is ticked, who is only asked is not.

    Raises `DomainError` `not_enrolled`.
    """
    plan = plan_of(project)
    leads: dict[str, list[str]] = {}
    for matter in plan.matters:
        leads.setdefault(matter.definition.lead.code, []).append(matter.name)
        for review in matter.reviews:
            if review.role != ReviewRole.LEAD:
                leads.setdefault(review.body.code, [])
    bodies = Organisation.objects.filter(code__in=list(leads)).exclude(kind__in=NOBODY).order_by("pk")
    found = [
        Invitee(body, kind_of(body), tuple(leads[body.code]), bool(leads[body.code]) and body.kind not in DISTANT)
        for body in bodies
    ]
    return sorted(found, key=lambda one: (not one.is_wanted, one.organisation.pk))


def kind_of(body: Organisation) -> str:
    """Return why a body is at the table."""
    if body.kind == OrganisationKind.UTILITY:
        return UnitKind.UTILITY
    return UnitKind.TECHNICAL if body.kind in NOBODY else UnitKind.DEPARTMENT


@transaction.atomic
def convene(
    project_id: int, *, by: User, agenda: str, unit_ids: Iterable[int], early_reason: str = "",
    at: dt.datetime | None = None,
) -> Consultation:
    """Call a consultation; while one of the project stands it is returned.

    Effects in order: the consultation with its sign-in code; a unit per body that is wanted, and the owner, each with
    its checklist; event `consultation.convened`; the pool hands the project on. Before the project is ripe the chair
    gives a reason. Raises `NotAllowed`, `DomainError` (`not_enrolled`, `agenda`, `early`, `units`).
    """
    project = lock_project(project_id)
    standing = Consultation.objects.filter(project=project).exclude(state=ConsultationState.CANCELLED).first()
    if standing is not None:
        return standing
    require(may.can_convene, by, project)
    ripe, reason = ripeness(project), early_reason.strip()
    if not agenda.strip():
        raise DomainError("agenda", "请写明议题，受邀单位才好准备。")
    if not ripe.is_ripe and not reason:
        raise DomainError("early", f"项目现在是“{ripe.word}”，提前召集会商须写明理由。")
    plan, moment = plan_of(project), at or timing.now()
    bodies = list(Organisation.objects.filter(pk__in=list(unit_ids)).exclude(pk=project.owner_id).order_by("pk"))
    if not bodies:
        raise DomainError("units", "请至少选择一个受邀单位。")
    last = Consultation.objects.filter(project=project).aggregate(last=Max("round"))["last"] or 0
    row = Consultation.objects.create(
        project=project, round=last + 1, maturity=ripe.word, early_reason="" if ripe.is_ripe else reason[:300],
        agenda=agenda.strip()[:500], token=secrets.token_urlsafe(TOKEN_BYTES), convened_by=by, convened_at=moment,
    )
    early = f"（项目{ripe.word}，理由：{reason}）" if row.early_reason else ""
    record(
        "consultation.convened", subject=row, project=project, by=by, at=at,
        summary=f"召集联合会商，拟邀请 {len(bodies)} 家单位{early}"[:300],
        data={"state": ["", row.state], "units": [body.pk for body in bodies], "maturity": ripe.word},
    )
    why = {one.organisation.pk: one.why for one in invitees(project)}
    hand_on(project, by=by, at=at)
    for body in bodies:
        _propose(row, body, plan, kind=kind_of(body), why=why.get(body.pk, "召集人邀请"), by=by, at=moment)
    _propose(row, project.owner, plan, kind=UnitKind.OWNER, why="建设单位", by=by, at=moment)
    return row


def _propose(
    row: Consultation, body: Organisation, plan: PlanView, *, kind: str, why: str, by: User, at: dt.datetime
) -> ConsultationUnit:
    """Put a body on the list with its checklist."""
    unit = ConsultationUnit.objects.create(
        consultation=row, organisation=body, kind=kind, why=why[:500], changed_at=at
    )
    record(
        "consultation.unit_proposed", subject=unit, project=row.project, by=by, at=at,
        summary=f"拟邀请{body.label}：{why}"[:300], data={"state": ["", unit.state]},
    )
    site = survey_items(body.code, kind, timing.business_day(at))
    lines = [UnitCheck(unit=unit, kind=CheckKind.SITE, text=text) for text in site]
    if kind != UnitKind.OWNER:
        lines += [_line(unit, matter) for matter in plan.matters if matter.definition.lead.code == body.code != ""]
    for order, line in enumerate(lines, 1):
        line.order = order
    UnitCheck.objects.bulk_create(lines)
    return unit


def _line(unit: ConsultationUnit, matter: MatterView) -> UnitCheck:
    return UnitCheck(
        unit=unit, kind=CheckKind.MATTER, code=matter.code, text=matter.name,
        may_commit=matter.definition.commitment_allowed, may_defer=matter.definition.deferral_allowed,
    )


# Invitations ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(  # noqa: PLR0913 - day, hour and place of the survey and of the meeting
    consultation_id: int, *, by: User, survey_at: dt.datetime, survey_place: str, meets_at: dt.datetime,
    meeting_place: str, at: dt.datetime | None = None,
) -> Consultation:
    """Send the invitations with agenda, survey and meeting; called again it fixes another day (改期).

    Effects in order: the units are involved in the project, so that they read its files; units and consultation move;
    event `consultation.invited`, on which the people of the units get a message. A survey to which nobody came goes
    back to the invitations. Raises `NotAllowed`, `DomainError` (`too_soon`, `order`, `place`, `somebody_came`).
    """
    row = lock_consultation(consultation_id)
    require(may.can_invite, by, row)
    moment = at or timing.now()
    _check_times(survey_at, meets_at, moment)
    if not survey_place.strip() or not meeting_place.strip():
        raise DomainError("place", "请写明踏勘集合地点和会商地点。")
    old, units = row.state, units_of(row)
    if old == ConsultationState.SURVEYING and came(units):
        raise DomainError("somebody_came", "已有单位到场签到，踏勘不再改期；请结束踏勘，缺席的单位另交书面意见。")
    row.survey_at, row.survey_place = survey_at, survey_place.strip()[:200]
    row.meets_at, row.meeting_place = meets_at, meeting_place.strip()[:200]
    if old == ConsultationState.PLANNED:
        row.invite()
        row.invited_at = moment
    elif old == ConsultationState.SURVEYING:
        row.postpone()
        row.survey_started_at = None
    row.save()
    fresh = [unit for unit in units if unit.state == UnitState.PROPOSED]
    _involve(row.project, fresh, by=by, at=at)
    for unit in fresh:
        move_unit(unit, "invite", by=by, at=moment, words="已通知")
    day = timing.spoken_moment(survey_at)
    record(
        "consultation.invited", subject=row, project=row.project, by=by, at=at,
        summary=f"{'改期' if old != ConsultationState.PLANNED else '通知'}：{day} {row.survey_place}踏勘",
        data={"state": [old, row.state], "units": [unit.organisation_id for unit in units]},
    )
    return row


def _check_times(survey_at: dt.datetime, meets_at: dt.datetime, moment: dt.datetime) -> None:
    today, day = timing.business_day(moment), timing.business_day(survey_at)
    least = term("invite", today)
    if day <= today or workdays.workdays_between(today, day) < least:
        raise DomainError("too_soon", f"踏勘须提前 {least} 个工作日通知，最早 {workdays.due_date(today, least)}。")
    if meets_at < survey_at:
        raise DomainError("order", "会商时间不能早于踏勘时间，请核对。")


def _involve(project: Project, units: Sequence[ConsultationUnit], *, by: User, at: dt.datetime | None) -> None:
    bodies = [unit.organisation for unit in units if unit.is_asked and unit.kind != UnitKind.TECHNICAL]
    told = involve_bodies(project, role=InvolvementRole.REVIEWER, organisations=bodies, at=at)
    if told:
        record_all(told, project=project, by=by, at=at)


@transaction.atomic
def add_unit(
    consultation_id: int, *, by: User, organisation_id: int, at: dt.datetime | None = None
) -> ConsultationUnit:
    """Invite one more body (补邀); one that is invited stays. Raises `NotAllowed`, `Organisation.DoesNotExist`."""
    row = lock_consultation(consultation_id)
    require(may.can_run, by, row)
    body = Organisation.objects.get(pk=organisation_id)
    standing = ConsultationUnit.objects.filter(consultation=row, organisation=body).first()
    if standing is not None:
        return standing
    moment = at or timing.now()
    unit = _propose(row, body, plan_of(row.project), kind=kind_of(body), why="补充邀请", by=by, at=moment)
    unit.consultation = row
    if row.state != ConsultationState.PLANNED:
        _involve(row.project, [unit], by=by, at=at)
        move_unit(unit, "invite", by=by, at=moment, words="补邀")
    return unit


@transaction.atomic
def release_unit(unit_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> ConsultationUnit:
    """Take a body from the list that need not come. Raises `NotAllowed`, `DomainError` (`reason`, `unit_state`)."""
    unit = lock_unit(unit_id)
    require(may.can_run, by, unit.consultation)
    if unit.state == UnitState.RELEASED:
        return unit
    if not reason.strip():
        raise DomainError("reason", "请写明不再邀请的原因。")
    if unit.state not in (UnitState.PROPOSED, UnitState.INVITED, UnitState.ABSENT):
        raise DomainError("unit_state", f"{unit.organisation.label}{unit.get_state_display()}，不能移出名单。")
    move_unit(unit, "release", by=by, at=at or timing.now(), words=f"不再邀请，{reason.strip()}")
    return unit


# Survey and meeting --------------------------------------------------------------------------------------------------


@transaction.atomic
def open_survey(consultation_id: int, *, by: User, at: dt.datetime | None = None) -> Consultation:
    """Begin the survey: from now on people sign in by the code. A second call changes nothing.

    Raises `NotAllowed`, `DomainError` (`too_early`).
    """
    row = lock_consultation(consultation_id)
    if row.state == ConsultationState.SURVEYING:
        return row
    require(may.can_open_survey, by, row)
    moment = at or timing.now()
    if row.survey_at is not None and timing.business_day(moment) < timing.business_day(row.survey_at):
        day = timing.business_day(row.survey_at)
        raise DomainError("too_early", f"踏勘约定在 {day}，提前踏勘请先改期并通知各单位。")
    row.survey_started_at = moment
    move(row, "open_survey", by=by, at=moment, kind="consultation.survey_opened", words="集中踏勘开始，扫码签到")
    return row


@transaction.atomic
def begin_meeting(consultation_id: int, *, by: User, note: str, at: dt.datetime | None = None) -> Consultation:
    """End the survey and begin the meeting; who has not come is absent and writes within the term.

    Effects in order: units that did not come `consultation.unit_moved`; event `consultation.meeting_began`, on which
    the people of the absent get a message. Raises `NotAllowed`, `DomainError` (`nobody`, `note`).
    """
    row = lock_consultation(consultation_id)
    if row.state == ConsultationState.MEETING:
        return row
    require(may.can_begin_meeting, by, row)
    units = units_of(row)
    if not came(units):
        raise DomainError("nobody", "还没有一家单位签到，没有人参加的会商不能结束踏勘；请改期，或取消本次会商。")
    if not note.strip():
        raise DomainError("note", "请写明踏勘情况。")
    moment = at or timing.now()
    row.survey_note, row.meeting_started_at = note.strip()[:500], moment
    row.written_until = due("written", moment)
    absent = [unit for unit in units if unit.state == UnitState.INVITED]
    for unit in absent:
        unit.due_on = row.written_until if unit.is_asked else None
        move_unit(unit, "miss", by=by, at=moment, words="缺席")
    missing = [unit for unit in absent if unit.is_asked]
    names = "、".join(unit.organisation.label for unit in missing)
    move(
        row, "begin_meeting", by=by, at=moment, kind="consultation.meeting_began",
        words=f"踏勘结束，开始会商{'；缺席：' + names if names else ''}", absent=[u.organisation_id for u in missing],
    )
    return row


@transaction.atomic
def cancel(consultation_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> Consultation:
    """Do not hold it. Raises `NotAllowed`, `DomainError` (`reason`)."""
    row = lock_consultation(consultation_id)
    if row.state == ConsultationState.CANCELLED:
        return row
    require(may.can_cancel, by, row)
    if not reason.strip():
        raise DomainError("reason", "请写明取消的原因，受邀单位和建设单位都会看到。")
    moment = at or timing.now()
    for unit in units_of(row):
        if unit.state in (UnitState.PROPOSED, UnitState.INVITED, UnitState.PRESENT, UnitState.ABSENT):
            move_unit(unit, "release", by=by, at=moment, words="会商取消")
    row.cancelled_reason = reason.strip()[:300]
    move(row, "cancel", by=by, at=moment, kind="consultation.cancelled", words=f"取消会商：{row.cancelled_reason}")
    give_back(row.project, by=by, reason=row.cancelled_reason, at=moment)
    return row


# Shared --------------------------------------------------------------------------------------------------------------


def lock_consultation(consultation_id: int) -> Consultation:
    """Return the consultation, locked with its project. Raises `Consultation.DoesNotExist`."""
    project = lock_project(Consultation.objects.values_list("project_id", flat=True).get(pk=consultation_id))
    row = Consultation.objects.select_for_update(of=("self",)).get(pk=consultation_id)
    row.project = project
    return row


def lock_unit(unit_id: int) -> ConsultationUnit:
    """Return the unit, locked with consultation and project. Raises `ConsultationUnit.DoesNotExist`."""
    row = lock_consultation(ConsultationUnit.objects.values_list("consultation_id", flat=True).get(pk=unit_id))
    unit = ConsultationUnit.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=unit_id)
    unit.consultation = row
    return unit


def units_of(row: Consultation) -> list[ConsultationUnit]:
    """Return the units of a locked consultation, locked; those taken from the list are left out."""
    found = ConsultationUnit.objects.select_for_update(of=("self",)).filter(consultation=row)
    units = list(found.exclude(state=UnitState.RELEASED).select_related("organisation").order_by("pk"))
    for unit in units:
        unit.consultation = row
    return units


def came(units: Iterable[ConsultationUnit]) -> list[ConsultationUnit]:
    """Return the units that were there; the owner alone makes no consultation."""
    return [unit for unit in units if unit.is_asked and unit.state in UNIT_CAME]


def move(
    row: Consultation, step: str, *, by: User | None, at: dt.datetime, kind: str, words: str, **data: object
) -> None:
    """Move a locked consultation one step, with its event."""
    old = row.state
    getattr(row, step)()
    row.save()
    record(
        kind, subject=row, project=row.project, by=by, at=at, summary=words[:300],
        data={"state": [old, row.state], **data},
    )


def move_unit(unit: ConsultationUnit, step: str, *, by: User | None, at: dt.datetime, words: str) -> None:
    """Move a locked unit one step, with its event."""
    old = unit.state
    getattr(unit, step)()
    unit.changed_at = at
    unit.save()
    record(
        "consultation.unit_moved", subject=unit, project=unit.consultation.project, by=by, at=at,
        summary=f"{unit.organisation.label}{words}"[:300], data={"state": [old, unit.state]},
    )
