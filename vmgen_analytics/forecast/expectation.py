"""What a daily series is expected to bring, day by day and in total, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.forecast.profile import Profiles, profiles
from vmgen_analytics.forecast.series import weekdays
from vmgen_analytics.forecast.spans import LEVELS, LONGEST, PUBLISHED, Spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vmgen_analytics.forecast.series import DailySeries

    Numbers = NDArray[np.float64]

LEAST_DAYS = 3
"""Known days without which nothing is forecast."""

FULL_DAYS = 14
"""Known days from which on the forecast knows the week."""

STALE_DAYS = 7
"""Days without a report, after which a reader is told."""


@dataclass(frozen=True)
class Forecast:
    """What some series are expected to bring on the days after them.

    Attributes
    ----------
    first_day
        The day after the series end.
    expected
        Series by days: the middle of what may come; NaN where the forecast is refused.
    refusals
        One a series: why there is no forecast and what is needed, as a sentence; empty where there is one.
    notes
        One a series: what a reader should know of it, as a sentence; empty for most.
    """

    first_day: np.datetime64
    expected: Numbers
    refusals: tuple[str, ...]
    notes: tuple[str, ...]
    profiles: Profiles
    spans: Spans

    @property
    def days(self) -> NDArray[np.datetime64]:
        """The days that are forecast."""
        return self.first_day + np.arange(self.expected.shape[1])

    def daily(self, level: float) -> Numbers:
        """Quantile of each day.

        Parameters
        ----------
        level
            From 0.025 to 0.975, as 0.1 and 0.9 for an interval of 80 %.

        Returns
        -------
        ndarray
            Series by days; NaN where there is no interval, as nothing but 0 is known.

        Raises
        ------
        SchemaError
            The level is out of bounds.
        """
        return self._strayed(level, self.expected, np.ones(self.expected.shape, dtype="int64"))

    def cumulative(self, level: float, wanted: NDArray[np.bool_] | None = None) -> Numbers:
        """Quantile of the total until each day.

        Parameters
        ----------
        level
            From 0.025 to 0.975; 0.5 is the sum of what is expected.
        wanted
            Which days to total: a flag for each, or for each of each series; none means all.

        Returns
        -------
        ndarray
            Series by days, never falling; 0 before the first day that is wanted, NaN where there is no interval.

        Raises
        ------
        SchemaError
            The level is out of bounds.
        """
        flags = np.broadcast_to(True if wanted is None else wanted, self.expected.shape)
        totals = np.cumsum(np.where(flags, self.expected, 0), axis=1)
        return np.maximum.accumulate(self._strayed(level, totals, np.cumsum(flags, axis=1)), axis=1)

    def total(self, level: float, wanted: NDArray[np.bool_] | None = None) -> Numbers:
        """Quantile of the total of the days; see `cumulative`.

        Returns
        -------
        ndarray
            One a series.
        """
        return self.cumulative(level, wanted)[:, -1]

    def _strayed(self, level: float, totals: Numbers, days: NDArray[np.int64]) -> Numbers:
        """Quantile of totals, each of so many days."""
        if not LEVELS[0] <= level <= LEVELS[-1]:
            raise SchemaError(f"no quantile {level:g}: what was measured reaches from {LEVELS[0]:g} to {LEVELS[-1]:g}")
        lengths = np.arange(1, max(days.max(initial=1), 1) + 1)
        errors = self.spans.at(level, lengths, self.profiles.known) * self.profiles.strays(lengths)
        found = totals * np.exp(np.take_along_axis(errors, np.maximum(days - 1, 0), axis=1))
        sparse = self.profiles.is_sparse
        found[sparse] = gamma_quantile(level, totals[sparse], self.profiles.variance[sparse, None] * days[sparse])
        found[self.profiles.is_zero] = np.nan
        found[days == 0] = 0
        return found


def forecast(series: DailySeries, days: int, *, spans: Spans = PUBLISHED) -> Forecast:
    """Forecast daily series: the usual weekday at the newest level, without trend and without a yearly season.

    It is made for traffic and spending of weeks to years, at a day a value. On 13 public series its mean absolute
    scaled error is 0.85 to 0.90 of that of the same weekday a week before, with 10 to 120 days of history, and an
    interval of 80 % holds 80 to 83 % of the days and 80 to 85 % of the totals of 30 days; that of series which are
    calmer than those, up to 93 %. With less than two weeks it knows the week by its fleet, or hardly. What happens for
    the first time is in no interval, and neither is a trend.

    Parameters
    ----------
    series
        The series, of final days only; a day that is not known is missing, never 0.
    days
        How many days ahead, up to 92.
    spans
        How far forecasts stray; `calibrated_spans` makes them of your own history.

    Returns
    -------
    Forecast
        With a row a series. A series with fewer than 3 known days is refused by a sentence, and the others are not.

    Raises
    ------
    SchemaError
        So many days cannot be forecast.
    """
    if not 1 <= days <= LONGEST:
        raise SchemaError(f"cannot forecast {days} days: 1 to {LONGEST} days ahead can be")
    made = profiles(series)
    refusals = tuple(_refusal(int(known)) for known in made.known)
    usual = np.where(made.known[:, None] >= LEAST_DAYS, made.usual, np.nan)
    return Forecast(
        first_day=series.end,
        expected=usual[:, weekdays(series.end, days)],
        refusals=refusals,
        notes=tuple(_notes(series, made)),
        profiles=made,
        spans=spans,
    )


def gamma_quantile(level: float, mean: Numbers, variance: Numbers) -> Numbers:
    """Quantile of a gamma distribution of some mean and variance, by the approximation of Wilson and Hilferty (1931).

    Parameters
    ----------
    level
        Between 0 and 1.
    mean, variance
        Of the distribution, from 0 up.
    """
    ninth = np.divide(variance, 9 * mean**2, out=np.zeros_like(mean), where=mean > 0)
    found: Numbers = mean * np.maximum(1 - ninth + NormalDist().inv_cdf(level) * np.sqrt(ninth), 0) ** 3
    return found


def _refusal(known: int) -> str:
    if known >= LEAST_DAYS:
        return ""
    days = {0: "no day is", 1: "1 day is"}.get(known, f"{known} days are")
    return f"a forecast needs {LEAST_DAYS} final days, and {days} known of the last 84"


def _notes(series: DailySeries, made: Profiles) -> list[str]:
    if not series.values.shape[1]:
        return [""] * len(series)
    silent = np.argmax(~np.isnan(series.values[:, ::-1]), axis=1)
    notes = []
    for known, is_zero, is_sparse, days in zip(made.known, made.is_zero, made.is_sparse, silent, strict=True):
        if known < LEAST_DAYS:
            notes.append("")
        elif is_zero:
            notes.append("every known day is 0: 0 is expected, and no interval can be given")
        elif is_sparse:
            notes.append("most of the newest days are 0: the mean is expected, not a usual day")
        elif days >= STALE_DAYS:
            notes.append(f"nothing is known of the last {days} days")
        elif known < FULL_DAYS:
            notes.append(
                f"{known} days are known: from {FULL_DAYS} days on the week is known, and the interval narrows"
            )
        else:
            notes.append("")
    return notes
