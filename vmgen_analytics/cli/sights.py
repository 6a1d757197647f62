"""Which machine each VM-day is of, and when it was seen: what each machine lacks is judged by its own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.archive.scanning import scan

if TYPE_CHECKING:
    from vmgen_analytics.archive import Archive

MACHINE = ["vm_id", "incarnation"]


def with_sights(days: pd.DataFrame, archive: Archive, account: str) -> pd.DataFrame:
    """Tell when the days of months that lack something were seen.

    Parameters
    ----------
    days
        Table ``vm_days`` of one account, with the month as 2026-10 and the state as ``status``.
    archive
        The history.
    account
        Its name.

    Returns
    -------
    DataFrame
        The same with seen_at, when the day was seen; answered, when any day of that month was last seen of its
        machine; and last_day, on which the machine existed for all we know. An import is no sight.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    """
    months = set(days.loc[days["status"].isin(["missing", "lost_tail"]), "month"])
    usage = scan(archive, "usage", ("vm_id", "date", "seen_at", "status"), months=months, account=account).to_pandas()
    reports = usage[usage["status"].astype("str") != "imported"]
    seen = reports.groupby(["vm_id", "date"], as_index=False)["seen_at"].max()
    seen["date"] = seen["date"].astype(days["date"].dtype)
    found = days.merge(seen, on=["vm_id", "date"], how="left", validate="many_to_one")
    found.index = days.index
    return found.assign(
        answered=found.groupby([*MACHINE, "month"])["seen_at"].transform("max"),
        last_day=found.groupby(MACHINE)["date"].transform("max"),
    )
