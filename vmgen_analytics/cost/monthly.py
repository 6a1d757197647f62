"""Costs of a month by any grouping, whose parts add up to the same total in every one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.billed import BilledMonths
from vmgen_analytics.cost.kinds import day_numbers, kinds
from vmgen_analytics.cost.millionths import PER_UNIT, to_millionths
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def monthly_costs(
    costs: pd.DataFrame, by: str | Sequence[str] = (), *, within: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The cost of each group in each month, and its change against the month before.

    A group that was there the month before and is gone has a row with a cost of 0, so that the changes of a month
    add up to the change of its total. What belongs to an account that no invoice bills in a month is not gone but
    unknown: it has no cost there, and whatever it is a part of no change.

    Parameters
    ----------
    costs
        Table ``allocated_costs``.
    by
        Any of account, vm_id (which brings the account), package, location and cost_centre; none gives the totals.
    within
        The table that these costs are taken from, which tells what is billed; by default they are all of it.

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
    kind, found = kinds(costs, key)
    sums = pd.Series(to_millionths(costs["allocated_cost"])).groupby(kind).sum() / PER_UNIT
    unknown = BilledMonths.of(costs if within is None else within).unknown(costs, key)
    monthly = _with_change(found.assign(allocated_cost=sums), key, unknown)
    totals = monthly.groupby("month")["allocated_cost"].transform("sum")
    monthly["share"] = (monthly["allocated_cost"] / totals).where(totals != 0)
    listed = found.assign(list_cost=_list_costs(costs, kind))
    monthly = monthly.merge(listed, on=key, how="left", validate="one_to_one")
    if "vm_id" in groups:
        monthly["vm_name"] = _names(_named(costs, kind, found), monthly, groups)
    return table.check(table.sort(monthly))


def listed_once(costs: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell the rows whose list cost counts: several invoices of a month list the same VM-days.

    Parameters
    ----------
    costs
        Table ``allocated_costs``.
    """
    is_own: NDArray[np.bool_] = np.array(costs["corrects"].isna())
    if not is_own.all():
        is_own[is_own] = listed_once(costs[is_own])
        return is_own
    _, invoices = kinds(costs, ["account", "month", "invoice_id"])
    if not invoices.duplicated(["account", "month"]).any():
        return np.ones(len(costs), dtype="bool")
    whose, _ = kinds(costs, ["account", "date", "vm_id", "cost_centre", "shared_from"])
    is_first: NDArray[np.bool_] = ~pd.Series(whose).duplicated().to_numpy()
    return is_first


def _list_costs(costs: pd.DataFrame, kind: NDArray[np.int64]) -> pd.Series:
    """Sum the list cost of each kind of rows; missing if none of them has one."""
    listed = pd.Series(costs["list_cost"].to_numpy())
    sums: pd.Series = listed.where(listed_once(costs)).groupby(kind).sum(min_count=1).round(6)
    return sums


def _with_change(sums: pd.DataFrame, key: list[str], unknown: pd.DataFrame) -> pd.DataFrame:
    """Put each group's cost beside that of the month before, where there is such a month and both are billed."""
    months = sums["month"].unique()
    before = sums.assign(month=sums["month"] + 1).rename(columns={"allocated_cost": "before"})
    before = before[before["month"].isin(months)]
    both = sums.merge(before, on=key, how="outer", validate="one_to_one")
    both = both.merge(unknown, on=key, how="left", validate="one_to_one")
    is_unbilled = both.pop("is_unbilled")
    both["allocated_cost"] = both["allocated_cost"].mask(
        both["allocated_cost"].isna() & is_unbilled.ne(other=True), 0.0
    )
    change = (both["allocated_cost"] - both.pop("before").fillna(0.0)).round(6)
    return both.assign(change=change.where(both["month"].isin(before["month"].unique()) & is_unbilled.isna()))


def _named(costs: pd.DataFrame, kind: NDArray[np.int64], found: pd.DataFrame) -> pd.DataFrame:
    """List every name of each kind of rows, those that it had last at the end."""
    names, values = pd.factorize(costs["vm_name"], use_na_sentinel=False)
    both, first = pd.factorize(kind * max(len(values), 1) + names)
    last = pd.Series(day_numbers(costs["date"])).groupby(both).max()
    order = np.argsort(last.to_numpy(), kind="stable")
    known = found.iloc[first[order] // max(len(values), 1)].reset_index(drop=True)
    return known.assign(vm_name=values.take(first[order] % max(len(values), 1)))


def _names(named: pd.DataFrame, monthly: pd.DataFrame, groups: list[str]) -> pd.Series:
    """Name each VM as it was called last in that month, or ever, for a month in which it is no more."""
    columns = {}
    for key in (["month", *groups], groups):
        newest = named.drop_duplicates(key, keep="last")[[*key, "vm_name"]]
        columns[len(key)] = monthly.merge(newest, on=key, how="left", validate="many_to_one")["vm_name"]
    return columns[len(groups) + 1].fillna(columns[len(groups)])
