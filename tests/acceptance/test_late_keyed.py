"""补录 in the joint acceptance: what is keyed in late keeps its moment and makes no promise kept by itself."""

import datetime as dt

import pytest

from acceptance.services import conclusion, items
from packages.models import LateEntry, MatterCase
from packages.services.late_entries import answer_late_entry
from projects import clocks, timing
from projects.errors import DomainError
from projects.models import Event
from projects.states import Role
from projects.workdays import due_date
from tests import factories

pytestmark = pytest.mark.slow


def at_ten(day):
    return dt.datetime(day.year, day.month, day.day, 10, tzinfo=timing.BUSINESS_ZONE)


@pytest.mark.laid("until_conclude")
def test_a_conclusion_keyed_in_after_the_promise_is_late_until_a_second_person_confirms_it(walk, actors, clock):
    acceptance = walk.acceptance
    due = acceptance.clock.due_on
    in_time = max(at_ten(due), timing.now())
    chief = factories.official(walk.lead, Role.CHIEF)
    clock.to(at_ten(due_date(due, 40)))
    with pytest.raises(DomainError) as early:
        conclusion.conclude(acceptance.pk, by=chief, passed=True, at=acceptance.accepted_at - dt.timedelta(hours=1))
    assert early.value.code == "time_order"
    conclusion.conclude(acceptance.pk, by=chief, passed=True, at=in_time)
    done = walk.acceptance
    assert (done.concluded_at, clocks.read_clock(done.clock).overdue) == (in_time, True)
    told = Event.objects.get(kind="acceptance.concluded", project=done.project)
    assert (told.happened_at, told.late_days) == (in_time, 40)
    joint = MatterCase.objects.get(project=done.project, matter__matter__code="joint-accept")
    assert (joint.decided_at, joint.is_overdue) == (in_time, True)
    entry = LateEntry.objects.get(case=joint)
    assert (entry.act, entry.state, entry.entered_by, entry.late_days) == ("decision", "asked", chief, 40)
    answer_late_entry(entry.pk, by=actors.director, confirmed=True, ground="意见书当日签发")
    assert factories.fresh(joint).is_overdue is False


@pytest.mark.laid("until_list")
def test_a_list_keyed_in_late_keeps_its_moment_and_spares_no_day(walk, clock):
    acceptance, given = walk.acceptance, timing.now()
    clock.to(at_ten(due_date(timing.today(), 3)))
    used = clocks.read_clock(acceptance.clock).used
    lead = factories.official(walk.lead, Role.REVIEWER)
    same = {"by": lead, "held_on": timing.business_day(given), "record_text": "到场"}
    with pytest.raises(DomainError) as early:
        items.issue_list(acceptance.pk, **same, at=acceptance.accepted_at - dt.timedelta(days=1))
    assert early.value.code in {"time_order", "visit_in_future"}
    items.issue_list(acceptance.pk, **same, at=given)
    done = walk.acceptance
    assert (done.list_issued_at, done.state, clocks.read_clock(done.clock).used) == (given, "rectifying", used)
