"""How many events may be expected where some were counted: exact intervals, and whether they come in batches."""

from __future__ import annotations

import functools
import math

import numpy as np

LEVEL = 0.8
"""Intervals of this house leave out one case in ten on either side."""


@functools.lru_cache(maxsize=4096)
def poisson_interval(count: int, level: float = LEVEL) -> tuple[float, float]:
    """Bound the expected number of events where a number of them was counted.

    The exact interval of Garwood (1936): at its lower end so many events or more, and at its upper end so many or
    fewer, come in half of the cases that the level leaves out. These ends are quantiles of a chi-square distribution
    divided by two; they are found here by bisection on the sums of Poisson probabilities that define them.

    Parameters
    ----------
    count
        Events that were counted.
    level
        Part of the cases in which the interval holds the truth, at least.

    Raises
    ------
    ValueError
        The count is negative, or the level is not between 0 and 1.

    Examples
    --------
    >>> [round(end, 3) for end in poisson_interval(10, 0.95)]
    [4.795, 18.39]
    """
    if count < 0 or not 0 < level < 1:
        raise ValueError(
            f"no interval of {level:g} for {count} events; counts start at 0, and levels are within 0 and 1"
        )
    left_out = (1 - level) / 2
    low = 0.0 if count == 0 else _expectation_where(count - 1, 1 - left_out)
    return low, _expectation_where(count, left_out)


def _expectation_where(count: int, probability: float) -> float:
    """Find the expectation with which no more than so many events come with a probability."""
    low, high = 0.0, count + 10.0 * math.sqrt(count + 1.0) + 10.0
    while _no_more_than(count, high) > probability:
        high *= 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _no_more_than(count, middle) > probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _no_more_than(count: int, expected: float) -> float:
    """The probability of no more than so many events, summed from the largest of its terms down."""
    logs = np.arange(count + 1) * math.log(expected) - expected - _log_factorials(count)
    top = float(logs.max())
    return math.exp(top) * math.fsum(np.exp(logs - top))


@functools.lru_cache(maxsize=64)
def _log_factorials(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1)))])


def dispersion(
    counts: np.ndarray[tuple[int], np.dtype[np.float64]], exposures: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> float:
    """Tell how much more counts vary than events that come one by one: 1 for those, more where they come in batches.

    Pearson's statistic per degree of freedom, drawn towards 1 as if `TRUSTED` further counts had been just as a
    Poisson process has them; never below 1, as that would make a forecast surer than chance allows.

    Parameters
    ----------
    counts
        Events of each period.
    exposures
        How long each period is.

    Returns
    -------
    float
        1 or more; 1 without two periods or any event.
    """
    total, length = float(counts.sum()), float(exposures.sum())
    if len(counts) < 2 or total == 0 or length == 0:
        return 1.0
    expected = total * exposures / length
    known = expected > 0
    pearson = float((((counts - expected) ** 2)[known] / expected[known]).sum())
    return max(1.0, (pearson + TRUSTED) / (int(known.sum()) - 1 + TRUSTED))


TRUSTED = 5
