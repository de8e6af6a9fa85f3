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
    ("city-checker", "温岚", "通报核对", Role.DISPATCHER, CITY),
    ("city-leader", "范立", "市级项目长", Role.AGENT, CITY),
    ("city-agent", "尚岩", "市级服务专员", Role.AGENT, CITY),
    ("zone", "穆青", "开发区中心主任", Role.DIRECTOR, ZONE),
    ("zone-clerk", "田野", "1号窗口", Role.CLERK, ZONE),
)
SINCE = dt.date(2024, 1, 1)
#: Agents who also work in the zone.
HELPERS = ("agent2", "leader")
#: Agents of the city, who help out in every county: username, can lead, cap in load points.
ABOVE_ALL = (("city-leader", True, 30), ("city-agent", False, 30))


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
    for username, leads, cap in ABOVE_ALL:
        helper, _ = Agent.objects.get_or_create(
            user=User.objects.get(username=username),
            defaults={"can_lead": leads, "can_serve": not leads, "specialties": [], "load_cap": cap},
        )
        helper.regions.add(city)


def _body(name: str, short: str, kind: str, region: Region) -> Organisation:
    return Organisation.objects.get_or_create(
        name=name, defaults={"short_name": short, "kind": kind, "region": region}
    )[0]
