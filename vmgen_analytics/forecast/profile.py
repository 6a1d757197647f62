"""What a daily series is made of: its usual week, and how far days stray from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vmgen_analytics.forecast import robust
from vmgen_analytics.forecast.series import DailySeries, weekdays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Flags = NDArray[np.bool_]

WINDOW = 84
"""Days that a profile looks back."""

LEVEL_DAYS = 14
"""Known days whose middle is the level."""

FLOOR = 0.05
"""Least part of a middling day that a day counts with in the usual week, as 0 has no logarithm."""

EVEN_WEIGHT = 0.3
"""Weight, in days, with which a weekday is drawn to the typical one even where chance cannot explain it."""

USUAL_SPREAD, SPREAD_WEIGHT, MOST_SPREAD = 0.2, 5, 0.8
"""What a spread is drawn to while few days are known, with the weight of so many days, and its cap."""

SPREAD_DAYS, MOST_STEP = 56, 1.0
"""Newest days whose spread is taken, and the largest step that counts in it, in logarithms: a factor of 2.7."""

WANDER_DAYS, WANDER_WEIGHT = 7, 5
"""Days whose mean is compared with the level before them; and the weight of the spread of days beside such means."""

FLEET_LEAST = 3
"""Series with two known weeks that make a fleet, whose typical week helps the young ones."""

SPARSE_WEIGHT = 2
"""Weight, in days, with which a weekday of a sparse series is drawn to the mean of all days."""


@dataclass(frozen=True)
class Profiles:
    """The usual week of each series, and what it rests on.

    Attributes
    ----------
    usual
        Series by weekday from Monday on: what such a day usually brings; NaN where nothing is known.
    spread
        Standard deviation of a day about the level before it, in logarithms; steps beyond a factor of 2.7 count as one.
    wander
        The same of the mean of seven days: what the total of a week or a month strays by. Days of a calm series even
        out, and its level stays; the level of another goes its own way, and takes each day with it.
    variance
        Of a day about its usual weekday; for sparse series, which have no logarithms.
    known
        Days that are known in the window.
    is_zero
        Whether every known day is 0.
    is_sparse
        Whether more than half of the newest days are 0, but not all: such a series has no usual day, but a mean.
    """

    usual: Numbers
    spread: Numbers
    wander: Numbers
    variance: Numbers
    known: NDArray[np.int64]
    is_zero: Flags
    is_sparse: Flags

    def strays(self, lengths: NDArray[np.int64]) -> Numbers:
        """What errors of totals are measured in: the spread for a day, from a week on the wander, between them both.

        Parameters
        ----------
        lengths
            Days that are totalled.

        Returns
        -------
        ndarray
            Series by lengths, in logarithms.
        """
        part = np.minimum(np.log(lengths) / np.log(WANDER_DAYS), 1.0)
        found: Numbers = self.spread[:, None] ** (1 - part) * self.wander[:, None] ** part
        return found


def profiles(series: DailySeries) -> Profiles:
    """Describe each of some daily series by its last 84 days.

    The usual week is a level times the factor of each weekday. The level is the middle of the last 14 days that are
    known and not 0 (Hodges and Lehmann's: it takes four wild ones). A factor is the median of its weekday against the
    seven days around it, in logarithms, drawn to the typical week of all series where a fleet of them is given, else
    to an even week: the more, the less its weekdays differ by than the noise of so few days would make them. Of a
    sparse series it is the mean of each weekday instead.

    Parameters
    ----------
    series
        The series.

    Returns
    -------
    Profiles
        A row a series.
    """
    values = series.values[:, -WINDOW:]
    of_week = weekdays(series.end - values.shape[1], values.shape[1])
    factors = weekday_factors(values, of_week)
    adjusted = np.where(values > 0, values, np.nan) / factors[:, of_week]
    logs = np.log(adjusted)
    level = np.exp(robust.middle(logs, LEVEL_DAYS))
    newest = robust.newest(values, LEVEL_DAYS)
    known = (~np.isnan(values)).sum(axis=1)
    is_zero = (known > 0) & (np.nan_to_num(values).max(axis=1, initial=0) == 0)
    is_sparse = ((newest == 0).sum(axis=1) * 2 > (~np.isnan(newest)).sum(axis=1)) & ~is_zero
    means, variance = _sparse_week(values, of_week)
    usual = np.where(is_sparse[:, None], means, level[:, None] * factors)
    usual[is_zero] = 0
    spread = _spread(logs)
    return Profiles(usual, spread, _wander(adjusted, logs, spread), variance, known, is_zero, is_sparse)


def weekday_factors(values: Numbers, of_week: NDArray[np.int64]) -> Numbers:
    """Factor of each weekday, with mean 1: a median, drawn to the fleet's typical week as far as chance explains it.

    Parameters
    ----------
    values
        Series by days; NaN is missing.
    of_week
        Weekday of each day.

    Returns
    -------
    ndarray
        Series by weekday from Monday on.
    """
    least = FLOOR * robust.median(np.where(values > 0, values, np.nan))[:, None]
    logs = np.log(np.maximum(values, np.where(np.isnan(least), 1.0, least)))
    effects, counts = _weekday_effects(logs, of_week)
    typical = _typical_week(effects, counts)
    own = np.where(counts > 0, effects - typical, 0.0)
    noise = _noise(logs)[:, None] / np.maximum(counts, 1)
    seen = np.maximum((counts > 0).sum(axis=1), 2)
    by_chance = np.where(counts > 0, noise, 0.0).sum(axis=1) / seen
    variance = np.maximum((own**2).sum(axis=1) / (seen - 1) - by_chance, 0.0)[:, None]
    weights = variance / (variance + noise) * counts / (counts + EVEN_WEIGHT)
    factors = np.exp(typical + weights * own)
    even: Numbers = factors / factors.mean(axis=1, keepdims=True)
    return even


def _weekday_effects(logs: Numbers, of_week: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """Median of each weekday against the week around it, in logarithms; and the days that it rests on."""
    effects, counts = np.zeros((len(logs), 7)), np.zeros((len(logs), 7))
    if logs.shape[1] >= 7:  # with less than a week, a weekday and the level cannot be told apart
        deviations = logs - robust.week_around(logs)
        for day in range(7):
            own = deviations[:, of_week == day]
            counts[:, day] = (~np.isnan(own)).sum(axis=1)
            effects[:, day] = np.nan_to_num(robust.median(own))
    counts[counts.sum(axis=1) < 7] = 0
    return effects, counts


def _typical_week(effects: Numbers, counts: Numbers) -> Numbers:
    grown = counts.sum(axis=1) >= 14
    if grown.sum() < FLEET_LEAST:
        return np.zeros(7)
    typical: Numbers = np.median(effects[grown], axis=0)
    return typical


def _noise(logs: Numbers) -> Numbers:
    """Variance of a day about its weekday, by what changes from week to week."""
    steps = np.abs(logs[:, 7:] - logs[:, :-7])
    count = (~np.isnan(steps)).sum(axis=1)
    own = (np.nan_to_num(robust.median(steps)) * robust.MAD_TO_SD) ** 2 / 2
    return _drawn(own, count, np.full(len(logs), USUAL_SPREAD**2), SPREAD_WEIGHT)


def _spread(logs: Numbers) -> Numbers:
    """Spread of the newest days about the median of the 14 days before each, drawn to the usual one."""
    steps = (logs - robust.before(logs, LEVEL_DAYS, least=3))[:, -SPREAD_DAYS:]
    away = np.minimum((steps - robust.median(steps)[:, None]) ** 2, MOST_STEP)
    drawn = _drawn(*_mean_square(away), np.full(len(logs), USUAL_SPREAD**2), SPREAD_WEIGHT)
    return np.minimum(np.sqrt(drawn), MOST_SPREAD)


def _wander(adjusted: Numbers, logs: Numbers, spread: Numbers) -> Numbers:
    """Spread of the mean of seven days about the median of the 14 days before them, drawn to that of days."""
    days = logs.shape[1]
    if days <= 2 * WANDER_DAYS:
        return spread
    before = robust.before(logs, LEVEL_DAYS, least=WANDER_DAYS)[:, WANDER_DAYS : days - WANDER_DAYS + 1]
    weeks = np.lib.stride_tricks.sliding_window_view(adjusted, WANDER_DAYS, axis=1)[:, WANDER_DAYS:]
    known = ~np.isnan(weeks)
    means = np.where(known.sum(axis=2) > WANDER_DAYS // 2, np.nansum(weeks, axis=2), np.nan) / np.maximum(
        known.sum(axis=2), 1
    )
    steps = (np.log(means) - before)[:, -SPREAD_DAYS:]
    drawn = _drawn(*_mean_square(np.minimum(steps**2, MOST_STEP)), spread**2, WANDER_WEIGHT)
    return np.minimum(np.sqrt(drawn), MOST_SPREAD)


def _mean_square(squares: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    count = (~np.isnan(squares)).sum(axis=1)
    return np.nansum(squares, axis=1) / np.maximum(count, 1), count


def _drawn(own: Numbers, count: NDArray[np.int64], to: Numbers, weight: int) -> Numbers:
    """Draw a variance that rests on some days to another with the weight of others."""
    drawn: Numbers = (own * count + to * weight) / (count + weight)
    return drawn


def _sparse_week(values: Numbers, of_week: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """Mean of each weekday, drawn to the mean of all, and the variance about it."""
    known = ~np.isnan(values)
    filled = np.nan_to_num(values)
    mean = filled.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    is_day = np.equal.outer(of_week, np.arange(7)).astype("float64")
    week = (filled @ is_day + SPARSE_WEIGHT * mean[:, None]) / (known @ is_day + SPARSE_WEIGHT)
    squares = np.where(known, (filled - week[:, of_week]) ** 2, 0)
    return week, squares.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
