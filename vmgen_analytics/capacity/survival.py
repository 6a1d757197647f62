"""How old VMs become: survival by age, of the VMs whose birth is known."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.capacity.machines import grouping, observed_machines
from vmgen_analytics.capacity.poisson import LEVEL
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Amounts = NDArray[np.float64]

LEAST_DEATHS = 10
LEAST_AT_RISK = 5
"""With fewer VMs under observation, a single death moves the curve by more than a fifth."""


def vm_survival(
    lifetimes: pd.DataFrame, syncs: pd.DataFrame, by: str | Sequence[str] = (), *, level: float = LEVEL
) -> pd.DataFrame:
    """What part of the VMs becomes older than each age (Kaplan and Meier).

    A VM counts from the age at which its account was first observed (left truncation: those that died before could
    not be seen) to its death, or to the age at which it was last known (censoring). Where birth or death are bounds,
    the middle is taken. A VM that was running at the first inventory and whose birth is not known has no age, and is
    left out; its death counts in the churn of `fleet_rates`, which needs no age. All VMs are taken to be of one kind,
    whenever they were born.

    Parameters
    ----------
    lifetimes
        Table ``lifetimes``; to group by location or continent, as `placed` returns it.
    syncs
        Table ``syncs``.
    by
        Any of package, location and continent. Accounts are always told apart.
    level
        Of the interval (Greenwood's variance on the log-log scale).

    Returns
    -------
    DataFrame
        Table ``vm_survival``: account, age_d, the grouping, at_risk, deaths, censored, survival, survival_low,
        survival_high.

    Raises
    ------
    SchemaError
        A frame is not its table, or cannot be grouped so.
    """
    machines = observed_machines(lifetimes, syncs)
    table = TABLES["vm_survival"]
    groups = grouping(by, machines, "vm_survival")
    known = _aged(machines[machines["born_min"].notna()])
    parts = []
    for _, mine in known.groupby(groups, dropna=False):
        curve = _curve(mine, level)
        group = mine[groups].iloc[[0] * len(curve)].reset_index(drop=True)
        parts.append(pd.concat([group, curve], axis=1))
    return table.cast(pd.concat(parts) if parts else pd.DataFrame(columns=["age_d", *groups]))


def vm_lifetime(survival: pd.DataFrame) -> pd.DataFrame:
    """The age that half of the VMs reach, or why it cannot be told.

    Parameters
    ----------
    survival
        Table ``vm_survival``.

    Returns
    -------
    DataFrame
        Table ``vm_lifetime``: account, the grouping, vms, deaths, median_d, median_low_d, median_high_d, reason.
        [d] It takes 10 deaths of VMs of known birth, at least 5 VMs under observation at each death until the median,
        and a curve that falls to a half; the interval is where that of the curve holds a half (Brookmeyer and Crowley).

    Raises
    ------
    SchemaError
        The frame is not its table.
    """
    source, table = TABLES["vm_survival"], TABLES["vm_lifetime"]
    source.check(survival)
    groups = [name for name in source.key_of(survival) if name != "age_d"]
    rows = [dict(zip(groups, key, strict=True)) | _median(mine) for key, mine in survival.groupby(groups, dropna=False)]
    return table.cast(pd.DataFrame(rows) if rows else pd.DataFrame(columns=groups))


def _aged(machines: pd.DataFrame) -> pd.DataFrame:
    """Give each machine the age at which it came under observation, and the one at which it left."""
    born = machines["born_min"] + (machines["born_max"] - machines["born_min"]) / 2
    is_dead = machines["left_on"].notna()
    ended = machines["died_min"] + (machines["died_max"] - machines["died_min"]) / 2
    last = ended.where(is_dead, machines["observed_to"])
    entry = (machines["observed_from"] - born).dt.days.clip(lower=0)
    exit_ = (last - born).dt.days.clip(lower=0)
    return machines.assign(
        entry_d=np.where(machines["is_birth"], 0, entry).astype("int64"),
        exit_d=exit_.astype("int64"),
        is_dead=is_dead,
    )


def _curve(machines: pd.DataFrame, level: float) -> pd.DataFrame:
    """Follow one group from age to age; who enters at an age is at risk from the next one on, but for the newborn."""
    entry, exit_ = machines["entry_d"].to_numpy(), machines["exit_d"].to_numpy()
    is_dead = machines["is_dead"].to_numpy()
    ages = np.unique(exit_)
    deaths = np.array([(is_dead & (exit_ == age)).sum() for age in ages])
    censored = np.array([(~is_dead & (exit_ == age)).sum() for age in ages])
    at_risk = np.array([((exit_ >= age) & ((entry < age) | (entry == 0))).sum() for age in ages])
    lost = np.where((exit_ > 0) & (entry >= exit_) & (entry > 0), exit_, -1)  # seen on the day of its death only
    deaths -= np.array([((lost == age) & is_dead).sum() for age in ages])
    survival = np.cumprod(np.where(at_risk > 0, 1 - deaths / np.maximum(at_risk, 1), 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(deaths > 0, deaths / (at_risk * (at_risk - deaths)), 0.0)
        spread = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(np.cumsum(terms)) / np.abs(np.log(survival))
        low, high = survival ** np.exp(spread), survival ** np.exp(-spread)
    is_edge = (survival == 1) | (survival == 0)
    return pd.DataFrame(
        {
            "age_d": ages,
            "at_risk": at_risk,
            "deaths": deaths,
            "censored": censored,
            "survival": survival,
            "survival_low": np.where(is_edge, survival, low),
            "survival_high": np.where(is_edge, survival, high),
        }
    )


def _median(survival: pd.DataFrame) -> dict[str, object]:
    survival = survival.sort_values("age_d")
    vms, deaths = int((survival["deaths"] + survival["censored"]).sum()), int(survival["deaths"].sum())
    told: dict[str, object] = {"vms": vms, "deaths": deaths}
    if deaths < LEAST_DEATHS:
        seen = "death of VMs of known birth is" if deaths == 1 else "deaths of VMs of known birth are"
        return told | {"reason": f"{deaths} {seen} too few; a median needs {LEAST_DEATHS}"}
    median = _first_age(survival, "survival")
    until = survival[(survival["deaths"] > 0) & (survival["age_d"] <= (math.inf if np.isnan(median) else median))]
    if (until["at_risk"] < LEAST_AT_RISK).any():
        few = until[until["at_risk"] < LEAST_AT_RISK].iloc[0]
        return told | {
            "reason": f"at the age of {few['age_d']:.0f} days only {few['at_risk']:.0f} VMs were observed; it takes "
            f"{LEAST_AT_RISK}, so a median needs a longer history"
        }
    if np.isnan(median):
        oldest = int(survival["age_d"].max())
        left = float(survival["survival"].iloc[-1])
        return told | {"reason": f"{percent(left)} of the VMs outlive the {oldest} days that were observed"}
    return told | {
        "median_d": median,
        "median_low_d": _first_age(survival, "survival_low"),
        "median_high_d": _first_age(survival, "survival_high"),
        "reason": "",
    }


def _first_age(survival: pd.DataFrame, curve: str) -> float:
    """Find the first age at which a curve is at a half or lower; not a number if it never is."""
    below = survival.loc[survival[curve] <= 0.5, "age_d"]
    return float(below.iloc[0]) if len(below) else math.nan
