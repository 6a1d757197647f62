"""Deleting a VM, after a last look at what the provider knows of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics import fetch
from vmgen_analytics.errors import CommandRefused, NotFound, VMgenError
from vmgen_analytics.following import (
    SUCCEEDED,
    Following,
    Sought,
    follow,
    is_unclear,
    job_number,
    look,
    new_jobs,
    status_of,
)
from vmgen_analytics.logbook import written_down
from vmgen_analytics.restating import add_jobs, add_usage
from vmgen_analytics.targets import Target, check_unchanged, find

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fetch import Fetched

EVENTS = ("delete", "deletion", "destroy", "remove", "terminate")
"""Words that a provider may use for the job."""
LOCK_S = 60.0
"""How long to wait for a sync that is under way."""


@dataclass(frozen=True)
class Deletion:
    """A VM that was deleted.

    Attributes
    ----------
    target
        The VM as it was.
    requested_at
        When it was about to be sent, by the provider's clock; None where nothing was sent.
    outcome
        accepted or done; dry_run where nothing was sent.
    rows
        What the last sync of it brought into the archive, by table.
    job_id
        The provider's number of the job, empty where it gave none.
    """

    target: Target
    requested_at: pd.Timestamp | None = None
    outcome: str = "dry_run"
    rows: tuple[tuple[str, int], ...] = ()
    job_id: str = ""


def delete(  # noqa: PLR0913 - all but two are keywords
    client: Client,
    vm: int | str | Target,
    *,
    confirm_name: str,
    archive: Archive,
    last_sync: bool = True,
    reason: str = "",
    dry_run: bool = False,
    wait: bool = True,
    following: Following | None = None,
) -> Deletion:
    """Delete a VM for good, with all its data: fetch its history a last time, send once, follow until it is gone.

    Parameters
    ----------
    client
        Whom to ask.
    vm
        The VM, by number, exact name, or as `vmgen_analytics.targets.find` gave it.
    confirm_name
        The VM's exact name, typed by whoever wants it gone.
    archive
        Where its history goes, and where the command is written down, before it is sent and after.
    last_sync
        False deletes it even though what the provider knows of it cannot be had: that is then lost.
    reason
        Why, for the log.
    dry_run
        Do everything but send; the history is fetched.
    wait
        False returns as soon as the provider has accepted.
    following
        How long to follow it.

    Returns
    -------
    Deletion
        Its outcome is done, accepted (with ``wait=False``) or dry_run.

    Raises
    ------
    CommandRefused
        Nothing was sent: there is no such VM, that is not its name, it has changed, or its history cannot be had.
    CommandOutcomeUnknown
        It was sent once, and what came of it cannot be told.
    JobFailed, JobTimeout
        It was accepted, and failed, or had not ended in time.
    ArchiveError
        The archive cannot be written: before, then nothing was sent, or after.
    VMgenError
        The provider refused it, or could not be reached.
    """
    following = following or Following()
    target = vm if isinstance(vm, Target) else find(client, vm)
    if confirm_name != target.vm_name:
        raise CommandRefused(
            f"nothing was sent: VM {target.vm_id} is called {target.vm_name!r}, and not {confirm_name!r}; "
            "give its exact name as confirm_name"
        )
    rows: dict[str, int] = {}
    if last_sync:
        with archive.lock(LOCK_S):
            rows = _saved(client, target, archive)
    sought = Sought(target.vm_id, EVENTS, tuple(client.jobs(target.vm_id)))
    check_unchanged(client, target, state=False)
    deletion = Deletion(target, rows=tuple(rows.items()))
    if dry_run:
        return deletion
    with written_down(client, archive, "delete", vm_id=target.vm_id, reason=reason) as line:
        sought = _deleted(client, target, sought, following)
        line.note("accepted", job_id=sought.job_id)
        if wait:
            follow(lambda: _status_of_deletion(client, sought), following, f"deleting {target.vm_name}")
            line.note("done")
    outcome = "done" if wait else "accepted"
    return replace(deletion, requested_at=line.requested_at, outcome=outcome, job_id=sought.job_id)


def _saved(client: Client, target: Target, archive: Archive) -> dict[str, int]:
    """Fetch what the provider knows of a VM, a last time."""
    account, vm_ids = client.account_name, [target.vm_id]
    steps: dict[str, Callable[[], Fetched]] = {
        "vms": lambda: _only(fetch.read_vms(client), target),
        "usage": lambda: fetch.read_usage(client, vm_ids),
        "networking": lambda: fetch.read_networking(client, vm_ids),
        "jobs": lambda: fetch.read_jobs(client, vm_ids),
    }
    rows: dict[str, int] = {}
    for name, read in steps.items():
        try:
            fetched = read()
        except VMgenError as error:
            raise _not_saved(target, f"{name}: {error}") from None
        if name == "usage":
            rows |= add_usage(archive, fetched.frame, account, client.now).rows
        elif name == "jobs":
            rows[name] = add_jobs(archive, fetched.frame, account, client.now)
        else:
            rows[name] = archive.add(name, fetched.frame)
        if fetched.failures:
            raise _not_saved(target, str(fetched.failures[0]))
    return rows


def _only(inventory: Fetched, target: Target) -> Fetched:
    """Take one VM out of the inventory, which says nothing of the others here."""
    mine = inventory.frame[inventory.frame["vm_id"] == target.vm_id].reset_index(drop=True)
    if mine.empty:
        raise _not_saved(target, "it is not in the inventory")
    return inventory._replace(frame=mine, failures=())


def _not_saved(target: Target, why: str) -> CommandRefused:
    return CommandRefused(
        f"nothing was sent: {target.vm_name} would be gone with what the provider still knows of it, and that cannot "
        f"be had ({why}); try again, or give last_sync=False to lose it"
    )


def _deleted(client: Client, target: Target, sought: Sought, following: Following) -> Sought:
    """Send, and return what is known of the job."""
    try:
        answer = client.delete(target.vm_id)
    except VMgenError as error:
        if not is_unclear(error):
            raise
        told = (
            f"the deletion of {target.vm_name} was sent once and no clear answer came ({error}); it is still there, "
            "and its jobs do not show it: look at the VM before sending it again"
        )
        look(lambda: _is_gone(client, target.vm_id) or bool(new_jobs(client, sought)), following, told)
        return sought
    return replace(sought, job_id=job_number(answer), started_at=str(answer.get("started_at") or ""))


def _status_of_deletion(client: Client, sought: Sought) -> str:
    """How the deletion stands: done when the VM is gone, whatever its job says."""
    if _is_gone(client, sought.vm_id):
        return "done"
    try:
        word = status_of(client, sought)
    except NotFound:
        return ""
    return "" if word in SUCCEEDED else word


def _is_gone(client: Client, vm_id: int) -> bool:
    """Tell whether neither the inventory nor its own address shows a VM: one list that is short proves nothing."""
    if any(str(record.get("id")) == str(vm_id) for record in client.vms()):
        return False
    try:
        client.configuration(vm_id)
    except NotFound:
        return True
    return False
