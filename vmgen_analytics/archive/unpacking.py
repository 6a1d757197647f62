"""A file that `bundle.export` wrote, read back: all of it is looked at before anything is done with it."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from vmgen_analytics.archive.contents import TABLES, months_of
from vmgen_analytics.archive.marks import VERSION
from vmgen_analytics.arrow import schema_of, to_pandas
from vmgen_analytics.errors import ArchiveError, SchemaError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

FORMAT = "vmgen_analytics archive"
MANIFEST = "manifest.json"

_MANIFEST_BYTES = 100_000
"""Several times what a manifest has: a file that claims more is none of ours, and is not read."""

_CELL_BYTES = 8
"""What a cell takes at least, once it is read."""


class Unpacked(NamedTuple):
    """What a file of an archive holds: its tables by name, and what was damaged when it was exported."""

    tables: dict[str, pd.DataFrame]
    damage: list[str]


def unpacked(file: Path) -> Unpacked:
    """Read a file that `bundle.export` wrote, and make sure that it is whole.

    Parameters
    ----------
    file
        What it wrote.

    Raises
    ------
    ArchiveError
        The file is none of ours, damaged or newer than this package, or needs more memory than is free.
    SettingsError
        There is no such file.
    """
    try:
        with zipfile.ZipFile(file) as bundle:
            manifest = _manifest(bundle, file)
            found = {name: _table(bundle, name, entry, file) for name, entry in manifest["tables"].items()}
            damage = [str(each) for each in manifest.get("damage", [])]
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
    return Unpacked(found, damage)


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
