"""Our own timers and services among the user's units of systemd: two of each for every archive."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

from vmgen_analytics.cli.installed import Installed, archive_of
from vmgen_analytics.errors import SettingsError, VMgenError
from vmgen_analytics.scheduling.systemd import MARK, words_of
from vmgen_analytics.writing import replace

SYNC, CHECK = "vmgen-analytics-sync", "vmgen-analytics-check"


def unit(what: str, name: str | None, kind: str) -> str:
    """Spell the name of a unit; an earlier version named no archive in it."""
    return f"{what}-{name}.{kind}" if name else f"{what}.{kind}"


def names(name: str | None) -> list[str]:
    """List the units of an archive."""
    return [unit(what, name, kind) for what in (SYNC, CHECK) for kind in ("service", "timer")]


def folder() -> Path:
    """Find where the user's units are."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def runs_here() -> bool:
    """Tell whether systemd runs this machine."""
    return Path("/run/systemd/system").is_dir()


def schedules() -> list[Installed]:
    """List what is installed among the user's units."""
    found = []
    for path in sorted({each.with_suffix("") for each in folder().glob(f"{SYNC}*") if each.suffix in _KINDS}):
        name = path.name.removeprefix(SYNC).removeprefix("-") or None
        texts = [_text(path.with_name(path.name + kind)) for kind in _KINDS]
        if any(MARK in text for text in texts):
            found.append(Installed(name, archive_of(map(words_of, texts))))
    return found


def units(name: str | None) -> dict[str, str]:
    """Read the units of an archive, by name.

    Raises
    ------
    SettingsError
        There is a unit of that name which is not ours.
    """
    found: dict[str, str] = {}
    for each in names(name):
        path = folder() / each
        if path.exists():
            found[each] = _text(path)
            if MARK not in found[each]:
                raise SettingsError(f"{path} was not written by `vmgen-analytics schedule`: move it away first")
    return found


def install(name: str, own: dict[str, str]) -> None:
    """Write the units of an archive, and start their timers now and at each start of the machine.

    Raises
    ------
    VMgenError
        A unit cannot be written, or systemd refused: all is as it was before.
    """
    before = units(name)
    try:
        _write(own)
        start(own)
    except VMgenError as error:
        _undo(before, own)
        raise VMgenError(f"{error}; {folder()} is as it was before: use --format cron") from None


def start(own: dict[str, str]) -> None:
    """Start timers, now and at each start of the machine, as their units now say.

    Raises
    ------
    VMgenError
        Systemd refused.
    """
    _systemctl("daemon-reload")
    _systemctl("enable", *_timers(own))
    _systemctl("restart", *_timers(own))


def remove(name: str | None) -> None:
    """Stop the timers of an archive, and take its units away.

    Raises
    ------
    VMgenError
        A unit cannot be removed, or systemd refused.
    """
    own = units(name)
    try:
        if timers := _timers(own):
            _systemctl("disable", "--now", *timers)
    except VMgenError as error:
        raise VMgenError(
            f"{error}; {', '.join(own)} stay in {folder()} as they are: run this again where systemd serves your user"
        ) from None
    try:
        for each in own:
            (folder() / each).unlink()
    except OSError as error:
        raise VMgenError(f"cannot remove {error.filename}: {error.strerror}; give it to your user") from None
    _systemctl("daemon-reload")


_KINDS = (".service", ".timer")


def _timers(own: dict[str, str]) -> list[str]:
    return [each for each in own if each.endswith(".timer")]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else ""


def _write(own: dict[str, str]) -> None:
    try:
        folder().mkdir(parents=True, exist_ok=True)
        for name, text in own.items():
            replace(folder() / name, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise VMgenError(f"cannot write {folder()}: {error.strerror}") from None


def _undo(before: dict[str, str], own: dict[str, str]) -> None:
    """Bring back the units that were there, as far as systemd lets us."""
    if not before:
        with contextlib.suppress(VMgenError):
            _systemctl("disable", "--now", *_timers(own))
    for name in own:
        with contextlib.suppress(OSError):
            (folder() / f".{name}.part").unlink(missing_ok=True)
            if name not in before:
                (folder() / name).unlink(missing_ok=True)
    with contextlib.suppress(VMgenError):
        _write(before)
        if before:
            start(before)
        else:
            _systemctl("daemon-reload")


def _systemctl(*words: str) -> None:
    command = ["systemctl", "--user", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    except OSError as error:
        raise VMgenError(f"there is no systemctl here that can be run ({error.strerror})") from None
    if done.returncode != 0:
        why = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise VMgenError(f"`{' '.join(command)}` failed: {why}")
