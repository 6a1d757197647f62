"""Rows out of a table of the archive: which are asked for, and which of them are the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from vmgen_analytics.archive.contents import identity_of, time_of
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.arrow import to_pandas
from vmgen_analytics.table import DAY, moment_of

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from vmgen_analytics.archive.places import Place
    from vmgen_analytics.table import Table

    Edge = str | pd.Timestamp | None


def observations(place: Place, table: Table, condition: ds.Expression | None = None) -> pd.DataFrame:
    """Read the stored rows of a table.

    Parameters
    ----------
    place
        Where the archive is.
    table
        An archived table.
    condition
        Which rows; by default all.

    Returns
    -------
    DataFrame
        The table, sorted by its key; empty and typed where the archive has nothing.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    """
    opened = place.opened(table.name)
    return table.frame() if opened is None else table.sort(rows_of(opened, place, table, condition))


def rows_of(opened: DeltaTable, place: Place, table: Table, condition: ds.Expression | None) -> pd.DataFrame:
    """Read rows of one state of a table, in no order.

    Raises
    ------
    ArchiveError
        They cannot be read.
    """
    try:
        stored = opened.to_pyarrow_dataset()
        known = [name for name in table.columns if name in stored.schema.names]
        rows = stored.to_table(columns=known, filter=condition)
    except TROUBLE as error:
        raise place.unreadable(table.name, error) from None
    return to_pandas(table, rows)


def window(table: Table, start: Edge, end: Edge, account: str | None) -> ds.Expression | None:
    """State which rows lie in a time; of the usage, of the invoice's date, else of the observation.

    Parameters
    ----------
    table
        An archived table.
    start, end
        Day or month from which, and before which.
    account
        Only this account.

    Returns
    -------
    Expression or None
        None if all of them.

    Raises
    ------
    SchemaError
        An edge is no day or month.
    """
    time = "invoice_date" if table.name == "invoices" else time_of(table)
    conditions = None if account is None else ds.field("account") == account
    for edge, is_start in ((start, True), (end, False)):
        if edge is not None:
            condition = _edge(table, time, edge, is_start=is_start)
            conditions = condition if conditions is None else conditions & condition
    return conditions


def part(account: str, month: str) -> ds.Expression:
    """State which rows lie under one account and month."""
    return (ds.field("account") == account) & (ds.field("month") == month)


def newest(table: Table, history: pd.DataFrame) -> pd.DataFrame:
    """Keep the newest observation of each thing.

    Parameters
    ----------
    table
        An archived table.
    history
        That table, sorted by its key.

    Returns
    -------
    DataFrame
        The same, sorted by what tells the things apart; all of it where nothing is seen twice.
    """
    identity = identity_of(table)
    if identity == list(table.key):
        return history
    return history.drop_duplicates(identity, keep="last").sort_values(identity, ignore_index=True)


def dated(invoices: pd.DataFrame, start: Edge, end: Edge) -> pd.DataFrame:
    """Take the invoices of a time; one without a date belongs to the day on which it was seen.

    Parameters
    ----------
    invoices
        Table ``invoices``.
    start, end
        Day or month from which, and before which.

    Returns
    -------
    DataFrame
        Table ``invoices``, sorted by account and number.

    Raises
    ------
    SchemaError
        An edge is no day or month.
    """
    dates = invoices["invoice_date"].fillna(invoices["seen_at"].dt.tz_localize(None))
    inside = pd.Series(True, index=invoices.index)
    if start is not None:
        inside &= dates >= moment_of(start).tz_localize(None)
    if end is not None:
        inside &= dates < moment_of(end).tz_localize(None)
    return invoices[inside].sort_values(["account", "invoice_id"], ignore_index=True)


def _edge(table: Table, time: str, edge: str | pd.Timestamp, *, is_start: bool) -> ds.Expression:
    moment = moment_of(edge)
    if table.columns[time].dtype == DAY:
        value = pa.scalar(moment.date(), pa.date32())
    else:
        value = pa.scalar(moment.tz_localize("UTC") if moment.tz is None else moment, pa.timestamp("us", "UTC"))
    inside = ds.field(time) >= value if is_start else ds.field(time) < value
    if time != time_of(table):
        return inside
    month = pa.scalar(moment.strftime("%Y-%m"))
    return inside & (ds.field("month") >= month if is_start else ds.field("month") <= month)
