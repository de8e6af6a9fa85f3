"""Works that were stopped are due before the rest of the list, and the owner reads so (handbook §7)."""

import pytest

from acceptance.models import Finding
from acceptance.services import inspecting, rectification
from acceptance.services.inspecting import Said
from acceptance.supervision_providers import debts
from acceptance.tasks import sweep_supervision
from projects import timing
from projects.models import Event
from tests import factories
from tests.acceptance.test_supervision import FAULT, fill, of, site, started, unit_of, waits

__all__ = ["site"]
pytestmark = pytest.mark.django_db


def owed(project, owner):
    rows = debts(owner, [factories.fresh(project)])
    return [(row.detail, row.due_on) for row in rows if row.chip == "检查整改"]


def stopped_works(site, clock):
    """A visit with an ordinary fault and one that stopped the works; return the visit and the latter."""
    row = started(site, clock)
    unit = unit_of(row, "housing")
    said = {line.pk: Said("fine") for line in unit.lines.all()}
    low, high = min(said), max(said)
    said |= {low: FAULT, high: Said("finding", kind="stop", what="塔吊限位失效", fix="停用并更换限位")}
    inspecting.record_unit(unit.pk, by=of("housing"), said=said, opinion="已查")
    fill(row)
    row = inspecting.close_record(row.pk, by=of("housing"), text="按清单逐项查看")
    return row, Finding.objects.select_related("issue").get(line__unit__inspection=row, kind="stop")


def test_the_owner_reads_the_nearest_day_and_what_stopped_the_works(site, actors, clock):
    row, stopped = stopped_works(site, clock)
    assert stopped.issue.due_on < row.due_on
    assert waits(site)[0] == (1, "建设单位", "完成", f"{row.title}的整改", stopped.issue.due_on)
    assert owed(site, actors.owner) == [("停工：塔吊限位失效；临边无防护", stopped.issue.due_on)]
    rectification.answer_finding(stopped.pk, by=actors.owner, answer="已更换", uploaded=[factories.pdf("限位.pdf")])
    assert owed(site, actors.owner) == [("临边无防护", row.due_on)]


def test_stopped_works_are_escalated_by_their_own_day_not_with_the_last_of_the_list(site, actors, clock):
    row, stopped = stopped_works(site, clock)
    clock.by(days=(stopped.issue.due_on - timing.today()).days)
    assert sweep_supervision() == 0, "its last day is not over"
    clock.by(days=1)
    assert timing.today() <= row.due_on
    assert (sweep_supervision(), sweep_supervision()) == (1, 0)
    assert factories.fresh(row).state == "escalated"
    event = Event.objects.get(project=site, kind="inspection.escalated")
    assert event.summary == f"{row.title}整改逾期（{timing.written(stopped.issue.due_on)}），升级处理"


def test_stopped_works_that_were_answered_in_time_leave_the_rest_its_own_day(site, actors, clock):
    row, stopped = stopped_works(site, clock)
    rectification.answer_finding(stopped.pk, by=actors.owner, answer="已更换", uploaded=[factories.pdf("限位.pdf")])
    clock.by(days=(stopped.issue.due_on - timing.today()).days + 1)
    assert sweep_supervision() == 0
    clock.by(days=(row.due_on - timing.today()).days + 1)
    assert sweep_supervision() == 1
