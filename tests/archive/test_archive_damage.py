"""What is damaged stays so until it is brought back: nothing signs it anew, and nothing hands it on."""

import shutil

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from observations import fill, usage

from vmgen_analytics import Archive, sync
from vmgen_analytics.api import Client
from vmgen_analytics.archive import TABLES, bundle
from vmgen_analytics.archive.check import check
from vmgen_analytics.cli.app import main
from vmgen_analytics.errors import ArchiveDamaged
from vmgen_analytics.sandbox import Sandbox


@pytest.fixture
def archive(tmp_path):
    return fill(Archive(tmp_path / "archive"))


def faults(archive):
    return [str(fault) for checked in check(archive.place, TABLES) for fault in checked.faults]


def falsify(archive, account="main", month="2026-11", column="out_MB"):
    """Put another number into usage, past the archive's own way of writing: the digest alone tells."""
    opened = DeltaTable(archive.folder / "usage")
    rows = opened.to_pyarrow_table(filters=[("account", "=", account), ("month", "=", month)])
    values = pa.array([0.125] * len(rows))
    rows = rows.set_column(rows.column_names.index(column), column, values)
    write_deltalake(opened, rows, mode="overwrite", predicate=f"account = '{account}' AND month = '{month}'")
    return archive


def test_rows_are_not_added_to_damaged_ones(archive):
    falsify(archive)
    before = archive.read("usage")
    fresh = pd.concat(
        [usage((1, "2026-10-30", 9.0), (1, "2026-11-03", 9.0)), usage((1, "2026-11-03", 9.0), account="żółw & co")]
    ).reset_index(drop=True)
    with pytest.raises(
        ArchiveDamaged, match=r"usage, account main, month 2026-11 .* not those that were written: .*`.*archive check`"
    ):
        archive.add("usage", fresh)
    after = archive.read("usage", account="main")
    november = before[(before["account"] == "main") & (before["date"] >= "2026-11")].reset_index(drop=True)
    pd.testing.assert_frame_equal(after[after["date"] >= "2026-11"].reset_index(drop=True), november)
    assert after.set_index(["vm_id", "date"]).loc[(1, "2026-10-30"), "in_MB"].item() == 9.0, "another month is whole"
    assert len(archive.read("usage", "2026-11-03", account="żółw & co")) == 1, "another account is whole"
    assert any("usage, account main, month 2026-11" in fault for fault in faults(archive))


def test_what_says_nothing_new_leaves_damaged_rows_in_peace(archive):
    row = archive.read("usage", "2026-11-02", account="main").tail(1).reset_index(drop=True)
    falsify(archive, column="in_MB", month="2026-10")
    assert archive.add("usage", row) == 0


def test_a_sync_keeps_what_is_whole_and_says_what_is_not(tmp_path):
    archive = Archive(tmp_path / "archive")
    with Sandbox(vms=4, seed=1, today="2026-11-03", months=2, ticking=False) as sandbox:
        with Client(sandbox.key, base_url=sandbox.url) as client:
            assert sync(client, archive).is_complete
        falsify(archive, client.account_name)
        superseded = archive.history("superseded_usage")
        sandbox.set_clock("2026-11-04")
        with Client(sandbox.key, base_url=sandbox.url) as client:
            report = sync(client, archive)
    assert {failure.table for failure in report.failures} == {"usage"}
    assert all("are not those that were written" in str(failure) for failure in report.failures)
    assert "jobs" in report.rows
    assert archive.history("syncs")["incomplete"].tolist() == ["", "usage"]
    pd.testing.assert_frame_equal(archive.history("superseded_usage"), superseded)
    assert any(f"usage, account {client.account_name}, month 2026-11" in fault for fault in faults(archive))


def test_what_is_damaged_is_not_exported(archive, tmp_path):
    bundle.export(archive.place, tmp_path / "whole.zip")
    falsify(archive, month="2026-10")
    with pytest.raises(ArchiveDamaged, match=r"usage, account main, month 2026-10 .*nothing was exported"):
        bundle.export(archive.place, tmp_path / "damaged.zip")
    assert [path.name for path in tmp_path.glob("*.zip")] == ["whole.zip"]


@pytest.fixture
def synced(tmp_path):
    archive = Archive(tmp_path / "archive")
    with (
        Sandbox(vms=4, seed=1, today="2026-11-03", months=2, ticking=False) as sandbox,
        Client(sandbox.key, base_url=sandbox.url) as client,
    ):
        assert sync(client, archive).is_complete
        assert faults(archive) == []
        yield archive, lambda: sync(client, archive)


def test_a_table_that_is_gone_is_missed(synced, tmp_path):
    archive, again = synced
    assert len(archive.tables()) > 6
    for name in archive.tables():
        shutil.move(archive.folder / name, tmp_path / name)
        assert [fault.partition(",")[0].partition(":")[0] for fault in faults(archive)] == [name]
        assert " is gone" in faults(archive)[0]
        with pytest.raises(ArchiveDamaged, match=f"{name} in the archive at .* is gone.*: nothing was exported"):
            bundle.export(archive.place, tmp_path / "damaged.zip")
        shutil.move(tmp_path / name, archive.folder / name)
    assert faults(archive) == []
    assert again().is_complete
    assert faults(archive) == []


def test_rows_without_a_log_are_damage_and_are_not_written_over(synced):
    archive, again = synced
    shutil.rmtree(archive.folder / "usage/_delta_log")
    left = sorted((archive.folder / "usage").rglob("*.parquet"))
    assert any("usage: its log is gone" in fault for fault in faults(archive))
    assert {failure.table for failure in again().failures} == {"usage"}
    assert sorted((archive.folder / "usage").rglob("*.parquet")) == left


def test_a_table_that_was_lost_and_begun_anew_is_told(synced, caplog):
    archive, again = synced
    shutil.rmtree(archive.folder / "usage")
    assert again().is_complete
    assert "usage was in the archive" in caplog.text
    assert [fault for fault in faults(archive) if "usage: it was lost and begun anew" in fault]


def test_a_log_of_syncs_that_was_lost_is_told_by_check_and_status(synced, tmp_path, caplog, capsys):
    archive, again = synced
    begun = "syncs: it was lost and begun anew"

    def told(*words):
        with pytest.raises(SystemExit) as ended:
            main([*words, "--archive", str(archive.folder)])
        return ended.value.code, capsys.readouterr().out

    assert begun not in told("status")[1]
    shutil.rmtree(archive.folder / "syncs")
    assert faults(archive) == ["syncs: the log of syncs is gone, and was there when accounts was written"]
    assert "syncs: the log of syncs is gone" in told("status")[1]
    assert again().is_complete
    assert "syncs was in the archive" in caplog.text
    assert again().is_complete, "later syncs forget nothing of it"
    assert [fault[: len(begun)] for fault in faults(archive)] == [begun]
    assert begun in told("status")[1]
    assert told("status", "--check")[0] == 3
    bundle.export(archive.place, tmp_path / "a.zip", damaged=True)
    restored = Archive(tmp_path / "restored")
    bundle.restore(restored.place, tmp_path / "a.zip")
    assert faults(restored) == [], "whoever has no backup has a way out"


def test_rows_of_syncs_without_their_log_are_not_written_over(synced):
    archive, again = synced
    shutil.rmtree(archive.folder / "syncs/_delta_log")
    with pytest.raises(ArchiveDamaged, match=r"the log of syncs in the archive at .* is gone, and its rows lie there"):
        again()


def test_a_table_that_others_tell_of_is_missed(tmp_path):
    """Also where no sync has noted the tables yet."""
    archive = Archive(tmp_path / "archive")
    row = usage((1, "2026-11-01", 2.0)).assign(superseded_at=pd.Timestamp("2026-11-03", tz="UTC"))
    archive.add("superseded_usage", TABLES["superseded_usage"].cast(row))
    assert faults(archive) == ["usage: the table is gone, and was there when superseded_usage was written"]


def test_a_check_goes_on_after_a_table_that_cannot_be_read(archive):
    """A file stands where the folder of a table should be."""
    for name in ("accounts", "vms"):
        (archive.folder / name).write_text("")
    falsify(archive)
    found = faults(archive)
    assert len(found) == 3, found
    assert ["it cannot be read" in fault for fault in found].count(True) == 2
    assert not any("archive check" in fault for fault in found)
    assert any("usage, account main, month 2026-11" in fault for fault in found)
