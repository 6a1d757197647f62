"""Attempts at what others may hinder in the same moment, with pauses between them."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def attempts(pauses_s: Sequence[float]) -> Iterator[bool]:
    """Let something be tried at once, and again after each pause; nothing is waited for after the last attempt.

    Parameters
    ----------
    pauses_s
        Pauses between the attempts; each is up to half longer or shorter, so that two that met once do not meet again.
        [s]

    Yields
    ------
    bool
        Whether this attempt is the last.

    Examples
    --------
    >>> list(attempts((0.0, 0.0)))
    [False, False, True]
    """
    for pause_s in pauses_s:
        yield False
        time.sleep(pause_s * random.uniform(0.5, 1.5))
    yield True
