"""How much traffic a fleet may send in a month without paying more, where a transfer policy is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.transfer import TransferPolicy, holding

if TYPE_CHECKING:
    from collections.abc import Sequence

POOLS = {"package": ["account", "package"], "location": ["account", "location"], "account": ["account"]}
Value = tuple[float, str]


def included_transfer(
    fleet: pd.DataFrame, policies: Sequence[TransferPolicy] | None, day: pd.Timestamp
) -> dict[str | None, Value]:
    """What is included in a whole month, in all and in each location.

    Parameters
    ----------
    fleet
        VMs, with account, package, location and included_GB, what the price book includes for each.
    policies
        The first that is about a VM holds; None takes what the price book includes.
    day
        The day on which they must hold.

    Returns
    -------
    dict
        GB and why there are none, by location; empty for all, None for VMs without a location. A quota that several
        locations share is in the total only.
    """
    if policies is None:
        is_told = bool(fleet["included_GB"].notna().any())
        policies = (TransferPolicy(source="the price book"),) if is_told else ()
    scopes: list[tuple[str | None, pd.Series]] = [("", pd.Series(True, index=fleet.index))]
    scopes += [(str(place), fleet["location"] == place) for place in fleet["location"].dropna().unique()]
    scopes.append((None, fleet["location"].isna()))
    if not policies:
        return dict.fromkeys(
            [scope for scope, _ in scopes],
            (math.nan, "no transfer policy is set, and the price book includes no traffic"),
        )
    policy_of = pd.Series(holding(fleet, policies, day), index=fleet.index)
    return {scope: _included(fleet[rows], policy_of[rows], policies, is_all=scope == "") for scope, rows in scopes}


def _included(fleet: pd.DataFrame, policy_of: pd.Series, policies: Sequence[TransferPolicy], *, is_all: bool) -> Value:
    if (policy_of < 0).any():
        return math.nan, f"no transfer policy is about {int((policy_of < 0).sum())} of {len(fleet)} VMs"
    total = 0.0
    for number, mine in fleet.groupby(policy_of):
        policy = policies[int(str(number))]
        if math.isnan(policy.quota_GB):
            unknown = int(mine["included_GB"].isna().sum())
            if unknown:
                return math.nan, f"the price book does not say what {unknown} of {len(mine)} VMs include"
            total += float(mine["included_GB"].sum())
        elif policy.scope == "vm":
            total += policy.quota_GB * len(mine)
        elif policy.scope == "location" or is_all:
            total += policy.quota_GB * len(mine[POOLS[policy.scope]].drop_duplicates())
        else:
            return math.nan, f"its VMs share the quota of a whole {policy.scope}"
    return total, ""
