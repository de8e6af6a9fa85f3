"""联合监管 plans by the grade, asks nothing twice within a month and looks at commitments on the same visit (handbook §7)."""

import pytest
from django.urls import reverse

from acceptance.models import Inspection, InspectionPlan, PointNotice
from acceptance.services import inspecting, inspections, points
from acceptance.services.inspecting import Said
from packages.models import Commitment, MatterCase
from projects import credit, timing
from projects.errors import DomainError
from projects.states import Role
from tests import factories

pytestmark = pytest.mark.django_db


def housing():
    return factories.official("housing", Role.REVIEWER)


@pytest.mark.parametrize(("grade", "change", "words"), [
    ("A", -1, "信用 A 减 1 次"), ("B", 0, "信用 B 不增减"), ("C", 1, "信用 C 加 1 次"), ("D", 2, "信用 D 加 2 次"),
])
def test_the_credit_grade_of_the_owner_changes_how_often_the_works_are_visited(
    kept_site, clock, actors, client, monkeypatch, grade, change, words
):
    site, notice = kept_site, PointNotice.objects.get(project=kept_site)
    by_class = InspectionPlan.objects.get(project=site).by_class
    Inspection.objects.filter(project=site).update(state="cancelled")
    InspectionPlan.objects.all().delete()
    graded = {site.owner_id: grade}
    monkeypatch.setattr(credit, "_graders", {"test": lambda body, _: graded.get(body, "")})
    plan = points.make_plan(notice, list(notice.cards.all()), at=timing.now())
    assert (plan.by_class, plan.grade, plan.change, plan.count) == (by_class, grade, change, by_class + change)
    assert Inspection.objects.filter(project=site, kind="planned", state="planned").count() == plan.count > 0
    client.force_login(actors.owner)
    page = client.get(reverse("acceptance:visits", args=[site.pk])).content.decode()
    assert f"{plan.count} 次：按风险等级 {by_class} 次，{words}" in page


def visit_of(site):
    """An unannounced visit of the housing bureau: all its cards, its purpose, and what rides along."""
    by = housing()
    row = inspections.ask_visit(
        site.work_units.get().pk, by=by, organisation_id=by.memberships.get().organisation_id, wanted_on=timing.today(),
        purpose="群众投诉扬尘", reason_code="complaint", reason="扬尘", is_unannounced=True,
    )
    unit = row.units.get(organisation__code="housing")
    return unit, list(unit.lines.order_by("order"))


def test_what_passed_within_thirty_days_is_grey_and_need_not_be_looked_at_again(kept_site, clock, client):
    first, lines = visit_of(kept_site)
    inspecting.record_unit(first.pk, by=housing(), said={line.pk: Said("fine") for line in lines})

    clock.by(days=30)
    again, asked = visit_of(kept_site)
    assert [line.code for line in asked] == [line.code for line in lines]
    client.force_login(housing())
    page = client.get(reverse("acceptance:inspection_unit", args=[again.pk])).content.decode()
    assert page.count("11月2日已核合格，可以不填（近期已核）。") == len(lines) > 1
    done = inspecting.record_unit(again.pk, by=housing(), said={asked[0].pk: Said("fine")})
    assert list(done.lines.order_by("order").values_list("answer", flat=True)) == ["fine", *["recent"] * (len(asked) - 1)]

    clock.by(days=1)
    late, _ = visit_of(kept_site)
    found = inspecting.recently(late.inspection, [line.code for line in lines])
    assert found == {asked[0].code: again.inspection.slot_on}, "what was not looked at proves nothing"
    with pytest.raises(DomainError) as refused:
        inspecting.record_unit(late.pk, by=housing(), said={})
    assert refused.value.code == "lines_open"


def test_the_owner_reads_every_visit_with_its_reason_and_how_many_were_saved(kept_site, clock, actors, client):
    planned = Inspection.objects.filter(project=kept_site).order_by("slot_on").first()
    Inspection.objects.filter(pk=planned.pk).update(state="closed")
    visit_of(kept_site)
    together = planned.units.count()
    client.force_login(actors.owner)
    page = client.get(reverse("acceptance:visits", args=[kept_site.pk])).content.decode()
    assert ("计划外：扬尘" in page, "2 次，其中计划外 1 次" in page, together > 1) == (True, True, True)
    assert f"{together + 1} 个部门次并为 2 次，少上门 <b>{together - 1}</b> 次" in page


def test_a_commitment_that_has_to_be_checked_rides_along(kept_site, clock, actors):
    body = factories.organisation("housing")
    mine, kept = MatterCase.objects.filter(project=kept_site, lead=body).order_by("pk")[:2]
    other = MatterCase.objects.filter(project=kept_site).exclude(lead=body).order_by("pk").first()
    for case, state in ((mine, "to_check"), (kept, "kept"), (other, "to_check")):
        Commitment.objects.create(
            case=case, state=state, terms={}, days=10, offered_at=timing.now(), signed_by=actors.owner, signed_at=timing.now()
        )
    unit, _ = visit_of(kept_site)
    found = unit.lines.filter(code__startswith="commitment-").values_list("text", "standard")
    assert list(found) == [(f"承诺核查：{mine.matter.name}", "承诺书")]
