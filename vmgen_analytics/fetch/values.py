"""Values as JSON brings them -> columns of one type; what cannot be read is missing, and told."""

from __future__ import annotations

import contextlib
import math
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from vmgen_analytics.table import DAY, INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

D = TypeVar("D", bound=date)

ABSENT = type("Absent", (), {"__repr__": lambda _: "absent"})()
"""Stands for a field that a record does not have, which is not the same as null."""


def column(values: Sequence[Any], dtype: str) -> tuple[Any, list[int]]:
    """Convert the values of one field.

    Parameters
    ----------
    values
        What the records hold; None and `ABSENT` become missing values.
    dtype
        The column's dtype in the schema.

    Returns
    -------
    tuple
        The column, and the positions of values that could not be read and are missing in it.
    """
    kinds = set(map(type, values))
    if kinds <= _PLAIN[dtype]:
        # what does not fit is found below, value by value
        with contextlib.suppress(ValueError, OverflowError, UnicodeEncodeError):
            return _QUICK[dtype](values), []
    read = _READERS[dtype]
    converted: list[Any] = []
    bad: list[int] = []
    for position, value in enumerate(values):
        try:
            converted.append(None if value is None or value is ABSENT else read(value))
        except (ValueError, TypeError, OverflowError):
            converted.append(None)
            bad.append(position)
    return pd.Series(converted, dtype="Int64" if dtype == "int64" else dtype), bad


def whole(value: Any) -> int:
    """Read a whole number: 17, 17.0 or "17"."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    number = int(value.strip()) if isinstance(value, str) else int(value)
    if (isinstance(value, float) and number != value) or not -(2**63) <= number < 2**63:
        raise ValueError(value)
    return number


def number(value: Any) -> float | None:
    """Read a number: 12, 12.5 or "1000.00"; NaN and infinity are missing."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    found = float(value)
    return found if math.isfinite(found) else None


def text(value: Any) -> str:
    """Read text; numbers are written out."""
    if not isinstance(value, str | int | float):
        raise ValueError(value)
    return str(value).encode("utf-8", "replace").decode("utf-8")


def truth(value: Any) -> bool:
    """Read true or false, also as text or as 1 and 0."""
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if isinstance(value, bool):
        return value
    if not isinstance(value, int | float | str):
        raise ValueError(value)
    if str(value).lower() not in words:
        raise ValueError(value)
    return words[str(value).lower()]


def day(value: Any) -> date:
    """Read a day: "2026-11-23", or the day of an instant as it is written."""
    if not isinstance(value, str):
        raise ValueError(value)
    value = value.strip()
    try:
        found = date.fromisoformat(value[:10])
    except ValueError:
        found = datetime.fromisoformat(value).date()
    return _sane(found)


def instant(value: Any) -> datetime:
    """Read an instant: ISO 8601, in UTC where it names no zone."""
    if not isinstance(value, str):
        raise ValueError(value)
    found = _sane(datetime.fromisoformat(value.strip()))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _sane(found: D) -> D:
    """Refuse the year 1 and the year 9999, which mean that a program had no date."""
    if not 2000 <= found.year < 2200:
        raise ValueError(found)
    return found


def _numbers(values: Sequence[Any]) -> Any:
    found = np.array(values, dtype="float64")
    found[np.isinf(found)] = np.nan
    return found


def _days(values: Sequence[Any]) -> Any:
    known = {value: np.datetime64(day(value), "us") for value in set(values) if value is not None}
    return np.array([known.get(value, _NO_DAY) for value in values], dtype="datetime64[us]")


def _instants(values: Sequence[Any]) -> Any:
    return pd.Series([None if value is None else instant(value) for value in values], dtype=INSTANT)


_NO_DAY = np.datetime64("NaT", "us")
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "int64": whole,
    "float64": number,
    "str": text,
    "boolean": truth,
    DAY: day,
    INSTANT: instant,
}
_PLAIN: Mapping[str, set[type]] = {
    "int64": {int},
    "float64": {int, float, type(None)},
    "str": {str, type(None)},
    "boolean": {bool, type(None)},
    DAY: {str, type(None)},
    INSTANT: {str, type(None)},
}
_QUICK: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "int64": lambda values: np.array(values, dtype="int64"),
    "float64": _numbers,
    "str": lambda values: pd.array(values, dtype="str"),
    "boolean": lambda values: pd.array(values, dtype="boolean"),
    DAY: _days,
    INSTANT: _instants,
}
