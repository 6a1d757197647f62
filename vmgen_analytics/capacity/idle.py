"""VMs that seem to do nothing, by their traffic and their state alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import OFF, SETTLED, TABLES, machine_key

if TYPE_CHECKING:
    from collections.abc import Collection

DAY = pd.Timedelta(days=1)

LEAST_DAYS = 5
"""Days without which nothing is said of a VM."""

QUIET_SHARE = 0.95
"""Part of the days that must be quiet: one in twenty may be a backup or an update."""

SILENT_OUT_MB = 5.0
"""Sent on a day by a VM that serves nobody; AWS calls 5 MB a day both ways idle."""

LITTLE_IN_MB, LITTLE_OUT_MB = 173.0, 86.0
"""2,000 bytes a second received and 1,000 sent, as Google has it: any public address receives that much of scans."""


def idle_vms(
    days: pd.DataFrame,
    jobs: pd.DataFrame | None = None,
    rated: pd.DataFrame | None = None,
    *,
    window_days: int = 14,
    wanted: Collection[int | str] = (),
) -> pd.DataFrame:
    """VMs that are off, send next to nothing, or move very little, among those that are there.

    Looked at are the newest days of each VM: those with a final report for traffic, and all for its state. A VM that
    was switched on, off or restarted in that time is left out, as someone cares for it, unless it is off throughout.
    Traffic does not tell CPU or memory: a machine that computes and stores what it computes looks just like this.

    Parameters
    ----------
    days
        Table ``vm_days``.
    jobs
        Table ``jobs``; none is none known.
    rated
        Table ``rated_costs`` of these days, for what the VMs cost.
    window_days
        Days to look at; a VM of which only 5 or more are known is a ``preview``. VMs that work once a month want 35.
    wanted
        Numbers or names of VMs that are as they should be: standbys, name servers, ways in.

    Returns
    -------
    DataFrame
        Table ``idle_vms``: account, vm_id, incarnation, vm_name, package, location, kind, confidence, first_day,
        last_day, days_used, quiet_days, in_MB_per_day, out_MB_per_day, list_cost_per_month, evidence. [d, MB, currency]

    Raises
    ------
    SchemaError
        A frame is not its table, or the window is shorter than 5 days.
    """
    TABLES["vm_days"].check(days, unique=False)
    table = TABLES["idle_vms"]
    if window_days < LEAST_DAYS:
        raise SchemaError(f"a window of {window_days} days is too short to call a VM idle; {LEAST_DAYS} are the least")
    machine = machine_key(days)
    ordered = days.sort_values([*machine, "date"], ignore_index=True)
    newest = ordered.drop_duplicates(machine, keep="last")
    last_days = newest.groupby("account")["date"].transform("max")
    is_wanted = newest["vm_id"].isin(list(wanted)) | newest["vm_name"].isin(list(wanted))
    there = newest[(newest["date"] == last_days) & ~is_wanted]
    rows = ordered[pd.MultiIndex.from_frame(ordered[machine]).isin(pd.MultiIndex.from_frame(there[machine]))]
    found = pd.concat([_off(rows, window_days), _quiet(rows, _commanded(jobs), window_days)])
    found = found.drop_duplicates(machine, keep="first")
    found = found.merge(there[[*machine, "vm_name", "package", "location"]], on=machine)
    found = found.merge(_costs(rated, there), on=machine, how="left")
    confidence = np.where(found["days_used"] >= window_days, "full", "preview")
    return table.cast(found.assign(confidence=confidence))


def _off(rows: pd.DataFrame, window_days: int) -> pd.DataFrame:
    """VMs that were off on each of their newest days, as far as inventories tell."""
    newest = rows.groupby(machine_key(rows)).tail(window_days)
    newest = newest.assign(is_off=newest["state"].str.upper().isin(OFF), seen_off=newest["presence"].eq("seen"))
    found = _described(newest, "powered_off", newest["is_off"])
    seen = newest.groupby(machine_key(rows))["seen_off"].sum().reset_index(name="seen")
    found = found.merge(seen, on=machine_key(rows))
    found = found[(found["quiet_days"] == found["days_used"]) & (found["seen"] >= 2)]
    text = "off on all of its last " + found["days_used"].astype("str") + " days, in "
    return found.assign(
        evidence=text + found["seen"].astype("str") + " inventories; whether that costs anything, invoices tell"
    ).drop(columns="seen")


def _quiet(rows: pd.DataFrame, commanded: pd.DataFrame, window_days: int) -> pd.DataFrame:
    """VMs that run and move little on nearly all of their newest final days."""
    is_known = rows["status"].isin(SETTLED) & rows["in_MB"].notna() & rows["out_MB"].notna()
    newest = rows[is_known].groupby(machine_key(rows)).tail(window_days)
    silent = newest["out_MB"] <= SILENT_OUT_MB
    little = (newest["in_MB"] <= LITTLE_IN_MB) & (newest["out_MB"] <= LITTLE_OUT_MB)
    found = pd.concat(
        [
            _described(newest, "zombie_likely", silent).assign(limits=f"sent at most {SILENT_OUT_MB:g} MB"),
            _described(newest, "zombie_possible", little).assign(
                limits=f"received at most {LITTLE_IN_MB:g} and sent at most {LITTLE_OUT_MB:g} MB"
            ),
        ]
    )
    found = found[found["quiet_days"] >= QUIET_SHARE * found["days_used"]].merge(
        commanded, on=machine_key(commanded), how="left"
    )
    states = rows.groupby(machine_key(rows))["state"].last().str.upper().isin(OFF)
    is_off = states.reindex(pd.MultiIndex.from_frame(found[machine_key(rows)])).to_numpy("bool")
    found = found[~(found["commanded_on"] >= found["first_day"]) & ~is_off]
    text = found["limits"] + " on " + found["quiet_days"].astype("str") + " of its last "
    return found.assign(
        evidence=text + found["days_used"].astype("str") + " final days; CPU and memory are not known"
    ).drop(columns=["limits", "commanded_on"])


def _described(newest: pd.DataFrame, kind: str, fits: pd.Series) -> pd.DataFrame:
    """Count the days of each VM that fit, where there are enough of them."""
    grouped = newest.assign(fits=fits).groupby(machine_key(newest))
    found = grouped.agg(
        first_day=("date", "min"),
        last_day=("date", "max"),
        days_used=("date", "size"),
        quiet_days=("fits", "sum"),
        in_MB_per_day=("in_MB", "median"),
        out_MB_per_day=("out_MB", "median"),
    )
    found = found[found["days_used"] >= LEAST_DAYS].reset_index()
    return found.assign(kind=kind)


def _commanded(jobs: pd.DataFrame | None) -> pd.DataFrame:
    """The newest day on which each VM was switched on, off or restarted."""
    jobs = TABLES["jobs"].check(TABLES["jobs"].frame() if jobs is None else jobs)
    of_power = jobs[jobs["event"].fillna("").str.contains("power|reboot|restart", case=False)]
    dates = of_power["started_at"].dt.tz_localize(None).dt.normalize()
    newest: pd.DataFrame = (
        of_power.assign(commanded_on=dates).groupby(machine_key(jobs))["commanded_on"].max().reset_index()
    )
    return newest


def _costs(rated: pd.DataFrame | None, there: pd.DataFrame) -> pd.DataFrame:
    """What each VM that is there costs in a month, at the price of its newest day."""
    rated = TABLES["rated_costs"].check(TABLES["rated_costs"].frame() if rated is None else rated, unique=False)
    of_number = rated.sort_values("date").drop_duplicates(machine_key(rated), keep="last")
    newest = there[machine_key(there)].merge(of_number, on=machine_key(rated), how="inner", validate="one_to_one")
    return newest[machine_key(there)].assign(list_cost_per_month=newest["list_cost"] * newest["date"].dt.days_in_month)
