"""What tells where a VM stands: sources by rank, and what is believed where they agree or do not."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from vmgen_analytics.fleet.inventories import Inventories

SOURCES = ("user_mapping", "deployed", "only_location", "package_unique", "same_gateway", "fqdn_pattern")
"""Strongest first. The first four are direct: they may tell of a neighbour in the same network."""
DIRECT = SOURCES[:4]
NO_SUCH = "no such location"
"""What the detail of a word says that names a place which the provider does not have."""


@dataclass(frozen=True)
class Evidence:
    """One source's word on one VM.

    Attributes
    ----------
    source
        One of `SOURCES`.
    location
        Where it says that the VM stands; None where it can only exclude.
    ids
        Numbers of the locations that may be meant: two may have one name.
    strength
        How often such a word is right, from 0 to 1, before `location_accuracy` has measured it.
    detail
        What it rests on, for people.
    """

    source: str
    location: str | None
    ids: frozenset[int]
    strength: float
    detail: str = ""

    def agrees(self, location: str, ids: frozenset[int]) -> bool:
        """Tell whether this does not contradict that a VM stands somewhere."""
        if self.location is None:
            return not ids or bool(self.ids & ids)  # of a place that the provider does not have it can tell nothing
        return self.location == location


@dataclass(frozen=True)
class Verdict:
    """What is believed of a VM: where it stands and by which source, or who contradicts whom."""

    location: str | None = None
    ids: frozenset[int] = frozenset()
    source: str | None = None
    contradicting: frozenset[str] = frozenset()


def verdict(words: Sequence[Evidence]) -> Verdict:
    """Weigh what is said of one VM: the user is always believed, others only if none of them contradicts.

    Parameters
    ----------
    words
        Strongest first.
    """
    told = [word for word in words if word.location is not None]
    if not told:
        return Verdict()
    best = told[0]
    location = str(best.location)
    ids = best.ids
    others = frozenset(word.source for word in words if not word.agrees(location, best.ids))
    if others and best.source != "user_mapping":
        return Verdict(contradicting=others | {best.source})
    for word in words:  # those who agree may tell two locations of one name apart
        ids = ids & word.ids if word.ids and ids & word.ids else ids
    return Verdict(location, ids, best.source, others)


class Catalogue:
    """Which locations an account sees, and which of them have ever offered a package.

    Parameters
    ----------
    packages, locations
        Tables of these names, all observations of one account.
    inventories
        Which syncs brought all of them.
    """

    def __init__(self, packages: pd.DataFrame, locations: pd.DataFrame, inventories: Inventories) -> None:
        newest = locations.sort_values("seen_on").drop_duplicates("location_id", keep="last")
        columns = [newest[name] for name in ("location_id", "location", "continent")]
        self.names: dict[int, str | None] = {
            int(number): name if isinstance(name, str) else None
            for number, name in zip(columns[0], columns[1], strict=True)
        }
        self.continents: dict[int, object] = dict(zip(map(int, columns[0]), columns[2], strict=True))
        self.offers: dict[str, set[int]] = {}
        for package, number in packages[["package", "location_id"]].drop_duplicates().itertuples(index=False):
            if number in self.names:
                self.offers.setdefault(spelled(package), set()).add(int(number))
        first = locations.groupby("location_id")["seen_on"].min()
        days = first.to_numpy().astype("datetime64[D]").astype("int64")
        whole = inventories.catalogues
        answered = {int(number) for number, day in zip(first.index, days, strict=True) if (whole >= day).any()}
        answered |= set(packages["location_id"])
        self.is_complete = set(self.names) <= answered  # a location that offers nothing has answered as well
        self.knows_all_locations = not inventories.count or bool(len(inventories.locations))
        seen_on = packages["seen_on"].to_numpy().astype("datetime64[D]").astype("int64")
        self.since = int(seen_on.min()) if len(seen_on) else None

    def named(self, name: str) -> tuple[str, frozenset[int]]:
        """Find the locations of a name, whatever its capitals, in the provider's spelling."""
        ids = {number: known for number, known in self.names.items() if known and spelled(known) == spelled(name)}
        return next(iter(ids.values()), name), frozenset(ids)

    def has(self, word: Evidence | Verdict) -> bool:
        """Tell whether the provider has the place that is named; if it never listed one, it may."""
        return bool(word.ids) or not self.names

    def doubt(self, name: str) -> str:
        """Say that there is no location of a name, and which is meant perhaps; nothing if there is."""
        if not self.names or self.named(name)[1]:
            return ""
        known = {spelled(each): each for each in self.names.values() if each}
        nearest = difflib.get_close_matches(spelled(name), known, n=1, cutoff=0)
        return f"; {NO_SUCH}" + (f"; nearest: {known[nearest[0]]}" if nearest else "")

    def only(self) -> Evidence | None:
        """Say where everything stands if the account sees one place alone."""
        names = set(self.names.values())
        if len(names) != 1 or None in names or not self.knows_all_locations:
            return None
        (name,) = names
        return Evidence("only_location", name, frozenset(self.names), 0.98, "the account sees no other")

    def offering(self, packages: Iterable[str], born_on: int) -> Evidence | None:
        """Say which locations have offered all packages that a VM had; None where that is not known of all locations.

        Parameters
        ----------
        packages
            The VM's packages. One that no location ever offered, as a size of the user's own, tells nothing.
        born_on
            The day by which the VM existed: what was offered before the first catalogue nobody knows.
        """
        known = {package: self.offers[spelled(package)] for package in packages if spelled(package) in self.offers}
        ids = frozenset(set.intersection(*known.values())) if known and self.is_complete else frozenset()
        if not ids:
            return None
        names = {self.names[number] for number in ids}
        (name,) = names if len(names) == 1 else (None,)
        strength = 0.95 if self.since is not None and born_on >= self.since else 0.85
        shown = ", ".join(sorted({f"{self.names[number] or number}" for number in ids}))
        return Evidence("package_unique", name, ids, strength, f"{', '.join(sorted(known))}: only in {shown}")

    def continent(self, ids: frozenset[int]) -> object:
        """Tell the continent of locations, None where they do not agree on one."""
        found = {self.continents[number] for number in ids}
        return next(iter(found)) if len(found) == 1 else None


def spelled(name: str) -> str:
    """Spell a name so that blanks around it and capitals do not matter."""
    return name.strip().casefold()


def ranked(words: Iterable[Evidence | None]) -> list[Evidence]:
    """Put what there is into order, the strongest first."""
    return sorted((word for word in words if word is not None), key=lambda word: SOURCES.index(word.source))
