"""VM-days that no invoice bills yet, at list price, with the cost centres that will pay for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.cost.focus_fees import LIST_PRICE
from vmgen_analytics.cost.millionths import PER_UNIT, to_millionths
from vmgen_analytics.schema import TABLES, UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Callable

NO_INVOICE = -1
"""Stands for the invoice that is still to come, while costs are given to cost centres; no invoice has this number."""


def estimates(
    days: pd.DataFrame,
    costs: pd.DataFrame,
    month: pd.Period,
    assign: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """What is not invoiced yet by who pays for it, as if invoices were the list price.

    Parameters
    ----------
    days
        Table ``vm_days`` of a month, as `priced` gives it, of the accounts without an invoice; those that have no price
        are left out.
    costs
        Table ``allocated_costs`` of that month: what is spread by what each has of its own counts both.
    month
        The month.
    assign
        Gives costs to those who pay, as `assigned_costs` does; without it, all is unassigned.

    Returns
    -------
    DataFrame
        Table ``allocated_costs``, with `NO_INVOICE` for an invoice. The ratio is the part of the VM-day that the cost
        centre pays. [currency]
    """
    table = TABLES["allocated_costs"]
    known = days[days["monthly_price"].notna()]
    if known.empty:
        return table.frame()
    money = to_millionths(known["monthly_price"] / month.days_in_month) / PER_UNIT
    same = [
        name
        for name in ("account", "date", "vm_id", "incarnation", "vm_name", "fqdn", "package", "location")
        if name in known
    ]
    rows = table.frame(
        {
            **{name: known[name].array for name in same},
            "invoice_id": [NO_INVOICE] * len(known),
            "month": pd.PeriodIndex([month] * len(known), freq="M"),
            "cost_centre": [UNASSIGNED] * len(known),
            "shared_from": [""] * len(known),
            "key": [LIST_PRICE] * len(known),
            "key_value": known["monthly_price"].array,
            "ratio": [1.0] * len(known),
            "is_estimate": [True] * len(known),
            "allocated_cost": money,
        }
    )
    if assign is None:
        return rows
    both = pd.concat([costs, rows], ignore_index=True) if len(costs) else rows
    assigned = assign(both)
    return assigned[assigned["invoice_id"] == NO_INVOICE].reset_index(drop=True)
