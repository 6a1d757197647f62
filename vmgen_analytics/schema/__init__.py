"""Every table that crosses a public border, declared once: columns, types, units, keys and meaning.

Days are naive datetimes, instants end in ``_at`` and are UTC, months are periods. An unknown value is
missing, never 0. ``python -m vmgen_analytics.schema`` prints the data dictionary of the README.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from vmgen_analytics.schema.archived import ARCHIVED
from vmgen_analytics.schema.capacity import CAPACITY
from vmgen_analytics.schema.columns import MB_PER_GB, OFF, SETTLED, UNASSIGNED
from vmgen_analytics.schema.costs import COSTS
from vmgen_analytics.schema.fetched import FETCHED
from vmgen_analytics.schema.fleet import FLEET
from vmgen_analytics.schema.handed_on import HANDED_ON
from vmgen_analytics.schema.outlook import OUTLOOK
from vmgen_analytics.schema.planning import PLANNING
from vmgen_analytics.schema.traffic import TRAFFIC
from vmgen_analytics.table import MACHINE, machine_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vmgen_analytics.table import Table

DERIVED: Sequence[Table] = (*FLEET, *COSTS, *OUTLOOK, *TRAFFIC, *CAPACITY, *PLANNING)

TABLES: Mapping[str, Table] = MappingProxyType(
    {table.name: table for table in (*ARCHIVED, *FETCHED, *DERIVED, *HANDED_ON)}
)

_KINDS = {"Archived": ARCHIVED, "Fetched, not kept": FETCHED, "Derived": DERIVED, "Handed on": HANDED_ON}


def data_dictionary() -> str:
    """Every table as Markdown, for the README.

    Returns
    -------
    str
        A heading, the meaning of a row, the key and the columns of each table.
    """
    return "\n".join(_described(table) for table in TABLES.values())


def _described(table: Table) -> str:
    kind = next(name for name, tables in _KINDS.items() if table in tables)
    key = ", ".join([*table.key, *(["and its groups"] if table.groups else [])])
    lines = [
        f"#### `{table.name}`",
        "",
        f"A row is {table.row}. {kind}; key: {key}.",
        "",
        "| column | type | unit | meaning | API field |",
        "|---|---|---|---|---|",
    ]
    for name, column in table.columns.items():
        when = " (where grouped so)" if column.optional else ""
        lines.append(f"| {name} | {column.dtype} | {column.unit} | {column.meaning}{when} | {column.source} |")
    return "\n".join([*lines, ""])


__all__ = [
    "ARCHIVED",
    "DERIVED",
    "FETCHED",
    "HANDED_ON",
    "MACHINE",
    "MB_PER_GB",
    "OFF",
    "SETTLED",
    "TABLES",
    "UNASSIGNED",
    "data_dictionary",
    "machine_key",
]
