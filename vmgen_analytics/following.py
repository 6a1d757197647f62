"""What became of a command: its job followed to a deadline, and looked for where no clear answer came."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vmgen_analytics.errors import (
    APIError,
    CommandError,
    CommandOutcomeUnknown,
    CommandRefused,
    JobFailed,
    JobTimeout,
    NotFound,
    ResponseError,
    ServerError,
    SettingsError,
    TransportError,
    VMgenError,
    WaitStopped,
)
from vmgen_analytics.fetch import values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vmgen_analytics.api import Client

    Record = dict[str, Any]

SUCCEEDED = frozenset({"success", "succeeded", "completed", "complete", "done", "finished", "ok"})
FAILED = frozenset({"error", "failed", "failure", "cancelled", "canceled", "aborted", "timeout", "timed_out"})


SAYS_NOTHING = frozenset({"", "unknown"})
"""Words after which nobody knows whether a job is under way: they end no waiting, and nothing waits for them."""


@dataclass(frozen=True)
class Following:
    """How long to follow a job, and how often to look, in seconds.

    Attributes
    ----------
    deadline_s
        How long a job may take.
    first_s, longest_s
        The first pause between two looks, and the longest: they grow by half.
    unclear_s
        How long to look for a command whose answer was lost.
    stop
        When it is set, nobody waits any more, as after Ctrl-C, which does not reach a thread.
    """

    deadline_s: float = 300.0
    first_s: float = 1.0
    longest_s: float = 10.0
    unclear_s: float = 30.0
    stop: threading.Event | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Sought:
    """A job to be found among those of a VM.

    Attributes
    ----------
    vm_id
        The VM.
    events
        The words that the provider may use for it; none fits all.
    known
        The VM's jobs as they were before.
    job_id, started_at
        What the answer to the command said, empty where it did not.
    """

    vm_id: int
    events: tuple[str, ...] = ()
    known: tuple[Record, ...] = ()
    job_id: str = ""
    started_at: str = ""


def new_jobs(client: Client, sought: Sought) -> list[Record]:
    """List the jobs that may be the one, oldest first.

    Records of jobs have no number: they are told apart by event and start, and counted, as two may begin in one second.

    Raises
    ------
    VMgenError
        The VM's jobs cannot be read.
    """
    fitting = [
        job for job in client.jobs(sought.vm_id) if not sought.events or _word(job.get("event")) in sought.events
    ]
    known = Counter(map(_key, sought.known))
    new: list[Record] = []
    for key, count in Counter(map(_key, fitting)).items():
        alike = [job for job in fitting if _key(job) == key]
        changed = [job for job in alike if job not in sought.known]
        new += (changed + [job for job in alike if job in sought.known])[: max(0, count - known[key])]
    return sorted(new, key=lambda job: str(job.get("started_at")))


def under_way(jobs: Iterable[Record]) -> list[str]:
    """Name the jobs that have not ended by the provider's word, as "reboot since 2026-11-23T12:00:00Z ('running')"."""
    return [
        f"{_word(job.get('event')) or 'a job'} since {job.get('started_at')} ({job.get('status')!r})"
        for job in jobs
        if _word(job.get("status")) not in SUCCEEDED | FAILED | SAYS_NOTHING
    ]


def wait_until_idle(client: Client, vm_id: int, following: Following) -> None:
    """Wait until no job of a VM is under way.

    Raises
    ------
    CommandRefused
        One still is when the time is over; nothing was sent.
    VMgenError
        The VM's jobs cannot be read.
    """
    found: list[str] = []

    def is_idle() -> bool:
        nonlocal found
        found = under_way(client.jobs(vm_id))
        return not found

    if not until(is_idle, following.deadline_s, following):
        raise CommandRefused(
            f"nothing was sent: VM {vm_id} was still busy after {following.deadline_s:g} s with {'; '.join(found)}"
        )


def status_of(client: Client, sought: Sought) -> str:
    """Read the provider's word for how a job stands, empty where it does not show the job.

    Raises
    ------
    VMgenError
        Neither the job nor the VM's jobs can be read.
    """
    if sought.job_id:
        with contextlib.suppress(NotFound, SettingsError):  # it does not show yet by its number, or not at all
            return _word(client.job(sought.vm_id, sought.job_id, sought.started_at).get("job_status"))
    new = new_jobs(client, sought)
    return _word(new[-1].get("status")) if new else ""


def job_number(answer: Record) -> str:
    """Find the number of the job in the answer to a command, empty where it gives none."""
    job = answer.get("job")
    inner = job.get("id") if isinstance(job, dict) else None
    number = next((each for each in (answer.get("job_id"), answer.get("jobId"), inner) if each is not None), "")
    try:
        return values.text(number)
    except ValueError:
        return ""


def is_unclear(error: VMgenError) -> bool:
    """Tell whether what was sent may have been carried out, although this came in place of its answer.

    Also where the provider says with a good status that something went wrong: by the status it was done.
    """
    if isinstance(error, TransportError):
        return error.sent != "no"
    if isinstance(error, APIError):
        return isinstance(error, ServerError) or 200 <= error.status < 300
    return isinstance(error, ResponseError)


def look(has_happened: Callable[[], bool], following: Following, told: str) -> None:
    """Look whether a command whose answer was lost was carried out; never send it again.

    Parameters
    ----------
    has_happened
        Looks once.
    following
        How long to look.
    told
        What to say if it does not show.

    Raises
    ------
    CommandOutcomeUnknown
        It does not show, or nothing can be seen.
    """
    trouble: VMgenError | None = None

    def seen() -> bool:
        nonlocal trouble
        try:
            trouble = None
            return has_happened()
        except VMgenError as error:
            trouble = error
            return False

    if not until(seen, following.unclear_s, following):
        blind = f" (the last look failed: {trouble})" if trouble else ""
        raise CommandOutcomeUnknown(told + blind)


def follow(read_status: Callable[[], str], following: Following, what: str) -> None:
    """Follow a command that was accepted until the provider's word says that it is done.

    Parameters
    ----------
    read_status
        Reads the provider's word.
    following
        How long, and how often.
    what
        The command, for errors, as "reboot of web-1".

    Raises
    ------
    JobFailed
        It failed.
    JobTimeout
        It had not ended in time.
    CommandOutcomeUnknown
        How it stands cannot be read at all.
    """
    word = ""
    trouble: VMgenError | None = None

    def has_ended() -> bool:
        nonlocal word, trouble
        try:
            word, trouble = read_status(), None
        except CommandError:
            raise
        except VMgenError as error:
            if not error.retryable:
                raise CommandOutcomeUnknown(
                    f"{what} was accepted, but how it ends cannot be read ({error}); look at the VM"
                ) from None
            trouble = error
            return False
        return word in SUCCEEDED | FAILED

    if not until(has_ended, following.deadline_s, following):
        seen = f"its status was {word!r}" if word else "the provider does not show it"
        last = f"the last look failed: {trouble}" if trouble else seen
        raise JobTimeout(
            f"{what} was accepted, but had not ended after {following.deadline_s:g} s ({last}); it may still end"
        )
    if word in FAILED:
        raise JobFailed(f"{what} was accepted and then failed ({word!r})")


def until(is_so: Callable[[], bool], limit_s: float, following: Following) -> bool:
    """Look until it is so, or the time is over; the pauses grow.

    Raises
    ------
    WaitStopped
        Somebody set ``following.stop``.
    """
    end = time.monotonic() + limit_s
    pause = following.first_s
    while True:
        if is_so():
            return True
        if time.monotonic() + pause > end:
            return False
        _pause(pause, following)
        pause = min(pause * 1.5, following.longest_s)


def _pause(pause_s: float, following: Following) -> None:
    if following.stop is None:
        time.sleep(pause_s)
    elif following.stop.wait(pause_s):
        raise WaitStopped("nobody waits any more")


def _key(record: Record) -> tuple[str, str]:
    return str(record.get("event")), str(record.get("started_at"))


def _word(said: object) -> str:
    return "" if said is None else str(said).strip().lower().replace(" ", "_")
