"""FOCUS as files: CSV that readers who guess types read rightly, and Parquet that leaves nothing to guess."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from vmgen_analytics.errors import SchemaError, why_unreadable
from vmgen_analytics.schema import TABLES
from vmgen_analytics.table import INSTANT, TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS = ("csv", "parquet")
STATES = ("invoiced", "not-invoiced")
_ON_DISK: Mapping[str, pa.DataType] = {
    "object": pa.decimal128(38, 18),
    TEXT: pa.string(),
    INSTANT: pa.timestamp("us", tz="UTC"),
    "float64": pa.float64(),
    "Int64": pa.int64(),
    "bool": pa.bool_(),
}


def by_state(charges: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Part what is invoiced from what is not: the InvoiceId of a file is everywhere or nowhere.

    Parameters
    ----------
    charges
        Table ``focus_charges``.

    Returns
    -------
    dict
        The rows of each state that has any: invoiced, not-invoiced.
    """
    is_invoiced = charges["InvoiceId"].notna()
    parts = dict(zip(STATES, (charges[is_invoiced], charges[~is_invoiced]), strict=True))
    return {state: part.reset_index(drop=True) for state, part in parts.items() if len(part)}


def as_cells(charges: pd.DataFrame) -> pd.DataFrame:
    """Spell each value as the CSV has it; what is missing is None.

    Decimals have a point and no exponent, instants are UTC to the second where they are, names stay as they are.
    """
    spelled = {name: [_cell(value) for value in charges[name].tolist()] for name in map(str, charges)}
    return pd.DataFrame(spelled, dtype="object", columns=list(charges))


def to_bytes(charges: pd.DataFrame, kind: str) -> bytes:
    """Write a file of charges.

    Parameters
    ----------
    charges
        Table ``focus_charges``.
    kind
        csv (RFC 4180, UTF-8; what is missing is nothing, not even quotes) or parquet.
    """
    if kind == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(charges)
        writer.writerows(as_cells(charges).itertuples(index=False, name=None))
        return text.getvalue().encode("utf-8")
    columns = TABLES["focus_charges"].columns
    types = {name: _ON_DISK[column.dtype] for name, column in columns.items()}
    arrays = [pa.array(charges[name], type=each, from_pandas=True) for name, each in types.items()]
    buffer = io.BytesIO()
    parquet.write_table(pa.table(arrays, names=list(types)), buffer)
    return buffer.getvalue()


def read_cells(path: Path) -> pd.DataFrame:
    """Read a file of charges as text, whoever wrote it.

    Raises
    ------
    SchemaError
        The file cannot be read, or is neither CSV nor Parquet by its ending.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise SchemaError(f"{path} ends neither in .csv nor in .parquet; FOCUS files are one of them")
    try:
        return as_cells(parquet.read_table(path).to_pandas()) if kind == "parquet" else _read_csv(path)
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise SchemaError(f"cannot read {path}: {' '.join(why_unreadable(error).split())}") from None


def _read_csv(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        head = next(reader, [])
        rows = []
        for row in reader:
            if len(row) != len(head):
                raise SchemaError(f"{path}, line {reader.line_num}: {len(row)} fields where the head has {len(head)}")
            rows.append([value or None for value in row])
    return pd.DataFrame(rows, columns=head, dtype="object")


def _cell(value: Any) -> str | None:
    if value is None or value is pd.NaT or value is pd.NA or value != value:  # noqa: PLR0124 - NaN of any kind
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal | float):
        return _number(value)
    return _moment(value) if isinstance(value, datetime) else str(value) or None


def _number(value: Decimal | float) -> str:
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite():
        return str(exact)
    whole, _, fraction = format(exact, "f").partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"  # a point always, or a column of 5 and 7 is read as integers


def _moment(value: datetime) -> str:
    text = value.isoformat()
    return f"{text[:-6]}Z" if value.utcoffset() == timedelta(0) else text
