"""``vmgen-analytics export``: any table as a file, or as CSV to standard output; a month in the words of FOCUS."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vmgen_analytics import exports
from vmgen_analytics.cli import terminal
from vmgen_analytics.cli.focus import export_focus
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, filled, opened, say
from vmgen_analytics.errors import SettingsError


def export(
    table: Annotated[
        str, typer.Argument(help=f"focus, or one of {', '.join(exports.NAMES)}.", show_default=False, metavar="TABLE")
    ],
    start: Annotated[str | None, typer.Option("--from", help="First day.", metavar="YYYY-MM-DD")] = None,
    end: Annotated[str | None, typer.Option("--to", help="The day after the last.", metavar="YYYY-MM-DD")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="The table as it was then, in UTC; of archived tables, vm_days and lifetimes.",
            metavar="'YYYY-MM-DD HH:MM'",
        ),
    ] = None,
    month: Annotated[str | None, typer.Option(help="Of focus: the month.", metavar="YYYY-MM")] = None,
    formats: Annotated[
        str | None, typer.Option("--format", help="csv, parquet or xlsx, or several with commas.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File; its ending names the format.", metavar="FILE")] = None,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Write a table to a file, or as CSV to standard output.

    `focus` writes a month in the words of FOCUS 1.2, checked first: FILE-invoiced and FILE-not-invoiced, as there is.
    """
    if table == "focus":
        if start or end or formats or as_of:
            raise SettingsError("export focus takes a month and a file: --month 2026-11 --out costs.csv")
        export_focus(*opened(config, archive, verbose), month, out)
        return
    exports.check_name(table)
    if month:
        raise SettingsError(f"--month is for export focus; name the days of {table} with --from and --to")
    targets = _targets(formats, out)
    settings, store = opened(config, archive, verbose)
    here = terminal.now().tz_convert(settings.time_zone).tz_localize(None)
    frame = exports.table(filled(store), settings, table, start, end, now=here, as_of=as_of)
    if not targets:
        sys.stdout.buffer.write(exports.csv_bytes(frame))
    for kind, path in targets:
        exports.write(frame, table, path, kind)
        say(str(path))


def _targets(formats: str | None, out: Path | None) -> list[tuple[str, Path]]:
    """Say what is written where; nothing where CSV goes to standard output."""
    ending = out.suffix.lower().lstrip(".") if out else ""
    kinds = list(dict.fromkeys(kind.strip() for kind in formats.split(","))) if formats else [ending or "csv"]
    if strange := [kind for kind in kinds if kind not in exports.FORMATS]:
        raise SettingsError(f"no format {strange[0]!r}; there are {', '.join(exports.FORMATS)}")
    if out is None:
        if kinds != ["csv"]:
            raise SettingsError(f"{', '.join(kinds)} cannot go to standard output; name a file with --out")
        return []
    if ending in exports.FORMATS and kinds != [ending]:
        raise SettingsError(
            f"--format {','.join(kinds)} contradicts {out}, which ends in .{ending}; leave one of them out"
        )
    targets = [(kind, out if ending == kind else out.with_name(f"{out.name}.{kind}")) for kind in kinds if out.name]
    if folder := next((path for path in (out, *(path for _, path in targets)) if path.is_dir()), None):
        raise SettingsError(f"{folder} is a folder; name a file with --out, as {folder / 'table.csv'}")
    return targets
