"""Where the tables of an archive lie, and how they are opened: the only room that knows folders from object stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from vmgen_analytics.archive.addresses import address_of, folder_of
from vmgen_analytics.archive.causes import Cause, cause_in_checkpoint, cause_of, reason
from vmgen_analytics.archive.checkpoints import broken_checkpoint
from vmgen_analytics.archive.holding import newest_state
from vmgen_analytics.archive.marks import VERSION, version_of
from vmgen_analytics.errors import ArchiveDamaged, ArchiveError, ArchiveShut

if TYPE_CHECKING:
    from pathlib import Path

    from deltalake import DeltaTable

__all__ = ["TROUBLE", "Place", "reason"]

TROUBLE = (OSError, DeltaError, pa.ArrowException)
"""What the engine raises when it cannot read or write."""

_PATIENCE = {"max_retries": "5", "retry_timeout": "60s"}
"""Without it, a store that does not answer is waited for three minutes at each request."""


@dataclass(frozen=True)
class Place:
    """A folder, or an address in an object store.

    Attributes
    ----------
    url
        As the user wrote it, without a slash at its end.
    folder
        The same as a path; None in an object store.
    """

    url: str
    folder: Path | None

    @classmethod
    def at(cls, url: str | Path) -> Place:
        """Understand what a user calls the place.

        Raises
        ------
        SettingsError
            It is an address without a bucket, or a name with which the engine cannot work.
        """
        folder = folder_of(url)
        if folder is None:
            address_of(str(url))
        return cls(str(url).rstrip("/") or "/", folder)

    @property
    def options(self) -> dict[str, str] | None:
        """What the store is told beyond what the environment says."""
        return None if self.folder is not None else dict(_PATIENCE)

    def of(self, name: str) -> str:
        """Tell where a table lies."""
        return f"{address_of(self.url)}/{name}" if self.folder is None else str(self.folder / name)

    def files(self, name: str) -> PyFileSystem:
        """Show the files of a table, as its log names them."""
        return PyFileSystem(DeltaStorageHandler(self.of(name), self.options))

    def opened(self, name: str) -> DeltaTable | None:
        """Open the newest state of a table.

        Parameters
        ----------
        name
            An archived table.

        Returns
        -------
        DeltaTable or None
            None if nothing was ever stored in it.

        Raises
        ------
        ArchiveError
            It cannot be read, or a newer version of this package wrote it.
        """
        try:
            found = newest_state(self.of(name), self.options)
            version = version_of(found)
        except TableNotFoundError:
            if trouble := self._shut(name):
                raise self.unreadable(name, trouble) from None
            return None
        except TROUBLE as error:
            raise self.unreadable(name, self._shut(name) or error, is_shut=True) from None
        if version > VERSION:
            raise ArchiveError(
                f"the archive at {self.url} has version {version}, and this package knows version {VERSION} at most; "
                "update it with: pip install --upgrade vmgen_analytics"
            )
        return found

    def _shut(self, name: str) -> OSError | None:
        """Tell why a folder that is no table may be one all the same: we may not look into it, or it is a file."""
        if self.folder is None:
            return None
        try:
            if self.folder.is_dir():
                next((self.folder / name).iterdir(), None)
        except FileNotFoundError:
            return None
        except OSError as error:
            return error
        return None

    def unreadable(self, name: str, error: Exception, *, is_shut: bool = False) -> ArchiveError:
        """Say that a table cannot be read, or not even opened, why, and the way out."""
        cause = cause_of(error, self.url, self.folder)
        if cause.is_damage:
            cause = self._in_checkpoint(name, is_shut=is_shut) or cause
        return self._kind(cause)(f"cannot read {name} in the archive at {self.url}: {cause.what}; {cause.way_out}")

    def _in_checkpoint(self, name: str, *, is_shut: bool) -> Cause | None:
        """Tell whether it is a checkpoint that keeps a table from being read: the engine names none."""
        try:
            found = broken_checkpoint(self.files(name), is_shut=is_shut)
        except TROUBLE:
            return None
        if found is None:
            return None
        spare = [f"{name}/{file}" for file in found.spare]
        return cause_in_checkpoint(f"{name}/{found.file}", spare, is_missing=found.is_missing)

    def _kind(self, cause: Cause) -> type[ArchiveError]:
        """Tell damage from what is not to be looked at; a store that does not answer does so for every table."""
        if cause.is_damage:
            return ArchiveDamaged
        return ArchiveError if self.folder is None else ArchiveShut

    def damaged(self, name: str, account: str, month: str, refused: str) -> ArchiveDamaged:
        """Say that rows of an account and month are not those that were written, what is refused, and what to run."""
        return ArchiveDamaged(
            f"the rows of {name}, account {account}, month {month} in the archive at {self.url} are not those that "
            f"were written: {refused}; `vmgen-analytics archive check` names what is damaged, to be brought back from "
            "a backup"
        )

    def unwritable(self, error: Exception) -> ArchiveError:
        """Say that the archive cannot be written, why, and the way out."""
        cause = cause_of(error, self.url, self.folder, is_write=True)
        kind = ArchiveDamaged if cause.is_damage else ArchiveError
        return kind(f"cannot write the archive at {self.url}: {cause.what}; {cause.way_out}")
