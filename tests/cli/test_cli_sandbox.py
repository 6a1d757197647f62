"""The simulated provider as a program of its own, and several accounts of it in one archive."""

import io
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
import requests
from done import Done

from vmgen_analytics import Archive, Client

Run = Callable[..., Done]


@contextmanager
def sandbox(*words: object) -> Iterator[str]:
    """Run it until the test is over, and say what it announced."""
    command = [sys.executable, "-m", "vmgen_analytics", "sandbox", "--port", "0", "--vms", "3", "--months", "1"]
    with subprocess.Popen([*command, *map(str, words)], stderr=subprocess.PIPE, text=True) as program:
        said = ""
        assert program.stderr is not None
        while "Ctrl-C ends it." not in said:
            line = program.stderr.readline()
            assert line, said
            said += line
        try:
            yield said
        finally:
            program.send_signal(signal.SIGINT)
            assert program.wait(timeout=10) == 0


def _address(said: str) -> str:
    return re.findall(r"answers at (http://127\.0\.0\.1:\d+);", said)[0]


def test_one_account_is_used_as_it_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox() as said:
        line = next(line.strip() for line in said.splitlines() if "VMGEN_API_KEY=" in line)
        for name, value in re.findall(r"(VMGEN_\w+)=(\S+)", line):
            monkeypatch.setenv(name, value)
        assert run(*line.split(" ")[line.split(" ").index("sync") :]).status == 0
    assert Archive("trial").read("usage")["vm_id"].nunique() == 3


def test_two_accounts_are_used_as_it_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox("--accounts", 2, "--today", "2026-11-23") as said:
        Path("vmgen.toml").write_text("".join(re.findall(r"  (\[accounts.*\n|base_url.*\n|key_env.*\n)", said)))
        keys = dict(re.findall(r"export (\w+)=(\S+)", said))
        for name, key in keys.items():
            monkeypatch.setenv(name, key)
        done = run("sync", "--account", "account-1", "--account", "account-2", "--archive", "trial")
        assert done.status == 0, done.err
        assert run("sync", "--archive", "trial").status == 0  # without a name it is all of them

        archive = Archive("trial")
        served = {}
        for number, key in enumerate(keys.values(), 1):
            with Client(key, base_url=_address(said)) as client:
                served[f"account-{number}"] = {vm["id"] for vm in client.vms()}
    assert set(keys) == {"VMGEN_API_KEY_1", "VMGEN_API_KEY_2"}
    for table in ("vms", "usage", "networking"):
        kept = archive.read(table)
        assert {name: set(rows["vm_id"]) for name, rows in kept.groupby("account")} == served, table
        assert not set.intersection(*served.values())
    assert archive.read("invoices").groupby("account")["invoice_id"].nunique().index.tolist() == sorted(served)
    status = run("status", "--archive", "trial").out
    assert all(name in status for name in served)
    vms = pd.read_csv(io.StringIO(run("export", "vms", "--archive", "trial").out))
    assert set(vms["account"]) == set(served)


def test_a_key_that_is_wrong_costs_that_account_only(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox("--accounts", 2) as said:
        Path("vmgen.toml").write_text("".join(re.findall(r"  (\[accounts.*\n|base_url.*\n|key_env.*\n)", said)))
        (good, _) = re.findall(r"export \w+=(\S+)", said)
        monkeypatch.setenv("VMGEN_API_KEY_1", good)
        monkeypatch.setenv("VMGEN_API_KEY_2", "of-nobody")
        done = run("sync", "--archive", "trial")
    assert done.status == 3
    assert "account account-2" in done.err
    assert "401" in done.err
    assert set(Archive("trial").read("vms")["account"]) == {"account-1"}


def test_it_can_be_slow_and_strict() -> None:
    with sandbox("--latency", "0.1", "--rate", 2, "--fault", "status,operation=locations,account=1,code=418") as said:
        key = re.findall(r"VMGEN_API_KEY=(\S+)", said)[0]
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {key}"
            began = time.monotonic()
            assert session.get(f"{_address(said)}/locations", timeout=5).status_code == 418
            assert time.monotonic() - began >= 0.1
            statuses = [session.get(f"{_address(said)}/account", timeout=5).status_code for _ in range(4)]
            assert statuses[0] == 200
            assert 429 in statuses


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--fault", "status,account=2"], "no account 2"),
        (["--fault", "flood"], "no fault 'flood'"),
        (["--today", "tomorrow"], "--today must be a day"),
    ],
)
def test_what_it_cannot_be_is_said(run: Run, words: list[str], hint: str) -> None:
    done = run("sandbox", "--port", 0, *words)
    assert done.status in (1, 2)
    assert hint in done.err


@pytest.mark.parametrize(("option", "value"), [("--accounts", 0), ("--latency", -1), ("--rate", 0)])
def test_numbers_that_make_no_provider_are_wrong_usage(run: Run, option: str, value: int) -> None:
    done = run("sandbox", "--port", 0, option, value)
    assert done.status == 2
    assert option in done.err
