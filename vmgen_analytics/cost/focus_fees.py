"""The fees of VMs in a month: stretches of days on which nothing changed.

A stretch has one VM, name, package, location, price, invoice and cost centre.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.cost.focus_rows import NANO, ONE_DAY, decimals, objects, with_texts
from vmgen_analytics.cost.focus_words import product
from vmgen_analytics.cost.millionths import largest_remainder, to_millionths
from vmgen_analytics.schema import UNASSIGNED, machine_key

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

LIST_PRICE = "list_price"
"""What a charge that is not invoiced yet is estimated by."""

MILLIONTH = Decimal("1e-6")
_VM_DAY = ("account", "date", "vm_id")
_SIZES = {"CoreCount": "vcpus", "MemorySize": "ram_GB", "DiskSpace": "disk_GB"}
_LINE = ("account", "invoice_id", "vm_id", "incarnation", "cost_centre", "shared_from")
_SAME = ("vm_name", "package", "location", "rule", "key", "monthly_price", "price_source")


def invoiced_fees(costs: pd.DataFrame, days: pd.DataFrame, days_in_month: int) -> pd.DataFrame:
    """Fees and credits that stand on an invoice.

    Parameters
    ----------
    costs
        Table ``allocated_costs`` of a month, the rows with a VM.
    days
        Table ``vm_days`` of that month, as `priced` gives it.
    days_in_month
        Length of the month.
    """
    rows = with_texts(costs.drop(columns="price_source")).assign(millionths=to_millionths(costs["allocated_cost"]))
    known = [*_VM_DAY, *_SIZES.values(), "monthly_price", "price_source"]
    rows = rows.merge(days[known], on=list(_VM_DAY), how="left", validate="many_to_one")
    totals = rows.groupby(["account", "invoice_id"])["millionths"].transform("sum")
    credits, usage = rows[totals < 0], rows[totals >= 0]
    of_day = usage.groupby(list(_VM_DAY))["millionths"]
    sums, counts = of_day.transform("sum"), of_day.transform("size")
    weight = (usage["millionths"] / sums.where(sums != 0)).fillna(1 / counts)
    fees = _stretches(usage.assign(weight=weight))
    fees = _with_quantities(fees, days_in_month).assign(
        ChargeCategory="Usage",
        ChargeFrequency="Recurring",
        BilledCost=decimals(fees["millionths"], 6),
        ChargeDescription=_fee_texts(fees, days_in_month),
    )
    notes = _stretches(credits.assign(weight=0.0))
    notes = notes.assign(
        ChargeCategory="Credit",
        ChargeFrequency="One-Time",
        BilledCost=decimals(notes["millionths"], 6),
        ChargeDescription=[_credit_text(note) for note in notes.to_dict("records")],
    )
    return pd.concat([fees, notes], ignore_index=True)


def estimated_fees(days: pd.DataFrame, payers: pd.DataFrame, days_in_month: int) -> pd.DataFrame:
    """Fees that no invoice bills yet, by list price; VM-days without a price are left out, as their cost is unknown.

    What a VM costs does not depend on who pays: cost centres have parts of it, to the millionth.

    Parameters
    ----------
    days
        Table ``vm_days`` of a month, as `priced` gives it, of the accounts without an invoice.
    payers
        Table ``allocated_costs`` of these VM-days, from `estimates`.
    days_in_month
        Length of the month.
    """
    rows = with_texts(days[days["monthly_price"].notna()])
    invoice_ids = pd.array([None] * len(rows), dtype="Int64")
    rows = rows.assign(key=LIST_PRICE, weight=1.0, invoice_id=invoice_ids, ratio=np.nan, millionths=0)
    whole = _with_quantities(_stretches(rows), days_in_month)
    whole["BilledCost"] = [int(cost.quantize(MILLIONTH).scaleb(6)) for cost in whole["ListCost"]]
    parts = with_texts(payers)[[*_VM_DAY, "cost_centre", "shared_from", "rule", "ratio"]]
    rows = rows.drop(columns=["cost_centre", "shared_from", "rule", "weight", "ratio"])
    rows = rows.merge(parts.rename(columns={"ratio": "weight"}), on=list(_VM_DAY), how="left", validate="one_to_many")
    fees = _with_quantities(_stretches(rows.assign(ratio=np.nan)), days_in_month)
    return fees.assign(
        ChargeCategory="Usage",
        ChargeFrequency="Recurring",
        BilledCost=decimals(_parts_of(whole, fees), 6),
        ChargeDescription=_fee_texts(fees, days_in_month),
    )


def _parts_of(whole: pd.DataFrame, fees: pd.DataFrame) -> NDArray[np.int64]:
    """Divide the millionths of each VM in proportion to the list cost of its fees."""
    totals = whole.groupby(machine_key(whole))["BilledCost"].sum().to_dict()
    costs = fees["ListCost"].to_numpy("float64")
    millionths = np.zeros(len(fees), dtype="int64")
    for vm, positions in fees.groupby(machine_key(fees)).indices.items():
        if totals[vm]:
            millionths[positions] = largest_remainder(totals[vm], costs[positions])
    return millionths


def _stretches(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum the days between one change of anything and the next."""
    line = [name for name in _LINE if name in rows]
    rows = rows.sort_values([*line, "date"], ignore_index=True)
    kind = rows.groupby([*line, *_SAME], dropna=False, sort=False).ngroup()
    begins = (kind != kind.shift()) | (rows["date"] != rows["date"].shift() + ONE_DAY)
    stretches = rows.groupby(begins.cumsum().to_numpy())
    found = stretches[[*line, *_SAME]].first().join(stretches[list(_SIZES.values())].last())
    found = found.join(stretches[["millionths", "weight", "ratio"]].sum(min_count=1))
    found = found.assign(first=stretches["date"].min(), last=stretches["date"].max(), days=stretches.size())
    packages = ["(unknown)" if pd.isna(name) else str(name) for name in found["package"]]
    skus = [f"package-{name}" for name in packages]
    return found.assign(
        service="VMgen VM",
        SkuId=skus,
        SkuPriceId=[
            f"{sku}-month" if pd.isna(place) else f"{sku}-month-{place}"
            for sku, place in zip(skus, found["location"], strict=True)
        ],
        SkuMeter="VM month",
        SkuPriceDetails=objects(_details(fee) for fee in found.to_dict("records")),
    ).reset_index(drop=True)


def _with_quantities(fees: pd.DataFrame, days_in_month: int) -> pd.DataFrame:
    """Count months and their list cost; the parts of a VM add up to its days / the days of the month."""
    nano = np.zeros(len(fees), dtype="int64")
    weights = fees["weight"].to_numpy("float64")
    for positions in fees.groupby(machine_key(fees)).indices.values():
        total = round(round(weights[positions].sum()) * 10**NANO / days_in_month)
        nano[positions] = largest_remainder(total, weights[positions])
    quantities = decimals(nano, NANO)
    prices = objects(None if pd.isna(price) else exact(price) for price in fees["monthly_price"])
    both = zip(prices, quantities, strict=True)
    products = objects(None if price is None else product(price, part) for price, part in both)
    return fees.assign(PricingQuantity=quantities, PricingUnit="Months", ListUnitPrice=prices, ListCost=products)


def exact(amount: float) -> Decimal:
    """Read a price as it was written, in billionths at most."""
    return Decimal(repr(float(amount))).quantize(Decimal(1).scaleb(-NANO))


def _details(fee: Mapping[Hashable, Any]) -> str | None:
    """Describe the package as FOCUS's SkuPriceDetails do; what is unknown is left out."""
    if pd.isna(fee["package"]):
        return None
    sizes = {name: fee[column] for name, column in _SIZES.items() if not pd.isna(fee[column])}
    plain = {name: int(size) if float(size).is_integer() else float(size) for name, size in sizes.items()}
    return json.dumps({**plain, "InstanceType": fee["package"]})


def _fee_texts(fees: pd.DataFrame, days_in_month: int) -> list[str]:
    return [_fee_text(fee, days_in_month) for fee in fees.to_dict("records")]


def _fee_text(fee: Mapping[Hashable, Any], days_in_month: int) -> str:
    package = "an unknown package" if pd.isna(fee["package"]) else f"package {fee['package']}"
    place = "" if pd.isna(fee["location"]) else f" in {fee['location']}"
    return f"VM {fee['vm_id']}: {package}{place}, {fee['days']} of {days_in_month} days{_payer(fee)}; {_paper(fee)}"


def _credit_text(note: Mapping[Hashable, Any]) -> str:
    return f"VM {note['vm_id']}: its part of credit note {note['invoice_id']}{_payer(note)}"


def _payer(row: Mapping[Hashable, Any]) -> str:
    centre = "" if row["cost_centre"] == UNASSIGNED or pd.isna(row["cost_centre"]) else f", for {row['cost_centre']}"
    return centre if pd.isna(row["shared_from"]) else f"{centre} (shared from {row['shared_from']})"


def _paper(row: Mapping[Hashable, Any]) -> str:
    return "not invoiced yet" if pd.isna(row["invoice_id"]) else f"invoice {row['invoice_id']}"
