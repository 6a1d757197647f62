"""How unusual each day of a daily series is, by the days before it alone.

The ladder: no score with fewer than 7 known days; with 7 to 13 the distance from their mean, in deviations; with 14 to
27 the same in logarithms and without the weekday; from 28 days on two thirds of that, and one third the fences of Tukey
on the ratio to the level of the last two weeks (on the ratio upwards, on its logarithm downwards). Fences are better at
spikes, logarithms at drops; together they find more of both than either alone.

`benchmarks/anomalies.py` prints what share of days that were multiplied is found, beside other detectors. A slow drift
is not found, and neither is what is unusual only for a day of the month or of the year.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vmgen_analytics.forecast import robust
from vmgen_analytics.forecast.series import weekdays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vmgen_analytics.forecast.series import DailySeries

    Numbers = NDArray[np.float64]

WINDOW, LEVEL_DAYS = 56, 14
"""Days that are looked back at, and those of them whose median is the level."""

LEAST_DAYS, WEEK_DAYS, LOCAL_DAYS = 7, 14, 28
"""Known days from which on there is a score, the week is known, and the local detector runs."""

ALERT, NOTE, CLOSE = 4.5, 3.5, 2.0
"""Scores from which on a day is an alert, is worth a note, and below which an episode is over."""

PLAIN_ALERT, WEEKLY_ALERT = 3.0, 3.5
"""What is an alert on the first two steps of the ladder, in their own deviations."""

LEAST_RANGE = 0.1
"""Least distance between quartiles, so that an even series does not cry at a few per cent."""

LEAST_DEVIATION, LEAST_LOCAL_DEVIATION = 0.2, 0.1
"""Least deviation in logarithms, without and with 28 days: with the first an alert is at least a doubling or a half."""

LEAST_LEVEL_DAYS = 5
"""Known days of the last 14 without which there is no level."""

ROWS_AT_ONCE = 500
"""Series of a batch, small enough to stay in a processor's cache."""


@dataclass(frozen=True)
class Scores:
    """How unusual each day is.

    Attributes
    ----------
    score
        Series by days; above 0 upwards, below 0 downwards, 4.5 either way is an alert; NaN where there is none.
    expected
        What the day would usually bring, whether it is known or not; NaN with too little history.
    known
        Known days among the 56 before.
    """

    score: Numbers
    expected: Numbers
    known: NDArray[np.int64]


def scores(series: DailySeries, workers: int = 2) -> Scores:
    """Score each day of some daily series by the 56 days before it.

    Parameters
    ----------
    series
        The series in MB, of final days only; a day that is not known is missing, never 0.
    workers
        Threads; NumPy sorts and adds without the interpreter's lock.

    Returns
    -------
    Scores
        Series by days.
    """
    of_week = weekdays(series.first_day, series.values.shape[1])
    batches = [series.values[row : row + ROWS_AT_ONCE] for row in range(0, max(len(series), 1), ROWS_AT_ONCE)]
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(lambda values: _scored(values, of_week), batches))
    return Scores(
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.expected for part in parts]),
        np.concatenate([part.known for part in parts]),
    )


def _scored(values: Numbers, of_week: NDArray[np.int64]) -> Scores:
    logs = np.log1p(values)
    around = robust.week_around(logs)
    score, expected, levels = (np.full(values.shape, np.nan) for _ in range(3))
    known = np.zeros(values.shape, dtype="int64")
    for day in range(LEAST_DAYS, values.shape[1]):
        past = slice(max(day - WINDOW, 0), day)
        known[:, day] = (~np.isnan(values[:, past])).sum(axis=1)
        deviations = logs[:, past] - around[:, past]
        deviations[:, -3:] = logs[:, day - 3 : day] - around[:, day - 4, None]  # as the week around them is not over
        effects = _weekday_effects(deviations, of_week[past])
        adjusted = logs[:, past] - effects[:, of_week[past]]
        today = logs[:, day] - effects[:, of_week[day]]
        level = _level(adjusted)
        levels[:, day] = level
        usual = _usual(values[:, past], level + effects[:, of_week[day]], known[:, day])
        beyond, deviation = _distance(adjusted, today)
        local = _fences(adjusted, levels[:, past], today, level) + 2 * beyond / np.maximum(
            deviation, LEAST_LOCAL_DEVIATION
        )
        steps = [
            (LEAST_DAYS, _plain(values[:, past], values[:, day]) * (ALERT / PLAIN_ALERT)),
            (WEEK_DAYS, beyond / np.maximum(deviation, LEAST_DEVIATION) * (ALERT / WEEKLY_ALERT)),
            (LOCAL_DAYS, local / 3),
        ]
        for least, found in steps:
            rows = known[:, day] >= least
            score[rows, day] = found[rows]
        expected[:, day] = np.where(known[:, day] >= LEAST_DAYS, usual, np.nan)
    return Scores(score, expected, known)


def _weekday_effects(deviations: Numbers, of_week: NDArray[np.int64]) -> Numbers:
    """Logarithm of each weekday's factor, drawn to 0 by the weight of one day."""
    effects = np.zeros((len(deviations), 7))
    for weekday in range(7):
        own = deviations[:, of_week == weekday]
        count = (~np.isnan(own)).sum(axis=1)
        effects[:, weekday] = np.nan_to_num(robust.median(own)) * count / (count + 1)
    centred: Numbers = effects - effects.mean(axis=1, keepdims=True)
    return centred


def _level(adjusted: Numbers) -> Numbers:
    newest = adjusted[:, -LEVEL_DAYS:]
    return np.where((~np.isnan(newest)).sum(axis=1) >= LEAST_LEVEL_DAYS, robust.median(newest), np.nan)


def _plain(past: Numbers, today: Numbers) -> Numbers:
    count = np.maximum((~np.isnan(past)).sum(axis=1), 2)
    mean = np.nansum(past, axis=1) / count
    variance = np.nansum((past - mean[:, None]) ** 2, axis=1) / (count - 1)
    found: Numbers = (today - mean) / np.maximum(np.sqrt(variance), 1 + LEAST_DEVIATION * mean)
    return found


def _distance(adjusted: Numbers, today: Numbers) -> tuple[Numbers, Numbers]:
    """How far from the mean the day is, and the deviation of the days before; in logarithms."""
    count = np.maximum((~np.isnan(adjusted)).sum(axis=1), 2)
    mean = np.nansum(adjusted, axis=1) / count
    variance = np.nansum((adjusted - mean[:, None]) ** 2, axis=1) / (count - 1)
    return today - mean, np.sqrt(variance)


def _fences(adjusted: Numbers, levels: Numbers, today: Numbers, level: Numbers) -> Numbers:
    """How far beyond Tukey's fences the day's ratio to its level is: on ratios upwards, on logarithms downwards."""
    ratios = adjusted - levels
    low, high = robust.quantiles(ratios, (0.25, 0.75))
    ratio = np.minimum(today - level, 50.0)
    up = (np.exp(ratio) - np.exp(high)) / np.maximum(np.exp(high) - np.exp(low), LEAST_RANGE)
    down = (low - ratio) / np.maximum(high - low, LEAST_RANGE)
    found: Numbers = np.where(ratio >= high, up, np.where(ratio <= low, -down, 0.0))
    return np.where(np.isnan(ratio) | np.isnan(low), np.nan, found)


def _usual(past: Numbers, logarithm: Numbers, known: NDArray[np.int64]) -> Numbers:
    return np.where(known >= WEEK_DAYS, np.expm1(np.maximum(logarithm, 0)), robust.median(past))
