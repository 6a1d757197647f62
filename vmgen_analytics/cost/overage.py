"""What traffic beyond the included costs, VM-day by VM-day, where a transfer policy is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.kinds import day_numbers, days_in_months, kinds, month_numbers
from vmgen_analytics.schema import MACHINE, machine_key
from vmgen_analytics.transfer import TransferPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.cost.prices import PriceBook

    Amounts = NDArray[np.float64]

SCOPES = {
    "vm": list(MACHINE),
    "package": ["account", "package"],
    "location": ["account", "location"],
    "account": ["account"],
}


def policies_of(prices: PriceBook | None) -> tuple[TransferPolicy, ...]:
    """The policy that a price book stands for: each VM's traffic out, beyond what its package includes.

    Parameters
    ----------
    prices
        The price book, if there is one; where no line of it includes or charges any traffic, nothing is known.
    """
    known = () if prices is None else prices.prices
    says = any(not np.isnan(price.included_transfer_GB) for price in known)
    return (TransferPolicy(source="the price book"),) if says else ()


def overage_costs(days: pd.DataFrame, policies: Sequence[TransferPolicy], prices: PriceBook | None = None) -> Amounts:
    """The cost of the traffic of each VM-day that is beyond the quota of its month.

    Within a month, traffic uses up the quota in the order of its days; VMs that share a quota share a day's overage in
    proportion to their traffic of that day.

    Parameters
    ----------
    days
        Table ``vm_days``, whole months of it. Of a month that runs, a quota that accrues daily is what accrued so far.
    policies
        The first one that is about a VM-day holds.
    prices
        For what the policies take from the price book.

    Returns
    -------
    ndarray
        In the order of the days; NaN where no policy, no quota or no price is known, and from the first day on whose
        traffic is unknown within a quota. [currency]
    """
    costs = np.full(len(days), np.nan)
    if not policies or not len(days):
        return costs
    policy_of = _policy_of(days, policies)
    included, charged = _from_book(days, prices)
    for number, policy in enumerate(policies):
        rows = np.flatnonzero(policy_of == number)
        if len(rows):
            costs[rows] = _overage(days.iloc[rows], policy, included[rows], charged[rows])
    return costs


def transfer_terms(days: pd.DataFrame, prices: PriceBook | None) -> pd.DataFrame:
    """What the price book includes and charges for traffic, for what looks at quotas.

    Parameters
    ----------
    days
        Table ``vm_days``.
    prices
        The price book, if there is one.

    Returns
    -------
    DataFrame
        included_transfer_GB and overage_price_per_GB, in the order of the days; missing where nothing is known.
        [GB, currency/GB]
    """
    included, charged = _from_book(days, prices)
    return pd.DataFrame({"included_transfer_GB": included, "overage_price_per_GB": charged})


def _policy_of(days: pd.DataFrame, policies: Sequence[TransferPolicy]) -> NDArray[np.int64]:
    kind, places = kinds(days, ["account", "location", "package"])
    dates = days["date"].to_numpy()
    found = np.full(len(days), -1)
    for number, policy in reversed(list(enumerate(policies))):
        fits = np.ones(len(places), dtype="bool")
        for name in ("account", "location", "package"):
            if wanted := getattr(policy, name):
                fits &= (places[name] == wanted).fillna(value=False).to_numpy("bool")
        holds = (dates >= policy.valid_from.to_datetime64()) & (dates < policy.valid_to.to_datetime64())
        found[fits[kind] & holds] = number
    return found


def _from_book(days: pd.DataFrame, prices: PriceBook | None) -> tuple[Amounts, Amounts]:
    """What the price book includes and charges, VM-day by VM-day."""
    lines = () if prices is None else prices.prices
    line = np.full(len(days), -1) if prices is None else prices.lines(days)
    included = np.array([price.included_transfer_GB for price in lines] + [np.nan])
    charged = np.array([price.overage_price_per_GB for price in lines] + [np.nan])
    return included[line], charged[line]


def _overage(days: pd.DataFrame, policy: TransferPolicy, included: Amounts, charged: Amounts) -> Amounts:
    """The overage of the VM-days of one policy, day after day within each quota and month."""
    months = month_numbers(days["date"])
    scope, scopes = kinds(days, [name for name in SCOPES[policy.scope] if name in days])
    is_known = scopes.notna().all(axis=1).to_numpy()  # VMs of an unknown location share no quota
    pool = scope * (int(np.ptp(months)) + 1) + months - int(months.min())
    on = day_numbers(days["date"])
    rows = pd.DataFrame({"pool": pool, "on": on, "vm": kinds(days, machine_key(days))[0]})
    rows["in"], rows["out"] = days["in_MB"].to_numpy(), days["out_MB"].to_numpy()
    lasting = days_in_months(months)
    if np.isnan(policy.quota_GB):
        rows["part"] = included / lasting if policy.accrual == "daily" else included
        quota = _quota_of_vms(rows, policy)
    else:
        part = rows.drop_duplicates(["pool", "on"]).groupby("pool").size() / pd.Series(lasting).groupby(pool).first()
        quota = policy.quota_GB * (part if policy.accrual == "daily" else part.clip(1, 1))
    beyond, used = _day_by_day(rows, policy, quota)
    price = charged if np.isnan(policy.overage_price_per_GB) else np.full(len(days), policy.overage_price_per_GB)
    with np.errstate(invalid="ignore", divide="ignore"):
        mine = np.where(beyond == 0, 0.0, beyond * used * price)
    return np.where(is_known[scope], mine, np.nan)


def _quota_of_vms(rows: pd.DataFrame, policy: TransferPolicy) -> pd.Series:
    """Add up what the packages of the VMs of each pool include; unknown if one's is."""
    of_vm = rows.groupby(["pool", "vm"])["part"]
    each = of_vm.sum() if policy.accrual == "daily" else of_vm.max()  # of two packages in a month the larger
    is_known = rows["part"].notna().groupby(rows["pool"]).all()
    quota: pd.Series = each.groupby("pool").sum().where(is_known)
    return quota


def _day_by_day(rows: pd.DataFrame, policy: TransferPolicy, quota: pd.Series) -> tuple[Amounts, Amounts]:
    """The overage of each row's pool on its day, in GB, and the row's part of the pool's traffic of that day."""
    by_day = rows.groupby(["pool", "on"])[["in", "out"]]
    sums = by_day.sum().where(by_day.count().eq(by_day.size(), axis=0))
    so_far = sums.groupby("pool").cumsum(skipna=False)
    counted, so_far_counted = _counted(sums, so_far, policy), _directed(so_far, policy)
    beyond = (so_far_counted / policy.MB_per_GB - quota.reindex(sums.index, level="pool")).clip(lower=0)
    if policy.rounding == "up":
        beyond = beyond.round(9).apply(np.ceil)
    is_first = ~sums.index.get_level_values("pool").duplicated()
    daily = beyond.groupby("pool").diff().where(~is_first, beyond)
    at = sums.index.get_indexer(pd.MultiIndex.from_frame(rows[["pool", "on"]]))
    whole = counted.to_numpy()[at]
    own = _counted(rows[["in", "out"]], so_far.iloc[at].reset_index(drop=True), policy).to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        return daily.to_numpy()[at], own / whole


def _directed(traffic: pd.DataFrame, policy: TransferPolicy) -> pd.Series:
    """The traffic that counts."""
    if policy.direction == "sum":
        return traffic["in"] + traffic["out"]
    if policy.direction == "max":
        return traffic["in"].where(traffic["in"] > traffic["out"], traffic["out"])
    return traffic[policy.direction]


def _counted(traffic: pd.DataFrame, so_far: pd.DataFrame, policy: TransferPolicy) -> pd.Series:
    """The traffic of a day that counts: of two directions that of which there was more in the month so far."""
    if policy.direction != "max":
        return _directed(traffic, policy)
    return traffic["in"].where((so_far["in"] > so_far["out"]).to_numpy(), traffic["out"])
