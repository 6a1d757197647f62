"""What a table is: its columns with types, units and meaning, and the checks that follow from them."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY = "datetime64[us]"
INSTANT = "datetime64[us, UTC]"
MONTH = "period[M]"
TEXT = "str"

MACHINE = ("account", "vm_id", "incarnation")
"""What tells machines apart; a table has all of it or a part."""


@dataclass(frozen=True)
class Column:
    """One column: its dtype, what it means, its unit, and the provider's field where that has another name."""

    dtype: str
    meaning: str
    unit: str = ""
    source: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its name, key, columns, and what a row is.

    ``key`` comes first among the columns. ``groups`` are the columns by which a derived table may be grouped: they
    are optional, and belong to the key where they are present.
    """

    name: str
    row: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    groups: tuple[str, ...] = ()

    def frame(self, columns: Mapping[str, Any] | None = None, *, unique: bool = True) -> pd.DataFrame:
        """Build the table from its columns, typed even when empty.

        Parameters
        ----------
        columns
            Values by column name, all of one length; a column that is not given is missing throughout.
        unique
            As for `check`.

        Returns
        -------
        DataFrame
            This table, sorted by its key, with a RangeIndex.

        Raises
        ------
        SchemaError
            A column is not of this table, a value does not fit its type, or a key is repeated or missing.
        """
        columns = columns or {}
        if strange := [name for name in columns if name not in self.columns]:
            raise SchemaError(f"table {self.name} has no column {strange[0]!r}; it has {', '.join(self.columns)}")
        rows = len(next(iter(columns.values()))) if columns else 0
        typed = {
            name: self._typed(name, columns[name]) if name in columns else _missing(column, rows)
            for name, column in self.columns.items()
            if name in columns or not column.optional
        }
        return self.check(self.sort(pd.DataFrame(typed)), unique=unique)

    def sort(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Put the columns in their declared order (others last) and sort the rows by key."""
        known = [name for name in self.columns if name in frame]
        others = [name for name in frame if name not in self.columns]
        return frame[known + others].sort_values(self.key_of(frame), ignore_index=True)

    def key_of(self, frame: pd.DataFrame) -> list[str]:
        """Name the columns that tell the rows of this frame apart."""
        return [*self.key, *(name for name in self.groups if name in frame)]

    def grouping(self, by: str | Sequence[str], frame: pd.DataFrame) -> list[str]:
        """Name the columns to group a frame by; a VM is told apart by its account and its incarnation as well.

        Raises
        ------
        SchemaError
            This table cannot be grouped so.
        """
        asked = [by] if isinstance(by, str) else list(by)
        known = [name for name in self.groups if name in frame]
        if strange := [name for name in asked if name not in known]:
            raise SchemaError(f"{self.name} cannot be grouped by {strange[0]!r}, but by {', '.join(known)}")
        wanted = {*asked, *MACHINE} if {"vm_id", "incarnation"} & {*asked} else set(asked)
        return [name for name in known if name in wanted]

    def check(self, frame: pd.DataFrame, *, unique: bool = True) -> pd.DataFrame:
        """Return the frame if it is this table; further columns are let pass.

        Parameters
        ----------
        frame
            What claims to be this table.
        unique
            False leaves out the test for repeated keys, the only one that takes time on millions of rows.

        Raises
        ------
        SchemaError
            A column is missing or of another type, or a key is repeated or missing.
        """
        needed = [name for name, column in self.columns.items() if not column.optional]
        if absent := [name for name in needed if name not in frame]:
            raise SchemaError(f"{self.name} needs the column(s) {', '.join(absent)}; got {', '.join(map(str, frame))}")
        for name in (name for name in self.columns if name in frame):
            if str(frame[name].dtype) != self.columns[name].dtype:
                raise SchemaError(
                    f"{self.name}.{name}: expected {self.columns[name].dtype}, got {frame[name].dtype}; "
                    f"schema.TABLES[{self.name!r}].cast(frame) converts it"
                )
        key = self.key_of(frame)
        if unique and (repeated := frame.duplicated(key)).any():
            raise SchemaError(f"{self.name} repeats the key {dict(frame.loc[repeated, key].iloc[0])}")
        for name in self.key:
            if self.columns[name].dtype != "Int64" and frame[name].hasnans:
                raise SchemaError(f"{self.name}.{name} is part of the key and must not be missing")
        return frame

    def cast(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Convert each column of a frame to its declared type, leaving out columns that are not declared.

        Raises
        ------
        SchemaError
            A value does not fit, naming table, column and value.
        """
        present = {name: frame[name] for name in self.columns if name in frame}
        return self.frame(present)

    def _typed(self, name: str, values: Any) -> pd.Series:
        dtype = self.columns[name].dtype
        try:
            if dtype == INSTANT:
                return pd.Series(pd.to_datetime(values, utc=True)).dt.as_unit("us").reset_index(drop=True)
            return pd.Series(values, dtype=dtype).reset_index(drop=True)
        except (ValueError, TypeError, OverflowError) as error:
            raise SchemaError(f"{self.name}.{name}: expected {dtype}; {error}") from None


def machine_key(frame: pd.DataFrame) -> list[str]:
    """Name the columns that tell the machines of a frame apart: a number that came back is another machine.

    Parameters
    ----------
    frame
        Any table with vm_id; one that was made without incarnations has a machine for each number.
    """
    return [name for name in MACHINE if name in frame]


def moment_of(when: object) -> pd.Timestamp:
    """Read a day, a month or an instant as users name them.

    Raises
    ------
    SchemaError
        It is none; 11/12/2026 is a day to some and another day to others.
    """
    if not isinstance(when, str) or re.match(r"\d{4}(-\d{2}(-\d{2}([ T].*)?)?)?$", when):
        with contextlib.suppress(ValueError, TypeError):
            moment: pd.Timestamp = pd.Timestamp(when)  # type: ignore[arg-type]
            if not pd.isna(moment) and not isinstance(when, int | float):
                return moment
    raise SchemaError(f"{when!r} is no day or month, as 2026-11 or 2026-11-23")


def _missing(column: Column, rows: int) -> pd.Series:
    return pd.Series([None] * rows, dtype="object" if column.dtype == "int64" and rows else column.dtype)
