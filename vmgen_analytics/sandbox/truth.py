"""What is true of the simulated fleet, for those who check what a client makes of the API."""

from dataclasses import dataclass
from datetime import date

from vmgen_analytics.sandbox import traffic
from vmgen_analytics.sandbox.machines import Machine
from vmgen_analytics.sandbox.provider import Provider


@dataclass(frozen=True)
class TrueVM:
    """The life of a VM.

    ``born`` and ``died`` are its first and its last day; it is charged for both. ``packages`` has each package
    with the day from which it applies.
    """

    vm_id: int
    name: str
    fqdn: str
    location: str
    born: date
    died: date | None
    packages: list[tuple[date, str]]
    idle: bool


class Truth:
    """The facts behind the API."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @property
    def vms(self) -> list[TrueVM]:
        """Every VM there ever was, by id."""
        return [self._vm(machine) for _, machine in sorted(self._provider.machines.items())]

    def traffic(self, vm_id: int, day: date) -> tuple[int, int]:
        """Return in_MB and out_MB of a VM on a whole day, as the API shows it once the day is over."""
        reading = self._provider.meter.day(self._provider.machines[vm_id], day)
        return reading.in_MB, reading.out_MB

    def spike(self, vm_id: int, day: date) -> float:
        """Return how many times its usual traffic a VM had on a day: 1 but on a rare day."""
        return traffic.spike(self._provider.seed, self._provider.machines[vm_id], day)

    def _vm(self, machine: Machine) -> TrueVM:
        days = self._provider.days
        return TrueVM(
            machine.vm_id,
            machine.name,
            machine.fqdn,
            machine.location.name,
            days.of(machine.born_at),
            None if machine.died_at is None else days.of(machine.died_at),
            [(tenure.from_day, tenure.package) for tenure in machine.tenures],
            machine.idle,
        )
