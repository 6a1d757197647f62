"""`sync` against a provider that follows the page and nothing else: what is stored is what was served."""

import json
import math
import warnings
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scripted import NOON, Answer, Provider, broken, page, says

from vmgen_analytics import Archive, sync
from vmgen_analytics.api import Client
from vmgen_analytics.api.retries import Patience
from vmgen_analytics.errors import (
    ArchiveError,
    AuthenticationError,
    ConnectFailed,
    UnexpectedDataError,
    UnexpectedDataWarning,
)
from vmgen_analytics.restating import restatements

HOSTILE = [
    "web-01",
    'say "hello", she said',
    "two\nlines\r\nand a tab\t",
    "<script>alert(1)</script>&amp;",
    "=1+1",
    "+SUM(A1)",
    "@cmd",
    "-2",
    "żółw 海 ☃",
    "\U0001f680\U0001f469\u200d\U0001f4bb",
    "nul\0inside",
    "  blanks around  ",
    "'; DROP TABLE vms; --",
    "nan",
    "None",
    "",
    "\u202eright to left",
    "x" * 5000,
]
LOCATIONS = [{"id": 1, "name": "Warsaw", "continent": "Europe"}, {"id": 2, "name": "Dallas", "continent": None}]
PACKAGES = {
    1: [{"name": "S", "vcpus": 1, "ram_GB": 2, "disk_GB": 40}, {"name": "=M", "vcpus": 2, "ram_GB": 4.5, "disk_GB": 9}],
    2: [{"name": "S", "vcpus": 1, "ram_GB": 1, "disk_GB": 20}],
}
INVOICES = [
    {"id": 11, "date": "2026-11-01", "status": "created", "total_cost": 1234.56},
    {"id": 12, "date": "2026-11-09", "status": "credit", "total_cost": -0.01},
]
ADDRESS = {
    "ip_version": "IPv4", "ip": "10.0.0.9", "gateway": "10.0.0.1", "netmask": "255.255.255.0",
    "broadcast": "10.0.0.255", "rev_dns": "a.example.net", "is_primary": True,
}  # fmt: skip
JOB = {
    "started_at": "2026-11-03T13:59:04.000000Z",
    "last_updated_at": "2026-11-03T14:02:05.000000Z",
    "event": "power_on",
    "status": "unknown",
}
TABLES = ("accounts", "invoices", "locations", "packages", "vms", "usage", "networking", "jobs", "restatements")
KEPT = (*TABLES, "superseded_usage")


def vm(vm_id, name="web", **others):
    known = {"fqdn": f"{vm_id}.example.net", "state": "UP", "uptime": "1 day 12:30:00", "ipv4": "10.0.0.9"}
    return {"id": vm_id, "name": name, **known, "ipv6": "", "package": "S", **others}


def day(number, in_MB=1, out_MB=2):
    return {"date": f"2026-11-{number:02d}", "in_MB": in_MB, "out_MB": out_MB}


def rows(frame, *columns):
    """Rows as plain Python, missing as None."""
    return [
        tuple(None if pd.isna(value) else value for value in row)
        for row in frame[list(columns)].itertuples(index=False, name=None)
    ]


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


@pytest.fixture
def fleet(provider):
    """Two VMs with everything."""
    provider.serve(
        invoices=INVOICES,
        locations=LOCATIONS,
        packages=PACKAGES,
        vms=[vm(1), vm(2, "db")],
        usage={1: [day(1), day(22), day(23)], 2: [day(22, 5, 6)]},
        networking={1: [ADDRESS], 2: [{**ADDRESS, "ip": "10.0.0.8"}]},
        jobs={1: [JOB]},
    )
    return provider


def everything(archive):
    return {name: archive.history(name) for name in KEPT}


def assert_same(left, right):
    for name in KEPT:
        pd.testing.assert_frame_equal(left[name], right[name], obj=name)


def test_every_table_equals_what_was_served(fleet, client, archive):
    report = sync(client, archive)
    assert report.is_complete
    assert rows(archive.read("accounts"), "account", "credit", "invoicing_model", "billing_address") == [
        ("main", 10.0, "x", "y")
    ]
    assert rows(archive.read("invoices"), "invoice_id", "invoice_date", "status", "total_cost") == [
        (each["id"], pd.Timestamp(each["date"]), each["status"], each["total_cost"]) for each in INVOICES
    ]
    assert rows(archive.read("locations"), "location_id", "location", "continent") == [
        (1, "Warsaw", "Europe"),
        (2, "Dallas", None),
    ]
    assert rows(archive.read("packages"), "location_id", "package", "vcpus", "ram_GB", "disk_GB") == [
        (1, "=M", 2, 4.5, 9),
        (1, "S", 1, 2, 40),
        (2, "S", 1, 1, 20),
    ]
    assert rows(archive.read("vms"), "vm_id", "vm_name", "fqdn", "state", "uptime", "uptime_h", "ipv4", "package") == [
        (1, "web", "1.example.net", "UP", "1 day 12:30:00", 36.5, "10.0.0.9", "S"),
        (2, "db", "2.example.net", "UP", "1 day 12:30:00", 36.5, "10.0.0.9", "S"),
    ]
    assert rows(archive.read("usage"), "vm_id", "date", "in_MB", "out_MB", "status") == [
        (1, pd.Timestamp("2026-11-01"), 1, 2, "final"),
        (1, pd.Timestamp("2026-11-22"), 1, 2, "final"),
        (1, pd.Timestamp("2026-11-23"), 1, 2, "partial"),
        (2, pd.Timestamp("2026-11-22"), 5, 6, "final"),
    ]
    assert rows(archive.read("networking"), "vm_id", *ADDRESS) == [
        (1, *ADDRESS.values()),
        (2, *{**ADDRESS, "ip": "10.0.0.8"}.values()),
    ]
    assert rows(archive.read("jobs"), "vm_id", "event", "status", "started_at", "last_updated_at") == [
        (1, "power_on", "unknown", pd.Timestamp(JOB["started_at"]), pd.Timestamp(JOB["last_updated_at"]))
    ]
    (line,) = rows(archive.read("syncs"), "account", "requests", "failures", "rows", "incomplete")
    assert line == ("main", len(fleet.received), 0, sum(report.rows.values()), "")


def test_hostile_names_come_out_as_they_went_in(provider, client, archive):
    vms = [vm(number, name, state=name, package=name, uptime=name) for number, name in enumerate(HOSTILE, start=1)]
    packages = {1: [{"name": name, "vcpus": 1, "ram_GB": 1, "disk_GB": 1} for name in HOSTILE]}
    provider.serve(
        vms=vms, locations=[{"id": 1, "name": HOSTILE[1], "continent": HOSTILE[3]}], packages=packages,
        account={"credit": "1", "invoicing_model": HOSTILE[2], "billing_address": HOSTILE[10]},
        invoices=[{**INVOICES[0], "status": HOSTILE[12]}],
    )  # fmt: skip
    assert sync(client, archive).is_complete
    stored = archive.read("vms")
    for column in ("vm_name", "state", "package", "uptime"):
        assert stored[column].tolist() == HOSTILE
    assert sorted(archive.read("packages")["package"]) == sorted(HOSTILE)
    assert rows(archive.read("locations"), "location", "continent") == [(HOSTILE[1], HOSTILE[3])]
    assert rows(archive.read("accounts"), "invoicing_model", "billing_address") == [(HOSTILE[2], HOSTILE[10])]
    assert archive.read("invoices")["status"].tolist() == [HOSTILE[12]]


def test_half_a_character_is_replaced_and_costs_nothing_else(provider, client, archive):
    provider.serve(vms=[vm(1, "a"), vm(2, "b")])
    body = json.dumps([vm(1, "half \ud800 character"), vm(2, "b")]).encode()
    provider.always["GET /virtual-machines"] = Answer(body)
    assert sync(client, archive).is_complete
    first, second = archive.read("vms")["vm_name"]
    assert (first.startswith("half "), first.endswith(" character"), second) == (True, True, "b")


def test_numbers_and_ids_may_come_as_text(provider, client, archive):
    provider.serve(
        vms=[vm("1")],
        usage={1: [{"date": "2026-11-01", "in_MB": "1000.25", "out_MB": " 7 "}]},
        locations=[{"id": "3", "name": "Warsaw", "continent": "Europe"}],
        packages={3: [{"name": "S", "vcpus": "2", "ram_GB": "1e1", "disk_GB": 40.0}]},
        invoices=[{"id": "11", "date": "2026-11-01T10:00:00Z", "status": 1, "total_cost": "-1000.00"}],
    )
    assert sync(client, archive).is_complete
    assert rows(archive.read("usage"), "vm_id", "in_MB", "out_MB") == [(1, 1000.25, 7)]
    assert rows(archive.read("packages"), "vcpus", "ram_GB", "disk_GB") == [(2, 10, 40)]
    assert rows(archive.read("invoices"), "invoice_id", "invoice_date", "status", "total_cost") == [
        (11, pd.Timestamp("2026-11-01"), "1", -1000)
    ]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda records: {"data": records},
        lambda records: {"status": "success", "data": records},
        lambda records: {"data": records, "meta": {"current_page": 1, "last_page": 1}},
        lambda records: {"items": records, "count": 2},
    ],
)
def test_envelopes_change_nothing(fleet, client, archive, tmp_path, wrap):
    sync(client, archive)
    fleet.always = {asked: wrap(payload) for asked, payload in fleet.always.items() if asked != "GET /account"} | {
        "GET /account": fleet.always["GET /account"]
    }
    other = Archive(tmp_path / "other")
    assert sync(client, other).is_complete
    for name in ("invoices", "locations", "packages", "vms", "usage", "networking", "jobs"):
        stamps = [column for column in archive.read(name) if column == "seen_at"]
        left, right = archive.read(name).drop(columns=stamps), other.read(name).drop(columns=stamps)
        pd.testing.assert_frame_equal(left, right, obj=name)


def test_single_objects_stand_for_lists_as_in_the_providers_examples(provider, client, archive):
    provider.serve(
        vms=[vm(1)], locations=[LOCATIONS[0]], packages={1: PACKAGES[1][0]}, usage={1: day(1)}, networking={1: ADDRESS}
    )
    provider.always["GET /virtual-machines"] = vm(1)
    provider.always["GET /locations"] = LOCATIONS[0]
    provider.always["GET /invoices"] = INVOICES[0]
    assert sync(client, archive).is_complete
    counted = {name: len(archive.read(name)) for name in ("vms", "usage", "invoices", "packages", "networking")}
    assert set(counted.values()) == {1}


def test_an_empty_account_is_complete(provider, client, archive):
    provider.serve()
    assert sync(client, archive).is_complete
    assert archive.tables() == ["accounts", "syncs"]
    assert archive.read("usage").empty


def test_null_fields_are_missing_and_no_failure(provider, client, archive):
    empty = dict.fromkeys(("name", "fqdn", "state", "uptime", "ipv4", "ipv6", "package"))
    provider.serve(
        vms=[{"id": 1, **empty}],
        usage={1: [day(1, None, None), day(2, 0, None)]},
        invoices=[{**INVOICES[0], "status": None, "date": None}],
        networking={1: [{**dict.fromkeys(ADDRESS), "ip": "10.0.0.1"}]},
        jobs={1: [{**JOB, "status": None, "last_updated_at": None}]},
    )
    assert sync(client, archive).is_complete
    assert rows(archive.read("vms"), "vm_name", "package", "uptime_h") == [(None, None, None)]
    assert rows(archive.read("usage"), "in_MB", "out_MB") == [(None, None), (0, None)]
    assert rows(archive.read("networking"), "ip", "is_primary") == [("10.0.0.1", None)]


def test_pages_become_one_table(provider, client, archive):
    provider.serve(vms=[vm(1), vm(2), vm(3)], usage={number: [day(1)] for number in (1, 2, 3)})
    provider.always["GET /virtual-machines"] = {"data": [vm(1)], "next": "/virtual-machines?page=2"}
    provider.always["GET /virtual-machines?page=2"] = {"data": [vm(2)], "links": {"next": "?page=3"}}
    provider.always["GET /virtual-machines?page=3"] = {"data": [vm(3)], "next": None}
    sync(client, archive)
    assert archive.read("vms")["vm_id"].tolist() == archive.read("usage")["vm_id"].tolist() == [1, 2, 3]


def test_a_missing_page_is_a_failed_inventory_not_a_short_one(provider, client, archive):
    provider.serve(vms=[vm(1)])
    provider.always["GET /virtual-machines"] = {"data": [vm(1)], "next": "?page=2"}
    report = sync(client, archive)
    assert [failure.table for failure in report.failures] == ["vms"]
    assert archive.read("vms").empty


def test_added_fields_are_no_trouble(provider, client, archive):
    more = {"tags": ["a", "b"], "meta": {"x": 1}, "data": [1], "price": 7}
    provider.serve(
        vms=[{**vm(1), **more}],
        usage={1: [{**day(1), **more}]},
        invoices=[{**INVOICES[0], "lines": [{"id": 9}]}],
    )
    provider.always["GET /account"] = {"credit": "5", "invoicing_model": "a", "billing_address": "b", "notes": ["x"]}
    provider.always["GET /virtual-machines"] = {**vm(1), **more}
    assert sync(client, archive).is_complete
    assert rows(archive.read("usage"), "in_MB", "out_MB") == [(1, 2)]
    assert archive.read("invoices")["invoice_id"].tolist() == [11]
    assert archive.read("accounts")["credit"].tolist() == [5]


def test_a_field_that_was_dropped_is_missing_and_told(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: [{"date": "2026-11-01", "out_MB": 3}]})
    with pytest.warns(UnexpectedDataWarning, match=r"GET /virtual-machines/\{id\}/usage.*'in_MB'"):
        sync(client, archive)
    assert rows(archive.read("usage"), "in_MB", "out_MB") == [(None, 3)]


@pytest.mark.parametrize("bad", ["much", "1,000", [1], {"MB": 1}, True, ""])
def test_a_bad_value_costs_itself_only_and_is_named(provider, client, archive, bad):
    provider.serve(vms=[vm(1), vm(2)], usage={1: [day(1, bad, 2), day(2)], 2: [day(1)]})
    report = sync(client, archive)
    assert rows(archive.read("usage"), "vm_id", "in_MB", "out_MB") == [(1, None, 2), (1, 1, 2), (2, 1, 2)]
    (failure,) = report.failures
    assert isinstance(failure.error, UnexpectedDataError)
    assert (failure.table, failure.vm_id) == ("usage", 1)
    assert repr(bad) in str(failure)
    assert "in_MB" in str(failure)
    assert archive.read("syncs")["incomplete"].tolist() == ["usage"]


@pytest.mark.parametrize("text", ["1e999", "-1e999", "NaN", "Infinity"])
def test_no_number_is_infinite(provider, client, archive, text):
    provider.serve(vms=[vm(1)])
    body = f'[{{"date": "2026-11-01", "in_MB": {text}, "out_MB": 1}}]'.encode()
    provider.always["GET /virtual-machines/1/usage"] = Answer(body)
    sync(client, archive)
    assert rows(archive.read("usage"), "in_MB", "out_MB") == [(None, 1)]


@pytest.mark.parametrize("bad", [None, "seven", 1.5, True, [7], 2**63, "9" * 30, ""])
def test_a_bad_key_costs_its_row_only_and_is_named(provider, client, archive, bad):
    provider.serve(vms=[vm(1)], usage={1: [day(1)]}, invoices=[{**INVOICES[0], "id": bad}, INVOICES[1]])
    provider.always["GET /virtual-machines"] = [vm(1), vm(bad)]
    report = sync(client, archive)
    assert archive.read("vms")["vm_id"].tolist() == [1]
    assert archive.read("invoices")["invoice_id"].tolist() == [12]
    assert {failure.table for failure in report.failures} == {"vms", "invoices"}
    assert len(archive.read("usage")) == 1


@pytest.mark.parametrize(
    "date", ["0001-01-01", "9999-12-31", "yesterday", None, 20261101, "2026-11-31", "2026-13-01", ""]
)
def test_a_strange_day_costs_no_other_day(provider, client, archive, date):
    provider.serve(vms=[vm(1), vm(2)], usage={1: [{**day(1), "date": date}, day(2)], 2: [day(2)]})
    (failure, *_) = sync(client, archive).failures
    assert (failure.table, failure.vm_id) == ("usage", 1)
    assert rows(archive.read("usage"), "vm_id", "date") == [
        (1, pd.Timestamp("2026-11-02")),
        (2, pd.Timestamp("2026-11-02")),
    ]


def test_of_two_rows_for_a_day_the_last_is_kept_and_told(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: [day(1, 1), day(1, 5), day(2), day(2)]})
    report = sync(client, archive)
    assert rows(archive.read("usage"), "date", "in_MB") == [
        (pd.Timestamp("2026-11-01"), 5),
        (pd.Timestamp("2026-11-02"), 1),
    ]
    (failure,) = report.failures
    assert "2026-11-01" in str(failure)


def test_syncing_twice_equals_once(fleet, client, archive):
    sync(client, archive)
    before = everything(archive)
    assert sync(client, archive).rows == dict.fromkeys(TABLES, 0)
    assert_same(everything(archive), before)
    assert len(archive.read("syncs")) == 2


def test_syncing_twice_equals_once_while_the_clock_runs(fleet, client, archive):
    fleet.now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    sync(client, archive)
    before = everything(archive)
    fleet.now += timedelta(minutes=90)
    sync(client, archive)
    assert_same(everything(archive), before)


@pytest.mark.parametrize(
    "fault", [says({}, 500), broken(), page("<title>Maintenance</title>"), Answer(b""), says({"message": "no"}, 403)]
)
def test_a_failed_inventory_changes_nothing_that_is_stored(fleet, client, archive, fault):
    sync(client, archive)
    before = everything(archive)
    fleet.always["GET /virtual-machines"] = fault
    report = sync(client, archive)
    assert [failure.table for failure in report.failures] == ["vms"]
    assert_same(everything(archive), before)


def test_one_vm_with_a_bad_answer_costs_that_vm_only(fleet, client, archive):
    fleet.always["GET /virtual-machines/1/usage"] = page("<title>Oops</title>")
    fleet.always["GET /virtual-machines/2/networking"] = says({}, 500)
    report = sync(client, archive)
    assert archive.read("usage")["vm_id"].tolist() == [2]
    assert archive.read("networking")["vm_id"].tolist() == [1]
    assert [(failure.table, failure.vm_id) for failure in report.failures] == [("usage", 1), ("networking", 2)]
    assert archive.read("syncs")["incomplete"].tolist() == ["networking, usage"]
    assert "Oops" in str(report.failures[0])


def test_one_table_that_fails_leaves_the_others(fleet, client, archive):
    fleet.always["GET /invoices"] = says({}, 500)
    fleet.always["GET /locations"] = says("nonsense")
    fleet.always["GET /account"] = says({}, 500)
    report = sync(client, archive)
    assert [failure.table for failure in report.failures] == ["accounts", "invoices", "locations"]
    assert set(archive.tables()) == {"vms", "usage", "networking", "jobs", "syncs"}


def test_a_refused_key_stops_at_once_and_stores_nothing(fleet, client, archive):
    fleet.always["GET /account"] = says({"message": "Unauthenticated."}, 401)
    with pytest.raises(AuthenticationError):
        sync(client, archive)
    assert len(fleet.received) == 1
    assert archive.tables() == []


def test_a_key_refused_midway_keeps_what_came(fleet, client, archive):
    fleet.always["GET /virtual-machines/1/usage"] = says({}, 401)
    with pytest.raises(AuthenticationError):
        sync(client, archive)
    assert len(archive.read("vms")) == 2
    (line,) = rows(archive.read("syncs"), "incomplete", "error")
    assert line[0] == "sync"
    assert "401" in line[1]


def test_an_unreachable_provider_is_one_error(connect, provider, archive):
    with pytest.raises(ConnectFailed, match="nothing listens"):
        sync(connect(provider, base_url="http://127.0.0.1:1"), archive)
    assert archive.tables() == []


def test_an_archive_that_cannot_be_written_is_one_error(fleet, client, tmp_path):
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(ArchiveError, match="cannot write the archive"):
        sync(client, Archive(tmp_path / "taken"))
    assert not fleet.received


def test_the_progress_names_every_table(fleet, client, archive):
    told = []
    sync(client, archive, progress=told.append)
    assert told == ["accounts", "invoices", "locations", "packages", "vms", "usage", "networking", "jobs"]


def test_a_final_day_that_changes_is_replaced_and_the_change_is_kept(fleet, client, archive):
    sync(client, archive)
    fleet.always["GET /virtual-machines/1/usage"] = [day(1, 100, 2), day(22), day(23, 9, 9)]
    for _ in range(2):
        sync(client, archive)
        assert archive.read("usage")["in_MB"].tolist() == [100, 1, 9, 5]
        assert rows(archive.read("restatements"), "vm_id", "date", "in_MB", "in_MB_before", "out_MB_before") == [
            (1, pd.Timestamp("2026-11-01"), 100, 1, 2)
        ]


@pytest.mark.parametrize(
    ("at", "status"),
    [("2026-11-02T23:59", "partial"), ("2026-11-03T00:00", "provisional"), ("2026-11-03T06:00", "final")],
)
def test_a_day_is_partial_then_provisional_then_final(provider, client, archive, at, status):
    provider.serve(vms=[vm(1)], usage={1: [day(2)]})
    provider.now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    sync(client, archive)
    assert archive.read("usage")["status"].tolist() == [status]


@pytest.mark.parametrize(("at", "status"), [("2026-11-03T04:59", "partial"), ("2026-11-03T05:01", "provisional")])
def test_a_day_ends_in_the_accounts_own_time_zone(provider, connect, archive, at, status):
    provider.serve(vms=[vm(1)], usage={1: [day(2)]})
    provider.now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    sync(connect(provider, time_zone="America/New_York"), archive)
    assert archive.read("usage")["status"].tolist() == [status]
    assert archive.read("vms")["seen_on"].tolist() == [
        pd.Timestamp("2026-11-02" if status == "partial" else "2026-11-03")
    ]


def test_the_month_turns_and_the_lost_tail_is_marked(provider, client, archive):
    november = [{"date": f"2026-11-{number:02d}", "in_MB": 1, "out_MB": 1} for number in range(1, 31)]
    provider.serve(vms=[vm(1)], usage={1: november})
    provider.now = datetime(2026, 11, 30, 22, tzinfo=UTC)
    sync(client, archive)
    provider.serve(vms=[vm(1)], usage={1: [{"date": "2026-12-01", "in_MB": 1, "out_MB": 1}]})
    provider.now = datetime(2026, 12, 1, 8, tzinfo=UTC)
    for _ in range(2):
        sync(client, archive)
        assert archive.read("usage")["status"].tolist() == ["final"] * 29 + ["lost_tail", "partial"]


def test_two_accounts_share_an_archive_and_nothing_else(fleet, connect, archive):
    sync(connect(fleet, account="main"), archive)
    alone = everything(archive)
    fleet.serve(invoices=INVOICES, vms=[vm(3, "db")], usage={3: [day(22, 5, 6)]}, jobs={3: [JOB]})
    sync(connect(fleet, account="second"), archive)
    for name in KEPT:
        both = archive.history(name)
        pd.testing.assert_frame_equal(both[both["account"] == "main"].reset_index(drop=True), alone[name], obj=name)
        theirs = archive.history(name, account="second")
        pd.testing.assert_frame_equal(both[both["account"] == "second"].reset_index(drop=True), theirs, obj=name)
    assert rows(archive.read("usage", account="second"), "vm_id", "in_MB") == [(3, 5.0)]


WORDS = st.text(st.characters(exclude_categories=()), max_size=12)
NUMBERS = st.one_of(st.integers(0, 10**15), st.floats(0, 1e12), st.none(), st.integers(0, 999).map(str))


@st.composite
def accounts(draw):
    """A whole account as the provider could show it."""
    ids = draw(st.lists(st.integers(0, 2**63 - 1), unique=True, max_size=4))
    texts = st.one_of(WORDS, st.none())
    return {
        "vms": [{**vm(vm_id), "name": draw(texts), "package": draw(texts), "uptime": draw(texts)} for vm_id in ids],
        "usage": {
            vm_id: [day(number, draw(NUMBERS), draw(NUMBERS)) for number in draw(st.sets(st.integers(1, 24)))]
            for vm_id in ids
        },
        "invoices": [
            {**INVOICES[0], "id": number, "total_cost": draw(st.integers(-(10**11), 10**11)) / 100}
            for number in draw(st.sets(st.integers(0, 99), max_size=3))
        ],
    }


def as_stored(value):
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value


@settings(max_examples=6)
@given(account=accounts())
@example({"vms": [vm(1)], "usage": {1: [day(23, 0, 0), day(24, 0, None)]}, "invoices": []})
def test_any_account_is_stored_as_it_is(tmp_path_factory, account):
    archive = Archive(tmp_path_factory.mktemp("any"))
    with Provider() as provider, Client("key", base_url=provider.url, patience=Patience(base_s=0)) as client:
        provider.serve(**account)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert sync(client, archive).is_complete
            assert sync(client, archive).rows["usage"] == 0
    assert rows(archive.read("vms"), "vm_id", "vm_name", "package") == sorted(
        (each["id"], as_stored(each["name"]), as_stored(each["package"])) for each in account["vms"]
    )
    assert rows(archive.read("usage"), "vm_id", "date", "in_MB", "out_MB") == sorted(
        (vm_id, date, *traffic)
        for vm_id, days in account["usage"].items()
        for date, traffic in map(_day_and_traffic, days)
        if date <= pd.Timestamp(NOON.date()) or any(traffic)  # a day to come without traffic says nothing
    )
    assert rows(archive.read("invoices"), "invoice_id", "total_cost") == sorted(
        (each["id"], each["total_cost"]) for each in account["invoices"]
    )


def _day_and_traffic(served):
    return pd.Timestamp(served["date"]), [_float(served[name]) for name in ("in_MB", "out_MB")]


def _float(value):
    return None if value is None else float(value)


def usage(*values, status="final"):
    frame = pd.DataFrame(
        {"account": "main", "vm_id": 1, "date": pd.date_range("2026-11-01", periods=len(values)).as_unit("us")}
    )
    return frame.assign(
        in_MB=[float(value) for value in values],
        out_MB=0.0,
        seen_at=pd.Timestamp("2026-11-23", tz="UTC"),
        status=status,
    )


def test_restatements_are_final_days_that_now_say_something_else():
    nan = math.nan
    found = restatements(usage(1, 2, nan, nan, 5), usage(1, 3, nan, 4, nan))
    assert rows(found, "in_MB_before", "in_MB") == [(2, 3), (None, 4), (5, None)]
    assert restatements(usage(1, status="partial"), usage(2)).empty
