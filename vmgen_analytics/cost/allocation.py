"""Invoices -> a part for each VM-day; the provider bills one sum, so all money per VM is inferred."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from vmgen_analytics.cost.keys import best_key, checked_weights, key_values
from vmgen_analytics.cost.millionths import LIMIT, PER_UNIT, largest_remainder, to_millionths
from vmgen_analytics.cost.rating import rated_costs
from vmgen_analytics.errors import AllocationError
from vmgen_analytics.schema import TABLES
from vmgen_analytics.settings import Allocation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmgen_analytics.cost.prices import PriceBook

UNALLOCATED = "unallocated"
UNASSIGNED = "unassigned"


def allocated_costs(
    days: pd.DataFrame,
    invoices: pd.DataFrame,
    prices: PriceBook | None = None,
    *,
    key: str | None = None,
    weights: Mapping[str, float] | None = None,
    invoice_period: Literal["same-month", "previous-month"] = "same-month",
) -> pd.DataFrame:
    """Each invoice divided over the VM-days of the month that it bills.

    Shares are whole millionths of the currency by largest remainder, so the parts of every invoice, credits
    included, equal its total exactly. An invoice whose month has no VM-days is one row without a VM, named
    ``unallocated``.

    Parameters
    ----------
    days
        Table ``vm_days``, of the months that the invoices bill.
    invoices
        Table ``invoices``, one observation an invoice, as ``archive.read("invoices")`` gives it.
    prices
        The price book, if there is one.
    key
        price_book, package_weight, bandwidth, hours or even; None takes the best that every VM-day allows.
    weights
        Weight of vcpus, ram_GB and disk_GB for package_weight; by default 1, 0.5 and 0.01.
    invoice_period
        Whether an invoice bills the month of its date or the month before.

    Returns
    -------
    DataFrame
        Table ``allocated_costs``: account, invoice_id, date, vm_id, cost_centre, shared_from, month, vm_name, fqdn,
        package, location, rule, key, key_value, ratio, allocated_cost, list_cost. [currency] Every row is
        ``unassigned`` until `assigned_costs` gives it to a cost centre.

    Raises
    ------
    SchemaError
        A frame is not its table.
    AllocationError
        The key asked for has no value for a VM-day, or a total cannot be divided exactly.
    """
    TABLES["vm_days"].check(days, unique=False)
    TABLES["invoices"].check(invoices)
    weights = checked_weights(weights or Allocation().weights)
    listed = None if prices is None else rated_costs(days, prices)["list_cost"]
    rows_of = days.groupby(["account", days["date"].dt.to_period("M")], sort=False).indices
    billed = [
        (invoice, rows_of.get((invoice.account, invoice.month), np.empty(0, dtype="int64")))
        for invoice in _invoices(invoices, invoice_period)
    ]
    if key is None and billed:
        every = np.unique(np.concatenate([rows for _, rows in billed]))
        key = best_key(days.iloc[every], None if listed is None else listed.iloc[every], weights)
    parts = [
        _divided(invoice, days.iloc[rows], None if listed is None else listed.iloc[rows], key or "even", weights)
        for invoice, rows in billed
    ]
    table = TABLES["allocated_costs"]
    return table.check(pd.concat(parts, ignore_index=True), unique=False) if parts else table.frame()


@dataclass(frozen=True)
class _Invoice:
    """One invoice: the month that it bills, and its total in millionths."""

    account: str
    invoice_id: int
    month: pd.Period
    total: int


def _invoices(invoices: pd.DataFrame, invoice_period: str) -> list[_Invoice]:
    """Take the invoices in the order of their key; one without a date bills by the day on which it was seen."""
    total = invoices["total_cost"]
    if (beyond := ~(total.abs() < LIMIT / PER_UNIT)).any():
        invoice = invoices[beyond].iloc[0]
        raise AllocationError(
            f"invoice {invoice['invoice_id']} of account {invoice['account']} has the total {invoice['total_cost']}: "
            "one that is missing, or beyond 9 billion, cannot be divided; sync again, or leave the invoice out"
        )
    dated = invoices["invoice_date"].fillna(invoices["seen_at"].dt.tz_localize(None)).dt.to_period("M")
    months = dated - 1 if invoice_period == "previous-month" else dated
    columns = (invoices["account"], invoices["invoice_id"], months, to_millionths(invoices["total_cost"]).tolist())
    found = [_Invoice(*values) for values in zip(*columns, strict=True)]
    return sorted(found, key=lambda invoice: (invoice.account, invoice.invoice_id))


def _divided(
    invoice: _Invoice, billed: pd.DataFrame, listed: pd.Series | None, key: str, weights: Mapping[str, float]
) -> pd.DataFrame:
    amounts = key_values(billed, listed, key, weights)
    if not amounts.sum() > 0:
        return _unallocated(invoice)
    rows = len(billed)
    return pd.DataFrame(
        {
            "account": billed["account"].array,
            "invoice_id": invoice.invoice_id,
            "date": billed["date"].array,
            "vm_id": billed["vm_id"].astype("Int64").array,
            "cost_centre": pd.array([UNASSIGNED], dtype="str").repeat(rows),
            "shared_from": pd.array([""], dtype="str").repeat(rows),
            "month": pd.PeriodIndex([invoice.month]).repeat(rows),
            "vm_name": billed["vm_name"].array,
            "fqdn": billed["fqdn"].array,
            "package": billed["package"].array,
            "location": billed["location"].array,
            "rule": pd.array([None], dtype="str").repeat(rows),
            "key": pd.array([key], dtype="str").repeat(rows),
            "key_value": amounts,
            "ratio": amounts / amounts.sum(),
            "allocated_cost": largest_remainder(invoice.total, amounts) / PER_UNIT,
            "list_cost": np.nan if listed is None else listed.to_numpy(),
        }
    )


def _unallocated(invoice: _Invoice) -> pd.DataFrame:
    """One row for an invoice that nobody can be given."""
    named = {name: [UNALLOCATED] for name in ("vm_name", "package", "location", "key")}
    return TABLES["allocated_costs"].frame(
        {
            "account": [invoice.account],
            "invoice_id": [invoice.invoice_id],
            "date": [invoice.month.to_timestamp()],
            "vm_id": [None],
            "cost_centre": [UNASSIGNED],
            "shared_from": [""],
            "month": [invoice.month],
            **named,
            "ratio": [1.0],
            "allocated_cost": [invoice.total / PER_UNIT],
        }
    )
