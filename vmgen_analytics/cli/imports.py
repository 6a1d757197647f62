"""``vmgen-analytics import``: older months from CSV files, all or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vmgen_analytics.cli import terminal
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, opened, say
from vmgen_analytics.errors import HistoryError, SettingsError
from vmgen_analytics.fleet import lifetimes
from vmgen_analytics.importing import add_history, read_history

if TYPE_CHECKING:
    import pandas as pd

    from vmgen_analytics.importing import Columns

SHOWN = 20


def import_(
    table: Annotated[Literal["usage", "invoices"], typer.Argument(help="What the files hold.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(help="CSV files with a line of column names.", metavar="FILE")],
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="One of the columns above, and what the file calls it, as vm_id=server; may be repeated.",
            metavar="OUR=THEIRS",
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
    is. Files of `export usage` and `export invoices` can be read as they are. The columns, in any order:

    - usage: `date`, `in_MB`, `out_MB`, and `vm_id` or, for a VM that an inventory lists, `fqdn` or `vm_name`;
      if you like, `account` and `status`: final, complete, imported or nothing for a whole day; partial,
      provisional, lost_tail, awaited, missing, incomplete, preliminary or estimated for one to leave out.

    - invoices: `invoice_id`, `invoice_date`, `total_cost`; if you like, `account` and `status`.
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
            only=account,
            vms=vms,
            lifetimes=lifetimes(store),
            now=terminal.now(),
            settings=settings,
            tell=_Teller(),
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
        f"{'would import' if dry_run else 'imported'} {table}: {stored.new:,} new, {stored.changed:,} changed, "
        f"{stored.known:,} known already, {stored.left:,} left as the provider said them; {store.url}"
    )


class _Teller:
    """Says which columns of a file are taken for which, anew where a file differs from the one before."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, path: Path, columns: Columns) -> None:
        if (told := str(columns)) != self._said:
            say(f"{path}: {told}")
        self._said = told


def _name_unknown(history: pd.DataFrame, vms: pd.DataFrame) -> None:
    """Name the VMs that no inventory lists: they may be long gone, or a slip of the pen."""
    if vms.empty:
        return
    listed = set(zip(vms["account"], vms["vm_id"], strict=True))
    pairs = history[["account", "vm_id"]].drop_duplicates().itertuples(index=False, name=None)
    unknown = sorted(str(vm_id) for account, vm_id in pairs if (account, vm_id) not in listed)
    if unknown:
        more = f" and {len(unknown) - SHOWN:,} more" if len(unknown) > SHOWN else ""
        them, are, they = ("s", "are", "they were") if len(unknown) > 1 else ("", "is", "it was")
        say(
            f"warning: VM{them} {', '.join(unknown[:SHOWN])}{more} {are} in no inventory: {they} gone before the "
            "first sync, or the number is wrong"
        )


def _mapping(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        ours, is_pair, theirs = pair.partition("=")
        if not is_pair or not ours or not theirs:
            raise SettingsError(f"--map {pair!r} must be our column and the file's, as vm_id=server")
        if ours in found:
            raise SettingsError(f"--map names {ours} twice, as {found[ours]} and as {theirs}; leave one")
        found[ours] = theirs
    return found
