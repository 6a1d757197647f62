"""One attempt: a request out, bytes back, within a deadline; every way to fail has an error of its own."""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import orjson
import requests
import urllib3
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict

from vmgen_analytics.api import answers, causes
from vmgen_analytics.api.attempts import Attempt, Attempts
from vmgen_analytics.api.auth import LOOPBACK, KeyAuth, origin
from vmgen_analytics.api.clock import ProviderClock
from vmgen_analytics.api.wires import Wires
from vmgen_analytics.errors import (
    AuthenticationError,
    ConnectionLost,
    RedirectRefused,
    RequestTimeout,
    ResponseTooLarge,
    VMgenError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """What is asked: the operation's name, the method, the path under the base URL, and a JSON body.

    ``is_fresh`` asks for a connection of its own, so that none that the server is about to close is used.
    """

    operation: str
    method: str
    path: str
    body: Any = None
    is_fresh: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Reply(NamedTuple):
    """An answer: its decoded JSON, None where it is empty, and what its Link header names as the next page."""

    payload: Any
    next_page: str | None = None


@dataclass
class _Answer:
    """An answer as far as it came, which shows nothing of it to who prints variables."""

    status: int = 0
    headers: CaseInsensitiveDict[str] = field(default_factory=CaseInsensitiveDict, repr=False)
    content: bytearray = field(default_factory=bytearray, repr=False)

    def read_on(self, response: requests.Response) -> bool:
        """Take the next piece; False at the end."""
        piece = response.raw.read1(65536, decode_content=True)
        self.content += piece
        return bool(piece)


class _Session(requests.Session):
    """A session that looks at no redirect: requests would read the whole body of one, without a cap or a deadline."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find no redirect; `Transport` does that."""


class Transport:
    """Sessions that threads share and nobody changes; after a fork, the child makes its own.

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
        self.attempts = Attempts()
        self.clock = ProviderClock(base_url)
        self._auth = auth
        self._workers = workers
        self._lock = threading.Lock()
        self._open()

    def send(self, request: Request) -> Reply:
        """Try once.

        Raises
        ------
        VMgenError
            The transport, the answer or the provider failed; which of them is its type.
        """
        url = self.base_url + request.path
        for _ in range(MAX_REDIRECTS + 1):
            answer = _Answer()
            with self._noted(request, url, answer):
                self._exchange(request, url, answer)
                if answer.status not in (301, 302, 303, 307, 308):
                    content = self._auth.scrub_bytes(bytes(answer.content))  # some repeat the key
                    return Reply(self._decoded(request, answer, content), answers.next_page(answer.headers))
                url = self._redirected(request, url, answer.headers.get("Location", ""))
        raise RedirectRefused(f"{request}: redirected more than {MAX_REDIRECTS} times; check base_url")

    def _decoded(self, request: Request, answer: _Answer, content: bytes) -> Any:
        try:
            return answers.decoded(request, answer.status, answer.headers, content, self._auth.scrub)
        except AuthenticationError as error:
            sent = f"{answers.NOT_ACCEPTED} in the header {self._auth.header}"
            error.args = (str(error).replace(answers.NOT_ACCEPTED, sent, 1),)
            raise

    def cut(self) -> None:
        """Break off whatever is under way, from another thread."""
        self._wires.cut()

    def close(self) -> None:
        """Close the connections that wait for use."""
        self._shared.close()

    def _open(self) -> None:
        self._process = os.getpid()
        self._wires = Wires(self.timeouts.attempt_s)
        self._shared = self._session(self._workers)

    def _session_for(self, request: Request) -> requests.Session:
        with self._lock:
            if self._process != os.getpid():  # two processes on one connection would read each other's answers
                self._open()
            return self._session(1) if request.is_fresh else self._shared

    def _session(self, connections: int) -> requests.Session:
        session = _Session()
        session.auth = self._auth
        session.headers["User-Agent"] = USER_AGENT
        session.headers["Accept"] = "application/json"
        session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        resolved = session.merge_environment_settings(self.base_url, {}, None, None, None)
        session.verify = resolved["verify"]
        if urlsplit(self.base_url).hostname not in LOOPBACK:  # a proxy would take the key off this machine, in clear
            session.proxies = resolved["proxies"]
        session.trust_env = False
        session.mount(self.base_url, self._wires.adapter(connections))
        return session

    @contextmanager
    def _noted(self, request: Request, url: str, answer: _Answer) -> Iterator[None]:
        """Note how the attempt ended, and write on its error what was asked and where."""
        began = time.monotonic()
        kind = ""
        try:
            yield
        except VMgenError as error:
            kind = type(error).__name__
            error.operation, error.url = request.operation, url
            error.status = error.status or answer.status
            raise
        finally:
            elapsed_ms = (time.monotonic() - began) * 1000
            size = len(answer.content)
            self.attempts.add(
                Attempt(request.operation, request.method, request.path, answer.status, elapsed_ms, size, kind)
            )

    def _exchange(self, request: Request, url: str, answer: _Answer) -> None:
        began = time.monotonic()
        session = self._session_for(request)
        try:
            self._receive(session, request, url, answer, began + self.timeouts.attempt_s)
        except VMgenError:
            raise  # some are also a TimeoutError, which is an OSError
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            failure: BaseException = self._failure(request, error, answer, time.monotonic() - began)
        except KeyboardInterrupt:
            failure = KeyboardInterrupt()
        else:
            return
        finally:
            if request.is_fresh:
                session.close()
        raise failure  # outside of the except, so that nothing of the original hangs on it: it may carry the key

    def _receive(self, session: requests.Session, request: Request, url: str, answer: _Answer, deadline: float) -> None:
        headers = {} if request.body is None else {"Content-Type": "application/json"}
        if request.is_fresh:
            headers["Connection"] = "close"
        with session.request(
            request.method,
            url,
            data=None if request.body is None else orjson.dumps(request.body),
            headers=headers,
            timeout=(self.timeouts.connect_s, self.timeouts.read_s),
            allow_redirects=False,
            stream=True,
        ) as response:
            answer.status = response.status_code
            answer.headers = CaseInsensitiveDict(
                (name, self._auth.scrub(text)) for name, text in response.headers.items()
            )
            self._note_clock(answer.headers.get("Date"))
            while answer.read_on(response):
                if len(answer.content) > MAX_BODY:
                    raise ResponseTooLarge(f"{request}: the answer is larger than {MAX_BODY // 2**20} MiB")
                if time.monotonic() > deadline:
                    raise self._too_late(request, len(answer.content))

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
        if said := answers.http_date(date or ""):  # an answer without a date leaves the clock running
            self.clock.note(said)

    def _failure(self, request: Request, error: Exception, answer: _Answer, elapsed_s: float) -> VMgenError:
        """Name what went wrong, and how much had come by then."""
        received = len(answer.content)
        if elapsed_s >= self.timeouts.attempt_s:
            return self._too_late(request, received)
        kind, why = causes.named(error)
        host = urlsplit(self.base_url).netloc
        announced = "" if "Content-Encoding" in answer.headers else answer.headers.get("Content-Length", "")
        of = f" of {announced}" if re.fullmatch(r"\d{1,18}", announced) else ""
        came = f" ({received}{of} bytes came)" if received else ""
        unclear = request.method != "GET" and issubclass(kind, (RequestTimeout, ConnectionLost))
        carried_out = "; the request may have been carried out" if unclear else ""
        return kind(f"{request} at {host}: {why}{came}{carried_out}")

    def _too_late(self, request: Request, received: int) -> RequestTimeout:
        return RequestTimeout(
            f"{request}: no whole answer within {self.timeouts.attempt_s:g} s ({received} bytes came)"
        )
