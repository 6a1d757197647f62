"""Imported rows into the archive: only where the provider has said nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from vmgen_analytics.archive.overtaking import unless_overtaken
from vmgen_analytics.observing import differs, superseded
from vmgen_analytics.restating import keep_replaced
from vmgen_analytics.schema.imported import is_imported

if TYPE_CHECKING:
    from vmgen_analytics.archive import Archive

SAYS = {"usage": ["in_MB", "out_MB"], "invoices": ["invoice_date", "status", "total_cost"]}


class Stored(NamedTuple):
    """How many rows are new, changed since an earlier import, known already, or left as the provider said them."""

    new: int
    changed: int
    known: int
    left: int


def add_history(archive: Archive, table: str, history: pd.DataFrame, *, dry_run: bool = False) -> Stored:
    """Store imported rows where the archive has none, or has imported ones.

    Parameters
    ----------
    archive
        The history.
    table
        usage or invoices.
    history
        That table, as `read_history` gives it.
    dry_run
        Store nothing, and tell what would be.

    Returns
    -------
    Stored
        What became of them.

    Raises
    ------
    ArchiveDamaged
        Rows that these would replace are not what was written; nothing of that month changes.
    ArchiveError
        The archive cannot be read or written, or a sync does not end.
    """
    if dry_run:
        return _sorted_out(archive, table, history)[0]
    with archive.lock():
        return unless_overtaken(lambda: _stored(archive, table, history))


def _stored(archive: Archive, table: str, history: pd.DataFrame) -> Stored:
    stored, old, fresh = _sorted_out(archive, table, history)
    if table == "usage":
        keep_replaced(archive, "usage", superseded("usage", old, fresh))
        archive.add("usage", fresh, known=old)
    else:
        archive.add(table, fresh)
    return stored


def _sorted_out(archive: Archive, table: str, history: pd.DataFrame) -> tuple[Stored, pd.DataFrame, pd.DataFrame]:
    key = ["account", "vm_id", "date"] if table == "usage" else ["account", "invoice_id"]
    if history.empty:
        return Stored(0, 0, 0, 0), history, history
    bounds = (history["date"].min(), history["date"].max() + pd.Timedelta(days=1)) if table == "usage" else (None, None)
    old = archive.read(table, *bounds)
    beside = old.assign(is_ours=is_imported(old))[[*key, "is_ours", *SAYS[table]]]
    both = history[[*key, *SAYS[table]]].merge(beside, on=key, how="left", validate="one_to_one", suffixes=("", "_old"))
    is_there = both["is_ours"].notna().to_numpy()
    is_free = (~is_there) | both["is_ours"].eq(True).to_numpy()
    is_same = is_there & is_free
    for name in SAYS[table]:
        is_same &= ~differs(both[name], both[f"{name}_old"]).to_numpy()
    fresh = history[is_free & ~is_same].reset_index(drop=True)
    stored = Stored(
        new=int((~is_there).sum()),
        changed=int((is_there & is_free & ~is_same).sum()),
        known=int(is_same.sum()),
        left=int((~is_free).sum()),
    )
    return stored, old, fresh
