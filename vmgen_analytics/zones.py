"""When the clocks of a time zone show a time: also one that comes twice, or not at all, as they are changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

    import pandas as pd


def instant(moment: pd.Timestamp, zone: tzinfo | str) -> pd.Timestamp:
    """Find the first instant at which the clocks of a zone show a time.

    Parameters
    ----------
    moment
        The time, naive.
    zone
        The time zone.

    Returns
    -------
    Timestamp
        In that zone. A time that comes twice, as the clocks are put back, is the earlier one; one that does not come
        is the first instant after it.

    Examples
    --------
    >>> import pandas as pd
    >>> print(instant(pd.Timestamp("2026-11-01"), "America/Havana"))
    2026-11-01 00:00:00-04:00
    """
    return moment.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")


def instants(moments: pd.Series, zone: tzinfo | str) -> pd.Series:
    """Find the first instants at which the clocks of a zone show some times.

    Parameters
    ----------
    moments
        The times, naive.
    zone
        The time zone.

    Returns
    -------
    Series
        As from `instant`.
    """
    found: pd.Series = moments.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    return found


def end_of_month(month: pd.Period, zone: tzinfo | str) -> pd.Timestamp:
    """Find the instant at which a month of a zone ends.

    Parameters
    ----------
    month
        The month.
    zone
        The time zone.

    Returns
    -------
    Timestamp
        The first instant of the next month, in that zone.
    """
    return instant((month + 1).to_timestamp(), zone)


def recorded_zone(syncs: pd.DataFrame) -> str | None:
    """Tell in which time zone the days of an account were kept last.

    Parameters
    ----------
    syncs
        Table ``syncs``, of one account.

    Returns
    -------
    str or None
        The name of the zone; None where no sync wrote it down.
    """
    known = syncs.dropna(subset=["time_zone"]).sort_values("started_at")["time_zone"]
    return None if known.empty else str(known.iloc[-1])
