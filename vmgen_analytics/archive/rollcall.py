"""Which tables there should be: the log of syncs notes each one that is there, and tables tell of one another."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pyarrow.fs import FileSelector

from vmgen_analytics.archive.contents import TABLES
from vmgen_analytics.archive.marks import identity_mark, noted_identity
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.errors import ArchiveDamaged, ArchiveError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from deltalake import DeltaTable
    from pyarrow.fs import FileInfo

    from vmgen_analytics.archive.places import Place

ROLL = "syncs"
"""The table whose log notes the others."""

_WRITTEN_AFTER = {
    "superseded_usage": "usage",
    "restatements": "usage",
    "superseded_jobs": "jobs",
    "accounts": ROLL,
}
"""Tables, and another that is there wherever they are; of the first sync, the log of syncs is written last."""

BEGUN_ANEW = (
    "it was lost and begun anew: bring back what it held before from a backup, or, if there is none, export the "
    "archive and restore it into another"
)

_log = logging.getLogger(__name__)


def unnoted(place: Place, roll: DeltaTable | None) -> Iterator[tuple[str, int]]:
    """Find the tables that are there and that the log of syncs does not note yet.

    One look at the place; only a table that is new is opened.

    Parameters
    ----------
    place
        Where the archive is.
    roll
        The log of syncs; None if it is about to be made.

    Yields
    ------
    tuple
        Name and identity of a table.
    """
    for name in sorted(_folders(place).intersection(TABLES) - {ROLL}):
        if roll is not None and noted_identity(roll, name) is not None:
            continue
        try:
            opened = place.opened(name)
        except ArchiveError:  # `archive check` tells of it, and a sync that does not need it goes on
            continue
        if opened is not None:
            yield name, identity_mark(opened)


def begin(place: Place, name: str) -> None:
    """Look before a table is made whether it was there once, and say so.

    Raises
    ------
    ArchiveDamaged
        Its rows are still there, without the log that tells which of them count: a new log would let them be deleted.
    """
    roll = None if name == ROLL else place.opened(ROLL)
    if roll is None or noted_identity(roll, name) is None:
        return
    if any(info.path.endswith(".parquet") for info in _infos(place, name, recursive=True)):
        raise ArchiveDamaged(
            f"the log of {name} in the archive at {place.url} is gone, and its rows lie there without it: nothing is "
            f"added to them; bring back the folder {name}/_delta_log from a backup"
        )
    _log.warning(
        "%s was in the archive at %s, and is gone: it is begun anew, and what it held is lost unless you bring it back",
        name,
        place.url,
    )


def absent(opened: Mapping[str, DeltaTable], there: Collection[str]) -> Iterator[tuple[str, str]]:
    """Name the tables that should be there and are not.

    Parameters
    ----------
    opened
        Tables that can be opened, by name.
    there
        Names of tables of which anything is there.

    Yields
    ------
    tuple
        Name of a table, and what is wrong.
    """
    roll = opened.get(ROLL)
    for name in [each for each in TABLES if each not in there]:
        witnesses = [other for other, needed in _WRITTEN_AFTER.items() if needed == name and other in there]
        if roll is not None and noted_identity(roll, name) is not None:
            yield name, "the table is gone, and was there by the log of syncs"
        elif witnesses and name == ROLL:
            yield name, "the log of syncs is gone, or the first sync was broken off; sync again"
        elif witnesses:
            yield name, f"the table is gone, and was there when {witnesses[0]} was written"


def begun_anew(opened: Mapping[str, DeltaTable]) -> Iterator[tuple[str, str]]:
    """Name the tables that are others than those that were there when a sync noted them.

    Parameters
    ----------
    opened
        Tables that can be opened, by name.

    Yields
    ------
    tuple
        Name of a table, and what is wrong.
    """
    roll = opened.get(ROLL)
    for name, each in opened.items():
        noted = None if roll is None else noted_identity(roll, name)
        if noted is not None and noted != identity_mark(each):
            yield name, BEGUN_ANEW


def _folders(place: Place) -> set[str]:
    return {info.base_name for info in _infos(place, "", recursive=False)}


def _infos(place: Place, name: str, *, recursive: bool) -> list[FileInfo]:
    selector = FileSelector("", recursive=recursive, allow_not_found=True)
    try:
        infos: list[FileInfo] = place.files(name).get_file_info(selector)
    except FileNotFoundError:
        return []
    except TROUBLE as error:
        if "does not exist" in str(error) or "NotFound" in str(error):
            return []
        raise place.unreadable(name or ROLL, error) from None
    return infos
