"""Waiting for what other threads and processes do, as long as a busy machine may need."""

import time
from collections.abc import Callable


def wait_until(is_so: Callable[[], object], seconds: float = 30, *, every_s: float = 0.01) -> None:
    """Return as soon as it is so; after some time it fails."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not so after {seconds:g} s"
        time.sleep(every_s)
