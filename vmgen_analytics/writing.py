"""Tables as files: CSV, Parquet, a workbook; each appears whole or not at all."""

from __future__ import annotations

import io
import os
import re
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.errors import SettingsError, VMgenError
from vmgen_analytics.table import DAY, INSTANT, MONTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FORMATS = ("csv", "parquet", "xlsx")


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Spell days, instants and months as ISO 8601 does, for files that have no types."""
    spelled: dict[str, pd.Series] = {}
    for name in map(str, frame):
        dtype = str(frame[name].dtype)
        if dtype == DAY:
            spelled[name] = frame[name].dt.strftime("%Y-%m-%d")
        elif dtype == INSTANT:
            spelled[name] = frame[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif dtype == MONTH:
            spelled[name] = frame[name].astype("str")
    return frame.assign(**spelled)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Write a table as CSV (RFC 4180, UTF-8), names unharmed, missing values empty."""
    text: str = as_text(frame).to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8")


def write(frame: pd.DataFrame, name: str, path: Path, kind: str) -> None:
    """Write a table to a file, in one step: an old file stays whole until the new one is.

    Parameters
    ----------
    frame
        The table.
    name
        Its name, for the sheet.
    path
        The file.
    kind
        csv, parquet or xlsx.

    Raises
    ------
    SettingsError
        The table does not fit into the format.
    VMgenError
        The file cannot be written.
    """
    if kind == "csv":
        put(path, lambda unfinished: unfinished.write_bytes(csv_bytes(frame)))
    elif kind == "parquet":
        months = [column for column in frame if str(frame[column].dtype) == MONTH]
        put(path, lambda unfinished: frame.astype(dict.fromkeys(months, "str")).to_parquet(unfinished, index=False))
    else:
        put(path, lambda unfinished: unfinished.write_bytes(xlsx_bytes(frame, name)))


def put(path: Path, make: Callable[[Path], object]) -> None:
    """Make a file beside its place, and move it there when it is whole.

    Parameters
    ----------
    path
        The place.
    make
        Writes the file that it is given.

    Raises
    ------
    VMgenError
        The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as unfinished:
            make(unfinished)
    except OSError as error:
        raise VMgenError(f"cannot write {path}: {error.strerror or error}; name another file with --out") from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Let a file be written beside its place, and move it there when it is whole and on the disk.

    What was there stays until then, or if the writing fails; two processes that write the same do not meet.

    Parameters
    ----------
    path
        The place; its folder is there.

    Yields
    ------
    Path
        The file to write, which is not there yet.

    Raises
    ------
    OSError
        It cannot be written or moved.
    """
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        yield unfinished
        with unfinished.open("r+b") as written:
            os.fsync(written.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def replace(path: Path, data: bytes) -> None:
    """Write bytes in place of a file, in one step.

    Parameters
    ----------
    path
        The place; its folder is there.
    data
        What the file is to hold.

    Raises
    ------
    OSError
        It cannot be written.
    """
    with replacing(path) as unfinished:
        unfinished.write_bytes(data)


def xlsx_bytes(frame: pd.DataFrame, name: str) -> bytes:
    """Write a table as a workbook of one sheet; text is written as text: a name beginning with = is no formula.

    Parameters
    ----------
    frame
        The table.
    name
        Its name, for the sheet; of a long one what fits on a sheet's tab.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    SettingsError
        The table has more rows than a sheet.
    """
    import xlsxwriter  # noqa: PLC0415 - only here

    if len(frame) >= SHEET_ROWS:
        raise SettingsError(f"{name} has {len(frame)} rows and a sheet holds {SHEET_ROWS - 1}; use csv or parquet")
    cells, data = as_text(frame), io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        sheet = book.add_worksheet(name[:SHEET_NAME_LENGTH])
        heading = book.add_format({"bold": True, "bottom": 1})
        for column, title in enumerate(cells):
            sheet.write_string(0, column, str(title), heading)
            for row, value in enumerate(cells[title].tolist(), start=1):
                _write_cell(sheet, row, column, value)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(cells), max(len(cells.columns) - 1, 0))
        sheet.autofit()
    return data.getvalue()


def _write_cell(sheet: Any, row: int, column: int, value: Any) -> None:
    if pd.isna(value):
        return
    if isinstance(value, str):
        sheet.write_string(row, column, _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)[:CELL_LENGTH])
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    else:
        sheet.write_number(row, column, value)


SHEET_ROWS = 1_048_576
SHEET_NAME_LENGTH = 31
CELL_LENGTH = 32_767
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
