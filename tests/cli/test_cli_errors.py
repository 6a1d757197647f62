"""What goes wrong is one line that says what, why and what to do, and the exit status of the README."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from done import Done

from vmgen_analytics import __version__
from vmgen_analytics.sandbox import Sandbox

Run = Callable[..., Done]


def _is_one_line(done: Done) -> bool:
    return done.err.count("\n") == 1 and done.err.startswith("vmgen-analytics: ") and done.out == ""


def test_no_key(run: Run) -> None:
    done = run("sync")
    assert done.status == 2
    assert _is_one_line(done)
    assert "VMGEN_API_KEY" in done.err


def test_unreachable_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMGEN_API_KEY", "key")
    monkeypatch.setenv("VMGEN_BASE_URL", "http://127.0.0.1:9")
    done = run("sync")
    assert done.status == 1
    assert _is_one_line(done)
    assert "nothing listens there" in done.err


def test_wrong_key(run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMGEN_API_KEY", "another-key")
    done = run("sync")
    assert done.status == 1
    assert _is_one_line(done)
    assert "401" in done.err
    assert "another-key" not in done.err


def test_unknown_setting(run: Run, tmp_path: Path) -> None:
    (tmp_path / "vmgen.toml").write_text('archve = "x"\n', encoding="utf-8")
    done = run("status")
    assert done.status == 2
    assert _is_one_line(done)
    assert "did you mean archive?" in done.err


def test_unwritable_archive(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = run("sync", "--archive", tmp_path / "file" / "archive")
    assert done.status == 1
    assert _is_one_line(done)
    assert "--archive" in done.err


def test_empty_archive(run: Run) -> None:
    for words in (("status",), ("report",), ("export", "usage")):
        done = run(*words)
        assert done.status == 1
        assert _is_one_line(done)
        assert "vmgen-analytics sync" in done.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("bogus",), "bogus"),
        (("sync", "--bogus"), "--bogus"),
        (("export",), "--help"),
        (("export", "usages"), "did you mean usage?"),
        (("export", "usage", "--format", "doc"), "csv, parquet, xlsx"),
        (("power", "fly", "web-01"), "reboot"),
        (("status", "--config", "nowhere.toml"), "nowhere.toml"),
        (("sync", "--account", "nobody"), "nobody"),
    ],
)
def test_wrong_usage(run: Run, words: tuple[str, ...], hint: str) -> None:
    done = run(*words)
    assert done.status == 2
    assert _is_one_line(done)
    assert hint in done.err


def test_unwritable_file(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    run("sync")
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    for words in (
        ("export", "usage", "--out", tmp_path / "file" / "usage.csv"),
        ("report", "--out", tmp_path / "file"),
    ):
        done = run(*words)
        assert done.status in (1, 2)
        assert _is_one_line(done)


def test_help_and_version(run: Run) -> None:
    assert run("--version").out.strip() == f"vmgen-analytics {__version__}"
    for words in ((), ("--help",), ("sync", "-h"), ("power", "--help")):
        done = run(*words)
        assert done.status == 0
        assert "Usage" in done.out


def test_a_reader_that_has_enough_is_no_error(run: Run, sandbox: Sandbox) -> None:
    run("sync")
    command = f"{sys.executable} -m vmgen_analytics export usage | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_provider_that_answers_no_question_is_an_error(run: Run, sandbox: Sandbox) -> None:
    for operation in ("account", "invoices", "locations", "vms"):
        sandbox.fault("html", operation=operation)
    done = run("sync")
    assert done.status == 1
    assert _is_one_line(done)
    assert "is base_url the API's address?" in done.err


def test_ctrl_c_is_told_and_the_status_knows_of_it(run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vmgen_analytics.fetch.read_vms", press)
    done = run("sync")
    assert (done.status, done.out) == (130, "")
    assert "stopped; what came until then is stored" in done.err
    told = run("status")
    assert told.status == 0
    assert "No VM is known yet" in told.out
    assert "sync" in told.out
    assert run("report", "--out", "r").status == 0
    page = Path("r/report.html").read_text(encoding="utf-8")
    assert "so far" in page
    assert "To nobody: no VM is known" in page


@pytest.mark.parametrize(
    "name", ["prices", "cost_centres", "shared_costs", "transfer_policy", "vm_locations", "budgets", "limits"]
)
def test_a_file_of_the_settings_that_is_not_there_is_a_sentence_with_a_way_out(
    run: Run, october: Any, tmp_path: Path, name: str
) -> None:
    (tmp_path / "rules.csv").write_text("cost_centre\nall\n")
    centres = 'cost_centres = "rules.csv"\n' if name == "shared_costs" else ""
    (tmp_path / "vmgen.toml").write_text(f'{name} = "absent.csv"\n{centres}')
    table = {"limits": "capacity_forecast", "budgets": "budget_status"}.get(name, "allocated_costs")
    done = run("export", table, "--archive", october.archive.url)
    assert done.status == 2, done.err
    assert "Errno" not in done.err
    assert "absent.csv" in done.err
    assert "write one there, or name another" in done.err or "`vmgen-analytics locations --suggest" in done.err


def test_a_reader_that_has_enough_of_a_table_is_no_error(october: Any) -> None:
    command = [sys.executable, "-m", "vmgen_analytics", "locations", "--archive", str(october.archive.url)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert "unexpected" not in running.stderr.read()
    assert running.returncode == 0
