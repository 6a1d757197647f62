"""How unusual each day of a daily series is, by the days before it alone.

The ladder: no score with fewer than 7 known days; with 7 to 13 the distance from their mean, in deviations; with 14 to
27 the same in logarithms and without the weekday; from 28 days on the distance from a level that follows the newest
days, in deviations of such distances before: downwards that of logarithms, upwards the mean of it and of that of the
ratio itself. Ratios are better at spikes, logarithms at drops; and a level that follows needs no longer history where
traffic goes its own way.

`benchmarks/anomalies.py` prints what share of days that were multiplied is found, beside other detectors. At 2 alerts
in 100 VM-days, with 28 days of history, that is 0.86 of days times 3, 0.98 of times 5 and 0.94 of fifths in a simulated
fleet; on 13 public series, which are wild already, 0.7, 0.85 and 0.75. A slow drift is not found, and neither is what
is unusual only for a day of the month or of the year.
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

LEAST_DEVIATION, LEAST_LOCAL_DEVIATION, LEAST_POOLED_DEVIATION = 0.2, 0.15, 0.1
"""Least deviation in logarithms, without and with 28 days, and of the sum of many VMs, which is calmer than each of
them: an alert is at least twice the usual or a half of it, 1.8 times or a half, and 1.5 times or two thirds."""

FOLLOWING, WILD, SETTLING_DAYS = 0.3, 2.5, 5
"""Weight of the newest day in the level that follows, deviations from which on a day counts as no more than those, and
days after which the level is one."""

MOST_ERROR, MOST_PAST_ERROR = 5.0, 2.0
"""Largest logarithms of ratios that count: of the day, as nobody cares how far beyond 148 times the level it is; and of
those before, so that the first day of an outage does not excuse the second."""

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


def scores(series: DailySeries, workers: int = 2, *, least_deviation: float = LEAST_LOCAL_DEVIATION) -> Scores:
    """Score each day of some daily series by the 56 days before it.

    Parameters
    ----------
    series
        The series in MB, of final days only; a day that is not known is missing, never 0.
    workers
        Threads; NumPy sorts and adds without the interpreter's lock.
    least_deviation
        In logarithms, with 28 days of history.

    Returns
    -------
    Scores
        Series by days.
    """
    of_week = weekdays(series.first_day, series.values.shape[1])
    batches = [series.values[row : row + ROWS_AT_ONCE] for row in range(0, max(len(series), 1), ROWS_AT_ONCE)]
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(lambda values: _scored(values, of_week, least_deviation), batches))
    return Scores(
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.expected for part in parts]),
        np.concatenate([part.known for part in parts]),
    )


def _scored(values: Numbers, of_week: NDArray[np.int64], least_deviation: float) -> Scores:
    logs = np.log1p(values)
    around = robust.week_around(logs)
    score, expected = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    known = np.zeros(values.shape, dtype="int64")
    for day in range(LEAST_DAYS, values.shape[1]):
        past = slice(max(day - WINDOW, 0), day)
        known[:, day] = (~np.isnan(values[:, past])).sum(axis=1)
        deviations = logs[:, past] - around[:, past]
        deviations[:, -3:] = logs[:, day - 3 : day] - around[:, day - 4, None]  # as the week around them is not over
        effects = _weekday_effects(deviations, of_week[past])
        adjusted = logs[:, past] - effects[:, of_week[past]]
        today = logs[:, day] - effects[:, of_week[day]]
        usual = _usual(values[:, past], _level(adjusted) + effects[:, of_week[day]], known[:, day])
        beyond, deviation = _distance(adjusted, today)
        steps = [
            (LEAST_DAYS, _plain(values[:, past], values[:, day]) * (ALERT / PLAIN_ALERT)),
            (WEEK_DAYS, beyond / np.maximum(deviation, LEAST_DEVIATION) * (ALERT / WEEKLY_ALERT)),
            (LOCAL_DAYS, _local(adjusted, today, least_deviation)),
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


def _local(adjusted: Numbers, today: Numbers, least_deviation: float) -> Numbers:
    """How far the day is from the level that follows, on logarithms and upwards on ratios too, in deviations."""
    followed = _followed(adjusted)
    errors = np.clip(adjusted - followed[:, :-1], -MOST_PAST_ERROR, MOST_PAST_ERROR)[:, SETTLING_DAYS:]
    error = np.minimum(today - followed[:, -1], MOST_ERROR)
    count = np.maximum((~np.isnan(errors)).sum(axis=1), 1)
    deviation = np.sqrt(np.nansum(errors**2, axis=1) / count)
    ratios, ratio = np.exp(errors), np.exp(error)
    mean = np.nansum(ratios, axis=1) / count
    spread = np.sqrt(np.nansum((ratios - mean[:, None]) ** 2, axis=1) / count)
    of_logarithm = error / np.maximum(deviation, least_deviation)
    of_ratio = (ratio - mean) / np.maximum(spread, least_deviation)
    found: Numbers = np.where(error < 0, of_logarithm, np.maximum((of_logarithm + of_ratio) / 2, 0))
    return found


def _followed(adjusted: Numbers) -> Numbers:
    """The level before each day, and before the one after them: an exponential mean in which no day is wild."""
    centre = robust.median(adjusted)[:, None]
    away = adjusted - centre
    usual = np.maximum(robust.median(np.abs(away))[:, None] * robust.MAD_TO_SD, LEAST_LOCAL_DEVIATION)
    known = ~np.isnan(away)
    tamed = np.where(known, np.clip(away, -WILD * usual, WILD * usual), 0.0)
    weights = (1 - FOLLOWING) ** -np.arange(adjusted.shape[1], dtype="float64")  # of the newest day the largest
    sums, counts = np.cumsum(tamed * weights, axis=1), np.cumsum(known * weights, axis=1)
    before: Numbers = np.pad(np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0), ((0, 0), (1, 0)))
    return centre + before


def _usual(past: Numbers, logarithm: Numbers, known: NDArray[np.int64]) -> Numbers:
    return np.where(known >= WEEK_DAYS, np.expm1(np.maximum(logarithm, 0)), robust.median(past))
