"""The archive says what is missing by the plan: results of granted matters, what was let through, papers of the works."""

import pytest

from archives.completeness import missing_of
from archives.models import Document
from packages.models import MatterCase
from projects.models import Project
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    actors = factories.make_actors()
    return factories.enrolled_project(actors, "S3")


def names(project, *, due):
    return {missing.kind_name for missing in missing_of(project) if missing.is_due is due}


def test_a_new_project_lacks_nothing_yet_and_says_what_will_come(project):
    cases = MatterCase.objects.filter(project=project).select_related("matter__result_kind")
    assert names(project, due=True) == set()
    assert {case.matter.result_kind.name for case in cases} <= names(project, due=False)


def test_a_granted_matter_brings_its_result_or_is_missing(project):
    actors = factories.make_actors()
    factories.pass_matter(project, "project-code", actors)
    assert "项目统一代码及二维码" not in names(project, due=False) | names(project, due=True)
    case = MatterCase.objects.select_related("matter__result_kind").get(project=project, matter__matter__code="project-code")
    held = Document.objects.get(project=project, kind=case.matter.result_kind)
    stand_in = Document.objects.filter(project=project).exclude(pk=held.pk).first()
    held.replaced_by = stand_in
    held.save()
    [missing] = [missing for missing in missing_of(project) if missing.is_due]
    assert (missing.kind_name, missing.doc_class, missing.reason, missing.owed_by, missing.url) == (
        "项目统一代码及二维码", "A1", "“投资项目统一代码赋码（“一项一码”）”已办结，结果没有归档", case.lead.label, f"/cases/{case.pk}/"
    )


def test_papers_of_the_works_are_missing_once_the_stage_is_there(project):
    assert "竣工图" in names(project, due=False)
    Project.objects.filter(pk=project.pk).update(stage="acceptance")
    project = Project.objects.get(pk=project.pk)
    assert "竣工图" in names(project, due=True)
    assert "竣工图" not in names(project, due=False)


def test_the_number_of_queries_is_fixed(project, django_assert_max_num_queries):
    project = Project.objects.select_related("owner").get(pk=project.pk)
    with django_assert_max_num_queries(4):
        missing_of(project)
