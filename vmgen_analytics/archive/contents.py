"""Which tables the archive keeps, and how each is told apart by time."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import ARCHIVED
from vmgen_analytics.schema.imported import is_imported

if TYPE_CHECKING:
    import pandas as pd

    from vmgen_analytics.table import Table

TABLES = {table.name: table for table in ARCHIVED}
PARTITIONS = ["account", "month"]

ROLL = "syncs"
"""The table whose log notes the others."""

_TIMES = ("date", "seen_on", "seen_at", "started_at", "requested_at")
_SEEN = ("seen_on", "seen_at")


def table_named(name: str) -> Table:
    """Find an archived table.

    Parameters
    ----------
    name
        Its name, as ``usage``.

    Returns
    -------
    Table
        Its declaration.

    Raises
    ------
    SchemaError
        There is no such table; the message names the nearest.
    """
    if name not in TABLES:
        nearest = difflib.get_close_matches(name, TABLES, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise SchemaError(f"no table {name!r}; the archive keeps {', '.join(TABLES)}{hint}")
    return TABLES[name]


def time_of(table: Table) -> str:
    """Name the column of the key that tells when; its month is the month under which a row lies."""
    return next(column for column in _TIMES if column in table.key)


def identity_of(table: Table) -> list[str]:
    """Name the columns that tell things apart, whenever they were seen."""
    return [column for column in table.key if column not in _SEEN]


def months_of(table: Table, frame: pd.DataFrame) -> pd.Series:
    """Name the month under which each row lies, as 2026-11; of an invoice that was imported that of its date."""
    months: pd.Series = frame[time_of(table)].dt.strftime("%Y-%m")
    if table.name == "invoices":
        months = months.mask(is_imported(frame), frame["invoice_date"].dt.strftime("%Y-%m"))
    return months
