"""A project that rests takes its cases out of the order of due days, and brings them back when it runs again."""

import pytest

from projects import outbox
from projects.services.status import resume_project, suspend_project
from tests import factories

pytestmark = pytest.mark.django_db


def test_due_days_follow_a_project_that_rests(actors, project):
    [case] = factories.accepted(project, ["land-plan-permit"], actors)
    due = factories.fresh(case).due_on
    assert due is not None
    suspend_project(project.pk, by=actors.dispatcher, reason="建设单位申请暂缓")
    outbox.drain_all(exclude=["archives.render"])
    assert factories.fresh(case).due_on is None
    resume_project(project.pk, by=actors.dispatcher, reason="条件具备")
    outbox.drain_all(exclude=["archives.render"])
    assert factories.fresh(case).due_on == due
