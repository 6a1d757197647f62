"""A virtual machine: its life, its jobs, and what follows from them at a given moment."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from vmgen_analytics.sandbox.catalogue import Location


@dataclass(frozen=True)
class Job:
    """Something that was done to a VM; it takes effect when it is finished with success."""

    job_id: int
    event: str  # deploy, power_on, power_off, reboot, resize, delete
    started_at: datetime
    finished_at: datetime
    status: str = "success"


@dataclass(frozen=True)
class Tenure:
    """A package that a VM has, from a day on."""

    from_day: date
    package: str
    monthly_price: Decimal


@dataclass(frozen=True)
class Traffic:
    """What makes a VM's daily traffic."""

    out_MB: float
    in_per_out: float
    weekdays: tuple[float, ...]
    growth: float  # factor per 30 days
    noise: float  # standard deviation of the logarithm
    spikes: float  # chance of one on a day


@dataclass(frozen=True)
class Machine:
    """A VM, from its birth to its death."""

    vm_id: int
    name: str
    fqdn: str
    location: Location
    address: int  # its number among the VMs of the location
    born_at: datetime
    died_at: datetime | None
    tenures: tuple[Tenure, ...]
    traffic: Traffic
    idle: bool
    jobs: tuple[Job, ...]  # in the order in which they were finished

    def exists(self, now: datetime) -> bool:
        """Tell whether the VM has been deployed and not yet deleted."""
        return self.born_at <= now and (self.died_at is None or now < self.died_at)

    def package(self, day: date) -> str:
        """Return the package that the VM has on a day."""
        started = [tenure.package for tenure in self.tenures if tenure.from_day <= day]
        return started[-1] if started else self.tenures[0].package


def _runs(machine: Machine, until: datetime) -> tuple[list[tuple[datetime, datetime]], datetime | None]:
    ended: list[tuple[datetime, datetime]] = []
    since: datetime | None = machine.born_at
    for job in machine.jobs:
        if job.finished_at > until or job.status != "success":
            continue
        if job.event in ("power_off", "reboot") and since is not None:
            ended.append((since, job.finished_at))
            since = job.finished_at if job.event == "reboot" else None
        elif job.event == "power_on" and since is None:
            since = job.finished_at
    return ended, since


def up_since(machine: Machine, now: datetime) -> datetime | None:
    """Return when a VM that is running was last started, or None where it is off."""
    return _runs(machine, now)[1]


def up_spans(machine: Machine, until: datetime) -> list[tuple[datetime, datetime]]:
    """Return the spans of time in which a VM was running, in order, up to a moment or to its death."""
    until = until if machine.died_at is None else min(until, machine.died_at)
    ended, since = _runs(machine, until)
    return ended if since is None else [*ended, (since, until)]


def up_time(spans: list[tuple[datetime, datetime]], start: datetime, end: datetime) -> timedelta:
    """Return how much of the time between two moments falls into the spans."""
    overlaps = (
        min(end, span_end) - max(start, span_start)
        for span_start, span_end in spans
        if span_start < end and span_end > start
    )
    return sum(overlaps, timedelta())
