"""Births, deaths and churn: by hand, conserved, and against the truth of a simulated provider."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines_by_hand import days_of, drawn, life, lives, synced

from vmgen_analytics import fleet_changes, fleet_rates, footprint, lifetimes, placed, vm_days
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

TOLD = ["month", "vms_start", "entered", "births", "deaths", "vms_end", "vm_days"]


def rows(changes, *names):
    return [tuple(map(str, row)) for row in changes[list(names)].itertuples(index=False)]


def test_by_hand():
    fleet = lives((1, None), (2, None, "2026-10-15"), (3, "2026-10-20"), (4, "2026-11-01", "2026-11-30"))
    changes = fleet_changes(fleet, synced("2026-10-11", "2026-12-05"))
    TABLES["fleet_changes"].check(changes)
    assert rows(changes, *TOLD) == [
        # 21 days of VM 1, 5 of VM 2, 12 of VM 3; then 30 days of VMs 1, 3 and 4; then 5 of VMs 1 and 3
        ("2026-10", "0", "2", "1", "1", "2", "38"),
        ("2026-11", "2", "0", "1", "1", "2", "90"),
        ("2026-12", "2", "0", "0", "0", "2", "10"),
    ]
    assert changes["days_observed"].tolist() == [21, 30, 5]
    assert changes.loc[0, ["births_low", "births_high"]].tolist() == pytest.approx([0.10536, 3.88972], abs=1e-4)


def test_rates_by_hand():
    fleet = lives((1, None), (2, None, "2026-10-15"), (3, "2026-10-20"), (4, "2026-11-01", "2026-11-30"))
    rate = fleet_rates(fleet_changes(fleet, synced("2026-10-11", "2026-12-05"))).iloc[0]
    assert rate["months"] == pytest.approx(56 / 30.4375)
    assert rate["births_per_month"] == pytest.approx(2 * 30.4375 / 56)
    assert rate["churn"] == pytest.approx(2 * 30.4375 / 138)
    assert rate["churn_low"] < rate["churn"] < rate["churn_high"]
    assert (rate["vms"], rate["net_per_month"], rate["reason"]) == (2, 0, "")


def test_a_vm_that_ran_before_is_no_birth_however_late_it_was_first_seen_to_boot():
    rebooted = life(1, None, born_max=pd.Timestamp("2026-10-01"))
    made_before = life(2, "2026-09-20")
    fleet = TABLES["lifetimes"].cast(pd.DataFrame([rebooted, made_before]))
    changes = fleet_changes(fleet, synced("2026-10-01", "2026-10-31"))
    assert rows(changes, "entered", "births", "vms_end") == [("2", "0", "2")]


def test_bounds_over_a_turn_of_the_month_are_unsure():
    early = life(1, "2026-11-02", born_min=pd.Timestamp("2026-10-30"))
    late = life(2, None, "2026-10-31", died_max=pd.Timestamp("2026-11-03"))
    fleet = TABLES["lifetimes"].cast(pd.DataFrame([early, late]))
    assert rows(fleet_changes(fleet, synced("2026-10-01", "2026-11-30")), "births", "deaths", "unsure") == [
        ("0", "1", "1"),
        ("1", "0", "1"),
    ]


def test_what_died_before_or_came_after_the_observation_is_left_out():
    fleet = lives((1, None), (2, None, "2026-09-30"), (3, "2026-11-20"))
    changes = fleet_changes(fleet, synced("2026-10-01", "2026-10-31"))
    assert rows(changes, "entered", "births", "deaths", "vms_end") == [("1", "0", "0", "1")]


@given(
    seed=st.integers(0, 10_000),
    start=st.integers(0, 12),
    births=st.sampled_from([0, 1, 9]),
    hazard=st.sampled_from([0, 0.1, 1.5]),
    last=st.sampled_from(["2026-02-01", "2026-02-28", "2026-05-31", "2026-06-17"]),
)
def test_nobody_is_lost(seed, start, births, hazard, last):
    fleet, counts = drawn(seed, "2026-02-01", last, start=start, births_per_month=births, hazard_per_month=hazard)
    changes = fleet_changes(fleet, synced("2026-02-01", last))
    made = changes["vms_start"] + changes["entered"] + changes["births"] - changes["deaths"]
    assert (made == changes["vms_end"]).all()
    assert (changes["vms_start"].to_numpy()[1:] == changes["vms_end"].to_numpy()[:-1]).all()
    ends = counts.groupby(counts.index.to_period("M")).last()
    if len(changes):
        assert changes["vms_end"].tolist() == ends.tolist()
    else:
        assert not ends.any()


def test_groups_add_up_to_the_whole():
    fleet, _ = drawn(3, "2026-02-01", "2026-05-31", start=9, births_per_month=6, hazard_per_month=0.2)
    days = days_of(fleet, "2026-05-31", location=lambda vm_id: ["Warsaw", "Dallas", None][vm_id % 3])
    syncs = synced("2026-02-01", "2026-05-31")
    by = fleet_changes(placed(fleet, days), syncs, "location")
    assert by["location"].isna().any()
    names = ["entered", "births", "deaths", "vms_end", "vm_days", "unsure"]
    together = by.groupby("month")[names].sum()
    whole = fleet_changes(fleet, syncs).set_index("month")[names]
    pd.testing.assert_frame_equal(together, whole)
    assert len(fleet_rates(by)) == 3


def test_accounts_are_told_apart_and_one_without_a_complete_inventory_is_left_out():
    main, other = life(1, None), life(1, "2026-11-05", account="other")
    third = life(1, "2026-11-05", account="third")
    fleet = TABLES["lifetimes"].cast(pd.DataFrame([main, other, third]))
    syncs = pd.concat(
        [
            synced("2026-10-31", "2026-11-20"),
            synced("2026-11-01", "2026-11-20", "other"),
            synced("2026-11-01", "2026-11-20", "third", incomplete="vms"),
        ],
        ignore_index=True,
    )
    changes = fleet_changes(fleet, TABLES["syncs"].cast(syncs))
    assert rows(changes, "account", "month", "days_observed", "entered", "births") == [
        ("main", "2026-10", "1", "1", "0"),
        ("main", "2026-11", "20", "0", "0"),
        ("other", "2026-11", "20", "0", "1"),
    ]


def test_nothing_is_an_empty_typed_table():
    for fleet, syncs in ((lives(), synced("2026-10-01", "2026-10-02")), (lives((1, None)), TABLES["syncs"].frame())):
        changes = fleet_changes(fleet, syncs)
        TABLES["fleet_changes"].check(changes)
        TABLES["fleet_rates"].check(fleet_rates(changes))
        assert changes.empty


def test_less_than_a_month_gives_counts_and_no_rates():
    changes = fleet_changes(lives((1, None), (2, "2026-10-31")), synced("2026-10-31", "2026-11-01"))
    assert rows(changes, "month", "births", "vms_end") == [("2026-10", "1", "2"), ("2026-11", "0", "2")]
    rate = fleet_rates(changes).iloc[0]
    assert np.isnan(rate["births_per_month"])
    assert rate["reason"] == "it was observed for 2 days only; a rate needs a month"


def test_a_grouping_that_is_none_is_named():
    with pytest.raises(SchemaError, match="fleet_changes cannot be grouped by 'location', but by package"):
        fleet_changes(lives((1, None)), synced("2026-10-01", "2026-10-31"), "location")


def test_a_footprint_of_single_vms_is_refused_in_a_sentence():
    days = days_of(lives((1, None)), "2026-10-31")
    with pytest.raises(SchemaError, match="cannot be grouped by 'vm_id', but by account, package, location, continent"):
        footprint(days, by="vm_id")


def test_placed_takes_the_last_day_of_each_incarnation():
    first, second = life(1, None, "2026-10-10"), life(1, "2026-10-20", incarnation=2)
    never_seen = life(9, "2026-10-20")
    fleet = TABLES["lifetimes"].cast(pd.DataFrame([first, second, never_seen]))
    days = [
        days_of(lives((1, None)), day, location=place)
        for day, place in (("2026-10-05", "Paris"), ("2026-10-10", "Warsaw"), ("2026-10-25", "Dallas"))
    ]
    found = placed(fleet, TABLES["vm_days"].cast(pd.concat(days)))
    assert found["location"].fillna("–").tolist() == ["Warsaw", "Dallas", "–"]
    assert found["vcpus"].tolist()[:2] == [2, 2]
    pd.testing.assert_frame_equal(placed(found, TABLES["vm_days"].cast(pd.concat(days))), found)


def test_the_simulated_provider_bore_and_lost_as_many(october):
    changes = fleet_changes(lifetimes(october.archive), october.archive.read("syncs"))
    whole = changes[changes["month"] == pd.Period("2026-10", "M")].iloc[0]
    born = [vm.born for vm in october.sandbox.truth.vms]
    died = [vm.died for vm in october.sandbox.truth.vms]
    assert whole["births"] == sum(day.strftime("%Y-%m") == "2026-10" for day in born)
    assert whole["deaths"] == sum(day is not None and day.strftime("%Y-%m") == "2026-10" for day in died)
    assert whole["births"] + whole["deaths"] > 0, "else this tells nothing"
    days = vm_days(october.archive, "2026-10", "2026-11")
    counted = footprint(days, by=()).set_index("date")["vms"]
    last_days = (days.groupby(["account", "vm_id"])["date"].max() == pd.Timestamp("2026-10-31")).sum()
    gone_on_the_last = sum(day is not None and day.isoformat() == "2026-10-31" for day in died)
    assert counted.iloc[-1] == last_days == whole["vms_end"] + gone_on_the_last
    assert whole["vm_days"] == len(days)
