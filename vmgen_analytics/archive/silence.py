"""Keeps off standard error what threads of the engine print when they panic: an error says it in a sentence."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PANIC = re.compile(rb"\s*thread '[^'\n]*'[^\n]* panicked at ")
_log = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()


@contextmanager
def without_panics() -> Iterator[None]:
    """Hold back what is written to standard error, and let it through afterwards, but for panics of the engine.

    On a full disk, threads of Delta Lake's engine panic beside the error that they report, and print where. With -vv
    that is logged. Where the system has no file in memory, and in all threads but the first, nothing is held back.
    """
    if not hasattr(os, "memfd_create") or not _one_at_a_time.acquire(blocking=False):
        yield
        return
    try:
        with _held_back():
            yield
    finally:
        _one_at_a_time.release()


@contextmanager
def _held_back() -> Iterator[None]:
    try:
        before, held = os.dup(2), os.memfd_create("stderr")
    except OSError:  # there is no standard error
        yield
        return
    _flush()
    os.dup2(held, 2)
    try:
        yield
    finally:
        _flush()
        os.dup2(before, 2)
        said = os.pread(held, os.fstat(held).st_size, 0)
        os.close(before)
        os.close(held)
        _let_through(said)


def _let_through(said: bytes) -> None:
    panic = _PANIC.search(said)
    kept = said[: panic.start()] if panic else said
    if kept:
        os.write(2, kept)
    if panic:
        _log.debug("the engine panicked: %s", said[panic.start() :].decode("utf-8", "replace").strip())


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
