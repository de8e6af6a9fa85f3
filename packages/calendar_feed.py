"""The calendar as iCalendar (RFC 5545): all-day events with stable names, alarms on the days of the reminders.

It leaves the portal: project, paper, role and day stand in it, no person, no telephone, no opinion. The same state
gives the same bytes, so that a program that asks again is told that nothing has changed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Alarm, Calendar, Event

from packages.models import CalendarFeed
from projects import timing
from projects.living import Expiry, living_papers
from projects.models import Involvement, Project
from projects.workdays import due_date

if TYPE_CHECKING:
    from django.db.models import QuerySet

PRODUCT = "-//gaige//expiry calendar//ZH"
MEDIA_TYPE = "text/calendar; charset=utf-8"
#: How often a calendar program may ask again.
REFRESH = "PT6H"


def projects_of(feed: CalendarFeed) -> QuerySet[Project]:
    """Return the projects whose papers stand in a calendar: the one, or those of the body by its part in them."""
    if feed.project_id is not None:
        return Project.objects.filter(pk=feed.project_id)
    body = feed.organisation_id or 0
    own = Project.objects.filter(owner_id=body) | Project.objects.filter(centre_id=body)
    involved = Involvement.objects.current().filter(organisation_id=body).values("project_id")
    return Project.objects.filter(pk__in=own.values("pk")) | Project.objects.filter(pk__in=involved)


def entries_of(feed: CalendarFeed) -> list[Expiry]:
    """Return what runs out and still asks for something."""
    return [expiry for expiry in living_papers(projects_of(feed)) if not expiry.ended]


def changed_at(feed: CalendarFeed, entries: Sequence[Expiry]) -> dt.datetime:
    """Return when the calendar last changed, to the second."""
    latest = max([feed.issued_at, *(entry.changed_at for entry in entries)])
    return latest.astimezone(dt.UTC).replace(microsecond=0)


def etag(content: bytes) -> str:
    """Return the mark of these bytes."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def render(feed: CalendarFeed, entries: Sequence[Expiry]) -> bytes:
    """Return the calendar as bytes."""
    whose = feed.project.name if feed.project else str(feed.organisation)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"到期日历：{whose}")
    calendar.add("x-published-ttl", REFRESH)
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _event(entry: Expiry) -> Event:
    event = Event()
    changed = entry.changed_at.astimezone(dt.UTC).replace(microsecond=0)
    event.add("uid", f"{entry.key}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("dtstart", entry.due_on)
    event.add("dtend", entry.due_on + dt.timedelta(days=1))
    event.add("summary", f"{entry.title}到期：{entry.project_name}")
    says = f"{entry.group}，{entry.state}。{entry.detail}。由{entry.who}办理。项目代码 {entry.project_code}"
    event.add("description", says)
    event.add("url", f"{settings.SITE_URL}{entry.url}")
    event.add("categories", [entry.group])
    event.add("transp", "TRANSPARENT")
    for days in entry.warn_days:
        event.add_component(_alarm(entry, days))
    return event


def _alarm(entry: Expiry, days: int) -> Alarm:
    """Ring at nine in the morning of the day that lies so many working days before the last one."""
    day = due_date(entry.due_on + dt.timedelta(days=1), -days - 1)
    before = timing.start_of_day(entry.due_on) - timing.as_moment(day)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"{entry.title}还有 {days} 个工作日到期")
    alarm.add("trigger", -before)
    return alarm
