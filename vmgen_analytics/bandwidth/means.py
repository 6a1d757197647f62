"""Mean rates of days: all that daily totals can tell of a rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.bandwidth.totals import daily_bandwidth
from vmgen_analytics.schema import TABLES
from vmgen_analytics.zones import instants

if TYPE_CHECKING:
    from collections.abc import Sequence

MBIT_PER_MB = 8
DAY = pd.Timedelta(days=1)


def daily_means(days: pd.DataFrame, by: str | Sequence[str] = (), *, time_zone: str = "UTC") -> pd.DataFrame:
    """Mean rate of the traffic of each group on each day.

    The provider tells totals of days, and of those no 95th percentile follows, nor any other peak: a day of 864 GB may
    have been 80 Mbit/s throughout or 1 Gbit/s for two hours. On twelve public series of five minutes or hours, the
    95th percentile was 1.3 to 5.7 times the mean, so no factor helps either.

    Parameters
    ----------
    days
        Table ``vm_days``, also with a column ``cost_centre``.
    by
        As for `daily_bandwidth`.
    time_zone
        Where the account's days begin: a day on which clocks change has 23 or 25 hours.

    Returns
    -------
    DataFrame
        Table ``daily_means``: date, the grouping, in_mean_Mbps, out_mean_Mbps, days_covered, days_expected,
        is_complete. [Mbit/s] Of a day that is not complete, what is known is spread over all of it.

    Raises
    ------
    SchemaError
        The frame is not its table, or cannot be grouped so.
    """
    daily = daily_bandwidth(days, by)
    starts, ends = (instants(daily["date"] + add, time_zone) for add in (0 * DAY, DAY))
    seconds = (ends - starts).dt.total_seconds()
    rates = {f"{way}_mean_Mbps": daily[f"{way}_MB"] * MBIT_PER_MB / seconds for way in ("in", "out")}
    return TABLES["daily_means"].cast(daily.assign(**rates))
