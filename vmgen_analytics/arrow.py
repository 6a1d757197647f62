"""Tables as pandas has them <-> as they lie on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from vmgen_analytics.table import DAY, INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmgen_analytics.table import Table

_ARROW = {
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "float64": pa.float64(),
    "str": pa.string(),
    "boolean": pa.bool_(),
    DAY: pa.date32(),
    INSTANT: pa.timestamp("us", "UTC"),
}


def to_arrow(table: Table, frame: pd.DataFrame) -> pa.Table:
    """Convert a table for the disk; what is part of its key may not be missing there."""
    fields = [
        pa.field(name, _ARROW[column.dtype], nullable=name not in table.key) for name, column in table.columns.items()
    ]
    return pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False)


def to_pandas(table: Table, rows: pa.Table) -> pd.DataFrame:
    """Convert what came from the disk into the table; a column that is not there is missing throughout."""
    types: dict[pa.DataType, object] = {pa.bool_(): pd.BooleanDtype()}
    if any(column.dtype == "Int64" for column in table.columns.values()):
        types[pa.int64()] = pd.Int64Dtype()  # else a missing number would make floats of all of them
    mapper: Callable[[pa.DataType], object] = types.get
    for name, column in table.columns.items():
        if name not in rows.column_names:  # an older version of this package did not have it
            rows = rows.append_column(name, pa.nulls(len(rows), _ARROW[column.dtype]))
    frame: pd.DataFrame = rows.select(list(table.columns)).to_pandas(types_mapper=mapper, date_as_object=False)
    return frame.astype({name: column.dtype for name, column in table.columns.items()})
