"""Births and deaths: how many each month, how many a month are to be expected, and how fast the fleet turns over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.capacity.machines import DAY, DAYS_PER_MONTH, grouping, observed_machines
from vmgen_analytics.capacity.poisson import LEVEL, dispersion, poisson_interval
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_MONTHS = 1.0
"""Months of observation without which no rate is told."""
COUNTED = ("entered", "births", "deaths", "unsure")


def fleet_changes(
    lifetimes: pd.DataFrame, syncs: pd.DataFrame, by: str | Sequence[str] = (), *, level: float = LEVEL
) -> pd.DataFrame:
    """How many VMs each account had, got and lost in each month in which it was observed.

    A VM that was running at the first complete inventory is no birth: it ``entered`` what is observed. A birth counts
    on the day on which the VM existed at the latest, a death on the last day on which it is known to have existed;
    those whose bounds reach into another month are counted in ``unsure`` as well. In every row, vms_start + entered
    + births - deaths = vms_end. Days without a complete inventory are not observed; a VM that lived between two
    inventories was never seen, and counts nowhere.

    Parameters
    ----------
    lifetimes
        Table ``lifetimes``; to group by location or continent, as `placed` returns it.
    syncs
        Table ``syncs``.
    by
        Any of package, location and continent: a VM counts for where and what it was at last. Accounts are always
        told apart.
    level
        Of the intervals.

    Returns
    -------
    DataFrame
        Table ``fleet_changes``: account, month, the grouping, days_observed, vms_start, entered, births, births_low,
        births_high, deaths, deaths_low, deaths_high, unsure, vms_end, vm_days. [VM, d] The intervals are those of the
        number that was to be expected (Garwood), not of the number that was counted.

    Raises
    ------
    SchemaError
        A frame is not its table, or cannot be grouped so.
    """
    machines = observed_machines(lifetimes, syncs)
    table = TABLES["fleet_changes"]
    groups = grouping(by, machines, "fleet_changes")
    parts = [
        _of_month(mine, month, groups)
        for _, mine in machines.groupby("account")
        for month in pd.period_range(mine["observed_from"].iloc[0], mine["observed_to"].iloc[0], freq="M")
    ]
    if not parts:
        return table.cast(pd.DataFrame(columns=[*table.key, *(name for name in groups if name != "account")]))
    rows = pd.concat(parts, ignore_index=True)
    for name in ("births", "deaths"):
        ends = [poisson_interval(count, level) for count in rows[name].tolist()]
        rows[[f"{name}_low", f"{name}_high"]] = np.array(ends, dtype="float64").reshape(-1, 2)
    return table.cast(rows)


def _of_month(machines: pd.DataFrame, month: pd.Period, groups: list[str]) -> pd.DataFrame:
    """Count one account's machines in one month, in each of all its groups."""
    first = max(month.to_timestamp(), machines["observed_from"].iloc[0])
    last = min((month + 1).to_timestamp() - DAY, machines["observed_to"].iloc[0])
    entered, left = machines["entered_on"], machines["left_on"]
    comes, goes = entered.between(first, last), left.between(first, last)
    is_birth = machines["is_birth"]
    ends = left.fillna(last).clip(upper=last)
    rows = machines[groups].assign(
        vms_start=(entered < first) & ~(left < first),
        entered=comes & ~is_birth,
        births=comes & is_birth,
        deaths=goes,
        unsure=(comes & machines["is_birth_unsure"]).astype("int64") + (goes & machines["is_death_unsure"]),
        vm_days=((ends - entered.clip(lower=first)).dt.days + 1).clip(lower=0),
    )
    sums = rows.groupby(groups, dropna=False).sum().astype("int64").reset_index()
    vms_end = sums["vms_start"] + sums["entered"] + sums["births"] - sums["deaths"]
    return sums.assign(
        month=pd.Series(month, index=sums.index), days_observed=(last - first) // DAY + 1, vms_end=vms_end
    )


def fleet_rates(changes: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """How many births, deaths and what churn a month are to be expected, by all months together.

    One rate for all of the time: a season or a growing pace does not show. Less than a month of observation is refused.

    Parameters
    ----------
    changes
        Table ``fleet_changes``.
    level
        Of the intervals.

    Returns
    -------
    DataFrame
        Table ``fleet_rates``: account, the grouping, months, vm_months, vms, births, births_per_month (low, high),
        deaths, deaths_per_month (low, high), churn (low, high), net_per_month, birth_dispersion, reason. Churn is
        deaths per VM and month: all VMs tell of it, however long they were running before. The intervals are exact
        for events that come one by one; where birth_dispersion is well above 1 they come in batches, and the
        intervals are too narrow. Missing with less than a month of observation, and ``reason`` says so.

    Raises
    ------
    SchemaError
        The frame is not its table.
    """
    source, table = TABLES["fleet_changes"], TABLES["fleet_rates"]
    source.check(changes)
    groups = [name for name in source.key_of(changes) if name != "month"]
    rows = [
        dict(zip(groups, key, strict=True)) | _rates(mine, level)
        for key, mine in changes.groupby(groups, dropna=False, sort=False)
    ]
    frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=groups)
    return table.cast(frame)


def _rates(changes: pd.DataFrame, level: float) -> dict[str, object]:
    """The rates of one group."""
    changes = changes.sort_values("month")
    months = changes["days_observed"].sum() / DAYS_PER_MONTH
    vm_months = changes["vm_days"].sum() / DAYS_PER_MONTH
    births, deaths = int(changes["births"].sum()), int(changes["deaths"].sum())
    told: dict[str, object] = {
        "months": months,
        "vm_months": vm_months,
        "vms": int(changes["vms_end"].iloc[-1]),
        "births": births,
        "deaths": deaths,
        "reason": "",
    }
    if months < LEAST_MONTHS:
        days = int(changes["days_observed"].sum())
        return told | {
            "reason": f"it was observed for {days} {'day' if days == 1 else 'days'} only; a rate needs a month"
        }
    counts = changes["births"].to_numpy("float64")
    told |= _per("births_per_month", births, months, level) | _per("deaths_per_month", deaths, months, level)
    if vm_months > 0:
        told |= _per("churn", deaths, vm_months, level)
    else:
        told["reason"] = "no VM existed of which the churn could be told"
    told["net_per_month"] = (births - deaths) / months
    told["birth_dispersion"] = dispersion(counts, changes["days_observed"].to_numpy("float64"))
    return told


def _per(name: str, count: int, exposure: float, level: float) -> dict[str, float]:
    low, high = poisson_interval(count, level)
    return {name: count / exposure, f"{name}_low": low / exposure, f"{name}_high": high / exposure}
