"""What a unit costs: a VM, a vCPU, a GB of memory or disk for a month, a TB sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.millionths import exact_sums
from vmgen_analytics.schema import MB_PER_GB, TABLES, machine_key

if TYPE_CHECKING:
    from collections.abc import Sequence

MB_PER_TB = MB_PER_GB * 1_000

NAMES = {
    "vm_months": "VM",
    "vcpu_months": "vCPU",
    "ram_GB_months": "memory",
    "disk_GB_months": "disk",
    "out_TB": "traffic sent",
}
SIZES = {"vcpus": "vcpu_months", "ram_GB": "ram_GB_months", "disk_GB": "disk_GB_months"}
PER = {
    "vm_months": "cost_per_vm_month",
    "vcpu_months": "cost_per_vcpu_month",
    "ram_GB_months": "cost_per_ram_GB_month",
    "disk_GB_months": "cost_per_disk_GB_month",
    "out_TB": "cost_per_out_TB",
}


def unit_costs(costs: pd.DataFrame, days: pd.DataFrame, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """The whole cost of a group in a month, per VM, vCPU, GB of memory, GB of disk and TB sent.

    Each number divides all of the cost, as the provider's invoice does not say what of it is for memory. A sum of
    sizes or of traffic that is not known whole is no denominator: then the number is missing, and the row says why.
    Corrections of closed months are left out, as no VM of this month had them, and so are the VMs of an account that
    has no invoice of the month.

    Parameters
    ----------
    costs
        Table ``allocated_costs``.
    days
        Table ``vm_days`` of the same months.
    by
        Any of account, vm_id (which brings the account), package and location; none gives the totals.

    Returns
    -------
    DataFrame
        Table ``unit_costs``: month, the grouping, allocated_cost, vm_months, vcpu_months, ram_GB_months,
        disk_GB_months, out_TB, cost_per_vm_month, cost_per_vcpu_month, cost_per_ram_GB_month,
        cost_per_disk_GB_month, cost_per_out_TB, missing. [currency, VM, vCPU, GB, TB]

    Raises
    ------
    SchemaError
        A frame is not its table, or cannot be grouped so.
    """
    table = TABLES["unit_costs"]
    TABLES["allocated_costs"].check(costs, unique=False)
    TABLES["vm_days"].check(days, unique=False)
    groups = [name for name in table.grouping(by, days) if name in costs]
    key = ["month", *groups]
    costs = costs[costs["corrects"].isna()]
    billed = pd.MultiIndex.from_frame(costs[["account", "month"]].drop_duplicates())
    of_days = pd.MultiIndex.from_arrays([days["account"], days["date"].dt.to_period("M")])
    days = days[of_days.isin(billed)]
    spent = exact_sums(costs, key, "allocated_cost").reset_index()
    units = spent.merge(_amounts(days, key), on=key, how="left", validate="one_to_one")
    reasons = pd.Series("", index=units.index, dtype="str")
    for amount, per in PER.items():
        known = units[amount].where(units[amount] > 0)
        units[per] = units["allocated_cost"] / known
        why = _why(units, amount)
        reasons = reasons.where(why == "", reasons.where(reasons == "", reasons + "; ") + why)
    if "vm_id" in groups:
        newest = costs.sort_values("date").drop_duplicates(key, keep="last")[[*key, "vm_name"]]
        units = units.merge(newest, on=key, how="left", validate="one_to_one")
    return table.cast(units.assign(missing=reasons))


def _amounts(days: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """How much of each unit a group had, missing where a part of it is not known, with the days that are not."""
    per_month = 1 / days["date"].dt.days_in_month
    columns = {amount: days[size] * per_month for size, amount in SIZES.items()}
    columns |= {"vm_months": per_month, "out_TB": days["out_MB"] / MB_PER_TB}
    rows = days[[name for name in key if name != "month"]].assign(month=days["date"].dt.to_period("M"), **columns)
    rows = rows.astype({name: "Int64" for name in machine_key(rows) if name != "account"})
    grouped = rows.groupby(key, dropna=False)
    sums, counts, all_days = grouped[list(columns)].sum(), grouped[list(columns)].count(), grouped.size()
    unknown = counts.rsub(all_days, axis=0).add_prefix("unknown_")
    return sums.where(counts.eq(all_days, axis=0)).join(unknown).reset_index()


def _why(units: pd.DataFrame, amount: str) -> pd.Series:
    """Say why there is no cost per this unit."""
    what = NAMES[amount]
    unknown = units[f"unknown_{amount}"].fillna(0).astype("int64")
    reasons = np.where(
        unknown > 0,
        f"{what} unknown on " + unknown.astype("str") + " VM-days",
        np.where(units[amount].fillna(0) > 0, "", f"no {what}"),
    )
    return pd.Series(reasons, index=units.index, dtype="str")
