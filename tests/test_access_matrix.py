"""Every address answers every actor as its row says, and no address is without a row.

The addresses of `packages` are as many as all others: they have a file of their own, so that two processes share them.
"""

import pytest
from django.urls import get_resolver

from tests.access import late, matrix

pytestmark = pytest.mark.django_db
OURS = matrix.rows(*(app for app in matrix.APPS if app != "packages"))
world = matrix.world


def names(resolver=None, space=""):
    """The full names of all addresses."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names(pattern, pattern.namespace or space)
        else:
            yield f"{space}:{pattern.name}" if space else pattern.name


def test_every_address_stands_in_the_matrix():
    assert sorted(set(names())) == sorted(matrix.rows(*matrix.APPS))


@pytest.mark.postgresql  # some minutes: once is enough
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(OURS))
def test_every_address_answers_every_actor_as_its_row_says(world, name):
    assert matrix.answers(world, name, OURS[name]) == OURS[name].codes


@pytest.mark.postgresql
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(late.FORMS))
def test_what_happens_away_from_the_screen_takes_its_earlier_time_of_the_office_only(world, name):
    late.refuses_what_has_not_come(world, name)
