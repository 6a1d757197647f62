"""What a plan would change: footprint, list cost, included traffic and concentration, before and after."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.capacity.carrying_out import COLUMNS, carried_out
from vmgen_analytics.capacity.machines import MEASURES
from vmgen_analytics.capacity.quotas import included_transfer
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmgen_analytics.capacity.catalogue import Prices
    from vmgen_analytics.capacity.plans import Plan
    from vmgen_analytics.transfer import TransferPolicy

UNITS = {"vms": "VM", "vcpus": "vCPU", "ram_GB": "GB", "disk_GB": "GB"}
TOLD = 5

Value = tuple[float, str]
"""A number, not a number where it cannot be told, and why or what it leaves out."""


def what_if(
    days: pd.DataFrame,
    plan: Plan,
    catalogue: pd.DataFrame,
    prices: Prices | None = None,
    policies: Sequence[TransferPolicy] | None = None,
    *,
    day: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """What the fleet of a day is with and without a plan, in all and in each location.

    Nothing is sent to the provider. A move is a deletion and a deployment, as the provider has no other: addresses
    change, and what is on the disk does not come along. Traffic is taken to stay as it is, and whether the provider
    has room for the plan cannot be known.

    Parameters
    ----------
    days
        Table ``vm_days``.
    plan
        The plan; its steps are taken in their order.
    catalogue
        Table ``package_catalogue``: what is on offer, and how large it is there.
    prices
        The price book; without it list cost is missing.
    policies
        Transfer policies, of which the first that is about a VM holds; None takes what the price book includes.
    day
        The day of the fleet; by default the last one of the days, of each account.

    Returns
    -------
    DataFrame
        Table ``what_if``: position, is_total, location, measure, unit, before, after, change, reason. Sizes are sums
        over the VMs of known size. List cost is that of a whole month; a VM without a price makes it missing, and
        ``reason`` names the package. vm_share is a location's part of all VMs, in the total that of the largest one.

    Raises
    ------
    SchemaError
        A frame is not its table.
    SettingsError
        The plan names what is not there: a VM, a location, or a package that is not offered; the nearest is named.
    """
    TABLES["vm_days"].check(days, unique=False)
    TABLES["package_catalogue"].check(catalogue)
    last = days.groupby("account")["date"].transform("max") if day is None else day
    today = days[days["date"] == last]
    when = today["date"].max() if day is None else day
    before = today[COLUMNS].astype({"vm_id": "Int64"}).reset_index(drop=True)
    after = carried_out(before, plan, catalogue)
    facts = [_facts(fleet, prices, policies, when) for fleet in (before, after)]
    currency = (prices.currency if prices else "") or "currency"
    units = UNITS | {"list_cost": f"{currency}/month", "included_transfer_GB": "GB/month", "vm_share": "1"}
    places = sorted({place for fleet in (before, after) for place in fleet["location"].dropna()})
    unplaced = [None] if any(fleet["location"].isna().any() for fleet in (before, after)) else []
    rows = [
        {
            "is_total": scope == "",
            "location": scope or None,
            "measure": measure,
            "unit": unit,
            "before": facts[0][scope, measure][0] if (scope, measure) in facts[0] else _NOTHING[0],
            "after": facts[1][scope, measure][0] if (scope, measure) in facts[1] else _NOTHING[0],
            "reason": _reason(facts[0].get((scope, measure), _NOTHING)[1], facts[1].get((scope, measure), _NOTHING)[1]),
        }
        for scope in ("", *places, *unplaced)
        for measure, unit in units.items()
    ]
    table = pd.DataFrame(rows)
    return TABLES["what_if"].cast(
        table.assign(position=range(1, len(table) + 1), change=table["after"] - table["before"])
    )


_NOTHING: Value = (0.0, "")
"""What a location has in which no VM stands."""


def _facts(
    fleet: pd.DataFrame, prices: Prices | None, policies: Sequence[TransferPolicy] | None, day: pd.Timestamp
) -> dict[tuple[str | None, str], Value]:
    """Every number of a fleet by location, empty for all and None for those without one, and measure."""
    line = np.full(len(fleet), -1) if prices is None else prices.lines(fleet.assign(date=day))
    lines = () if prices is None else prices.prices
    cost = np.array([each.monthly_price for each in lines] + [np.nan])[line]
    book = np.array([each.included_transfer_GB for each in lines] + [np.nan])[line]
    priced = fleet.assign(monthly_price=cost, included_GB=book)
    included = included_transfer(priced, policies, day)
    facts: dict[tuple[str | None, str], Value] = {}
    scopes: list[tuple[str | None, pd.DataFrame]] = [("", priced)]
    scopes += [(str(place), mine) for place, mine in priced.groupby("location")]
    if priced["location"].isna().any():
        scopes.append((None, priced[priced["location"].isna()]))
    for scope, mine in scopes:
        facts[scope, "vms"] = float(len(mine)), ""
        for measure in MEASURES:
            facts[scope, measure] = _sum_of_known(mine[measure])
        facts[scope, "list_cost"] = _cost(mine, prices)
        facts[scope, "included_transfer_GB"] = included[scope]
        facts[scope, "vm_share"] = (len(mine) / len(priced) if scope != "" else _concentration(priced)), ""
    unplaced = int(priced["location"].isna().sum())
    if unplaced:
        facts["", "vm_share"] = facts["", "vm_share"][0], f"{unplaced} VMs have no known location"
    return facts


def _sum_of_known(sizes: pd.Series) -> Value:
    unknown = int(sizes.isna().sum())
    total = float(sizes.sum()) if unknown < len(sizes) or sizes.empty else math.nan
    return total, f"{unknown} of {len(sizes)} VMs are of unknown size and not in it" if unknown else ""


def _cost(fleet: pd.DataFrame, prices: Prices | None) -> Value:
    """Add up monthly prices, exactly; missing if one is."""
    if prices is None:
        return math.nan, "there is no price book"
    without = fleet.loc[fleet["monthly_price"].isna(), "package"]
    if len(without):
        names = sorted({"a VM without a package" if pd.isna(name) else str(name) for name in without})
        more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
        return math.nan, f"the price book has no price for {', '.join(names[:TOLD])}{more}"
    return math.fsum(fleet["monthly_price"]), ""


def _concentration(fleet: pd.DataFrame) -> float:
    """The part of all VMs that stands in the location that has most."""
    most = fleet["location"].value_counts()
    return float(most.iloc[0]) / len(fleet) if len(most) else math.nan


def _reason(before: str, after: str) -> str:
    if before == after:
        return before
    return "; ".join(f"{when}: {why}" for when, why in (("before", before), ("after", after)) if why)
