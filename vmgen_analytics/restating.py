"""What is replaced in the archive, as usage and jobs are: nothing known is lost, and what was replaced is kept."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from vmgen_analytics.archive.overtaking import unless_overtaken
from vmgen_analytics.archive.scanning import scan
from vmgen_analytics.errors import Failure, UnexpectedDataWarning
from vmgen_analytics.observing import UNSETTLED, differs, exchanged, not_late, observed_usage, settled_usage, superseded
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from vmgen_analytics.archive import Archive

RECENT = 2
"""Months with usage before this one in which days may still have to be settled."""


class Added(NamedTuple):
    """How many rows are new, by table, and what was strange about them."""

    rows: dict[str, int]
    failures: tuple[Failure, ...]


def restatements(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Days that were final and now say something else.

    Parameters
    ----------
    old, new
        Table ``usage``, as it was and as it came.

    Returns
    -------
    DataFrame
        Table ``restatements``: account, vm_id, date, seen_at, in_MB, out_MB, in_MB_before, out_MB_before. [MB]

    Raises
    ------
    SchemaError
        A frame is not the table ``usage``.
    """
    key = ["account", "vm_id", "date"]
    both = new.merge(
        old.loc[old["status"] == "final", [*key, "in_MB", "out_MB"]],
        on=key,
        how="inner",
        validate="one_to_one",
        suffixes=("", "_before"),
    )
    changed = differs(both["in_MB"], both["in_MB_before"]) | differs(both["out_MB"], both["out_MB_before"])
    return TABLES["restatements"].cast(both[changed])


def keep_replaced(archive: Archive, name: str, rows: pd.DataFrame) -> None:
    """Keep what is about to be replaced, unless it is damaged: what was never observed is no history.

    Parameters
    ----------
    archive
        The history.
    name
        A table whose rows are replaced: usage or jobs.
    rows
        Table ``superseded_usage`` or ``superseded_jobs``: the rows, as `superseded` gives them.

    Raises
    ------
    ArchiveDamaged
        They are not what was written; nothing is kept.
    ArchiveError
        The archive cannot be read or written.
    """
    if not rows.empty:
        archive.prove(name, rows)
        archive.add(f"superseded_{name}", rows)


def add_usage(archive: Archive, usage: pd.DataFrame, account: str, clock: Callable[[], datetime]) -> Added:
    """Store usage as it came; what it replaces is stored before, so that no moment loses anything.

    Where others store usage of the same days in the same moment, it is decided anew beside theirs what is the newest.

    Parameters
    ----------
    archive
        The history.
    usage
        Table ``usage`` as it came, of one account.
    account
        That account.
    clock
        The provider's clock; asked again at each attempt.

    Returns
    -------
    Added
        New rows of ``usage`` and ``restatements``, and the known traffic that did not come.

    Raises
    ------
    ArchiveError
        The archive cannot be read or written.
    """
    if usage.empty:
        return Added({"usage": 0}, ())
    first, last = usage["date"].min(), usage["date"].max()

    def store() -> tuple[Added, tuple[str, ...]]:
        old = archive.read("usage", first, last + pd.Timedelta(days=1), account=account)
        observed = observed_usage(old, usage, pd.Timestamp(clock()))
        restated = restatements(old, observed.frame)
        keep_replaced(archive, "usage", superseded("usage", old, observed.frame))
        rows = {"restatements": _keep(archive, "restatements", restated)}
        rows["usage"] = archive.add("usage", observed.frame, known=old)
        return Added(rows, observed.failures), observed.warnings

    added, strange = unless_overtaken(store)
    for sentence in strange:
        warnings.warn(sentence, UnexpectedDataWarning, stacklevel=2)
    return added


def add_jobs(archive: Archive, jobs: pd.DataFrame, account: str, clock: Callable[[], datetime]) -> int:
    """Store jobs as they came, and before that what they replace; an older report does not replace a newer one.

    Parameters
    ----------
    archive
        The history.
    jobs
        Table ``jobs`` as it came, of one account.
    account
        That account.
    clock
        Tells the time by the provider's clock.

    Returns
    -------
    int
        How many rows are new or changed.

    Raises
    ------
    ArchiveError
        The archive cannot be read or written.
    """
    if jobs.empty:
        return 0

    def store() -> int:
        old = archive.read("jobs", jobs["started_at"].min(), account=account)
        new = not_late("jobs", old, jobs, pd.Timestamp(clock()))
        keep_replaced(archive, "jobs", superseded("jobs", old, new))
        return archive.add("jobs", new, known=old)

    return unless_overtaken(store)


def add_vms(archive: Archive, vms: pd.DataFrame, account: str, clock: Callable[[], datetime]) -> int:
    """Store an inventory; what an older one says of the same day does not replace a newer one.

    A number that may have become another machine within the day is told by an `UnexpectedDataWarning`.

    Parameters
    ----------
    archive
        The history.
    vms
        Table ``vms`` as it came, of one account.
    account
        That account.
    clock
        Tells the time by the provider's clock.

    Returns
    -------
    int
        How many rows are new or changed.

    Raises
    ------
    ArchiveError
        The archive cannot be read or written.
    """
    if vms.empty:
        return 0
    first, last = vms["seen_on"].min(), vms["seen_on"].max()

    def store() -> tuple[int, tuple[str, ...]]:
        old = archive.history("vms", first, last + pd.Timedelta(days=1), account=account)
        new = not_late("vms", old, vms, pd.Timestamp(clock()))
        return archive.add("vms", new, known=old), exchanged(old, new)

    added, strange = unless_overtaken(store)
    for sentence in strange:
        warnings.warn(sentence, UnexpectedDataWarning, stacklevel=2)
    return added


def settle_usage(
    archive: Archive, account: str, shown: pd.DataFrame, answered: Collection[int], now: pd.Timestamp, zone: str
) -> int:
    """Settle the days of earlier months, of which no more will come.

    Parameters
    ----------
    archive
        The history.
    account
        Of which account.
    shown
        Table ``usage``, as the provider shows it now.
    answered
        VMs that answered just now.
    now
        The time by the provider's clock.
    zone
        The account's time zone.

    Returns
    -------
    int
        How many days changed.

    Raises
    ------
    ArchiveError
        The archive cannot be read or written.
    """
    here = now.tz_convert(zone).tz_localize(None)
    this_month = here.to_period("M")
    earlier = [month for month in archive.months("usage", account=account) if month < this_month][-RECENT:]
    if not earlier or not _unsettled(archive, account, earlier):
        return 0

    def store() -> int:
        usage = archive.read("usage", str(earlier[0]), str(this_month), account=account)
        settled = settled_usage(usage, shown, answered, here)
        if settled.empty:
            return 0
        keep_replaced(archive, "usage", superseded("usage", usage, settled, now))
        return archive.add("usage", settled, known=usage)

    return unless_overtaken(store)


def _keep(archive: Archive, name: str, rows: pd.DataFrame) -> int:
    """Add rows, of which there are none most of the time."""
    return 0 if rows.empty else archive.add(name, rows)


def _unsettled(archive: Archive, account: str, months: Sequence[pd.Period]) -> bool:
    """Tell whether any day of some months may still have to be settled, which is seldom, by one column of them."""
    statuses = scan(archive, "usage", ("status",), months={str(month) for month in months}, account=account)
    return not UNSETTLED.isdisjoint(statuses.column("status").unique().to_pylist())
