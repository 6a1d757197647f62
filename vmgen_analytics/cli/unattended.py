"""How to run a sync from anywhere, with the settings and the archive that hold here."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import platformdirs

from vmgen_analytics.credentials import is_kept
from vmgen_analytics.errors import SettingsError, VMgenError
from vmgen_analytics.settings import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings


@dataclass(frozen=True)
class Run:
    """A sync that nobody watches: its command, with paths that hold anywhere.

    Attributes
    ----------
    words
        The command.
    log
        File to which its output is added.
    folder
        Where to run it; None where that is all one.
    variables
        File of environment variables that it reads; None without one.
    """

    words: tuple[str, ...]
    log: Path
    folder: Path | None
    variables: Path | None

    @classmethod
    def here(cls, archive: Archive, config: Path | None, log: Path | None, variables: Path | None) -> Self:
        """Make what does elsewhere as ``sync`` does here.

        Raises
        ------
        SettingsError
            The file of variables is not there, others may read it, or a path cannot stand in a line.
        """
        file, folder = _settings_file(config)
        url = archive.url if archive.folder is None else str(archive.folder.absolute())
        words = (*_command(), "sync", *(("--config", str(file)) if file else ()), "--archive", url)
        default = Path(platformdirs.user_log_dir("vmgen_analytics", appauthor=False)) / "sync.log"
        run = cls(words, (log or default).absolute(), folder, _checked(variables))
        for each in (*words, run.log, run.folder, run.variables):
            if "\n" in str(each):
                raise SettingsError(f"{str(each)!r} has a line break, which neither cron nor systemd can carry")
        return run

    def shell(self) -> str:
        """Spell it for the shell."""
        variables = f"set -a; . {shlex.quote(str(self.variables))}; set +a; " if self.variables else ""
        folder = f"cd {shlex.quote(str(self.folder))} && " if self.folder else ""
        return f"{variables}{folder}{shlex.join(self.words)} >> {shlex.quote(str(self.log))} 2>&1"

    def make_log_folder(self) -> None:
        """Make the folder of the log.

        Raises
        ------
        VMgenError
            It cannot be made.
        """
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VMgenError(f"cannot make {self.log.parent}: {error.strerror}; name another log with --log") from None

    def notes(self, settings: Settings, *, is_installed: bool) -> Iterator[str]:
        """Say what the syncs add to and what they cannot see."""
        yield f"What the syncs say is added to {self.log}."
        if not is_installed and not self.log.parent.is_dir():
            yield f"Make its folder first: mkdir -p {shlex.quote(str(self.log.parent))}"
        if self.variables:
            yield f"They read their variables, as the key, from {self.variables}."
        if not is_installed:
            yield from self.doubts(settings)

    def doubts(self, settings: Settings) -> Iterator[str]:
        """Say what the syncs need and cannot see, to be told before they are installed."""
        given = _given(self.variables)
        keyless = {name: account for name, account in settings.accounts.items() if account.key_env not in given}
        unkept = {name: account for name, account in keyless.items() if not is_kept(name)}
        if unkept:
            wanted = " and ".join(sorted({account.key_env for account in unkept.values()}))
            yield (
                f"These syncs cannot succeed yet: no API key of {' and '.join(unkept)} is in the system keyring"
                f"{f' or in {self.variables}' if self.variables else ''}. Write {wanted}=... into a file that you "
                "alone can read (chmod 600), and name it with --variables; or keep it with: vmgen-analytics login."
            )
        keys = {account.key_env for account in settings.accounts.values()}
        mine = {*keys, "VMGEN_BASE_URL", "VMGEN_AUTH", "VMGEN_PRICES"} - given
        lost = sorted(name for name in mine if os.environ.get(name))
        if lost:
            yield (
                f"They do not see {' and '.join(lost)}, set in this shell only: write what they need as lines "
                "NAME=value into a file that you alone can read (chmod 600), and name it with --variables."
            )
        if keyless and not unkept:
            yield (
                "They find the key in the system keyring, if that is open while nobody is logged in; else write "
                f"{' and '.join(sorted({each.key_env for each in keyless.values()}))}=... into a file that you alone "
                "can read (chmod 600), and name it with --variables."
            )


def _command() -> tuple[str, ...]:
    """Find this program by a path that holds anywhere."""
    script = Path(sys.executable).parent / "vmgen-analytics"  # not resolved: a link into a venv is that venv's Python
    return (str(script),) if os.access(script, os.X_OK) else (sys.executable, "-m", "vmgen_analytics")


def _settings_file(config: Path | None) -> tuple[Path | None, Path | None]:
    """Find the one file of settings that holds here, or where to be if there are two."""
    named = config or os.environ.get("VMGEN_CONFIG")
    if named:
        return Path(named).absolute(), None
    users = Path(platformdirs.user_config_dir("vmgen_analytics", appauthor=False)) / FILE_NAME
    files = [file.absolute() for file in (users, Path(FILE_NAME)) if file.is_file()]
    if len(files) > 1:
        return None, Path.cwd()  # both hold, the one here before the other
    return (files[0] if files else None), None


def _given(variables: Path | None) -> set[str]:
    """Find the names that a file of variables gives a value."""
    lines = variables.read_text(encoding="utf-8", errors="replace").splitlines() if variables else []
    pairs = [line.strip().removeprefix("export ").partition("=") for line in lines]
    return {name.strip() for name, _, value in pairs if value.strip().strip("\"'")}


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
