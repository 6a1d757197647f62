"""Prices that nobody published, inferred from closed months: totals of invoices against what ran in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.bills import billed_months
from vmgen_analytics.cost.least_squares import confounded, non_negative, without_bounds
from vmgen_analytics.cost.student import student
from vmgen_analytics.cost.words import listed
from vmgen_analytics.errors import PriceError
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from vmgen_analytics.cost.bills import InvoicePeriod

    Numbers = NDArray[np.float64]

FEWEST_MONTHS = 3
WIDEST = 0.25
"""A price whose interval of 95 % reaches further than this part of it to either side is not known."""

NEGLIGIBLE = 0.05
"""Nobody minds an interval as narrow as this, also of a price of next to nothing."""

DAYS_OF_A_MONTH = 30
CORRELATED = 0.7
"""Two prices whose errors are correlated beyond this can be exchanged for each other."""


def estimated_prices(
    days: pd.DataFrame,
    invoices: pd.DataFrame,
    until: pd.Period | str,
    *,
    by_location: bool | None = None,
    invoice_periods: Mapping[str, InvoicePeriod] | None = None,
) -> pd.DataFrame:
    """The monthly price of each package, by non-negative least squares of invoices on package-months.

    A month counts for an account if its invoices have totals, and if VMs are known for each of its days, all with a
    package; credits that are invoices of their own are left out. Accounts pay the same prices, so that each adds its
    months.

    Prices are refused where the interval of one reaches further than a quarter of it. Totals are taken to be off by a
    VM-day of the mean price at least, as no day of birth or death is known better, however well they happen to fit.

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
        Table ``estimated_prices``: package, location, monthly_price, standard_error, low, high, package_months, months,
        r_squared, largest_residual, left_out. [currency] A location is empty where a price holds in all.

    Raises
    ------
    SchemaError
        A frame is not its table.
    PriceError
        The months cannot tell: there are too few, or packages (nearly) always appear together; they are named.
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
            totals[key] = float(bills["total_cost"].clip(lower=0).sum())
            if (credit := -bills["total_cost"].clip(upper=0).sum()) > 0:
                left_out.append(f"a credit of {credit:.2f} in {month}")
    kept = pd.MultiIndex.from_tuples(totals, names=["account", "month"]) if totals else None
    is_kept = np.zeros(len(days), dtype="bool")
    if kept is not None:
        is_kept = pd.MultiIndex.from_frame(days[["account", "month"]]).isin(kept)
    return _Usable(days[is_kept], pd.Series(totals, dtype="float64"), tuple(left_out))


def _unusable(bills: pd.DataFrame, days: pd.DataFrame | None, month: pd.Period) -> str:
    """Say why a month of an account does not count; nothing if it does."""
    if bills["total_cost"].isna().any():
        return "has an invoice without a total"
    if (bills["total_cost"] < 0).all():
        return f"has nothing but a credit of {-bills['total_cost'].sum():.2f}"
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
    errors, reach = _sure(names, matrix, totals, usable.hint)
    return _table(amounts, totals, errors, reach).assign(left_out="; ".join(usable.left_out))


def _sure(names: list[str], matrix: Numbers, totals: Numbers, hint: str) -> tuple[Numbers, Numbers]:
    """Say how far each price may be off, as standard error and for 95 of 100 cases, if the months tell all of them."""
    day = float(totals.sum() / matrix.sum()) / DAYS_OF_A_MONTH
    found, covariance = without_bounds(matrix, totals, day)
    errors = np.sqrt(np.diag(covariance))
    reach = student(len(totals) - len(names), 0.95) * errors
    if (vague := reach > np.maximum(WIDEST * found, NEGLIGIBLE)).any():
        beside = np.abs(covariance / np.outer(errors, errors)) > CORRELATED
        told = [column for column in range(len(names)) if vague[column] or beside[vague, column].any()]
        worst = int(np.argmax(np.where(vague, reach, 0.0)))
        raise PriceError(
            f"prices cannot be estimated: {counted(len(totals), 'closed month')} hardly tell what these cost, as they "
            f"vary too little or together: {listed([names[column] for column in told])}; {names[worst]} would be "
            f"{found[worst]:.2f}, and may be {reach[worst]:.2f} off{hint}"
        )
    return errors, reach


def _table(amounts: pd.DataFrame, totals: Numbers, errors: Numbers, reach: Numbers) -> pd.DataFrame:
    matrix = amounts.to_numpy()
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
            "standard_error": errors,
            "low": np.maximum(found - reach, 0.0),
            "high": found + reach,
            "package_months": matrix.sum(axis=0),
            "months": [len(totals)] * rows,
            "r_squared": [1 - float((residuals**2).sum()) / spread if spread > 0 else np.nan] * rows,
            "largest_residual": [residuals[np.argmax(np.abs(residuals))]] * rows,
        }
    )
