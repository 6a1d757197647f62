"""What was found out about a server where the provider's page is silent or contradicts itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from vmgen_analytics.api import envelope

if TYPE_CHECKING:
    from vmgen_analytics.api.operations import Operation


class Learned:
    """Plain sentences by topic, kept as long as the client; threads may share it."""

    def __init__(self) -> None:
        self._sentences: dict[str, str] = {}
        self._wrappings: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def note(self, topic: str, sentence: str) -> None:
        """Keep a sentence, in place of what was known before."""
        with self._lock:
            self._sentences[topic] = sentence

    def note_list(self, operation: Operation, payload: Any) -> None:
        """Keep how the list of an operation came."""
        with self._lock:
            self._wrappings.setdefault(envelope.wrapping(payload, operation), set()).add(operation.name)

    def sentences(self) -> dict[str, str]:
        """Tell all, by topic."""
        with self._lock:
            lists = {how: ", ".join(sorted(names)) for how, names in sorted(self._wrappings.items())}
            told = "; ".join(f"{how} ({names})" for how, names in lists.items())
            return self._sentences | ({"lists": f"lists come {told}"} if told else {})
