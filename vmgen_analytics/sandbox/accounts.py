"""One of the accounts that a sandbox serves: a key, and the fleet that it leads to."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

from vmgen_analytics.sandbox import billing
from vmgen_analytics.sandbox.clock import Clock, Days, first_of_month, instant
from vmgen_analytics.sandbox.fleet import fleet
from vmgen_analytics.sandbox.provider import Provider
from vmgen_analytics.sandbox.truth import Truth

FIRST_VM_ID, VM_IDS_OF_AN_ACCOUNT = 10_200, 1_000_000


class Account:
    """A customer of the simulated provider.

    Parameters
    ----------
    number
        1 for the first.
    key
        Its API key.
    provider
        Its fleet, and what commands change in it.

    Attributes
    ----------
    truth
        The facts behind what the API shows.
    """

    def __init__(self, number: int, key: str, provider: Provider) -> None:
        self.number, self.key, self.provider = number, key, provider
        self.truth = Truth(provider)

    @property
    def tickets(self) -> list[dict[str, Any]]:
        """The support tickets that were sent."""
        return list(self.provider.tickets)

    def bill(self, month: str) -> list[dict[str, Any]]:
        """Return the provider's own bill of a month, up to the simulated today: vm_id, package, location, days, cost.

        Parameters
        ----------
        month
            ``"2026-10"``. The costs are exact; their sum, rounded to cents, is the month's invoice.
        """
        first = first_of_month(instant(f"{month}-01").date())
        days = self.provider.days
        today = days.of(self.provider.clock.now())
        return [asdict(line) for line in billing.charges(self.provider.machines.values(), first, today, days)]


def opened(  # noqa: PLR0913
    count: int,
    *,
    key: str | None,
    seed: int,
    vms: int,
    started: datetime,
    months: int,
    clock: Clock,
    days: Days,
    job_s: float,
) -> Sequence[Account]:
    """Open accounts that share a clock; each has a fleet of its own, and no two VMs have the same id.

    Parameters
    ----------
    count
        How many accounts.
    key
        Of the first; made from the seed if not given, as those of the others are.
    seed
        Of the first; that of each further one is one more.
    vms
        How many VMs each has.
    started
        When the history of their fleets ends.
    months
        How many months of history they have.
    clock, days
        The simulated time, and the provider's days.
    job_s
        How long a job takes, in real seconds.

    Raises
    ------
    ValueError
        There is to be no account at all.
    """
    if count < 1:
        raise ValueError(f"accounts is {count}; a provider has at least one")
    found = []
    for place in range(count):
        first_id = FIRST_VM_ID + place * VM_IDS_OF_AN_ACCOUNT
        machines = fleet(seed + place, vms, days.of(started), months, first_id=first_id)
        provider = Provider(seed + place, machines, clock, days, job_s=job_s, first_id=first_id)
        own_key = f"sandbox-key-{sha256(str(seed + place).encode()).hexdigest()[:24]}"
        found.append(Account(place + 1, key if key and not place else own_key, provider))
    return found
