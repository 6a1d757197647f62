"""A view: choices as a small dict that JSON can hold, and that a panel takes back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True)
class Viewed:
    """Choices of a panel: a subclass names them as its fields."""

    @classmethod
    def of(cls, view: Mapping[str, Any]) -> Self:
        """Read choices from a view, as `view` makes it.

        Raises
        ------
        SettingsError
            It has a choice that there is not, or a value that cannot be.
        """
        known = [each.name for each in fields(cls)]
        if strange := [name for name in view if name not in known]:
            raise SettingsError(f"no choice {strange[0]!r} in a view; there can be {', '.join(known)}")
        return cls(**view)

    def view(self) -> dict[str, Any]:
        """Put the choices into a small dict; what was not chosen is left out."""
        chosen = {each.name: getattr(self, each.name) for each in fields(self)}
        left_out = self._left_out()
        return {name: value for name, value in chosen.items() if value is not None and name not in left_out}

    def _left_out(self) -> Collection[str]:
        """Name the choices that mean nothing beside the others."""
        return ()

    def _check_offered(self, **known: Collection[str]) -> None:
        """Refuse a choice that is none of those that are offered."""
        for name, offered in known.items():
            if (value := getattr(self, name)) not in offered:
                raise SettingsError(f"{name} is {value!r} in the view; it can be {', '.join(offered)}")

    def _check_top(self, top: int, most: int) -> None:
        """Refuse a number of groups that no chart can name."""
        if isinstance(top, bool) or not isinstance(top, int) or not 1 <= top <= most:
            raise SettingsError(f"top is {top!r} in the view; it goes from 1 to {most}")

    def _check_scope(self) -> None:
        """Refuse a part of the fleet that cannot be: places and accounts have names, VMs have numbers."""
        for name in ("account", "location", "package"):
            if not isinstance(value := getattr(self, name, None), str | None):
                raise SettingsError(f"{name} is {value!r} in the view; it must be a name")
        vm_id = getattr(self, "vm_id", None)
        if isinstance(vm_id, bool) or not isinstance(vm_id, int | None):
            raise SettingsError(f"vm_id is {vm_id!r} in the view; it is the number of a VM")
