"""The lines fire whenever the design wants a sync, as a clock that walks through five years sees it."""

import itertools
import shlex
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgen_analytics.scheduling import check_line, cron_lines, moments
from vmgen_analytics.scheduling.cron import command_of

PLACES = [
    (["UTC"], "UTC"),
    (["Europe/Amsterdam"], "Europe/Amsterdam"),
    (["Europe/Amsterdam"], "UTC"),
    (["America/Los_Angeles"], "Europe/Berlin"),
    (["Asia/Kolkata"], "Australia/Lord_Howe"),
    (["Pacific/Kiritimati", "Pacific/Pago_Pago"], "America/St_Johns"),
]


def _values(field: str, low: int, high: int) -> set[int]:
    """Read a field of cron as its manual has it."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        whole = range(low, high + 1) if span == "*" else range(int(first), int(last or first) + 1)
        found |= set(whole[:: int(step or 1)])
    return found


def _fires(lines: list[str]) -> list[tuple[int, int, int]]:
    """All (minute, hour, day) at which any line fires, with those of two lines twice."""
    found = []
    for line in lines:
        minute, hour, day, month, weekday, _ = line.split(maxsplit=5)
        assert (month, weekday) in {("*", "*"), ("*", "1")}
        found += itertools.product(_values(minute, 0, 59), _values(hour, 0, 23), _values(day, 1, 31))
    return found


@pytest.mark.parametrize(("zones", "here"), PLACES)
def test_every_designed_moment_fires(zones: list[str], here: str) -> None:
    fires = _fires(cron_lines(map(ZoneInfo, zones), ZoneInfo(here), "sync", year=2026))
    assert len(fires) == len(set(fires)), "two lines fire at the same minute"
    for zone in zones:
        designed = moments(datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC), ZoneInfo(zone))
        walls = {each.astimezone(ZoneInfo(here)) for each in designed}
        assert {(wall.minute, wall.hour, wall.day) for wall in walls} <= set(fires)


@pytest.mark.parametrize(("zones", "here"), PLACES)
def test_no_day_has_many_more_syncs_than_the_busiest_one(zones: list[str], here: str) -> None:
    fires = _fires(cron_lines(map(ZoneInfo, zones), ZoneInfo(here), "sync", year=2026))
    busiest = max(sum(day == each for _, _, each in fires) for day in range(1, 32))
    ordinary = sum(day == 15 for _, _, day in fires)
    assert ordinary <= 8 * len(zones)  # twice four, where summer time shifts them
    assert busiest <= 60 * len(zones)


def test_in_one_zone_the_lines_are_the_design() -> None:
    zone = ZoneInfo("Europe/Amsterdam")
    assert [line.rsplit(maxsplit=1)[0].split() for line in cron_lines([zone], zone, "sync", year=2026)] == [
        ["0", "*/6", "*", "*", "*"],
        ["0", "13-17,19-23", "28-31", "*", "*"],
        ["0", "1-5,7-11", "1", "*", "*"],
        ["50", "23", "28-31", "*", "*"],
        ["5", "0", "1", "*", "*"],
    ]


def test_percent_signs_do_not_end_the_line() -> None:
    zone = ZoneInfo("UTC")
    assert all(
        line.endswith(r"  sync --archive 'a\%b'")
        for line in cron_lines([zone], zone, "sync --archive 'a%b'", year=2026)
    )


@given(st.text(st.characters(exclude_characters="\n\\", exclude_categories=["Cs"]), min_size=1))
def test_the_command_can_be_read_back(command: str) -> None:
    zone = ZoneInfo("UTC")
    line = check_line([zone], zone, shlex.join(["x", "--archive", command]), year=2026)
    assert shlex.split(command_of(line)) == ["x", "--archive", command]


@pytest.mark.parametrize(("zones", "here"), PLACES)
def test_the_check_is_weekly_and_meets_no_sync(zones: list[str], here: str) -> None:
    line = check_line(map(ZoneInfo, zones), ZoneInfo(here), "check 50%", year=2026)
    assert line.split(maxsplit=5)[2:] == ["*", "*", "1", r"check 50\%"]
    minutes = {minute for minute, _, _ in _fires([line])}
    assert len(minutes) == 1
    assert {hour for _, hour, _ in _fires([line])} == {4}, "no clock changes then on a Monday"
    (check,) = minutes
    syncs = {minute for minute, _, _ in _fires(cron_lines(map(ZoneInfo, zones), ZoneInfo(here), "sync", year=2026))}
    assert min(min((check - sync) % 60, (sync - check) % 60) for sync in syncs) >= 7
