"""Which VMs lack reports of which days, and what of it somebody should look at."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vmgen_analytics.schema import OFF

DAY = pd.Timedelta(days=1)
CLOCK_STEP = pd.Timedelta(hours=1)
"""How far this machine's clock and the provider's may be apart before one of them must be wrong."""
WATCHED = pd.Timedelta(hours=24)
"""How long after a VM was last seen the next sync comes at the latest, where syncs run as they should."""
TOLD_FOR = pd.Timedelta(days=7)
"""How long a monitor is told of the end of a VM that was not seen."""


@dataclass(frozen=True)
class Gap:
    """Days of a VM in a month that are missing, or whose end was never seen, and until when the last of these was."""

    vm_id: int
    vm_name: str
    missing: tuple[pd.Timestamp, ...]
    lost_tail: tuple[pd.Timestamp, ...]
    seen_until: pd.Timestamp | None = None


def gaps_of(days: pd.DataFrame, usage: pd.DataFrame | None = None) -> list[Gap]:
    """Name the VMs that lack days, worst first.

    Parameters
    ----------
    days
        VM-days of one account and month, with the state as ``status``.
    usage
        Table ``usage`` of this month, which tells until when a day was seen.

    Returns
    -------
    list
        A `Gap` a VM.
    """
    moments = {} if usage is None else usage.set_index(["vm_id", "date"])["seen_at"].to_dict()
    lacking = days[days["status"].isin(["missing", "lost_tail"])]
    found = [
        Gap(
            int(str(vm_id)),
            str(rows["vm_name"].dropna().iloc[-1]) if rows["vm_name"].notna().any() else f"VM {vm_id}",
            tuple(rows.loc[rows["status"] == "missing", "date"]),
            tuple(rows.loc[rows["status"] == "lost_tail", "date"]),
            moments.get((vm_id, rows.loc[rows["status"] == "lost_tail", "date"].max())),
        )
        for vm_id, rows in lacking.groupby("vm_id")
    ]
    return sorted(found, key=lambda gap: (-len(gap.missing), -len(gap.lost_tail), gap.vm_id))


def is_unwatched(gap: Gap, syncs: pd.DataFrame, now: pd.Timestamp) -> bool:
    """Tell whether a VM went while no sync looked for long; that its last hours are lost otherwise is no news.

    Parameters
    ----------
    gap
        What it lacks of this month.
    syncs
        Table ``syncs`` of its account.
    now
        The time.
    """
    if not gap.lost_tail or gap.seen_until is None:
        return False
    following = syncs.loc[syncs["started_at"] > gap.seen_until + CLOCK_STEP, "started_at"]
    return len(following) > 0 and following.min() > gap.seen_until + WATCHED and now < following.min() + TOLD_FOR


def unexplained(days: pd.DataFrame, asked: pd.Timestamp | None, here: pd.Timestamp, settle_h: float) -> pd.DataFrame:
    """Take the days without a report that the provider could still give, and should have given.

    A VM that is switched off may have no rows; of the first and last day that a VM was seen it may have no hour; and
    what no sync has asked for is missing for that reason.

    Parameters
    ----------
    days
        VM-days of one account, with the month as 2026-10 and the state as ``status``.
    asked
        When a sync last brought the usage of all VMs in this month; None if none did.
    here
        The time, in the account's time zone.
    settle_h
        How long after its end a day may change. [h]

    Returns
    -------
    DataFrame
        Some of the rows.
    """
    if asked is None:
        return days.iloc[:0]
    settled = (asked.tz_convert(here.tz) - pd.Timedelta(hours=settle_h)).tz_localize(None)
    of_vm = days.groupby("vm_id")["date"]
    inside = (days["date"] > of_vm.transform("min")) & (days["date"] < of_vm.transform("max"))
    due = (days["month"] == f"{here:%Y-%m}") & (days["date"] + DAY <= settled)
    runs = ~days["state"].fillna("UP").str.upper().isin(OFF)
    return days[(days["status"] == "missing") & inside & due & runs]
