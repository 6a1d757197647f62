"""New rows into one account and month of a table, in one commit, and only those that say anything new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
from deltalake import WriterProperties, write_deltalake

from vmgen_analytics.archive.contents import PARTITIONS
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.archive.reading import part, rows_of
from vmgen_analytics.arrow import to_arrow

if TYPE_CHECKING:
    from vmgen_analytics.archive.places import Place
    from vmgen_analytics.table import Table


def add_part(place: Place, table: Table, account: str, month: str, new: pd.DataFrame) -> int:
    """Add rows of one account and month; the part is rewritten in one atomic commit.

    Parameters
    ----------
    place
        Where the archive is.
    table
        An archived table.
    account, month
        Where the rows belong.
    new
        That table, of that account and month.

    Returns
    -------
    int
        How many rows are new or changed.

    Raises
    ------
    ArchiveError
        The archive cannot be read or written; it is as before.
    """
    opened = place.opened(table.name)
    old = table.frame() if opened is None else rows_of(opened, place, table, part(account, month))
    fresh = news(table, old, new)
    if fresh.empty:
        return 0
    merged = table.sort(pd.concat([old, fresh]).drop_duplicates(list(table.key), keep="last"))
    rows = to_arrow(table, merged).append_column("month", pa.array([month] * len(merged), pa.string()))
    where = opened or place.of(table.name)
    writer = WriterProperties(compression="ZSTD")
    try:
        if old.empty:
            write_deltalake(
                where, rows, mode="append", partition_by=PARTITIONS, schema_mode="merge", writer_properties=writer
            )
        else:
            quoted = account.replace("'", "''")
            replaced = f"account = '{quoted}' AND month = '{month}'"
            write_deltalake(
                where, rows, mode="overwrite", predicate=replaced, schema_mode="merge", writer_properties=writer
            )
    except TROUBLE as error:
        raise place.unwritable(error) from None
    return len(fresh)


def news(table: Table, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Leave out the rows that say nothing new; where ``seen_at`` is in the key, nothing new since the one before."""
    content = [column for column in table.columns if column != "seen_at"]
    if "seen_at" not in table.key:
        together = pd.concat([old[content], new[content]], ignore_index=True)
        return new[~together.duplicated().to_numpy()[len(old) :]]
    together = pd.concat([old.assign(is_news=False), new.assign(is_news=True)])
    together = together[~together.duplicated(list(table.columns))].drop_duplicates(list(table.key), keep="last")
    together = together.sort_values(list(table.key), ignore_index=True)
    said = together.groupby(content, dropna=False).ngroup()
    is_repeated = said == said.shift()
    is_known_later = (said == said.shift(-1)) & (~together["is_news"]).shift(-1, fill_value=False)
    return together.loc[together["is_news"] & ~is_repeated & ~is_known_later, list(table.columns)]
