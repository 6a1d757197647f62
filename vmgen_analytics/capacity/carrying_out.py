"""What a fleet is after a plan: on a copy, and only with packages that are on offer where they are wanted."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.capacity.machines import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmgen_analytics.capacity.plans import Plan, Step

COLUMNS = ["account", "vm_id", "vm_name", "fqdn", "package", "location", *MEASURES]


def carried_out(fleet: pd.DataFrame, plan: Plan, catalogue: pd.DataFrame) -> pd.DataFrame:
    """Take the steps of a plan, in their order, on a copy of the fleet.

    Parameters
    ----------
    fleet
        The VMs of a day, with the columns of `COLUMNS`; vm_id is missing for VMs that do not exist yet.
    plan
        The plan.
    catalogue
        Table ``package_catalogue``.

    Returns
    -------
    DataFrame
        The fleet after it.

    Raises
    ------
    SettingsError
        A step names a VM, a location or a package that is not there; it is named, with the nearest that is.
    """
    fleet = fleet[COLUMNS].reset_index(drop=True)
    for step in plan.steps:
        fleet = _TAKEN[step.action](fleet, step, _Offers(catalogue, step))
    return fleet


class _Offers:
    """What is on offer, for one step."""

    def __init__(self, catalogue: pd.DataFrame, step: Step) -> None:
        self.everything = catalogue
        self._offered = catalogue[catalogue["is_offered"]]
        self._step = step

    def account(self, fleet: pd.DataFrame) -> str:
        """Find the account that the step is about, where VMs are added."""
        known = sorted({*fleet["account"], *self._offered["account"]})
        wanted = self._step.account
        if wanted in known or (len(known) == 1 and not wanted):
            return wanted or known[0]
        raise self._step.wrong(f"account is {wanted!r}; name one of {', '.join(known) or 'none that is known'}")

    def size(self, account: str, location: str, package: str, like: pd.Series | None = None) -> pd.Series:
        """Look up the size of a package at a location; ``like`` is the size that stands for an unknown package."""
        offered = self._offered[self._offered["account"] == account]
        here = offered[offered["location"] == location]
        if here.empty:
            places = sorted(offered["location"].dropna().unique())
            raise self._step.wrong(f"no package is known to be on offer in {location!r}{_nearest(location, places)}")
        found = here[here["package"] == package]
        if found.empty:
            raise self._step.wrong(f"{location} does not offer {package!r}; {self._near(here, package, like)}")
        return found[list(MEASURES)].iloc[0]

    def _near(self, here: pd.DataFrame, package: str, like: pd.Series | None) -> str:
        """Name what is offered here and is nearest to a package, by its size, else by its spelling."""
        sizes = self.everything.loc[self.everything["package"] == package, list(MEASURES)].dropna()
        wanted = sizes.iloc[0] if len(sizes) else None
        if wanted is None:
            close = difflib.get_close_matches(package, sorted(here["package"]), n=1)
            if close:
                return f"did you mean {close[0]}?"
            wanted = like if like is not None and like.notna().all() else None
        sized = here.dropna(subset=list(MEASURES))
        if wanted is None or sized.empty:
            return f"it offers {', '.join(sorted(here['package']))}"
        # twice as much is as far away as half as much
        ratios = np.log2((sized[list(MEASURES)].to_numpy() + 0.1) / (wanted.to_numpy("float64") + 0.1))
        best = sized.iloc[int(np.abs(ratios).sum(axis=1).argmin())]
        words = f"{best['vcpus']:g} vCPU, {best['ram_GB']:g} GB of RAM, {best['disk_GB']:g} GB of disk"
        return f"the nearest that it offers is {best['package']} ({words})"


def _add(fleet: pd.DataFrame, step: Step, offers: _Offers) -> pd.DataFrame:
    account = offers.account(fleet)
    if step.is_custom:
        known = sorted({*offers.everything["location"].dropna(), *fleet["location"].dropna()})
        if step.location not in known:
            raise step.wrong(f"no location {step.location!r} is known{_nearest(step.location, known)}")
        size = pd.Series({name: getattr(step, name) for name in MEASURES})
    else:
        size = offers.size(account, step.location, step.package)
    row = {
        "account": account,
        "vm_name": step.vm or "new",
        "package": step.package or None,
        "location": step.location,
        **size.to_dict(),
    }
    added = pd.DataFrame([row] * step.count).reindex(columns=COLUMNS)
    return pd.concat([fleet, added.astype(fleet.dtypes)], ignore_index=True)


def _remove(fleet: pd.DataFrame, step: Step, _: _Offers) -> pd.DataFrame:
    if step.vm:
        return fleet.drop(index=_chosen(fleet, step)).reset_index(drop=True)
    fits = fleet["package"] == step.package
    for name in ("location", "account"):
        if wanted := getattr(step, name):
            fits &= fleet[name] == wanted
    rows = np.flatnonzero(fits.fillna(value=False).to_numpy("bool"))
    if len(rows) < step.count:
        where = f" in {step.location}" if step.location else ""
        raise step.wrong(f"there are {len(rows)} VMs of package {step.package!r}{where}, and {step.count} are to go")
    return fleet.drop(index=fleet.index[rows[-step.count :]]).reset_index(drop=True)


def _resize(fleet: pd.DataFrame, step: Step, offers: _Offers) -> pd.DataFrame:
    fleet = fleet.copy()
    chosen = fleet.iloc[_chosen(fleet, step)]
    if step.is_custom:
        return _placed(fleet, chosen, None, pd.Series({name: getattr(step, name) for name in MEASURES}))
    if chosen["location"].isna().any():
        vm = chosen[chosen["location"].isna()].iloc[0]
        raise step.wrong(
            f"VM {_name(vm)} has no known location, so what is offered there is not known; add it to vm_locations"
        )
    for (account, location), vms in chosen.groupby(["account", "location"], sort=False):
        size = offers.size(str(account), str(location), step.package, vms.iloc[0][list(MEASURES)])
        fleet = _placed(fleet, vms, step.package, size)
    return fleet


def _move(fleet: pd.DataFrame, step: Step, offers: _Offers) -> pd.DataFrame:
    fleet = fleet.copy()
    chosen = fleet.iloc[_chosen(fleet, step)]
    packages = pd.Series(step.package, index=chosen.index) if step.package else chosen["package"]
    if packages.isna().any():
        vm = chosen[packages.isna()].iloc[0]
        raise step.wrong(f"the package of VM {_name(vm)} is not known; name the one that it gets, with package")
    for (account, package), vms in chosen.groupby([chosen["account"], packages], sort=False):
        size = offers.size(str(account), step.location, str(package), vms.iloc[0][list(MEASURES)])
        fleet = _placed(fleet, vms, str(package), size)
        fleet.loc[vms.index, "location"] = step.location
    return fleet


_TAKEN: dict[str, Callable[[pd.DataFrame, Step, _Offers], pd.DataFrame]] = {
    "add": _add,
    "remove": _remove,
    "resize": _resize,
    "move": _move,
}


def _placed(fleet: pd.DataFrame, vms: pd.DataFrame, package: str | None, size: pd.Series) -> pd.DataFrame:
    """Give some of the VMs a package and its size."""
    fleet.loc[vms.index, "package"] = package
    for name in MEASURES:
        fleet.loc[vms.index, name] = float(size[name])
    return fleet


def _chosen(fleet: pd.DataFrame, step: Step) -> list[int]:
    """Find the VMs that a step names: by number, by exact name, or by a pattern."""
    mine = fleet[fleet["account"] == step.account] if step.account else fleet
    names = [("" if pd.isna(name) else str(name)) for name in mine["vm_name"]]
    if step.vm.isdigit():
        found = mine.index[(mine["vm_id"] == int(step.vm)).fillna(value=False)]
    else:
        found = mine.index[[name == step.vm for name in names]]
    is_pattern = any(letter in step.vm for letter in "*?[")
    if is_many := not len(found) and is_pattern:
        found = mine.index[[fnmatchcase(name, step.vm) for name in names]]
    if not len(found):
        raise step.wrong(f"no VM {step.vm!r} exists on that day{_nearest(step.vm, sorted(set(names)))}")
    exists = mine.loc[found, "vm_id"].notna()
    if len(found) > 1 and exists.any() and not is_many:
        numbers = ", ".join(str(number) for number in mine.loc[found, "vm_id"].dropna())
        raise step.wrong(f"{step.vm!r} may be any of the VMs {numbers}; name one by its number, or its account")
    return [int(row) for row in found]


def _nearest(wanted: str, known: list[str]) -> str:
    close = difflib.get_close_matches(wanted, known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are {', '.join(known[:10])}{' and more' if len(known) > 10 else ''}" if known else ""


def _name(vm: pd.Series) -> str:
    return str(vm["vm_name"]) if pd.isna(vm["vm_id"]) else f"{vm['vm_id']} ({vm['vm_name']})"
