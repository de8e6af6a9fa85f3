"""A forecast is made when something happened, says what changed it, and is not made twice; options become the plan."""


import pytest
from django.urls import reverse

from packages import tasks
from packages.models import Enrolment, Forecast, ForecastMark, MatterHistory, PlanRevision
from packages.planning.schedule import schedule_of
from packages.screens.forecasts import milestones_page, series_chart
from packages.screens.whatif import whatif_page
from packages.services.enrolment import change_facts
from packages.services.forecasting import due, forecast_many, history, refresh_history
from packages.services.planning import choose_options
from projects.errors import DomainError, NotAllowed
from projects.models import Event, JobRun
from tests import factories

pytestmark = pytest.mark.django_db


def forecast(project):
    """Forecast a project where that is due; return its newest forecast."""
    forecast_many([project.pk])
    return Forecast.objects.filter(project=project).order_by("-pk").first()


def test_the_first_forecast_stands_on_the_promise_and_is_not_made_twice(factory):
    assert [e.project_id for e in due()] == [factory.pk]
    assert tasks.sweep_forecasts() == 1

    [first] = Forecast.objects.all()
    schedule = schedule_of(factory)
    assert (first.cause, first.opened, first.delivered) == ("首次预测", False, False)
    assert first.opening_early == first.opening == first.opening_late == schedule.works_start
    assert first.delivery == schedule.delivery
    assert first.basis == {"history": 0, "promise": len(schedule.rows), "works_days": 365, "works_stated": False}
    assert tasks.sweep_forecasts() == 0
    assert list(JobRun.objects.filter(job="sweep_forecasts").order_by("pk").values_list("touched", "errors")) == [(1, 0), (0, 0)]


def test_an_event_makes_the_forecast_anew_and_is_named_as_its_cause(clock, factory, actors):
    first = forecast(factory)
    clock.by(days=7)
    factories.close_outside(factory, "agency-survey", actors)
    factory.refresh_from_db()
    assert [e.project_id for e in due()] == [factory.pk]

    second = forecast(factory)

    assert second.pk != first.pk
    assert second.event.kind == "case.closed_outside"
    assert second.cause == second.event.summary
    assert second.opening_moved == 5  # a week in which nothing but one matter beside the critical path was done
    assert ForecastMark.objects.get(project=factory).seq == factory.event_seq
    assert due().count() == 0


def test_a_plan_that_stands_still_slips_and_says_so(clock, factory):
    first = forecast(factory)
    clock.by(days=8)
    second = forecast(factory)
    assert second.pk != first.pk
    assert (second.event, second.cause) == (None, "没有新的进展，日子随之后移")
    assert second.opening_moved == 6


def test_how_long_matters_took_is_kept_from_receipt_to_grant(clock, factory, actors):
    factories.pass_matter(factory, "project-code", actors)
    assert refresh_history() == 1
    kept = MatterHistory.objects.get(matter__code="project-code")
    [[before, after]] = kept.days
    assert history() == {"project-code": [before + after]}
    assert history(deferred=True) == {"project-code": [after]}
    assert MatterHistory.objects.get(matter__code="agency-design").cases == 0


def test_chosen_options_become_the_next_version_with_a_readable_difference(factory, actors):
    enrolment = choose_options(
        factory.pk, options_on=["commitment", "no_review"], revision=1, by=actors.owner, works_days=300, reason="赶工期"
    )

    assert (enrolment.revision, enrolment.options, enrolment.works_days) == (2, ["commitment"], 300)
    kept = PlanRevision.objects.get(project=factory, number=2)
    assert PlanRevision.objects.filter(project=factory).count() == 2
    assert kept.options == ["commitment", "no_review"]
    assert "选用告知承诺" in kept.difference
    assert "建设工程规划许可证核发由 3 日改为 1 日" in kept.difference
    assert "施工工期填为 300 天" in kept.difference
    event = Event.objects.get(kind="project.plan_chosen")
    assert event.data["difference"] == kept.difference
    assert schedule_of(factory).works.is_stated
    assert schedule_of(factory).by_code["plan-permit"].committed
    # the same again changes nothing
    again = choose_options(factory.pk, options_on=["commitment", "no_review"], revision=2, by=actors.owner, works_days=300)
    assert again.revision == 2
    assert Event.objects.filter(kind="project.plan_chosen").count() == 1


def test_a_plan_changed_meanwhile_is_refused_with_who_and_when(factory, actors):
    facts = dict(Enrolment.objects.get(project=factory).facts)
    change_facts(factory.pk, facts={**facts, "occupies_green": "no" if facts["occupies_green"] == "yes" else "yes"}, by=actors.clerk)
    with pytest.raises(DomainError, match=f"{actors.clerk} 11月2日 09:00 已改为第 2 版") as refused:
        choose_options(factory.pk, options_on=["commitment"], revision=1, by=actors.owner)
    assert refused.value.code == "plan_changed"
    with pytest.raises(NotAllowed):
        choose_options(factory.pk, options_on=["commitment"], revision=2, by=actors.reviewer)
    with pytest.raises(DomainError, match="没有“moon”"):
        choose_options(factory.pk, options_on=["moon"], revision=2, by=actors.owner)


def test_two_plans_side_by_side_say_what_is_won_saved_and_risked(factory):
    page = whatif_page(factory, [*whatif_page(factory, None).now.on, "commitment"])
    assert page.then.on == page.now.on | {"commitment"}
    assert page.papers_saved > 0
    assert [option.code for option in page.risks] == ["commitment"]
    assert ("建设工程规划许可证核发", 3, 1) in page.shorter
    assert page.then.total <= page.now.total
    same = whatif_page(factory, None)
    assert same.is_same
    assert (same.opening_won, same.delivery_won, same.papers_saved, same.risks) == (0, 0, 0, [])


@pytest.mark.slow
def test_pages_of_the_plan_are_light_and_say_what_they_show(client, factory, actors):
    forecast(factory)
    client.force_login(actors.owner)
    told = {
        "plan_options": "两个计划", "forecast": "最能改变它的一件事", "milestones": "计划与实际",
        "plan_chart": "办理流程图",
    }
    for name, words in told.items():
        response = client.get(reverse(f"packages:{name}", args=[factory.pk]))
        assert words in response.content.decode()
        assert len(response.content) < 60_000
    pdf = client.get(reverse("packages:plan_chart_pdf", args=[factory.pk]))
    assert pdf.content.startswith(b"%PDF-1.7")
    panel = client.get(reverse("projects:detail", args=[factory.pk])).content.decode()
    assert "大概何时" in panel


def test_choosing_on_the_page_leads_to_the_versions_and_an_old_page_is_refused(client, factory, actors):
    client.force_login(actors.owner)
    address = reverse("packages:plan_options", args=[factory.pk])
    on = [*whatif_page(factory, None).now.on, "commitment"]
    done = client.post(address, {"revision": 1, "on": on, "works_days": "", "reason": ""})
    assert (done.status_code, done.url) == (302, reverse("packages:milestones", args=[factory.pk]))
    assert "选用告知承诺" in client.get(done.url).content.decode()
    late = client.post(address, {"revision": 1, "on": [], "works_days": "", "reason": ""})
    assert late.status_code == 409
    assert "计划已经变更" in late.content.decode()


def test_milestones_compare_the_first_plan_with_what_was(clock, factory, actors):
    factories.pass_matter(factory, "plan-conditions", actors)
    page = milestones_page(factory)
    names = [post.name for post in page.posts]
    assert "建筑工程施工许可证核发" in names
    assert all(post.planned is not None for post in page.posts)
    assert {post.state for post in page.posts} <= {"已完成", "预计"}
    assert [r.number for r in page.revisions] == [1]


def test_the_series_is_drawn_from_two_points_on(factory):
    point = forecast(factory)
    assert series_chart((point,)) is None


def test_answers_given_on_an_older_version_are_refused_too(factory, actors):
    enrolment = Enrolment.objects.get(project=factory)
    choose_options(factory.pk, options_on=["commitment", "no_review"], revision=1, by=actors.owner)
    other = {**enrolment.facts, "occupies_green": "no" if enrolment.facts["occupies_green"] == "yes" else "yes"}
    with pytest.raises(DomainError, match="已改为第 2 版"):
        change_facts(factory.pk, facts=other, by=actors.clerk, revision=1)
    assert change_facts(factory.pk, facts=other, by=actors.clerk, revision=2).revision == 3
