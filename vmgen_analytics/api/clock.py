"""The provider's clock, as its answers tell it: which day is over is the provider's matter."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vmgen_analytics.api.auth import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

JUMP = timedelta(hours=1)
"""A clock that is ahead or behind by more than this, compared with the answers before, has jumped."""


class ProviderClock:
    """A clock that is set by the dates of answers, and runs between them.

    A jump is believed when two answers in a row tell of it. One answer with a strange date, as a cache or one server of
    many may give it, does nothing so; and a clock that was truly set is followed one answer later. A median of more
    answers would be as safe, but would follow as many answers later, and all of them would be filed wrongly.

    Parameters
    ----------
    base_url
        Of the provider. One on this machine is the simulated one, whose clock is not meant to tell our time.
    monotonic
        What runs between the answers, in seconds.
    """

    def __init__(self, base_url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._is_real = urlsplit(base_url).hostname not in LOOPBACK
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._began: datetime | None = None
        self._jumped: datetime | None = None
        self._answers = 0

    def note(self, said: datetime) -> None:
        """Set the clock by the date of an answer, unless it jumps and is the first one to say so."""
        with self._lock:
            began = said.astimezone(UTC) - timedelta(seconds=self._monotonic())
            self._answers += 1
            if self._began is None or any(
                known is not None and abs(began - known) <= JUMP for known in (self._began, self._jumped)
            ):
                self._began, self._jumped = began, None
            else:
                self._jumped = began

    def now(self) -> datetime:
        """Tell the provider's time; this machine's before the first answer with a date."""
        with self._lock:
            if self._began is None:
                return datetime.now(UTC)
            return self._began + timedelta(seconds=self._monotonic())

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of this machine's clock; nothing on this machine, and before the first answer."""
        return self.now() - datetime.now(UTC) if self._is_real else timedelta(0)

    @property
    def is_doubtful(self) -> bool:
        """Whether another answer is needed: one jumped, or the only one is far from this machine's clock."""
        return self._jumped is not None or (self._answers == 1 and abs(self.ahead) > JUMP)
