"""What panels say about the syncs behind them: how old they are, and what they could not fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.plots import labels

if TYPE_CHECKING:
    import datetime as dt

    from vmgen_analytics.settings import Settings

STALE_DAYS = 2


def last_syncs(syncs: pd.DataFrame) -> pd.DataFrame:
    """The last sync of each account that brought anything.

    Parameters
    ----------
    syncs
        Table ``syncs``.
    """
    return syncs[syncs["error"].isna()].drop_duplicates("account", keep="last")


def sync_day(syncs: pd.DataFrame, settings: Settings) -> pd.Timestamp | None:
    """The day of the newest sync, where its account is; None without one.

    Parameters
    ----------
    syncs
        As `last_syncs` gives them.
    settings
        The time zones.
    """
    return max((_day_of(row, settings) for _, row in syncs.iterrows()), default=None)


def fetched(syncs: pd.DataFrame) -> str:
    """Say when the oldest of the last syncs began."""
    if syncs.empty:
        return "at an unknown time"
    at = syncs["started_at"].min()
    return f"{labels.day_name(at)}, {at:%H:%M} UTC"


def state_of_syncs(syncs: pd.DataFrame, settings: Settings, today: dt.date) -> list[str]:
    """Say what a reader must know of the last syncs: what they lack, and whether they are old.

    Parameters
    ----------
    syncs
        As `last_syncs` gives them.
    settings
        The time zones.
    today
        From which their age is counted.
    """
    sentences = []
    for _, sync in syncs.iterrows():
        name = f" of account {sync['account']}" if len(syncs) > 1 else ""
        lacks = sync["incomplete"]
        if isinstance(lacks, str) and lacks:
            sentences.append(f"The last sync{name} lacks parts of {lacks}: sync again, then press Read again.")
        age = (pd.Timestamp(today) - _day_of(sync, settings)).days
        if age >= STALE_DAYS:
            sentences.append(f"The last sync{name} was {age} days ago: sync, then press Read again.")
    return sentences


def _day_of(sync: pd.Series, settings: Settings) -> pd.Timestamp:
    at: pd.Timestamp = sync["started_at"].tz_convert(settings.zone(sync["account"]))
    return at.tz_localize(None).normalize()
