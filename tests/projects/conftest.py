"""People, bodies and projects of the kernel's own tests: no catalogue, no higher app."""

import datetime as dt
from itertools import count
from types import SimpleNamespace

import pytest

from projects.codes import mod_11_10
from projects.models import Membership, Organisation, Region, User
from projects.regions import REGIONS, parent_code
from projects.services.registration import register_project

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


def _regions():
    """The regions are there: a transactional test before this one empties the tables."""
    for code, name in sorted(REGIONS.items()):
        parent = Region.objects.filter(code=parent_code(code)).first()
        Region.objects.get_or_create(code=code, defaults={"name": name, "parent": parent})


@pytest.fixture
def bodies(db):
    """The centre, a department, an enterprise and a stranger's enterprise."""
    _regions()
    region = Region.objects.get(code="140581")
    centre, _ = Organisation.objects.get_or_create(
        code="approval-bureau",
        defaults={"name": "高平市行政审批服务管理局", "short_name": "行政审批局", "kind": "bureau", "region": region},
    )
    department, _ = Organisation.objects.get_or_create(
        code="civil-defence",
        defaults={"name": "高平市人民防空办公室", "short_name": "人防办", "kind": "department", "region": region},
    )
    owner = Organisation.objects.create(name="山西泽铸智能装备有限公司", kind="enterprise", uscc=OWNER_USCC)
    other = Organisation.objects.create(name="高平市远山建材有限公司", kind="enterprise", uscc=OTHER_USCC)
    return SimpleNamespace(region=region, centre=centre, department=department, owner=owner, other=other)


@pytest.fixture
def people(bodies):
    """The eight actors, each with a membership where it belongs."""
    places = {
        "owner": bodies.owner, "outsider": bodies.other, "reviewer": bodies.department, "chief": bodies.department,
    }
    return SimpleNamespace(**{
        key: make_user(f"k-{key}", name=f"{key}甲", role=role, organisation=places.get(key, bodies.centre))
        for key, role in ROLES.items()
    })


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
