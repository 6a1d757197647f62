"""``vmgen-analytics statements``: what each cost centre pays for a month, as a page and a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, filled, opened, progress, say


def statements(
    month: Annotated[
        str | None,
        typer.Option(help="The month; by default the newest closed one with an invoice.", metavar="YYYY-MM"),
    ] = None,
    cost_centre: Annotated[
        list[str] | None,
        typer.Option(help="Whose statement; may be repeated. All without it.", metavar="NAME"),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the files.", metavar="DIR")] = Path("statements"),
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Write a page and a workbook of what each cost centre pays for a month, and a page that lists them.

    Lines add up to their totals and statements to the invoices, to the cent.
    """
    from vmgen_analytics.report.printing import plain  # noqa: PLC0415 - loads matplotlib, which help can do without
    from vmgen_analytics.report.statement_files import write_statements  # noqa: PLC0415
    from vmgen_analytics.report.statement_method import missing  # noqa: PLC0415

    settings, store = opened(config, archive, verbose)
    with progress("statements"):
        files = write_statements(filled(store), month, out, settings=settings, cost_centres=cost_centre or ())
    of = files.of
    if of.is_provisional:
        say(f"PROVISIONAL: {of.facts.month} is {of.state}, and its amounts will still change.")
    for sentence in missing(of):
        say(sentence)
    for name, path in files.html.items():
        amount = of.facts.money(of.totals.get(name, 0.0))
        say(f"{path}, {files.xlsx[name].name}: {' '.join(plain(name).split())} {amount}")
    say(f"{files.index}: all cost centres {of.facts.money(of.total)}, as invoiced")
