"""What a report stands on: a month, the months before it, and how fresh all of it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.cost import budget_status, cost_forecast, credit_runway, monthly_costs
from vmgen_analytics.cost.bills import billed_months
from vmgen_analytics.cost.cents import rounded
from vmgen_analytics.errors import ArchiveError
from vmgen_analytics.fleet import lifetimes
from vmgen_analytics.fleet.coverage import coverage_by_account, month_state, unseen_by_account
from vmgen_analytics.ledger import read_ledger
from vmgen_analytics.plots.labels import as_month, money
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.cost import Budgets, CostCentres, PriceBook
    from vmgen_analytics.cost.bills import InvoicePeriod
    from vmgen_analytics.settings import Settings
    from vmgen_analytics.transfer import TransferPolicy

MONTHS = 12
"""How many months a report looks at, its own included."""


@dataclass(frozen=True)
class Facts:
    """All tables behind a report.

    Attributes
    ----------
    month, months
        The month, and the months up to it, oldest first.
    days, invoices, costs, coverage
        Tables ``vm_days``, ``invoices``, ``allocated_costs`` and ``coverage`` of these months.
    states
        Whether each month is open, closing or closed.
    prices
        The price book, None without one.
    currency
        Empty where nobody said which.
    zones
        Time zone of each account.
    fetched_at
        When the provider was asked last, None where that is not known.
    incomplete
        Tables that the last sync could not fetch whole.
    source
        Where the archive is.
    now
        The time at which the archive was filled last, where the account is that is behind the others.
    centres, budgets
        The rules that say who pays, and the budgets; None without any.
    accounts
        Table ``accounts``, all observations.
    weights
        What a package weighs in a forecast without prices; None for the usual weights.
    invoice_periods
        By account, whether an invoice bills the month of its date or the month before.
    lifetimes
        Table ``lifetimes``, for births and deaths that are bounds.
    transfer
        Transfer policies; None takes what the price book says.
    unseen
        Table ``vm_days`` of the days of months that are over, after which no sync asked.
    """

    month: pd.Period
    months: Sequence[pd.Period]
    days: pd.DataFrame
    invoices: pd.DataFrame
    costs: pd.DataFrame
    coverage: pd.DataFrame
    states: dict[pd.Period, str]
    prices: PriceBook | None = None
    currency: str = ""
    zones: tuple[str, ...] = ("UTC",)
    fetched_at: pd.Timestamp | None = None
    incomplete: tuple[str, ...] = ()
    source: str = ""
    now: pd.Timestamp | None = None
    centres: CostCentres | None = None
    budgets: Budgets | None = None
    accounts: pd.DataFrame = field(default_factory=TABLES["accounts"].frame)
    weights: Mapping[str, float] | None = None
    invoice_periods: Mapping[str, InvoicePeriod] = field(default_factory=dict)
    lifetimes: pd.DataFrame = field(default_factory=TABLES["lifetimes"].frame)
    transfer: Sequence[TransferPolicy] | None = None
    unseen: pd.DataFrame = field(default_factory=TABLES["vm_days"].frame)

    @cached_property
    def totals(self) -> dict[pd.Period, float]:
        """What each month with an invoice cost, in cents."""
        monthly = self._monthly
        return {month: rounded(cost) for month, cost in zip(monthly["month"], monthly["allocated_cost"], strict=True)}

    @cached_property
    def _monthly(self) -> pd.DataFrame:
        return monthly_costs(self.costs)

    def monthly(self, by: str) -> pd.DataFrame:
        """Table ``monthly_costs`` of a grouping, without what is unknown as no invoice bills its account."""
        found = monthly_costs(self.costs, by=by)
        return found[found["allocated_cost"].notna()].reset_index(drop=True)

    def not_invoiced(self, month: pd.Period) -> dict[str, int]:
        """How many VMs each account had in a month of which no invoice bills anything yet; other accounts left out.

        Corrections of other months that are booked in this one bill nothing of it.
        """
        costs, days = self.of_month(self.costs, month), self.of_month(self.days, month)
        billed = costs.loc[costs["corrects"].isna(), "account"].unique()
        vms = days[~days["account"].isin(billed)].groupby("account")["vm_id"].nunique()
        return {str(account): int(number) for account, number in vms.items()}

    @property
    def open_month(self) -> pd.Period | None:
        """The report's month if it is not over."""
        return self.month if self.states[self.month] == "open" else None

    @property
    def whole_month(self) -> pd.Period:
        """The newest month that is over: only such ones are compared."""
        return self.month if self.open_month is None else self.month - 1

    @cached_property
    def forecast(self) -> pd.DataFrame:
        """Table ``cost_forecast`` of the report's month; without rows where it is over."""
        return self._forecast(())

    @cached_property
    def forecast_by_account(self) -> pd.DataFrame:
        """The same account by account."""
        accounts = sorted({*self.days["account"], *self.costs["account"]})
        if len(accounts) == 1 and len(self.forecast):  # no need to look at every month again
            return TABLES["cost_forecast"].cast(self.forecast.assign(account=accounts[0]))
        return self._forecast("account")

    @cached_property
    def budget_status(self) -> pd.DataFrame:
        """Table ``budget_status`` of the budgets that the report's month belongs to, as they stand at its end."""
        if self.budgets is None:
            return TABLES["budget_status"].frame()
        is_open = self.open_month is not None and self.now is not None
        today = self.now.normalize() if is_open and self.now is not None else (self.month + 1).to_timestamp()
        status = budget_status(self.budgets, self.costs, self.forecast, today=today)
        return status[(status["first_month"] <= self.month) & (status["last_month"] >= self.month)]

    @cached_property
    def runway(self) -> pd.DataFrame:
        """Table ``credit_runway`` of the accounts that have paid in advance; without rows where the month is over."""
        if self.open_month is None or self.accounts.empty:
            return TABLES["credit_runway"].frame()
        runway = credit_runway(self.accounts, self.forecast_by_account)
        pays_after = runway["invoicing_model"].str.contains("after", case=False, na=False)
        return runway[runway["runs_out_on"].notna() | (runway["credit"].gt(0) & ~pays_after)]

    def _forecast(self, by: str | tuple[()]) -> pd.DataFrame:
        how: dict[str, Any] = {"by": by, "weights": self.weights, "transfer": self.transfer}
        if self.open_month is None or self.now is None:
            return TABLES["cost_forecast"].frame({"account": []} if by else {})
        return cost_forecast(self.days, self.costs, self.prices, today=self.now.normalize(), **how)

    def without_total(self, month: pd.Period) -> list[tuple[str, int]]:
        """Account and number of the invoices of a month whose total did not come."""
        lacking = self.invoices[self.invoices["total_cost"].isna()]
        found: list[tuple[str, int]] = []
        for account, theirs in lacking.groupby("account"):
            billed = billed_months(theirs, self.invoice_periods.get(str(account), "same-month"))
            found += [(str(account), int(number)) for number in theirs.loc[billed == month, "invoice_id"]]
        return found

    def change(self, month: pd.Period) -> float | None:
        """How much more a month cost than the one before, in cents; None where an account has no invoice of one."""
        compared = self._monthly.loc[self._monthly["change"].notna(), "month"]
        return rounded(self.totals[month] - self.totals[month - 1]) if month in set(compared) else None

    def money(self, amount: float) -> str:
        """Print an amount with the currency, if that is known."""
        return money(amount, self.currency)

    def of_month(self, table: pd.DataFrame, month: pd.Period | None = None) -> pd.DataFrame:
        """Take the rows of a month, by default the report's, from a table with months or dates."""
        months = table["month"] if "month" in table else table["date"].dt.to_period("M")
        return table[months == (self.month if month is None else month)]


def read_facts(
    archive: Archive, month: pd.Period | str | None, settings: Settings, now: pd.Timestamp | None = None
) -> Facts:
    """Read the tables of a month and of those before it.

    Parameters
    ----------
    archive
        The history.
    month
        Which month; None is the newest.
    settings
        Names prices, locations, allocation, currency and time zones.
    now
        The time, to tell which months are over; by default that of each account's last sync.

    Raises
    ------
    ArchiveError
        The archive cannot be read, is empty, or has nothing of that month.
    SchemaError
        The month is none.
    SettingsError, PriceError, AllocationError
        What the settings name cannot be used.
    """
    seen, billed = archive.months("usage", "vms"), _billed(archive, settings)
    known = sorted({*seen, *billed})
    if not known:
        raise ArchiveError(f"the archive at {archive.url} is empty; fill it with: vmgen-analytics sync")
    wanted = (seen or billed)[-1] if month is None else as_month(month)
    if wanted not in known:
        raise ArchiveError(_no_such_month(archive, wanted, known))
    ledger = read_ledger(archive, settings, wanted - (MONTHS - 1), wanted)
    months = [each for each in ledger.months if each >= known[0]]
    clocks = _clocks(archive)
    fetched_at = max(clocks.values()) if clocks else None
    asked = {account: _local(clock, settings, account) for account, clock in clocks.items()}
    earliest = min(asked.values(), default=(known[-1] + 1).to_timestamp())
    moments = _moments(clocks, {str(account) for account in ledger.days["account"]}, now, earliest)
    told = [_local(moment, settings, account) for account, moment in moments.items()]
    syncs = archive.read("syncs")
    unseen = unseen_by_account(ledger.days, syncs, settings, moments)
    accounts = [str(account) for account in ledger.days["account"].unique()] or list(settings.accounts)
    return Facts(
        month=wanted,
        months=months,
        days=ledger.days,
        invoices=ledger.invoices,
        costs=ledger.costs,
        coverage=_until(coverage_by_account(ledger.days, syncs, settings, moments), wanted),
        states={each: month_state(each, min(told, default=earliest)) for each in months},
        prices=ledger.prices,
        currency=settings.currency or ledger.currency,
        zones=tuple(dict.fromkeys(settings.zone(account).key for account in accounts)),
        fetched_at=fetched_at,
        incomplete=_incomplete(archive),
        source=archive.url,
        now=earliest,
        centres=ledger.centres,
        budgets=ledger.budgets,
        accounts=archive.history("accounts"),
        weights=settings.allocation.weights,
        invoice_periods=ledger.invoice_periods,
        lifetimes=lifetimes(archive),
        transfer=ledger.transfer,
        unseen=unseen,
    )


def _moments(
    clocks: Mapping[str, pd.Timestamp], accounts: Collection[str], now: pd.Timestamp | None, earliest: pd.Timestamp
) -> dict[str, pd.Timestamp]:
    """Tell the time of each account: now, or when it was last asked where nobody says or that is ahead."""
    unknown = earliest.tz_localize("UTC") if now is None else now
    told = {account: clocks.get(account, unknown) for account in accounts}
    return told if now is None else {account: max(now, clock) for account, clock in told.items()}


def _until(coverage: pd.DataFrame, month: pd.Period) -> pd.DataFrame:
    return coverage[coverage["month"] <= month].reset_index(drop=True)


def _billed(archive: Archive, settings: Settings) -> list[pd.Period]:
    """List the months that invoices bill, oldest first."""
    invoices = archive.read("invoices").dropna(subset="invoice_date")
    delays = [int(settings.invoice_period(str(account)) == "previous-month") for account in invoices["account"]]
    return sorted(set(invoices["invoice_date"].dt.to_period("M").to_numpy() - delays)) if delays else []


def _no_such_month(archive: Archive, month: pd.Period, present: Sequence[pd.Period]) -> str:
    span = str(present[0]) if len(present) == 1 else f"{present[0]} to {present[-1]}"
    return f"the archive at {archive.url} has nothing of {month}; it has {span}: choose one of these with --month"


def _clocks(archive: Archive) -> dict[str, pd.Timestamp]:
    """When each account was last asked, by the provider's clock."""
    syncs = archive.read("syncs")
    if syncs.empty:
        seen = archive.read("usage")
        return {str(account): at for account, at in seen.groupby("account")["seen_at"].max().dropna().items()}
    brought = syncs[syncs["rows"].gt(0) | syncs["error"].isna()]  # some syncs reached nobody
    return {str(account): at for account, at in brought.groupby("account")["ended_at"].max().dropna().items()}


def _local(clock: pd.Timestamp, settings: Settings, account: str) -> pd.Timestamp:
    return clock.tz_convert(settings.zone(account)).tz_localize(None)


def _incomplete(archive: Archive) -> tuple[str, ...]:
    syncs = archive.read("syncs").sort_values("started_at").drop_duplicates("account", keep="last")
    return tuple(sorted({name for names in syncs["incomplete"].dropna() for name in names.split(",") if name}))
