"""What a report stands on: a month, the months before it, and how fresh all of it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.cost import budget_status, cost_forecast, credit_runway, monthly_costs
from vmgen_analytics.cost.bills import billed_months
from vmgen_analytics.cost.cents import rounded
from vmgen_analytics.plots.labels import money
from vmgen_analytics.schema import TABLES, machine_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vmgen_analytics.cost import Budgets, CostCentres, PriceBook
    from vmgen_analytics.cost.bills import InvoicePeriod
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
        vms = days[~days["account"].isin(billed)].drop_duplicates(machine_key(days))["account"].value_counts(sort=False)
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
