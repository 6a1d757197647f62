"""A restore is there whole or not at all, and deletes nothing that it did not write."""

import json
import shutil
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from observations import fill, sync_line, usage

from vmgen_analytics import Archive, sync
from vmgen_analytics.api import Client
from vmgen_analytics.archive import TABLES, bundle, restoring, unpacking
from vmgen_analytics.archive.check import check
from vmgen_analytics.cli.app import main
from vmgen_analytics.errors import ArchiveError
from vmgen_analytics.sandbox import Sandbox


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fill(Archive(tmp_path_factory.mktemp("whole")))


@pytest.fixture(scope="module")
def file(whole, tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "archive.zip"
    bundle.export(whole.place, path)
    return path


def faults(archive):
    return [str(fault) for checked in check(archive.place, TABLES) for fault in checked.faults]


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ran(capsys, *words):
    with pytest.raises(SystemExit) as exited:
        main([str(word) for word in words])
    said = capsys.readouterr()
    return exited.value.code, said.out + said.err


class Killed(BaseException):
    """Ends everything, and nothing is taken back: what SIGKILL leaves on the disk."""


def killed(place, file, where):
    """Let a restore be killed when it makes a table, or after it moved one to its place."""
    with pytest.MonkeyPatch.context() as patch:
        create, rename, moved = bundle.create, type(file).rename, []

        def make(place, table, *more):
            if table.name == where:
                raise Killed
            create(place, table, *more)

        def move(path, target):
            if moved and where == "move":
                raise Killed
            moved.append(target)
            return rename(path, target)

        patch.setattr(bundle, "create", make)
        patch.setattr(type(file), "rename", move)
        patch.setattr(bundle, "take_back", lambda *_: None)
        with pytest.raises(Killed):
            bundle.restore(place, file)


def test_rows_that_lost_their_log_are_not_restored_over(whole, file, tmp_path):
    place = tmp_path / "archive"
    shutil.copytree(whole.folder, place)
    for log in place.glob("*/_delta_log"):
        shutil.rmtree(log)
    (place / "usage" / "notes.txt").write_text("what somebody wrote")
    before = files(place)
    with pytest.raises(ArchiveError, match=r"is not empty \(it has usage, syncs\)"):
        bundle.restore(Archive(place).place, file)
    assert files(place) == before


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "ctrl-c"])
@pytest.mark.parametrize("where", ["create", "rename"])
def test_a_restore_that_fails_leaves_the_place_as_it_was(file, tmp_path, monkeypatch, error, where):
    place = tmp_path / "archive"
    (place / "notes").mkdir(parents=True)
    (place / "notes" / "of.txt").write_text("what somebody wrote")
    before, done = files(place), []

    def breaks(*words):
        if done:
            raise error
        done.append(words)
        return proceed(*words)

    owner = bundle if where == "create" else type(place)
    proceed = getattr(owner, where)
    monkeypatch.setattr(owner, where, breaks)
    with pytest.raises((ArchiveError, KeyboardInterrupt)):
        bundle.restore(Archive(place).place, file)
    assert done
    assert files(place) == before
    assert [path.name for path in place.iterdir()] == ["notes"]
    monkeypatch.undo()
    bundle.restore(Archive(place).place, file)
    assert faults(Archive(place)) == []


@pytest.mark.parametrize("where", ["usage", "syncs", "move"])
def test_a_restore_that_was_killed_is_told_and_done_again(whole, file, tmp_path, capsys, where):
    archive = Archive(tmp_path / "archive")
    killed(archive.place, file, where)
    left = files(archive.folder)
    for words in (["archive", "check"], ["archive", "compact"], ["archive", "export", tmp_path / "a.zip"]):
        status, said = ran(capsys, *words, "--archive", archive.url)
        assert status == 1
        assert "a restore into the archive at " in said
        assert " was broken off, or is under way: run it again" in said
    with (
        Sandbox(vms=1, seed=1, today="2026-11-03", ticking=False) as sandbox,
        Client(sandbox.key, base_url=sandbox.url) as client,
        pytest.raises(ArchiveError, match="was broken off"),
    ):
        sync(client, archive)
    assert {**files(archive.folder), ".sync.lock": b""} == {**left, ".sync.lock": b""}
    assert ran(capsys, "archive", "restore", file, "--archive", archive.url)[0] == 0
    assert faults(archive) == []
    for name in ("usage", "syncs"):
        pd.testing.assert_frame_equal(archive.history(name), whole.history(name))
    assert {path.name for path in archive.folder.iterdir()} == {"usage", "syncs", ".sync.lock"}


def test_a_second_restore_takes_back_only_what_the_first_one_wrote(file, tmp_path):
    archive = Archive(tmp_path / "archive")
    killed(archive.place, file, "move")
    for day in (3, 4, 5):  # by an older version of this package, that knows no broken restores
        archive.add("usage", usage((1, f"2026-11-0{day}", 5.0)))
    before = files(archive.folder)
    with pytest.raises(ArchiveError, match=r"is not empty \(it has usage\)"):
        bundle.restore(archive.place, file)
    assert files(archive.folder) == before


def test_a_note_that_was_broken_off_is_of_a_restore_that_wrote_nothing(file, tmp_path):
    archive = Archive(tmp_path / "archive")
    log = archive.folder / restoring.FOLDER / "_delta_log"
    log.mkdir(parents=True)
    (log / "_commit_0.json.tmp").write_text("{")
    bundle.restore(archive.place, file)
    assert faults(archive) == []
    assert {path.name for path in archive.folder.iterdir()} == {"usage", "syncs"}


def test_of_two_restores_at_once_one_gives_way(file, tmp_path, monkeypatch):
    archive = Archive(tmp_path / "archive")
    monkeypatch.setattr(bundle, "begun", lambda _: None)  # as the second one saw it a moment before
    number = restoring.begin(archive.place)
    with pytest.raises(ArchiveError, match="cannot write the archive"):
        bundle.restore(archive.place, file)
    assert restoring.begun(archive.place) == number


def rewritten(file, to, how=zipfile.ZIP_STORED, rows=None, **manifest):
    """Write a file of an archive that is well-formed, and of no archive of ours."""
    with zipfile.ZipFile(file) as written, zipfile.ZipFile(to, "w", how) as other:
        said = json.loads(written.read("manifest.json"))
        for name in said["tables"]:
            content = written.read(f"{name}.parquet")
            if rows is not None and name == "usage":
                content = rows
                said["tables"][name] = manifest.pop("usage")
            other.writestr(f"{name}.parquet", content)
        other.writestr("manifest.json", json.dumps(said | manifest))
    return to


def parquet(rows):
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink)
    content = sink.getvalue().to_pybytes()
    return content, {"rows": len(rows), "sha256": bundle.hashlib.sha256(content).hexdigest()}


def refused(tmp_path, other, why):
    archive = Archive(tmp_path / "restored")
    with pytest.raises(ArchiveError, match=why):
        bundle.restore(archive.place, other)
    assert not archive.folder.exists()


def test_a_compressed_file_is_not_unpacked(file, tmp_path):
    other = rewritten(file, tmp_path / "other.zip", zipfile.ZIP_DEFLATED, more="0" * 50_000_000)
    assert other.stat().st_size < 100_000
    refused(tmp_path, other, "manifest.json in it is compressed")


def test_a_manifest_of_any_size_is_not_read(file, tmp_path):
    refused(tmp_path, rewritten(file, tmp_path / "other.zip", more="0" * 200_000), "manifest.json in it has 200")


def test_a_file_without_rows_is_refused(file, tmp_path, capsys):
    other = rewritten(file, tmp_path / "other.zip", tables={})
    refused(tmp_path, other, "it has no rows of any table")
    assert ran(capsys, "archive", "restore", other, "--archive", tmp_path / "c")[0] == 1


def test_rows_of_no_account_are_refused(whole, file, tmp_path):
    rows = bundle.to_arrow(TABLES["usage"], whole.history("usage", account="main").assign(account=""))
    content, entry = parquet(rows)
    refused(tmp_path, rewritten(file, tmp_path / "other.zip", rows=content, usage=entry), "rows that belong to no acc")


def test_rows_for_which_there_is_no_memory_are_not_unpacked(whole, file, tmp_path):
    """Rows that are all the same take next to nothing in a file."""
    rows = bundle.to_arrow(TABLES["usage"], whole.history("usage").head(1))
    content, entry = parquet(pa.concat_tables([rows] * 100_000).combine_chunks())
    other = rewritten(file, tmp_path / "other.zip", rows=content, usage=entry)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unpacking, "_free_bytes", lambda: 1_000_000)
        refused(tmp_path, other, r"table usage in .* needs 0.0 GB of memory")


def test_a_table_has_the_rows_that_the_manifest_says(whole, file, tmp_path):
    content, entry = parquet(bundle.to_arrow(TABLES["usage"], whole.history("usage")))
    other = rewritten(file, tmp_path / "other.zip", rows=content, usage=entry | {"rows": 7})
    refused(tmp_path, other, "usage has 320 rows instead of 7")


def test_one_of_a_thing_is_said_so(tmp_path, capsys):
    archive = Archive(tmp_path / "archive")
    archive.add("syncs", sync_line("2026-11-02T12:00"))
    assert (
        "syncs: 1 row of 1 account month in 1 file, 2 commits: whole"
        in ran(capsys, "archive", "check", "--archive", archive.url)[1]
    )
    told = ran(capsys, "archive", "export", tmp_path / "a.zip", "--archive", archive.url)[1]
    assert "1 row of 1 table, " in told
