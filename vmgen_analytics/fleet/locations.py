"""Where each VM stands: the provider does not say, so every answer carries its evidence."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

COLUMNS = ("account", "vm_id", "fqdn", "name", "location", "note")


@dataclass(frozen=True)
class VmLocation:
    """One line of the user's mapping: a VM by its number, its fqdn or a pattern of its name, and where it stands."""

    location: str
    vm_id: int | None = None
    fqdn: str = ""
    name: str = ""
    account: str = ""

    def fits(self, vm: pd.Series) -> int:
        """Tell how well the line fits a VM: 3 by number, 2 by fqdn, 1 by the pattern of its name, 0 not at all."""
        if self.account and self.account != vm["account"]:
            return 0
        if self.vm_id is not None:
            return 3 if self.vm_id == vm["vm_id"] else 0
        if self.fqdn:
            return 2 if self.fqdn == vm["fqdn"] else 0
        return 1 if isinstance(vm["vm_name"], str) and fnmatchcase(vm["vm_name"], self.name) else 0


def read_vm_locations(path: str | Path) -> tuple[VmLocation, ...]:
    """Read the user's mapping of VMs to locations.

    Parameters
    ----------
    path
        CSV with the columns location and one or more of vm_id, fqdn and name (a pattern as ``web-*``), besides
        account and note.

    Raises
    ------
    SettingsError
        The file cannot be read, or a line is wrong: it is named.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: PTH123 - Path.open takes no str
            reader = csv.DictReader(file)
            lines = [(reader.line_num, line) for line in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"cannot read vm_locations at {path}: {error}") from None
    return tuple(_line(line, f"{path}, line {number}") for number, line in lines)


def vm_locations(
    vms: pd.DataFrame, packages: pd.DataFrame, locations: pd.DataFrame, mapping: Sequence[VmLocation] = ()
) -> pd.DataFrame:
    """Where each VM stands, by the strongest evidence; missing where nothing tells or the evidence disagrees.

    In order: ``user_mapping``; ``only_location``, where the account sees a single one; ``package_unique``, where
    one location alone has offered all packages that the VM has had, and every location's packages are known.

    Parameters
    ----------
    vms, packages, locations
        Tables of these names, all observations.
    mapping
        The user's own lines.

    Returns
    -------
    DataFrame
        account, vm_id, location_id, location, continent, location_evidence: one row a VM.

    Raises
    ------
    SettingsError
        Two lines of the mapping fit a VM equally well and disagree.
    """
    catalogue = _Catalogue(packages, locations)
    newest = vms.drop_duplicates(["account", "vm_id"], keep="last")
    sizes = vms[["account", "vm_id", "package"]].drop_duplicates().dropna()
    had: dict[tuple[str, int], set[str]] = {}
    for account, vm_id, package in sizes.itertuples(index=False, name=None):
        had.setdefault((account, vm_id), set()).add(package)
    rows = [
        (vm["account"], vm["vm_id"], *_located(vm, had.get((vm["account"], vm["vm_id"]), set()), catalogue, mapping))
        for _, vm in newest.iterrows()
    ]
    found = pd.DataFrame(rows, columns=["account", "vm_id", "location", "location_evidence"])
    found = found.astype({"account": "str", "vm_id": "int64", "location": "str", "location_evidence": "str"})
    named = locations.drop_duplicates(["account", "location"], keep="last")
    return found.merge(
        named[["account", "location", "location_id", "continent"]],
        on=["account", "location"],
        how="left",
        validate="many_to_one",
    )


class _Catalogue:
    """Which locations an account sees, and which of them have offered a package."""

    def __init__(self, packages: pd.DataFrame, locations: pd.DataFrame) -> None:
        names = locations.drop_duplicates(["account", "location_id"], keep="last")
        offers = packages.drop_duplicates(["account", "location_id", "package"])
        offers = offers.merge(names, on=["account", "location_id"], how="inner", validate="many_to_one")
        # a location without a name is one as well, though no VM can be said to stand there
        self.seen = {account: set(part["location"].fillna("")) for account, part in names.groupby("account")}
        self.offers = {key: set(part["location"].fillna("")) for key, part in offers.groupby(["account", "package"])}
        answered = offers.groupby("account")["location_id"].nunique()
        self.is_complete = {
            account: len(part) == answered.get(account, 0) for account, part in names.groupby("account")
        }


def _located(
    vm: pd.Series, packages: Iterable[str], catalogue: _Catalogue, mapping: Sequence[VmLocation]
) -> tuple[str | None, str | None]:
    if mapped := _mapped(vm, mapping):
        return mapped, "user_mapping"
    seen = catalogue.seen.get(vm["account"], set())
    if len(seen) == 1:
        (only,) = seen
        return (only, "only_location") if only else (None, None)
    if not catalogue.is_complete.get(vm["account"], False):
        return None, None
    offering = [catalogue.offers.get((vm["account"], package), set()) for package in packages]
    candidates = set.intersection(*offering) if offering else set()
    if len(candidates) == 1 and "" not in candidates:
        return next(iter(candidates)), "package_unique"
    return None, None


def _mapped(vm: pd.Series, mapping: Sequence[VmLocation]) -> str | None:
    fits = [(line.fits(vm), line.location) for line in mapping]
    best = max((fit for fit, _ in fits), default=0)
    named = {location for fit, location in fits if fit == best} if best else set()
    if len(named) > 1:
        raise SettingsError(
            f"vm_locations puts VM {vm['vm_id']} ({vm['vm_name']}) into {' and '.join(sorted(named))}; leave one"
        )
    return next(iter(named), None)


def _line(line: dict[str | None, str | None], where: str) -> VmLocation:
    if strange := [str(name) for name in line if name not in COLUMNS]:
        raise SettingsError(f"{where}: no column {strange[0]!r}; there can be {', '.join(COLUMNS)}")
    values = {str(name): (value or "").strip() for name, value in line.items()}
    vm_id = values.get("vm_id", "")
    if vm_id and not vm_id.isdecimal():
        raise SettingsError(f"{where}: vm_id is {vm_id!r}; it must be a whole number")
    if not values.get("location"):
        raise SettingsError(f"{where}: the location is empty; leave the line out if it is unknown")
    if not (vm_id or values.get("fqdn") or values.get("name")):
        raise SettingsError(f"{where}: name the VM by vm_id, fqdn or name")
    return VmLocation(
        location=values["location"],
        vm_id=int(vm_id) if vm_id else None,
        fqdn=values.get("fqdn", ""),
        name=values.get("name", ""),
        account=values.get("account", ""),
    )
