"""``vmgen-analytics export``: any table as a file, or as CSV to standard output."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from vmgen_analytics import exports
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, filled, opened, say
from vmgen_analytics.errors import SettingsError


def export(
    table: Annotated[str, typer.Argument(help=f"One of {', '.join(exports.NAMES)}.", show_default=False)],
    start: Annotated[str | None, typer.Option("--from", help="First day.", metavar="YYYY-MM-DD")] = None,
    end: Annotated[str | None, typer.Option("--to", help="The day after the last.", metavar="YYYY-MM-DD")] = None,
    formats: Annotated[
        str | None, typer.Option("--format", help="csv, parquet or xlsx, or several with commas.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File; its ending names the format.", metavar="FILE")] = None,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Write a table to a file, or as CSV to standard output."""
    exports.check_name(table)
    settings, store = opened(config, archive, verbose)
    wanted = _formats(formats, out)
    here = pd.Timestamp(datetime.now(UTC)).tz_convert(settings.time_zone).tz_localize(None)
    frame = exports.table(filled(store), settings, table, start, end, now=here)
    if out is None:
        sys.stdout.buffer.write(exports.csv_bytes(frame))
        return
    for kind in wanted:
        say(str(_written(frame, table, out, kind)))


def _formats(formats: str | None, out: Path | None) -> list[str]:
    named = out.suffix.lower().lstrip(".") if out else ""
    wanted = [kind.strip() for kind in formats.split(",")] if formats else [named or "csv"]
    if strange := [kind for kind in wanted if kind not in exports.FORMATS]:
        raise SettingsError(f"no format {strange[0]!r}; there are {', '.join(exports.FORMATS)}")
    if out is None and wanted != ["csv"]:
        raise SettingsError(f"{', '.join(wanted)} cannot go to standard output; name a file with --out")
    return wanted


def _written(frame: pd.DataFrame, name: str, out: Path, kind: str) -> Path:
    path = out if out.suffix.lower() == f".{kind}" else out.with_suffix(f".{kind}")
    exports.write(frame, name, path, kind)
    return path
