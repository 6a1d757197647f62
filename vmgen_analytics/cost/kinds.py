"""Few different values in many rows: numbered once, so that what follows works on numbers and not on text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def kinds(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Number the rows of a frame by what stands in some columns; missing is a value as well.

    Parameters
    ----------
    frame
        Any table.
    columns
        The columns to tell rows apart by.

    Returns
    -------
    ndarray, DataFrame
        The kind of each row, from 0 up in the order of appearance, and the columns of each kind.

    Examples
    --------
    >>> kinds(pd.DataFrame({"package": ["S", "L", "S"]}), ["package"])[0]
    array([0, 1, 0])
    """
    numbers = np.zeros(len(frame), dtype="int64")
    for name in columns:
        codes, values = pd.factorize(frame[name], use_na_sentinel=False)
        numbers = numbers * max(len(values), 1) + codes
        # what follows marks each combination in a table of all of them, which must be no larger than the frame
        if len(numbers) and int(numbers.max()) > 4 * len(numbers):
            numbers = pd.factorize(numbers)[0].astype("int64")
    first = np.full(int(numbers.max(initial=-1)) + 1, len(numbers))
    first[numbers[::-1]] = np.arange(len(numbers))[::-1]  # of several rows the last one written, the first one, stays
    present = np.flatnonzero(first < len(numbers))
    order = present[np.argsort(first[present])]
    kind_of = np.full(len(first), -1)
    kind_of[order] = np.arange(len(order))
    return kind_of[numbers], frame[list(columns)].iloc[first[order]].reset_index(drop=True)


def month_numbers(dates: pd.Series) -> NDArray[np.int64]:
    """Number the month of each day as pandas' periods do, from January 1970 on.

    Parameters
    ----------
    dates
        Days, of which none is missing.
    """
    numbers = day_numbers(dates)
    if not len(numbers):
        return numbers
    first = int(numbers.min())
    every = np.arange(first, int(numbers.max()) + 1).astype("datetime64[D]")
    months: NDArray[np.int64] = every.astype("datetime64[M]").astype("int64")[numbers - first]
    return months


def day_numbers(dates: pd.Series) -> NDArray[np.int64]:
    """Number days from 1970 on.

    Parameters
    ----------
    dates
        Days, of which none is missing.
    """
    numbers: NDArray[np.int64] = dates.to_numpy().astype("datetime64[D]").view("int64")
    return numbers


def days_in_months(months: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the days of each month.

    Parameters
    ----------
    months
        Months, as `month_numbers` numbers them.
    """
    if not len(months):
        return months
    first = int(months.min())
    starts = np.arange(first, int(months.max()) + 2).astype("datetime64[M]").astype("datetime64[D]").astype("int64")
    lengths: NDArray[np.int64] = np.diff(starts)[months - first]
    return lengths
