"""What consultations give to the kernel: on whom a project waits, the sheet on its page, what the owner owes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch
from django.urls import reverse

from packages.chosen import ENROLMENT
from packages.consultation_data import due
from packages.consultation_rules import convenes
from packages.consultation_states import (
    CONSULTATION_OPEN,
    CONSULTATION_TOLD,
    PLAN_LIVE,
    TONES,
    ConsultationState,
    OffListState,
    UnitState,
)
from packages.models import Consultation, ConsultationUnit, OffListItem, ServicePlan
from packages.next_steps import OWNER_WORD
from projects import gathering, glance, panels, timing, waiting, workdays
from projects.clock_states import Light
from projects.panels import JointFact, Panel
from projects.quoting import quoted
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from projects.models import Project

CONSULTATIONS, OFF_LIST = "packages.consultations", "packages.off_list"
PLANS, CENTRE = "packages.service_plans", "代办中心"
UNIT_OWES = (UnitState.ABSENT, UnitState.PRESENT)
#: What whoever called a consultation does next: verb and what.
CALLER_WORDS = {
    ConsultationState.PLANNED: ("发出", "联合会商的通知"), ConsultationState.SURVEYING: ("组织", "集中踏勘"),
    ConsultationState.MEETING: ("签发", "会商纪要"), ConsultationState.TO_TELL: ("作出", "一次性告知"),
}


# On whom it waits ----------------------------------------------------------------------------------------------------


def consultation_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return on whom consultations wait. Three queries."""
    by_pk = {project.pk: project for project in projects}
    found: list[Consultation] = gathering.rows_of(CONSULTATIONS, projects)
    rows = sorted((row for row in found if row.state != ConsultationState.CANCELLED), key=lambda row: row.pk)
    told = [row for row in rows if row.state in CONSULTATION_TOLD]
    plans = _told([by_pk[row.project_id] for row in told]) if told else {}
    for row in rows:
        row.project = by_pk[row.project_id]
        waits = row.state == ConsultationState.MEETING
        owing = [unit for unit in row.units.all() if unit.is_asked and unit.state in UNIT_OWES] if waits else []
        yield from _of(row, owing, plans.get(row.pk))


@dataclass(frozen=True, slots=True)
class _Told:
    """The version that the owner has: when it was told, and whether the plan has changed since."""

    on: dt.date
    is_stale: bool


def _of(row: Consultation, owing: Sequence[ConsultationUnit], told: _Told | None) -> Iterable[Waiting]:
    """What one consultation waits for."""
    url = reverse("packages:consultation", args=[row.pk])
    if row.state == ConsultationState.INVITED:
        yield _coming(row, url)
    elif owing:
        for state, verb in ((UnitState.ABSENT, "提交"), (UnitState.PRESENT, "确认")):
            units = [unit for unit in owing if unit.state == state]
            if units:
                what = "联合会商的书面意见" if state == UnitState.ABSENT else "联合会商的核对清单"
                yield _line(
                    row, url, role="、".join(unit.organisation.label for unit in units), verb=verb, what=what, rank=3,
                    since=_day(row.meeting_started_at), due_on=row.written_until, auto="期满记为未提意见，不作同意",
                )
    elif row.state in CALLER_WORDS:
        yield _of_caller(row, url)
    elif row.state in (ConsultationState.TOLD, ConsultationState.CHANGED):
        yield _line(
            row, url, role=OWNER_WORD, person=row.project.owner.name, verb="签收", what="一次性告知单", rank=1,
            since=told.on if told else None, auto="签收后清单生效",
        )
    if told is not None and told.is_stale:
        yield _line(
            row, url, role=CENTRE, verb="更新", what="一方案一图一清单", rank=3, since=told.on,
            auto="计划已变更，以新版告知",
        )


def _of_caller(row: Consultation, url: str) -> Waiting:
    """What whoever called it does next; the survey is due in some days after the call, the notice after the minutes."""
    verb, what = CALLER_WORDS[ConsultationState(row.state)]
    start, until, auto = _begun(row), None, ""
    if row.state == ConsultationState.PLANNED:
        until = due("survey", row.convened_at)
        auto = f"最迟{timing.spoken(until)}集中踏勘"
    elif row.state == ConsultationState.TO_TELL and row.minutes_at is not None:
        start, until, auto = row.minutes_at, due("notice", row.minutes_at), "告知后建设单位签收"
    return _line(
        row, url, role=CENTRE, verb=verb, what=what, rank=3, since=_day(start), due_on=until, auto=auto,
    )


def _coming(row: Consultation, url: str) -> Waiting:
    """Everybody invited comes on the day of the survey."""
    day = _day(row.survey_at)
    return _line(
        row, url, role="受邀单位", verb="参加", what="集中踏勘和联合会商", rank=3, since=_day(row.invited_at),
        due_on=day, auto="缺席的单位另交书面意见",
    )


def _line(row: Consultation, url: str, *, since: dt.date | None, due_on: dt.date | None = None, **words: object
          ) -> Waiting:
    today = timing.today()
    late = due_on is not None and due_on < today
    light = Light.NONE if due_on is None else Light.RED if late else Light.YELLOW if due_on == today else Light.GREEN
    return Waiting(
        project_id=row.project_id, since=since, due_on=due_on, light=light, url=url,
        days=workdays.workdays_between(since, today) if since else 0, **words,  # type: ignore[arg-type]
    )


def _day(moment: dt.datetime | None) -> dt.date | None:
    return timing.business_day(moment) if moment else None


def _begun(row: Consultation) -> dt.datetime | None:
    return row.meeting_started_at or row.survey_started_at or row.convened_at


def _told(projects: Sequence[Project]) -> dict[int, _Told]:
    """The version that each owner has, by consultation. Two queries."""
    plans: list[ServicePlan] = gathering.rows_of(PLANS, projects)
    enrolled = gathering.rows_of(ENROLMENT, projects) if plans else []
    revisions = {enrolment.project_id: enrolment.revision for enrolment in enrolled}
    return {
        plan.consultation_id: _Told(
            timing.business_day(plan.told_at), revisions.get(plan.project_id, plan.revision) != plan.revision
        )
        for plan in plans if plan.told_at is not None and plan.consultation_id
    }


def off_list_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return what waits for the centre's approval. One query."""
    by_pk = {project.pk: project for project in projects}
    found = OffListItem.objects.filter(project__in=by_pk.keys(), state=OffListState.PROPOSED).order_by("pk")
    today = timing.today()
    for item in found:
        since, until = timing.business_day(item.proposed_at), due("offlist", item.proposed_at)
        yield Waiting(
            project_id=item.project_id, rank=3, role=f"{by_pk[item.project_id].centre.label}负责人", verb="批准",
            what=f"清单外{item.get_kind_display()}{quoted(item)}", since=since,
            days=workdays.workdays_between(since, today),
            due_on=until, light=Light.RED if until < today else Light.GREEN, auto="批准前不得要求",
            url=reverse("packages:off_list_decide", args=[item.pk]),
        )


# The sheet and the joint ---------------------------------------------------------------------------------------------


def consultation_panel(project: Project, request: HttpRequest) -> Panel | None:
    """Return the sheet of consultation, plan and list on the project page. Two queries where there is one."""
    seen = glance.glance([project])
    if not seen.has(CONSULTATIONS, project.pk):
        if not convenes(request.user, project):
            return None
        return Panel("packages/_panel_consultation.html", {"project": project, "row": None})
    row = next(iter(gathering.rows_of(CONSULTATIONS, [project])), None)
    plan = next(iter(gathering.rows_of(PLANS, [project])), None)
    return Panel("packages/_panel_consultation.html", {
        "project": project, "row": row, "plan": plan, "tone": TONES[row.state] if row else "",
    })


def consultation_joint(project: Project) -> dict[str, JointFact]:
    """Return what the joint 联合会商 says in the stage chain."""
    seen = glance.glance([project])
    words = seen.words(CONSULTATIONS, project.pk) - {ConsultationState.CANCELLED}
    if not words:
        return {}
    state = ConsultationState(next(iter(words)))
    return {"consultation": JointFact(str(state.label), None, "done" if state == ConsultationState.SIGNED else "now")}


def _consultations(projects: Sequence[Project]) -> QuerySet[Consultation]:
    """Consultations with their departments, the newest first."""
    units = ConsultationUnit.objects.select_related("organisation").order_by("pk")
    found = Consultation.objects.filter(project__in=projects).defer("minutes")
    return found.prefetch_related(Prefetch("units", units)).order_by("-pk")


def _plans(projects: Sequence[Project]) -> QuerySet[ServicePlan]:
    """The versions in force, without what stands in them, the newest first."""
    found = ServicePlan.objects.filter(project__in=projects, state__in=PLAN_LIVE)
    return found.defer("content", "chart").order_by("-pk")


def register() -> None:
    """Put them in place."""
    gathering.register(CONSULTATIONS, _consultations, place=CONSULTATIONS)
    gathering.register(PLANS, _plans, place=CONSULTATIONS)
    glance.register(CONSULTATIONS, lambda ids: Consultation.objects.filter(project__in=ids), word="state")
    glance.register(
        OFF_LIST, lambda ids: OffListItem.objects.filter(project__in=ids, state=OffListState.PROPOSED)
    )
    waiting.register(
        "packages.consultations", consultation_waiting, place=CONSULTATIONS,
        among=[*CONSULTATION_OPEN, ConsultationState.TO_TELL, *CONSULTATION_TOLD],
    )
    waiting.register("packages.off_list", off_list_waiting, place=OFF_LIST)
    panels.register("packages.consultation", 12, consultation_panel)

