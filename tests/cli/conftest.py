"""The command line as a user has it: words in, an exit status, standard output and standard error out."""

from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pandas as pd
import pytest
from done import Done
from left_by_syncs import Kept

from vmgen_analytics.api import clock as provider_clock
from vmgen_analytics.cli import main, terminal
from vmgen_analytics.sandbox import Sandbox


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run a command in an empty folder, as a user without settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> Done:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        captured = capfd.readouterr()
        assert "Traceback" not in captured.err
        return Done(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A provider, whose jobs take as many seconds as the parameter says, in an environment that leads to it.

    This machine's clock tells its time.
    """
    job_seconds = getattr(request, "param", 0.2)
    with Sandbox(vms=6, seed=11, today="2026-11-23", months=2, ticking=False, job_seconds=job_seconds) as running:
        monkeypatch.setenv("VMGEN_API_KEY", running.key)
        monkeypatch.setenv("VMGEN_BASE_URL", running.url)
        monkeypatch.setattr(terminal, "now", lambda: pd.Timestamp(running.now))
        monkeypatch.setattr(provider_clock, "datetime", Mock(now=lambda _: running.now))
        yield running


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """An empty archive of an account in Amsterdam, to be filled as syncs would have."""
    return Kept(tmp_path / "archive", "Europe/Amsterdam")
