"""Trying again: what is repeated, how often, how long to wait, and when to stop asking a provider that is down."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from vmgen_analytics.api.gate import Gate
from vmgen_analytics.errors import (
    ConnectFailed,
    ProviderDown,
    RateLimited,
    ServerError,
    TLSError,
    TransportError,
    VMgenError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

COMMAND_REFUSALS = 2
"""How often a command that was refused unread (429) is sent again."""


@dataclass(frozen=True)
class Patience:
    """How much trying again is worth.

    Attributes
    ----------
    tries
        How often a read is tried at most; refusals for too many requests do not count.
    base_s, cap_s
        The wait after try n is drawn evenly from 0 to base x 2^(n-1), and never beyond the cap (full jitter).
    longest_wait_s
        A wait that the provider asks for is obeyed up to this, and reported beyond it.
    refusals
        How often one request is sent again after too many requests (429).
    budget
        What all threads together may spend on trying again: 5 a retry, 1 back for each success at the first try.
    """

    tries: int = 4
    base_s: float = 0.25
    cap_s: float = 20.0
    longest_wait_s: float = 60.0
    refusals: int = 10
    budget: int = 60


class Budget:
    """What all threads together may spend on trying again."""

    COST, REWARD = 5, 1

    def __init__(self, whole: int) -> None:
        self.whole = self.left = whole

    def spend(self) -> bool:
        """Take the cost of a retry, if it is there."""
        if self.left < self.COST:
            return False
        self.left -= self.COST
        return True

    def earn(self) -> None:
        """Get something back."""
        self.left = min(self.whole, self.left + self.REWARD)


class Breaker:
    """Stops asking a provider that is down: after 25 failures in a row, or 12 before it ever answered.

    After a while one request is let through to see.
    """

    IN_A_ROW, NEVER_ANSWERED, REST_S = 25, 12, 10.0

    def __init__(self) -> None:
        self._failures = 0
        self._has_answered = False
        self._open_until = 0.0

    def is_open(self) -> bool:
        """Tell whether nothing may be sent; the first who asks after the rest may."""
        if self._failures < self._limit():
            return False
        if time.monotonic() < self._open_until:
            return True
        self._open_until = time.monotonic() + self.REST_S
        return False

    def note(self, error: VMgenError | None) -> None:
        """Note how a request ended; any answer but a failure of the provider's counts as an answer."""
        if not isinstance(error, TransportError | ServerError):
            self._failures, self._has_answered = 0, True
            return
        self._failures += 1
        if self._failures == self._limit():
            self._open_until = time.monotonic() + self.REST_S

    def _limit(self) -> int:
        return self.IN_A_ROW if self._has_answered else self.NEVER_ANSWERED


class Retrier:
    """Repeats what may be repeated; shared by all threads of a client.

    Reads are tried again on everything that another try can help, while the shared budget lasts. A command is tried
    again only where it provably never left (no connection) or was refused unread (429).

    Parameters
    ----------
    patience
        How much trying again is worth.
    seed
        Makes the waits the same each time, for tests.
    """

    def __init__(self, patience: Patience, seed: int | None = None) -> None:
        self.patience = patience
        self.gate = Gate()
        self.stop = threading.Event()
        self.retries = 0
        self._budget = Budget(patience.budget)
        self._breaker = Breaker()
        self._chance = random.Random(seed)
        self._lock = threading.Lock()

    def call(self, attempt: Callable[[], T], *, is_command: bool = False) -> T:
        """Call until it works, or trying again is not allowed or cannot help.

        Raises
        ------
        ProviderDown
            Too many requests failed in a row: this one was not sent.
        VMgenError
            The error of the last try.
        """
        failed = refused = 0
        while True:
            entered = self.gate.enter(self.stop)
            self._check_breaker()
            try:
                found = attempt()
            except VMgenError as error:
                self._note(error)
                if isinstance(error, RateLimited):
                    refused += 1
                    self.gate.refused(entered, error.retry_after_s)
                    limit = COMMAND_REFUSALS if is_command else self.patience.refusals
                    may_repeat = refused <= limit and self._is_short(error)
                else:
                    failed += 1
                    may_repeat = failed < self.patience.tries and self._may_repeat(error, is_command)
                if not may_repeat or self.stop.is_set():
                    raise
                self._pause_after(error, failed)
            else:
                self._note(None, is_first=not failed and not refused)
                return found

    def _check_breaker(self) -> None:
        with self._lock:
            if self._breaker.is_open():
                raise ProviderDown(
                    "not sent: too many requests in a row failed, so the provider seems to be down; try again later"
                )

    def _note(self, error: VMgenError | None, *, is_first: bool = False) -> None:
        if error is None:
            self.gate.passed()
        with self._lock:
            self._breaker.note(error)
            if is_first:
                self._budget.earn()

    def _is_short(self, error: RateLimited) -> bool:
        return (error.retry_after_s or 0) <= self.patience.longest_wait_s

    def _may_repeat(self, error: VMgenError, is_command: bool) -> bool:
        if is_command:
            return isinstance(error, ConnectFailed) and not isinstance(error, TLSError)
        if not error.retryable:
            return False
        with self._lock:
            return self._budget.spend()

    def _pause_after(self, error: VMgenError, failed: int) -> None:
        self.retries += 1
        if isinstance(error, RateLimited):
            return  # the gate makes everybody wait
        with self._lock:
            delay = self._chance.uniform(0, min(self.patience.cap_s, self.patience.base_s * 2 ** (failed - 1)))
        asked_s = getattr(error, "retry_after_s", None)
        wait_s = delay if asked_s is None else min(max(asked_s, delay), self.patience.longest_wait_s)
        self.stop.wait(wait_s)
