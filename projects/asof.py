"""时间机器: what the events of a project told on a day: a fold of the log up to its end; nothing else is kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from projects import timing
from projects.models import Event

if TYPE_CHECKING:
    from projects.models import Project

FIELDS = ("state", "stage", "status")


@dataclass(frozen=True, slots=True)
class StateThen:
    """The state of one object on that day: which, in what words, since when, by what event."""

    subject_type: str
    subject_key: str
    field: str
    state: str
    label: str
    since: dt.datetime
    summary: str

    @property
    def words(self) -> str:
        """Return the state as the screen calls it."""
        try:
            field = apps.get_model(self.subject_type)._meta.get_field(self.field)
        except (LookupError, ValueError, FieldDoesNotExist):
            return self.state
        return str(dict(getattr(field, "flatchoices", ())).get(self.state, self.state))

    @property
    def kind(self) -> str:
        """Return what sort of object it is."""
        try:
            return str(apps.get_model(self.subject_type)._meta.verbose_name)
        except (LookupError, ValueError):
            return self.subject_type


def end_of(day: dt.date) -> dt.datetime:
    """Return the last moment of a business day."""
    return dt.datetime.combine(day, dt.time.max, tzinfo=timing.BUSINESS_ZONE)


def states_on(project: Project, moment: dt.datetime) -> dict[tuple[str, str, str], StateThen]:
    """Return the states that the events recorded until then tell, by subject type, key and field. One query."""
    found: dict[tuple[str, str, str], StateThen] = {}
    rows = Event.objects.filter(project=project, recorded_at__lte=moment).order_by("seq")
    columns = ("subject_type", "subject_key", "subject_label", "happened_at", "summary", "data")
    for kind, key, label, happened_at, summary, data in rows.values_list(*columns).iterator(chunk_size=1000):
        for field in FIELDS:
            if field in data:
                found[kind, key, field] = StateThen(kind, key, field, data[field][1], label, happened_at, summary)
    return found
