"""Three processes that sync into one archive at once: no row twice, none lost, no traceback."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from states import assert_nothing_lost, environ_of, state

from vmgen_analytics import Archive, Client, sync
from vmgen_analytics.sandbox import Sandbox

OURS = ("syncs", "superseded_usage", "superseded_jobs")
"""Tables that tell of syncs and not of the provider."""


def _endure(folder: Path, other: Path, rounds: int) -> None:
    """Sync three times at once into one archive, and once into another: both must say the same."""
    with (
        Sandbox(vms=5, seed=8, months=2, today="2026-10-30", ticking=False, job_seconds=60) as sandbox,
        Client(sandbox.key, base_url=sandbox.url) as client,
    ):
        command = [sys.executable, "-m", "vmgen_analytics", "sync", "--archive", str(folder)]
        before = None
        for number in range(1, rounds + 1):
            three = [
                subprocess.Popen(command, env=environ_of(sandbox), stderr=subprocess.PIPE, text=True) for _ in range(3)
            ]
            for process in three:
                _, said = process.communicate(timeout=120)
                assert process.returncode == 0, said
                assert "Traceback" not in said
                assert "Error" not in said
            now = state(folder)
            if before is not None:
                assert_nothing_lost(before, now)
            assert 3 * number - 1 <= len(now["syncs"]) <= 3 * number  # two may have begun in the same microsecond
            assert sync(client, Archive(other)).is_complete
            alone = state(other)
            for name in set(alone) - set(OURS):
                columns = [column for column in alone[name] if column != "seen_at"]
                assert now[name][columns].equals(alone[name][columns]), name
            before = now
            sandbox.set_clock(sandbox.now + timedelta(hours=9))


def test_three_syncs_at_once(tmp_path: Path) -> None:
    _endure(tmp_path / "archive", tmp_path / "alone", 2)


@pytest.mark.endurance
@pytest.mark.timeout(1800)
def test_three_syncs_at_once_20_times(tmp_path: Path) -> None:
    _endure(tmp_path / "archive", tmp_path / "alone", 20)
