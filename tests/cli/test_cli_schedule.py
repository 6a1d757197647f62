"""`schedule`: what it prints is what cron and systemd read, and installing touches no line but its own."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from done import Done
from readme import code_blocks

from vmgen_analytics import Archive
from vmgen_analytics.cli import crontab, user_units
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.scheduling import cron_lines

Run = Callable[..., Done]
OTHERS = (
    "MAILTO=me@example.net\n# backup: do not touch\n17 3 * * 1-5  /usr/bin/backup --rate 50\\% # ünïcode\n\n@reboot x"
)

CRONTAB = """#!{python}
import pathlib, sys
place = pathlib.Path({place!r})
if sys.argv[1:] == ["-l"]:
    if not place.exists():
        sys.exit("no crontab for nobody")
    sys.stdout.buffer.write(place.read_bytes())
elif sys.argv[1:] == ["-"]:
    text = sys.stdin.buffer.read()
    if b"REFUSED" in text:
        sys.exit("errors in crontab file, can't install.")
    place.write_bytes(text)
else:
    sys.exit("usage error")
"""
SYSTEMCTL = """#!/bin/sh
echo "$@" >> {place}
case "$*" in *restart*) exit ${{SYSTEMCTL_STATUS:-0}};; esac
"""


def _program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.fixture
def cron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A crontab that takes what it is given, and says what it has: the file."""
    place = tmp_path / "spool"
    _program(tmp_path / "bin", "crontab", CRONTAB.format(python=sys.executable, place=str(place)))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return place


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A systemctl that writes down what it was told: the file."""
    place = tmp_path / "told"
    _program(tmp_path / "bin", "systemctl", SYSTEMCTL.format(place=place))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return place


def _settings(folder: Path, text: str = "") -> Path:
    path = folder / "my vmgen.toml"
    path.write_text(f"time_zone = 'Europe/Amsterdam'\n{text}", encoding="utf-8")
    return path


def test_readme_has_the_lines_of_the_design() -> None:
    (block,) = code_blocks("cron")
    utc = ZoneInfo("UTC")
    assert block.splitlines() == cron_lines([utc], utc, "vmgen-analytics sync", year=2026)


def test_lines_carry_command_settings_archive_and_log_by_paths_that_hold_anywhere(run: Run, tmp_path: Path) -> None:
    config = _settings(tmp_path)
    done = run("schedule", "--format", "cron", "--config", config.name, "--archive", "a%b", "--log", "x/sync.log")
    assert done.status == 0
    begin, *lines, end = done.out.splitlines()
    assert (begin, end) == (crontab.BEGIN, crontab.END)
    for line in lines:
        command = line.split(maxsplit=5)[5]
        assert "%" not in command.replace(r"\%", "")
        program, *words = shlex.split(command.replace(r"\%", "%"))
        assert Path(program).is_absolute()
        assert os.access(program, os.X_OK)
        archive, log = tmp_path / "a%b", tmp_path / "x/sync.log"
        assert words[-8:] == ["sync", "--config", str(config), "--archive", str(archive), ">>", str(log), "2>&1"]
    assert f"mkdir -p {tmp_path / 'x'}" in done.err
    assert "10 minutes" in done.err or "ten minutes" in done.err
    assert "Account main: its months turn at midnight in Europe/Amsterdam." in done.err


def test_each_zone_of_the_accounts_is_served(run: Run, tmp_path: Path) -> None:
    config = _settings(tmp_path, "[accounts.nz]\ntime_zone = 'Pacific/Auckland'\n[accounts.here]\n[accounts.there]\n")
    lines = [
        line.removeprefix("OnCalendar=")
        for line in run("schedule", "--format", "systemd", "--config", config).out.splitlines()
        if line.startswith("OnCalendar=")
    ]
    assert {line.rsplit(maxsplit=1)[1] for line in lines} == {"Europe/Amsterdam", "Pacific/Auckland"}
    assert "*-*~01 23:50:00 Pacific/Auckland" in lines
    if shutil.which("systemd-analyze"):
        for line in lines:
            subprocess.run(["systemd-analyze", "calendar", line], check=True, capture_output=True)
    here, there = ZoneInfo("Europe/Amsterdam"), ZoneInfo("Pacific/Auckland")
    printed = run("schedule", "--format", "cron", "--config", config, "--machine-zone", "UTC").out.splitlines()[1:-1]
    wanted = cron_lines([there, here], ZoneInfo("UTC"), "x", year=time.gmtime().tm_year)
    assert [line.split()[:5] for line in printed] == [line.split()[:5] for line in wanted]


def test_printed_line_syncs(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """What cron would run, run by the shell without the environment of this one."""
    variables = tmp_path / "variables"
    variables.write_text(f"VMGEN_API_KEY={sandbox.key}\nVMGEN_BASE_URL={sandbox.url}\n", encoding="utf-8")
    variables.chmod(0o600)
    config = _settings(tmp_path)
    words = ("--config", config, "--archive", tmp_path / "50% of it", "--log", tmp_path / "sync.log")
    done = run("schedule", "--format", "cron", *words, "--variables", variables)
    assert sandbox.key not in done.out + done.err
    command = done.out.splitlines()[1].split(maxsplit=5)[5].replace(r"\%", "%")
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    subprocess.run(["/bin/sh", "-c", command], check=True, env=bare, cwd="/", timeout=60)
    log = (tmp_path / "sync.log").read_text(encoding="utf-8")
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC main: \d+ requests", log, re.MULTILINE)
    assert "new or changed" in log
    assert not Archive(tmp_path / "50% of it").read("usage").empty


def test_variables_that_others_may_read_are_refused(run: Run, tmp_path: Path) -> None:
    variables = tmp_path / "variables"
    variables.write_text("VMGEN_API_KEY=x\n", encoding="utf-8")
    variables.chmod(0o644)
    done = run("schedule", "--variables", variables)
    assert done.status == 2
    assert "chmod 600" in done.err
    assert run("schedule", "--variables", tmp_path / "nothing").status == 2


def test_a_key_of_this_shell_only_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMGEN_API_KEY", "secret-key-of-this-shell")
    done = run("schedule", "--format", "cron")
    assert "do not see VMGEN_API_KEY" in done.err
    assert "secret-key-of-this-shell" not in done.out + done.err


def test_that_the_syncs_find_no_key_is_told_before_they_are_installed(
    run: Run, cron: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VMGEN_API_KEY", raising=False)
    words = ("schedule", "--format", "cron", "--log", tmp_path / "sync.log", "--install")
    asked = run(*words)
    assert (asked.status, cron.exists()) == (1, False)
    assert "cannot succeed yet: no API key of main" in asked.err
    done = run(*words, "--yes")
    assert done.status == 0
    assert done.err.index("cannot succeed yet") < done.err.index("*/6") < done.err.index("Installed.")
    assert done.err.count("cannot succeed yet") == 1
    variables = tmp_path / "variables"
    for text, warns in {"VMGEN_API_KEY=\n": True, "export VMGEN_API_KEY='x'\n": False}.items():
        variables.write_text(text, encoding="utf-8")
        variables.chmod(0o600)
        assert ("cannot succeed yet" in run(*words, "--yes", "--variables", variables).err) == warns


@pytest.mark.parametrize("others", ["", OTHERS, OTHERS + "\n", "CRON_TZ=Asia/Tokyo\n5 5 * * * x\n"])
def test_installing_touches_no_other_line(run: Run, cron: Path, tmp_path: Path, others: str) -> None:
    if others:
        cron.write_text(others, encoding="utf-8")
    words = ("schedule", "--format", "cron", "--log", tmp_path / "logs" / "sync.log")
    first = run(*words, "--install", "--yes")
    assert (first.status, first.out) == (0, "")
    assert (tmp_path / "logs").is_dir()
    once = cron.read_text(encoding="utf-8")
    assert once == run(*words).out + others

    again = run(*words, "--install", "--yes")
    assert "installed already" in again.err
    assert cron.read_text(encoding="utf-8") == once

    run(*words, "--install", "--yes", "--archive", "elsewhere")
    assert cron.read_text(encoding="utf-8").count(crontab.BEGIN) == 1
    assert "elsewhere" in cron.read_text(encoding="utf-8")

    assert run("schedule", "--format", "cron", "--remove", "--yes").status == 0
    assert cron.read_text(encoding="utf-8") == others
    assert "nothing of ours" in run("schedule", "--format", "cron", "--remove", "--yes").err


def test_nothing_is_installed_unasked(run: Run, cron: Path) -> None:
    cron.write_text(OTHERS, encoding="utf-8")
    done = run("schedule", "--format", "cron", "--install")
    assert done.status == 1
    assert "--yes" in done.err
    assert "*/6" in done.err, "what would be installed is shown"
    assert cron.read_text(encoding="utf-8") == OTHERS
    assert run("schedule", "--install", "--remove").status == 2


@pytest.mark.parametrize(
    "broken", [crontab.BEGIN, crontab.END, f"{crontab.END}\n{crontab.BEGIN}", "\n".join([crontab.BEGIN] * 2)]
)
def test_marks_that_do_not_match_stop_everything(run: Run, cron: Path, broken: str) -> None:
    cron.write_text(f"1 1 * * * x\n{broken}\n2 2 * * * y\n", encoding="utf-8")
    before = cron.read_bytes()
    for what in ("--install", "--remove"):
        done = run("schedule", "--format", "cron", what, "--yes")
        assert done.status == 2
        assert "do not match" in done.err
    assert cron.read_bytes() == before


def test_a_crontab_that_cannot_be_read_or_refuses_is_left(run: Run, cron: Path, tmp_path: Path) -> None:
    cron.write_text("1 1 * * * REFUSED\n", encoding="utf-8")
    done = run("schedule", "--format", "cron", "--install", "--yes")
    assert (done.status, "can't install" in done.err) == (1, True)
    _program(tmp_path / "bin", "crontab", "#!/bin/sh\necho 'cannot open your spool' >&2; exit 1\n")
    done = run("schedule", "--format", "cron", "--install", "--yes")
    assert done.status == 1
    assert "cannot open your spool; nothing was changed" in done.err
    assert cron.read_text(encoding="utf-8") == "1 1 * * * REFUSED\n"


def test_without_cron_it_says_so(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("schedule", "--format", "cron", "--install", "--yes")
    assert (done.status, "--format systemd" in done.err) == (1, True)
    done = run("schedule", "--format", "systemd", "--install", "--yes")
    assert (done.status, "--format cron" in done.err) == (1, True)


def test_units_come_and_go(run: Run, systemctl: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "systemd" / "user"
    folder.mkdir(parents=True)
    (folder / "other.timer").write_text("mine", encoding="utf-8")
    words = ("schedule", "--format", "systemd", "--log", tmp_path / "sync.log")
    assert run(*words, "--install", "--yes").status == 0
    assert systemctl.read_text(encoding="utf-8").splitlines() == [
        "--user daemon-reload",
        f"--user enable {user_units.TIMER}",
        f"--user restart {user_units.TIMER}",
    ]
    printed = run(*words).out
    for name in (user_units.SERVICE, user_units.TIMER):
        assert (folder / name).read_text(encoding="utf-8") in printed
    if shutil.which("systemd-analyze"):
        units = [str(folder / name) for name in (user_units.SERVICE, user_units.TIMER)]
        checked = subprocess.run(
            ["systemd-analyze", "verify", "--user", *units], capture_output=True, text=True, check=False
        )
        assert NAMED not in checked.stderr, checked.stderr
    assert "installed already" in run(*words, "--install", "--yes").err

    systemctl.unlink()
    assert run("schedule", "--format", "systemd", "--remove", "--yes").status == 0
    assert [path.name for path in folder.iterdir()] == ["other.timer"]
    told = systemctl.read_text(encoding="utf-8").splitlines()
    assert told == [f"--user disable --now {user_units.TIMER}", "--user daemon-reload"]
    assert "no unit of ours" in run("schedule", "--format", "systemd", "--remove", "--yes").err


NAMED = "vmgen-analytics-sync"


def test_a_unit_of_somebody_else_is_not_touched(run: Run, systemctl: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "systemd" / "user"
    folder.mkdir(parents=True)
    (folder / user_units.TIMER).write_text("[Timer]\n", encoding="utf-8")
    for what in ("--install", "--remove"):
        assert run("schedule", "--format", "systemd", what, "--yes").status == 2
    assert (folder / user_units.TIMER).read_text(encoding="utf-8") == "[Timer]\n"
    assert not systemctl.exists()


def test_systemd_that_serves_no_users_is_told(
    run: Run, systemctl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEMCTL_STATUS", "1")
    done = run("schedule", "--format", "systemd", "--install", "--yes", "--log", tmp_path / "sync.log")
    assert done.status == 1
    assert "--format cron" in done.err


def test_both_files_of_settings_hold(run: Run, tmp_path: Path) -> None:
    users = tmp_path / "home" / "vmgen_analytics"
    users.mkdir(parents=True)
    (users / "vmgen.toml").write_text("currency = 'EUR'\n", encoding="utf-8")
    assert f"--config {users / 'vmgen.toml'} " in run("schedule", "--format", "cron").out
    (tmp_path / "vmgen.toml").write_text("time_zone = 'UTC'\n", encoding="utf-8")
    assert f"cd {tmp_path} && " in run("schedule", "--format", "cron").out
    assert f"WorkingDirectory={tmp_path}\n" in run("schedule", "--format", "systemd").out


def _sync(sandbox: Sandbox, archive: Path, *words: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "VMGEN_API_KEY": sandbox.key, "VMGEN_BASE_URL": sandbox.url}
    command = [sys.executable, "-m", "vmgen_analytics", "sync", "--archive", str(archive), *words]
    return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)


def test_of_two_syncs_one_waits_or_leaves(sandbox: Sandbox, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    sandbox.fault("slow", operation="usage", seconds=6.0)  # longer than a process takes to start
    first = _sync(sandbox, archive)
    while not any(received.operation == "usage" for received in list(sandbox.requests)):
        assert first.poll() is None
        time.sleep(0.02)
    leaves, waits = _sync(sandbox, archive, "--wait", "0"), _sync(sandbox, archive, "--wait", "60")
    _, said = leaves.communicate(timeout=30)
    assert leaves.returncode == 1
    assert f"another sync is under way in {archive}; this one left, and changed nothing" in said
    assert "Traceback" not in said
    _, said = first.communicate(timeout=60)
    assert first.returncode == 0, said
    sandbox.clear_faults()
    _, said = waits.communicate(timeout=60)
    assert waits.returncode == 0, said
    assert not Archive(archive).history("usage").duplicated(["account", "vm_id", "date"]).any()
