"""What the provider charges: its price list at work, which nobody outside sees."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from vmgen_analytics.sandbox.clock import Days, days_in_month, first_of_month, last_of_month
from vmgen_analytics.sandbox.machines import Machine

CENT = Decimal("0.01")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Charge:
    """One VM with one package in one month."""

    vm_id: int
    package: str
    location: str
    days: int
    cost: Decimal  # exact: only the sum of a month is rounded to cents


@dataclass(frozen=True)
class Invoice:
    """A line of the provider's invoice list."""

    invoice_id: int
    date: date
    status: str
    total_cost: Decimal


def charges(machines: Iterable[Machine], month: date, through: date, days: Days) -> Iterator[Charge]:
    """Charge every VM for each day on which it exists, with the package that it has on that day.

    Parameters
    ----------
    machines
        The fleet.
    month
        Any day of the month.
    through
        The last day to charge for.
    days
        The provider's days.
    """
    first, last = first_of_month(month), min(through, last_of_month(month))
    for machine in machines:
        born = max(first, days.of(machine.born_at))
        died = last if machine.died_at is None else min(last, days.of(machine.died_at))
        ends = [tenure.from_day - ONE_DAY for tenure in machine.tenures[1:]] + [date.max]
        for place, (tenure, end) in enumerate(zip(machine.tenures, ends, strict=True)):
            begins = born if place == 0 else max(born, tenure.from_day)
            count = (min(died, end) - begins).days + 1
            if count > 0:
                cost = tenure.monthly_price * count / days_in_month(first)
                yield Charge(machine.vm_id, tenure.package, machine.location.name, count, cost)


def total(lines: Iterable[Charge]) -> Decimal:
    """Add charges up, and round the sum to cents."""
    return sum((line.cost for line in lines), Decimal()).quantize(CENT)


def invoices(seed: int, machines: Collection[Machine], now: datetime, days: Days) -> list[Invoice]:
    """Return the invoices of the current month: what has been charged so far, and a credit note in some months.

    Parameters
    ----------
    seed
        Decides which months have a credit note, and of how much.
    machines
        The fleet.
    now
        The simulated time.
    days
        The provider's days.
    """
    today = days.of(now)
    month = first_of_month(today)
    lines = list(charges(machines, today, today, days))
    number = 2 * (12 * month.year + month.month)
    listed = [Invoice(number, month, "created", total(lines))]
    chance = Random(f"{seed}/credit/{month}")
    credited_on = month + timedelta(days=chance.randint(3, 20))
    if chance.random() < 0.3 and credited_on <= today and lines:
        until_then = total(charges(machines, today, credited_on, days))
        refund = (until_then * Decimal(chance.randint(1, 4)) / 100).quantize(CENT)
        listed.append(Invoice(number + 1, credited_on, "credit", -refund))
    return listed
