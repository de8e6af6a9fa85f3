"""People, bodies and projects of the kernel's own tests: no catalogue, no higher app."""

import datetime as dt
from itertools import count
from types import SimpleNamespace

import pytest

from projects.codes import mod_11_10
from projects.models import Membership, Organisation, Region, User
from projects.services.registration import register_project
from tests.kept import layer

OWNER_USCC, OTHER_USCC = "91110000710925462X", "91100000100003962T"
SINCE = dt.date(2026, 1, 1)
ROLES = {
    "owner": "owner_staff", "clerk": "clerk", "reviewer": "reviewer", "chief": "chief", "agent": "agent",
    "dispatcher": "dispatcher", "director": "director", "outsider": "owner_staff",
}


def national_code(number, region="140581"):
    """A valid national code: the check digit is computed."""
    digits = f"2603{region}8905{number:05d}"
    code = f"{digits}{mod_11_10(digits)}"
    return f"{code[:4]}-{code[4:10]}-{code[10:12]}-{code[12:14]}-{code[14:]}"


def make_user(username, *, name, role, organisation, since=SINCE, until=None):
    user = User.objects.create(username=username, name=name)
    Membership.objects.create(user=user, organisation=organisation, role=role, since=since, until=until)
    return user


def _bodies():
    """The centre, a department, an enterprise and a stranger's enterprise."""
    return SimpleNamespace(
        region=Region.objects.get(code="140581"),
        centre=Organisation.objects.get(code="approval-bureau"),
        department=Organisation.objects.get(code="civil-defence"),
        owner=Organisation.objects.create(name="山西泽铸智能装备有限公司", kind="enterprise", uscc=OWNER_USCC),
        other=Organisation.objects.create(name="高平市远山建材有限公司", kind="enterprise", uscc=OTHER_USCC),
    )


def _people(bodies):
    """The eight actors, each with a membership where it belongs."""
    places = {
        "owner": bodies.owner, "outsider": bodies.other, "reviewer": bodies.department, "chief": bodies.department,
    }
    return SimpleNamespace(**{
        key: make_user(f"k-{key}", name=f"{key}甲", role=role, organisation=places.get(key, bodies.centre))
        for key, role in ROLES.items()
    })


kept_bodies = layer("kept_bodies", _bodies)
kept_people = layer("kept_people", _people, "kept_bodies")


@pytest.fixture
def bodies(kept_bodies):
    """The centre, a department, an enterprise and a stranger's enterprise."""
    return kept_bodies


@pytest.fixture
def people(kept_people):
    """The eight actors, each with a membership where it belongs."""
    return kept_people


@pytest.fixture
def make_project(people, bodies):
    """Return a function that registers projects of the owner by the clerk."""
    numbers = count(10001)

    def make(**given):
        values = {
            "by": people.clerk, "code": national_code(next(numbers)), "name": "年产12万吨精密铸件智能工厂",
            "investment": "social", "region_code": "140581", "address": "马村镇", "owner_uscc": OWNER_USCC,
            "centre": bodies.centre, **given,
        }
        return register_project(**values)

    return make


@pytest.fixture
def project(make_project):
    """One project, just registered."""
    return make_project()
