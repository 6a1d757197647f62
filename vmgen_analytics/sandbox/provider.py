"""The provider behind its API: what it knows, and what commands change. Knows no HTTP."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from threading import RLock

from vmgen_analytics.sandbox.catalogue import FIRST_SCRIPT, Location
from vmgen_analytics.sandbox.clock import Clock, Days
from vmgen_analytics.sandbox.machines import Job, Machine
from vmgen_analytics.sandbox.records import Record
from vmgen_analytics.sandbox.traffic import Meter

NEVER = "never"  # the outcome of a job that does not end


class NotFound(Exception):
    """There is no such thing."""


@dataclass(frozen=True)
class OpenJob:
    """A job under way: it takes real time, whatever the simulated clock does."""

    vm_id: int
    job: Job
    begun_s: float  # on the timer
    outcome: str  # the status that it ends with
    deployed: Machine | None = None  # the VM that a deployment brings


class Provider:
    """The fleet, the jobs under way, and the clock.

    Parameters
    ----------
    seed
        Decides all that is left to chance.
    machines
        The fleet, by VM id.
    clock
        The simulated time.
    days
        The provider's days.
    job_s
        How long a job takes, in real seconds.
    first_id
        The ids of new VMs are greater than this.
    timer
        Real seconds since some fixed moment.
    """

    def __init__(
        self,
        seed: int,
        machines: dict[int, Machine],
        clock: Clock,
        days: Days,
        *,
        job_s: float,
        first_id: int = 10_200,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seed, self.clock, self.days = seed, clock, days
        self.meter = Meter(seed, days)
        self.scripts: list[Record] = [dict(FIRST_SCRIPT)]
        self.tickets: list[Record] = []
        # Replaced as a whole, never changed: the thread that serves and the one that asks for the truth both read.
        self._machines = machines
        self._open: dict[int, OpenJob] = {}
        self._job_s, self._timer, self._first_id = job_s, timer, first_id
        self._job_ids = count(900_001)
        self._lock = RLock()

    @property
    def machines(self) -> dict[int, Machine]:
        """Every VM there ever was, by id, after the jobs that have ended by now took effect."""
        self._settle()
        return self._machines

    def living(self) -> list[Machine]:
        """Return the VMs that exist now, by id."""
        now = self.clock.now()
        return [machine for machine in self.machines.values() if machine.exists(now)]

    def machine(self, vm_id: int) -> Machine:
        """Return a VM that exists now.

        Raises
        ------
        NotFound
            There is none of that id.
        """
        machine = self.machines.get(vm_id)
        if machine is None or not machine.exists(self.clock.now()):
            raise NotFound(f"There is no virtual machine {vm_id}.")
        return machine

    def jobs(self, vm_id: int) -> list[Job]:
        """Return the jobs of a VM up to now, the newest first; also of one that is still being deployed.

        Raises
        ------
        NotFound
            There is no VM of that id.
        """
        now = self.clock.now()
        ended = self.machines[vm_id].jobs if vm_id in self.machines else ()
        under_way = [self._progress(entry) for entry in self._open.values() if entry.vm_id == vm_id]
        if not any(job.event == "deploy" for job in under_way):
            self.machine(vm_id)
        jobs = [job for job in (*ended, *under_way) if job.started_at <= now]
        return sorted(jobs, key=lambda job: (job.started_at, job.job_id), reverse=True)

    def job(self, job_id: int, vm_id: int | None = None) -> Job:
        """Return a job by its id, of one VM or of any.

        Raises
        ------
        NotFound
            There is none of that id.
        """
        machines = self.machines
        if job_id in self._open and vm_id in (None, self._open[job_id].vm_id):
            return self._progress(self._open[job_id])
        owners = machines.values() if vm_id is None else filter(None, [machines.get(vm_id)])
        for machine in owners:
            for job in machine.jobs:
                if job.job_id == job_id:
                    return job
        raise NotFound(f"There is no job {job_id}.")

    def start(self, vm_id: int, event: str, outcome: str = "success", deployed: Machine | None = None) -> Job:
        """Begin a job on a VM.

        Parameters
        ----------
        vm_id
            The VM.
        event
            power_on, power_off, reboot, deploy or delete.
        outcome
            The status that it will end with; only success has an effect, and `NEVER` does not end.
        deployed
            The new VM, of a deployment.
        """
        now = self.clock.now()
        with self._lock:
            job = Job(next(self._job_ids), event, now, now, status="pending")
            entry = OpenJob(vm_id, job, self._timer(), outcome, deployed)
            self._open = self._open | {job.job_id: entry}
        return job

    def next_vm_id(self) -> int:
        """Return an id for a new VM."""
        deploying = (entry.vm_id for entry in self._open.values())
        return max((self._first_id, *self._machines, *deploying)) + 7

    def next_address(self, location: Location) -> int:
        """Return a number for a new VM among those of a location."""
        deploying = (entry.deployed for entry in self._open.values() if entry.deployed)
        there = (vm.address for vm in (*self._machines.values(), *deploying) if vm.location == location)
        return max(there, default=0) + 1

    def _progress(self, entry: OpenJob) -> Job:
        early = self._timer() - entry.begun_s < self._job_s / 3
        status = "pending" if early else "running"
        return replace(entry.job, status=status, finished_at=max(self.clock.now(), entry.job.started_at))

    def _settle(self) -> None:
        if not self._open:
            return
        with self._lock:
            due = [
                entry
                for entry in self._open.values()
                if entry.outcome != NEVER and self._timer() - entry.begun_s >= self._job_s
            ]
            for entry in due:
                self._finish(entry)

    def _finish(self, entry: OpenJob) -> None:
        # Nobody may have looked since the job ended, and the clock may stand still or have been set back.
        finished_at = min(entry.job.started_at + timedelta(seconds=self._job_s), self.clock.now())
        job = replace(entry.job, finished_at=finished_at, status=entry.outcome)
        machine = entry.deployed or self._machines[entry.vm_id]
        if entry.deployed:
            machine = replace(machine, born_at=finished_at)
        jobs = tuple(sorted((*machine.jobs, job), key=lambda known: known.finished_at))
        machine = replace(machine, jobs=jobs)
        if job.event == "delete" and job.status == "success":
            machine = replace(machine, died_at=_earlier(machine.died_at, finished_at))
        if job.event != "deploy" or job.status == "success":
            self._machines = self._machines | {entry.vm_id: machine}
        self._open = {job_id: other for job_id, other in self._open.items() if job_id != job.job_id}


def _earlier(died_at: datetime | None, deleted_at: datetime) -> datetime:
    return deleted_at if died_at is None else min(died_at, deleted_at)
