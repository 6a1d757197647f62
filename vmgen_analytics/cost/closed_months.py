"""A closed month keeps its costs: how its invoices were divided then, and what became known otherwise since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.millionths import exact_sums
from vmgen_analytics.schema import TABLES, machine_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vmgen_analytics.cost.corrections import Closings

    Divide = Callable[[pd.DataFrame, pd.DataFrame | None], pd.DataFrame]

INVOICES = list(TABLES["invoices"].columns)


@dataclass(frozen=True)
class Beliefs:
    """What the VM-days of a closed month were held for when it closed, and later wherever that changed.

    Attributes
    ----------
    days
        Table ``vm_days`` of the month, by the month in which it was held for true: first the month itself, then each
        in which a change of it is booked.
    reasons
        What changed, by the month in which it is booked.
    """

    days: Mapping[pd.Period, pd.DataFrame]
    reasons: Mapping[pd.Period, str]

    def at(self, month: pd.Period) -> pd.DataFrame:
        """What is held for true in a month, or was last before it."""
        return self.days[max(each for each in self.days if each <= month)]


def closed_costs(
    booked: pd.DataFrame,
    divide: Divide,
    closings: Closings,
    beliefs: Mapping[pd.Period, Beliefs] | None = None,
) -> pd.DataFrame:
    """The costs of each month as they were when it closed, and what was corrected since in the month that was open.

    What changes of an invoice is corrected, and so is what became known otherwise of the VM-days that it is divided
    over: then parts move from VM to VM, and the correction adds up to nothing.

    Parameters
    ----------
    booked
        As `booked_invoices` gives it.
    divide
        Invoices and VM-days -> table ``allocated_costs``; without VM-days by those that are known today.
    closings
        When the account's months close.
    beliefs
        By closed month, its VM-days as they were held for; by default they never changed.

    Returns
    -------
    DataFrame
        Table ``allocated_costs``. A correction is one row for each VM, on the first day of the month in which it is
        booked, with ``corrects`` and ``reason``. [currency]
    """
    delay = 1 if closings.invoice_period == "previous-month" else 0
    dates = (booked["month"] + delay).dt.to_timestamp().dt.as_unit("us")
    booked = booked.assign(invoice_date=dates)
    booked = booked[booked["total_cost"].notna()]  # the reconciliation shows those whose total did not come
    believed = beliefs or {}
    is_believed = booked["month"].isin(list(believed))
    plain = booked[~is_believed]
    is_own = plain["booked_in"] == plain["month"]
    own = divide(plain.loc[is_own, INVOICES], None)
    corrections = [
        _correction(divide(changed[INVOICES], None), changed)
        for _, changed in plain[~is_own].groupby(["booked_in", "month"])
    ]
    for month, known in believed.items():
        divided, differences = _restated(booked[booked["month"] == month], month, known, divide)
        own = own if divided is None else TABLES["allocated_costs"].sort(pd.concat([own, divided]))
        corrections += differences
    if not corrections:
        return own
    return pd.concat([own, TABLES["allocated_costs"].sort(pd.concat(corrections))], ignore_index=True)


def _restated(
    bills: pd.DataFrame, month: pd.Period, beliefs: Beliefs, divide: Divide
) -> tuple[pd.DataFrame | None, list[pd.DataFrame]]:
    """Divide a month's invoices as they stood in each month in which something changed, and take the differences."""
    own, corrections, before = None, [], None
    for when in sorted({*bills["booked_in"], *(each for each in beliefs.days if each > month)}):
        until = bills[bills["booked_in"] <= when]
        totals = until.groupby("invoice_id")["total_cost"].transform("sum").round(6)
        newest = until.assign(total_cost=totals).drop_duplicates("invoice_id", keep="last")
        now = divide(newest[INVOICES], beliefs.at(when))
        if when == month:
            own = now
        else:
            changed = newest.assign(
                booked_in=when, reason=_joined(newest, bills[bills["booked_in"] == when], beliefs.reasons.get(when, ""))
            )
            rows = _correction(now if before is None else _less(now, before), changed)
            corrections.append(rows[rows["allocated_cost"] != 0])
        before = now
    return own, corrections


def _less(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Put what was booked before, taken back, beside what is now."""
    undone = before.assign(allocated_cost=-before["allocated_cost"], ratio=-before["ratio"])
    return pd.concat([undone, now], ignore_index=True)


def _joined(invoices: pd.DataFrame, changed: pd.DataFrame, learnt: str) -> list[str]:
    """Say of each invoice what changed of it, and of what it is divided over."""
    reasons = changed.set_index("invoice_id")["reason"]
    return ["; ".join(filter(None, [reasons.get(number, ""), learnt])) for number in invoices["invoice_id"]]


def _correction(costs: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """Put together the VM-days of each VM, and date them in the month in which they are booked."""
    key = ["account", "invoice_id", *machine_key(costs)[1:]]
    money = exact_sums(costs, key, "allocated_cost")
    ratio = costs.groupby(key, dropna=False)["ratio"].sum()
    each = costs.drop_duplicates(key, keep="last").drop(columns=["allocated_cost", "ratio", "key_value"])
    sums = pd.DataFrame({"allocated_cost": money, "ratio": ratio}).reset_index()
    each = each.merge(sums, on=key, how="left", validate="one_to_one")
    booked_in, month = changed["booked_in"].iloc[0], changed["month"].iloc[0]
    reasons = each["invoice_id"].map(changed.set_index("invoice_id")["reason"]).astype("str")
    rows = each.assign(
        date=pd.Series([booked_in.to_timestamp()] * len(each), index=each.index).dt.as_unit("us"),
        month=pd.PeriodIndex([booked_in] * len(each), freq="M"),
        corrects=pd.PeriodIndex([month] * len(each), freq="M"),
        reason=reasons,
        list_cost=np.nan,
        transfer_cost=np.nan,
        key_value=np.nan,
    )
    table = TABLES["allocated_costs"]
    return table.check(table.sort(rows), unique=False)
