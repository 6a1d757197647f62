"""The lives of VMs: when each was known to exist, when it was gone, and which numbers came back as another machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vmgen_analytics.fleet.coded import Coded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.fleet.inventories import Inventories

    Numbers = NDArray[np.int64]

ABSENCES = 2
"""After how many complete inventories without it a VM is gone: one list that is short proves nothing."""
NEVER = -1
_TEXTS = ("vm_name", "fqdn", "state", "ipv4", "package")


@dataclass(frozen=True)
class Seen:
    """Rows of the inventories of one account: VM, day and microsecond from 1970 on, and the texts."""

    ids: Numbers
    days: Numbers
    seen_at: Numbers
    vm_name: Coded
    fqdn: Coded
    state: Coded
    ipv4: Coded
    package: Coded

    @classmethod
    def of(cls, rows: pa.Table) -> Seen:
        """Take rows of the table ``vms``."""
        days = pc.cast(rows["seen_on"], pa.int32()).to_numpy().astype("int64")
        at = pc.cast(rows["seen_at"], pa.int64()).fill_null(0).to_numpy()
        return cls(rows["vm_id"].to_numpy(), days, at, *(Coded.of_column(rows[name]) for name in _TEXTS))

    def take(self, rows: Numbers) -> Seen:
        """Return some of the rows."""
        texts = (getattr(self, name).take(rows) for name in _TEXTS)
        return Seen(self.ids[rows], self.days[rows], self.seen_at[rows], *texts)

    @classmethod
    def empty(cls) -> Seen:
        """No rows."""
        none = Coded(np.empty(0, dtype="int64"), pa.array([], pa.large_string()))
        numbers = np.empty(0, dtype="int64")
        return cls(numbers, numbers, numbers, none, none, none, none, none)


@dataclass(frozen=True)
class Deletion:
    """A VM that was asked to be deleted here: when, when that ended, and whether it is known to be done."""

    vm_id: int
    asked_on: int
    ended_on: int
    is_done: bool


@dataclass(frozen=True)
class Lives:
    """The machines of one account, sorted by number and incarnation; days are numbered from 1970 on.

    Attributes
    ----------
    vm_id, incarnation
        Which machine: the first one of that number is 1, what came back as another is 2.
    first, last
        The first and the last day on which it is known to have existed.
    seen_first
        The first day on which an inventory listed it, -1 if none did.
    gone
        The day by which it is known to be gone, -1 while it is not.
    until
        The last day on which it exists for all we know: that of the last sync while it is not known to be gone.
    deletions
        By place among the lives, the deletion that ended it.
    """

    vm_id: Numbers
    incarnation: Numbers
    first: Numbers
    last: Numbers
    seen_first: Numbers
    gone: Numbers
    until: Numbers
    deletions: dict[int, Deletion]
    _starts: Numbers

    def of(self, ids: Numbers, days: Numbers) -> Numbers:
        """Find the machine that had a number on a day; -1 where no such number is known."""
        heads = np.flatnonzero(self.incarnation == 1)
        codes = pd.Index(self.vm_id[heads]).get_indexer(pd.Index(ids)).astype("int64")
        found: Numbers = np.append(heads, -1)[codes]
        if len(heads) == len(self.vm_id):
            return found
        following = np.append(self.incarnation[1:] > 1, [False, False])  # the last for a number that is not known
        starts = np.append(self._starts[1:], [0, 0])
        rows = np.flatnonzero(following[found])
        while len(rows):
            rows = rows[starts[found[rows]] <= days[rows]]
            found[rows] += 1
            rows = rows[following[found[rows]]]
        return found


@dataclass(frozen=True)
class _Return:
    """A number that came back as another machine: it counts as that one from a day on."""

    vm: int
    start: int
    left: int


def lives_of(
    seen: Seen, used_ids: Numbers, used_days: Numbers, inventories: Inventories, deletions: Sequence[Deletion] = ()
) -> Lives:
    """Tell the machines of an account apart, and when each existed.

    A VM is gone after two complete inventories without it (one, if none ever listed it), or after a deletion made
    here. A number that was missing
    from a complete inventory and comes back with another fqdn, address or package is another machine; on the next day
    already, if both fqdn and address are others and two complete inventories in between lacked it.

    Parameters
    ----------
    seen
        All rows of the inventories.
    used_ids, used_days
        VM and day of all traffic.
    inventories
        Which syncs listed all VMs.
    deletions
        What was deleted here.
    """
    vm_ids = np.unique(np.concatenate([pd.unique(seen.ids), pd.unique(used_ids)])).astype("int64")
    index = pd.Index(vm_ids)
    returns = _returns(seen, index, inventories, deletions)
    heads = [_Return(vm, np.iinfo("int64").min, NEVER) for vm in range(len(vm_ids))]
    parts = sorted([*heads, *returns], key=lambda part: (part.vm, part.start)) if returns else heads
    vm = np.array([part.vm for part in parts], dtype="int64")
    incarnation = np.arange(len(vm)) - np.searchsorted(vm, vm) + 1
    starts = np.array([part.start for part in parts], dtype="int64")
    blank = np.full(len(vm), NEVER)
    lives = Lives(vm_ids[vm], incarnation, blank, blank, blank, blank, blank, {}, starts)
    at_sight, at_use = lives.of(seen.ids, seen.days), lives.of(used_ids, used_days)
    first, last, seen_first = (np.full(len(vm), edge) for edge in (np.iinfo("int64").max, NEVER, NEVER))
    np.minimum.at(first, at_sight, seen.days)
    seen_first = np.where(first == np.iinfo("int64").max, NEVER, first)
    np.minimum.at(first, at_use, used_days)
    np.maximum.at(last, at_sight, seen.days)
    np.maximum.at(last, at_use, used_days)
    ending = _endings(lives, first, last, deletions)
    for life, deletion in ending.items():
        last[life] = max(last[life], deletion.asked_on) if deletion.is_done else last[life]
    gone, is_last = _gone(last, seen_first, ending, inventories), np.append(vm[1:] != vm[:-1], True)[: len(vm)]
    gone = np.where(is_last | (gone >= 0), gone, np.append(first[1:], NEVER)[: len(vm)])
    until = np.where(gone >= 0, last, np.maximum(last, NEVER if inventories.until is None else inventories.until))
    return Lives(vm_ids[vm], incarnation, first, last, seen_first, gone, until, ending, starts)


def _returns(
    seen: Seen, index: pd.Index[int], inventories: Inventories, deletions: Sequence[Deletion]
) -> list[_Return]:
    """Find the numbers that were missing for a while and came back as another machine."""
    if not len(seen.days):
        return []
    low, width = int(seen.days.min()), int(np.ptp(seen.days)) + 1
    keys = index.get_indexer(pd.Index(seen.ids)).astype("int64") * width + (seen.days - low)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    before = np.flatnonzero(np.diff(keys) > 1)
    before = before[keys[before] // width == keys[before + 1] // width]
    left, back = keys[before] % width + low, keys[before + 1] % width + low
    absences = inventories.between(left, back)
    deleted: dict[int, list[Deletion]] = {}
    for each in deletions:
        if each.is_done:
            deleted.setdefault(each.vm_id, []).append(each)
    found = []
    for gap in np.flatnonzero((absences > 0) | np.isin(seen.ids[order[before]], list(deleted))):
        old, new = int(order[before[gap]]), int(order[before[gap] + 1])
        mine = [each for each in deleted.get(int(seen.ids[old]), ()) if left[gap] <= each.asked_on <= back[gap]]
        if mine or (absences[gap] and _is_other(seen, old, new, is_gone=absences[gap] >= ABSENCES)):
            missing = int(inventories.last_before(back[gap : gap + 1])[0]) if absences[gap] else NEVER
            start = max(missing, *(each.ended_on + 1 for each in mine), int(left[gap]) + 1)
            found.append(_Return(int(keys[before[gap]] // width), min(start, int(back[gap])), int(left[gap])))
    return found + [
        _Return(int(index.get_indexer(pd.Index([vm]))[0]), day, day - 1)
        for vm, day in _overnight(seen, order, inventories)
    ]


def _overnight(seen: Seen, order: Numbers, inventories: Inventories) -> list[tuple[int, int]]:
    """Find the VMs that were another machine on the day after, and that day: no whole day without them shows it.

    Between the two sightings, as instants, complete inventories must lack it as often as for a VM that is gone. A
    sighting that says nothing new is not kept, so one may have been later than is known, of a machine that stood still:
    hence both its domain name and its address must be others.
    """
    old, new = order[:-1], order[1:]
    may_be = (seen.ids[old] == seen.ids[new]) & (seen.days[new] - seen.days[old] == 1)
    for column in (seen.fqdn, seen.ipv4):
        was, now = column.codes[old], column.codes[new]
        may_be &= (was != now) & (was >= 0) & (now >= 0)
    pairs = np.flatnonzero(may_be)
    absences = inventories.within(seen.seen_at[old[pairs]], seen.seen_at[new[pairs]])
    return [
        (int(seen.ids[new[pair]]), int(seen.days[new[pair]]))
        for pair in pairs[absences >= ABSENCES]
        if all(column.word(int(old[pair])) and column.word(int(new[pair])) for column in (seen.fqdn, seen.ipv4))
    ]


def _is_other(seen: Seen, old: int, new: int, *, is_gone: bool) -> bool:
    """Tell whether two sightings are of two machines; what is not known at both tells nothing.

    A package alone changes when a VM is resized, during which one inventory may well miss it.
    """
    identity = (seen.fqdn, seen.ipv4, seen.package) if is_gone else (seen.fqdn, seen.ipv4)
    pairs = [(column.word(old), column.word(new)) for column in identity]
    return any(was != now for was, now in pairs if was and now)


def _endings(lives: Lives, first: Numbers, last: Numbers, deletions: Sequence[Deletion]) -> dict[int, Deletion]:
    """Find the life that each deletion ended; one that was seen on a later day was not deleted."""
    ids = np.array([each.vm_id for each in deletions], dtype="int64")
    days = np.array([each.asked_on for each in deletions], dtype="int64")
    return {
        int(life): each
        for life, each in zip(lives.of(ids, days), deletions, strict=True)
        if life >= 0 and first[life] <= each.ended_on and last[life] <= each.ended_on
    }


def _gone(last: Numbers, seen_first: Numbers, ending: dict[int, Deletion], inventories: Inventories) -> Numbers:
    """Tell the day by which each is known to be gone, -1 for those that are not.

    Of what no inventory ever listed, as it is known from files of the user alone, one that lacks it is enough.
    """
    absences = inventories.after(last)
    needed = np.where(seen_first >= 0, ABSENCES, 1)
    needed[list(ending)] = 1
    gone = np.where(absences >= needed, inventories.first_after(last), NEVER)
    for life, deletion in ending.items():
        if deletion.is_done:
            gone[life] = deletion.ended_on
    return gone
