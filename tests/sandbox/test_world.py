"""The simulated fleet: the same by seed, true to its own books, and forgetful as the provider is."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import requests

from vmgen_analytics.sandbox import Sandbox

EVERYTHING = ("usage", "networking", "jobs", "configuration", "status")


def everything(sandbox):
    """Every answer of the read operations, as bytes."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.key}"
        vms = session.get(f"{sandbox.url}/virtual-machines").json()
        paths = ["/account", "/invoices", "/locations", "/virtual-machines"]
        paths += [f"/virtual-machines/{vm['id']}/{part}" for vm in vms for part in EVERYTHING]
        return {path: session.get(sandbox.url + path).content for path in paths}


def test_the_same_seed_is_the_same_world_whatever_the_clock_did(sandbox):
    with Sandbox(vms=24, seed=7, today="2026-11-23", months=6, ticking=False) as twin:
        twin.set_clock("2026-07-04T23:50")
        everything(twin)
        twin.advance(days=900)
        twin.set_clock("2026-11-23")
        assert everything(twin) == everything(sandbox)
        assert twin.key == sandbox.key


def test_another_seed_is_another_world(sandbox):
    with Sandbox(vms=24, seed=8, today="2026-11-23", months=6, ticking=False) as other:
        assert everything(other)["/virtual-machines"] != everything(sandbox)["/virtual-machines"]
        assert other.key != sandbox.key


def test_a_fleet_has_what_real_ones_have(sandbox, api):
    vms = api.json("/virtual-machines")
    assert len(vms) == 24
    assert {vm["state"] for vm in vms} == {"UP", "DOWN"}
    assert len({vm["name"] for vm in vms}) == len({vm["ipv4"] for vm in vms}) == 24
    truth = sandbox.truth.vms
    assert any(vm.died for vm in truth)
    assert any(vm.idle for vm in truth)
    assert any(len(vm.packages) > 1 for vm in truth)
    assert min(vm.born for vm in truth) < date(2026, 5, 1) < max(vm.born for vm in truth)


def test_a_package_name_may_mean_two_sizes_and_some_are_sold_in_one_place(api):
    sold = {place["id"]: api.json(f"/locations/{place['id']}/packages/") for place in api.json("/locations")}
    sizes = {name: {tuple(p.values()) for ps in sold.values() for p in ps if p["name"] == name}
             for name in ("Nano", "Medium")}  # fmt: skip
    assert len(sizes["Nano"]) == 1
    assert len(sizes["Medium"]) == 2
    assert sum(any(p["name"] == "Storage" for p in ps) for ps in sold.values()) == 1
    assert len({place["continent"] for place in api.json("/locations")}) == 3


@pytest.mark.parametrize("size", [0, 1, 2, 60])
@pytest.mark.parametrize("months", [0, 1, 12])
def test_any_size_and_history(size, months):
    with Sandbox(vms=size, seed=3, today="2026-03-01", months=months) as sandbox:
        answer = requests.get(f"{sandbox.url}/virtual-machines", headers={"Authorization": f"Bearer {sandbox.key}"})
        assert len(answer.json()) == size


def test_gateways_tell_the_location(sandbox, api):
    places = {}
    for vm in sandbox.truth.vms:
        if vm.died is None:
            row = api.json(f"/virtual-machines/{vm.vm_id}/networking")[0]
            places.setdefault(row["gateway"], set()).add(vm.location)
    assert all(len(found) == 1 for found in places.values())
    assert len(places) > 2


@pytest.mark.parametrize("month", ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10"])
def test_the_bill_of_a_month_is_its_invoice_to_the_cent(sandbox, api, month):
    days = {"2026-06": 30, "2026-09": 30}.get(month, 31)
    sandbox.set_clock(f"{month}-{days}T23:59")
    invoice, *credits = api.json("/invoices")
    assert invoice["date"] == f"{month}-01"
    assert invoice["status"] == "created"
    bill = sandbox.bill(month)
    assert Decimal(str(invoice["total_cost"])) == sum(line["cost"] for line in bill).quantize(Decimal("0.01"))
    assert all(credit["status"] == "credit" and credit["total_cost"] < 0 for credit in credits)


def test_the_bill_counts_every_day_with_the_package_of_that_day(sandbox):
    sandbox.set_clock("2026-10-31")
    prices = {(price["location"], price["package"]): price["monthly_price"] for price in sandbox.prices}
    owed = Decimal()
    for vm in sandbox.truth.vms:
        for day in (date(2026, 10, 1) + timedelta(n) for n in range(31)):
            if vm.born <= day and (vm.died is None or day <= vm.died):
                package = [name for since, name in vm.packages if since <= day][-1]
                owed += prices[vm.location, package] / 31
    billed = sum(line["cost"] for line in sandbox.bill("2026-10"))
    assert abs(owed - billed) < Decimal("1e-20")


def test_an_invoice_grows_within_its_month_and_ids_are_never_used_twice(sandbox, api):
    ids, totals = set(), []
    for day in range(0, 60, 5):
        sandbox.set_clock(date(2026, 9, 1) + timedelta(day))
        invoice = api.json("/invoices")[0]
        ids.add((invoice["id"], invoice["date"]))
        totals.append(invoice["total_cost"])
    assert len(ids) == len({invoice_id for invoice_id, _ in ids}) == 2
    assert totals[:6] == sorted(totals[:6])
    assert totals[6] < totals[5]


def test_some_months_have_a_credit_note_which_does_not_change(sandbox, api):
    notes = {}
    for day in range(173):
        sandbox.set_clock(date(2026, 6, 1) + timedelta(day))
        for invoice in api.json("/invoices"):
            if invoice["status"] == "credit":
                notes.setdefault(invoice["id"], set()).add((invoice["date"], invoice["total_cost"]))
    assert 0 < len(notes) < 6
    assert all(len(seen) == 1 for seen in notes.values())


def test_usage_of_a_closed_day_is_the_truth(sandbox, api):
    sandbox.set_clock("2026-10-31T23:59:59")
    for vm in api.json("/virtual-machines"):
        rows = api.json(f"/virtual-machines/{vm['id']}/usage")
        for row in rows[:-1]:
            assert (row["in_MB"], row["out_MB"]) == sandbox.truth.traffic(vm["id"], date.fromisoformat(row["date"]))


def test_usage_begins_at_birth_and_ends_today(sandbox, api):
    newest = max((vm for vm in sandbox.truth.vms if vm.died is None), key=lambda vm: vm.born)
    sandbox.set_clock(newest.born + timedelta(days=1))
    rows = api.json(f"/virtual-machines/{newest.vm_id}/usage")
    assert [row["date"] for row in rows] == [str(newest.born), str(newest.born + timedelta(days=1))]


def test_today_counts_its_elapsed_share_in_steps_of_five_minutes(sandbox, api):
    path = f"/virtual-machines/{next(vm.vm_id for vm in sandbox.truth.vms if not vm.died and not vm.idle)}/usage"

    def today(time):
        sandbox.set_clock(f"2026-09-01T{time}")
        (row,) = api.json(path)
        return row["out_MB"]

    noon, evening, whole = today("12:00"), today("18:00"), today("23:59:59")
    assert today("00:04") == 0
    assert abs(evening - 1.5 * noon) <= 2
    assert abs(whole - 2 * noon * 1435 / 1440) <= 2
    assert today("12:04:59") == noon < today("12:05")


def test_a_month_turns_and_the_last_one_is_gone(sandbox, api, vm_id):
    sandbox.set_clock("2026-10-31T23:59:59")
    assert len(api.json(f"/virtual-machines/{vm_id}/usage")) == 31
    sandbox.advance(seconds=1)
    assert [row["date"] for row in api.json(f"/virtual-machines/{vm_id}/usage")] == ["2026-11-01"]
    assert {invoice["date"] for invoice in api.json("/invoices")} == {"2026-11-01"}


def test_the_provider_may_live_in_another_time_zone():
    with Sandbox(vms=1, seed=1, today="2026-11-01T02:00", time_zone="America/New_York") as sandbox:
        answer = requests.get(f"{sandbox.url}/invoices", headers={"Authorization": f"Bearer {sandbox.key}"})
        assert answer.json()[0]["date"] == "2026-10-01"


def test_a_deleted_vm_is_gone_with_its_data(sandbox, api):
    dead = next(vm for vm in sandbox.truth.vms if vm.died)
    for part in EVERYTHING:
        assert api("GET", f"/virtual-machines/{dead.vm_id}/{part}").status_code == 404
    sandbox.set_clock(dead.died - timedelta(days=1))
    assert api("GET", f"/virtual-machines/{dead.vm_id}/usage").status_code == 200


def test_a_vm_that_is_off_has_no_uptime_and_no_traffic(api):
    vm = next(vm for vm in api.json("/virtual-machines") if vm["state"] == "DOWN")
    assert vm["uptime"] in ("", "0")
    last = api.json(f"/virtual-machines/{vm['id']}/usage")[-1]
    assert (last["in_MB"], last["out_MB"]) == (0, 0)


def test_the_clock_runs_and_can_stand_still():
    with (
        Sandbox(vms=0, today="2026-11-23T10:00") as running,
        Sandbox(vms=0, today="2026-11-23T10:00", ticking=False) as still,
    ):
        first = running.now
        assert still.now == still.now
        assert running.now > first
        assert first.tzinfo is not None
        still.advance(hours=6)
        assert still.now.hour == 16
