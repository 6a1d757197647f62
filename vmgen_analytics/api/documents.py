"""The provider's OpenAPI document, where it serves one: which operations there are, and how a key is sent."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import orjson
import requests
import urllib3
from requests.auth import AuthBase

from vmgen_analytics.api.auth import LOOPBACK, ApiKey, KeyAuth, checked_base_url, origin
from vmgen_analytics.api.transport import USER_AGENT, Timeouts
from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from requests import PreparedRequest

PAGE = "/swagger/index.html"
PLACES = ("/swagger/v1/swagger.json", PAGE, "/swagger.json", "/openapi.json")
"""Where an OpenAPI document is looked for, under base_url; the page links to it."""

MAX_DOCUMENT = 8 * 1024 * 1024
PATIENCE = Timeouts(connect_s=5, read_s=15, attempt_s=30)

_NO_PLACE_FOR_A_KEY = {
    *("accept", "connection", "content-length", "content-type", "cookie", "expect", "host", "origin", "referer"),
    *("te", "transfer-encoding", "upgrade", "user-agent"),
}


@dataclass(frozen=True)
class Document:
    """What the provider's OpenAPI document says.

    Attributes
    ----------
    path
        Where it was found.
    version
        Of OpenAPI.
    headers
        Templates of headers that may carry the key, the likeliest first; empty where it names none.
    operations
        Each as ``GET /account``.
    """

    path: str
    version: str
    headers: tuple[str, ...]
    operations: frozenset[str]


def read_document(base_url: str) -> Document | None:
    """Look for the provider's OpenAPI document where it is usually served, without the key and on its host only.

    Parameters
    ----------
    base_url
        Address of the provider.

    Returns
    -------
    Document or None
        None where there is none that can be read.
    """
    base_url = checked_base_url(base_url)
    # whatever is wrong with the provider, asking with the key will tell it better
    unreachable = contextlib.suppress(requests.RequestException, urllib3.exceptions.HTTPError, OSError)
    with _session(base_url) as session, unreachable:
        for url, text in _pages(session, base_url):
            if found := _document(text, urlsplit(url).path):
                return found
    return None


class _Keyless(AuthBase):
    """Adds nothing, and keeps requests from looking into .netrc."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


class _Session(requests.Session):
    """A session that looks at no redirect: requests would read the whole body of one."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find no redirect; none is followed."""


def _session(base_url: str) -> requests.Session:
    session = _Session()
    session.auth = _Keyless()
    session.headers["User-Agent"] = USER_AGENT
    session.trust_env = urlsplit(base_url).hostname not in LOOPBACK
    return session


def _pages(session: requests.Session, base_url: str) -> Iterator[tuple[str, str]]:
    """Read the places of a document on the provider's host, and what the Swagger page links: address and text."""
    for place in PLACES:
        url = base_url + place
        text = _page(session, url)
        yield url, text
        if place == PAGE:
            for link in _linked(session, url, text):
                yield link, _page(session, link)


def _linked(session: requests.Session, url: str, page: str) -> list[str]:
    """Find the addresses of documents in a Swagger page, or in the script that sets it up."""
    scripts = re.findall(r"""src=["']([^"']*(?:initializer|index)\.js)["']""", page)
    texts = [page, *(_page(session, script) for script in _at_home(url, scripts))]
    links = [link.replace("\\/", "/") for text in texts for link in re.findall(_LINK, text)]
    return _at_home(url, links)


_LINK = r"""\burl["']?\s*:\s*["']([^"'\s]{1,500})["']"""


def _at_home(page: str, links: Sequence[str], most: int = 2) -> list[str]:
    """Keep the links that stay on the page's own scheme, host and port."""
    found = []
    for link in dict.fromkeys(links):
        try:
            target = urljoin(page, link)
            if origin(target) == origin(page):
                found.append(target)
        except ValueError:
            continue
    return found[:most]


def _page(session: requests.Session, url: str) -> str:
    """Read a page, empty where there is none; no redirect is followed."""
    deadline = time.monotonic() + PATIENCE.attempt_s
    received = bytearray()
    with session.get(
        url, timeout=(PATIENCE.connect_s, PATIENCE.read_s), allow_redirects=False, stream=True
    ) as response:
        if response.status_code == 429:
            raise requests.HTTPError("the provider asks to wait")
        if response.status_code != 200:
            return ""
        while piece := response.raw.read1(65536, decode_content=True):
            received += piece
            if len(received) > MAX_DOCUMENT or time.monotonic() > deadline:
                return ""
    return received.decode("utf-8-sig", "replace")


def _document(text: str, path: str) -> Document | None:
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(content, dict) or not ("openapi" in content or "swagger" in content):
        return None
    version = content.get("openapi") or content.get("swagger")
    return Document(path, str(version)[:20], tuple(_headers(content)), frozenset(_operations(content)))


def _headers(document: dict[str, Any]) -> list[str]:
    """Read the headers of the security schemes, those that every operation needs first."""
    schemes = {
        **_table(document.get("securityDefinitions")),
        **_table(_table(document.get("components")).get("securitySchemes")),
    }
    needed = document.get("security")
    first = [name for each in needed if isinstance(each, dict) for name in each] if isinstance(needed, list) else []
    ordered = [*(name for name in first if name in schemes), *schemes]
    found = [template for name in dict.fromkeys(ordered) for template in _templates(_table(schemes[name]))]
    return list(dict.fromkeys(template for template in found if _can_carry(template)))[:4]


def _templates(scheme: dict[str, Any]) -> list[str]:
    """Write a security scheme as templates; a key in a query or a cookie is none of ours."""
    kind, name = scheme.get("type"), scheme.get("name")
    if kind == "oauth2" or (kind == "http" and str(scheme.get("scheme")).lower() == "bearer"):
        return ["Authorization: Bearer {key}"]
    if kind != "apiKey" or scheme.get("in") != "header" or not isinstance(name, str):
        return []
    if name.strip().lower() != "authorization":
        return [f"{name.strip()}: {{key}}"]
    plain, bearer = "Authorization: {key}", "Authorization: Bearer {key}"
    meant = [bearer, plain] if "bearer" in str(scheme.get("description")).lower() else [plain, bearer]
    return [*meant, "Authorization: Token {key}"]


def _can_carry(template: str) -> bool:
    header = template.partition(":")[0].strip().lower()
    try:
        KeyAuth(ApiKey("a-key"), template, "https://localhost")
    except SettingsError:
        return False
    return header not in _NO_PLACE_FOR_A_KEY and len(header) <= 60


def _operations(document: dict[str, Any]) -> Iterator[str]:
    for path, methods in _table(document.get("paths")).items():
        for method in _table(methods):
            if method in ("get", "put", "post", "delete", "patch"):
                yield f"{method.upper()} {path}"


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
