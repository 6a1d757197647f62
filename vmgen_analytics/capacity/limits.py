"""Limits that a user sets: the provider tells of none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, get_args

from vmgen_analytics.errors import SettingsError
from vmgen_analytics.lines import Line, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Measure = Literal["vms", "vcpus", "ram_GB", "disk_GB"]
COLUMNS = ("measure", "amount", "account", "location", "note")
HIGHEST = 9_000_000_000
UNITS = {"vms": "VMs", "vcpus": "vCPUs", "ram_GB": "GB of RAM", "disk_GB": "GB of disk"}


@dataclass(frozen=True)
class Limit:
    """How much there may be of something: everywhere, or in an account or a location.

    Attributes
    ----------
    measure
        vms, vcpus, ram_GB or disk_GB.
    amount
        So much is the most; on the day on which there is so much, no more can be added.
    account, location
        Where it holds; empty for all of them.
    note
        Why, in the user's words.
    source
        File and line, or what else it rests on.

    Raises
    ------
    SettingsError
        There is no such measure, or the amount is no number from 0 up.
    """

    measure: Measure
    amount: float
    account: str = ""
    location: str = ""
    note: str = ""
    source: str = "the limit"

    def __post_init__(self) -> None:
        if self.measure not in get_args(Measure):
            raise SettingsError(
                f"{self.source}: measure is {self.measure!r}; it is one of {', '.join(get_args(Measure))}"
            )
        if math.isnan(self.amount) or not 0 <= self.amount <= HIGHEST:
            raise SettingsError(f"{self.source}: amount is {self.amount:g}; it must be a number from 0 to {HIGHEST:,}")

    @property
    def says(self) -> str:
        """The limit in words, as ``50 VMs in Warsaw``."""
        place = f" in {self.location}" if self.location else ""
        owner = f" of account {self.account}" if self.account else ""
        unit = (
            UNITS[self.measure].replace("s", "", 1)
            if self.amount == 1 and "GB" not in UNITS[self.measure]
            else UNITS[self.measure]
        )
        return f"{self.amount:,.10g} {unit}{place}{owner}"

    @classmethod
    def read(cls, path: str | Path) -> tuple[Self, ...]:
        """Read limits.

        Parameters
        ----------
        path
            CSV with the columns measure (vms, vcpus, ram_GB or disk_GB) and amount, and any of account, location
            (empty: all) and note.

        Raises
        ------
        SettingsError
            The file cannot be read, or a line is wrong: it is named.
        """
        return cls._of(read_lines(path, "limits", COLUMNS, needed=("measure", "amount")))

    @classmethod
    def of(cls, limits: Iterable[Mapping[str, object]], source: str = "line") -> tuple[Self, ...]:
        """Make limits from records with the columns of the file, for code that has none.

        Raises
        ------
        SettingsError
            As for `Limit.read`.
        """
        records = [{name: "" if value is None else str(value) for name, value in each.items()} for each in limits]
        return cls._of(Line(f"{source} {number}", record) for number, record in enumerate(records, start=1))

    @classmethod
    def _of(cls, lines: Iterable[Line]) -> tuple[Self, ...]:
        found: dict[tuple[object, ...], Self] = {}
        for line in lines:
            if strange := [name for name in line.texts if name not in COLUMNS]:
                raise line.wrong(f"no column {strange[0]!r} is known; there can be {', '.join(COLUMNS)}")
            limit = cls(
                measure=line.text("measure", needed=True),  # type: ignore[arg-type]  # the class itself checks it
                amount=line.number("amount", 0, HIGHEST, needed=True),
                account=line.text("account"),
                location=line.text("location"),
                note=line.text("note"),
                source=line.where,
            )
            key = (limit.measure, limit.account, limit.location, limit.amount)
            if key in found:
                raise line.wrong(f"{found[key].source} is the same limit; leave one")
            found[key] = limit
        return tuple(found.values())
