"""An archive that may not be written or read: told in a sentence, and each table as before or as after.

Modes hold for nobody who is root: there, the syncs run without the capabilities that let root pass over them.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starting import Start, forked
from states import assert_before_or_after, assert_nothing_lost, state

from vmgen_analytics import Archive, Client, sync
from vmgen_analytics.sandbox import Sandbox

BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start syncs for which modes hold; what they say is in ``errors``."""
    if BOUND and shutil.which("setpriv") is None:
        pytest.skip("these tests run as root, for whom no mode holds, and there is no setpriv to change that")
    with forked(tmp_path / "errors", *BOUND) as start:
        yield start


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "place" / "archive"
    _open_again(tmp_path / "place")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(vms=5, seed=8, months=2, today="2026-10-20", ticking=False, job_seconds=60) as running:
        yield running


def _open_again(folder: Path) -> None:
    folder.chmod(0o755)
    for each in folder.rglob("*"):  # from the top down
        each.chmod(0o755 if each.is_dir() else 0o644)


def _close(*folders: Path) -> None:
    for each in folders:
        each.chmod(0o555)


def _close_all(folder: Path) -> None:
    _close(*(each for each in folder.rglob("*") if each.is_dir()), folder)


def _close_usage(folder: Path) -> None:
    _close(folder / "usage" / "_delta_log")


def _close_parts(folder: Path) -> None:
    _close(*(each for each in (folder / "vms").rglob("month=*")))


def _hide_log(folder: Path) -> None:
    for each in (folder / "usage" / "_delta_log").glob("*.json"):
        each.chmod(0)


def _hide_rows(folder: Path) -> None:
    for each in (folder / "vms").rglob("*.parquet"):
        each.chmod(0)


def _hide_usage(folder: Path) -> None:
    (folder / "usage").chmod(0)


def _close_lock(folder: Path) -> None:
    (folder / ".sync.lock").touch()
    (folder / ".sync.lock").chmod(0)


CASES = [_close_all, _close_usage, _close_parts, _hide_log, _hide_rows, _close_lock]


@pytest.mark.parametrize("harm", CASES, ids=lambda harm: harm.__name__.strip("_"))
def test_what_is_forbidden_is_told_and_loses_nothing(
    sandbox: Sandbox, start: Start, folder: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    with Client(sandbox.key, base_url=sandbox.url) as client:
        assert sync(client, Archive(folder)).is_complete
        before = state(folder)
        sandbox.set_clock(sandbox.now + timedelta(hours=30))
        harm(folder)
        _, wait = start(sandbox, folder)
        status = wait()
        said = (tmp_path / "errors").read_text(encoding="utf-8")
        assert status == (3 if harm in (_hide_log, _hide_rows) else 1), said  # the other tables are stored all the same
        assert "Traceback" not in said
        assert "panicked" not in said
        assert "ermission denied" in said
        assert f"the archive at {folder}" in said

        _open_again(folder)
        now = state(folder)
        assert_nothing_lost(before, now)
        assert sync(client, Archive(folder)).is_complete
        assert_before_or_after(before, now, state(folder))


@pytest.mark.parametrize("harm", [_hide_log, _hide_rows, _hide_usage], ids=lambda harm: harm.__name__.strip("_"))
def test_a_check_that_may_not_look_calls_nothing_damaged(
    sandbox: Sandbox, folder: Path, harm: Callable[[Path], None]
) -> None:
    with Client(sandbox.key, base_url=sandbox.url) as client:
        sync(client, Archive(folder))
    harm(folder)
    checking = [*BOUND, sys.executable, "-m", "vmgen_analytics", "archive", "check", "--archive", folder]
    done = subprocess.run(checking, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "could not be looked at, and may be whole" in done.stdout
    assert "ermission denied" in done.stdout
    assert "damaged" not in done.stdout + done.stderr, done.stdout


def test_an_archive_that_cannot_be_made(sandbox: Sandbox, start: Start, folder: Path, tmp_path: Path) -> None:
    folder.parent.mkdir()
    _close(folder.parent)
    _, wait = start(sandbox, folder)
    assert wait() == 1
    said = (tmp_path / "errors").read_text(encoding="utf-8")
    assert f"cannot write the archive at {folder}: " in said
    assert "ermission denied" in said
    assert "--archive" in said
    assert not folder.exists()
