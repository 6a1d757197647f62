"""The designed syncs of a month, by a calendar that another library keeps."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from vmgen_analytics.scheduling import last_moment, moments, next_moment

ZONES = ["UTC", "Europe/Amsterdam", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe"]


def _designed(month: str, zone: str) -> set[pd.Timestamp]:
    """The design's words, said with pandas: wall-clock times of a month in a zone."""
    first = pd.Timestamp(f"{month}-01")
    end = first + pd.offsets.MonthBegin(1)
    last = end - pd.Timedelta(days=1)
    walls = set(pd.date_range(first, end, freq="6h", inclusive="left"))
    walls |= set(pd.date_range(last + pd.Timedelta(hours=12), end, freq="h", inclusive="left"))
    walls |= set(pd.date_range(first, first + pd.Timedelta(hours=12), freq="h"))
    walls |= {last + pd.Timedelta("23:50:00"), first + pd.Timedelta("00:05:00")}
    both = (wall.tz_localize(zone, ambiguous=is_first) for wall in walls for is_first in (True, False))
    return {wall.tz_convert("UTC") for wall in both}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("month", ["2027-01", "2027-02", "2028-02", "2027-03", "2026-11", "2027-12"])
def test_moments_are_those_of_the_design(zone: str, month: str) -> None:
    first = pd.Timestamp(f"{month}-01").tz_localize(zone)
    end = (pd.Timestamp(f"{month}-01") + pd.offsets.MonthBegin(1)).tz_localize(zone)
    found = moments(first.to_pydatetime(), end.to_pydatetime(), ZoneInfo(zone))
    assert found == sorted(set(found))
    assert {each.tzinfo for each in found} == {UTC}
    assert set(found) == _designed(month, zone)


def test_no_day_is_without_a_sync_for_longer_than_six_hours_and_the_last_not_longer_than_one() -> None:
    found = moments(datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))
    gaps = {(later - earlier) for earlier, later in itertools.pairwise(found)}
    assert max(gaps) == timedelta(hours=6)
    turn = [
        each for each in found if datetime(2026, 1, 31, 12, tzinfo=UTC) <= each <= datetime(2026, 2, 1, 12, tzinfo=UTC)
    ]
    assert max(later - earlier for earlier, later in itertools.pairwise(turn)) == timedelta(hours=1)
    assert datetime(2026, 1, 31, 23, 50, tzinfo=UTC) in turn
    assert datetime(2026, 2, 1, 0, 5, tzinfo=UTC) in turn


def test_an_hour_that_comes_twice_is_there_twice_and_one_that_does_not_is_later() -> None:
    asuncion = ZoneInfo("America/Asuncion")  # clocks went from 24:00 of 30 September 2023 to 01:00
    found = moments(datetime(2023, 10, 1, 3, tzinfo=UTC), datetime(2023, 10, 1, 6, tzinfo=UTC), asuncion)
    assert datetime(2023, 10, 1, 4, tzinfo=UTC) in found  # 00:00 did not come; it was 01:00 at 04:00 UTC
    havana = ZoneInfo("America/Havana")  # clocks go back from 01:00 to 00:00 on 1 November 2026
    turned = moments(datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC), havana)
    midnights = [each for each in turned if each.astimezone(havana).hour == 0 and each.astimezone(havana).minute == 0]
    assert midnights == [datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC)]


@pytest.mark.parametrize("zone", ZONES)
def test_next_and_last_are_neighbours(zone: str) -> None:
    now = datetime(2026, 10, 31, 21, 17, tzinfo=UTC)
    place = ZoneInfo(zone)
    before, after = last_moment(now, place), next_moment(now, place)
    assert before <= now < after
    assert moments(before, after, place) == [before]
    assert last_moment(after, place) == after
    assert next_moment(before, place) == after
