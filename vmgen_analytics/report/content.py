"""What a month's report says, question by question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.plots.labels import month_name
from vmgen_analytics.report.breakdown import who_and_where
from vmgen_analytics.report.gaps import missing
from vmgen_analytics.report.invoices import matches
from vmgen_analytics.report.outlook import budgeted, expected
from vmgen_analytics.report.payers import who_pays
from vmgen_analytics.report.shape import Report
from vmgen_analytics.report.spending import spent
from vmgen_analytics.report.units import unit_cost
from vmgen_analytics.report.usage import moved, stands

if TYPE_CHECKING:
    from vmgen_analytics.report.facts import Facts

QUESTIONS = (spent, who_and_where, who_pays, expected, budgeted, unit_cost, matches, moved, stands, missing)
"""The questions, in the order in which people ask them; one is left out where there is nothing to say to it."""


def content(facts: Facts) -> Report:
    """Answer every question about a month.

    Parameters
    ----------
    facts
        The tables behind the report.

    Returns
    -------
    Report
        Sentences, tables and pictures; the first sentence of each section is its answer.
    """
    return Report(
        title=f"VMgen report: {month_name(facts.month)}",
        sections=tuple(section for question in QUESTIONS if (section := question(facts)) is not None),
        small_print=_small_print(facts),
    )


def _small_print(facts: Facts) -> tuple[str, ...]:
    fetched = "unknown" if facts.fetched_at is None else f"{facts.fetched_at.tz_convert('UTC'):%Y-%m-%d %H:%M} UTC"
    first, last = facts.months[0], facts.months[-1]
    return (
        f"Months: {month_name(first)} to {month_name(last)}" if first != last else f"Month: {month_name(last)}",
        f"Days and months in the time zone {', '.join(facts.zones)}",
        f"Currency: {facts.currency}" if facts.currency else "Currency: not set; amounts are bare numbers",
        "Money: invoices of the provider, divided over VMs; an estimate for each VM",
        "Traffic: as the provider reports it by day; 1 GB = 1,000 MB",
        f"Source: VMgen API, kept in the archive {facts.source}",
        f"Fetched: {fetched}",
    )
