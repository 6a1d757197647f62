"""Files appear whole or not at all, also where two write the same."""

import os

import pytest

from vmgen_analytics.errors import VMgenError
from vmgen_analytics.writing import put, replace, replacing


def test_two_that_write_one_file_do_not_meet(tmp_path):
    place = tmp_path / "costs.csv"

    def slow(unfinished):
        unfinished.write_bytes(b"slow, first half")
        put(place, lambda other: other.write_bytes(b"quick"))
        assert place.read_bytes() == b"quick"
        with unfinished.open("ab") as more:
            more.write(b", second half")

    put(place, slow)
    assert place.read_bytes() == b"slow, first half, second half"
    assert list(tmp_path.iterdir()) == [place]


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    place = tmp_path / "costs.csv"
    replace(place, b"old")

    def full(unfinished):
        unfinished.write_bytes(b"hal")
        raise OSError(28, "No space left on device")

    with pytest.raises(VMgenError, match=r"cannot write .*costs.csv: No space left on device; name another file"):
        put(place, full)
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_a_file_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    place, flushed = tmp_path / "costs.csv", []

    def flush(number):
        flushed.append((os.fstat(number).st_size, place.exists()))

    monkeypatch.setattr(os, "fsync", flush)
    with replacing(place) as unfinished:
        unfinished.write_bytes(b"whole")
    assert flushed == [(5, False)]
    assert place.read_bytes() == b"whole"
