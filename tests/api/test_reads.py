import gzip
import itertools
import json
import zlib

import pytest
from scripted import Answer, broken, cut_off, dripping, page, says, silent

from vmgen_analytics.api.retries import Patience
from vmgen_analytics.api.transport import Timeouts
from vmgen_analytics.errors import (
    APIError,
    AuthenticationError,
    ConnectFailed,
    ConnectionLost,
    NotFound,
    NotJSON,
    PermissionDenied,
    RateLimited,
    RequestTimeout,
    ServerError,
    SettingsError,
    TransportError,
    TruncatedResponse,
    UnexpectedShape,
    ValidationError,
)

VM = {"id": 1, "name": "web", "fqdn": "web.example.net", "state": "UP", "uptime": "", "ipv4": "", "ipv6": ""}
VMS = "GET /virtual-machines"
SHORT = Timeouts(connect_s=1, read_s=0.15, attempt_s=0.4)

PASSING = {
    "429 with Retry-After": says({"message": "slow down"}, 429, Retry_After="0.05"),
    "408": says({}, 408),
    "500": says({"message": "Something went wrong!"}, 500),
    "502 as a page": page("<html><title>Bad Gateway</title></html>", 502),
    "503 with Retry-After": says({}, 503, Retry_After="0"),
    "503 with a Retry-After that is no number": says({}, 503, Retry_After="soon"),
    "a reset": broken(),
    "a page": page("<html><title>Maintenance</title></html>"),
    "a promised length that does not come": cut_off([VM]),
    "half of the JSON": Answer(json.dumps([VM]).encode()[:30]),
    "nothing at all": Answer(b""),
    "blank": Answer(b" \n"),
    "broken compression": Answer(b"this is no gzip", headers={"Content-Encoding": "gzip"}),
    "bytes that are no text": Answer(b"\xff\xfe\x00\x81"),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_read_outlives_two_faults_and_counts_its_requests(provider, client, fault):
    provider.always[VMS] = [VM]
    provider.queue(VMS, fault, fault)
    assert client.vms() == [VM]
    assert provider.count(VMS) == client.requests_sent == 3


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (says({"message": "Something went wrong!"}, 500), ServerError, "Something went wrong!"),
        (broken(), ConnectionLost, "the connection broke"),
        (page("<title> Down for\n repair </title>"), NotJSON, "Down for"),
        (page("<p>nice <b>page</b></p>"), NotJSON, "nice +page"),
        (cut_off([VM]), TruncatedResponse, "ended too early"),
        (Answer(b'[{"id": 1'), TruncatedResponse, "ended too early"),
        (Answer(b""), TruncatedResponse, "GET /virtual-machines"),
    ],
)
def test_a_fault_that_lasts_is_named_after_four_tries(provider, client, fault, kind, words):
    provider.always[VMS] = fault
    with pytest.raises(kind, match=words) as caught:
        client.vms()
    assert "GET /virtual-machines" in str(caught.value)
    assert "carried out" not in str(caught.value), "a read carries nothing out"
    assert provider.count(VMS) == 4


def test_refusals_are_waited_out_longer_than_failures_and_not_for_ever(provider, client):
    provider.always[VMS] = says({}, 429, Retry_After="0.05")
    with pytest.raises(RateLimited, match="too many requests"):
        client.vms()
    assert provider.count(VMS) == 11


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, ValidationError), (401, AuthenticationError), (403, PermissionDenied), (404, NotFound), (410, NotFound),
     (422, ValidationError), (418, APIError), (304, APIError), (300, APIError)],
)  # fmt: skip
def test_what_trying_again_cannot_help_is_tried_once(provider, client, status, kind):
    provider.always[VMS] = says({"message": "No, thank you."} if status != 304 else None, status)
    with pytest.raises(kind) as caught:
        client.vms()
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert provider.count(VMS) == 1


@pytest.mark.parametrize(
    "body",
    [{"message": "No."}, {"error": "No."}, {"title": "No."}, {"detail": "No."}, {"errors": {"field": ["No."]}},
     {"message": "", "errors": ["No."]}, {"errors": {"field": "No."}}, "No.", ["No."]],
)  # fmt: skip
def test_the_words_of_a_refusal_reach_the_user(provider, client, body):
    provider.always[VMS] = says(body, 400)
    with pytest.raises(ValidationError, match=r"it said: (field: )?No\)"):
        client.vms()


def test_a_message_under_a_good_status_is_a_refusal(provider, client):
    provider.always[VMS] = {"message": "Something went wrong!"}
    with pytest.raises(APIError, match="Something went wrong!") as caught:
        client.vms()
    assert caught.value.status == 200
    assert provider.count(VMS) == 1


def test_control_characters_of_the_provider_reach_no_terminal(provider, client):
    provider.always[VMS] = says({"message": "\x1b[2Jgone\x07"}, 400)
    with pytest.raises(ValidationError, match="gone") as caught:
        client.vms()
    assert str(caught.value).isprintable()


def test_a_wait_beyond_patience_is_reported_and_not_waited(provider, client):
    provider.always[VMS] = says({}, 429, Retry_After="86400")
    with pytest.raises(RateLimited) as caught:
        client.vms()
    assert caught.value.retry_after_s == 86400
    assert provider.count(VMS) == 1


def test_a_retry_after_may_be_a_date_by_the_providers_own_clock(provider, client):
    provider.always[VMS] = says({}, 429, Retry_After="Mon, 23 Nov 2026 13:00:00 GMT")
    with pytest.raises(RateLimited) as caught:
        client.vms()
    assert caught.value.retry_after_s == 3600


def test_nothing_listens_there(provider, connect):
    lost = connect(provider, base_url="http://127.0.0.1:1")
    with pytest.raises(ConnectFailed, match="nothing listens there") as caught:
        lost.vms()
    assert caught.value.sent == "no"


def test_silence_is_a_timeout(provider, connect):
    provider.always[VMS] = silent(0.4)
    with pytest.raises(RequestTimeout, match="stopped coming"):
        connect(provider, timeouts=SHORT, patience=Patience(tries=1)).vms()


def test_a_body_that_drips_for_ever_ends_at_the_deadline(provider, connect):
    provider.always[VMS] = dripping(b"[" + b" " * 30 + b"]", 0.05)
    with pytest.raises(RequestTimeout, match=r"within 0\.4 s"):
        connect(provider, timeouts=SHORT, patience=Patience(tries=1)).vms()


def test_the_body_of_a_redirect_has_a_deadline_too(provider, connect):
    provider.always[VMS] = dripping(b" " * 40, 0.05, status=302, Location="/virtual-machines/")
    with pytest.raises(RequestTimeout, match=r"within 0\.4 s"):
        connect(provider, timeouts=SHORT, patience=Patience(tries=1)).vms()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_answer_is_whole_however_small_its_pieces(provider, client, encoding):
    records = [{**VM, "id": number} for number in range(5)]
    plain = json.dumps(records).encode()
    packed = gzip.compress(plain) if encoding == "gzip" else zlib.compress(plain)
    provider.always[VMS] = dripping(packed, 0.002, Content_Encoding=encoding)
    assert client.vms() == records


def test_an_answer_beyond_the_cap_is_refused(provider, client):
    bomb = gzip.compress(b"[" + b" " * (40 * 2**20) + b"]", compresslevel=1)
    provider.always[VMS] = Answer(bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(Exception, match="larger than 32 MiB"):
        client.vms()
    assert provider.count(VMS) == 1


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        ([{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], "ab"),
        ({"id": 1, "name": "a"}, "a"),
        ({"data": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]}, "ab"),
        ({"data": {"id": 1, "name": "a"}}, "a"),
        ({"virtual_machines": [{"id": 1, "name": "a"}], "total": 1}, "a"),
        ({"status": "success", "data": [{"id": 1, "name": "a"}]}, "a"),
        ({"id": 1, "name": "a", "tags": ["x"], "data": [{"id": 9, "name": "z"}]}, "a"),
        ({"data": [], "errors": []}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_records_are_found_in_whatever_wraps_them(provider, client, payload, names):
    provider.always[VMS] = payload
    assert "".join(vm["name"] for vm in client.vms()) == names


def test_an_envelope_may_speak_of_its_status_as_an_invoice_does(provider, client):
    invoices = [{"id": 7, "date": "2026-11-01", "status": "created", "total_cost": 1}]
    provider.always["GET /invoices"] = {"status": "success", "data": invoices}
    assert client.invoices() == invoices


@pytest.mark.parametrize("payload", ["text", 17, True, [1], ["a"], [None], [[VM]], {"data": ["a"]}])
def test_what_is_neither_record_nor_list_is_refused(provider, client, payload):
    provider.always[VMS] = payload
    with pytest.raises(UnexpectedShape, match="GET /virtual-machines"):
        client.vms()


def test_deep_nesting_is_no_crash(provider, client):
    provider.always[VMS] = Answer(b"[" * 100_000 + b"]" * 100_000)
    with pytest.raises(NotJSON):
        client.vms()


@pytest.mark.parametrize(
    "link",
    [
        {"next": "/virtual-machines?page=2"},
        {"next": "?page=2"},
        {"next_page_url": "{url}/virtual-machines?page=2"},
        {"links": {"next": "{url}/virtual-machines?page=2"}},
        {"meta": {"next": "?page=2"}},
        {"meta": {"current_page": 1, "last_page": 2}},
        {"current_page": 1, "last_page": 2},
        {"pagination": {"next": "?page=2"}},
    ],
)
def test_pages_are_followed_to_the_end(provider, client, link):
    link = json.loads(json.dumps(link).replace("{url}", provider.url))
    provider.always[VMS] = {"data": [VM], **link}
    provider.always[f"{VMS}?page=2"] = {"data": [{**VM, "id": 2}], "next": None}
    assert [vm["id"] for vm in client.vms()] == [1, 2]


def test_pages_that_do_not_end_are_an_error(provider, client):
    provider.always[VMS] = {"data": [VM], "next": "?page=2"}
    provider.always[f"{VMS}?page=2"] = {"data": [VM], "next": "/virtual-machines"}
    with pytest.raises(UnexpectedShape, match="do not end"):
        client.vms()


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:1/virtual-machines?page=2", "//example.net/x", "https://[broken", "http://h:99999999/",
     "?page=\ud800"],
)  # fmt: skip
def test_a_next_page_elsewhere_is_not_asked(provider, client, link):
    provider.always[VMS] = {"data": [VM], "next": link}
    with pytest.raises(TransportError, match="next page"):
        client.vms()
    assert len(provider.received) == 1


@pytest.mark.parametrize(
    ("method", "arguments", "asked"),
    [
        ("account", (), "GET /account"),
        ("invoices", (), "GET /invoices"),
        ("locations", (), "GET /locations"),
        ("packages", (3,), "GET /locations/3/packages/"),
        ("vms", (), "GET /virtual-machines"),
        ("configuration", (3,), "GET /virtual-machines/3/configuration"),
        ("usage", (3,), "GET /virtual-machines/3/usage"),
        ("networking", (3,), "GET /virtual-machines/3/networking"),
        ("jobs", (3,), "GET /virtual-machines/3/jobs"),
        ("status", (3,), "GET /virtual-machines/3/status"),
        ("job", (3, "9"), "POST /virtual-machines/3/jobs/9"),
    ],
)
def test_each_read_asks_the_documented_path(provider, client, method, arguments, asked):
    provider.always[asked] = [{"id": 1, "status": "x", "job_status": "y"}]
    getattr(client, method)(*arguments)
    assert [f"{received.method} {received.path}" for received in provider.received] == [asked]


@pytest.mark.parametrize("number", ["../account", "1/command", "", "1?x=1", "é", " "])
def test_a_number_cannot_lead_to_another_path(provider, client, number):
    with pytest.raises(SettingsError, match="no number"):
        client.usage(number)
    assert not provider.received


def test_many_vms_are_asked_at_once_but_no_more_than_allowed(provider, connect):
    for vm_id in range(1, 7):
        provider.always[f"GET /virtual-machines/{vm_id}/usage"] = dripping(b"[ ]", 0.03)
    found = dict(connect(provider, max_workers=3).each("usage", range(1, 7)))
    assert found == {vm_id: [] for vm_id in range(1, 7)}


def test_one_bad_vm_costs_that_vm_only(provider, client):
    for vm_id in (1, 3):
        provider.always[f"GET /virtual-machines/{vm_id}/usage"] = []
    found = dict(client.each("usage", [1, 2, 3]))
    assert [found[1], found[3]] == [[], []]
    assert isinstance(found[2], NotFound)


def test_a_refused_key_stops_everything(provider, connect):
    for vm_id in range(1, 200):
        provider.always[f"GET /virtual-machines/{vm_id}/usage"] = says({"message": "Unauthenticated."}, 401)
    with pytest.raises(AuthenticationError, match="key is not accepted"):
        list(connect(provider, max_workers=2).each("usage", range(1, 200)))
    assert len(provider.received) < 20


def test_the_clock_is_the_providers(provider, client):
    provider.always[VMS] = []
    client.vms()
    assert abs((client.now() - provider.now).total_seconds()) < 5


def test_a_clock_that_cannot_be_read_is_passed_over(provider, client):
    dates = itertools.cycle(["yesterday", "", "Mon, 99 Nov 2026 12:00:00 GMT"])
    for _ in range(3):
        provider.queue(VMS, says([], Date=next(dates)))
        provider.now = None
        client.vms()
    assert client.now().tzinfo is not None
