"""The archive says what is missing by the plan: results of granted matters, what was let through, papers of the works."""

import datetime as dt

import pytest

from archives.completeness import missing_of
from archives.models import Document, DocumentKind
from packages import archive_rules
from packages.archive_rules import ArchiveRule
from packages.conditions import evaluate
from packages.models import MatterCase
from projects.models import Project
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 1, 1)


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
        "项目统一代码及二维码", "A1", "“投资项目统一代码赋码（‘一项一码’）”已办结，结果没有归档", case.lead.label, f"/cases/{case.pk}/"
    )


def test_papers_of_the_works_are_missing_once_the_stage_is_there(project):
    assert "竣工图" in names(project, due=False)
    Project.objects.filter(pk=project.pk).update(stage="acceptance")
    project = Project.objects.get(pk=project.pk)
    assert "竣工图" in names(project, due=True)
    assert "竣工图" not in names(project, due=False)


def test_the_number_of_queries_is_fixed(project, django_assert_max_num_queries):
    project = Project.objects.select_related("owner").get(pk=project.pk)
    with django_assert_max_num_queries(6):
        missing_of(project)


def test_rules_ask_per_package_and_moment_from_the_first_day(project, monkeypatch):
    """A rule of another package, of other facts, of another time asks nothing; the moment says when it is due."""
    rows = [
        ArchiveRule(package, kind, kind, "E", moment, owed_by, rule, since, None)
        for package, kind, moment, owed_by, rule, since in (
            ("*", "a", "permit", "owner", "", DAY), ("soc-small", "b", "permit", "owner", "", DAY),
            ("*", "c", "transfer", "centre", "works=new", DAY), ("*", "d", "transfer", "owner", "works=fitout", DAY),
            ("*", "e", "permit", "owner", "", dt.date(2099, 1, 1)),
        )
    ]
    monkeypatch.setattr(archive_rules, "all_rules", lambda: rows)

    def asked(stage):
        Project.objects.filter(pk=project.pk).update(stage=stage)
        found = missing_of(Project.objects.get(pk=project.pk))
        return [(one.kind_name, one.is_due, one.owed_by, one.reason) for one in found if one.kind_name in "abcde"]

    owner, centre = project.owner.label, project.centre.label
    come, due = ("c", False, centre, "移交前必备"), ("a", True, owner, "报建前必备")
    assert asked("planning") == [("a", False, owner, "报建前必备"), come]
    assert asked("permit") == [due, come]
    assert asked("delivered") == [due, ("c", True, centre, "移交前必备")]


def test_the_table_of_rules_names_kinds_of_the_catalogue():
    kinds = {(kind.slug, kind.name, kind.doc_class) for kind in DocumentKind.objects.all()}
    for rule in archive_rules.all_rules():
        assert (rule.kind, rule.name, rule.doc_class) in kinds
        assert evaluate(rule.rule, {}) in (None, True), rule.rule
