"""Tables as pandas has them <-> as they lie on disk."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

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


def schema_of(table: Table, *, nullable: bool = False) -> pa.Schema:
    """Declare a table for the disk; what is part of its key may not be missing there, unless all may be."""
    return pa.schema(
        [
            pa.field(name, _ARROW[column.dtype], nullable=nullable or name not in table.key)
            for name, column in table.columns.items()
        ]
    )


def to_arrow(table: Table, frame: pd.DataFrame) -> pa.Table:
    """Convert a table for the disk."""
    return pa.Table.from_pandas(frame, schema=schema_of(table), preserve_index=False)


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


def digest(rows: pa.Table) -> int:
    """Digest the rows of one account and month, in their order.

    Parameters
    ----------
    rows
        As they go to the disk.

    Returns
    -------
    int
        63 bits; the same for the same values, however they are stored. Columns that are missing throughout do not
        count, so that it stays the same when a later version of this package knows more columns.
    """
    hashed = hashlib.blake2b(digest_size=8)
    for name in sorted(set(rows.column_names) - {"month"}):
        values = rows[name].combine_chunks()
        if values.null_count == len(values):
            continue
        hashed.update(f"{name} {values.type} {len(values)} ".encode())
        hashed.update(pc.is_null(values).cast(pa.uint8()).buffers()[1])
        for buffer in _value_buffers(values):
            hashed.update(buffer)
    return int.from_bytes(hashed.digest()) >> 1


def _value_buffers(values: pa.Array) -> list[pa.Buffer]:
    """Lay values out in one way only: without an offset, with zero where one is missing."""
    if pa.types.is_string(values.type):
        texts = pa.concat_arrays([pc.fill_null(values, "")])
        data = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "").cast(pa.binary())
        return [pc.binary_length(texts).buffers()[1], pa.py_buffer(data[0].as_py())]
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    elif pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    elif pa.types.is_date(values.type):
        values = values.cast(pa.int32())
    filled = pc.fill_null(values, 0)
    return [pa.py_buffer(filled.to_numpy(zero_copy_only=False).tobytes())]
