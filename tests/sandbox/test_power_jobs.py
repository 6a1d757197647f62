"""Power commands: accepted at once, done after a while, and visible in state, jobs and usage."""

import time

import pytest
import requests
from waiting import wait_until

from vmgen_analytics.sandbox import Sandbox


def state(api, vm_id):
    return api.json(f"/virtual-machines/{vm_id}/configuration")["state"]


def finished(api, vm_id, answer):
    """Wait for a job, and return the statuses it had."""
    seen = []
    path = f"/virtual-machines/{vm_id}/jobs/{answer.json()['job_id']}"

    def has_ended():
        status = api("POST", path).json()["job_status"]
        if status not in seen:
            seen.append(status)
        return status not in ("pending", "running")

    wait_until(has_ended)
    return seen


def test_the_life_of_a_power_off(api, sandbox, vm_id):
    answer = api("POST", f"/virtual-machines/{vm_id}/command", {"command": "power_off"})
    assert answer.json()["job_status"] == "pending"
    assert answer.json()["started_at"] == "2026-11-23T12:00:00.000000Z"
    assert state(api, vm_id) == "UP"
    assert api.json(f"/virtual-machines/{vm_id}/status")["event"] == "power_off"
    assert finished(api, vm_id, answer) == ["pending", "running", "success"]
    assert state(api, vm_id) == "DOWN"
    newest = api.json(f"/virtual-machines/{vm_id}/jobs")[0]
    assert (newest["event"], newest["status"]) == ("power_off", "success")

    stopped_at = api.json(f"/virtual-machines/{vm_id}/usage")[-1]
    sandbox.set_clock("2026-11-24T12:00")
    *_, that_day, next_day = api.json(f"/virtual-machines/{vm_id}/usage")
    assert that_day == stopped_at
    assert (next_day["in_MB"], next_day["out_MB"]) == (0, 0)

    finished(api, vm_id, api("POST", f"/virtual-machines/{vm_id}/command", {"command": "power on"}))
    assert state(api, vm_id) == "UP"
    sandbox.advance(hours=2)
    assert api.json(f"/virtual-machines/{vm_id}/configuration")["uptime"] == "02:00:00"


def test_a_reboot_starts_the_uptime_again(api, sandbox, vm_id):
    finished(api, vm_id, api("POST", f"/virtual-machines/{vm_id}/command", {"command": "reboot"}))
    sandbox.advance(days=1, hours=3, minutes=4, seconds=5)
    assert api.json(f"/virtual-machines/{vm_id}/configuration")["uptime"] == "1 day 03:04:05"


def test_a_command_leaves_no_trace_before_it_was_given(api, sandbox, vm_id):
    finished(api, vm_id, api("POST", f"/virtual-machines/{vm_id}/command", {"command": "power_off"}))
    sandbox.set_clock("2026-11-22")
    assert state(api, vm_id) == "UP"


@pytest.mark.parametrize("body", [{"command": "dance"}, {}, {"command": None}, [], None])
def test_an_unknown_command_is_refused_by_name(api, vm_id, body):
    answer = api("POST", f"/virtual-machines/{vm_id}/command", body)
    assert answer.status_code == 422
    assert set(answer.json()) == {"message", "errors"}


@pytest.mark.parametrize(
    ("accepted", "statuses"), [("both", (200, 200)), ("power_on", (200, 422)), ("power on", (422, 200))]
)
def test_one_spelling_may_be_refused(accepted, statuses):
    with Sandbox(vms=1, seed=1, command_spelling=accepted) as sandbox, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.key}"
        vm_id = session.get(f"{sandbox.url}/virtual-machines").json()[0]["id"]
        url = f"{sandbox.url}/virtual-machines/{vm_id}/command"
        sent = [session.post(url, json={"command": command}) for command in ("power_on", "power on")]
        assert tuple(answer.status_code for answer in sent) == statuses
        assert session.post(url, json={"command": "reboot"}).status_code == 200


@pytest.mark.parametrize(
    ("offered", "statuses"),
    [
        (("post",), (200, 405, 404)),
        (("get",), (405, 200, 404)),
        (("short",), (404, 404, 200)),
        ((), (404, 404, 404)),
    ],
)
def test_where_a_job_can_be_asked_for(offered, statuses):
    with Sandbox(vms=1, seed=1, job_lookup=offered) as sandbox, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.key}"
        vm_id = session.get(f"{sandbox.url}/virtual-machines").json()[0]["id"]
        command = f"{sandbox.url}/virtual-machines/{vm_id}/command"
        job_id = session.post(command, json={"command": "reboot"}).json()["job_id"]
        path = f"{sandbox.url}/virtual-machines/{vm_id}/jobs/{job_id}"
        answers = [session.post(path), session.get(path), session.get(f"{sandbox.url}/jobs/{job_id}")]
        assert tuple(answer.status_code for answer in answers) == statuses


def test_the_job_id_may_be_left_out():
    with Sandbox(vms=1, seed=1, command_job_id=False) as sandbox, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.key}"
        vm_id = session.get(f"{sandbox.url}/virtual-machines").json()[0]["id"]
        answer = session.post(f"{sandbox.url}/virtual-machines/{vm_id}/command", json={"command": "reboot"})
        assert set(answer.json()) == {"job_status", "started_at"}


def test_a_job_may_fail_and_then_changes_nothing(api, sandbox, vm_id):
    sandbox.fault("job", operation="command", status="failed", times=1)
    answer = api("POST", f"/virtual-machines/{vm_id}/command", {"command": "power_off"})
    assert finished(api, vm_id, answer)[-1] == "failed"
    assert state(api, vm_id) == "UP"
    assert api.json(f"/virtual-machines/{vm_id}/jobs")[0]["status"] == "failed"


def test_a_job_may_never_end(api, sandbox, vm_id):
    sandbox.fault("job", operation="command", status="never")
    job_id = api("POST", f"/virtual-machines/{vm_id}/command", {"command": "power_off"}).json()["job_id"]
    time.sleep(0.2)
    assert api("POST", f"/virtual-machines/{vm_id}/jobs/{job_id}").json()["job_status"] == "running"
    assert state(api, vm_id) == "UP"


def test_the_job_of_another_vm_is_not_found(api, vm_id):
    job_id = api("POST", f"/virtual-machines/{vm_id}/command", {"command": "reboot"}).json()["job_id"]
    other = next(vm["id"] for vm in api.json("/virtual-machines") if vm["id"] != vm_id)
    assert api("POST", f"/virtual-machines/{other}/jobs/{job_id}").status_code == 404
