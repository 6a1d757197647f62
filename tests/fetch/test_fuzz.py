"""Whatever comes in place of an answer gives a typed table or a `VMgenError`, and nothing else."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import KEY, Answer, Provider

import vmgen_analytics as va
from vmgen_analytics import fetch
from vmgen_analytics.api import answers
from vmgen_analytics.api.operations import (
    ACCOUNT,
    INVOICES,
    JOBS,
    LOCATIONS,
    MARKETPLACE,
    NETWORKING,
    OS_IMAGES,
    PACKAGES,
    SSH_KEYS,
    USAGE,
    USER_DATA_SCRIPTS,
    VMS,
)
from vmgen_analytics.api.retries import Patience
from vmgen_analytics.api.transport import Reply, Request
from vmgen_analytics.errors import FetchInterrupted, NotJSON, TruncatedResponse, VMgenError
from vmgen_analytics.following import job_number
from vmgen_analytics.schema import TABLES

pytestmark = [
    pytest.mark.filterwarnings("ignore::vmgen_analytics.errors.UnexpectedDataWarning"),
    pytest.mark.filterwarnings("ignore::vmgen_analytics.errors.SkippedVMWarning"),
]

FETCHERS = {
    "accounts": (ACCOUNT, fetch.fetch_accounts),
    "invoices": (INVOICES, fetch.fetch_invoices),
    "locations": (LOCATIONS, fetch.fetch_locations),
    "packages": (PACKAGES, lambda client: fetch.fetch_packages(client, [1, 2])),
    "vms": (VMS, fetch.fetch_vms),
    "usage": (USAGE, lambda client: fetch.fetch_usage(client, [1, 2])),
    "networking": (NETWORKING, lambda client: fetch.fetch_networking(client, [1, 2])),
    "jobs": (JOBS, lambda client: fetch.fetch_jobs(client, [1, 2])),
    "os_images": (OS_IMAGES, fetch.fetch_os_images),
    "ssh_keys": (SSH_KEYS, fetch.fetch_ssh_keys),
    "marketplace": (MARKETPLACE, fetch.fetch_marketplace),
    "user_data_scripts": (USER_DATA_SCRIPTS, fetch.fetch_user_data_scripts),
}
FIELDS = sorted({field for operation, _ in FETCHERS.values() for field in operation.fields})
PAGING = ["data", "items", "next", "links", "meta", "pagination", "total", "current_page", "last_page", "next_cursor",
          "message", "error", "errors"]  # fmt: skip
ANY_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=20),  # half characters too
    st.sampled_from(
        ["", " ", "1", "-1", "1e999", "nan", "12.5", "9" * 400, "2026-11-01", "2026-11-31", "0001-01-01", "9999-12-31",
         "2026-11-01T00:00:00+99:99", "0001-01-01T00:00:00+23:59", "2026-W01-1", "true", "\ud800", "\0", "?page=2"]
    ),
)  # fmt: skip
ANY_NUMBER = st.one_of(
    st.integers(-3, 3),
    st.integers(-(10**30), 10**30),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), 2**64, 2**53 + 1, 10**400, -(10**4000)]),
    st.floats(),
)
LEAVES = st.one_of(st.none(), st.booleans(), ANY_NUMBER, ANY_TEXT)
NAMES = st.one_of(st.sampled_from(FIELDS), st.sampled_from(PAGING), ANY_TEXT)
ANY_JSON = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=6))
)


def records_of(operation):
    """Lists of records that look right from afar."""
    fields = st.dictionaries(st.sampled_from(operation.fields), LEAVES, max_size=len(operation.fields))
    return st.lists(fields, max_size=5)


def client_told(content, status=200, headers=None):
    """A client that has this answer to whatever it asks."""
    client = va.Client(KEY, base_url="http://127.0.0.1:1", patience=Patience(tries=1, refusals=0))

    def send(request):
        payload = answers.decoded(request, status, headers or {}, content, client._transport._auth.scrub)
        return Reply(payload, answers.next_page(headers or {}))

    client._transport.send = send
    return client


def check(name, client):
    """Fetch, and check what comes: a whole typed table, or an error of ours that is no bug."""
    table = TABLES[name]
    with client:
        try:
            found = FETCHERS[name][1](client)
        except FetchInterrupted as interrupted:
            found, said = interrupted.partial, str(interrupted)
        except VMgenError as error:
            found, said = table.frame(), str(error)
        else:
            said = ""
    assert not said or said.isprintable()
    table.check(found)
    assert str(found.to_csv())


def written(payload):
    return json.dumps(payload).encode()


@pytest.mark.parametrize("name", FETCHERS)
@settings(max_examples=40)
@given(data=st.data())
def test_any_json(name, data):
    operation, _ = FETCHERS[name]
    check(name, client_told(written(data.draw(st.one_of(ANY_JSON, records_of(operation))))))


@settings(max_examples=100)
@given(ANY_JSON)
def test_any_json_for_what_is_not_a_table(payload):
    with client_told(written(payload)) as client:
        for ask in (
            client.account,
            lambda: client.configuration(1),
            lambda: client.status(1),
            lambda: client.job(1, "9", "2026-11-01"),
            lambda: client.command(1, "power_on"),
            lambda: client.delete(1),
            lambda: client.ticket("a", "b", "c@example.net"),
        ):
            with contextlib.suppress(VMgenError):
                answer = ask()
                assert isinstance(answer, dict)
                assert isinstance(job_number(answer), str)


STRANGE = {
    "digits": "9" * 5000,
    "deep": "[" * 900 + "]" * 900,
    "deeper": "[" * 1010 + "]" * 1010,
    "deep objects": '{"a":' * 1010 + "1" + "}" * 1010,
    "NaN": "NaN",
    "infinity": "-Infinity",
    "half a character": '"\\ud800"',
}


@pytest.mark.parametrize("name", FETCHERS)
@pytest.mark.parametrize("value", STRANGE.values(), ids=STRANGE)
def test_strange_values_in_every_field(name, value):
    operation, _ = FETCHERS[name]
    for field in operation.fields:
        good = {other: "1" for other in operation.fields if other != field}
        body = written([good, good, good])[:-2].decode() + f', "{field}": {value}}}]'
        check(name, client_told(body.encode()))


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(100, 599))
def test_any_bytes(content, status):
    check("vms", client_told(content, status))


DEEP = b"[" * 1000 + b"]" * 1000  # no deeper than orjson reads, and too deep for Python to write
BODIES = {
    "a byte order mark": b"\xef\xbb\xbf[]",
    "UTF-16": "[]".encode("utf-16"),
    "deep": DEEP,
    "too deep": b"[" * 100_000,
    "a deep message": b'{"message": ' + DEEP + b"}",
    "deep errors": b'{"errors": {"name": ' + DEEP + b', "id": [' + DEEP + b"]}}",
    "a list of deep errors": b'{"errors": [' + DEEP + b"]}",
    "deep records": b'[{"id": 1, "name": ' + DEEP + b', "ipv4": {"a": ' + DEEP + b"}}]",
    "a deep key": b'[{"id": ' + DEEP + b"}]",
    "a long message": b'{"message": "' + b"x" * 10**6 + b'"}',
    "many titles": b"<title" * 3000,
    "a long number": b"9" * 5000,
}


@pytest.mark.parametrize("status", [200, 400, 429, 500])
@pytest.mark.parametrize("content", BODIES.values(), ids=BODIES)
def test_strange_bodies(content, status):  # not by Hypothesis, which lets Python nest more deeply
    check("vms", client_told(content, status))


@given(ANY_JSON, st.sampled_from([200, 400, 401, 403, 404, 409, 422, 429, 500, 503]))
@settings(max_examples=150)
def test_any_refusal(payload, status):
    check("vms", client_told(written(payload), status))


@given(st.data())
def test_any_page_that_leads_to_any_other(data):
    pages = data.draw(
        st.lists(st.dictionaries(st.sampled_from(PAGING), st.one_of(LEAVES, ANY_JSON), max_size=4), min_size=1)
    )
    check("vms", client_told(written(data.draw(st.sampled_from(pages))), 200, {"Link": data.draw(ANY_TEXT)}))


WHOLE = written([{"id": 1, "name": "żółw", "uptime": "1 day"}, {"id": 2, "name": "b", "ipv4": None}])


@pytest.mark.parametrize("kept", range(len(WHOLE)))
def test_a_body_cut_anywhere_is_never_a_shorter_list(kept):
    request = Request("vms", "GET", "/virtual-machines")
    with pytest.raises((TruncatedResponse, NotJSON)):
        answers.decoded(request, 200, {}, WHOLE[:kept], str)


RETRY_AFTER = st.one_of(
    ANY_TEXT,
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes(timezones=st.none()).map(lambda when: when.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    st.sampled_from(
        ["", "0", "-1", "1.5", "1e3", "+5", "1_000", "0x10", " 7 ", "1m0s", "2026-11-23T13:00:00Z", "9" * 500, "soon",
         "Mon, 23 Nov 2026 13:00:00 -0000", "Mon, 01 Jan 0001 00:00:00 +2359", "Mon, 99 Nov 2026 12:00:00 GMT", "²"]
    ),
)  # fmt: skip


@given(RETRY_AFTER, st.one_of(st.just("Mon, 23 Nov 2026 12:00:00 GMT"), RETRY_AFTER))
@settings(max_examples=300)
def test_any_retry_after_is_seconds_or_nothing(value, date):
    found = answers.retry_after_s({"Retry-After": value, "Date": date})
    assert found is None or (isinstance(found, float) and 0 <= found < 10**12)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("1.5", 1.5), ("Mon, 23 Nov 2026 12:00:20 GMT", 20.0),
     ("Mon, 23 Nov 2026 11:59:00 GMT", 0.0), ("Mon, 23 Nov 2026 12:00:20 -0000", 20.0), ("-1", None), ("soon", None),
     ("", None), ("1m0s", None), ("1e3", None), ("9" * 10, None)],
)  # fmt: skip
def test_retry_after_is_read_by_the_answers_own_clock(value, seconds):
    assert answers.retry_after_s({"Retry-After": value, "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}) == seconds


@given(st.text(max_size=60) | st.sampled_from(["Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359"]))
def test_any_date_is_a_time_in_utc_or_none(text):
    found = answers.http_date(text)
    assert found is None or found.utcoffset().total_seconds() == 0


@settings(max_examples=15)
@given(st.data())
def test_the_same_over_http(data):
    with Provider() as provider, va.Client(KEY, base_url=provider.url, patience=Patience(tries=1)) as client:
        for name in ("invoices", "vms", "usage"):
            operation, _ = FETCHERS[name]
            body = data.draw(st.one_of(st.binary(max_size=50), st.one_of(ANY_JSON, records_of(operation)).map(written)))
            for path in (operation.path, operation.path.format(id=1), operation.path.format(id=2)):
                provider.always[f"GET {path}"] = Answer(body)
        for name in ("invoices", "vms", "usage"):
            check(name, client)
