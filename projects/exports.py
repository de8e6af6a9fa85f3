"""Lists as files for spreadsheets: CSV streamed line by line, XLSX written in constant memory. No cell is a formula.

A list as a file is what the screen shows as it is filtered, no longer than its bound; where the bound cuts it the last
line says so.
"""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.http import FileResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from projects import timing

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = ("csv", "xlsx")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: A cell of a spreadsheet holds no more.
LONGEST_CELL = 32_000
#: What an XLSX may be in memory before it goes to the disk, in bytes.
IN_MEMORY = 1024 * 1024
#: In letters: so wide is a column at most, longer text stands on several lines.
WIDEST = 60
#: Text is text: nothing becomes a formula, a link or a number by its looks.
XLSX_OPTIONS = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd", "remove_timezone": True,
}
Cell = str | int | float | Decimal | dt.date | dt.datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list as a file; `width` in letters."""

    name: str
    width: int = 14


@dataclass(frozen=True, slots=True)
class Table:
    """A list as a file: its name, its columns, its rows in order, and facts about it (who took it, how filtered)."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    facts: Sequence[tuple[str, str]] = ()


def _letters(cell: object) -> int:
    """Return how wide a text stands: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in str(cell))


def fitted(table: Table) -> Table:
    """Return a table of a few rows with columns as wide as what stands in them, `WIDEST` at most."""
    rows = list(table.rows)
    across = [[row[at] for row in rows if at < len(row) and row[at] is not None] for at in range(len(table.columns))]
    columns = [
        Column(column.name, min(WIDEST, 2 + max(map(_letters, [column.name, *cells]))))
        for column, cells in zip(table.columns, across, strict=True)
    ]
    return replace(table, columns=columns, rows=rows)


def cut_words(most: int) -> str:
    """The last line of a list that was cut."""
    return f"只导出前 {most:,} 行，其余未列出；请缩小条件后再导出。"


# CSV ---------------------------------------------------------------------------------------------------------------


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        """Return the text."""
        return text


def _safe(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield the lines of a CSV file, the mark of its encoding first."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in rows:
        yield writer.writerow([_safe(cell) for cell in row])


def csv_response(rows: Iterable[Iterable[object]], name: str) -> StreamingHttpResponse:
    """Return a download named `<name>-<today>.csv`."""
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = _named(name, "csv")
    return response


def _named(name: str, ending: str) -> str:
    file = f"{name}-{timing.today():%Y%m%d}.{ending}"
    return content_disposition_header(as_attachment=True, filename=file) or "attachment"


# XLSX --------------------------------------------------------------------------------------------------------------


def write_xlsx(table: Table, out: IO[bytes]) -> None:
    """Write a table as XLSX: head frozen and filtered, days as days, every text as text; a second sheet of facts."""
    book = xlsxwriter.Workbook(out, XLSX_OPTIONS)
    _write_sheet(book, table)
    if table.facts:
        _write_facts(book, table, _head(book))
    book.close()


def _head(book: Any) -> Any:
    return book.add_format({"bold": True, "bottom": 1, "bg_color": "#E9EEF2"})


def _lines(book: Any) -> Any:
    return book.add_format({"text_wrap": True, "valign": "top"})


def _write_sheet(book: Any, table: Table) -> None:
    head, day = _head(book), book.add_format({"num_format": "yyyy-mm-dd"})
    moment, lines = book.add_format({"num_format": "yyyy-mm-dd hh:mm"}), _lines(book)
    sheet = book.add_worksheet(table.name[:31])
    sheet.freeze_panes(1, 0)
    for at, column in enumerate(table.columns):
        width = max(column.width, 1 + _letters(column.name))
        sheet.set_column(at, at, width, lines if width >= WIDEST else None)
        sheet.write_string(0, at, column.name, head)
    last = 0
    for last, row in enumerate(table.rows, start=1):
        for at, cell in enumerate(row):
            _write(sheet, last, at, cell, day, moment)
    sheet.autofilter(0, 0, max(last, 1), len(table.columns) - 1)


def _write_facts(book: Any, table: Table, head: Any) -> None:
    sheet = book.add_worksheet("说明")
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, 1, WIDEST, _lines(book))
    for at, (name, value) in enumerate(table.facts):
        sheet.write_string(at, 0, name, head)
        sheet.write_string(at, 1, value)


def _write(sheet: Any, row: int, at: int, cell: Cell, day: Any, moment: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, dt.datetime):
        sheet.write_datetime(row, at, cell.astimezone(timing.BUSINESS_ZONE), moment)
    elif isinstance(cell, dt.date):
        sheet.write_datetime(row, at, dt.datetime.combine(cell, dt.time.min), day)
    elif isinstance(cell, (int, float, Decimal)):
        sheet.write_number(row, at, cell)
    else:
        sheet.write_string(row, at, cell[:LONGEST_CELL])


def xlsx_response(table: Table) -> FileResponse:
    """Return a download named `<name>-<today>.xlsx`, written to the disk and sent from there."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    write_xlsx(table, file)
    file.seek(0)
    response = FileResponse(file, content_type=XLSX_TYPE)
    response["Content-Disposition"] = _named(table.name, "xlsx")
    return response


def file_response(table: Table, ending: str) -> StreamingHttpResponse | FileResponse:
    """Return the table as a download of one of `FORMATS`."""
    if ending == "xlsx":
        return xlsx_response(table)
    return csv_response(_with_head(table), table.name)


def book_response(tables: Sequence[Table], name: str, ending: str) -> StreamingHttpResponse | FileResponse:
    """Return several short tables as one download: a workbook with a sheet for each, or a CSV that titles each."""
    if ending != "xlsx":
        return csv_response(_one_below_another(tables), name)
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    book = xlsxwriter.Workbook(file, XLSX_OPTIONS)
    for table in tables:
        _write_sheet(book, fitted(table))
    _write_facts(book, tables[0] if tables else Table(name, (), ()), _head(book))
    book.close()
    file.seek(0)
    response = FileResponse(file, content_type=XLSX_TYPE)
    response["Content-Disposition"] = _named(name, "xlsx")
    return response


def _one_below_another(tables: Sequence[Table]) -> Iterator[Sequence[object]]:
    for table in tables:
        yield [table.name]
        yield from _with_head(table)
        yield []


def _with_head(table: Table) -> Iterator[Sequence[object]]:
    yield [column.name for column in table.columns]
    for row in table.rows:
        yield [f"{cell:f}" if isinstance(cell, Decimal) else _stamped(cell) for cell in row]


def _stamped(cell: Cell) -> object:
    return f"{cell.astimezone(timing.BUSINESS_ZONE):%Y-%m-%d %H:%M}" if isinstance(cell, dt.datetime) else cell
