"""The designed schedule as lines of cron, which knows neither the last day of a month nor, everywhere, time zones.

Debian's cron takes the machine's time zone whatever ``CRON_TZ`` says, so the lines are translated into that zone. Cron
counts days of the month only from the first, so what is meant for the last day stands on each day that may be it. Both
make a sync run too often here and there, which does no harm.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from vmgen_analytics.scheduling.checking import HOUR, quiet_minute
from vmgen_analytics.scheduling.moments import DESIGN, instants_of
from vmgen_analytics.wording import ranges

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

YEARS = 5
"""For how many years lines are made: so many have each length of February and each change of the clocks."""


_MONDAY = 1  # as `checking.WEEKDAY` has it


def cron_lines(zones: Iterable[ZoneInfo], here: ZoneInfo, command: str, *, year: int) -> list[str]:
    """Spell the designed schedule as lines of a crontab.

    Parameters
    ----------
    zones
        Time zones of the accounts.
    here
        Time zone of the machine, in which cron reads the lines.
    command
        What to run, quoted for the shell; its percent signs, which end a line for cron, are escaped here.
    year
        The first of the years for which they are made.

    Returns
    -------
    list
        Lines that fire at each moment of the schedule in any of the zones, no two of them at the same minute.
    """
    days_of: dict[tuple[int, int], set[int]] = {}  # (minute, hour) -> days of the month
    zones = tuple(zones)
    for slot in DESIGN:
        for zone in zones:
            for instant in sorted(instants_of(_days(year), zone, [slot])):
                wall = instant.astimezone(here)
                known = days_of.setdefault((wall.minute, wall.hour), set())
                known.update(range(1, 32) if slot.days == "every" else [wall.day])
    hours_of: dict[tuple[int, frozenset[int]], list[int]] = {}
    for (minute, hour), days in days_of.items():
        hours_of.setdefault((minute, frozenset(days)), []).append(hour)
    times = [f"{minute} {_spell(hours, 0, 23)} {_spell(days, 1, 31)} * *" for (minute, days), hours in hours_of.items()]
    width = max(map(len, times), default=0)
    return [f"{each:<{width}}  {_escaped(command)}" for each in times]


def check_line(zones: Iterable[ZoneInfo], here: ZoneInfo, command: str, *, year: int) -> str:
    """Spell the weekly check of the archive as a line of a crontab, which meets none of the syncs.

    Parameters
    ----------
    zones, here, year
        As for `cron_lines`.
    command
        What to run, quoted for the shell.
    """
    return f"{quiet_minute(zones, here, year=year)} {HOUR} * * {_MONDAY}  {_escaped(command)}"


def command_of(line: str) -> str:
    """Read the command back out of a line of ours; empty if it is none."""
    fields = line.split(maxsplit=5)
    return fields[5].replace(r"\%", "%") if len(fields) > 5 and not line.startswith("#") else ""


def _escaped(command: str) -> str:
    return command.replace("%", r"\%")


def _days(year: int) -> Iterable[date]:
    """List the days of the years, and those on both sides that may be among them elsewhere."""
    first = date(year, 1, 1) - timedelta(days=1)
    return (first + timedelta(days=number) for number in range(366 * YEARS))


def _spell(values: Iterable[int], low: int, high: int) -> str:
    """Spell some numbers of a field as cron reads them: all, each so many, or ranges."""
    numbers = sorted(values)
    if numbers == list(range(low, high + 1)):
        return "*"
    step = numbers[1] - numbers[0] if len(numbers) > 2 else 1
    if step > 1 and numbers == list(range(low, high + 1, step)):
        return f"*/{step}"
    return ranges(numbers, ",")
