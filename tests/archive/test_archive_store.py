import itertools
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmgen_analytics import Archive
from vmgen_analytics.archive import TABLES as KEPT
from vmgen_analytics.errors import ArchiveError, SchemaError
from vmgen_analytics.schema import ARCHIVED, TABLES


def at(day, hour=12):
    return pd.Timestamp(f"2026-11-{day:02d}T{hour:02d}:00", tz="UTC")


def usage(*rows, account="main"):
    """Table usage of VM, day, in_MB and when it was seen."""
    return TABLES["usage"].frame(
        {
            "account": [account] * len(rows),
            "vm_id": [vm_id for vm_id, _, _, _ in rows],
            "date": pd.to_datetime([date for _, date, _, _ in rows]).as_unit("us"),
            "in_MB": [in_MB for _, _, in_MB, _ in rows],
            "out_MB": [0.0] * len(rows),
            "seen_at": [seen_at for *_, seen_at in rows],
            "status": ["final"] * len(rows),
        }
    )


def invoices(*rows, account="main"):
    """Table invoices of number, date, total and when it was seen."""
    return TABLES["invoices"].frame(
        {
            "account": [account] * len(rows),
            "invoice_id": [number for number, _, _, _ in rows],
            "seen_at": [seen_at for *_, seen_at in rows],
            "invoice_date": pd.to_datetime([date for _, date, _, _ in rows]).as_unit("us"),
            "status": ["created"] * len(rows),
            "total_cost": [total for _, _, total, _ in rows],
        }
    )


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


@pytest.mark.parametrize("table", ARCHIVED, ids=lambda table: table.name)
def test_what_was_never_stored_is_an_empty_typed_table(archive, table):
    pd.testing.assert_frame_equal(archive.read(table.name), table.frame())
    pd.testing.assert_frame_equal(archive.history(table.name, "2026-11", "2026-12"), table.frame())
    assert archive.tables() == []


def a_row(table):
    """A row that has an awkward value in each column."""
    values = {
        "str": ["'; --\n=1+1 \U0001f680\0"],
        "int64": [2**62 + 1],
        "Int64": [2**62 + 1],
        "float64": [0.1 + 0.2],
        "boolean": [True],
        "datetime64[us]": pd.to_datetime(["2026-11-30"]).as_unit("us"),
        "datetime64[us, UTC]": [pd.Timestamp("2026-11-30T23:59:59.999999", tz="UTC")],
    }
    row = {name: values[column.dtype] for name, column in table.columns.items()}
    return table.frame({**row, "account": ["main"]})


@pytest.mark.parametrize("table", ARCHIVED, ids=lambda table: table.name)
def test_every_type_comes_back_as_it_went_in(archive, table):
    row = a_row(table)
    nothing = {name: row[name] for name in table.key}
    numbers = {name: row[name] for name, column in table.columns.items() if column.dtype == "int64"}
    nothing = numbers | nothing | {"account": ["second"]}
    both = table.sort(pd.concat([row, table.frame(nothing)]))
    assert archive.add(table.name, both) == 2
    pd.testing.assert_frame_equal(archive.history(table.name), both)
    pd.testing.assert_frame_equal(Archive(archive.url).history(table.name), both)
    assert archive.add(table.name, both) == 0


def test_an_empty_table_adds_nothing(archive):
    assert archive.add("usage", TABLES["usage"].frame()) == 0
    assert archive.tables() == []


def test_the_newest_word_on_a_day_holds(archive):
    assert archive.add("usage", usage((1, "2026-11-01", 5.0, at(1)), (2, "2026-11-01", 7.0, at(1)))) == 2
    assert archive.add("usage", usage((1, "2026-11-01", 6.0, at(2)), (2, "2026-11-01", 7.0, at(2)))) == 1
    found = archive.read("usage")
    assert found["in_MB"].tolist() == [6, 7]
    assert found["seen_at"].tolist() == [at(2), at(1)], "to be seen again is no news"


def test_an_invoice_that_changes_keeps_its_history_and_may_change_back(archive):
    for day, total in ((1, 10.0), (2, 10.0), (3, 12.0), (4, 12.0), (5, 10.0)):
        archive.add("invoices", invoices((7, "2026-11-01", total, at(day))))
    assert archive.history("invoices")["total_cost"].tolist() == [10, 12, 10]
    assert archive.read("invoices")[["seen_at", "total_cost"]].to_numpy().tolist() == [[at(5), 10]]


def test_a_whole_history_can_be_moved_to_another_archive(archive, tmp_path):
    for day, total in ((1, 10.0), (3, 12.0), (5, 10.0)):
        archive.add("invoices", invoices((7, "2026-11-01", total, at(day))))
    other = Archive(tmp_path / "other")
    assert other.add("invoices", archive.history("invoices")) == 3
    pd.testing.assert_frame_equal(other.history("invoices"), archive.history("invoices"))
    assert other.add("invoices", archive.history("invoices")) == 0


def test_an_observation_that_comes_late_takes_its_place_in_time(archive):
    archive.add("invoices", invoices((7, "2026-11-01", 10.0, at(5))))
    assert archive.add("invoices", invoices((7, "2026-11-01", 10.0, at(4)))) == 0
    assert archive.add("invoices", invoices((7, "2026-11-01", 8.0, at(3)))) == 1
    assert archive.history("invoices")["total_cost"].tolist() == [8, 10]
    assert archive.read("invoices")["total_cost"].tolist() == [10]


def test_an_invoice_is_read_by_the_date_that_it_has_now(archive):
    archive.add("invoices", invoices((7, "2026-11-30", 10.0, at(1)), (8, "2026-11-02", 1.0, at(1))))
    archive.add("invoices", invoices((7, "2026-12-01", 10.0, at(2))))
    assert archive.read("invoices", "2026-11", "2026-12")["invoice_id"].tolist() == [8]
    assert archive.read("invoices", "2026-12")["invoice_id"].tolist() == [7]
    assert archive.read("invoices", end="2026-12")["invoice_id"].tolist() == [8]
    assert len(archive.history("invoices", "2026-11", "2026-12")) == 2


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (None, None, [31, 1, 2, 30]),
        ("2026-11", None, [1, 2, 30]),
        (None, "2026-11", [31]),
        ("2026-11", "2026-12", [1, 2, 30]),
        ("2026-11-02", "2026-11-30", [2]),
        ("2026-11-02", "2026-11-02", []),
        ("2026-10-31", "2026-11-02", [31, 1]),
        (pd.Timestamp("2026-11-30"), pd.Timestamp("2027-01-01"), [30]),
        ("2030", None, []),
    ],
)
def test_a_window_begins_with_its_start_and_ends_before_its_end(archive, start, end, days):
    dates = ("2026-10-31", "2026-11-01", "2026-11-02", "2026-11-30")
    archive.add("usage", usage(*[(1, date, 1.0, at(1)) for date in dates]))
    found = archive.read("usage", start, end)
    TABLES["usage"].check(found)
    assert found["date"].dt.day.tolist() == days


def test_the_months_are_those_that_anything_tells_of(archive):
    archive.add("usage", usage((1, "2025-12-31", 1.0, at(1)), (1, "2026-11-01", 1.0, at(1)), account="it's"))
    archive.add("invoices", invoices((7, "2026-10-01", 1.0, at(1))))
    assert [str(month) for month in archive.months()] == ["2025-12", "2026-11"]
    assert [str(month) for month in archive.months("invoices")] == ["2026-11"]


@pytest.mark.parametrize("edge", ["soon", "2026-13", "2026-11-31", "", "now", "11/12/2026", 20261101, pd.NaT])
def test_an_edge_that_is_no_day_is_named(archive, edge):
    archive.add("usage", usage((1, "2026-11-01", 1.0, at(1))))
    with pytest.raises(SchemaError, match="is no day or month, as 2026-11 or 2026-11-23"):
        archive.read("usage", edge)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("usages", "did you mean usage?"), ("invoice", "did you mean invoices?"), ("x", "the archive keeps accounts")],
)
def test_an_unknown_table_is_named_with_the_nearest_right_one(archive, name, hint):
    for ask in (archive.read, archive.history, lambda name: archive.add(name, TABLES["usage"].frame())):
        with pytest.raises(SchemaError, match=f"no table '{name}'; the archive keeps accounts, .*") as caught:
            ask(name)
        assert hint in str(caught.value)


def test_a_derived_table_is_not_archived(archive):
    with pytest.raises(SchemaError, match="no table 'vm_days'"):
        archive.add("vm_days", TABLES["vm_days"].frame())


def test_what_is_not_the_table_is_refused_and_changes_nothing(archive):
    good = usage((1, "2026-11-01", 1.0, at(1)))
    archive.add("usage", good)
    for wrong in (
        good.drop(columns="out_MB"),
        good.assign(in_MB="much"),
        pd.concat([good, good]),
        good.assign(account=pd.array([None], dtype="str")),
    ):
        with pytest.raises(SchemaError, match="usage"):
            archive.add("usage", wrong)
    pd.testing.assert_frame_equal(archive.read("usage"), good)


@pytest.mark.parametrize("account", ["it's", "a/b", "x' OR '1'='1", "a=b&c", "żółw", " blank ", "..", "%2F", "\\"])
def test_the_name_of_an_account_cannot_reach_another(archive, account):
    for name in ("main", account):
        archive.add("usage", usage((1, "2026-11-01", 1.0, at(1)), account=name))
    archive.add("usage", usage((1, "2026-11-01", 2.0, at(2)), account=account))
    found = archive.read("usage").set_index("account")["in_MB"].to_dict()
    assert found == {"main": 1, account: 2}
    assert archive.read("usage", account=account)["in_MB"].tolist() == [2]


def test_a_place_that_cannot_be_written_is_named_with_the_way_out(tmp_path):
    place = tmp_path / "file"
    place.write_text("no folder")
    blocked = Archive(place / "archive")
    with pytest.raises(ArchiveError, match=r"cannot write the archive at .*file/archive.*--archive"):
        blocked.add("usage", usage((1, "2026-11-01", 1.0, at(1))))
    with pytest.raises(ArchiveError, match="cannot write"), blocked.lock():
        pass
    assert place.read_text() == "no folder"


def test_a_table_folder_that_is_a_file_is_an_error_too(archive):
    archive.folder.mkdir()
    (archive.folder / "usage").write_text("no folder")
    with pytest.raises(ArchiveError, match=r"usage in the archive at .*archive: .*directory"):
        archive.add("usage", usage((1, "2026-11-01", 1.0, at(1))))


def test_a_damaged_archive_is_named(archive):
    archive.add("usage", usage((1, "2026-11-01", 1.0, at(1))))
    for part in archive.folder.glob("usage/**/*.parquet"):
        part.unlink()
    with pytest.raises(ArchiveError, match="cannot read usage"):
        archive.read("usage")
    with pytest.raises(ArchiveError, match="cannot read usage"):
        archive.add("usage", usage((1, "2026-11-01", 2.0, at(2))))


def test_a_damaged_log_is_named(archive):
    archive.add("usage", usage((1, "2026-11-01", 1.0, at(1))))
    for commit in archive.folder.glob("usage/_delta_log/*.json"):
        commit.write_text("{")
    with pytest.raises(ArchiveError, match="usage"):
        archive.read("usage")


def test_an_address_of_a_folder_works_like_the_folder(archive):
    archive.add("usage", usage((1, "2026-11-01", 1.0, at(1))))
    by_address = Archive(archive.folder.as_uri())
    with by_address.lock():
        by_address.add("usage", usage((1, "2026-11-01", 2.0, at(2))))
    pd.testing.assert_frame_equal(by_address.read("usage"), archive.read("usage"))


def test_an_address_that_nobody_knows_is_an_error():
    with pytest.raises(ArchiveError):
        Archive("gopher://example.net/archive").add("usage", usage((1, "2026-11-01", 1.0, at(1))))


def test_home_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    Archive("~/archive").add("usage", usage((1, "2026-11-01", 1.0, at(1))))
    assert (tmp_path / "archive" / "usage").is_dir()


def test_one_sync_at_a_time(archive):
    refused = pytest.raises(ArchiveError, match=r"another sync has held .* for 0\.1 s")
    with archive.lock(), refused, Archive(archive.url).lock(0.1):
        pass
    with archive.lock(0.1):
        pass


def test_an_error_under_the_lock_frees_it(archive):
    with pytest.raises(ZeroDivisionError), archive.lock():
        raise ZeroDivisionError
    with archive.lock(0.1):
        pass


ADDING = """
import sys, time
import pandas as pd
from vmgen_analytics import Archive
from vmgen_analytics.schema import TABLES
archive, first, count = Archive(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for number in range(first, first + count):
    frame = TABLES["usage"].frame({
        "account": ["main"], "vm_id": [number], "date": pd.to_datetime(["2026-11-01"]).as_unit("us"),
        "in_MB": [1.0], "out_MB": [1.0], "seen_at": ["2026-11-02"], "status": ["final"]})
    with archive.lock():
        archive.add("usage", frame)
"""


def adding(archive, first, count):
    return subprocess.Popen([sys.executable, "-c", ADDING, archive.url, str(first), str(count)])


def test_two_processes_that_add_at_once_lose_and_double_nothing(archive):
    both = [adding(archive, first, 6) for first in (0, 3)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert archive.read("usage")["vm_id"].tolist() == list(range(9))


@pytest.mark.skipif(os.name == "nt", reason="kills with a POSIX signal")
def test_a_killed_sync_leaves_a_readable_archive_and_no_lock(archive):
    process = adding(archive, 0, 10_000)
    try:
        started = time.monotonic()
        while len(archive.read("usage")) < 3 and time.monotonic() - started < 30:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    left = archive.read("usage")
    assert left["vm_id"].tolist() == list(range(len(left)))
    with archive.lock(1):
        assert archive.add("usage", usage((-1, "2026-11-01", 1.0, at(2)))) == 1
    assert len(archive.read("usage")) == len(left) + 1


OBSERVATIONS = st.lists(
    st.dictionaries(
        st.tuples(st.integers(1, 2), st.sampled_from(["2026-10-31", "2026-11-01", "2026-11-30"])),
        st.one_of(st.sampled_from([0.0, 1.0, 2.5]), st.just(np.nan)),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=8)
@given(OBSERVATIONS)
def test_the_archive_is_what_was_said_last_however_often(tmp_path_factory, observations):
    archive = Archive(tmp_path_factory.mktemp("usage"))
    said = {}
    for hour, observed in enumerate(observations):
        frame = usage(*[(vm_id, date, in_MB, at(3, hour)) for (vm_id, date), in_MB in observed.items()])
        changed = sum(key not in said or not _same(said[key], in_MB) for key, in_MB in observed.items())
        assert archive.add("usage", frame) == changed
        assert archive.add("usage", frame) == 0
        said |= observed
    found = archive.read("usage")
    TABLES["usage"].check(found)
    stored = zip(found["vm_id"], found["date"].dt.strftime("%Y-%m-%d"), found["in_MB"], strict=True)
    assert [(vm_id, date) for vm_id, date, _ in stored] == sorted(said)
    assert all(_same(in_MB, said[key]) for key, in_MB in zip(sorted(said), found["in_MB"], strict=True))


def _same(left, right):
    return left == right or (np.isnan(left) and np.isnan(right))


@settings(max_examples=8)
@given(st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=1, max_size=6), st.data())
def test_a_history_is_the_same_in_one_piece_or_in_many(tmp_path_factory, totals, data):
    whole = invoices(*[(7, "2026-11-01", total, at(day)) for day, total in enumerate(totals, start=1)])
    at_once = Archive(tmp_path_factory.mktemp("at_once"))
    at_once.add("invoices", whole)
    in_parts = Archive(tmp_path_factory.mktemp("in_parts"))
    edges = sorted(data.draw(st.sets(st.integers(0, len(whole)))) | {0, len(whole)})
    for start, end in itertools.pairwise(edges):
        in_parts.add("invoices", whole.iloc[start:end].reset_index(drop=True))
    pd.testing.assert_frame_equal(at_once.history("invoices"), in_parts.history("invoices"))
    assert at_once.read("invoices")["total_cost"].tolist() == totals[-1:]
    kept = at_once.history("invoices")["total_cost"].tolist()
    assert kept == [total for before, total in zip([None, *totals], totals, strict=False) if total != before]


def test_a_table_of_an_older_version_is_read_and_added_to(archive, monkeypatch):
    line = {"account": ["main"], "requests": [3], "failures": [0], "rows": [9], "incomplete": [""]}
    newer = TABLES["syncs"]
    older = replace(newer, columns={name: each for name, each in newer.columns.items() if name != "learned"})
    monkeypatch.setitem(KEPT, "syncs", older)
    archive.add("syncs", older.frame({**line, "started_at": [at(1)]}))
    monkeypatch.setitem(KEPT, "syncs", newer)
    assert archive.read("syncs")["learned"].isna().all()
    archive.add("syncs", newer.frame({**line, "started_at": [at(2)], "learned": ["lists are inside data"]}))
    assert archive.read("syncs")["learned"].fillna("").tolist() == ["", "lists are inside data"]
