"""Whole cents for print, chosen so that the printed lines add up to the printed total."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MILLIONTHS_PER_CENT = 10_000


def printed_cents(amounts: ArrayLike, total: float | None = None) -> NDArray[np.float64]:
    """Round amounts to cents by largest remainder, so that they add up to their total.

    Parameters
    ----------
    amounts
        Amounts in whole millionths of the currency; a missing one stays missing.
    total
        What they shall add up to, in whole cents; by default their own sum, rounded.

    Returns
    -------
    ndarray
        As many amounts in whole cents, each less than a cent from its own where the total allows it.

    Examples
    --------
    >>> printed_cents([0.333333, 0.333333, 0.333334]).tolist()
    [0.33, 0.33, 0.34]
    """
    values = np.asarray(amounts, dtype=float)
    known = ~np.isnan(values)
    millionths = np.rint(values[known] * 1e6).astype("int64")
    cents, rest = np.divmod(millionths, MILLIONTHS_PER_CENT)
    wanted = _nearest_cent(int(millionths.sum())) if total is None else round(total * 100)
    short = wanted - int(cents.sum())
    if len(cents):
        every, short = divmod(short, len(cents))
        cents += every
        cents[np.argsort(-rest, kind="stable")[:short]] += 1
    printed = values.copy()
    printed[known] = cents / 100
    return printed


def rounded(amount: float) -> float:
    """Round an amount in whole millionths to cents, halves away from zero."""
    return _nearest_cent(round(amount * 1e6)) / 100


def _nearest_cent(millionths: int) -> int:
    size = (2 * abs(millionths) + MILLIONTHS_PER_CENT) // (2 * MILLIONTHS_PER_CENT)
    return size if millionths >= 0 else -size
