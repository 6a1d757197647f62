"""What the archive knows of each month, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.observing import CLOSING, month_state
from vmgen_analytics.schema import TABLES
from vmgen_analytics.settings import SETTLE_H, Account

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmgen_analytics.settings import Settings

__all__ = [
    "coverage",
    "coverage_by_account",
    "day_states",
    "month_state",
    "unseen_by_account",
    "unseen_days",
    "with_unseen",
]

DAY = pd.Timedelta(days=1)


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
        final, provisional, partial, lost_tail or missing. Imported days count as final, a day without a report is
        under way (partial) until it is over and settled, and in a closed month no end comes any more.
    """
    turns = days["date"] + pd.offsets.MonthBegin(1)
    is_closed = turns + CLOSING <= now
    settled = days["date"] + DAY + pd.Timedelta(hours=settle_h)
    is_due = (settled <= min(now, asked or now)) | ((turns <= now) & (settled <= now))
    status = days["status"].replace("imported", "final")
    status = status.mask(is_closed & (status == "partial"), "lost_tail").mask(
        is_closed & (status == "provisional"), "final"
    )
    return status.mask(status.isna() & ~is_due & ~is_closed, "partial").fillna("missing")


def coverage(days: pd.DataFrame, now: pd.Timestamp, *, settle_h: float = SETTLE_H) -> pd.DataFrame:
    """How much of each account's traffic is known in each month.

    Parameters
    ----------
    days
        Table ``vm_days``.
    now
        The time, naive, in the account's time zone.
    settle_h
        How long after its end a day may change: until then a day without a report is under way. [h]

    Returns
    -------
    DataFrame
        Table ``coverage``: account, month, state, vms, days_expected, days_final, days_provisional, days_partial,
        days_lost_tail, days_missing. [VM-days] Imported days count as final.

    Raises
    ------
    SchemaError
        The frame is not the table ``vm_days``.
    """
    TABLES["vm_days"].check(days, unique=False)
    status = day_states(days, now, settle_h)
    kinds = ("final", "provisional", "partial", "lost_tail", "missing")
    rows = days[["account"]].assign(
        month=days["date"].dt.to_period("M"),
        days_expected=1,
        **{f"days_{kind}": (status == kind).astype("int64") for kind in kinds},
    )
    grouped = rows.groupby(["account", "month"])
    known = grouped.sum().join(days.groupby(["account", rows["month"]])["vm_id"].nunique().rename("vms")).reset_index()
    known["state"] = [month_state(month, now) for month in known["month"]]
    return TABLES["coverage"].cast(known)


def coverage_by_account(
    days: pd.DataFrame, syncs: pd.DataFrame, settings: Settings, clocks: Mapping[str, pd.Timestamp]
) -> pd.DataFrame:
    """How much of the traffic is known of each account, by its own clock, time zone and settle time.

    Days of months that are over, on which VMs ran for all we know and after which no sync asked, are missing.

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
    known = pd.concat([days, unseen_by_account(days, syncs, settings, clocks)], ignore_index=True)
    parts = [
        coverage(
            mine,
            _local(clocks[str(account)], settings, str(account)),
            settle_h=settings.accounts.get(str(account), Account()).settle_h,
        )
        for account, mine in known.groupby("account")
    ]
    return pd.concat(parts, ignore_index=True) if parts else TABLES["coverage"].frame()


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
        asked = syncs.loc[syncs["account"] == account, "started_at"].max()
        last = None if pd.isna(asked) else _local(asked, settings, account)
        parts.append(unseen_days(mine, last, _local(clocks[account], settings, account)))
    return pd.concat(parts, ignore_index=True) if parts else days.iloc[:0]


def _local(moment: pd.Timestamp, settings: Settings, account: str) -> pd.Timestamp:
    return moment.tz_convert(settings.zone(account)).tz_localize(None)


def with_unseen(days: pd.DataFrame, last: pd.Timestamp | None, now: pd.Timestamp) -> pd.DataFrame:
    """Add the days of months that are over on which VMs ran for all we know, and no sync looked.

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
    unseen = unseen_days(days, last, now)
    return days if unseen.empty else pd.concat([days, unseen], ignore_index=True)


def unseen_days(days: pd.DataFrame, last: pd.Timestamp | None, now: pd.Timestamp) -> pd.DataFrame:
    """Lay out the days that `with_unseen` adds.

    Parameters
    ----------
    days, last, now
        As there.

    Returns
    -------
    DataFrame
        Table ``vm_days``, without a status.
    """
    end = now.to_period("M").to_timestamp()
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
