"""Whatever people do in whatever order, an open case has somebody it waits for, and it is who the oracle says."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from packages.models import JointSession
from packages.queries import case_waiting
from packages.services import sweeping
from packages.services.correction import answer_fault
from packages.states import CASE_OPEN
from projects import waiting
from projects.models import IssueItem
from tests import factories
from tests.packages.test_appendix_d import CODE, Walk, kept_for_now
from tests.packages.test_waiting import agree

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SWEEPS = (sweeping.open_stuck_reviews, sweeping.apply_all_tacit, sweeping.deem_all_accepted, sweeping.sweep_promises)


class Wander(Walk):
    """The steps of Appendix D, and those that others take on the way."""

    def steps(self, case):
        return super().steps(case) | {
            "pause": lambda: factories.pause(case), "answer": lambda: factories.answer_all(case),
            "mend": lambda: self.mend(case),
            "merge": lambda: JointSession.objects.filter(case=case).exists() and factories.merge(case),
        }


    def mend(self, case):
        """Answer what was told, and hand nothing back yet."""
        for issue in IssueItem.objects.filter(subject_key=str(case.pk), kind="correction", state="open"):
            answer_fault(issue.pk, answer="已标坐标", by=self.actors.owner)


#: Which step is tried first (those after it follow until one is taken), and how many days pass then.
NAMES = (
    "accept", "answer", "ask_special", "ask_to_withdraw", "complete", "correct", "deliver", "end_special", "extend", "fail",
    "give_back", "grant", "late_fail", "late_recall", "mend", "merge", "not_take", "open_review", "pause", "recall", "receive",
    "refuse", "revoke", "withdraw",
)
TRIED = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 3)), min_size=3, max_size=4)


def tried(words):
    """One walk written down: steps, with the days that pass after one as its number."""
    return [(word.rstrip("0123456789"), int(word[len(word.rstrip("0123456789")):] or 0)) for word in words.split()]


@pytest.fixture
def started(actors):
    walk, project = Wander(actors), factories.enrolled_project(actors, "S2")
    factories.pass_matter(project, "project-code", actors)
    application = factories.open_application(project, [CODE], actors)
    factories.complete(application, actors.clerk)
    return walk, factories.make_case(project, CODE)


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rest=TRIED)
@example(rest=tried("receive complete1 mend1 give_back accept open_review1 ask_special correct2"))
@example(rest=tried("receive accept open_review pause1 correct1 give_back end_special1 correct pause1 give_back1 end_special"))
@example(rest=tried("receive ask_to_withdraw1"))
@example(rest=tried("receive accept open_review answer1 merge1 extend1 grant deliver"))
def test_an_open_case_never_waits_for_nobody(started, clock, rest):
    walk, case = started
    begun = clock.moment
    assert set(NAMES) == set(walk.steps(case))
    with kept_for_now():
        for name, days in rest:
            at = NAMES.index(name)
            taken = next((one for one in NAMES[at:] + NAMES[:at] if walk.take(case, one)[0]), "")
            someone_is_waited_for(case, taken)
            if days:
                clock.by(days=days)
                for sweep in SWEEPS:
                    assert sweep()[1] == 0
                someone_is_waited_for(case, "sweep")
    clock.to(begun)


def someone_is_waited_for(case, after):
    case = factories.fresh(case)
    agree(case.project)
    lines = waiting.waiting_on(case.project)
    assert lines, after
    assert all(line.role and line.verb and line.what for line in lines), after
    if case.state in CASE_OPEN:
        found = case_waiting([case]).get(case.pk)
        assert found is not None, (case.state, after)
        assert (found.case_id, bool(found.role)) == (case.pk, True)
