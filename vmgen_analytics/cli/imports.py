"""``vmgen-analytics import``: older months from CSV files, all or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer

from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, opened, say
from vmgen_analytics.errors import HistoryError, SettingsError
from vmgen_analytics.importing import add_history, read_history

SHOWN = 20


def import_(
    table: Annotated[Literal["usage", "invoices"], typer.Argument(help="What the files hold.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(help="CSV files with a line of column names.", metavar="FILE...")],
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="Our column and the file's, as vm_id=server; may be repeated.", metavar="OUR=THEIRS"
        ),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            help="Whose they are; of a file with a column account, its lines alone are taken.", metavar="NAME"
        ),
    ] = None,
    unit: Annotated[str, typer.Option(help="Of the traffic: B, kB, MB, GB, TB, KiB, MiB or GiB.")] = "MB",
    date_format: Annotated[str, typer.Option(help="As DD.MM.YYYY, or a pattern of strptime.")] = "YYYY-MM-DD",
    delimiter: Annotated[str, typer.Option(help="What separates the columns.")] = ",",
    decimal: Annotated[str, typer.Option(help="Decimal point or comma.")] = ".",
    encoding: Annotated[str, typer.Option(help="As utf-8 or cp1252.")] = "utf-8",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and tell, and store nothing.")] = False,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Read usage or invoices of older months from CSV files into the archive.

    Everything is checked before a row is stored. What the provider said is never replaced; what was imported before
    is. Files of `export usage` and `export invoices` can be read as they are.
    """
    settings, store = opened(config, archive, verbose)
    must_choose = not account and len(settings.accounts) > 1 and "main" not in settings.accounts
    name = None if must_choose else settings.account(account)[0]
    vms = store.history("vms")
    try:
        history = read_history(
            files,
            table,
            account=name,
            accounts=list(settings.accounts),
            only=account,
            vms=vms,
            now=pd.Timestamp(datetime.now(UTC)),
            columns=_mapping(columns or []),
            unit=unit,
            date_format=date_format,
            delimiter="\t" if delimiter == r"\t" else delimiter,
            decimal=decimal,
            encoding=encoding,
        )
    except HistoryError as error:
        for problem in error.problems[:SHOWN]:
            say(f"  {problem}")
        if len(error.problems) > SHOWN:
            say("  and more")
        raise
    if table == "usage":
        _name_unknown(history, vms)
    stored = add_history(store, table, history, dry_run=dry_run)
    say(
        f"{'would import' if dry_run else 'imported'} {table}: {stored.new} new, {stored.changed} changed, "
        f"{stored.known} known already, {stored.left} left as the provider said them; {store.url}"
    )


def _name_unknown(history: pd.DataFrame, vms: pd.DataFrame) -> None:
    """Name the VMs that no inventory lists: they may be long gone, or a slip of the pen."""
    if vms.empty:
        return
    listed = set(zip(vms["account"], vms["vm_id"], strict=True))
    pairs = history[["account", "vm_id"]].drop_duplicates().itertuples(index=False, name=None)
    unknown = sorted(str(vm_id) for account, vm_id in pairs if (account, vm_id) not in listed)
    if unknown:
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        verb = "are" if len(unknown) > 1 else "is"
        say(f"VM{'s' if len(unknown) > 1 else ''} {', '.join(unknown[:SHOWN])}{more} {verb} in no inventory")


def _mapping(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        ours, is_pair, theirs = pair.partition("=")
        if not is_pair or not ours or not theirs:
            raise SettingsError(f"--map {pair!r} must be our column and the file's, as vm_id=server")
        found[ours] = theirs
    return found
