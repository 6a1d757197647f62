"""What the archive has seen of each account's VMs, as plain arrays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vmgen_analytics.archive.scanning import scan
from vmgen_analytics.fleet.coded import Coded
from vmgen_analytics.fleet.inventories import Inventories
from vmgen_analytics.fleet.lives import Deletion, Lives, Seen, lives_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from vmgen_analytics.archive import Archive

    Numbers = NDArray[np.int64]

SEEN = ("account", "vm_id", "seen_on", "seen_at", "vm_name", "fqdn", "state", "ipv4", "package")
USED = ("account", "vm_id", "date")
TRAFFIC = ("in_MB", "out_MB", "status")
SENT = ("done", "accepted", "timed_out", "unknown")
"""Outcomes of a command that may have been carried out."""


@dataclass(frozen=True)
class Deployment:
    """A VM that was ordered here: where it shall stand, and the days on which it was asked for and there."""

    vm_id: int
    location_id: int
    asked_on: int
    done_on: int


@dataclass(frozen=True)
class History:
    """All that was seen of one account's VMs.

    Attributes
    ----------
    account
        Its name.
    seen
        The rows of the inventories.
    used_ids, used_days
        VM and day of the traffic of the months asked for, beside ``traffic``.
    traffic
        Those rows: in_MB, out_MB and status.
    lives
        The VMs, each from its birth to its death.
    inventories
        Which syncs listed all VMs.
    deployments
        What was ordered here.
    at_sight
        For each row of the inventories, the place of its machine among the lives.
    """

    account: str
    seen: Seen
    used_ids: Numbers
    used_days: Numbers
    traffic: pa.Table
    lives: Lives
    inventories: Inventories
    deployments: tuple[Deployment, ...]
    at_sight: Numbers

    def newest_rows(self) -> Numbers:
        """Find the row of each machine's last inventory; -1 where none listed it."""
        last = np.full(len(self.lives.vm_id), -1)
        np.maximum.at(last, self.at_sight, self.seen.days)
        rows = np.flatnonzero(self.seen.days == last[self.at_sight])
        found = np.full(len(self.lives.vm_id), -1)
        found[self.at_sight[rows]] = rows
        return found

    def deployed(self) -> dict[int, Deployment]:
        """Find the machine that each deployment made: the first of that number that was not known before it."""
        lives, found = self.lives, {}
        for deployment in self.deployments:
            made = np.flatnonzero((lives.vm_id == deployment.vm_id) & (lives.first >= deployment.asked_on))
            if len(made):
                found[int(made[0])] = deployment
        return found


def histories(
    archive: Archive,
    account: str | None = None,
    months: Collection[str] | None = None,
    as_of: pd.Timestamp | None = None,
) -> Iterator[History]:
    """Read what was seen of the VMs, account by account.

    All days are read, because a VM that is not seen for long exists all the same; traffic only of some months.

    Parameters
    ----------
    archive
        The history.
    account
        Only this one.
    months
        Whose traffic is wanted, as ``2026-11``; by default that of all.
    as_of
        Only what was known at an instant.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    """
    limits: dict[str, Any] = {"account": account, "as_of": as_of}
    seen = by_account(scan(archive, "vms", SEEN, **limits))
    known = {str(month) for month in archive.months("usage")}
    wanted = known if months is None else known & set(months)
    used = by_account(scan(archive, "usage", (*USED, *TRAFFIC), months=wanted, **limits))
    other = by_account(scan(archive, "usage", USED, months=known - wanted, **limits)) if known - wanted else {}
    syncs, commands = (archive.history(name, **limits) for name in ("syncs", "commands"))
    for name in sorted({*seen, *used, *other}):
        inventories = Inventories.of(syncs[syncs["account"] == name])
        sent = commands[(commands["account"] == name) & commands["outcome"].isin(SENT) & commands["vm_id"].notna()]
        rows, traffic, rest = seen.get(name), used.get(name), other.get(name)
        sightings = Seen.of(rows) if rows is not None else Seen.empty()
        used_ids, used_days = keys_of(traffic, "date")
        rest_ids, rest_days = keys_of(rest, "date")
        lives = lives_of(
            sightings,
            np.concatenate([used_ids, rest_ids]),
            np.concatenate([used_days, rest_days]),
            inventories,
            deletions_of(sent, inventories),
        )
        if traffic is None:
            traffic = scan(archive, "usage", (*USED, *TRAFFIC), months=[])
        yield History(
            account=name,
            seen=sightings,
            used_ids=used_ids,
            used_days=used_days,
            traffic=traffic,
            lives=lives,
            inventories=inventories,
            deployments=_deployments(sent, inventories),
            at_sight=lives.of(sightings.ids, sightings.days),
        )


def by_account(rows: pa.Table) -> Mapping[str, pa.Table]:
    """Divide rows by their account.

    Parameters
    ----------
    rows
        In one chunk, with a dictionary column ``account``.
    """
    coded = Coded.of_column(rows["account"])
    found = np.unique(coded.codes)
    if len(found) == 1:
        return {str(coded.words[int(found[0])]): rows}
    order = np.argsort(coded.codes, kind="stable")
    edges = np.searchsorted(coded.codes[order], np.append(found, found[-1:] + 1))
    sorted_rows = rows.take(pa.array(order)).combine_chunks() if len(found) else rows
    return {
        str(coded.words[int(code)]): sorted_rows.slice(start, end - start)
        for code, start, end in zip(found, edges[:-1], edges[1:], strict=True)
    }


def keys_of(rows: pa.Table | None, day: str) -> tuple[Numbers, Numbers]:
    """Take the VMs and days of rows, the days numbered from 1970 on."""
    if rows is None:
        return np.empty(0, dtype="int64"), np.empty(0, dtype="int64")
    return rows["vm_id"].to_numpy(), pc.cast(rows[day], pa.int32()).to_numpy().astype("int64")


def deletions_of(sent: pd.DataFrame, inventories: Inventories) -> list[Deletion]:
    """Take the deletions from the commands of an account that may have been carried out.

    Parameters
    ----------
    sent
        Table ``commands``.
    inventories
        For the time zone of its days.
    """
    mine = sent[sent["command"] == "delete"]
    asked, ended = (inventories.local_days(mine[name]) for name in ("requested_at", "finished_at"))
    done = (mine["outcome"] == "done").to_numpy()
    return [
        Deletion(int(vm_id), int(asked_on), int(max(asked_on, ended_on)), bool(is_done))
        for vm_id, asked_on, ended_on, is_done in zip(mine["vm_id"], asked, ended, done, strict=True)
    ]


def _deployments(sent: pd.DataFrame, inventories: Inventories) -> tuple[Deployment, ...]:
    mine = sent[(sent["command"] == "deploy") & sent["outcome"].ne("unknown")]
    asked, ended = (inventories.local_days(mine[name]) for name in ("requested_at", "finished_at"))
    found = []
    for vm_id, details, asked_on, ended_on in zip(mine["vm_id"], mine["details"], asked, ended, strict=True):
        location_id = json.loads(details or "{}").get("location_id")
        if isinstance(location_id, int):
            found.append(Deployment(int(vm_id), location_id, int(asked_on), int(ended_on)))
    return tuple(found)
