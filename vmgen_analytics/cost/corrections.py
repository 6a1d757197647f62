"""A closed month keeps its invoices: what changes afterwards is booked, as the difference, in the month that is open.

A month closes for an account at noon after its end (of the month after, where invoices bill the month before), or when
the archive first knows an invoice of it, whichever is later: what was known then is what it cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.cost.bills import billed_months
from vmgen_analytics.observing import CLOSING
from vmgen_analytics.schema import TABLES
from vmgen_analytics.schema.imported import imported_first, is_imported
from vmgen_analytics.zones import instant

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        return instant(end.to_timestamp() + CLOSING, self.time_zone).tz_convert("UTC")

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
    known = _with_months(observations, closings)
    book = _Book(_closed_at(known, closings), closings)
    for _, sightings in known.groupby("invoice_id", sort=True):
        book.follow(_told(sightings, book.closed_at))
    rows = pd.DataFrame(book.rows, columns=BOOKED).astype({"reason": "str", "account": "str", "status": "str"})
    return TABLES["invoices"].sort(rows)


def closed_months(observations: pd.DataFrame, closings: Closings) -> Mapping[pd.Period, pd.Timestamp]:
    """When each month with an invoice closed, or will.

    Parameters
    ----------
    observations
        Table ``invoices``, all observations of one account.
    closings
        When the account's months close.
    """
    return {} if observations.empty else _closed_at(_with_months(observations, closings), closings)


def _with_months(observations: pd.DataFrame, closings: Closings) -> pd.DataFrame:
    """Put observations in order, with the month that each bills."""
    in_time = observations.sort_values("seen_at", kind="stable")
    known = imported_first(in_time).sort_values("invoice_id", kind="stable", ignore_index=True)
    known = known.assign(seen_at=_known_since(known))
    first_seen = known.groupby("invoice_id")["seen_at"].transform("min")  # for those without a date
    return known.assign(month=billed_months(known.assign(seen_at=first_seen), closings.invoice_period))


def _closed_at(known: pd.DataFrame, closings: Closings) -> Mapping[pd.Period, pd.Timestamp]:
    first = known.groupby("month")["seen_at"].min()
    seen = zip(first.index.tolist(), first.tolist(), strict=True)
    return {month: max(closings.closes_at(month), moment) for month, moment in seen}


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
