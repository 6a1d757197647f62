"""Archives of older versions of this package are read, and brought to the layout of this one."""

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, WriterProperties, write_deltalake
from observations import sync_line, usage

from vmgen_analytics import Archive
from vmgen_analytics.archive import TABLES, versions
from vmgen_analytics.archive.check import check
from vmgen_analytics.archive.marks import PROPERTIES, VERSION, version_of
from vmgen_analytics.arrow import to_arrow
from vmgen_analytics.cli.app import main
from vmgen_analytics.errors import ArchiveError

LACKING = {"syncs": ["learned", "time_zone", "error"], "usage": []}
"""Columns that the first version did not know."""


def store_as_version_1(folder, name, frame):
    """Write rows as the first version did: with Delta's defaults, and no word of versions or digests."""
    rows = to_arrow(TABLES[name], frame).drop_columns(LACKING[name])
    months = frame["date" if name == "usage" else "started_at"].dt.strftime("%Y-%m")
    write_deltalake(
        folder / name,
        rows.append_column("month", pa.array(months, pa.string())),
        mode="append",
        partition_by=["account", "month"],
        schema_mode="merge",
        writer_properties=WriterProperties(compression="ZSTD"),
    )


@pytest.fixture
def old(tmp_path):
    folder = tmp_path / "old"
    for month in ("2026-09", "2026-10"):
        for account in ("main", "it's"):
            rows = usage(*[(vm_id, f"{month}-03", 1.5) for vm_id in range(9)], account=account)
            store_as_version_1(folder, "usage", rows)
            store_as_version_1(folder, "syncs", sync_line(f"{month}-04", account))
    return Archive(folder)


def rows_of(archive):
    return {name: archive.history(name) for name in LACKING}


def versions_of(archive):
    return {name: version_of(DeltaTable(archive.folder / name)) for name in LACKING}


def assert_same_rows(archive, before):
    for name, rows in before.items():
        pd.testing.assert_frame_equal(archive.history(name), rows)


def test_an_archive_of_the_first_version_is_read_and_whole(old):
    assert versions_of(old) == {"usage": 1, "syncs": 1}
    assert len(old.read("usage")) == 36
    assert old.read("syncs")["learned"].isna().all()
    assert not any(checked.faults for checked in check(old.place, TABLES))


def test_migration_keeps_every_row_and_brings_columns_digests_and_properties(old):
    before = rows_of(old)
    assert sorted(old.migrate()) == ["syncs", "usage"]
    assert versions_of(old) == {"usage": VERSION, "syncs": VERSION}
    assert_same_rows(old, before)
    for name in LACKING:
        table = DeltaTable(old.folder / name)
        assert table.metadata().configuration == PROPERTIES
        assert {field.name for field in table.schema().fields} == {*TABLES[name].columns, "month"}
    assert not any(checked.faults for checked in check(old.place, TABLES)), "each part has the digest of its rows"
    assert old.migrate() == []


def test_a_migrated_table_is_guarded_by_its_digests(old):
    old.migrate()
    table = DeltaTable(old.folder / "usage")
    table.update(updates={"in_MB": "2.5"}, predicate="account = 'main' AND month = '2026-09' AND vm_id = 3")
    (checked,) = [checked for checked in check(old.place, TABLES) if checked.table == "usage"]
    (fault,) = checked.faults
    assert (fault.account, fault.month, fault.what) == ("main", "2026-09", "its rows are not those that were written")


def test_a_table_is_migrated_by_itself_when_it_is_next_written(old):
    assert old.add("usage", usage((1, "2026-10-03", 1.5))) == 0
    assert versions_of(old) == {"usage": VERSION, "syncs": 1}
    assert old.add("syncs", sync_line("2026-11-01", learned="lists are inside data")) == 1
    assert versions_of(old) == {"usage": VERSION, "syncs": VERSION}
    assert not any(checked.faults for checked in check(old.place, TABLES))
    assert old.read("syncs")["learned"].dropna().tolist() == ["lists are inside data"]


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours may catch it."""


@pytest.mark.parametrize(("name", "calls"), [("_add_columns", 0), ("_add_columns", 1), ("digest", 0), ("digest", 2),
                                             ("digest", 5), ("marks", 0), ("marks", 1)])  # fmt: skip
def test_a_migration_that_is_killed_is_done_again(old, monkeypatch, name, calls):
    """Before its first commit, between its commits, and between two tables."""
    before, done, left = rows_of(old), getattr(versions, name), [None] * calls

    def dies(*arguments):
        if not left:
            raise Killed
        left.pop()
        return done(*arguments)

    monkeypatch.setattr(versions, name, dies)
    with pytest.raises(Killed):
        old.migrate()
    assert 1 in versions_of(old).values()
    assert_same_rows(old, before)
    monkeypatch.setattr(versions, name, done)
    old.migrate()
    assert versions_of(old) == {"usage": VERSION, "syncs": VERSION}
    assert_same_rows(old, before)
    assert not any(checked.faults for checked in check(old.place, TABLES))


def test_the_command_migrates(old, capsys):
    assert ran("archive", "migrate", "--archive", old.url) == 0
    assert "usage, syncs migrated" in capsys.readouterr().err
    assert ran("archive", "migrate", "--archive", old.url) == 0
    assert "has this version's layout already" in capsys.readouterr().err


def ran(*words):
    with pytest.raises(SystemExit) as exited:
        main(list(words))
    return exited.value.code


def test_a_migration_into_a_full_place_is_one_sentence(old, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(versions, "_add_columns", full)
    with pytest.raises(ArchiveError, match=r"cannot write the archive at .*No space left on device"):
        old.migrate()
    assert len(old.read("usage")) == 36
