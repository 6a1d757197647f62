"""Lists in wrappings and in pages, as other APIs send them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """A part of a list."""

    rows: list[Any]
    number: int
    last: int
    total: int  # rows of all pages
    following: str | None  # the address of the next page


def page(rows: list[Any], asked: str | None, size: int, url: str) -> Page:
    """Cut a page out of a list.

    Parameters
    ----------
    rows
        The whole list.
    asked
        The number of the page, as text; the first if None.
    size
        Rows of a page.
    url
        Where the list was asked for, without a query.
    """
    number = int(asked or 1)
    last = max(1, -(-len(rows) // size))
    following = f"{url}?page={number + 1}" if number < last else None
    return Page(rows[(number - 1) * size : number * size], number, last, len(rows), following)


# What leads to the next page, by style.
POINTERS: dict[str, Callable[[Page], dict[str, Any]]] = {
    "next": lambda page: {"next": page.following},
    "next_page_url": lambda page: {
        "current_page": page.number,
        "last_page": page.last,
        "next_page_url": page.following,
    },
    "links": lambda page: {"links": {"next": page.following}},
    "meta": lambda page: {"meta": {"current_page": page.number, "last_page": page.last, "total": page.total}},
    "cursor": lambda page: {"next_cursor": str(page.number + 1) if page.following else None},
}
STYLES = ("data", "single", *POINTERS, "link_header")
