"""What the tests of joint reviews do again and again: find a department's task, answer it, be refused."""

import pytest

from packages.models import ReviewTask
from packages.services import review
from projects.errors import DomainError
from projects.states import Role
from tests import factories

NO = {"verdict": "disagree", "reason": "未设人防出入口", "basis": "人民防空法第22条", "remedy": "增设出入口一处"}


def task_of(case, code):
    return ReviewTask.objects.filter(session__case=case, organisation__code=code).latest("session__round")


def by(code, role=Role.REVIEWER):
    return factories.official(code, role)


def answer(case, code, **words):
    words = words or {"verdict": "agree", "reason": "符合要求"}
    return review.give_opinion(task_of(case, code).pk, by=by(code), **words)


def refused(code, act, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert error.value.code == code
    return error.value.message
