"""What the bandwidth panel knows and what a person has chosen, without any widget."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

import pandas as pd

from vmgen_analytics import bandwidth
from vmgen_analytics.cost import policies_of, transfer_terms
from vmgen_analytics.planning import read_planning
from vmgen_analytics.plots import labels
from vmgen_analytics.schema import MACHINE
from vmgen_analytics.widgets.days import CUSTOM, DAY_PERIODS, resolved_days
from vmgen_analytics.widgets.scope import Scope
from vmgen_analytics.widgets.syncs import last_syncs
from vmgen_analytics.widgets.views import Viewed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.planning import Planning
    from vmgen_analytics.settings import Settings
    from vmgen_analytics.transfer import TransferPolicy
    from vmgen_analytics.widgets.days import Days

SHOWS = {
    "days": "Traffic by day",
    "calendar": "Calendar",
    "talkers": "Top talkers",
    "anomalies": "Anomalies",
    "quotas": "Quotas",
}
GROUPS = {"date": "Day", "location": "Location", "package": "Package", "vm_id": "VM", "account": "Account"}
DIRECTIONS = {"sum": "Both", "out": "Sent", "in": "Received"}
GROUPED = {"days": tuple(GROUPS), "calendar": tuple(GROUPS), "talkers": tuple(GROUPS)[1:]}
"""What can be grouped, and by what."""

MOST_NAMED = 20
MOST_KEPT = 40


@dataclass(frozen=True)
class BandwidthChoices(Viewed):
    """What a person has chosen: the only truth that chart, table, file and code are made from.

    Attributes
    ----------
    show
        days, calendar, talkers, anomalies or quotas.
    period
        One of the presets, or ``custom`` with ``start`` and ``end``, the first day and the first one after.
    by
        date, location, package, vm_id or account: the rows of the table. Top talkers have no date, and VMs instead.
    account, location, vm_id
        Only this account, location (empty: none that is known) or VM; None for all.
    direction
        out, in, or sum of both: by what is ranked, and what calendars and anomalies show.
    top
        So many by name in the chart.

    Raises
    ------
    SettingsError
        A choice is none of those that there are.
    """

    show: str = "days"
    period: str = "last 28 days"
    start: str | None = None
    end: str | None = None
    by: str = "vm_id"
    account: str | None = None
    location: str | None = None
    vm_id: int | None = None
    direction: str = "sum"
    top: int = 8

    def __post_init__(self) -> None:
        self._check_offered(show=SHOWS, period=DAY_PERIODS, by=GROUPS, direction=DIRECTIONS)
        self._check_top(self.top, MOST_NAMED)
        self._check_scope()
        if self.period == CUSTOM:
            self.days(dt.date.min)

    def _left_out(self) -> Collection[str]:
        return () if self.period == CUSTOM else ("start", "end")

    def days(self, today: dt.date) -> Days:
        """Resolve the period on a day."""
        return resolved_days(self.period, self.start, self.end, today)

    @property
    def group(self) -> str:
        """What the rows of the table are about."""
        return "vm_id" if self.show == "talkers" and self.by == "date" else self.by

    @property
    def scope(self) -> Scope:
        """The part of the fleet that is chosen."""
        return Scope(self.account, self.location, self.vm_id)


@dataclass(frozen=True, eq=False)
class BandwidthData:
    """What the archive holds about traffic: read once, and from then on only regrouped.

    Attributes
    ----------
    planning
        VM-days, prices and transfer policies of the whole archive.
    jobs
        Table ``jobs``: what may coincide with something unusual.
    syncs
        Table ``syncs``, the last one of each account.
    is_empty
        Whether the archive holds nothing at all.
    """

    planning: Planning
    jobs: pd.DataFrame
    syncs: pd.DataFrame
    is_empty: bool
    _kept: dict[Hashable, pd.DataFrame] = field(default_factory=dict)

    @classmethod
    def read(cls, archive: Archive, settings: Settings) -> Self:
        """Read the archive as the settings say.

        Raises
        ------
        VMgenError
            The archive, or a file that the settings name, cannot be read.
        """
        planning = read_planning(archive, settings)
        return cls(planning, archive.read("jobs"), last_syncs(planning.syncs), is_empty=not archive.tables())

    @property
    def days(self) -> pd.DataFrame:
        """Table ``vm_days`` of the whole archive."""
        return self.planning.days

    @cached_property
    def has_reports(self) -> bool:
        """Whether any VM has ever reported any traffic."""
        return bool(self.days[["in_MB", "out_MB"]].notna().any(axis=None))

    @cached_property
    def vms(self) -> pd.DataFrame:
        """VMs in the archive: account, vm_id, incarnation and their newest name, told apart."""
        newest = self.days.drop_duplicates([*MACHINE], keep="last")[[*MACHINE, "vm_name"]]
        names = labels.names(newest)
        return newest.assign(name=[names[key] for key in labels.keyed(newest)])

    @cached_property
    def fleet(self) -> pd.DataFrame:
        """Where each VM ever was under which name: account, vm_id, vm_name and location, the newest last."""
        return self.days[["account", "vm_id", "vm_name", "location"]].drop_duplicates(keep="last", ignore_index=True)

    @cached_property
    def accounts(self) -> list[str]:
        """Accounts that have VMs."""
        return sorted(self.days["account"].unique())

    def rows(self, scope: Scope) -> pd.DataFrame:
        """VM-days of a part of the fleet, of every day."""
        return self.kept(("rows", scope), lambda: scope.of(self.days))

    def kept(self, key: Hashable, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Make a table, or find it where it was made before; those of long ago are forgotten."""
        if key not in self._kept:
            made = make()  # which may keep tables of its own
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = made
        return self._kept[key]

    @cached_property
    def anomalies(self) -> pd.DataFrame:
        """Table ``bandwidth_anomalies`` of the whole archive, found once."""
        return bandwidth.bandwidth_anomalies(self.days, self.jobs)

    @property
    def has_looked(self) -> bool:
        """Whether the anomalies are found already; it takes some seconds in a large fleet."""
        return "anomalies" in self.__dict__

    @cached_property
    def contributions(self) -> pd.DataFrame:
        """Table ``anomaly_contributions`` of the whole archive."""
        return bandwidth.anomaly_contributions(self.days)

    @cached_property
    def policies(self) -> Sequence[TransferPolicy]:
        """The transfer policies, or the one that the price book stands for; empty where none is known."""
        known = self.planning.policies
        return policies_of(self.planning.prices) if known is None else known

    def quotas(self, today: pd.Timestamp) -> pd.DataFrame:
        """Table ``quota_status`` on a day, of every VM."""

        def standing() -> pd.DataFrame:
            terms = transfer_terms(self.days, self.planning.prices)
            return bandwidth.quota_status(self.days, self.policies, today=today, terms=terms)

        return self.kept(("quotas", today), standing)
