"""The whole archive as one file, and back: a ZIP with a Parquet file for each table, and a manifest of them."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from vmgen_analytics.archive.contents import ROLL, TABLES, months_of
from vmgen_analytics.archive.holding import held_open
from vmgen_analytics.archive.marks import RESTORE_KEY, VERSION
from vmgen_analytics.archive.places import TROUBLE, Place
from vmgen_analytics.archive.proving import is_changed, parts_gone
from vmgen_analytics.archive.reading import rows_of
from vmgen_analytics.archive.restoring import FOLDER, begin, begun, end, foreign, refuse_broken_off, take_back
from vmgen_analytics.archive.rollcall import absent, without_log
from vmgen_analytics.archive.silence import without_panics
from vmgen_analytics.archive.writing import create
from vmgen_analytics.arrow import schema_of, to_arrow, to_pandas
from vmgen_analytics.errors import ArchiveDamaged, ArchiveError, SchemaError, SettingsError
from vmgen_analytics.writing import replacing

if TYPE_CHECKING:
    import pandas as pd
    from deltalake import DeltaTable

    from vmgen_analytics.table import Table

FORMAT = "vmgen_analytics archive"
MANIFEST = "manifest.json"

_MANIFEST_BYTES = 100_000
"""More than a hundred times what a manifest has: a file that claims more is none of ours, and is not read."""

_CELL_BYTES = 8
"""What a cell takes at least, once it is read."""


def export(place: Place, file: Path) -> dict[str, int]:
    """Write all rows of all tables to one file, which is there whole or not at all.

    Parameters
    ----------
    place
        Where the archive is.
    file
        Where to; nothing must be there.

    Returns
    -------
    dict
        Rows by table.

    Raises
    ------
    ArchiveDamaged
        What is stored is not what was written: an export of it would pass for whole.
    ArchiveError
        The archive cannot be read or is empty, or the file cannot be written.
    SettingsError
        The file is there already.
    """
    if os.path.lexists(file):
        raise SettingsError(f"{file} is there already, and an export replaces nothing: name another file, or remove it")
    refuse_broken_off(place)
    tables = {name: opened for name in TABLES if (opened := place.opened(name)) is not None}
    if bare := without_log(place, tables):
        raise ArchiveDamaged(
            f"{next(iter(bare))} in the archive at {place.url}: {next(iter(bare.values()))}: nothing was exported; "
            "bring it back from a backup"
        )
    if not tables:
        raise ArchiveError(f"the archive at {place.url} is empty or not there: there is nothing to export")
    if gone := [
        f"{name} in the archive at {place.url}: {what}" for name, what in absent(tables, tables) if name != ROLL
    ]:
        raise ArchiveDamaged(f"{gone[0]}: nothing was exported; bring it back from a backup")
    kept = {name: _proven(place, TABLES[name], opened) for name, opened in tables.items()}
    entries: dict[str, Any] = {}
    try:
        with replacing(file) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as bundle:
            for name, rows in kept.items():
                content = _parquet(to_arrow(TABLES[name], rows))
                entries[name] = {"rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}
                bundle.writestr(f"{name}.parquet", content)
            bundle.writestr(MANIFEST, json.dumps({"format": FORMAT, "version": VERSION, "tables": entries}, indent=2))
    except OSError as error:
        raise ArchiveError(f"cannot write {file}: {error.strerror or error}; name another place for it") from None
    return {name: len(rows) for name, rows in kept.items()}


def restore(place: Place, file: Path) -> dict[str, int]:
    """Write what `export` wrote into an archive that is empty; the file is read and checked before a row is written.

    Parameters
    ----------
    place
        Where the archive is to be.
    file
        What `export` wrote.

    Returns
    -------
    dict
        Rows by table.

    Raises
    ------
    ArchiveError
        The archive is not empty, the file is none of ours, damaged or newer than this package, or the archive cannot
        be written; then it is left empty.
    SettingsError
        There is no such file.
    """
    if held := foreign(place):
        raise ArchiveError(
            f"the archive at {place.url} is not empty (it has {', '.join(held)}): restore into another, with --archive"
        )
    found = _content(file)
    try:
        with without_panics():
            if (broken_off := begun(place)) is not None:
                take_back(place, broken_off)
            _write(place, found)
    except TROUBLE as error:
        raise place.unwritable(error) from None
    return {name: len(rows) for name, rows in found.items()}


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


def _proven(place: Place, table: Table, opened: DeltaTable) -> pd.DataFrame:
    """Read a table of which each account and month holds what was written there."""
    rows = table.sort(rows_of(opened, place, table, None))
    there = set()
    for (account, month), each in rows.groupby(["account", months_of(table, rows)], sort=True):
        there.add((str(account), str(month)))
        if is_changed(table, opened, each.reset_index(drop=True), str(account), str(month)):
            raise place.damaged(table.name, str(account), str(month), "nothing was exported")
    for account, month in parts_gone(place, opened, table.name, there):
        raise place.damaged(table.name, account, month, "nothing was exported")
    return rows


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


def _content(file: Path) -> dict[str, pd.DataFrame]:
    """Read a file that `export` wrote, and make sure that it is whole."""
    try:
        with zipfile.ZipFile(file) as bundle:
            manifest = _manifest(bundle, file)
            found = {name: _table(bundle, name, entry, file) for name, entry in manifest["tables"].items()}
    except FileNotFoundError:
        raise SettingsError(f"there is no file {file}") from None
    except OSError as error:
        raise ArchiveError(f"cannot read {file}: {error.strerror or error}") from None
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError, TypeError, AttributeError):
        raise ArchiveError(_damaged(file, "it is no whole ZIP of ours")) from None
    except MemoryError:
        raise ArchiveError(f"{file} needs more memory than this machine has free; nothing was restored") from None
    if not any(len(rows) for rows in found.values()):
        raise ArchiveError(_damaged(file, "it has no rows of any table"))
    return found


def _read(bundle: zipfile.ZipFile, name: str, file: Path, most_bytes: int) -> bytes:
    """Read what lies in a ZIP as it was written: not compressed, so that it has the size that it says."""
    entry = bundle.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
        raise ArchiveError(_damaged(file, f"{name} in it is compressed once more, which an export never is"))
    if entry.file_size > most_bytes:
        raise ArchiveError(_damaged(file, f"{name} in it has {entry.file_size} bytes, and at most {most_bytes} can be"))
    return bundle.read(entry)


def _manifest(bundle: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(_read(bundle, MANIFEST, file, _MANIFEST_BYTES))
    except (ValueError, RecursionError):
        raise ArchiveError(_damaged(file, "its manifest cannot be read")) from None
    if manifest["format"] != FORMAT:
        raise ArchiveError(f"{file} is no export of an archive, but of {manifest['format']!r}")
    if manifest["version"] > VERSION:
        raise ArchiveError(
            f"{file} has version {manifest['version']}, and this package knows version {VERSION} at most; "
            "update it with: pip install --upgrade vmgen_analytics"
        )
    if strange := [name for name in manifest["tables"] if name not in TABLES]:
        raise ArchiveError(_damaged(file, f"it has a table {strange[0]!r}, which no archive keeps"))
    return manifest


def _table(bundle: zipfile.ZipFile, name: str, entry: dict[str, Any], file: Path) -> pd.DataFrame:
    """Read one table, and compare it with what the manifest says of it."""
    table = TABLES[name]
    content = _read(bundle, f"{name}.parquet", file, file.stat().st_size)
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ArchiveError(_damaged(file, f"its table {name} is not what was written"))
    try:
        opened = pq.ParquetFile(io.BytesIO(content))
        if opened.metadata.num_rows != entry["rows"]:
            raise ArchiveError(
                _damaged(file, f"its table {name} has {opened.metadata.num_rows} rows instead of {entry['rows']}")
            )
        _fits(opened.metadata, name, file)
        stored = opened.read()
        for declared in schema_of(table):
            if declared.name in stored.column_names and stored.schema.field(declared.name).type != declared.type:
                raise ArchiveError(_damaged(file, f"{name}.{declared.name} is no {declared.type}"))
        rows = table.check(table.sort(to_pandas(table, stored)))
    except (SchemaError, pa.ArrowException, ValueError, OSError) as error:
        raise ArchiveError(_damaged(file, f"its table {name} cannot be read: {error}")) from None
    if rows["account"].eq("").any() or months_of(table, rows).isna().any():
        raise ArchiveError(_damaged(file, f"its table {name} has rows that belong to no account or to no month"))
    return rows


def _fits(metadata: pq.FileMetaData, name: str, file: Path) -> None:
    """Make sure that there is memory for a table: a small file may claim to hold any number of equal rows."""
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    needed = max(unpacked, metadata.num_rows * metadata.num_columns * _CELL_BYTES)
    if needed > (free := _free_bytes()):
        raise ArchiveError(
            f"table {name} in {file} needs {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free; "
            "nothing was restored"
        )


def _free_bytes() -> float:
    """Tell how much memory is free; where the system does not say, any."""
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return math.inf


def _damaged(file: Path, what: str) -> str:
    return f"{file} is damaged or no export of an archive: {what}; nothing was restored"


def _parquet(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd")
    return sink.getvalue()
