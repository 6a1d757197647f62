import numpy as np
import pandas as pd

from vmgen_analytics.schema import TABLES


def costs_of(rows, group="vm_id"):
    """Table monthly_costs from (month, key, name, cost, change)."""
    months, keys, names, costs, changes = zip(*rows, strict=True)
    named = {"vm_name": list(names)} if group == "vm_id" else {}
    columns = {group: list(keys), **named, "allocated_cost": list(costs), "change": list(changes)}
    months = [pd.Period(month, "M") for month in months]
    return TABLES["monthly_costs"].frame({"month": months, **columns})


def traffic_of(days=10, silent=(), partial=()):
    """Table daily_bandwidth: 2 GB in and 8 GB out a day."""
    number = np.arange(days)
    is_silent, is_partial = np.isin(number, silent), np.isin(number, partial)
    return TABLES["daily_bandwidth"].frame(
        {
            "date": pd.date_range("2026-11-01", periods=days, unit="us"),
            "in_MB": np.where(is_silent, np.nan, 2_000.0),
            "out_MB": np.where(is_silent, np.nan, 8_000.0),
            "days_covered": np.where(is_silent, 0, np.where(is_partial, 1, 2)),
            "days_expected": [2] * days,
            "is_complete": ~is_silent & ~is_partial,
        }
    )


def texts(ax):
    """Every text of a picture."""
    return [text.get_text() for text in [*ax.texts, ax.title, ax._left_title, *ax.get_yticklabels()]]


def changes_of(steps, before=150.0, *, by_vm=False, name=None):
    """Table cost_changes from (reason, change, vms), as the function of the name has it: in whole millionths."""
    changes = np.array([change for _, change, _ in steps])
    after = (before + changes.cumsum()).round(6)
    numbers = range(len(steps))
    vms = {"account": "main", "vm_id": numbers, "vm_name": [name or f"vm-{number}" for number in numbers]}
    return TABLES["cost_changes"].frame(
        {
            "month": [pd.Period("2026-11", "M")] * len(steps),
            "position": [1 if by_vm else place + 1 for place in numbers],
            "reason": [reason for reason, _, _ in steps],
            "vms": [count for _, _, count in steps],
            "change": changes,
            "total_before": (after - changes).round(6),
            "total_after": after,
            **(
                {key: [value] * len(steps) if key == "account" else list(value) for key, value in vms.items()}
                if by_vm
                else {}
            ),
        }
    )


def forecast_of(**values):
    """Table cost_forecast of one row."""
    row = {
        "month": pd.Period("2026-11", "M"),
        "as_of": pd.Timestamp("2026-11-23"),
        "so_far": 300.0,
        "expected": 400.0,
        "low": 380.0,
        "high": 430.0,
        "months_used": 8,
        "error": 0.031,
        "run_rate_error": 0.094,
        "coverage": 0.8,
        "key": "price_book",
        "reason": "",
    }
    return TABLES["cost_forecast"].frame({name: [value] for name, value in (row | values).items()})


def budgets_of(*rows):
    """Table budget_status from (scope, amount, actual, forecast, state)."""
    month = pd.Period("2026-11", "M")
    scopes, amounts, actuals, forecasts, states = zip(*rows, strict=True)
    amounts, actuals, forecasts = (np.array(values, dtype=float) for values in (amounts, actuals, forecasts))
    return TABLES["budget_status"].frame(
        {
            "position": range(1, len(rows) + 1),
            "budget": [f"line {number}" for number in range(len(rows))],
            "scope": scopes,
            "first_month": [month] * len(rows),
            "last_month": [month] * len(rows),
            "amount": amounts,
            "actual": actuals,
            "actual_share": actuals / amounts,
            "forecast": forecasts,
            "forecast_low": forecasts * 0.9,
            "forecast_high": forecasts * 1.1,
            "forecast_share": forecasts / amounts,
            "state": states,
            "reason": ["nothing is forecast" if np.isnan(end) else "" for end in forecasts],
        }
    )
