"""The months of an account: what ran in each, what was invoiced for it, and what follows for the one that runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from vmgen_analytics.cost.expected_overage import ExpectedOverage
from vmgen_analytics.cost.student import student

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEAST_MONTHS = 3
"""Closed months without which no interval is given."""

INSIDE = 0.8
"""Part of all months that an interval is meant to hold."""


@dataclass(frozen=True)
class Month:
    """A month: its days' amounts of the key, one a day from the first on, and what was invoiced for it in the end."""

    month: pd.Period
    amounts: Numbers
    invoiced: float = np.nan
    corrections: float = 0.0

    def carried(self, day: int) -> float:
        """The amount of the whole month, as it looks on a day: what is running then runs on."""
        known = self.amounts[:day]
        return float(known.sum() + known[-1] * (self.month.days_in_month - len(known)))

    @property
    def is_whole(self) -> bool:
        """Whether all days and an invoice are known, so that others can be judged by it."""
        return len(self.amounts) == self.month.days_in_month and self.amounts.sum() > 0 and self.invoiced > 0

    @property
    def ratio(self) -> float:
        """What was invoiced for an amount of 1."""
        whole = self.amounts.sum()
        return self.invoiced / float(whole) if whole > 0 else np.nan


@dataclass(frozen=True)
class Guess:
    """What a month is expected to cost, as a middle and an interval, and how many closed months say so."""

    expected: float
    low: float
    high: float
    months: int

    def beside_bills(self, month: Month) -> Guess:
        """Let a month cost no less than what is billed already, and its corrections besides."""
        expected, low, high = self.expected, self.low, self.high
        if month.invoiced > (high if np.isfinite(high) else expected):
            to_come = expected * (1 - float(month.amounts.sum()) / month.carried(len(month.amounts)))
            surplus = month.invoiced + to_come - expected
            expected, low, high = expected + surplus, low + surplus, high + surplus
        floor = np.nan_to_num(month.invoiced, nan=-np.inf)
        expected, low, high = (np.nan if np.isnan(each) else max(each, floor) for each in (expected, low, high))
        return Guess(expected + month.corrections, low + month.corrections, high + month.corrections, self.months)


@dataclass(frozen=True)
class History:
    """The closed months of an account, oldest first, and the one that runs; what traffic costs stands apart."""

    closed: Sequence[Month]
    current: Month
    key: str
    overage: ExpectedOverage = field(default_factory=lambda: ExpectedOverage({}, (), None))

    @classmethod
    def of(
        cls,
        daily: pd.Series,
        invoiced: pd.Series,
        corrected: pd.Series,
        now: pd.Period,
        key: str,
        overage: ExpectedOverage,
    ) -> Self:
        """Take months from sums: amounts of the key by day, invoices and corrections by month."""
        by_day = daily.rename("amount").reset_index()
        months = [
            Month(pd.Period(str(month), "M"), part.to_numpy("float64"), float(invoiced.get(month, np.nan)))
            for month, part in by_day.groupby(by_day["date"].dt.to_period("M"))["amount"]
        ]
        closed = [month for month in months if month.month < now and month.is_whole]
        current = [month for month in months if month.month == now]
        running = current[0] if current else Month(now, np.empty(0), float(invoiced.get(now, np.nan)))
        return cls(closed, replace(running, corrections=float(corrected.get(now, 0.0))), key, overage)

    def outlook(self) -> Guess:
        """Forecast the month that runs, beside what is billed of it."""
        known = len(self.current.amounts)
        plain = self.guess(self.current, known) if known else Guess(np.nan, np.nan, np.nan, 0)
        return plain.beside_bills(self.current)

    def guess(self, month: Month, day: int) -> Guess:
        """Forecast a month as it stands on a day, from the closed months before it."""
        earlier = [each for each in self.closed if each.month < month.month]
        if not earlier:
            return Guess(np.nan, np.nan, np.nan, 0)
        ratios = np.array([self._ratio(each) for each in earlier])
        plain = self._expected(month, day, ratios)
        if len(earlier) < LEAST_MONTHS:
            return Guess(plain, np.nan, np.nan, len(earlier))
        errors = np.array(
            [
                np.log(each.invoiced / self._expected(each, day, np.delete(ratios, place)))
                for place, each in enumerate(earlier)
            ]
        )
        # the errors of so few months tell how far a forecast strays, and not reliably to which side
        spread = float(np.sqrt((errors**2).mean() * (1 + 1 / len(errors)))) * student(len(errors), INSIDE)
        return Guess(plain, plain * np.exp(-spread), plain * np.exp(spread), len(earlier))

    def _ratio(self, month: Month) -> float:
        """What was invoiced for an amount of 1, besides the traffic that is known to be charged."""
        beside = max(month.invoiced - self.overage.whole(month.month), 0.0)
        return beside / float(month.amounts.sum())

    def _expected(self, month: Month, day: int, ratios: Numbers) -> float:
        """What a month is to cost as it looks on a day; never nothing, as one that is judged was invoiced."""
        expected = month.carried(day) * float(np.median(ratios)) + self.overage.on(month.month, day)
        return max(expected, 1e-6)

    def backtest(self, day: int | None = None) -> pd.DataFrame:
        """Forecast each closed month on each of its days, or on one."""
        rows = []
        for month in self.closed[LEAST_MONTHS:]:
            ratio = float(np.median([each.ratio for each in self.closed if each.month < month.month]))
            every = range(1, month.month.days_in_month + 1)
            for on in every if day is None else [day] if day in every else []:
                guess = self.guess(month, on)
                rows.append(
                    {
                        "month": month.month,
                        "as_of": month.month.to_timestamp() + pd.Timedelta(days=on - 1),
                        "actual": month.invoiced,
                        "expected": guess.expected,
                        "low": guess.low,
                        "high": guess.high,
                        "run_rate": ratio * month.amounts[:on].sum() / on * month.month.days_in_month,
                    }
                )
        return pd.DataFrame(rows)
