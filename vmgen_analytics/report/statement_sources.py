"""Which files the division of a month followed, so that two prints of it can be told apart."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from vmgen_analytics.settings import Settings

DIVIDING = ("prices", "vm_locations", "transfer_policy", "cost_centres", "shared_costs")
"""Settings whose files decide who pays how much of an invoice: they hold backwards in time, for closed months too."""

LETTERS = 8
"""Of a digest: enough to tell the versions of a file apart."""


@dataclass(frozen=True)
class SourceFile:
    """A file as it was when it was read: its name, the day of its last change in UTC, and a digest of what it says."""

    name: str
    changed_on: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name} of {self.changed_on} ({self.digest})"

    @classmethod
    def of(cls, path: str | Path) -> SourceFile:
        """Look at a file.

        Parameters
        ----------
        path
            The file.

        Raises
        ------
        SettingsError
            It cannot be read.
        """
        try:
            said = Path(path).read_bytes()
            changed_at = datetime.fromtimestamp(Path(path).stat().st_mtime, tz=UTC)
        except OSError as error:
            raise SettingsError(f"cannot read {path}: {error.strerror}; name a file that exists") from None
        return cls(Path(path).name, f"{changed_at:%Y-%m-%d}", hashlib.sha256(said).hexdigest()[:LETTERS])


def source_files(settings: Settings) -> tuple[SourceFile, ...]:
    """Look at the files that the settings name for dividing invoices: prices, locations, policies and who pays.

    Parameters
    ----------
    settings
        Name the files; those that are not set are left out.

    Raises
    ------
    SettingsError
        One cannot be read.
    """
    return tuple(SourceFile.of(path) for name in DIVIDING if (path := getattr(settings, name)))
