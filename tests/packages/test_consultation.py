"""A consultation is held with those who sign in at the site; the owner is told once, and signs (handbook §4)."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from archives.models import Delivery, Paper
from archives.services.delivery import sign_for
from packages.models import Consultation, ConsultationUnit, OffListItem, ServicePlan, UnitCheck
from packages.services import consultation as calling
from packages.services import consultation_minutes as minutes
from packages.services import consultation_survey as survey
from packages.services import off_list, service_plan
from packages.services.consultation_survey import Ticked
from packages.services.enrolment import change_facts
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.models import Event
from projects.states import Role
from tests import factories
from tests.packages.steps import holds

pytestmark = pytest.mark.django_db
CODES = ("housing", "natural-resources", "environment", "power-company")
ZONE = timing.BUSINESS_ZONE
SURVEY = dt.datetime(2026, 11, 3, 9, 30, tzinfo=ZONE)
MEETING = dt.datetime(2026, 11, 3, 14, 30, tzinfo=ZONE)


def refused(code, act, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert error.value.code == code
    return error.value


def of(code):
    return factories.official(code, Role.REVIEWER)


def unit(row, code):
    return ConsultationUnit.objects.select_related("consultation", "organisation").get(
        consultation=row, organisation__code=code
    )


def called(project, actors, codes=CODES, **more):
    ids = [factories.organisation(code).pk for code in codes]
    given = {"agenda": "确定办理事项和时间", "unit_ids": ids, "early_reason": "建设单位要求提前会商", **more}
    return calling.convene(project.pk, by=actors.director, **given)


def invited(project, actors, codes=CODES):
    row = called(project, actors, codes)
    return calling.invite(
        row.pk, by=actors.director, survey_at=SURVEY, survey_place="项目南门", meets_at=MEETING, meeting_place="二楼会议室"
    )


def surveying(clock, project, actors, codes=CODES):
    row = invited(project, actors, codes)
    clock.to(SURVEY)
    return calling.open_survey(row.pk, by=actors.director)


def answers(row, code, **more):
    found = UnitCheck.objects.filter(unit=unit(row, code))
    return {
        line.pk: Ticked("fine") if line.kind == "site" else Ticked("needed", **more) for line in found
    }


def held(clock, project, actors, codes=CODES, absent=()):
    """Signed in, ticked, confirmed; who is absent fell silent; the minutes are signed."""
    row = surveying(clock, project, actors, codes)
    for code in codes:
        if code not in absent:
            survey.sign_in(row.token, by=of(code))
            survey.confirm(unit(row, code).pk, by=of(code), ticked=answers(row, code))
    calling.begin_meeting(row.pk, by=actors.director, note="场地平整，道路已通")
    if absent:
        clock.to(dt.datetime(2026, 11, 5, 9, 0, tzinfo=ZONE))
        survey.close_silence(row.pk)
    return minutes.sign_minutes(row.pk, by=actors.director, text=minutes.draft_minutes(factories.fresh(row)))


def signed(clock, project, actors, codes=CODES):
    row = held(clock, project, actors, codes)
    plan = ServicePlan.objects.get(consultation=row)
    plan = service_plan.tell_plan(plan.pk, by=actors.director, edit=plan.edit)
    sign_for(plan.notice_paper_id, by=actors.owner)
    factories.drain()
    return factories.fresh(row)


def test_a_consultation_is_walked_to_the_signed_list(clock, factory, actors):
    row = signed(clock, factory, actors)
    assert row.state == "signed"
    holds(factory)
