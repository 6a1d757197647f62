"""Where the answers go: to a reader that has enough, to a device that is full, and warnings to standard error."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from done import Done

from vmgen_analytics import Archive, sync
from vmgen_analytics.api import Client
from vmgen_analytics.sandbox import Sandbox

Run = Callable[..., Done]

ANSWERS = [
    ("status",),
    ("status", "--json"),
    ("status", "--check"),
    ("export", "usage"),
    ("locations",),
]


def _ran(words: tuple[str, ...], archive: Archive, out: int) -> tuple[int, str]:
    command = [sys.executable, "-m", "vmgen_analytics", *words, "--archive", str(archive.url)]
    done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


def _all_ran(archive: Archive, out: int) -> dict[tuple[str, ...], tuple[int, str]]:
    with ThreadPoolExecutor(2) as at_once:
        return dict(zip(ANSWERS, at_once.map(lambda words: _ran(words, archive, out), ANSWERS), strict=True))


def test_a_reader_that_has_enough_is_no_error_of_any_command(october: Any) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = _all_ran(october.archive, writing)
    finally:
        os.close(writing)
    assert {words: (status, said) for words, (status, said) in ended.items()} == dict.fromkeys(ANSWERS, (0, ""))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_an_output_that_takes_nothing_is_told_in_a_sentence(october: Any) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = _all_ran(october.archive, full.fileno())
    for words, (status, said) in ended.items():
        assert status == 1, words
        assert said.splitlines()[-1] == (
            "vmgen-analytics: cannot write the output: No space left on device; send it elsewhere, or make room there"
        ), words
        assert "Exception ignored" not in said


def test_a_warning_of_ours_is_printed_as_every_other(sandbox: Sandbox, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    with Client(sandbox.key, base_url=sandbox.url) as client:
        assert sync(client, archive).is_complete
    (tmp_path / "archive" / "usage").rename(tmp_path / "usage")
    status, said = _ran(("sync",), archive, subprocess.DEVNULL)
    assert status == 0, said
    assert f"warning: usage was in the archive at {archive.url}, and is gone: it is begun anew" in said
    assert "WARNING" not in said
    assert "vmgen_analytics." not in said


def _without_rows(folder: Path) -> None:
    for file in (folder / "usage").rglob("part*.parquet"):
        file.unlink()


def _in_the_way(folder: Path) -> None:
    (folder / "usage").rename(folder.parent / "usage")
    (folder / "usage").write_text("in the way")


@pytest.mark.parametrize(
    ("harm", "advice"),
    [
        (_without_rows, "the rest cannot be until what is damaged is brought back: `vmgen-analytics archive check`"),
        (_in_the_way, "put right what is named above, and run the same command again for the rest."),
        (None, "What came is stored; run the same command again for the rest."),
    ],
)
def test_a_sync_in_part_says_what_brings_the_rest(
    run: Run, sandbox: Sandbox, tmp_path: Path, harm: Callable[[Path], None] | None, advice: str
) -> None:
    assert run("sync", "--archive", tmp_path / "archive").status == 0
    if harm is not None:
        harm(tmp_path / "archive")
    else:
        sandbox.fault("status", operation="usage", code=500)
    done = run("sync", "--archive", tmp_path / "archive")
    assert done.status == 3
    assert advice in done.err
    assert done.err.count("same command again") == (0 if harm is _without_rows else 1)


@pytest.mark.parametrize("names", [["one"], ["one", "two", "three"]])
def test_a_wrong_setting_has_one_exit_status_for_any_number_of_accounts(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    (tmp_path / "vmgen.toml").write_text(
        "".join(f'[accounts.{name}]\nbase_url = "htp:/nowhere"\nkey_env = "KEY_{name}"\n' for name in names)
    )
    for name in names:
        monkeypatch.setenv(f"KEY_{name}", f"key-{name}")
    done = run("sync")
    assert done.status == 2, done.err
    assert done.err.count("base_url") >= len(names)
