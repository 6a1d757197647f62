"""Does it match the invoices? Each one, what became of it, and how far it is from the price book, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.cost.bills import billed_months
from vmgen_analytics.cost.doubt import days_in_doubt
from vmgen_analytics.cost.kinds import kinds
from vmgen_analytics.cost.millionths import exact_sums
from vmgen_analytics.cost.monthly import listed_once
from vmgen_analytics.cost.words import listed
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

CENT = 0.005
KEY = ["account", "invoice_id", "month"]
MONTH = ["account", "month"]


def reconciliation(invoices: pd.DataFrame, costs: pd.DataFrame, lifetimes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Each invoice: what was given to VMs, what was not, and the month's list cost beside it.

    List cost is set against all invoices of an account's month together, with the overage where that is known; it
    stands with the largest, and the others have none. A correction of a closed month is a row of the month in which
    it is booked.

    Parameters
    ----------
    invoices
        Table ``invoices``, one observation an invoice. One without a total is shown with the month of its date.
    costs
        Table ``allocated_costs`` of these invoices.
    lifetimes
        Table ``lifetimes``: VMs whose birth or death is only a bound are then named where an invoice is above list
        cost.

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
    own, changes = costs[costs["corrects"].isna()], costs[costs["corrects"].notna()]
    table = invoices[["account", "invoice_id", "total_cost"]].rename(columns={"total_cost": "invoiced"})
    months = own[KEY].drop_duplicates()
    table = table.merge(months, on=["account", "invoice_id"], how="inner", validate="one_to_many")
    given = own[own["vm_id"].notna()]
    table["allocated"] = _sums(given, table)
    table["unallocated"] = (table["invoiced"] - table["allocated"]).round(6)
    listed_in = _listed(given)
    table = table.merge(listed_in, on=MONTH, how="left", validate="many_to_one")
    month = table.groupby(MONTH)["invoiced"]
    largest = table.loc[month.idxmax(), [*MONTH, "invoice_id"]].rename(columns={"invoice_id": "largest"})
    table = table.merge(largest, on=MONTH, how="left", validate="many_to_one")
    is_largest = table["invoice_id"] == table["largest"]
    table["difference"] = (month.transform("sum") - table["list_cost"]).round(6)
    table.loc[~is_largest, ["list_cost", "difference"]] = np.nan
    empty = own[own["vm_id"].isna() & own["key_value"].isna()]
    is_empty = pd.MultiIndex.from_frame(table[KEY]).isin(pd.MultiIndex.from_frame(empty[KEY]))
    credits = table["invoiced"].clip(upper=0).groupby([table[name] for name in MONTH]).transform("sum")
    why = _reasons(given)
    rows: list[dict[str, Any]] = table.assign(credit=credits, is_empty=is_empty).to_dict("records")  # type: ignore[assignment]
    keys = [(str(row["account"]), row["month"]) for row in rows]
    doubts = {} if lifetimes is None else days_in_doubt(lifetimes, set(keys))
    table["state"] = [_state(row, why.get(key, ()), doubts.get(key, "")) for key, row in zip(keys, rows, strict=True)]
    return TABLES["reconciliation"].cast(pd.concat([table, _corrections(changes), _without_total(invoices, own)]))


def _sums(given: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    sums = exact_sums(given, KEY, "allocated_cost").rename("allocated").reset_index()
    return table[KEY].merge(sums, on=KEY, how="left", validate="one_to_one")["allocated"].fillna(0.0)


def _listed(given: pd.DataFrame) -> pd.DataFrame:
    """Sum the list cost of each month, missing if a VM-day has no price, and the overage, as far as it is known."""
    once = given[listed_once(given)]
    by_month = once.groupby(MONTH)
    has_gap = once["list_cost"].isna().groupby([once[name] for name in MONTH]).any()
    listed_cost = by_month["list_cost"].sum().round(6).where(~has_gap)
    overage = by_month["transfer_cost"].sum(min_count=1).round(6)
    return pd.DataFrame({"list_cost": listed_cost, "overage": overage}).reset_index()


def _reasons(given: pd.DataFrame) -> Mapping[Hashable, tuple[str, ...]]:
    """What may keep each month from matching its list cost, as far as the costs tell."""
    return {month: tuple(filter(None, _told(rows))) for month, rows in given.groupby(MONTH)}


def _told(rows: pd.DataFrame) -> list[str]:
    unpriced = rows.loc[rows["list_cost"].isna(), "package"].unique()
    names = sorted("(unknown)" if pd.isna(name) else str(name) for name in unpriced)
    if rows["list_cost"].isna().all():
        return ["there is no price for any VM-day"]
    changed = _changed(rows)
    last = rows["date"].max()
    missing = last.day - rows["date"].nunique()
    return [
        f"no price for {listed(names)}" if names else "",
        f"the price of {listed(changed)} changed within the month" if changed else "",
        f"no VM is known on {counted(missing, 'day')} of the month" if missing > 0 else "",
        f"VMs are known until {last:%Y-%m-%d} only" if last.day < last.days_in_month else "",
        "what traffic costs is not known" if rows["transfer_cost"].isna().all() else "",
    ]


def _changed(rows: pd.DataFrame) -> list[str]:
    """Name the packages whose price changed; who pays may divide a VM-day, whose price is that of its parts."""
    each = kinds(rows, ["invoice_id", "date", "vm_id"])[0]
    whole = pd.Series(rows["list_cost"].to_numpy()).groupby(each).transform("sum", min_count=1)
    listed_days = rows[["package", "location"]].reset_index(drop=True).assign(list_cost=whole.round(6))
    priced = listed_days.groupby(["package", "location"], dropna=False)["list_cost"].nunique()
    return sorted({str(package) for package, _ in priced[priced > 1].index})


def _state(row: Mapping[str, Any], reasons: tuple[str, ...], doubt: str) -> str:
    if abs(row["unallocated"]) >= 1e-6:
        why = "no VM is known in that month" if row["is_empty"] else "no VM of that month has anything of the key"
        return f"unallocated: {why}"
    if row["invoice_id"] != row["largest"]:
        return f"counted with invoice {row['largest']}, the largest of the month"
    if np.isnan(row["difference"]):
        return f"no list cost: {'; '.join(reasons)}"
    return _compared(row["difference"], row["credit"], row["overage"], reasons, doubt)


def _compared(difference: float, credit: float, overage: float, reasons: tuple[str, ...], doubt: str) -> str:
    """Say whether invoices are their list cost, or what makes the difference; days in doubt could only add to it."""
    known = {"traffic beyond the quota": 0.0 if np.isnan(overage) else overage, "credits": credit}
    parts = [f"{amount:.2f} for {what}" for what, amount in known.items() if abs(amount) > CENT]
    rest = difference - sum(known.values())
    if abs(rest) <= CENT:
        return f"matched, with {listed(parts)}" if parts else "matched"
    side = f"{abs(rest):.2f} {'above' if rest > 0 else 'below'} list cost"
    beside = f" beside {listed(parts)}" if parts else ""
    reasons = (*reasons, doubt) if doubt and rest > 0 else reasons
    return f"{side}{beside}" + (f": {'; '.join(reasons)}" if reasons else "")


def _corrections(changes: pd.DataFrame) -> pd.DataFrame:
    """A row for each correction: an invoice of a closed month, in the month in which it is booked."""
    by = [*KEY, "corrects"]
    if changes.empty:
        return pd.DataFrame()
    invoiced = exact_sums(changes, by, "allocated_cost").rename("invoiced")
    given = exact_sums(changes[changes["vm_id"].notna()], by, "allocated_cost").reindex(invoiced.index).fillna(0.0)
    reasons = changes.groupby(by)["reason"].first()
    table = pd.DataFrame({"invoiced": invoiced, "allocated": given, "reason": reasons}).reset_index()
    table["unallocated"] = (table["invoiced"] - table["allocated"]).round(6)
    table["state"] = [
        f"corrects {month}: {reason}" for month, reason in zip(table["corrects"], table["reason"], strict=True)
    ]
    return table.drop(columns=["corrects", "reason"])


def _without_total(invoices: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Invoices whose total did not come: nothing could be divided."""
    lacking = invoices[invoices["total_cost"].isna() & ~invoices["invoice_id"].isin(own["invoice_id"])]
    return lacking[["account", "invoice_id"]].assign(
        month=billed_months(lacking, "same-month"), state="not divided: the provider gave no total; sync again"
    )
