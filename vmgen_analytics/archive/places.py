"""Where the tables of an archive lie, and how they are opened: the only room that knows folders from object stores."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from vmgen_analytics.errors import ArchiveError

TROUBLE = (OSError, DeltaError, pa.ArrowException)
"""What the engine raises when it cannot read or write."""


@dataclass(frozen=True)
class Place:
    """A folder, or an address in an object store.

    Attributes
    ----------
    url
        As the user wrote it, without a slash at its end.
    folder
        The same as a path; None in an object store, and for an address as ``file:///srv/archive``.
    """

    url: str
    folder: Path | None

    @classmethod
    def at(cls, url: str | Path) -> Place:
        """Understand what a user calls the place."""
        written = str(url).rstrip("/")
        return cls(written, None if "://" in written else Path(written).expanduser())

    def of(self, name: str) -> str:
        """Tell where a table lies."""
        return f"{self.url}/{name}" if self.folder is None else str(self.folder / name)

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
            It cannot be read.
        """
        try:
            where = self.of(name)
            return DeltaTable(where) if DeltaTable.is_deltatable(where) else None
        except TROUBLE as error:
            raise self.unreadable(name, error) from None

    def unreadable(self, name: str, error: Exception) -> ArchiveError:
        """Say that a table cannot be read, and why."""
        return ArchiveError(f"cannot read {name} in the archive at {self.url}: {reason(error)}")

    def unwritable(self, error: Exception) -> ArchiveError:
        """Say that the archive cannot be written, why, and the way out."""
        return ArchiveError(
            f"cannot write the archive at {self.url}: {reason(error)}; "
            "give it another place with --archive, or free this one"
        )


def reason(error: Exception) -> str:
    """Put the causes that an error lists, in colour and on lines of their own, into one plain line."""
    plain = re.sub(r"\x1b\[[0-9;]*m|↳", "", str(error))
    return ": ".join(filter(None, map(str.strip, plain.splitlines())))[:300] or type(error).__name__
