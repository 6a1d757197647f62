"""How well the forecast would have done on one's own history, and the spans that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.forecast.expectation import FULL_DAYS, LEAST_DAYS, forecast
from vmgen_analytics.forecast.months import month_end
from vmgen_analytics.forecast.spans import LEVELS, PUBLISHED, Spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.forecast.series import DailySeries

    Numbers = NDArray[np.float64]

LEAST_FORECASTS = 200
"""Forecasts without which a row of the published spans stays."""


@dataclass(frozen=True)
class Backtest:
    """What became of forecasts of days that are known by now.

    Attributes
    ----------
    forecasts
        How many were made; the other attributes are NaN where it is 0.
    cover_80
        Part of the totals that lay in the interval of 80 %.
    error, run_rate_error
        Median of the error of the total against the actual one, of the forecast and of the mean of the days so far.
    refusal
        Why none was made, as a sentence; empty where there were some.
    """

    forecasts: int
    cover_80: float
    error: float
    run_rate_error: float
    refusal: str


def backtest(series: DailySeries, days: int = 30, *, step: int = 7, spans: Spans = PUBLISHED) -> Backtest:
    """Forecast the total of some days from earlier days on, and compare with what came.

    Parameters
    ----------
    series
        The series.
    days
        Days that are totalled.
    step
        Days from one forecast to the next.
    spans
        How far forecasts stray.

    Returns
    -------
    Backtest
        Over every series and every day of departure whose days ahead are all known.

    Raises
    ------
    SchemaError
        So many days cannot be forecast, or the step is no whole number from 1 up.
    """
    if step < 1:
        raise SchemaError(f"the step is {step}; it is a whole number of days from 1 up")
    rows = [np.empty((0, 5))]
    for end in range(LEAST_DAYS, series.values.shape[1] - days + 1, step):
        past = series.until(series.first_day + end)
        made = forecast(past, days, spans=spans)
        actual = series.values[:, end : end + days].sum(axis=1)  # missing if a day is
        mean = _mean(past.values[:, -28:])
        rows.append(np.stack([actual, made.total(0.5), made.total(0.1), made.total(0.9), mean * days], axis=1))
    needed = f"a back-test needs {LEAST_DAYS} final days, and {days} more after them without a gap"
    return _judged(np.concatenate(rows), needed)


def backtest_month_ends(
    series: DailySeries, days_known: Sequence[int] = (1, 5, 10, 15, 20, 25), *, spans: Spans = PUBLISHED
) -> dict[int, Backtest]:
    """Project past months from their first days, and compare with how they ended.

    Parameters
    ----------
    series
        The series; months that are not known whole are left out.
    days_known
        After how many days of a month to look.
    spans
        How far forecasts stray.

    Returns
    -------
    dict
        A `Backtest` by days known.
    """
    rows: dict[int, list[Numbers]] = {days: [np.empty((0, 5))] for days in days_known}
    for month in np.unique(series.days.astype("datetime64[M]")):
        first, end = month.astype("datetime64[D]"), (month + 1).astype("datetime64[D]")
        if first < series.first_day or end > series.end:
            continue
        whole = month_end(series, month)
        length = int((end - first).astype("int64"))
        actual = np.where(whole.days_known == length, whole.known, np.nan)
        for days in days_known:
            early = month_end(series.until(first + days), month, spans=spans)
            run_rate = early.known / days * length
            rows[days].append(np.stack([actual, early.expected, early.low, early.high, run_rate], axis=1))
    needed = "a back-test of month ends needs a month without a gap, and days before it"
    return {days: _judged(np.concatenate(found), needed) for days, found in rows.items()}


def calibrated_spans(series: DailySeries, *, published: Spans = PUBLISHED) -> Spans:
    """Measure how far forecasts strayed on one's own history, and use that in place of the published spans.

    Parameters
    ----------
    series
        The series, as many and as long as there are.
    published
        What stays wherever fewer than 200 forecasts could be compared.

    Returns
    -------
    Spans
        With ``origin`` telling how much of it is one's own.
    """
    ends = sorted(published.table)
    table, own, cells = {}, 0, 0
    for least, after in zip(ends, [*ends[1:], None], strict=True):
        row = dict(published.table[least])
        for days in row:
            cells += 1
            errors = np.concatenate([np.empty(0), *_errors(series, days, least, after)])
            if len(errors) >= LEAST_FORECASTS:
                row[days] = _centred(errors)
                own += 1
        table[least] = row
    return Spans(table, f"{own} of {cells} from one's own history, the others from {published.origin}")


def _errors(series: DailySeries, days: int, least: int, after: int | None) -> Iterator[Numbers]:
    """Errors of forecasts in spreads, in which as many days were known as a row of the spans says."""
    step = 7 if least >= FULL_DAYS else 3  # a series is young for a few days only
    for end in range(max(least, LEAST_DAYS), series.values.shape[1] - days + 1, step):
        made = forecast(series.until(series.first_day + end), 30 if days == 1 else days)
        profiles = made.profiles
        ahead = series.values[:, end : end + made.expected.shape[1]]
        is_fit = (profiles.known >= least) & ~profiles.is_zero & ~profiles.is_sparse
        if after is not None:
            is_fit &= profiles.known < after
        if days == 1:
            actual, expected = ahead, made.expected[:, : ahead.shape[1]]
        else:
            actual, expected = ahead.sum(axis=1, keepdims=True), made.total(0.5)[:, None]
        with np.errstate(divide="ignore"):
            error = np.maximum(np.log(actual / expected), np.log(1e-3)) / profiles.strays(np.array([days]))
        fit = error[is_fit]
        yield fit[~np.isnan(fit)]


def _centred(errors: Numbers) -> tuple[float, ...]:
    """Quantiles of errors with the middle at 0, as what is expected is not moved by what was."""
    found = np.quantile(errors, LEVELS)
    middle = LEVELS.index(0.5)
    return (*np.minimum(found[:middle], 0).tolist(), 0.0, *np.maximum(found[middle + 1 :], 0).tolist())


def _judged(rows: Numbers, needed: str) -> Backtest:
    """Compare rows of actual, expected, low, high and run rate."""
    rows = rows[~np.isnan(rows).any(axis=1) & (rows[:, 0] > 0)] if len(rows) else rows
    if not len(rows):
        return Backtest(0, np.nan, np.nan, np.nan, needed)
    actual, expected, low, high, run_rate = rows.T
    return Backtest(
        forecasts=len(rows),
        cover_80=float(((actual >= low) & (actual <= high)).mean()),
        error=float(np.median(np.abs(expected - actual) / actual)),
        run_rate_error=float(np.median(np.abs(run_rate - actual) / actual)),
        refusal="",
    )


def _mean(values: Numbers) -> Numbers:
    known = (~np.isnan(values)).sum(axis=1)
    means: Numbers = np.where(known > 0, np.nansum(values, axis=1) / np.maximum(known, 1), np.nan)
    return means
