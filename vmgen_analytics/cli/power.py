"""``vmgen-analytics power``: commands to real machines, shown first, asked for, sent once and followed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pandas as pd
import typer

from vmgen_analytics.api import Client
from vmgen_analytics.cli.terminal import PARTIAL, ArchiveUrl, Config, Verbose, opened, say, show
from vmgen_analytics.errors import CommandRefused, VMgenError, WaitStopped
from vmgen_analytics.logbook import left_sending, sentence
from vmgen_analytics.power import Command, run
from vmgen_analytics.targets import Target, find

if TYPE_CHECKING:
    from vmgen_analytics.archive import Archive

WORDS: dict[str, Command] = {"on": "power_on", "off": "power_off", "reboot": "reboot"}


def power(
    command: Annotated[Literal["on", "off", "reboot"], typer.Argument(help="What to do.", show_default=False)],
    vms: Annotated[list[str], typer.Argument(help="VMs by number or exact name.", metavar="VM...")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not follow the jobs to their end.")] = False,
    wait_idle: Annotated[bool, typer.Option("--wait-idle", help="Wait first for jobs that are under way.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the log.")] = "",
    account: Annotated[str | None, typer.Option(help="Account in the settings.", metavar="NAME")] = None,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Switch VMs on or off (as pulling the plug does), or reboot them.

    Shows what will happen, asks, sends each command once, follows its job, and writes it into the archive's table
    of commands before and after.
    """
    _, store = opened(config, archive, verbose)
    with Client.from_env(account, config=config) as client:
        wanted = WORDS[command]
        targets = _distinct([find(client, vm) for vm in vms])
        show(pd.DataFrame([_shown(target, wanted) for target in targets]))
        _warn(store, client.account_name, targets)
        if dry_run:
            _rehearse(client, wanted, targets)
            return
        if not yes:
            _ask(wanted, targets)
        options = {"archive": store, "reason": reason, "wait": not no_wait, "wait_idle": wait_idle}
        _send(client, wanted, targets, options)


def _warn(store: Archive, account: str, targets: list[Target]) -> None:
    """Tell of commands to these VMs whose process died while it sent them: they may have been carried out."""
    left = left_sending(store, account)
    for row in left[left["vm_id"].isin([target.vm_id for target in targets])].itertuples():
        say(f"Nobody knows the end of: {sentence(row)}")


def _rehearse(client: Client, command: Command, targets: list[Target]) -> None:
    for target in targets:
        run(client, command, target, dry_run=True)
        say(f'would send: POST /virtual-machines/{target.vm_id}/command {{"command": "{command}"}}')


def _send(client: Client, command: Command, targets: list[Target], options: dict[str, Any]) -> None:
    """Send to one VM after the other, and stop at the first that fails."""
    for done, target in enumerate(targets):
        try:
            job = run(client, command, target, **options)
        except WaitStopped as stopped:
            say(f"vmgen-analytics: {stopped}")
            _not_sent(targets[done + 1 :])
            raise
        except VMgenError as error:
            say(f"vmgen-analytics: {error}")
            _not_sent(targets[done + 1 :])
            raise typer.Exit(PARTIAL if done else 1) from None
        say(f"{target.vm_name}: {command} {job.outcome}")


def _not_sent(rest: list[Target]) -> None:
    if rest:
        say(f"not sent to {', '.join(each.vm_name for each in rest)}")


def _distinct(targets: list[Target]) -> list[Target]:
    return list({target.vm_id: target for target in targets}.values())


def _shown(target: Target, command: Command) -> dict[str, object]:
    return {
        "VM": target.vm_id,
        "name": target.vm_name,
        "address": target.ipv4,
        "package": target.package,
        "state": target.state,
        "command": command,
    }


def _ask(command: Command, targets: list[Target]) -> None:
    """Ask as loudly as the command deserves: yes for one VM, its name or the number of VMs for what hurts more.

    Raises
    ------
    CommandRefused
        Nobody can be asked, or the answer was not that.
    """
    if not sys.stdin.isatty():
        raise CommandRefused("nothing was sent: nobody is there to ask; add --yes if you mean it")
    words = command.replace("_", " ")
    if len(targets) > 1:
        wanted, what = str(len(targets)), f"{len(targets)} VMs: type their number"
    elif command == "power_off":
        wanted, what = targets[0].vm_name, f"{targets[0].vm_name}: type its name"
    else:
        wanted, what = "yes", f"{targets[0].vm_name}: type yes"
    answer = typer.prompt(f"{words} {what}", default="", show_default=False, err=True)
    if answer.strip() != wanted:
        raise CommandRefused("nothing was sent: the answer was not that")
