"""Days that are not final yet: what they have brought so far, beside a usual whole day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.bandwidth.series import vm_traffic
from vmgen_analytics.forecast import PUBLISHED, Spans, forecast
from vmgen_analytics.schema import MB_PER_GB, SETTLED, TABLES, machine_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

HIGHEST = 0.975
OPEN_DAYS = 2
"""Today, and yesterday, whose report may still change for some hours."""

DAY = pd.Timedelta(days=1)


def bandwidth_so_far(
    days: pd.DataFrame, *, today: pd.Timestamp, floor_GB: float = 1.0, spans: Spans = PUBLISHED
) -> pd.DataFrame:
    """What VMs have moved today and yesterday where that may still change, beside what is usual for a whole day.

    `bandwidth_anomalies` looks at final days only; this tells of what happens now. A day that has brought less than
    usual may only be young, so nothing is told of that.

    Parameters
    ----------
    days
        Table ``vm_days``, with some weeks before today.
    today
        The day, naive, in the account's time zone.
    floor_GB
        Least amount above a usual day that is worth telling.
    spans
        How far forecasts stray.

    Returns
    -------
    DataFrame
        Table ``bandwidth_so_far``: date, account, vm_id, incarnation, vm_name, in_MB, out_MB, in_expected_MB,
        out_expected_MB, in_high_MB, out_high_MB, is_beyond. [MB] What is expected is missing with fewer than 3 final
        days.

    Raises
    ------
    SchemaError
        The frame is not its table.
    """
    table, machine = TABLES["bandwidth_so_far"], machine_key(days)
    TABLES["vm_days"].check(days, unique=False)
    first = today - (OPEN_DAYS - 1) * DAY
    is_open = (days["date"] >= first) & (days["date"] <= today) & ~days["status"].isin(SETTLED)
    found = days.loc[
        is_open & days[["in_MB", "out_MB"]].notna().any(axis=1), [*machine, "date", "vm_name", "in_MB", "out_MB"]
    ]
    if found.empty:
        return table.frame()
    traffic = vm_traffic(days[days["date"] <= today])
    rows = pd.MultiIndex.from_frame(traffic.vms[machine]).get_indexer(pd.MultiIndex.from_frame(found[machine]))
    columns = (found["date"] - first).dt.days.to_numpy()
    is_beyond = np.zeros(len(found), dtype="bool")
    for way, series in (("in", traffic.received), ("out", traffic.sent)):
        made = forecast(series.until(first.to_datetime64().astype("datetime64[D]")), OPEN_DAYS, spans=spans)
        expected, high = made.expected[rows, columns], made.daily(HIGHEST)[rows, columns]
        found[f"{way}_expected_MB"], found[f"{way}_high_MB"] = expected, high
        limit = np.fmax(np.fmax(high, expected), expected + floor_GB * MB_PER_GB)
        is_beyond |= found[f"{way}_MB"].to_numpy() > limit
    return table.cast(found.assign(is_beyond=is_beyond))
