"""Periods of days: which days a preset means, and what cannot be one."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgen_analytics.errors import SettingsError
from vmgen_analytics.widgets.days import CUSTOM, DAY_PERIODS, DayControls, Days, resolved_days

TODAY = dt.date(2026, 11, 23)


def days(start: str, end: str) -> Days:
    return Days(pd.Timestamp(start), pd.Timestamp(end))


@pytest.mark.parametrize(
    ("period", "today", "start", "end"),
    [
        ("this month", TODAY, "2026-11-01", "2026-11-24"),
        ("this month", dt.date(2026, 11, 1), "2026-11-01", "2026-11-02"),
        ("last month", dt.date(2026, 3, 31), "2026-02-01", "2026-03-01"),
        ("last month", dt.date(2027, 1, 1), "2026-12-01", "2027-01-01"),
        ("last 7 days", TODAY, "2026-11-16", "2026-11-23"),
        ("last 28 days", dt.date(2024, 3, 1), "2024-02-02", "2024-03-01"),
        ("last 30 days", TODAY, "2026-10-24", "2026-11-23"),
        ("last 90 days", TODAY, "2026-08-25", "2026-11-23"),
        ("last 12 months", dt.date(2024, 2, 29), "2023-02-01", "2024-02-01"),
    ],
)
def test_presets_are_half_open(period, today, start, end):
    assert resolved_days(period, None, None, today) == days(start, end)


@given(st.sampled_from([period for period in DAY_PERIODS if period != CUSTOM]), st.dates(dt.date(2001, 2, 1)))
def test_every_preset_has_days_and_none_to_come(period, today):
    chosen = resolved_days(period, None, None, min(today, dt.date(9998, 1, 1)))
    assert len(chosen) > 0
    assert chosen.last.date() <= today


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-05-09", "2026-05-09", "choose a later end"),
        ("2026-05-09", "2026-05-01", "begins on 9 May 2026 and its last day is 30 April 2026"),
        (None, "2026-05-09", "start of the period is None"),
        ("2026-05-09", "soon", "end of the period is 'soon'"),
        ("0002-05-09", "2026-05-09", "start of the period is '0002-05-09'"),
        ("2026-05", "2026-05-09", "must be a day as 2026-05-09"),
    ],
)
def test_impossible_days_are_refused_with_a_sentence(start, end, said):
    with pytest.raises(SettingsError, match=said):
        resolved_days(CUSTOM, start, end, TODAY)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2026-10-01", "2026-11-01", "October 2026"),
        ("2026-10-26", "2026-11-23", "26 October to 22 November 2026"),
        ("2025-12-26", "2026-01-03", "26 December 2025 to 2 January 2026"),
        ("2026-11-03", "2026-11-04", "3 November 2026"),
        ("2026-10-01", "2026-10-31", "1 to 30 October 2026"),
    ],
)
def test_days_in_words(start, end, words):
    assert days(start, end).in_words() == words


def test_days_pick_their_rows():
    rows = pd.DataFrame({"date": pd.date_range("2026-11-01", periods=5)})
    assert days("2026-11-02", "2026-11-04").among(rows)["date"].dt.day.tolist() == [2, 3]


def dates(controls, first, last):
    """Choose two dates as a browser sends them: the month counts from 0, a blank field is nothing."""
    for field, day in ((controls.start, first), (controls.last, last)):
        field.set_state({"value": day and {"year": day.year, "month": day.month - 1, "date": day.day}})


@pytest.fixture
def controls():
    made = DayControls()
    made.follow(CUSTOM, days("2026-11-02", "2026-11-09"), TODAY)
    return made


def test_custom_days_begin_where_the_preset_was(controls):
    assert controls.chosen() == {"period": CUSTOM, "start": "2026-11-02", "end": "2026-11-09"}
    assert controls.start.layout.display == ""
    controls.follow("last 7 days", days("2026-11-16", "2026-11-23"), TODAY)
    assert controls.start.layout.display == "none"
    assert controls.chosen() == {"period": "last 7 days", "start": None, "end": None}


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (None, dt.date(2026, 11, 3), "From has no date"),
        (dt.date(2026, 11, 3), None, "Through has no date"),
        (dt.date(2026, 11, 3), dt.date(2026, 11, 24), "Through is 24 November 2026, which is still to come"),
        (dt.date(2026, 11, 3), dt.date(2026, 11, 2), "choose a later end"),
        (dt.date(202, 11, 3), dt.date(2026, 11, 2), "From is in the year 202"),
    ],
)
def test_dates_that_cannot_be_are_refused_with_a_sentence(controls, first, last, said):
    dates(controls, first, last)
    with pytest.raises(SettingsError, match=said):
        controls.chosen()
