"""Rows that replace others are decided on beside what is stored; where others store the same meanwhile, anew."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from vmgen_analytics.archive.attempts import attempts
from vmgen_analytics.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmgen_analytics.table import Table

PAUSES_S = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Waits before it is decided anew, while others replace the same."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Overtaken(ArchiveError):
    """Somebody else replaced the rows that were to be replaced: read them again, and decide anew."""


def unless_overtaken(store: Callable[[], _T]) -> _T:
    """Store, and do it again from the reading on where others replaced what was about to be replaced.

    Parameters
    ----------
    store
        Reads what is known, decides, and adds what is new beside it.

    Returns
    -------
    object
        What it returns.

    Raises
    ------
    Overtaken
        Others kept replacing the same.
    ArchiveError
        The archive cannot be read or written.
    """
    for is_last in attempts(PAUSES_S):
        try:
            return store()
        except Overtaken as error:
            if is_last:
                raise
            _log.debug("%s: it is decided anew", error)
    raise AssertionError("the last attempt returns or raises")


def is_overtaken(table: Table, stored: pd.DataFrame, known: pd.DataFrame, new: pd.DataFrame) -> bool:
    """Tell whether any row of the new ones' keys is stored otherwise than it was known.

    Parameters
    ----------
    table
        An archived table.
    stored
        Its rows of an account and month.
    known
        What was read of it before, these keys among them.
    new
        What is to replace them, of that account and month.
    """
    key = list(table.key)
    other = pd.concat([stored, known], ignore_index=True).drop_duplicates(keep=False)
    if other.empty:
        return False
    return bool(pd.MultiIndex.from_frame(other[key]).isin(pd.MultiIndex.from_frame(new[key])).any())
