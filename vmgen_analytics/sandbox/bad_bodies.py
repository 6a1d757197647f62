"""Faults of the body: no JSON, other JSON, other fields, other types, other wrappings."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vmgen_analytics.sandbox import envelopes
from vmgen_analytics.sandbox.exchange import Answer, Exchange

MAINTENANCE = "<!doctype html><html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>"


async def html(exchange: Exchange, *, code: int = 200, page: str = MAINTENANCE) -> None:
    """Answer with a page."""
    await exchange.respond(Answer(code, {"content-type": "text/html; charset=utf-8"}, page.encode()))


async def body(exchange: Exchange, *, body: Any, code: int = 200, content_type: str = "application/json") -> None:
    """Answer with a body of your own: bytes and text as they are, anything else as JSON."""
    text = body if isinstance(body, bytes | str) else json.dumps(body)
    content = text.encode() if isinstance(text, str) else text
    await exchange.respond(Answer(code, {"content-type": content_type}, content))


async def missing_field(exchange: Exchange, *, field: str) -> None:
    """Leave a field out of every record."""
    await _change(exchange, lambda row: {name: value for name, value in row.items() if name != field})


async def extra_field(exchange: Exchange, *, field: str = "new_field", value: Any = "new") -> None:
    """Add a field to every record."""
    await _change(exchange, lambda row: row | {field: value})


async def wrong_type(exchange: Exchange, *, field: str, value: Any = ()) -> None:
    """Put a value of another type, a list by default, into a field of every record."""
    await _change(exchange, lambda row: row | {field: value})


async def text_numbers(exchange: Exchange) -> None:
    """Send every number as text."""
    await _change(exchange, lambda row: {name: _as_text(value) for name, value in row.items()})


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


async def _change(exchange: Exchange, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    answer = await exchange.answer()
    content = answer.json()
    changed = [change(row) for row in content] if isinstance(content, list) else change(content)
    await exchange.respond(replace(answer, body=json.dumps(changed).encode()))


async def envelope(exchange: Exchange, *, style: str = "data", size: int = 10, key: str = "data") -> None:
    """Wrap a list, whole or in pages.

    Parameters
    ----------
    exchange
        The request; ``page`` or ``cursor`` in its query asks for a page.
    style
        "data" wraps the whole, and single records too; "single" sends the first record alone. In pages: "next",
        "next_page_url", "links", "meta", "cursor", and "link_header", which sends a bare list.
    size
        Records of a page.
    key
        The field that holds the list.
    """
    answer = await exchange.answer()
    content, headers = answer.json(), dict(answer.headers)
    if style == "data" or not isinstance(content, list):
        wrapped: Any = {key: content}
    elif style == "single":
        wrapped = content[0] if content else {}
    else:
        asked = exchange.query.get("page") or exchange.query.get("cursor")
        part = envelopes.page(content, asked, size, exchange.url)
        if style == "link_header" and part.following:
            headers["link"] = f'<{part.following}>; rel="next"'
        wrapped = part.rows if style == "link_header" else {key: part.rows} | envelopes.POINTERS[style](part)
    await exchange.respond(replace(answer, headers=headers, body=json.dumps(wrapped).encode()))
