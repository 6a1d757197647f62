"""Trying again: what is repeated, how often, how long to wait, and when all threads wait together."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from vmgen_analytics.errors import ConnectFailed, RateLimited, VMgenError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How much trying again is worth.

    Attributes
    ----------
    tries
        How often a read is tried at most.
    base_s, cap_s
        The wait before try n + 1 is drawn evenly from 0 to base x 2^n, and never beyond the cap (full jitter).
    longest_wait_s
        A wait that the provider asks for is obeyed up to this, and reported beyond it.
    """

    tries: int = 4
    base_s: float = 0.5
    cap_s: float = 20.0
    longest_wait_s: float = 60.0


class Retrier:
    """Repeats what may be repeated; shared by all threads of a client.

    Reads are tried again on everything that another try can help. A command is tried again only where it
    provably never left (no connection) or was refused unread (429).
    """

    def __init__(self, patience: Patience, seed: int | None = None) -> None:
        self.patience = patience
        self.stop = threading.Event()
        self.retries = 0
        self._chance = random.Random(seed)
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def call(self, attempt: Callable[[], T], *, is_command: bool = False) -> T:
        """Call until it works, or trying again is not allowed or cannot help.

        Raises
        ------
        VMgenError
            The error of the last try.
        """
        for done in range(1, self.patience.tries + 1):
            self._pause(self._closed_until - time.monotonic())
            try:
                return attempt()
            except VMgenError as error:
                if done == self.patience.tries or not self._may_repeat(error, is_command):
                    raise
                self._wait_after(error, done)
        raise AssertionError("tries is at least 1")

    def _may_repeat(self, error: VMgenError, is_command: bool) -> bool:
        if self.stop.is_set():
            return False
        if isinstance(error, RateLimited) and (error.retry_after_s or 0) > self.patience.longest_wait_s:
            return False
        return isinstance(error, ConnectFailed | RateLimited) if is_command else error.retryable

    def _wait_after(self, error: VMgenError, done: int) -> None:
        asked_s = getattr(error, "retry_after_s", None)
        with self._lock:
            self.retries += 1
            delay = self._chance.uniform(0, min(self.patience.cap_s, self.patience.base_s * 2**done))
            if isinstance(error, RateLimited):
                pause = max(asked_s or 1.0, 0.05) + self._chance.uniform(0, 0.1)
                self._closed_until = max(self._closed_until, time.monotonic() + pause)
                return
        self._pause(delay if asked_s is None else min(max(asked_s, delay), self.patience.longest_wait_s))

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self.stop.wait(seconds)
