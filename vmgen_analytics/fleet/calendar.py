"""The days of each machine's life as a grid of days and machines, and what held on each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vmgen_analytics.fleet.lives import Lives

    Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Calendar:
    """Every day of every machine between two days, sorted by day and machine.

    Attributes
    ----------
    first
        The day, from 1970 on, with which the grid begins.
    shape
        Its days and its machines.
    day, life
        For each machine that existed on a day, the places of both in the grid.
    """

    first: int
    shape: tuple[int, int]
    day: Numbers
    life: Numbers

    @classmethod
    def of(cls, lives: Lives, first: int, end: int) -> Calendar:
        """Lay out the days on which machines existed.

        Parameters
        ----------
        lives
            The machines.
        first, end
            The first day, and the one after the last.
        """
        if len(lives.vm_id):
            first, end = max(first, int(lives.first.min())), min(end, int(lives.until.max()) + 1)
        days = np.arange(first, max(first, end))[:, None]
        day, life = np.nonzero((lives.first <= days) & (days <= lives.until))
        return cls(first, (len(days), len(lives.vm_id)), day, life)

    def rows_on(self, lives: Numbers, days: Numbers) -> Numbers:
        """Find for each day of the calendar the row that was observed on it, -1 where there is none.

        Parameters
        ----------
        lives, days
            Machine and day of each row.
        """
        grid = np.full(self.shape, -1, dtype="int32")
        inside = np.flatnonzero((days >= self.first) & (days < self.first + self.shape[0]))
        grid[days[inside] - self.first, lives[inside]] = inside
        found: Numbers = grid[self.day, self.life]
        return found

    def rows_until(self, lives: Numbers, days: Numbers) -> Numbers:
        """Find for each day of the calendar the newest row until then, else the first after, else -1.

        Parameters
        ----------
        lives, days
            Machine and day of each row; rows before and after the calendar count as well.
        """
        length, count = self.shape
        grid = np.full((length + 1, count), -1, dtype="int32")
        inside = np.flatnonzero((days >= self.first) & (days < self.first + length))
        grid[days[inside] - self.first + 1, lives[inside]] = inside
        grid[0] = _extreme(lives, days, count, days < self.first, is_last=True)
        newest = np.where(grid >= 0, np.arange(length + 1, dtype="int32")[:, None], 0)
        np.maximum.accumulate(newest, axis=0, out=newest)
        found: Numbers = grid[newest[self.day + 1, self.life], self.life]
        earlier = np.flatnonzero(found < 0)
        if len(earlier):
            found[earlier] = _extreme(lives, days, count, lives >= 0, is_last=False)[self.life[earlier]]
        return found


def _extreme(lives: Numbers, days: Numbers, count: int, chosen: NDArray[np.bool_], *, is_last: bool) -> Numbers:
    """Find each machine's last or first row among the chosen, -1 where it has none."""
    rows = np.flatnonzero(chosen)
    edge = np.full(count, np.iinfo("int64").min if is_last else np.iinfo("int64").max)
    (np.maximum if is_last else np.minimum).at(edge, lives[rows], days[rows])
    rows = rows[days[rows] == edge[lives[rows]]]
    found = np.full(count, -1)
    found[lives[rows]] = rows
    return found
