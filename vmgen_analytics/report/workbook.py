"""report.xlsx: the report's tables as sheets, for those who calculate on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pandas as pd
import xlsxwriter

from vmgen_analytics.report.printing import plain, printed
from vmgen_analytics.report.shape import NUMBERS

if TYPE_CHECKING:
    import datetime

    from vmgen_analytics.report.shape import Column, Report, ReportTable

FORMATS = {
    "text": "@",  # numbers of VMs and invoices too: names, which nobody adds up
    "month": "[$-409]mmmm yyyy",
    "day": "yyyy-mm-dd",
    "count": "#,##0",
    "number": "#,##0.##",
    "money": "#,##0.00",
    "change": "+#,##0.00;-#,##0.00;0.00",
    "percent": "0.0%",
    "growth": "+0.0%;-0.0%;0.0%",
    "GB": "#,##0.00",
    "rate": "#,##0.0000",
}
LONGEST = 32_767
"""Characters that a cell can hold."""
NARROWEST, WIDEST = 10, 48
DECIMALS = 6
"""Of a number in a cell: money has no more, and what a float has behind them is dust."""


def workbook(report: Report, created: datetime.datetime | None = None) -> bytes:
    """Write a report as a workbook.

    Parameters
    ----------
    report
        What it says.
    created
        When the data was fetched, as the time of the workbook.

    Returns
    -------
    bytes
        The file. Names are text whatever they begin with; nothing in it is a formula or a link.
    """
    data = io.BytesIO()
    book = xlsxwriter.Workbook(
        data, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": report.title} | ({"created": created} if created else {}))
    _summary(book, report)
    for table in report.tables:
        _sheet(book, table)
    book.close()
    return data.getvalue()


def _summary(book: Any, report: Report) -> None:
    """Questions, answers and small print on the first sheet."""
    sheet = book.add_worksheet("Summary")
    bold, wrapped = (
        book.add_format({"bold": True, "valign": "top", "text_wrap": True}),
        book.add_format({"valign": "top", "text_wrap": True}),
    )
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, 110)
    rows = [("Question", "Answer")]
    for section in report.sections:
        rows.append((section.question, section.answer))
        rows += [("", paragraph) for paragraph in section.paragraphs]
    rows += [("", line) for line in report.small_print]
    for number, (question, answer) in enumerate(rows):
        write_text(sheet, number, 0, question, bold)
        write_text(sheet, number, 1, answer, bold if number == 0 else wrapped)
    sheet.freeze_panes(1, 0)


def _sheet(book: Any, table: ReportTable) -> None:
    sheet = book.add_worksheet(table.title[:31])
    for number, column in enumerate(table.columns):
        is_number = column.kind in NUMBERS
        place = {"align": "right" if is_number else "left", "valign": "top", "text_wrap": True}
        write_text(sheet, 0, number, column.heading, book.add_format({"bold": True, "bottom": 2, **place}))
        cell = book.add_format({"num_format": FORMATS[column.kind], "valign": "top"})
        for row, value in enumerate(column.cells, start=1):
            _write(sheet, row, number, value, cell, is_number=is_number)
        if table.has_total:
            last = book.add_format({"num_format": FORMATS[column.kind], "bold": True, "top": 1})
            _write(sheet, table.length + 1, number, column.total, last, is_number=is_number)
        sheet.set_column(number, number, _width(column))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(table.length, 1), len(table.columns) - 1)
    sheet.ignore_errors(
        {"number_stored_as_text": f"A1:{xlsxwriter.utility.xl_rowcol_to_cell(table.length + 1, len(table.columns))}"}
    )
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _write(sheet: Any, row: int, column: int, value: Any, look: Any, *, is_number: bool) -> None:
    """Write a value; what is missing is an empty cell, which no sum counts."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is a total that is missing
        sheet.write_blank(row, column, None, look)
    elif is_number:
        sheet.write_number(row, column, round(float(value), DECIMALS), look)
    elif isinstance(value, pd.Period | pd.Timestamp):
        moment = value.to_timestamp() if isinstance(value, pd.Period) else value
        sheet.write_datetime(row, column, moment.to_pydatetime(), look)
    else:
        write_text(sheet, row, column, value, look)


def write_text(sheet: Any, row: int, column: int, value: str, look: Any) -> None:
    """Write a text as it is, harmless and no longer than a cell holds."""
    words = plain(value)
    sheet.write_string(row, column, words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…", look)


def _width(column: Column) -> float:
    words = [printed(value, column.kind) for value in (*column.cells, column.total) if value is not None]
    longest = max((len(line) for word in words for line in word.splitlines()), default=0)
    return float(min(max(longest * 1.1 + 2, len(column.heading) * 1.2 + 3, NARROWEST), WIDEST))
