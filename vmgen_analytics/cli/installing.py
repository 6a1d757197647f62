"""A schedule is put into the crontab or among the units of systemd, one for each archive, and taken out again."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import typer

from vmgen_analytics.cli import crontab, user_units
from vmgen_analytics.cli.doubts import Kind, joined
from vmgen_analytics.cli.terminal import say
from vmgen_analytics.errors import VMgenError
from vmgen_analytics.scheduling import schedule_key

if TYPE_CHECKING:
    from vmgen_analytics.cli.installed import Installed
    from vmgen_analytics.cli.unattended import Run

KINDS: tuple[Kind, ...] = ("cron", "systemd")
PLACES: dict[Kind, str] = {"cron": "your crontab", "systemd": "your systemd units"}


def install(kind: Kind, own: dict[str, str], run: Run, *, yes: bool) -> None:
    """Show what will be where, ask, and put it there in place of what syncs this archive now.

    Parameters
    ----------
    kind
        Cron or systemd.
    own
        The block of the crontab, or the units, by name.
    run
        What they run.
    yes
        Whether to do without asking.

    Raises
    ------
    VMgenError
        It was refused, or somebody said no: nothing has changed then.
    """
    found = {each: _of(run.key, each) for each in KINDS}
    displaced = [each for each in KINDS if each != kind and found[each]]
    is_there = _text(kind, run.key) == own and all(each.name for each in found[kind])
    if is_there and not displaced:
        say(f"It is installed in {PLACES[kind]} already, word for word.")
        if kind == "systemd":
            user_units.start(own)
        return
    say(shown(kind, own))
    if replaced := [PLACES[each] for each in KINDS if found[each] and not (is_there and each == kind)]:
        say(f"It takes the place of what syncs {run.archive} now, in {joined(replaced)}.")
    _ask(_question(kind, run.key), yes)
    run.make_log_folder()
    if kind == "cron":
        crontab.install(crontab.with_block(crontab.installed(), own["crontab"], run.key))
    else:
        user_units.install(run.key, own)
        for older in found["systemd"]:
            if older.name is None:
                user_units.remove(None)
    say(
        f"Installed in {PLACES[kind]}. This takes it out again: vmgen-analytics schedule --remove{_naming(run.archive)}"
    )
    for each in displaced:
        _take_out(each, run.key, found[each])
        say(f"Removed from {PLACES[each]}, where it was until now.")
    _tell_others(run.key)


def remove(archive: str, kind: Kind | None, *, yes: bool) -> None:
    """Take out what syncs an archive: of one kind, or whatever there is.

    Raises
    ------
    VMgenError
        It was refused, or somebody said no.
    """
    key = schedule_key(archive)
    kinds = (kind,) if kind else KINDS
    found = {each: schedules for each in kinds if (schedules := _of(key, each))}
    if found:
        places = joined(PLACES[each] for each in found)
        _ask(f"What syncs and checks {archive} goes out of {places}; all else there stays. Remove it?", yes)
    else:
        say(f"There is nothing of ours for {archive} in {' or in '.join(PLACES[each] for each in kinds)}.")
    for each, schedules in found.items():
        _take_out(each, key, schedules)
        say(f"Removed from {PLACES[each]}.")
    left = _left(key)
    if left:
        say(
            f"{archive} is still synced from {joined(PLACES[each] for each in left)}; this takes it out there: "
            f"vmgen-analytics schedule --remove{_naming(archive)}"
        )
    elif found and left is not None:
        say(f"From now on no schedule of yours syncs {archive}.")
    _tell_others(key)


def shown(kind: Kind, own: dict[str, str]) -> str:
    """Put the name of each unit above it."""
    titled = [f"# {user_units.folder() / name}\n{text}" if kind == "systemd" else text for name, text in own.items()]
    return "\n".join(titled)


def _question(kind: Kind, key: str) -> str:
    if kind == "cron":
        others = len(crontab.without_block(crontab.installed(), key).splitlines())
        return f"This goes into your crontab; its {others} other lines stay as they are. Install it?"
    return f"This goes into {user_units.folder()}, and the timers are started. Install it?"


def _schedules(kind: Kind) -> list[Installed]:
    return crontab.schedules() if kind == "cron" else user_units.schedules()


def _of(key: str, kind: Kind) -> list[Installed]:
    return [each for each in _schedules(kind) if each.key == key]


def _text(kind: Kind, key: str) -> dict[str, str]:
    """Read what is installed for an archive, as it would be installed now."""
    if kind == "cron":
        return {"crontab": crontab.of_archive(crontab.installed(), key)}
    return user_units.units(key)


def _take_out(kind: Kind, key: str, schedules: list[Installed]) -> None:
    if kind == "cron":
        crontab.install(crontab.without_block(crontab.installed(), key))
        return
    for each in schedules:
        user_units.remove(each.name)


def _left(key: str) -> list[Kind] | None:
    """Find where an archive is still synced from; None where that cannot be known, which is told."""
    try:
        return [each for each in KINDS if _of(key, each)]
    except VMgenError as error:
        say(f"Whether something else syncs it cannot be told: {error}")
        return None


def _tell_others(key: str) -> None:
    """Say which other archives have a schedule, lest they be forgotten."""
    for kind in KINDS:
        try:
            others = [each for each in _schedules(kind) if each.key != key]
        except VMgenError:
            continue
        for other in others:
            way_out = f"; to take that out: vmgen-analytics schedule --remove{_naming(other.archive)}"
            verb = "syncs" if kind == "cron" else "sync"
            say(f"{PLACES[kind].capitalize()} also {verb} {other}{way_out if other.archive else ''}")


def _naming(archive: str | None) -> str:
    return f" --archive {shlex.quote(archive)}" if archive else ""


def _ask(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise VMgenError("nothing was changed: nobody is there to ask; add --yes if you mean it")
    if not typer.confirm(question, err=True):
        raise VMgenError("nothing was changed")
