"""How to sync and check from anywhere, with the settings and the archive that hold here."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import platformdirs

from vmgen_analytics.errors import SettingsError, VMgenError
from vmgen_analytics.scheduling import schedule_key
from vmgen_analytics.settings import files_of_settings

if TYPE_CHECKING:
    from vmgen_analytics.archive import Archive


@dataclass(frozen=True)
class Run:
    """What runs while nobody watches: its commands, with paths that hold anywhere.

    Attributes
    ----------
    program
        This program.
    options
        The settings and the archive.
    archive
        The archive, by a name that holds anywhere.
    log
        File to which is added what is said, unless something else keeps that; None without one.
    variables
        File of environment variables that they read; None without one.
    """

    program: tuple[str, ...]
    options: tuple[str, ...]
    archive: str
    log: Path | None
    variables: Path | None

    @classmethod
    def here(cls, archive: Archive, config: Path | None, log: Path | None, variables: Path | None) -> Self:
        """Make what does elsewhere as ``sync`` and ``archive check`` do here.

        Raises
        ------
        SettingsError
            The file of variables is not there, others may read it, or a path cannot stand in a line.
        """
        before, option = _settings_words(config)
        place = place_of(archive)
        options = (*option, "--archive", place)
        run = cls((*before, *_command()), options, place, log.absolute() if log else None, _checked(variables))
        for each in (*run.sync, run.variables):
            if "\n" in str(each):
                raise SettingsError(f"{str(each)!r} has a line break, which neither cron nor systemd can carry")
        return run

    @property
    def key(self) -> str:
        """What names this archive's schedule."""
        return schedule_key(self.archive)

    @property
    def sync(self) -> tuple[str, ...]:
        """The command that syncs."""
        return (*self.program, "sync", *self.options, *self._log_words)

    @property
    def check(self) -> tuple[str, ...]:
        """The command that checks the archive."""
        return (*self.program, "archive", "check", *self.options, *self._log_words)

    @property
    def _log_words(self) -> tuple[str, ...]:
        return ("--log", str(self.log)) if self.log else ()

    def shell(self, words: tuple[str, ...]) -> str:
        """Spell one of the commands for the shell."""
        variables = f"set -a; . {shlex.quote(str(self.variables))}; set +a; " if self.variables else ""
        return f"{variables}{shlex.join(words)}"

    def make_log_folder(self) -> None:
        """Make the folder of the log.

        Raises
        ------
        VMgenError
            It cannot be made.
        """
        if self.log is None:
            return
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VMgenError(f"cannot make {self.log.parent}: {error.strerror}; name another log with --log") from None


def place_of(archive: Archive) -> str:
    """Name an archive so that it is the same anywhere."""
    return archive.url if archive.folder is None else str(archive.folder.absolute())


def default_log(archive: Archive) -> Path:
    """Find where cron's syncs of an archive log, which has no journal."""
    folder = Path(platformdirs.user_log_dir("vmgen_analytics", appauthor=False))
    return folder / f"{schedule_key(place_of(archive))}.log"


def _command() -> tuple[str, ...]:
    """Find this program by a path that holds anywhere."""
    script = Path(sys.executable).parent / "vmgen-analytics"  # not resolved: a link into a venv is that venv's Python
    return (str(script),) if os.access(script, os.X_OK) else (sys.executable, "-m", "vmgen_analytics")


def _settings_words(config: Path | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the files of settings that hold here: words before the program, and its options."""
    files = [str(file.absolute()) for file in files_of_settings(config, os.environ)]
    if len(files) < 2:
        return (), tuple(word for file in files for word in ("--config", file))
    if any(os.pathsep in file for file in files):
        raise SettingsError(
            f"two files of settings hold here, and {' or '.join(files)} has a {os.pathsep!r} in its name: "
            "write all of it into one, and name that with --config"
        )
    return ("/usr/bin/env", f"VMGEN_CONFIG={os.pathsep.join(files)}"), ()


def _checked(variables: Path | None) -> Path | None:
    if variables is None:
        return None
    if not variables.is_file():
        raise SettingsError(f"no file of variables at {variables}; write it first, as lines VMGEN_API_KEY=...")
    if variables.stat().st_mode & 0o077:
        raise SettingsError(
            f"others may read {variables}, which holds your key: chmod 600 {shlex.quote(str(variables))}"
        )
    return variables.absolute()
