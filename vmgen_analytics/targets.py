"""VMs that a command is meant for: found by number or exact name, and looked at again before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmgen_analytics.errors import CommandRefused
from vmgen_analytics.fetch import values

if TYPE_CHECKING:
    from vmgen_analytics.api import Client


@dataclass(frozen=True)
class Target:
    """A VM as it was when the command was decided on."""

    vm_id: int
    vm_name: str
    state: str
    ipv4: str = ""
    package: str = ""

    def __str__(self) -> str:
        return f"{self.vm_name} (VM {self.vm_id}, {self.ipv4 or 'no address'}, {self.package}, now {self.state})"


def targets(client: Client) -> tuple[list[Target], list[str]]:
    """Read all VMs of an account.

    Returns
    -------
    tuple
        The VMs, as listed, and a sentence for each that cannot be a target.

    Raises
    ------
    VMgenError
        The inventory cannot be read.
    """
    found: dict[int, Target] = {}
    unreadable = []
    for record in client.vms():
        try:
            target = _target(record)
        except CommandRefused as error:
            unreadable.append(str(error))
        else:
            found[target.vm_id] = target
    return list(found.values()), unreadable


def find(client: Client, vm: int | str) -> Target:
    """Find a VM by its number or its exact name.

    Raises
    ------
    CommandRefused
        There is none, or several have that name.
    VMgenError
        The inventory cannot be read.
    """
    records = client.vms()
    found = [record for record in records if str(record.get("id")) == str(vm)]
    found = found or [record for record in records if record.get("name") == vm]
    if not found:
        raise CommandRefused(f"no VM {vm!r} in account {client.account_name}; it has {len(records)} VMs")
    if len(found) > 1:
        ids = ", ".join(str(record.get("id")) for record in found)
        raise CommandRefused(f"{len(found)} VMs are called {vm!r}; name one by its number: {ids}")
    return _target(found[0])


def look_again(client: Client, vm_id: int) -> Target:
    """Read a VM as it is now.

    Raises
    ------
    CommandRefused
        The provider gives it no number that can be read.
    VMgenError
        It cannot be read.
    """
    return _target(client.configuration(vm_id))


def check_unchanged(client: Client, target: Target, *, state: bool = True) -> None:
    """Look at a VM again.

    Parameters
    ----------
    client
        Whom to ask.
    target
        The VM as it was.
    state
        Whether its state must be as it was, too.

    Raises
    ------
    CommandRefused
        It is not as it was.
    VMgenError
        It cannot be read.
    """
    now = look_again(client, target.vm_id)
    same = (now.vm_id, now.vm_name) == (target.vm_id, target.vm_name) and (not state or now.state == target.state)
    if not same:
        raise CommandRefused(
            f"VM {target.vm_id} was {target.vm_name!r} and {target.state}, and is {now.vm_name!r} and {now.state} now "
            f"(VM {now.vm_id}); nothing was sent, look at it and decide again"
        )


def whole_number(value: object) -> int | None:
    """Read a number as the provider gives it, also as text; None where it is none."""
    try:
        return values.whole(value)
    except ValueError:
        return None


def _target(record: dict[str, Any]) -> Target:
    texts = {name: str(record.get(name) or "") for name in ("name", "state", "ipv4", "package")}
    number = whole_number(record.get("id"))
    if number is None:
        raise CommandRefused(f"the provider gives VM {texts['name']!r} no number that can be read")
    return Target(number, texts["name"], texts["state"], texts["ipv4"], texts["package"])
