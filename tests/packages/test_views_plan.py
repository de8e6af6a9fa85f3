"""The plan page tells what comes when, on which papers; the public catalogue tells it to everybody."""

import csv
import html
import io

import pytest
from django.urls import reverse

from packages.models import PackageVersion
from packages.planning.build import build_plan
from packages.planning.chart import flow_of
from packages.planning.schedule import schedule_of
from packages.screens.planning import CSV_HEAD, plan_page
from tests import factories

pytestmark = pytest.mark.django_db


def test_groups_are_the_stages_of_the_plan(project):
    page = plan_page(project)
    plan = build_plan(page.enrolment.package_version, page.enrolment.facts)
    assert [group.stage.label for group in page.groups] == ["谋划准备", "报建开工", "施工验收"]
    assert [group.days for group in page.groups] == list(plan.days)
    assert page.total == plan.promise.total
    assert [line.matter.code for group in page.groups for line in group.lines] == [m.code for m in plan.matters]


def test_bars_stay_within_the_drawing(factory):
    for road in (False, True):
        lines = [line for group in plan_page(factory, road=road).groups for line in group.lines]
        assert all(line.x >= 0 and line.x + line.width <= 160 + 3 for line in lines)


def test_whole_road_is_longer_than_the_promise(factory):
    assert plan_page(factory, road=True).total > plan_page(factory).total


def test_chart_places_every_matter_and_every_prerequisite(factory):
    page, chart = plan_page(factory), flow_of(schedule_of(factory))
    assert {node.id for node in chart.nodes} == page.plan.codes
    assert {(a, b) for a, b, _ in chart.edges} == {(p, m.code) for m in page.plan.matters for p, _ in m.prerequisites}
    assert sum(stage.span for stage in chart.stages) == len(chart.columns)


def test_plan_page_of_a_project_without_package_says_what_to_do(client, clock, actors):
    bare = factories.make_project(actors)
    client.force_login(actors.clerk)
    response = client.get(reverse("packages:plan", args=[bare.pk]))
    assert "还没有计划" in response.content.decode()
    chart = client.get(reverse("packages:plan_chart", args=[bare.pk]))
    assert (chart.status_code, chart.url) == (302, reverse("packages:plan", args=[bare.pk]))


def test_plan_and_chart_are_shown(client, actors, factory):
    client.force_login(actors.owner)
    for name in ("plan", "plan_chart"):
        response = client.get(reverse(f"packages:{name}", args=[factory.pk]))
        text = response.content.decode()
        assert response.status_code == 200
        assert "建筑工程施工许可证核发" in text
        assert len(response.content) < 60_000
    client.force_login(actors.outsider)
    assert client.get(reverse("packages:plan", args=[factory.pk])).status_code == 404


def test_plan_as_a_file(client, actors, project):
    client.force_login(actors.clerk)
    response = client.get(reverse("packages:plan", args=[project.pk]), {"export": "csv"})
    lines = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert tuple(lines[0]) == CSV_HEAD
    assert [line[2] for line in lines[1:]] == [m.name for m in plan_page(project).plan.matters]


def test_catalogue_is_public_and_complete(client, actors):
    text = client.get(reverse("packages:catalogue")).content.decode()
    versions = list(PackageVersion.objects.published())
    assert len(versions) == 9
    assert all(version.name in text for version in versions)
    for version in versions:
        page = html.unescape(client.get(reverse("packages:package", args=[version.code])).content.decode())
        assert version.scope_text in page
        assert [m.name for m in build_plan(version, {}).matters if m.name not in page] == []
    assert client.get(reverse("packages:package", args=["no-such"])).status_code == 404


def test_pages_of_the_catalogue_load_no_script(client, actors):
    for url in (reverse("packages:catalogue"), reverse("packages:package", args=["soc-factory"])):
        assert "<script" not in client.get(url).content.decode()
