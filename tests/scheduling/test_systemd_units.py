"""The units say what the design says, by systemd's own reading of them."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vmgen_analytics.scheduling import calendar_lines, check_calendar, moments, service_unit, timer_unit
from vmgen_analytics.scheduling.systemd import words_of


def _elapses(expression: str, count: int, since: datetime) -> list[datetime]:
    told = subprocess.run(
        ["systemd-analyze", "calendar", f"--iterations={count}", f"--base-time={since:%F %T} UTC", expression],
        capture_output=True, text=True, check=True, env={"TZ": "UTC", "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    ).stdout  # fmt: skip
    lines = [line.split(": ", 1)[1].strip() for line in told.splitlines() if "elapse:" in line or "Iter. #" in line]
    return [datetime.strptime(line, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC) for line in lines]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "America/Los_Angeles", "Asia/Kolkata"])
def test_systemd_elapses_at_the_designed_moments(zone: str) -> None:
    start = datetime(2027, 1, 25, tzinfo=UTC)
    end = start + timedelta(days=70)
    found: set[datetime] = set()
    for expression in calendar_lines([ZoneInfo(zone)]):
        found |= set(_elapses(expression, 300, start))
    designed = moments(start + timedelta(seconds=1), end, ZoneInfo(zone))
    assert sorted(each for each in found if start < each < end) == designed


def test_timer_has_each_zone_once() -> None:
    unit = timer_unit(calendar_lines({ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")}), "sync 50%")
    assert "Description=sync 50%%\n" in unit
    assert unit.count("OnCalendar=") == 10
    assert "OnCalendar=*-*~01 23:50:00 Asia/Kolkata" in unit
    assert "Persistent=true" in unit


def test_service_survives_paths_that_nobody_should_have() -> None:
    words = ["/opt/my tools/vmgen-analytics", "sync", "--config", "/home/o'neil/50%/$x\\y\"z.toml"]
    unit = service_unit(words, "sync", variables=Path("/var/50%/variables"))
    assert 'ExecStart="/opt/my tools/vmgen-analytics" sync --config "/home/o\'neil/50%%/$$x\\\\y\\"z.toml"\n' in unit
    assert "EnvironmentFile=/var/50%%/variables" in unit
    assert words_of(unit) == words


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.text("\r\n\t\\\"'$% nr;"), min_size=1))
@example(["\r"])
@example(["a\nb", "\\n", ""])
def test_the_command_can_be_read_back(words: list[str]) -> None:
    unit = service_unit(words, "sync")
    assert words_of(unit) == words
    assert unit.count("\n") == service_unit(["sync"], "sync").count("\n")
    assert "\r" not in unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_the_check_meets_no_sync() -> None:
    zones = [ZoneInfo("Asia/Kathmandu"), ZoneInfo("Asia/Kolkata"), ZoneInfo("UTC")]
    start = datetime(2027, 1, 25, tzinfo=UTC)
    checks = _elapses(check_calendar(zones, year=2027), 10, start)
    assert [late - early for early, late in pairwise(checks)] == [timedelta(days=7)] * 9
    for zone in zones:
        for sync in moments(start, checks[-1], zone):
            assert min(abs(sync - check) for check in checks) >= timedelta(minutes=7)
