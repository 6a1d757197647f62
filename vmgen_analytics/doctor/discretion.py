"""What may be told of an answer: names of fields, unless they could be the name of a VM, a place or a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vmgen_analytics.doctor.answers import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

WRAPPINGS = {
    *("data", "items", "results", "records", "result", "rows", "list", "entries", "response", "payload", "content"),
    *("invoices", "locations", "packages", "vms", "virtual_machines", "virtualMachines", "servers", "usage", "jobs"),
    *("meta", "links", "next", "prev", "previous", "first", "last", "total", "count", "page", "pages", "per_page"),
    *("current_page", "last_page", "next_page_url", "prev_page_url", "next_cursor", "from", "to", "path", "pagination"),
    *("success", "status", "code", "message", "error", "errors"),
}
"""Fields that answers elsewhere have around their records."""

_ANYBODYS = {name for each in OPERATIONS for name in each.fields} | WRAPPINGS
_SOMEBODYS = {
    *("name", "fqdn", "ip", "ipv4", "ipv6", "gateway", "broadcast", "rev_dns", "billing_address", "description"),
    *("content", "script_content", "package", "os_description"),
}


def may_be_told(payloads: Iterable[Any]) -> Callable[[str], bool]:
    """Learn from the answers what is somebody's, and return the test for names of fields.

    Parameters
    ----------
    payloads
        All answers, decoded.

    Returns
    -------
    Callable
        True for a documented name, and for any other that is a plain word, is no text of the answers, and
        shares no part with their names, addresses and descriptions.
    """
    payloads = list(payloads)
    texts = {text.casefold() for payload in payloads for text in _texts(payload, ())}
    parts = {part for payload in payloads for text in _texts(payload, _SOMEBODYS) for part in _parts(text)}

    def test(name: str) -> bool:
        if name in _ANYBODYS:
            return True
        is_word = re.fullmatch(r"[A-Za-z_][A-Za-z_0-9]{0,40}", name) is not None
        return is_word and name.casefold() not in texts and not parts & set(_parts(name))

    return test


def shown_header(auth: str) -> str:
    """Show the template of a header, if there is nothing in it but the key and a usual word."""
    is_plain = re.fullmatch(r"[A-Za-z0-9-]+: ?((Bearer|Token|ApiKey|Api-Key|Key) )?\{key\}", auth)
    return auth if is_plain else "a header that is not shown here"


def _parts(text: str) -> list[str]:
    """Split a text into its words, also where they are joined as in web_01, web-01 and webServer."""
    return [part.casefold() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[^\W_a-zA-Z]+", text) if len(part) > 1]


def _texts(value: Any, fields: Collection[str], *, is_wanted: bool = False) -> Iterator[str]:
    """Find all texts, or those under some fields, however deep."""
    if isinstance(value, str):
        if is_wanted or not fields:
            yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, fields, is_wanted=is_wanted or name in fields)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, fields, is_wanted=is_wanted)
