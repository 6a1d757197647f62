"""A statement as a workbook: dates are dates, numbers are numbers, and the total is a formula."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from vmgen_analytics.cost.cents import rounded
from vmgen_analytics.report.printing import name_of
from vmgen_analytics.report.statement import PROVISIONAL, TITLES
from vmgen_analytics.report.workbook import FORMATS, write_text

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from vmgen_analytics.report.statement import Statement

DAY = "yyyy-mm-dd"
HEAD = 4
"""Rows above the lines: cost centre, month, what is missing (if anything), and the headings."""

HEADINGS: Mapping[str, tuple[str, float]] = {
    "kind": ("Kind", 30),
    "vm_name": ("VM", 26),
    "vm_id": ("Number", 9),
    "account": ("Account", 10),
    "package": ("Package", 14),
    "location": ("Location", 16),
    "first_day": ("First day", 11),
    "last_day": ("Last day", 11),
    "days": ("Days", 6),
    "invoices": ("Invoices", 12),
    "counterpart": ("From or to", 18),
    "corrects": ("Corrects", 10),
    "reason": ("Reason", 30),
    "rule": ("Rule", 36),
    "printed_cost": ("Cost", 14),
}
"""Column of table ``cost_statement`` -> its heading and how wide it is."""


def statement_workbook(statement: Statement, currency: str = "", created: datetime.datetime | None = None) -> bytes:
    """Write a statement as a workbook with the sheets Statement and Method.

    Parameters
    ----------
    statement
        What it says.
    currency
        For the format of amounts; bare numbers without one.
    created
        When the data was fetched, as the time of the workbook.

    Returns
    -------
    bytes
        The file. Names are text whatever they begin with; the one formula is the sum, with its value beside it.
    """
    data = io.BytesIO()
    book = xlsxwriter.Workbook(
        data, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    title = f"{statement.cost_centre}: {statement.month}"
    book.set_properties({"title": _harmless(title)} | ({"created": created} if created else {}))
    money = money_format(currency)
    _lines(book, statement, money)
    _method(book, statement, money)
    book.close()
    return data.getvalue()


def money_format(currency: str) -> str:
    """Spell the format of amounts in a currency, as ``#,##0.00" EUR"``."""
    word = "".join(letter for letter in _harmless(currency) if letter not in '"\\')
    return f'{FORMATS["money"]}" {word}"' if word else FORMATS["money"]


def _harmless(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:200]


def _lines(book: Any, statement: Statement, money: str) -> None:
    sheet = book.add_worksheet("Statement")
    bold = book.add_format({"bold": True})
    write_text(sheet, 0, 0, statement.cost_centre, book.add_format({"bold": True, "font_size": 16}))
    state = f"{statement.month}{f' - {PROVISIONAL}: not closed yet' if statement.is_provisional else ''}"
    write_text(sheet, 1, 0, state, book.add_format({"bold": True, "font_color": "#A12D00"}) if " - " in state else bold)
    if statement.missing:
        write_text(sheet, 2, 0, " ".join(statement.missing), book.add_format({"font_color": "#A12D00"}))
    looks = {name: book.add_format({"num_format": _format(name, money), "valign": "top"}) for name in HEADINGS}
    for place, (name, (heading, width)) in enumerate(HEADINGS.items()):
        align = "right" if name in _NUMBERS else "left"
        write_text(sheet, HEAD - 1, place, heading, book.add_format({"bold": True, "bottom": 2, "align": align}))
        sheet.set_column(place, place, width)
    rows = _readable(statement.lines)
    for number, row in enumerate(rows, start=HEAD):
        for place, name in enumerate(HEADINGS):
            _write(sheet, number, place, name, row[name], looks[name])
    _total(book, sheet, [row["printed_cost"] for row in rows], money)
    end = max(HEAD - 1 + len(rows), HEAD)
    sheet.freeze_panes(HEAD, 2)
    sheet.autofilter(HEAD - 1, 0, end, len(HEADINGS) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{xl_col_to_name(len(HEADINGS))}{end + 2}"})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEAD - 1)
    sheet.set_footer("&L&A&RPage &P of &N")


def _readable(lines: pd.DataFrame) -> list[dict[str, Any]]:
    """Name kinds, VMs and months for a reader."""
    names = [name_of(line) if line.kind in _WITH_NAME else line.vm_name for line in lines.itertuples()]
    told = lines[list(HEADINGS)].assign(
        kind=lines["kind"].map(TITLES),
        vm_name=pd.Series(names, index=lines.index, dtype="str"),
        corrects=lines["corrects"].astype("str").where(lines["corrects"].notna()),
    )
    return [{str(name): value for name, value in row.items()} for row in told.to_dict("records")]


_WITH_NAME = ("own", "credit")
_NUMBERS = ("vm_id", "days", "printed_cost")


def _format(name: str, money: str) -> str:
    if name == "printed_cost":
        return money
    if name in ("first_day", "last_day"):
        return DAY
    return "0" if name in _NUMBERS else FORMATS["text"]


def _write(sheet: Any, row: int, place: int, name: str, value: Any, look: Any) -> None:
    if pd.isna(value):
        sheet.write_blank(row, place, None, look)
    elif name in ("first_day", "last_day"):
        sheet.write_datetime(row, place, value.to_pydatetime(), look)
    elif name in _NUMBERS:
        sheet.write_number(row, place, value, look)
    else:
        write_text(sheet, row, place, value, look)


def _total(book: Any, sheet: Any, costs: list[float], money: str) -> None:
    """Write the sum of the lines as a formula, with the value that it has."""
    last = HEAD + len(costs)
    look = {"bold": True, "top": 1}
    for place in range(len(HEADINGS) - 1):
        sheet.write_blank(last, place, None, book.add_format(look))
    write_text(sheet, last, 0, "Total", book.add_format(look))
    letter = xl_col_to_name(len(HEADINGS) - 1)
    amount = book.add_format({**look, "num_format": money})
    if costs:
        formula = f"=ROUND(SUM({letter}{HEAD + 1}:{letter}{last}),2)"
        sheet.write_formula(last, len(HEADINGS) - 1, formula, amount, rounded(sum(costs)))
    else:
        sheet.write_number(last, len(HEADINGS) - 1, 0, amount)


def _method(book: Any, statement: Statement, money: str) -> None:
    sheet = book.add_worksheet("Method")
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 100)
    bold = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
    wrapped = book.add_format({"valign": "top", "text_wrap": True})
    write_text(sheet, 0, 0, "How this was worked out", book.add_format({"bold": True, "font_size": 14}))
    number = 2
    for each in statement.method:
        write_text(sheet, number, 0, each.heading, bold)
        for words in (*each.sentences, *each.items):
            write_text(sheet, number, 1, words, wrapped)
            number += 1
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    _invoices(book, statement, money)


def _invoices(book: Any, statement: Statement, money: str) -> None:
    """The invoices behind the statement, on a sheet of their own."""
    sheet = book.add_worksheet("Invoices")
    table = statement.invoices
    for place, column in enumerate(table.columns):
        is_money = column.kind == "money"
        align = "right" if is_money else "left"
        write_text(sheet, 0, place, column.heading, book.add_format({"bold": True, "bottom": 2, "align": align}))
        sheet.set_column(place, place, 16)
        look = book.add_format(
            {"num_format": money if is_money else DAY if column.heading == "Date" else FORMATS["text"]}
        )
        for row, value in enumerate(column.cells, start=1):
            _write_invoice(sheet, row, place, column.heading, value, look)
        if is_money:
            letter = xl_col_to_name(place)
            last = book.add_format({"bold": True, "top": 1, "num_format": money})
            formula = f"=ROUND(SUM({letter}2:{letter}{table.length + 1}),2)"
            sheet.write_formula(table.length + 1, place, formula, last, column.total)
        else:
            write_text(sheet, table.length + 1, place, column.total or "", book.add_format({"bold": True, "top": 1}))
    sheet.freeze_panes(1, 0)


def _write_invoice(sheet: Any, row: int, place: int, heading: str, value: Any, look: Any) -> None:
    if value is None:
        sheet.write_blank(row, place, None, look)
    elif heading == "Date":
        sheet.write_datetime(row, place, pd.Timestamp(value).to_pydatetime(), look)
    elif isinstance(value, str):
        write_text(sheet, row, place, value, look)
    else:
        sheet.write_number(row, place, value, look)
