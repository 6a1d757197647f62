"""What was asked lately and how it ended, for those who want to know why it is slow."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from dataclasses import dataclass

KEPT = 200
_log = logging.getLogger("vmgen_analytics.api")


@dataclass(frozen=True)
class Attempt:
    """One request and its end: ``status`` is 0 without an answer, ``error`` empty where all is well."""

    operation: str
    method: str
    path: str
    status: int
    elapsed_ms: float
    received_bytes: int
    error: str = ""


class Attempts:
    """The newest attempts and the sums over all; shared by threads."""

    def __init__(self) -> None:
        self._newest: deque[Attempt] = deque(maxlen=KEPT)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return self._counts["requests"]

    def add(self, attempt: Attempt) -> None:
        """Note an attempt; headers and bodies are never noted, as they may hold secrets."""
        _log.debug(
            "%s %s: %s in %.0f ms, %d bytes %s",
            attempt.method,
            attempt.path,
            attempt.status or "no answer",
            attempt.elapsed_ms,
            attempt.received_bytes,
            attempt.error,
        )
        with self._lock:
            self._newest.append(attempt)
            self._counts["requests"] += 1
            self._counts["failed"] += bool(attempt.error)
            self._counts["refused"] += attempt.status == 429
            self._counts["received_bytes"] += attempt.received_bytes

    def newest(self) -> list[Attempt]:
        """Copy the newest attempts, oldest first."""
        with self._lock:
            return list(self._newest)

    def stats(self) -> dict[str, float]:
        """Sum up: requests, failed, refused (429), received_bytes, and the median and 95th percentile in ms."""
        with self._lock:
            times = sorted(attempt.elapsed_ms for attempt in self._newest)
            counts = {name: float(self._counts[name]) for name in ("requests", "failed", "refused", "received_bytes")}
        marks = {"p50_ms": 0.50, "p95_ms": 0.95}
        return counts | {name: times[int(mark * (len(times) - 1))] if times else 0.0 for name, mark in marks.items()}
