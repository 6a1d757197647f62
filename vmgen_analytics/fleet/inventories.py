"""Which syncs listed all VMs, and which asked every location for its packages: only those tell what is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.observing import CLOCK_STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

STOPPED = "sync"
"""What a sync that somebody stopped names among what is incomplete: the rest was not asked for."""
_CLOCK_STEP = CLOCK_STEP // pd.Timedelta(microseconds=1)


@dataclass(frozen=True)
class Inventories:
    """The syncs of one account, as days in its time zone, numbered from 1970 on.

    Attributes
    ----------
    firsts, lasts
        The days on which each complete inventory began and ended, in order: mostly the same.
    begun, ended
        The microseconds, from 1970 on, at which they did.
    until
        The day of the last sync, whatever it brought; None without one.
    locations, catalogues
        The days of the syncs that brought all locations, and those that brought all packages as well.
    count
        How many syncs there were.
    zone
        The time zone of the account's days, as the last sync knew it.
    """

    firsts: Numbers
    lasts: Numbers
    begun: Numbers
    ended: Numbers
    until: int | None
    locations: Numbers
    catalogues: Numbers
    count: int
    zone: str

    @classmethod
    def of(cls, syncs: pd.DataFrame) -> Inventories:
        """Read the log of syncs of one account.

        Parameters
        ----------
        syncs
            Table ``syncs``, of one account.
        """
        syncs = syncs.sort_values("started_at")
        zones = syncs["time_zone"].fillna("UTC")
        firsts, lasts = (_local_days(syncs[name], zones) for name in ("started_at", "ended_at"))
        lasts = np.maximum(firsts, lasts)
        has_vms, has_locations, has_catalogue = (
            came_whole(syncs, *tables).to_numpy() for tables in (("vms",), ("locations",), ("locations", "packages"))
        )
        return cls(
            firsts=firsts[has_vms],
            lasts=lasts[has_vms],
            begun=_microseconds(syncs["started_at"])[has_vms],
            ended=_microseconds(syncs["ended_at"])[has_vms],
            until=int(firsts.max()) if len(syncs) else None,
            locations=firsts[has_locations],
            catalogues=firsts[has_catalogue],
            count=len(syncs),
            zone=str(zones.iloc[-1]) if len(syncs) else "UTC",
        )

    def between(self, after: Numbers, before: Numbers) -> Numbers:
        """Count the complete inventories that began after one day and ended before another, for many pairs of days."""
        ended = np.searchsorted(self.lasts, before, side="left")
        begun = np.searchsorted(self.firsts, after, side="right")
        found: Numbers = np.maximum(ended - begun, 0)
        return found

    def within(self, after: Numbers, before: Numbers) -> Numbers:
        """Count the complete inventories that began after one instant and ended before another, for many pairs.

        The provider's clock tells whole seconds: what is nearer than one may be the sync that saw it.
        """
        ended = np.searchsorted(np.maximum.accumulate(self.ended), before - _CLOCK_STEP, side="left")
        begun = np.searchsorted(self.begun, after + _CLOCK_STEP, side="right")
        found: Numbers = np.maximum(ended - begun, 0)
        return found

    def after(self, days: Numbers) -> Numbers:
        """Count the complete inventories that began after each day."""
        found: Numbers = len(self.firsts) - np.searchsorted(self.firsts, days, side="right")
        return found

    def first_after(self, days: Numbers) -> Numbers:
        """Tell the day of the first complete inventory that began after each day, -1 where there is none."""
        found = np.searchsorted(self.firsts, days, side="right")
        return np.append(self.lasts, -1)[found]

    def last_before(self, days: Numbers) -> Numbers:
        """Tell the day of the last complete inventory that ended before each day, -1 where there is none."""
        found = np.searchsorted(self.lasts, days, side="left") - 1
        return np.append(self.firsts, -1)[found]

    def local_days(self, moments: pd.Series) -> Numbers:
        """Number the days of instants in the account's time zone; -1 where one is missing."""
        return _local_days(moments, pd.Series(self.zone, index=moments.index))


def _microseconds(moments: pd.Series) -> Numbers:
    found: Numbers = moments.dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype("int64")
    return found


def came_whole(syncs: pd.DataFrame, *tables: str) -> pd.Series:
    """Tell of each sync whether it brought all of some tables.

    Parameters
    ----------
    syncs
        Table ``syncs``.
    tables
        Names of tables that a sync fetches.
    """
    lacking = syncs["incomplete"].fillna("").str.split(", ")
    return lacking.map({STOPPED, *tables}.isdisjoint).astype("bool")


def _local_days(moments: pd.Series, zones: pd.Series) -> Numbers:
    days = np.full(len(moments), -1, dtype="int64")
    for zone in zones.unique():
        chosen = ((zones == zone) & moments.notna()).to_numpy()
        here = moments[chosen].dt.tz_convert(zone).dt.tz_localize(None)
        days[chosen] = here.to_numpy().astype("datetime64[D]").astype("int64")
    return days
