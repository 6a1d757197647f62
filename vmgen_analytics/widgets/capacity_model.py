"""What the capacity panel knows and what a person has chosen, without any widget."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from vmgen_analytics.capacity import (
    Limit,
    Plan,
    capacity_forecast,
    fleet_changes,
    footprint,
    footprint_forecast,
    vm_lifetime,
    vm_survival,
)
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.planning import read_planning
from vmgen_analytics.widgets.days import CUSTOM, DAY, DAY_PERIODS, FULL_DAYS, Days, resolved_days
from vmgen_analytics.widgets.scope import Scope
from vmgen_analytics.widgets.syncs import last_syncs
from vmgen_analytics.widgets.views import Viewed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.planning import Planning
    from vmgen_analytics.settings import Settings

SHOWS = {
    "footprint": "Footprint",
    "growth": "Growth and limits",
    "changes": "Births and deaths",
    "catalogue": "Catalogue",
    "what_if": "What if",
}
MEASURES = {"vms": "VMs", "vcpus": "vCPUs", "ram_GB": "Memory (GB)", "disk_GB": "Disk (GB)"}
GROUPS = {"location": "Location", "package": "Package", "account": "Account"}


@dataclass(frozen=True)
class Part(Scope):
    """A part of the fleet, or of what is on offer: as `Scope`, and of one package.

    Attributes
    ----------
    package
        Only this one; `UNKNOWN` for VMs of which none is known, None for all.
    """

    package: str | None = None

    def _chosen(self) -> Iterator[tuple[str, Any]]:
        yield from super()._chosen()
        if self.package is not None:
            yield "package", self.package

    def in_words(self) -> str:
        """Name it for a reader: of package Small in Warsaw, of account shop; empty for everything."""
        words = []
        if self.package is not None:
            words.append(f"of package {self.package}" if self.package else "of an unknown package")
        if self.location is not None:
            words.append(f"in {self.location}" if self.location else "in an unknown location")
        if self.account is not None:
            words.append(f"of account {self.account}")
        return " ".join(words)


@dataclass(frozen=True)
class CapacityChoices(Viewed):
    """What a person has chosen: the only truth that chart, table, file and code are made from.

    Attributes
    ----------
    show
        ``footprint``, ``growth``, ``changes``, ``catalogue`` or ``what_if``.
    measure
        vms, vcpus, ram_GB or disk_GB.
    period, start, end
        One of the presets of days, or ``custom`` with the first day and the first one after.
    by
        location, package or account.
    account, location, package
        Only this one, empty for the unknown ones; None for all.
    limit
        A limit of the measure that is supposed, for want of a known one; None without.
    plan
        The steps to try, as `Plan.of` takes them.

    Raises
    ------
    SettingsError
        A choice is none of those that there are, or a step of the plan is wrong.
    """

    show: str = "footprint"
    measure: str = "vms"
    period: str = "last 90 days"
    start: str | None = None
    end: str | None = None
    by: str = "location"
    account: str | None = None
    location: str | None = None
    package: str | None = None
    limit: float | None = None
    plan: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        self._check_offered(show=SHOWS, measure=MEASURES, period=DAY_PERIODS, by=GROUPS)
        self._check_scope()
        limit = self.limit
        if limit is not None:
            is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
            if not is_number or not 0 < limit < math.inf:
                raise SettingsError(f"limit is {limit!r} in the view; it must be a number above 0")
        if self.period == CUSTOM:
            self.days(dt.date.min)
        Plan.of(self.plan)

    @classmethod
    def of(cls, view: Mapping[str, Any]) -> Self:
        """Read choices from a view, as `view` makes it."""
        plan = view.get("plan", ())
        if not isinstance(plan, list | tuple) or not all(isinstance(step, dict) for step in plan):
            raise SettingsError(f"plan is {plan!r} in the view; it must be a list of steps, each a dict")
        return super().of({**view, "plan": tuple(dict(step) for step in plan)})

    def view(self) -> dict[str, Any]:
        """Put the choices into a small dict; what was not chosen is left out."""
        plan = [dict(step) for step in self.plan]
        return super().view() | ({"plan": plan} if plan else {})

    def _left_out(self) -> Collection[str]:
        return ("plan",) if self.period == CUSTOM else ("plan", "start", "end")

    @property
    def part(self) -> Part:
        """The part of the fleet that is chosen."""
        return Part(self.account, self.location, package=self.package)

    def days(self, today: dt.date) -> Days:
        """Resolve the period on a day; that day counts, as a fleet is known as soon as it was looked at."""
        days = resolved_days(self.period, self.start, self.end, today)
        return Days(days.start + DAY, days.end + DAY) if self.period in FULL_DAYS else days


@dataclass(frozen=True, eq=False)
class CapacityData:
    """What the archive holds about the fleet and what is on offer; what was computed is kept until the next reading.

    Attributes
    ----------
    planning
        Days, lives, catalogue, prices and limits.
    syncs
        Table ``syncs``, the last one of each account.
    is_empty
        Whether the archive holds nothing at all.
    """

    planning: Planning
    syncs: pd.DataFrame
    is_empty: bool
    _made: dict[tuple[Any, ...], pd.DataFrame] = field(default_factory=dict)

    @classmethod
    def read(cls, archive: Archive, settings: Settings) -> Self:
        """Read the archive, and the files that the settings name.

        Raises
        ------
        VMgenError
            The archive, the price book, the limits or another file cannot be read.
        """
        planning = read_planning(archive, settings)
        return cls(planning, last_syncs(planning.syncs), is_empty=not archive.tables())

    @property
    def last_day(self) -> pd.Timestamp | None:
        """The last day of which anything is known."""
        days = self.planning.days
        return None if days.empty else days["date"].max()

    @cached_property
    def today(self) -> pd.DataFrame:
        """The rows of table ``vm_days`` of each account's last day: what a plan begins with."""
        days = self.planning.days
        return days[days["date"] == days.groupby("account")["date"].transform("max")]

    @cached_property
    def places(self) -> pd.DataFrame:
        """Each account, location and package that occurs together, of VMs and of what is on offer."""
        names = ["account", "location", "package"]
        parts = [self.planning.days[names], self.planning.catalogue[names]]
        return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)

    @cached_property
    def accounts(self) -> list[str]:
        """Every account that has anything."""
        return sorted(self.places["account"].unique())

    def footprint(self, by: str | Sequence[str], part: Part) -> pd.DataFrame:
        """Table ``footprint`` of a part of the fleet, of every day."""
        return self._once("footprint", by, part, make=lambda: footprint(part.of(self.planning.days), by))

    def changes(self, by: str | Sequence[str], part: Part) -> pd.DataFrame:
        """Table ``fleet_changes`` of a part of the fleet, of every month."""
        known = self.planning
        return self._once("changes", by, part, make=lambda: fleet_changes(part.of(known.lifetimes), known.syncs, by))

    def lifetime(self, part: Part) -> pd.DataFrame:
        """Table ``vm_lifetime`` of a part of the fleet."""
        known = self.planning
        return self._once(
            "lifetime", part, make=lambda: vm_lifetime(vm_survival(part.of(known.lifetimes), known.syncs))
        )

    def forecast(self, measure: str, part: Part) -> pd.DataFrame:
        """Table ``footprint_forecast`` of one measure of a part of the fleet."""
        known = self.planning
        return self._once(
            *("forecast", measure, part),
            make=lambda: footprint_forecast(part.of(known.lifetimes), known.syncs, known.days, measures=[measure]),
        )

    def reached(self, limits: tuple[Limit, ...]) -> pd.DataFrame:
        """Table ``capacity_forecast`` of limits."""
        known = self.planning
        return self._once(
            "reached", limits, make=lambda: capacity_forecast(limits, known.lifetimes, known.syncs, known.days)
        )

    def _once(self, *key: Any, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]
