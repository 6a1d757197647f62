"""Where each VM stands: every source's word on it, and what is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.archive.scanning import scan
from vmgen_analytics.fleet.evidence import Catalogue, Evidence, Verdict, ranked, verdict
from vmgen_analytics.fleet.histories import by_account, histories
from vmgen_analytics.fleet.locations import Mapping
from vmgen_analytics.fleet.networks import neighbours, networks
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fleet.histories import History
    from vmgen_analytics.fleet.locations import VmLocation

    Numbers = NDArray[np.int64]

ADDRESSES = ("account", "vm_id", "seen_on", "ip", "gateway", "netmask")


@dataclass(frozen=True)
class Machine:
    """One machine as the sources of locations know it: its number, newest name and fqdn, and all its packages."""

    vm_id: int
    incarnation: int
    vm_name: str
    fqdn: str
    packages: tuple[str, ...]
    has_returned: bool


@dataclass(frozen=True)
class Places:
    """What is said of each machine of one account, in the order of its lives, and what is believed."""

    machines: tuple[Machine, ...]
    words: tuple[tuple[Evidence, ...], ...]
    verdicts: tuple[Verdict, ...]
    catalogue: Catalogue
    account: str


class Surroundings:
    """Everything of an archive that tells of places, read when it is first needed."""

    def __init__(self, archive: Archive, account: str | None = None, as_of: pd.Timestamp | None = None) -> None:
        self._archive = archive
        self._limits: dict[str, Any] = {"account": account, "as_of": as_of}
        self._packages = archive.history("packages", **self._limits)
        self._locations = archive.history("locations", **self._limits)
        self._addresses: dict[str, pa.Table] | None = None

    def catalogue(self, history: History) -> Catalogue:
        """Read what an account's locations offer."""
        mine = self._locations[self._locations["account"] == history.account]
        return Catalogue(self.packages(history.account), mine, history.inventories)

    def packages(self, account: str) -> pd.DataFrame:
        """Read the sizes of an account's packages."""
        return self._packages[self._packages["account"] == account]

    def addresses(self, account: str) -> pa.Table | None:
        """Read the addresses of an account's VMs."""
        if self._addresses is None:
            self._addresses = dict(by_account(scan(self._archive, "networking", ADDRESSES, **self._limits)))
        return self._addresses.get(account)

    def places(self, history: History, mapping: Sequence[VmLocation], *, is_full: bool = False) -> Places:
        """Weigh what is said of an account's machines.

        Parameters
        ----------
        history
            What was seen of them.
        mapping
            The user's own lines.
        is_full
            Ask every source even where its answer cannot matter, to show contradictions.
        """
        catalogue, machines = self.catalogue(history), machines_of(history)
        direct = directly(history, machines, catalogue, mapping)
        near = is_full or _matters(direct, catalogue)
        nets = networks(self.addresses(history.account), history.lives) if near else [set() for _ in machines]
        return weighed(history.account, machines, catalogue, direct, nets, mapping)


def _matters(direct: Sequence[Sequence[Evidence]], catalogue: Catalogue) -> bool:
    """Tell whether neighbours can tell anything: not of one place alone, nor where the user has spoken."""
    return len(set(catalogue.names.values())) > 1 and not all(
        words and words[0].source == "user_mapping" for words in direct
    )


def machines_of(history: History) -> tuple[Machine, ...]:
    """Describe the machines of an account."""
    seen, lives, count = history.seen, history.lives, len(history.lives.vm_id)
    newest = history.newest_rows()
    names, fqdns = (
        [text if isinstance(text, str) else "" for text in getattr(seen, name).take(newest).text()]
        for name in ("vm_name", "fqdn")
    )
    kinds = max(len(seen.package.words), 1)
    had: list[set[str]] = [set() for _ in range(count)]
    packages = seen.package.words.to_pylist()
    for key in pd.unique(history.at_sight * (kinds + 1) + seen.package.codes + 1):
        life, code = divmod(int(key), kinds + 1)
        if code:
            had[life].add(packages[code - 1])
    returned = set(lives.vm_id[lives.incarnation > 1].tolist())
    rows = zip(lives.vm_id.tolist(), lives.incarnation.tolist(), names, fqdns, had, strict=True)
    return tuple(
        Machine(vm_id, number, name, fqdn, tuple(sorted(own)), vm_id in returned)
        for vm_id, number, name, fqdn, own in rows
    )


def directly(
    history: History, machines: Sequence[Machine], catalogue: Catalogue, mapping: Sequence[VmLocation]
) -> list[list[Evidence]]:
    """Collect what is known of each machine itself: by the user, an order, the locations and their packages."""
    user, only, deployed = Mapping.of(mapping, history.account), catalogue.only(), history.deployed()
    births = np.where(
        history.lives.incarnation > 1, history.lives.first, history.inventories.last_before(history.lives.first)
    )
    found = []
    for life, machine in enumerate(machines):
        words: list[Evidence | None] = [only, catalogue.offering(machine.packages, int(births[life]))]
        if line := user.line(machine):
            name, ids = catalogue.named(line.location)
            told = f"{line.told()}{catalogue.doubt(line.location)}"
            words.append(Evidence("user_mapping", name, ids, 1.0, told))
        if life in deployed and catalogue.names.get(number := deployed[life].location_id):
            told = f"ordered here in location {number}"
            words.append(Evidence("deployed", catalogue.names[number], frozenset({number}), 0.99, told))
        found.append(ranked(words))
    return found


def weighed(
    account: str,
    machines: tuple[Machine, ...],
    catalogue: Catalogue,
    direct: Sequence[Sequence[Evidence]],
    nets: Sequence[set[tuple[str, str]]],
    mapping: Sequence[VmLocation],
) -> Places:
    """Add what neighbours and the fqdn tell, and decide."""
    known = [verdict(words) for words in direct]
    near = neighbours(nets, [each if catalogue.has(each) else Verdict() for each in known])
    user = Mapping.of(mapping, account)
    words = []
    for life, machine in enumerate(machines):
        pattern = None
        if found := user.by_pattern(machine):
            line, named = found
            name, ids = catalogue.named(named)
            if ids or line.location:  # what the pattern caught may be no location at all
                pattern = Evidence("fqdn_pattern", name, ids, 0.90, f"{line.told()}{catalogue.doubt(named)}")
        words.append(tuple(ranked([*direct[life], near.get(life), pattern])))
    return Places(machines, tuple(words), tuple(map(verdict, words)), catalogue, account)


def location_evidence(
    archive: Archive, *, vm_locations: Sequence[VmLocation] = (), account: str | None = None
) -> pd.DataFrame:
    """What each source says of where each VM stands, and which of them is believed.

    In order of rank: ``user_mapping``; ``deployed``, a deployment made here; ``only_location``, where the account
    sees a single one; ``package_unique``, where one location alone has ever offered all packages that the VM has had,
    and every location's packages are known; ``same_gateway``, a public gateway and network shared with VMs that are
    known by one of these; ``fqdn_pattern``, the user's pattern. Where two disagree nothing is believed but the user.

    Parameters
    ----------
    archive
        The history.
    vm_locations
        The user's mapping, from `read_vm_locations`.
    account
        Only this account.

    Returns
    -------
    DataFrame
        Table ``location_evidence``: account, vm_id, incarnation, source, vm_name, location, strength, is_used,
        contradicts, detail. A VM of which nobody says anything has one row, whose source is ``none``.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    SettingsError
        Two lines of the mapping fit a VM equally well and disagree.
    """
    table, surroundings = TABLES["location_evidence"], Surroundings(archive, account)
    rows = [
        row
        for history in histories(archive, account, months=())
        for row in _told(surroundings.places(history, vm_locations, is_full=True))
    ]
    return table.cast(pd.DataFrame(rows, columns=list(table.columns)))


def _told(places: Places) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for machine, words, believed in zip(places.machines, places.words, places.verdicts, strict=True):
        key = (places.account, machine.vm_id, machine.incarnation)
        for word in words:
            is_used, contradicts = word.source == believed.source, word.source in believed.contradicting
            told = (word.location, word.strength, is_used, contradicts, word.detail)
            rows.append((*key, word.source, machine.vm_name or None, *told))
        if not words:
            rows.append((*key, "none", machine.vm_name or None, None, 0.0, False, False, ""))
    return rows
