"""Power commands: sent once, followed to their end, and written down before and after.

Whoever calls these functions has decided: they ask nobody. The command line and the panels ask first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from vmgen_analytics.errors import Conflict, JobTimeout, SettingsError, VMgenError, WaitStopped
from vmgen_analytics.following import (
    Following,
    Sought,
    follow,
    is_unclear,
    job_number,
    look,
    new_jobs,
    status_of,
    under_way,
    wait_until_idle,
)
from vmgen_analytics.logbook import taken_up, written_down
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
    sought, command_id
        By what it is found among the VM's jobs, and its line in table ``commands``: for `wait`.
    """

    target: Target
    command: Command
    requested_at: pd.Timestamp | None = None
    outcome: str = "dry_run"
    job_id: str = ""
    sought: Sought | None = field(default=None, repr=False)
    command_id: str = ""

    def __str__(self) -> str:
        number = f" (job {self.job_id})" if self.job_id else ""
        return f"{self.command} of {self.target.vm_name}{number}"


def power_on(client: Client, vm: int | str | Target, **options: Any) -> Job:
    """Switch a VM on; see `run` for the options, what is returned and what is raised."""
    return run(client, "power_on", vm, **options)


def power_off(client: Client, vm: int | str | Target, **options: Any) -> Job:
    """Switch a VM off, as pulling the plug does; see `run` for the options, what is returned and what is raised."""
    return run(client, "power_off", vm, **options)


def reboot(client: Client, vm: int | str | Target, **options: Any) -> Job:
    """Restart a VM; see `run` for the options, what is returned and what is raised."""
    return run(client, "reboot", vm, **options)


def run(  # noqa: PLR0913 - all but the first three are keywords
    client: Client,
    command: Command,
    vm: int | str | Target,
    *,
    archive: Archive | None = None,
    reason: str = "",
    dry_run: bool = False,
    wait: bool = True,
    wait_idle: bool = False,
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
    wait_idle
        Wait first for jobs of the VM that are under way, whatever state they leave it in.
    following
        How long to follow the job, and to wait for others.

    Returns
    -------
    Job
        Its outcome is done, accepted (with ``wait=False``) or dry_run.

    Raises
    ------
    CommandRefused
        Nothing was sent: there is no such VM, it is not as it was, or it was busy for too long.
    CommandOutcomeUnknown
        It was sent once, and what came of it cannot be told: it may have been carried out.
    JobFailed, JobTimeout
        It was accepted, and failed, or had not ended in time; then `wait` goes on waiting for its ``job``.
    WaitStopped
        Somebody pressed Ctrl-C while it was followed: its ``job`` goes on.
    Conflict
        The provider refused it, as another job of the VM is under way.
    ArchiveError
        It cannot be written down: before, then nothing was sent, or after.
    VMgenError
        The provider refused it, or could not be reached.
    """
    following = following or Following()
    target = vm if isinstance(vm, Target) else find(client, vm)
    if wait_idle and not dry_run:
        wait_until_idle(client, target.vm_id, following)
    sought = Sought(target.vm_id, (command,), tuple(client.jobs(target.vm_id)))
    check_unchanged(client, target, state=not wait_idle)
    job = Job(target, command)
    if dry_run:
        return job
    with written_down(client, archive, command, vm_id=target.vm_id, reason=reason) as line:
        sought = _sent(client, job, sought, following)
        line.note("accepted", job_id=sought.job_id)
        job = replace(
            job,
            requested_at=line.requested_at,
            outcome="accepted",
            job_id=sought.job_id,
            sought=sought,
            command_id=line.command_id,
        )
        if wait:
            job = _followed(client, job, sought, following)
            line.note(job.outcome)
    return job


def wait(client: Client, job: Job, *, archive: Archive | None = None, following: Following | None = None) -> Job:
    """Follow a command that was accepted to its end: after ``wait=False``, a `JobTimeout` or Ctrl-C.

    Parameters
    ----------
    client
        Whom to ask.
    job
        As `run` returned it, or as ``job`` of the error.
    archive
        Where the command was written down; its line is completed. None writes nothing.
    following
        How long to follow it.

    Returns
    -------
    Job
        Its outcome is done.

    Raises
    ------
    JobFailed, JobTimeout
        It failed, or had not ended in time.
    WaitStopped
        Somebody pressed Ctrl-C: it goes on.
    SettingsError
        It was never sent.
    VMgenError
        How it stands cannot be read, or not be written down.
    """
    if job.sought is None:
        raise SettingsError(f"{job} was not sent, so there is nothing to wait for")
    with taken_up(client, archive, job.command_id) as line:
        job = _followed(client, job, job.sought, following or Following())
        if line is not None:
            line.note(job.outcome)
    return job


def _followed(client: Client, job: Job, sought: Sought, following: Following) -> Job:
    try:
        follow(lambda: status_of(client, sought), following, str(job))
    except JobTimeout as error:
        error.job = job
        raise
    except KeyboardInterrupt:
        stopped = WaitStopped(f"nobody waits for {job} any more; it was accepted and goes on", job)
    else:
        return replace(job, outcome="done")
    raise stopped


def _sent(client: Client, job: Job, sought: Sought, following: Following) -> Sought:
    """Send, and return what is known of the job."""
    try:
        answer = client.command(job.target.vm_id, job.command)
    except Conflict as error:
        raise _named(client, job, error) from None
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


def _named(client: Client, job: Job, error: Conflict) -> Conflict:
    """Say which job the command has met, as far as that can be seen."""
    try:
        busy = under_way(client.jobs(job.target.vm_id))
    except VMgenError:
        busy = []
    if busy:
        error.args = (f"{error}; under way: {'; '.join(busy)}; wait for it, or say wait_idle (--wait-idle)",)
    return error
