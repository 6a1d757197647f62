"""Power commands: sent once, followed to their end, and written down before and after.

Whoever calls these functions has decided: they ask nobody. The command line and the panels ask first.
"""

from __future__ import annotations

import getpass
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from vmgen_analytics.errors import (
    CommandOutcomeUnknown,
    CommandRefused,
    ConnectFailed,
    JobFailed,
    JobTimeout,
    ServerError,
    TransportError,
    VMgenError,
)
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive

Command = Literal["power_on", "power_off", "reboot"]

SUCCEEDED = frozenset({"success", "succeeded", "completed", "complete", "done", "finished", "ok"})
FAILED = frozenset({"error", "failed", "failure", "cancelled", "canceled", "aborted", "timeout", "timed_out"})


@dataclass(frozen=True)
class Target:
    """A VM as it was when the command was decided on."""

    vm_id: int
    vm_name: str
    state: str
    ipv4: str = ""
    package: str = ""

    def __str__(self) -> str:
        return f"{self.vm_name} (VM {self.vm_id}, {self.ipv4 or 'no address'}, {self.package}, now {self.state})"


@dataclass(frozen=True)
class Job:
    """A command under way or at its end.

    Attributes
    ----------
    target, command
        What was asked of which VM.
    requested_at
        When it was about to be sent, by the provider's clock.
    outcome
        sending, accepted, done, failed, timed_out, unknown or refused; dry_run where nothing was sent.
    job_id
        The provider's number, empty where it gave none.
    """

    target: Target
    command: Command
    requested_at: pd.Timestamp
    outcome: str = "sending"
    job_id: str = ""


@dataclass(frozen=True)
class Following:
    """How long to follow a job, and how often to look, in seconds."""

    deadline_s: float = 300.0
    first_s: float = 1.0
    longest_s: float = 10.0
    unclear_s: float = 30.0


def power_on(client: Client, vm: int | str | Target, **options: Any) -> Job:
    """Switch a VM on; see `run` for the options, what is returned and what is raised."""
    return run(client, "power_on", vm, **options)


def power_off(client: Client, vm: int | str | Target, **options: Any) -> Job:
    """Switch a VM off, as pulling the plug does; see `run` for the options, what is returned and what is raised."""
    return run(client, "power_off", vm, **options)


def reboot(client: Client, vm: int | str | Target, **options: Any) -> Job:
    """Restart a VM; see `run` for the options, what is returned and what is raised."""
    return run(client, "reboot", vm, **options)


def find(client: Client, vm: int | str) -> Target:
    """Find a VM by its number or its exact name.

    Raises
    ------
    CommandRefused
        There is none, or several have that name.
    VMgenError
        The inventory cannot be read.
    """
    records = client.vms()
    found = [record for record in records if str(record.get("id")) == str(vm)]
    found = found or [record for record in records if record.get("name") == vm]
    if not found:
        raise CommandRefused(f"no VM {vm!r} in account {client.account_name}; it has {len(records)} VMs")
    if len(found) > 1:
        ids = ", ".join(str(record.get("id")) for record in found)
        raise CommandRefused(f"{len(found)} VMs are called {vm!r}; name one by its number: {ids}")
    return _target(found[0])


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
        It was sent once, no answer came, and the provider's jobs do not show it: it may have been carried out.
    JobFailed, JobTimeout
        It was accepted, and failed, or had not ended in time.
    VMgenError
        The provider refused it, or could not be reached.
    """
    following = following or Following()
    target = vm if isinstance(vm, Target) else find(client, vm)
    before = client.jobs(target.vm_id)
    _check_unchanged(client, target)
    job = Job(target, command, pd.Timestamp(client.now()))
    if dry_run:
        return replace(job, outcome="dry_run")
    _write_down(client, archive, job, reason)
    try:
        job = _sent(client, job, before, following)
        if wait:
            job = _followed(client, job, before, following)
    except VMgenError as error:
        _write_down(client, archive, replace(job, outcome=_outcome_of(error)), reason, at_end=True)
        raise
    _write_down(client, archive, job, reason, at_end=True)
    return job


def _target(record: dict[str, Any]) -> Target:
    texts = {name: str(record.get(name) or "") for name in ("name", "state", "ipv4", "package")}
    return Target(int(record["id"]), texts["name"], texts["state"], texts["ipv4"], texts["package"])


def _check_unchanged(client: Client, target: Target) -> None:
    now = _target(client.configuration(target.vm_id))
    if (now.vm_name, now.state) != (target.vm_name, target.state):
        raise CommandRefused(
            f"VM {target.vm_id} was {target.vm_name!r} and {target.state}, and is {now.vm_name!r} and {now.state} now; "
            "nothing was sent, look at it and decide again"
        )


def _sent(client: Client, job: Job, before: list[dict[str, Any]], following: Following) -> Job:
    try:
        answer = client.command(job.target.vm_id, job.command)
    except ConnectFailed:
        raise
    except (TransportError, ServerError) as error:
        _look_for(client, job, before, following, error)
        return replace(job, outcome="accepted")
    number = answer.get("job_id", answer.get("jobId", ""))
    return replace(job, outcome="accepted", job_id="" if number is None else str(number))


def _look_for(client: Client, job: Job, before: list[dict[str, Any]], following: Following, error: VMgenError) -> None:
    """Look whether a command whose answer was lost appears among the jobs; never send it again."""
    if _until(following.unclear_s, following, lambda: bool(_new_jobs(client, job, before))):
        return
    raise CommandOutcomeUnknown(
        f"{job.command} of {job.target.vm_name} was sent once and no clear answer came ({error}); its jobs do not show "
        "it: it may have been carried out, look at the VM before sending it again"
    )


def _followed(client: Client, job: Job, before: list[dict[str, Any]], following: Following) -> Job:
    words: list[str] = []

    def has_ended() -> bool:
        words.append(_status(client, job, before))
        return words[-1] in SUCCEEDED | FAILED

    if not _until(following.deadline_s, following, has_ended):
        raise JobTimeout(
            f"{job.command} of {job.target.vm_name} was accepted, but had not ended after {following.deadline_s:g} s "
            f"(its status was {words[-1]!r}); it may still end"
        )
    if words[-1] in FAILED:
        raise JobFailed(f"{job.command} of {job.target.vm_name} was accepted and then failed ({words[-1]!r})")
    return replace(job, outcome="done")


def _status(client: Client, job: Job, before: list[dict[str, Any]]) -> str:
    if job.job_id:
        return str(client.job(job.target.vm_id, job.job_id).get("job_status", "")).lower()
    new = _new_jobs(client, job, before)
    return str(new[-1].get("status", "")).lower() if new else ""


def _new_jobs(client: Client, job: Job, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Jobs of this command that were not there before it was sent, oldest first."""
    known = {(record.get("event"), record.get("started_at")) for record in before}
    new = [
        record
        for record in client.jobs(job.target.vm_id)
        if str(record.get("event", "")).replace(" ", "_") == job.command
        and (record.get("event"), record.get("started_at")) not in known
    ]
    return sorted(new, key=lambda record: str(record.get("started_at")))


def _until(limit_s: float, following: Following, is_so: Callable[[], bool]) -> bool:
    """Look until it is so, or the time is over; the pauses grow."""
    end = time.monotonic() + limit_s
    pause = following.first_s
    while True:
        if is_so():
            return True
        if time.monotonic() + pause > end:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, following.longest_s)


def _outcome_of(error: VMgenError) -> str:
    outcomes: dict[type[VMgenError], str] = {
        JobFailed: "failed",
        JobTimeout: "timed_out",
        CommandOutcomeUnknown: "unknown",
    }
    return outcomes.get(type(error), "refused")


def _write_down(client: Client, archive: Archive | None, job: Job, reason: str, *, at_end: bool = False) -> None:
    if archive is None:
        return
    line = {
        "account": [client.account_name],
        "vm_id": [job.target.vm_id],
        "requested_at": [job.requested_at],
        "command": [job.command],
        "user": [getpass.getuser()],
        "reason": [reason],
        "outcome": [job.outcome],
        "job_id": [job.job_id or None],
        "finished_at": [pd.Timestamp(client.now()) if at_end else None],
    }
    archive.add("commands", TABLES["commands"].frame(line))
