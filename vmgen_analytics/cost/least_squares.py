"""Least squares whose answers are not negative, and how sure they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

WORST_CONDITION = 1e4
"""Beyond this, half a cent in a total becomes whole units of money in a price."""


def non_negative(matrix: Numbers, totals: Numbers) -> Numbers:
    """Find the amounts from 0 up whose products with a matrix are nearest to some totals.

    Lawson and Hanson, Solving Least Squares Problems (1974), chapter 23. SciPy has it as well, and is a hundred
    megabytes for these lines; that an answer is the best one can be proved by the conditions that a test checks.

    Parameters
    ----------
    matrix
        A row for each total, a column for each amount, of full column rank.
    totals
        The totals.

    Returns
    -------
    ndarray
        The amounts.

    Examples
    --------
    >>> non_negative(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([2.0, 1.0])).tolist()
    [1.5, 0.0]
    """
    found = np.zeros(matrix.shape[1])
    is_free = np.zeros(matrix.shape[1], dtype="bool")
    tolerance = 1e-10 * max(1.0, float(np.abs(matrix.T @ totals).max(initial=0.0)))
    for _ in range(3 * matrix.shape[1]):
        gain = matrix.T @ (totals - matrix @ found)
        if is_free.all() or gain[~is_free].max() <= tolerance:
            break
        is_free[np.argmax(np.where(is_free, -np.inf, gain))] = True
        found = _without_negatives(matrix, totals, found, is_free)
    return found


def _without_negatives(matrix: Numbers, totals: Numbers, found: Numbers, is_free: NDArray[np.bool_]) -> Numbers:
    """Solve for the free amounts; one that would be negative is 0 from there on."""
    while True:
        wanted = np.zeros(len(found))
        wanted[is_free] = np.linalg.lstsq(matrix[:, is_free], totals, rcond=None)[0]
        below = is_free & (wanted <= 0)
        if not below.any():
            return wanted
        step = np.min(found[below] / (found[below] - wanted[below]), initial=1.0)
        found = found + step * (wanted - found)
        is_free &= found > 1e-12 * max(1.0, float(np.abs(found).max()))
        found = np.where(is_free, found, 0.0)
        if not is_free.any():
            return found


def without_bounds(matrix: Numbers, totals: Numbers, least: float) -> tuple[Numbers, Numbers]:
    """Find the amounts that fit best, negative ones included, and how far they may be off together.

    What is bounded at 0 hides how little is known of it, and makes the others look certain: how sure the amounts are is
    told without the bound.

    Parameters
    ----------
    matrix, totals
        As for `non_negative`, with more rows than columns.
    least
        The standard deviation that totals have at the least, however well they happen to fit.

    Returns
    -------
    ndarray, ndarray
        The amounts, and their covariance; the roots of its diagonal are their standard errors.
    """
    found: Numbers = np.linalg.lstsq(matrix, totals, rcond=None)[0].astype("float64")
    variance = float(((totals - matrix @ found) ** 2).sum()) / (len(totals) - matrix.shape[1])
    covariance: Numbers = max(variance, least**2) * np.linalg.pinv(matrix.T @ matrix)
    return found, covariance


def confounded(matrix: Numbers) -> list[list[int]]:
    """Groups of columns that the rows of a matrix cannot tell apart; none if they can.

    Parameters
    ----------
    matrix
        A row for each total, a column for each amount, none of them all 0.
    """
    scaled = matrix / np.linalg.norm(matrix, axis=0)
    _, sizes, directions = np.linalg.svd(scaled)
    sizes = np.append(sizes, np.zeros(matrix.shape[1] - len(sizes)))
    free = directions[sizes <= sizes[0] / WORST_CONDITION]
    left = np.abs(free.T @ free) > 1e-3  # columns that can be exchanged for each other without any total changing
    groups: list[list[int]] = []
    for column in np.flatnonzero(np.diag(left)).tolist():
        if not any(column in group for group in groups):
            groups.append(_connected(left, column))
    return groups


def _connected(left: NDArray[np.bool_], start: int) -> list[int]:
    """Follow what can be exchanged for what."""
    reached = {start}
    waiting = [start]
    while waiting:
        for other in np.flatnonzero(left[waiting.pop()]).tolist():
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return sorted(reached)
