"""Periods on equal footing, and top talkers: the parts are the whole, and a missing report is no change."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import days_of, fleets

from vmgen_analytics import CostCentres, assigned_days, compared_bandwidth, monthly_bandwidth, top_talkers, vm_days
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

BY = ["vm_id", "package", "location", "account", "continent", ("vm_id", "package"), ("account", "location")]
SENT = {"in_MB": 10.0, "out_MB": 100.0, "status": "final"}


def a_month(vm_id, month, until, MB, **others):
    return (vm_id, f"{month}-01", f"{month}-{until}", SENT | {"out_MB": float(MB)} | others)


@settings(max_examples=12)
@given(days=fleets(), by=st.sampled_from(BY), start=st.sampled_from([None, "2026-02-10", "2026-03"]))
def test_groups_add_up_to_the_total_of_both_periods(days, by, start):
    whole = compared_bandwidth(days, start, "2026-04-01" if start else None, by=())
    parts = compared_bandwidth(days, start, "2026-04-01" if start else None, by=by)
    TABLES["compared_bandwidth"].check(parts)
    for name in ("in_MB", "out_MB", "before_in_MB", "before_out_MB", "in_change_MB", "out_change_MB", "out_base_MB"):
        assert parts[name].sum() == pytest.approx(whole[name].sum())
    for name in ("days_covered", "days_expected", "before_days_covered", "before_days_expected"):
        assert parts[name].sum() == whole[name].sum()
    assert set(parts["compared_days"]) <= set(whole["compared_days"])


@settings(max_examples=12)
@given(days=fleets(), by=st.sampled_from(BY), n=st.integers(1, 8), direction=st.sampled_from(["in", "out", "sum"]))
def test_the_named_and_the_others_are_the_whole(days, by, n, direction):
    found = top_talkers(days, by=by, n=n, direction=direction)
    TABLES["top_talkers"].check(found)
    every = top_talkers(days, by=by, n=10**6, direction=direction)
    assert not every["is_other"].any()
    for name in ("traffic_MB", "before_MB", "change_MB", "days_covered", "days_expected", "groups"):
        assert found[name].sum() == pytest.approx(every[name].sum())
    assert found["is_other"].sum() == (len(every) > n)
    assert found["rank"].tolist() == list(range(1, min(len(every), n + 1) + 1))
    named = found.loc[~found["is_other"], "traffic_MB"].dropna()
    assert named.is_monotonic_decreasing
    if found["traffic_MB"].sum() > 0:
        assert found["share"].sum() == pytest.approx(1)
        assert found["cumulative_share"].iloc[-1] == pytest.approx(1)


def test_a_month_that_runs_is_compared_with_as_many_days_of_the_one_before():
    days = days_of(a_month(1, "2026-10", 31, 100), a_month(1, "2026-11", "07", 120))
    (row,) = compared_bandwidth(days, by=()).itertuples()
    assert (row.compared_days, row.out_MB, row.before_out_MB) == (7, 840, 700)
    assert row.out_change == pytest.approx(0.2)
    assert (row.first_day, row.before_first_day) == (pd.Timestamp("2026-11-01"), pd.Timestamp("2026-10-01"))


def test_today_is_not_compared_while_it_runs():
    days = days_of(
        a_month(1, "2026-10", 31, 100),
        a_month(1, "2026-11", "07", 100),
        (1, "2026-11-08", "2026-11-08", SENT | {"out_MB": 3.0, "status": "partial"}),
    )
    (row,) = top_talkers(days).itertuples()
    assert (row.compared_days, row.traffic_MB, row.change) == (7, 700, 0)


def test_february_is_compared_with_the_days_that_it_has():
    days = days_of(a_month(1, "2026-01", 31, 100), a_month(1, "2026-02", 28, 100), a_month(1, "2026-03", 31, 100))
    (february,) = compared_bandwidth(days, "2026-02", "2026-03", by=()).itertuples()
    assert (february.compared_days, february.out_change) == (28, 0)
    (march,) = compared_bandwidth(days, "2026-03", by=()).itertuples()
    assert (march.compared_days, march.days_covered, march.out_change) == (28, 28, 0), "not 31 days against 28"


def test_a_missing_report_is_no_fall_and_a_vm_that_was_not_there_is_a_rise():
    days = days_of(
        a_month(1, "2026-10", 31, 100),
        a_month(1, "2026-11", "04", 100),
        (1, "2026-11-05", "2026-11-06", {"status": None}),
        a_month(2, "2026-10", 31, 50),
        a_month(2, "2026-11", "06", 50),
        a_month(3, "2026-11", "06", 7),
    )
    found = compared_bandwidth(days).set_index("vm_id")
    assert found.loc[1, ["out_MB", "before_out_MB", "out_change_MB", "out_base_MB"]].tolist() == [400, 600, 0, 400]
    assert found.loc[1, ["days_covered", "days_expected"]].tolist() == [4, 6]
    assert found.loc[3, "out_change_MB"] == 42
    assert np.isnan(found.loc[3, "out_change"]), "there is nothing to divide by"


def test_a_period_without_an_earlier_one_is_told_by_itself():
    days = days_of(a_month(1, "2026-11", "05", 100), a_month(2, "2026-11", "05", 10))
    found = top_talkers(days)
    assert found["traffic_MB"].tolist() == [500, 50]
    assert found["compared_days"].tolist() == [0, 0]
    assert found[["before_MB", "change_MB", "change"]].isna().all(axis=None), "unknown is no rise"


def test_without_a_final_day_there_is_nothing_to_compare():
    days = days_of((1, "2026-10-01", "2026-11-03", SENT | {"status": "partial"}))
    found = top_talkers(days)
    assert found.empty
    TABLES["top_talkers"].check(found)
    assert top_talkers(TABLES["vm_days"].frame()).empty


def test_a_vm_that_was_resized_is_in_both_packages():
    days = days_of(a_month(1, "2026-10", 31, 100, package="Small"), a_month(1, "2026-11", "05", 100, package="Big"))
    found = compared_bandwidth(days, by="package").set_index("package")
    assert found["out_change_MB"].to_dict() == {"Big": 500, "Small": -500}


def test_cost_centres_share_the_traffic_of_their_vms():
    days = days_of(
        a_month(1, "2026-11", "05", 100, vm_name="web-1"),
        a_month(2, "2026-11", "05", 10, vm_name="db-1"),
        a_month(3, "2026-11", "05", 1, vm_name="x"),
    )
    rules = CostCentres.of(
        [
            {"name": "web-*", "cost_centre": "shop", "share": 75},
            {"name": "web-*", "cost_centre": "press", "share": 20},
            {"name": "db-*", "cost_centre": "shop"},
        ]
    )
    given = assigned_days(days, rules)
    found = monthly_bandwidth(given, by="cost_centre").set_index("cost_centre")
    assert found["out_MB"].to_dict() == pytest.approx({"shop": 425, "press": 100, "unassigned": 30})
    assert found["days_expected"].to_dict() == {"shop": 10, "press": 5, "unassigned": 10}
    top = top_talkers(given, by="cost_centre", n=1)
    assert top["cost_centre"].fillna("other").tolist() == ["shop", "other"]
    assert top["traffic_MB"].sum() == pytest.approx(555)


@settings(max_examples=12)
@given(days=fleets())
def test_giving_days_to_cost_centres_loses_no_traffic(days):
    rules = CostCentres.of(
        [{"location": "Warsaw", "cost_centre": "a", "share": 30}, {"package": "Nano", "cost_centre": "b"}]
    )
    given = assigned_days(days, rules)
    assert given["out_MB"].sum() == pytest.approx(days["out_MB"].sum())
    assert given["cost_centre"].notna().all()
    assert assigned_days(days, CostCentres(()))["cost_centre"].eq("unassigned").all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"direction": "max"}, "no direction 'max'; there are out, in, sum"),
        ({"n": 0}, "cannot name 0 top talkers"),
        ({"by": ()}, "need a grouping: account, vm_id, package, location, continent"),
        ({"by": "region"}, "cannot be grouped by 'region'"),
        ({"start": "2026-11-05", "end": "2026-11-05"}, "ends on 2026-11-05, before it begins"),
        ({"start": "2026-11-05", "before": "2026-11-05"}, "earlier period begins on 2026-11-05, not before"),
        ({"start": "soon"}, "'soon' is no day or month"),
    ],
)
def test_what_cannot_be_asked_is_said(options, words):
    with pytest.raises(SchemaError, match=words):
        top_talkers(days_of(a_month(1, "2026-11", "05", 100)), **options)


def test_the_top_talkers_are_those_that_the_provider_metered(october):
    days = vm_days(october.archive, "2026-10", "2026-11")
    found = top_talkers(days, "2026-10-02", "2026-10-16", before="2026-10-01", n=3)
    truth = october.sandbox.truth
    metered = {
        vm.vm_id: sum(truth.traffic(vm.vm_id, day.date())[1] for day in pd.date_range("2026-10-02", "2026-10-02"))
        for vm in truth.vms
    }
    assert found["compared_days"].unique().tolist() == [1], "a period is no longer than the one before it"
    assert found["vm_id"].dropna().tolist() == sorted(metered, key=metered.get, reverse=True)[:3]
