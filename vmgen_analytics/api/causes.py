"""What requests and urllib3 raise -> the error of ours that it means, and why in plain words."""

from __future__ import annotations

import requests
import urllib3

from vmgen_analytics.errors import (
    ConnectFailed,
    ConnectionLost,
    NotJSON,
    RequestTimeout,
    TLSError,
    TransportError,
    TruncatedResponse,
    VMgenError,
)

_CAUSES: list[tuple[tuple[type[Exception], ...], type[VMgenError], str]] = [
    (
        (urllib3.exceptions.NameResolutionError,),
        ConnectFailed,
        "there is no host of that name, or no network; check base_url",
    ),
    (
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError),
        TLSError,
        "its certificate cannot be trusted; name the authority's file in REQUESTS_CA_BUNDLE",
    ),
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
        (requests.ConnectionError, urllib3.exceptions.ProtocolError, OSError),
        ConnectionLost,
        "the connection broke; the request may have been carried out",
    ),
]


def named(error: Exception) -> tuple[type[VMgenError], str]:
    """Name the kind of failure that an exception of theirs means, and say why."""
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
