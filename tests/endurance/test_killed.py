"""Killed by SIGKILL at random moments of a sync: the archive is readable, and each table as before or as after."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from starting import Start, forked, real
from states import (
    assert_before_or_after,
    assert_nothing_lost,
    assert_readable,
    changed,
    state,
    wait_for_request,
)

from vmgen_analytics import Archive, Client, sync
from vmgen_analytics.sandbox import Sandbox

SIX_HOURS = timedelta(hours=6)


def _run(sandbox: Sandbox, folder: Path, start: Start) -> float:
    """Let a sync run to its end, and tell how long it took from its first question on. [s]"""
    sent = len(sandbox.requests)
    _, wait = start(sandbox, folder)
    wait_for_request(sandbox, sent)
    began = time.monotonic()
    assert wait() == 0
    return time.monotonic() - began


def _endure(folder: Path, errors: Path, start: Start, kills: int) -> None:
    """Kill syncs, each six hours after the one before, and look at what each left behind."""
    chance = random.Random(kills)
    reached: Counter[str] = Counter()
    with Sandbox(vms=5, seed=8, months=2, today="2026-10-29", ticking=False, job_seconds=60) as sandbox:
        with Client(sandbox.key, base_url=sandbox.url, max_workers=4) as client:
            _run(sandbox, folder, start)
            sandbox.set_clock(sandbox.now + SIX_HOURS)
            lasts_s = _run(sandbox, folder, start)
            before = state(folder)
            for _ in range(kills):
                turned = (sandbox.now + SIX_HOURS).month != sandbox.now.month
                sandbox.set_clock(sandbox.now + SIX_HOURS)
                sent = len(sandbox.requests)
                pid, wait = start(sandbox, folder)
                wait_for_request(sandbox, sent)
                time.sleep(chance.uniform(0, lasts_s))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                assert wait() in (0, -signal.SIGKILL)
                assert "Traceback" not in errors.read_text(encoding="utf-8")

                now = state(folder)
                assert_readable(folder, now)
                assert_nothing_lost(before, now)
                assert sync(client, Archive(folder)).is_complete
                after = state(folder)
                assert_nothing_lost(now, after)
                assert_before_or_after(before, now, after, by_part=turned)
                written = changed(before, now)
                reached["nothing" if not written else "all" if "syncs" in written else "a part"] += 1
                before = after
        _run(sandbox, folder, start)
    assert reached["a part"] > kills / 5, f"the moments were too early or too late: {reached}"
    print(f"{kills} syncs killed: {dict(reached)} was written")  # noqa: T201 - with -s


def test_killed_at_20_random_moments(tmp_path: Path) -> None:
    with forked(tmp_path / "errors") as start:
        _endure(tmp_path / "archive", tmp_path / "errors", start, 20)


@pytest.mark.endurance
@pytest.mark.timeout(3600)
def test_killed_at_200_random_moments(tmp_path: Path) -> None:
    with real(tmp_path / "errors") as start:
        _endure(tmp_path / "archive", tmp_path / "errors", start, 200)
