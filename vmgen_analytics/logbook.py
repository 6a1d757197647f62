"""What was asked of machines: written down before it is sent, and completed as far as its end is known."""

from __future__ import annotations

import getpass
import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.archive.attempts import attempts
from vmgen_analytics.errors import (
    APIError,
    ArchiveError,
    CommandOutcomeUnknown,
    CommandRefused,
    JobFailed,
    JobTimeout,
    VMgenError,
)
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive

UNDER_WAY = ("sending", "accepted")
LOCK_S = 30.0
PAUSES_S = (0.05, 0.2, 0.5)
"""Waits before writing again into an object store: it has no lock, and others may have written in the same moment."""


class Line:
    """One command in table ``commands``; each word on it is stored before anything else is done.

    Attributes
    ----------
    requested_at
        When it was about to be sent, by the provider's clock.
    command_id
        What tells it apart.
    """

    def __init__(self, client: Client, archive: Archive | None, command: Mapping[str, Any]) -> None:
        self.requested_at: pd.Timestamp = command.get("requested_at") or pd.Timestamp(client.now())
        self._client = client
        self._archive = archive
        self._row: dict[str, Any] = {
            "account": client.account_name,
            "requested_at": self.requested_at,
            "command_id": uuid.uuid4().hex,
            "user": _user(),
            **command,
        }
        self.command_id: str = self._row["command_id"]
        self._unwritten: ArchiveError | None = None

    def note(self, outcome: str, *, vm_id: int | None = None, job_id: str = "") -> None:
        """Write how far it has come; what cannot be stored now is tried again at the end.

        Parameters
        ----------
        outcome
            sending, accepted, done, failed, timed_out, unknown, refused or not_sent.
        vm_id, job_id
            What is known only now.
        """
        self._row["outcome"] = outcome
        self._row["vm_id"] = self._row.get("vm_id") if vm_id is None else vm_id
        self._row["job_id"] = job_id or self._row.get("job_id")
        now = max(self.requested_at, pd.Timestamp(self._client.now()))  # the provider's clock tells whole seconds
        self._row["finished_at"] = None if outcome in UNDER_WAY else now
        try:
            self._store()
        except ArchiveError as error:
            self._unwritten = error
        else:
            self._unwritten = None

    def begin(self) -> None:
        """Write that it is about to be sent.

        Raises
        ------
        ArchiveError
            It cannot be written down, so it must not be sent.
        """
        self.note("sending")
        if self._unwritten:
            raise ArchiveError(f"nothing was sent, because it cannot be written down: {self._unwritten}")

    def check(self) -> None:
        """Make sure that all is stored.

        Raises
        ------
        ArchiveError
            It is not, naming what is missing in the archive.
        """
        if self._unwritten:
            error = ArchiveError(
                f"{self._row['command']} was sent and is {self._row['outcome']}, "
                f"but that cannot be written down: {self._unwritten}"
            )
            error.sent = "yes"
            raise error

    def _store(self) -> None:
        if self._archive is None:
            return
        line = TABLES["commands"].frame({name: [value] for name, value in self._row.items()})
        with self._archive.lock(LOCK_S, what="commands"):
            for is_last in attempts(PAUSES_S if self._archive.folder is None else ()):
                try:
                    self._archive.add("commands", line)
                except ArchiveError:
                    if is_last:
                        raise
                else:
                    return


@contextmanager
def written_down(
    client: Client,
    archive: Archive | None,
    command: str,
    *,
    vm_id: int | None = None,
    details: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Iterator[Line]:
    """Write a command down, let it be sent, and complete the line with what became of it.

    A process that dies in between leaves the line at ``sending``, which `left_sending` lists.

    Parameters
    ----------
    client
        Whose account and clock it is.
    archive
        Where the line goes; None writes nothing.
    command
        What is asked.
    vm_id
        Of which VM, where it is known.
    details
        What else is asked for; never a secret.
    reason
        Why.

    Yields
    ------
    Line
        On which to note how far it has come.

    Raises
    ------
    ArchiveError
        It cannot be written down: before, then nothing is sent, or after.
    """
    told = json.dumps(details, ensure_ascii=False) if details else ""
    line = Line(client, archive, {"command": command, "vm_id": vm_id, "details": told, "reason": reason})
    line.begin()
    with _completed(line):
        yield line


@contextmanager
def taken_up(client: Client, archive: Archive | None, command_id: str) -> Iterator[Line | None]:
    """Complete the line of a command that was written down before, with what becomes of it now.

    Parameters
    ----------
    client
        Whose clock it is.
    archive
        Where the line is; None writes nothing.
    command_id
        Which line.

    Yields
    ------
    Line
        On which to note how far it has come, or None where there is none.

    Raises
    ------
    ArchiveError
        It cannot be read, or not be written.
    """
    commands = None if archive is None else archive.read("commands", account=client.account_name)
    lines = [] if commands is None else commands[commands["command_id"] == command_id].to_dict("records")
    if not lines:
        yield None
        return
    line = Line(client, archive, {str(name): None if pd.isna(value) else value for name, value in lines[0].items()})
    with _completed(line):
        yield line


@contextmanager
def _completed(line: Line) -> Iterator[None]:
    """Note how it ended where it ends with an error, and make sure that all is stored."""
    try:
        yield
    except VMgenError as error:
        line.note(outcome_of(error))
        try:
            line.check()
        except ArchiveError as unwritten:
            error.add_note(str(unwritten))
        raise
    line.check()


def left_sending(archive: Archive, account: str | None = None) -> pd.DataFrame:
    """List commands that were about to be sent when their process died: they may have been carried out.

    A command that another process is sending right now is among them.

    Parameters
    ----------
    archive
        Where commands are written down.
    account
        Only of this account.

    Returns
    -------
    DataFrame
        Table ``commands``, of those with the outcome ``sending``.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    """
    commands = archive.read("commands", account=account)
    return commands[commands["outcome"] == "sending"].reset_index(drop=True)


def sentence(command: Any) -> str:
    """Tell of a row of `left_sending`, and what to do about it."""
    return (
        f"{command.command} of VM {command.vm_id}, about to be sent at {command.requested_at:%Y-%m-%d %H:%M} UTC by "
        f"{command.user}; look at the VM before sending it again"
    )


def outcome_of(error: VMgenError) -> str:
    """Tell by the error with which a command ended what became of it: a word of ``outcome`` in table ``commands``."""
    known: dict[type[VMgenError], str] = {
        JobFailed: "failed",
        JobTimeout: "timed_out",
        CommandOutcomeUnknown: "unknown",
        CommandRefused: "not_sent",
    }
    if type(error) in known:
        return known[type(error)]
    if getattr(error, "sent", "") == "no":
        return "not_sent"
    return "refused" if isinstance(error, APIError) else "unknown"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may have nobody
        return "unknown"
