"""Numbers and names as they stand in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def listed(names: Sequence[str], limit: int = 8) -> str:
    """Write names as a list in a sentence: a, b and c; of many the first ones and how many more."""
    shown = list(names) if len(names) <= limit + 1 else [*names[:limit], f"{len(names) - limit} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1] if shown else ""]))
