"""demo and lab: what a newcomer runs first."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from done import Done

from vmgen_analytics.archive import Archive
from vmgen_analytics.cli.demo import instants
from vmgen_analytics.settings import Settings

Run = Callable[..., Done]


def test_demo_from_nothing(tmp_path: Path) -> None:
    began = time.monotonic()
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "vmgen_analytics", "demo", "--dir", str(tmp_path / "demo"), "--months", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60
    for name in ("report.html", "report.xlsx"):
        assert str(tmp_path / "demo" / "report" / name) in done.stderr
        assert (tmp_path / "demo" / "report" / name).exists()
    assert len(Archive(tmp_path / "demo" / "archive").months()) >= 3
    assert "-m vmgen_analytics status --config" in done.stderr


def test_demo_again_starts_anew_and_spares_what_is_not_its_own(run: Run, tmp_path: Path) -> None:
    words = ("demo", "--dir", tmp_path / "demo", "--months", "1", "--vms", "2")
    assert run(*words).status == 0
    (tmp_path / "demo" / "mine.txt").write_text("mine", encoding="utf-8")
    assert run(*words, "--seed", "8").status == 0
    assert (tmp_path / "demo" / "mine.txt").exists()
    (tmp_path / "theirs" / "archive").mkdir(parents=True)
    done = run("demo", "--dir", tmp_path / "theirs")
    assert done.status == 2
    assert "choose an empty or a new --dir" in done.err
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "prices.csv").write_text("mine", encoding="utf-8")
    assert run("demo", "--dir", tmp_path / "own").status == 2
    assert (tmp_path / "own" / "prices.csv").read_text(encoding="utf-8") == "mine"
    done = run("sync", "--config", tmp_path / "demo" / "vmgen.toml")
    assert (done.status, "account 'demo'" in done.err) == (2, True)


def test_demo_syncs_around_each_turn_of_the_month_and_ends_now() -> None:
    now = datetime(2026, 3, 1, 0, 2, tzinfo=UTC)
    found = list(instants(now, 3))
    assert found == sorted(set(found))
    assert found[-1] == now
    assert datetime(2026, 2, 28, 23, 50, tzinfo=UTC) in found
    assert datetime(2026, 2, 1, 0, 5, tzinfo=UTC) in found
    assert found[0].date() == datetime(2026, 1, 1, tzinfo=UTC).date()


def test_lab_hands_the_settings_that_hold_here_to_notebooks_elsewhere(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "home" / "vmgen_analytics"
    users.mkdir(parents=True)
    (users / "vmgen.toml").write_text('currency = "CHF"\ntime_zone = "Europe/Zurich"\n', encoding="utf-8")
    (tmp_path / "vmgen.toml").write_text('currency = "EUR"\nprices = "mine.csv"\n', encoding="utf-8")
    started: list[dict[str, str]] = []

    def start(command: list[str], *, env: dict[str, str], check: bool) -> SimpleNamespace:
        started.append(env)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr("vmgen_analytics.cli.lab.subprocess.run", start)
    assert run("lab", "--dir", tmp_path / "nb", "--no-browser").status == 0
    monkeypatch.chdir(tmp_path / "nb")
    settings = Settings.load(environ=started[0])
    assert (settings.currency, settings.time_zone) == ("EUR", "Europe/Zurich")
    assert settings.prices == str(tmp_path / "mine.csv")
    assert settings.archive == str(tmp_path / "data" / "archive")


def test_lab_copies_notebooks_and_never_over_changed_ones(run: Run, tmp_path: Path) -> None:
    words = ("lab", "--dir", tmp_path / "nb", "--no-start")
    assert "copied" in run(*words).err
    start, spend = tmp_path / "nb" / "00_start.ipynb", tmp_path / "nb" / "01_spend.ipynb"
    start.write_text("mine", encoding="utf-8")
    spend.unlink()
    assert f"kept {start}" in run(*words).err
    assert start.read_text(encoding="utf-8") == "mine"
    assert spend.exists()
