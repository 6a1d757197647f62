"""Power commands: sent once, followed to their end, and written down before and after.

Whoever calls these functions has decided: they ask nobody. The command line and the panels ask first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from vmgen_analytics.errors import VMgenError
from vmgen_analytics.following import (
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
from vmgen_analytics.targets import Target, check_unchanged, find

if TYPE_CHECKING:
    import pandas as pd

    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive

Command = Literal["power_on", "power_off", "reboot"]


@dataclass(frozen=True)
class Job:
    """A command under way or at its end.

    Attributes
    ----------
    target, command
        What was asked of which VM.
    requested_at
        When it was about to be sent, by the provider's clock; None where nothing was sent.
    outcome
        accepted or done; dry_run where nothing was sent.
    job_id
        The provider's number, empty where it gave none.
    """

    target: Target
    command: Command
    requested_at: pd.Timestamp | None = None
    outcome: str = "dry_run"
    job_id: str = ""


def power_on(client: Client, vm: int | str | Target, **options: Any) -> Job:
    """Switch a VM on; see `run` for the options, what is returned and what is raised."""
    return run(client, "power_on", vm, **options)


def power_off(client: Client, vm: int | str | Target, **options: Any) -> Job:
    """Switch a VM off, as pulling the plug does; see `run` for the options, what is returned and what is raised."""
    return run(client, "power_off", vm, **options)


def reboot(client: Client, vm: int | str | Target, **options: Any) -> Job:
    """Restart a VM; see `run` for the options, what is returned and what is raised."""
    return run(client, "reboot", vm, **options)


def run(
    client: Client,
    command: Command,
    vm: int | str | Target,
    *,
    archive: Archive | None = None,
    reason: str = "",
    dry_run: bool = False,
    wait: bool = True,
    following: Following | None = None,
) -> Job:
    """Send a power command once, and follow it to its end.

    Parameters
    ----------
    client
        Whom to ask.
    command
        power_on, power_off or reboot.
    vm
        The VM, by number, exact name, or as `find` gave it: then it is refused if its name or state has changed since.
    archive
        Where the command is written down, before it is sent and after; None writes nothing.
    reason
        Why, for the log.
    dry_run
        Do everything but send.
    wait
        False returns as soon as the provider has accepted.
    following
        How long to follow the job.

    Returns
    -------
    Job
        Its outcome is done, accepted (with ``wait=False``) or dry_run.

    Raises
    ------
    CommandRefused
        Nothing was sent: there is no such VM, or it is not as it was.
    CommandOutcomeUnknown
        It was sent once, and what came of it cannot be told: it may have been carried out.
    JobFailed, JobTimeout
        It was accepted, and failed, or had not ended in time.
    ArchiveError
        It cannot be written down: before, then nothing was sent, or after.
    VMgenError
        The provider refused it, or could not be reached.
    """
    following = following or Following()
    target = vm if isinstance(vm, Target) else find(client, vm)
    sought = Sought(target.vm_id, (command,), tuple(client.jobs(target.vm_id)))
    check_unchanged(client, target)
    job = Job(target, command)
    if dry_run:
        return job
    with written_down(client, archive, command, vm_id=target.vm_id, reason=reason) as line:
        sought = _sent(client, job, sought, following)
        line.note("accepted", job_id=sought.job_id)
        job = replace(job, requested_at=line.requested_at, outcome="accepted", job_id=sought.job_id)
        if wait:
            follow(lambda: status_of(client, sought), following, f"{command} of {target.vm_name}")
            line.note("done")
            job = replace(job, outcome="done")
    return job


def _sent(client: Client, job: Job, sought: Sought, following: Following) -> Sought:
    """Send, and return what is known of the job."""
    try:
        answer = client.command(job.target.vm_id, job.command)
    except VMgenError as error:
        if not is_unclear(error):
            raise
        told = (
            f"{job.command} of {job.target.vm_name} was sent once and no clear answer came ({error}); its jobs do not "
            "show it: it may have been carried out, look at the VM before sending it again"
        )
        look(lambda: bool(new_jobs(client, sought)), following, told)
        return sought
    return replace(sought, job_id=job_number(answer), started_at=str(answer.get("started_at") or ""))
