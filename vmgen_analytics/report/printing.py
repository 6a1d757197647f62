"""How a value is printed: names as harmless text, numbers with separators, what is missing as a dash."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.plots.labels import MISSING, money, month_name, percent

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


def name_of(row: Any) -> str:
    """Name a VM, by its number where it has no name."""
    if pd.isna(row.vm_id):
        return "unallocated"
    return str(row.vm_name) if isinstance(row.vm_name, str) and row.vm_name.strip() else f"VM {row.vm_id}"


def named(value: Any, group: str) -> str:
    """Name a group for a reader, the unknown one too."""
    return f"unknown {group}" if pd.isna(value) else str(value)


def printed(value: Any, kind: Kind) -> str:
    """Print a value of a table; a missing one is a dash, never 0, and the word for a total is itself."""
    if value is None:
        return MISSING
    return plain(value) if isinstance(value, str) else PRINTERS[kind](value)


PRINTERS: Mapping[Kind, Callable[[Any], str]] = {
    "text": plain,
    "month": month_name,
    "day": lambda value: f"{value:%Y-%m-%d}",
    "count": lambda value: f"{value:,.0f}",
    "number": lambda value: f"{value:,.10g}",
    "percent": lambda value: percent(value, decimals=1),
    "growth": lambda value: percent(value, decimals=1, signed=True),
    "change": lambda value: money(value, signed=True),
    "money": money,
    "GB": money,
    "rate": lambda value: money(value, decimals=4),
}
