"""Money that adds up: sums in whole millionths of the currency, shares by largest remainder.

A float64 holds every whole number of millionths up to nine billion exactly, and every sum here is made of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.cost.kinds import kinds
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
    kind, groups = kinds(known, by)
    sums = pd.Series(to_millionths(known[column])).groupby(kind).sum()
    return groups.assign(**{column: sums}).groupby(list(by), dropna=False)[column].sum() / PER_UNIT


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


def spread(amounts: NDArray[np.int64], parts: Sequence[float]) -> list[NDArray[np.int64]]:
    """Divide each of many whole amounts in the same proportion, so that each stays whole and the parts equal it.

    What is lost in rounding one amount is made up in the next, so that also the sums are in proportion, however many
    amounts there are. No part is of another sign than its amount.

    Parameters
    ----------
    amounts
        What to divide, as millionths.
    parts
        Fractions that sum to 1; the last one takes what the others leave.

    Returns
    -------
    list of ndarray
        For each fraction, its part of each amount.

    Examples
    --------
    >>> spread(np.array([1, 1, -1, 1]), [0.5, 0.5])
    [array([0, 1, 0, 1]), array([ 1,  0, -1,  0])]
    """
    left, remaining = np.abs(amounts), 1.0
    found = []
    for part in parts[:-1]:
        share = min(max(part / remaining, 0.0), 1.0) if remaining > 0 else 0.0
        whole = np.floor(share * np.cumsum(left, dtype="float64")).astype("int64")
        taken = np.clip(np.diff(whole, prepend=0), 0, left)
        found.append(taken)
        left, remaining = left - taken, remaining - part
    return [np.sign(amounts) * part for part in [*found, left]] if len(parts) else []


def _largest(amounts: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Find the positions of the largest amounts, the first ones among equals, without sorting all."""
    edge = np.partition(amounts, len(amounts) - count)[len(amounts) - count]
    above = np.flatnonzero(amounts > edge)
    ties = np.flatnonzero(amounts == edge)[: count - len(above)]
    return np.concatenate([above, ties])
