"""The key reaches its own provider and nothing else."""

import logging
import pickle
import traceback

import pytest
import requests
from scripted import KEY, Answer, Provider, broken, cut_off, page, says

from vmgen_analytics.api import Client
from vmgen_analytics.api.auth import KeyAuth
from vmgen_analytics.errors import NotFound, RedirectRefused, SettingsError, VMgenError

VMS = "GET /virtual-machines"


@pytest.fixture
def stranger():
    with Provider() as stranger:
        stranger.always[VMS] = []
        yield stranger


def keys_at(provider):
    return [received for received in provider.received if KEY in str(received.headers) + received.path]


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("Authorization: Bearer {key}", "Authorization", f"Bearer {KEY}"),
        ("X-API-Key: {key}", "X-API-Key", KEY),
        ("X-Token:{key}", "X-Token", KEY),
    ],
)
def test_the_key_is_sent_as_the_setting_says(provider, connect, auth, header, value):
    provider.always[VMS] = []
    connect(provider, auth=auth).vms()
    assert provider.received[0].headers[header] == value


def test_the_key_stands_in_no_address(provider, client):
    provider.always[VMS] = []
    client.vms()
    assert KEY not in provider.received[0].path


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_redirect_elsewhere_is_refused_and_moves_no_key(provider, client, stranger, status, host):
    target = stranger.url.replace("127.0.0.1", host) + "/virtual-machines"
    provider.always[VMS] = says({}, status, Location=target)
    with pytest.raises(RedirectRefused, match="neither the key nor the request"):
        client.vms()
    assert len(provider.received) == 1
    assert not stranger.received


@pytest.mark.parametrize("location", ["http://[broken", "http://host:99999999/x", "//", "ftp://127.0.0.1/", "data:,x"])
def test_a_redirect_to_nonsense_is_refused(provider, client, location):
    provider.always[VMS] = says({}, 302, Location=location)
    with pytest.raises(RedirectRefused):
        client.vms()


def test_a_redirect_at_home_is_followed(provider, client):
    provider.always[VMS] = says({}, 301, Location="/virtual-machines/")
    provider.always["GET /virtual-machines/"] = [{"id": 1}]
    assert client.vms() == [{"id": 1}]
    assert len(keys_at(provider)) == 2


def test_redirects_in_a_circle_end(provider, client):
    provider.always[VMS] = says({}, 302, Location="/virtual-machines")
    with pytest.raises(RedirectRefused, match="more than 3 times"):
        client.vms()
    assert provider.count(VMS) == 4


def test_netrc_does_not_replace_the_key(provider, connect, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    provider.always[VMS] = []
    connect(provider).vms()
    assert provider.received[0].headers["Authorization"] == f"Bearer {KEY}"


def test_a_provider_on_this_machine_is_not_asked_through_a_proxy(provider, connect, stranger, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, stranger.url)
    provider.always[VMS] = [{"id": 1}]
    assert connect(provider).vms() == [{"id": 1}]
    assert not stranger.received


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:8000/x", "http://127.0.0.1:8001/x", "http://localhost:8000/x", "http://127.0.0.1:8000@h/x"],
)
def test_the_key_is_added_to_requests_for_its_own_origin_only(client, url):
    auth = KeyAuth(client._transport._auth._key, "X-Key: {key}", "http://127.0.0.1:8000")
    session = requests.Session()
    assert KEY not in str(session.prepare_request(requests.Request("GET", url, auth=auth)).headers)
    home = requests.Request("GET", "http://127.0.0.1:8000/x", auth=auth)
    assert session.prepare_request(home).headers["X-Key"] == KEY


def test_cookies_are_neither_kept_nor_sent(provider, client):
    provider.always[VMS] = says([], Set_Cookie="session=1; Path=/")
    client.vms()
    client.vms()
    assert "Cookie" not in provider.received[1].headers


FAULTS = {
    "a refusal that repeats the key": says({"message": f"the key {KEY} is unknown"}, 400),
    "errors that repeat the key": says({"errors": {KEY: [KEY]}}, 422),
    "a page that repeats the key": page(f"<title>{KEY}</title>"),
    "text that repeats the key": Answer(f"no key like {KEY}".encode(), 500),
    "a message that repeats the key": says({"message": KEY}),
    "a reset": broken(),
    "a cut": cut_off([1, 2, 3]),
    "a redirect": says({}, 302, Location=f"http://example.net/{KEY}"),
    "a page elsewhere": says({"data": [], "next": f"http://example.net/{KEY}"}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_key_is_in_no_error_and_no_log(provider, client, caplog, fault):
    caplog.set_level(logging.DEBUG)
    provider.always[VMS] = fault
    with pytest.raises(VMgenError) as caught:
        client.vms()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    for link in _linked(caught.value):
        told += repr(link) + str(link) + repr(vars(link)) + repr(link.args)
        request = getattr(link, "request", None)
        told += str(getattr(request, "headers", ""))
    assert KEY not in told


def _linked(error):
    """The error and all that hangs on it, shown in a traceback or not."""
    found, waiting = [], [error]
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and link not in found:
            found.append(link)
            waiting += [link.__cause__, link.__context__, *link.args]
    return found


def test_the_key_is_not_shown_by_what_holds_it(client):
    parts = [client, client._transport, client._transport._auth, client._transport._auth._key, client._retrier]
    for part in parts:
        assert KEY not in repr(part) + str(part) + repr(getattr(part, "__dict__", ""))
        assert KEY not in f"{part}"
    with pytest.raises(TypeError):
        pickle.dumps(client._transport._auth)


@pytest.mark.parametrize("key", ["", "  ", "two\nlines", "schlüssel", "tab\tkey", "nul\0", "\N{ZERO WIDTH SPACE}abc"])
def test_a_key_that_no_provider_gives_is_refused_without_showing_it(key):
    with pytest.raises(SettingsError, match="API key") as caught:
        Client(key)
    assert not key.strip() or key not in str(caught.value)


def test_blanks_around_a_pasted_key_do_not_matter(provider, connect):
    provider.always[VMS] = []
    connect(provider, key=f"  {KEY}\n").vms()
    assert provider.received[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "auth",
    ["Authorization: Bearer", "{key}", ": {key}", "X Key: {key}", "X-Key: a\nb {key}", "X-Key: {key}\r\nEvil: 1",
     "Schlüssel: {key}", "X-Key: schlüssel {key}", ""],
)  # fmt: skip
def test_a_header_that_cannot_carry_a_key_is_refused_at_once(auth):
    with pytest.raises(SettingsError, match="header") as caught:
        Client(KEY, auth=auth)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "base_url",
    ["", "api.my.vmgen.com", "ftp://api.my.vmgen.com", "http://api.my.vmgen.com", "http://127.0.0.1.example.net",
     "https://user:secret@api.my.vmgen.com", "https://:secret@api.my.vmgen.com", "https://api.my.vmgen.com?x=1",
     "https://api.my.vmgen.com#x", "http://[broken", "https://host:99999999", "http://169.254.169.254"],
)  # fmt: skip
def test_an_address_that_would_show_the_key_is_refused(base_url):
    with pytest.raises(SettingsError, match="base_url") as caught:
        Client(KEY, base_url=base_url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1", "http://localhost:1/", "http://[::1]:1", "https://h/api/"])
def test_this_machine_and_https_are_fine(base_url):
    with Client(KEY, base_url=base_url) as client:
        assert repr(client) == f"Client(account='main', base_url={base_url.rstrip('/')!r})"


def test_a_base_url_may_have_a_path(provider, connect):
    provider.always["GET /api/v1/virtual-machines"] = {"data": [{"id": 1}], "next": "/api/v1/virtual-machines?page=2"}
    provider.always["GET /api/v1/virtual-machines?page=2"] = [{"id": 2}]
    assert connect(provider, base_url=f"{provider.url}/api/v1/").vms() == [{"id": 1}, {"id": 2}]


def test_an_unknown_vm_is_not_found(provider, client):
    with pytest.raises(NotFound, match="no such thing"):
        client.configuration(5)
