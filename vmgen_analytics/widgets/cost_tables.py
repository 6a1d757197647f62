"""The tables of the cost panel as they are printed: in cents that add up to what is printed as their total."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.plots import labels
from vmgen_analytics.widgets import panel
from vmgen_analytics.widgets.cost_model import GROUPS
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from vmgen_analytics.widgets.cost_answer import CostAnswer


def printed_table(answer: CostAnswer) -> str:
    """Print the table in cents, each column and row of which adds up to what is printed as its total."""
    by, table = answer.choices.by, answer.table
    months = [str(month) for month in answer.months if str(month) in table]
    cents = pd.DataFrame({month: in_cents(table[month]) for month in months})
    printed = cents.assign(total=cents.sum(axis=1, min_count=1))
    names = labels.names(answer.monthly)
    keys = labels.keyed(table)
    rows = [
        [names[key], *(_amount(value) for value in row)]
        for key, row in zip(keys, printed.itertuples(index=False), strict=True)
    ]
    total = [_amount(value) for value in printed.sum()]
    head = [GROUPS[by], *(_short(pd.Period(month, freq="M")) for month in months), "Total"]
    return panel.table(head, rows, ["Total", *total], f"Costs by {GROUPS[by]} and month")


def printed_changes(answer: CostAnswer) -> str:
    """Print why a month cost more or less than the one before, with the whole change as the total."""
    table = answer.table
    printed = in_cents(table["change"])
    months = [labels.month_name(month) for month in (answer.changed_month - 1, answer.changed_month)]
    by_vm = "vm_id" in table
    names = labels.names(table) if by_vm else {}
    keys = [[names[key]] for key in labels.keyed(table)] if by_vm else [[] for _ in range(len(table))]
    rows = [
        [*key, reason, counted(vms, "VM") if vms else labels.MISSING, _amount(cents, signed=True)]
        for key, reason, vms, cents in zip(keys, table["reason"], table["vms"], printed, strict=True)
    ]
    head = [*(["VM"] if by_vm else []), "Reason", "Concerns", "Change"]
    total = ["Total", *[""] * (len(head) - 2), _amount(printed.sum(), signed=True)]
    return panel.table(head, rows, total, f"What changed from {months[0]} to {months[1]}")


def in_cents(amounts: pd.Series) -> pd.Series:
    """Round amounts to cents so that they add up to their sum in cents: the largest remainders are rounded up.

    Parameters
    ----------
    amounts
        Money; what is missing stays missing.

    Examples
    --------
    >>> in_cents(pd.Series([0.005, 0.005, 0.005])).tolist()
    [1.0, 1.0, 0.0]
    """
    exact = (amounts.dropna() * 100).round(4)
    cents = np.floor(exact)
    rest = int(round(exact.sum()) - cents.sum())
    cents[(exact - cents).sort_values(ascending=False, kind="stable").index[:rest]] += 1
    whole: pd.Series = cents.reindex(amounts.index)
    return whole


def _short(month: pd.Period) -> str:
    name, year = labels.month_name(month).split()
    return f"{name[:3]} {year}"


def _amount(cents: float, *, signed: bool = False) -> str:
    return labels.money(cents / 100, signed=signed)
