"""How a row tells that it came from the user's own files, and not from the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

IMPORTED = "imported"
"""Its status; of an invoice with the word of the file, as ``imported (paid)``."""


def imported_status(words: Sequence[str | None] | pd.Series) -> pd.Series:
    """Put the words of a file for the status of its invoices into ours.

    Parameters
    ----------
    words
        As the file has them, missing or empty where it says nothing; what was exported by us stays as it is.
    """
    said = pd.Series(words, dtype="str").fillna("")
    ours = IMPORTED + (" (" + said + ")").where(said != "", "")
    return said.where(_is_ours(said), ours)


def is_imported(rows: pd.DataFrame) -> pd.Series:
    """Tell by their status which rows were imported.

    Parameters
    ----------
    rows
        Table ``usage`` or ``invoices``.
    """
    return _is_ours(rows["status"].astype("str").fillna(""))


def imported_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Put what was imported before what the provider said, each in the order that it has: never is it the newer word.

    An import goes by this machine's clock, which may be ahead of the provider's.

    Parameters
    ----------
    rows
        Table ``usage`` or ``invoices``.
    """
    return rows.assign(is_said=~is_imported(rows)).sort_values("is_said", kind="stable").drop(columns="is_said")


def _is_ours(statuses: pd.Series) -> pd.Series:
    ours: pd.Series = (statuses == IMPORTED) | (statuses.str.startswith(f"{IMPORTED} (") & statuses.str.endswith(")"))
    return ours
