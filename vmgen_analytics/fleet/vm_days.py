"""One row per VM and day of its life, whatever the provider still shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.fleet.locations import VmLocation, vm_locations
from vmgen_analytics.fleet.newest import newest_until
from vmgen_analytics.schema import TABLES
from vmgen_analytics.table import moment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.archive import Archive

    Numbers = NDArray[np.int64]

PRESENCES = ["inferred", "usage", "seen"]
MARGIN = pd.DateOffset(months=1)
"""How far around the days asked for observations are read: a VM seen before and after existed between."""


def vm_days(
    archive: Archive,
    start: str | pd.Timestamp,
    end: str | pd.Timestamp,
    *,
    vm_locations: Sequence[VmLocation] = (),
) -> pd.DataFrame:
    """Every day of every VM between two days or months.

    A VM existed on a day when an inventory of that day lists it (``seen``), when usage reports it (``usage``), or
    between two such days (``inferred``). Name, package and state are those of the newest inventory until that day.

    Parameters
    ----------
    archive
        The history.
    start, end
        First day or month, and the first one after, as ``"2026-06"``.
    vm_locations
        The user's mapping, from `read_vm_locations`.

    Returns
    -------
    DataFrame
        Table ``vm_days``: account, date, vm_id, vm_name, fqdn, package, vcpus, ram_GB, disk_GB, location, continent,
        location_evidence, state, presence, in_MB, out_MB, status. [vCPU, GB, MB]

    Raises
    ------
    SchemaError
        A day is none, or the end is before the start.
    ArchiveError
        The archive cannot be read.
    """
    first, last = (moment_of(edge).tz_localize(None).normalize() for edge in (start, end))
    if last < first:
        raise SchemaError(f"the end {end} is before the start {start}")
    early, late = first - MARGIN, last + MARGIN
    return _days(
        _Observed(
            usage=archive.read("usage", early, late),
            vms=archive.history("vms", early, late),
            packages=archive.history("packages"),
            locations=archive.history("locations"),
        ),
        first,
        last,
        vm_locations,
    )


@dataclass(frozen=True)
class _Observed:
    """What the archive knows around the days asked for, each table sorted by its key."""

    usage: pd.DataFrame
    vms: pd.DataFrame
    packages: pd.DataFrame
    locations: pd.DataFrame


def _days(observed: _Observed, first: pd.Timestamp, last: pd.Timestamp, mapping: Sequence[VmLocation]) -> pd.DataFrame:
    usage, vms = observed.usage, observed.vms
    fleet = _fleet(usage, vms)
    used, seen = _codes(fleet, usage), _codes(fleet, vms)
    used_on, seen_on = _number(usage["date"]), _number(vms["seen_on"])
    lives = _Lives.between(np.concatenate([used, seen]), np.concatenate([used_on, seen_on]), len(fleet), first, last)
    at_use, at_sight = lives.rows(used, used_on), lives.rows(seen, seen_on)

    presence = np.zeros(lives.size, dtype="int64")
    presence[at_use[at_use >= 0]] = PRESENCES.index("usage")
    presence[at_sight[at_sight >= 0]] = PRESENCES.index("seen")
    of_vms = newest_until(seen, seen_on, lives.vm, lives.day)
    of_usage = np.full(lives.size, -1)
    of_usage[at_use[at_use >= 0]] = np.flatnonzero(at_use >= 0)

    places = _places(fleet, observed, mapping)
    days = pd.DataFrame(
        {
            "account": fleet["account"].array.take(lives.vm),
            "date": lives.day.astype("datetime64[D]").astype("datetime64[us]"),
            "vm_id": fleet["vm_id"].to_numpy()[lives.vm],
            "vm_name": _taken(vms["vm_name"], of_vms),
            "fqdn": _taken(vms["fqdn"], of_vms),
            "package": _taken(vms["package"], of_vms),
            "location": _taken(places["location"], lives.vm),
            "continent": _taken(places["continent"], lives.vm),
            "location_evidence": _taken(places["location_evidence"], lives.vm),
            "state": _taken(vms["state"], of_vms),
            "presence": pd.array(PRESENCES, dtype="str").take(presence),
            "in_MB": _taken(usage["in_MB"], of_usage),
            "out_MB": _taken(usage["out_MB"], of_usage),
            "status": _taken(usage["status"], of_usage),
        }
    )
    sizes = _sizes(days, _taken(places["location_id"], lives.vm), lives.day, observed.packages)
    table = TABLES["vm_days"]
    return table.check(pd.concat([days, sizes], axis=1)[list(table.columns)], unique=False)


@dataclass(frozen=True)
class _Lives:
    """The days of each VM's life in the window, as rows ordered by account, day and VM."""

    vm: Numbers
    day: Numbers
    size: int
    _births: Numbers
    _offsets: Numbers
    _lengths: Numbers
    _ranks: Numbers

    @classmethod
    def between(cls, vms: Numbers, days: Numbers, count: int, first: pd.Timestamp, last: pd.Timestamp) -> _Lives:
        birth = np.full(count, np.iinfo(np.int64).max)
        death = np.full(count, np.iinfo(np.int64).min)
        np.minimum.at(birth, vms, days)
        np.maximum.at(death, vms, days)
        birth = np.maximum(birth, _number(first))
        lengths = np.maximum(np.minimum(death, _number(last) - 1) - birth + 1, 0)
        offsets = np.cumsum(lengths) - lengths
        vm = np.repeat(np.arange(count), lengths)
        day = np.arange(len(vm)) - offsets[vm] + birth[vm]
        order = np.argsort(day, kind="stable")
        ranks = np.empty_like(order)
        ranks[order] = np.arange(len(order))
        return cls(vm[order], day[order], len(vm), birth, offsets, lengths, ranks)

    def rows(self, vms: Numbers, days: Numbers) -> Numbers:
        """Find the row of each VM and day, -1 where it is outside the window."""
        at = days - self._births[vms]
        inside = (at >= 0) & (at < self._lengths[vms])
        found = np.full(len(vms), -1)
        found[inside] = self._ranks[(self._offsets[vms] + at)[inside]]
        return found


def _fleet(usage: pd.DataFrame, vms: pd.DataFrame) -> pd.DataFrame:
    """List every VM that was ever observed, sorted."""
    key = ["account", "vm_id"]
    known = pd.concat([usage[key].drop_duplicates(), vms[key].drop_duplicates()])
    return known.drop_duplicates().sort_values(key, ignore_index=True)


def _codes(fleet: pd.DataFrame, frame: pd.DataFrame) -> Numbers:
    """Number the VM of each row by its place in the fleet."""
    keys = pd.MultiIndex.from_frame(fleet)
    codes: Numbers = keys.get_indexer(pd.MultiIndex.from_frame(frame[["account", "vm_id"]])).astype("int64")
    return codes


def _places(fleet: pd.DataFrame, observed: _Observed, mapping: Sequence[VmLocation]) -> pd.DataFrame:
    found = vm_locations(observed.vms, observed.packages, observed.locations, mapping)
    return fleet.merge(found, on=["account", "vm_id"], how="left", validate="one_to_one")


def _sizes(days: pd.DataFrame, location_ids: Any, day: Numbers, packages: pd.DataFrame) -> pd.DataFrame:
    """Look up the size of each VM-day's package there and then; without a location, only if all agree."""
    measures = ["vcpus", "ram_GB", "disk_GB"]
    same = packages.groupby(["account", "package", "seen_on"])[measures]
    everywhere = same.min().where((same.min() == same.max()) & (same.count().eq(same.size(), axis=0)))
    offers = pd.concat([packages, everywhere.reset_index().assign(location_id=-1)])
    offers = offers.sort_values(["account", "location_id", "package", "seen_on"], ignore_index=True)
    key = ["account", "location_id", "package"]
    kinds = offers[key].drop_duplicates(ignore_index=True)
    kinds["kind"] = np.arange(len(kinds))
    wanted = days[["account", "package"]].assign(location_id=pd.Series(location_ids).fillna(-1).astype("int64"))
    combinations = wanted.groupby(key, dropna=False, sort=False)
    numbered = combinations.ngroup().to_numpy()
    distinct = wanted.loc[~wanted.duplicated()].merge(kinds, on=key, how="left", validate="one_to_one")
    kind_of = distinct["kind"].fillna(-1).to_numpy().astype("int64")
    of_offers = offers.merge(kinds, on=key, how="left", validate="many_to_one")["kind"].to_numpy()
    asked = kind_of[numbered] if len(kind_of) else np.empty(0, dtype="int64")
    at = newest_until(of_offers, _number(offers["seen_on"]), asked, day)
    return pd.DataFrame({measure: _taken(offers[measure], at) for measure in measures})


def _taken(column: pd.Series, positions: Numbers) -> Any:
    return column.array.take(positions, allow_fill=True)


def _number(days: Any) -> Any:
    """Number days from 1970 on."""
    if isinstance(days, pd.Timestamp):
        return days.to_datetime64().astype("datetime64[D]").astype("int64")
    return days.to_numpy().astype("datetime64[D]").astype("int64")
