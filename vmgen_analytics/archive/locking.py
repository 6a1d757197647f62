"""One sync at a time, by the lock of the file system."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from vmgen_analytics.archive.holding import held_open
from vmgen_analytics.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vmgen_analytics.archive.places import Place

LOCK_NAME = ".{}.lock"


@contextmanager
def locked(place: Place, what: str, timeout_s: float) -> Iterator[None]:
    """Keep others out who do the same, waiting for one that is under way.

    Parameters
    ----------
    place
        Where the archive is; an object store has no locks, each commit there is checked against the others.
    what
        What is done; two different things do not wait for each other.
    timeout_s
        How long to wait for it.

    Raises
    ------
    ArchiveError
        It did not end, or the archive cannot be written.
    """
    if place.folder is None:
        with held_open():
            yield
        return
    lock = FileLock(place.folder / LOCK_NAME.format(what))
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=timeout_s)
    except Timeout:
        if not timeout_s:
            raise ArchiveError(
                f"another {what} is under way in {place.url}; this one left, and changed nothing"
            ) from None
        raise ArchiveError(f"another {what} has held {place.url} for {timeout_s:g} s; try again later") from None
    except OSError as error:
        raise place.unwritable(error) from None
    try:
        with held_open():
            yield
    finally:
        lock.release()
