"""How a value is printed: names as harmless text, numbers with separators, what is missing as a dash."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from vmgen_analytics.plots.labels import MISSING, money, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vmgen_analytics.report.shape import Kind

BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows, beyond the name that they stand in."""


def plain(name: str) -> str:
    """Make a name harmless wherever it is shown: what no page or workbook may contain becomes a visible mark."""
    return "".join(letter if _is_harmless(letter) else "\N{REPLACEMENT CHARACTER}" for letter in name)


def _is_harmless(letter: str) -> bool:
    if letter in "\n\t":
        return True
    is_no_letter = ord(letter) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(letter) <= 0xFDEF
    return not is_no_letter and letter not in BIDI and unicodedata.category(letter) not in ("Cc", "Cs")


def printed(value: Any, kind: Kind) -> str:
    """Print a value of a table; a missing one is a dash, never 0."""
    if value is None:
        return MISSING
    return PRINTERS[kind](value)


PRINTERS: Mapping[Kind, Callable[[Any], str]] = {
    "text": plain,
    "count": lambda value: f"{value:,.0f}",
    "number": lambda value: f"{value:,.10g}",
    "percent": lambda value: percent(value, decimals=1),
    "change": lambda value: money(value, signed=True),
    "money": money,
    "GB": money,
}
