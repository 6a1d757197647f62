"""What is to come: what the month will have cost, how long credit lasts, and whether budgets are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.cost import monthly_costs
from vmgen_analytics.plots.labels import day_name, month_name, percent
from vmgen_analytics.report.shape import (
    Picture,
    ReportTable,
    Section,
    dates,
    joined,
    months,
    numbers,
    remarks,
    text,
)
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from vmgen_analytics.report.facts import Facts

LEAST_MONTHS = 3
"""Months before a tested one, without which its forecast has no interval."""


def expected(facts: Facts) -> Section | None:
    """Answers what the month will have cost when it ends; None where it is over."""
    if facts.forecast.empty:
        return None
    row = facts.forecast.iloc[0]
    how: dict[str, Any] = {"monthly": monthly_costs(facts.costs), "budgets": facts.budget_status}
    pictures: tuple[Picture, ...] = ()
    if pd.notna(row["so_far"]) or pd.notna(row["expected"]):
        pictures = (Picture("cost_forecast", plots.cost_forecast(facts.forecast, currency=facts.currency, **how)),)
    tables = [_forecasts(facts)]
    if len(facts.runway):
        tables.append(_runway(facts.runway))
    paragraphs = tuple(filter(None, [_tested(row), _lasts(facts)]))
    return Section("What will the month cost?", _expected(facts, row), paragraphs, pictures, tuple(tables))


def _expected(facts: Facts, row: pd.Series) -> str:
    month = month_name(facts.month)
    if pd.isna(row["expected"]):
        return f"That cannot be told for {month}: {row['reason']}."
    sentence = f"{month} will have cost about {facts.money(row['expected'])}"
    if pd.isna(row["low"]):
        return f"{sentence}; how far that may be off cannot be told: {row['reason']}."
    return f"{sentence}, in 8 months of 10 between {facts.money(row['low'])} and {facts.money(row['high'])}."


def _tested(row: pd.Series) -> str:
    if pd.isna(row["error"]):
        return ""
    tested = max(int(row["months_used"]) - LEAST_MONTHS, 0)
    return (
        f"The same forecast, made on the same day of {counted(tested, 'closed month')}, was off by "
        f"{percent(row['error'], decimals=1)} in the median, and the cost per day carried on by "
        f"{percent(row['run_rate_error'], decimals=1)}; {percent(row['coverage'])} of these months ended between its "
        "bounds."
    )


def _lasts(facts: Facts) -> str:
    known = facts.runway[facts.runway["runs_out_on"].notna()]
    several = len(facts.runway) > 1
    told = [
        f"the credit{' of ' + row['account'] if several else ''}, {facts.money(row['credit'])}, lasts until "
        f"{day_name(row['runs_out_on'])} at {facts.money(row['used_per_day'])} a day"
        for row in known.to_dict("records")
    ]
    return f"T{'; '.join(told)[1:]}." if told else ""


def _forecasts(facts: Facts) -> ReportTable:
    rows = facts.forecast.assign(account="all accounts together")
    if len(facts.forecast_by_account) > 1:
        rows = pd.concat([facts.forecast_by_account, rows], ignore_index=True)
    return ReportTable(
        "Forecast",
        (
            text("Account", rows["account"]),
            months("Month", rows["month"]),
            dates("As of", rows["as_of"]),
            *(
                numbers(heading, "money", rows[name].round(2))
                for heading, name in {
                    "So far": "so_far",
                    "At least": "low",
                    "Expected": "expected",
                    "At most": "high",
                }.items()
            ),
            numbers("Error", "percent", rows["error"]),
            numbers("Error of cost per day", "percent", rows["run_rate_error"]),
            numbers("Months used", "count", rows["months_used"]),
            *remarks("What is missing", rows["reason"]),
        ),
        note="At least and at most hold 8 months of 10.",
    )


def _runway(runway: pd.DataFrame) -> ReportTable:
    return ReportTable(
        "Credit",
        (
            text("Account", runway["account"]),
            numbers("Credit", "money", runway["credit"].round(2)),
            numbers("Used a day", "money", runway["used_per_day"].round(2)),
            text("Known from", runway["rests_on"]),
            dates("Lasts until", runway["runs_out_on"]),
            *remarks("Why not known", runway["reason"]),
        ),
    )


def budgeted(facts: Facts) -> Section | None:
    """Answers whether budgets are kept; None without any for the month."""
    status = facts.budget_status
    if status.empty:
        return None
    picture = Picture("budget_status", plots.budget_status(status, currency=facts.currency))
    return Section("Are the budgets kept?", _kept(facts, status), (), (picture,), (_budgets(status),))


def _kept(facts: Facts, status: pd.DataFrame) -> str:
    over, will = (status[status["state"] == state] for state in ("exceeded", "will be exceeded"))
    unknown = status[status["state"] == "unknown"]
    parts = [
        f"{joined(_named(facts, rows))} {'is' if len(rows) == 1 else 'are'} {words}"
        for rows, words in ((over, "exceeded"), (will, "expected to be exceeded"))
        if len(rows)
    ]
    rest = f"; of {counted(len(unknown), 'budget')} it is not known" if len(unknown) else ""
    if parts:
        return f"Not all of {counted(len(status), 'budget')}: {'; '.join(parts)}{rest}."
    if len(unknown) == len(status):
        return f"It is not known: {status['reason'].iloc[0]}."
    return f"Yes, as far as can be told: none of {counted(len(status), 'budget')} is exceeded{rest}."


def _named(facts: Facts, rows: pd.DataFrame) -> list[str]:
    return [
        f"{row['scope']} ({percent(np.nanmax([row['actual_share'], row['forecast_share']]))} of "
        f"{facts.money(row['amount'])})"
        for row in rows.to_dict("records")
    ]


def _budgets(status: pd.DataFrame) -> ReportTable:
    return ReportTable(
        "Budgets",
        (
            text("Budget", status["scope"]),
            months("From", status["first_month"]),
            months("Through", status["last_month"]),
            numbers("Amount", "money", status["amount"]),
            numbers("Spent", "money", status["actual"].round(2)),
            numbers("Spent in percent", "percent", status["actual_share"]),
            numbers("Expected", "money", status["forecast"].round(2)),
            numbers("Expected in percent", "percent", status["forecast_share"]),
            text("State", status["state"]),
            *remarks("What is missing", status["reason"]),
        ),
        note="Budgets may overlap, so they are not added up.",
    )
