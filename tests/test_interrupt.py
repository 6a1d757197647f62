"""Ctrl-C: ends within a second, keeps what came, leaves no thread behind."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

import vmgen_analytics as va
from vmgen_analytics.errors import FetchInterrupted, FetchStopped, Stopped
from vmgen_analytics.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(vms=60, months=1, ticking=False) as running:
        yield running


@contextmanager
def interrupted_when(sandbox: Sandbox, answered: int) -> Iterator[list[float]]:
    """Press Ctrl-C as soon as so many questions for usage have come, and tell when."""
    pressed: list[float] = []

    def press() -> None:
        while sum(received.operation == "usage" for received in list(sandbox.requests)) < answered:
            time.sleep(0.01)
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=press)
    watcher.start()
    yield pressed
    watcher.join()


def _workers(within_s: float = 5) -> list[str]:
    """The client's threads that have not ended after a moment, which is all they need to do so."""
    end = time.monotonic() + within_s
    while found := [thread.name for thread in threading.enumerate() if thread.name.startswith("vmgen")]:
        if time.monotonic() > end:
            break
        time.sleep(0.01)
    return found


def test_a_sync_keeps_what_came(sandbox: Sandbox, tmp_path: Path) -> None:
    archive = va.Archive(tmp_path / "archive")
    sandbox.fault("slow", operation="usage", seconds=0.4)
    with va.Client(sandbox.key, base_url=sandbox.url, max_workers=4) as client:
        with interrupted_when(sandbox, 11) as pressed, pytest.raises(KeyboardInterrupt):
            va.sync(client, archive)
        assert time.monotonic() - pressed[0] < 1.0
        assert _workers() == []
        came = archive.read("usage")["vm_id"].nunique()
        assert 4 <= came < 60
        assert len(archive.read("vms")) == 60

        sandbox.clear_faults()
        assert va.sync(client, archive).is_complete
        assert archive.read("usage")["vm_id"].nunique() == 60


def test_a_fetch_can_be_resumed(sandbox: Sandbox) -> None:
    with va.Client(sandbox.key, base_url=sandbox.url, max_workers=4) as client:
        vm_ids = [vm["id"] for vm in client.vms()]
        sandbox.fault("stall", operation="usage", vm_id=vm_ids[8])
        with interrupted_when(sandbox, 40) as pressed, pytest.raises(FetchInterrupted) as caught:
            va.fetch_usage(client, vm_ids)
        assert time.monotonic() - pressed[0] < 1.0
        assert any(isinstance(failure.error, Stopped) for failure in caught.value.failures)
        sandbox.clear_faults()
        assert caught.value.resume()["vm_id"].nunique() == 60


@pytest.mark.parametrize("on_error", ["raise", "partial"])
def test_ctrl_c_is_no_failure_that_a_program_would_pass_over(sandbox: Sandbox, on_error: Literal["partial"]) -> None:
    with va.Client(sandbox.key, base_url=sandbox.url, max_workers=4) as client:
        vm_ids = [vm["id"] for vm in client.vms()]
        sandbox.fault("slow", operation="usage", seconds=0.2)
        with interrupted_when(sandbox, 10) as pressed, pytest.raises(KeyboardInterrupt) as caught:
            va.fetch_usage(client, vm_ids, on_error=on_error)
        assert time.monotonic() - pressed[0] < 1.0
        assert isinstance(caught.value, FetchStopped)
        assert client.last_partial is caught.value.partial
        assert 4 <= client.last_partial["vm_id"].nunique() < 60
        assert len(sandbox.requests) < 30


@pytest.mark.parametrize("code", [429, 503])
def test_nobody_waits_out_what_the_provider_asked_for(sandbox: Sandbox, code: int) -> None:
    with va.Client(sandbox.key, base_url=sandbox.url, max_workers=4) as client:
        vm_ids = [vm["id"] for vm in client.vms()]
        sandbox.fault("status", operation="usage", code=code, retry_after=50)
        with interrupted_when(sandbox, 1) as pressed, pytest.raises(FetchInterrupted) as caught:
            va.fetch_usage(client, vm_ids)
        assert time.monotonic() - pressed[0] < 1.0
        assert {type(failure.error) for failure in caught.value.failures} >= {Stopped}
        assert len(sandbox.requests) <= 1 + 4
        assert _workers() == []
