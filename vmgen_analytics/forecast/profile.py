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
"""Known days whose median is the level."""

FLOOR = 0.05
"""Least part of the mean that a weekday may have, as nothing can be divided by 0."""

USUAL_SPREAD, SPREAD_WEIGHT, MOST_SPREAD = 0.2, 5, 0.8
"""What a spread is drawn to while few days are known, with the weight of so many days, and its cap."""

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
        Standard deviation of a day about the level before it, in logarithms; robust.
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
    variance: Numbers
    known: NDArray[np.int64]
    is_zero: Flags
    is_sparse: Flags


def profiles(series: DailySeries) -> Profiles:
    """Describe each of some daily series by its last 84 days.

    The usual week is a level times the factor of each weekday. The level is the median of the last 14 days that are
    known and not 0. A factor is the median of its weekday against the seven days around it, drawn to the typical week
    of all series where a fleet of them is given, else to an even week. Of a sparse series it is the mean of each
    weekday instead.

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
    level = robust.median(robust.newest(adjusted, LEVEL_DAYS))
    newest = robust.newest(values, LEVEL_DAYS)
    known = (~np.isnan(values)).sum(axis=1)
    is_zero = (known > 0) & (np.nan_to_num(values).max(axis=1, initial=0) == 0)
    is_sparse = ((newest == 0).sum(axis=1) * 2 > (~np.isnan(newest)).sum(axis=1)) & ~is_zero
    means, variance = _sparse_week(values, of_week)
    usual = np.where(is_sparse[:, None], means, level[:, None] * factors)
    usual[is_zero] = 0
    return Profiles(usual, _spread(adjusted), variance, known, is_zero, is_sparse)


def weekday_factors(values: Numbers, of_week: NDArray[np.int64]) -> Numbers:
    """Factor of each weekday, with mean 1; a median, shrunk to the fleet's typical week by the weight of one day.

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
    around = robust.week_around(values)
    ratios = values / np.where(around > 0, around, np.nan)
    medians, counts = np.ones((len(values), 7)), np.zeros((len(values), 7))
    if values.shape[1] >= 7:  # with less than a week, a weekday and the level cannot be told apart
        for day in range(7):
            own = ratios[:, of_week == day]
            counts[:, day] = (~np.isnan(own)).sum(axis=1)
            medians[:, day] = np.where(counts[:, day] > 0, robust.median(own), 1.0)
    counts[counts.sum(axis=1) < 7] = 0
    factors = np.maximum((counts * medians + _typical_week(medians, counts)) / (counts + 1), FLOOR)
    even: Numbers = factors / factors.mean(axis=1, keepdims=True)
    return even


def _typical_week(medians: Numbers, counts: Numbers) -> Numbers:
    grown = counts.sum(axis=1) >= 14
    if grown.sum() < FLEET_LEAST:
        return np.ones(7)
    typical: Numbers = np.median(medians[grown], axis=0)
    return typical


def _spread(adjusted: Numbers) -> Numbers:
    """Spread of the last 56 days about the median of the 14 days before each, drawn to the usual one."""
    steps = (np.log(adjusted) - np.log(robust.before(adjusted, LEVEL_DAYS, least=3)))[:, -56:]
    count = (~np.isnan(steps)).sum(axis=1)
    centre = robust.median(steps)
    own = np.nan_to_num(robust.median(np.abs(steps - centre[:, None])) * robust.MAD_TO_SD)
    drawn = np.sqrt((own**2 * count + USUAL_SPREAD**2 * SPREAD_WEIGHT) / (count + SPREAD_WEIGHT))
    capped: Numbers = np.minimum(drawn, MOST_SPREAD)
    return capped


def _sparse_week(values: Numbers, of_week: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """Mean of each weekday, drawn to the mean of all, and the variance about it."""
    known = ~np.isnan(values)
    filled = np.nan_to_num(values)
    mean = filled.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    is_day = np.equal.outer(of_week, np.arange(7)).astype("float64")
    week = (filled @ is_day + SPARSE_WEIGHT * mean[:, None]) / (known @ is_day + SPARSE_WEIGHT)
    squares = np.where(known, (filled - week[:, of_week]) ** 2, 0)
    return week, squares.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
