"""What a statement says: a total, the tables that lead to it, and how it was worked out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.cost.cents import rounded
from vmgen_analytics.cost.statements import KINDS
from vmgen_analytics.plots.labels import MISSING, month_name
from vmgen_analytics.report.printing import name_of
from vmgen_analytics.report.shape import Column, ReportTable, amounts, labelled, numbers, text
from vmgen_analytics.report.statement_method import Explanation, method, missing
from vmgen_analytics.schema import UNASSIGNED, machine_key
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vmgen_analytics.report.statement_month import StatementMonth

TITLES: Mapping[str, str] = {
    "own": "VMs",
    "unallocated": "Invoiced, but given to no VM",
    "credit": "Credits",
    "shared": "Received from shared cost centres",
    "passed_on": "Passed on to other cost centres",
    "correction": "Corrections of closed months",
}
PROVISIONAL = "PROVISIONAL"


@dataclass(frozen=True)
class Statement:
    """One cost centre's statement of a month.

    Attributes
    ----------
    cost_centre, month
        Whose it is, and of when.
    answer
        The total in a sentence.
    total
        In cents, with the currency if that is known.
    is_provisional
        Whether it may still change.
    tables
        First how the total comes about, then the lines by kind, each with its sum.
    method
        How it was worked out, in plain words.
    invoices
        The invoices behind it.
    lines
        Table ``cost_statement`` of this cost centre, for a workbook.
    missing
        What the total does not have yet: accounts that are not invoiced, and invoices without a total.
    """

    cost_centre: str
    month: str
    answer: str
    total: str
    is_provisional: bool
    tables: tuple[ReportTable, ...]
    method: tuple[Explanation, ...]
    invoices: ReportTable
    lines: pd.DataFrame
    missing: tuple[str, ...] = ()


def statement(of: StatementMonth, cost_centre: str) -> Statement:
    """Say what a cost centre pays for a month.

    Parameters
    ----------
    of
        The month.
    cost_centre
        Whose statement.

    Returns
    -------
    Statement
        Its printed lines add up to its total, and all totals of the month to the invoices.
    """
    lines = of.lines[of.lines["cost_centre"] == cost_centre].reset_index(drop=True)
    total = of.totals.get(cost_centre, 0.0)
    kinds = [kind for kind in KINDS if (lines["kind"] == kind).any()]
    tables = [_TABLES.get(kind, _vms)(of, lines[lines["kind"] == kind], kind) for kind in kinds]
    summary = [_summary(kinds, tables, total)] if len(kinds) > 1 else []
    return Statement(
        cost_centre=cost_centre,
        month=month_name(of.facts.month),
        answer=_answer(of, lines, cost_centre),
        total=of.facts.money(total),
        is_provisional=of.is_provisional,
        tables=(*summary, *tables),
        method=method(of, cost_centre, lines),
        invoices=_invoices(of, cost_centre),
        lines=lines,
        missing=missing(of),
    )


def index_table(of: StatementMonth) -> ReportTable:
    """The sum of each cost centre by kind, and their total, which is that of the invoices."""
    kinds = [kind for kind in KINDS if (of.lines["kind"] == kind).any()]
    sums = of.lines.pivot_table(index="cost_centre", columns="kind", values="printed_cost", aggfunc="sum")
    sums = sums.reindex(list(of.totals))
    return ReportTable(
        "Cost centres",
        (
            labelled("Cost centre", of.totals),
            *(amounts(TITLES[kind], sums[kind].round(2), rounded(float(sums[kind].sum()))) for kind in kinds),
            amounts("Total", list(of.totals.values()), of.total),
        ),
    )


def invoices_table(of: StatementMonth) -> ReportTable:
    """The invoices of the month, with the total that the statements add up to."""
    return ReportTable("Invoices", (*_of_invoices(of), amounts("Amount", of.invoices["cost"], of.total)))


def _answer(of: StatementMonth, lines: pd.DataFrame, cost_centre: str) -> str:
    month = month_name(of.facts.month)
    if lines.empty:
        return f"No cost of {month} falls on this cost centre."
    vms = len(lines[lines["vm_id"].notna()].drop_duplicates(machine_key(lines)))
    whose = f", for {counted(vms, 'VM')}" if vms else ""
    if cost_centre == UNASSIGNED:
        return f"{of.facts.money(of.totals[cost_centre])} of {month} is given to no cost centre by any rule{whose}."
    so_far = " so far" if of.is_provisional else ""
    return f"{month} costs this cost centre {of.facts.money(of.totals[cost_centre])}{so_far}{whose}."


def _summary(kinds: list[str], tables: list[ReportTable], total: float) -> ReportTable:
    parts = [table.columns[-1].total for table in tables]
    return ReportTable("Summary", (labelled("", [TITLES[kind] for kind in kinds]), amounts("Cost", parts, total)))


def _vms(of: StatementMonth, lines: pd.DataFrame, kind: str) -> ReportTable:
    is_several = len(of.lines["account"].unique()) > 1
    note = "A VM that changed its package has a line for each." if lines.duplicated(machine_key(lines)).any() else ""
    return ReportTable(
        TITLES[kind],
        (
            labelled("VM", [name_of(line) for line in lines.itertuples()]),
            text("Number", lines["vm_id"]),
            *([text("Account", lines["account"])] if is_several else []),
            text("Package", lines["package"]),
            text("Location", lines["location"]),
            text(
                "From\N{EN DASH}to", [_span(*days) for days in zip(lines["first_day"], lines["last_day"], strict=True)]
            ),
            numbers("Days", "count", lines["days"].astype("float64")),
            text("Invoice", lines["invoices"]),
            *_rules(lines),
            amounts("Cost", lines["printed_cost"]),
        ),
        note=note,
    )


def _given_to_nobody(of: StatementMonth, lines: pd.DataFrame, kind: str) -> ReportTable:
    return ReportTable(
        TITLES[kind],
        (
            labelled("Account", lines["account"]),
            text("Invoice", lines["invoices"]),
            *_rules(lines),
            amounts("Cost", lines["printed_cost"]),
        ),
        note=f"No VM of {month_name(of.facts.month)} is known that these could be divided over.",
    )


def _shared(of: StatementMonth, lines: pd.DataFrame, kind: str) -> ReportTable:
    is_several = len(of.lines["account"].unique()) > 1
    return ReportTable(
        TITLES[kind],
        (
            labelled("Cost centre", lines["counterpart"]),
            *([text("Account", lines["account"])] if is_several else []),
            text("Invoice", lines["invoices"]),
            *_rules(lines),
            amounts("Cost", lines["printed_cost"]),
        ),
    )


def _corrections(of: StatementMonth, lines: pd.DataFrame, kind: str) -> ReportTable:
    what = [
        f"shared: {line.counterpart}" if isinstance(line.counterpart, str) else name_of(line)
        for line in lines.itertuples()
    ]
    return ReportTable(
        TITLES[kind],
        (
            labelled("VM", what),
            text("Number", lines["vm_id"]),
            text("Corrects", [month_name(month) for month in lines["corrects"]]),
            text("Invoice", lines["invoices"]),
            text("Reason", lines["reason"]),
            *_rules(lines),
            amounts("Cost", lines["printed_cost"]),
        ),
        note=f"What changed after those months were closed, booked in {month_name(of.facts.month)}.",
    )


_TABLES: Mapping[str, Callable[[StatementMonth, pd.DataFrame, str], ReportTable]] = {
    "unallocated": _given_to_nobody,
    "shared": _shared,
    "passed_on": _shared,
    "correction": _corrections,
}


def _invoices(of: StatementMonth, cost_centre: str) -> ReportTable:
    whole = amounts("Amount", of.invoices["cost"], of.total)
    part = amounts("Of it here", of.part(cost_centre), of.totals.get(cost_centre, 0.0))
    return ReportTable("Invoices", (*_of_invoices(of), whole, part))


def _of_invoices(of: StatementMonth) -> tuple[Column, ...]:
    invoices = of.invoices
    corrected = [None if pd.isna(month) else month_name(month) for month in invoices["corrects"]]
    days = [None if pd.isna(day) else f"{day:%Y-%m-%d}" for day in invoices["invoice_date"]]
    return (
        labelled("Invoice", invoices["invoice_id"]),
        *([text("Account", invoices["account"])] if len(invoices["account"].unique()) > 1 else []),
        text("Date", days),
        text("Status", invoices["status"]),
        *([text("Corrects", corrected)] if any(corrected) else []),
    )


def _span(first: Any, last: Any) -> str:
    """Print the days of a month, as 1 to 10."""
    if pd.isna(first):
        return MISSING
    return str(first.day) if first == last else f"{first.day}\N{EN DASH}{last.day}"


def _rules(lines: pd.DataFrame) -> tuple[Column, ...]:
    """Say which line of a file gives each to the cost centre; the heading names the file where there is one alone."""
    places = [None if pd.isna(rule) else _place(str(rule)) for rule in lines["rule"]]
    files = {place[0] for place in places if place}
    if not files:
        return ()
    if len(files) > 1:
        return (text("Rule", [place and ", ".join(filter(None, place)) for place in places]),)
    return (text(f"Rule in {files.pop()}".removesuffix(" in "), [place and place[1] for place in places]),)


def _place(rule: str) -> tuple[str, str]:
    """Take the file, without its folders, and the line from where a rule stands."""
    path, _, line = rule.rpartition(", ")
    return PurePath(path).name, line
