"""The files of a report: read, written and put in place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vmgen_analytics import plots
from vmgen_analytics.errors import VMgenError
from vmgen_analytics.report.content import content
from vmgen_analytics.report.page import page
from vmgen_analytics.report.reading import read_facts
from vmgen_analytics.report.workbook import workbook
from vmgen_analytics.writing import replace

if TYPE_CHECKING:
    import pandas as pd

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.report.facts import Facts
    from vmgen_analytics.settings import Settings


@dataclass(frozen=True)
class ReportFiles:
    """Where the files of a report are."""

    html: Path
    xlsx: Path
    figures: tuple[Path, ...]


def write_report(
    archive: Archive,
    month: pd.Period | str | None,
    out: Path | str,
    *,
    settings: Settings,
    now: pd.Timestamp | None = None,
) -> ReportFiles:
    """Write the report of a month: report.html, report.xlsx and a PNG of each picture.

    It looks at the month and at up to eleven months before it.

    Parameters
    ----------
    archive
        The history.
    month
        Which month, as 2026-11; None is the newest of which anything is known.
    out
        The folder for the files; it is made if need be.
    settings
        Names prices, locations, allocation, currency and time zones.
    now
        The time, to tell which months are over; by default that of each account's last sync.

    Returns
    -------
    ReportFiles
        The paths of the files.

    Raises
    ------
    ArchiveError
        The archive cannot be read, is empty, or has nothing of that month.
    VMgenError
        The files cannot be written, the settings name what cannot be used, or the month is none.
    """
    return write_files(read_facts(archive, month, settings, now), out)


def write_files(facts: Facts, out: Path | str) -> ReportFiles:
    """Write the files of a report, each whole or not at all.

    Parameters
    ----------
    facts
        The tables behind the report.
    out
        The folder for the files; it is made if need be.

    Raises
    ------
    VMgenError
        The files cannot be written.
    """
    folder = Path(out)
    report = content(facts)
    pngs = {picture.name: plots.png(picture.ax) for picture in report.pictures}
    created = None if facts.fetched_at is None else facts.fetched_at.tz_convert("UTC").tz_localize(None).to_pydatetime()
    files = {f"{name}.png": data for name, data in pngs.items()}
    files["report.xlsx"] = workbook(report, created)
    files["report.html"] = page(report, pngs).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            replace(folder / name, data)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise VMgenError(f"cannot write the report to {folder}: {reason}; choose another folder with --out") from None
    return ReportFiles(
        html=folder / "report.html",
        xlsx=folder / "report.xlsx",
        figures=tuple(folder / f"{name}.png" for name in pngs),
    )
