"""Each fault, as a client meets it."""

import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from vmgen_analytics.sandbox import KINDS, Sandbox

TESTED = set()


def spoilt(sandbox, api, kind, path="/virtual-machines", method="GET", body=None, **options):
    """Ask once with a fault, and see that the next request goes well."""
    TESTED.add(kind)
    details = options.pop("details", {})
    sandbox.fault(kind, times=1, **details)
    try:
        return api(method, path, body, **options)
    finally:
        assert api("GET", "/account").status_code == 200


@pytest.mark.parametrize("code", [400, 403, 404, 409, 429, 500, 503])
def test_status(sandbox, api, code):
    answer = spoilt(sandbox, api, "status", details={"code": code})
    assert answer.status_code == code
    assert "Retry-After" not in answer.headers
    assert answer.json() == {"message": "Something went wrong!"}


def test_status_with_retry_after(sandbox, api):
    assert spoilt(sandbox, api, "status", details={"retry_after": 3}).headers["Retry-After"] == "3"
    assert spoilt(sandbox, api, "status", details={"retry_after": "soon"}).headers["Retry-After"] == "soon"
    dated = spoilt(sandbox, api, "status", details={"retry_after": 30, "as_date": True}).headers
    wait = parsedate_to_datetime(dated["Retry-After"]) - parsedate_to_datetime(dated["Date"])
    assert wait.total_seconds() == 30


def test_slow(sandbox, api):
    began = time.monotonic()
    assert len(spoilt(sandbox, api, "slow", details={"seconds": 0.2}).json()) == 24
    assert time.monotonic() - began >= 0.2


def test_drip(sandbox, api):
    began = time.monotonic()
    answer = spoilt(sandbox, api, "drip", "/account", details={"seconds_per_byte": 0.002})
    assert time.monotonic() - began > 0.002 * len(answer.content)
    assert answer.json()["invoicing_model"] == "after_payment"


def test_stall(sandbox, api):
    with pytest.raises(requests.ConnectionError, match="Read timed out"):
        spoilt(sandbox, api, "stall", timeout=0.2)


def test_reset(sandbox, api):
    with pytest.raises(requests.ConnectionError, match="ConnectionResetError"):
        spoilt(sandbox, api, "reset")


def test_close(sandbox, api):
    with pytest.raises(requests.ConnectionError, match="RemoteDisconnected"):
        spoilt(sandbox, api, "close")


def test_truncate(sandbox, api):
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        spoilt(sandbox, api, "truncate")


@pytest.mark.parametrize(("kind", "done"), [("lost", 1), ("reset", 0), ("close", 0)])
def test_lost_is_carried_out_and_the_others_are_not(sandbox, api, vm_id, kind, done):
    jobs = f"/virtual-machines/{vm_id}/jobs"
    before = len(api.json(jobs))
    with pytest.raises(requests.ConnectionError):
        spoilt(sandbox, api, kind, f"/virtual-machines/{vm_id}/command", "POST", {"command": "reboot"})
    assert len(api.json(jobs)) == before + done
    received = [request for request in sandbox.requests if request.operation == "command"]
    assert [request.status for request in received] == [None]


def test_redirect(sandbox, api):
    answer = spoilt(sandbox, api, "redirect", details={"to": "http://127.0.0.1:9/", "code": 307})
    assert (answer.status_code, answer.headers["Location"]) == (307, "http://127.0.0.1:9/")


def test_html(sandbox, api):
    answer = spoilt(sandbox, api, "html")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize(
    ("body", "sent"),
    [(b"\xef\xbb\xbf[]", b"\xef\xbb\xbf[]"), ("NaN", b"NaN"), ({"error": 1}, b'{"error": 1}'), ("", b"")],
)
def test_body(sandbox, api, body, sent):
    assert spoilt(sandbox, api, "body", details={"body": body}).content == sent


def test_missing_field(sandbox, api):
    assert all("state" not in vm for vm in spoilt(sandbox, api, "missing_field", details={"field": "state"}).json())


def test_extra_field(sandbox, api):
    vms = spoilt(sandbox, api, "extra_field", details={"field": "tags", "value": ["a"]}).json()
    assert all(vm["tags"] == ["a"] for vm in vms)


def test_wrong_type(sandbox, api):
    assert spoilt(sandbox, api, "wrong_type", "/account", details={"field": "credit"}).json()["credit"] == []


def test_text_numbers(sandbox, api, vm_id):
    rows = spoilt(sandbox, api, "text_numbers", f"/virtual-machines/{vm_id}/usage").json()
    assert all(isinstance(row["in_MB"], str) and float(row["in_MB"]) >= 0 for row in rows)


def test_envelope(sandbox, api):
    whole = api.json("/locations")
    assert spoilt(sandbox, api, "envelope", "/locations").json() == {"data": whole}
    assert spoilt(sandbox, api, "envelope", "/locations", details={"key": "items"}).json() == {"items": whole}
    assert spoilt(sandbox, api, "envelope", "/locations", details={"style": "single"}).json() == whole[0]
    assert spoilt(sandbox, api, "envelope", "/account").json() == {"data": api.json("/account")}


NEXT = {
    "next": lambda answer, _: answer.json()["next"],
    "next_page_url": lambda answer, _: answer.json()["next_page_url"],
    "links": lambda answer, _: answer.json()["links"]["next"],
    "link_header": lambda answer, _: answer.links.get("next", {}).get("url"),
    "cursor": lambda answer, _: (cursor := answer.json()["next_cursor"]) and f"?cursor={cursor}",
    "meta": lambda answer, page: f"?page={page + 1}" if page < answer.json()["meta"]["last_page"] else None,
}


@pytest.mark.parametrize("style", NEXT)
def test_pages(sandbox, api, style):
    whole = api.json("/locations")
    sandbox.fault("envelope", operation="locations", style=style, size=2)
    pages, where = [], "/locations"
    while where:
        answer = api("GET", where.removeprefix(sandbox.url))
        pages.append(answer.json() if style == "link_header" else answer.json()["data"])
        where = NEXT[style](answer, len(pages))
        if where and where.startswith("?"):
            where = f"/locations{where}"
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [row for page in pages for row in page] == whole


def test_a_fault_hits_the_operation_and_the_vm_it_was_made_for(sandbox, api, vm_id):
    sandbox.fault("status", operation="usage", vm_id=vm_id, code=500, times=2)
    others = [vm["id"] for vm in api.json("/virtual-machines") if vm["id"] != vm_id]
    assert api("GET", f"/virtual-machines/{others[0]}/usage").status_code == 200
    assert api("GET", f"/virtual-machines/{vm_id}/networking").status_code == 200
    answers = [api("GET", f"/virtual-machines/{vm_id}/usage").status_code for _ in range(3)]
    assert answers == [500, 500, 200]


def test_faults_come_in_the_order_in_which_they_were_added(sandbox, api):
    sandbox.fault("status", code=503, times=1)
    sandbox.fault("status", code=429)
    assert [api("GET", "/account").status_code for _ in range(3)] == [503, 429, 429]
    sandbox.clear_faults()
    assert api("GET", "/account").status_code == 200


def test_what_is_no_fault_is_said_at_once(sandbox):
    with pytest.raises(ValueError, match="no fault 'slwo'; there are status, slow"):
        sandbox.fault("slwo")
    with pytest.raises(ValueError, match="no operation 'usages'; there are account"):
        sandbox.fault("slow", operation="usages")
    with pytest.raises(ValueError, match="no envelope 'book'; there are data, single"):
        sandbox.fault("envelope", style="book")
    with pytest.raises(TypeError, match="minutes"):
        sandbox.fault("slow", minutes=1)
    with pytest.raises(TypeError, match="field"):
        sandbox.fault("missing_field")


def test_the_sandbox_closes_quickly_in_the_middle_of_a_stall():
    with Sandbox(vms=1) as sandbox, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.key}"
        sandbox.fault("stall")
        answer = session.get(f"{sandbox.url}/virtual-machines", stream=True, timeout=5)
        began = time.monotonic()
        sandbox.__exit__(None, None, None)
        assert time.monotonic() - began < 1
        answer.close()


def test_every_kind_is_tested_here_or_with_the_jobs():
    assert set(KINDS) - {"job"} == TESTED
