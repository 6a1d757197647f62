"""Statements as pages that need nothing from elsewhere and print on A4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.plots.labels import month_name
from vmgen_analytics.report.shape import joined
from vmgen_analytics.report.statement import index_table, invoices_table
from vmgen_analytics.report.statement_method import divided_by, missing
from vmgen_analytics.report.templates import rendered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmgen_analytics.report.statement import Statement
    from vmgen_analytics.report.statement_month import StatementMonth


def statement_page(statement: Statement) -> str:
    """Write a statement as HTML; every name in it is escaped."""
    return rendered("statement.html.jinja", statement=statement)


def index_page(of: StatementMonth, files: Mapping[str, str]) -> str:
    """Write the page that lists the statements of a month with their sums.

    Parameters
    ----------
    of
        The month.
    files
        From each cost centre that has a page to the name of its file.
    """
    without = [name for name in of.centres.names if name not in of.totals]
    sentences = [
        f"The statements add up to the invoices of the month, {of.facts.money(of.total)}, to the cent.",
        "Cents are chosen for the totals first, so that sums by kind may be some cents from exact ones.",
    ]
    if without:
        sentences.append(f"Without any cost this month: {joined(without, 20)}.")
    return rendered(
        "statement_index.html.jinja",
        month=month_name(of.facts.month),
        total=of.facts.money(of.total),
        is_provisional=of.is_provisional,
        sums=index_table(of),
        links=files,
        missing=missing(of),
        sentences=[*sentences, *divided_by(of)],
        invoices=invoices_table(of),
    )
