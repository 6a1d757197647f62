"""Any table of the schema, archived or derived, as CSV, Parquet or a workbook."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.archive import TABLES as ARCHIVED
from vmgen_analytics.bandwidth import daily_bandwidth, monthly_bandwidth
from vmgen_analytics.capacity import footprint
from vmgen_analytics.cost import (
    CostCentres,
    PriceBook,
    cost_centre_rules,
    cost_changes,
    estimated_prices,
    monthly_costs,
    price_findings,
    rated_costs,
    reconciliation,
    unit_costs,
)
from vmgen_analytics.errors import SchemaError, SettingsError
from vmgen_analytics.fleet import coverage, lifetimes, location_accuracy, location_evidence, read_vm_locations
from vmgen_analytics.ledger import Ledger, read_ledger
from vmgen_analytics.observing import month_state
from vmgen_analytics.schema import DERIVED, FETCHED, TABLES
from vmgen_analytics.table import DAY, INSTANT, MONTH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings

FORMATS = ("csv", "parquet", "xlsx")
NAMES = (*ARCHIVED, *(table.name for table in DERIVED))


def table(
    archive: Archive,
    settings: Settings,
    name: str,
    start: str | None = None,
    end: str | None = None,
    *,
    now: pd.Timestamp,
) -> pd.DataFrame:
    """Read or compute any table of the schema.

    Parameters
    ----------
    archive
        The history.
    settings
        Prices, locations and allocation, for derived tables.
    name
        An archived table, of which the newest observations are given, or a derived one in its finest grouping.
    start, end
        First day, and the day after the last; all there is without them.
    now
        The time, naive, for the state of months.

    Returns
    -------
    DataFrame
        That table.

    Raises
    ------
    SchemaError
        There is no such table, a day is none, or the end is not after the start.
    """
    check_name(name)
    first, last = _day(start), _day(end)
    if first is not None and last is not None and last <= first:
        raise SchemaError(f"--to {end} is not after --from {start}; it is the first day that is left out")
    if name in ARCHIVED:
        return archive.read(name, first, last)
    if name in _OF_MACHINES:
        return _of_machines(name, archive, settings)
    months = archive.months()
    if not months:
        return TABLES[name].frame()
    first = months[0].to_timestamp() if first is None else first
    last = (months[-1] + 1).to_timestamp() if last is None else last
    ledger = read_ledger(archive, settings, first.to_period("M"), (last - pd.Timedelta(days=1)).to_period("M"))
    return _between(_derived(name, ledger, now), first, last)


def check_name(name: str) -> None:
    """Refuse the name of a table that is none.

    Raises
    ------
    SchemaError
        There is no such table.
    """
    if name in {table.name for table in FETCHED}:
        raise SchemaError(f"{name} is not kept; vmgen_analytics.fetch_{name}(client) fetches it")
    if name not in NAMES:
        nearest = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise SchemaError(f"no table {name!r}; there are {', '.join(NAMES)}{hint}")


_OF_MACHINES = ("lifetimes", "location_evidence", "location_accuracy")
"""Tables of machines as such: no day tells which of their rows are meant."""


def _of_machines(name: str, archive: Archive, settings: Settings) -> pd.DataFrame:
    if name == "lifetimes":
        return lifetimes(archive)
    mapping = read_vm_locations(settings.vm_locations) if settings.vm_locations else ()
    return {"location_evidence": location_evidence, "location_accuracy": location_accuracy}[name](
        archive, vm_locations=mapping
    )


def _derived(name: str, ledger: Ledger, now: pd.Timestamp) -> pd.DataFrame:
    makers: Mapping[str, Callable[[], pd.DataFrame]] = {
        "vm_days": lambda: ledger.days,
        "coverage": lambda: coverage(ledger.days, now),
        "rated_costs": lambda: rated_costs(ledger.days, ledger.prices or PriceBook(())),
        "allocated_costs": lambda: ledger.costs,
        "cost_centre_rules": lambda: cost_centre_rules(ledger.costs, ledger.centres or CostCentres(())),
        "monthly_costs": lambda: monthly_costs(ledger.costs, ["vm_id", "package", "location", "cost_centre"]),
        "cost_changes": lambda: pd.concat([cost_changes(ledger.costs, month, "vm_id") for month in ledger.months]),
        "unit_costs": lambda: unit_costs(ledger.costs, ledger.days, "vm_id"),
        "estimated_prices": lambda: _estimated(ledger, now),
        "price_findings": lambda: price_findings(ledger.prices or PriceBook(()), ledger.days),
        "reconciliation": lambda: reconciliation(ledger.invoices, ledger.costs),
        "daily_bandwidth": lambda: daily_bandwidth(ledger.days, "vm_id"),
        "monthly_bandwidth": lambda: monthly_bandwidth(ledger.days, "vm_id"),
        "footprint": lambda: footprint(ledger.days, ["location", "package"]),
    }
    return makers[name]()


def _estimated(ledger: Ledger, now: pd.Timestamp) -> pd.DataFrame:
    """Estimate prices from the months that are closed."""
    here = now.to_period("M")
    until = here if month_state(here - 1, now) == "closed" else here - 1
    return estimated_prices(ledger.days, ledger.invoices, until, invoice_periods=ledger.invoice_periods)


def _between(frame: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Keep the days, or the months that have any of these days; what has neither is of all of them."""
    if not {"date", "month"} & set(frame):
        return frame
    if "date" in frame:
        inside = (frame["date"] >= first) & (frame["date"] < last)
    else:
        inside = (frame["month"] >= first.to_period("M")) & (frame["month"].dt.to_timestamp() < last)
    return frame[inside].reset_index(drop=True)


def _day(text: str | None) -> pd.Timestamp | None:
    try:
        return None if text is None else pd.Timestamp(text)
    except ValueError:
        raise SchemaError(f"{text!r} is no day, as 2026-11-23") from None


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Spell days, instants and months as ISO 8601 does, for files that have no types."""
    spelled: dict[str, pd.Series] = {}
    for name in map(str, frame):
        dtype = str(frame[name].dtype)
        if dtype == DAY:
            spelled[name] = frame[name].dt.strftime("%Y-%m-%d")
        elif dtype == INSTANT:
            spelled[name] = frame[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif dtype == MONTH:
            spelled[name] = frame[name].astype("str")
    return frame.assign(**spelled)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Write a table as CSV (RFC 4180, UTF-8), names unharmed, missing values empty."""
    text: str = as_text(frame).to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8")


def write(frame: pd.DataFrame, name: str, path: Path, kind: str) -> None:
    """Write a table to a file, in one step: an old file stays whole until the new one is.

    Parameters
    ----------
    frame
        The table.
    name
        Its name, for the sheet.
    path
        The file.
    kind
        csv, parquet or xlsx.

    Raises
    ------
    SettingsError
        The file cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "csv":
            unfinished.write_bytes(csv_bytes(frame))
        elif kind == "parquet":
            months = [column for column in frame if str(frame[column].dtype) == MONTH]
            frame.astype(dict.fromkeys(months, "str")).to_parquet(unfinished, index=False)
        else:
            _write_workbook(frame, name, unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror or error}; name another with --out") from None


def _write_workbook(frame: pd.DataFrame, name: str, path: Path) -> None:
    """Write one sheet; text is written as text, so that a name beginning with = is no formula."""
    import xlsxwriter  # noqa: PLC0415 - only here

    if len(frame) >= SHEET_ROWS:
        raise SettingsError(f"{name} has {len(frame)} rows and a sheet holds {SHEET_ROWS - 1}; use csv or parquet")
    cells = as_text(frame)
    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        sheet = book.add_worksheet(name)
        heading = book.add_format({"bold": True, "bottom": 1})
        for column, title in enumerate(cells):
            sheet.write_string(0, column, title, heading)
            for row, value in enumerate(cells[title].tolist(), start=1):
                _write_cell(sheet, row, column, value)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(cells), len(cells.columns) - 1)
        sheet.autofit()


def _write_cell(sheet: Any, row: int, column: int, value: Any) -> None:
    if pd.isna(value):
        return
    if isinstance(value, str):
        sheet.write_string(row, column, _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)[:CELL_LENGTH])
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    else:
        sheet.write_number(row, column, value)


SHEET_ROWS = 1_048_576
CELL_LENGTH = 32_767
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
