"""The whole archive in one file, and back."""

import json
import zipfile

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from observations import fill, usage

from vmgen_analytics import Archive
from vmgen_analytics.archive import TABLES, bundle
from vmgen_analytics.archive.check import check
from vmgen_analytics.archive.reading import observations
from vmgen_analytics.cli.app import main
from vmgen_analytics.errors import ArchiveError


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fill(Archive(tmp_path_factory.mktemp("whole")))


@pytest.fixture
def file(whole, tmp_path):
    bundle.export(whole.place, tmp_path / "archive.zip")
    return tmp_path / "archive.zip"


def assert_equal(one, other):
    for table in TABLES.values():
        pd.testing.assert_frame_equal(observations(one.place, table), observations(other.place, table))
        pd.testing.assert_frame_equal(one.read(table.name), other.read(table.name))


VALUES = {
    "str": st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "Int64": st.integers(-(2**63), 2**63 - 1),
    "float64": st.floats(),
    "boolean": st.booleans(),
    "datetime64[us]": st.datetimes(pd.Timestamp(1990, 1, 1), pd.Timestamp(2200, 1, 1)).map(
        lambda moment: moment.replace(hour=0, minute=0, second=0, microsecond=0)
    ),
    "datetime64[us, UTC]": st.datetimes(pd.Timestamp(1990, 1, 1), pd.Timestamp(2200, 1, 1)),
}


def values(dtype, is_key):
    """Any value of a type, or none where one may be missing."""
    return VALUES[dtype] if is_key or dtype == "int64" else st.one_of(st.none(), VALUES[dtype])


@st.composite
def frames(draw, table):
    """Rows with different keys and any values, of few accounts."""
    rows = draw(st.integers(0, 4))
    columns = {
        name: draw(st.lists(values(column.dtype, name in table.key), min_size=rows, max_size=rows))
        for name, column in table.columns.items()
    }
    columns["account"] = draw(st.lists(st.sampled_from(["main", "a/b", "żółw"]), min_size=rows, max_size=rows))
    return table.frame(columns, unique=False).drop_duplicates(list(table.key), ignore_index=True)


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_what_is_restored_is_what_was_exported(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bundle")
    first, second = Archive(folder / "first"), Archive(folder / "second")
    first.add("usage", usage((1, "2026-11-01", 2.0)))
    for name in data.draw(st.sets(st.sampled_from(sorted({*TABLES} - {"superseded_jobs"})), min_size=1, max_size=3)):
        first.add(name, data.draw(frames(TABLES[name])))
    exported = bundle.export(first.place, folder / "archive.zip")
    assert bundle.restore(second.place, folder / "archive.zip") == exported
    assert_equal(first, second)
    assert not [
        str(fault) for checked in check(second.place, TABLES) for fault in checked.faults if "digest" in str(fault)
    ]


def test_a_restored_archive_is_added_to_as_the_first_one(whole, file, tmp_path):
    restored = Archive(tmp_path / "restored")
    bundle.restore(restored.place, file)
    assert_equal(whole, restored)
    assert restored.add("usage", usage((1, "2026-11-02", 77.0))) == 0
    assert restored.add("usage", usage((1, "2026-11-02", 78.0))) == 1
    assert not any(checked.faults for checked in check(restored.place, TABLES))


def test_an_archive_that_is_not_empty_is_left_alone(whole, file):
    before = whole.read("usage")
    with pytest.raises(
        ArchiveError, match=r"is not empty \(it has usage, syncs\): restore into another, with --archive"
    ):
        bundle.restore(whole.place, file)
    pd.testing.assert_frame_equal(whole.read("usage"), before)


@settings(max_examples=40)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_changes_nothing(whole, tmp_path_factory, at, bit):
    folder = tmp_path_factory.mktemp("flipped")
    bundle.export(whole.place, folder / "archive.zip")
    content = bytearray((folder / "archive.zip").read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    (folder / "archive.zip").write_bytes(content)
    restored = Archive(folder / "restored")
    try:
        bundle.restore(restored.place, folder / "archive.zip")
    except ArchiveError:
        assert restored.tables() == []
    else:
        assert_equal(whole, restored)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"version": 3}, "has version 3, and this package knows version 2 at most; update it"),
        ({"format": "a cookbook"}, "is no export of an archive, but of 'a cookbook'"),
        ({"tables": {"recipes": {"rows": 1, "sha256": ""}}}, "a table 'recipes', which no archive keeps"),
        ({"tables": {"usage": {"rows": 1, "sha256": "0"}}}, "its table usage is not what was written"),
        ({"tables": None}, "damaged or no export"),
    ],
)
def test_a_file_that_is_not_ours_is_refused(file, tmp_path, manifest, message):
    with zipfile.ZipFile(file) as written, zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        said = json.loads(written.read("manifest.json")) | manifest
        other.writestr("manifest.json", json.dumps(said))
        other.writestr("usage.parquet", written.read("usage.parquet"))
    with pytest.raises(ArchiveError, match=message):
        bundle.restore(Archive(tmp_path / "restored").place, tmp_path / "other.zip")
    assert not (tmp_path / "restored").exists()


def test_a_restore_that_breaks_off_leaves_nothing(file, tmp_path, monkeypatch):
    stored = []

    def full(place, table, parts, notes):
        if stored:
            raise OSError(28, "No space left on device")
        stored.append(table.name)
        create(place, table, parts, notes)

    create = bundle.create
    monkeypatch.setattr(bundle, "create", full)
    restored = Archive(tmp_path / "restored")
    with pytest.raises(ArchiveError, match="No space left on device"):
        bundle.restore(restored.place, file)
    assert stored
    assert restored.tables() == []


def test_an_export_is_there_whole_or_not_at_all(whole, file, monkeypatch):
    place = file.with_name("full.zip")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(ArchiveError, match=r"cannot write .*full.zip: No space left on device; name another place"):
        bundle.export(whole.place, place)
    assert list(file.parent.iterdir()) == [file]


def test_the_commands_move_an_archive(whole, tmp_path, capsys):
    assert ran("archive", "export", str(tmp_path / "a.zip"), "--archive", whole.url) == 0
    assert "322 rows of 2 tables" in capsys.readouterr().err
    (tmp_path / "precious.txt").write_text("what somebody wrote")
    assert ran("archive", "export", str(tmp_path / "precious.txt"), "--archive", whole.url) == 2
    assert "precious.txt is there already" in capsys.readouterr().err
    assert (tmp_path / "precious.txt").read_text() == "what somebody wrote"
    assert ran("archive", "restore", str(tmp_path / "a.zip"), "--archive", str(tmp_path / "b")) == 0
    assert "322 rows of 2 tables restored" in capsys.readouterr().err
    assert ran("archive", "restore", str(tmp_path / "a.zip"), "--archive", str(tmp_path / "b")) == 1
    assert "is not empty" in capsys.readouterr().err
    assert ran("archive", "restore", str(tmp_path / "none.zip"), "--archive", str(tmp_path / "c")) == 2
    assert "there is no file" in capsys.readouterr().err
    assert ran("archive", "export", str(tmp_path / "d.zip"), "--archive", str(tmp_path / "d")) == 1
    assert "is empty or not there" in capsys.readouterr().err


def ran(*words):
    with pytest.raises(SystemExit) as exited:
        main(list(words))
    return exited.value.code
