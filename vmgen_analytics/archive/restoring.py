"""A restore that is under way, or was broken off: how others know of it, and what of it may be taken back."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import DeltaTable, Schema

from vmgen_analytics.archive.contents import TABLES
from vmgen_analytics.archive.holding import held_open
from vmgen_analytics.archive.listing import sizes
from vmgen_analytics.archive.locking import LOCK_NAME
from vmgen_analytics.archive.marks import RESTORE_KEY, marks, noted_restore
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vmgen_analytics.archive.places import Place

FOLDER = ".restoring"
"""Beside the tables, a table without rows: the note of a restore, as a store writes such a thing whole or not at all.

What is restored into a folder is written in it first, and moved when it is whole."""

_BITS = 62
_LAST_COMMIT = 2
"""A restore makes a table, puts rows into it, and lets one table note the log of syncs."""

_ROWS = re.compile(r"\.parquet(#\d+)?$")


def refuse_broken_off(place: Place) -> None:
    """Make sure that what lies at a place is no part of a restore.

    Parameters
    ----------
    place
        Where the archive is.

    Raises
    ------
    ArchiveError
        It is, or the place cannot be read.
    """
    if begun(place) is not None:
        raise ArchiveError(
            f"a restore into the archive at {place.url} was broken off, or is under way: run it again, with "
            "`vmgen-analytics archive restore`, and its file"
        )


@contextmanager
def leaving_nothing_new(place: Place) -> Iterator[None]:
    """Take away the folder of an archive that was made meanwhile, and is empty but for a lock, when anything fails.

    Parameters
    ----------
    place
        Where the archive is to be.
    """
    folder = place.folder
    made = [] if folder is None else [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
    try:
        yield
    except BaseException:
        with suppress(OSError):  # something lies there by now, which stays
            if made and [each.name for each in made[0].iterdir()] == [LOCK_NAME.format("sync")]:
                (made[0] / LOCK_NAME.format("sync")).unlink()
            for each in made:
                each.rmdir()
        raise


def begun(place: Place) -> int | None:
    """Tell the number of the restore that was begun at a place and did not end; None if none was.

    Raises
    ------
    ArchiveError
        The place cannot be read.
    """
    with held_open():  # what is open may be of a note that was deleted
        note = place.opened(FOLDER)
    return None if note is None else noted_restore(note)


def begin(place: Place) -> int:
    """Write down that a restore is under way, before its first table; of two at once, one does.

    Returns
    -------
    int
        Its number, by which each of its tables is known.

    Raises
    ------
    OSError, DeltaError
        It cannot be written.
    """
    number = secrets.randbits(_BITS)
    try:
        DeltaTable.create(
            place.of(FOLDER),
            Schema.from_arrow(pa.schema([("restore", pa.string())])),
            mode="error",
            storage_options=place.options,
            commit_properties=marks((), notes=[(RESTORE_KEY, number)]),
        )
    except TROUBLE:
        if place.folder is not None and (place.folder / FOLDER).is_dir():
            _remove_empty(place.folder / FOLDER)
        raise
    return number


def end(place: Place, number: int) -> None:
    """Write down that a restore is whole.

    Raises
    ------
    ArchiveError
        Another one was begun in its place meanwhile, which takes back what this one wrote.
    OSError, DeltaError
        It cannot be written.
    """
    if begun(place) != number:
        raise ArchiveError(f"another restore into the archive at {place.url} was begun meanwhile; look what it says")
    if place.folder is not None:
        for name in TABLES:
            shutil.rmtree(place.folder / FOLDER / name, ignore_errors=True)
    _delete(place, FOLDER)


def foreign(place: Place) -> list[str]:
    """Name the tables under whose names lies anything that is not of a restore that was broken off.

    Parameters
    ----------
    place
        Where the archive is to be.

    Raises
    ------
    ArchiveError
        The place cannot be read.
    """
    number = begun(place)
    held = [name for name in TABLES if _holds(place, name)]
    return held if number is None else [name for name in held if not _is_surely_ours(place, name, number)]


def take_back(place: Place, number: int) -> None:
    """Delete what a restore wrote, and nothing else; as long as anything of it is there, it counts as begun.

    Parameters
    ----------
    place
        Where the archive is.
    number
        Which restore.

    Raises
    ------
    ArchiveError, OSError, DeltaError
        The place cannot be read or written.
    """
    if begun(place) != number:
        return
    for name in TABLES:
        if _is_ours(place, name, number):
            _delete(place, name)
    end(place, number)


def _holds(place: Place, name: str) -> bool:
    """Tell whether anything lies under a table's name, an empty folder left aside."""
    if place.folder is None:
        return bool(sizes(place, name))
    path = place.folder / name
    try:
        return any(path.iterdir()) if path.is_dir() and not path.is_symlink() else os.path.lexists(path)
    except OSError as error:
        raise place.unreadable(name, error) from None


def _is_ours(place: Place, name: str, number: int) -> bool:
    """Tell whether a table was made by a restore, and nobody has written to it since."""
    with held_open():  # what is open may be of a table that was deleted
        opened = place.opened(name)
    return opened is not None and noted_restore(opened) == number and int(opened.version()) <= _LAST_COMMIT


def _is_surely_ours(place: Place, name: str, number: int) -> bool:
    try:
        return _is_ours(place, name, number)
    except ArchiveError:  # what cannot be read may be anybody's
        return False


def _delete(place: Place, name: str) -> None:
    """Delete a table: its rows first, and its log from the end on, so that to the last it says whose it was."""
    paths = sizes(place, name)
    entries = sorted((path for path in paths if path.startswith("_delta_log/")), reverse=True)
    rows = [path for path in paths if path not in entries and _ROWS.search(path)]
    files = place.files(name)
    for path in [*rows, *entries]:
        files.delete_file(path)
    if place.folder is not None:
        _remove_empty(place.folder / name)


def _remove_empty(folder: Path) -> None:
    for each in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(each.iterdir()):
            each.rmdir()
    if not any(folder.iterdir()):
        folder.rmdir()
