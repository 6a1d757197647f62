"""Which tables there should be: the log of syncs notes each, each notes the log of syncs, and some tell of others."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from vmgen_analytics.archive.contents import ROLL, TABLES
from vmgen_analytics.archive.listing import infos, rows_left
from vmgen_analytics.archive.marks import PROPERTIES, identity_mark, marks, noted_identity
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.archive.rollback import put_back
from vmgen_analytics.errors import ArchiveDamaged, ArchiveError
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from deltalake import DeltaTable

    from vmgen_analytics.archive.places import Place

WITNESS = "accounts"
"""The table that is written first in every sync."""

_WRITTEN_AFTER = {
    "superseded_usage": "usage",
    "restatements": "usage",
    "superseded_jobs": "jobs",
    "accounts": ROLL,
}
"""Tables, and another that is there wherever they are; of the first sync, the log of syncs is written last."""

BEGUN_ANEW = (
    "it was lost and begun anew; bring back what it held before from a backup, or, if there is none, export the "
    "archive with --damaged and restore it into another"
)

BROKEN_OFF = "the log of syncs is gone, or the first sync was broken off; sync again"

_log = logging.getLogger(__name__)


def unnoted(place: Place, name: str, table: DeltaTable | None) -> Iterator[tuple[str, int]]:
    """Find the tables that are there and that a table should note and does not yet: the log of syncs all, others it.

    One look at the place; only a table that is new is opened.

    Parameters
    ----------
    place
        Where the archive is.
    name
        Which table is about to be written.
    table
        It; None if it is about to be made.

    Yields
    ------
    tuple
        Name and identity of a table.
    """
    others = sorted(_folders(place).intersection(TABLES) - {ROLL}) if name == ROLL else [ROLL]
    for other in others:
        if table is not None and noted_identity(table, other) is not None:
            continue
        opened = _opened(place, other)
        if opened is not None:
            yield other, identity_mark(opened)


def witness(place: Place) -> None:
    """Let the accounts, which every sync asks for, note the log of syncs when it was made, if they note none yet."""
    roll, accounts = (_opened(place, name) for name in (ROLL, WITNESS))
    if roll is None or accounts is None or noted_identity(accounts, ROLL) is not None:
        return
    try:
        accounts.alter.set_table_properties(PROPERTIES, commit_properties=marks((), [(ROLL, identity_mark(roll))]))
    except TROUBLE as error:  # the log of syncs is there all the same, and other tables note it later
        _log.debug("%s does not note the log of syncs yet: %s", WITNESS, error)


def begin(place: Place, name: str) -> None:
    """Look before a table is made whether it was there once, and say so.

    Raises
    ------
    ArchiveDamaged
        Its rows are still there, without the log that tells which of them count: a new log would let them be deleted.
    """
    if rows_left(place, name):
        raise ArchiveDamaged(
            f"the log of {name} in the archive at {place.url} is gone, and its rows lie there without it: nothing is "
            f"added to them; bring back the folder {name}/_delta_log from a backup, or, if there is none, move the "
            f"folder {name} out of the archive"
        )
    witnesses = (_opened(place, other) for other in (TABLES if name == ROLL else [ROLL]) if other != name)
    if not any(each is not None and noted_identity(each, name) is not None for each in witnesses):
        return
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
    if ROLL not in there and (noting := [name for name, each in opened.items() if noted_identity(each, ROLL)]):
        yield ROLL, f"the log of syncs is gone, and was there when {noting[0]} was written"
        there = {*there, ROLL}
    for name in [each for each in TABLES if each not in there]:
        witnesses = [other for other, needed in _WRITTEN_AFTER.items() if needed == name and other in there]
        if roll is not None and noted_identity(roll, name) is not None:
            yield name, "the table is gone, and was there by the log of syncs"
        elif witnesses and name == ROLL:
            yield name, BROKEN_OFF
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
    if roll is None:
        return
    if any(
        noted_identity(each, ROLL) not in (None, identity_mark(roll)) for name, each in opened.items() if name != ROLL
    ):
        yield ROLL, BEGUN_ANEW
    for name, each in opened.items():
        if noted_identity(roll, name) not in (None, identity_mark(each)):
            yield name, BEGUN_ANEW


def amiss(opened: Mapping[str, DeltaTable], there: Collection[str]) -> Iterator[tuple[str, str]]:
    """Name the tables that are gone, were begun anew, or are older than the log of syncs knows them.

    Parameters
    ----------
    opened
        Tables that can be opened, by name.
    there
        Names of tables of which anything is there.

    Yields
    ------
    tuple
        Name of a table, and what is wrong; after a semicolon the way out.
    """
    yield from absent(opened, there)
    yield from begun_anew(opened)
    yield from put_back(opened)


def without_log(place: Place, opened: Collection[str] = ()) -> dict[str, str]:
    """Name the tables of which rows lie there, and no log that tells which of them count.

    Parameters
    ----------
    place
        Where the archive is.
    opened
        Names of tables that have one.

    Returns
    -------
    dict
        What is wrong, by table. Only of what has a name of a table and cannot be opened is looked what lies there.

    Raises
    ------
    ArchiveError
        The place cannot be read.
    """
    found = {}
    for name in sorted(_folders(place).intersection(TABLES).difference(opened)):
        try:
            if place.opened(name) is None and (rows := rows_left(place, name)):
                found[name] = no_log(len(rows))
        except ArchiveError as error:  # `archive check` tells of it
            _log.debug("%s", error)
    return found


def no_log(files: int) -> str:
    """Say that files of rows lie there without their log."""
    return f"its log is gone, and {counted(files, 'file')} of rows lie there without it"


def lost(place: Place) -> dict[str, str]:
    """Name the tables that were there and are gone, have lost their log, or were begun anew or put back since.

    Parameters
    ----------
    place
        Where the archive is.

    Returns
    -------
    dict
        What is wrong, by table; a table that cannot be read is left to `archive check`.
    """
    opened = {name: each for name in TABLES if (each := _opened(place, name)) is not None}
    there = set(opened) | _folders(place)
    return dict([*amiss(opened, there), *without_log(place, opened).items()])


def _opened(place: Place, name: str) -> DeltaTable | None:
    try:
        return place.opened(name)
    except ArchiveError as error:  # `archive check` tells of it, and a sync that does not need it goes on
        _log.debug("%s", error)
        return None


def _folders(place: Place) -> set[str]:
    return {info.base_name for info in infos(place, "", recursive=False)}
