"""A row per VM and day: against the simulated provider's own books, then in corners."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgen_analytics import Archive, vm_days
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.fleet.locations import VmLocation
from vmgen_analytics.fleet.newest import newest_until
from vmgen_analytics.schema import TABLES

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


@pytest.fixture(scope="module")
def days(october):
    return vm_days(october.archive, "2026-10", "2026-11")


def lived(vm):
    """Days of October on which a VM existed."""
    born, died = max(vm.born, FIRST), min(vm.died or LAST, LAST)
    return [born + timedelta(days=number) for number in range((died - born).days + 1)]


def package_on(vm, day):
    return [package for since, package in vm.packages if since <= day or since == vm.packages[0][0]][-1]


def test_the_month_has_births_deaths_and_resizes_to_be_seen(october):
    vms = october.sandbox.truth.vms
    assert any(FIRST < vm.born <= LAST for vm in vms)
    assert any(vm.died and FIRST <= vm.died < LAST for vm in vms)
    assert any(FIRST < since <= LAST for vm in vms for since, _ in vm.packages[1:])


def test_every_vm_has_a_row_for_each_day_of_its_life_and_no_other(october, days):
    TABLES["vm_days"].check(days)
    found = {(vm_id, day.date()) for vm_id, day in zip(days["vm_id"], days["date"], strict=True)}
    assert found == {(vm.vm_id, day) for vm in october.sandbox.truth.vms for day in lived(vm)}


def test_name_and_package_are_those_of_the_day(october, days):
    truth = {vm.vm_id: vm for vm in october.sandbox.truth.vms}
    for row in days.itertuples():
        assert row.vm_name == truth[row.vm_id].name
        assert row.package == package_on(truth[row.vm_id], row.date.date()), (row.vm_id, row.date)


def test_the_traffic_is_the_providers_and_final(october, days):
    assert set(days["status"]) <= {"final", "lost_tail"}
    whole = days[days["status"] == "final"]
    assert len(whole) > 0.95 * len(days)
    said = [october.sandbox.truth.traffic(row.vm_id, row.date.date()) for row in whole.itertuples()]
    assert whole[["in_MB", "out_MB"]].to_numpy().tolist() == [list(map(float, pair)) for pair in said]


def test_a_day_of_birth_is_known_by_its_traffic_the_others_by_the_inventory(october, days):
    born = {(vm.vm_id, vm.born) for vm in october.sandbox.truth.vms}
    is_birthday = [(row.vm_id, row.date.date()) in born for row in days.itertuples()]
    assert set(days["presence"][is_birthday]) == {"usage"}
    assert set(days["presence"][np.logical_not(is_birthday)]) == {"seen"}


def test_a_location_is_right_or_unknown_and_says_why(october, days):
    truth = {vm.vm_id: vm.location for vm in october.sandbox.truth.vms}
    known = days[days["location"].notna()]
    assert set(known["location_evidence"]) == {"package_unique", "same_gateway"}
    assert (known["location"] == known["vm_id"].map(truth)).all()
    assert days.loc[days["location"].isna(), ["location_evidence", "continent"]].isna().all(axis=None)


def test_with_the_users_mapping_every_size_is_that_of_its_place(october):
    vms = october.sandbox.truth.vms
    mapping = [VmLocation(vm.location, vm_id=vm.vm_id) for vm in vms]
    days = vm_days(october.archive, "2026-10", "2026-11", vm_locations=mapping)
    truth = {vm.vm_id: vm.location for vm in vms}
    assert (days["location"] == days["vm_id"].map(truth)).all()
    assert set(days["location_evidence"]) == {"user_mapping"}
    offers = october.archive.read("packages").merge(october.archive.read("locations"), on=["account", "location_id"])
    sizes = offers.set_index(["location", "package"])[["vcpus", "ram_GB", "disk_GB"]]
    expected = sizes.loc[list(zip(days["location"], days["package"], strict=True))].to_numpy()
    assert (days[["vcpus", "ram_GB", "disk_GB"]].to_numpy() == expected).all()


def test_a_package_of_two_sizes_in_an_unknown_place_has_an_unknown_size(october, days):
    offered = october.archive.read("packages").groupby("package")[["vcpus", "ram_GB", "disk_GB"]].nunique()
    unplaced = days[days["location"].isna()]
    is_known = unplaced[["vcpus", "ram_GB", "disk_GB"]].notna().to_numpy()
    assert (is_known == (offered.loc[unplaced["package"]] == 1).to_numpy()).all()
    assert not is_known.all(), "the month has no such package"


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2026-10-05", "2026-10-06", 5, 5),
        ("2026-10-05", "2026-10-12", 5, 11),
        ("2026-10-30", "2026-11", 30, 31),
        (pd.Timestamp("2026-10-07T15:00"), pd.Timestamp("2026-10-09T01:00", tz="UTC"), 7, 8),
    ],
)
def test_a_window_is_half_open_and_shows_the_same_as_a_wider_one(october, days, start, end, first, last):
    part = vm_days(october.archive, start, end)
    expected = days[days["date"].dt.day.between(first, last)].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, expected)


@pytest.mark.parametrize("window", [("2026-10-05", "2026-10-05"), ("2031-01", "2031-02"), ("1999", "2000")])
def test_a_window_without_anything_is_an_empty_typed_table(october, window):
    table = TABLES["vm_days"]
    expected = table.frame({name: [] for name in table.columns})
    pd.testing.assert_frame_equal(vm_days(october.archive, *window), expected)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [("2026-11", "2026-10", "the end 2026-10 is before the start 2026-11"), ("soon", "2026-10", "'soon' is no day"),
     ("2026-10", None, "None is no day"), ("11/12/2026", "2027", "is no day or month"), (2026, "2027", "is no day")],
)  # fmt: skip
def test_a_window_that_is_none_is_named(october, start, end, words):
    with pytest.raises(SchemaError, match=words):
        vm_days(october.archive, start, end)


# corners, by hand


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path)


def seen(*rows):
    """Table vms of VM, day and package."""
    return TABLES["vms"].frame(
        {
            "account": ["main"] * len(rows),
            "vm_id": [vm_id for vm_id, _, _ in rows],
            "seen_on": pd.to_datetime([day for _, day, _ in rows]).as_unit("us"),
            "vm_name": [f"vm-{vm_id}" for vm_id, _, _ in rows],
            "package": [package for _, _, package in rows],
            "seen_at": [f"{day}T12:00Z" for _, day, _ in rows],
        }
    )


def used(*rows):
    """Table usage of VM and day."""
    return TABLES["usage"].frame(
        {
            "account": ["main"] * len(rows),
            "vm_id": [vm_id for vm_id, _ in rows],
            "date": pd.to_datetime([day for _, day in rows]).as_unit("us"),
            "in_MB": [1.0] * len(rows),
            "seen_at": ["2026-11-30"] * len(rows),
            "status": ["final"] * len(rows),
        }
    )


def places(*names, day="2026-11-01"):
    """Table locations, numbered from 1."""
    return TABLES["locations"].frame(
        {
            "account": ["main"] * len(names),
            "location_id": list(range(1, len(names) + 1)),
            "seen_on": pd.to_datetime([day] * len(names)).as_unit("us"),
            "location": list(names),
        }
    )


def offers(*rows):
    """Table packages of location, package, day and vcpus."""
    return TABLES["packages"].frame(
        {
            "account": ["main"] * len(rows),
            "location_id": [number for number, _, _, _ in rows],
            "package": [name for _, name, _, _ in rows],
            "seen_on": pd.to_datetime([day for _, _, day, _ in rows]).as_unit("us"),
            "vcpus": [float(vcpus) for *_, vcpus in rows],
            "ram_GB": [1.0] * len(rows),
            "disk_GB": [1.0] * len(rows),
        }
    )


def test_one_vm_on_one_day(archive):
    archive.add("vms", seen((7, "2026-11-05", "S")))
    (row,) = vm_days(archive, "2026-11", "2026-12").itertuples()
    assert (row.vm_id, row.date, row.presence) == (7, pd.Timestamp("2026-11-05"), "seen")
    assert pd.isna([row.location, row.vcpus, row.in_MB, row.status]).all()


def test_a_vm_known_by_its_traffic_alone_has_no_name(archive):
    archive.add("usage", used((7, "2026-11-05")))
    (row,) = vm_days(archive, "2026-11", "2026-12").itertuples()
    assert (row.presence, row.in_MB) == ("usage", 1)
    assert pd.isna([row.vm_name, row.package, row.location]).all()


def test_a_vm_existed_between_two_days_on_which_it_was_known(archive):
    archive.add("vms", seen((7, "2026-10-30", "S"), (7, "2026-11-04", "L")))
    archive.add("usage", used((7, "2026-11-02")))
    days = vm_days(archive, "2026-11", "2026-12")
    assert days["presence"].tolist() == ["inferred", "usage", "inferred", "seen"]
    assert days["package"].tolist() == ["S", "S", "S", "L"]
    assert days["in_MB"].isna().tolist() == [True, False, True, True]


def test_before_its_first_inventory_a_vm_was_as_it_was_seen_first(archive):
    archive.add("usage", used((7, "2026-11-01")))
    archive.add("vms", seen((7, "2026-11-03", "S")))
    assert vm_days(archive, "2026-11", "2026-12")["package"].tolist() == ["S"] * 3


def test_the_only_location_is_where_everything_stands(archive):
    archive.add("vms", seen((7, "2026-11-05", "S")))
    archive.add("locations", places("Warsaw"))
    days = vm_days(archive, "2026-11", "2026-12")
    assert days[["location", "location_evidence"]].to_numpy().tolist() == [["Warsaw", "only_location"]]


@pytest.mark.parametrize(
    ("names", "offered"),
    [
        (("Warsaw", None), [(1, "S", "2026-11-01", 1)]),
        (("Warsaw", None), [(1, "T", "2026-11-01", 1), (2, "S", "2026-11-01", 1)]),
        (("Warsaw", "Dallas"), [(1, "S", "2026-11-01", 1)]),
        (("Warsaw", "Dallas"), [(1, "S", "2026-11-01", 1), (2, "S", "2026-10-01", 1)]),
        (("Warsaw", "Dallas"), [(1, "T", "2026-11-01", 1), (2, "T", "2026-11-01", 1)]),
    ],
    ids=["one has no name", "its own has no name", "one did not answer", "one offered it once", "none offers it"],
)
def test_what_does_not_tell_is_no_evidence(archive, names, offered):
    archive.add("vms", seen((7, "2026-11-05", "S")))
    archive.add("locations", places(*names))
    archive.add("packages", offers(*offered))
    assert vm_days(archive, "2026-11", "2026-12")["location"].isna().all()


def test_a_package_that_grew_counts_from_that_day(archive):
    archive.add("vms", seen((7, "2026-11-01", "S"), (7, "2026-11-04", "S")))
    archive.add("locations", places("Warsaw"))
    archive.add("packages", offers((1, "S", "2026-11-02", 1), (1, "S", "2026-11-04", 2)))
    assert vm_days(archive, "2026-11", "2026-12")["vcpus"].tolist() == [1, 1, 1, 2]


def test_equal_numbers_in_two_accounts_are_two_vms(archive):
    both = pd.concat([seen((7, "2026-11-05", "S")), seen((7, "2026-11-05", "L")).assign(account="second")])
    archive.add("vms", both.reset_index(drop=True))
    days = vm_days(archive, "2026-11", "2026-12")
    assert days[["account", "package"]].to_numpy().tolist() == [["main", "S"], ["second", "L"]]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20)), max_size=12, unique=True),
    st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 25)), max_size=12),
)
def test_the_newest_observation_until_a_day_holds_else_the_first_after(observed, asked):
    observed.sort()
    columns = [
        np.array([pair[place] for pair in pairs], dtype="int64") for pairs in (observed, asked) for place in (0, 1)
    ]
    found = newest_until(*columns).tolist()
    for (thing, day), position in zip(asked, found, strict=True):
        own = [number for number, (other, _) in enumerate(observed) if other == thing]
        until = [number for number in own if observed[number][1] <= day]
        assert position == (until[-1] if until else own[0] if own else -1)
