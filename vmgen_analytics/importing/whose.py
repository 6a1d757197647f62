"""Whose each line of a file is: which account, and which VM of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@dataclass(frozen=True)
class Whose:
    """Whose the lines are.

    Attributes
    ----------
    account
        Where a file has no column account; None if each must have one.
    accounts
        The accounts that there are; None for any.
    only
        The one whose lines are taken; None for all.
    """

    account: str | None
    accounts: Collection[str] | None
    only: str | None

    def takes(self, row: Sequence[str], positions: Mapping[str, int]) -> bool:
        """Tell whether to read a line; one of an account that nobody knows is read, to be refused by name."""
        if self.only is None or "account" not in positions:
            return True
        name = row[positions["account"]].strip()
        is_known = self.accounts is None or name in self.accounts
        return name == self.only or not is_known


@dataclass(frozen=True)
class Bearer:
    """A machine that had a name: its number, and between which days it may have existed."""

    vm_id: int
    born_min: pd.Timestamp | None = None
    died_max: pd.Timestamp | None = None

    def may_exist_on(self, day: pd.Timestamp) -> bool:
        """Tell whether nothing says that it was not there yet, or no more."""
        return not (self.born_min is not None and day < self.born_min) and not (
            self.died_max is not None and day > self.died_max
        )

    @property
    def span(self) -> str:
        """Say when it was not there."""
        born = f"not there before {self.born_min:%Y-%m-%d}" if self.born_min is not None else ""
        died = f"gone by {self.died_max:%Y-%m-%d}" if self.died_max is not None else ""
        return " and ".join(filter(None, [born, died]))


Bearers = dict[tuple[str, str, str], tuple[Bearer, ...]]


def bearers(vms: pd.DataFrame | None, lifetimes: pd.DataFrame | None) -> Bearers:
    """Which machines had a name or fqdn: by its column, the account and itself.

    Parameters
    ----------
    vms
        Table ``vms``, all observations.
    lifetimes
        Table ``lifetimes``; without it a number is one machine that may always have been there.
    """
    if vms is None:
        return {}
    named = vms
    lives: dict[tuple[str, int, int], Any] = {}
    if lifetimes is not None and len(vms):
        machines = lifetimes.sort_values("born_max", kind="stable")
        known = machines[["account", "vm_id", "incarnation", "born_max"]]
        seen = vms.assign(seen_on=vms["seen_on"].astype(known["born_max"].dtype)).sort_values("seen_on", kind="stable")
        named = pd.merge_asof(seen, known, left_on="seen_on", right_on="born_max", by=["account", "vm_id"])
        named = named.fillna({"incarnation": 1})
        of_machines = zip(machines["account"], machines["vm_id"], machines["incarnation"], strict=True)
        lives = dict(zip(of_machines, machines.itertuples(), strict=True))
    found: Bearers = {}
    for column in ("fqdn", "vm_name"):
        for (account, name), part in named.groupby(["account", column]):
            pairs = zip(part["vm_id"], part["incarnation"] if lives else [1] * len(part), strict=True)
            machines_of = sorted({(int(vm_id), int(incarnation)) for vm_id, incarnation in pairs})
            found[column, str(account), str(name)] = tuple(
                _bearer(vm_id, lives.get((str(account), vm_id, incarnation))) for vm_id, incarnation in machines_of
            )
    return found


def _bearer(vm_id: int, life: Any) -> Bearer:
    edges = (None, None) if life is None else (life.born_min, life.died_max)
    return Bearer(vm_id, *(None if pd.isna(edge) else pd.Timestamp(edge) for edge in edges))


def borne_on(column: str, known: tuple[Bearer, ...], day: pd.Timestamp) -> tuple[int, str]:
    """Find the one VM that had a name on a day: its number, or 0 and why it cannot be told.

    Parameters
    ----------
    column
        vm_name or fqdn.
    known
        The machines that ever had the name.
    day
        The day; missing where it cannot be read, which is told by itself.
    """
    there = known if pd.isna(day) else [each for each in known if each.may_exist_on(day)]
    vm_ids = sorted({each.vm_id for each in there})
    if len(vm_ids) == 1:
        return vm_ids[0], ""
    why = "no VM had it"
    if vm_ids:
        why = f"it was that of VMs {', '.join(map(str, vm_ids))}"
    elif known:
        spans = "; ".join(f"VM {each.vm_id}, {each.span}" for each in known)
        why = f"no VM had it on {day:%Y-%m-%d} ({spans})"
    return 0, f"the {column} of one VM; {why}: give vm_id"
