"""A worker killed over a paper or a reminder: the next one finishes it, nothing is lost or said twice."""

import pytest

from tests.faults.kill_points import POINTS
from tests.faults.stories import ROUNDS, finishes

pytestmark = [pytest.mark.kill, pytest.mark.slow]


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize("point", [point for point in POINTS if not point.startswith("review")])
def test_the_next_worker_finishes_what_a_killed_one_began(killed, second, undisturbed, point, round_):
    finishes(killed, second, undisturbed, point)
