"""`import`: which machine a name meant on a day, and which words for a day's state are understood."""

import pandas as pd
import pytest

from vmgen_analytics import vm_days

DAY = "date,vm_name,in_MB,out_MB\n{},{},10,20\n"


@pytest.fixture
def reborn(kept, tmp_path, run, monkeypatch):
    """Number 1 was build-01 until 21 October, gone by the 22nd, and is reborn, another machine, since the 25th."""
    first = {"vm_name": "build-01", "fqdn": "build-01.example.net", "ipv4": "192.0.2.1", "package": "Small"}
    other = {"vm_name": "reborn", "fqdn": "reborn.example.net", "ipv4": "192.0.2.41", "package": "Small"}
    kept.seen(1, *pd.date_range("2026-10-01", "2026-10-21"), **first)
    kept.seen(1, "2026-10-25", "2026-10-26", **other)
    kept.seen(2, *pd.date_range("2026-10-01", "2026-10-26"))
    for day in (20, 21, 22, 23, 25, 26):
        kept.sync(f"2026-10-{day} 12:00")
    return kept


def bring(run, tmp_path, day, name):
    (tmp_path / "old.csv").write_text(DAY.format(day, name))
    return run("import", "usage", "old.csv", "--archive", tmp_path / "archive")


@pytest.mark.parametrize(
    ("day", "name", "why"),
    [
        ("2026-08-01", "reborn", "no VM had it on 2026-08-01 (VM 1, not there before 2026-10-23)"),
        ("2026-10-26", "build-01", "no VM had it on 2026-10-26 (VM 1, gone by 2026-10-22)"),
    ],
)
def test_a_name_means_no_machine_that_was_not_there_on_that_day(reborn, run, tmp_path, day, name, why):
    done = bring(run, tmp_path, day, name)
    assert done.status == 2
    assert f"line 2: vm_name is {name!r}; expected the vm_name of one VM; {why}: give vm_id" in done.err


@pytest.mark.parametrize(("day", "name"), [("2026-08-01", "build-01"), ("2026-10-24", "reborn")])
def test_a_name_means_the_machine_that_may_have_been_there(reborn, run, tmp_path, day, name):
    done = bring(run, tmp_path, day, name)
    assert done.status == 0, done.err
    day = pd.Timestamp(day)
    (row,) = vm_days(reborn.archive, day, day + pd.Timedelta(days=1)).query("vm_id == 1").itertuples()
    assert (row.in_MB, row.status) == (10, "imported")


def test_a_machine_that_no_inventory_ever_listed_does_not_run_on(run, tmp_path, sandbox):
    assert run("sync").status == 0
    before = run("status", "--check").out
    (tmp_path / "old.csv").write_text("date,vm_id,in_MB,out_MB\n2026-08-05,999,1,25\n")
    assert "VM 999 is in no inventory" in run("import", "usage", "old.csv").err
    assert run("status", "--check").out == before
    assert "999" not in run("status", "--months", "0").out
    (line,) = [line for line in run("export", "lifetimes").out.splitlines() if ",999," in line]
    assert line.endswith(",2026-08-05,usage,2026-08-05,2026-11-23,inventory")


@pytest.mark.parametrize("word", ["final", "Complete", "IMPORTED", ""])
def test_a_word_for_a_whole_day_is_taken(run, tmp_path, word):
    (tmp_path / "old.csv").write_text(f"vm_id,date,in_MB,out_MB,status\n7,2025-03-01,1,2,{word}\n")
    assert "1 new" in run("import", "usage", "old.csv").err


@pytest.mark.filterwarnings("default::vmgen_analytics.errors.UnexpectedDataWarning")
@pytest.mark.parametrize("word", ["partial", "Provisional", "lost_tail", "incomplete", "estimated"])
def test_a_day_that_was_not_seen_whole_is_left_out(run, tmp_path, word):
    lines = f"7,2025-03-01,1,2,{word}\n7,2025-03-02,1,2,final\n"
    (tmp_path / "old.csv").write_text(f"vm_id,date,in_MB,out_MB,status\n{lines}")
    done = run("import", "usage", "old.csv")
    assert "left out what was not seen whole or says no traffic: 1 of the lines" in done.err
    assert "1 new" in done.err


@pytest.mark.parametrize("word", ["banana", "Partial (estimated)"])
def test_a_word_that_may_mean_anything_is_a_wrong_cell(run, tmp_path, word):
    (tmp_path / "old.csv").write_text(f"vm_id,date,in_MB,out_MB,status\n7,2025-03-01,1,2,{word}\n")
    done = run("import", "usage", "old.csv")
    assert done.status == 2
    assert f"status is {word!r}; expected final, complete, imported or nothing for a whole day" in done.err
    assert "nothing was stored" in done.err
