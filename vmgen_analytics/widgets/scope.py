"""Whom a panel shows: an account, a location, a VM; what is chosen of one narrows what the next one offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.widgets.controls import dropdown, offer, show_if, with_chosen

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = ""
"""The location of VMs of which none is known."""

NOBODY = pd.DataFrame(columns=["account", "vm_id", "vm_name", "location"])
"""A fleet without VMs."""


@dataclass(frozen=True)
class Scope:
    """A part of the fleet.

    Attributes
    ----------
    account
        Only this account; None for all.
    location
        Only this location, `UNKNOWN` for VMs of unknown location; None for all.
    vm_id
        Only the VM of this number; None for all.
    """

    account: str | None = None
    location: str | None = None
    vm_id: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Scope()

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows of this part.

        Parameters
        ----------
        rows
            Any table with account, location and vm_id.
        """
        for name, value in self._chosen():
            rows = rows[rows[name].isna()] if value == UNKNOWN else rows[rows[name].eq(value).fillna(False)]
        return rows

    def python(self, name: str) -> list[str]:
        """Write the lines of Python that keep the rows of this part in the table of that name."""
        return [
            f'{name} = {name}[{name}["{column}"].isna()]'
            if value == UNKNOWN
            else f'{name} = {name}[{name}["{column}"].eq({value!r}).fillna(False)]'
            for column, value in self._chosen()
        ]

    def _chosen(self) -> Iterator[tuple[str, Any]]:
        for name in ("account", "location", "vm_id"):
            if (value := getattr(self, name)) is not None:
                yield name, value


class ScopeControls:
    """Three controls that lead from everything to an account, a location of it, and one VM there."""

    def __init__(self) -> None:
        self.account, self.location, self.vm = (dropdown(name) for name in ("Account", "Location", "VM"))
        self.all = (self.account, self.location, self.vm)
        self._known = NOBODY

    def scope(self) -> Scope:
        """Read what is chosen; a VM that is not in the account or the location that is chosen now is let go."""
        account, location, vm = self.account.value, self.location.value, self.vm.value
        if vm is not None:
            its_own = Scope(vm[0], location, vm[1]).of(self._known)
            is_there = (account is None or account == vm[0]) and not its_own.empty
            if not is_there:
                vm = None
            elif len(set(self._known["account"])) > 1:
                account = vm[0]
        return Scope(account, location, None if vm is None else vm[1])

    def follow(self, scope: Scope, known: pd.DataFrame) -> None:
        """Show what is chosen, and what can be chosen next to it.

        Parameters
        ----------
        scope
            What is chosen.
        known
            Rows of any table with account, vm_id, vm_name and location, the newest of a VM last.
        """
        self._known = known[["account", "vm_id", "vm_name", "location"]].dropna(subset=["vm_id"]).drop_duplicates()
        accounts = with_chosen(sorted(self._known["account"].unique()), scope.account)
        of_account = Scope(scope.account).of(self._known)
        places = with_chosen(sorted(of_account["location"].dropna().unique()), scope.location or None)
        is_unknown = of_account["location"].isna().any() or scope.location == UNKNOWN
        unknown = [("Unknown location", UNKNOWN)] if is_unknown else []
        vms = _named(Scope(scope.account, scope.location).of(self._known), several=len(accounts) > 1)
        chosen = next((pair for _, pair in vms if pair[1] == scope.vm_id), None)
        if scope.vm_id is not None and chosen is None:
            chosen = (scope.account or "", scope.vm_id)
            vms.append((f"VM {scope.vm_id}", chosen))
        offer(self.account, [("All accounts", None), *((name, name) for name in accounts)], scope.account)
        offer(self.location, [("All locations", None), *((name, name) for name in places), *unknown], scope.location)
        offer(self.vm, [("All VMs", None), *vms], chosen)
        show_if(self.account, is_shown=len(accounts) > 1)


def _named(known: pd.DataFrame, *, several: bool) -> list[tuple[str, tuple[str, int]]]:
    """Name each VM by its newest name and its number, and its account where there are several."""
    newest = known.drop_duplicates(["account", "vm_id"], keep="last")
    names = {
        (str(account), int(vm_id)): f"{name} ({vm_id})" + (f", {account}" if several else "")
        for account, vm_id, name in zip(newest["account"], newest["vm_id"], newest["vm_name"], strict=True)
    }
    return sorted(((name, vm) for vm, name in names.items()), key=lambda each: each[0].casefold())
