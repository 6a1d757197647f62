"""Births and deaths: within their bounds on simulated fleets, then in corners by hand."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observed import commanded, listed, synced, used

from vmgen_analytics import Archive, Client, lifetimes, sync, vm_days
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.schema import TABLES


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path)


def presence(archive, start="2026-11", end="2026-12", vm_id=7):
    """Day of the month and presence of each day of a VM."""
    rows = vm_days(archive, start, end)
    rows = rows[rows["vm_id"] == vm_id]
    return dict(zip(rows["date"].dt.strftime("%m-%d"), rows["presence"], strict=True))


def bounds(archive):
    """Births and deaths as text, by VM and incarnation."""
    table = TABLES["lifetimes"].check(lifetimes(archive))
    names = ["born_min", "born_max", "died_min", "died_max"]
    texts = table[names].apply(lambda column: column.dt.strftime("%m-%d")).astype(object)
    rows = texts.where(texts.notna(), None).assign(source=table["born_source"])
    keys = zip(table["vm_id"], table["incarnation"], strict=True)
    return dict(zip(keys, map(tuple, rows.to_numpy().tolist()), strict=True))


def gap_of_two(archive, **returned):
    """Seen on the 1st and the 9th, with complete inventories on the 1st, 4th, 6th and 9th."""
    archive.add("vms", listed((7, "2026-11-01", "S"), ipv4="198.18.0.7"))
    archive.add("vms", listed((7, "2026-11-09", returned.pop("package", "S")), **{"ipv4": "198.18.0.7", **returned}))
    archive.add("syncs", synced("2026-11-01", "2026-11-04", "2026-11-06", "2026-11-09"))


def test_two_complete_inventories_without_it_are_its_death_and_one_is_not(archive):
    archive.add("vms", listed((7, "2026-11-01", "S"), (8, "2026-11-01", "S"), (8, "2026-11-04", "S")))
    archive.add("syncs", synced("2026-11-01", "2026-11-04"))
    assert list(presence(archive)) == ["11-01", "11-02", "11-03", "11-04"]
    assert bounds(archive)[7, 1] == (None, "11-01", "11-01", None, "inventory")
    archive.add("syncs", synced("2026-11-06"))
    assert presence(archive) == {"11-01": "seen"}
    assert bounds(archive)[7, 1] == (None, "11-01", "11-01", "11-04", "inventory")
    assert list(presence(archive, vm_id=8)) == [f"11-0{day}" for day in range(1, 7)]


@pytest.mark.parametrize("lacking", ["vms", "usage, vms", "sync"])
def test_a_list_that_failed_kills_nothing(archive, lacking):
    archive.add("vms", listed((7, "2026-11-01", "S")))
    archive.add("syncs", synced("2026-11-01"))
    archive.add("syncs", synced("2026-11-02", "2026-11-03", "2026-11-04", incomplete=lacking))
    assert list(presence(archive).values()) == ["seen", "inferred", "inferred", "inferred"]
    archive.add("syncs", synced("2026-11-05", "2026-11-06", incomplete="usage"))
    assert presence(archive) == {"11-01": "seen"}


def test_a_day_is_that_of_the_account(archive):
    archive.add("vms", listed((7, "2026-11-02", "S")))  # listed at 23:30 UTC of the 1st, which is the 2nd in Tokyo
    archive.add("syncs", synced("2026-11-01T23:30Z", "2026-11-02T03:00Z", "2026-11-02T16:00Z", zone="Asia/Tokyo"))
    assert list(presence(archive)) == ["11-02", "11-03"]
    archive.add("syncs", synced("2026-11-03T01:00Z", zone="Asia/Tokyo"))
    assert list(presence(archive)) == ["11-02"]


@pytest.mark.parametrize(
    "returned",
    [{"fqdn": "other.example.net"}, {"ipv4": "198.18.9.9"}, {"package": "L"}],
    ids=["fqdn", "address", "package"],
)
def test_a_number_that_comes_back_as_another_machine_is_another_machine(archive, returned):
    gap_of_two(archive, **returned)
    assert presence(archive) == {"11-01": "seen", "11-09": "seen"}
    assert bounds(archive) == {
        (7, 1): (None, "11-01", "11-01", "11-04", "inventory"),
        (7, 2): ("11-06", "11-09", "11-09", None, "inventory"),
    }


@pytest.mark.parametrize("returned", [{}, {"fqdn": None}, {"ipv4": None}])
def test_a_machine_that_comes_back_as_it_was_was_there_all_the_time(archive, returned):
    gap_of_two(archive, **returned)
    assert list(presence(archive).values()) == ["seen", *["inferred"] * 7, "seen"]
    assert list(bounds(archive)) == [(7, 1)]


def test_a_resize_during_one_short_list_makes_no_other_machine(archive):
    archive.add("vms", listed((7, "2026-11-01", "S"), (7, "2026-11-03", "L"), ipv4="198.18.0.7"))
    archive.add("syncs", synced("2026-11-01", "2026-11-02", "2026-11-03"))
    assert list(presence(archive)) == ["11-01", "11-02", "11-03"]


def test_name_and_traffic_are_those_of_the_machine(archive):
    gap_of_two(archive, fqdn="other.example.net", vm_name="other")
    archive.add("usage", used((7, "2026-11-02"), (7, "2026-11-08")))
    days = vm_days(archive, "2026-11", "2026-12")
    assert days["date"].dt.day.tolist() == [1, 2, 8, 9]
    assert days["vm_name"].tolist() == ["vm-7", "vm-7", "other", "other"]
    assert bounds(archive)[7, 2] == ("11-06", "11-08", "11-09", None, "usage")


def test_a_deletion_made_here_is_exact(archive):
    archive.add("vms", listed((7, "2026-11-01", "S"), (8, "2026-11-01", "S")))
    archive.add("syncs", synced("2026-11-01"))
    archive.add("commands", commanded("delete", 7, "2026-11-03T10:00Z"))
    archive.add("commands", commanded("delete", 8, "2026-11-03T10:00Z", outcome="refused"))
    archive.add("syncs", synced("2026-11-05"))
    assert list(presence(archive)) == ["11-01", "11-02", "11-03"]
    assert lifetimes(archive)["died_source"].fillna("").tolist() == ["deleted", ""]
    assert bounds(archive)[7, 1][2:4] == ("11-03", "11-03")
    archive.add("vms", listed((7, "2026-11-05", "S")))
    assert list(presence(archive)) == ["11-01", "11-02", "11-03", "11-05"]
    assert list(bounds(archive)) == [(7, 1), (7, 2), (8, 1)]


def test_a_deletion_of_unknown_end_needs_one_inventory(archive):
    archive.add("vms", listed((7, "2026-11-01", "S"), (8, "2026-11-01", "S")))
    archive.add("commands", commanded("delete", 7, "2026-11-01T13:00Z", outcome="unknown"))
    archive.add("syncs", synced("2026-11-01", "2026-11-03"))
    assert list(presence(archive)) == ["11-01"]
    assert list(presence(archive, vm_id=8)) == ["11-01", "11-02", "11-03"]


def test_a_deletion_of_unknown_end_is_no_death_by_itself(archive):
    archive.add("vms", listed((7, "2026-11-01", "S")))
    archive.add("commands", commanded("delete", 7, "2026-11-01T13:00Z", outcome="unknown"))
    archive.add("syncs", synced("2026-11-01"))
    archive.add("syncs", synced("2026-11-03", incomplete="vms"))
    assert list(presence(archive)) == ["11-01", "11-02", "11-03"]
    assert bounds(archive)[7, 1] == (None, "11-01", "11-01", None, "inventory")


@pytest.mark.parametrize("day", ["2026-11-01", "2026-11-04"])
def test_a_machine_deleted_on_the_first_or_last_day_of_a_gap_does_not_come_back(archive, day):
    archive.add("vms", listed((7, "2026-11-01", "S"), (7, "2026-11-04", "S")))
    archive.add("commands", commanded("delete", 7, f"{day}T08:00Z"))
    archive.add("syncs", synced("2026-11-01", "2026-11-04"))
    assert list(bounds(archive)) == [(7, 1), (7, 2)]


def test_an_inventory_across_midnight_may_have_missed_it_on_either_day(archive):
    archive.add("vms", listed((7, "2026-11-01", "S")))
    across = synced("2026-11-04T23:50Z").assign(ended_at=pd.Timestamp("2026-11-05T00:20Z"))
    archive.add("syncs", pd.concat([synced("2026-11-01"), across, synced("2026-11-06")], ignore_index=True))
    assert bounds(archive)[7, 1] == (None, "11-01", "11-01", "11-05", "inventory")


def test_what_tells_of_a_birth(archive):
    archive.add("syncs", synced("2026-11-01", "2026-11-05"))
    archive.add("vms", listed(*((vm_id, "2026-11-05", "S") for vm_id in (1, 2, 3, 4))))
    archive.add("usage", used((2, "2026-11-03")))
    archive.add("vms", listed((3, "2026-11-06", "S"), uptime_h=60.0, uptime="2 days 12:00"))
    job = {"account": ["main"], "vm_id": [4], "event": ["deploy"], "started_at": ["2026-11-02T09:00Z"]}
    archive.add("jobs", TABLES["jobs"].frame({**job, "last_updated_at": ["2026-11-02T09:05Z"]}))
    archive.add("commands", commanded("deploy", 1, "2026-11-04T10:00Z", details='{"location_id": 1}'))
    births = {vm_id: (found[0], found[1], found[4]) for (vm_id, _), found in bounds(archive).items()}
    assert births == {
        1: ("11-04", "11-04", "deployed"),
        2: ("11-01", "11-03", "usage"),
        3: ("11-01", "11-04", "uptime"),
        4: ("11-02", "11-02", "job"),
    }


def test_a_vm_unseen_for_long_exists_in_a_narrow_window_as_well(archive):
    archive.add("vms", listed((7, "2026-01-05", "S"), (7, "2026-10-05", "L")))
    archive.add("usage", used((8, "2026-01-03")))
    archive.add("vms", listed((8, "2026-10-05", "M")))
    wide = vm_days(archive, "2026", "2027")
    narrow = vm_days(archive, "2026-06-10", "2026-06-12")
    assert (
        narrow[["vm_id", "package", "presence"]].to_numpy().tolist()
        == [
            [7, "S", "inferred"],
            [8, "M", "inferred"],
        ]
        * 2
    )
    expected = wide[wide["date"].isin(narrow["date"].unique())].reset_index(drop=True)
    pd.testing.assert_frame_equal(narrow, expected)


def test_accounts_are_apart_and_in_order(archive):
    for account, day in (("b", "2026-11-01"), ("a", "2026-11-02")):
        archive.add("vms", listed((7, day, "S"), account=account))
    archive.add("syncs", synced("2026-11-03", account="b"))
    days = vm_days(archive, "2026-11", "2026-12")
    assert days["account"].tolist() == ["a", "b", "b", "b"]
    pd.testing.assert_frame_equal(vm_days(archive, "2026-11", "2026-12", account="b"), days[1:].reset_index(drop=True))
    assert len(lifetimes(archive, account="a")) == 1


def test_nothing_seen_is_an_empty_table(archive):
    pd.testing.assert_frame_equal(lifetimes(archive), TABLES["lifetimes"].frame())


rows_seen = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60), st.sampled_from("SL")), min_size=1, max_size=15)


@settings(max_examples=10)
@given(
    rows=rows_seen,
    traffic=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60)), max_size=8, unique=True),
    syncs=st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(["", "vms"])), max_size=10, unique_by=lambda at: at[0]
    ),
    window=st.tuples(st.integers(0, 60), st.integers(0, 30)),
)
def test_a_window_shows_what_any_wider_one_shows(tmp_path_factory, rows, traffic, syncs, window):
    archive, zero = Archive(tmp_path_factory.mktemp("windows")), pd.Timestamp("2026-08-20")

    def day(number):
        return f"{zero + pd.Timedelta(days=number):%Y-%m-%d}"

    first_of = {(vm_id, number): package for vm_id, number, package in rows}
    archive.add("vms", listed(*((vm_id, day(number), package) for (vm_id, number), package in first_of.items())))
    if traffic:
        archive.add("usage", used(*((vm_id, day(number)) for vm_id, number in traffic)))
    for number, lacking in syncs:
        archive.add("syncs", synced(day(number), incomplete=lacking))
    start, end = (zero + pd.Timedelta(days=edge) for edge in (window[0], sum(window)))
    wide = vm_days(archive, "2026", "2027")
    assert not wide.duplicated(["account", "date", "vm_id"]).any()
    inside = wide[(wide["date"] >= start) & (wide["date"] < end)].reset_index(drop=True)
    pd.testing.assert_frame_equal(vm_days(archive, start, end), inside)


@pytest.mark.parametrize(("seed", "zone"), [(1, "UTC"), (14, "Asia/Tokyo"), (21, "America/New_York")])
def test_the_truth_lies_within_the_bounds(archive, seed, zone):
    with (
        Sandbox(vms=8, seed=seed, today="2026-11-10", months=2, ticking=False, time_zone=zone) as sandbox,
        Client(sandbox.key, base_url=sandbox.url, time_zone=zone) as client,
    ):
        for number in range(0, 33, 4):
            sandbox.set_clock(datetime(2026, 10, 5, 7 + number % 5, tzinfo=UTC) + timedelta(days=number))
            sync(client, archive)
        truth = {vm.vm_id: vm for vm in sandbox.truth.vms}
        found = lifetimes(archive)
        assert found["died_max"].notna().any()
        assert found["born_min"].notna().any()
        for row in found.itertuples():
            vm = truth[row.vm_id]
            assert pd.isna(row.born_min) or row.born_min <= pd.Timestamp(vm.born)
            assert pd.Timestamp(vm.born) <= row.born_max
            died = pd.Timestamp(vm.died or "2100-01-01")
            assert row.died_min <= died
            assert pd.isna(row.died_max) or died <= row.died_max
