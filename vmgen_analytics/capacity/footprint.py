"""VMs, vCPU, RAM and disk of each group on each day, with the share that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

MEASURES = ["vcpus", "ram_GB", "disk_GB"]


def footprint(days: pd.DataFrame, by: str | Sequence[str] = "location") -> pd.DataFrame:
    """What exists of each group on each day, whatever its state.

    It is what the VMs were sold as, and not what they use: the provider tells of no CPU, memory or disk in use, nor how
    much room it has left. Where known_share is below 1, the sums are too low.

    Parameters
    ----------
    days
        Table ``vm_days``.
    by
        Any of account, package, location and continent; none gives the totals.

    Returns
    -------
    DataFrame
        Table ``footprint``: date, the grouping, vms, vcpus, ram_GB, disk_GB, known_share. [VM, vCPU, GB, GB, 1] Sizes
        are sums over the VMs of known size, missing where none is known; a VM without a location is in a group of
        its own.

    Raises
    ------
    SchemaError
        The frame is not its table, or cannot be grouped so.
    """
    TABLES["vm_days"].check(days, unique=False)
    table = TABLES["footprint"]
    groups = table.grouping(by, days)
    rows = days[["date", *groups, *MEASURES]].assign(vms=1, is_known=days[MEASURES].notna().all(axis=1))
    grouped = rows.groupby(["date", *groups], dropna=False)
    sizes = grouped[MEASURES].sum(min_count=1)
    together = grouped[["vms"]].sum().join(sizes).assign(known_share=grouped["is_known"].mean())
    return table.check(table.sort(together.reset_index()))
