"""Deploying and deleting, with the provider's validation; user data scripts."""

import time

import pytest
from waiting import wait_until

GOOD = {"location_id": 2, "package": "Storage", "os_image_id": 11, "root_password": "not-a-secret-here"}
OWN_SIZE = {"location_id": 1, "cpu_cores": 3, "ram_GB": 6, "storage_GB": 90, "marketplace_id": 2, "ssh_keys_ids": [3]}


def listed(api):
    return {vm["id"]: vm for vm in api.json("/virtual-machines")}


@pytest.mark.parametrize(("order", "package"), [(GOOD, "Storage"), (OWN_SIZE, "Custom")])
def test_a_deployed_vm_appears_after_its_job_and_a_deleted_one_vanishes(api, sandbox, order, package):
    answer = api("POST", "/virtual-machines/", order | {"name": "shop-01"})
    assert answer.status_code == 200
    assert set(answer.json()) == {"id", "started_at", "last_updated_at", "event", "status"}
    vm_id = answer.json()["id"]
    assert api.json(f"/virtual-machines/{vm_id}/status")["event"] == "deploy"
    assert vm_id not in listed(api)

    wait_until(lambda: vm_id in listed(api))
    vm = listed(api)[vm_id]
    assert (vm["name"], vm["package"], vm["state"]) == ("shop-01", package, "UP")
    assert vm["ipv4"] not in {other["ipv4"] for other in listed(api).values() if other["id"] != vm_id}
    assert next(line for line in sandbox.bill("2026-11") if line["vm_id"] == vm_id)["days"] == 1

    assert api("DELETE", f"/virtual-machines/{vm_id}").status_code == 200
    wait_until(lambda: vm_id not in listed(api))
    assert api("GET", f"/virtual-machines/{vm_id}/usage").status_code == 404
    assert next(line for line in sandbox.bill("2026-11") if line["vm_id"] == vm_id)["days"] == 1


def test_two_at_once_get_different_ids_and_addresses(api):
    first, second = (api("POST", "/virtual-machines/", GOOD).json()["id"] for _ in range(2))
    assert first != second
    wait_until(lambda: {first, second} <= set(listed(api)))
    assert listed(api)[first]["ipv4"] != listed(api)[second]["ipv4"]


def test_a_failed_deployment_leaves_nothing(api, sandbox):
    sandbox.fault("job", operation="deploy")
    vm_id = api("POST", "/virtual-machines/", GOOD).json()["id"]
    time.sleep(0.2)
    assert vm_id not in listed(api)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"location_id": None}, "location_id"),
        ({"location_id": 77}, "location_id"),
        ({"package": "Memory"}, "package"),
        ({"package": None}, "cpu_cores"),
        ({"package": None, "cpu_cores": 0}, "cpu_cores"),
        ({"os_image_id": None}, "os_image_id"),
        ({"os_image_id": 1}, "os_image_id"),
        ({"os_image_id": None, "marketplace_id": 99}, "marketplace_id"),
        ({"root_password": None}, "root_password"),
        ({"ssh_keys_ids": [1]}, "ssh_keys_ids"),
    ],
)
def test_what_is_missing_or_wrong_is_named(api, change, field):
    before = set(listed(api))
    answer = api("POST", "/virtual-machines/", GOOD | change)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]
    assert set(listed(api)) == before


def test_a_script_that_is_no_base64_is_refused(api):
    script = {"description": "x", "script_content": "no!", "base64": True, "type": "user_data"}
    assert "script_content" in api("POST", "/user-data-scripts", script).json()["errors"]
