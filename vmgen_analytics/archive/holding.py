"""Tables that stay open while a lock is held: to look what is new in one costs a tenth of opening it again."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from deltalake import DeltaTable

if TYPE_CHECKING:
    from collections.abc import Iterator

_HELD: ContextVar[dict[str, DeltaTable] | None] = ContextVar("_HELD", default=None)
"""By address; of this thread, as an open table must not be brought up to date while another thread reads it."""


@contextmanager
def held_open() -> Iterator[None]:
    """Keep tables open from here on, in this thread, and bring them up to date each time they are asked for."""
    before = _HELD.set({})
    try:
        yield
    finally:
        _HELD.reset(before)


def newest_state(where: str, options: dict[str, str] | None) -> DeltaTable:
    """Open the newest state of a table.

    Parameters
    ----------
    where
        Its folder or address.
    options
        What the store is told beyond what the environment says.

    Raises
    ------
    TableNotFoundError, DeltaError, OSError
        It is not there, or cannot be read.
    """
    held = _HELD.get()
    if held is None:
        return DeltaTable(where, storage_options=options)
    if where in held:
        held[where].update_incremental()
    else:
        held[where] = DeltaTable(where, storage_options=options)
    return held[where]


def held(where: str) -> DeltaTable | None:
    """Tell what is open of a table already, as it was when it was last asked for; None if nothing is."""
    return (_HELD.get() or {}).get(where)
