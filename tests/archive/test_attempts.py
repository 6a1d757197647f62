"""Attempts at what others hinder: how many, how long between them, and what is said after the last."""

import time

import pytest
from deltalake.exceptions import CommitFailedError
from observations import usage

from vmgen_analytics import Archive
from vmgen_analytics.archive import overtaking, writing
from vmgen_analytics.archive.overtaking import Overtaken, unless_overtaken
from vmgen_analytics.errors import ArchiveError


@pytest.fixture
def slept(monkeypatch):
    """How long was slept, in place of sleeping."""
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def assert_slept(slept, pauses_s):
    """A pause between two attempts each, and none after the last."""
    assert all(0.5 * each <= took <= 1.5 * each for took, each in zip(slept, pauses_s, strict=True))


def test_an_addition_that_others_always_hinder_is_given_up_without_another_wait(tmp_path, monkeypatch, slept):
    tried = []

    def hindered(*_):
        tried.append(len(slept))
        raise CommitFailedError("somebody else")

    monkeypatch.setattr(writing, "_added", hindered)
    with pytest.raises(ArchiveError, match=r"others kept writing usage in the archive at .*; try again later"):
        Archive(tmp_path / "archive").add("usage", usage((1, "2026-11-01", 1.0)))
    assert tried == list(range(len(writing.PAUSES_S) + 1))
    assert_slept(slept, writing.PAUSES_S)


def test_what_is_always_overtaken_is_told_without_another_wait(slept):
    tried = []

    def overtaken():
        tried.append(len(slept))
        raise Overtaken("somebody else")

    with pytest.raises(Overtaken, match="somebody else"):
        unless_overtaken(overtaken)
    assert tried == list(range(len(overtaking.PAUSES_S) + 1))
    assert_slept(slept, overtaking.PAUSES_S)


def test_what_succeeds_the_second_time_waits_once(slept):
    answers = iter([Overtaken("somebody else"), 7])

    def store():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert unless_overtaken(store) == 7
    assert_slept(slept, overtaking.PAUSES_S[:1])
