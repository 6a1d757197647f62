"""Money that adds up: sums in whole millionths of the currency, shares by largest remainder.

A float64 holds every whole number of millionths up to nine billion exactly, and every sum here is made of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.errors import AllocationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PER_UNIT = 1_000_000
LIMIT = 2**53


def to_millionths(amounts: pd.Series) -> NDArray[np.int64]:
    """Convert amounts of money to whole millionths, the nearest ones.

    Raises
    ------
    AllocationError
        An amount is missing, or beyond nine billion, where a float64 no longer holds every millionth.
    """
    scaled = amounts.to_numpy("float64") * PER_UNIT
    if not np.isfinite(scaled).all() or (np.abs(scaled) >= LIMIT).any():
        raise AllocationError("an amount is missing, or beyond 9 billion, and cannot be divided exactly")
    whole: NDArray[np.int64] = np.rint(scaled).astype("int64")
    return whole


def exact_sums(frame: pd.DataFrame, by: Sequence[str], column: str) -> pd.Series:
    """Sum a column of money by groups, exactly; missing groups are groups too.

    Parameters
    ----------
    frame
        A table with the column.
    by
        The columns to group by.
    column
        The money; missing values count as nothing, and a group of nothing else is missing.
    """
    known = frame.loc[frame[column].notna(), [*by, column]]
    known = known.assign(**{column: to_millionths(known[column])})
    return known.groupby(list(by), dropna=False)[column].sum() / PER_UNIT


def largest_remainder(total: int, keys: NDArray[np.float64]) -> NDArray[np.int64]:
    """Divide a whole total in proportion to keys, so that the parts equal it exactly.

    Each part is its exact share rounded down, and the remainder goes one by one to the parts that lost most, ties
    to the first. A negative total is divided as a positive one, with the sign put back.

    Parameters
    ----------
    total
        What to divide, as millionths.
    keys
        Weights from 0 up, one a part, of which one at least is above 0.

    Returns
    -------
    ndarray
        The parts, as millionths.

    Examples
    --------
    >>> largest_remainder(-100, np.array([1.0, 1.0, 1.0]))
    array([-34, -33, -33])
    """
    scaled = keys / keys.max()  # so that no sum of keys is infinite
    shares = abs(total) * (scaled / scaled.sum())
    parts: NDArray[np.int64] = np.floor(shares).astype("int64")
    lost = np.where(keys > 0, shares - parts, -1.0)
    rest = abs(total) - int(parts.sum())
    while rest:
        step = min(abs(rest), int((keys > 0).sum()))
        # floating point can give a little too much in all: that is taken from the largest parts
        chosen = _largest(lost, step) if rest > 0 else _largest(parts, step)
        parts[chosen] += np.sign(rest)
        rest -= int(np.sign(rest)) * step
    return parts if total >= 0 else -parts


def _largest(amounts: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Find the positions of the largest amounts, the first ones among equals, without sorting all."""
    edge = np.partition(amounts, len(amounts) - count)[len(amounts) - count]
    above = np.flatnonzero(amounts > edge)
    ties = np.flatnonzero(amounts == edge)[: count - len(above)]
    return np.concatenate([above, ties])
