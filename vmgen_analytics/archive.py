"""The history that the provider forgets each month: Delta Lake tables in a folder or an object store."""

from __future__ import annotations

import difflib
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError
from filelock import FileLock, Timeout

from vmgen_analytics.arrow import to_arrow, to_pandas
from vmgen_analytics.errors import ArchiveError, SchemaError
from vmgen_analytics.schema import ARCHIVED
from vmgen_analytics.table import DAY, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vmgen_analytics.table import Table

TABLES = {table.name: table for table in ARCHIVED}
PARTITIONS = ["account", "month"]
LOCK_NAME = ".{}.lock"

_TIMES = ("date", "seen_on", "seen_at", "started_at", "requested_at")


class Archive:
    """Tables that only grow: each observation of the provider's answers, by account and month.

    Every write is one atomic commit, so a reader sees a table as before or as after it, never between.

    Parameters
    ----------
    url
        A folder, or the address of an object store as ``s3://bucket/prefix``, whose credentials come from the
        environment by the store's own conventions.

    Examples
    --------
    >>> Archive("data/archive")
    Archive('data/archive')
    """

    def __init__(self, url: str | Path = "data/archive") -> None:
        self.url = str(url).rstrip("/")
        self.folder = None if "://" in self.url else Path(self.url).expanduser()

    def __repr__(self) -> str:
        return f"Archive({self.url!r})"

    def tables(self) -> list[str]:
        """Name the tables that hold anything."""
        return [name for name in TABLES if self._open(name) is not None]

    def months(self, *names: str) -> list[pd.Period]:
        """List the months in which anything was observed, oldest first.

        Parameters
        ----------
        names
            Archived tables; by default usage, vms and invoices, which tell of months as such.

        Raises
        ------
        SchemaError
            There is no such table.
        ArchiveError
            The archive cannot be read.
        """
        opened = [self._open(_table(name).name) for name in names or ("usage", "vms", "invoices")]
        found = {part["month"] for each in opened if each is not None for part in each.partitions()}
        return [pd.Period(month, freq="M") for month in sorted(found)]

    def read(
        self,
        name: str,
        start: str | pd.Timestamp | None = None,
        end: str | pd.Timestamp | None = None,
        *,
        account: str | None = None,
    ) -> pd.DataFrame:
        """Read the newest observation of each thing.

        Parameters
        ----------
        name
            An archived table, as ``usage``.
        start, end
            Day or month from which, and before which; of the usage, of the invoice's date, else of the observation.
        account
            Only this account.

        Returns
        -------
        DataFrame
            The table; for tables with ``seen_on`` or ``seen_at`` in their key one row a thing, else every row.

        Raises
        ------
        SchemaError
            There is no such table.
        ArchiveError
            The archive cannot be read.
        """
        table = _table(name)
        identity = [column for column in table.key if column not in ("seen_on", "seen_at")]
        if name == "invoices":  # by the date that an invoice has now, not by one that it had
            newest = self.history(name, account=account).drop_duplicates(identity, keep="last")
            return _dated(newest, start, end)
        found = self.history(name, start, end, account=account)
        if identity == list(table.key):
            return found
        return found.drop_duplicates(identity, keep="last").sort_values(identity, ignore_index=True)

    def history(
        self,
        name: str,
        start: str | pd.Timestamp | None = None,
        end: str | pd.Timestamp | None = None,
        *,
        account: str | None = None,
    ) -> pd.DataFrame:
        """Read all observations of a table.

        Parameters, Raises
            As for `read`.

        Returns
        -------
        DataFrame
            The table, sorted by its key; empty and typed where the archive has nothing.
        """
        table = _table(name)
        opened = self._open(name)
        if opened is None:
            return table.frame()
        time = "invoice_date" if name == "invoices" else _time_of(table)
        conditions = None if account is None else ds.field("account") == account
        for edge, is_start in ((start, True), (end, False)):
            if edge is not None:
                condition = _edge(table, time, edge, is_start=is_start)
                conditions = condition if conditions is None else conditions & condition
        return table.sort(self._rows(opened, table, conditions))

    def add(self, name: str, frame: pd.DataFrame) -> int:
        """Add observations; a row with a known key replaces the old one if it says anything new.

        Parameters
        ----------
        name
            An archived table.
        frame
            That table.

        Returns
        -------
        int
            How many rows are new or changed. Adding twice equals adding once: ``seen_at`` alone is no news.

        Raises
        ------
        SchemaError
            The frame is not that table.
        ArchiveError
            The archive cannot be written; it is as before.
        """
        table = _table(name)
        table.check(frame)
        changed = 0
        parts = frame.assign(month=_month_of(frame[_time_of(table)]))
        for (account, month), part in parts.groupby(["account", "month"], sort=True):
            changed += self._add_part(table, str(account), str(month), part.drop(columns="month"))
        return changed

    @contextmanager
    def lock(self, timeout_s: float = 600.0, *, what: str = "sync") -> Iterator[None]:
        """Keep others out who do the same, as other syncs, waiting for one that is under way.

        Parameters
        ----------
        timeout_s
            How long to wait for it.
        what
            What is done; two different things do not wait for each other.

        Raises
        ------
        ArchiveError
            It did not end, or the archive cannot be written.
        """
        if self.folder is None:
            yield  # an object store has no locks; each commit there is checked against the others
            return
        lock = FileLock(self.folder / LOCK_NAME.format(what))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=timeout_s)
        except Timeout:
            raise ArchiveError(f"another {what} has held {self.url} for {timeout_s:g} s; try again later") from None
        except OSError as error:
            raise ArchiveError(self._cannot_write(error)) from None
        try:
            yield
        finally:
            lock.release()

    def _add_part(self, table: Table, account: str, month: str, new: pd.DataFrame) -> int:
        opened = self._open(table.name)
        old = table.frame() if opened is None else self._part(opened, table, account, month)
        news = _news(table, old, new)
        if news.empty:
            return 0
        merged = table.sort(pd.concat([old, news]).drop_duplicates(list(table.key), keep="last"))
        rows = to_arrow(table, merged).append_column("month", pa.array([month] * len(merged), pa.string()))
        place = opened or self._place(table.name)
        writer = WriterProperties(compression="ZSTD")
        try:
            if old.empty:
                write_deltalake(
                    place, rows, mode="append", partition_by=PARTITIONS, schema_mode="merge", writer_properties=writer
                )
            else:
                quoted = account.replace("'", "''")
                part = f"account = '{quoted}' AND month = '{month}'"
                write_deltalake(
                    place, rows, mode="overwrite", predicate=part, schema_mode="merge", writer_properties=writer
                )
        except (OSError, DeltaError) as error:
            raise ArchiveError(self._cannot_write(error)) from None
        return len(news)

    def _part(self, opened: DeltaTable, table: Table, account: str, month: str) -> pd.DataFrame:
        return self._rows(opened, table, (ds.field("account") == account) & (ds.field("month") == month))

    def _rows(self, opened: DeltaTable, table: Table, condition: ds.Expression | None) -> pd.DataFrame:
        try:
            stored = opened.to_pyarrow_dataset()
            known = [name for name in table.columns if name in stored.schema.names]
            rows = stored.to_table(columns=known, filter=condition)
        except (OSError, DeltaError, pa.ArrowException) as error:
            raise ArchiveError(f"cannot read {table.name} in the archive at {self.url}: {_reason(error)}") from None
        return to_pandas(table, rows)

    def _open(self, name: str) -> DeltaTable | None:
        try:
            place = self._place(name)
            return DeltaTable(place) if DeltaTable.is_deltatable(place) else None
        except (OSError, DeltaError) as error:
            raise ArchiveError(f"cannot read {name} in the archive at {self.url}: {_reason(error)}") from None

    def _place(self, name: str) -> str:
        return f"{self.url}/{name}" if self.folder is None else str(self.folder / name)

    def _cannot_write(self, error: Exception) -> str:
        return (
            f"cannot write the archive at {self.url}: {_reason(error)}; "
            "give it another place with --archive, or free this one"
        )


def _table(name: str) -> Table:
    if name not in TABLES:
        nearest = difflib.get_close_matches(name, TABLES, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise SchemaError(f"no table {name!r}; the archive keeps {', '.join(TABLES)}{hint}")
    return TABLES[name]


def _time_of(table: Table) -> str:
    """Name the column of the key that tells when."""
    return next(column for column in _TIMES if column in table.key)


def _month_of(times: pd.Series) -> pd.Series:
    months: pd.Series = times.dt.strftime("%Y-%m")
    return months


def _dated(invoices: pd.DataFrame, start: str | pd.Timestamp | None, end: str | pd.Timestamp | None) -> pd.DataFrame:
    """Take the invoices of a time; one without a date belongs to the day on which it was seen."""
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
    if time != _time_of(table):
        return inside
    month = pa.scalar(moment.strftime("%Y-%m"))
    return inside & (ds.field("month") >= month if is_start else ds.field("month") <= month)


def _news(table: Table, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
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


def _reason(error: Exception) -> str:
    """Put the causes that an error lists, in colour and on lines of their own, into one plain line."""
    plain = re.sub(r"\x1b\[[0-9;]*m|↳", "", str(error))
    return ": ".join(filter(None, map(str.strip, plain.splitlines())))[:300] or type(error).__name__
