"""The notice of a year (放假通知) as a file: one day a line, whether it works, and why; what it would move.

    2027-01-01	off	元旦放假
    2027-02-07	work	春节调休上班

A line that begins with # is a remark. Days that are not named follow the plain week.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from projects import recomputing, timing, workdays
from projects.errors import DomainError
from projects.models.time import CalendarVersion
from projects.recomputing import MovedClock

if TYPE_CHECKING:
    from projects.models import User

FIELDS = 3
#: A year with fewer or more working days was typed wrongly; real ones had 244 to 252.
PLAUSIBLE = (235, 262)
#: How many days a refusal names.
NAMED = 5


@dataclass(frozen=True, slots=True)
class YearNotice:
    """What a notice says of one year."""

    year: int
    document: str
    off: dict[dt.date, str]
    work: dict[dt.date, str]

    @property
    def days(self) -> dict[dt.date, tuple[bool, str, str]]:
        """Every day of the year as the notice makes it."""
        return workdays.days_of_year(self.year, off=self.off, work=self.work, document=self.document)

    @property
    def workday_count(self) -> int:
        """How many working days the year has."""
        return sum(works for works, _, _ in self.days.values())

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What differs from the calendar in force."""
        return workdays.changes_of(self.days)

    @property
    def left_out(self) -> list[dict[str, Any]]:
        """The changes of days that the notice does not name: holidays and make-up days that would go by the week."""
        return [change for change in self.changes if not change["note"]]


def read_notice(text: str, *, document: str) -> YearNotice:
    """Return the notice of one year. Raises `DomainError` with the line that cannot be read."""
    if not document.strip():
        raise DomainError("document", "请写明放假通知的文号，每一天都要有来源。")
    named: dict[str, dict[dt.date, str]] = {"off": {}, "work": {}}
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        day, word, note = _read_line(line, number)
        if any(day in days for days in named.values()):
            raise DomainError("twice", f"第 {number} 行：{timing.written(day)}写了两次，请核对。")
        named[word][day] = note
    years = {day.year for days in named.values() for day in days}
    if len(years) != 1:
        raise DomainError("year", f"一份通知只载入一年，文件里有 {len(years)} 年的日子，请核对。")
    notice = YearNotice(years.pop(), document.strip()[:200], named["off"], named["work"])
    low, high = PLAUSIBLE
    if not low <= notice.workday_count <= high:
        raise DomainError("count", f"按此文件全年只有 {notice.workday_count} 个工作日，与往年相差太多，请核对。")
    return notice


def _read_line(line: str, number: int) -> tuple[dt.date, str, str]:
    parts = [part.strip() for part in line.split("\t")]
    if len(parts) != FIELDS or parts[1] not in {"off", "work"} or not parts[2]:
        raise DomainError("line", f"第 {number} 行应为“日期、off 或 work、说明”，以制表符分开：{line[:60]}")
    try:
        return dt.date.fromisoformat(parts[0]), parts[1], parts[2][:100]
    except ValueError as error:
        raise DomainError("line", f"第 {number} 行的日期不对：{parts[0][:20]}") from error


def _require_whole(notice: YearNotice) -> None:
    """Raise `DomainError` where days that the calendar in force sets apart are missing in the notice."""
    if not (days := notice.left_out):
        return
    named = "、".join(f"{change['day']}（{change['before']}）" for change in days[:NAMED])
    more = f"等 {len(days)} 天" if len(days) > NAMED else ""
    raise DomainError(
        "not_whole",
        f"没有载入：现行日历另有安排的 {named}{more}不在文件里，载入后会改回按周。"
        "文件要写全一年；只改一天请用 /workdays/；确要以此文件代替全年日历，请加 --replace。",
    )


def preview(notice: YearNotice, *, replace: bool = False) -> Iterator[MovedClock]:
    """Return every running due day that the notice would move. Writes nothing; refuses what `load_notice` refuses."""
    if not replace:
        _require_whole(notice)
    return recomputing.moves_under(notice.days)


def load_notice(
    notice: YearNotice, *, by: User | None = None, replace: bool = False
) -> tuple[CalendarVersion, list[MovedClock]]:
    """Publish the year and compute the running clocks anew, each moved one with its event; what has ended stays.

    Raises `DomainError` where the notice leaves out days that the calendar in force sets apart, unless `replace`.
    Effects in order: the days, the version with what changed, then clock by clock `clock.moved`. The clocks follow in
    transactions of their own: what is interrupted is taken up by the nightly `recompute_provisional`.
    """
    if not replace:
        _require_whole(notice)
    version = workdays.publish_year(
        notice.year, off=notice.off, work=notice.work, document=notice.document, by=by
    )
    moved = recomputing.recompute_provisional(version)
    version.refresh_from_db()
    return version, moved


def _with_day(day: dt.date, row: tuple[bool, str, str]) -> dict[dt.date, tuple[bool, str, str]]:
    """The published days of a day's year, with this one as it would be (`workdays.supposed` replaces whole years)."""
    standing = workdays.current().rows
    same_year = {known: kept for known, kept in standing.items() if known.year == day.year}
    year = {known: (kept.is_workday, kept.source, kept.note) for known, kept in same_year.items()}
    return {**year, day: row}


def preview_day(day: dt.date, *, is_workday: bool, source: str, note: str) -> list[MovedClock]:
    """Return every running due day that one changed day would move. Writes nothing."""
    return list(recomputing.moves_under(_with_day(day, (is_workday, source, note))))


def load_day(day: dt.date, *, is_workday: bool, source: str, note: str, by: User) -> list[MovedClock]:
    """Write one day in the name of `by` and compute the running clocks anew; return those that moved."""
    workdays.set_day(day, is_workday=is_workday, source=source, note=note, by=by)
    return recomputing.recompute_provisional()
