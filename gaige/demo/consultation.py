"""Two consultations of the demonstration: one held and signed for, one with its invitations on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from archives.services.delivery import sign_for
from gaige.demo.moments import later, person, user
from packages.consultation_states import CheckKind, MatterAnswer, SiteAnswer
from packages.models import Consultation, ConsultationUnit, PoolEntry, ServicePlan, UnitCheck
from packages.services import consultation as calling
from packages.services import consultation_minutes as minutes
from packages.services import consultation_survey as survey
from packages.services import service_plan
from packages.services.consultation_survey import Ticked
from projects.models import Membership, Project
from projects.states import ProjectStatus, Role, Stage

#: So many calendar days before the end of the demonstration it begins.
DAYS_AGO = 7
MOST = 6


def consultations() -> Iterator[dt.datetime]:
    """Hold one with a unit that does not come, and call the next."""
    pool = PoolEntry.objects.values("project")
    found = Project.objects.filter(
        stage=Stage.PLANNING, status=ProjectStatus.ACTIVE, enrolment__isnull=False
    ).exclude(pk__in=pool).order_by("-pk")[:2]
    for number, project in enumerate(found):
        day = later(1 if number == 0 else 3, 9.5)
        row = _call(project, day)
        if number == 0:
            yield day
            yield from _hold(row)


def _call(project: Project, day: dt.datetime) -> Consultation:
    staffed = Membership.objects.filter(role=Role.REVIEWER).values("organisation")
    bodies = [
        one.organisation.pk for one in calling.invitees(project)
        if one.is_wanted and staffed.filter(organisation=one.organisation).exists()
    ]
    row = calling.convene(
        project.pk, by=user("director"), agenda="确定全部审批事项、办理时间和公用接入", unit_ids=bodies[:MOST],
        early_reason="建设单位申请直接会商，用地和资金已落实",
    )
    return calling.invite(
        row.pk, by=user("director"), survey_at=day, survey_place=project.address or "项目现场",
        meets_at=day + dt.timedelta(hours=5), meeting_place="二楼会商室",
    )


def _hold(row: Consultation) -> Iterator[dt.datetime]:
    director = user("director")
    calling.open_survey(row.pk, by=director)
    units = [unit for unit in ConsultationUnit.objects.filter(consultation=row).order_by("pk") if unit.is_asked]
    for unit in units[:-1] or units:
        who = person(unit.organisation_id, Role.REVIEWER)
        survey.sign_in(row.token, by=who)
        survey.confirm(unit.pk, by=who, ticked=_ticked(unit))
    survey.sign_in(row.token, by=person(row.project.owner_id, Role.OWNER_LEAD))
    yield later(0, 14.5)
    calling.begin_meeting(row.pk, by=director, note="场地已平整，临时道路接通，周边无敏感点。")
    yield later(2, 9.2)
    survey.close_all()
    minutes.sign_minutes(row.pk, by=director, text=minutes.draft_minutes(Consultation.objects.get(pk=row.pk)))
    yield later(0, 15)
    plan = ServicePlan.objects.get(consultation=row)
    plan = service_plan.tell_plan(plan.pk, by=director, edit=plan.edit)
    yield later(0, 16.5)
    sign_for(plan.notice_paper_id or 0, by=person(row.project.owner_id, Role.OWNER_LEAD))


def _ticked(unit: ConsultationUnit) -> dict[int, Ticked]:
    """Everything is in order; the first matter waits for a condition, one thing on the site has to be heeded."""
    found: dict[int, Ticked] = {}
    lines = list(UnitCheck.objects.filter(unit=unit).order_by("order"))
    for line in lines:
        if line.kind == CheckKind.SITE:
            found[line.pk] = Ticked(SiteAnswer.FINE)
        else:
            found[line.pk] = Ticked(MatterAnswer.NEEDED, commits=line.may_commit, defers=line.may_defer)
    if lines and lines[0].kind == CheckKind.SITE and unit.organisation.code == "housing":
        found[lines[0].pk] = Ticked(SiteAnswer.HEED, note="东侧临时围挡占用便道，开工前移位")
    return found
