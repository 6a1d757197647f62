"""Lines of the user's mapping that fit no VM: of machines that never were, or misspelt."""

from __future__ import annotations

import difflib
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from vmgen_analytics.fleet.histories import histories
from vmgen_analytics.fleet.locations import dns_name
from vmgen_analytics.fleet.placing import machines_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fleet.locations import VmLocation
    from vmgen_analytics.fleet.placing import Machine

NEAR = 0.8
"""How much alike two names must be for one to be the other misspelt."""


class Misfit(NamedTuple):
    """A line of the mapping that fits no VM, and the name that it means perhaps, else nothing."""

    line: VmLocation
    nearest: str


def misfits(archive: Archive, vm_locations: Sequence[VmLocation]) -> tuple[Misfit, ...]:
    """Find the lines of the mapping that fit none of the machines that there are or were.

    Parameters
    ----------
    archive
        The history.
    vm_locations
        The user's mapping, from `read_vm_locations`.

    Returns
    -------
    tuple
        In the order of the mapping. A line that fits a machine of which a stronger line speaks is none of them.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    """
    if not vm_locations:
        return ()
    machines = {history.account: machines_of(history) for history in histories(archive, months=())}
    found = []
    for line in vm_locations:
        meant = [each for name, own in machines.items() if line.account in ("", name) for each in own]
        if not any(_fits(line, machine) for machine in meant):
            found.append(Misfit(line, _nearest(line, meant)))
    return tuple(found)


def _fits(line: VmLocation, machine: Machine) -> bool:
    if line.vm_id is not None:
        return line.vm_id == machine.vm_id and line.is_of(machine)
    if line.fqdn:
        return dns_name(line.fqdn) == dns_name(machine.fqdn)
    if line.name:
        return bool(machine.vm_name) and fnmatchcase(machine.vm_name, line.name)
    return re.search(line.fqdn_pattern, machine.fqdn) is not None


def _nearest(line: VmLocation, machines: Sequence[Machine]) -> str:
    """Tell which name is meant perhaps; a number or a pattern has no neighbours."""
    if line.vm_id is not None or line.fqdn_pattern:
        return ""
    if not line.fqdn:
        return _alike(line.name, {machine.vm_name for machine in machines}, NEAR)
    asked, known = dns_name(line.fqdn), {dns_name(machine.fqdn) for machine in machines if machine.fqdn}
    of_host = {name for name in known if name.partition(".")[0] == asked.partition(".")[0]}
    return _alike(asked, of_host, 0.0) or _alike(asked, known, NEAR)


def _alike(name: str, known: Collection[str], least: float) -> str:
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=least)), "")
