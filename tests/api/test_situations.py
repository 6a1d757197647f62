"""What can happen on the way to a provider and back, and what the client makes of it: one situation a test.

Over real HTTP, with counts of what the provider received. Elsewhere: what lasts or concerns many VMs
(``test_many_vms.py``), connections that cannot be made (``test_connecting.py``), lists in pages (``test_pages.py``),
plain statuses and bodies (``test_reads.py``), commands (``test_commands_once.py``).
"""

import gzip
import http.client
import json
import logging
import os
import subprocess
import sys
import textwrap
import time
import zlib

import pandas as pd
import pytest
from scripted import KEY, Answer, Provider, broken, cut_off, dripping, page, raw, says, silent

import vmgen_analytics as va
from vmgen_analytics.api import transport
from vmgen_analytics.api.retries import Patience
from vmgen_analytics.api.transport import Timeouts
from vmgen_analytics.errors import (
    APIError,
    AuthenticationError,
    Conflict,
    NotFound,
    NotJSON,
    RateLimited,
    RedirectRefused,
    RequestTimeout,
    ResponseTooLarge,
    ServerError,
    ValidationError,
    VMgenError,
)
from vmgen_analytics.following import is_unclear
from vmgen_analytics.schema import TABLES

VMS = "GET /virtual-machines"
COMMAND = "POST /virtual-machines/7/command"
VM = {"id": 1, "name": "web"}
ONCE = Patience(tries=1)
SHORT = Timeouts(connect_s=1, read_s=0.15, attempt_s=0.4)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture(autouse=True)
def home(provider):
    provider.always[VMS] = [VM]
    provider.always[COMMAND] = {"job_status": "success"}
    return provider


# The answer does not come, or not as it should.


def test_a_head_that_drips_for_ever_ends_at_the_deadline(provider, connect):
    provider.always[VMS] = raw(*[b"HTTP/1.1 200 OK\r\n", *[b"X-More: 1\r\n"] * 40], pause_s=0.05)
    client = connect(provider, timeouts=SHORT, patience=ONCE)
    began = time.monotonic()
    with pytest.raises(RequestTimeout, match=r"within 0\.4 s"):
        client.vms()
    assert time.monotonic() - began < 1.2
    assert provider.count(VMS) == 1


def test_a_body_that_stalls_names_how_much_came(provider, connect):
    provider.always[VMS] = raw(OK + b"Content-Length: 99\r\n\r\n[1, 2", pause_s=0.6)
    with pytest.raises(RequestTimeout, match=r"\(5 of 99 bytes came\)") as caught:
        connect(provider, timeouts=SHORT, patience=ONCE).vms()
    assert caught.value.sent == "maybe"
    assert isinstance(caught.value, TimeoutError)


PASSING = {
    "silence": silent(0.3),
    "a stall": raw(OK + b"Content-Length: 99\r\n\r\n[1, 2", pause_s=0.3),
    "a broken chunk": raw(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[1, 2\r\nzz\r\n"),
    "half of the JSON, of no length": raw(OK + b'Connection: close\r\n\r\n[{"id": 1, "na'),
    "a chunk too few": raw(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n"),
    "a length that is no number": raw(OK + b"Content-Length: many\r\n\r\n[1,"),
    "a status that is none": raw(b"HTTP/1.1 fine\r\n\r\n[]"),
    "no HTTP": raw(b"220 smtp.example.net ready\r\n"),
    "a hundred headers and one": raw(OK + b"".join(b"X-%d: 1\r\n" % n for n in range(101)) + b"\r\n[]"),
    "a header without end": raw(OK + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n[]"),
    "compression cut off": Answer(gzip.compress(b'[{"id": 1}]')[:-12], headers={"Content-Encoding": "gzip"}),
    "409": says({"message": "busy"}, 409),
    "425": says({}, 425),
    "503 with a date": says({}, 503, Retry_After="Mon, 23 Nov 2026 12:00:00 GMT"),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_read_outlives_it_twice(provider, connect, fault):
    client = connect(provider, timeouts=Timeouts(connect_s=1, read_s=0.15, attempt_s=1))
    provider.queue(VMS, fault, fault)
    assert client.vms() == [VM]
    assert provider.count(VMS) == client.requests_sent == 3


@pytest.mark.parametrize(
    "fault",
    [fault for name, fault in PASSING.items() if name not in ("409", "425")]
    + [broken(), cut_off({"job_status": "success"}), page("<title>Oops</title>"), says({}, 500), Answer(b'{"job')],
)
def test_a_command_is_received_once_and_its_fate_is_told_as_unclear(provider, connect, fault):
    provider.always[COMMAND] = fault
    client = connect(provider, timeouts=Timeouts(connect_s=1, read_s=0.15, attempt_s=1))
    with pytest.raises(VMgenError) as caught:
        client.command(7, "reboot")
    assert is_unclear(caught.value)
    assert caught.value.sent != "no"
    assert provider.count(COMMAND) == 1


def test_a_connection_that_the_provider_closed_meanwhile_costs_nothing(provider, client):
    last = OK + b"Content-Length: 2\r\n\r\n[]"
    provider.queue(VMS, raw(last), raw(last))
    for _ in range(3):
        client.vms()
        time.sleep(0.05)  # the provider hangs up without having said so
    assert provider.count(VMS) == client.requests_sent == 3
    assert len({received.port for received in provider.received}) == 3
    assert client.stats()["failed"] == 0


def test_a_connection_that_closes_in_that_moment_is_replaced_at_once(provider, connect):
    client = connect(provider, patience=Patience(base_s=60, cap_s=60))
    client.vms()
    provider.queue(VMS, raw())  # it takes the request, and hangs up
    began = time.monotonic()
    assert client.vms() == [VM]
    assert time.monotonic() - began < 1
    kept, lost, fresh = (received.port for received in provider.received)
    assert kept == lost != fresh


def test_a_command_has_a_connection_of_its_own(provider, client):
    client.vms()
    client.command(7, "reboot")
    client.vms()
    first, command, second = provider.received
    assert first.port == second.port != command.port
    assert command.headers["Connection"] == "close"


@pytest.mark.parametrize("packed", [False, True])
def test_a_huge_body_is_broken_off_and_not_asked_for_again(provider, client, monkeypatch, packed):
    monkeypatch.setattr(transport, "MAX_BODY", 2**20)
    whole = b"[" + b" " * 2**21 + b"]"
    sent = Answer(zlib.compress(whole), headers={"Content-Encoding": "deflate"}) if packed else Answer(whole)
    provider.always[VMS] = sent
    with pytest.raises(ResponseTooLarge, match="larger than 1 MiB"):
        client.vms()
    assert provider.count(VMS) == 1


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"\xef\xbb\xbf" + json.dumps([VM]).encode(), [VM]),
        (b'[{"id": NaN, "name": "web"}]', [{"id": None, "name": "web"}]),
        (b'[{"id": 1, "name": Infinity}, {"id": -Infinity}]', [{"id": 1, "name": None}, {"id": None}]),
    ],
    ids=["a byte order mark", "NaN", "Infinity"],
)
def test_json_as_some_servers_write_it(provider, client, body, found):
    provider.always[VMS] = Answer(body)
    assert client.vms() == found
    assert provider.count(VMS) == 1


@pytest.mark.parametrize("body", [b"[" * 50_000 + b"]" * 50_000, b'[{"id": NaN, "name": ' + b"9" * 5000 + b"}]"],
                         ids=["deep", "digits"])  # fmt: skip
def test_json_that_python_cannot_hold_is_an_error_of_ours(provider, client, body):
    provider.always[VMS] = Answer(body)
    with pytest.raises(NotJSON):
        client.vms()


def test_nothing_under_204_is_an_empty_list(provider, client):
    provider.always[VMS] = provider.always["GET /virtual-machines/1/usage"] = raw(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert client.vms() == []
    pd.testing.assert_frame_equal(va.fetch_vms(client), TABLES["vms"].frame())
    pd.testing.assert_frame_equal(va.fetch_usage(client, [1]), TABLES["usage"].frame())
    assert len(provider.received) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_a_page_under_any_status_is_told_by_its_status(provider, connect, status):
    provider.always[VMS] = page("<html><title>Nope</title>", status)
    with pytest.raises(APIError, match="Nope") as caught:
        connect(provider, patience=ONCE).vms()
    assert caught.value.status == status
    assert provider.count(VMS) == 1


def test_a_page_tells_its_title_or_its_words(provider, client):
    provider.always[VMS] = page("<html><title>Sign in</title><body>...", 200)
    with pytest.raises(NotJSON, match=r"page titled 'Sign in'.*base_url"):
        client.vms()
    provider.always[VMS] = page("<html><title>Maintenance</title>", 503)
    with pytest.raises(ServerError, match=r"503 Service Unavailable.*Maintenance"):
        client.vms()


# The provider says no.


def test_what_is_wrong_with_a_request_is_told_field_by_field(provider, client):
    reasons = {"message": "The given data was invalid.", "errors": {"command": ["unknown", "too long"], "id": "no"}}
    provider.always[COMMAND] = says(reasons, 422)
    with pytest.raises(ValidationError, match=r"The given data was invalid\.; command: unknown, too long; id: no"):
        client.command(7, "reboot")


def test_a_conflict_is_not_sent_again_for_a_command(provider, client):
    provider.always[COMMAND] = says({"message": "A job is running."}, 409)
    with pytest.raises(Conflict, match="A job is running") as caught:
        client.command(7, "reboot")
    assert not is_unclear(caught.value)
    assert provider.count(COMMAND) == 1


def test_a_wait_until_a_date_is_obeyed_by_the_providers_clock(provider, client):
    provider.queue(VMS, says({}, 429, Retry_After="Mon, 23 Nov 2026 12:00:01 GMT"))  # a second after its noon
    began = time.monotonic()
    assert client.vms() == [VM]
    assert 0.95 < time.monotonic() - began < 2
    assert provider.count(VMS) == 2


@pytest.mark.parametrize("value", [None, "soon", "-5", "1m0s"])
def test_without_a_wait_that_can_be_read_it_is_a_second(provider, client, caplog, value):
    caplog.set_level(logging.INFO, "vmgen_analytics")
    provider.queue(VMS, says({}, 429) if value is None else says({}, 429, Retry_After=value))
    began = time.monotonic()
    assert client.vms() == [VM]
    assert 0.95 < time.monotonic() - began < 2
    assert client.stats()["refused"] == 1
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert "too many requests: all wait 1.0 s" in caplog.text


def test_a_long_wait_is_told_to_all_and_waited_by_none(provider, client):
    provider.queue(VMS, says({}, 429, Retry_After="3600"))
    with pytest.raises(RateLimited) as caught:
        client.vms()
    assert caught.value.retry_after_s == 3600
    for ask in (client.invoices, lambda: client.command(7, "reboot")):
        with pytest.raises(RateLimited, match=r"not sent.*try again in 3600 s") as caught:
            ask()
        assert caught.value.sent == "no"
        assert not is_unclear(caught.value)
    assert len(provider.received) == 1


def test_a_provider_that_is_down_for_an_hour_is_not_waited_for(provider, client):
    provider.always[VMS] = says({"message": "Maintenance"}, 503, Retry_After="3600")
    with pytest.raises(ServerError) as caught:
        client.vms()
    assert caught.value.retry_after_s == 3600
    assert provider.count(VMS) == 1


def test_how_often_and_how_long_it_was_tried_is_told(provider, client):
    lasting = {VMS: says({}, 500), "GET /account": broken(), "GET /invoices": says({}, 429, Retry_After="0.05")}
    provider.always |= lasting
    for ask, tries in ((client.vms, 4), (client.account, 4), (client.invoices, 11)):
        with pytest.raises(VMgenError, match=rf"\(tried {tries} times in \d+\.\d s\)"):
            ask()
    assert [provider.count(asked) for asked in lasting] == [4, 4, 11]
    provider.always[VMS] = says({}, 404)
    with pytest.raises(NotFound) as caught:
        client.vms()
    assert "tried" not in str(caught.value)


def test_a_refused_key_names_its_header_and_no_more(provider, connect):
    provider.always[VMS] = says({"message": "Unauthenticated."}, 401)
    with pytest.raises(AuthenticationError, match="is not accepted in the header X-API-Key") as caught:
        connect(provider, auth="X-API-Key: {key}").vms()
    assert str(caught.value).endswith(
        "401 Unauthorized: the key is not accepted in the header X-API-Key (it said: Unauthenticated); is the API "
        "enabled in the portal? `vmgen-analytics login` finds out how it is sent"
    )
    assert KEY not in str(caught.value)
    assert provider.count(VMS) == 1


def test_a_refusal_can_be_read_by_programs(provider, client):
    said = {"message": "invalid", "errors": {"command": ["unknown", "too long"], KEY: [KEY]}}
    provider.always[COMMAND] = says(said, 422, X_Request_Id="req-17\x01")
    with pytest.raises(ValidationError, match=r"\[request req-17\]") as caught:
        client.command(7, "reboot")
    assert caught.value.errors == {"command": "unknown, too long", "<secret>": "<secret>"}
    assert caught.value.request_id == "req-17"
    assert client.vms() == [VM]


@pytest.mark.parametrize("name", ["os_images", "ssh_keys", "marketplace", "user_data_scripts"])
def test_what_a_provider_does_not_offer_is_asked_for_once(provider, connect, name):
    client, path = connect(provider), f"/{name.replace('_', '-')}"
    with pytest.raises(NotFound, match=rf"GET {path}: 404.*does not offer this") as caught:
        getattr(client, name)()
    assert caught.value.sent == "yes"
    provider.always[f"GET {path}"] = []
    with pytest.raises(NotFound, match=rf"GET {path}: the provider does not offer this; not asked again") as caught:
        getattr(va, f"fetch_{name}")(client)
    assert (caught.value.sent, caught.value.status, caught.value.operation) == ("no", 404, name)
    assert client.learned[name] == f"GET {path} is not offered"
    assert provider.count(f"GET {path}") == 1
    assert getattr(connect(provider), name)() == []


@pytest.mark.parametrize("name", ["vms", "invoices", "locations"])
def test_what_everything_stands_on_is_asked_for_again(provider, client, name):
    asked = VMS if name == "vms" else f"GET /{name}"
    provider.queue(asked, says({}, 404))
    provider.always[asked] = []
    with pytest.raises(NotFound):
        getattr(client, name)()
    assert getattr(client, name)() == []
    assert provider.count(asked) == 2


def test_fields_that_are_not_documented_are_kept_in_records_and_told_once(provider, client, caplog):
    caplog.set_level(logging.DEBUG, "vmgen_analytics")
    provider.serve(vms=[{**dict.fromkeys(("fqdn", "uptime", "ipv4", "ipv6", "package"), "x"), **VM,
                         "state": "HIBERNATED", "tags": ["a"]}])  # fmt: skip
    assert client.vms()[0]["tags"] == ["a"]
    found = va.fetch_vms(client)
    assert list(found.columns) == list(TABLES["vms"].columns)
    assert found["state"].tolist() == ["HIBERNATED"]
    assert [record.message for record in caplog.records if "not documented" in record.message] == [
        "GET /virtual-machines: the field 'tags' is not documented"
    ]


# Redirects.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_three_redirects_at_home_are_followed(provider, client, status):
    for here, there in (("", "/"), ("/", "?a=1"), ("?a=1", "?a=2")):
        provider.always[VMS + here] = says({}, status, Location=f"/virtual-machines{there}")
    provider.always[f"{VMS}?a=2"] = [VM]
    assert client.vms() == [VM]
    assert len(provider.received) == 4


@pytest.mark.parametrize("to", ["https://127.0.0.1:{port}/virtual-machines", "http://127.0.0.1:1/virtual-machines"])
def test_another_scheme_or_port_is_another_place(provider, client, to):
    provider.always[VMS] = says({}, 302, Location=to.replace("{port}", provider.url.rpartition(":")[2]))
    with pytest.raises(RedirectRefused, match=r"127\.0\.0\.1") as caught:
        client.vms()
    assert caught.value.sent == "yes"
    assert len(provider.received) == 1


def test_the_header_of_another_scheme_is_not_moved_either(connect, provider):
    """Requests takes Authorization away where it leads elsewhere, and any other header along."""
    with Provider() as stranger:
        client = connect(provider, auth="X-API-Key: {key}")
        for asked in (VMS, COMMAND):
            provider.always[asked] = says({}, 307, Location=stranger.url + "/virtual-machines")
        for ask in (client.vms, lambda: client.command(7, "reboot")):
            with pytest.raises(RedirectRefused):
                ask()
        assert not stranger.received


# The client itself.


def test_nothing_is_printed_when_http_client_is_told_to_print(provider, connect, monkeypatch, capfd):
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    client = connect(provider)
    client.vms()
    client.command(7, "reboot")
    out, err = capfd.readouterr()
    assert KEY not in out + err


def test_a_child_makes_its_own_connections(provider):
    script = textwrap.dedent("""
        import os, sys
        from vmgen_analytics.api import Client
        client = Client("a-key", base_url=sys.argv[1])
        client.vms()
        child = os.fork()
        client.vms()
        if not child:
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        client.vms()
    """)
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    subprocess.run([sys.executable, "-c", script, provider.url], check=True, timeout=60, capture_output=True)
    ports = [received.port for received in provider.received]
    assert len(ports) == 4
    assert len(set(ports)) == 2
    assert ports[0] == ports[-1]


def test_dripping_is_fine_while_it_is_fast_enough(provider, client):
    provider.always[VMS] = dripping(json.dumps([VM]).encode(), 0.001)
    assert client.vms() == [VM]
    assert provider.count(VMS) == 1
