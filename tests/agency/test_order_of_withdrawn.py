"""An order for a matter that the owner withdraws is closed by the event, and before that by whoever touches it."""

import pytest

from agency.models import WorkOrder
from agency.services import orders
from agency.services.order_sync import follow_project
from packages.services import withdrawing
from projects.models import Event
from tests import factories


@pytest.fixture
def project(kept_warehouse):
    """A private low-risk warehouse in 高平市 with its plan."""
    return kept_warehouse


@pytest.mark.slow
def test_an_order_of_a_matter_that_was_withdrawn_is_closed(actors, project, people, signed):
    rows = WorkOrder.objects.order_by("pk").select_related("case__matter__matter")
    taken, waiting = [row for row in rows if row.case.promised_days and row.case.handling == "review"][:2]
    orders.take_order(taken.pk, by=people[1].user)
    for row in (taken, waiting):
        factories.received(project, [row.case.matter.matter.code], actors)
    factories.drain()
    others = set(WorkOrder.objects.open().values_list("pk", flat=True)) - {taken.pk}
    withdrawing.withdraw_case(taken.case_id, by=actors.clerk, reason="方案调整", uploaded=factories.pdf("撤件.pdf"))
    factories.drain()
    taken.refresh_from_db()
    assert (taken.case.state, taken.state, taken.close_reason) == ("withdrawn", "closed", "事项已撤件")
    assert set(WorkOrder.objects.open().values_list("pk", flat=True)) >= others
    told = Event.objects.filter(kind="agency.order_closed", subject_key=str(taken.pk))
    assert (follow_project(project.pk), told.count()) == (0, 1)
    withdrawing.withdraw_case(waiting.case_id, by=actors.clerk, reason="方案调整", uploaded=factories.pdf("撤件.pdf", "二"))
    assert orders.take_order(waiting.pk, by=people[1].user).state == "closed"  # before the job has looked
