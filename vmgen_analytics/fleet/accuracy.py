"""How often each source is right about where VMs stand, measured on those whose location is known for certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.fleet.evidence import SOURCES, Evidence, verdict
from vmgen_analytics.fleet.histories import histories
from vmgen_analytics.fleet.placing import Surroundings
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fleet.locations import VmLocation

CERTAIN = SOURCES[:2]
"""What the user says, and what was ordered here."""
TOGETHER = "together"


def location_accuracy(archive: Archive, *, vm_locations: Sequence[VmLocation] = ()) -> pd.DataFrame:
    """Hide each VM whose location is certain, find it by the rest, and count how often that is right.

    A location is certain by the user's mapping, if the provider has it, else by a deployment made here. So the user's
    own fleet says how far each source can be trusted there.

    Parameters
    ----------
    archive
        The history.
    vm_locations
        The user's mapping, from `read_vm_locations`.

    Returns
    -------
    DataFrame
        Table ``location_accuracy``: source, vms, right, wrong, silent, accuracy, also of a source that never answered;
        ``together`` is what is believed of all that is left. Without rows where no VM is certain.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    SettingsError
        Two lines of the mapping fit a VM equally well and disagree.
    """
    counts = {source: {"right": 0, "wrong": 0} for source in SOURCES if source not in CERTAIN}
    tested = 0
    for truth, rest in _hidden(archive, vm_locations):
        tested += 1
        said = {word.source: word.location for word in rest if word.location is not None}
        for source, location in {**said, TOGETHER: verdict(rest).location}.items():
            count = counts.setdefault(source, {"right": 0, "wrong": 0})
            if location is not None:
                count["right" if location == truth else "wrong"] += 1
    table = TABLES["location_accuracy"]
    if not tested:
        return table.frame()
    found = pd.DataFrame(
        [
            {
                "source": source,
                "vms": tested,
                **count,
                "silent": tested - sum(count.values()),
                "accuracy": count["right"] / spoken if (spoken := sum(count.values())) else None,
            }
            for source, count in counts.items()
        ],
        columns=list(table.columns),
    )
    return table.cast(found)


def _hidden(archive: Archive, mapping: Sequence[VmLocation]) -> Iterator[tuple[str, list[Evidence]]]:
    """Give each VM of certain location, with what else is said of it; neighbours never count a VM for itself."""
    surroundings = Surroundings(archive)
    for history in histories(archive, months=()):
        places = surroundings.places(history, mapping, is_full=True)
        for said in places.words:
            words = [word for word in said if word.source not in CERTAIN or places.catalogue.has(word)]
            if words and words[0].source in CERTAIN and words[0].location is not None:
                yield words[0].location, words[1:]
