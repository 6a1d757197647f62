"""How a file is laid out: which of its columns are ours, and how it spells numbers and days."""

from __future__ import annotations

import contextlib
import difflib
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from vmgen_analytics.errors import HistoryError
from vmgen_analytics.schema import MB_PER_GB

SPELLINGS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "usage": {
        "vm_id": ("vm_id", "id"),
        "fqdn": ("fqdn",),
        "vm_name": ("vm_name", "name"),
        "date": ("date",),
        "in_MB": ("in_MB",),
        "out_MB": ("out_MB",),
        "account": ("account",),
        "status": ("status",),
    },
    "invoices": {
        "invoice_id": ("invoice_id", "id"),
        "invoice_date": ("invoice_date", "date"),
        "status": ("status",),
        "total_cost": ("total_cost",),
        "account": ("account",),
    },
}
"""Our columns, and how this package and the provider spell them."""

NEEDED = {"usage": ("date", "in_MB", "out_MB"), "invoices": ("invoice_id", "invoice_date", "total_cost")}
VM_COLUMNS = ("vm_id", "fqdn", "vm_name")

UNITS = {
    "B": 1 / (1_000 * MB_PER_GB),
    "kB": 1 / MB_PER_GB,
    "MB": 1.0,
    "GB": float(MB_PER_GB),
    "TB": 1_000.0 * MB_PER_GB,
    "KiB": 2**10 / 1e6,
    "MiB": 2**20 / 1e6,
    "GiB": 2**30 / 1e6,
}
"""MB in each unit of traffic."""


@dataclass(frozen=True)
class Layout:
    """How a file is laid out.

    Attributes
    ----------
    table
        usage or invoices.
    columns
        The file's column by ours, where it is neither ours nor the provider's.
    unit
        Unit of the traffic.
    date_format
        ``YYYY-MM-DD`` with its parts in any order, or a pattern of ``strptime``.
    delimiter, decimal
        What separates columns, and whole from broken.
    encoding
        How its text is spelled in bytes.
    """

    table: str
    columns: Mapping[str, str] = field(default_factory=dict)
    unit: str = "MB"
    date_format: str = "YYYY-MM-DD"
    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        for what, value, known in (
            ("table", self.table, tuple(SPELLINGS)),
            ("unit", self.unit, tuple(UNITS)),
            ("decimal", self.decimal, (".", ",")),
        ):
            if value not in known:
                raise HistoryError(f"the {what} is {value!r}; it can be {', '.join(known)}")
        if len(self.delimiter) != 1 or self.delimiter in '\r\n"' or self.delimiter == self.decimal:
            raise HistoryError(
                f"the delimiter is {self.delimiter!r}; it must be one character, as ; and not the decimal's"
            )
        for name in self.columns:
            if name not in SPELLINGS[self.table]:
                nearest = difflib.get_close_matches(name, SPELLINGS[self.table], n=1)
                hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(SPELLINGS[self.table])}"
                raise HistoryError(f"{self.table} has no column {name!r} to import; {hint}")
        try:
            "".encode(self.encoding)
        except (LookupError, UnicodeError):
            raise HistoryError(f"no encoding {self.encoding!r} is known; try cp1252 or utf-16") from None

    @property
    def pattern(self) -> str:
        """The format of days as ``strptime`` has it."""
        if "%" in self.date_format:
            return _whole(self.date_format)
        parts = {"YYYY": "%Y", "MM": "%m", "DD": "%d"}
        if any(self.date_format.count(part) != 1 for part in parts):
            raise HistoryError(
                f"the date format is {self.date_format!r}; it needs YYYY, MM and DD once each, as DD.MM.YYYY"
            )
        return re.sub("|".join(parts), lambda found: parts[found[0]], self.date_format)

    def positions(self, header: Sequence[str], where: str) -> dict[str, int]:
        """Find our columns in a header.

        Raises
        ------
        HistoryError
            One is not there, or a name stands there twice.
        """
        if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
            mark = next(mark for mark in ";\t|" if mark in header[0])
            raise HistoryError(
                f"{where}: the columns seem to be separated by {mark!r}: say so with --delimiter {mark!r}"
            )
        found: dict[str, int] = {}
        for name, spellings in SPELLINGS[self.table].items():
            asked = (self.columns[name],) if name in self.columns else spellings
            present = [spelling for spelling in asked if spelling in header]
            if name in self.columns and not present:
                raise HistoryError(f"{where}: no column {asked[0]!r} for {name}; the file has {', '.join(header)}")
            if present and header.count(present[0]) > 1:
                raise HistoryError(f"{where}: the column {present[0]!r} stands there twice; leave one")
            if present:
                found[name] = header.index(present[0])
        missing = [name for name in NEEDED[self.table] if name not in found]
        is_nobodys = self.table == "usage" and not set(VM_COLUMNS) & set(found)
        if missing or is_nobodys:
            words = [f"no column{'s' * (len(missing) > 1)} {', '.join(missing)}"] if missing else []
            words += ["no column that tells the VM (vm_id, fqdn or vm_name)"] if is_nobodys else []
            needed = ["vm_id"] * is_nobodys + missing
            raise HistoryError(
                f"{where}: {' and '.join(words)}; the file has {', '.join(header)}: "
                f"say which is meant with {' '.join(f'--map {name}=THEIRS' for name in needed)}"
            )
        spare = [name for name in VM_COLUMNS if name in found][1:]  # the best one tells the VM
        return {name: position for name, position in found.items() if name not in spare}


def _whole(pattern: str) -> str:
    """Return a pattern of ``strptime`` that tells a whole day and no time zone.

    Raises
    ------
    HistoryError
        It does not.
    """
    if re.search("%[zZ]", pattern.replace("%%", "")):
        raise HistoryError(
            f"the date format {pattern!r} has a time zone, and a day has none: write the account's own days into the "
            "file, as 2025-03-31, and leave %z out"
        )
    day = datetime(2025, 3, 31)  # noqa: DTZ001 - a day has no zone
    with contextlib.suppress(ValueError), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of days without a year
        if datetime.strptime(day.strftime(pattern), pattern).date() == day.date():  # noqa: DTZ007
            return pattern
    raise HistoryError(f"the date format is {pattern!r}; it must tell day, month and year, as %d.%m.%Y or DD.MM.YYYY")
