"""A disk that is full, or ends in the middle of a file: told in a sentence, and each table as before or as after."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starting import forked
from states import assert_before_or_after, assert_nothing_lost, assert_readable, changed, state

from vmgen_analytics import Archive, Client, sync
from vmgen_analytics.archive import TABLES
from vmgen_analytics.archive.check import check
from vmgen_analytics.sandbox import Sandbox

SIX_HOURS = timedelta(hours=6)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(vms=5, seed=8, months=2, today="2026-10-20", ticking=False, job_seconds=60) as running:
        yield running


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if os.geteuid() != 0 or mount is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no tmpfs can be mounted here (that needs root); a limit on the size of files is tested instead")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _check_message(said: str, reason: str) -> None:
    assert "Traceback" not in said
    assert "panicked" not in said
    assert reason in said, said
    assert "cannot write the archive at" in said


def _fill(disk: Path, left: int) -> Path:
    """Leave so many bytes of a disk."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    with filler.open("wb") as file:
        file.write(bytes(max(0, free.f_bavail * free.f_frsize - left)))
    return filler


def _endure_full_disk(sandbox: Sandbox, disk: Path, errors: Path, rounds: int) -> None:
    chance, folder, stopped, partial = random.Random(rounds), disk / "archive", 0, 0
    with forked(errors) as start, Client(sandbox.key, base_url=sandbox.url) as client:
        assert sync(client, Archive(folder)).is_complete
        before = state(folder)
        for number in range(rounds):
            sandbox.set_clock(sandbox.now + SIX_HOURS)
            filler = _fill(disk, 0 if number == 0 else chance.randrange(0, 80_000))
            _, wait = start(sandbox, folder)
            status = wait()
            said = errors.read_text(encoding="utf-8")
            if status:
                stopped += 1
                assert status == 1
                _check_message(said, "No space left on device")
            now = state(folder)
            assert_readable(folder, now)
            assert_nothing_lost(before, now)
            partial += bool(changed(before, now)) and status != 0
            filler.unlink()
            assert sync(client, Archive(folder)).is_complete
            after = state(folder)
            assert_before_or_after(before, now, after)
            before = after
            if sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) > 2_000_000:
                shutil.rmtree(folder)
                assert sync(client, Archive(folder)).is_complete
                before = state(folder)
    assert stopped >= rounds / 2
    assert partial, "no disk was full in the middle of a sync"


def test_a_disk_that_is_full(sandbox: Sandbox, disk: Path, tmp_path: Path) -> None:
    _endure_full_disk(sandbox, disk, tmp_path / "errors", 5)


def test_a_first_sync_that_finds_no_room_is_mended_by_the_next(sandbox: Sandbox, disk: Path, tmp_path: Path) -> None:
    folder, filler = disk / "archive", _fill(disk, 90_000)
    with forked(tmp_path / "errors") as start:
        _, wait = start(sandbox, folder)
        assert wait() == 1
    faults = [fault for checked in check(Archive(folder).place, TABLES) for fault in checked.faults]
    assert faults
    assert {fault.kind for fault in faults} == {"unfinished"}, faults
    filler.unlink()
    with Client(sandbox.key, base_url=sandbox.url) as client:
        assert sync(client, Archive(folder)).is_complete
    assert not any(checked.faults for checked in check(Archive(folder).place, TABLES))


@pytest.mark.endurance
@pytest.mark.timeout(1800)
def test_a_disk_that_is_full_50_times(sandbox: Sandbox, disk: Path, tmp_path: Path) -> None:
    _endure_full_disk(sandbox, disk, tmp_path / "errors", 50)


@pytest.mark.parametrize("file_bytes", [700, 1_500, 3_000])
def test_files_that_end_too_early(sandbox: Sandbox, tmp_path: Path, file_bytes: int) -> None:
    """The system ends a file after some bytes, as a quota does: some tables fit and some do not."""
    folder, errors = tmp_path / "archive", tmp_path / "errors"
    with forked(errors) as start, Client(sandbox.key, base_url=sandbox.url) as client:
        assert sync(client, Archive(folder)).is_complete
        before = state(folder)
        sandbox.set_clock(sandbox.now + SIX_HOURS)
        _, wait = start(sandbox, folder, file_bytes=file_bytes)
        assert wait() == 1
        _check_message(errors.read_text(encoding="utf-8"), "File too large")
        now = state(folder)
        assert_readable(folder, now)
        assert_nothing_lost(before, now)
        assert sync(client, Archive(folder)).is_complete
        assert_before_or_after(before, now, state(folder))
