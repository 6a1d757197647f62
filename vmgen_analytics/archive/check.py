"""Is the archive whole: every file, every row of every account and month, and the log of syncs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from vmgen_analytics.archive.causes import ALL_DAMAGE, cause_of, reason
from vmgen_analytics.archive.contents import PARTITIONS
from vmgen_analytics.archive.listing import sizes
from vmgen_analytics.archive.logs import gaps, unlogged, unreadable
from vmgen_analytics.archive.marks import VERSION, version_of
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.archive.proving import parts_gone, wrong_with
from vmgen_analytics.archive.reading import part
from vmgen_analytics.archive.restoring import refuse_broken_off
from vmgen_analytics.archive.rollcall import BROKEN_OFF, amiss, no_log
from vmgen_analytics.arrow import schema_of, to_pandas
from vmgen_analytics.errors import ArchiveDamaged, ArchiveError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from deltalake import DeltaTable
    from pyarrow.fs import PyFileSystem

    from vmgen_analytics.archive.places import Place
    from vmgen_analytics.table import Table

FILE_TROUBLE = (*TROUBLE, UnicodeDecodeError, ValueError)
"""What reading a file of arbitrary bytes may raise."""


Kind = Literal["damaged", "shut", "unfinished"]


@dataclass(frozen=True)
class Fault:
    """Something that is wrong, and where.

    Attributes
    ----------
    table
        The table.
    what
        What is wrong.
    account, month, file
        Where, as far as it belongs to one.
    kind
        What follows from it: ``damaged`` is not what was written; ``shut`` cannot be looked at, and may be whole;
        ``unfinished`` was broken off while it was written, and is mended by a sync.
    """

    table: str
    what: str
    account: str = ""
    month: str = ""
    file: str = ""
    kind: Kind = "damaged"

    def __str__(self) -> str:
        where = [
            self.table,
            self.account and f"account {self.account}",
            self.month and f"month {self.month}",
            self.file,
        ]
        return f"{', '.join(filter(None, where))}: {self.what}"


@dataclass
class Checked:
    """What was looked at in a table, and what was found.

    Attributes
    ----------
    table
        The table.
    commits, files, parts, rows
        Its commits until now, its files, its pairs of account and month, and their rows.
    faults
        What is wrong; empty if it is whole.
    is_read
        Whether the table could be read; else nothing is known of its rows.
    """

    table: str
    commits: int = 0
    files: int = 0
    parts: int = 0
    rows: int = 0
    faults: list[Fault] = field(default_factory=list)
    is_read: bool = True


def check(place: Place, tables: Mapping[str, Table]) -> list[Checked]:
    """Prove that the archive is whole, or name what is not; changes nothing.

    Parameters
    ----------
    place
        Where the archive is.
    tables
        The archived tables.

    Returns
    -------
    list of Checked
        One for each table that is there, or should be.

    Raises
    ------
    ArchiveError
        The place cannot be reached at all.
    """
    refuse_broken_off(place)
    found: dict[str, Checked] = {}
    opened: dict[str, DeltaTable] = {}
    shut = []
    for table in tables.values():
        try:
            checked = _checked(place, table, opened)
        except ArchiveError as error:
            if place.folder is None and not isinstance(error, ArchiveDamaged):
                raise  # a store that does not answer, or refuses us, does so for every table
            shut.append(error)
            checked = Checked(table.name, faults=[_unreadable(place, table, error)], is_read=False)
        if checked is not None:
            found[table.name] = checked
    if len(shut) == len(tables):
        raise shut[0]
    for name, what in [*amiss(opened, set(found))]:
        kind: Kind = "unfinished" if what == BROKEN_OFF else "damaged"
        found.setdefault(name, Checked(name, is_read=False)).faults.append(Fault(name, what, kind=kind))
    return [found[name] for name in tables if name in found]


def _unreadable(place: Place, table: Table, error: ArchiveError) -> Fault:
    """Say in the words of a check why a table cannot be read: without the archive, and the advice to check it."""
    text = str(error).partition(f"; {ALL_DAMAGE}")[0]
    what = f"it cannot be read: {text.partition(f'{place.url}: ')[2] or text}"
    return Fault(table.name, what, kind="damaged" if isinstance(error, ArchiveDamaged) else "shut")


def _checked(place: Place, table: Table, tables: dict[str, DeltaTable]) -> Checked | None:
    """Check one table, and put it to the others if it can be opened; None if it is not there."""
    checked = Checked(table.name)
    listed = sizes(place, table.name)
    checked.faults += [Fault(table.name, "the log lacks this entry", file=name) for name in gaps(listed)]
    broken = [
        Fault(table.name, "this entry of the log cannot be read", file=name)
        for name in (unreadable(place.files(table.name), listed) if listed else ())
    ]
    try:
        opened = place.opened(table.name)
    except ArchiveError as error:
        if not listed:
            raise
        checked.is_read = False
        fault = _unreadable(place, table, error)
        checked.faults += [*broken, fault] if fault.kind == "damaged" else [fault]  # which says why they cannot be read
        return checked
    checked.faults += broken
    if opened is None:
        left = [name for name in listed if name.endswith(".parquet")]
        if left or any(name.startswith("_delta_log/") for name in listed):
            checked.is_read = False
            checked.faults.append(Fault(table.name, no_log(len(left))))
            return checked
        return None
    tables[table.name] = opened
    try:
        _look(place, table, opened, listed, checked)
    except TROUBLE as error:
        checked.is_read = False
        checked.faults.append(_unreadable(place, table, place.unreadable(table.name, error)))
    return checked


def _look(place: Place, table: Table, opened: DeltaTable, listed: Mapping[str, int], checked: Checked) -> None:
    """Look at the log, the columns, the files and the rows of a table."""
    checked.commits = int(opened.version()) + 1
    checked.faults += [
        Fault(
            table.name,
            "in no entry of the log: a write was broken off, or the last entry is gone; sync again",
            file=name,
            kind="unfinished",
        )
        for name in unlogged(place.files(table.name), listed, opened)
    ]
    checked.faults += _columns(table, opened)
    added = pa.table(opened.get_add_actions(flatten=True)).to_pylist()
    whole = _footers(place, listed, added, checked)
    there = _parts(table, opened, added, whole, checked)
    checked.faults += [
        Fault(table.name, "its rows are gone", account, month)
        for account, month in parts_gone(place, opened, table.name, there)
    ]


def _columns(table: Table, opened: DeltaTable) -> list[Fault]:
    """Compare the columns and their types with the declared ones; what an older version lacked is no fault in it."""
    stored = pa.schema(opened.schema().to_arrow())
    faults = []
    for declared in schema_of(table):
        if declared.name not in stored.names:
            if version_of(opened) >= VERSION:
                faults.append(Fault(table.name, f"column {declared.name} is missing"))
        elif _plain(stored.field(declared.name).type) != declared.type:
            kind = stored.field(declared.name).type
            faults.append(Fault(table.name, f"column {declared.name} is {kind} and should be {declared.type}"))
    if list(opened.metadata().partition_columns) != PARTITIONS:
        faults.append(Fault(table.name, f"is divided by {opened.metadata().partition_columns}, not by {PARTITIONS}"))
    return faults


def _plain(kind: pa.DataType) -> pa.DataType:
    """Forget which of Arrow's several layouts a text has."""
    return pa.string() if kind in (pa.large_string(), pa.string_view()) else kind


def _footers(place: Place, listed: Mapping[str, int], added: Sequence[Mapping[str, Any]], checked: Checked) -> set[str]:
    """Look at size and footer of each file that the log names; return those that are as they should be."""
    files, whole = place.files(checked.table), set()
    for each in added:
        name = unquote(each["path"])
        checked.files += 1
        wrong, kind = _footer(place, files, name, listed, each)
        if wrong:
            at = each["partition.account"], each["partition.month"]
            checked.faults.append(Fault(checked.table, wrong, *at, name, kind))
        else:
            whole.add(name)
    return whole


def _footer(
    place: Place, files: PyFileSystem, name: str, listed: Mapping[str, int], logged: Mapping[str, object]
) -> tuple[str, Kind]:
    """Tell what is wrong with a file, and what follows from that."""
    if name not in listed:
        return "the file is missing", "damaged"
    if listed[name] != logged["size_bytes"]:
        return f"the file has {listed[name]} bytes, and {logged['size_bytes']} were written", "damaged"
    try:
        with files.open_input_file(name) as opened:
            rows = pq.ParquetFile(opened).metadata.num_rows
    except FILE_TROUBLE as error:
        kind: Kind = "damaged" if cause_of(error, place.url, place.folder).is_damage else "shut"
        return f"the file cannot be read ({_brief(error)})", kind
    if logged["num_records"] is not None and rows != logged["num_records"]:
        return f"the file has {rows} rows, and {logged['num_records']} were written", "damaged"
    return "", "damaged"


def _parts(
    table: Table, opened: DeltaTable, added: Sequence[Mapping[str, Any]], whole: set[str], checked: Checked
) -> set[tuple[str, str]]:
    """Look at the rows of each account and month of which every file is there; name those that the log has files of."""
    by_part: dict[tuple[str, str], list[str]] = {}
    for each in added:
        by_part.setdefault((each["partition.account"], each["partition.month"]), []).append(unquote(each["path"]))
    for (account, month), names in sorted(by_part.items()):
        checked.parts += 1
        if not whole.issuperset(names):
            continue  # already told
        try:
            rows = _rows(opened, table, account, month)
        except FILE_TROUBLE as error:
            checked.faults.append(
                Fault(table.name, f"its rows cannot be read ({_brief(error)})", account, month, ", ".join(names))
            )
            continue
        checked.rows += len(rows)
        wrong = wrong_with(table, opened, rows, account, month)
        checked.faults += [Fault(table.name, what, account, month, ", ".join(names)) for what in wrong]
    return set(by_part)


def _rows(opened: DeltaTable, table: Table, account: str, month: str) -> pd.DataFrame:
    stored = opened.to_pyarrow_dataset()
    known = [name for name in table.columns if name in stored.schema.names]
    return table.sort(to_pandas(table, stored.to_table(columns=known, filter=part(account, month))))


def _brief(error: Exception) -> str:
    return reason(error)[:100]
