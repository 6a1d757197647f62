"""Traffic by day and by month, with the days that each number rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.schema import SETTLED, TABLES, machine_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vmgen_analytics.table import Table


def daily_bandwidth(days: pd.DataFrame, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """Traffic of each group on each day.

    A sum is of what is known: where days_covered is less than days_expected, more was moved, and nobody knows how much.
    Days that are not final count with what they have brought so far.

    Parameters
    ----------
    days
        Table ``vm_days``; days without a report count as missing, not as zero.
    by
        Any of account, vm_id (which brings the account), package, location and continent; none gives the totals. Also
        cost_centre, of days that `vmgen_analytics.assigned_days` gave to cost centres.

    Returns
    -------
    DataFrame
        Table ``daily_bandwidth``: date, the grouping, in_MB, out_MB, days_covered, days_expected, is_complete. [MB]

    Raises
    ------
    SchemaError
        The frame is not its table, or cannot be grouped so.
    """
    return _bandwidth(days, days["date"], TABLES["daily_bandwidth"], by)


def monthly_bandwidth(days: pd.DataFrame, by: str | Sequence[str] = "vm_id") -> pd.DataFrame:
    """Traffic of each group in each month.

    A sum is of what is known: where days_covered is less than days_expected, more was moved, and nobody knows how much.
    A month that runs is not comparable with a whole one; `compared_bandwidth` takes the same days of both.

    Parameters
    ----------
    days
        Table ``vm_days``; days without a report count as missing, not as zero.
    by
        Any of account, vm_id (which brings the account), package, location and continent; none gives the totals. Also
        cost_centre, of days that `vmgen_analytics.assigned_days` gave to cost centres.

    Returns
    -------
    DataFrame
        Table ``monthly_bandwidth``: month, the grouping, in_MB, out_MB, days_covered, days_expected, is_complete. [MB]

    Raises
    ------
    SchemaError
        The frame is not its table, or cannot be grouped so.
    """
    return _bandwidth(days, days["date"].dt.to_period("M"), TABLES["monthly_bandwidth"], by)


def _bandwidth(days: pd.DataFrame, times: pd.Series, table: Table, by: str | Sequence[str]) -> pd.DataFrame:
    TABLES["vm_days"].check(days, unique=False)
    groups = table.grouping(by, days)
    key = [table.key[0], *groups]
    rows = days[[*groups, "vm_name", "in_MB", "out_MB"]].assign(
        **{table.key[0]: times},
        days_covered=days["in_MB"].notna() | days["out_MB"].notna(),
        days_expected=1,
        is_complete=days["status"].isin(SETTLED),
    )
    rows = rows.astype({name: "Int64" for name in machine_key(rows) if name != "account"})
    grouped = rows.groupby(key, dropna=False)
    traffic = grouped[["in_MB", "out_MB"]].sum(min_count=1)
    counts = grouped[["days_covered", "days_expected"]].sum().astype("int64")
    together = traffic.join(counts).join(grouped["is_complete"].all())
    if "vm_id" in groups:
        together = together.join(grouped["vm_name"].last())
    return table.check(table.sort(together.reset_index()))
