"""A worker killed in a joint review loses nothing and doubles nothing: the next one finishes what it had begun."""

import pytest

from tests.faults.kill_points import POINTS
from tests.faults.stories import ROUNDS, finishes

pytestmark = [pytest.mark.kill, pytest.mark.slow]


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("review")])
def test_the_next_worker_finishes_a_review_that_a_killed_one_began(killed, second, undisturbed, point, round_):
    finishes(killed, second, undisturbed, point)
