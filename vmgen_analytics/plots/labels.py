"""What pictures and reports print: names as they are, amounts with their unit, months in words."""

from __future__ import annotations

import contextlib
import math
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import MACHINE, MB_PER_GB, TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NOWHERE = "unallocated"
UNITS_MB = {"TB": 1_000 * MB_PER_GB, "GB": MB_PER_GB}
"""Units of traffic, largest first, in MB."""

FONT = "DejaVu Sans"
FALLBACK_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans CJK KR",
    "Source Han Sans",
    "WenQuanYi Zen Hei",
    "Yu Gothic",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Noto Sans",
    "Arial Unicode MS",
)
"""Fonts for names that the first one, which comes with matplotlib, cannot draw; used where they are installed."""


@cache
def fonts() -> list[str]:
    """Name the fonts of a picture: one that comes with matplotlib, then the installed ones that know more letters."""
    installed = {font.name for font in fontManager.ttflist}
    return [FONT, *(name for name in FALLBACK_FONTS if name in installed)]


def drawable(text: str, limit: int = 28) -> str:
    """Make a name fit for a picture.

    Line breaks and control characters become blanks, letters that no font here has become squares, and
    what is longer than ``limit`` ends with an ellipsis.
    """
    plain = "".join(" " if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter for letter in text)
    known = "".join(letter if _has_glyph(letter) else "□" for letter in " ".join(plain.split()))
    return known if len(known) <= limit else f"{known[: limit - 1].rstrip()}…"


@cache
def _has_glyph(letter: str) -> bool:
    return all(
        any(
            get_font(findfont(FontProperties(family=name, weight=weight))).get_char_index(ord(letter))
            for name in fonts()
        )
        for weight in ("normal", "bold")
    )


def group_of(table: pd.DataFrame) -> str | None:
    """Find the column that a derived table is grouped by; a VM has its account beside it.

    Raises
    ------
    SchemaError
        There are several.
    """
    present = [name for name in TABLES["monthly_costs"].groups if name in table]
    if "vm_id" in present:
        present = [name for name in present if name == "vm_id" or name not in MACHINE]
    if len(present) > 1:
        raise SchemaError(f"a picture shows one group, the table has {' and '.join(present)}; make it by one of them")
    return present[0] if present else None


def by(group: str | None) -> str:
    """Say what a picture is divided by, as By location; nothing where it is not."""
    words = {None: "", "vm_id": "By VM."}
    return words.get(group, f"By {(group or '').replace('_', ' ')}.")


def keyed(table: pd.DataFrame) -> pd.Series[Any]:
    """Give each row the key of its group: the VM's number, with its account if there are several, or the text.

    A number that came back is another machine: the second has the number with ``/2``.

    What is unknown, and what belongs to no VM, has the key None.
    """
    group = group_of(table)
    if group is None:
        return pd.Series(["total"] * len(table), index=table.index, dtype="object")
    keys = [None if pd.isna(value) or value == "unknown" else value for value in table[group]]
    if group == "vm_id" and "incarnation" in table:
        returned = table["incarnation"].fillna(1).astype("int64")
        keys = [f"{key}/{number}" if number > 1 else key for key, number in zip(keys, returned, strict=True)]
    if group == "vm_id" and "account" in table and len(table["account"].unique()) > 1:
        keys = [None if key is None else (account, key) for account, key in zip(table["account"], keys, strict=True)]
    return pd.Series(keys, index=table.index, dtype="object")


def names(table: pd.DataFrame) -> dict[Hashable, str]:
    """Name every group of a table for a reader, no two alike.

    Returns
    -------
    dict
        From each key of `keyed` to its name: the newest name of a VM, with its number where another one looks the
        same; the text itself; ``unallocated`` or ``unknown location`` where there is none.
    """
    group, keys = group_of(table), keyed(table)
    if group != "vm_id":
        absent = f"unknown {(group or '').replace('_', ' ')}".strip()
        return {key: absent if key is None else str(key) for key in keys.unique()}
    given = table["vm_name"] if "vm_name" in table else pd.Series(index=table.index, dtype="str")
    newest = {key: name for key, name in zip(keys, given, strict=True) if isinstance(name, str) and name.strip()}
    return distinct({key: NOWHERE if key is None else newest.get(key, f"VM {_number(key)}") for key in keys.unique()})


def distinct(plain: Mapping[Any, str]) -> dict[Hashable, str]:
    """Add the number to names that would look alike in a picture, or that no font here can draw."""
    looks = {key: drawable(name) for key, name in plain.items()}
    seen = pd.Series(list(looks.values()), dtype="str")
    twice = set(seen[seen.duplicated(keep=False)])
    return {
        key: f"{drawable(name, 20)} ({_number(key)})"
        if key is not None and (looks[key] in twice or "□" in looks[key])
        else name
        for key, name in plain.items()
    }


def _number(key: Any) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def money(value: float, currency: str = "", *, decimals: int = 2, signed: bool = False) -> str:
    """Print an amount with thousands separators and its currency, if that is known; what is missing as a dash."""
    if not math.isfinite(value):
        return MISSING
    rounded = round(float(value), decimals) + 0.0
    number = f"{rounded:{'+' if signed and rounded else ''},.{decimals}f}".replace("-", MINUS)
    return f"{number}\N{NO-BREAK SPACE}{currency}" if currency else number


def percent(part: float, *, decimals: int = 0, signed: bool = False) -> str:
    """Print a share of 1 as percent; what is missing as a dash."""
    if not math.isfinite(part):
        return MISSING
    rounded = round(100 * float(part), decimals) + 0.0
    return f"{rounded:{'+' if signed and rounded else ''},.{decimals}f}\N{NO-BREAK SPACE}%".replace("-", MINUS)


def traffic_unit(largest_MB: float) -> str:
    """Choose the one unit of an axis or a table: TB from 10 TB up, so that what is small still has digits, else GB."""
    return "TB" if largest_MB >= 10 * UNITS_MB["TB"] else "GB"


def traffic(amount_MB: float, unit: str | None = None) -> str:
    """Print traffic in GB or TB with three digits that count; what is missing as a dash."""
    if not math.isfinite(amount_MB):
        return MISSING
    unit = unit or ("TB" if amount_MB >= UNITS_MB["TB"] else "GB")
    value = amount_MB / UNITS_MB[unit]
    decimals = 0 if value == 0 or value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{decimals}f}\N{NO-BREAK SPACE}{unit}"


def decimals(amounts: Iterable[float]) -> int:
    """Choose how many decimals the amounts of a picture have: none where the largest has three digits, else two."""
    largest = max((abs(amount) for amount in amounts if math.isfinite(amount)), default=0.0)
    return 0 if largest >= 100 else 2


def measured(what: str, unit: str) -> str:
    """Name what an axis measures with its unit in brackets, if there is one."""
    return f"{what} [{unit}]" if unit else what


def others(number: int) -> str:
    """Name the long tail that is summed in one grey bar or band: 18 others."""
    return counted(number, "other")


def month_name(month: pd.Period) -> str:
    """Print a month in words, in English whatever the locale."""
    return f"{month.start_time.month_name()} {month.year}"


def newest_month(table: pd.DataFrame) -> pd.Period | None:
    """Find the newest month of a table; None where it has no rows."""
    return None if table.empty else table["month"].max()


def as_month(month: pd.Period | str) -> pd.Period:
    """Read a month as 2026-11.

    Raises
    ------
    SchemaError
        It is none.
    """
    if isinstance(month, pd.Period):
        return month.asfreq("M")
    if isinstance(month, str) and re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", month):  # pandas takes June for that of year 1
        with contextlib.suppress(ValueError):
            return pd.Period(month, freq="M")
    raise SchemaError(f"month is {month!r}; it must be a month as 2026-11")


def day_name(day: pd.Timestamp) -> str:
    """Print a day as 3 November 2026, in English whatever the locale."""
    return f"{day.day} {day.month_name()} {day.year}"
