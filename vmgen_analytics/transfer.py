"""What traffic is included and what is charged beyond: data, not code, as the provider publishes nothing about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
import pandas as pd

from vmgen_analytics.errors import SettingsError
from vmgen_analytics.lines import Line, read_lines
from vmgen_analytics.schema import MB_PER_GB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Scope = Literal["vm", "package", "location", "account"]
Direction = Literal["out", "in", "max", "sum"]
Accrual = Literal["monthly", "daily"]
Rounding = Literal["exact", "up"]

WORDS = {"scope": Scope, "direction": Direction, "accrual": Accrual, "rounding": Rounding}
HIGHEST = 9_000_000_000
COLUMNS = (
    "account",
    "location",
    "package",
    "scope",
    "direction",
    "unit_base",
    "quota_GB",
    "accrual",
    "overage_price_per_GB",
    "rounding",
    "valid_from",
    "valid_to",
)


@dataclass(frozen=True)
class TransferPolicy:
    """How much traffic is included in a month, and what is charged beyond.

    Attributes
    ----------
    scope
        What has one quota: each VM, or together all VMs of a package, of a location or of the account.
    direction
        What counts: traffic out, in, the larger of the two, or their sum; of the month so far.
    unit_base
        1000, where a GB is 1,000 MB, or 1024.
    quota_GB
        What is included in a month, for the whole scope; NaN takes ``included_transfer_GB`` of each VM's package from
        the price book, together for all VMs of the scope.
    accrual
        Whether a VM brings its whole quota in each month in which it exists (``monthly``), or its part for each day of
        the month (``daily``); a quota of a whole scope counts the days on which it has any VM.
    overage_price_per_GB
        What a GB beyond the quota costs; NaN takes it from the price book. [currency/GB]
    rounding
        Whether overage is charged as it is (``exact``), or by started GB of the month (``up``).
    account, location, package
        The VMs that it is about; empty for all.
    valid_from, valid_to
        The first day, and the first day after.
    source
        File and line, or what else it rests on.

    Raises
    ------
    SettingsError
        A value is none of those that there are; the message names it.

    Examples
    --------
    >>> TransferPolicy(scope="account", quota_GB=10_000, overage_price_per_GB=0.01).direction
    'out'
    """

    scope: Scope = "vm"
    direction: Direction = "out"
    unit_base: int = 1000
    quota_GB: float = math.nan
    accrual: Accrual = "monthly"
    overage_price_per_GB: float = math.nan
    rounding: Rounding = "exact"
    account: str = ""
    location: str = ""
    package: str = ""
    valid_from: pd.Timestamp = pd.Timestamp.min
    valid_to: pd.Timestamp = pd.Timestamp.max
    source: str = "the transfer policy"

    def __post_init__(self) -> None:
        for name, kinds in WORDS.items():
            value = getattr(self, name)
            if value not in get_args(kinds):
                raise SettingsError(f"{self.source}: {name} is {value!r}; it is one of {', '.join(get_args(kinds))}")
        if self.unit_base not in (1000, 1024):
            raise SettingsError(f"{self.source}: unit_base is {self.unit_base!r}; it is 1000 or 1024")
        for name in ("quota_GB", "overage_price_per_GB"):
            value = getattr(self, name)
            if not math.isnan(value) and not 0 <= value <= HIGHEST:
                raise SettingsError(f"{self.source}: {name} is {value:g}; it must be a number from 0 to {HIGHEST:,}")
        if self.valid_to <= self.valid_from:
            raise SettingsError(f"{self.source}: valid_to is not after valid_from")

    @property
    def MB_per_GB(self) -> int:  # noqa: N802 - units keep their spelling
        """How many MB of the usage tables are a GB of the quota."""
        return MB_PER_GB if self.unit_base == 1000 else self.unit_base

    @classmethod
    def read(cls, path: str | Path) -> tuple[Self, ...]:
        """Read policies, of which the first that is about a VM on a day holds for it.

        Parameters
        ----------
        path
            CSV with any of the columns account, location, package (which VMs; empty: all), scope, direction,
            unit_base, quota_GB, accrual, overage_price_per_GB, rounding (empty: as the class has it), valid_from and
            valid_to (the first day after).

        Raises
        ------
        SettingsError
            The file cannot be read, or a line is wrong: it is named.
        """
        return tuple(cls.of(line) for line in read_lines(path, "transfer policy", COLUMNS))

    @classmethod
    def of(cls, line: Line | Mapping[str, object]) -> Self:
        """Make a policy from the texts of a line, or from a record for code that has no file.

        Raises
        ------
        SettingsError
            A value is wrong.
        """
        if not isinstance(line, Line):
            texts = {name: "" if value is None else str(value) for name, value in line.items()}
            if strange := [name for name in texts if name not in COLUMNS]:
                raise SettingsError(f"a transfer policy has no {strange[0]!r}; there can be {', '.join(COLUMNS)}")
            line = Line("the transfer policy", texts)
        base = line.number("unit_base", 1000, 1024)
        start, end = line.day("valid_from"), line.day("valid_to")
        words: dict[str, Any] = {name: line.text(name) for name in WORDS if line.text(name)}
        return cls(
            **words,  # which the class itself checks
            unit_base=1000 if math.isnan(base) else int(base),
            quota_GB=line.number("quota_GB", 0, HIGHEST),
            overage_price_per_GB=line.number("overage_price_per_GB", 0, HIGHEST),
            account=line.text("account"),
            location=line.text("location"),
            package=line.text("package"),
            valid_from=pd.Timestamp.min if start is None else start,
            valid_to=pd.Timestamp.max if end is None else end,
            source=line.where,
        )


def holding(vms: pd.DataFrame, policies: Sequence[TransferPolicy], day: pd.Timestamp) -> NDArray[np.int64]:
    """Find the policy that holds for each VM on a day: the first that is about it.

    Parameters
    ----------
    vms
        account, location and package.
    policies
        Transfer policies.
    day
        The day on which they must hold.

    Returns
    -------
    ndarray
        Its number among the policies, -1 where none holds.
    """
    found = np.full(len(vms), -1)
    for number, policy in enumerate(policies):
        if not policy.valid_from <= day < policy.valid_to:
            continue
        fits = found < 0
        for name in ("account", "location", "package"):
            if asked := getattr(policy, name):
                fits &= (vms[name] == asked).fillna(value=False).to_numpy("bool")
        found[fits] = number
    return found
