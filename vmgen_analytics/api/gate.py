"""Too many requests (429) is an event for the whole client: everybody waits, and then goes more slowly."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("vmgen_analytics.api")

SLOWER = 0.8
FASTER = 1.02
CALM_S = 2.0
SLOWEST_PER_S = 0.5
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 20.0


class Gate:
    """Lets requests through at the rate that the provider bears, which is unlimited until it first says no.

    A burst of refusals is one event: requests that were under way when the gate closed do not close it again. After
    an event the rate is 0.8 of what got through; after two quiet seconds it grows by 2 % a success.

    Parameters
    ----------
    longest_wait_s
        How long to wait, all in all, while nothing gets through.
    clock
        Seconds that only go up, for tests.
    """

    def __init__(self, longest_wait_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.events = 0
        self.longest_wait_s = longest_wait_s
        self.rate_per_s: float | None = None
        self._clock = clock
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._closed_at = -1.0
        self._next_slot = 0.0
        self._passed = 0
        self._since: float | None = None
        self._fruitless = 0
        self._pause_s = 0.0
        self._waited_s = 0.0

    def overlong_s(self) -> float:
        """Seconds for which the gate is closed still, if those are not worth waiting for; else 0."""
        with self._lock:
            left = self._closed_until - self._clock()
            return left if left > 0 and left + self._waited_s > self.longest_wait_s else 0.0

    def enter(self, stop: threading.Event) -> float:
        """Wait to be let through, and tell when that was; returns at once when everything is to stop."""
        while True:
            slot = self._slot()
            if stop.wait(max(0.0, slot - self._clock())) if slot > self._clock() else stop.is_set():
                return self._clock()
            with self._lock:
                if self._clock() >= self._closed_until:
                    return self._clock()

    def passed(self) -> None:
        """Note that a request got through."""
        with self._lock:
            now = self._clock()
            self._since = now if self._since is None else self._since
            self._passed += 1
            self._fruitless = 0
            self._pause_s = self._waited_s = 0.0
            if self.rate_per_s is not None and now - self._closed_until > CALM_S:
                self.rate_per_s *= FASTER

    def refused(self, entered: float, retry_after_s: float | None) -> None:
        """Close the gate, unless the request was let through before it closed last.

        Parameters
        ----------
        entered
            When the refused request was let through, as `enter` told.
        retry_after_s
            Seconds that the provider asks to wait, None where it does not say.
        """
        with self._lock:
            now = self._clock()
            if entered <= self._closed_at:
                if retry_after_s is not None:
                    self._close_until(max(self._closed_until, self._closed_at + retry_after_s))
                return
            self.events += 1
            elapsed = max(1.0, now - (now if self._since is None else self._since))
            measured = self._passed / elapsed if self._passed else (self.rate_per_s or 1.0) / 2
            self.rate_per_s = max(SLOWEST_PER_S, SLOWER * measured)
            own_pause = min(FIRST_PAUSE_S * 2**self._fruitless, LONGEST_PAUSE_S)
            self._fruitless += 1
            self._waited_s += self._pause_s if self._pause_s <= self.longest_wait_s else 0.0
            self._closed_at = now
            self._close_until(now + (own_pause if retry_after_s is None else max(retry_after_s, 0.05)))
            self._next_slot = self._closed_until
            self._passed = 0
            self._since = self._closed_until
            _log.info("too many requests: all wait %.1f s, then %.1f a second", self._pause_s, self.rate_per_s)

    def _close_until(self, end: float) -> None:
        self._closed_until = end
        self._pause_s = end - self._closed_at

    def _slot(self) -> float:
        with self._lock:
            now = self._clock()
            slot = max(now, self._closed_until, self._next_slot)
            if self.rate_per_s is None:
                return max(now, self._closed_until)
            self._next_slot = slot + 1 / self.rate_per_s
            return slot
