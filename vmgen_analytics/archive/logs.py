"""The log of a table as files: entries that are missing, and rows that no entry knows of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson
import pyarrow.parquet as pq

from vmgen_analytics.archive.marks import part_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deltalake import DeltaTable
    from pyarrow.fs import PyFileSystem

_CHECKPOINT = re.compile(r"_delta_log/(\d{20})\.checkpoint")
_ENTRY = re.compile(r"_delta_log/(\d{20})\.json$")


def gaps(listed: Iterable[str]) -> list[str]:
    """Name the entries that are missing between others.

    Parameters
    ----------
    listed
        Files of the table.

    Returns
    -------
    list of str
        Names of files that should be there; old entries are deleted from the oldest on, which leaves no gap.
    """
    there = {int(found[1]) for name in listed if (found := _ENTRY.search(name))}
    checkpoints = [int(found[1]) for name in listed if (found := _CHECKPOINT.search(name))]
    if not there:
        return []
    first = min(there) if checkpoints else 0
    numbers = range(first, max([*there, *checkpoints]) + 1)
    return [f"_delta_log/{number:020}.json" for number in numbers if number not in there]


def unreadable(files: PyFileSystem, listed: Iterable[str]) -> list[str]:
    """Name the entries that are no lines of JSON, also those that a later checkpoint stands for.

    Parameters
    ----------
    files
        The table's files.
    listed
        Their names.

    Returns
    -------
    list of str
        Names of entries.
    """
    return [name for name in sorted(listed) if _ENTRY.search(name) and not _is_readable(files, name)]


def _is_readable(files: PyFileSystem, name: str) -> bool:
    try:
        lines = files.open_input_file(name).read().splitlines()
        return bool(lines) and all(isinstance(orjson.loads(line), dict) for line in lines)
    except (OSError, ValueError):
        return False


def unlogged(files: PyFileSystem, listed: Mapping[str, int], opened: DeltaTable) -> list[str]:
    """Name files of rows that were written after the last entry of the log, and that it does not know.

    Older ones are of writes that were broken off and done anew since; they are deleted in time.

    Parameters
    ----------
    files
        The table's files.
    listed
        Their names and sizes.
    opened
        The table.

    Returns
    -------
    list of str
        Names of files.
    """
    last = f"_delta_log/{opened.version():020}.json"
    if last not in listed:
        return []
    written_at = files.get_file_info(last).mtime
    named = b"".join(files.open_input_file(name).read() for name in listed if _ENTRY.search(name))
    named += "".join(opened.file_uris()).encode()
    rows = [name for name in listed if name.endswith(".parquet") and not name.startswith("_delta_log/")]
    return [
        name
        for name in rows
        if name.rpartition("/")[2].encode() not in named and files.get_file_info(name).mtime > written_at
    ]


def noted_parts(files: PyFileSystem, listed: Iterable[str]) -> set[tuple[str, str]]:
    """Find each account and month of which a digest was ever noted.

    Parameters
    ----------
    files
        The table's files.
    listed
        Their names.

    Returns
    -------
    set of tuple
        Account and month; by the last checkpoint, which keeps all that was noted before it, and the entries since.

    Raises
    ------
    OSError, ArrowException, ValueError
        The log cannot be read.
    """
    names = sorted(listed)
    checkpoints = [(int(found[1]), name) for name in names if (found := _CHECKPOINT.search(name))]
    last = max((number for number, _ in checkpoints), default=-1)
    keys: set[str] = set()
    for number, name in checkpoints:
        if number == last and name.endswith(".parquet"):
            with files.open_input_file(name) as opened:
                noted = pq.ParquetFile(opened).read(columns=["txn"])
            keys.update(said["appId"] for column in noted.columns for said in column.to_pylist() if said)
    for name in names:
        if (found := _ENTRY.search(name)) and int(found[1]) > last:
            for line in files.open_input_file(name).read().splitlines():
                keys.update([said["appId"]] if (said := orjson.loads(line).get("txn")) else [])
    return {part for key in keys if (part := part_of(key)) is not None}
