"""The whole archive as one file, and back: a ZIP with a Parquet file for each table, and a manifest of them."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import zipfile
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from vmgen_analytics.archive.contents import TABLES, months_of
from vmgen_analytics.archive.holding import held_open
from vmgen_analytics.archive.locking import locked
from vmgen_analytics.archive.marks import RESTORE_KEY, VERSION
from vmgen_analytics.archive.places import TROUBLE, Place
from vmgen_analytics.archive.rescuing import gathered
from vmgen_analytics.archive.restoring import (
    FOLDER,
    begin,
    begun,
    end,
    foreign,
    leaving_nothing_new,
    refuse_broken_off,
    take_back,
)
from vmgen_analytics.archive.silence import without_panics
from vmgen_analytics.archive.unpacking import FORMAT, MANIFEST, unpacked
from vmgen_analytics.archive.writing import create
from vmgen_analytics.arrow import to_arrow
from vmgen_analytics.errors import ArchiveError, SettingsError
from vmgen_analytics.writing import replacing

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

_NOTED = 100
"""So many places of damage are noted in a file; all of them are told."""

_log = logging.getLogger(__name__)


def export(place: Place, file: Path, *, damaged: bool = False) -> dict[str, int]:
    """Write all rows of all tables to one file, which is there whole or not at all.

    Parameters
    ----------
    place
        Where the archive is.
    file
        Where to; nothing must be there.
    damaged
        Of an archive that is damaged, write what can be read all the same. What is not in the file, or not as it was
        written, is told by warnings in the log, and noted in the file for who restores it.

    Returns
    -------
    dict
        Rows by table.

    Raises
    ------
    ArchiveDamaged
        What is stored is not what was written, or a table is gone or older than the log of syncs knows it: an export
        of it would pass for whole.
    ArchiveError
        The archive cannot be read or is empty, or the file cannot be written.
    SettingsError
        The file is there already.
    """
    if os.path.lexists(file):
        raise SettingsError(f"{file} is there already, and an export replaces nothing: name another file, or remove it")
    refuse_broken_off(place)
    kept, damage = gathered(place, damaged=damaged)
    entries: dict[str, Any] = {}
    try:
        with replacing(file) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as bundle:
            for name, rows in kept.items():
                content = _parquet(to_arrow(TABLES[name], rows))
                entries[name] = {"rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}
                bundle.writestr(f"{name}.parquet", content)
            manifest = {"format": FORMAT, "version": VERSION, "tables": entries}
            bundle.writestr(MANIFEST, json.dumps(manifest | ({"damage": damage[:_NOTED]} if damage else {}), indent=2))
    except OSError as error:
        raise ArchiveError(f"cannot write {file}: {error.strerror or error}; name another place for it") from None
    for what in damage:
        _log.warning("%s is not the whole archive: %s", file, what)
    return {name: len(rows) for name, rows in kept.items()}


def restore(place: Place, file: Path, *, patience_s: float | None = None) -> dict[str, int]:
    """Write what `export` wrote into an archive that is empty; the file is read and checked before a row is written.

    Parameters
    ----------
    place
        Where the archive is to be.
    file
        What `export` wrote.
    patience_s
        Keep syncs out, and wait so long for one that is under way; by default the caller sees to that.

    Returns
    -------
    dict
        Rows by table. What was damaged when it was exported is told by warnings in the log.

    Raises
    ------
    ArchiveError
        The archive is not empty, the file is none of ours, damaged or newer than this package, or the archive cannot
        be written; then it is left empty, and not made if it was not there.
    SettingsError
        There is no such file.
    """
    _refuse_filled(place)
    found = unpacked(file)
    with leaving_nothing_new(place), nullcontext() if patience_s is None else locked(place, "sync", patience_s):
        _refuse_filled(place)  # by a sync that was waited for
        try:
            with without_panics():
                if (broken_off := begun(place)) is not None:
                    take_back(place, broken_off)
                _write(place, found.tables)
        except TROUBLE as error:
            raise place.unwritable(error) from None
    for what in found.damage:
        _log.warning("%s was exported from a damaged archive: %s", file, what)
    return {name: len(rows) for name, rows in found.tables.items()}


def _refuse_filled(place: Place) -> None:
    if held := foreign(place):
        raise ArchiveError(
            f"the archive at {place.url} is not empty (it has {', '.join(held)}): restore into another, with --archive"
        )


def _write(place: Place, found: dict[str, pd.DataFrame]) -> None:
    """Write tables, all of them or none; until they are whole, a note beside them says that they are not."""
    number = begin(place)
    try:
        with held_open():
            if place.folder is None:
                _store(place, found, number)
            else:
                _store(Place.at(place.folder / FOLDER), found, number)
                for name in [name for name, rows in found.items() if not rows.empty]:
                    (place.folder / FOLDER / name).rename(place.folder / name)
        end(place, number)
    except BaseException:
        with suppress(ArchiveError, *TROUBLE):  # the error that led here is told, and the next restore tries again
            take_back(place, number)
        raise


def _store(place: Place, found: dict[str, pd.DataFrame], number: int) -> None:
    """Write each table in one commit."""
    for name, rows in found.items():
        if rows.empty:
            continue
        parts = rows.assign(month=months_of(TABLES[name], rows)).groupby(["account", "month"], sort=True)
        create(
            place,
            TABLES[name],
            [(str(account), str(month), part.drop(columns="month")) for (account, month), part in parts],
            [(RESTORE_KEY, number)],
        )


def _parquet(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd")
    return sink.getvalue()
