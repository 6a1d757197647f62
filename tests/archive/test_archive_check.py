"""Whatever is damaged is found, and named."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st
from observations import fill, sync_line, usage

from vmgen_analytics import Archive
from vmgen_analytics.archive import TABLES
from vmgen_analytics.archive.check import check
from vmgen_analytics.cli.app import main
from vmgen_analytics.errors import ArchiveError

MAIN = "account=main/month=2026-11"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fill(Archive(tmp_path_factory.mktemp("whole")))


@pytest.fixture
def archive(whole, tmp_path):
    shutil.copytree(whole.folder, tmp_path / "archive")
    return Archive(tmp_path / "archive")


def faults(archive):
    return [fault for checked in check(archive.place, TABLES) for fault in checked.faults]


def live(archive):
    """Name the file that holds the main account's November now."""
    (file,) = [uri for uri in DeltaTable(archive.folder / "usage").file_uris() if MAIN in uri]
    return archive.folder / "usage" / MAIN / file.rpartition("/")[2]


def only(archive, what, month="2026-11"):
    (fault,) = faults(archive)
    assert what in str(fault)
    assert (fault.table, fault.account, fault.month) == ("usage", "main", month)
    return fault


def test_what_is_whole_is_said_to_be(whole):
    found = {checked.table: checked for checked in check(whole.place, TABLES)}
    assert not any(checked.faults for checked in found.values())
    assert set(found) == {"usage", "syncs"}
    assert (found["usage"].rows, found["usage"].parts, found["syncs"].rows) == (320, 4, 2)
    assert check(Archive(whole.folder / "nowhere").place, TABLES) == []


def test_a_file_that_is_gone_is_named(archive):
    file = live(archive)
    file.unlink()
    assert file.name in only(archive, "is missing").file


def test_a_file_that_is_cut_is_named(archive):
    file = live(archive)
    file.write_bytes(file.read_bytes()[:-9])
    assert file.name in only(archive, "bytes").file


def test_a_file_of_the_same_size_that_is_no_parquet_is_named(archive):
    file = live(archive)
    file.write_bytes(b"\0" * file.stat().st_size)
    assert file.name in only(archive, "cannot be read").file


@settings(max_examples=60)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_found_or_changes_no_value(whole, tmp_path_factory, at, bit):
    archive = Archive(tmp_path_factory.mktemp("flipped"))
    shutil.copytree(whole.folder, archive.folder, dirs_exist_ok=True)
    file = live(archive)
    content = bytearray(file.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    file.write_bytes(content)
    if not faults(archive):
        assert archive.read("usage").equals(whole.read("usage")), "statistics and the like may differ"


def test_a_flipped_byte_among_the_values_is_named(archive):
    """Traffic is written once more with another number, as no checksum of the file would tell."""
    file = live(archive)
    rows = pq.read_table(file, partitioning=None)
    wrong = rows.set_column(rows.column_names.index("out_MB"), "out_MB", pa.array([0.25] * len(rows)))
    replaced(archive, wrong)
    only(archive, "not those that were written")


def replaced(archive, rows):
    """Put other rows into the main account's November, past the archive's own way of writing."""
    whole = rows.append_column("account", pa.array(["main"] * len(rows)))
    whole = whole.append_column("month", pa.array(["2026-11"] * len(rows)))
    write_deltalake(
        archive.folder / "usage", whole, mode="overwrite", predicate="account = 'main' AND month = '2026-11'"
    )


def test_a_doubled_row_is_named(archive):
    rows = pq.read_table(live(archive), partitioning=None)
    replaced(archive, pa.concat_tables([rows, rows.slice(3, 1)]))
    found = [str(fault) for fault in faults(archive)]
    assert any("1 row repeats a key, the first one account main, vm_id 1" in fault for fault in found), found
    assert all("account main, month 2026-11" in fault for fault in found)


def test_a_row_of_another_month_is_named(archive):
    october = pq.read_table(next(archive.folder.glob("usage/account=main/month=2026-10/*")), partitioning=None)
    november = pq.read_table(live(archive), partitioning=None)
    replaced(archive, pa.concat_tables([november, october.slice(0, 2)]))
    assert any("2 rows belong to another month" in str(fault) for fault in faults(archive))


def test_a_row_of_another_account_is_found(archive):
    """The account is not in the file but in its folder's name: the digest tells."""
    files = (archive.folder / "usage").glob("*/month=2026-11/*.parquet")
    rows = pq.read_table(next(file for file in files if "main" not in str(file)), partitioning=None)
    replaced(archive, rows.slice(0, 7))
    only(archive, "not those that were written")


@pytest.mark.parametrize("number", [1, 3, 9])
def test_a_missing_entry_of_the_log_is_named(archive, number):
    """Also that of the last checkpoint."""
    (archive.folder / f"usage/_delta_log/{number:020}.json").unlink()
    assert f"usage, _delta_log/{number:020}.json: the log lacks this entry" in [str(fault) for fault in faults(archive)]


def test_a_last_entry_that_is_missing_shows_by_the_rows_that_it_added(archive):
    archive.add("usage", usage((1, "2026-11-03", 5.0)))
    (archive.folder / f"usage/_delta_log/{DeltaTable(archive.folder / 'usage').version():020}.json").unlink()
    (fault,) = faults(archive)
    assert "the last entry is gone" in str(fault)
    assert fault.file.startswith(MAIN)
    archive.add("usage", usage((1, "2026-11-03", 5.0)))
    assert not faults(archive), "what was broken off was done again"


def test_a_log_that_is_gone_or_unreadable_is_named(archive):
    for entry in (archive.folder / "usage/_delta_log").glob("*.json"):
        entry.write_text("{")
    first = f"_delta_log/{0:020}.json"
    assert f"usage, {first}: this entry of the log cannot be read" in [str(fault) for fault in faults(archive)]
    for entry in (archive.folder / "usage/_delta_log").iterdir():
        entry.unlink()
    (archive.folder / "usage/_delta_log/_last_checkpoint").write_text("{}")
    assert any("its log is gone" in str(fault) for fault in faults(archive))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"ended_at": "2026-11-03"}, "ends before it starts"),
        ({"requests": -1}, "fewer than no requests"),
        ({"failures": 2}, "names no table"),
    ],
)
def test_an_implausible_sync_is_named(archive, changed, what):
    archive.add("syncs", sync_line("2026-11-05", **changed))
    (fault,) = faults(archive)
    assert what in str(fault)
    assert str(fault).startswith("syncs, account main, month 2026-11")


def test_a_column_of_another_type_is_named(tmp_path):
    rows = pa.table({"account": ["main"], "month": ["2026-11"], "started_at": ["yesterday"]})
    write_deltalake(tmp_path / "syncs", rows, partition_by=["account", "month"])
    assert any("column started_at is" in str(fault) for fault in faults(Archive(tmp_path)))


def test_a_newer_archive_is_refused_in_one_sentence(archive):
    newer = CommitProperties(app_transactions=[Transaction("vmgen_analytics.version", 99)])
    DeltaTable(archive.folder / "usage").alter.set_table_properties({}, commit_properties=newer)
    for ask in (archive.months, archive.tables, lambda: archive.read("usage"), lambda: fill(archive)):
        with pytest.raises(ArchiveError, match="has version 99, and this package knows version 2 at most; update it"):
            ask()
    assert "has version 99" in str(faults(archive)[0])


def test_the_command_says_what_it_checked_and_what_is_wrong(archive, capsys):
    assert ran("archive", "check", "--archive", archive.url) == 0
    told = capsys.readouterr().out
    assert "usage: 320 rows of 4 account months in 6 files, 11 commits: whole\n" in told
    assert "is whole" in told
    file = live(archive)
    file.unlink()
    assert ran("archive", "check", "--archive", archive.url) == 1
    shown = capsys.readouterr()
    assert shown.err == "", "all of the answer is on standard output"
    assert f"\nusage, account main, month 2026-11, {MAIN}/{file.name}: the file is missing\n" in shown.out
    assert "commits: 1 fault\n" in shown.out
    assert "damaged in 1 place. " in shown.out
    assert ran("status", "--archive", archive.url) == 1
    told = capsys.readouterr().err
    assert "cannot read usage" in told
    assert "`vmgen-analytics archive check` names what is damaged" in told
    assert len(told.splitlines()) == 1


def ran(*words):
    with pytest.raises(SystemExit) as exited:
        main(list(words))
    return exited.value.code


def test_the_log_is_json_that_others_read(whole):
    """Version and digests are transaction identifiers of the protocol."""
    entry = (whole.folder / f"usage/_delta_log/{1:020}.json").read_text().splitlines()
    said = [json.loads(line)["txn"]["appId"] for line in entry if "txn" in line]
    assert sorted(said) == ["part 2026-10 main", "vmgen_analytics.version"]
