"""One attempt: a request out, bytes back, within a deadline; every way to fail has an error of its own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import orjson
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar

from vmgen_analytics.api import answers
from vmgen_analytics.api.auth import LOOPBACK, KeyAuth, origin
from vmgen_analytics.errors import (
    ConnectFailed,
    ConnectionLost,
    NotJSON,
    RedirectRefused,
    RequestTimeout,
    ResponseTooLarge,
    TransportError,
    TruncatedResponse,
    VMgenError,
)

if TYPE_CHECKING:
    from datetime import datetime

MAX_BODY = 32 * 1024 * 1024
MAX_REDIRECTS = 3
USER_AGENT = "vmgen-analytics"


@dataclass(frozen=True)
class Timeouts:
    """Patience with one attempt, in seconds: to connect, between bytes, and for all of it."""

    connect_s: float = 5.0
    read_s: float = 30.0
    attempt_s: float = 60.0


@dataclass(frozen=True)
class Request:
    """What is asked: the operation's name, the method, the path under the base URL, and a JSON body."""

    operation: str
    method: str
    path: str
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class _Session(requests.Session):
    """A session that looks at no redirect: requests would read the whole body of one, without a cap or a deadline."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find no redirect; `Transport` does that."""


class Transport:
    """A session that threads share and nobody changes.

    Parameters
    ----------
    base_url
        Address of the provider, checked.
    auth
        What adds the key.
    workers
        How many threads will use it at once; the pool has one connection for each.
    timeouts
        Patience with one attempt.
    """

    def __init__(self, base_url: str, auth: KeyAuth, workers: int, timeouts: Timeouts) -> None:
        self.base_url = base_url
        self.timeouts = timeouts
        self.sent = 0
        self.provider_clock: tuple[datetime, float] | None = None
        self._auth = auth
        self._lock = threading.Lock()
        self._session = _Session()
        self._session.auth = auth
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.headers["Accept"] = "application/json"
        self._session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        resolved = self._session.merge_environment_settings(base_url, {}, None, None, None)
        self._session.verify = resolved["verify"]
        if urlsplit(base_url).hostname not in LOOPBACK:  # a proxy would take the key off this machine, in clear
            self._session.proxies = resolved["proxies"]
        self._session.trust_env = False
        adapter = HTTPAdapter(pool_maxsize=workers, pool_block=True, max_retries=urllib3.Retry(0, read=False))
        self._session.mount(base_url, adapter)

    def send(self, request: Request) -> Any:
        """Try once and return the decoded JSON, None for an empty answer.

        Raises
        ------
        VMgenError
            The transport, the answer or the provider failed; which of them is its type.
        """
        url = self.base_url + request.path
        for _ in range(MAX_REDIRECTS + 1):
            status, headers, content = self._exchange(request, url)
            if status not in (301, 302, 303, 307, 308):
                return answers.decoded(request, status, headers, content, self._auth.scrub)
            url = self._redirected(request, url, headers.get("Location", ""))
        raise RedirectRefused(f"{request}: redirected more than {MAX_REDIRECTS} times; check base_url")

    def close(self) -> None:
        """Close the connections that wait for use."""
        self._session.close()

    def _exchange(self, request: Request, url: str) -> tuple[int, Any, bytes]:
        deadline = time.monotonic() + self.timeouts.attempt_s
        with self._lock:
            self.sent += 1
        received = bytearray()
        try:
            with self._session.request(
                request.method,
                url,
                data=None if request.body is None else orjson.dumps(request.body),
                headers=None if request.body is None else {"Content-Type": "application/json"},
                timeout=(self.timeouts.connect_s, self.timeouts.read_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                self._note_clock(response.headers.get("Date"))
                while piece := response.raw.read1(65536, decode_content=True):
                    received += piece
                    if len(received) > MAX_BODY:
                        raise ResponseTooLarge(f"{request}: the answer is larger than {MAX_BODY // 2**20} MiB")
                    if time.monotonic() > deadline:
                        raise RequestTimeout(
                            f"{request}: no whole answer within {self.timeouts.attempt_s:g} s "
                            f"({len(received)} bytes came)"
                        )
                return response.status_code, response.headers, bytes(received)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            failure = self._failure(request, error, len(received))
        raise failure  # outside of the except, so that nothing of the original hangs on it: it may carry the key

    def _redirected(self, request: Request, url: str, location: str) -> str:
        try:
            target = urljoin(url, location)
            is_home = origin(target) == origin(self.base_url)
        except ValueError:
            raise RedirectRefused(f"{request}: the answer points to no address that can be read") from None
        if request.method != "GET" or not is_home:
            raise RedirectRefused(
                f"{request}: the answer points to {urlsplit(target).hostname}, which was given neither the key nor "
                "the request; check base_url"
            )
        return target

    def _note_clock(self, date: str | None) -> None:
        if date:
            try:
                self.provider_clock = (parsedate_to_datetime(date), time.monotonic())
            except ValueError:
                self.provider_clock = None

    def _failure(self, request: Request, error: Exception, received: int) -> VMgenError:
        """Name what went wrong."""
        kind, why = _named(error)
        host = urlsplit(self.base_url).netloc
        came = f" ({received} bytes came)" if received else ""
        return kind(f"{request} at {host}: {why}{came}")


_CAUSES: list[tuple[tuple[type[Exception], ...], type[VMgenError], str]] = [
    (
        (urllib3.exceptions.NameResolutionError,),
        ConnectFailed,
        "there is no host of that name, or no network; check base_url",
    ),
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError), ConnectFailed, "its certificate cannot be trusted"),
    (
        (urllib3.exceptions.NewConnectionError,),
        ConnectFailed,
        "nothing listens there; check base_url and that the provider is up",
    ),
    (
        (requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError),
        ConnectFailed,
        "it does not answer; check base_url and the network",
    ),
    ((requests.exceptions.ProxyError,), ConnectFailed, "the proxy of this environment does not let it through"),
    (
        (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError),
        RequestTimeout,
        "the answer stopped coming; the request may have been carried out",
    ),
    ((urllib3.exceptions.IncompleteRead,), TruncatedResponse, "the answer ended too early"),
    (
        (urllib3.exceptions.DecodeError, requests.exceptions.ContentDecodingError),
        NotJSON,
        "the answer's compression is broken",
    ),
    (
        (requests.ConnectionError, urllib3.exceptions.ProtocolError),
        ConnectionLost,
        "the connection broke; the request may have been carried out",
    ),
]


def _named(error: Exception) -> tuple[type[VMgenError], str]:
    chain = _chain(error)
    for causes, kind, why in _CAUSES:
        if any(isinstance(link, causes) for link in chain):
            return kind, why
    return TransportError, f"the request failed ({type(error).__name__})"


def _chain(error: BaseException | None) -> list[object]:
    """Collect an error, what it wraps and what it came from: requests hides urllib3's own in several places."""
    found: list[object] = []
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop()
        if not isinstance(link, BaseException) or link in found:
            continue
        found.append(link)
        waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return found
