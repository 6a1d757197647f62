"""``vmgen-analytics schedule``: the lines of cron, or the timer of systemd, that lose nothing."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from vmgen_analytics.cli import crontab, user_units
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, opened, say
from vmgen_analytics.cli.unattended import Run
from vmgen_analytics.errors import SettingsError, VMgenError
from vmgen_analytics.scheduling.cron import YEARS, cron_lines
from vmgen_analytics.scheduling.systemd import service_unit, timer_unit

if TYPE_CHECKING:
    from vmgen_analytics.settings import Settings

Kind = Literal["cron", "systemd"]

LOSS = (
    "Days 1 to last-1 of a month lose nothing as long as one sync a day succeeds. Of the last day, what comes after "
    "the last sync before the month turns is lost: the ten minutes after 23:50, if that sync runs. A sync that meets "
    "another one waits ten minutes for it, then leaves; the next one brings what it would have brought."
)


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
    remove: Annotated[bool, typer.Option("--remove", help="Take it out again; no other line is touched.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    log: Annotated[Path | None, typer.Option(help="File to which the syncs add what they say.", metavar="FILE")] = None,
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
    """Print, or install, what runs `sync` so that nothing is lost that need not be.

    Every 6 hours, hourly from noon of a month's last day to noon of the first, and at 23:50 and 00:05: in the time
    zone of each account of the settings.
    """
    if install and remove:
        raise SettingsError("--install and --remove were both given; choose one")
    settings, store = opened(config, archive, verbose)
    wanted = kind or ("systemd" if user_units.runs_here() else "cron")
    if remove:
        _remove(wanted, yes=yes)
        return
    run = Run.here(store, config, log, variables)
    zones = {settings.zone(name).key: settings.zone(name) for name in settings.accounts}
    own = _systemd(run, list(zones.values())) if wanted == "systemd" else _cron(run, list(zones.values()), machine_zone)
    if install:
        for doubt in run.doubts(settings):  # before anything is asked or done
            say(f"warning: {doubt}")
        _install(wanted, own, run, yes=yes)
    else:
        typer.echo(_shown(wanted, own), nl=False)
    _explain(settings, wanted, run, is_installed=install)


def _cron(run: Run, zones: list[ZoneInfo], machine_zone: str | None) -> dict[str, str]:
    lines = cron_lines(zones, _machine_zone(machine_zone), run.shell(), year=datetime.now(UTC).year)
    return {"crontab": crontab.block(lines)}


def _systemd(run: Run, zones: list[ZoneInfo]) -> dict[str, str]:
    service = service_unit(run.words, log=run.log, folder=run.folder, variables=run.variables)
    return {user_units.SERVICE: service, user_units.TIMER: timer_unit(zones)}


def _shown(kind: Kind, own: dict[str, str]) -> str:
    """Put the name of each unit above it."""
    titled = [f"# {user_units.folder() / name}\n{text}" if kind == "systemd" else text for name, text in own.items()]
    return "\n".join(titled)


def _install(kind: Kind, own: dict[str, str], run: Run, *, yes: bool) -> None:
    """Show what will be where, ask, and put it there; nothing where it is there already."""
    if kind == "cron":
        before = crontab.installed()
        after = crontab.with_block(before, own["crontab"])
        others = len(crontab.without_block(before).splitlines())
        what = f"goes into your crontab; its {others} other lines stay as they are"
        is_there = after == before
    else:
        what = f"goes into {user_units.folder()}, and the timer is started"
        is_there = user_units.installed() == own
    if is_there:
        say("It is installed already, word for word.")
        if kind == "systemd":
            user_units.start()
        return
    say(_shown(kind, own))
    _ask(f"This {what}. Install it?", yes=yes)
    run.make_log_folder()
    if kind == "cron":
        crontab.install(after)
    else:
        user_units.install(own)
    say("Installed. `vmgen-analytics schedule --remove` takes it out again.")


def _remove(kind: Kind, *, yes: bool) -> None:
    if kind == "cron":
        before = crontab.installed()
        after = crontab.without_block(before)
        if after == before:
            say("There is nothing of ours in your crontab.")
            return
        _ask("Our lines go out of your crontab; the others stay as they are. Remove them?", yes=yes)
        crontab.install(after)
    else:
        if not user_units.installed():
            say(f"There is no unit of ours in {user_units.folder()}.")
            return
        _ask(f"{user_units.TIMER} is stopped, and our units go out of {user_units.folder()}. Remove them?", yes=yes)
        user_units.remove()
    say("Removed: from now on nothing is synced by itself.")


def _ask(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise VMgenError("nothing was changed: nobody is there to ask; add --yes if you mean it")
    if not typer.confirm(question, err=True):
        raise VMgenError("nothing was changed")


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
    if kind == "cron":
        say(CRON)
    else:
        say(SYSTEMD)
    for note in run.notes(settings, is_installed=is_installed):
        say(note)
