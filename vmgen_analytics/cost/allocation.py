"""Invoices -> a part for each VM-day; the provider bills one sum, so all money per VM is inferred."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from vmgen_analytics.cost.bills import billed_rows, bills
from vmgen_analytics.cost.keys import amounts_by_invoice, checked_weights
from vmgen_analytics.cost.millionths import PER_UNIT, largest_remainder
from vmgen_analytics.cost.overage import overage_costs, policies_of
from vmgen_analytics.schema import TABLES, UNASSIGNED, machine_key
from vmgen_analytics.settings import Allocation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pandas.api.extensions import ExtensionArray

    from vmgen_analytics.cost.bills import Bill, InvoicePeriod
    from vmgen_analytics.cost.prices import PriceBook
    from vmgen_analytics.transfer import TransferPolicy

UNALLOCATED = "unallocated"
DESCRIBING = ("vm_name", "fqdn", "package", "location")
"""What a part says of its VM-day, besides its key."""
PIECE = 2**18


def allocated_costs(
    days: pd.DataFrame,
    invoices: pd.DataFrame,
    prices: PriceBook | None = None,
    *,
    key: str | None = None,
    weights: Mapping[str, float] | None = None,
    invoice_period: InvoicePeriod = "same-month",
    transfer: Sequence[TransferPolicy] | None = None,
) -> pd.DataFrame:
    """Each invoice divided over the VM-days of the month that it bills.

    Shares are whole millionths of the currency by largest remainder, so the parts of every invoice, credits
    included, equal its total exactly. An invoice whose month has no VM-days, or none with anything of the key, is one
    row without a VM, named ``unallocated``.

    Parameters
    ----------
    days
        Table ``vm_days``, of the months that the invoices bill.
    invoices
        Table ``invoices``, one observation an invoice, as ``archive.read("invoices")`` gives it.
    prices
        The price book, if there is one.
    key
        price_book, package_weight, bandwidth, hours or even; None takes the best that every VM-day allows. An invoice
        whose month has VM-days of unknown traffic is not divided by bandwidth, but by the best of the others: its
        rows say so.
    weights
        Weight of vcpus, ram_GB and disk_GB for package_weight; by default 1, 0.5 and 0.01.
    invoice_period
        Whether an invoice bills the month of its date or the month before.
    transfer
        Transfer policies; None takes what the price book says. What traffic costs beyond the quota counts in the key
        price_book where it is known.

    Returns
    -------
    DataFrame
        Table ``allocated_costs``: account, invoice_id, date, vm_id, cost_centre, shared_from, month, vm_name, fqdn,
        package, location, rule, key, key_value, ratio, is_estimate, allocated_cost, list_cost,
        price_source, transfer_cost, corrects, reason. [currency] Every row is ``unassigned`` until `assigned_costs`
        gives it to a cost centre.

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
    divided = bills(invoices, invoice_period)
    rows, lengths = billed_rows(days, divided)
    billed = days.iloc[rows].reset_index(drop=True)
    lasting = np.array([bill.month.days_in_month for bill in divided], dtype="int64")
    rated = None if prices is None else prices.rate(billed)
    listed = None if rated is None else rated["monthly_price"].to_numpy() / np.repeat(lasting, lengths)
    policies = policies_of(prices) if transfer is None else transfer
    overage = overage_costs(days, policies, prices)[rows]  # several invoices of a month have the same traffic
    priced = listed + np.nan_to_num(overage) if listed is not None and policies else listed
    keys, amounts = amounts_by_invoice(billed, priced, lengths, key, weights, prices.file if prices else "")
    parts, ratios, is_divided = _shares(divided, amounts, lengths)
    money = pd.DataFrame(
        {
            "key": _keys(keys, lengths),
            "key_value": pd.Series(amounts, copy=amounts is listed),
            "ratio": ratios,
            "is_estimate": np.ones(len(billed), dtype="bool"),
            "allocated_cost": parts,
            "list_cost": np.full(len(billed), np.nan) if listed is None else listed,
            "price_source": _text(None, len(billed)) if rated is None else rated["price_source"].array,
            "transfer_cost": overage,
            "corrects": _no_month(len(billed)),
            "reason": _text(None, len(billed)),
        },
        copy=False,
    )
    table = pd.concat([_parts(billed, divided, lengths), money], axis=1)
    table = table[[name for name in TABLES["allocated_costs"].columns if name in table]]
    if not is_divided.all():
        table = _with_unallocated(table, divided, lengths, is_divided)
    return TABLES["allocated_costs"].check(table, unique=False)


def _shares(
    divided: Sequence[Bill], amounts: NDArray[np.float64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Divide each total; of an invoice without any amount of the key there is nothing to divide by."""
    parts, ratios = np.zeros(len(amounts)), np.zeros(len(amounts))
    is_divided = np.zeros(len(divided), dtype="bool")
    end = 0
    for number, (bill, length) in enumerate(zip(divided, lengths.tolist(), strict=True)):
        here, end = slice(end, end + length), end + length
        whole = amounts[here].sum()
        if whole > 0:
            is_divided[number] = True
            np.divide(amounts[here], whole, out=ratios[here])
            np.divide(largest_remainder(bill.total, amounts[here]), PER_UNIT, out=parts[here])
    return parts, ratios, is_divided


def _parts(billed: pd.DataFrame, divided: Sequence[Bill], lengths: NDArray[np.int64]) -> pd.DataFrame:
    """Say of each part which invoice and which VM-day it is of; columns are shared with the days and not copied."""
    rows = len(billed)
    months = np.array([bill.month.ordinal for bill in divided], dtype="int64")
    numbers = np.array([bill.invoice_id for bill in divided], dtype="int64")
    ours = pd.DataFrame(
        {
            "invoice_id": np.repeat(numbers, lengths),
            "month": pd.arrays.PeriodArray(np.repeat(months, lengths), dtype=pd.PeriodDtype("M")),
            "cost_centre": _text(UNASSIGNED, rows),
            "shared_from": _text("", rows),
            "rule": _text(None, rows),
        },
        copy=False,
    )
    theirs = billed[["account", "date", *DESCRIBING]]
    told_apart = billed[machine_key(billed)[1:]].astype("Int64")
    return pd.concat([theirs, told_apart, ours], axis=1)


def _keys(keys: Sequence[str], lengths: NDArray[np.int64]) -> ExtensionArray:
    """Say of each part by what its invoice was divided, mostly all by the same."""
    if len(set(keys)) == 1:
        return _text(keys[0], int(lengths.sum()))
    each: ExtensionArray = pd.array(list(keys), dtype="str").take(np.repeat(np.arange(len(keys)), lengths))
    return each


def _no_month(rows: int) -> ExtensionArray:
    missing: ExtensionArray = pd.arrays.PeriodArray(np.full(rows, np.iinfo(np.int64).min), dtype=pd.PeriodDtype("M"))
    return missing


def _text(value: str | None, rows: int) -> ExtensionArray:
    """Repeat a text in pieces that share their memory, as a year of a large fleet has millions of rows."""
    piece = pa.repeat(pa.scalar(value, pa.large_string()), min(rows, PIECE))
    pieces = [piece] * (rows // PIECE) + [piece.slice(0, rows % PIECE)]
    repeated: ExtensionArray = pd.array(pa.chunked_array(pieces, pa.large_string()), dtype="str")
    return repeated


def _with_unallocated(
    table: pd.DataFrame, divided: Sequence[Bill], lengths: NDArray[np.int64], is_divided: NDArray[np.bool_]
) -> pd.DataFrame:
    """Give every invoice that nobody can be given a row of its own, in its place."""
    number = np.repeat(np.arange(len(divided)), lengths)
    is_kept = is_divided[number]
    lost = np.flatnonzero(~is_divided)
    rows = [_unallocated(divided[number], has_vms=bool(lengths[number])) for number in lost.tolist()]
    order = np.argsort(np.concatenate([number[is_kept], lost]), kind="stable")
    return pd.concat([table[is_kept], *rows]).iloc[order].reset_index(drop=True)


def _unallocated(bill: Bill, *, has_vms: bool) -> pd.DataFrame:
    """One row for an invoice that nobody can be given; its cost is no estimate."""
    named = {name: [UNALLOCATED] for name in ("vm_name", "package", "location", "key")}
    return TABLES["allocated_costs"].frame(
        {
            "account": [bill.account],
            "invoice_id": [bill.invoice_id],
            "date": [bill.month.to_timestamp()],
            "vm_id": [None],
            "cost_centre": [UNASSIGNED],
            "shared_from": [""],
            "month": [bill.month],
            **named,
            "key_value": [0.0 if has_vms else np.nan],
            "ratio": [1.0],
            "is_estimate": [False],
            "allocated_cost": [bill.total / PER_UNIT],
        }
    )
