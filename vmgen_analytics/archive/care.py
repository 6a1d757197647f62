"""Old files of the archive are cleared away, so that a sync costs after years what it cost on the first day."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deltalake import WriterProperties
from deltalake.exceptions import CommitFailedError

from vmgen_analytics.archive.places import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from deltalake import DeltaTable

    from vmgen_analytics.archive.places import Place
    from vmgen_analytics.archive.writing import Added

KEPT_H = 30 * 24
"""For how long what was replaced can be read back."""

COMMITS_BETWEEN = 28
"""A table is cared for at each 28th of its commits: once a week by the schedule of four syncs a day."""

_STAGED_S = 24 * 3600
_STAGED = re.compile(r"#\d+$")


@dataclass(frozen=True)
class Cared:
    """What the care of a table did.

    Attributes
    ----------
    table
        Its name.
    compacted
        Files that were put together with others.
    removed
        Files of no further use that were deleted.
    """

    table: str
    compacted: int
    removed: int


def is_due(added: Added) -> bool:
    """Tell whether a table wants care after an addition, by the number of its commits: no look at the disk."""
    return added.commits // COMMITS_BETWEEN > added.commits_before // COMMITS_BETWEEN


def care(place: Place, names: Iterable[str]) -> list[Cared]:
    """Put small files together, delete what was replaced more than 30 days ago, and shorten the logs.

    Parameters
    ----------
    place
        Where the archive is.
    names
        Archived tables.

    Returns
    -------
    list of Cared
        Of the tables that are there. Whoever reads or writes at the same time is not disturbed.

    Raises
    ------
    ArchiveError
        The archive cannot be read or written; what it holds is as before.
    """
    done = []
    for name in names:
        opened = place.opened(name)
        if opened is not None:
            try:
                done.append(_cared(opened, place, name))
            except TROUBLE as error:
                raise place.unwritable(error) from None
    return done


def _cared(opened: DeltaTable, place: Place, name: str) -> Cared:
    compacted = removed = 0
    with contextlib.suppress(CommitFailedError):  # somebody wrote in the same moment: the next care will do
        if len(opened.file_uris()) > len(opened.partitions()):
            done = opened.optimize.compact(writer_properties=WriterProperties(compression="ZSTD"))
            compacted = int(done["numFilesRemoved"])
        removed = len(opened.vacuum(KEPT_H, dry_run=True, full=True))
        if removed:
            opened.vacuum(KEPT_H, dry_run=False, full=True)
        opened.create_checkpoint()
        opened.cleanup_metadata()
    if place.folder is not None:
        removed += _clear_staged(place.folder / name)
    return Cared(name, compacted, removed)


def _clear_staged(folder: Path) -> int:
    """Delete what killed writers left half-written; the engine names a file so until it is whole."""
    left = [path for path in folder.rglob("*#*") if _STAGED.search(path.name)]
    removed = 0
    for path in left:
        with contextlib.suppress(FileNotFoundError):  # its writer has just finished it
            if time.time() - path.stat().st_mtime > _STAGED_S:
                path.unlink()
                removed += 1
    return removed
