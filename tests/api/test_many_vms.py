"""A fleet at once: storms of refusals, outages, several threads; counted by what the provider received."""

import collections
import threading
import time

import pandas as pd
import pytest
from scripted import KEY, page, says

import vmgen_analytics as va
from vmgen_analytics.api.retries import Breaker, Patience
from vmgen_analytics.errors import (
    ConnectionLost,
    FetchInterrupted,
    NotFound,
    NotJSON,
    PermissionDenied,
    ProviderDown,
    RateLimited,
    ServerError,
    SkippedVMWarning,
    UnexpectedDataError,
    UnexpectedShape,
    VMGone,
)
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.schema import TABLES

OUTAGES = {
    "503": ("status", {"code": 503}),
    "503 with a wait": ("status", {"code": 503, "retry_after": 1}),
    "429 for an hour": ("status", {"code": 429, "retry_after": 3600}),
    "resets": ("reset", {}),
    "a maintenance page": ("html", {}),
}


@pytest.fixture(scope="module")
def big():
    with Sandbox(vms=500, months=1, ticking=False) as sandbox:
        yield sandbox


@pytest.fixture
def fleet(big):
    yield big
    big.clear_faults()


@pytest.fixture
def dial(request):
    """Make clients as users have them, with all their patience."""
    opened = []

    def client(sandbox, **settings):
        opened.append(va.Client(sandbox.key, base_url=sandbox.url, **settings))
        return opened[-1]

    yield client
    for each in opened:
        each.close()


def ids_of(client):
    return [vm["id"] for vm in client.vms()]


# Too many requests.


def weather(vms, rate, workers, retry_after):
    """Fetch the usage of VMs from a provider that bears so many requests a second; count what it refused."""
    with (
        Sandbox(vms=vms, months=1, ticking=False, requests_per_second=rate, retry_after=retry_after) as sandbox,
        va.Client(sandbox.key, base_url=sandbox.url, max_workers=workers) as client,
    ):
        vm_ids = ids_of(client)
        sandbox.forget()
        began = time.monotonic()
        found = va.fetch_usage(client, vm_ids)
        elapsed_s = time.monotonic() - began
        assert found["vm_id"].nunique() == vms
        statuses = collections.Counter(received.status for received in sandbox.requests)
    assert statuses[200] == vms
    assert set(statuses) <= {200, 429}
    return statuses[429], elapsed_s


@pytest.mark.parametrize(("workers", "retry_after"), [(8, 1), (16, None)])
def test_a_storm_of_refusals(workers, retry_after):
    refused, elapsed_s = weather(120, 60, workers, retry_after)
    assert refused < 30
    assert elapsed_s < 6


@pytest.mark.endurance
@pytest.mark.parametrize("workers", [8, 16, 32])
@pytest.mark.parametrize("retry_after", [1, None])
def test_a_storm_of_refusals_over_500_vms(workers, retry_after):
    refused, elapsed_s = weather(500, 50, workers, retry_after)
    assert refused < 60
    assert elapsed_s < 15  # 9 s is the best there is: a second's worth at once, then 50 a second


def test_a_wait_of_an_hour_keeps_what_came(fleet, dial):
    client = dial(fleet)
    vm_ids = ids_of(client)
    fleet.fault("slow", operation="usage", times=30, seconds=0)
    fleet.fault("status", operation="usage", code=429, retry_after=3600)
    fleet.forget()
    began = time.monotonic()
    with pytest.raises(FetchInterrupted) as caught:
        va.fetch_usage(client, vm_ids)
    assert time.monotonic() - began < 3
    TABLES["usage"].check(caught.value.partial)
    assert caught.value.partial["vm_id"].nunique() == 30
    assert {type(failure.error) for failure in caught.value.failures} == {RateLimited}
    assert min(failure.error.retry_after_s for failure in caught.value.failures) > 3500
    assert len(fleet.requests) <= 30 + 8

    fleet.clear_faults()
    fleet.forget()
    with pytest.raises(FetchInterrupted, match="not sent"):
        caught.value.resume()
    assert not fleet.requests


# Outages.


@pytest.mark.parametrize("workers", [8, 32])
@pytest.mark.parametrize(("kind", "details"), OUTAGES.values(), ids=OUTAGES)
def test_an_outage_ends_a_fetch_of_500_vms_within_seconds(fleet, dial, kind, details, workers):
    client = dial(fleet, max_workers=workers)
    vm_ids = ids_of(client)
    fleet.fault(kind, **details)
    fleet.forget()
    began = time.monotonic()
    with pytest.raises(FetchInterrupted) as caught:
        va.fetch_usage(client, vm_ids)
    assert time.monotonic() - began < 5
    assert len(fleet.requests) < 100
    assert len(caught.value.failures) == 500
    assert caught.value.partial.empty


@pytest.mark.parametrize(("kind", "details"), OUTAGES.values(), ids=OUTAGES)
def test_a_sync_that_begins_in_an_outage_ends_within_seconds(fleet, dial, tmp_path, kind, details):
    fleet.fault(kind, **details)
    fleet.forget()
    archive = va.Archive(tmp_path)
    began = time.monotonic()
    with pytest.raises((ConnectionLost, ServerError, RateLimited, NotJSON), match="GET /account"):
        va.sync(dial(fleet), archive)
    assert time.monotonic() - began < 5
    assert len(fleet.requests) < 100
    assert archive.tables() == []


def test_an_outage_in_the_middle_of_a_sync_ends_it_within_seconds(fleet, dial, tmp_path):
    for operation in ("usage", "networking", "jobs"):
        fleet.fault("status", operation=operation, code=502)
    fleet.forget()
    archive = va.Archive(tmp_path)
    began = time.monotonic()
    report = va.sync(dial(fleet), archive)
    assert time.monotonic() - began < 5
    assert len(fleet.requests) < 100
    assert len(report.failures) == 1500
    assert len(archive.read("vms")) == 500


def test_when_the_outage_is_over_the_rest_is_fetched(fleet, dial, monkeypatch):
    monkeypatch.setattr(Breaker, "REST_S", 0.3)
    client = dial(fleet)
    vm_ids = ids_of(client)
    fleet.fault("status", code=503)
    with pytest.raises(FetchInterrupted) as caught:
        va.fetch_usage(client, vm_ids)
    assert isinstance(caught.value.failures[-1].error, ProviderDown)
    fleet.clear_faults()
    time.sleep(0.4)
    assert caught.value.resume()["vm_id"].nunique() == 500


def test_one_operation_that_is_down_takes_no_other_with_it(fleet, dial, tmp_path):
    fleet.fault("status", operation="networking", code=500)
    archive = va.Archive(tmp_path)
    report = va.sync(dial(fleet), archive)
    assert {failure.table for failure in report.failures} == {"networking"}
    assert archive.read("usage")["vm_id"].nunique() == 500


def test_a_command_in_an_outage_is_not_sent(fleet, dial):
    client = dial(fleet)
    vm_ids = ids_of(client)
    fleet.fault("status", code=503)
    with pytest.raises(FetchInterrupted):
        va.fetch_usage(client, vm_ids)
    fleet.forget()
    with pytest.raises(ServerError):
        client.command(vm_ids[0], "reboot")  # one of each operation looks whether that works
    with pytest.raises(ProviderDown, match="not sent") as caught:
        client.command(vm_ids[0], "reboot")
    assert caught.value.sent == "no"
    assert [received.operation for received in fleet.requests] == ["command"]


# One VM of many.


def asks(vm_id, name="usage"):
    return f"GET /virtual-machines/{vm_id}/{name}"


DAY = {"date": "2026-11-01", "in_MB": 1, "out_MB": 2}


def vm(number):
    return {"id": number} | dict.fromkeys(("name", "fqdn", "state", "uptime", "ipv4", "ipv6", "package"), "x")


@pytest.fixture
def few(provider):
    provider.serve(
        vms=[vm(number) for number in range(1, 6)],
        usage={number: [DAY] for number in range(1, 6)},
    )
    return provider


@pytest.mark.parametrize("status", [404, 410])
def test_a_vm_that_is_gone_is_named_and_left_out(few, client, status):
    few.always[asks(2)] = says({"message": "Not here."}, status)
    with pytest.warns(
        SkippedVMWarning, match=r"usage of VM 2: it is gone since the VMs were listed.*it said: Not here\)"
    ):
        found = va.fetch_usage(client, range(1, 6))
    assert found["vm_id"].tolist() == [1, 3, 4, 5]
    assert few.count(asks(2)) == 1
    frame, (failure,) = va.fetch_usage(client, range(1, 6), on_error="partial")
    assert len(frame) == 4
    assert isinstance(failure.error, VMGone)
    assert (failure.error.status, failure.error.operation) == (status, "usage")


def test_vms_that_are_all_not_found_are_no_empty_table(few, client):
    for vm_id in range(1, 6):
        del few.always[asks(vm_id)]
    with pytest.raises(FetchInterrupted) as caught:
        va.fetch_usage(client, range(1, 6))
    assert {type(failure.error) for failure in caught.value.failures} == {NotFound}


def test_a_vm_that_the_key_does_not_allow_is_that_vm_only(few, client):
    few.always[asks(2)] = says({}, 403)
    with pytest.raises(FetchInterrupted) as caught:
        va.fetch_usage(client, range(1, 6))
    assert [(failure.vm_id, type(failure.error)) for failure in caught.value.failures] == [(2, PermissionDenied)]
    assert caught.value.partial["vm_id"].tolist() == [1, 3, 4, 5]
    assert few.count(asks(2)) == 1


@pytest.mark.parametrize(("status", "kind"), [(403, PermissionDenied), (404, NotFound), (500, ServerError)])
def test_without_the_list_no_vm_is_asked_and_nothing_of_the_archive_changes(few, client, tmp_path, status, kind):
    archive = va.Archive(tmp_path)
    assert va.sync(client, archive).is_complete
    before = {table: archive.history(table) for table in ("vms", "usage")}
    few.received.clear()
    few.always["GET /virtual-machines"] = says({"message": "No."}, status)
    report = va.sync(client, archive)
    assert [(failure.table, type(failure.error)) for failure in report.failures] == [("vms", kind)]
    assert few.count("GET /virtual-machines") == (4 if status == 500 else 1)
    assert not [received.path for received in few.received if received.path.startswith("/virtual-machines/")]
    for table, was in before.items():
        pd.testing.assert_frame_equal(archive.history(table), was)


def test_a_vm_whose_answer_fails_is_asked_once_more_when_the_others_have_come(few, client):
    few.queue(asks(2), *[says({}, 500)] * 5)
    assert va.fetch_usage(client, range(1, 6))["vm_id"].tolist() == [1, 2, 3, 4, 5]
    assert few.count(asks(2)) == 6


def test_in_the_second_pass_an_outage_does_not_hide_why_a_vm_failed(provider, connect):
    vm_ids = range(1, 90)
    provider.serve(vms=[vm(number) for number in vm_ids], usage={number: [DAY] for number in vm_ids})
    for number in range(1, 41):
        provider.always[asks(number)] = page("<title>Oops</title>")
    client = connect(provider, patience=Patience(tries=1))
    with pytest.raises(FetchInterrupted) as caught:
        va.fetch_usage(client, reversed(vm_ids))
    assert {type(failure.error) for failure in caught.value.failures} <= {NotJSON, ProviderDown}
    assert sum(isinstance(failure.error, NotJSON) for failure in caught.value.failures) >= 25


@pytest.mark.filterwarnings("ignore:.*no field 'date':vmgen_analytics.errors.UnexpectedDataWarning")
@pytest.mark.parametrize(
    "records",
    [
        [{**DAY, "in_MB": "much"}, {**DAY, "date": "2026-11-02", "in_MB": []}],
        [{**DAY, "date": 7}],
        [{"day": "2026-11-01", "in_MB": 1, "out_MB": 2}],
    ],
    ids=["most numbers", "no readable key", "no key"],
)
def test_a_vm_whose_answer_cannot_be_read_is_no_vm_without_days(few, client, records):
    few.always[asks(2)] = records
    with pytest.raises(FetchInterrupted, match=r"usage of VM 2: .*nothing of this answer is taken") as caught:
        va.fetch_usage(client, range(1, 6))
    assert [(failure.vm_id, type(failure.error)) for failure in caught.value.failures] == [(2, UnexpectedShape)]
    assert caught.value.partial["vm_id"].tolist() == [1, 3, 4, 5]
    few.always[asks(2)] = [DAY]
    assert caught.value.resume()["vm_id"].tolist() == [1, 2, 3, 4, 5]


def test_an_inventory_without_numbers_of_vms_is_not_taken(few, client, tmp_path):
    archive = va.Archive(tmp_path)
    assert va.sync(client, archive).is_complete
    before = archive.read("vms")
    few.always["GET /virtual-machines"] = [{"vm": number} | vm(number) for number in range(1, 6)]
    for record in few.always["GET /virtual-machines"]:
        del record["id"]
    with pytest.warns(match="have no field 'id'"):
        report = va.sync(client, archive)
    assert [(failure.table, type(failure.error)) for failure in report.failures] == [("vms", UnexpectedShape)]
    assert "its fields: 'vm', 'name', 'fqdn'" in str(report.failures[0])
    assert len(archive.read("vms")) == len(before) == 5


def test_text_in_another_shape_costs_that_column_only(few, client):
    few.always["GET /virtual-machines"] = [vm(number) | {"ipv4": ["10.0.0.1"]} for number in (1, 2)]
    with pytest.warns(match="ipv4"):
        found = va.fetch_vms(client)
    assert found["vm_id"].tolist() == [1, 2]
    assert found["ipv4"].isna().all()


def test_half_of_the_numbers_is_enough_to_take_the_rest(few, client):
    few.always[asks(2)] = [{**DAY, "in_MB": "much"}, {**DAY, "date": "2026-11-02"}]
    frame, (failure,) = va.fetch_usage(client, range(1, 6), on_error="partial")
    assert len(frame) == 6
    assert isinstance(failure.error, UnexpectedDataError)


def test_what_one_sync_could_not_have_the_next_one_fetches(few, client, tmp_path):
    archive = va.Archive(tmp_path)
    few.queue(asks(2), *[page("<title>Oops</title>")] * 8)
    report = va.sync(client, archive)
    assert [(failure.table, failure.vm_id) for failure in report.failures] == [("usage", 2)]
    assert archive.read("usage")["vm_id"].tolist() == [1, 3, 4, 5]
    assert va.sync(client, archive).is_complete
    assert archive.read("usage")["vm_id"].tolist() == [1, 2, 3, 4, 5]


# Several threads.


def test_threads_share_a_client_and_its_connections(provider, connect):
    vm_ids = range(1, 31)
    provider.serve(vms=[vm(number) for number in vm_ids], usage={number: [DAY] for number in vm_ids})
    client = connect(provider, max_workers=4)
    found = {}

    def fetch(name, fetcher):
        found[name] = fetcher(client, vm_ids)

    fetchers = {"usage": va.fetch_usage, "jobs": va.fetch_jobs, "networking": va.fetch_networking}
    threads = [threading.Thread(target=fetch, args=item) for item in fetchers.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == set(fetchers)
    assert found["usage"]["vm_id"].tolist() == list(vm_ids)
    assert len(provider.received) == client.requests_sent == 90
    assert len({received.port for received in provider.received}) <= 4


def test_two_accounts_keep_their_keys_apart(provider, connect):
    provider.always["GET /virtual-machines"] = []
    clients = [connect(provider, key=f"{KEY}-{number}") for number in range(3)]
    threads = [threading.Thread(target=client.vms) for client in clients for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = collections.Counter(received.headers["Authorization"] for received in provider.received)
    assert sent == {f"Bearer {KEY}-{number}": 5 for number in range(3)}
