"""What happened to a VM between its birth and today: reboots, power cycles, resizes, all from the seed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from random import Random

from vmgen_analytics.sandbox.catalogue import offers
from vmgen_analytics.sandbox.machines import Job, Machine, Tenure

Event = tuple[str, datetime]
Span = tuple[date, date]


def day_between(chance: Random, first: date, last: date) -> date:
    """Pick a day of a span, or the last if it is before the first."""
    return min(first, last) + timedelta(days=chance.randint(0, max(0, (last - first).days)))


def office_hour(chance: Random, day: date) -> datetime:
    """Pick a time of a day at which people work."""
    return datetime.combine(day, time_of_day(chance.randint(8, 16), chance.randint(0, 59)), tzinfo=UTC)


def period(machine: Machine, start: date, today: date) -> Span:
    """Return the first and the last day on which something may happen to a VM."""
    last = today if machine.died_at is None else machine.died_at.date()
    return max(start, machine.born_at.date()) + timedelta(days=1), last - timedelta(days=1)


def with_history(chance: Random, machine: Machine, span: Span, job_ids: Iterator[int], *, stays_off: bool) -> Machine:
    """Return a VM with the jobs, and the change of package, that its history brings.

    Parameters
    ----------
    chance
        Decides what happens.
    machine
        The VM, with its first package.
    span
        The first and the last day on which something may happen.
    job_ids
        Ids for its jobs.
    stays_off
        Whether it is switched off once and for all.
    """
    length = (span[1] - span[0]).days
    events = [("deploy", machine.born_at), *_reboots(chance, span)]
    if length > 20 and chance.random() < 0.25:
        machine = _resized(chance, machine, day_between(chance, *span))
        events += [("resize", _night(chance, tenure.from_day)) for tenure in machine.tenures[1:]]
    if stays_off:
        events.append(("power_off", office_hour(chance, day_between(chance, *span))))
    elif length > 10 and chance.random() < 0.1:
        stopped_at = office_hour(chance, day_between(chance, span[0], span[1] - timedelta(days=6)))
        events += [("power_off", stopped_at), ("power_on", stopped_at + timedelta(hours=chance.randint(2, 99)))]
    jobs = (
        Job(next(job_ids), event, finished_at - timedelta(seconds=chance.randint(9, 190)), finished_at)
        for event, finished_at in sorted(events, key=lambda event: event[1])
    )
    return replace(machine, jobs=tuple(jobs))


def _reboots(chance: Random, span: Span) -> list[Event]:
    days = (span[0] + timedelta(number) for number in range((span[1] - span[0]).days))
    return [("reboot", office_hour(chance, day)) for day in days if chance.random() < 0.01]


def _night(chance: Random, day: date) -> datetime:
    return datetime.combine(day, time_of_day(2, chance.randint(5, 50)), tzinfo=UTC)


def _resized(chance: Random, machine: Machine, day: date) -> Machine:
    """Move to the next dearer package of the place, or to a cheaper one now and then, if there is one."""
    sold = sorted(offers(machine.location), key=lambda offered: offered.monthly_price)
    names = [offered.name for offered in sold]
    index = names.index(machine.tenures[0].package) + (1 if chance.random() < 0.75 else -1)
    if not 0 <= index < len(sold):
        return machine
    bought = Tenure(day, sold[index].name, sold[index].monthly_price)
    return replace(machine, tenures=(*machine.tenures, bought))
