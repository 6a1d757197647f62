"""Where an archive may lie: what a user writes is the folder that is used, or is refused in a sentence."""

import os

import pytest
from observations import usage

from vmgen_analytics import Archive
from vmgen_analytics.archive import TABLES
from vmgen_analytics.archive.check import check
from vmgen_analytics.archive.places import Place
from vmgen_analytics.errors import ArchiveDamaged, ArchiveError, ArchiveShut, SettingsError

WORKS = ["with space", "ha#sh", "que?ry", "100%", "ünï 雪", "a&b=c", "co:lon", "quote'\"", "*star", "{b}", "~tilde"]
REFUSED = {
    "[br]": "'['",
    "pi|pe": "'|'",
    "ca^ret": "'^'",
    "back\\slash": "a backslash",
    "new\nline": "a line break",
    "per%20cent": "'%20'",
}


def spelled(kind, folder):
    return {"path": str(folder), "file://": f"file://{folder}", "uri": folder.as_uri()}[kind]


@pytest.mark.parametrize("name", WORKS)
@pytest.mark.parametrize("kind", ["path", "file://", "uri"])
def test_a_folder_of_any_name_is_the_folder_that_is_written(tmp_path, name, kind):
    folder = tmp_path / name / "archive"
    archive = Archive(spelled(kind, folder))
    assert archive.folder == folder
    with archive.lock():
        archive.add("usage", usage((1, "2026-11-01", 2.0)))
    assert (folder / ".sync.lock").exists(), "an address of a folder has its lock"
    assert sorted(each.name for each in folder.iterdir()) == [".sync.lock", "usage"]
    assert len(Archive(spelled(kind, folder)).read("usage")) == 1
    assert [fault for checked in check(archive.place, TABLES) for fault in checked.faults] == []
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("name", "named"), REFUSED.items(), ids=[repr(name) for name in REFUSED])
def test_a_name_with_which_the_engine_cannot_work_is_refused_by_its_character(tmp_path, name, named, monkeypatch):
    (tmp_path / name / "archive").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / name)
    monkeypatch.chdir(tmp_path / name)
    for url in (
        tmp_path / name / "archive",
        (tmp_path / name / "archive").as_uri(),
        "archive",
        tmp_path / "link" / "x",
    ):
        with pytest.raises(SettingsError, match=r"lies in a folder with .* in its name") as refused:
            Archive(url)
        assert named in str(refused.value)
        assert "\n" not in str(refused.value)
    assert not any((tmp_path / name / "archive").iterdir())


@pytest.mark.parametrize("url", ["file://", "file:///", "file://elsewhere/archive"])
def test_an_address_that_is_no_folder_here_is_refused(url):
    with pytest.raises(SettingsError, match="is no folder of this machine: write file:///FOLDER"):
        Archive(url)


def test_names_that_are_not_utf_8_are_refused(tmp_path):
    for url in (os.fsdecode(os.fsencode(tmp_path) + b"/\xff"), f"file://{tmp_path}/%FF"):
        with pytest.raises(SettingsError, match="is not UTF-8"):
            Archive(url)


def test_the_root_is_not_the_folder_where_one_stands():
    assert Archive("/").url == "/"
    assert str(Archive("/").folder) == "/"


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("s3://b/ha#sh", "s3://b/ha%23sh/usage"),
        ("s3://b/que?ry/", "s3://b/que%3Fry/usage"),
        ("s3://b/[br] ü", "s3://b/%5Bbr%5D%20%C3%BC/usage"),
        ("s3://b/per%20cent", "s3://b/per%20cent/usage"),
    ],
)
def test_what_would_end_an_address_early_is_quoted(url, read):
    assert Place.at(url).of("usage") == read


def test_an_address_that_would_be_decoded_twice_is_refused():
    with pytest.raises(SettingsError, match="'%20'"):
        Archive("s3://b/per%2520cent")


@pytest.fixture
def archive(tmp_path):
    """A few commits, which no checkpoint stands for."""
    archive = Archive(tmp_path / "archive")
    for month in ("2026-10", "2026-11"):
        for day in (1, 2):
            archive.add("usage", usage((1, f"{month}-0{day}", 2.0)))
    return archive


def _last_entry(archive):
    return max((archive.folder / "usage" / "_delta_log").glob("*.json"))


def _cut_log(archive):
    _last_entry(archive).write_bytes(_last_entry(archive).read_bytes()[:-40])


def _scramble_log(archive):
    _last_entry(archive).write_bytes(bytes(range(256)))


def _remove_log(archive):
    (archive.folder / "usage" / "_delta_log" / f"{0:020}.json").unlink()


def _remove_rows(archive):
    for file in (archive.folder / "usage").rglob("part*.parquet"):
        file.unlink()


def _cut_rows(archive):
    for file in (archive.folder / "usage").rglob("part*.parquet"):
        file.write_bytes(file.read_bytes()[:-30])


def _move_away(archive):
    (archive.folder / "usage").rename(archive.folder / "elsewhere")
    (archive.folder / "usage").write_text("in the way")


@pytest.mark.parametrize(
    ("harm", "kind", "sentence"),
    [
        (_cut_log, ArchiveDamaged, r"its log is broken; bring its folder _delta_log back from a backup; "),
        (_scramble_log, ArchiveDamaged, r"its log is broken; bring its folder _delta_log back from a backup; "),
        (_remove_log, ArchiveDamaged, r"its log is broken; bring its folder _delta_log back from a backup; "),
        (_remove_rows, ArchiveDamaged, r"the file usage/account=main/\S+\.parquet is missing; bring it back from a "),
        (_cut_rows, ArchiveDamaged, r"the file \S+\.parquet is broken; bring it back from a backup; "),
        (_move_away, ArchiveShut, r"Not a directory: usage; move away what is in the way, or name another archive$"),
    ],
)
def test_each_trouble_of_a_table_has_its_own_way_out(archive, harm, kind, sentence):
    harm(archive)
    with pytest.raises(kind, match=rf"cannot read usage in the archive at {archive.url}: {sentence}") as told:
        archive.read("usage", account="main")
    assert "<unknown>" not in str(told.value)
    assert len(str(told.value)) < 400


def test_compacting_tells_a_file_that_is_missing_and_no_other_place(archive):
    _remove_rows(archive)
    with pytest.raises(
        ArchiveDamaged, match=r"the file \S+\.parquet is missing; bring it back from a backup; "
    ) as told:
        archive.tidy(everything=True)
    assert "--archive" not in str(told.value)


@pytest.mark.parametrize(
    "said",
    [
        OSError(28, "No space left on device"),
        OSError("Failed to parse parquet: External: Generic error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_no_damage(tmp_path, said):
    place = Place.at(tmp_path)
    for told, kind in ((place.unwritable(said), ArchiveError), (place.unreadable("usage", said), ArchiveShut)):
        assert type(told) is kind
        assert "No space left on device; make room there and run the same command again, or give it another" in str(
            told
        )


def test_what_the_engine_says_is_not_cut_within_a_word(tmp_path):
    told = str(Place.at(tmp_path).unwritable(OSError("unheard-of " * 40)))
    assert "unheard-of ...; give it another place" in told
