"""When each VM was born and when it died: bounds, and what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vmgen_analytics.archive.past import instant_of
from vmgen_analytics.archive.scanning import scan
from vmgen_analytics.fleet.histories import History, by_account, histories
from vmgen_analytics.fleet.lives import NEVER
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from vmgen_analytics.archive import Archive

    Numbers = NDArray[np.int64]

BIRTHS = ("create", "creation", "deploy", "deployment")
"""Words that a provider may use for the job that makes a VM."""
_LATE = np.iinfo("int64").max
_MICROSECONDS_PER_H = 3_600_000_000


def lifetimes(archive: Archive, *, account: str | None = None, as_of: str | pd.Timestamp | None = None) -> pd.DataFrame:
    """When each VM was born and died, as bounds with their sources.

    A VM is dead after two complete inventories without it, or after a deletion made here; a list that failed kills
    nothing. A number that comes back as another machine has a line for each.

    Parameters
    ----------
    archive
        The history.
    account
        Only this account.
    as_of
        A moment, in UTC if it has no time zone: the table as it was then. Inventories are kept by day, and are as at
        the end of the moment's day.

    Returns
    -------
    DataFrame
        Table ``lifetimes``: account, vm_id, incarnation, vm_name, fqdn, package, born_min, born_max, born_source,
        died_min, died_max, died_source.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    """
    moment = None if as_of is None else instant_of(as_of)
    limits: dict[str, Any] = {"account": account, "as_of": moment}
    boots = by_account(scan(archive, "vms", ("account", "vm_id", "seen_on", "seen_at", "uptime_h"), **limits))
    jobs = archive.history("jobs", **limits)
    parts = [
        _bounds(history, boots.get(history.account), jobs[jobs["account"] == history.account])
        for history in histories(archive, account, months=(), as_of=moment)
    ]
    table = TABLES["lifetimes"]
    return table.cast(pd.concat(parts)) if parts else table.frame()


def _bounds(history: History, boots: pa.Table | None, jobs: pd.DataFrame) -> pd.DataFrame:
    lives, inventories = history.lives, history.inventories
    newest = history.newest_rows()
    latest, earliest, source = _births(history, boots, jobs)
    absent = inventories.last_before(
        np.where(lives.seen_first >= 0, np.minimum(lives.seen_first, latest + 1), latest + 1)
    )
    floor = np.where(lives.incarnation > 1, np.roll(lives.last, 1), NEVER)
    earliest = np.where(earliest >= 0, earliest, np.maximum(absent, floor))
    died_source = np.full(len(lives.gone), None, dtype="object")
    died_source[lives.gone >= 0] = "inventory"
    for life, deletion in lives.deletions.items():
        died_source[life] = "deleted" if deletion.is_done else died_source[life]
    return pd.DataFrame(
        {
            "account": history.account,
            "vm_id": lives.vm_id,
            "incarnation": lives.incarnation,
            **{name: getattr(history.seen, name).take(newest).text() for name in ("vm_name", "fqdn", "package")},
            "born_min": days_of(earliest),
            "born_max": days_of(latest),
            "born_source": source,
            "died_min": days_of(lives.last),
            "died_max": days_of(lives.gone),
            "died_source": died_source,
        }
    )


def _births(history: History, boots: pa.Table | None, jobs: pd.DataFrame) -> tuple[Numbers, Numbers, NDArray[Any]]:
    """Tell the latest and the earliest day of birth, -1 where only inventories can tell, and what the latest rests on.

    What a number was known by before it came back as another machine tells nothing of that one.
    """
    lives = history.lives
    started = history.inventories.local_days(jobs["started_at"])
    at_jobs = lives.of(jobs["vm_id"].to_numpy(), started)
    evidence: Mapping[str, Numbers] = {
        "inventory": np.where(lives.seen_first >= 0, lives.seen_first, _LATE),
        "usage": lives.first,
        "uptime": _boots(history, boots),
        "job": _earliest(at_jobs, started, len(lives.vm_id)),
    }
    floor = np.where(lives.incarnation > 1, np.roll(lives.last, 1), NEVER)
    days = np.stack([np.where(found > floor, found, _LATE) for found in evidence.values()])
    latest, source = days.min(axis=0), np.array(list(evidence), dtype="object")[days.argmin(axis=0)]
    exact = np.full(len(latest), NEVER)
    ended = history.inventories.local_days(jobs["last_updated_at"])
    is_birth = jobs["event"].str.lower().isin(BIRTHS).to_numpy()
    for life, begun, over in zip(at_jobs[is_birth], started[is_birth], ended[is_birth], strict=True):
        if life >= 0 and begun > floor[life] and begun <= latest[life]:
            exact[life], latest[life], source[life] = begun, min(latest[life], max(begun, over)), "job"
    for life, deployment in history.deployed().items():
        known = max(deployment.asked_on, deployment.done_on) if deployment.done_on >= 0 else latest[life]
        exact[life], source[life] = deployment.asked_on, "deployed"
        latest[life] = max(min(latest[life], known), deployment.asked_on)
    return latest, exact, source


def _boots(history: History, boots: pa.Table | None) -> Numbers:
    """Tell the earliest day on which each machine was already running, by its uptime."""
    found = np.full(len(history.lives.vm_id), _LATE)
    if boots is None:
        return found
    rows = boots.filter(pc.is_valid(boots["uptime_h"]))
    hours = rows["uptime_h"].to_numpy()
    seen_at = pc.cast(rows["seen_at"], pa.int64()).fill_null(0).to_numpy()
    is_known = np.isfinite(hours) & (hours >= 0) & (hours * _MICROSECONDS_PER_H < seen_at)
    since = (seen_at[is_known] - hours[is_known] * _MICROSECONDS_PER_H).astype("int64")
    seen_on = pc.cast(rows["seen_on"], pa.int32()).to_numpy().astype("int64")[is_known]
    at = history.lives.of(rows["vm_id"].to_numpy()[is_known], seen_on)
    earliest = _earliest(at, since, len(found))
    chosen = np.flatnonzero(earliest < _LATE)
    moments = pd.Series(earliest[chosen].astype("datetime64[us]")).dt.tz_localize("UTC")
    found[chosen] = history.inventories.local_days(moments)
    return found


def _earliest(at: Numbers, times: Numbers, count: int) -> Numbers:
    found = np.full(count, _LATE)
    known = (at >= 0) & (times >= 0)
    np.minimum.at(found, at[known], times[known])
    return found


def days_of(numbers: Numbers) -> NDArray[np.datetime64]:
    """Turn days numbered from 1970 on into datetimes, missing for those below 0."""
    days = numbers.astype("datetime64[D]").astype("datetime64[us]")
    return np.where(numbers < 0, np.datetime64("NaT", "us"), days)
