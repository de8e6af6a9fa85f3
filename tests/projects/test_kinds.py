"""A statement that is put together once for a kind of people shows each of them what they may see, and nothing else."""

import datetime as dt

import pytest

from projects import kinds, memo, timing
from projects.access import access_of
from projects.models import Involvement, Membership, Project, User
from projects.services.grants import grant_access
from projects.states import Role
from tests import factories
from tests.kept import MORNING, kept

pytestmark = pytest.mark.django_db
PEOPLE = (
    "owner", "owner_staff", "outsider", "clerk", "reviewer", "lead_reviewer", "chief", "agent", "dispatcher", "director",
)


@pytest.fixture
def clock():
    """The clock stands where the world was made: what is lent to a day is lent still."""
    with timing.travel(MORNING):
        yield


def make_world():
    """Two enterprises with a project each, a third that is lent to a reviewer, and one who stands in for the agent."""
    actors = factories.make_actors()
    projects = [factories.make_project(actors), factories.make_project(actors, owner=actors.other_body)]
    stand_in = factories.person("stand-in", "白洁", Role.AGENT, actors.centre)
    today = timing.today()
    Membership.objects.create(
        user=stand_in, organisation=actors.centre, role=Role.AGENT, since=today, until=today + dt.timedelta(days=3),
        giver=actors.agent, reason="休假",
    )
    both = factories.person("both", "贺兰", Role.OWNER_STAFF, actors.owner_body)
    Membership.objects.create(user=both, organisation=actors.other_body, role=Role.OWNER_STAFF, since=today)
    grant_access(
        projects[1].pk, user=actors.reviewer, kind="borrow", by=actors.director,
        until=today + dt.timedelta(days=3), reason="核查同类项目",
    )
    colleague = factories.person("colleague", "秦岚", Role.REVIEWER, factories.organisation("housing"))
    more = {"stand_in": stand_in, "both": both, "colleague": colleague}
    return {"people": {name: getattr(actors, name) for name in PEOPLE} | more}


_world, world, people = kept(make_world, "people")


def seen_by(user):
    """What the kept statement shows, as a list and one by one."""
    rows = kinds.rows_for(user, "test", lambda who: Project.objects.visible_to(who).order_by("pk").values_list("pk"))
    alone = [
        pk for pk in Project.objects.order_by("pk").values_list("pk", flat=True)
        if kinds.is_among(user, "test", lambda who, key: Project.objects.visible_to(who).filter(pk=key), pk)
    ]
    return [pk for (pk,) in rows], alone


def test_everybody_sees_what_is_visible_to_them(people):
    memo.forget_all()
    expected = {name: list(Project.objects.visible_to(user).order_by("pk").values_list("pk", flat=True))
                for name, user in people.items()}
    for name, user in people.items():
        gathered = Project.objects.visible_to(user, gathered=True)
        assert list(gathered.order_by("pk").values_list("pk", flat=True)) == expected[name]
    assert len({tuple(pks) for pks in expected.values()}) == 4  # all, one's own, the other's, none
    assert expected["reviewer"] != expected["colleague"] == []  # of one kind, but one was lent a project by name
    for order in (list(people), list(reversed(people))):  # whoever of a kind asks first
        memo.forget_all()
        assert {name: seen_by(User.objects.get(pk=people[name].pk)) for name in order} == {
            name: (pks, pks) for name, pks in expected.items()
        }


def test_people_of_one_kind_ask_one_statement(people):
    memo.forget_all()
    built = []
    for name in ("owner", "owner_staff", "outsider", "both", "stand_in", "agent", "clerk"):
        kinds.rows_for(people[name], "test", lambda who, name=name: built.append(name) or Project.objects.visible_to(
            who).values_list("pk"))
    # the leads of two enterprises ask alike; whoever works for two, and who stands in, by themselves
    assert built == ["owner", "owner_staff", "both", "stand_in", "agent", "clerk"]
    assert kinds.is_among(people["clerk"], "test", lambda who, pk: Project.objects.filter(pk=pk), 2**63) is False


def test_who_stands_in_for_another_than_before_has_the_other_s_work_at_once(people):
    """A delegation that ended shows nothing any more: whose work it is counts, and not the role alone."""
    memo.forget_all()
    stand_in, agent = people["stand_in"], people["agent"]
    absent = factories.person("absent", "葛青", Role.AGENT, agent.memberships.get().organisation)
    project = Project.objects.order_by("pk").first()
    Involvement.objects.create(project=project, user=agent, role="service_agent", since=timing.today())

    def own():
        mine = Involvement.objects.current()
        return kinds.rows_for(User.objects.get(pk=stand_in.pk), "own", lambda who: mine.filter(
            user_id__in=access_of(who).user_ids).values_list("project_id"))

    assert own() == [(project.pk,)]
    Membership.objects.filter(user=stand_in, giver=agent).update(giver=absent)
    assert own() == []
