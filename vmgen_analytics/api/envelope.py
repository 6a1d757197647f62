"""Takes records out of whatever they are wrapped in: a bare list, one object, an envelope, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmgen_analytics.errors import UnexpectedShape

if TYPE_CHECKING:
    from vmgen_analytics.api.operations import Operation

_LISTS = ("data", "items", "results", "records")
_NEXT = (("next",), ("next_page_url",), ("links", "next"), ("meta", "next"), ("pagination", "next"))


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
    meta = payload.get("meta")
    meta = meta if isinstance(meta, dict) else payload
    current, last = meta.get("current_page"), meta.get("last_page")
    if isinstance(current, int) and isinstance(last, int) and current < last:
        return f"?page={current + 1}"
    return None


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
