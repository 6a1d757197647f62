"""What `doctor` tells of answers: how they differ, and nothing that is anybody's."""

import json
import tomllib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgen_analytics.api.attempts import Attempt
from vmgen_analytics.api.documents import Document
from vmgen_analytics.doctor import examine
from vmgen_analytics.doctor.answers import OPERATIONS, READS
from vmgen_analytics.doctor.days import of_idle_days, of_last_month, of_time_zone
from vmgen_analytics.doctor.discretion import may_be_told, shown_header
from vmgen_analytics.errors import AuthenticationError, ConnectFailed, NotFound, NotJSON, RateLimited

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AUTH = "X-API-Key: {key}"
VM = {
    "id": 17, "name": "web-01", "fqdn": "web-01.example.net", "state": "UP", "uptime": "1 day", "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1", "package": "Small",
}  # fmt: skip
JOB = {
    "started_at": "2026-11-01T08:00:00Z",
    "last_updated_at": "2026-11-01T08:01:00Z",
    "event": "reboot",
    "status": "ok",
}
GOOD = {
    "account": {"credit": "10.00", "invoicing_model": "after_payment", "billing_address": "Alex Example"},
    "invoices": [{"id": 1, "date": "2026-11-01", "status": "created", "total_cost": 12.5}],
    "locations": [{"id": 3, "name": "Warsaw", "continent": "Europe"}],
    "packages": [{"name": "Small", "vcpus": 1, "ram_GB": 2, "disk_GB": 20}],
    "vms": [VM],
    "configuration": VM,
    "usage": [{"date": f"2026-11-{day:02}", "in_MB": day, "out_MB": 0} for day in range(1, 24)],
    "networking": [
        {"ip_version": "IPv4", "ip": "192.0.2.1", "gateway": "192.0.2.254", "netmask": "255.255.255.0",
         "broadcast": "192.0.2.255", "rev_dns": "web-01.example.net", "is_primary": True}
    ],
    "jobs": [JOB],
    "status": JOB,
    "os_images": [{"id": 1, "os": "Debian", "bits": "64", "user_script": True, "clound_init": True}],
    "ssh_keys": [{"id": 1, "created_at": "2026-01-01", "name": "Alex", "content": "ssh-rsa AAAA"}],
    "marketplace": [],
    "user_data_scripts": [{"version_id": 1, "type": "user_data", "description": "Setup", "content": "#!/bin/sh"}],
}  # fmt: skip


class Replay:
    """A client that answers what it was told, and remembers what it was asked."""

    base_url, account_name, max_workers, zone = "https://h.example", "main", 8, ZoneInfo("UTC")

    def __init__(self, **answers):
        self.answers = GOOD | answers
        self.asked = []

    def payload(self, operation, **place):
        self.asked.append((operation.name, *place.values()))
        answer = self.answers[operation.name]
        answer = answer(**place) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def attempts(self):
        return [Attempt(self.asked[-1][0], "GET", "/", 200, 1.0, 1)]

    def stats(self):
        return {"refused": 0.0}

    def now(self):
        return NOW

    @property
    def requests_sent(self):
        return len(self.asked)


def seen(examination, name):
    return next(each for each in examination.seen if each.name == name)


def test_a_provider_as_documented_differs_in_nothing():
    client = Replay()
    found = examine(client, AUTH)
    assert found.exit_status == 0
    assert [each.differences() for each in found.seen] == [{}] * 14
    assert {each.outcome for each in found.seen} == {"usable"}
    assert [name for name, *_ in client.asked] == [each.name for each in READS]
    assert ("packages", 3) in client.asked
    assert ("usage", 17) in client.asked
    assert {each.method for each in READS} == {"GET"}
    assert tomllib.loads(found.settings)["accounts"]["main"]["auth"] == AUTH


def test_every_way_to_differ_is_told():
    vms = [
        VM | {"id": "17", "package": None, "region": "x"},
        {name: value for name, value in VM.items() if name != "uptime"} | {"id": 18, "state": []},
    ]
    invoices = {"items": [{"id": 1, "date": "soon", "status": 3, "total_cost": "12,5"}], "meta": {}, "next": "?page=2"}
    found = examine(Replay(vms=vms, invoices=invoices), AUTH)
    assert seen(found, "vms").differences() == {
        "number as text": ["id (1 of 2)"],
        "list": ["state (1 of 2)"],
        "missing": ["uptime (1 of 2)"],
        "null": ["package (1 of 2)"],
        "new": ["region"],
    }
    assert seen(found, "vms").unread == {"state": 1}
    wrapped = seen(found, "invoices")
    assert (wrapped.wrapping, wrapped.beside, wrapped.has_pages) == ("inside items", ("meta", "next"), True)
    assert wrapped.unread == {"date": 1, "total_cost": 1}
    assert wrapped.differences() == {"number": ["status"], "text": ["total_cost"]}
    assert found.notes["paging"].startswith("invoices: in pages")
    assert found.exit_status == 0


@pytest.mark.parametrize(
    ("answers", "status", "problems"),
    [
        ({"jobs": NotFound("VM web-01", status=404)}, 3, {"jobs": "404 Not Found"}),
        ({"jobs": NotJSON("web-01")}, 3, {"jobs": "the answer is not JSON"}),
        ({"account": []}, 3, {"account": "one record is expected, and 0 came"}),
        ({"usage": [{"day": 1}]}, 3, {"usage": "the records have none of the documented fields"}),
        ({"usage": [{"date": "soon", "in_MB": 1}]}, 3, {"usage": "no record has a readable key"}),
        ({"jobs": ["web-01"]}, 3, {"jobs": "the answer is JSON, but neither a list of records nor a record"}),
        ({"vms": []}, 0, {"usage": "no VM exists", "status": "no VM exists"}),
        ({"locations": {"data": []}}, 0, {"packages": "no location exists"}),
        ({"vms": [{"name": "web-01", "state": "UP"}]}, 3, {"usage": "the first VM has no id"}),
        ({"locations": NotFound("x", status=404)}, 3, {"packages": "no location is known"}),
    ],
)  # fmt: skip
def test_what_cannot_be_used(answers, status, problems):
    found = examine(Replay(**answers), AUTH)
    assert found.exit_status == status
    assert {name: seen(found, name).problem for name in problems} == problems
    assert "web-01" not in json.dumps(found.as_json())


@pytest.mark.parametrize(
    "error", [AuthenticationError("x", status=401), ConnectFailed("x"), RateLimited("x", status=429)]
)
def test_where_nothing_can_come_nothing_more_is_asked(error):
    client = Replay(account=error)
    found = examine(client, AUTH)
    assert client.asked == [("account",)]
    assert found.exit_status == 1
    assert sum(each.is_after_failure for each in found.seen) == 13


def test_a_failure_after_an_answer_stops_nothing():
    client = Replay(invoices=ConnectFailed("x"))
    assert examine(client, AUTH).exit_status == 3
    assert len(client.asked) == 14


def test_a_vm_that_is_switched_off_is_asked_where_the_first_does_not_tell():
    busy = [{"date": "2026-11-23", "in_MB": 5, "out_MB": 5}]
    idle = [{"date": "2026-11-23", "in_MB": "0", "out_MB": 0.0}]
    client = Replay(vms=[VM, VM | {"id": 18, "state": "DOWN"}], usage=lambda id: idle if id == 18 else busy)
    assert (
        "days without traffic have rows (1 of 1 days of a VM that is switched off)"
        in examine(client, AUTH).notes["idle days"]
    )
    assert client.asked[-1] == ("usage", 18)
    client = Replay(vms=[VM, VM | {"id": 18, "state": "DOWN"}])
    client.answers["usage"] = lambda id: [] if id == 18 else busy
    assert "has no rows" in examine(client, AUTH).notes["idle days"]
    client = Replay(usage=busy)
    assert "cannot be told" in examine(client, AUTH).notes["idle days"]


def _days(*days, amount=1):
    return [{"date": f"2026-11-{day:02}", "in_MB": amount, "out_MB": 0} for day in days]


def test_days_without_traffic():
    assert of_idle_days(_days(1, 2, 5), None).startswith("2 of 5 days have no row")
    assert of_idle_days([*_days(1, 2), *_days(3, amount=0)], None) == "days without traffic have rows (1 of 3 days)"
    assert of_idle_days([{"date": "2026-11-01"}], None).startswith("cannot be told")
    assert of_idle_days([], None).startswith("cannot be told")


@pytest.mark.parametrize(
    ("now", "zone", "newest", "words"),
    [
        (NOW, "UTC", 23, ["fits time_zone UTC", "from UTC-12 to UTC+12"]),
        (
            NOW.replace(hour=23),
            "UTC",
            24,
            ["is tomorrow in UTC: set time_zone to one further east", "from UTC+1 to UTC+14"],
        ),
        (NOW.replace(hour=1), "UTC", 22, ["was yesterday in UTC", "from UTC-12 to UTC-1 now"]),
        (NOW.replace(hour=23), "Asia/Tokyo", 24, ["fits time_zone Asia/Tokyo"]),
        (NOW, "UTC", 20, ["is 3 days off"]),
    ],
)
def test_time_zone(now, zone, newest, words):
    told = of_time_zone([date(2026, 11, 1), date(2026, 11, newest)], now, ZoneInfo(zone))
    assert all(word in told for word in words)


def test_last_month():
    today = date(2026, 11, 2)
    shown = [today - timedelta(days=back) for back in range(4)]
    assert of_last_month(shown, today) == "2 days of it are still shown, its last day too"
    assert of_last_month([today, date(2026, 10, 30)], today) == "1 days of it are still shown, but not its last day"
    assert of_last_month([today], today) == "no day of it is shown"


def test_the_document_is_compared():
    paths = {str(each).replace("{job_id}", "{jobId}") for each in OPERATIONS}
    whole = Document("/openapi.json", "3.0.1", (AUTH,), frozenset(paths))
    note = examine(Replay(), AUTH, whole).notes["document"]
    assert note == "OpenAPI 3.0.1 at /openapi.json names X-API-Key: {key}; it has 20 of our 20 operations"
    other = Document("/openapi.json", "2.0", (), frozenset({"GET /account", "GET /snapshots/{id}", "GET /web/x"}))
    note = examine(Replay(), AUTH, other).notes["document"]
    assert "does not say how the key is sent; it has 1 of our 20 operations, and 2 more (GET /snapshots/{id})" in note
    assert "no OpenAPI document" in examine(Replay(), AUTH).notes["document"]


def test_names_of_fields_that_could_be_somebodys():
    test = may_be_told(
        [[VM, {"owner": "Smith", "label": "acme"}], {"billing_address": "Alex Example \\n 00-001 Warsaw"}]
    )
    told = ["name", "region", "created", "data", "disk_size", "ipv4", "acmeville"]
    hidden = [
        "web_01",
        "webTraffic",
        "web",
        "17",
        "web-02",
        "192.0.2.1",
        "smith",
        "acme",
        "warsaw_zone",
        "x" * 50,
        "a b",
        "ü",
    ]
    assert [name for name in told if not test(name)] == []
    assert [name for name in hidden if test(name)] == []


def test_vms_as_the_names_of_fields_are_counted_and_not_named():
    by_name = {"web_01": {"id": 1}, "db_02": {"id": 2}, "fqdn": "db.example.net"}
    found = examine(Replay(configuration=by_name, vms={"web": [VM], "total": 1, "db": 2}, jobs={"acme": {}}), AUTH)
    assert seen(found, "configuration").hidden == 2
    assert seen(found, "configuration").differences()["new"] == ["2 not named here"]
    assert seen(found, "vms").wrapping == "inside a field that is not named here"
    assert seen(found, "vms").beside == ("total",)
    assert seen(found, "jobs").hidden == 1
    assert "web" not in json.dumps(found.as_json())
    assert "acme" not in json.dumps(found.as_json())
    assert "db_02" not in json.dumps(found.as_json())


@pytest.mark.parametrize("auth", ["X-Key: tenant-7 {key}", "Authorization: Basic Ym9i:{key}", "X-K: {key}; user=bob"])
def test_a_header_with_more_than_the_key_in_it_is_not_shown(auth):
    assert shown_header(auth) == "a header that is not shown here"
    found = examine(Replay(), auth)
    assert auth not in json.dumps(found.as_json())
    assert tomllib.loads(found.settings)["accounts"]["main"] == {"base_url": "https://h.example", "time_zone": "UTC"}


def test_the_name_of_an_account_is_not_told():
    client = Replay()
    client.account_name = "acme-holding"
    found = examine(client, AUTH)
    assert "acme" not in json.dumps(found.as_json())
    assert tomllib.loads(found.settings)["accounts"]["NAME"]["auth"] == AUTH


FIELDS = sorted({name for each in READS for name in each.fields} | {"data", "items", "meta", "next", "links", "extra"})
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.just("canary-7")
    | st.sampled_from(["17", "2026-11-23", ""])
)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FIELDS, "canary-7"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(answers=st.fixed_dictionaries({}, optional={each.name: ANY_JSON for each in READS}))
def test_any_answer_is_examined_and_no_text_of_it_is_told(answers):
    found = examine(Replay(**answers), AUTH)
    told = json.dumps(found.as_json())
    assert "canary" not in told
    assert found.exit_status in (0, 1, 3)
