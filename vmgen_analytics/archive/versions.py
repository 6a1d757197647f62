"""From the layout of an older version of this package to that of this one.

Each step may be repeated: it looks at what is there, and notes the new version in its last commit. So one that was
killed is done again, and until then every table reads as before.

- Version 1, unmarked, kept Delta's defaults: replaced files for 7 days, statistics of every column in the log, and a
  checkpoint only at each 100th commit. Columns that this package learned of later were not in its tables.
- Version 2 has every declared column in every table, 30 days of everything, and a digest of each account and month.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltalake import DeltaTable, Schema

from vmgen_analytics.archive.marks import PROPERTIES, VERSION, marks, version_of
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.archive.reading import part, rows_of
from vmgen_analytics.arrow import digest, schema_of, to_arrow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmgen_analytics.archive.places import Place
    from vmgen_analytics.table import Table


def migrate(place: Place, tables: Mapping[str, Table]) -> list[str]:
    """Bring every table to the version of this package.

    Parameters
    ----------
    place
        Where the archive is.
    tables
        The archived tables.

    Returns
    -------
    list of str
        Names of the tables that were older.

    Raises
    ------
    ArchiveError
        The archive cannot be read or written, or is newer than this package.
    """
    older = []
    for table in tables.values():
        opened = place.opened(table.name)
        if opened is not None and version_of(opened) < VERSION:
            try:
                migrate_table(place, table, opened)
            except TROUBLE as error:
                raise place.unwritable(error) from None
            older.append(table.name)
    return older


def migrate_table(place: Place, table: Table, opened: DeltaTable) -> DeltaTable:
    """Bring one table to the version of this package.

    Parameters
    ----------
    place
        Where the archive is.
    table
        An archived table.
    opened
        Its state now.

    Returns
    -------
    DeltaTable
        Its state after that.

    Raises
    ------
    DeltaError, OSError
        It cannot be written, or somebody else wrote it in the same moment.
    ArchiveError
        It cannot be read.
    """
    _add_columns(table, opened)
    digests = []
    for each in opened.partitions():
        rows = rows_of(opened, place, table, part(each["account"], each["month"]))
        digests.append((each["account"], each["month"], digest(to_arrow(table, table.sort(rows)))))
    opened.alter.set_table_properties(PROPERTIES, commit_properties=marks(digests))
    return DeltaTable(place.of(table.name), storage_options=place.options)


def _add_columns(table: Table, opened: DeltaTable) -> None:
    """Add the declared columns that the table lacks; they are missing in the rows that it has."""
    stored = {field.name for field in opened.schema().fields}
    declared = Schema.from_arrow(schema_of(table, nullable=True)).fields
    if lacking := [field for field in declared if field.name not in stored]:
        opened.alter.add_columns(lacking)
