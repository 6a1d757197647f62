"""An answer's bytes -> JSON, or the error that it stands for."""

from __future__ import annotations

import contextlib
import json
import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from requests.utils import parse_header_links

from vmgen_analytics.errors import (
    APIError,
    AuthenticationError,
    Conflict,
    NotFound,
    NotJSON,
    PermissionDenied,
    RateLimited,
    ServerError,
    TruncatedResponse,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vmgen_analytics.api.transport import Request

NOT_ACCEPTED = "the key is not accepted"

_KINDS: Mapping[int, tuple[type[APIError], str]] = {
    400: (ValidationError, "the provider does not accept the request"),
    401: (
        AuthenticationError,
        f"{NOT_ACCEPTED}; is the API enabled in the portal? `vmgen-analytics login` finds out how it is sent",
    ),
    403: (PermissionDenied, "the key does not allow this"),
    404: (NotFound, "there is no such thing"),
    408: (ServerError, "the provider gave up waiting for the request"),
    409: (Conflict, "something else is under way"),
    410: (NotFound, "it is gone"),
    422: (ValidationError, "the provider does not accept the request"),
    425: (ServerError, "the provider wants the request later"),
    429: (RateLimited, "too many requests; try again later"),
}


def decoded(
    request: Request, status: int, headers: Mapping[str, str], content: bytes, scrub: Callable[[str], str]
) -> Any:
    """Return the answer's JSON, None where it is empty, as the answer to a command may be.

    Raises
    ------
    APIError
        The status says no, or the answer is nothing but a message.
    NotJSON, TruncatedResponse
        A good status, but no JSON; an empty answer to a GET is no empty list.
    """
    if not 200 <= status < 300:
        raise _refusal(request, status, headers, content, scrub)
    if not content.strip():
        if request.method == "GET" and status != HTTPStatus.NO_CONTENT:
            raise TruncatedResponse(f"{request}: the answer is empty")
        return None
    payload = _json(request, content, scrub)
    if isinstance(payload, dict) and payload and payload.keys() <= {"message", "error", "errors"}:
        raise APIError(f"{request}: {_words(payload, scrub)}", status=status)
    return payload


def _json(request: Request, content: bytes, scrub: Callable[[str], str]) -> Any:
    with contextlib.suppress(orjson.JSONDecodeError):  # which the reader below tells more of, if it fails as well
        return orjson.loads(content)
    try:
        # byte order marks, NaN and Infinity are no JSON, but some servers send them
        return json.loads(content.decode("utf-8-sig"), parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:  # not JSON, or numbers of thousands of digits, brackets in brackets
        is_cut_off = isinstance(error, json.JSONDecodeError) and _ends_too_early(content, error)
    if is_cut_off:  # raised out here: an error in whose context the other one stands would carry the whole answer
        raise TruncatedResponse(f"{request}: the answer ended too early ({len(content)} bytes came)")
    raise NotJSON(f"{request}: the answer is not JSON but {_excerpt(content, scrub)}; is base_url the API's address?")


def _ends_too_early(content: bytes, error: json.JSONDecodeError) -> bool:
    return content.lstrip()[:1] in b"[{" and error.pos >= len(error.doc.rstrip()) - 1


def _refusal(
    request: Request, status: int, headers: Mapping[str, str], content: bytes, scrub: Callable[[str], str]
) -> APIError:
    kind, why = _KINDS.get(status, (ServerError, "the provider failed") if status >= 500 else (APIError, "refused"))
    payload: Any = None
    try:
        payload = orjson.loads(content)
        words = _words(payload, scrub)
    except orjson.JSONDecodeError:
        words = _excerpt(content, scrub) if content.strip() else ""
    name = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "unknown status"
    said = f" (it said: {words.rstrip('.')})" if words else ""
    what, semicolon, way_out = why.partition("; ")
    request_id = _request_id(headers)
    known_as = f" [request {request_id}]" if request_id else ""
    error = kind(f"{request}: {status} {name}: {what}{said}{semicolon}{way_out}{known_as}", status=status)
    error.retry_after_s = retry_after_s(headers)
    error.errors, error.request_id = _errors(payload, scrub), request_id
    return error


def _request_id(headers: Mapping[str, str]) -> str:
    found = next((headers[name] for name in _REQUEST_IDS if headers.get(name)), "")
    return _in_a_line(found)[:100].strip()


_REQUEST_IDS = ("X-Request-Id", "X-Correlation-Id", "Request-Id", "X-Trace-Id")


def _errors(payload: Any, scrub: Callable[[str], str]) -> dict[str, str]:
    """Take what is wrong with which field out of a refusal."""
    errors = payload.get("errors") if isinstance(payload, dict) else None
    if not isinstance(errors, dict):
        return {}
    return {scrub(_in_a_line(field)[:100]): scrub(_in_a_line(_flat(why))[:500]) for field, why in errors.items()}


def _words(payload: Any, scrub: Callable[[str], str]) -> str:
    """Find what an error answer says, in the usual places."""
    if not isinstance(payload, dict):
        return scrub(_in_a_line(_flat(payload))[:200])
    said = payload.get("message") or payload.get("error") or payload.get("title") or payload.get("detail") or ""
    errors = payload.get("errors")
    said = _written(said)
    if isinstance(errors, dict):
        said = "; ".join([said, *(f"{field}: {_flat(reason)}" for field, reason in errors.items())])
    elif isinstance(errors, list):
        said = "; ".join([said, *map(_written, errors)])
    return scrub(_in_a_line(said)[:500].strip("; "))


def _in_a_line(text: str) -> str:
    """Leave out what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in re.sub(r"\s+", " ", text[:20_000]))


def _flat(reason: Any) -> str:
    return ", ".join(map(_written, reason)) if isinstance(reason, list) else _written(reason)


def _written(value: Any) -> str:
    try:
        return str(value)
    except RecursionError:
        return "something nested too deeply"


def _excerpt(content: bytes, scrub: Callable[[str], str]) -> str:
    text = content[:20_000].decode("utf-8", "replace")
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    words = f"a page titled {title[1].strip()!r}" if title else repr(re.sub(r"<[^>]*>|\s+", " ", text).strip()[:80])
    return scrub(words)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to wait, from Retry-After as a number or a date; junk is None."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        return float(value)
    until = http_date(value)
    if until is None:
        return None
    now = http_date(headers.get("Date", "")) or datetime.fromtimestamp(time.time(), UTC)
    return max(0.0, (until - now).total_seconds())


def http_date(text: str) -> datetime | None:
    """Read a date as headers have it; None where it is none."""
    try:
        said = parsedate_to_datetime(text)
        return said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def next_page(headers: Mapping[str, str]) -> str | None:
    """Find the next page in a Link header, None without one."""
    links = parse_header_links(headers.get("Link", "")[:10_000])
    return next((link["url"] for link in links if link.get("rel", "").lower() == "next"), None)
