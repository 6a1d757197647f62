"""A checkpoint that is broken or gone is named, and the table is read without it where the rest of its log is there."""

import re
import shutil

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observations import fill, usage

from vmgen_analytics import Archive
from vmgen_analytics.archive import TABLES
from vmgen_analytics.archive.check import check
from vmgen_analytics.cli.app import main
from vmgen_analytics.errors import ArchiveDamaged

LOG = "usage/_delta_log"
HINT = f"{LOG}/_last_checkpoint"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Its usage has two checkpoints, and every entry of its log."""
    archive = fill(Archive(tmp_path_factory.mktemp("whole")))
    for number in range(10):
        archive.add("usage", usage((1, "2026-11-03", float(number))))
    assert len(checkpoints(archive)) == 2
    return archive


@pytest.fixture
def archive(whole, tmp_path):
    shutil.copytree(whole.folder, tmp_path / "archive")
    return Archive(tmp_path / "archive")


def checkpoints(archive):
    return sorted((archive.folder / LOG).glob("*.checkpoint.parquet"))


def faults(archive):
    return [str(fault) for checked in check(archive.place, TABLES) for fault in checked.faults]


def ran(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    said = capsys.readouterr()
    return ended.value.code, said.out + said.err


BREAK = {
    "missing": lambda file: file.unlink(),
    "empty": lambda file: file.write_bytes(b""),
    "cut": lambda file: file.write_bytes(file.read_bytes()[:1000]),
    "other bytes": lambda file: file.write_bytes(b"PAR1" + bytes(file.stat().st_size)),
}


@pytest.mark.parametrize("older", [True, False], ids=["older is whole", "both"])
@pytest.mark.parametrize("how", BREAK)
def test_a_broken_checkpoint_is_named_with_a_way_out_that_works(whole, archive, tmp_path, capsys, how, older):
    files = checkpoints(archive)
    for file in files[older:]:
        BREAK[how](file)
    named = (
        f"the file {LOG}/{files[-1].name}, a checkpoint of its log, is {'missing' if how == 'missing' else 'broken'}"
    )

    status, said = ran(capsys, "archive", "check", "--archive", archive.url)
    assert status == 1
    assert "\nusage: cannot be read: 1 fault\n" in f"\n{said}"
    assert "0 rows" not in said
    assert f"usage: it cannot be read: {named}" in said
    for words in (["status"], ["export", "usage"], ["archive", "export", tmp_path / "a.zip"]):
        status, said = ran(capsys, *words, "--archive", archive.url)
        assert status == 1
        assert named in said
        assert "the rest of its log says the same: move " in said
        assert "`vmgen-analytics archive check` names what is damaged" in said
    with pytest.raises(ArchiveDamaged, match=re.escape(named)):
        archive.add("usage", usage((1, "2026-11-04", 3.0)))

    (advice,) = re.findall(r"move (.*) out of the archive", faults(archive)[0])
    assert HINT in advice.split(" and ")
    for each in advice.split(" and "):
        (archive.folder / each).rename(tmp_path / each.rpartition("/")[2])
    assert faults(archive) == []
    pd.testing.assert_frame_equal(archive.history("usage"), whole.history("usage"))
    for number in range(12):  # until there is a checkpoint anew
        assert archive.add("usage", usage((1, "2026-11-04", 3.0 + number))) == 1
    assert checkpoints(archive)[-1].name > files[-1].name
    assert faults(archive) == []


@pytest.mark.parametrize("how", BREAK)
def test_a_checkpoint_that_alone_says_what_it_says_is_to_be_brought_back(archive, how):
    """The first entries of its log are gone, as they are after 30 days."""
    first, last = checkpoints(archive)
    first.unlink()
    for number in range(12):
        (archive.folder / f"{LOG}/{number:020}.json").unlink()
    assert faults(archive) == [], "the last checkpoint stands for them"
    BREAK[how](last)
    told = next(fault for fault in faults(archive) if "cannot be read" in fault)
    assert f"the file {LOG}/{last.name}" in told
    assert "the rest of its log does not say what it said: bring it back from a backup" in told
    assert "move" not in told


def test_a_table_that_is_gone_has_no_count_of_its_rows(archive, capsys):
    shutil.rmtree(archive.folder / LOG)
    said = ran(capsys, "archive", "check", "--archive", archive.url)[1]
    assert "usage: cannot be read: 1 fault\n" in said
    assert "0 rows" not in said


def test_another_file_that_is_gone_is_not_laid_on_the_checkpoint(archive):
    for file in (archive.folder / "usage").glob("*/*/*.parquet"):
        file.unlink()
    with pytest.raises(ArchiveDamaged, match=r"the file usage/account=.* is missing; bring it back from a backup"):
        archive.read("usage")


def test_an_entry_of_the_log_that_is_nonsense_is_not_laid_on_the_checkpoint(archive):
    max((archive.folder / LOG).glob("*.json")).write_text('{"metaData": 1}')
    with pytest.raises(ArchiveDamaged) as told:
        archive.tables()
    assert "checkpoint" not in str(told.value)


@settings(max_examples=60)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_that_shuts_the_table_is_laid_on_the_checkpoint(whole, tmp_path_factory, at, bit):
    archive = Archive(tmp_path_factory.mktemp("flipped"))
    shutil.copytree(whole.folder, archive.folder, dirs_exist_ok=True)
    file = checkpoints(archive)[-1]
    content = bytearray(file.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    file.write_bytes(content)
    try:
        archive.tables()
        told = ""
    except ArchiveDamaged as error:
        told = str(error)
    assert told == "" or f"the file {LOG}/{file.name}, a checkpoint of its log, is broken" in told
