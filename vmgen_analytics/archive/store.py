"""The archive as the rest of the package sees it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.archive.care import care, is_due
from vmgen_analytics.archive.contents import TABLES, months_of, table_named
from vmgen_analytics.archive.locking import locked
from vmgen_analytics.archive.past import SUPERSEDED, all_observations, instant_of, known_at
from vmgen_analytics.archive.places import Place
from vmgen_analytics.archive.proving import is_changed
from vmgen_analytics.archive.reading import dated, newest, observations, part, rows_of, window
from vmgen_analytics.archive.restoring import refuse_broken_off
from vmgen_analytics.archive.versions import migrate
from vmgen_analytics.archive.writing import add_part
from vmgen_analytics.errors import ArchiveDamaged
from vmgen_analytics.schema.imported import imported_first

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vmgen_analytics.archive.care import Cared
    from vmgen_analytics.archive.reading import Edge
    from vmgen_analytics.table import Table


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
        self.place = Place.at(url)
        self._untidy: set[str] = set()

    @property
    def url(self) -> str:
        """Where it is, as it was named."""
        return self.place.url

    @property
    def folder(self) -> Path | None:
        """Where it is as a path; None in an object store."""
        return self.place.folder

    def __repr__(self) -> str:
        return f"Archive({self.url!r})"

    def tables(self) -> list[str]:
        """Name the tables that hold anything."""
        return [name for name in TABLES if self.place.opened(name) is not None]

    def months(self, *names: str, account: str | None = None) -> list[pd.Period]:
        """List the months in which anything was observed, oldest first.

        Parameters
        ----------
        names
            Archived tables; by default usage, vms and invoices, which tell of months as such.
        account
            Only this account.

        Raises
        ------
        SchemaError
            There is no such table.
        ArchiveError
            The archive cannot be read.
        """
        opened = [self.place.opened(table_named(name).name) for name in names or ("usage", "vms", "invoices")]
        parts = [part for each in opened if each is not None for part in each.partitions()]
        found = {part["month"] for part in parts if account in (None, part["account"])}
        return [pd.Period(month, freq="M") for month in sorted(found)]

    def read(
        self,
        name: str,
        start: str | pd.Timestamp | None = None,
        end: str | pd.Timestamp | None = None,
        *,
        account: str | None = None,
        as_of: str | pd.Timestamp | None = None,
    ) -> pd.DataFrame:
        """Read the newest observation of each thing, or what was the newest at an earlier moment.

        Parameters
        ----------
        name
            An archived table, as ``usage``.
        start, end
            Day or month from which, and before which; of the usage, of the invoice's date, else of the observation.
        account
            Only this account.
        as_of
            A moment, in UTC if it has no time zone: the table as `read` gave it then. Tables kept by day (``seen_on``)
            are as at the end of the moment's day, in its own time zone; a command that ended later is ``sending``.

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
        table = table_named(name)
        if name == "invoices":  # by the date that an invoice has now, not by one that it had
            known = self._known(table, None, None, account, as_of)
            return dated(newest(table, imported_first(known)), start, end)
        return newest(table, self._known(table, start, end, account, as_of))

    def history(
        self,
        name: str,
        start: str | pd.Timestamp | None = None,
        end: str | pd.Timestamp | None = None,
        *,
        account: str | None = None,
        as_of: str | pd.Timestamp | None = None,
    ) -> pd.DataFrame:
        """Read all observations of a table, or those that had been made at an earlier moment.

        Parameters, Raises
            As for `read`.

        Returns
        -------
        DataFrame
            The table, sorted by its key; empty and typed where the archive has nothing. Of usage and jobs, rows that
            were replaced stand before those that replaced them.
        """
        table = table_named(name)
        rows = self._known(table, start, end, account, as_of)
        if name not in SUPERSEDED:
            return rows
        replaced = self.history(SUPERSEDED[name], start, end, account=account, as_of=as_of)
        return all_observations(table, rows, replaced)

    def add(self, name: str, frame: pd.DataFrame, *, known: pd.DataFrame | None = None) -> int:
        """Add observations; a row with a known key replaces the old one if it says anything new.

        Parameters
        ----------
        name
            An archived table.
        frame
            That table.
        known
            What these rows are meant to replace, as `read` gave it: they are added only while the archive says the
            same of them. By default they replace whatever it says.

        Returns
        -------
        int
            How many rows are new or changed. Adding twice equals adding once: ``seen_at`` alone is no news.

        Raises
        ------
        SchemaError
            The frame is not that table.
        ArchiveDamaged
            What some account and month holds is not what was written: it is left as it is, and the others are added.
        Overtaken
            Somebody else replaced what is known: of that account and month nothing is added.
        ArchiveError
            The archive cannot be written; it is as before.
        """
        table = table_named(name)
        table.check(frame)
        changed = 0
        damage = None
        parts = frame.assign(month=months_of(table, frame))
        for (account, month), rows in parts.groupby(["account", "month"], sort=True):
            try:
                added = add_part(self.place, table, str(account), str(month), rows.drop(columns="month"), known)
            except ArchiveDamaged as error:
                damage = damage or error
                continue
            changed += added.rows
            if is_due(added):
                self._untidy.add(name)
        if damage is not None:
            raise damage
        return changed

    def prove(self, name: str, frame: pd.DataFrame) -> None:
        """Raise if the rows that these would replace are not what was written; call it before keeping them elsewhere.

        Parameters
        ----------
        name
            An archived table.
        frame
            That table.

        Raises
        ------
        ArchiveDamaged
            They are not.
        ArchiveError
            The archive cannot be read.
        """
        table = table_named(name)
        opened = self.place.opened(name)
        if opened is None:
            return
        for account, month in sorted(set(zip(frame["account"], months_of(table, frame), strict=True))):
            rows = rows_of(opened, self.place, table, part(account, month))
            if not rows.empty and is_changed(table, opened, table.sort(rows), account, month):
                raise self.place.damaged(name, account, month, "nothing is added to them")

    def tidy(self, *, everything: bool = False) -> list[Cared]:
        """Put small files together, and delete what was replaced more than 30 days ago.

        Parameters
        ----------
        everything
            Care for every table; by default for those that were written since they last were, and need it.

        Returns
        -------
        list of Cared
            What was done, by table.

        Raises
        ------
        ArchiveError
            The archive cannot be read or written; what it holds is as before.
        """
        wanted = list(TABLES) if everything else sorted(self._untidy)
        done = care(self.place, wanted)
        self._untidy.difference_update(wanted)
        return done

    def migrate(self) -> list[str]:
        """Bring every table to the layout of this version; each does so by itself when it is next written.

        Returns
        -------
        list of str
            Names of the tables that were older.

        Raises
        ------
        ArchiveError
            The archive cannot be read or written, or is newer than this package.
        """
        return migrate(self.place, TABLES)

    def _known(
        self, table: Table, start: Edge, end: Edge, account: str | None, as_of: str | pd.Timestamp | None
    ) -> pd.DataFrame:
        """Read the rows of a table that are known now, or were at a moment."""
        rows = observations(self.place, table, window(table, start, end, account))
        if as_of is None:
            return rows
        kept = SUPERSEDED.get(table.name)
        superseded = None if kept is None else self.history(kept, start, end, account=account)
        return known_at(table, rows, superseded, instant_of(as_of))

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
            It did not end, or the archive cannot be written, or a restore into it was broken off.
        """
        with locked(self.place, what, timeout_s):
            refuse_broken_off(self.place)
            yield
