"""Are the rows of an account and month those that were written there, each once and at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.archive.contents import months_of
from vmgen_analytics.archive.listing import sizes
from vmgen_analytics.archive.logs import noted_parts
from vmgen_analytics.archive.marks import VERSION, digest_of, version_of
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.arrow import digest, to_arrow
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pandas as pd
    from deltalake import DeltaTable

    from vmgen_analytics.archive.places import Place
    from vmgen_analytics.table import Table


def wrong_with(table: Table, opened: DeltaTable, rows: pd.DataFrame, account: str, month: str) -> Iterator[str]:
    """Say what is wrong with the rows of an account and month.

    Parameters
    ----------
    table
        An archived table.
    opened
        It, as it lies on disk.
    rows
        Its rows, sorted by key.
    account, month
        Under which they lie.

    Yields
    ------
    str
        Each thing that is wrong.
    """
    repeated = rows.duplicated(list(table.key))
    if repeated.any():
        yield f"{_said(repeated, 'repeats', 'repeat')} a key, the first one {_key(table, rows, repeated)}"
    elsewhere = months_of(table, rows) != month
    if elsewhere.any():
        yield f"{_said(elsewhere, 'belongs', 'belong')} to another month, the first one {_key(table, rows, elsewhere)}"
    if table.name == "syncs":
        yield from _implausible(rows)
    if not account:
        yield "it belongs to no account"
    yield from _changed(table, opened, rows, account, month)


def is_changed(table: Table, opened: DeltaTable, rows: pd.DataFrame, account: str, month: str) -> bool:
    """Tell whether the rows of an account and month are others than were written; not, where no digest was noted.

    Parameters
    ----------
    table
        An archived table.
    opened
        It, as it lies on disk.
    rows
        Its rows, sorted by key.
    account, month
        Under which they lie.
    """
    noted = digest_of(opened, account, month)
    if noted is None:
        return False
    return bool(rows.duplicated(list(table.key)).any()) or digest(to_arrow(table, rows)) != noted


def parts_gone(
    place: Place, opened: DeltaTable, name: str, there: Collection[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Name each account and month of which rows were written, and none are there: nothing here ever deletes all.

    Parameters
    ----------
    place
        Where the archive is.
    opened
        A table, as it lies on disk.
    name
        Which one.
    there
        Each account and month of which rows are there.

    Returns
    -------
    list of tuple
        Account and month.

    Raises
    ------
    ArchiveError
        The log cannot be read.
    """
    try:
        noted = noted_parts(place.files(name), sizes(place, name))
    except (*TROUBLE, ValueError) as error:
        raise place.unreadable(name, error) from None
    return sorted(part for part in noted.difference(there) if digest_of(opened, *part) is not None)


def _implausible(syncs: pd.DataFrame) -> Iterator[str]:
    """Say what cannot be in the log of an account's syncs."""
    backwards = syncs["ended_at"] < syncs["started_at"]
    if backwards.any():
        yield f"the sync of {syncs.loc[backwards, 'started_at'].iloc[0]} ends before it starts"
    for name in ("requests", "failures", "rows"):
        if (syncs[name] < 0).any():
            yield f"a sync has fewer than no {name}"
    silent = (syncs["failures"] > 0) & (syncs["incomplete"].fillna("") == "")
    if silent.any():
        yield f"the sync of {syncs.loc[silent, 'started_at'].iloc[0]} has failures, and names no table that they are of"


def _changed(table: Table, opened: DeltaTable, rows: pd.DataFrame, account: str, month: str) -> Iterator[str]:
    """Compare the rows with the digest that was noted when they were written."""
    if digest_of(opened, account, month) is None:
        if version_of(opened) >= VERSION:
            yield "no digest was noted for its rows: an older version of this package wrote them; run archive migrate"
    elif is_changed(table, opened, rows, account, month):
        yield "its rows are not those that were written"


def _key(table: Table, rows: pd.DataFrame, where: pd.Series) -> str:
    first = rows.loc[where, list(table.key)].iloc[0]
    return ", ".join(f"{name} {value}" for name, value in first.items())


def _said(where: pd.Series, one: str, many: str) -> str:
    """Say how many rows do something."""
    return f"{counted(int(where.sum()), 'row')} {one if where.sum() == 1 else many}"
