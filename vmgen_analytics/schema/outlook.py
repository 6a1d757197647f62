"""What months will cost, and whether budgets and credit last that long."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vmgen_analytics.schema.columns import ACCOUNT, CALENDAR_MONTH, GROUPS, SEEN_AT
from vmgen_analytics.table import DAY, TEXT, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTLOOK: Sequence[Table] = (
    Table(
        "cost_forecast",
        "what a month will have cost when it ends",
        ("month",),
        {
            "month": CALENDAR_MONTH,
            "account": GROUPS["account"],
            "as_of": Column(DAY, "day on which it was forecast"),
            "so_far": Column("float64", "its invoices until then; missing without any", "currency"),
            "expected": Column("float64", "the middle of what may come", "currency"),
            "low": Column("float64", "in one month of ten it is less", "currency"),
            "high": Column("float64", "in one month of ten it is more", "currency"),
            "months_used": Column("int64", "closed months that it rests on", "month"),
            "error": Column("float64", "median error of such forecasts of closed months on that day", "1"),
            "run_rate_error": Column("float64", "the same of the cost so far per day", "1"),
            "coverage": Column("float64", "part of the closed months that ended inside the interval", "1"),
            "key": Column(TEXT, "what months are compared by: price_book, package_weight or even"),
            "reason": Column(TEXT, "why something is missing; empty if nothing is"),
        },
        groups=("account",),
    ),
    Table(
        "cost_forecast_backtest",
        "a forecast of a closed month, as it would have been on one of its days",
        ("month", "as_of"),
        {
            "month": CALENDAR_MONTH,
            "as_of": Column(DAY, "day on which it would have been forecast"),
            "account": GROUPS["account"],
            "actual": Column("float64", "what the month cost", "currency"),
            "expected": Column("float64", "the middle of what might have come", "currency"),
            "low": Column("float64", "lower end of the interval of 80 %", "currency"),
            "high": Column("float64", "upper end of the interval of 80 %", "currency"),
            "run_rate": Column("float64", "the cost so far per day, for the whole month", "currency"),
        },
        groups=("account",),
    ),
    Table(
        "budget_status",
        "a budget, what was spent of it and what is expected",
        ("position",),
        {
            "position": Column("int64", "its place in the file"),
            "budget": Column(TEXT, "file and line"),
            "scope": Column(TEXT, "what it is for"),
            "first_month": replace(CALENDAR_MONTH, meaning="its first month"),
            "last_month": replace(CALENDAR_MONTH, meaning="its last month"),
            "amount": Column("float64", "what was meant to be spent", "currency"),
            "actual": Column("float64", "what invoices charge until now; missing without any", "currency"),
            "actual_share": Column("float64", "part of the amount", "1"),
            "forecast": Column("float64", "what is expected by its end", "currency"),
            "forecast_low": Column("float64", "in one case of ten it is less", "currency"),
            "forecast_high": Column("float64", "in one case of ten it is more", "currency"),
            "forecast_share": Column("float64", "part of the amount", "1"),
            "state": Column(
                TEXT,
                "the worst that holds: exceeded, will be exceeded, over 80 %, will be over 80 %, over 50 %, will be "
                "over 50 %, on track; when it is over, kept; or unknown",
            ),
            "reason": Column(TEXT, "why something is missing; empty if nothing is"),
        },
    ),
    Table(
        "credit_runway",
        "how long an account's credit lasts",
        ("account",),
        {
            "account": ACCOUNT,
            "seen_at": SEEN_AT,
            "credit": Column("float64", "what is left of what was paid in advance", "currency"),
            "invoicing_model": Column(TEXT, "before or after payment"),
            "used_per_day": Column("float64", "what goes in a day", "currency/d"),
            "rests_on": Column(TEXT, "what that is read from"),
            "runs_out_on": Column(DAY, "first day on which nothing is left"),
            "reason": Column(TEXT, "why that cannot be told; empty if it can"),
        },
    ),
)
