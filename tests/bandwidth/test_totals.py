import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import days_of, fleets

from vmgen_analytics import daily_bandwidth, monthly_bandwidth, vm_days
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

GROUPS = ("account", "vm_id", "package", "location", "continent")
BY = [by for count in range(len(GROUPS) + 1) for by in itertools.combinations(GROUPS, count)]
BOTH = {"daily_bandwidth": daily_bandwidth, "monthly_bandwidth": monthly_bandwidth}


@pytest.mark.parametrize("name", BOTH)
@given(days=fleets(), by=st.sampled_from(BY))
def test_every_grouping_has_the_traffic_and_the_days_of_the_whole(name, days, by):
    grouped = BOTH[name](days, by=by)
    TABLES[name].check(grouped)
    for column in ("in_MB", "out_MB"):
        assert grouped[column].sum() == days[column].sum()
    assert grouped["days_expected"].sum() == len(days)
    assert grouped["days_covered"].sum() == (days["in_MB"].notna() | days["out_MB"].notna()).sum()
    unknown = grouped["days_covered"] == 0
    assert grouped["in_MB"].isna().tolist() == unknown.tolist(), "no report is no zero"


@given(days=fleets())
def test_months_are_the_sums_of_their_days(days):
    daily = daily_bandwidth(days, by="vm_id")
    monthly = monthly_bandwidth(days)
    key = ["month", "account", "vm_id"]
    together = daily.assign(month=daily["date"].dt.to_period("M")).groupby(key, as_index=False)
    summed = together[["in_MB", "out_MB"]].sum(min_count=1)
    pd.testing.assert_frame_equal(monthly[[*key, "in_MB", "out_MB"]], summed)


def test_zero_traffic_is_not_the_same_as_no_report():
    days = days_of(
        (1, "2026-11-01", "2026-11-01", {"in_MB": 0.0, "out_MB": 0.0, "status": "final"}),
        (2, "2026-11-01", "2026-11-01", {"in_MB": np.nan, "out_MB": np.nan, "status": None}),
        (3, "2026-11-01", "2026-11-01", {"in_MB": np.nan, "out_MB": 5.0, "status": "final"}),
    )
    found = monthly_bandwidth(days)
    assert found["in_MB"].isna().tolist() == [False, True, True]
    assert found["out_MB"].fillna(-1).tolist() == [0, -1, 5]
    assert found["days_covered"].tolist() == [1, 0, 1]
    (total,) = monthly_bandwidth(days, by=()).itertuples()
    assert (total.in_MB, total.out_MB, total.days_covered, total.days_expected) == (0, 5, 2, 3)


@pytest.mark.parametrize(
    ("status", "is_complete"),
    [
        ("final", True),
        ("imported", True),
        ("partial", False),
        ("provisional", False),
        ("lost_tail", False),
        (None, False),
    ],
)
def test_a_number_is_complete_if_no_day_can_change(status, is_complete):
    days = days_of(
        (1, "2026-11-01", "2026-11-02", {"in_MB": 1.0, "status": "final"}),
        (1, "2026-11-03", "2026-11-03", {"in_MB": 1.0, "status": status}),
    )
    assert monthly_bandwidth(days)["is_complete"].tolist() == [is_complete]


def test_a_vm_is_called_by_its_newest_name_of_the_month():
    days = days_of(
        (1, "2026-10-30", "2026-11-05", {"vm_name": "old"}), (1, "2026-11-06", "2026-11-07", {"vm_name": "new"})
    )
    assert monthly_bandwidth(days)["vm_name"].tolist() == ["old", "new"]


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("by", BY)
def test_nothing_is_an_empty_typed_table(name, by):
    empty = BOTH[name](TABLES["vm_days"].frame(), by=by)
    TABLES[name].check(empty)
    assert empty.empty


@pytest.mark.parametrize("by", ["region", "vm_name", ["package", "date"]])
def test_a_grouping_that_is_none_is_named(by):
    with pytest.raises(SchemaError, match=r"cannot be grouped by .*, but by account, vm_id, package, location"):
        daily_bandwidth(days_of((1, "2026-11-01", "2026-11-01", {})), by=by)


def test_the_month_has_the_traffic_that_the_provider_metered(october):
    days = vm_days(october.archive, "2026-10", "2026-11")
    found = monthly_bandwidth(days).set_index("vm_id")
    truth = october.sandbox.truth
    for vm in truth.vms:
        own = days[(days["vm_id"] == vm.vm_id) & (days["status"] == "final")]
        if len(own) == found["days_expected"].get(vm.vm_id):
            metered = [truth.traffic(vm.vm_id, day.date()) for day in own["date"]]
            assert (found.loc[vm.vm_id, "in_MB"], found.loc[vm.vm_id, "out_MB"]) == tuple(
                map(sum, zip(*metered, strict=True))
            )
