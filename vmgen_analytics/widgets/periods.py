"""Which months a person means by "last 3 months": always half-open, from a first month until before another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.errors import SettingsError
from vmgen_analytics.plots import labels

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

THIS_MONTH = "this month"
LAST_MONTH = "last month"
CUSTOM = "custom"
FULL_MONTHS = {LAST_MONTH: 1, "last 3 months": 3, "last 6 months": 6, "last 12 months": 12}
"""Presets that end with the last month that is over, and how many months they have."""

PERIODS = (THIS_MONTH, *FULL_MONTHS, CUSTOM)


@dataclass(frozen=True)
class Months:
    """Months from ``start`` until before ``end``."""

    start: pd.Period
    end: pd.Period

    def __len__(self) -> int:
        return max((self.end - self.start).n, 0)

    def __iter__(self) -> Iterator[pd.Period]:
        return iter(pd.period_range(self.start, self.end - 1, freq="M"))

    def before(self) -> Months:
        """As many months right before these."""
        return Months(self.start - len(self), self.start)

    def until(self, end: pd.Period) -> Months:
        """Those of them that are before a month."""
        return Months(self.start, max(min(self.end, end), self.start))

    def in_words(self) -> str:
        """Print them for a reader: October 2026; May to October 2026; November 2025 to April 2026."""
        first, last = labels.month_name(self.start), labels.month_name(self.end - 1)
        if len(self) == 1:
            return first
        return f"{first.split()[0] if self.start.year == (self.end - 1).year else first} to {last}"


def resolved(period: str, start: str | None, end: str | None, today: dt.date) -> Months:
    """Find the months of a preset on a day.

    Parameters
    ----------
    period
        One of `PERIODS`.
    start, end
        First month and the first one after, as ``2026-05``; for ``custom`` only.
    today
        The day; its month is not over.

    Raises
    ------
    SettingsError
        The period is custom and its months are missing, none, or end before they begin.
    """
    this_month = pd.Period(today, freq="M")
    if period == THIS_MONTH:
        return Months(this_month, this_month + 1)
    if period in FULL_MONTHS:
        return Months(this_month - FULL_MONTHS[period], this_month)
    months = Months(_month("start", start), _month("end", end))
    if not len(months):
        raise SettingsError(
            f"the period begins with {labels.month_name(months.start)} and ends before "
            f"{labels.month_name(months.end)}; choose a later end"
        )
    return months


def _month(name: str, text: str | None) -> pd.Period:
    try:
        month = pd.Period(text, freq="M") if text else None
    except (ValueError, TypeError):
        month = None
    if month is None:
        raise SettingsError(f"{name} of the period is {text!r}; it must be a month as 2026-05")
    return month
