"""A closed month keeps its numbers: what changes afterwards is booked, as the difference, in the month that is open.

A month closes for an account at noon after its end (of the month after, where invoices bill the month before), or when
the archive first knows an invoice of it, whichever is later: what was known then is what it cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.cost.bills import billed_months
from vmgen_analytics.cost.millionths import exact_sums
from vmgen_analytics.observing import CLOSING
from vmgen_analytics.schema import TABLES
from vmgen_analytics.schema.imported import is_imported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vmgen_analytics.cost.bills import InvoicePeriod

BOOKED = ["account", "invoice_id", "seen_at", "invoice_date", "status", "total_cost", "month", "booked_in", "reason"]


@dataclass(frozen=True)
class Closings:
    """When the months of an account close: how its invoices bill, and the time zone of its months."""

    invoice_period: InvoicePeriod = "same-month"
    time_zone: str = "UTC"

    def closes_at(self, month: pd.Period) -> pd.Timestamp:
        """The instant after which a month is closed."""
        end = month + (2 if self.invoice_period == "previous-month" else 1)
        return (end.to_timestamp() + CLOSING).tz_localize(self.time_zone).tz_convert("UTC")

    def open_at(self, moment: pd.Timestamp) -> pd.Period:
        """The earliest month that is not closed at an instant, in which changes of closed ones are booked."""
        month: pd.Period = moment.tz_convert(self.time_zone).tz_localize(None).to_period("M") - 2
        while self.closes_at(month) < moment:
            month += 1
        return month


def booked_invoices(observations: pd.DataFrame, closings: Closings) -> pd.DataFrame:
    """What was known of each invoice when its month closed, and each change that came later as a row of its own.

    An invoice from the user's own files is older than the archive, and counts as known from its date on; what another
    import says of it later is a change like any.

    Parameters
    ----------
    observations
        Table ``invoices``, all observations of one account, as ``archive.history("invoices")`` gives them.
    closings
        When the account's months close.

    Returns
    -------
    DataFrame
        The columns of table ``invoices``, and month (that it bills), booked_in (the month whose cost it is) and reason
        (empty for what is booked in its own month). Of a change, total_cost is the difference; all rows of an invoice
        add up to its newest total. [currency]
    """
    if observations.empty:
        return observations.assign(month=_NO_MONTH, booked_in=_NO_MONTH, reason=_NO_TEXT)[BOOKED]
    known = observations.sort_values(["invoice_id", "seen_at"], kind="stable", ignore_index=True)
    known = known.assign(seen_at=_known_since(known))
    first_seen = known.groupby("invoice_id")["seen_at"].transform("min")  # for those without a date
    known = known.assign(month=billed_months(known.assign(seen_at=first_seen), closings.invoice_period))
    first = known.groupby("month")["seen_at"].min()
    seen = zip(first.index.tolist(), first.tolist(), strict=True)
    book = _Book({month: max(closings.closes_at(month), moment) for month, moment in seen}, closings)
    for _, sightings in known.groupby("invoice_id", sort=True):
        book.follow(_told(sightings, book.closed_at))
    rows = pd.DataFrame(book.rows, columns=BOOKED).astype({"reason": "str", "account": "str", "status": "str"})
    return TABLES["invoices"].sort(rows)


def _known_since(known: pd.DataFrame) -> pd.Series:
    """Take the first word on an invoice, where it was imported, as said on its date."""
    dates = known["invoice_date"].dt.tz_localize("UTC")
    is_first_import = ~known.duplicated("invoice_id") & is_imported(known) & (dates < known["seen_at"])
    return known["seen_at"].mask(is_first_import, dates)


_NO_MONTH = pd.Series(dtype="period[M]")
_NO_TEXT = pd.Series(dtype="str")


def _told(sightings: pd.DataFrame, closed_at: Mapping[pd.Period, pd.Timestamp]) -> pd.DataFrame:
    """Leave out sightings without a total, unless that is the newest word on a month that was open."""
    is_last = np.arange(len(sightings)) == len(sightings) - 1
    is_late = (sightings["seen_at"] > sightings["month"].map(closed_at)).to_numpy()
    kept = sightings["total_cost"].notna().to_numpy() | (is_last & ~is_late)
    return sightings[kept] if kept.any() else sightings.tail(1)


@dataclass
class _Book:
    """Where each amount of each invoice is booked; grows invoice by invoice."""

    closed_at: Mapping[pd.Period, pd.Timestamp]
    closings: Closings
    rows: list[dict[str, Any]] = field(default_factory=list)

    def follow(self, sightings: pd.DataFrame) -> None:
        """Go through what one invoice said, from the oldest word on: what is not booked yet is the difference."""
        entries: dict[tuple[pd.Period, pd.Period], dict[str, Any]] = {}
        before: dict[str, Any] | None = None
        records: list[dict[str, Any]] = sightings.to_dict("records")  # type: ignore[assignment]
        for now in records:
            if before is not None and now["seen_at"] > self.closed_at[before["month"]]:
                now["month"] = before["month"]  # an invoice stays in a closed month, whatever its date says later
            if before is None:
                self._enter(entries, now, now["month"], now["total_cost"], f"first seen on {self._day(now)}")
            elif now["month"] == before["month"]:
                words = f"changed from {before['total_cost']:.2f} to {now['total_cost']:.2f} on {self._day(now)}"
                self._enter(entries, now, now["month"], now["total_cost"] - before["total_cost"], words)
            else:  # moved while its month was open
                entries.clear()
                self._enter(entries, now, now["month"], now["total_cost"], f"moved here on {self._day(now)}")
            before = now
        self.rows += [
            entry for entry in entries.values() if entry["total_cost"] != 0 or entry["booked_in"] == entry["month"]
        ]

    def _enter(
        self, entries: dict[tuple[pd.Period, pd.Period], dict[str, Any]], now: dict[str, Any], month: pd.Period,
        amount: float, words: str,
    ) -> None:  # fmt: skip
        is_late = now["seen_at"] > self.closed_at[month]
        booked_in = self.closings.open_at(now["seen_at"]) if is_late else month
        entry = entries.get((month, booked_in), {"total_cost": 0.0, "reason": ""})
        reasons = [entry["reason"], f"{words}, after {month} was closed"] if is_late and amount else [entry["reason"]]
        entries[month, booked_in] = {
            **now,
            "month": month,
            "booked_in": booked_in,
            "total_cost": round(entry["total_cost"] + amount, 6),
            "reason": "; ".join(filter(None, reasons)),
        }

    def _day(self, now: dict[str, Any]) -> str:
        return f"{now['seen_at'].tz_convert(self.closings.time_zone):%Y-%m-%d}"


def closed_costs(
    booked: pd.DataFrame, divide: Callable[[pd.DataFrame], pd.DataFrame], closings: Closings
) -> pd.DataFrame:
    """The costs of each month as they were when it closed, and what was corrected since in the month that was open.

    Parameters
    ----------
    booked
        From `booked_invoices`.
    divide
        Invoices -> table ``allocated_costs``.
    closings
        When the account's months close.

    Returns
    -------
    DataFrame
        Table ``allocated_costs``. A correction is one row for each VM, on the first day of the month in which it is
        booked, with ``corrects`` and ``reason``. [currency]
    """
    delay = 1 if closings.invoice_period == "previous-month" else 0
    dates = (booked["month"] + delay).dt.to_timestamp().dt.as_unit("us")
    booked, columns = booked.assign(invoice_date=dates), list(TABLES["invoices"].columns)
    booked = booked[booked["total_cost"].notna()]  # the reconciliation shows those whose total did not come
    is_own = booked["booked_in"] == booked["month"]
    parts = [divide(booked.loc[is_own, columns])]
    for _, changed in booked[~is_own].groupby(["booked_in", "month"]):
        parts.append(_correction(divide(changed[columns]), changed))
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def _correction(costs: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """Put together the VM-days of each VM, and date them in the month in which they are booked."""
    key = ["account", "invoice_id", "vm_id"]
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
    return table.check(table.sort(rows[list(table.columns)]), unique=False)
