"""The designed schedule as a timer and a service of systemd, which knows time zones and the last day of a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.scheduling.moments import DESIGN, Slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

NAME = "vmgen-analytics-sync"
MARK = "# written by `vmgen-analytics schedule`, which may write it again"

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


def timer_unit(zones: Iterable[ZoneInfo]) -> str:
    """Write the timer: when to sync.

    Parameters
    ----------
    zones
        Time zones of the accounts.
    """
    calendar = "\n".join(f"OnCalendar={each}" for each in calendar_lines(zones))
    return f"""{MARK}
[Unit]
Description=Sync what the VMgen API forgets each month

[Timer]
{calendar}
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
"""


def service_unit(words: Sequence[str], *, log: Path, folder: Path | None = None, variables: Path | None = None) -> str:
    """Write the service: what to run.

    Parameters
    ----------
    words
        The command, word by word.
    log
        File to which its output is added.
    folder
        Where to run it.
    variables
        File of environment variables, as the key; only its name stands in the unit.
    """
    places = [f"WorkingDirectory={_percent(folder)}"] if folder else []
    if variables:
        places.append(f"EnvironmentFile={_percent(variables)}")
    return "\n".join(
        [
            MARK,
            "[Unit]",
            "Description=Sync what the VMgen API forgets each month",
            "",
            "[Service]",
            "Type=oneshot",
            *places,
            f"ExecStart={' '.join(map(_quoted, words))}",
            f"StandardOutput=append:{_percent(log)}",
            f"StandardError=append:{_percent(log)}",
            "",
        ]
    )


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
    escaped = _percent(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return escaped if escaped and not set(escaped) & set(" \t'\";\\") else f'"{escaped}"'
