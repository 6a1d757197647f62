"""The VMs of an account as they are now, and the log of what was asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmgen_analytics.errors import ArchiveError
from vmgen_analytics.logbook import sentence
from vmgen_analytics.targets import targets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd

    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.targets import Target


@dataclass(frozen=True)
class Reading:
    """The VMs of an account as they were at a moment, and who sent them what.

    Attributes
    ----------
    account, targets, at
        Whose VMs, which, and when they were read, in UTC.
    commands
        Table ``commands`` of the account, newest first; None where the archive cannot be read.
    notices
        What else a person should know.
    """

    account: str
    targets: tuple[Target, ...]
    at: datetime
    commands: pd.DataFrame | None = None
    notices: tuple[str, ...] = ()


def read(client: Client, archive: Archive, wanted: Sequence[int], at: datetime) -> Reading:
    """Read the VMs of an account, and its log of commands.

    Parameters
    ----------
    client
        Whom to ask.
    archive
        Where commands are written down.
    wanted
        Numbers of VMs that somebody has chosen; those that are not there are told of.
    at
        The time, in UTC.

    Raises
    ------
    VMgenError
        The VMs cannot be read. Where only the log cannot be, that is one of the notices.
    """
    account = client.account_name
    found, unreadable = targets(client)
    there = {target.vm_id for target in found}
    notices = [f"{each}, so no command can be sent to it." for each in unreadable]
    notices += [f"Account {account} has no VM {vm_id}, which was chosen." for vm_id in wanted if vm_id not in there]
    commands = None
    try:
        commands = archive.read("commands", account=account)
    except ArchiveError as error:
        notices.append(f"The log of commands cannot be read: {error}")
    else:
        commands = commands.sort_values("requested_at", ascending=False, kind="stable", ignore_index=True)
        left = commands[commands["outcome"] == "sending"]
        notices += [f"Nobody knows the end of {sentence(row)}." for row in left.itertuples()]
    return Reading(account, tuple(found), at, commands, tuple(notices))
