"""The traffic of each VM as daily series: table ``vm_days`` as rows of days, for what computes on many at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.forecast import DailySeries
from vmgen_analytics.schema import SETTLED, TABLES, machine_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Traffic:
    """What VMs received and sent, a row a VM and a column a day.

    Attributes
    ----------
    vms
        account, vm_id, incarnation (where the days tell it) and the newest vm_name, package and location of each VM, in
        the order of the rows.
    received, sent
        MB of final days; a day without a final report is missing, never 0.
    exists
        Whether the VM existed, VMs by days.
    """

    vms: pd.DataFrame
    received: DailySeries
    sent: DailySeries
    exists: Flags

    @property
    def days(self) -> NDArray[np.datetime64]:
        """The day of each column."""
        return self.received.days

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What to call each VM: its newest name, or its number."""
        pairs = zip(self.vms["vm_name"].tolist(), self.vms["vm_id"].tolist(), strict=True)
        return tuple(name if isinstance(name, str) else f"VM {vm_id}" for name, vm_id in pairs)

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """The account of each VM."""
        return tuple(self.vms["account"].tolist())

    @cached_property
    def rows_of(self) -> dict[str, Rows]:
        """Rows of the VMs of each account."""
        return {str(account): own.index.to_numpy() for account, own in self.vms.groupby("account")}


def vm_traffic(days: pd.DataFrame) -> Traffic:
    """Lay out the traffic of VM-days as series.

    Parameters
    ----------
    days
        Table ``vm_days``.

    Returns
    -------
    Traffic
        From the first day to the last; without rows where there are none.

    Raises
    ------
    SchemaError
        The frame is not its table.
    """
    TABLES["vm_days"].check(days, unique=False)
    machine = machine_key(days)
    newest = days[[*machine, "vm_name", "package", "location"]].drop_duplicates(machine, keep="last")
    vms = newest.sort_values(machine, ignore_index=True)
    if days.empty:
        nothing = DailySeries(np.datetime64("1970-01-01"), np.empty((0, 0)))
        return Traffic(vms, nothing, nothing, np.empty((0, 0), dtype="bool"))
    rows = pd.MultiIndex.from_frame(vms[machine]).get_indexer(pd.MultiIndex.from_frame(days[machine]))
    dates = days["date"].to_numpy().astype("datetime64[D]")
    first = dates.min()
    columns = (dates - first).astype("int64")
    exists = np.zeros((len(vms), int(columns.max()) + 1), dtype="bool")
    exists[rows, columns] = True
    is_settled = days["status"].isin(SETTLED).to_numpy()
    series = []
    for name in ("in_MB", "out_MB"):
        values = np.full(exists.shape, np.nan)
        values[rows, columns] = np.where(is_settled, days[name].to_numpy(), np.nan)
        series.append(DailySeries(first, values))
    return Traffic(vms, series[0], series[1], exists)
