"""When the archive is checked: once a week, at a minute that is far from those of every sync."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from vmgen_analytics.scheduling.moments import DESIGN, Slot, instants_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

WEEKDAY = "Mon"
HOUR = 4
"""On a working day, before work: who is told is there soon. Clocks change on other days, so the hour comes once."""

_HOUR_MIN = 60


def quiet_minute(zones: Iterable[ZoneInfo], here: ZoneInfo, *, year: int) -> int:
    """Find the minute of an hour that is farthest from the minutes of all syncs.

    Parameters
    ----------
    zones
        Time zones of the accounts.
    here
        Time zone in which the minute is meant; some zones are half an hour or a quarter apart.
    year
        The year whose changes of the clocks count.

    Returns
    -------
    int
        The middle of the longest time of an hour in which no sync begins: at least seven minutes from each.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> quiet_minute([ZoneInfo("UTC")], ZoneInfo("UTC"), year=2026)
    27
    """
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    slots = [Slot("every", (0,), minute) for minute in sorted({slot.minute for slot in DESIGN})]
    instants = (instant for zone in zones for instant in instants_of(days, zone, slots))
    taken = sorted({instant.astimezone(here).minute for instant in instants}) or [0]
    begin, end = max(pairwise([*taken, taken[0] + _HOUR_MIN]), key=lambda pair: pair[1] - pair[0])
    return (begin + end) // 2 % _HOUR_MIN
