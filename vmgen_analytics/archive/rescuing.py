"""What an export has of an archive: all of it, proven, or what can still be read of one that is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa

from vmgen_analytics.archive.causes import reason
from vmgen_analytics.archive.contents import TABLES, months_of
from vmgen_analytics.archive.listing import sizes
from vmgen_analytics.archive.logs import gaps, unreadable
from vmgen_analytics.archive.places import TROUBLE
from vmgen_analytics.archive.proving import is_changed, parts_gone
from vmgen_analytics.archive.reading import rows_of
from vmgen_analytics.archive.rollcall import BROKEN_OFF, amiss, without_log
from vmgen_analytics.arrow import to_pandas
from vmgen_analytics.errors import ArchiveDamaged, ArchiveError, ArchiveShut, SchemaError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd
    from deltalake import DeltaTable

    from vmgen_analytics.archive.places import Place
    from vmgen_analytics.table import Table

_OTHERWISE = "`vmgen-analytics archive export --damaged` exports what can be read"
_REFUSED = "nothing was exported"


def gathered(place: Place, *, damaged: bool) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Read every table that an archive keeps, and make sure that it is what was written.

    Parameters
    ----------
    place
        Where the archive is.
    damaged
        Read of what is damaged what can be read; else it is refused.

    Returns
    -------
    tuple
        Tables by name, each sorted by its key, and sentences of what is not in them or not as it was written.

    Raises
    ------
    ArchiveDamaged
        Something is not what was written, and that is refused.
    ArchiveError
        The archive cannot be read or is empty.
    """
    tables, shut = _opened(place, damaged=damaged)
    there = {*tables, *shut}
    wrong = {**_bad_logs(place, tables), **dict(amiss(tables, there)), **without_log(place, there)}
    if not damaged:
        _refuse(place, {name: what for name, what in wrong.items() if what != BROKEN_OFF})
    if not tables:
        if shut:
            raise next(iter(shut.values()))
        raise ArchiveError(f"the archive at {place.url} is empty or not there: there is nothing to export")
    damage = [f"{name}: {what.partition('; ')[0]}" for name, what in wrong.items()]
    damage += [f"nothing of {name} is in it: {error}" for name, error in shut.items()]
    kept = {}
    for name, opened in tables.items():
        if damaged:
            kept[name], told = _rescued(place, TABLES[name], opened)
            damage += told
        else:
            kept[name] = _proven(place, TABLES[name], opened)
    return kept, damage


def _opened(place: Place, *, damaged: bool) -> tuple[dict[str, DeltaTable], dict[str, ArchiveError]]:
    """Open every table; name those that are there and cannot be opened, as far as that is not refused."""
    tables: dict[str, DeltaTable] = {}
    shut: dict[str, ArchiveError] = {}
    for name in TABLES:
        try:
            opened = place.opened(name)
        except (ArchiveDamaged, ArchiveShut) as error:
            if not damaged:
                raise _refused(error) from None
            shut[name] = error
            continue
        if opened is not None:
            tables[name] = opened
    return tables, shut


def _bad_logs(place: Place, tables: Collection[str]) -> dict[str, str]:
    """Name the tables whose logs lack entries or have bad ones, also such as a checkpoint stands for."""
    found = {}
    for name in tables:
        listed = sizes(place, name)
        if lacking := gaps(listed):
            found[name] = f"its log lacks {lacking[0]}"
        elif bad := unreadable(place.files(name), listed):
            found[name] = f"{bad[0]} of its log cannot be read"
    return found


def _refused(error: ArchiveError) -> ArchiveError:
    return type(error)(f"{error}; {_REFUSED}: {_OTHERWISE}")


def _refuse(place: Place, wrong: Mapping[str, str]) -> None:
    """Refuse tables that are gone, have lost their log, were begun anew or put back."""
    if not wrong:
        return
    (name, what), *others = wrong.items()
    also = f" (and damaged are also {', '.join(other for other, _ in others)})" if others else ""
    raise ArchiveDamaged(
        f"{name} in the archive at {place.url}: {what.partition('; ')[0]}{also}: {_REFUSED}; bring it back from a "
        f"backup, or, if there is none, restore an export of what there is into another archive: {_OTHERWISE}"
    )


def _proven(place: Place, table: Table, opened: DeltaTable) -> pd.DataFrame:
    """Read a table of which each account and month holds what was written there."""
    try:
        rows = table.sort(rows_of(opened, place, table, None))
    except (ArchiveDamaged, ArchiveShut) as error:
        raise _refused(error) from None
    refused = f"{_REFUSED}, and {_OTHERWISE}"
    there = set()
    for (account, month), each in rows.groupby(["account", months_of(table, rows)], sort=True):
        there.add((str(account), str(month)))
        if is_changed(table, opened, each.reset_index(drop=True), str(account), str(month)):
            raise place.damaged(table.name, str(account), str(month), refused)
    for account, month in parts_gone(place, opened, table.name, there):
        raise place.damaged(table.name, account, month, refused)
    return rows


def _rescued(place: Place, table: Table, opened: DeltaTable) -> tuple[pd.DataFrame, list[str]]:
    """Read a table file by file, and say which rows are not in it, or not as they were written."""
    damage: list[str] = []
    try:
        rows = _readable(table, opened, damage)
        rows = table.sort(rows.drop_duplicates(list(table.key), keep="last", ignore_index=True))
        table.check(rows)
    except (*TROUBLE, SchemaError, ValueError) as error:
        return table.frame(), [f"nothing of {table.name} is in it: it cannot be read ({reason(error)})"]
    there = set()
    for (account, month), each in rows.groupby(["account", months_of(table, rows)], sort=True):
        there.add((str(account), str(month)))
        if is_changed(table, opened, each.reset_index(drop=True), str(account), str(month)):
            damage.append(
                f"{table.name}, account {account}, month {month}: its rows are not those that were written; what can "
                "be read of them is in it"
            )
    try:
        gone = parts_gone(place, opened, table.name, there)
    except ArchiveError as error:
        return rows, [*damage, f"{table.name}: whether any month of it is gone cannot be told: {error}"]
    damage += [f"{table.name}, account {account}, month {month}: none of its rows is in it" for account, month in gone]
    return rows, damage


def _readable(table: Table, opened: DeltaTable, damage: list[str]) -> pd.DataFrame:
    """Read the files that can be read, and add the others to what is told."""
    stored = opened.to_pyarrow_dataset()
    known = [name for name in table.columns if name in stored.schema.names]
    read = []
    for file in stored.get_fragments():
        try:
            read.append(file.to_table(schema=stored.schema, columns=known))
        except (*TROUBLE, ValueError) as error:
            damage.append(f"{table.name}, {unquote(file.path)}: its rows are not in it ({reason(error)[:100]})")
    return to_pandas(table, pa.concat_tables(read)) if read else table.frame()
