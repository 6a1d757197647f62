"""Cost centres that nobody wants to pay alone, as a platform: how their costs are spread over the others."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, cast, get_args

import pandas as pd

from vmgen_analytics.lines import Line, read_lines
from vmgen_analytics.schema import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from vmgen_analytics.cost.cost_centres import CostCentres

COLUMNS = ("cost_centre", "split", "to", "weight", "valid_from", "valid_to", "note")
WHOLE = 100.0
HEAVIEST = 1e9

Split = Literal["even", "direct_cost", "weight", "fixed"]


@dataclass(frozen=True)
class Target:
    """One that pays a part: its weight, or its percent where the split is fixed, and the line that says so."""

    cost_centre: str
    weight: float
    source: str


@dataclass(frozen=True)
class SharedCost:
    """How one cost centre's costs are spread.

    Attributes
    ----------
    cost_centre
        The one that is spread.
    split
        ``even``; ``direct_cost``, in proportion to what each has of its own in the month; ``weight``, by the numbers
        given, as heads; ``fixed``, by the percents given, of which the rest stays where it was.
    targets
        Who pays; without any, all that have costs of their own in the month.
    """

    cost_centre: str
    split: Split
    valid_from: pd.Timestamp
    valid_to: pd.Timestamp
    targets: tuple[Target, ...]
    source: str

    def weights(self, own: Mapping[str, float]) -> dict[Target, float]:
        """Say what part of a whole each target pays.

        Parameters
        ----------
        own
            What each cost centre has of its own in the month; those that are spread themselves are left out.

        Returns
        -------
        dict
            Fractions that sum to 1 at most; empty where nobody can be found.
        """
        targets = self.targets or tuple(Target(name, 1.0, self.source) for name in sorted(own))
        if self.split == "fixed":
            return {target: target.weight / WHOLE for target in targets}
        amounts = {
            target: max(own.get(target.cost_centre, 0.0), 0.0) if self.split == "direct_cost" else target.weight
            for target in targets
        }
        total = sum(amounts.values())
        return {target: amount / total for target, amount in amounts.items() if amount > 0} if total > 0 else {}


@dataclass(frozen=True)
class SharedCosts:
    """Which cost centres are spread over others; none of them pays for another that is."""

    shared: tuple[SharedCost, ...] = ()

    @classmethod
    def read(cls, path: str | Path, centres: CostCentres) -> Self:
        """Read how costs are shared.

        Parameters
        ----------
        path
            CSV with the columns cost_centre and split (even, direct_cost, weight or fixed), and any of to (who pays;
            empty: all others), weight (a number, or the percent of a fixed split), valid_from, valid_to and note.
            Neighbouring lines of one cost centre, split and time belong together.
        centres
            The rules, which must know every name.

        Raises
        ------
        SettingsError
            The file cannot be read, or a line is wrong: it is named.
        """
        lines = read_lines(path, "shared costs", COLUMNS, needed=("cost_centre", "split"))
        return cls._of(lines, centres)

    @classmethod
    def of(cls, shared: Iterable[Mapping[str, object]], centres: CostCentres, source: str = "line") -> Self:
        """Make it from records with the columns of the file, for code that has none.

        Raises
        ------
        SettingsError
            As for `SharedCosts.read`.
        """
        records = [{name: "" if value is None else str(value) for name, value in each.items()} for each in shared]
        lines = [Line(f"{source} {number}", record) for number, record in enumerate(records, start=1)]
        return cls._of(lines, centres)

    @classmethod
    def _of(cls, lines: Sequence[Line], centres: CostCentres) -> Self:
        spread = {line.text("cost_centre", needed=True): line for line in reversed(lines)}
        for line in lines:
            centres.check(line.text("cost_centre"), line)
            if (name := line.text("to")) in spread:
                raise line.wrong(
                    f"gives to {name!r}, which {spread[name].where} spreads itself; name those that pay in the end"
                )
            if name:
                centres.check(name, line)
        grouped = itertools.groupby(
            lines, key=lambda line: (line.text("cost_centre"), line.text("split"), line.validity())
        )
        shared = [_shared(list(same)) for _, same in grouped]
        for one, other in itertools.combinations(shared, 2):
            is_same_time = one.valid_from < other.valid_to and other.valid_from < one.valid_to
            if one.cost_centre == other.cost_centre and is_same_time:
                raise lines[0].kind(
                    f"{one.source} and {other.source} both spread {one.cost_centre!r} on the same day; "
                    "end one with valid_to"
                )
        return cls(tuple(shared))

    @property
    def names(self) -> frozenset[str]:
        """The cost centres that are spread."""
        return frozenset(each.cost_centre for each in self.shared)


def _shared(lines: Sequence[Line]) -> SharedCost:
    first = lines[0]
    if (split := first.text("split")) not in get_args(Split):
        raise first.wrong(f"the split is {split!r}; it can be {', '.join(get_args(Split))}")
    is_given = split in ("weight", "fixed")
    targets = tuple(
        Target(name, line.number("weight", 0, WHOLE if split == "fixed" else HEAVIEST, needed=True), line.where)
        if is_given
        else Target(name, 1.0, line.where)
        for line in lines
        if (name := line.text("to", needed=is_given))
    )
    names = [target.cost_centre for target in targets]
    if twice := [name for name in names if names.count(name) > 1]:
        raise lines[-1].wrong(f"{twice[0]!r} pays twice for {first.text('cost_centre')!r}; leave one line")
    if UNASSIGNED in names:
        raise first.wrong(f"nobody pays for {UNASSIGNED}; name a cost centre")
    if split == "fixed" and (total := sum(target.weight for target in targets)) > WHOLE + 1e-9:
        raise lines[-1].wrong(f"the percents of {first.text('cost_centre')!r} are {total:g} together; 100 at most")
    start, end = first.validity()
    return SharedCost(first.text("cost_centre"), cast("Split", split), start, end, targets, first.where)
