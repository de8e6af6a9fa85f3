"""Every address of `packages` answers every actor as its row says (see tests/test_access_matrix.py)."""

import pytest

from tests.access import matrix

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.slow]
ROWS = matrix.rows("packages")
world = matrix.world


@pytest.mark.parametrize("name", sorted(ROWS))
def test_every_address_answers_every_actor_as_its_row_says(world, name):
    assert matrix.answers(world, name, ROWS[name]) == ROWS[name].codes
