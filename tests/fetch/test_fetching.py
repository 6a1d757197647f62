import itertools
import warnings
from contextlib import nullcontext

import pandas as pd
import pytest
from scripted import says

import vmgen_analytics as va
from vmgen_analytics.errors import AuthenticationError, FetchInterrupted, ServerError, UnexpectedDataWarning, VMGone
from vmgen_analytics.fetch.vms import uptime_h
from vmgen_analytics.schema import TABLES

EACH = {"usage": va.fetch_usage, "networking": va.fetch_networking, "jobs": va.fetch_jobs}


def day(number, in_MB=1):
    return {"date": f"2026-11-{number:02d}", "in_MB": in_MB, "out_MB": 2}


def asks(vm_id, name="usage"):
    return f"GET /virtual-machines/{vm_id}/{name}"


@pytest.fixture
def fleet(provider):
    provider.serve(
        locations=[{"id": 1, "name": "Warsaw", "continent": "Europe"}, {"id": 2, "name": "Dallas", "continent": "NA"}],
        packages={number: [{"name": "S", "vcpus": 1, "ram_GB": 1, "disk_GB": number}] for number in (1, 2)},
        vms=[{"id": number} for number in (1, 2, 3, 4)],
        usage={number: [day(1, number)] for number in (1, 2, 3, 4)},
    )
    return provider


@pytest.mark.parametrize("name", EACH)
def test_nothing_asked_is_an_empty_typed_table(provider, client, name):
    found = EACH[name](client, [])
    pd.testing.assert_frame_equal(found, TABLES[name].frame())
    assert not provider.received


@pytest.mark.parametrize("name", EACH)
def test_nothing_answered_is_an_empty_typed_table(fleet, client, name):
    fleet.always[asks(1, name)] = []
    pd.testing.assert_frame_equal(EACH[name](client, [1]), TABLES[name].frame())


@pytest.mark.parametrize(
    ("fetch", "name"),
    [(va.fetch_vms, "vms"), (va.fetch_invoices, "invoices"), (va.fetch_locations, "locations"),
     (va.fetch_packages, "packages")],
)  # fmt: skip
def test_an_empty_account_has_empty_typed_tables(provider, client, fetch, name):
    provider.serve()
    pd.testing.assert_frame_equal(fetch(client), TABLES[name].frame())


def test_a_vm_asked_twice_is_asked_once(fleet, client):
    assert len(va.fetch_usage(client, iter([1, 1]))) == 1
    assert fleet.count(asks(1)) == 1


def test_vms_may_be_named_by_a_column(fleet, client):
    assert va.fetch_usage(client, pd.Series([3, 1]))["vm_id"].tolist() == [1, 3]


def test_what_came_is_not_lost_and_the_rest_is_fetched_later(fleet, client):
    whole = va.fetch_usage(client, [1, 2, 3, 4])
    fleet.queue(asks(2), *[says({}, 500)] * 4)
    fleet.queue(asks(4), *[says({}, 500)] * 4)
    with pytest.raises(FetchInterrupted, match=r"usage of VM 2: .*and 1 more.*\.partial.*\.resume") as caught:
        va.fetch_usage(client, [1, 2, 3, 4])
    interrupted = caught.value
    TABLES["usage"].check(interrupted.partial)
    assert interrupted.partial["vm_id"].tolist() == [1, 3]
    assert [(failure.vm_id, type(failure.error)) for failure in interrupted.failures] == [
        (2, ServerError),
        (4, ServerError),
    ]
    fleet.received.clear()
    resumed = interrupted.resume()
    assert sorted(received.path for received in fleet.received) == [
        "/virtual-machines/2/usage",
        "/virtual-machines/4/usage",
    ]
    TABLES["usage"].check(resumed)
    columns = ["vm_id", "date", "in_MB", "out_MB", "status"]
    pd.testing.assert_frame_equal(resumed[columns], whole[columns])


@pytest.mark.parametrize("name", EACH)
def test_resuming_in_steps_loses_nothing_on_the_way(fleet, client, name):
    addresses = [{"ip": "10.0.0.1"}]
    records = {"usage": [day(1)], "networking": addresses, "jobs": [{"event": "x", "started_at": "2026-11-01"}]}[name]
    for vm_id in (1, 2, 3, 4):
        fleet.always[asks(vm_id, name)] = records
        fleet.queue(asks(vm_id, name), *[says({}, 500)] * 4 * (vm_id - 1))
    with (
        pytest.raises(FetchInterrupted) as caught,
        pytest.warns(UnexpectedDataWarning) if name != "usage" else nullcontext(),
    ):
        EACH[name](client, [1, 2, 3, 4])
    for known in ([1, 2], [1, 2, 3]):
        with (
            pytest.raises(FetchInterrupted) as again,
            pytest.warns(UnexpectedDataWarning) if name != "usage" else nullcontext(),
        ):
            caught.value.resume()
        caught = again
        assert caught.value.partial["vm_id"].tolist() == known
        assert [failure.vm_id for failure in caught.value.failures] == [
            number for number in (1, 2, 3, 4) if number not in known
        ]
    with pytest.warns(UnexpectedDataWarning) if name != "usage" else nullcontext():
        whole = caught.value.resume()
    TABLES[name].check(whole)
    assert whole["vm_id"].tolist() == [1, 2, 3, 4]


def test_locations_that_did_not_answer_are_resumed_too(fleet, client):
    for number, faults in ((1, 4), (2, 8)):
        fleet.queue(f"GET /locations/{number}/packages/", *[says({}, 500)] * faults)
    with pytest.raises(FetchInterrupted, match="packages") as caught:
        va.fetch_packages(client)
    with pytest.raises(FetchInterrupted) as again:
        caught.value.resume()
    assert again.value.partial["location_id"].tolist() == [1]
    assert again.value.resume()["location_id"].tolist() == [1, 2]


def test_a_part_may_be_asked_for(fleet, client):
    del fleet.always[asks(2)]
    frame, failures = va.fetch_usage(client, [1, 2, 3], on_error="partial")
    assert frame["vm_id"].tolist() == [1, 3]
    assert [(failure.table, failure.vm_id, type(failure.error)) for failure in failures] == [("usage", 2, VMGone)]


def test_nothing_at_all_still_is_a_table(fleet, client):
    for vm_id in (1, 2):
        fleet.always[asks(vm_id)] = says({}, 404)
    frame, failures = va.fetch_usage(client, [1, 2], on_error="partial")
    pd.testing.assert_frame_equal(frame, TABLES["usage"].frame())
    assert len(failures) == 2


@pytest.mark.parametrize("on_error", ["raise", "partial"])
def test_a_refused_key_stops_at_once(fleet, connect, on_error):
    for vm_id in range(100):
        fleet.always[asks(vm_id)] = says({"message": "Unauthenticated."}, 401)
    with pytest.raises(AuthenticationError):
        va.fetch_usage(connect(fleet, max_workers=2), range(100), on_error=on_error)
    assert len(fleet.received) < 20


def test_a_value_that_cannot_be_read_is_a_warning_and_no_interruption(fleet, client):
    fleet.always[asks(1)] = [day(1, "much")]
    with pytest.warns(UnexpectedDataWarning, match="usage of VM 1: the value 'much' of in_MB cannot be read"):
        found = va.fetch_usage(client, [1, 2])
    assert found["in_MB"].isna().tolist() == [True, False]


def test_a_field_that_is_bad_everywhere_is_one_warning(fleet, client):
    for vm_id in (1, 2, 3):
        fleet.always[asks(vm_id)] = [day(1, "much"), {**day(2), "out_MB": "more"}, day(3)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = va.fetch_usage(client, [1, 2, 3, 4])
    assert [str(warning.message) for warning in caught] == [
        f"usage of VM 1: the value '{value}' of {field} cannot be read and is missing in the table; "
        "the same with 2 more VMs"
        for field, value in (("in_MB", "much"), ("out_MB", "more"))
    ]
    assert {warning.category for warning in caught} == {UnexpectedDataWarning}
    assert {warning.filename for warning in caught} == {__file__}
    assert found[["in_MB", "out_MB"]].isna().sum().tolist() == [3, 3]
    _, failures = va.fetch_usage(client, [1, 2, 3, 4], on_error="partial")
    assert [failure.vm_id for failure in failures] == [1, 2, 3, 1, 2, 3]


def test_the_newest_part_is_kept_with_the_client(fleet, client):
    assert client.last_partial is None
    del fleet.always[asks(2, "jobs")]
    fleet.always[asks(2)] = says({}, 403)
    for fetch in (va.fetch_usage, va.fetch_jobs):
        with pytest.raises(FetchInterrupted) as caught:
            fetch(client, [1, 2])
        assert client.last_partial is caught.value.partial
        fleet.always[asks(2, "jobs")] = says({}, 403)


def test_columns_do_not_depend_on_which_vms_answer(fleet, client):
    for vm_ids in itertools.combinations((1, 2, 3), 2):
        found = va.fetch_usage(client, vm_ids)
        assert found.dtypes.equals(TABLES["usage"].frame().dtypes)


@pytest.mark.parametrize(
    ("uptime", "hours"),
    [
        ("1 day 12:30:00", 36.5),
        ("12 days 03:04:30", 291.075),
        ("3d 4h", 76),
        ("2 hours, 30 minutes", 2.5),
        ("00:15", 0.25),
        ("1 week 1 day", 192),
        ("90 mins", 1.5),
        ("2 months", None),
        ("3 lightyears", None),
        ("string", None),
        ("", None),
        (None, None),
        (float("nan"), None),
        ("9" * 5000 + ":00", None),
        ("9" * 5000 + " days", None),
    ],
)
def test_an_uptime_is_read_rightly_or_not_at_all(uptime, hours):
    assert uptime_h(uptime) == (None if hours is None else pytest.approx(hours))
