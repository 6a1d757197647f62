"""Which observation holds on a day: the newest until then, else the first after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def newest_until(
    things: NDArray[np.int64], days: NDArray[np.int64], asked_things: NDArray[np.int64], asked_days: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Find the observation that holds for each thing and day asked for.

    Parameters
    ----------
    things, days
        The observations, sorted by thing and then by day; both as numbers from 0 up.
    asked_things, asked_days
        What is asked for; a negative thing is unknown.

    Returns
    -------
    ndarray
        Positions among the observations, -1 where a thing was never observed.

    Examples
    --------
    >>> newest_until(np.array([0, 0, 1]), np.array([2, 5, 3]), np.array([0, 0, 0, 2]), np.array([1, 4, 9, 1]))
    array([ 0,  0,  1, -1])
    """
    if not len(things):
        return np.full(len(asked_things), -1)
    width = max(int(days.max()), int(asked_days.max()) if len(asked_days) else 0) + 1
    found = np.searchsorted(things * width + days, asked_things * width + asked_days, side="right") - 1
    is_other = (found < 0) | (things[found] != asked_things)
    first_of = np.searchsorted(things, asked_things[is_other])
    found[is_other] = np.where(things[np.minimum(first_of, len(things) - 1)] == asked_things[is_other], first_of, -1)
    return found
