"""Lines of the CSV files that a user writes, read strictly: whatever is wrong names its file, line and column."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.errors import SchemaError, SettingsError, why_unreadable
from vmgen_analytics.table import moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vmgen_analytics.errors import VMgenError

ALWAYS = (pd.Timestamp.min, pd.Timestamp.max)


@dataclass(frozen=True)
class Line:
    """One line: where it stands, and its texts by column.

    Attributes
    ----------
    where
        File and line, as ``data/prices.csv, line 3``; every error begins with it.
    texts
        The text of each column, without blanks around it; empty where the line has none.
    kind
        What is raised about the line.
    """

    where: str
    texts: Mapping[str, str]
    kind: type[VMgenError] = SettingsError

    def text(self, name: str, *, needed: bool = False) -> str:
        """Return the text of a column, empty where there is none.

        Raises
        ------
        VMgenError
            It is needed and empty.
        """
        found = self.texts.get(name, "")
        if needed and not found:
            raise self.wrong(f"the {name} is empty")
        return found

    def number(self, name: str, low: float, high: float, *, needed: bool = False) -> float:
        """Return the number of a column, not a number where it is empty.

        Raises
        ------
        VMgenError
            It is none, it is not between the bounds, or it is needed and empty.
        """
        text = self.texts.get(name, "")
        if not text and not needed:
            return math.nan
        try:
            found = math.nan if "_" in text else float(text)
        except ValueError:
            found = math.nan
        if not low <= found <= high:
            raise self.wrong(
                f"{name} is {text!r}; it must be a number from {low:,g} to {high:,.0f}, with a point for decimals"
            )
        return found

    def day(self, name: str) -> pd.Timestamp | None:
        """Return the day of a column, None where it is empty.

        Raises
        ------
        VMgenError
            It is none.
        """
        text = self.texts.get(name, "")
        if not text:
            return None
        try:
            day = moment_of(text)
        except SchemaError:
            day = None
        if day is None or day.tz is not None:
            raise self.wrong(f"{name} is {text!r}; it must be a day as 2026-11-23")
        return day

    def validity(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Return the first day on which the line holds and the first one after, open where the columns are empty.

        Raises
        ------
        VMgenError
            A day is none, or valid_to is not after valid_from.
        """
        start, end = self.day("valid_from") or ALWAYS[0], self.day("valid_to") or ALWAYS[1]
        if end <= start:
            raise self.wrong(f"valid_to {self.text('valid_to')} is not after valid_from {self.text('valid_from')}")
        return start, end

    def wrong(self, why: str) -> VMgenError:
        """Make the error that says what is wrong with this line."""
        return self.kind(f"{self.where}: {why}")


def read_lines(
    path: str | Path,
    what: str,
    columns: Sequence[str],
    *,
    needed: Sequence[str] = (),
    kind: type[VMgenError] = SettingsError,
) -> tuple[Line, ...]:
    """Read a CSV file that a user wrote; lines without any text are left out.

    Parameters
    ----------
    path
        The file, in UTF-8, with commas and a line of column names.
    what
        What it is, for the messages, as ``price book``.
    columns
        The columns that it may have.
    needed
        Those that it must have.
    kind
        What is raised.

    Raises
    ------
    VMgenError
        Of that kind: the file cannot be read, or its columns or a line's fields are not as they should be.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: PTH123 - Path.open takes no str
            reader = csv.DictReader(file)
            names = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = names
            rows = [(f"{path}, line {reader.line_num}", row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise kind(f"cannot read the {what} at {path}: {why_unreadable(error)}") from None
    first = f"{path}, line 1"
    if absent := [name for name in needed if name not in names]:
        raise kind(f"{first}: no column {absent[0]!r}; it needs {' and '.join(needed)}{_separated(names)}")
    if strange := [name for name in names if name not in columns]:
        raise kind(f"{first}: no column {strange[0]!r} is known; there can be {', '.join(columns)}{_separated(names)}")
    if twice := [name for name in names if names.count(name) > 1]:
        raise kind(f"{first}: the column {twice[0]!r} stands there twice; leave one")
    lines = [Line(where, _texts(row, where, kind), kind) for where, row in rows]
    return tuple(line for line in lines if any(line.texts.values()))


def _separated(names: Sequence[str]) -> str:
    """Say what else than commas seems to separate the fields, as spreadsheets of many countries write them."""
    found = [word for sign, word in ((";", "semicolons"), ("\t", "tabs")) if any(sign in name for name in names)]
    return f". The fields seem to be separated by {found[0]}; save the file with commas" if found else ""


def _texts(row: dict[str | None, str | list[str] | None], where: str, kind: type[VMgenError]) -> dict[str, str]:
    """Take the fields of a line; those too many come under no name, and those too few without text."""
    if any(row.pop(None, None) or ()):
        raise kind(f"{where}: too many fields; a comma within one needs quotes, and decimals have a point")
    return {str(name): value.strip() if isinstance(value, str) else "" for name, value in row.items()}
