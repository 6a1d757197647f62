"""Daily series: many rows over the same days, in which a day may be missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vmgen_analytics.errors import SchemaError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]
    Days = NDArray[np.datetime64]


@dataclass(frozen=True)
class DailySeries:
    """Series over the same days: one row each, one column a day, NaN where a day is not known.

    Attributes
    ----------
    first_day
        Day of the first column.
    values
        Series by days, from 0 up. A day that is not known is missing, never 0.
    """

    first_day: np.datetime64
    values: Numbers

    @classmethod
    def of(cls, first_day: Any, values: ArrayLike) -> DailySeries:
        """Make series of numbers, one row or many.

        Parameters
        ----------
        first_day
            Day of the first column, as anything that NumPy or pandas reads as a day.
        values
            One series of days, or series by days; NaN or None is missing.

        Raises
        ------
        SchemaError
            The values are no rows of numbers from 0 up.
        """
        numbers = np.atleast_2d(np.array(values, dtype="float64"))
        if numbers.ndim > 2:
            raise SchemaError(f"daily series are rows of days; got an array of {numbers.ndim} dimensions")
        if wrong := numbers[(numbers < 0) | np.isinf(numbers)].tolist():
            raise SchemaError(
                f"a daily series has numbers from 0 up; got {wrong[0]:g}: leave out days that are unknown"
            )
        return cls(np.datetime64(first_day, "D"), numbers)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def days(self) -> Days:
        """The day of each column."""
        return self.first_day + np.arange(self.values.shape[1])

    @property
    def end(self) -> np.datetime64:
        """First day after the last column."""
        return self.first_day + np.timedelta64(self.values.shape[1], "D")

    def until(self, end: np.datetime64) -> DailySeries:
        """The same series up to the day before one; days that they do not reach are missing."""
        length = max(int((end - self.first_day).astype("int64")), 0)
        cut = self.values[:, :length]
        missing = ((0, 0), (0, length - cut.shape[1]))
        return DailySeries(self.first_day, np.pad(cut, missing, constant_values=np.nan))


def weekdays(first_day: np.datetime64, days: int) -> NDArray[np.int64]:
    """Weekday of each of some days, Monday is 0."""
    # 1970-01-01 was a Thursday
    numbers: NDArray[np.int64] = (first_day.astype("int64") + 3 + np.arange(days)) % 7
    return numbers
