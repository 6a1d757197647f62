import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import days_of, fleets

from vmgen_analytics import footprint, vm_days
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

GROUPS = ("account", "package", "location", "continent")
BY = [by for count in range(len(GROUPS) + 1) for by in itertools.combinations(GROUPS, count)]
SIZES = ["vcpus", "ram_GB", "disk_GB"]


@given(days=fleets(), by=st.sampled_from(BY))
def test_every_grouping_holds_every_vm_of_the_day(days, by):
    grouped = footprint(days, by=by)
    TABLES["footprint"].check(grouped)
    together = grouped.groupby("date")[["vms", *SIZES]].sum()
    whole = days.groupby("date")[SIZES].sum().assign(vms=days.groupby("date").size())
    assert (together == whole[together.columns]).all(axis=None)
    assert grouped["known_share"].eq(1).all()


def test_an_unknown_size_is_missing_and_counted():
    size = {"vcpus": 2.0, "ram_GB": 4.0, "disk_GB": 8.0}
    days = days_of(
        (1, "2026-11-01", "2026-11-01", size),
        (2, "2026-11-01", "2026-11-01", {**size, "ram_GB": np.nan}),
        (3, "2026-11-01", "2026-11-01", {"location": None}),
    )
    found = footprint(days)
    assert found["vms"].tolist() == [2, 1]
    assert found["location"].isna().tolist() == [False, True]
    assert found["ram_GB"].fillna(-1).tolist() == [4, -1]
    assert found["vcpus"].fillna(-1).tolist() == [4, -1]
    assert found["known_share"].tolist() == [0.5, 0]


@pytest.mark.parametrize("by", BY)
def test_nothing_is_an_empty_typed_table(by):
    empty = footprint(TABLES["vm_days"].frame(), by=by)
    TABLES["footprint"].check(empty)
    assert empty.empty


def test_a_grouping_that_is_none_is_named():
    with pytest.raises(SchemaError, match="footprint cannot be grouped by 'state'"):
        footprint(days_of((1, "2026-11-01", "2026-11-01", {})), by="state")


def test_each_day_has_the_vms_that_lived_on_it(october):
    found = footprint(vm_days(october.archive, "2026-10", "2026-11"), by=())
    vms = october.sandbox.truth.vms
    assert found["vms"].tolist() == [
        sum(vm.born <= day.date() and (vm.died is None or day.date() <= vm.died) for vm in vms) for day in found["date"]
    ]
    assert len(found) == 31
