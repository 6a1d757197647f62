"""What the archive knows of each month, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.observing import CLOSING, month_state
from vmgen_analytics.schema import TABLES, machine_key
from vmgen_analytics.settings import SETTLE_H, Account
from vmgen_analytics.zones import recorded_zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from vmgen_analytics.settings import Settings

__all__ = [
    "coverage",
    "coverage_by_account",
    "day_states",
    "month_state",
    "newest_start",
    "unseen_by_account",
    "unseen_days",
    "with_unseen",
]

DAY = pd.Timedelta(days=1)
STATES = ("final", "imported", "provisional", "partial", "awaited", "lost_tail", "missing")
"""What can be known of a VM-day, the best first."""


def day_states(
    days: pd.DataFrame, now: pd.Timestamp, settle_h: float = SETTLE_H, asked: pd.Timestamp | None = None
) -> pd.Series:
    """Tell what is known of each VM-day, by the clock: a day that has just begun lacks nothing yet.

    Parameters
    ----------
    days
        Table ``vm_days``.
    now
        The time, naive, in the account's time zone.
    settle_h
        How long after its end a day may change. [h]
    asked
        When a sync last asked, naive; by default now. In the current month a day that was not yet settled then counts
        as under way, not as missing.

    Returns
    -------
    Series
        final, imported, provisional, partial, awaited, lost_tail or missing. A day without a report is under way
        (partial) until it is over and settled; one that is over, of which no end was seen yet, is awaited while a sync
        can still bring it. In a closed month no end comes any more, nor that of the last day of a VM that is gone.
    """
    turns = days["date"] + pd.offsets.MonthBegin(1)
    is_closed = turns + CLOSING <= now
    ends = days["date"] + DAY
    settled = ends + pd.Timedelta(hours=settle_h)
    is_due = (settled <= min(now, asked or now)) | ((turns <= now) & (settled <= now))
    is_over, was_asked = ends <= now, ends <= min(now, asked or now)
    status, is_partial = days["status"], days["status"] == "partial"
    states = status.mask(is_partial & is_over, "awaited")
    states = states.mask(is_partial & (is_closed | _was_last(days, is_partial & is_over, asked)), "lost_tail")
    states = states.mask(is_closed & (status == "provisional"), "final")
    waits = status.isna() & ~is_due & ~is_closed
    return states.mask(waits, "partial").mask(waits & is_over & ~was_asked, "awaited").fillna("missing")


def _was_last(days: pd.DataFrame, chosen: pd.Series, asked: pd.Timestamp | None) -> pd.Series:
    """Tell which of the chosen days were the last of their VM: of one that is not gone, the table goes on."""
    candidates = days[chosen & (days["date"] < _newest_day(days, asked))]
    key = [*machine_key(days), "date"]
    following = days.loc[days["date"].isin(candidates["date"] + DAY), key]
    following = following.assign(date=following["date"] - DAY)
    is_followed = pd.MultiIndex.from_frame(candidates[key]).isin(pd.MultiIndex.from_frame(following))
    is_last = pd.Series(False, index=days.index)
    is_last[candidates.index[~is_followed]] = True
    return is_last


def _newest_day(days: pd.DataFrame, asked: pd.Timestamp | None) -> pd.Timestamp:
    newest: pd.Timestamp = days["date"].max()
    if asked is None or newest.is_month_end:  # a table that was cut off with a month says nothing of the next
        return newest
    return asked.normalize()


def coverage(
    days: pd.DataFrame, now: pd.Timestamp, *, settle_h: float = SETTLE_H, asked: pd.Timestamp | None = None
) -> pd.DataFrame:
    """How much of each account's traffic is known in each month.

    Parameters
    ----------
    days
        Table ``vm_days``.
    now
        The time, naive, in the account's time zone.
    settle_h
        How long after its end a day may change: until then a day without a report is under way. [h]
    asked
        When a sync last asked, naive; by default now.

    Returns
    -------
    DataFrame
        Table ``coverage``: account, month, state, vms, days_expected, days_final, days_imported, days_provisional,
        days_partial, days_awaited, days_lost_tail, days_missing. [VM-days]

    Raises
    ------
    SchemaError
        The frame is not the table ``vm_days``.
    """
    TABLES["vm_days"].check(days, unique=False)
    status = day_states(days, now, settle_h, asked)
    rows = days[["account"]].assign(
        month=days["date"].dt.to_period("M"),
        days_expected=1,
        **{f"days_{kind}": (status == kind).astype("int64") for kind in STATES},
    )
    grouped = rows.groupby(["account", "month"])
    machines = days.groupby(machine_key(days)).ngroup().groupby([rows["account"], rows["month"]]).nunique()
    known = grouped.sum().join(machines.rename("vms")).reset_index()
    known["state"] = [month_state(month, now) for month in known["month"]]
    return TABLES["coverage"].cast(known)


def coverage_by_account(
    days: pd.DataFrame, syncs: pd.DataFrame, settings: Settings, clocks: Mapping[str, pd.Timestamp]
) -> pd.DataFrame:
    """How much of the traffic is known of each account, by its own clock, time zone and settle time.

    Days that are over, on which VMs ran for all we know and after which no sync asked, are awaited while a sync can
    bring them, then missing.

    Parameters
    ----------
    days
        Table ``vm_days``, with the day of each account's last sync.
    syncs
        Table ``syncs``.
    settings
        For time zones, and how long a day may change.
    clocks
        The time, by account.

    Returns
    -------
    DataFrame
        Table ``coverage``, as from `coverage`.

    Raises
    ------
    SchemaError
        The frame is not the table ``vm_days``.
    """
    parts = []
    for name, mine in days.groupby("account"):
        account = str(name)
        own = syncs[syncs["account"] == account]
        zone = settings.zone(account, recorded_zone(own))
        now = _local(clocks[account], zone)
        known = with_unseen(mine, newest_start(own, zone), now)
        answered = newest_start(own[own["error"].isna()], zone)
        settle_h = settings.accounts.get(account, Account()).settle_h
        parts.append(coverage(known, now, settle_h=settle_h, asked=answered))
    return pd.concat(parts, ignore_index=True) if parts else TABLES["coverage"].frame()


def newest_start(syncs: pd.DataFrame, zone: tzinfo) -> pd.Timestamp | None:
    """Tell when the last of some syncs began.

    Parameters
    ----------
    syncs
        Table ``syncs``, of one account.
    zone
        The account's time zone.

    Returns
    -------
    Timestamp or None
        Naive, in that zone; None without a sync.
    """
    return None if syncs.empty else syncs["started_at"].max().tz_convert(zone).tz_localize(None)


def unseen_by_account(
    days: pd.DataFrame, syncs: pd.DataFrame, settings: Settings, clocks: Mapping[str, pd.Timestamp]
) -> pd.DataFrame:
    """Lay out the days of months that are over on which VMs ran for all we know, and after which no sync asked.

    Parameters
    ----------
    days, syncs, settings, clocks
        As for `coverage_by_account`.

    Returns
    -------
    DataFrame
        Table ``vm_days``, without a status.
    """
    parts = []
    for name, mine in days.groupby("account"):
        account = str(name)
        own = syncs[syncs["account"] == account]
        zone = settings.zone(account, recorded_zone(own))
        last = newest_start(own, zone)
        month = _local(clocks[account], zone).to_period("M").to_timestamp()
        parts.append(unseen_days(mine, last, month))
    return pd.concat(parts, ignore_index=True) if parts else days.iloc[:0]


def _local(moment: pd.Timestamp, zone: tzinfo) -> pd.Timestamp:
    return moment.tz_convert(zone).tz_localize(None)


def with_unseen(days: pd.DataFrame, last: pd.Timestamp | None, now: pd.Timestamp) -> pd.DataFrame:
    """Add the days that are over, on which VMs ran for all we know, and after which no sync looked.

    Parameters
    ----------
    days
        Table ``vm_days`` of one account.
    last
        When the last sync began, naive: until that day the table goes for VMs that are not gone; None without one.
    now
        The time, naive, in the account's time zone.

    Returns
    -------
    DataFrame
        The same with more rows, which have no status.
    """
    unseen = unseen_days(days, last, now.normalize())
    return days if unseen.empty else pd.concat([days, unseen], ignore_index=True)


def unseen_days(days: pd.DataFrame, last: pd.Timestamp | None, end: pd.Timestamp) -> pd.DataFrame:
    """Lay out the days that `with_unseen` adds.

    Parameters
    ----------
    days, last
        As there.
    end
        The day before which they end.

    Returns
    -------
    DataFrame
        Table ``vm_days``, without a status.
    """
    last = None if last is None else last.normalize()
    if last is None or last + DAY >= end:
        return days.iloc[:0]
    running = days[days["date"] == last]
    unseen = running.drop(columns="date").merge(
        pd.DataFrame({"date": pd.date_range(last + DAY, end - DAY)}), how="cross"
    )
    unseen[["in_MB", "out_MB"]] = float("nan")
    unseen = unseen.assign(status=None, presence="inferred")
    unseen["date"] = unseen["date"].astype(days["date"].dtype)
    unseen["status"] = unseen["status"].astype(days["status"].dtype)
    known = pd.MultiIndex.from_frame(days[["vm_id", "date"]])
    unseen = unseen[~pd.MultiIndex.from_frame(unseen[["vm_id", "date"]]).isin(known)]
    return unseen[days.columns]
