"""Where the tables of an archive lie, and how they are opened: the only room that knows folders from object stores."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from vmgen_analytics.archive.holding import newest_state
from vmgen_analytics.archive.marks import VERSION, version_of
from vmgen_analytics.errors import ArchiveDamaged, ArchiveError, SettingsError

if TYPE_CHECKING:
    from deltalake import DeltaTable

TROUBLE = (OSError, DeltaError, pa.ArrowException)
"""What the engine raises when it cannot read or write."""

SHORT = 160
"""So long may be what the engine says, within a sentence of ours."""

_PATIENCE = {"max_retries": "5", "retry_timeout": "60s"}
"""Without it, a store that does not answer is waited for three minutes at each request."""

_CAUSES = (
    (
        r"NoSuchBucket|bucket does not exist|Bucket not found",
        "there is no such bucket; make it in the store, or name another archive",
    ),
    (
        r"169\.254\.|metadata\.google|IMDS|(no|loading).{0,20}credentials|missing.{0,30}(key|account)|Account must be",
        "there are no credentials for it; set {keys}",
    ),
    (
        r"403 Forbidden|401 Unauthorized|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch",
        "the store refuses these credentials; look at {keys}, and at what they may do",
    ),
    (
        r"error sending request|Connection refused|dns error|timed out",
        "the store does not answer; look at {address}the network",
    ),
    (r"No suitable object store|unknown scheme|UnknownScheme", "no store is known by such an address"),
)
"""What an object store means, by a pattern of what it says, with the way out."""

_KEYS = {
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"),
}
_AWS_KEYS = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION"
"""Variables of the environment by which a store knows us, by the scheme of its address."""

_BUCKETS = ("s3", "s3a", "gs", "az", "abfs", "abfss", "adl")


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
        """Understand what a user calls the place.

        Raises
        ------
        SettingsError
            It is an address without a bucket.
        """
        scheme, _, rest = str(url).partition("://")
        if scheme in _BUCKETS and not rest.strip("/"):
            raise SettingsError(
                f"the archive {url} names no bucket: write {scheme}://BUCKET or {scheme}://BUCKET/FOLDER"
            )
        written = str(url).rstrip("/")
        return cls(written, None if "://" in written else Path(written).expanduser())

    @property
    def options(self) -> dict[str, str] | None:
        """What the store is told beyond what the environment says."""
        return None if self.folder is not None or self.url.startswith("file:") else dict(_PATIENCE)

    def of(self, name: str) -> str:
        """Tell where a table lies."""
        return f"{self.url}/{name}" if self.folder is None else str(self.folder / name)

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
            raise self.unreadable(name, self._shut(name) or error) from None
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

    def unreadable(self, name: str, error: Exception) -> ArchiveError:
        """Say that a table cannot be read, why, and what to run."""
        if cause := _cause(self.url, error):
            return ArchiveError(f"cannot read {name} in the archive at {self.url}: {cause}")
        kind = ArchiveError if isinstance(error, PermissionError) else ArchiveDamaged
        return kind(
            f"cannot read {name} in the archive at {self.url}: {reason(error)}; "
            "`vmgen-analytics archive check` names what is damaged"
        )

    def damaged(self, name: str, account: str, month: str, refused: str) -> ArchiveDamaged:
        """Say that rows of an account and month are not those that were written, what is refused, and what to run."""
        return ArchiveDamaged(
            f"the rows of {name}, account {account}, month {month} in the archive at {self.url} are not those that "
            f"were written: {refused}; `vmgen-analytics archive check` names what is damaged, to be brought back from "
            "a backup"
        )

    def unwritable(self, error: Exception) -> ArchiveError:
        """Say that the archive cannot be written, why, and the way out."""
        way_out = (
            "" if (cause := _cause(self.url, error)) else "; give it another place with --archive, or free this one"
        )
        return ArchiveError(f"cannot write the archive at {self.url}: {cause or reason(error)}{way_out}")


def reason(error: Exception) -> str:
    """Put the innermost cause that an error lists, in colour and on lines of their own, into one short line."""
    plain = re.sub(r"\x1b\[[0-9;]*m|↳", "", str(error))
    lines = [line for line in map(str.strip, plain.splitlines()) if line]
    text = ": ".join(lines)
    if len(text) > SHORT and (number := re.search(r"\(os error (\d+)\)", text)):
        # a long path stands before what the system says of it
        file = re.search(r"/[^:]*/([^/:]+)/([^/:]+?)(#\d+)?:", text)
        return f"{os.strerror(int(number[1]))}{f': {file[1]}/{file[2]}' if file else ''}"
    return text[:SHORT] or type(error).__name__


def _cause(url: str, error: Exception) -> str:
    scheme, found, _ = url.partition("://")
    if not found:
        return ""
    said = " ".join(str(error).split())
    meaning = next((meaning for pattern, meaning in _CAUSES if re.search(pattern, said, re.IGNORECASE)), "")
    address = "" if scheme in _KEYS else "AWS_ENDPOINT_URL, AWS_REGION and "
    return meaning.format(keys=_KEYS.get(scheme, _AWS_KEYS), address=address)
