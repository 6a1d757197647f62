"""The key, the rate, the log, the Date: what every request passes."""

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests

from vmgen_analytics.sandbox import Sandbox


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "wrong"}])
@pytest.mark.parametrize(("method", "path"), [("GET", "/account"), ("POST", "/tickets/"), ("GET", "/sandbox/clock")])
def test_no_key_no_answer(sandbox, method, path, header):
    answer = requests.request(method, sandbox.url + path, headers=header, timeout=5)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})


def test_the_key_may_travel_in_another_header():
    with Sandbox(vms=1, key="abc", auth="X-API-Key: {key}") as sandbox:
        url = f"{sandbox.url}/account"
        assert requests.get(url, headers={"Authorization": "Bearer abc"}).status_code == 401
        assert requests.get(url, headers={"X-API-Key": "abc"}).status_code == 200
        document = requests.get(f"{sandbox.url}/swagger/v1/swagger.json").json()
        assert document["components"]["securitySchemes"] == {
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        }


def test_the_date_header_is_the_simulated_time(sandbox, api):
    sandbox.set_clock("2026-09-30T23:59:58")
    answer = api("GET", "/account")
    assert parsedate_to_datetime(answer.headers["Date"]) == datetime(2026, 9, 30, 23, 59, 58, tzinfo=UTC)


def test_the_log_has_every_request_until_it_is_forgotten(sandbox, api, vm_id):
    sandbox.forget()
    began = datetime.now(UTC)
    api("GET", f"/virtual-machines/{vm_id}/usage")
    api("GET", "/virtual-machines/1/usage")
    api("GET", "/nowhere")
    seen = sandbox.requests
    assert [(one.operation, one.status) for one in seen] == [("usage", 200), ("usage", 404), (None, 404)]
    assert seen[0].method == "GET"
    assert seen[0].path == f"/virtual-machines/{vm_id}/usage"
    assert began <= seen[0].at <= datetime.now(UTC)
    assert "authorization" in seen[0].headers
    assert sandbox.key not in repr(seen[0])
    sandbox.forget()
    assert sandbox.requests == []


@pytest.mark.parametrize("retry_after", [None, "2"])
def test_the_rate_limit_lets_a_second_s_worth_through_at_once(retry_after):
    limits = {"requests_per_second": 10, "retry_after": retry_after}
    with Sandbox(vms=1, **limits) as sandbox, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.key}"
        began = time.monotonic()
        answers = [session.get(f"{sandbox.url}/account") for _ in range(40)]
        earned = 10 * (time.monotonic() - began)
        refused = [answer for answer in answers if answer.status_code != 200]
        assert {answer.status_code for answer in answers[:10]} == {200}
        assert 10 <= len(answers) - len(refused) <= 11 + earned
        assert {answer.status_code for answer in refused} == {429}
        assert {answer.headers.get("Retry-After") for answer in refused} == {retry_after}
        time.sleep(0.25)
        assert session.get(f"{sandbox.url}/account").status_code == 200


def test_latency():
    with Sandbox(vms=1, latency_s=0.1) as sandbox:
        began = time.monotonic()
        requests.get(f"{sandbox.url}/account", headers={"Authorization": f"Bearer {sandbox.key}"})
        assert time.monotonic() - began >= 0.1
