"""Texts of millions of rows: each word once, and its number in every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

_STR = pd.StringDtype("pyarrow", na_value=np.nan)


@dataclass(frozen=True)
class Coded:
    """A column of texts.

    Attributes
    ----------
    codes
        The place of each row's text among the words, -1 where it is missing.
    words
        The words, as Arrow's large strings.
    """

    codes: Numbers
    words: pa.Array

    @classmethod
    def of_column(cls, column: pa.ChunkedArray) -> Coded:
        """Take a dictionary column of a table in one chunk."""
        if not len(column):
            return cls(np.empty(0, dtype="int64"), pa.array([], pa.large_string()))
        whole = column.combine_chunks()
        whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
        return cls(whole.indices.fill_null(-1).to_numpy(), whole.dictionary.cast(pa.large_string()))

    @classmethod
    def of_words(cls, words: Sequence[str | None], codes: Numbers) -> Coded:
        """Take words, None among them, and their numbers."""
        return cls(codes, pa.array(list(words), pa.large_string()))

    def take(self, rows: Numbers) -> Coded:
        """Return the texts of rows, missing for those below 0."""
        if not len(self.codes):
            return Coded(np.full(len(rows), -1), self.words)
        return Coded(np.where(rows < 0, -1, self.codes[rows]), self.words)

    def word(self, row: int) -> str | None:
        """Return the text of one row."""
        code = int(self.codes[row])
        found: str | None = None if code < 0 else self.words[code].as_py()
        return found

    def text(self) -> Any:
        """Return the texts as pandas' array of type str."""
        places = pa.array(self.codes, mask=self.codes < 0)
        taken = self.words.take(places) if len(self.words) else pa.nulls(len(self.codes), pa.large_string())
        return pd.arrays.ArrowStringArray(taken, dtype=_STR)  # type: ignore[call-arg]
