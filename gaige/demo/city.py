"""The city above the county: its bureau, a second centre in a development zone, and the bulletins of both levels."""

from __future__ import annotations

import datetime as dt

from agency.models import Agent
from projects.models import Membership, Organisation, Region, User
from projects.states import OrganisationKind, Role

CITY, CITY_REGION = "晋城市行政审批服务管理局", "140500"
ZONE, ZONE_REGION, ZONE_NAME = "晋城经济技术开发区管理委员会", "140571", "晋城经济技术开发区"
#: The county whose centre most of the demonstration is about; its districts are told of by the city.
COUNTY_REGION = "140581"
#: username, name, title, role, body
STAFF = (
    ("city", "秦岳", "市局局长", Role.DIRECTOR, CITY),
    # what the centres below do is the city head's to watch as well: the cockpit of all of them
    ("city", "秦岳", "市局局长", Role.SUPERVISOR, CITY),
    ("city-office", "薛宁", "通报编制", Role.DISPATCHER, CITY),
    ("zone", "穆青", "开发区中心主任", Role.DIRECTOR, ZONE),
    ("zone-clerk", "田野", "1号窗口", Role.CLERK, ZONE),
)
SINCE = dt.date(2024, 1, 1)
#: Agents who also work in the zone.
HELPERS = ("agent2", "leader")


def create_city(password: str) -> None:
    """Create the two bodies with their people; a second call is a no-op. `password` is hashed."""
    city = Region.objects.get(code=CITY_REGION)
    zone, _ = Region.objects.get_or_create(code=ZONE_REGION, defaults={"name": ZONE_NAME, "parent": city})
    bodies = {
        CITY: _body(CITY, "市行政审批局", OrganisationKind.BUREAU, city),
        ZONE: _body(ZONE, "开发区管委会审批中心", OrganisationKind.COMMITTEE, zone),
    }
    for username, name, title, role, body in STAFF:
        person, _ = User.objects.get_or_create(
            username=username, defaults={"name": name, "title": title, "password": password, "is_staff": False}
        )
        Membership.objects.get_or_create(
            user=person, organisation=bodies[body], role=role, until=None, defaults={"since": SINCE}
        )
    for agent in Agent.objects.filter(user__username__in=HELPERS):
        agent.regions.add(zone)


def _body(name: str, short: str, kind: str, region: Region) -> Organisation:
    return Organisation.objects.get_or_create(
        name=name, defaults={"short_name": short, "kind": kind, "region": region}
    )[0]
