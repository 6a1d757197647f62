"""A plan: what to add, remove, resize and move, written down before anyone does it."""

from __future__ import annotations

import difflib
import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from vmgen_analytics.errors import SettingsError, why_unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Action = Literal["add", "remove", "resize", "move"]
NEEDS: dict[str, tuple[str, ...]] = {"add": ("location",), "remove": (), "resize": ("vm",), "move": ("vm", "location")}
SIZES = ("vcpus", "ram_GB", "disk_GB")


@dataclass(frozen=True)
class Step:
    """One step of a plan.

    Attributes
    ----------
    action
        ``add`` so many VMs of a package in a location; ``remove``, ``resize`` (to another package) or ``move`` (to
        another location, and, if one is named, to another package) those that ``vm`` names.
    vm
        Number, exact name, or a pattern as ``web-*``; of an added VM its name. Without it, ``remove`` takes ``count``
        VMs of the package, in the location if one is named.
    count
        How many to add, or to remove where no VM is named.
    package, location
        As the provider calls them.
    vcpus, ram_GB, disk_GB
        A size chosen freely, instead of a package; its price is not known.
    account
        Where there are several.
    source
        What to call the step in messages.

    Raises
    ------
    SettingsError
        There is no such action, or the step lacks what it takes.
    """

    action: Action
    vm: str = ""
    count: int = 1
    package: str = ""
    location: str = ""
    vcpus: float = math.nan
    ram_GB: float = math.nan
    disk_GB: float = math.nan
    account: str = ""
    source: str = "the step"

    def __post_init__(self) -> None:
        if self.action not in get_args(Action):
            raise self.wrong(f"action is {self.action!r}; it is one of {', '.join(get_args(Action))}")
        if lacking := [name for name in NEEDS[self.action] if not getattr(self, name)]:
            raise self.wrong(f"{self.action} needs {' and '.join(lacking)}")
        if self.action == "remove" and not self.vm and not self.package:
            raise self.wrong("remove needs vm, or package and count")
        sizes = [getattr(self, name) for name in SIZES]
        is_custom = not all(math.isnan(size) for size in sizes)
        if is_custom and not all(0 < size < math.inf for size in sizes):
            raise self.wrong(f"a size of one's own takes {', '.join(SIZES)}, each above 0")
        if self.action in ("add", "resize") and is_custom == bool(self.package):
            raise self.wrong(f"{self.action} needs a package, or {', '.join(SIZES)}, and not both")
        if not 1 <= self.count <= 100_000:
            raise self.wrong(f"count is {self.count}; it goes from 1 to 100,000")

    @property
    def is_custom(self) -> bool:
        """Whether it names a size instead of a package."""
        return not math.isnan(self.vcpus)

    def wrong(self, why: str) -> SettingsError:
        """Make the error that says what is wrong with this step."""
        return SettingsError(f"{self.source}: {why}")


@dataclass(frozen=True)
class Plan:
    """Steps, taken in their order.

    Examples
    --------
    >>> plan = Plan.of([{"action": "add", "count": 3, "package": "Small", "location": "Warsaw"}])
    >>> plan.steps[0].count
    3
    """

    steps: tuple[Step, ...] = ()

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a plan.

        Parameters
        ----------
        path
            TOML with a ``[[steps]]`` for each step, which has the attributes of `Step` but source.

        Raises
        ------
        SettingsError
            The file cannot be read, or a step is wrong: it is named.
        """
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"cannot read the plan at {path}: {why_unreadable(error)}") from None
        steps = table.pop("steps", None)
        if table:
            raise SettingsError(f"{path}: {next(iter(table))!r} is nothing that a plan has; it has [[steps]]")
        if not isinstance(steps, list) or not steps or not all(isinstance(step, dict) for step in steps):
            raise SettingsError(f"{path}: there are no steps; begin each with [[steps]]")
        return cls.of(steps, f"{path}, step")

    @classmethod
    def of(cls, steps: Iterable[Mapping[str, object]], source: str = "step") -> Self:
        """Make a plan from records, for code that has no file.

        Parameters
        ----------
        steps
            Records with the attributes of `Step`; None is left out.
        source
            What to call them in messages, before their number from 1 on.

        Raises
        ------
        SettingsError
            A step is wrong: it is named.
        """
        return cls(tuple(_step(step, f"{source} {number}") for number, step in enumerate(steps, start=1)))


_KINDS: dict[str, tuple[type, ...]] = {
    "count": (int,),
    "vm": (str, int),
    **dict.fromkeys(SIZES, (int, float)),
}


def _step(record: Mapping[str, object], source: str) -> Step:
    known = [each.name for each in fields(Step) if each.name != "source"]
    values: dict[str, Any] = {}
    for name, value in record.items():
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)
            raise SettingsError(f"{source}: a step has no {name!r}; did you mean {nearest[0]}?")
        kinds = _KINDS.get(name, (str,))
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise SettingsError(f"{source}: {name} is {value!r}; it must be {_WORDS[kinds[0]]}")
        values[name] = str(value) if name == "vm" else float(value) if name in SIZES else value  # type: ignore[arg-type]  # Step checks it
    if "action" not in values:
        raise SettingsError(f"{source}: no action; it is one of {', '.join(get_args(Action))}")
    return Step(**values, source=source)


_WORDS: dict[type, str] = {str: "text in quotes", int: "a whole number"}
