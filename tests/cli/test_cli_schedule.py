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
from vmgen_analytics.cli.doubts import NETWORK, STORES
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.scheduling import check_line, cron_lines, schedule_key

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
case "$*" in *${{SYSTEMCTL_FAILS:-nothing}}*) echo "Failed to connect to bus" >&2; exit 1;; esac
"""


@pytest.fixture(autouse=True)
def _bare_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of whoever runs the tests counts."""
    for name in {*NETWORK, *(name for store in STORES.values() for name in store.variables)}:
        monkeypatch.delenv(name, raising=False)


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
    *syncs, check = block.splitlines()
    assert syncs == cron_lines([utc], utc, "vmgen-analytics sync", year=2026)
    assert check.split() == check_line([utc], utc, "vmgen-analytics archive check", year=2026).split()


def test_lines_carry_command_settings_archive_and_log_by_paths_that_hold_anywhere(run: Run, tmp_path: Path) -> None:
    config = _settings(tmp_path)
    done = run("schedule", "--format", "cron", "--config", config.name, "--archive", "a%b", "--log", "x/sync.log")
    assert done.status == 0
    begin, *lines, end = done.out.splitlines()
    assert (begin, end) == crontab.marks(schedule_key(str(tmp_path / "a%b")))
    assert [line for line in lines if " archive check " in line] == lines[-1:]
    for line in lines:
        command = line.split(maxsplit=5)[5]
        assert "%" not in command.replace(r"\%", "")
        program, *words = shlex.split(command.replace(r"\%", "%"))
        assert Path(program).is_absolute()
        assert os.access(program, os.X_OK)
        archive, log = tmp_path / "a%b", tmp_path / "x/sync.log"
        what = ["archive", "check"] if line == lines[-1] else ["sync"]
        assert words == [*what, "--config", str(config), "--archive", str(archive), "--log", str(log)]
    assert f"added to {tmp_path / 'x' / 'sync.log'}" in done.err
    assert "10 minutes" in done.err or "ten minutes" in done.err
    assert "Account main: its months turn at midnight in Europe/Amsterdam." in done.err


def test_each_zone_of_the_accounts_is_served(run: Run, tmp_path: Path) -> None:
    config = _settings(tmp_path, "[accounts.nz]\ntime_zone = 'Pacific/Auckland'\n[accounts.here]\n[accounts.there]\n")
    lines = [
        line.removeprefix("OnCalendar=")
        for line in run("schedule", "--format", "systemd", "--config", config).out.splitlines()
        if line.startswith("OnCalendar=")
    ]
    assert len([line for line in lines if line.startswith("Mon ")]) == 1
    assert {line.rsplit(maxsplit=1)[1] for line in lines} == {"Europe/Amsterdam", "Pacific/Auckland"}
    assert "*-*~01 23:50:00 Pacific/Auckland" in lines
    if shutil.which("systemd-analyze"):
        for line in lines:
            subprocess.run(["systemd-analyze", "calendar", line], check=True, capture_output=True)
    here, there = ZoneInfo("Europe/Amsterdam"), ZoneInfo("Pacific/Auckland")
    printed = run("schedule", "--format", "cron", "--config", config, "--machine-zone", "UTC").out.splitlines()[1:-2]
    wanted = cron_lines([there, here], ZoneInfo("UTC"), "x", year=time.gmtime().tm_year)
    assert [line.split()[:5] for line in printed] == [line.split()[:5] for line in wanted]


def test_printed_lines_sync_and_check_and_say_nothing_unless_something_is_wrong(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """What cron would run, run by the shell without the environment of this one."""
    variables = tmp_path / "variables"
    variables.write_text(f"VMGEN_API_KEY={sandbox.key}\nVMGEN_BASE_URL={sandbox.url}\n", encoding="utf-8")
    variables.chmod(0o600)
    config, archive, log = _settings(tmp_path), tmp_path / "50% of it", tmp_path / "logs" / "sync.log"
    words = ("--config", config, "--archive", archive, "--log", log)
    done = run("schedule", "--format", "cron", *words, "--variables", variables)
    assert sandbox.key not in done.out + done.err
    _, sync, *_, check, _ = done.out.splitlines()

    assert _by_cron(sync, tmp_path) == (0, "", "")
    at = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC "
    text = log.read_text(encoding="utf-8")
    assert re.search(rf"{at}main: \d+ requests; new or changed: ", text, re.MULTILINE)
    assert not Archive(archive).read("usage").empty

    assert _by_cron(check, tmp_path) == (0, "", "")
    assert re.search(rf"{at}usage: \d+ rows .*: whole$", log.read_text(encoding="utf-8"), re.MULTILINE)

    damaged = next((archive / "usage").rglob("*.parquet"))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 4] ^= 0xFF  # of the traffic
    damaged.write_bytes(content)
    text = log.read_text(encoding="utf-8")
    status, out, err = _by_cron(check, tmp_path)
    assert (status, "is damaged in" in out + err, "usage" in out + err) == (1, True, True), "cron mails this"
    news = log.read_text(encoding="utf-8").removeprefix(text)
    assert "is damaged in" in news
    assert all(re.match(at, line) for line in news.splitlines())

    variables.write_text(f"VMGEN_API_KEY=wrong\nVMGEN_BASE_URL={sandbox.url}\n", encoding="utf-8")
    status, out, err = _by_cron(sync, tmp_path)
    assert (status, out, "key" in err) == (1, "", True)
    assert err.splitlines()[-1] in log.read_text(encoding="utf-8")


def _by_cron(line: str, home: Path) -> tuple[int, str, str]:
    """Run a line as cron does: exit status, and what cron would mail."""
    command = line.split(maxsplit=5)[5].replace(r"\%", "%")
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    done = subprocess.run(
        ["/bin/sh", "-c", command], check=False, env=bare, cwd="/", timeout=60, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_log_does_not_grow_for_ever_and_its_loss_stops_nothing(run: Run, tmp_path: Path) -> None:
    """Two files of a megabyte, whatever was said; where none can be written, what is said is said here."""
    archive, log = tmp_path / "archive", tmp_path / "check.log"
    log.write_text("x" * 999_990 + "\n", encoding="utf-8")
    done = run("archive", "check", "--archive", archive, "--log", log)
    assert (done.status, "is empty or not there" in done.err) == (1, True)
    assert (tmp_path / "check.log.1").stat().st_size == 999_991
    assert log.stat().st_size < 1000
    assert "is empty or not there" in log.read_text(encoding="utf-8")
    log.write_text("x" * 999_990 + "\n", encoding="utf-8")
    run("archive", "check", "--archive", archive, "--log", log)
    assert sorted(path.name for path in tmp_path.glob("check.log*")) == ["check.log", "check.log.1"]
    done = run("archive", "check", "--archive", archive, "--log", tmp_path)
    assert f"warning: cannot write {tmp_path}: Is a directory" in done.err
    assert "is empty or not there" in done.err


def test_variables_that_others_may_read_are_refused(run: Run, tmp_path: Path) -> None:
    variables = tmp_path / "variables"
    variables.write_text("VMGEN_API_KEY=x\n", encoding="utf-8")
    variables.chmod(0o644)
    done = run("schedule", "--variables", variables)
    assert done.status == 2
    assert "chmod 600" in done.err
    assert run("schedule", "--variables", tmp_path / "nothing").status == 2


S3 = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "hidden-secret", "AWS_REGION": "eu-central-1"}


def _variables(folder: Path, text: str) -> Path:
    path = folder / "variables"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("kind", ["cron", "systemd"])
def test_credentials_of_a_store_that_the_syncs_do_not_see_are_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for name, value in S3.items():
        monkeypatch.setenv(name, value)
    ours = "VMGEN_API_KEY=x\nVMGEN_BASE_URL=http://127.0.0.1:9\n"
    words = ("schedule", "--format", kind, "--archive", "s3://bkt/pre")
    done = run(*words, "--variables", _variables(tmp_path, ours))
    assert done.status == 0
    assert "do not see AWS_ACCESS_KEY_ID, AWS_REGION and AWS_SECRET_ACCESS_KEY, set in this shell only" in done.err
    assert "No credentials for s3://bkt/pre are in" in done.err
    assert "\n  AWS_ACCESS_KEY_ID=...\n  AWS_REGION=...\n  AWS_SECRET_ACCESS_KEY=...\n" in done.err
    assert "hidden-secret" not in done.out + done.err

    all_of_it = ours + "".join(f"{name}={value}\n" for name, value in S3.items())
    done = run(*words, "--variables", _variables(tmp_path, all_of_it))
    assert "AWS_" not in done.err
    assert "No credentials" not in done.err

    for name in S3:
        monkeypatch.delenv(name)
    done = run(*words, "--variables", _variables(tmp_path, ours))
    assert "only if they find them by a role of this machine" in done.err, "which may be so"
    assert "AWS_ACCESS" not in done.err
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert "AWS_REGION" not in run("schedule", "--format", kind, "--archive", "folder").err


def test_other_stores_and_the_way_out_are_told_by_their_own_variables(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/home/me/key.json")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "x")
    google = run("schedule", "--format", "cron", "--archive", "gs://bkt/pre").err
    assert "do not see GOOGLE_APPLICATION_CREDENTIALS and HTTPS_PROXY, set" in google
    azure = run("schedule", "--format", "cron", "--archive", "az://bkt/pre").err
    assert "do not see AZURE_STORAGE_ACCOUNT_KEY and HTTPS_PROXY, set" in azure


def test_what_to_write_for_many_accounts_can_be_copied(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = "".join(f"[accounts.account-{i}]\nkey_env = 'VMGEN_API_KEY_{i}'\n" for i in (1, 2, 3))
    config = _settings(tmp_path, accounts)
    monkeypatch.setenv("VMGEN_API_KEY_2", "x")
    said = run("schedule", "--format", "cron", "--config", config).err
    assert "no API key of account-1, account-2 and account-3 is in the system keyring." in said
    lines = said.splitlines()
    for i in (1, 2, 3):
        assert lines.count(f"  VMGEN_API_KEY_{i}=...") == 1
        assert lines.count(f"  vmgen-analytics login --account account-{i}") == 1
    assert said.count("--variables") == 1, "the way out is told once"
    (name,) = {line.split()[3] for line in lines if line.startswith("  vmgen-analytics login") and "-3" in line}
    assert run("login", "--config", config, "--account", name, "--help").status == 0
    plain = run("schedule", "--format", "cron").err.splitlines()
    assert "  vmgen-analytics login" in plain


def test_lines_that_systemd_does_not_read_are_told(run: Run, tmp_path: Path) -> None:
    variables = _variables(tmp_path, "export VMGEN_API_KEY='x'\n")
    assert "export" not in run("schedule", "--format", "cron", "--variables", variables).err
    assert "passes over lines that begin with `export`, as that of VMGEN_API_KEY" in (
        run("schedule", "--format", "systemd", "--variables", variables).err
    )


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
    assert done.err.index("cannot succeed yet") < done.err.index("*/6") < done.err.index("Installed in")
    assert done.err.count("cannot succeed yet") == 1
    variables = tmp_path / "variables"
    for text, warns in {"VMGEN_API_KEY=\n": True, "export VMGEN_API_KEY='x'\n": False}.items():
        variables.write_text(text, encoding="utf-8")
        variables.chmod(0o600)
        assert ("cannot succeed yet" in run(*words, "--yes", "--variables", variables).err) == warns


@pytest.mark.parametrize(
    "others", ["", OTHERS, OTHERS + "\n", "1 1 * * * a\r\n2 2 * * * b\x85c\n", "CRON_TZ=Asia/Tokyo\n5 5 * * * x\n"]
)
def test_installing_touches_no_other_line(run: Run, cron: Path, tmp_path: Path, others: str) -> None:
    if others:
        cron.write_bytes(others.encode())
    words = ("schedule", "--format", "cron", "--log", tmp_path / "logs" / "sync.log")
    first = run(*words, "--install", "--yes")
    assert (first.status, first.out) == (0, "")
    assert (tmp_path / "logs").is_dir()
    once = cron.read_bytes().decode()
    assert once == run(*words).out + others

    again = run(*words, "--install", "--yes")
    assert "already, word for word" in again.err
    assert cron.read_bytes().decode() == once

    words = (*words[:-1], tmp_path / "logs" / "another.log")
    assert "takes the place of what syncs" in run(*words, "--install", "--yes").err
    assert cron.read_bytes().decode() == run(*words).out + others

    assert run("schedule", "--format", "cron", "--remove", "--yes").status == 0
    assert cron.read_bytes().decode() == others
    assert "nothing of ours" in run("schedule", "--format", "cron", "--remove", "--yes").err


OLDER = """# >>> vmgen-analytics: written by `vmgen-analytics schedule`, which may write it again >>>
0 */6 * * *  /opt/bin/vmgen-analytics sync --archive '{archive}' >> /var/sync.log 2>&1
50 23 28-31 * *  /opt/bin/vmgen-analytics sync --archive '{archive}' >> /var/sync.log 2>&1
# <<< vmgen-analytics <<<
"""


def _synced(text: str) -> set[str]:
    """The archives that lines of a crontab sync."""
    return {archive for line in text.splitlines() for archive in re.findall(r"--archive '?([^ ']+)", line)}


@pytest.mark.parametrize("kind", ["cron", "systemd"])
def test_each_archive_has_a_schedule_of_its_own(
    run: Run, cron: Path, systemctl: Path, tmp_path: Path, kind: str
) -> None:
    units = tmp_path / "home" / "systemd" / "user"

    def synced() -> set[str]:
        texts = [cron] if kind == "cron" else units.glob("*.service")
        return {archive for path in texts for archive in _synced(path.read_text(encoding="utf-8"))}

    first, second = str(tmp_path / "one" / "archive"), str(tmp_path / "two" / "archive")
    words = ("schedule", "--format", kind, "--yes", "--log", tmp_path / "sync.log")
    run(*words, "--install", "--archive", first)
    done = run(*words, "--install", "--archive", second)
    assert synced() == {first, second}
    also = f"{'Your crontab also syncs' if kind == 'cron' else 'Your systemd units also sync'} "
    assert f"{also}{first}" in done.err
    assert "installed" in run(*words, "--install", "--archive", first).err
    assert "already, word for word" in run(*words, "--install", "--archive", first).err

    done = run("schedule", "--remove", "--yes")
    assert "There is nothing of ours for" in done.err
    assert f"{also}{first}; to take that out: vmgen-analytics schedule --remove --archive {first}" in done.err
    done = run("schedule", "--remove", "--yes", "--archive", first)
    assert synced() == {second}
    assert f"no schedule of yours syncs {first}." in done.err
    assert f"{also}{second}" in done.err
    run("schedule", "--remove", "--yes", "--archive", second)
    assert synced() == set()


def test_a_folder_is_one_archive_by_whatever_path(run: Run, cron: Path, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "link").symlink_to("archive")
    words = ("schedule", "--format", "cron", "--install", "--yes", "--log", "sync.log")
    for archive in ("archive", "./archive/", tmp_path / "link", f"file://{tmp_path}/archive"):
        run(*words, "--archive", archive)
        assert len(crontab.blocks(cron.read_text(encoding="utf-8"))) == 1, archive


def test_lines_of_the_earlier_form_are_known_by_the_archive_they_name(run: Run, cron: Path, tmp_path: Path) -> None:
    archive = tmp_path / "50% of it"
    older = OLDER.format(archive=str(archive).replace("%", r"\%"))
    cron.write_text(OTHERS + "\n" + older, encoding="utf-8")
    words = ("schedule", "--format", "cron", "--yes", "--log", tmp_path / "sync.log")
    done = run(*words, "--install", "--archive", tmp_path / "new")
    assert older in cron.read_text(encoding="utf-8"), "it is another archive's"
    assert f"Your crontab also syncs {archive}" in done.err
    done = run(*words, "--install", "--archive", archive)
    assert done.status == 0
    now = cron.read_text(encoding="utf-8")
    assert "/var/sync.log" not in now
    assert len(crontab.blocks(now)) == 2

    cron.write_text(older + OTHERS, encoding="utf-8")
    assert run("schedule", "--remove", "--yes", "--archive", archive).status == 0
    assert cron.read_text(encoding="utf-8") == OTHERS

    spoilt = older.replace("--archive", "--archiv")
    cron.write_text(spoilt + OTHERS, encoding="utf-8")
    assert "an archive that its lines do not tell" in run(*words, "--install", "--archive", archive).err
    assert cron.read_text(encoding="utf-8").endswith(spoilt + OTHERS)


def test_units_of_the_earlier_form_are_replaced(run: Run, systemctl: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "systemd" / "user"
    folder.mkdir(parents=True)
    mark = "# written by `vmgen-analytics schedule`, which may write it again\n"
    archive = tmp_path / 'it\'s 50% "$x"'
    service = f"""{mark}[Service]
ExecStart=/opt/bin/vmgen-analytics sync --archive "{tmp_path}/it's 50%% \\"$$x\\""
StandardOutput=append:/var/sync.log
"""
    (folder / "vmgen-analytics-sync.service").write_text(service, encoding="utf-8")
    (folder / "vmgen-analytics-sync.timer").write_text(f"{mark}[Timer]\n", encoding="utf-8")
    words = ("schedule", "--format", "systemd", "--install", "--yes", "--archive")
    done = run(*words, tmp_path / "other")
    assert f"Your systemd units also sync {archive}" in done.err
    assert (folder / "vmgen-analytics-sync.service").read_text(encoding="utf-8") == service
    assert run(*words, archive).status == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        name for each in (tmp_path / "other", archive) for name in user_units.names(schedule_key(str(each)))
    )
    assert "--user disable --now vmgen-analytics-sync.timer" in systemctl.read_text(encoding="utf-8")


def test_one_format_takes_the_place_of_the_other(run: Run, cron: Path, systemctl: Path, tmp_path: Path) -> None:
    units = tmp_path / "home" / "systemd" / "user"
    archive = tmp_path / "data" / "archive"
    words = ("schedule", "--install", "--yes", "--log", tmp_path / "sync.log", "--format")
    run(*words, "cron")
    done = run(*words, "systemd")
    assert f"takes the place of what syncs {archive} now, in your crontab" in done.err
    assert "Removed from your crontab" in done.err
    assert cron.read_text(encoding="utf-8") == ""
    assert len(list(units.iterdir())) == 4
    done = run(*words, "cron")
    assert f"takes the place of what syncs {archive} now, in your systemd units" in done.err
    assert list(units.iterdir()) == []
    assert _synced(cron.read_text(encoding="utf-8")) == {str(archive)}


def test_removing_takes_out_whatever_there_is_or_says_what_stays(
    run: Run, cron: Path, systemctl: Path, tmp_path: Path
) -> None:
    units = tmp_path / "home" / "systemd" / "user"
    archive = tmp_path / "data" / "archive"
    words = ("schedule", "--install", "--yes", "--log", tmp_path / "sync.log", "--format")

    def both() -> None:
        run(*words, "cron")
        lines = cron.read_text(encoding="utf-8")
        run(*words, "systemd")
        cron.write_text(lines, encoding="utf-8")  # by hand, as the command does not

    both()
    done = run("schedule", "--remove", "--yes")
    assert "Removed from your crontab." in done.err
    assert "Removed from your systemd units." in done.err
    assert f"From now on no schedule of yours syncs {archive}." in done.err
    assert (cron.read_text(encoding="utf-8"), list(units.iterdir())) == ("", [])

    both()
    done = run("schedule", "--remove", "--yes", "--format", "cron")
    assert f"{archive} is still synced from your systemd units" in done.err
    assert "From now on" not in done.err
    assert len(list(units.iterdir())) == 4
    shutil.rmtree(tmp_path / "bin")
    assert "Removed" not in run("schedule", "--remove").err, "nobody said yes"


@pytest.mark.parametrize("fails", ["daemon-reload", "enable", "restart"])
def test_a_refusing_systemd_leaves_what_was_there(
    run: Run, systemctl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    units = tmp_path / "home" / "systemd" / "user"
    words = ("schedule", "--format", "systemd", "--install", "--yes")
    monkeypatch.setenv("SYSTEMCTL_FAILS", fails)
    done = run(*words)
    assert (done.status, list(units.iterdir())) == (1, [])
    assert f"{units} is as it was before" in done.err
    assert "Installed" not in done.err

    monkeypatch.delenv("SYSTEMCTL_FAILS")
    run(*words)
    before = {path.name: path.read_bytes() for path in units.iterdir()}
    monkeypatch.setenv("SYSTEMCTL_FAILS", fails)
    assert run(*words, "--log", tmp_path / "sync.log").status == 1
    assert {path.name: path.read_bytes() for path in units.iterdir()} == before

    monkeypatch.setenv("SYSTEMCTL_FAILS", "disable")
    done = run("schedule", "--remove", "--yes")
    assert (done.status, "as they are" in done.err) == (1, True)
    assert {path.name: path.read_bytes() for path in units.iterdir()} == before


def test_nothing_is_installed_unasked(run: Run, cron: Path) -> None:
    cron.write_text(OTHERS, encoding="utf-8")
    done = run("schedule", "--format", "cron", "--install")
    assert done.status == 1
    assert "--yes" in done.err
    assert "*/6" in done.err, "what would be installed is shown"
    assert cron.read_text(encoding="utf-8") == OTHERS
    assert run("schedule", "--install", "--remove").status == 2


BEGIN, END = crontab.marks("archive-64f6c64a")


@pytest.mark.parametrize(
    "broken",
    [BEGIN, END, f"{END}\n{BEGIN}", "\n".join([BEGIN] * 2), f"{BEGIN}\n{crontab.marks(None)[1]}"],
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
    names = user_units.names(schedule_key(str(tmp_path / "data" / "archive")))
    timers = " ".join(name for name in names if name.endswith(".timer"))
    assert systemctl.read_text(encoding="utf-8").splitlines() == [
        "--user daemon-reload",
        f"--user enable {timers}",
        f"--user restart {timers}",
    ]
    printed = run(*words).out
    for name in names:
        assert (folder / name).read_text(encoding="utf-8") in printed
    if shutil.which("systemd-analyze"):
        units = [str(folder / name) for name in names]
        checked = subprocess.run(
            ["systemd-analyze", "verify", "--user", *units], capture_output=True, text=True, check=False
        )
        assert "vmgen-analytics" not in checked.stderr, checked.stderr
    assert "already, word for word" in run(*words, "--install", "--yes").err

    systemctl.unlink()
    assert run("schedule", "--format", "systemd", "--remove", "--yes").status == 0
    assert [path.name for path in folder.iterdir()] == ["other.timer"]
    told = systemctl.read_text(encoding="utf-8").splitlines()
    assert told == [f"--user disable --now {timers}", "--user daemon-reload"]
    assert "nothing of ours" in run("schedule", "--format", "systemd", "--remove", "--yes").err


def test_a_unit_of_somebody_else_is_not_touched(run: Run, systemctl: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "systemd" / "user"
    folder.mkdir(parents=True)
    timer = user_units.names(schedule_key(str(tmp_path / "data" / "archive")))[1]
    (folder / timer).write_text("[Timer]\n", encoding="utf-8")
    assert run("schedule", "--format", "systemd", "--install", "--yes").status == 2
    assert "nothing of ours" in run("schedule", "--format", "systemd", "--remove", "--yes").err
    assert (folder / timer).read_text(encoding="utf-8") == "[Timer]\n"
    assert not systemctl.exists()


def test_systemd_that_serves_no_users_is_told(run: Run, systemctl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMCTL_FAILS", "--user")
    done = run("schedule", "--format", "systemd", "--install", "--yes")
    assert done.status == 1
    assert re.search("failed: Failed to connect to bus; .* is as it was before: use --format cron$", done.err.strip())


def test_both_files_of_settings_hold(run: Run, tmp_path: Path) -> None:
    users = tmp_path / "home" / "vmgen_analytics"
    users.mkdir(parents=True)
    (users / "vmgen.toml").write_text("currency = 'EUR'\n", encoding="utf-8")
    assert f"--config {users / 'vmgen.toml'} " in run("schedule", "--format", "cron").out
    (tmp_path / "vmgen.toml").write_text("time_zone = 'UTC'\n", encoding="utf-8")
    both = f"/usr/bin/env VMGEN_CONFIG={users / 'vmgen.toml'}:{tmp_path / 'vmgen.toml'} "
    assert f"  {both}" in run("schedule", "--format", "cron").out
    assert f"ExecStart={both}" in run("schedule", "--format", "systemd").out


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
