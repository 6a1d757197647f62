"""What each invoice bills: its month, its total in millionths, and the VM-days of that month."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from vmgen_analytics.cost.kinds import month_numbers
from vmgen_analytics.cost.millionths import LIMIT, PER_UNIT, to_millionths
from vmgen_analytics.errors import AllocationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Rows = slice | NDArray[np.int64]

InvoicePeriod = Literal["same-month", "previous-month"]


@dataclass(frozen=True)
class Bill:
    """One invoice: the month that it bills, and its total in millionths."""

    account: str
    invoice_id: int
    month: pd.Period
    total: int


def billed_months(invoices: pd.DataFrame, invoice_period: InvoicePeriod) -> pd.Series:
    """The month that each invoice bills; one without a date bills by the day on which it was seen.

    Parameters
    ----------
    invoices
        Table ``invoices``.
    invoice_period
        Whether an invoice bills the month of its date or the month before.
    """
    dated = invoices["invoice_date"].fillna(invoices["seen_at"].dt.tz_localize(None)).dt.to_period("M")
    months: pd.Series = dated - 1 if invoice_period == "previous-month" else dated
    return months


def bills(invoices: pd.DataFrame, invoice_period: InvoicePeriod) -> list[Bill]:
    """Take invoices in the order of their key.

    Parameters
    ----------
    invoices
        Table ``invoices``, one observation an invoice.
    invoice_period
        Whether an invoice bills the month of its date or the month before.

    Raises
    ------
    AllocationError
        A total is missing, or too large to be divided exactly; the invoice is named.
    """
    months = billed_months(invoices, invoice_period)
    columns = (invoices["account"], invoices["invoice_id"], months, exact_totals(invoices).tolist())
    found = [Bill(*values) for values in zip(*columns, strict=True)]
    return sorted(found, key=lambda bill: (bill.account, bill.invoice_id))


def exact_totals(invoices: pd.DataFrame) -> NDArray[np.int64]:
    """Convert the totals of invoices to whole millionths.

    Parameters
    ----------
    invoices
        Table ``invoices``.

    Raises
    ------
    AllocationError
        A total is missing, or too large to be divided exactly; the invoice is named.
    """
    total = invoices["total_cost"]
    if (beyond := ~(total.abs() < LIMIT / PER_UNIT)).any():
        invoice = invoices[beyond].iloc[0]
        raise AllocationError(
            f"invoice {invoice['invoice_id']} of account {invoice['account']} has "
            + ("no total" if np.isnan(invoice["total_cost"]) else f"the total {invoice['total_cost']}")
            + ": one that is missing, or beyond 9 billion, cannot be divided; sync again, or leave the invoice out"
        )
    return to_millionths(total)


def billed_rows(days: pd.DataFrame, invoices: Sequence[Bill]) -> tuple[Rows, NDArray[np.int64]]:
    """Find the VM-days of each invoice, in the order of day and VM.

    Parameters
    ----------
    days
        Table ``vm_days``, in any order.
    invoices
        The invoices.

    Returns
    -------
    slice or ndarray, ndarray
        Positions of the VM-days, those of the first invoice first, and how many each invoice has.
    """
    accounts, names = pd.factorize(days["account"])
    months = month_numbers(days["date"])
    first, span = (int(months.min()), int(np.ptp(months)) + 1) if len(months) else (0, 1)
    part = accounts * span + (months - first)
    order = None if _is_rising(part) else np.argsort(part, kind="stable")
    edges = np.searchsorted(part, np.arange(len(names) * span + 1), sorter=order).tolist()
    number_of = {str(name): number for number, name in enumerate(names)}
    slices = []
    for bill in invoices:
        at = bill.month.ordinal - first
        start = number_of.get(bill.account, 0) * span + at
        is_there = bill.account in number_of and 0 <= at < span
        slices.append((edges[start], edges[start + 1]) if is_there else (0, 0))
    lengths = np.array([end - start for start, end in slices], dtype="int64")
    rows = _joined([edge for edge in slices if edge[1] > edge[0]], order)
    return _in_order(days, rows, lengths), lengths


def _is_rising(numbers: NDArray[np.int64]) -> bool:
    return bool((numbers[1:] >= numbers[:-1]).all())


def _joined(slices: Sequence[tuple[int, int]], order: NDArray[np.int64] | None) -> Rows:
    """Put the rows after each other; as one slice, which copies nothing, where they lie so."""
    if order is None and slices and all(end == start for (_, end), (start, _) in itertools.pairwise(slices)):
        return slice(slices[0][0], slices[-1][1])
    found = np.concatenate([np.arange(start, end) for start, end in slices] or [np.empty(0, dtype="int64")])
    return found if order is None else order[found]


def _in_order(days: pd.DataFrame, rows: Rows, lengths: NDArray[np.int64]) -> Rows:
    """Sort the rows of each invoice, unless they are sorted, so that ties go to the lower key."""
    date, vm = days["date"].to_numpy()[rows], days["vm_id"].to_numpy()[rows]
    falls = (date[1:] < date[:-1]) | ((date[1:] == date[:-1]) & (vm[1:] < vm[:-1]))
    edges = np.cumsum(lengths)[:-1] - 1  # from one invoice to the next anything may fall
    falls[edges[(edges >= 0) & (edges < len(falls))]] = False
    if not falls.any():
        return rows
    positions = np.arange(len(days))[rows]
    return positions[np.lexsort((vm, date, np.repeat(np.arange(len(lengths)), lengths)))]
