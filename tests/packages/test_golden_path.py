"""The golden path of the planning stage to the day: scores, consultation, survey, notice; and what piling first wins."""

import datetime as dt

import pytest

from packages.appraisal_providers import appraisal_waiting
from packages.consultation_providers import consultation_waiting
from packages.models import ReviewTask, ServicePlan
from packages.planning.engine import Known, Row, plan
from packages.services import consultation as calling
from packages.services import consultation_minutes as minutes
from packages.services import consultation_survey as survey
from packages.services import service_plan
from projects import timing, workdays
from projects.clocks import read_clock
from tests import factories
from tests.packages import appraisal_steps as steps
from tests.packages.test_consultation import answers, of, unit

ZONE = timing.BUSINESS_ZONE


def at(month, day, hour=9, minute=0):
    return dt.datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def due(waits, project):
    [line] = waits([factories.fresh(project)])
    return (line.verb, line.what, line.due_on)


@pytest.mark.django_db
def test_from_the_first_score_to_the_one_time_notice_every_day_is_that_of_the_golden_path(clock, actors):
    clock.to(at(3, 2))
    project = factories.enrolled_project(actors, "S2")
    round_ = steps.opened(actors, steps.entered(actors, project))
    tasks = ReviewTask.objects.filter(session=round_.session_id).select_related("clock")
    assert {read_clock(task.clock).due_on for task in tasks} == {dt.date(2026, 3, 5)}

    clock.to(at(3, 5))
    steps.score(round_, steps.FULL)
    assert steps.sign(actors, round_).maturity == "ready"
    assert due(appraisal_waiting, project) == ("召集", "联合会商", dt.date(2026, 3, 10))

    clock.to(at(3, 10))
    row = calling.convene(
        project.pk, by=actors.director, agenda="确定办理事项", unit_ids=[factories.organisation("housing").pk]
    )
    assert (row.maturity, row.early_reason) == ("成熟", "")
    assert due(consultation_waiting, project) == ("发出", "联合会商的通知", dt.date(2026, 3, 17))

    row = calling.invite(
        row.pk, by=actors.director, survey_at=at(3, 17, 9, 30), survey_place="南门", meets_at=at(3, 17, 14, 30),
        meeting_place="会商室",
    )
    clock.to(at(3, 17, 9, 30))
    calling.open_survey(row.pk, by=actors.director)
    survey.sign_in(row.token, by=of("housing"))
    survey.confirm(unit(row, "housing").pk, by=of("housing"), ticked=answers(row, "housing"))
    calling.begin_meeting(row.pk, by=actors.director, note="场地平整")
    minutes.sign_minutes(row.pk, by=actors.director, text=minutes.draft_minutes(factories.fresh(row)))
    assert due(consultation_waiting, project) == ("作出", "一次性告知", dt.date(2026, 3, 18))
    told = service_plan.tell_plan(ServicePlan.objects.get(consultation=row).pk, by=actors.director, edit=0)
    assert timing.business_day(told.told_at) == dt.date(2026, 3, 17)


#: The limits of this path are of its own and not those of the catalogue; review and permit wait for drawings and bids.
ORIGIN = dt.date(2026, 3, 23)
BEGAN = {"review": dt.date(2026, 4, 17), "permit": dt.date(2026, 5, 18)}


def golden(*, piling):
    rows = [
        Row("scheme", 1, 1, "", 15, 15), Row("review", 1, 2, "", 15, 15, ("scheme",)),
        Row("permit", 1, 3, "", 3, 3, ("review",), starts_works=True),
    ]
    if piling:
        rows.append(Row("piling", 1, 2, "side", 3, 3, ("scheme",), starts_works=True))
    known = {code: Known(workdays.workdays_between(ORIGIN, day)) for code, day in BEGAN.items()}
    return plan(rows, promise_only=False, known=known)


@pytest.mark.django_db
def test_piling_first_opens_the_site_thirty_four_days_earlier():
    def day(offset):
        return workdays.due_date(ORIGIN, offset)

    on, off = golden(piling=True), golden(piling=False)

    assert {code: str(day(slot.end)) for code, slot in on.slots.items()} == {
        "scheme": "2026-04-14", "piling": "2026-04-17", "review": "2026-05-12", "permit": "2026-05-21",
    }
    assert (str(day(on.works_start)), str(day(off.works_start))) == ("2026-04-17", "2026-05-21")
    assert (day(off.works_start) - day(on.works_start)).days == 34
    assert on.total == off.total
