"""Takes records out of whatever they are wrapped in: a bare list, one object, an envelope, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vmgen_analytics.errors import IncompleteListing, UnexpectedShape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmgen_analytics.api.operations import Operation

_LISTS = ("data", "items", "results", "records")
_NEXT = (("next",), ("next_page_url",), ("links", "next"), ("meta", "next"), ("pagination", "next"))
_PAGING = ("meta", "pagination")
_PAGE_WORDS = {"current_page", "last_page", "page", "per_page", "page_size", "limit", "offset", "next_cursor", "next"}


def records(payload: Any, operation: Operation) -> list[dict[str, Any]]:
    """Return the records of an answer.

    Parameters
    ----------
    payload
        Decoded JSON: a list of objects, one object, or an object that holds one list; None is an empty list.
    operation
        What was asked; an object with two of its fields is a record and no envelope.

    Raises
    ------
    UnexpectedShape
        It is none of these.
    """
    found = _unwrapped(payload, operation.fields)
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise UnexpectedShape(f"{operation}: expected a list of records, got {_kind(found)}")
    return found


def record(payload: Any, operation: Operation) -> dict[str, Any]:
    """Return the only record of an answer.

    Raises
    ------
    UnexpectedShape
        There is not exactly one.
    """
    found = records(payload, operation)
    if len(found) != 1:
        raise UnexpectedShape(f"{operation}: expected one record, got {len(found)}")
    return found[0]


def next_link(payload: Any) -> str | None:
    """Find what an answer says of the page after it, None on the last.

    Returns
    -------
    str
        An address, a path, or a query as ``?page=2``: relative to the page's own address.
    """
    if not isinstance(payload, dict):
        return None
    for keys in _NEXT:
        link: Any = payload
        for key in keys:
            link = link.get(key) if isinstance(link, dict) else None
        if isinstance(link, str) and link:
            return link
    return _numbered(_paging(payload))


def check_complete(payload: Any, records: Sequence[Any], operation: Operation) -> None:
    """Compare the records of all pages with how many the last page says there are.

    A total that stands beside nothing about pages is none: it may be of what the records tell.

    Raises
    ------
    IncompleteListing
        There are more.
    """
    if not isinstance(payload, dict):
        return
    said = _paging(payload)
    totals = (said.get(name) for name in ("total", "total_count", "totalCount", "total_entries"))
    total = next((each for each in totals if isinstance(each, int) and not isinstance(each, bool)), 0)
    if total > len(records) and (said is not payload or payload.keys() & _PAGE_WORDS):
        raise IncompleteListing(
            f"{operation}: {len(records)} of {total} records came, and the answer names no next page: nothing is "
            "taken, as some would seem not to exist"
        )


def _paging(payload: dict[str, Any]) -> dict[str, Any]:
    """Find what an answer says about its pages: in ``meta``, in ``pagination`` (there too), or beside its records."""
    found = payload
    for name in _PAGING:
        inner = found.get(name)
        found = inner if isinstance(inner, dict) else found
    return found


def _numbered(said: dict[str, Any]) -> str | None:
    current, last = said.get("current_page"), said.get("last_page")
    if isinstance(current, int) and isinstance(last, int) and current < last:
        return f"?page={current + 1}"
    cursor, number = said.get("next_cursor"), said.get("next_page")
    if isinstance(cursor, str) and cursor:
        return f"?cursor={quote(cursor, safe='', errors='replace')}"
    return f"?page={number}" if isinstance(number, int) and number > 1 else None


def wrapping(payload: Any, operation: Operation) -> str:
    """Tell in words what the records of an answer came in."""
    found = _unwrapped(payload, operation.fields)
    if found is payload:
        return "bare" if isinstance(payload, list) else "as one object"
    name = next((name for name, value in payload.items() if value is found), "") if isinstance(payload, dict) else ""
    return f"inside {name!r}" if name else "empty"


def _unwrapped(payload: Any, fields: tuple[str, ...]) -> Any:
    if payload is None:
        return []
    if not isinstance(payload, dict):
        return payload
    known = len(payload.keys() & set(fields))  # an envelope may have a field by chance, as status
    wrapped = next((payload[name] for name in _LISTS if isinstance(payload.get(name), list | dict)), None)
    if known > 1 or (known == 1 and wrapped is None):
        return payload
    if wrapped is not None:
        return wrapped
    lists = [value for value in payload.values() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else payload


def _kind(value: Any) -> str:
    if isinstance(value, list):
        strange = next(record for record in value if not isinstance(record, dict))
        return f"a list that holds {_NAMES.get(type(strange), 'nothing')}"
    return _NAMES.get(type(value), "nothing")


_NAMES = {str: "text", bool: "true or false", int: "a number", float: "a number", dict: "an object", list: "a list"}
