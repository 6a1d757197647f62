"""After years of syncs, a sync costs what it cost at first, and the archive stays small."""

import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import libfaketime
import pandas as pd
import pytest
from deltalake import DeltaTable
from observations import usage

from vmgen_analytics import Archive
from vmgen_analytics.archive import TABLES
from vmgen_analytics.archive.care import COMMITS_BETWEEN
from vmgen_analytics.archive.check import check
from vmgen_analytics.cli.app import main

FIRST = pd.Period("2023-01", "M")


@dataclass(frozen=True)
class Years:
    """How long is synced, how many VMs, how often, and how large the archive may become."""

    months: int
    vms: int
    hours: int
    limit_MB: float


def synced(folder, month, years):
    """Sync through a month in a process of its own, on a simulated clock; the seconds of each sync."""
    _, preloaded = libfaketime.get_reload_information()
    began = f"{month}-01T00:00:00+00:00"
    clock = {"FAKETIME": f"{month}-01 00:00:00", "NO_FAKE_STAT": "1", "FAKETIME_DID_REEXEC": "true", "TZ": "UTC"}
    syncs = month.days_in_month * 24 // years.hours
    done = subprocess.run(
        [
            sys.executable,
            Path(__file__).with_name("years.py"),
            folder,
            began,
            *map(str, (syncs, years.vms, years.hours)),
        ],
        env={**os.environ, **preloaded, **clock},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "years",
    [
        pytest.param(Years(months=3, vms=20, hours=24, limit_MB=10), id="a tenth"),
        pytest.param(
            Years(months=36, vms=200, hours=6, limit_MB=100),
            id="three years",
            marks=[pytest.mark.endurance, pytest.mark.timeout(4 * 3600)],
        ),
    ],
)
def test_a_sync_costs_what_the_current_month_costs(tmp_path, years):
    archive = Archive(tmp_path / "archive")
    last = FIRST + years.months - 1
    took_s = [synced(archive.folder, FIRST + number, years) for number in range(years.months - 1)]
    with ThreadPoolExecutor(2) as at_once:  # as this machine is not as busy, hours later, as it was in the first month
        took_s += at_once.map(synced, (archive.folder, tmp_path / "young"), (last, last), (years, years))
    wall, processor = zip(*(zip(*month, strict=True) for month in took_s), strict=True)
    files = [path for path in archive.folder.rglob("*") if path.is_file()]
    size_MB = sum(path.stat().st_size for path in files) / 1e6
    read_s = min(_seconds_to_read(archive, str(last), str(last + 1)) for _ in range(5))
    costs = f"{[round(statistics.mean(each), 3) for each in processor]} s of the processors, "
    costs += f"{[round(statistics.mean(each), 3) for each in wall]} s by the clock; "
    costs += f"{size_MB:.1f} MB in {len(files)} files; a month read in {read_s * 1000:.0f} ms"
    sys.stderr.write(f"\n{costs}\n")
    assert statistics.median(processor[-2]) < 1.2 * statistics.median(processor[-1]), costs
    assert size_MB < years.limit_MB, costs
    assert read_s < 0.1, costs
    assert not any(checked.faults for checked in check(archive.place, TABLES))
    assert len(archive.read("usage")) == years.vms * ((last + 1).to_timestamp() - FIRST.to_timestamp()).days
    assert_kept_30_days(archive, (last + 1).to_timestamp(), years)


def _seconds_to_read(archive, start, end):
    began = time.perf_counter()
    assert not archive.read("usage", start, end).empty
    return time.perf_counter() - began


def assert_kept_30_days(archive, now, years):
    """What was believed 30 days ago can be read back; of what is older, only what waits for the next care is left."""
    table = DeltaTable(archive.folder / "usage")
    table.load_as_version((now - pd.Timedelta(days=29)).tz_localize("UTC").to_pydatetime())
    assert table.to_pyarrow_table().num_rows > 0
    waiting = pd.Timedelta(days=30) + COMMITS_BETWEEN * pd.Timedelta(hours=years.hours) + pd.Timedelta(days=2)
    live = {uri.rpartition("/")[2] for uri in DeltaTable(archive.folder / "usage").file_uris()}
    for path in (archive.folder / "usage").rglob("*.parquet"):
        is_old = pd.Timestamp(path.stat().st_mtime, unit="s") < now - waiting
        assert path.name in live or not is_old, f"{path} is of no use any more"


def test_what_was_replaced_lately_stays_and_small_files_become_one(tmp_path, capsys):
    archive = Archive(tmp_path / "archive")
    for day in range(1, 8):
        archive.add("usage", usage((1, f"2026-11-{day:02}", 1.0), (2, f"2026-11-{day:02}", 2.0)))
    before = archive.read("usage")
    assert len(DeltaTable(archive.folder / "usage").file_uris()) == 7
    stale = archive.folder / "usage" / "account=main" / "part-0.parquet#1"
    stale.write_text("half")
    os.utime(stale, (0, 0))
    assert ran("archive", "compact", "--archive", archive.url) == 0
    assert "usage: 7 small files put together, 1 old file deleted" in capsys.readouterr().err
    table = DeltaTable(archive.folder / "usage")
    assert len(table.file_uris()) == 1
    assert not stale.exists()
    pd.testing.assert_frame_equal(archive.read("usage"), before)
    table.load_as_version(4)
    assert table.to_pyarrow_table().num_rows == 8
    assert not any(checked.faults for checked in check(archive.place, TABLES))


def test_a_file_that_its_writer_finishes_at_that_moment_is_left_alone(tmp_path, monkeypatch):
    archive = Archive(tmp_path / "archive")
    archive.add("usage", usage((1, "2026-11-01", 1.0)))
    half, stale, young = (archive.folder / "usage" / "account=main" / f"part-{each}.parquet#1" for each in range(3))
    for path in (half, stale, young):
        path.write_text("half")
    for path in (half, stale):
        os.utime(path, (0, 0))
    whole = half.with_name("part-0.parquet")
    listed = Path.rglob

    def finishing(folder, pattern):
        found = list(listed(folder, pattern))
        half.rename(whole)
        return found

    monkeypatch.setattr(Path, "rglob", finishing)
    (cared,) = [each for each in archive.tidy(everything=True) if each.table == "usage"]
    assert (cared.removed, whole.exists(), stale.exists()) == (1, True, False)
    assert young.exists(), "it may still be written"


def test_care_is_due_by_the_number_of_commits(tmp_path):
    archive = Archive(tmp_path / "archive")
    cared = []
    for number in range(COMMITS_BETWEEN * 2 + 4):
        archive.add("usage", usage((1, "2026-11-01", float(number))))
        cared += [number for each in archive.tidy() if each.table == "usage"]
    assert len(cared) == 2
    assert archive.tidy() == []


def ran(*words):
    with pytest.raises(SystemExit) as exited:
        main(list(words))
    return exited.value.code
