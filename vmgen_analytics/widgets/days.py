"""Which days a person means by "last 28 days": always half-open, from a first day until before another."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ipywidgets
import pandas as pd

from vmgen_analytics.errors import SettingsError
from vmgen_analytics.plots import labels
from vmgen_analytics.widgets.controls import dropdown, show_if
from vmgen_analytics.wording import counted

THIS_MONTH = "this month"
LAST_MONTH = "last month"
LAST_12_MONTHS = "last 12 months"
CUSTOM = "custom"
FULL_DAYS = {f"last {number} days": number for number in (7, 28, 30, 90)}
"""Presets that end with yesterday, the last day that is over, and how many days they have."""

DAY_PERIODS = (THIS_MONTH, LAST_MONTH, *FULL_DAYS, LAST_12_MONTHS, CUSTOM)
DAY = pd.Timedelta(days=1)
EARLIEST = pd.Timestamp("2000-01-01")
"""Nothing is older; a year that is being typed is."""


@dataclass(frozen=True)
class Days:
    """Days from ``start`` until before ``end``."""

    start: pd.Timestamp
    end: pd.Timestamp

    def __len__(self) -> int:
        return max((self.end - self.start).days, 0)

    @property
    def last(self) -> pd.Timestamp:
        """The last day of them."""
        return self.end - DAY

    def among(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Those rows of a table whose ``date`` is one of them."""
        return rows[(rows["date"] >= self.start) & (rows["date"] < self.end)]

    def in_words(self) -> str:
        """Print them for a reader: October 2026; 26 October to 22 November 2026; 3 to 9 November 2026."""
        first, last = labels.day_name(self.start), labels.day_name(self.last)
        if len(self) == 1:
            return first
        if self.start.day == 1 and self.end == self.start + pd.offsets.MonthBegin():
            return labels.month_name(self.start.to_period("M"))
        day, month, _ = first.split()
        same_year = self.start.year == self.last.year
        begin = day if same_year and self.start.month == self.last.month else f"{day} {month}" if same_year else first
        return f"{begin} to {last}"

    def resolved(self) -> str:
        """Print them as dates: 2026-10-26 until before 2026-11-23 (28 days)."""
        return f"{self.start:%Y-%m-%d} until before {self.end:%Y-%m-%d} ({counted(len(self), 'day')})"


def resolved_days(period: str, start: str | None, end: str | None, today: dt.date) -> Days:
    """Find the days of a preset on a day.

    Parameters
    ----------
    period
        One of `DAY_PERIODS`. This month goes on until today, which is not over; last 12 months are those that are
        over.
    start, end
        First day and the first one after, as ``2026-05-09``; for ``custom`` only.
    today
        The day; it is not over.

    Raises
    ------
    SettingsError
        The period is none, or custom and its days are missing, none, or end before they begin.
    """
    now = pd.Timestamp(today)
    month = now.replace(day=1)
    if period == THIS_MONTH:
        return Days(month, now + DAY)
    if period == LAST_MONTH:
        return Days(month - pd.DateOffset(months=1), month)
    if period == LAST_12_MONTHS:
        return Days(month - pd.DateOffset(months=12), month)
    if period in FULL_DAYS:
        return Days(now - FULL_DAYS[period] * DAY, now)
    if period != CUSTOM:
        raise SettingsError(f"period is {period!r} in the view; it can be {', '.join(DAY_PERIODS)}")
    days = Days(_day("start", start), _day("end", end))
    if not len(days):
        raise SettingsError(
            f"the period begins on {labels.day_name(days.start)} and its last day is {labels.day_name(days.last)}; "
            "choose a later end"
        )
    return days


def _day(name: str, text: str | None) -> pd.Timestamp:
    try:
        day = pd.Timestamp(dt.date.fromisoformat(text)) if text else None
    except (ValueError, TypeError):
        day = None
    if day is None or day < EARLIEST:
        raise SettingsError(f"{name} of the period is {text!r}; it must be a day as 2026-05-09")
    return day


class DayControls:
    """A preset of days, and two dates for days of one's own.

    Attributes
    ----------
    period, start, last
        The controls: the preset, the first day and the last one.
    all
        The same, in their order on the page.
    """

    def __init__(self) -> None:
        style = {"description_width": "initial"}
        self.period = dropdown("Period", [(period.capitalize(), period) for period in DAY_PERIODS])
        self.start = ipywidgets.DatePicker(description="From", style=style, layout={"width": "auto"})
        self.last = ipywidgets.DatePicker(description="Through", style=style, layout={"width": "auto"})
        self.all = (self.period, self.start, self.last)
        self._today = dt.date.max

    def chosen(self) -> dict[str, str | None]:
        """Read period, start and end as `resolved_days` takes them.

        Raises
        ------
        SettingsError
            A date is blank, or still to come, or the last one is before the first.
        """
        if self.period.value != CUSTOM:
            return {"period": self.period.value, "start": None, "end": None}
        for name, field in (("From", self.start), ("Through", self.last)):
            if field.value is None:
                raise SettingsError(f"{name} has no date: choose one, or a period that needs none")
            if field.value > self._today:
                today = labels.day_name(pd.Timestamp(self._today))
                day = labels.day_name(pd.Timestamp(field.value))
                raise SettingsError(f"{name} is {day}, which is still to come: choose {today}, or a day before")
            if pd.Timestamp(field.value) < EARLIEST:
                raise SettingsError(f"{name} is in the year {field.value.year}: choose a day since {EARLIEST.year}")
        end = self.last.value + dt.timedelta(days=1)
        resolved_days(CUSTOM, self.start.value.isoformat(), end.isoformat(), self._today)
        return {"period": CUSTOM, "start": self.start.value.isoformat(), "end": end.isoformat()}

    def follow(self, period: str, days: Days, today: dt.date) -> None:
        """Show a period and its days.

        Parameters
        ----------
        period
            One of `DAY_PERIODS`.
        days
            What it is resolved to; where custom days begin from.
        today
            No later date can be chosen.
        """
        self._today = today
        self.period.value = period
        self.start.value, self.last.value = days.start.date(), min(days.last.date(), today)
        for field in (self.start, self.last):
            show_if(field, is_shown=period == CUSTOM)
