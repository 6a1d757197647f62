"""``vmgen-analytics sync``: fetch everything, and add it to the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vmgen_analytics.api import Client
from vmgen_analytics.cli.logfile import LogFile, told_to, wants_time
from vmgen_analytics.cli.terminal import (
    FAILED,
    PARTIAL,
    Account,
    ArchiveUrl,
    Config,
    Verbose,
    opened,
    progress,
    say,
    status_of,
)
from vmgen_analytics.errors import ArchiveDamaged, ArchiveError, VMgenError
from vmgen_analytics.syncing import STEPS, SyncReport
from vmgen_analytics.syncing import sync as sync_account

if TYPE_CHECKING:
    from pathlib import Path

    from vmgen_analytics.archive import Archive

SHOWN = 10


def sync(
    account: Account = None,
    wait_s: Annotated[
        float,
        typer.Option("--wait", help="How long to wait for another sync; 0 leaves at once.", metavar="SECONDS", min=0),
    ] = 600.0,
    log: LogFile = None,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Fetch everything that the provider shows, and add it to the archive.

    The provider shows the current month only: what is not fetched before it ends is gone. Without --account, every
    account of the settings is fetched.
    """
    with told_to(log):
        _sync(account, wait_s, config, archive, verbose)


def _sync(names: list[str] | None, wait_s: float, config: Path | None, archive: str | None, verbose: int) -> None:
    settings, store = opened(config, archive, verbose)
    names = names or list(settings.accounts)
    for name in names:
        settings.account(name)
    statuses = [_synced(name, config, store, wait_s, is_last=len(names) == 1) for name in names]
    if any(statuses):
        raise typer.Exit(_together(statuses))


def _together(statuses: list[int]) -> int:
    """Tell the exit status of several accounts: where some were had and others were not, it was done in part."""
    kinds = set(statuses)
    if len(kinds) == 1:
        return statuses[0]
    return PARTIAL if kinds & {0, PARTIAL} else FAILED


def _synced(name: str, config: Path | None, store: Archive, wait_s: float, *, is_last: bool) -> int:
    """Sync one account, and tell its exit status: of several, the others go on."""
    try:
        with Client.from_env(name, config=config) as client, progress(f"sync of {name}", len(STEPS)) as step:
            report = sync_account(client, store, progress=step, wait_s=wait_s)
    except VMgenError as error:
        if is_last:
            raise
        say(f"vmgen-analytics: account {name}: {error}")
        return status_of(error)
    _tell(report, store)
    return 0 if report.is_complete else PARTIAL


def _tell(report: SyncReport, store: Archive) -> None:
    news = ", ".join(f"{rows} {name}" for name, rows in report.rows.items() if rows) or "nothing new"
    when = f"{report.ended_at:%Y-%m-%d %H:%M:%S} UTC " if wants_time() else ""
    say(f"{when}{report.account}: {report.requests} requests; new or changed: {news}; kept in {store.url}")
    for failure in report.failures[:SHOWN]:
        say(f"  not had: {failure}")
    if len(report.failures) > SHOWN:
        say(f"  and {len(report.failures) - SHOWN} more")
    if report.failures:
        say(f"What came is stored; {_advice([failure.error for failure in report.failures])}.")


def _advice(errors: list[VMgenError]) -> str:
    """Tell what brings the rest; where the archive is damaged or shut, to ask again alone does not."""
    damaged = [error for error in errors if isinstance(error, ArchiveDamaged)]
    others = [error for error in errors if error not in damaged]
    if not others:
        return "the rest cannot be until what is damaged is brought back: `vmgen-analytics archive check` names it"
    if any(isinstance(error, ArchiveError) for error in others):
        again = "put right what is named above, and run the same command again for the rest"
    elif any(error.retryable for error in others):
        again = "run the same command again for the rest"
    else:
        again = "every sync asks for the rest again"
    return f"{again}; what is damaged is to be brought back first" if damaged else again
