"""Which VMs lack reports of which days, and what of it somebody should look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.cli.sights import MACHINE
from vmgen_analytics.schema import OFF

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAY = pd.Timedelta(days=1)
CLOCK_STEP = pd.Timedelta(hours=1)
"""How far this machine's clock and the provider's may be apart before one of them must be wrong."""
WATCHED = pd.Timedelta(hours=24)
"""How long after a VM was last seen the next sync comes at the latest, where syncs run as they should."""
TOLD_FOR = pd.Timedelta(days=7)
"""How long a monitor is told of the end of a VM that was not seen."""


@dataclass(frozen=True)
class Gap:
    """What is not known of a machine in a month.

    Attributes
    ----------
    vm_id, vm_name
        Its number, which may have been another machine's before or after, and its newest name.
    missing
        Days without a report.
    lost_tail
        Days whose end was never seen.
    seen_until
        Until when the last of these was seen.
    answered
        When traffic of this month last came of it.
    is_gone
        Whether the last of these is also the last day on which it existed for all we know.
    """

    vm_id: int
    vm_name: str
    missing: tuple[pd.Timestamp, ...]
    lost_tail: tuple[pd.Timestamp, ...]
    seen_until: pd.Timestamp | None = None
    answered: pd.Timestamp | None = None
    is_gone: bool = False


def gaps_of(days: pd.DataFrame, zone: ZoneInfo, whole: pd.Timestamp | None = None) -> list[Gap]:
    """Name the machines that lack days, worst first.

    Parameters
    ----------
    days
        VM-days of one account and month, as from `with_sights`, with the state as ``status``.
    zone
        The time zone of these days.
    whole
        When the usage of all VMs last came in this month; None if it never did.

    Returns
    -------
    list
        A `Gap` a machine.
    """
    lacking = days[days["status"].isin(["missing", "lost_tail"])]
    found = [_gap(int(str(number)), rows, zone, whole) for (number, _), rows in lacking.groupby(MACHINE)]
    return sorted(found, key=lambda gap: (-len(gap.missing), -len(gap.lost_tail), gap.vm_id))


def _gap(vm_id: int, rows: pd.DataFrame, zone: ZoneInfo, whole: pd.Timestamp | None) -> Gap:
    tails = rows[rows["status"] == "lost_tail"]
    names, answers = rows["vm_name"].dropna(), rows["answered"].dropna()
    seen, is_gone = None, False
    if len(tails):
        newest = tails.sort_values("date").iloc[-1]
        moments = (None if pd.isna(newest["seen_at"]) else newest["seen_at"], whole)
        seen = next((at for at in moments if at is not None and _day(at, zone) == newest["date"]), None)
        is_gone = newest["date"] == newest["last_day"]
    return Gap(
        vm_id=vm_id,
        vm_name=str(names.iloc[-1]) if len(names) else f"VM {vm_id}",
        missing=tuple(rows.loc[rows["status"] == "missing", "date"]),
        lost_tail=tuple(tails["date"]),
        seen_until=seen,
        answered=answers.max() if len(answers) else None,
        is_gone=bool(is_gone),
    )


def _day(moment: pd.Timestamp, zone: ZoneInfo) -> pd.Timestamp:
    return moment.tz_convert(zone).tz_localize(None).normalize()


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
    of_vm = days.groupby(MACHINE)["date"]
    inside = (days["date"] > of_vm.transform("min")) & (days["date"] < of_vm.transform("max"))
    due = (days["month"] == f"{here:%Y-%m}") & (days["date"] + DAY <= settled)
    runs = ~days["state"].fillna("UP").str.upper().isin(OFF)
    return days[(days["status"] == "missing") & inside & due & runs]
