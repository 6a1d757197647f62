"""The simulated clock, and the provider's days and months."""

import calendar
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as time_of_day

When = str | date | datetime


def instant(when: When) -> datetime:
    """Read a moment in UTC; a date without a time of day means noon.

    Parameters
    ----------
    when
        ``"2026-10-31T23:50"``, ``"2026-10-31"``, a date or a datetime; UTC where no zone is given.

    Raises
    ------
    ValueError
        The text is no ISO 8601 date or time.
    """
    if isinstance(when, str):
        when = date.fromisoformat(when) if len(when) == len("2026-10-31") else datetime.fromisoformat(when)
    if not isinstance(when, datetime):
        return datetime.combine(when, time_of_day(12), tzinfo=UTC)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


class Clock:
    """Simulated time, which runs with real time or stands still, and can be set.

    Parameters
    ----------
    start
        What it shows at first.
    ticking
        Whether it runs.
    timer
        Real seconds since some fixed moment.
    """

    def __init__(self, start: datetime, *, ticking: bool = True, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer if ticking else lambda: 0.0
        self._set_to, self._set_at = start, self._timer()

    def now(self) -> datetime:
        """Return the simulated time, in UTC."""
        return self._set_to + timedelta(seconds=self._timer() - self._set_at)

    def set(self, to: datetime) -> None:
        """Show another time from now on."""
        self._set_to, self._set_at = to, self._timer()


@dataclass(frozen=True)
class Days:
    """The provider's days: where they begin and end depends on its time zone."""

    zone: tzinfo = UTC

    def of(self, moment: datetime) -> date:
        """Return the day that a moment belongs to."""
        return moment.astimezone(self.zone).date()

    def start(self, day: date) -> datetime:
        """Return the first moment of a day, in UTC."""
        return datetime.combine(day, time_of_day(), tzinfo=self.zone).astimezone(UTC)


def first_of_month(day: date) -> date:
    """Return the first day of the month of a day."""
    return day.replace(day=1)


def last_of_month(day: date) -> date:
    """Return the last day of the month of a day."""
    return day.replace(day=days_in_month(day))


def days_in_month(day: date) -> int:
    """Count the days of the month of a day."""
    return calendar.monthrange(day.year, day.month)[1]


def months_before(day: date, months: int) -> date:
    """Return the first day of the month so many months before that of a day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)
