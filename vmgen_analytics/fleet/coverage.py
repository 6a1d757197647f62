"""What the archive knows of each month, and what it does not."""

from __future__ import annotations

import pandas as pd

from vmgen_analytics.observing import CLOSING, month_state
from vmgen_analytics.schema import TABLES

__all__ = ["coverage", "day_states", "month_state"]

SETTLE_H = 6.0
"""How many hours after its end a day may change, where no setting says otherwise."""
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
        When a sync last asked, naive; in a month that runs, what it could not bring yet is not missing. By default now.

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
