"""Days that are not over: a surge shows before it is final, and a young day is no drop."""

import pandas as pd
import pytest
from strategies import days_of

from vmgen_analytics import bandwidth_so_far
from vmgen_analytics.schema import TABLES

TODAY = pd.Timestamp("2026-11-16")


def vm_with(today, history="2026-10-01", out_MB=10_000.0, yesterday=None):
    lives = [(1, history, "2026-11-14", {"out_MB": out_MB, "in_MB": 0.0, "status": "final"})] if history else []
    lives.append(
        (1, "2026-11-15", "2026-11-15", {"out_MB": out_MB, "in_MB": 0.0, "status": "final"} | (yesterday or {}))
    )
    lives.append((1, TODAY, TODAY, {"out_MB": today, "in_MB": 0.0, "status": "partial"}))
    return days_of(*lives)


@pytest.mark.parametrize(("out_MB", "is_beyond"), [(0.0, False), (9_000.0, False), (12_000.0, False), (90_000.0, True)])
def test_more_than_a_usual_day_is_told_before_the_day_ends(out_MB, is_beyond):
    (row,) = bandwidth_so_far(vm_with(out_MB), today=TODAY).itertuples()
    assert row.is_beyond == is_beyond
    assert row.out_expected_MB == pytest.approx(10_000, rel=0.01)


def test_a_final_yesterday_is_left_to_the_anomalies_and_an_open_one_is_not():
    assert len(bandwidth_so_far(vm_with(1.0), today=TODAY)) == 1
    found = bandwidth_so_far(vm_with(1.0, yesterday={"status": "provisional", "out_MB": 90_000.0}), today=TODAY)
    assert found["is_beyond"].tolist() == [True, False]


def test_what_is_little_or_without_history_is_not_told():
    (tiny,) = bandwidth_so_far(vm_with(900.0, out_MB=10.0), today=TODAY).itertuples()
    assert not tiny.is_beyond, "less than a GB"
    (young,) = bandwidth_so_far(vm_with(90_000.0, history=None), today=TODAY).itertuples()
    assert not young.is_beyond
    assert pd.isna(young.out_expected_MB)


def test_a_vm_that_never_sent_anything_and_does_now_is_told():
    (row,) = bandwidth_so_far(vm_with(5_000.0, out_MB=0.0), today=TODAY).itertuples()
    assert row.is_beyond


def test_nothing_open_is_an_empty_typed_table():
    for days in (TABLES["vm_days"].frame(), vm_with(1.0)[lambda rows: rows["date"] < TODAY]):
        TABLES["bandwidth_so_far"].check(bandwidth_so_far(days, today=TODAY))
        assert bandwidth_so_far(days, today=TODAY).empty
