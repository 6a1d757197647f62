"""What requests and urllib3 raise -> the error of ours that it means, and why in plain words."""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING

import requests
import urllib3

from vmgen_analytics.api.wires import HandshakeError
from vmgen_analytics.errors import (
    ConnectFailed,
    ConnectionLost,
    NoSuchHost,
    NotJSON,
    RequestTimeout,
    TLSError,
    TransportError,
    TruncatedResponse,
    VMgenError,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def _is(*kinds: type[Exception]) -> Callable[[object], bool]:
    return lambda link: isinstance(link, kinds)


def _is_no_name(link: object) -> bool:
    """Tell a name that does not exist from a name server that does not answer."""
    return isinstance(link, socket.gaierror) and link.errno != socket.EAI_AGAIN


def _authority() -> str:
    name = next((name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)), None)
    if name is None:
        return "name the authority's file in REQUESTS_CA_BUNDLE"
    return f"the authorities are those of {name} ({os.environ[name]})"


_CAUSES: list[tuple[Callable[[object], bool], type[VMgenError], str | Callable[[], str]]] = [
    (_is(requests.exceptions.ProxyError), ConnectFailed, "the proxy of this environment does not let it through"),
    (
        _is_no_name,
        NoSuchHost,
        "there is no host of that name, or no network; nothing was sent; check base_url",
    ),
    (
        _is(urllib3.exceptions.NameResolutionError),
        ConnectFailed,
        "its name cannot be looked up now; nothing was sent; check the network",
    ),
    (
        _is(ssl.SSLCertVerificationError),
        TLSError,
        lambda: f"its certificate cannot be trusted; nothing was sent; {_authority()}",
    ),
    (
        _is(HandshakeError),  # any other trouble with TLS may come after the request
        TLSError,
        "no secure connection can be made; nothing was sent; check base_url",
    ),
    (
        _is(urllib3.exceptions.NewConnectionError),
        ConnectFailed,
        "nothing listens there; nothing was sent; check base_url and that the provider is up",
    ),
    (
        _is(requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError),
        ConnectFailed,
        "it does not answer; nothing was sent; check base_url and the network",
    ),
    (
        _is(requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError),
        RequestTimeout,
        "the answer stopped coming",
    ),
    (_is(urllib3.exceptions.IncompleteRead), TruncatedResponse, "the answer ended too early"),
    (
        _is(urllib3.exceptions.DecodeError, requests.exceptions.ContentDecodingError),
        NotJSON,
        "the answer's compression is broken",
    ),
    (
        _is(requests.ConnectionError, urllib3.exceptions.ProtocolError, OSError),
        ConnectionLost,
        "the connection broke",
    ),
]


def named(error: Exception) -> tuple[type[VMgenError], str]:
    """Name the kind of failure that an exception of theirs means, and say why."""
    chain = _chain(error)
    for is_cause, kind, why in _CAUSES:
        if any(map(is_cause, chain)):
            return kind, why if isinstance(why, str) else why()
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
