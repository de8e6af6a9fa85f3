"""How dates and numbers are written on screen and paper (``look`` §3): 11-20, 11月20日, 2026年11月20日, 1,284."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.safestring import mark_safe

from projects.timing import now

WEEKDAYS = "一二三四五六日"
DASH = "—"
#: The dash of an empty cell: on a telephone, where a row is a few lines, the cell is left out (`office.css`).
NIL = mark_safe(f'<span class="nil">{DASH}</span>')  # noqa: S308 - a constant


def as_local(value: Any) -> Any:
    """Return a datetime in local time; anything else as it is."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


def day(value: Any) -> str:
    """Return ``11-20``, or ``2025-11-20`` in another year than the present one; text stays text, nothing is a dash."""
    value = as_local(value)
    if not isinstance(value, date):
        return str(value) if value else DASH
    other_year = value.year != timezone.localtime(now()).year
    return f"{value:%Y-%m-%d}" if other_year else f"{value:%m-%d}"


def day_cn(value: Any) -> str:
    """Return ``11月20日``, with the year in front when it is not the present one."""
    value = as_local(value)
    if not isinstance(value, date):
        return str(value) if value else DASH
    year = "" if value.year == timezone.localtime(now()).year else f"{value.year}年"
    return f"{year}{value.month}月{value.day}日"


def day_full(value: Any) -> str:
    """Return ``2026年11月20日``, the form of papers."""
    value = as_local(value)
    if not isinstance(value, date):
        return str(value) if value else DASH
    return f"{value.year}年{value.month}月{value.day}日"


def moment(value: Any) -> str:
    """Return ``11-20 09:42``; a plain date has no time."""
    value = as_local(value)
    return f"{day(value)} {value:%H:%M}" if isinstance(value, datetime) else day(value)


def clock_time(value: Any) -> str:
    """Return ``09:42:18``, the form of a saved time."""
    value = as_local(value)
    return f"{value:%H:%M:%S}" if isinstance(value, datetime) else str(value or DASH)


def now_line() -> str:
    """Return ``11月20日 周五 09:42``, the clock in the bar."""
    moment_now = timezone.localtime(now())
    return f"{moment_now.month}月{moment_now.day}日 周{WEEKDAYS[moment_now.weekday()]} {moment_now:%H:%M}"


def dash(value: Any) -> Any:
    """Return the value, or for none the dash of an empty cell, which a telephone leaves out (`.nil`); 0 is a value."""
    return value if value or value == 0 else NIL


def number(value: Any, places: int | None = None) -> str:
    """Return ``1,284`` or ``3.6``: grouped, exactly ``places`` decimals or no trailing zeros, a dash for None."""
    if value is None or value == "":
        return DASH
    if not isinstance(value, (int, float, Decimal)):
        return str(value)
    if places is not None:
        return f"{value:,.{places}f}"
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
