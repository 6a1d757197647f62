"""Does it match the invoices? Each one, what became of it, and how far it is from the price book."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vmgen_analytics.cost.millionths import exact_sums
from vmgen_analytics.schema import TABLES

CENT = 0.005


def reconciliation(invoices: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Each invoice: what was given to VMs, what was not, and the month's list cost beside it.

    List cost is set against all invoices of an account's month together; it stands with the largest, and the others
    have none.

    Parameters
    ----------
    invoices
        Table ``invoices``, one observation an invoice.
    costs
        Table ``allocated_costs`` of these invoices.

    Returns
    -------
    DataFrame
        Table ``reconciliation``: account, invoice_id, month, invoiced, allocated, unallocated, list_cost, difference,
        state. [currency]

    Raises
    ------
    SchemaError
        A frame is not its table.
    """
    TABLES["invoices"].check(invoices)
    TABLES["allocated_costs"].check(costs, unique=False)
    key = ["account", "invoice_id"]
    given = costs[costs["vm_id"].notna()]
    table = invoices[[*key, "total_cost"]].rename(columns={"total_cost": "invoiced"})
    table = table.merge(costs[[*key, "month"]].drop_duplicates(key), on=key, how="inner", validate="one_to_one")
    table["allocated"] = _sums(given, key, table)
    table["unallocated"] = (table["invoiced"] - table["allocated"]).round(6)
    table = table.merge(_list_costs(given), on=["account", "month"], how="left", validate="many_to_one")
    month = table.groupby(["account", "month"])["invoiced"]
    is_largest = table.index.isin(month.idxmax())
    table["difference"] = (month.transform("sum") - table["list_cost"]).round(6)
    table.loc[~is_largest, ["list_cost", "difference"]] = np.nan
    table["state"] = [
        _state(row, is_first) for row, is_first in zip(table.itertuples(), is_largest.tolist(), strict=True)
    ]
    return TABLES["reconciliation"].cast(table)


def _sums(given: pd.DataFrame, key: list[str], table: pd.DataFrame) -> pd.Series:
    sums = exact_sums(given, key, "allocated_cost").rename("allocated").reset_index()
    return table[key].merge(sums, on=key, how="left", validate="one_to_one")["allocated"].fillna(0.0)


def _list_costs(given: pd.DataFrame) -> pd.DataFrame:
    """Sum the list cost of each month; missing if a VM-day has no price."""
    per_vm_day = given.drop_duplicates(["account", "date", "vm_id", "cost_centre", "shared_from"])
    by = ["account", "month"]
    has_gap = per_vm_day["list_cost"].isna().groupby([per_vm_day[name] for name in by]).any()
    sums = per_vm_day.groupby(by)["list_cost"].sum().round(6)
    return sums.where(~has_gap).reset_index()


def _state(row: object, is_largest: bool) -> str:
    unallocated, difference = getattr(row, "unallocated", 0.0), getattr(row, "difference", np.nan)
    if abs(unallocated) >= 1e-6:
        return "unallocated: no VM of that month has anything of the key"
    if not is_largest:
        return "counted with the month's largest invoice"
    if np.isnan(difference):
        return "allocated in full; no list cost, as prices are missing"
    if abs(difference) <= CENT:
        return "matched"
    return "above list cost" if difference > 0 else "below list cost"
