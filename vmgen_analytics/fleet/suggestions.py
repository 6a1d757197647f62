"""The VMs whose location nobody knows, written down for the user to fill in."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.errors import SettingsError
from vmgen_analytics.fleet.histories import histories
from vmgen_analytics.fleet.placing import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fleet.locations import VmLocation
    from vmgen_analytics.fleet.placing import Machine, Places

COLUMNS = ["account", "vm_id", "fqdn", "name", "location", "candidates", "note"]


def suggest_vm_locations(
    archive: Archive, path: str | Path, *, vm_locations: Sequence[VmLocation] = ()
) -> pd.DataFrame:
    """Write the VMs without a known location into a CSV file, with the locations that come into question.

    When the column ``location`` is filled in, `read_vm_locations` reads the file; lines that are left empty do no harm.
    A file that is there already and says anything else is never touched.

    Parameters
    ----------
    archive
        The history.
    path
        Where to write.
    vm_locations
        The user's mapping so far, from `read_vm_locations`.

    Returns
    -------
    DataFrame
        What was written: account, vm_id, fqdn, name, location (empty), candidates, note (who contradicts whom).

    Raises
    ------
    SettingsError
        The file is there already, or cannot be written.
    ArchiveError
        The archive cannot be read.
    """
    surroundings = Surroundings(archive)
    rows = [
        row
        for history in histories(archive, months=())
        for row in _unresolved(surroundings.places(history, vm_locations, is_full=True))
    ]
    suggested = pd.DataFrame(rows, columns=COLUMNS)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    _write(Path(path), text.getvalue())
    return suggested


def _write(path: Path, text: str) -> None:
    try:
        if path.exists():
            if path.read_bytes() != text.encode("utf-8"):
                raise SettingsError(f"{path} is there already and is left as it is; name a new file, or move that away")
            return
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror or error}; name another file") from None


def _unresolved(places: Places) -> Iterator[tuple[str, int, str, str, str, str, str]]:
    for machine, words, believed in zip(places.machines, places.words, places.verdicts, strict=True):
        if believed.location is None:
            told = [f"{word.source} says {word.location}" for word in words if word.location]
            note = f"contradiction: {', '.join(told)}" if believed.contradicting else ""
            named = {word.location for word in words if word.location} or _offering(places, machine)
            candidates = ", ".join(sorted(named)) or "unknown"
            yield places.account, machine.vm_id, machine.fqdn, machine.vm_name, "", candidates, note


def _offering(places: Places, machine: Machine) -> set[str]:
    """Name the locations that offer all packages of a VM, or all there are."""
    catalogue = places.catalogue
    offered = catalogue.offering(machine.packages, 0)
    return {name for number in (offered.ids if offered else catalogue.names) if (name := catalogue.names[number])}
