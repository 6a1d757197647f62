"""Daily traffic: a pure function of the seed, the VM and the day."""

import math
from datetime import date, datetime, timedelta
from functools import cache
from random import Random
from typing import NamedTuple

from vmgen_analytics.sandbox.clock import Days, days_in_month
from vmgen_analytics.sandbox.machines import Machine, up_spans, up_time

STEP = timedelta(minutes=5)  # how often the provider counts


def whole_day(seed: int, machine: Machine, day: date) -> tuple[float, float]:
    """Return what a VM receives and sends on a day on which it runs from midnight to midnight, in MB."""
    chance = Random(f"{seed}/traffic/{machine.vm_id}/{day}")
    habit = machine.traffic
    age = (day - machine.born_at.date()).days / 30
    out_MB = habit.out_MB * habit.growth**age * habit.weekdays[day.weekday()]
    out_MB *= math.exp(chance.gauss(0, habit.noise))
    in_MB = out_MB * habit.in_per_out * math.exp(chance.gauss(0, 0.08))
    factor = spike(seed, machine, day)
    return in_MB * factor, out_MB * factor


def spike(seed: int, machine: Machine, day: date) -> float:
    """Return how many times the usual traffic a VM has on a day: 1 but on a rare day."""
    chance = Random(f"{seed}/spike/{machine.vm_id}/{day}")
    return chance.uniform(4, 12) if chance.random() < machine.traffic.spikes else 1.0


class Reading(NamedTuple):
    """The traffic of a VM on a day."""

    day: date
    in_MB: int
    out_MB: int


class Meter:
    """Reads the traffic of VMs, and remembers what it has worked out."""

    def __init__(self, seed: int, days: Days) -> None:
        self._seed, self._days = seed, days
        self._whole: dict[tuple[int, date], tuple[float, float]] = {}
        self._read: dict[int, tuple[Machine, date, datetime, list[Reading]]] = {}
        self._bounds = cache(self._bounds_of)

    def month(self, machine: Machine, first: date, now: datetime) -> list[Reading]:
        """Return what a VM has received and sent on each day of a month that has begun, as known now.

        Parameters
        ----------
        machine
            The VM; days before its birth have no row.
        first
            The first day of the month.
        now
            Of a day that is not over, the elapsed share counts, in steps of five minutes.
        """
        until = now - timedelta(seconds=now.timestamp() % STEP.total_seconds())
        known = self._read.get(machine.vm_id)
        if known and known[0] is machine and known[1:3] == (first, until):
            return known[3]
        spans = up_spans(machine, until)
        born, today = self._days.of(machine.born_at), self._days.of(now)
        days = (first + timedelta(number) for number in range(days_in_month(first)))
        rows = [self._reading(machine, day, spans) for day in days if born <= day <= today]
        self._read[machine.vm_id] = (machine, first, until, rows)
        return rows

    def day(self, machine: Machine, day: date) -> Reading:
        """Return the traffic of a VM on a whole day, less the hours before its birth, after its death and off."""
        return self._reading(machine, day, up_spans(machine, self._bounds(day)[1]))

    def _reading(self, machine: Machine, day: date, spans: list[tuple[datetime, datetime]]) -> Reading:
        start, end = self._bounds(day)
        share = up_time(spans, start, end) / (end - start)
        if not share:
            return Reading(day, 0, 0)
        key = (machine.vm_id, day)
        if key not in self._whole:
            self._whole[key] = whole_day(self._seed, machine, day)
        in_MB, out_MB = self._whole[key]
        return Reading(day, round(in_MB * share), round(out_MB * share))

    def _bounds_of(self, day: date) -> tuple[datetime, datetime]:
        return self._days.start(day), self._days.start(day + timedelta(days=1))
