"""The whole archive as one file, and back: a ZIP with a Parquet file for each table, and a manifest of them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileType

from vmgen_analytics.archive.contents import TABLES, months_of
from vmgen_analytics.archive.marks import VERSION
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.archive.proving import is_changed
from vmgen_analytics.archive.reading import rows_of
from vmgen_analytics.archive.rollcall import ROLL, absent
from vmgen_analytics.archive.writing import create
from vmgen_analytics.arrow import schema_of, to_arrow, to_pandas
from vmgen_analytics.errors import ArchiveDamaged, ArchiveError, SchemaError
from vmgen_analytics.writing import replacing

if TYPE_CHECKING:
    import pandas as pd
    from deltalake import DeltaTable

    from vmgen_analytics.archive.places import Place
    from vmgen_analytics.table import Table

FORMAT = "vmgen_analytics archive"
MANIFEST = "manifest.json"


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
        The archive cannot be read or is empty, or the file is there or cannot be written.
    """
    if os.path.lexists(file):
        raise ArchiveError(f"{file} is there already, and an export replaces nothing: name another file, or remove it")
    tables = {name: opened for name in TABLES if (opened := place.opened(name)) is not None}
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
    """
    held = [name for name in TABLES if place.opened(name) is not None]
    if held:
        raise ArchiveError(
            f"the archive at {place.url} is not empty (it has {', '.join(held)}): restore into another, with --archive"
        )
    found = _content(file)
    try:
        for name, rows in found.items():
            _store(place, name, rows)
    except BaseException as error:
        _remove(place, found)
        if isinstance(error, TROUBLE):
            raise place.unwritable(error) from None
        raise
    return {name: len(rows) for name, rows in found.items()}


def _proven(place: Place, table: Table, opened: DeltaTable) -> pd.DataFrame:
    """Read a table of which each account and month holds what was written there."""
    rows = table.sort(rows_of(opened, place, table, None))
    for (account, month), each in rows.groupby(["account", months_of(table, rows)], sort=True):
        if is_changed(table, opened, each.reset_index(drop=True), str(account), str(month)):
            raise place.damaged(table.name, str(account), str(month), "nothing was exported")
    return rows


def _store(place: Place, name: str, rows: pd.DataFrame) -> None:
    """Write a table in one commit."""
    if rows.empty:
        return
    parts = rows.assign(month=months_of(TABLES[name], rows)).groupby(["account", "month"], sort=True)
    create(
        place,
        TABLES[name],
        [(str(account), str(month), part.drop(columns="month")) for (account, month), part in parts],
    )


def _remove(place: Place, names: dict[str, pd.DataFrame]) -> None:
    """Take back tables that were made in an archive that was empty."""
    for name in names:
        if place.folder is not None:
            shutil.rmtree(place.folder / name, ignore_errors=True)
            continue
        try:
            files = place.files(name)
            for info in files.get_file_info(FileSelector("", recursive=True, allow_not_found=True)):
                if info.type == FileType.File:
                    files.delete_file(info.path)
        except TROUBLE:  # the error that led here is told, and the next restore says what is left
            return


def _content(file: Path) -> dict[str, pd.DataFrame]:
    """Read a file that `export` wrote, and make sure that it is whole."""
    try:
        with zipfile.ZipFile(file) as bundle:
            manifest = _manifest(bundle, file)
            return {name: _table(bundle, name, entry, file) for name, entry in manifest["tables"].items()}
    except FileNotFoundError:
        raise ArchiveError(f"there is no file {file}") from None
    except OSError as error:
        raise ArchiveError(f"cannot read {file}: {error.strerror or error}") from None
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError, TypeError, AttributeError):
        raise ArchiveError(_damaged(file, "it is no whole ZIP of ours")) from None


def _manifest(bundle: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(bundle.read(MANIFEST))
    except ValueError:
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
    content = bundle.read(f"{name}.parquet")
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ArchiveError(_damaged(file, f"its table {name} is not what was written"))
    try:
        stored = pq.read_table(io.BytesIO(content))
        for declared in schema_of(table):
            if declared.name in stored.column_names and stored.schema.field(declared.name).type != declared.type:
                raise ArchiveError(_damaged(file, f"{name}.{declared.name} is no {declared.type}"))
        rows = table.check(table.sort(to_pandas(table, stored)))
    except (SchemaError, pa.ArrowException, ValueError, OSError) as error:
        raise ArchiveError(_damaged(file, f"its table {name} cannot be read: {error}")) from None
    if len(rows) != entry["rows"]:
        raise ArchiveError(_damaged(file, f"its table {name} has {len(rows)} rows instead of {entry['rows']}"))
    return rows


def _damaged(file: Path, what: str) -> str:
    return f"{file} is damaged or no export of an archive: {what}; nothing was restored"


def _parquet(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd")
    return sink.getvalue()
