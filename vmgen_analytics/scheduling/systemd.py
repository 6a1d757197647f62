"""The designed schedule as timers and services of systemd, which knows time zones and the last day of a month."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vmgen_analytics.scheduling.checking import HOUR, WEEKDAY, quiet_minute
from vmgen_analytics.scheduling.moments import DESIGN, Slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

MARK = "# written by `vmgen-analytics schedule`, which may write it again"

# what systemd takes for the end of a line is spelled as in C, as are the quotes and the escape itself
_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r"}
_ESCAPED = {escape: character for character, escape in _ESCAPES.items()}
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^ "]+)')

_DATES = {"every": "*-*-*", "last": "*-*~01", "first": "*-*-01"}


def calendar_lines(zones: Iterable[ZoneInfo]) -> list[str]:
    """Spell the designed schedule as calendar expressions of systemd, each in the time zone of the accounts.

    Parameters
    ----------
    zones
        Time zones of the accounts.

    Returns
    -------
    list
        Expressions as ``*-*~01 23:50:00 Europe/Amsterdam``; ``~01`` is the last day of a month.
    """
    return [
        f"{_DATES[slot.days]} {_hours(slot)}:{slot.minute:02d}:00 {zone.key}"
        for zone in sorted(zones, key=lambda zone: str(zone.key))
        for slot in DESIGN
    ]


def check_calendar(zones: Iterable[ZoneInfo], *, year: int) -> str:
    """Spell the weekly check of the archive as a calendar expression, which meets none of the syncs.

    Parameters
    ----------
    zones
        Time zones of the accounts.
    year
        The year whose changes of the clocks count.
    """
    ordered = sorted(zones, key=lambda zone: str(zone.key))
    return f"{WEEKDAY} *-*-* {HOUR:02d}:{quiet_minute(ordered, ordered[0], year=year):02d}:00 {ordered[0].key}"


def timer_unit(calendar: Iterable[str], what: str) -> str:
    """Write a timer: when to do something.

    Parameters
    ----------
    calendar
        Calendar expressions.
    what
        What is done, for people.
    """
    lines = "\n".join(f"OnCalendar={each}" for each in calendar)
    return f"""{MARK}
[Unit]
Description={_percent(what)}

[Timer]
{lines}
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
"""


def service_unit(
    words: Sequence[str],
    what: str,
    *,
    variables: Path | None = None,
    after: str | None = None,
) -> str:
    """Write a service: what to run. What it says goes to the journal, which systemd keeps within bounds.

    Parameters
    ----------
    words
        The command, word by word.
    what
        What it does, for people.
    variables
        File of environment variables, as the key; only its name stands in the unit.
    after
        A unit whose run is waited for, if both are due.
    """
    return "\n".join(
        [
            MARK,
            "[Unit]",
            f"Description={_percent(what)}",
            *([f"After={after}"] if after else []),
            "",
            "[Service]",
            "Type=oneshot",
            *([f"EnvironmentFile={_percent(variables)}"] if variables else []),
            f"ExecStart={' '.join(map(_quoted, words))}",
            "",
        ]
    )


def words_of(unit: str) -> list[str]:
    """Read the command back out of a service of ours; empty if it has none."""
    start = next((line for line in unit.split("\n") if line.startswith("ExecStart=")), "")
    return [_read(quoted or bare) for quoted, bare in _WORD.findall(start.removeprefix("ExecStart="))]


def _hours(slot: Slot) -> str:
    first, last = slot.hours[0], slot.hours[-1]
    if len(slot.hours) > 1 and slot.hours == tuple(range(first, last + 1)):
        return f"{first:02d}..{last:02d}"
    return ",".join(f"{hour:02d}" for hour in slot.hours)


def _percent(path: object) -> str:
    """Spell a path so that no percent sign in it is taken for a specifier."""
    return str(path).replace("%", "%%")


def _quoted(word: str) -> str:
    r"""Quote a word for ExecStart: ``%`` begins a specifier there, ``$`` a variable, ``\`` an escape."""
    escaped = _percent(word).replace("$", "$$")
    escaped = "".join(_ESCAPES.get(character, character) for character in escaped)
    return escaped if _WORD.fullmatch(escaped) and not set(escaped) & set("\t';\\") else f'"{escaped}"'


def _read(escaped: str) -> str:
    """Undo what quoting did to a word."""
    read = re.sub(r"\\.", lambda escape: _ESCAPED.get(escape[0], escape[0]), escaped)
    return read.replace("$$", "$").replace("%%", "%")
