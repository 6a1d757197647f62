"""A schedule that is installed here, in the crontab or among the units of systemd: of which archive it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from vmgen_analytics.scheduling import schedule_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNTOLD = "an archive that its lines do not tell"


@dataclass(frozen=True)
class Installed:
    """What syncs an archive.

    Attributes
    ----------
    name
        The key that it is marked with; None if an earlier version wrote it, which knew one schedule only.
    archive
        The archive that it syncs; None if that cannot be told.
    """

    name: str | None
    archive: str | None

    @property
    def key(self) -> str | None:
        """The key of its archive, whoever wrote it; None if that cannot be told."""
        return self.name or (schedule_key(self.archive) if self.archive else None)

    def __str__(self) -> str:
        return self.archive or self.name or UNTOLD


def archive_of(commands: Iterable[Sequence[str]]) -> str | None:
    """Find the archive that commands of ours name."""
    named = (after for words in commands for word, after in pairwise(words) if word == "--archive")
    return next(named, None)
