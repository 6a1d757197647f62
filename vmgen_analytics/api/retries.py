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
    ConnectionLost,
    NotJSON,
    ProviderDown,
    RateLimited,
    ServerError,
    Stopped,
    TransportError,
    TruncatedResponse,
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
    """Stops asking a provider that is down: after 25 failures in a row, or 10 before it ever answered.

    Also where it has asked to wait for 3 seconds or more, and fails again. One request of each operation is then let
    through to see whether that one works, and one more after a rest; the others wait for what comes of it.

    Parameters
    ----------
    clock
        Seconds that only go up, for tests.
    """

    IN_A_ROW, NEVER_ANSWERED, REST_S, ASKED_S = 25, 10, 10.0, 3.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._has_answered = False
        self._asked_at: float | None = None
        self._closed_again_at: float | None = None
        self._tried: set[str] = set()
        self._scout: object = None

    @property
    def is_open(self) -> bool:
        """Whether the provider seems to be down."""
        return self._closed_again_at is not None

    @property
    def rest_s(self) -> float:
        """Seconds until the provider is asked again."""
        return max(0.0, (self._closed_again_at or 0.0) - self._clock())

    def admits(self, operation: str, who: object) -> bool | None:
        """Tell whether a request may be sent; None while another one finds out."""
        if not self.is_open:
            return True
        if self._scout is not None:
            return None
        if not self.rest_s:
            self._tried.clear()
        if operation in self._tried:
            return False
        self._tried.add(operation)
        self._scout = who
        return True

    def note(self, error: VMgenError | None, operation: str, who: object, entered: float) -> None:
        """Note how a request ended; any answer but a failure of the provider's counts as an answer."""
        is_scout = self._scout is who
        if not isinstance(error, _DOWN):
            self._failures, self._has_answered, self._asked_at, self._closed_again_at = 0, True, None, None
            return
        self._failures += 1
        limit = self.IN_A_ROW if self._has_answered else self.NEVER_ANSWERED
        if is_scout or (not self.is_open and (self._failures >= limit or self._has_waited(error, entered))):
            asked_s = getattr(error, "retry_after_s", None) or 0.0
            self._closed_again_at = self._clock() + max(self.REST_S, asked_s)
            self._tried.add(operation)

    def leave(self, who: object) -> None:
        """Note that a request is over, however it ended."""
        if self._scout is who:
            self._scout = None

    def _has_waited(self, error: VMgenError, entered: float) -> bool:
        """Tell whether it was given the time that it had asked for."""
        if not getattr(error, "retry_after_s", None):
            return False
        if self._asked_at is None:
            self._asked_at = self._clock()
        return entered > self._asked_at and self._clock() - self._asked_at >= self.ASKED_S


_DOWN = (TransportError, ServerError, NotJSON, TruncatedResponse)
_GLANCE_S = 0.02


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
        self.gate = Gate(patience.longest_wait_s)
        self.stop = threading.Event()
        self.retries = 0
        self._budget = Budget(patience.budget)
        self._breaker = Breaker()
        self._chance = random.Random(seed)
        self._lock = threading.Lock()

    def call(self, attempt: Callable[[], T], operation: str = "", *, is_command: bool = False) -> T:
        """Call until it works, or trying again is not allowed or cannot help.

        Parameters
        ----------
        attempt
            Sends once.
        operation
            What is asked: one that fails throughout does not keep another from being tried.
        is_command
            Whether it may change something.

        Raises
        ------
        ProviderDown, RateLimited, Stopped
            It was not sent: too many requests in a row failed, the provider asks to wait too long, or it is over.
        VMgenError
            The error of the last try.
        """
        failed = refused = 0
        began = time.monotonic()
        while True:
            entered = self._enter()
            try:
                found = self._tried(attempt, operation, entered, is_first=not failed and not refused)
            except RateLimited as error:
                refused += 1
                self.gate.refused(entered, error.retry_after_s)
                if refused > (COMMAND_REFUSALS if is_command else self.patience.refusals) or self.gate.overlong_s():
                    _tell_tries(error, failed + refused, time.monotonic() - began)
                    raise
            except VMgenError as error:
                failed += 1
                if failed >= self.patience.tries or not self._may_repeat(error, is_command):
                    _tell_tries(error, failed + refused, time.monotonic() - began)
                    raise
                self._pause_after(error, failed)
            else:
                return found
            self.retries += 1

    def _enter(self) -> float:
        """Wait until the gate lets a request through, if that is worth it."""
        if wait_s := self.gate.overlong_s():
            error = RateLimited(
                f"not sent: too many requests before, and the provider asks to wait; try again in {wait_s:.0f} s",
                retry_after_s=wait_s,
            )
            error.sent = "no"
            raise error
        entered = self.gate.enter(self.stop)
        if self.stop.is_set():
            raise Stopped("not sent: it was stopped before")
        return entered

    def _tried(self, attempt: Callable[[], T], operation: str, entered: float, *, is_first: bool) -> T:
        """Try once, if the provider is not down, and note how it ended."""
        who = object()
        self._wait_for_scout(operation, who)
        try:
            found = attempt()
        except VMgenError as error:
            self._note(error, operation, who, entered)
            raise
        else:
            self._note(None, operation, who, entered, is_first=is_first)
            return found
        finally:
            with self._lock:
                self._breaker.leave(who)

    def _wait_for_scout(self, operation: str, who: object) -> None:
        while True:
            with self._lock:
                may_go, rest_s = self._breaker.admits(operation, who), self._breaker.rest_s
            if may_go:
                return
            if may_go is False:
                raise ProviderDown(
                    "not sent: too many requests in a row failed, so the provider seems to be down; try again in "
                    f"{rest_s:.0f} s"
                )
            if self.stop.wait(_GLANCE_S):
                raise Stopped("not sent: it was stopped before")

    def _note(
        self, error: VMgenError | None, operation: str, who: object, entered: float, *, is_first: bool = False
    ) -> None:
        if error is not None and self.stop.is_set():
            return  # it was broken off here, which says nothing about the provider
        if not isinstance(error, (RateLimited, *_DOWN)):
            self.gate.passed()
        with self._lock:
            self._breaker.note(error, operation, who, entered)
            if is_first:
                self._budget.earn()

    def _may_repeat(self, error: VMgenError, is_command: bool) -> bool:
        asked_s = getattr(error, "retry_after_s", None) or 0.0
        if self.stop.is_set() or not error.retryable or asked_s > self.patience.longest_wait_s:
            return False
        if is_command:
            return isinstance(error, ConnectFailed)
        with self._lock:
            return not self._breaker.is_open and self._budget.spend()

    def _pause_after(self, error: VMgenError, failed: int) -> None:
        """Wait a while; not after a connection that was kept too long, which a new one puts right."""
        if isinstance(error, ConnectionLost) and failed == 1:
            return
        with self._lock:
            delay = self._chance.uniform(0, min(self.patience.cap_s, self.patience.base_s * 2 ** (failed - 1)))
        self.stop.wait(max(delay, getattr(error, "retry_after_s", None) or 0.0))


def _tell_tries(error: VMgenError, tries: int, elapsed_s: float) -> None:
    """Say how often it was tried, where that was more than once."""
    if tries > 1 and error.args:
        error.args = (f"{error.args[0]} (tried {tries} times in {elapsed_s:.1f} s)", *error.args[1:])
