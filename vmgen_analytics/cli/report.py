"""``vmgen-analytics report``: a month as a page and a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vmgen_analytics.cli import terminal
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, filled, opened, progress, say


def report(
    month: Annotated[str | None, typer.Option(help="The month; by default the newest.", metavar="YYYY-MM")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the files.", metavar="DIR")] = Path("report"),
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Write report.html, report.xlsx and a PNG of each figure for a month."""
    from vmgen_analytics.report import write_report  # noqa: PLC0415 - loads matplotlib, which help can do without

    settings, store = opened(config, archive, verbose)
    with progress("report"):
        files = write_report(filled(store), month, out, settings=settings, now=terminal.now())
    for path in (files.html, files.xlsx, *files.figures):
        say(str(path))
