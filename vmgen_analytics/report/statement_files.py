"""The files of a month's statements: a page and a workbook for each cost centre, and a page that lists them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vmgen_analytics.errors import SettingsError, VMgenError
from vmgen_analytics.report.file_names import file_names
from vmgen_analytics.report.statement import statement
from vmgen_analytics.report.statement_month import read_statement_month
from vmgen_analytics.report.statement_page import index_page, statement_page
from vmgen_analytics.report.statement_workbook import statement_workbook
from vmgen_analytics.schema import UNASSIGNED
from vmgen_analytics.writing import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.report.statement_month import StatementMonth
    from vmgen_analytics.settings import Settings


@dataclass(frozen=True)
class StatementFiles:
    """Where the files of a month's statements are.

    Attributes
    ----------
    of
        What they stand on.
    index
        The page that lists them.
    html, xlsx
        The page and the workbook of each cost centre.
    """

    of: StatementMonth
    index: Path
    html: Mapping[str, Path]
    xlsx: Mapping[str, Path]


def write_statements(
    archive: Archive,
    month: pd.Period | str | None,
    out: Path | str,
    *,
    settings: Settings,
    cost_centres: Sequence[str] = (),
) -> StatementFiles:
    """Write the statements of a month.

    Parameters
    ----------
    archive
        The history.
    month
        Which month, as 2026-10; None is the newest that is closed and has an invoice.
    out
        The folder for the files; it is made if need be.
    settings
        Names the rules that say who pays, prices, allocation, currency and time zones.
    cost_centres
        Whose statements; without any, all that have costs, ``unassigned`` among them.

    Returns
    -------
    StatementFiles
        The paths of the files.

    Raises
    ------
    SettingsError
        No rules are set, no rule knows a cost centre that is asked for, or what the settings name cannot be used.
    ArchiveError
        The archive is empty, or no invoice bills the month.
    VMgenError
        The files cannot be written.
    """
    return write_files(read_statement_month(archive, month, settings), out, cost_centres)


def write_files(of: StatementMonth, out: Path | str, cost_centres: Sequence[str] = ()) -> StatementFiles:
    """Write the files of a month's statements, each whole or not at all.

    Parameters
    ----------
    of
        What they stand on.
    out
        The folder for the files; it is made if need be.
    cost_centres
        Whose statements; without any, all that have costs.

    Raises
    ------
    SettingsError
        No rule knows a cost centre that is asked for.
    VMgenError
        The files cannot be written.
    """
    known = tuple(dict.fromkeys((*of.centres.names, *of.totals, UNASSIGNED)))
    wanted = [_known(name, known) for name in dict.fromkeys(cost_centres)] or list(of.totals)
    stems = {name: f"statement-{of.facts.month}-{stem}" for name, stem in file_names(known).items()}
    folder = Path(out)
    fetched = of.facts.fetched_at
    created = None if fetched is None else fetched.tz_convert("UTC").tz_localize(None).to_pydatetime()
    index = folder / f"statements-{of.facts.month}.html"
    found = StatementFiles(
        of,
        index,
        {name: folder / f"{stems[name]}.html" for name in wanted},
        {name: folder / f"{stems[name]}.xlsx" for name in wanted},
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in wanted:
            told = statement(of, name)
            replace(found.html[name], statement_page(told).encode())
            replace(found.xlsx[name], statement_workbook(told, of.facts.currency, created))
        replace(index, index_page(of, {name: path.name for name, path in found.html.items()}).encode())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise VMgenError(f"cannot write statements to {folder}: {reason}; choose another folder with --out") from None
    return found


def _known(name: str, known: Sequence[str]) -> str:
    if name in known:
        return name
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(known)}"
    raise SettingsError(f"no rule gives anything to the cost centre {name!r}; {hint}")
