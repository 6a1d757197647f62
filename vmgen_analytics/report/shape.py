"""What a report is made of: sections that answer a question with sentences, tables and pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from vmgen_analytics.cost.cents import printed_cents, rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

Kind = Literal["text", "month", "day", "count", "money", "change", "percent", "growth", "GB", "number", "rate"]
NUMBERS: tuple[Kind, ...] = ("count", "money", "change", "percent", "growth", "GB", "number", "rate")


@dataclass(frozen=True)
class Column:
    """A column of a printed table: its heading, what kind of value it has, its cells and their total.

    None is a cell that is missing, or a total that makes no sense; a total that is missing is NaN.
    """

    heading: str
    kind: Kind
    cells: tuple[Any, ...]
    total: Any = None


@dataclass(frozen=True)
class ReportTable:
    """A table, on the page and as a sheet of the workbook."""

    title: str
    columns: tuple[Column, ...]
    note: str = ""

    @property
    def length(self) -> int:
        """How many rows it has, without the total."""
        return len(self.columns[0].cells)

    @property
    def has_total(self) -> bool:
        """Whether it ends with a total."""
        return any(column.total is not None for column in self.columns)

    @property
    def is_brief(self) -> bool:
        """Whether it is so short on paper that it had better stay on one page."""
        words = (value for column in self.columns if column.kind == "text" for value in column.cells if value)
        return self.length <= 18 and all(len(word) <= 60 for word in words)


@dataclass(frozen=True)
class Picture:
    """A picture: the name of its file, and the axes that it is drawn on."""

    name: str
    ax: Axes


@dataclass(frozen=True)
class Section:
    """A question and what answers it: first a sentence with the numbers, then the rest."""

    question: str
    answer: str
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[ReportTable, ...] = ()


@dataclass(frozen=True)
class Report:
    """A month's report."""

    title: str
    sections: tuple[Section, ...]
    small_print: tuple[str, ...]

    @property
    def tables(self) -> list[ReportTable]:
        """All its tables, in order."""
        return [table for section in self.sections for table in section.tables]

    @property
    def pictures(self) -> list[Picture]:
        """All its pictures, in order."""
        return [picture for section in self.sections for picture in section.pictures]


def text(heading: str, values: Iterable[Any]) -> Column:
    """A column of words; the first one of a table carries the word for its total."""
    return Column(heading, "text", tuple(None if pd.isna(value) else str(value) for value in values))


def remarks(heading: str, values: pd.Series[Any]) -> list[Column]:
    """A column of words of which most are empty, as a list that is empty where all are."""
    known = values.where(values.fillna("") != "")
    return [text(heading, known)] if known.notna().any() else []


def months(heading: str, values: Iterable[Any], total: str | None = None) -> Column:
    """A column of months: words on the page, dates in the workbook."""
    return Column(heading, "month", tuple(None if pd.isna(value) else value for value in values), total)


def dates(heading: str, values: Iterable[Any]) -> Column:
    """A column of days, which the workbook has as dates."""
    return Column(heading, "day", tuple(None if pd.isna(value) else value for value in values))


def labelled(heading: str, values: Iterable[Any], total: str = "Total") -> Column:
    """The first column of a table with a total."""
    return Column(heading, "text", text(heading, values).cells, total)


def amounts(
    heading: str, values: Sequence[float] | pd.Series[Any], total: float | None = None, kind: Kind = "money"
) -> Column:
    """A column of money in cents that adds up to its total, which is missing (NaN) where an amount is."""
    whole = np.asarray(values, dtype=float)
    if total is None:
        total = math.nan if np.isnan(whole).any() else rounded(float(whole.sum()))
    return Column(heading, kind, _missing_as_none(printed_cents(whole, None if math.isnan(total) else total)), total)


def numbers(
    heading: str, kind: Kind, values: Sequence[float | None] | pd.Series[Any], *, total: float | None = None
) -> Column:
    """A column of numbers that are not money."""
    return Column(heading, kind, _missing_as_none(np.asarray(values, dtype=float)), total)


def summed(heading: str, kind: Kind, values: Sequence[float] | pd.Series[Any]) -> Column:
    """A column of numbers with the sum of those that are known, to which the printed ones add up."""
    parts = pd.Series(values, dtype=float)
    if parts.isna().all():
        return numbers(heading, kind, parts)
    total = float(parts.sum())
    if kind in PRINTED_PARTS:
        scale = PRINTED_PARTS[kind] / 100
        parts = pd.Series(printed_cents(parts * scale) / scale)
        total = rounded(total * scale) / scale
    return numbers(heading, kind, parts, total=total)


PRINTED_PARTS: Mapping[Kind, int] = {"GB": 100, "percent": 1_000}
"""Into how many parts print divides one: hundredths of a GB, tenths of a percent."""


def _missing_as_none(values: Iterable[float]) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)


def joined(names: Sequence[str], limit: int = 8) -> str:
    """Write names as a list in a sentence: a, b and c; of many the first ones and how many more."""
    brief = [name if len(name) <= 60 else f"{name[:59]}…" for name in names]
    shown = brief if len(names) <= limit + 1 else [*brief[:limit], f"{len(names) - limit} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1] if shown else ""]))
