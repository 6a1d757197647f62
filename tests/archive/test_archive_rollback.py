"""Rows, logs and whole tables that are gone without a trace in what is left: the log of syncs and the digests know."""

import itertools
import shutil

import pytest
from deltalake import DeltaTable
from observations import fill, usage

from vmgen_analytics import Archive, sync
from vmgen_analytics.api import Client
from vmgen_analytics.archive import TABLES, bundle, writing
from vmgen_analytics.archive.check import check
from vmgen_analytics.cli.app import main
from vmgen_analytics.errors import ArchiveDamaged
from vmgen_analytics.sandbox import Sandbox


def faults(archive):
    return [str(fault) for checked in check(archive.place, TABLES) for fault in checked.faults]


def ran(capsys, *words):
    with pytest.raises(SystemExit) as exited:
        main([str(word) for word in words])
    said = capsys.readouterr()
    return exited.value.code, said.out + said.err


@pytest.fixture
def archive(tmp_path):
    return fill(Archive(tmp_path / "archive"))


@pytest.fixture
def synced(tmp_path):
    """An archive, and what syncs into it, six hours later each time."""
    archive = Archive(tmp_path / "archive")
    days = itertools.count(3)
    with Sandbox(vms=3, seed=1, today="2026-11-03", months=2, ticking=False) as sandbox:

        def again():
            sandbox.set_clock(f"2026-11-{next(days):02}")
            with Client(sandbox.key, base_url=sandbox.url) as client:
                return sync(client, archive)

        assert again().is_complete
        yield archive, again


def test_a_month_of_which_every_row_is_gone_is_missed(archive, tmp_path):
    """What is left of it is its digest, here in a checkpoint."""
    before = DeltaTable(archive.folder / "usage").version()
    DeltaTable(archive.folder / "usage").delete("month = '2026-10' and account = 'main'")
    assert before > 9
    assert faults(archive) == ["usage, account main, month 2026-10: its rows are gone"]
    with pytest.raises(ArchiveDamaged, match=r"usage, account main, month 2026-10 .*nothing was exported"):
        bundle.export(archive.place, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_an_entry_that_ends_where_a_file_is_taken_away_is_missed(archive):
    archive.add("usage", usage((1, "2026-10-30", 9.0)))
    last = max((archive.folder / "usage/_delta_log").glob("*.json"))
    removed = [line for line in last.read_text().splitlines() if line.startswith('{"remove"')]
    assert removed
    last.write_text("\n".join(removed))
    assert "usage, account main, month 2026-10: its rows are gone" in faults(archive)


def test_a_table_in_whose_place_an_older_copy_was_put_is_told(synced, tmp_path, capsys):
    archive, again = synced
    shutil.copytree(archive.folder / "usage", tmp_path / "older")
    assert again().is_complete
    assert again().is_complete
    assert faults(archive) == []
    shutil.move(archive.folder / "usage", tmp_path / "newer")
    shutil.copytree(tmp_path / "older", archive.folder / "usage")
    (fault,) = faults(archive)
    assert fault.startswith("usage: it is older than the log of syncs knows it: it has ")
    assert "bring back the newer one from a backup" in fault
    assert "usage: it is older than the log of syncs" in ran(capsys, "status", "--archive", archive.url)[1]
    assert ran(capsys, "status", "--check", "--archive", archive.url)[0] == 3

    shutil.move(archive.folder / "usage", tmp_path / "older again")
    shutil.copytree(tmp_path / "newer", archive.folder / "usage")
    assert faults(archive) == [], "it was brought back"

    shutil.rmtree(archive.folder / "usage")
    shutil.copytree(tmp_path / "older", archive.folder / "usage")
    for _ in range(4):  # until it has more commits than it ever had
        assert again().is_complete
    assert faults(archive)[0].startswith("usage: an older copy was put in its place, and was written to since")

    bundle.export(archive.place, tmp_path / "a.zip", damaged=True)
    restored = Archive(tmp_path / "restored")
    bundle.restore(restored.place, tmp_path / "a.zip")
    assert faults(restored) == [], "whoever has no backup has a way out"


def test_a_sync_opens_no_table_to_note_how_far_the_tables_are(synced, monkeypatch):
    archive, again = synced
    place = type(archive.place)
    asked, noted, opened, commits = [], {}, place.opened, writing.commits

    def counted(place, roll):
        before = len(asked)
        noted.update(commits(place, roll))
        assert len(asked) == before
        return noted.items()

    monkeypatch.setattr(place, "opened", lambda self, name: (asked.append(name), opened(self, name))[1])
    monkeypatch.setattr(writing, "commits", counted)
    assert again().is_complete
    assert asked
    for name in ("accounts", "vms", "usage"):
        assert noted[f"commits {name}"] == DeltaTable(archive.folder / name).version()


@pytest.fixture
def bare(synced):
    """Its logs are gone, as after a copy that left out names which begin with an underscore."""
    archive, again = synced
    for log in archive.folder.glob("*/_delta_log"):
        shutil.rmtree(log)
    return archive, again


def test_rows_of_which_every_log_is_gone_are_not_begun_over(bare, capsys):
    archive, again = bare
    left = sorted(archive.folder.rglob("*.parquet"))
    for words in (["status"], ["archive", "compact"], ["export", "usage"]):
        status, said = ran(capsys, *words, "--archive", archive.url)
        assert status == 1
        assert "the logs that tell which of them count are gone" in said
        assert "_delta_log from a backup" in said
    with pytest.raises(ArchiveDamaged, match="its rows lie there without it: nothing is added"):
        again()
    assert sorted(archive.folder.rglob("*.parquet")) == left
    assert len([fault for fault in faults(archive) if "its log is gone, and " in fault]) == len(
        [path for path in archive.folder.iterdir() if path.is_dir()]
    )


def test_one_log_that_is_gone_is_told_by_status(synced, capsys):
    archive, _ = synced
    shutil.rmtree(archive.folder / "vms/_delta_log")
    first, second, *_ = ran(capsys, "status", "--archive", archive.url)[1].splitlines()
    assert first.replace("files", "file") == "vms: its log is gone, and 1 file of rows lie there without it."
    assert second == "What follows is told without what it held."
    status, line = ran(capsys, "status", "--check", "--archive", archive.url)
    assert (status, line.partition(",")[0]) == (3, "warning: the table vms: its log is gone"), line


@pytest.mark.parametrize("after", ["log", "rows"])
def test_whoever_is_killed_while_a_table_is_made_leaves_no_rows_without_a_log(tmp_path, monkeypatch, after):
    """Killed before its first row is written, or before the log knows of it."""
    archive = Archive(tmp_path / "archive")

    def killed(*_):
        if after == "rows":
            folder = archive.folder / "usage/account=main/month=2026-11"
            folder.mkdir(parents=True)
            (folder / "part-00000-of-nobody.parquet").write_bytes(b"PAR1")
        raise SystemExit

    monkeypatch.setattr(writing, "_append", killed)
    with pytest.raises(SystemExit):
        archive.add("usage", usage((1, "2026-11-01", 2.0)))
    monkeypatch.undo()
    assert archive.read("usage").empty
    assert archive.add("usage", usage((1, "2026-11-01", 2.0))) == 1
    assert faults(archive) == []
    assert len(archive.read("usage")) == 1
