"""status for a monitor and at a terminal: one line whatever happens, JSON whatever happens, whole words."""

import json
import os
import pty
import re
import subprocess
import sys

import pandas as pd
import pytest
from left_by_syncs import Kept

from vmgen_analytics.cli import terminal
from vmgen_analytics.cli.standing_words import warnings


@pytest.fixture
def at(monkeypatch):
    """Sets this machine's clock."""
    return lambda moment: monkeypatch.setattr(terminal, "now", lambda: pd.Timestamp(moment, tz="UTC"))


@pytest.fixture
def fresh(tmp_path, at):
    """An archive of one account that synced three hours ago."""
    kept = Kept(tmp_path / "data" / "archive")
    kept.usage(1, "2026-11-01", "2026-11-22")
    kept.usage(1, "2026-11-23", "2026-11-23", "partial")
    kept.seen(1, "2026-11-01", "2026-11-23")
    kept.sync("2026-11-23 06:00")
    at("2026-11-23 09:00")
    return kept


def checked(run):
    done = run("status", "--check")
    assert done.out.count("\n") == 1
    return done.status, done.out.strip()


def test_an_empty_archive_cannot_be_judged(run):
    status, line = checked(run)
    assert status == 1
    assert line.startswith("unknown: the archive at ")
    assert "is empty or not there: run `vmgen-analytics sync`" in line
    done = run("status", "--json")
    assert (done.status, json.loads(done.out)["accounts"]) == (1, {})
    assert "is empty or not there" in json.loads(done.out)["error"]


def test_a_table_that_cannot_be_read_cannot_be_judged(run, fresh, tmp_path):
    for file in (tmp_path / "data" / "archive" / "syncs").rglob("*.parquet"):
        file.write_bytes(b"nothing")
    status, line = checked(run)
    assert (status, line.startswith("unknown: ")) == (1, True)
    assert "syncs" in line
    assert "syncs" in json.loads(run("status", "--json").out)["error"]


def test_wrong_settings_cannot_be_judged(run, fresh, tmp_path):
    (tmp_path / "vmgen.toml").write_text('arhcive = "data/archive"\n')
    assert checked(run) == (1, "unknown: no setting arhcive; did you mean archive?")
    assert json.loads(run("status", "--json").out)["error"] == "no setting arhcive; did you mean archive?"


@pytest.mark.parametrize(
    ("settings", "warning"),
    [
        ('[accounts.main]\nkey_env = "KEY_OF_MAIN"\n', "main: no sync can run: no API key for account 'main': set "),
        ('[accounts.main]\nbase_url = "notaurl"\n', "main: no sync can run: base_url must be an address as "),
        ('[accounts.main]\n[accounts.other]\nkey_env = "VMGEN_API_KEY"\n', "other: it has never synced"),
    ],
)
def test_an_account_that_cannot_sync_is_told_at_once(run, fresh, tmp_path, monkeypatch, settings, warning):
    monkeypatch.setenv("VMGEN_API_KEY", "secret")
    (tmp_path / "vmgen.toml").write_text(settings + 'time_zone = "UTC"\n')
    status, line = checked(run)
    assert (status, line[: len(f"warning: {warning}")]) == (3, f"warning: {warning}")
    assert "secret" not in line
    account = json.loads(run("status", "--json").out)["accounts"][warning.split(":")[0]]
    assert warning.split(": ", 1)[1] in "; ".join(account["warnings"])


def test_without_settings_the_key_may_be_known_to_the_sync_alone(run, fresh, monkeypatch):
    monkeypatch.delenv("VMGEN_API_KEY", raising=False)
    assert checked(run) == (0, "fine: main")


def test_an_account_that_left_the_settings_warns_no_more(run, fresh, tmp_path, monkeypatch):
    monkeypatch.setenv("VMGEN_API_KEY", "secret")
    old = Kept(tmp_path / "data" / "archive", account="old")
    old.usage(1, "2026-10-01", "2026-10-05")
    old.sync("2026-10-05 06:00")
    assert checked(run)[0] == 3, "no settings name accounts: it should sync"
    (tmp_path / "vmgen.toml").write_text('[accounts.main]\ntime_zone = "UTC"\n')
    assert checked(run) == (0, "fine: main")
    told = json.loads(run("status", "--json").out)["accounts"]
    assert (told["old"]["is_synced"], told["old"]["warnings"], told["main"]["is_synced"]) == (False, [], True)
    assert "not in the settings: not synced any more" in run("status").out


def test_a_clock_that_was_wrong_is_told(run, fresh):
    fresh.sync("2027-01-22 09:00")
    status, line = checked(run)
    assert status == 3
    assert "one of the clocks is or was wrong" in line


def test_several_accounts_begin_with_a_line_each_and_nothing_is_said_twice(run, fresh, tmp_path, at):
    other = Kept(tmp_path / "data" / "archive", account="second")
    other.usage(1, "2026-11-01", "2026-11-21")
    other.usage(1, "2026-11-22", "2026-11-22", "partial")
    other.sync("2026-11-22 06:00")
    lines = run("status").out.splitlines()
    assert lines[:2] == [
        "main: 1 VM, last whole sync 2026-11-23 06:00 (3 h 0 min ago); all is well",
        "second: 1 VM, last whole sync 2026-11-22 06:00 (1 d 3 h ago); 1 warning",
    ]
    assert sum(line.split() == ["1", "6", "11", "16", "21", "26", "31"] for line in lines) == 1
    assert sum("to come, or no VM" in line for line in lines) == 1
    at("2026-12-05 09:00")
    said = run("status").out.splitlines()
    assert sum("the provider forgets this month" in line for line in said) == 1
    assert any(line.startswith("All accounts: At 2027-01-01 00:00 (UTC, ") for line in said)


def test_on_a_terminal_no_word_is_broken(fresh, tmp_path):
    """At 80 columns, in a terminal: sentences and calendar."""
    parent, child = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VMGEN_")}
    environment |= {"COLUMNS": "80", "TERM": "xterm", "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    words = [sys.executable, "-m", "vmgen_analytics", "status", "--archive", str(tmp_path / "data" / "archive")]
    with subprocess.Popen(words, stdout=child, cwd=tmp_path, env=environment) as process:
        os.close(child)
        written = b""
        while True:
            try:
                read = os.read(parent, 4096)
            except OSError:  # the other end of a terminal is closed so
                break
            if not read:
                break
            written += read
    os.close(parent)
    assert process.returncode == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", written.decode()).splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.endswith("if no sync") or "the provider forgets this" in line for line in lines)


def test_an_account_without_vms_is_fine(run, tmp_path, at):
    kept = Kept(tmp_path / "data" / "archive")
    kept.sync("2026-11-23 06:00")
    at("2026-11-23 09:00")
    assert checked(run) == (0, "fine: main")
    assert run("status").out.startswith("No VM is known yet.")


@pytest.mark.parametrize("night", ["00:30", "01:30", "22:30"])
def test_the_last_day_of_a_month_is_that_also_where_it_has_25_hours(tmp_path, night):
    kept = Kept(tmp_path / "archive", "Europe/Amsterdam")
    kept.usage(1, "2027-10-01", "2027-10-30")
    kept.sync("2027-10-30 20:00")
    (told, *_) = warnings(kept.standing(f"2027-10-31 {night}"))
    assert "ago and the month ends today" in told
