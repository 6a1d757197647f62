"""How the key is sent: what the provider's document says, else what works, and never anywhere else."""

import json
import time

import pytest
import requests
from scripted import KEY, Answer, Provider, broken, dripping, page, says

from vmgen_analytics.api import discovery, documents
from vmgen_analytics.api.discovery import COMMON, MAX_TRIES, find_header
from vmgen_analytics.api.documents import read_document
from vmgen_analytics.errors import (
    APIError,
    AuthenticationError,
    ConnectFailed,
    NotFound,
    NotJSON,
    RateLimited,
    SettingsError,
    UnexpectedShape,
    VMgenError,
)

ACCOUNT = {"credit": "10.00", "invoicing_model": "x", "billing_address": "y"}
HERE = "GET /swagger/v1/swagger.json"


def document(*schemes, **more):
    return {
        "openapi": "3.0.1",
        "paths": {"/account": {"get": {}, "summary": "x"}},
        "components": {"securitySchemes": {f"s{place}": scheme for place, scheme in enumerate(schemes)}},
        **more,
    }


def api_key(name, **more):
    return {"type": "apiKey", "in": "header", "name": name, **more}


def takes(provider, template):
    """Let the provider accept one header and refuse all others."""
    name, _, value = template.partition(": ")
    answer = provider.next_answer

    def next_answer(received):
        is_right = received.headers.get(name) == value.replace("{key}", KEY)
        if received.path == "/account" and not is_right:
            provider.received.append(received)
            return says({"message": "Unauthenticated."}, 401)
        return answer(received)

    provider.always["GET /account"] = ACCOUNT
    provider.next_answer = next_answer


def carriers(provider):
    """Paths that were asked with the key anywhere in the request."""
    return [received.path for received in provider.received if KEY in f"{received.path}{received.headers}"]


@pytest.mark.parametrize("template", COMMON)
def test_each_common_header_is_found_by_trying(provider, template):
    takes(provider, template)
    found = find_header(KEY, provider.url)
    assert found.auth == template
    assert found.refused == COMMON[: COMMON.index(template)]
    assert carriers(provider) == ["/account"] * (len(found.refused) + 1)


def test_what_is_known_is_tried_first(provider):
    takes(provider, "X-Own: {key}")
    assert find_header(KEY, provider.url, ["X-Own: {key}"]) == discovery.Found("X-Own: {key}", ())
    assert len(provider.received) == 1


@pytest.mark.parametrize(
    ("schemes", "headers"),
    [
        ([{"type": "http", "scheme": "Bearer"}], ["Authorization: Bearer {key}"]),
        ([{"type": "oauth2"}], ["Authorization: Bearer {key}"]),
        ([api_key("X-API-Key")], ["X-API-Key: {key}"]),
        (
            [api_key("authorization", description="Enter: Bearer {token}")],
            ["Authorization: Bearer {key}", "Authorization: {key}", "Authorization: Token {key}"],
        ),
        (
            [api_key("Authorization")],
            ["Authorization: {key}", "Authorization: Bearer {key}", "Authorization: Token {key}"],
        ),
        ([{"type": "apiKey", "in": "query", "name": "key"}], []),
        ([{"type": "apiKey", "in": "cookie", "name": "key"}], []),
        ([{"type": "http", "scheme": "basic"}], []),
        ([api_key("Host"), api_key("Cookie"), api_key("X Key"), api_key("X-Key\r\nEvil"), api_key(7)], []),
        (["nonsense", None, 1, {}, {"type": []}], []),
        ([api_key(f"X-{number}") for number in range(9)], ["X-0: {key}", "X-1: {key}", "X-2: {key}", "X-3: {key}"]),
    ],
)
def test_the_headers_of_a_document(provider, schemes, headers):
    provider.always[HERE] = document(*schemes)
    found = read_document(provider.url)
    assert list(found.headers) == headers
    assert found.operations == {"GET /account"}
    assert (found.path, found.version) == ("/swagger/v1/swagger.json", "3.0.1")
    assert not carriers(provider)


def test_the_scheme_that_every_operation_needs_comes_first(provider):
    provider.always[HERE] = document(
        api_key("X-Old"), api_key("X-New"), security=[{"s1": []}, "nonsense", {"gone": []}]
    )
    assert read_document(provider.url).headers == ("X-New: {key}", "X-Old: {key}")


def test_an_older_document(provider):
    provider.always["GET /swagger.json"] = {"swagger": "2.0", "securityDefinitions": {"k": api_key("X-Key")}}
    found = read_document(provider.url)
    assert (found.version, found.headers, found.path) == ("2.0", ("X-Key: {key}",), "/swagger.json")


@pytest.mark.parametrize(
    ("index", "script"),
    [
        ('<script src="./swagger-initializer.js">', 'SwaggerUIBundle({ url: "../docs/api", dom_id: "#x" })'),
        ('<script src="index.js">', """JSON.parse('{"urls":[{"url":"/docs/api","name":"v1"}]}')"""),
        ("""<script>var c = {"url":"\\/docs\\/api"}</script>""", None),
    ],
)
def test_the_document_that_the_swagger_page_links(provider, index, script):
    provider.always["GET /swagger/index.html"] = page(index)
    for name in ("swagger-initializer.js", "index.js"):
        provider.always[f"GET /swagger/{name}"] = page(script or "")
    provider.always["GET /docs/api"] = document(api_key("X-Linked"))
    assert read_document(provider.url).headers == ("X-Linked: {key}",)


def test_under_a_base_url_with_a_path(provider):
    provider.always["GET /api/swagger/v1/swagger.json"] = document(api_key("X-Deep"))
    assert read_document(f"{provider.url}/api/").headers == ("X-Deep: {key}",)


def test_a_document_that_lies_leads_nowhere(provider):
    """Whatever it names, nothing is asked elsewhere, and the key goes to base_url alone."""
    with Provider() as stranger:
        stranger.always["GET /account"] = ACCOUNT
        stranger.always["GET /docs/api"] = document(api_key("X-Stranger"))
        scripts = f'<script src="{stranger.url}/index.js"></script>'
        provider.always["GET /swagger/index.html"] = page(f'{scripts}{{url: "{stranger.url}/docs/api"}}')
        assert read_document(provider.url) is None

        lie = document(
            api_key("X-Right"),
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": f"{stranger.url}/token"}}},
            servers=[{"url": stranger.url}],
            host=stranger.url.removeprefix("http://"),
        )
        provider.always[HERE] = lie
        takes(provider, "X-Right: {key}")
        found = find_header(KEY, provider.url, read_document(provider.url).headers)
        assert found.auth == "X-Right: {key}"
        assert not stranger.received
        assert carriers(provider) == ["/account"]


def test_a_redirect_of_the_document_is_not_followed(provider):
    with Provider() as stranger:
        stranger.always[HERE] = document(api_key("X-Stranger"))
        provider.always[HERE] = says({}, 302, Location=stranger.url + "/swagger/v1/swagger.json")
        assert read_document(provider.url) is None
        assert not stranger.received


def test_netrc_adds_nothing_to_the_question_for_a_document(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    url = "https://h.example"
    with documents._session(url) as session:
        assert "Authorization" not in session.prepare_request(requests.Request("GET", url)).headers


@pytest.mark.parametrize(
    "answer",
    [
        page("<html>Welcome</html>"),
        says([1, 2]),
        says({"message": "hello"}),
        Answer(b""),
        Answer(b"\xff\xfe\x00"),
        Answer(b"[" * 100_000),
        says({"openapi": []}),
        says({"openapi": "3", "paths": [], "components": [], "security": 1}),
        broken(),
        says({}, 500),
        says({}, 429),
    ],
)
def test_a_document_that_is_none(provider, answer):
    provider.always[HERE] = answer
    found = read_document(provider.url)
    assert found is None or (found.headers, found.operations) == ((), frozenset())
    assert len(provider.received) <= len(documents.PLACES)


def test_a_document_that_never_ends_is_left(provider, monkeypatch):
    monkeypatch.setattr(documents, "MAX_DOCUMENT", 1_000)
    provider.always[HERE] = Answer(json.dumps(document(api_key("X" * 2_000))).encode())
    assert read_document(provider.url) is None
    monkeypatch.setattr(documents, "PATIENCE", documents.Timeouts(1, 1, 0.1))
    provider.always[HERE] = dripping(b" " * 100, 0.02)
    began = time.monotonic()
    assert read_document(provider.url) is None
    assert time.monotonic() - began < 1.5


def test_a_wrong_key_is_shown_a_few_times_and_no_more(provider):
    provider.always["GET /account"] = says({"message": f"no key {KEY}"}, 401)
    with pytest.raises(AuthenticationError, match="not accepted in any of 8 headers") as caught:
        find_header(KEY, provider.url, [f"X-{number}: {{key}}" for number in range(20)])
    assert len(provider.received) == MAX_TRIES
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("retry_after", [None, "90"])
def test_too_many_requests_stop_it_at_once(provider, retry_after):
    headers = {"Retry_After": retry_after} if retry_after else {}
    provider.queue("GET /account", says({}, 401), says({}, 429, **headers))
    with pytest.raises(RateLimited, match=r"asks to wait \(429\) after 2 tries, so nothing more is tried") as caught:
        find_header(KEY, provider.url)
    assert len(provider.received) == 2
    assert ("90 s" if retry_after else "a few minutes") in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says({"message": "gone"}, 404), NotFound),
        (says({}, 503), APIError),
        (broken(), VMgenError),
    ],
)
def test_what_no_header_can_mend_stops_it_at_once(provider, answer, error):
    provider.always["GET /account"] = answer
    with pytest.raises(error):
        find_header(KEY, provider.url)
    assert len(provider.received) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        says({}, 403),
        says({}, 400),
        says({}, 500),
        page("<title>Log in</title>"),
        says({"message": "Unauthenticated."}),
        says({"success": False, "code": 401}),
        says({}, 302, Location="https://login.example.net/"),
    ],
)
def test_other_ways_to_refuse_a_header(provider, refusal):
    provider.queue("GET /account", refusal)
    provider.always["GET /account"] = {"data": ACCOUNT}
    assert find_header(KEY, provider.url).auth == COMMON[1]


def test_an_address_that_is_no_api(provider):
    provider.always["GET /account"] = page("<title>Welcome</title>")
    with pytest.raises(NotJSON, match="is base_url the API's address"):
        find_header(KEY, provider.url)
    provider.always["GET /account"] = {"hello": "world"}
    with pytest.raises(UnexpectedShape, match="none of the documented fields"):
        find_header(KEY, provider.url)


def test_nobody_there():
    assert read_document("http://127.0.0.1:9") is None
    with pytest.raises(ConnectFailed, match="nothing listens there"):
        find_header(KEY, "http://127.0.0.1:9")


def test_what_cannot_be_sent_is_not(provider):
    for key, address, first in (
        ("two\nlines", provider.url, ()),
        (KEY, "http://example.net", ()),
        (KEY, provider.url, ["X"]),
    ):
        with pytest.raises(SettingsError):
            find_header(key, address, first)
    assert not provider.received
