"""An export passes for whole: of an archive that is damaged there is none, or one that says what is not in it."""

import logging
import shutil

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from observations import fill, sync_line, usage

from vmgen_analytics import Archive
from vmgen_analytics.archive import TABLES, bundle
from vmgen_analytics.archive.check import check
from vmgen_analytics.cli.app import main

NOVEMBER = "account=main/month=2026-11"


@pytest.fixture
def archive(tmp_path):
    """The log of syncs knows how many commits usage has."""
    archive = fill(Archive(tmp_path / "archive"))
    with archive.lock():
        archive.add("usage", usage((1, "2026-11-03", 5.0)))
        archive.add("usage", usage((1, "2026-11-04", 6.0)))
        archive.add("syncs", sync_line("2026-11-05"))
    assert faults(archive) == []
    return archive


@pytest.fixture
def run(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return ended.value.code, said.out + said.err

    return run


def faults(archive):
    return [str(fault) for checked in check(archive.place, TABLES) for fault in checked.faults]


def live(archive):
    """Name a file that holds the main account's November now."""
    file = next(uri for uri in DeltaTable(archive.folder / "usage").file_uris() if NOVEMBER in uri)
    return archive.folder / "usage" / NOVEMBER / file.rpartition("/")[2]


def rolled_back(archive):
    """Lose the last commit of usage, as after an older copy of its log."""
    max((archive.folder / "usage/_delta_log").glob("*.json")).unlink()


def falsified(archive):
    opened = DeltaTable(archive.folder / "usage")
    rows = opened.to_pyarrow_table(filters=[("account", "=", "main"), ("month", "=", "2026-11")])
    rows = rows.set_column(rows.column_names.index("out_MB"), "out_MB", pa.array([0.125] * len(rows)))
    where = "account = 'main' AND month = '2026-11'"
    write_deltalake(opened, pa.concat_tables([rows, rows.slice(0, 1)]), mode="overwrite", predicate=where)


THIRD = f"_delta_log/{3:020}.json"

DAMAGE = {
    "no entry": (lambda archive: (archive.folder / "usage" / THIRD).unlink(), f"usage: its log lacks {THIRD}"),
    "a bad entry": (
        lambda archive: (archive.folder / "usage" / THIRD).write_text("{"),
        f"usage: {THIRD} of its log cannot be read",
    ),
    "rolled back": (rolled_back, "usage: it is older than the log of syncs knows it: it has 12 commits, and had 13"),
    "no log": (lambda archive: shutil.rmtree(archive.folder / "usage/_delta_log"), "usage: its log is gone"),
    "no table": (lambda archive: shutil.rmtree(archive.folder / "usage"), "usage: the table is gone"),
    "no syncs": (lambda archive: shutil.rmtree(archive.folder / "syncs"), "syncs: the log of syncs is gone"),
    "no file": (lambda archive: live(archive).unlink(), f"usage, {NOVEMBER}/part-"),
    "no rows": (
        lambda archive: DeltaTable(archive.folder / "usage").delete("month = '2026-10' and account = 'main'"),
        "usage, account main, month 2026-10: none of its rows is in it",
    ),
    "other rows": (falsified, "usage, account main, month 2026-11: its rows are not those that were written"),
    "no table to open": (
        lambda archive: [entry.write_text("{") for entry in (archive.folder / "usage/_delta_log").iterdir()],
        "nothing of usage is in it: cannot read usage",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_damaged_is_exported_only_where_that_is_asked_for_and_told(archive, run, tmp_path, kind, caplog):
    damage, told = DAMAGE[kind]
    if kind == "no syncs":  # which the accounts note, as after a sync
        archive.add("vms", TABLES["vms"].frame())
        archive.add("usage", usage((1, "2026-11-05", 7.0)))
    damage(archive)
    assert faults(archive)
    left = {table: rows_of(archive, table) for table in ("usage", "syncs")}
    file = tmp_path / "a.zip"

    status, said = run("archive", "export", file, "--archive", archive.url)
    assert status == 1
    assert len(said.splitlines()) == 1, said
    assert ("syncs" if kind == "no syncs" else "usage") in said
    assert "nothing was exported" in said
    assert "`vmgen-analytics archive export --damaged` exports what can be read" in said
    assert not file.exists()

    assert run("archive", "export", file, "--damaged", "--archive", archive.url)[0] == 0
    assert f"{file} is not the whole archive: {told}" in caplog.text

    restored = Archive(tmp_path / "restored")
    assert run("archive", "restore", file, "--archive", restored.url)[0] == 0
    assert f"{file} was exported from a damaged archive: {told}" in caplog.text
    assert faults(restored) == []
    for name, rows in left.items():
        if rows is not None:
            pd.testing.assert_frame_equal(
                restored.history(name), rows.drop_duplicates(list(TABLES[name].key), ignore_index=True)
            )
    if kind == "no file":
        october = restored.read("usage", "2026-10-01", "2026-10-31")
        assert len(october) == len(archive.read("usage", "2026-10-01", "2026-10-31")) > 0


def rows_of(archive, name):
    """Read what can be read the ordinary way; None of what cannot be."""
    try:
        return archive.history(name)
    except Exception:  # noqa: BLE001 - any damage
        return None


def test_a_whole_archive_is_exported_without_a_word_either_way(archive, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        assert bundle.export(archive.place, tmp_path / "a.zip") == bundle.export(
            archive.place, tmp_path / "b.zip", damaged=True
        )
    assert caplog.text == ""
    assert (tmp_path / "a.zip").read_bytes()[-2000:].count(b"damage") == 0


def test_an_archive_of_which_nothing_can_be_read_is_not_exported(archive, run, tmp_path):
    for entry in archive.folder.glob("*/_delta_log/*"):
        entry.write_text("{")
    assert run("archive", "export", tmp_path / "a.zip", "--damaged", "--archive", archive.url)[0] == 1
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize("kind", ["no file", "no ZIP", "a cut ZIP"])
@pytest.mark.parametrize("place", ["new", "new/within", "old"])
def test_a_restore_of_a_file_that_is_not_whole_makes_nothing(archive, run, tmp_path, kind, place):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "notes.txt").write_text("what somebody wrote")
    file = tmp_path / "a.zip"
    bundle.export(archive.place, file)
    match kind:
        case "no file":
            file = tmp_path / "none.zip"
        case "no ZIP":
            file.write_text("usage")
        case "a cut ZIP":
            file.write_bytes(file.read_bytes()[:2000])
    before = sorted(tmp_path.rglob("*"))
    status, said = run("archive", "restore", file, "--archive", tmp_path / place)
    assert (status, str(file) in said) == (2 if kind == "no file" else 1, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_restore_that_cannot_write_leaves_no_new_folder(archive, run, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    bundle.export(archive.place, tmp_path / "a.zip")
    monkeypatch.setattr(bundle, "create", full)
    before = sorted(tmp_path.rglob("*"))
    status, said = run("archive", "restore", tmp_path / "a.zip", "--archive", tmp_path / "new" / "within")
    assert (status, "No space left on device" in said) == (1, True)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["status", "--check"],
        ["export", "usage"],
        ["report"],
        ["capacity"],
        ["investigate"],
        ["locations"],
        ["archive", "check"],
        ["archive", "compact"],
        ["archive", "migrate"],
        ["archive", "export", "a.zip"],
    ],
    ids=" ".join,
)
def test_a_misspelt_archive_is_not_made(run, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    assert run(*words, "--archive", tmp_path / "misspelt")[0] in (1, 2)
    assert list(tmp_path.iterdir()) == []
