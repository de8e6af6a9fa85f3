"""A portal whose first worker is killed, and its second one."""

import pytest

from tests.faults.stories import DOOMED, STORY, left_by, made_portal, settle
from tests.portal import QUEUES

#: The second worker takes messages again, or takes no more and has ended what it had begun.
TURN = """
import time
from gaige.celery import app
where = {"destination": ["worker2@portal"], "reply": True, "limit": 1, "timeout": 60}
for queue in queues.split(","):
    app.control.broadcast(verb, arguments={"queue": queue}, **where)
while verb == "cancel_consumer" and any(
    tasks for answer in app.control.broadcast("active", **where) for tasks in answer["worker2@portal"]
):
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def killed():
    """A portal with a beat that never rests; each test brings its workers."""
    from tests.conftest import missing
    from tests.servers import ServerMissingError

    try:
        portal = made_portal("killed")
    except ServerMissingError as error:
        missing(str(error))
    try:
        portal.start("beat", **DOOMED)
        yield portal
    finally:
        portal.close()


@pytest.fixture(scope="module")
def second(killed):
    """Return a function that lets the next worker work, or rest while the doomed one has everything for itself."""
    killed.start("worker2")

    def turn(*, works):
        killed.python(TURN, verb="add_consumer" if works else "cancel_consumer", queues=QUEUES)

    return turn


@pytest.fixture(scope="module")
def undisturbed(killed, second):
    """What one story leaves behind when nobody is killed."""
    story = killed.python(STORY, accept=True)
    settle(killed, story)
    return left_by(killed, story)
