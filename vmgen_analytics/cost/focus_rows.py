"""What the charges of a month begin with, and those that are not fees: traffic, the unallocated, and corrections."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.cost.millionths import PER_UNIT, to_millionths
from vmgen_analytics.cost.prices import PriceBook
from vmgen_analytics.schema import MB_PER_GB, machine_key

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from numpy.typing import NDArray

ONE_DAY = pd.Timedelta(days=1)
NANO = 9
"""Quantities and unit prices have so many decimals, so that a product of two is exact in twice as many."""

_TEXTS = ("vm_name", "fqdn", "cost_centre", "shared_from", "rule")


def main_invoices(costs: pd.DataFrame) -> pd.Series:
    """The invoice of each account that its usage stands on: the largest, but no credit note.

    Parameters
    ----------
    costs
        Table ``allocated_costs`` of a month.

    Returns
    -------
    Series
        Numbers of invoices by account; an account without an entry is not invoiced yet.
    """
    amounts = costs[["account", "invoice_id"]].assign(millionths=to_millionths(costs["allocated_cost"]))
    totals = amounts.groupby(["account", "invoice_id"], as_index=False)["millionths"].sum()
    usage = totals[totals["millionths"] >= 0].sort_values(["millionths", "invoice_id"], ascending=[False, True])
    numbers: pd.Series = usage.drop_duplicates("account").set_index("account")["invoice_id"].astype("Int64")
    return numbers


def priced(days: pd.DataFrame, prices: PriceBook | None) -> pd.DataFrame:
    """Put the monthly price beside each VM-day, missing where there is none."""
    found = (prices or PriceBook(())).rate(days)
    days = days.astype(dict.fromkeys(machine_key(days)[1:], "Int64"))
    return days.assign(monthly_price=found["monthly_price"].array, price_source=found["price_source"].array)


def traffic(days: pd.DataFrame, costs: pd.DataFrame, invoice_of: Mapping[str, int]) -> pd.DataFrame:
    """Traffic of each VM, sent and received, where any was reported; what is billed for it is in the fee.

    What is beyond a quota has its list cost here, with the traffic sent, where a transfer policy is known.

    Parameters
    ----------
    days
        Table ``vm_days`` of a month, as `priced` gives it.
    costs
        Table ``allocated_costs`` of that month: a VM of one cost centre has that one.
    invoice_of
        The invoice of each account that its usage stands on.
    """
    of_vm, of_costs = machine_key(days), machine_key(costs)
    assigned = with_texts(costs)[[*of_costs, "cost_centre"]].drop_duplicates()
    centres = assigned[~assigned.duplicated(of_costs, keep=False)]
    rows = []
    for direction, column in (("sent", "out_MB"), ("received", "in_MB")):
        grouped = with_texts(days).sort_values("date").groupby(of_vm)
        found = grouped.agg(
            vm_name=("vm_name", "last"), location=("location", "last"), first=("date", "min"), last=("date", "max"),
            days=("date", "size"), reported=(column, "count"), MB=(column, "sum"),
        ).reset_index()  # fmt: skip
        found = found[found["reported"] > 0].merge(centres, on=of_costs, how="left", validate="many_to_one")
        quantities = decimals(np.rint(found["MB"].astype("float64") / MB_PER_GB * 10**NANO), NANO)
        found["ListCost"] = _overage(found, costs) if direction == "sent" else None
        texts = [_traffic_text(row, direction) for row in found.to_dict("records")]
        rows.append(
            found.assign(
                invoice_id=pd.array([invoice_of.get(account) for account in found["account"]], dtype="Int64"),
                service="VMgen Bandwidth",
                ChargeCategory="Usage",
                ChargeFrequency="Usage-Based",
                ChargeDescription=texts,
                BilledCost=decimals([0] * len(found), 0),
                PricingQuantity=quantities,
                PricingUnit="GB",
                SkuId=f"traffic-{direction}",
                SkuPriceId=f"traffic-{direction}-GB",
                SkuMeter=f"Traffic {direction}",
                key="metered",
            )
        )
    return pd.concat(rows, ignore_index=True)


def unallocated(costs: pd.DataFrame, month: pd.Period) -> pd.DataFrame:
    """Invoices that nobody can be given, as adjustments of the account; credit notes among them are credits.

    Parameters
    ----------
    costs
        Table ``allocated_costs`` of a month, the rows without a VM.
    month
        The month.
    """
    amounts = to_millionths(costs["allocated_cost"])
    return costs[["account", "invoice_id", "key", "ratio"]].assign(
        service="VMgen Account",
        first=month.to_timestamp(),
        last=(month + 1).to_timestamp() - ONE_DAY,
        ChargeCategory=np.where(amounts < 0, "Credit", "Adjustment"),
        ChargeFrequency="One-Time",
        ChargeDescription=[f"Invoice {number}: no VM is known to give it to" for number in costs["invoice_id"]],
        BilledCost=decimals(amounts, 6),
    )


def corrections(costs: pd.DataFrame) -> pd.DataFrame:
    """What was changed of months that were closed, as adjustments of the month in which it is booked.

    Parameters
    ----------
    costs
        Table ``allocated_costs`` of a month, the rows that correct another.
    """
    rows = with_texts(costs).assign(millionths=to_millionths(costs["allocated_cost"]))
    line = ["account", "invoice_id", *machine_key(costs)[1:], "corrects", "cost_centre", "shared_from", "reason"]
    of_line = rows.groupby(line, dropna=False)
    found = of_line[["vm_name", "location", "rule", "key"]].last().join(of_line["millionths"].sum()).reset_index()
    return found.assign(
        service=np.where(found["vm_id"].notna(), "VMgen VM", "VMgen Account"),
        first=found["corrects"].dt.to_timestamp(),
        last=(found["corrects"] + 1).dt.to_timestamp() - ONE_DAY,
        ChargeCategory="Adjustment",
        ChargeClass="Correction",
        ChargeFrequency="One-Time",
        ChargeDescription=[_correction_text(row) for row in found.to_dict("records")],
        BilledCost=decimals(found["millionths"], 6),
    )


def _overage(found: pd.DataFrame, costs: pd.DataFrame) -> NDArray[np.object_]:
    """The list cost of each VM's traffic beyond the quota; None where no policy is known."""
    key = machine_key(costs)
    once = costs.drop_duplicates([*key, "date"]).dropna(subset=["transfer_cost", "vm_id"])
    sums = once.groupby(key)["transfer_cost"].sum()
    amounts = [sums.get(vm, np.nan) for vm in found[key].itertuples(index=False, name=None)]
    return objects(None if np.isnan(amount) else Decimal(round(amount * PER_UNIT)).scaleb(-6) for amount in amounts)


def _traffic_text(row: Mapping[Hashable, Any], direction: str) -> str:
    known = f"VM {row['vm_id']}: traffic {direction}, reported on {row['reported']} of {row['days']} days"
    if direction == "sent" and row["ListCost"] is not None:
        return f"{known}; its list cost is that of what is beyond the quota, and what is billed for it is in the fee"
    return f"{known}; no price is known for it"


def _correction_text(row: Mapping[Hashable, Any]) -> str:
    whose = (
        f"Invoice {row['invoice_id']}" if pd.isna(row["vm_id"]) else f"VM {row['vm_id']}, invoice {row['invoice_id']}"
    )
    centre = "" if pd.isna(row["cost_centre"]) else f", {row['cost_centre']}"
    shared = "" if pd.isna(row["shared_from"]) else f" (shared from {row['shared_from']})"
    return f"{whose}{centre}{shared}: corrects {row['corrects']}: {row['reason']}"


def with_texts(rows: pd.DataFrame) -> pd.DataFrame:
    """Take empty texts as missing, as a CSV does, and columns that are not there; a VM without a name has its FQDN.

    Parameters
    ----------
    rows
        Table ``vm_days`` or ``allocated_costs``.
    """
    present = {name: rows[name] if name in rows else pd.Series(None, rows.index, dtype="str") for name in _TEXTS}
    texts = {name: values.where(values != "") for name, values in present.items()}
    return rows.assign(**{**texts, "vm_name": texts["vm_name"].fillna(texts["fqdn"])})


def decimals(whole: Iterable[float] | NDArray[np.int64], places: int) -> NDArray[np.object_]:
    """Write whole numbers of the smallest unit as decimals, exactly."""
    return objects(Decimal(int(number)).scaleb(-places) for number in whole)


def objects(values: Iterable[object]) -> NDArray[np.object_]:
    """Take values as they are, decimals and None among them."""
    return np.array(list(values), dtype="object")
