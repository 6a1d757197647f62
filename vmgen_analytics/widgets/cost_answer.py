"""What the cost panel says about its data and choices: numbers and sentences, without any widget."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics import cost, plots
from vmgen_analytics.cost.billed import BilledMonths
from vmgen_analytics.plots import labels
from vmgen_analytics.schema import UNASSIGNED, machine_key
from vmgen_analytics.widgets.cost_code import reproduction
from vmgen_analytics.widgets.cost_notices import notices
from vmgen_analytics.widgets.cost_outlook import outlook
from vmgen_analytics.widgets.cost_tables import printed_changes, printed_table
from vmgen_analytics.widgets.periods import Months
from vmgen_analytics.widgets.syncs import fetched, sync_day
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    import datetime as dt

    from matplotlib.axes import Axes

    from vmgen_analytics.settings import Settings
    from vmgen_analytics.widgets.cost_model import CostChoices, CostData

_PREPOSITIONS = {
    "location": "in",
    "package": "for package",
    "vm_id": "for",
    "cost_centre": "for cost centre",
    "account": "for account",
}
_DIVIDED = {
    "price_book": "by list price",
    "package_weight": "by the size of their packages",
    "bandwidth": "by their traffic",
    "hours": "by their hours",
    "even": "evenly",
}


def cost_table(monthly: pd.DataFrame, by: str) -> pd.DataFrame:
    """Spread the months of a grouping into columns, with a total, the largest first.

    Parameters
    ----------
    monthly
        Table ``monthly_costs`` by one of location, package, vm_id, cost_centre and account.
    by
        Which one.

    Returns
    -------
    DataFrame
        The group (for VMs account, vm_id, incarnation and vm_name), a column for each month, and total. [currency] A
        month in which a group has no costs at all is missing.
    """
    keys = machine_key(monthly) if by == "vm_id" else [by]
    named = monthly.assign(month=monthly["month"].astype("str"))
    wide = named.pivot(index=keys, columns="month", values="allocated_cost")  # noqa: PD010 - keeps what is unknown
    table = wide.rename_axis(columns=None)
    table["total"] = table.sum(axis=1).round(6)
    if by == "vm_id":
        table.insert(0, "vm_name", named.groupby(keys, dropna=False)["vm_name"].last())
    return table.sort_values("total", ascending=False, kind="stable").reset_index()


@dataclass(frozen=True, eq=False)
class CostAnswer:
    """Everything that the panel shows for one set of choices; each part is computed once, when it is asked for."""

    data: CostData
    choices: CostChoices
    settings: Settings
    today: dt.date

    @cached_property
    def months(self) -> Months:
        """The months that are chosen."""
        return self.choices.months(self.today)

    @cached_property
    def open_month(self) -> pd.Period | None:
        """The month that was not over when the archive was last filled; its invoice may still grow."""
        return None if self.as_of is None else self.as_of.to_period("M")

    @cached_property
    def costs(self) -> pd.DataFrame:
        """Table ``allocated_costs`` of what is chosen."""
        costs = self.chosen
        return costs[(costs["month"] >= self.months.start) & (costs["month"] < self.months.end)]

    @cached_property
    def monthly(self) -> pd.DataFrame:
        """Table ``monthly_costs`` of what is chosen."""
        return cost.monthly_costs(self.costs, by=self.choices.by)

    @property
    def name(self) -> str:
        """What the files are called, without their ending."""
        if self.is_of_changes:
            return f"cost_changes_{self.changed_month}"
        return f"costs_{self.months.start}_{self.months.end - 1}_by_{self.choices.by}"

    def axes(self) -> Axes:
        """Draw the chart."""
        how: dict[str, Any] = {"currency": self.currency, "top": self.choices.top}
        if self.is_of_changes:
            return plots.cost_changes(self.table, **how)
        return plots.monthly_costs(self.monthly, open_month=self.open_month, **how)

    def printed(self) -> str:
        """The table as HTML, in cents that add up."""
        return printed_changes(self) if self.is_of_changes else printed_table(self)

    def python(self, url: str) -> str:
        """The script that ends with the same ``table`` and with ``ax``, its chart."""
        return reproduction(self, url)

    @property
    def is_of_changes(self) -> bool:
        """Whether what changed is shown, and not month by month."""
        return self.choices.show == "changes"

    @cached_property
    def changed_month(self) -> pd.Period:
        """The last month of those that are chosen that is over, else the last one; it is set against the one before."""
        closed = self.months if self.open_month is None else self.months.until(self.open_month)
        return (closed if len(closed) else self.months).end - 1

    @cached_property
    def table(self) -> pd.DataFrame:
        """The table of the panel: a group a row, a month a column, and the total; or table ``cost_changes``."""
        if self.is_of_changes:
            by = "vm_id" if self.choices.by == "vm_id" else ()
            return cost.cost_changes(self.chosen, self.changed_month, by)
        return cost_table(self.monthly, self.choices.by)

    @cached_property
    def totals(self) -> dict[pd.Period, float]:
        """Costs of every month in the archive, for what is chosen."""
        what = (self.choices.scope, self.choices.cost_centre)
        if what not in self.data.totals:
            monthly = cost.monthly_costs(self.chosen)
            self.data.totals[what] = dict(zip(monthly["month"], monthly["allocated_cost"], strict=True))
        return self.data.totals[what]

    @cached_property
    def currency(self) -> str:
        """The currency of the settings, else of the price book; empty if neither names one."""
        return self.settings.currency or (self.data.ledger.currency if self.data.ledger else "")

    @cached_property
    def chosen(self) -> pd.DataFrame:
        """Table ``allocated_costs`` of the part of the fleet and the cost centre that are chosen, of every month."""
        costs, centre = self.choices.scope.of(self.data.costs), self.choices.cost_centre
        return costs if centre is None else costs[costs["cost_centre"] == centre]

    def money(self, amount: float, *, signed: bool = False) -> str:
        """Print an amount in cents, with the currency that is set."""
        return labels.money(amount, self.currency, signed=signed)

    def sentence(self) -> str:
        """Say what was spent, when, and mostly on what."""
        if self.is_of_changes:
            return self._changed()
        when = self.months.in_words()
        if self.table.empty:
            return f"No invoices for {when}"
        total = self._sum(self.months)
        so_far = " so far" if self.is_open(self.months) else ""
        spent = f"{when} cost {self.money(total)}{so_far}{self._of_what()}"
        first = self.table.iloc[0]
        if len(self.table) < 2 or total <= 0 or first["total"] <= 0:
            return spent
        return f"{spent}, the largest part {self._where(first)} ({labels.percent(first['total'] / total)})"

    def numbers(self) -> list[tuple[str, str, str]]:
        """Name, number and comparison of each key number."""
        closed = self.months if self.open_month is None else self.months.until(self.open_month)
        present = sum(month in self.totals for month in self.months)
        of = "" if present == len(self.months) else f"{present} of "
        name = f"Total of {of}{counted(len(self.months), 'month')}"
        numbers = [(name, self.money(self._sum(self.months)), self._change(closed))]
        if len(closed) > 1:
            last = Months(closed.end - 1, closed.end)
            amounts = [self.totals[month] for month in closed if month in self.totals]
            mean = sum(amounts) / len(amounts) if amounts else float("nan")
            numbers.append((last.in_words(), self.money(self._sum(last)), self._change(last)))
            rests_on = f"over {counted(len(amounts), 'full month')}"
            numbers.append(("A month on average", self.money(mean), rests_on))
        if len(closed) and self.open_month is not None and self.open_month in self.totals:
            amount = self.money(self.totals[self.open_month])
            remark = "part of the total" if self.open_month in list(self.months) else "not in the total"
            numbers.append((f"{labels.month_name(self.open_month)} so far", amount, remark))
        return [*numbers, *outlook(self)]

    def notices(self) -> list[str]:
        """Say what a reader must know before trusting the numbers: what is missing, unfinished or old."""
        return notices(self)

    def small_print(self) -> list[str]:
        """Say what the numbers are: period, zone, currency, how they were divided, when they were fetched."""
        if self.costs.empty:
            return []
        zones = sorted({self.settings.zone(account).key for account in self.data.accounts})
        how = [_DIVIDED[key] for key in sorted(self.costs["key"].unique()) if key in _DIVIDED]
        money = f"in {self.currency}" if self.currency else "no currency is set, so numbers are bare"
        divided = f"divided over VM-days {' and '.join(how)}".rstrip()
        period = f"{self.months.start}-01 until before {self.months.end}-01"
        return [
            f"{period}, {' and '.join(zones)}; {money}. Fetched {fetched(self.data.syncs)}.",
            f"Invoices, credits included, {divided}. The provider bills one sum: all money per VM is an estimate.",
            "Printed in cents that add up; the file has every millionth.",
        ]

    def _changed(self) -> str:
        """Say how much more or less a month cost than the one before, and mostly why."""
        month, before = labels.month_name(self.changed_month), labels.month_name(self.changed_month - 1)
        whose = self._of_what()
        if self.table.empty:
            return f"No change from {before} to {month}{whose}: both cost the same, or one of them has no invoice"
        total = float(self.table["total_after"].iloc[-1] - self.table["total_before"].iloc[0])
        by_reason = self.table.groupby("reason")["change"].sum()
        reason = str(by_reason.abs().idxmax())
        most = f"most of it {reason} ({self.money(float(by_reason[reason]), signed=True)})"
        if abs(total) < 0.005:
            return f"{month} cost as much as {before}{whose}, but not for the same: {most}"
        return f"{month} cost {self.money(abs(total))} {'more' if total > 0 else 'less'}{whose} than {before}, {most}"

    def _of_what(self) -> str:
        """Name what is chosen, where that is not everything."""
        choices, scope = self.choices, self.choices.scope
        names = self.chosen["vm_name"].dropna()
        parts = (
            (scope.vm_id, f"VM {names.iloc[-1] if len(names) else scope.vm_id}"),
            (scope.location, f"location {scope.location}" if scope.location else "an unknown location"),
            (scope.account, f"account {scope.account}"),
            (choices.cost_centre, f"cost centre {choices.cost_centre}"),
        )
        said = [text for chosen, text in parts if chosen is not None]
        return f" for {', '.join(said)}" if said else ""

    def _sum(self, months: Months) -> float:
        return round(float(sum(self.totals[month] for month in months if month in self.totals)), 6)

    def is_open(self, months: Months) -> bool:
        """Whether a month that is not over is among some months, and has costs."""
        return self.open_month in list(months) and self.open_month in self.totals

    def _where(self, row: pd.Series[Any]) -> str:
        by = self.choices.by
        name = row["vm_name" if by == "vm_id" else by]
        if pd.isna(name):
            return f"in VM {row['vm_id']}" if by == "vm_id" else f"with an unknown {by}"
        if name in {labels.NOWHERE, UNASSIGNED}:
            return str(name)
        return f"{_PREPOSITIONS[by]} {name}"

    def _change(self, months: Months) -> str:
        """Compare months with as many right before them, if all of them have invoices."""
        before = months.before()
        if not len(months):
            return "the month is not over: no comparison"
        if absent := [month for month in (*before, *months) if month not in self.totals]:
            return f"no comparison: no invoices for {labels.month_name(absent[0])}"
        billed, accounts = BilledMonths.of(self.data.costs), set(self.chosen["account"].unique())
        lacking = [(name, month) for month in (*before, *months) for name in billed.lacking(month) if name in accounts]
        if lacking:
            return f"no comparison: account {lacking[0][0]} has no invoice for {labels.month_name(lacking[0][1])}"
        now, then = self._sum(months), self._sum(before)
        part = f" ({labels.percent(now / then - 1, decimals=1, signed=True)})" if then > 0 else ""
        since = "" if months.end == self.months.end or len(months) == 1 else f"{months.in_words()}: "
        return f"{since}{self.money(now - then, signed=True)}{part} against {before.in_words()}"

    @property
    def as_of(self) -> pd.Timestamp | None:
        """The day of the last sync, where the accounts are."""
        return sync_day(self.data.syncs, self.settings)
