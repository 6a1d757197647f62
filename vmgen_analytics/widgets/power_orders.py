"""What may be asked of which machines, how loudly it has to be confirmed, and for how long a confirmation holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vmgen_analytics.power import Command
    from vmgen_analytics.targets import Target

VALID_FOR = timedelta(seconds=60)
WORDS: dict[Command, str] = {"power_on": "Power on", "reboot": "Reboot", "power_off": "Power off"}
RUNS = frozenset({"up", "on", "running", "active", "started", "online"})
IS_OFF = frozenset({"down", "off", "stopped", "shutoff", "halted", "offline", "inactive"})
EFFECTS: dict[Command, str] = {
    "power_on": "It starts, and is reachable once its system has booted.",
    "reboot": "Everything that runs on it is interrupted until it has started again.",
    "power_off": "This is pulling the plug: nothing is shut down first, and what is not saved is lost.",
}
LONGEST_NAME = 40


@dataclass(frozen=True)
class Order:
    """A power command for some VMs, as they were when it was decided on."""

    command: Command
    targets: tuple[Target, ...]

    @property
    def words(self) -> str:
        """The command and what it is for, as a button says it: "Power off db-1" or "Reboot 3 VMs"."""
        return f"{WORDS[self.command]} {named(self.targets)}"

    @property
    def to_type(self) -> str:
        """What has to be typed before it is sent; empty where a click is enough."""
        if len(self.targets) > 1:
            return str(len(self.targets))
        if self.command != "power_off":
            return ""
        (target,) = self.targets
        name = target.vm_name.strip()
        return name if name and name.isprintable() else str(target.vm_id)

    def is_confirmed_by(self, typed: str) -> bool:
        """Tell whether what was typed confirms it: exactly that, but for space around it."""
        return not self.to_type or typed.strip() == self.to_type


@dataclass(frozen=True)
class Armed:
    """An order that waits to be confirmed: good for one click, within a minute."""

    order: Order
    at: datetime

    @property
    def until(self) -> datetime:
        """When it is not good any more."""
        return self.at + VALID_FOR

    def holds(self, now: datetime) -> bool:
        """Tell whether it is good still; not where the clock was set back, as nobody knows then how old it is."""
        return timedelta() <= now - self.at <= VALID_FOR


def fitting(targets: Iterable[Target]) -> tuple[Command, ...]:
    """List the commands that fit the state of all VMs; where a state is not known by its word, all of them do."""
    chosen = list(targets)
    return tuple(command for command in WORDS if chosen and all(fits(command, target.state) for target in chosen))


def fits(command: Command, state: str) -> bool:
    """Tell whether a command makes sense for a VM in a state."""
    word = state.strip().lower()
    return word not in (RUNS if command == "power_on" else IS_OFF)


def is_as_ordered(command: Command, state: str) -> bool:
    """Tell whether a VM is in the state in which a command should leave it; any word that is not known may be it."""
    word = state.strip().lower()
    return word not in (RUNS if command == "power_off" else IS_OFF)


def named(targets: tuple[Target, ...]) -> str:
    """Name one VM, or count several."""
    if len(targets) != 1:
        return f"{len(targets)} VMs"
    name = plain(targets[0].vm_name) or f"VM {targets[0].vm_id}"
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def plain(text: str) -> str:
    """Show what cannot be seen as its code, so that no name looks like another."""
    shown = (each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)
    return "".join(shown)
