"""Columns of text -> columns of one type, and which cells are wrong."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from vmgen_analytics.importing.layout import Layout

EARLIEST = pd.Timestamp("2000-01-01")


def numbers(texts: pd.Series, layout: Layout, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Read numbers; an empty cell is missing.

    Parameters
    ----------
    texts
        Cells without blanks around them.
    layout
        How decimals are spelled.
    low, high
        The least and the most that a number may be.

    Returns
    -------
    tuple
        The numbers, and which cells are wrong.
    """
    point = "," if layout.decimal == "," else r"\."
    is_number = texts.str.fullmatch(rf"[+-]?(?:[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?")
    spelled = texts.str.replace(",", ".", regex=False) if layout.decimal == "," else texts
    found = pd.to_numeric(spelled.where(is_number), errors="coerce").to_numpy(dtype="float64")
    with np.errstate(invalid="ignore"):
        inside = (found >= low) & (found <= high)
    return np.where(inside, found, np.nan), ~inside & (texts != "").to_numpy()


def ids(texts: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Read numbers of VMs or invoices; an empty cell is wrong."""
    is_id = texts.str.fullmatch(r"0*[1-9][0-9]{0,17}").to_numpy(dtype=bool)
    return texts.where(is_id, "0").astype("int64").to_numpy(), ~is_id


def days(texts: pd.Series, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Read days; an empty cell is wrong, and so is one before the year 2000."""
    pattern = layout.pattern
    known = {text: _day(text, pattern) for text in texts.unique()}
    found = texts.map(known).to_numpy(dtype="datetime64[us]")
    return found, np.isnat(found)


def _day(text: str, pattern: str) -> np.datetime64:
    try:
        day = pd.Timestamp(datetime.strptime(text, pattern)).normalize()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return np.datetime64("NaT", "us")
    return day.to_datetime64() if day >= EARLIEST else np.datetime64("NaT", "us")
