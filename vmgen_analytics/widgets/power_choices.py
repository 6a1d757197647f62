"""What a person has chosen in the power console: an account, a filter and VMs; never a command."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vmgen_analytics.targets import Target


@dataclass(frozen=True)
class PowerChoices:
    """An account, a text that its VMs must have somewhere, and the VMs that are chosen, by their numbers.

    Raises
    ------
    SettingsError
        A choice is none of those that there are.
    """

    account: str
    filter: str = ""
    vms: tuple[int, ...] = ()

    @classmethod
    def of(cls, view: Mapping[str, Any], accounts: Sequence[str], account: str) -> Self:
        """Read the choices from a view.

        Parameters
        ----------
        view
            As `view` gives it; what it lacks is as usual.
        accounts
            The accounts that there are.
        account
            The one to choose where the view names none.
        """
        known = [each.name for each in fields(cls)]
        for name in view:
            if name not in known:
                raise SettingsError(f"no choice {name!r} in the view of the power console; it has {', '.join(known)}")
        choices = {"account": account, **view}
        if choices["account"] not in accounts:
            raise SettingsError(f"account is {choices['account']!r} in the view; it can be {', '.join(accounts)}")
        vms = choices.get("vms", ())
        if not isinstance(vms, list | tuple) or not all(type(vm_id) is int for vm_id in vms):
            raise SettingsError(f"vms is {vms!r} in the view; it must be a list of numbers, as [101, 102]")
        if not isinstance(choices.get("filter", ""), str):
            raise SettingsError(f"filter is {choices['filter']!r} in the view; it must be a text")
        return cls(**{**choices, "vms": tuple(vms)})

    def view(self) -> dict[str, Any]:
        """Give them as a small dict without what is as usual, which JSON can hold."""
        given = asdict(self) | {"vms": list(self.vms)}
        return {name: value for name, value in given.items() if value or name == "account"}


def shown(choices: PowerChoices, targets: Iterable[Target]) -> list[Target]:
    """List the VMs that fit the filter, by name: it may stand in the name, number, address, package or state."""
    wanted = choices.filter.strip().casefold()
    found = [
        target
        for target in targets
        if any(
            wanted in str(value).casefold()
            for value in (target.vm_name, target.vm_id, target.ipv4, target.package, target.state)
        )
    ]
    return sorted(found, key=lambda target: (target.vm_name.casefold(), target.vm_id))


def chosen(choices: PowerChoices, among: Iterable[Target]) -> tuple[Target, ...]:
    """List the VMs that are chosen, of those that can be seen: nothing is sent to what a filter hides."""
    wanted = set(choices.vms)
    return tuple(target for target in among if target.vm_id in wanted)
