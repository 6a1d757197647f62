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
