"""The published working calendars, from a kept library (`chinesecalendar`) and the notices it follows.

The library raises outside the years it knows and is never called by anything but this loader.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

FIRST_YEAR = 2020
#: Fewer rows are single days that were changed.
WHOLE_YEAR = 365

DOCUMENTS = {
    2020: "国办发明电〔2019〕16号",
    2021: "国办发明电〔2020〕27号",
    2022: "国办发明电〔2021〕11号",
    2023: "国办发明电〔2022〕16号",
    2024: "国办发明电〔2023〕7号",
    2025: "国办发明电〔2024〕12号",
    2026: "国办发明电〔2025〕7号",
}
PROLONGED_2020 = "国办发明电〔2020〕1号"
"""The spring festival of 2020 was prolonged to 2 February."""

NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
}


def published_days() -> list[tuple[dt.date, bool, str, str]]:
    """Every published day: date, whether it is a working day, the document it stands on, and why it is special."""
    import chinese_calendar

    days = []
    for year, document in DOCUMENTS.items():
        day = dt.date(year, 1, 1)
        while day.year == year:
            works = bool(chinese_calendar.is_workday(day))
            _, name = chinese_calendar.get_holiday_detail(day)
            source = PROLONGED_2020 if dt.date(2020, 1, 31) <= day <= dt.date(2020, 2, 2) else document
            days.append((day, works, source, _note(day, name, works=works)))
            day += dt.timedelta(days=1)
    return days


def _note(day: dt.date, name: str | None, *, works: bool) -> str:
    """Why a day differs from the plain week; empty when it does not."""
    weekend = day.weekday() >= 5
    festival = NAMES.get(name or "", name or "")
    if works:
        return f"{festival}调休上班" if weekend else ""
    if not festival:
        return ""
    return f"{festival}放假"


@dataclass(frozen=True, slots=True)
class YearRow:
    """One year of the calendar in force: its documents and how many working days it has."""

    year: int
    documents: str
    workdays: int


def years() -> list[YearRow]:
    """Return the published years of the calendar in force, the newest first. No query.

    A year of which only single days were changed is not published: its other days are still supposed.
    """
    from projects import workdays

    found: dict[int, list[tuple[bool, str]]] = {}
    for day, row in workdays.current().rows.items():
        found.setdefault(day.year, []).append((row.is_workday, row.source))
    return [
        YearRow(year, "、".join(dict.fromkeys(source for _, source in rows)), sum(works for works, _ in rows))
        for year, rows in sorted(found.items(), reverse=True) if len(rows) >= WHOLE_YEAR
    ]


def load_published_calendar(apps: Any = None, schema_editor: Any = None) -> int:
    """Write the published years into `WorkDay` and open a calendar version; safe to run again.

    Called by the data migration (with its `apps`) and by tests that empty the tables (without). Days that an
    administrator has written since are left alone. Returns how many days were written.
    """
    from django.db.models import QuerySet

    from projects import workdays

    if apps is None:
        from projects.models import time as models

        work_day, calendar_version = models.WorkDay, models.CalendarVersion
    else:
        work_day = apps.get_model("projects", "WorkDay")
        calendar_version = apps.get_model("projects", "CalendarVersion")
    using = schema_editor.connection.alias if schema_editor is not None else "default"
    days: QuerySet[Any] = QuerySet(work_day, using=using)
    present = set(days.values_list("day", flat=True))
    rows = [
        work_day(day=day, is_workday=works, source=source, note=note)
        for day, works, source, note in published_days()
        if day not in present
    ]
    if rows:
        days.bulk_create(rows, batch_size=500)
        QuerySet(calendar_version, using=using).create(
            document=DOCUMENTS[max(DOCUMENTS)], note=f"载入 {FIRST_YEAR}—{max(DOCUMENTS)} 年公布的工作日历"
        )
        workdays.calendar_changed()
    return len(rows)
