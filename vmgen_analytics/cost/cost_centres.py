"""Who pays: ordered rules give each part of an invoice to cost centres, now and backwards in time."""

from __future__ import annotations

import difflib
import itertools
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from vmgen_analytics.lines import Line, read_lines
from vmgen_analytics.schema import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

CONDITIONS = {"name": "vm_name", "fqdn": "fqdn", "package": "package", "location": "location", "account": "account"}
"""What a rule may ask for, and the column that answers."""

COLUMNS = (*CONDITIONS, "cost_centre", "share", "valid_from", "valid_to", "note")
WHOLE = 100.0


@dataclass(frozen=True)
class Share:
    """A part of what a rule fits, in percent, for a cost centre; ``source`` is the line that says so."""

    cost_centre: str
    percent: float
    source: str


@dataclass(frozen=True)
class Rule:
    """What is asked of a VM-day, in which time, and who pays for those that answer it.

    Attributes
    ----------
    conditions
        Patterns as ``web-*`` for name and fqdn, words for package, location and account.
    valid_from, valid_to
        First day, and the first one after.
    shares
        At most 100 % in all; the rest stays unassigned.
    """

    conditions: Mapping[str, str]
    valid_from: pd.Timestamp
    valid_to: pd.Timestamp
    shares: tuple[Share, ...]

    @property
    def source(self) -> str:
        """The first line of the rule."""
        return self.shares[0].source

    @property
    def says(self) -> str:
        """The conditions in words."""
        return ", ".join(f"{name} {value}" for name, value in self.conditions.items()) or "everything"

    def fits(self, kinds: pd.DataFrame) -> Flags:
        """Tell which kinds of VM-days the rule fits; what no VM stands behind can only answer for its account.

        Parameters
        ----------
        kinds
            The columns vm_name, fqdn, package, location, account and has_vm.
        """
        fitting = np.ones(len(kinds), dtype="bool")
        for condition, wanted in self.conditions.items():
            is_pattern = condition in ("name", "fqdn")
            answers = [
                isinstance(value, str) and (fnmatchcase(value, wanted) if is_pattern else value == wanted)
                for value in kinds[CONDITIONS[condition]].tolist()
            ]
            fitting &= np.array(answers, dtype="bool")
            if condition != "account":
                fitting &= kinds["has_vm"].to_numpy()
        return fitting


@dataclass(frozen=True)
class CostCentres:
    """The rules that say who pays, in their order: the first one that fits a VM-day decides.

    They hold for any time, also before they were written, but where a rule names the days for which it is valid. A
    correction of a closed month is judged as of that month: who paid for it pays what it is corrected by.
    """

    rules: tuple[Rule, ...]

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read the rules.

        Parameters
        ----------
        path
            CSV with the column cost_centre and any of name and fqdn (patterns as ``web-*``), package, location,
            account (empty: any), share (in percent; empty: 100), valid_from, valid_to (the first day after) and note.
            Neighbouring lines with the same conditions and days are one rule that shares.

        Raises
        ------
        SettingsError
            The file cannot be read, a line is wrong, or shares exceed 100 %: file and lines are named.
        """
        return cls._of(read_lines(path, "rules of cost centres", COLUMNS, needed=("cost_centre",)))

    @classmethod
    def of(cls, rules: Iterable[Mapping[str, object]], source: str = "line") -> Self:
        """Make the rules from records, for code that has no file.

        Parameters
        ----------
        rules
            Records with the columns of the file; None is empty.
        source
            What to call them in messages and in column ``rule``, before their number from 1 on.

        Raises
        ------
        SettingsError
            As for `CostCentres.read`.
        """
        records = [{name: "" if value is None else str(value) for name, value in rule.items()} for rule in rules]
        return cls._of([Line(f"{source} {number}", record) for number, record in enumerate(records, start=1)])

    @classmethod
    def _of(cls, lines: Sequence[Line]) -> Self:
        return cls(
            tuple(
                _rule(list(same))
                for _, same in itertools.groupby(lines, key=lambda line: (_asked(line), line.validity()))
            )
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The cost centres that the rules name, in their order."""
        return tuple(dict.fromkeys(share.cost_centre for rule in self.rules for share in rule.shares))

    def check(self, name: str, line: Line) -> str:
        """Return the name of a cost centre that another file names.

        Raises
        ------
        SettingsError
            No rule gives anything to it; the line is named.
        """
        if name in (*self.names, UNASSIGNED):
            return name
        nearest = difflib.get_close_matches(name, self.names, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else f"; they name {', '.join(self.names) or 'none'}"
        raise line.wrong(f"no rule gives anything to the cost centre {name!r}{hint}")

    def rule_of(self, costs: pd.DataFrame) -> NDArray[np.int64]:
        """Find the rule that decides each row, -1 where none does.

        Parameters
        ----------
        costs
            Table ``allocated_costs``, or ``vm_days``. The day of a row is that of `judged_on`.
        """
        asked = list(dict.fromkeys(CONDITIONS.values()))
        kinds = costs[asked].assign(has_vm=costs["vm_id"].notna())
        grouped = kinds.groupby([*asked, "has_vm"], dropna=False, sort=False)
        kind_of = grouped.ngroup().to_numpy()
        kinds = kinds[~kinds.duplicated()]
        dates = judged_on(costs).to_numpy()
        found = np.full(len(costs), -1)
        for number, rule in enumerate(self.rules):
            inside = (dates >= rule.valid_from.to_datetime64()) & (dates < rule.valid_to.to_datetime64())
            found[(found < 0) & inside & rule.fits(kinds)[kind_of]] = number
        return found


def judged_on(costs: pd.DataFrame) -> pd.Series:
    """The day as of which each row is given to a cost centre: its own, or the first of the month that it corrects.

    A correction is dated in the month in which it is booked, and is one row for all days of a VM: those who pay for a
    VM by now may never have had it in the month that is corrected.

    Parameters
    ----------
    costs
        Table ``allocated_costs``, or ``vm_days``, where nothing is corrected.
    """
    if "corrects" not in costs:
        return costs["date"]
    return costs["date"].mask(costs["corrects"].notna(), costs["corrects"].dt.to_timestamp().dt.as_unit("us"))


def _rule(lines: Sequence[Line]) -> Rule:
    shares = tuple(_share(line) for line in lines)
    if (total := sum(share.percent for share in shares)) > WHOLE + 1e-9:
        raise lines[-1].wrong(
            f"the shares of this rule, from {shares[0].source} on, are {total:g} % together; they may be 100 % at most"
        )
    names = [share.cost_centre for share in shares]
    if twice := [name for name in names if names.count(name) > 1]:
        raise lines[-1].wrong(f"{twice[0]!r} stands twice in this rule, from {shares[0].source} on; leave one line")
    conditions, (start, end) = _asked(lines[0]), lines[0].validity()
    return Rule(dict(conditions), start, end, shares)


def _share(line: Line) -> Share:
    text = line.text("share").removesuffix("%").strip()
    bare = Line(line.where, {"share": text})
    percent = bare.number("share", 0, WHOLE) if text else WHOLE
    name = line.text("cost_centre", needed=True)
    if name == UNASSIGNED:
        raise line.wrong(f"the cost centre may not be called {UNASSIGNED}: that is what no rule fits")
    return Share(name, percent, line.where)


def _asked(line: Line) -> tuple[tuple[str, str], ...]:
    return tuple((name, line.text(name)) for name in CONDITIONS if line.text(name))
