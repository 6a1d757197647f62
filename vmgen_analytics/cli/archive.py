"""``vmgen-analytics archive``: check, tidy, move and migrate what the syncs have gathered."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmgen_analytics.archive.bundle import export as export_archive
from vmgen_analytics.archive.bundle import restore as restore_archive
from vmgen_analytics.archive.check import check as check_archive
from vmgen_analytics.archive.contents import TABLES
from vmgen_analytics.cli.logfile import LogFile, told_to
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, filled, opened, progress, say
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.archive.check import Kind

_PATIENCE_S = 600.0
"""So long a sync that is under way is waited for."""

VERDICTS: Mapping[Kind, str] = {
    "damaged": "The archive at {url} is damaged in {places}. Where no other way out is named, bring it back from a "
    "backup; if there is none, export what can be read with `archive export --damaged`, and restore that into another "
    "archive.",
    "shut": "{places} of the archive at {url} could not be looked at, and may be whole: see to what is named, and "
    "check again.",
    "unfinished": "A write into the archive at {url} was broken off in {places}: sync, and check again.",
}
"""What follows from faults, worst first."""

app = typer.Typer(help="Check, tidy, move and migrate the archive.", no_args_is_help=True)


@app.command()
def check(log: LogFile = None, config: Config = None, archive: ArchiveUrl = None, verbose: Verbose = 0) -> None:
    """Prove that the archive is whole, or name what is not: by table, account, month and file. Changes nothing.

    Every file is looked for and read, every row compared with the digest that was noted when it was written.
    """
    with told_to(log):
        _check(config, archive, verbose)


def _check(config: Path | None, archive: str | None, verbose: int) -> None:
    _, store = opened(config, archive, verbose)
    with _undisturbed(store), progress("check"):
        found = check_archive(store.place, TABLES)
    if not found:
        filled(store)
    faults = [fault for checked in found for fault in checked.faults]
    for checked in found:
        wrong = counted(len(checked.faults), "fault") if checked.faults else "whole"
        if not checked.is_read:
            typer.echo(f"{checked.table}: cannot be read: {wrong}")
            continue
        typer.echo(
            f"{checked.table}: {counted(checked.rows, 'row')} of {counted(checked.parts, 'account month')} in "
            f"{counted(checked.files, 'file')}, {counted(checked.commits, 'commit')}: {wrong}"
        )
    for fault in faults:
        typer.echo(str(fault))
    for kind, verdict in VERDICTS.items():
        if count := sum(fault.kind == kind for fault in faults):
            typer.echo(verdict.format(url=store.url, places=counted(count, "place")))
    if faults:
        raise typer.Exit(1)
    typer.echo(f"The archive at {store.url} is whole: keys, months, columns, files, digests and the log of syncs.")


def _undisturbed(store: Archive) -> AbstractContextManager[None]:
    """Wait for a sync that is under way, as far as the place is a folder that we may write."""
    is_ours = store.folder is not None and os.access(store.folder, os.W_OK)
    return store.lock() if is_ours else nullcontext()


@app.command()
def compact(config: Config = None, archive: ArchiveUrl = None, verbose: Verbose = 0) -> None:
    """Put small files together, and delete what was replaced more than 30 days ago. Syncs do so by themselves."""
    _, store = opened(config, archive, verbose)
    with filled(store).lock(), progress("compact"):
        done = store.tidy(everything=True)
    for cared in done:
        small, old = counted(cared.compacted, "small file"), counted(cared.removed, "old file")
        say(f"{cared.table}: {small} put together, {old} deleted")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="File to write, as archive.zip.", show_default=False)],
    damaged: Annotated[
        bool,
        typer.Option("--damaged", help="Of a damaged archive export what can be read, and say what is not in it."),
    ] = False,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Write the whole archive to one file, with checksums; replaces no file, and refuses an archive that is damaged.

    It is damaged where rows are not those that were written, or a table or a part of its log is gone, cannot be
    read, or is older than the log of syncs knows it; `archive check` names all of that.
    """
    _, store = opened(config, archive, verbose)
    with progress("export"):
        rows = export_archive(store.place, file, damaged=damaged)
    held = f"{counted(sum(rows.values()), 'row')} of {counted(len(rows), 'table')}"
    say(f"{file}: {held}, {file.stat().st_size / 1e6:.1f} MB")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File that `archive export` wrote.", show_default=False)],
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Write what `archive export` wrote into an archive that is empty, all or nothing; the file is looked at first."""
    _, store = opened(config, archive, verbose)
    with progress("restore"):
        rows = restore_archive(store.place, file, patience_s=_PATIENCE_S)
    say(f"{store.url}: {counted(sum(rows.values()), 'row')} of {counted(len(rows), 'table')} restored from {file}")


@app.command()
def migrate(config: Config = None, archive: ArchiveUrl = None, verbose: Verbose = 0) -> None:
    """Bring the archive to the layout of this version. A sync does so by itself with each table that it writes."""
    _, store = opened(config, archive, verbose)
    with filled(store).lock(), progress("migrate"):
        older = store.migrate()
    say(f"{store.url}: {', '.join(older)} migrated" if older else f"{store.url}: has this version's layout already")
