"""Our own timer and service among the user's units of systemd."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from vmgen_analytics.errors import SettingsError, VMgenError
from vmgen_analytics.scheduling.systemd import MARK, NAME

TIMER = f"{NAME}.timer"
SERVICE = f"{NAME}.service"


def folder() -> Path:
    """Find where the user's units are."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def runs_here() -> bool:
    """Tell whether systemd runs this machine."""
    return Path("/run/systemd/system").is_dir()


def installed() -> dict[str, str]:
    """Read our units, by name.

    Raises
    ------
    SettingsError
        There is a unit of that name which is not ours.
    """
    found: dict[str, str] = {}
    for name in (SERVICE, TIMER):
        path = folder() / name
        if path.exists():
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
            if MARK not in text:
                raise SettingsError(f"{path} was not written by `vmgen-analytics schedule`: move it away first")
            found[name] = text
    return found


def install(units: dict[str, str]) -> None:
    """Write our units, and start the timer now and at each start of the machine.

    Raises
    ------
    VMgenError
        A unit cannot be written, or systemd refused.
    """
    try:
        folder().mkdir(parents=True, exist_ok=True)
        for name, text in units.items():
            unfinished = folder() / f".{name}.part"
            unfinished.write_text(text, encoding="utf-8", errors="surrogateescape")
            unfinished.replace(folder() / name)
    except OSError as error:
        raise VMgenError(
            f"cannot write {folder()}: {error.strerror}; give it to your user, or use --format cron"
        ) from None
    start()


def start() -> None:
    """Start the timer, now and at each start of the machine, as its unit now says.

    Raises
    ------
    VMgenError
        Systemd refused.
    """
    _systemctl("daemon-reload")
    _systemctl("enable", TIMER)
    _systemctl("restart", TIMER)


def remove() -> None:
    """Stop the timer, and take our units away.

    Raises
    ------
    VMgenError
        A unit cannot be removed, or systemd refused.
    """
    _systemctl("disable", "--now", TIMER)
    for name in installed():
        (folder() / name).unlink()
    _systemctl("daemon-reload")


def _systemctl(*words: str) -> None:
    command = ["systemctl", "--user", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    except OSError as error:
        raise VMgenError(f"there is no systemctl here that can be run ({error.strerror}): use --format cron") from None
    if done.returncode != 0:
        why = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise VMgenError(f"`{' '.join(command)}` failed: {why}; use --format cron where systemd serves no users")
