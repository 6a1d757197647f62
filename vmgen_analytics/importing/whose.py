"""Whose each line of a file is: which account, and which VM of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd


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


def numbers_by_name(vms: pd.DataFrame | None) -> dict[tuple[str, str, str], frozenset[int]]:
    """Which VMs had a name or fqdn: by its column, the account and itself."""
    if vms is None:
        return {}
    found: dict[tuple[str, str, str], frozenset[int]] = {}
    for column in ("fqdn", "vm_name"):
        for (account, name), part in vms.groupby(["account", column])["vm_id"]:
            found[column, str(account), str(name)] = frozenset(map(int, part))
    return found
