"""The moments of the designed schedule: every six hours, and more often around the turn of the month.

The provider shows the current month only. Days 1 to last-1 are lossless with one successful sync a day; of the last
day, what comes after the last sync before the month turns is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """Times at which to sync on some days of a month: every day, its last, or its first."""

    days: Literal["every", "last", "first"]
    hours: tuple[int, ...]
    minute: int = 0

    def falls_on(self, day: date) -> bool:
        """Tell whether a day has these times."""
        if self.days == "first":
            return day.day == 1
        return self.days == "every" or (day + _DAY).day == 1


DESIGN = (
    Slot("every", (0, 6, 12, 18)),
    Slot("last", tuple(range(12, 24))),
    Slot("first", tuple(range(13))),
    Slot("last", (23,), 50),
    Slot("first", (0,), 5),
)
"""Every 6 hours, hourly from noon of the last day to noon of the first, and just before and after the month turns."""


def moments(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """List the designed syncs of a time.

    Parameters
    ----------
    start, end
        Instants, the end left out.
    zone
        Time zone of the account, in which its months turn.

    Returns
    -------
    list
        Instants in UTC, oldest first. Where a clock is put back, an hour that comes twice is there twice; where it
        is put forward, an hour that does not come is the one after it.
    """
    first = start.astimezone(zone).date() - _DAY
    number = (end.astimezone(zone).date() - first).days + 1
    days = [first + position * _DAY for position in range(number)]
    return [each for each in sorted(instants_of(days, zone)) if start <= each < end]


def next_moment(after: datetime, zone: ZoneInfo) -> datetime:
    """Find the first designed sync after an instant, in UTC."""
    near = moments(after, after + 2 * _DAY, zone)
    return next(each for each in near if each > after)


def last_moment(until: datetime, zone: ZoneInfo) -> datetime:
    """Find the newest designed sync until an instant, that included, in UTC."""
    return moments(until - 2 * _DAY, until + timedelta(microseconds=1), zone)[-1]


def instants_of(days: Iterable[date], zone: ZoneInfo, slots: Iterable[Slot] = DESIGN) -> set[datetime]:
    """Find the instants, in UTC, of some slots on some days of a zone."""
    slots = tuple(slots)
    return {
        instant
        for day in days
        for slot in slots
        if slot.falls_on(day)
        for hour in slot.hours
        for instant in _instants(datetime.combine(day, time(hour, slot.minute)), zone)
    }


def _instants(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """Find when the clocks of a zone show a time: once, twice, or not at all, which is then an hour later."""
    both = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    shown = [each for each in both if each.astimezone(zone).replace(tzinfo=None, fold=0) == wall]
    return shown or both[:1]
