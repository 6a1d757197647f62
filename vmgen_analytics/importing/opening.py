"""A file of older months, opened: its line of column names, and the lines beneath."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from vmgen_analytics.errors import HistoryError, why_unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from vmgen_analytics.importing.layout import Layout


class Opened(NamedTuple):
    """The column names of a file, and its lines with their numbers."""

    header: list[str]
    lines: Iterator[tuple[int, list[str]]]


class Columns(NamedTuple):
    """Which of a file's columns is taken for which of ours, and those that are not used."""

    taken: Mapping[str, str]
    unused: tuple[str, ...]

    @classmethod
    def of(cls, header: Sequence[str], positions: Mapping[str, int]) -> Columns:
        """Tell it by a line of column names, and where ours stand in it."""
        taken = {ours: header[position] for ours, position in positions.items()}
        return cls(taken, tuple(name for name in header if name not in taken.values()))

    def __str__(self) -> str:
        taken = (ours if ours == theirs else f"{theirs} -> {ours}" for ours, theirs in self.taken.items())
        unused = f"; not used: {', '.join(self.unused)}" if self.unused else ""
        return f"{', '.join(taken)}{unused}"


@contextmanager
def opened(path: Path, layout: Layout) -> Iterator[Opened]:
    """Open a file as it is laid out; what cannot be read while it is open is told as well.

    Parameters
    ----------
    path
        The file.
    layout
        Its encoding and what separates its columns.

    Raises
    ------
    HistoryError
        It cannot be read, it is not of that encoding, it is no CSV, or it is empty.
    """
    try:
        with path.open(encoding=_encoding(layout.encoding), newline="") as file:
            lines = csv.reader(file, delimiter=layout.delimiter, strict=True)
            header = [name.strip() for name in next(lines, [])]
            if not header:
                raise HistoryError(f"{path} is empty; it needs a line of column names and lines beneath it")
            yield Opened(header, _numbered(lines))
    except UnicodeError:
        raise HistoryError(f"{path} is not {layout.encoding}: name its encoding, as --encoding cp1252") from None
    except csv.Error as error:
        raise HistoryError(f"{path}, line {lines.line_num}: no CSV: {error}") from None
    except OSError as error:
        raise HistoryError(f"cannot read {path}: {why_unreadable(error)}") from None


def _numbered(lines: Any) -> Iterator[tuple[int, list[str]]]:
    for row in lines:
        if row:
            yield lines.line_num, row


def _encoding(name: str) -> str:
    return "utf-8-sig" if name.lower().replace("_", "-") in ("utf-8", "utf8") else name
