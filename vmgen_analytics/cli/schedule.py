"""``vmgen-analytics schedule``: the lines of cron, or the timers of systemd, that lose nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from vmgen_analytics.cli import crontab, user_units
from vmgen_analytics.cli.doubts import Kind, doubts
from vmgen_analytics.cli.installing import install as put_in
from vmgen_analytics.cli.installing import remove as take_out
from vmgen_analytics.cli.installing import shown
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, opened, say
from vmgen_analytics.cli.unattended import Run, default_log, place_of
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.scheduling import (
    calendar_lines,
    check_calendar,
    check_line,
    cron_lines,
    service_unit,
    timer_unit,
)
from vmgen_analytics.scheduling.cron import YEARS

if TYPE_CHECKING:
    from vmgen_analytics.settings import Settings

LOSS = (
    "Days 1 to last-1 of a month lose nothing as long as one sync a day succeeds. Of the last day, what comes after "
    "the last sync before the month turns is lost: the ten minutes after 23:50, if that sync runs. A sync that meets "
    "another one waits ten minutes for it, then leaves; the next one brings what it would have brought."
)
CHECK = "Early each Monday `archive check` reads the whole archive, and fails if anything in it has changed since."

CRON = (
    "cron knows no last day of a month, and reads its lines in the time zone of the machine: the lines for it run on "
    "the 28th to the 31st, and where summer time shifts the zones apart, at both hours. Too many syncs do no harm. "
    f"The lines hold for {YEARS} years; run this again when a time zone changes its rules."
)
SYSTEMD = (
    "Timers of a user run while that user is logged in; `loginctl enable-linger` lets them run always. A sync that was "
    "due while the machine was off runs when it is back."
)


def schedule(
    kind: Annotated[
        Kind | None, typer.Option("--format", help="By default systemd where it runs this machine, else cron.")
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Put it into your crontab, or your systemd units.")
    ] = False,
    remove: Annotated[
        bool,
        typer.Option("--remove", help="Take this archive's out again, of both formats if none is named."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    log: Annotated[
        Path | None,
        typer.Option(
            help="File for what the syncs say, of 1 MB at most; by default one for cron, the journal for systemd.",
            metavar="FILE",
        ),
    ] = None,
    variables: Annotated[
        Path | None,
        typer.Option(help="File of lines as VMGEN_API_KEY=..., which the syncs read and nobody else.", metavar="FILE"),
    ] = None,
    machine_zone: Annotated[
        str | None, typer.Option(help="Time zone in which cron reads its lines; by default this machine's.")
    ] = None,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Print, or install, what runs `sync` so that nothing is lost that need not be, and `archive check` once a week.

    Every 6 hours, hourly from noon of a month's last day to noon of the first, and at 23:50 and 00:05: in the time
    zone of each account of the settings. Each archive has a schedule of its own.
    """
    if install and remove:
        raise SettingsError("--install and --remove were both given; choose one")
    settings, store = opened(config, archive, verbose)
    if remove:
        take_out(place_of(store), kind, yes=yes)
        return
    wanted: Kind = kind or ("systemd" if user_units.runs_here() else "cron")
    run = Run.here(store, config, log or (default_log(store) if wanted == "cron" else None), variables)
    zones = list({settings.zone(name).key: settings.zone(name) for name in settings.accounts}.values())
    own = _systemd(run, zones) if wanted == "systemd" else _cron(run, zones, machine_zone)
    if install:
        if doubted := "\n".join(doubts(run, settings, wanted)):
            say(f"warning: {doubted}")  # before anything is asked or done
        put_in(wanted, own, run, yes=yes)
    else:
        typer.echo(shown(wanted, own), nl=False)
    _explain(settings, wanted, run, is_installed=install)


def _cron(run: Run, zones: list[ZoneInfo], machine_zone: str | None) -> dict[str, str]:
    here, year = _machine_zone(machine_zone), datetime.now(UTC).year
    lines = cron_lines(zones, here, run.shell(run.sync), year=year)
    return {"crontab": crontab.block(run.key, [*lines, check_line(zones, here, run.shell(run.check), year=year)])}


def _systemd(run: Run, zones: list[ZoneInfo]) -> dict[str, str]:
    sync, sync_timer, check, check_timer = user_units.names(run.key)
    syncs, checks = f"Sync {run.archive} with the VMgen API", f"Check the archive {run.archive}"
    calendar = [check_calendar(zones, year=datetime.now(UTC).year)]
    return {
        sync: service_unit(run.sync, syncs, variables=run.variables),
        sync_timer: timer_unit(calendar_lines(zones), syncs),
        check: service_unit(run.check, checks, variables=run.variables, after=sync),
        check_timer: timer_unit(calendar, checks),
    }


def _machine_zone(name: str | None) -> ZoneInfo:
    """Find the time zone in which cron reads its lines: the system's, whatever TZ says in this shell."""
    if name is not None:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise SettingsError(f"--machine-zone is {name!r}; it must be a name as Europe/Amsterdam or UTC") from None
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        return ZoneInfo("UTC")


def _explain(settings: Settings, kind: Kind, run: Run, *, is_installed: bool) -> None:
    say()
    for name in settings.accounts:
        say(f"Account {name}: its months turn at midnight in {settings.zone(name).key}.")
    say(LOSS)
    say(CHECK)
    say(CRON if kind == "cron" else SYSTEMD)
    say(_told(kind, run))
    if run.variables:
        say(f"They read their variables, as the key, from {run.variables}.")
    if not is_installed:
        for doubt in doubts(run, settings, kind):
            say(doubt)


def _told(kind: Kind, run: Run) -> str:
    """Say where one reads what the syncs say."""
    if run.log:
        at = f"What they say is added to {run.log}, which is kept under 1 MB (and what was before, in {run.log.name}.1)"
        who = "cron mails nothing else than" if kind == "cron" else "the journal has only"
        return f"{at}; {who} what went wrong."
    return (
        f"What they say is in the journal: journalctl --user -u '*-{run.key}.service'. "
        "A sync or a check that failed is named by: systemctl --user --failed"
    )
