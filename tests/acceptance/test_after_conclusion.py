"""容缺通过、房证同交: what follows the conclusion is brought, put on record and handed to the registry (handbook §8)."""

import datetime as dt

import pytest
from django.urls import reverse

from acceptance.joint_providers import make_up_debts
from acceptance.models import MakeUp
from acceptance.services import application, items, make_ups, registry
from acceptance.tasks import sweep_make_ups
from archives.models import Delivery, Paper
from packages.models import MatterCase
from projects import timing
from projects.errors import NotAllowed
from projects.models import CreditRecord, Event
from projects.services.involvement import involve
from tests import factories
from tests.acceptance.joint_steps import holds, refused, reviewer, surveyed, waits

pytestmark = pytest.mark.slow


@pytest.mark.slow
def test_passed_with_a_paper_to_follow_late_brought_and_handed_to_the_registry(
    project, unit, walk, actors, clock, client
):
    surveyed(unit, actors)
    walk.until("record")
    item, fire = walk.item(3), walk.item(4)
    refused(lambda: items.record_item(
        fire.pk, by=reviewer("housing"), result="deferred", paper="消防设施检测报告"), "not_deferrable")
    items.record_item(item.pk, by=reviewer("housing"), result="deferred", paper="工程质量保修书")
    walk.record(faulty=0)
    walk.list()
    walk.conclude()
    made = MakeUp.objects.get()
    assert (walk.acceptance.state, made.state, made.due_on) == ("passed_deferred", "owed", dt.date(2026, 11, 23))
    assert ("建设单位", "补交", "容缺材料“工程质量保修书”") in waits(project)
    clock.to(dt.datetime(2026, 11, 24, 9, tzinfo=timing.BUSINESS_ZONE))
    assert (sweep_make_ups(), sweep_make_ups()) == (1, 0)
    with pytest.raises(NotAllowed) as error:
        registry.hand_over(walk.acceptance.pk, by=actors.clerk)
    assert error.value.message == "容缺材料逾期未补：工程质量保修书，补齐后移交。"
    make_ups.bring_paper(made.pk, by=actors.owner, uploaded=factories.pdf("保修书.pdf", "保修"))
    make_ups.check_paper(made.pk, by=reviewer("housing"), holds=True)
    before, handed = walk.acceptance.concluded_at, timing.now() + dt.timedelta(hours=2)
    clock.to(handed + dt.timedelta(days=6))
    early = before - dt.timedelta(days=1)
    refused(lambda: registry.hand_over(walk.acceptance.pk, by=actors.clerk, at=early), "time_order")
    package = registry.hand_over(walk.acceptance.pk, by=actors.clerk, at=handed)
    told = Event.objects.get(kind="registry.handed", project=project)
    assert (package.handed_at, told.happened_at, told.late_days) == (handed, handed, 4)
    assert (package.registry.code, package.is_deferred, [row["area"] for row in package.prefill["buildings"]]) == (
        "estate-registry", True, ["2810.00", "2940.00"]
    )
    assert Delivery.objects.filter(paper=package.paper, signed_at=None).count() == 1
    clerk = reviewer("estate-registry")
    refused(lambda: registry.receive(package.pk, by=clerk, at=before), "time_order")
    registry.receive(package.pk, by=clerk, at=handed + dt.timedelta(hours=1))
    assert Event.objects.get(kind="registry.received", project=project).late_days == 4
    same = {"by": clerk, "registered_on": timing.today(), "certificate": "一"}
    refused(lambda: registry.note_dates(package.pk, **same, at=handed), "time_order")
    client.force_login(actors.owner)
    page = reverse("acceptance:handover", args=[package.pk])
    assert ("填写交房日" in (shown := client.get(page).content.decode()), "更正交房日" in shown) == (True, False)
    registry.note_dates(package.pk, by=actors.owner, keys_on=dt.date(2026, 11, 30))
    assert ("填写交房日" in (shown := client.get(page).content.decode()), "更正交房日" in shown) == (False, True)
    registry.note_dates(package.pk, by=clerk, registered_on=timing.today(), certificate="晋（2026）高平市不动产权第0000001号")
    package.refresh_from_db()
    assert (package.state, package.keys_on, package.registered_on) == (
        "registered", dt.date(2026, 11, 30), dt.date(2026, 11, 30)
    )
    holds(project)


@pytest.mark.slow
def test_what_is_late_by_the_agents_mistake_never_scores_the_enterprise(project, unit, walk, actors, clock):
    surveyed(unit, actors)
    walk.until("record")
    items.record_item(walk.item(3).pk, by=reviewer("housing"), result="deferred", paper="工程质量保修书")
    walk.record(faulty=0)
    walk.list()
    walk.conclude()
    involve(factories.fresh(project), role="service_agent", user=actors.agent, by=None)
    actors.agent.__dict__.pop("_access", None)
    made = MakeUp.objects.get()
    assert [debt.title for debt in make_up_debts(actors.owner, [factories.fresh(project)])] == ["补交“工程质量保修书”"]
    make_ups.bring_paper(made.pk, by=actors.agent, uploaded=factories.pdf("别的.pdf", "拿错了"))
    make_ups.check_paper(made.pk, by=reviewer("housing"), holds=False, note="不是保修书")
    clock.to(dt.datetime(2026, 11, 24, 9, tzinfo=timing.BUSINESS_ZONE))
    assert sweep_make_ups() == 1
    assert Event.objects.get(kind="acceptance.make_up_late").data["by_agent"] is True
    factories.drain()
    assert list(CreditRecord.objects.values_list("rule", "state")) == [("make-up-late", "excused")]
    assert factories.fresh(project).stage == "acceptance", "what is owed holds the delivery"


def test_the_completion_record_comes_with_the_conclusion_in_one_application(project, unit, walk, actors):
    application.apply_for_acceptance(unit.pk, by=actors.owner, comprehensive=True)
    for step in walk.STEPS[1:]:
        getattr(walk, step)()
    record = walk.item(12).case
    told = list(Event.objects.filter(project=project, kind__startswith="acceptance.record").values_list("kind", flat=True))
    assert (walk.acceptance.is_comprehensive, walk.acceptance.state, told) == (True, "passed", ["acceptance.record_opened"])
    filing = MatterCase.objects.get(pk=record.pk).application
    assert list(filing.cases.values_list("matter__matter__code", flat=True)) == ["completion-record"]
    said = Paper.objects.get(kind="conclusion", project=project).content
    assert (said["gist"]["what"], said["gist"]["do"], said["tables"][0]["rows"][-1][3]) == (
        "综合竣工验收，竣工联合验收通过", "竣工验收备案已随本意见书申报，按申报页补齐所缺材料；可以办理不动产首次登记", "随结论申报",
    )
    # the two books of a house are not asked of a warehouse (material_scope.tsv), so nothing is lacking
    lacking = list(filing.cases.get().materials.filter(state__in=["missing", "awaited"]).values_list("name", flat=True))
    assert (filing.submitted_at is not None, lacking) == (True, [])
    holds(project)
