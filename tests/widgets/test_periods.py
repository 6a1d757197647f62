import datetime as dt

import pandas as pd
import pytest

from vmgen_analytics.errors import SettingsError
from vmgen_analytics.widgets.periods import Months, resolved


def months(start: str, end: str) -> Months:
    return Months(pd.Period(start, freq="M"), pd.Period(end, freq="M"))


@pytest.mark.parametrize(
    ("period", "today", "start", "end"),
    [
        ("this month", dt.date(2026, 11, 1), "2026-11", "2026-12"),
        ("last month", dt.date(2026, 11, 30), "2026-10", "2026-11"),
        ("last month", dt.date(2027, 1, 1), "2026-12", "2027-01"),
        ("last 3 months", dt.date(2026, 1, 31), "2025-10", "2026-01"),
        ("last 6 months", dt.date(2026, 11, 23), "2026-05", "2026-11"),
        ("last 12 months", dt.date(2024, 2, 29), "2023-02", "2024-02"),
    ],
)
def test_presets_are_calendar_months_and_leave_this_one_out(period, today, start, end):
    assert resolved(period, None, None, today) == months(start, end)


def test_custom_months_are_half_open():
    chosen = resolved("custom", "2026-05", "2026-08", dt.date(2026, 11, 23))
    assert [str(month) for month in chosen] == ["2026-05", "2026-06", "2026-07"]
    assert chosen.before() == months("2026-02", "2026-05")
    assert chosen.until(pd.Period("2026-07", freq="M")) == months("2026-05", "2026-07")


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-08", "2026-08", "choose a later end"),
        ("2026-08", "2026-05", "choose a later end"),
        (None, "2026-05", "start of the period is None"),
        ("2026-05", "soon", "end of the period is 'soon'"),
    ],
)
def test_impossible_months_are_refused_with_a_sentence(start, end, said):
    with pytest.raises(SettingsError, match=said):
        resolved("custom", start, end, dt.date(2026, 11, 23))


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2026-10", "2026-11", "October 2026"),
        ("2026-05", "2026-11", "May to October 2026"),
        ("2025-11", "2026-05", "November 2025 to April 2026"),
    ],
)
def test_months_in_words(start, end, words):
    assert months(start, end).in_words() == words
