"""Checkpoints of a table's log: which one keeps the table from being read, and whether it can be done without."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow.fs import FileSelector

from vmgen_analytics.archive.marks import version_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pyarrow.fs import PyFileSystem

HINT = "_delta_log/_last_checkpoint"
"""Names the newest checkpoint; without it, readers look for that by themselves."""

_CHECKPOINT = re.compile(r"_delta_log/(\d{20})\.checkpoint\S*\.parquet$")
_ENTRY = re.compile(r"_delta_log/(\d{20})\.json$")


class Broken(NamedTuple):
    """A checkpoint that cannot be read.

    Attributes
    ----------
    file
        Its name, from the table on.
    is_missing
        Whether it is not there.
    spare
        Files without which the table is read by the entries of its log; empty if some of these are gone as well.
    """

    file: str
    is_missing: bool
    spare: list[str]


def broken_checkpoint(files: PyFileSystem, *, is_shut: bool) -> Broken | None:
    """Find the checkpoint that keeps a table from being read; None if that is for another reason.

    Parameters
    ----------
    files
        The table's files.
    is_shut
        Whether the table cannot even be opened: then it is the newest checkpoint if it can be opened without that.

    Raises
    ------
    OSError, ArrowException
        They cannot be listed.
    """
    found = files.get_file_info(FileSelector("_delta_log", allow_not_found=True))
    listed = {info.path: int(info.size or 0) for info in found}
    checkpoints = {name: int(match[1]) for name in listed if (match := _CHECKPOINT.search(name))}
    bad = {name for name in checkpoints if not listed[name] or not _is_readable(files, name)}
    hinted, newest = _hinted(files, listed), max(checkpoints.values(), default=-1)
    there = max((number for name, number in checkpoints.items() if listed[name]), default=-1)  # an empty one counts not
    is_missing = hinted > there and f"_delta_log/{hinted:020}.checkpoint.parquet" not in listed
    blamed = sorted(name for name in bad if checkpoints[name] == newest)
    suspects = sorted(name for name in checkpoints if checkpoints[name] == newest) if is_shut else []
    if not (is_missing or blamed or suspects):
        return None
    is_proven = is_missing or bool(blamed)
    file = f"_delta_log/{hinted:020}.checkpoint.parquet" if is_missing else (blamed or suspects)[0]
    bad.update([] if is_proven else suspects)
    kept = _rest(files, listed, checkpoints, bad, max(newest, hinted))
    if not kept and not is_proven:
        return None
    return Broken(file, is_missing, sorted({*bad, *([HINT] if HINT in listed else [])}) if kept else [])


def _hinted(files: PyFileSystem, listed: Collection[str]) -> int:
    """Tell the version of the checkpoint that is said to be the newest; -1 if none is."""
    if HINT not in listed:
        return -1
    try:
        return int(orjson.loads(files.open_input_file(HINT).read())["version"])
    except (OSError, ValueError, TypeError, KeyError):
        return -1


def _is_readable(files: PyFileSystem, name: str) -> bool:
    try:
        with files.open_input_file(name) as opened:
            pq.ParquetFile(opened).read()
    except (OSError, ValueError, pa.ArrowException):
        return False
    return True


def _rest(
    files: PyFileSystem, listed: Collection[str], checkpoints: Mapping[str, int], bad: Collection[str], until: int
) -> list[str]:
    """Name the files of the log by which a table is read without bad checkpoints; none if some of them are gone."""
    numbers = set(checkpoints.values()) - {checkpoints[name] for name in bad}
    base = max(numbers, default=-1)
    entries = {int(match[1]): name for name in listed if (match := _ENTRY.search(name))}
    last = max(entries, default=-1)
    wanted = range(base + 1, last + 1)
    if last < max(until, 0) or not entries.keys() >= set(wanted):
        return []
    rest = [*(entries[number] for number in wanted), *(name for name, number in checkpoints.items() if number == base)]
    return rest if _can_be_opened(files, rest) else []


def _can_be_opened(files: PyFileSystem, log: Collection[str]) -> bool:
    """Try to open a table of which a log tells, on a copy of that log."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "_delta_log").mkdir()
        try:
            for name in log:
                (Path(folder) / name).write_bytes(files.open_input_file(name).read())
            version_of(DeltaTable(folder))
        except (OSError, DeltaError, pa.ArrowException):
            return False
    return True
