"""How far the total of some days strays from what was forecast, in logarithms and spreads of the series.

Pooled conformal quantiles of log(actual / forecast) / spread, over 13 public daily series (page views of ten pages, and
rides on shared bicycles), forecast from many days; `benchmarks/forecast.py` measures them again. The spread is that of
days for a day, and that of the means of weeks for a week and more (`vmgen_analytics.forecast.profile.Profiles`). On
such series the 30-day total lies between -20 % and +90 % of the forecast in 80 % of cases; the tail upwards is fat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
LONGEST = 92
"""Days ahead that can be forecast: a quarter. Beyond 30 days the spans are drawn on, not measured."""


@dataclass(frozen=True)
class Spans:
    """Quantiles of the error, by known days of history and by the days that are totalled.

    Attributes
    ----------
    table
        Least known days -> days totalled -> quantiles at `LEVELS`. A single day is any day of the next 30.
    origin
        Where they come from, for people.
    """

    table: Mapping[int, Mapping[int, tuple[float, ...]]]
    origin: str

    def at(self, level: float, days: NDArray[np.int64], known: NDArray[np.int64]) -> Numbers:
        """Quantile of the error.

        Parameters
        ----------
        level
            From 0.025 to 0.975; beyond, the outermost is given.
        days
            Days that are totalled.
        known
            Known days of history, one a series.

        Returns
        -------
        ndarray
            Series by days, in spreads.
        """
        found = np.empty((len(known), len(days)))
        row_of = np.array(sorted(self.table))
        at_row = np.searchsorted(row_of, known, side="right") - 1
        for row, least in enumerate(row_of):
            found[np.maximum(at_row, 0) == row] = self._row(level, days, self.table[int(least)])
        return found

    @staticmethod
    def _row(level: float, days: NDArray[np.int64], row: Mapping[int, tuple[float, ...]]) -> Numbers:
        """Interpolate over the logarithm of the days, and beyond the longest go on as from the one before it."""
        lengths = np.log(np.array(sorted(row), dtype="float64"))
        knots = np.array([np.interp(level, LEVELS, row[length]) for length in sorted(row)])
        asked = np.log(np.asarray(days, dtype="float64"))
        inside: Numbers = np.interp(asked, lengths, knots)
        slope = (knots[-1] - knots[-2]) / (lengths[-1] - lengths[-2])
        outwards = slope if np.sign(slope) == np.sign(knots[-1]) else 0.0
        drawn_on: Numbers = inside + np.maximum(asked - lengths[-1], 0) * outwards
        return drawn_on


PUBLISHED = Spans(
    {
        0: {
            1: (-5.8, -2.6, -1.1, 0, 1.1, 2.8, 6.7),
            30: (-3.2, -1.4, -0.4, 0, 1.4, 3.1, 6.7),
        },
        7: {
            1: (-4.8, -2.3, -1.0, 0, 1.0, 2.7, 6.5),
            30: (-2.86, -1.26, -0.40, 0, 1.19, 2.80, 6.48),
        },
        14: {
            1: (-3.2, -1.7, -0.9, 0, 0.9, 2.2, 5.0),
            7: (-1.94, -1.05, -0.50, 0, 0.81, 1.88, 4.36),
            30: (-1.92, -1.05, -0.37, 0, 1.18, 2.48, 5.33),
        },
        42: {
            1: (-2.8, -1.6, -0.8, 0, 0.8, 1.8, 4.3),
            7: (-1.89, -1.01, -0.48, 0, 0.74, 1.69, 3.76),
            15: (-1.77, -1.06, -0.44, 0, 0.88, 1.92, 4.1),
            30: (-1.79, -1.09, -0.43, 0, 1.03, 2.18, 4.76),
        },
    },
    "13 public daily series",
)
