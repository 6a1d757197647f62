"""Several accounts behind one address: the key decides which of them is meant."""

import time

import pytest
import requests

from vmgen_analytics.sandbox import Sandbox


@pytest.fixture
def sandbox():
    with Sandbox(vms=3, accounts=2, seed=7, today="2026-11-23", ticking=False, job_seconds=0.1) as running:
        yield running


def asked(sandbox, key, path, method="GET", **options):
    return requests.request(
        method, sandbox.url + path, headers={"Authorization": f"Bearer {key}"}, timeout=5, **options
    )


def ids(sandbox, key):
    return [vm["id"] for vm in asked(sandbox, key, "/virtual-machines").json()]


def test_each_key_leads_to_a_fleet_of_its_own(sandbox):
    one, two = sandbox.keys
    assert (one, sandbox.truth) == (sandbox.key, sandbox.accounts[0].truth)
    for account in sandbox.accounts:
        living = [vm.vm_id for vm in account.truth.vms if vm.died is None]
        assert ids(sandbox, account.key) == living
    assert not set(ids(sandbox, one)) & set(ids(sandbox, two))
    for path in ("/account", "/invoices"):
        assert asked(sandbox, one, path).json() != asked(sandbox, two, path).json()
    assert [received.account for received in sandbox.requests] == [1, 2, 1, 2, 1, 2, 1, 2]


def test_the_first_account_is_the_same_with_and_without_others(sandbox):
    with Sandbox(vms=3, seed=7, today="2026-11-23", ticking=False) as alone:
        assert alone.key == sandbox.key
        found = asked(alone, alone.key, "/virtual-machines").json()
        assert found == asked(sandbox, sandbox.key, "/virtual-machines").json()
        assert alone.bill("2026-11") == sandbox.bill("2026-11") != sandbox.accounts[1].bill("2026-11")


@pytest.mark.parametrize("path", ["/virtual-machines", "/sandbox/clock"])
def test_a_key_of_no_account_is_refused(sandbox, path):
    assert asked(sandbox, "sandbox-key-of-nobody", path).status_code == 401
    assert [asked(sandbox, key, path).status_code for key in sandbox.keys] == [200, 200]


def test_what_is_another_s_is_not_there(sandbox):
    one, two = sandbox.keys
    (vm_id, *_) = ids(sandbox, two)
    order = {"json": {"command": "reboot"}}
    assert asked(sandbox, one, f"/virtual-machines/{vm_id}/usage").status_code == 404
    assert asked(sandbox, one, f"/virtual-machines/{vm_id}/command", "POST", **order).status_code == 404
    job = asked(sandbox, two, f"/virtual-machines/{vm_id}/command", "POST", **order).json()
    path = f"/virtual-machines/{vm_id}/jobs/{job['job_id']}"
    assert [asked(sandbox, key, path, "POST").status_code for key in (one, two)] == [404, 200]
    asked(sandbox, two, "/tickets/", "POST", json={"topic": "x", "text": "y", "reply_to_email": "me@example.net"})
    assert [len(account.tickets) for account in sandbox.accounts] == [0, 1]
    assert len(sandbox.tickets) == 1


def test_the_clock_is_one_for_all(sandbox):
    assert asked(sandbox, sandbox.keys[1], "/sandbox/clock", "PUT", json={"now": "2026-12-01"}).status_code == 200
    for key in sandbox.keys:
        days = asked(sandbox, key, f"/virtual-machines/{ids(sandbox, key)[0]}/usage").json()
        assert [day["date"][:10] for day in days] == ["2026-12-01"]


def test_a_fault_may_be_one_account_s(sandbox):
    one, two = sandbox.keys
    sandbox.fault("status", account=2, code=418)
    assert [asked(sandbox, key, "/account").status_code for key in (one, two)] == [200, 418]
    sandbox.clear_faults()
    fault = {"kind": "status", "account": 1, "times": 1, "details": {"code": 418}}
    assert asked(sandbox, one, "/sandbox/faults", "POST", json=fault).status_code == 200
    assert [asked(sandbox, key, "/account").status_code for key in (two, one, one)] == [200, 418, 200]
    with pytest.raises(ValueError, match="no account 3; there are 1, 2"):
        sandbox.fault("status", account=3, code=418)


def test_a_job_fault_may_be_one_account_s(sandbox):
    sandbox.fault("job", operation="command", account=2, status="failed")
    started = {}
    for key in sandbox.keys:
        (vm_id, *_) = ids(sandbox, key)
        started[key] = vm_id
        asked(sandbox, key, f"/virtual-machines/{vm_id}/command", "POST", json={"command": "reboot"})
    time.sleep(0.2)
    newest = [asked(sandbox, key, f"/virtual-machines/{vm_id}/jobs").json()[0] for key, vm_id in started.items()]
    assert [job["status"] for job in newest] == ["success", "failed"]


def test_the_rate_is_each_account_s_own():
    with Sandbox(vms=1, accounts=2, requests_per_second=5) as sandbox:
        one, two = sandbox.keys
        answers = [asked(sandbox, one, "/account").status_code for _ in range(12)]
        assert answers[:5] == [200] * 5
        assert answers[-1] == 429
        assert asked(sandbox, two, "/account").status_code == 200


def test_a_key_may_be_chosen_and_there_is_at_least_one_account():
    assert Sandbox(vms=1, accounts=2, key="mine").keys[0] == "mine"
    with pytest.raises(ValueError, match="at least one"):
        Sandbox(accounts=0)
