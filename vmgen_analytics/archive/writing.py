"""New rows into one account and month of a table, in one commit, and only those that say anything new."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, Schema, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from vmgen_analytics.archive.attempts import attempts
from vmgen_analytics.archive.contents import PARTITIONS, ROLL
from vmgen_analytics.archive.marks import PROPERTIES, VERSION, marks, version_of
from vmgen_analytics.archive.overtaking import Overtaken, is_overtaken
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.archive.proving import is_changed
from vmgen_analytics.archive.reading import part, rows_of
from vmgen_analytics.archive.rollback import commits
from vmgen_analytics.archive.rollcall import begin, unnoted, witness
from vmgen_analytics.archive.silence import without_panics
from vmgen_analytics.archive.versions import migrate_table
from vmgen_analytics.arrow import digest, to_arrow
from vmgen_analytics.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deltalake import CommitProperties

    from vmgen_analytics.archive.places import Place
    from vmgen_analytics.table import Table

PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Waits before another attempt, when somebody else wrote the same table in the same moment."""

FILES_OF_A_PART = 12
"""New rows go into files of their own until an account and month have so many; then all are written as one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Added:
    """What became of an addition: how many rows were new or changed, and the table's commits before and after it."""

    rows: int
    commits_before: int = 0
    commits: int = 0


def add_part(
    place: Place, table: Table, account: str, month: str, new: pd.DataFrame, known: pd.DataFrame | None = None
) -> Added:
    """Add rows of one account and month; the part is rewritten in one atomic commit.

    Where somebody else committed in the same moment, what they stored is read, and the addition done anew.

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
    known
        What the new rows are meant to replace, as it was read: they are added only while the archive says the same of
        their keys. By default they replace whatever it says.

    Returns
    -------
    Added
        How many rows are new or changed.

    Raises
    ------
    Overtaken
        The archive says something else of their keys by now than is known; it is as it was.
    ArchiveDamaged
        The rows that are there are not those that were written: nothing is added to them, which would sign them anew.
    ArchiveError
        The archive cannot be read or written; it is as before.
    """
    for _ in attempts(PAUSES_S):
        try:
            with without_panics():
                return _added(place, table, account, month, new, known)
        except CommitFailedError as error:
            _log.debug("others wrote %s in the same moment, it is read again: %s", table.name, error)
        except DeltaError as error:
            if "already exists" not in str(error):
                raise place.unwritable(error) from None
            _log.debug("others made %s in the same moment, it is read again: %s", table.name, error)
        except TROUBLE as error:
            raise place.unwritable(error) from None
    raise ArchiveError(
        f"others kept writing {table.name} in the archive at {place.url}, and nothing was added to it; try again later"
    )


def create(
    place: Place,
    table: Table,
    parts: Iterable[tuple[str, str, pd.DataFrame]],
    notes: Iterable[tuple[str, int]] = (),
) -> None:
    """Make a table that is not there, and put its first rows into it in one commit.

    Its log is there before any row is: whoever is killed meanwhile leaves an empty table, and rows that lie anywhere
    without a log have lost it.

    Parameters
    ----------
    place
        Where the archive is.
    table
        An archived table.
    parts
        Account, month and its rows, sorted by key; at least one.
    notes
        What is noted in its first entry: keys and numbers.

    Raises
    ------
    CommitFailedError, DeltaError
        Another made it in the same moment.
    """
    stored = [(account, month, stored_rows(table, frame, month)) for account, month, frame in parts]
    rows = pa.concat_tables([each for _, _, each in stored])
    made = DeltaTable.create(
        place.of(table.name),
        Schema.from_arrow(rows.schema),
        mode="error",
        partition_by=PARTITIONS,
        configuration=PROPERTIES,
        storage_options=place.options,
        commit_properties=marks((), unnoted(place, table.name, None), notes),
    )
    digests = [(account, month, digest(each)) for account, month, each in stored]
    _append(made, rows, marks(digests, notes=_commits(place, table, made)))
    if table.name == ROLL:
        witness(place)


def stored_rows(table: Table, frame: pd.DataFrame, month: str) -> pa.Table:
    """Convert the rows of a month for the disk."""
    return to_arrow(table, frame).append_column("month", pa.array([month] * len(frame), pa.string()))


def _added(
    place: Place, table: Table, account: str, month: str, new: pd.DataFrame, known: pd.DataFrame | None
) -> Added:
    opened = place.opened(table.name)
    if opened is None:
        fresh = news(table, table.frame(), new)
        if not fresh.empty:
            begin(place, table.name)
            create(place, table, [(account, month, table.sort(fresh))])
        return Added(len(fresh))
    if version_of(opened) < VERSION:
        opened = migrate_table(place, table, opened)
    old = rows_of(opened, place, table, part(account, month))
    if known is not None and is_overtaken(table, old, known, new):
        raise Overtaken(
            f"others replaced rows of {table.name} in the archive at {place.url} while they were compared, and nothing "
            "was added to them; try again later"
        )
    fresh = news(table, old, new)
    before = int(opened.version())
    if fresh.empty:
        return Added(0, before, before)
    if not old.empty and is_changed(table, opened, table.sort(old), account, month):
        raise place.damaged(table.name, account, month, "nothing is added to them")
    merged = table.sort(pd.concat([old, fresh]).drop_duplicates(list(table.key), keep="last"))
    rows = stored_rows(table, merged, month)
    noted = unnoted(place, table.name, opened)
    properties = marks([(account, month, digest(rows))], noted, _commits(place, table, opened))
    if old.empty or len(merged) < len(old) + len(fresh) or _files(opened, account, month) >= FILES_OF_A_PART:
        _replace(opened, account, month, rows, properties)
    else:
        _append(opened, stored_rows(table, table.sort(fresh), month), properties)
    return Added(len(fresh), before, int(opened.version()))


def _commits(place: Place, table: Table, opened: DeltaTable) -> Iterable[tuple[str, int]]:
    """Note in the log of syncs how far the other tables are."""
    return commits(place, opened) if table.name == ROLL else ()


def _replace(opened: DeltaTable, account: str, month: str, rows: pa.Table, properties: CommitProperties) -> None:
    """Let the rows be all that an account and month hold."""
    quoted = account.replace("'", "''")
    write_deltalake(
        opened,
        rows,
        mode="overwrite",
        predicate=f"account = '{quoted}' AND month = '{month}'",
        schema_mode="merge",
        writer_properties=_writer(),
        commit_properties=properties,
    )


def _append(opened: DeltaTable, rows: pa.Table, properties: CommitProperties) -> None:
    """Add rows with new keys in a file of their own, which writes less than the whole month again."""
    write_deltalake(
        opened, rows, mode="append", schema_mode="merge", writer_properties=_writer(), commit_properties=properties
    )


def _files(opened: DeltaTable, account: str, month: str) -> int:
    return sum(1 for _ in opened.to_pyarrow_dataset().get_fragments(part(account, month)))


def _writer() -> WriterProperties:
    return WriterProperties(compression="ZSTD")


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
