"""Costs of a month by any grouping, whose parts add up to the same total in every one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.cost.millionths import exact_sums
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def monthly_costs(costs: pd.DataFrame, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """The cost of each group in each month, and its change against the month before.

    A group that was there the month before and is gone has a row with a cost of 0, so that the changes of a month
    add up to the change of its total.

    Parameters
    ----------
    costs
        Table ``allocated_costs``.
    by
        Any of account, vm_id (which brings the account), package, location and cost_centre; none gives the totals.

    Returns
    -------
    DataFrame
        Table ``monthly_costs``: month, the grouping (and vm_name beside vm_id), allocated_cost, list_cost, share,
        change. [currency]

    Raises
    ------
    SchemaError
        The frame is not its table, or cannot be grouped so.
    """
    table = TABLES["monthly_costs"]
    TABLES["allocated_costs"].check(costs, unique=False)
    groups = table.grouping(by, costs)
    key = ["month", *groups]
    monthly = _with_change(exact_sums(costs, key, "allocated_cost").reset_index(), key)
    totals = monthly.groupby("month")["allocated_cost"].transform("sum")
    monthly["share"] = (monthly["allocated_cost"] / totals).where(totals != 0)
    per_vm_day = costs.drop_duplicates(["account", "date", "vm_id"])
    listed = per_vm_day.groupby(key, dropna=False)["list_cost"].sum(min_count=1).round(6)
    monthly = monthly.merge(listed.reset_index(), on=key, how="left", validate="one_to_one")
    if "vm_id" in groups:
        monthly["vm_name"] = _names(costs, monthly, groups)
    return table.check(table.sort(monthly))


def _with_change(sums: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Put each group's cost beside that of the month before, where there is such a month."""
    months = sums["month"].unique()
    before = sums.assign(month=sums["month"] + 1).rename(columns={"allocated_cost": "before"})
    before = before[before["month"].isin(months)]
    both = sums.merge(before, on=key, how="outer", validate="one_to_one")
    both["allocated_cost"] = both["allocated_cost"].fillna(0.0)
    change = (both["allocated_cost"] - both.pop("before").fillna(0.0)).round(6)
    return both.assign(change=change.where(both["month"].isin(before["month"].unique())))


def _names(costs: pd.DataFrame, monthly: pd.DataFrame, groups: list[str]) -> pd.Series:
    """Name each VM as it was called last in that month, or ever, for a month in which it is no more."""
    in_order = costs.sort_values("date")
    columns = {}
    for key in (["month", *groups], groups):
        newest = in_order.drop_duplicates(key, keep="last")[[*key, "vm_name"]]
        columns[len(key)] = monthly.merge(newest, on=key, how="left", validate="many_to_one")["vm_name"]
    return columns[len(groups) + 1].fillna(columns[len(groups)])
