"""What the cost panel knows and what a person has chosen, without any widget."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from vmgen_analytics.cost import cost_forecast
from vmgen_analytics.ledger import Ledger, read_ledger
from vmgen_analytics.schema import TABLES
from vmgen_analytics.widgets.periods import CUSTOM, PERIODS, resolved
from vmgen_analytics.widgets.scope import Scope
from vmgen_analytics.widgets.syncs import last_syncs
from vmgen_analytics.widgets.views import Viewed

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings
    from vmgen_analytics.widgets.periods import Months

GROUPS = {
    "location": "Location",
    "package": "Package",
    "vm_id": "VM",
    "cost_centre": "Cost centre",
    "account": "Account",
}
SHOWS = {"months": "Month by month", "changes": "What changed"}
MOST_NAMED = 20


@dataclass(frozen=True)
class CostChoices(Viewed):
    """What a person has chosen: the only truth that chart, table, file and code are made from.

    Attributes
    ----------
    period
        One of the presets, or ``custom`` with ``start`` and ``end``, the first month and the first one after.
    by
        location, package, vm_id, cost_centre or account.
    account, location, vm_id, cost_centre
        Only this account, location (empty for an unknown one), VM or cost centre; None for all.
    show
        ``months``, or ``changes``: why the last month of the period that is over cost more or less than the one before.
    top
        So many groups by name in the chart.

    Raises
    ------
    SettingsError
        A choice is none of those that there are.
    """

    period: str = "last 6 months"
    start: str | None = None
    end: str | None = None
    by: str = "location"
    account: str | None = None
    top: int = 8
    cost_centre: str | None = None
    show: str = "months"
    location: str | None = None
    vm_id: int | None = None

    def __post_init__(self) -> None:
        self._check_offered(period=PERIODS, by=GROUPS, show=SHOWS)
        self._check_top(self.top, MOST_NAMED)
        self._check_scope()
        if self.period == CUSTOM:
            self.months(dt.date.min)

    def _left_out(self) -> Collection[str]:
        months = () if self.period == CUSTOM else ("start", "end")
        return (*months, "show") if self.show == "months" else months

    @property
    def scope(self) -> Scope:
        """The part of the fleet that is chosen."""
        return Scope(self.account, self.location, self.vm_id)

    def months(self, today: dt.date) -> Months:
        """Resolve the period on a day."""
        return resolved(self.period, self.start, self.end, today)


@dataclass(frozen=True, eq=False)
class CostData:
    """What the archive holds about money: divided once, and from then on only regrouped.

    Attributes
    ----------
    ledger
        Every month that has an invoice; None without invoices.
    syncs
        Table ``syncs``, the last one of each account.
    is_empty
        Whether the archive holds nothing at all.
    totals
        What each part of the fleet and cost centre cost by month, as far as anyone asked.
    """

    ledger: Ledger | None
    syncs: pd.DataFrame
    is_empty: bool
    totals: dict[tuple[Scope, str | None], dict[pd.Period, float]] = field(default_factory=dict)
    _forecasts: dict[tuple[str | None, pd.Timestamp], pd.DataFrame] = field(default_factory=dict)

    @classmethod
    def read(cls, archive: Archive, settings: Settings) -> Self:
        """Read the archive and divide its invoices as the settings say.

        Raises
        ------
        VMgenError
            The archive, the price book or the mapping of locations cannot be read, or the key has no value.
        """
        syncs = last_syncs(archive.read("syncs"))
        invoices = archive.read("invoices")
        if invoices.empty:
            return cls(None, syncs, is_empty=not archive.tables())
        dates = invoices["invoice_date"].fillna(invoices["seen_at"].dt.tz_localize(None)).dt.to_period("M")
        first = dates.min() - 1  # an invoice may bill the month before its date
        ledger = read_ledger(archive, settings, first, dates.max())
        return cls(ledger, syncs, is_empty=False)

    @property
    def costs(self) -> pd.DataFrame:
        """Table ``allocated_costs`` of every invoice in the archive."""
        return TABLES["allocated_costs"].frame() if self.ledger is None else self.ledger.costs

    @cached_property
    def accounts(self) -> list[str]:
        """Accounts that have invoices."""
        return sorted(self.costs["account"].unique())

    @cached_property
    def fleet(self) -> pd.DataFrame:
        """Account, number, name and location of every VM that costs something, the newest last."""
        return self.costs[["account", "vm_id", "vm_name", "location"]].drop_duplicates(keep="last")

    @cached_property
    def centres(self) -> list[str]:
        """Cost centres that pay for something, the unassigned among them; none without rules."""
        return [] if self.ledger is None or self.ledger.centres is None else sorted(self.costs["cost_centre"].unique())

    def forecast(self, account: str | None, today: pd.Timestamp, settings: Settings) -> pd.DataFrame:
        """Table ``cost_forecast`` of everything or of an account, computed once for all views."""
        if (account, today) not in self._forecasts:
            ledger = self.ledger
            how: dict[str, Any] = {"today": today, "weights": settings.allocation.weights}
            if ledger is None:
                return TABLES["cost_forecast"].frame()
            how |= {"by": "account" if account else (), "transfer": ledger.transfer}
            found = cost_forecast(ledger.days, ledger.costs, ledger.prices, **how)
            self._forecasts[account, today] = found[found["account"] == account] if account else found
        return self._forecasts[account, today]
