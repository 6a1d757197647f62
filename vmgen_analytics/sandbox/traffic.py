"""Daily traffic: a pure function of the seed, the VM and the day."""

import math
from datetime import date, datetime, timedelta
from random import Random

from vmgen_analytics.sandbox.clock import Days
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


class Meter:
    """Reads the traffic of VMs, and remembers what it has worked out."""

    def __init__(self, seed: int, days: Days) -> None:
        self._seed, self._days = seed, days
        self._whole: dict[tuple[int, date], tuple[float, float]] = {}

    def month(self, machine: Machine, first: date, now: datetime) -> list[tuple[date, int, int]]:
        """Return day, in_MB and out_MB of a VM for each day of a month that has begun, as known now.

        Parameters
        ----------
        machine
            The VM; days before its birth have no row.
        first
            The first day of the month.
        now
            Of a day that is not over, the elapsed share counts, in steps of five minutes.
        """
        today = self._days.of(now)
        day = max(first, self._days.of(machine.born_at))
        spans = up_spans(machine, now - timedelta(seconds=now.timestamp() % STEP.total_seconds()))
        rows = []
        while day <= today and (day.year, day.month) == (first.year, first.month):
            rows.append((day, *self._day(machine, day, spans)))
            day += timedelta(days=1)
        return rows

    def day(self, machine: Machine, day: date) -> tuple[int, int]:
        """Return in_MB and out_MB of a VM on a whole day, less the hours before its birth, after its death and off."""
        return self._day(machine, day, up_spans(machine, self._days.start(day + timedelta(days=1))))

    def _day(self, machine: Machine, day: date, spans: list[tuple[datetime, datetime]]) -> tuple[int, int]:
        start, end = self._days.start(day), self._days.start(day + timedelta(days=1))
        share = up_time(spans, start, end) / (end - start)
        if not share:
            return 0, 0
        key = (machine.vm_id, day)
        if key not in self._whole:
            self._whole[key] = whole_day(self._seed, machine, day)
        in_MB, out_MB = self._whole[key]
        return round(in_MB * share), round(out_MB * share)
