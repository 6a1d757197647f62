"""Prices that nobody published, inferred from closed months: totals of invoices against what ran in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.bills import billed_months
from vmgen_analytics.cost.least_squares import confounded, non_negative, standard_errors
from vmgen_analytics.cost.words import counted, listed
from vmgen_analytics.errors import PriceError
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmgen_analytics.cost.bills import InvoicePeriod

FEWEST_MONTHS = 3


def estimated_prices(
    days: pd.DataFrame,
    invoices: pd.DataFrame,
    until: pd.Period | str,
    *,
    by_location: bool | None = None,
    invoice_periods: Mapping[str, InvoicePeriod] | None = None,
) -> pd.DataFrame:
    """The monthly price of each package, by non-negative least squares of invoices on package-months.

    A month counts for an account if its invoices have totals and none is a credit, and if VMs are known for each of
    its days, all with a package. Accounts pay the same prices, so that each adds its months.

    Parameters
    ----------
    days
        Table ``vm_days`` of closed months.
    invoices
        Table ``invoices``, one observation an invoice.
    until
        The first month that is not closed.
    by_location
        Whether a package has a price in each location; None means where the months can tell that.
    invoice_periods
        By account, whether an invoice bills the month of its date (else) or the month before.

    Returns
    -------
    DataFrame
        Table ``estimated_prices``: package, location, monthly_price, standard_error, package_months, months, r_squared,
        largest_residual. [currency] A location is empty where a price holds in all.

    Raises
    ------
    SchemaError
        A frame is not its table.
    PriceError
        The months cannot tell: there are too few, or packages always appear together; they are named.
    """
    TABLES["vm_days"].check(days, unique=False)
    TABLES["invoices"].check(invoices)
    usable = _usable(days, invoices, pd.Period(until, freq="M"), invoice_periods or {})
    if by_location is None:
        places = usable.days["location"]
        try:
            return _estimated(usable, ["package", "location"]) if places.notna().all() else _estimated(usable)
        except PriceError:
            return _estimated(usable)
    if by_location and usable.days["location"].isna().any():
        raise PriceError("prices by location need the location of each VM; fill in vm_locations, or leave it out")
    return _estimated(usable, ["package", "location"] if by_location else ["package"])


@dataclass(frozen=True)
class _Usable:
    """The VM-days and totals of the months that count, and why others do not."""

    days: pd.DataFrame
    totals: pd.Series
    left_out: tuple[str, ...]

    @property
    def hint(self) -> str:
        """Which closed months do not count, and why."""
        return f"; left out: {'; '.join(self.left_out)}" if self.left_out else ""


def _usable(
    days: pd.DataFrame, invoices: pd.DataFrame, until: pd.Period, periods: Mapping[str, InvoicePeriod]
) -> _Usable:
    days = days.assign(month=days["date"].dt.to_period("M"))
    months = [
        billed_months(part, periods.get(str(account), "same-month")) for account, part in invoices.groupby("account")
    ]
    billed = invoices.assign(month=pd.concat(months) if months else pd.Series(dtype="period[M]"))
    billed = billed[billed["month"] < until]
    totals, left_out = {}, []
    of_month = dict(list(days.groupby(["account", "month"])))
    for key, bills in billed.groupby(["account", "month"]):
        month = bills["month"].iloc[0]
        if why := _unusable(bills, of_month.get(key), month):
            left_out.append(f"{month} {why}")
        else:
            totals[key] = float(bills["total_cost"].sum())
    kept = pd.MultiIndex.from_tuples(totals, names=["account", "month"]) if totals else None
    is_kept = np.zeros(len(days), dtype="bool")
    if kept is not None:
        is_kept = pd.MultiIndex.from_frame(days[["account", "month"]]).isin(kept)
    return _Usable(days[is_kept], pd.Series(totals, dtype="float64"), tuple(left_out))


def _unusable(bills: pd.DataFrame, days: pd.DataFrame | None, month: pd.Period) -> str:
    """Say why a month of an account does not count; nothing if it does."""
    if bills["total_cost"].isna().any():
        return "has an invoice without a total"
    if (bills["total_cost"] < 0).any():
        return f"has a credit of {-bills.loc[bills['total_cost'] < 0, 'total_cost'].sum():.2f}"
    if days is None:
        return "has no VM"
    if (missing := month.days_in_month - days["date"].nunique()) > 0:
        return f"is not covered: no VM is known on {counted(missing, 'day')}"
    if days["package"].isna().any():
        return "has VM-days of an unknown package"
    return ""


def _estimated(usable: _Usable, by: list[str] | None = None) -> pd.DataFrame:
    by = by or ["package"]
    if len(usable.totals) < FEWEST_MONTHS:
        raise PriceError(
            f"prices cannot be estimated: {counted(len(usable.totals), 'closed month')} with an invoice can be used, "
            f"and {FEWEST_MONTHS} are needed{usable.hint}"
        )
    months = usable.days.assign(part=1 / usable.days["date"].dt.days_in_month)
    amounts = months.pivot_table("part", ["account", "month"], by, aggfunc="sum", fill_value=0.0)
    amounts = amounts.reindex(usable.totals.index)
    names = [", ".join(each) for each in amounts.columns.to_frame().itertuples(index=False, name=None)]
    if len(amounts) <= len(names):
        raise PriceError(
            f"prices cannot be estimated: {counted(len(names), 'price')} ({listed(names)}) would need "
            f"{len(names) + 1} closed months, and {counted(len(amounts), 'month')} can be used{usable.hint}"
        )
    matrix, totals = amounts.to_numpy(), usable.totals.to_numpy()
    if groups := confounded(matrix):
        together = "; ".join(listed([names[column] for column in group]) for group in groups)
        raise PriceError(
            f"prices cannot be estimated: in {counted(len(amounts), 'closed month')} these always appear together, so "
            f"that nothing tells which costs what: {together}{usable.hint}"
        )
    return _table(amounts, matrix, totals)


def _table(amounts: pd.DataFrame, matrix: np.ndarray, totals: np.ndarray) -> pd.DataFrame:
    found = non_negative(matrix, totals)
    residuals = totals - matrix @ found
    spread = float(((totals - totals.mean()) ** 2).sum())
    kinds = amounts.columns.to_frame(index=False)
    rows = len(kinds)
    return TABLES["estimated_prices"].frame(
        {
            "package": kinds["package"],
            "location": kinds["location"] if "location" in kinds else [""] * rows,
            "monthly_price": found.round(6),
            "standard_error": standard_errors(matrix, totals, found),
            "package_months": matrix.sum(axis=0),
            "months": [len(totals)] * rows,
            "r_squared": [1 - float((residuals**2).sum()) / spread if spread > 0 else np.nan] * rows,
            "largest_residual": [residuals[np.argmax(np.abs(residuals))]] * rows,
        }
    )
