"""What the archive knows of each month, and what it does not."""

from __future__ import annotations

import pandas as pd

from vmgen_analytics.observing import month_state
from vmgen_analytics.schema import TABLES

__all__ = ["coverage", "month_state"]


def coverage(days: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """How much of each account's traffic is known in each month.

    Parameters
    ----------
    days
        Table ``vm_days``.
    now
        The time, naive, in the account's time zone.

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
    status = days["status"].replace("imported", "final").fillna("missing")
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
