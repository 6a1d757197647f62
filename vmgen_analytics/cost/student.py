"""How far chance strays where few cases tell of it: Student's t."""

from __future__ import annotations

import math


def student(freedom: int, inside: float) -> float:
    """Return the quantile of Student's t that a part of all cases stays within, to either side of 0.

    Parameters
    ----------
    freedom
        Degrees of freedom, from 1 up.
    inside
        The part, between 0 and 1.

    Examples
    --------
    >>> [round(student(freedom, 0.95), 2) for freedom in (1, 4, 10, 1000)]
    [12.71, 2.78, 2.23, 1.96]
    """
    low, high = 0.0, 1.0
    while _within(high, freedom) < inside:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < inside else (low, middle)
    return high


def _within(t: float, freedom: int) -> float:
    """The part of all cases between -t and t, by the finite sums for whole degrees of freedom."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    is_odd = freedom % 2 == 1
    term = cosine if is_odd else 1.0
    total = 0.0
    for number in range(1 if is_odd else 0, freedom - 1, 2):
        total += term
        term *= cosine**2 * (number + 1) / (number + 2)
    return (2 / math.pi) * (angle + sine * total) if is_odd else sine * total
