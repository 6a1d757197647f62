"""By what an invoice is divided: one number a VM-day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.prices import unpriced
from vmgen_analytics.errors import AllocationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

HOURS_PER_DAY = 24.0
"""Hours of existence of a VM-day, whether the VM was on or off."""

SIZES = ("vcpus", "ram_GB", "disk_GB")
KEYS = ("price_book", "package_weight", "bandwidth", "hours", "even")


def best_key(days: pd.DataFrame, listed: NDArray[np.float64] | None, weights: Mapping[str, float]) -> str:
    """The best key that every VM-day allows: price_book with a price for each, package_weight with a size, else even.

    One key is chosen for all, as a cost that changes because the key did would be mistaken for news.

    Parameters
    ----------
    days
        Table ``vm_days``, those that are billed.
    listed
        Their list costs where there is a price book, row by row.
    weights
        The columns that count as size.
    """
    if listed is not None and not np.isnan(listed).any():
        return "price_book"
    return "package_weight" if all(not days[name].hasnans for name in weights) else "even"


def key_values(
    days: pd.DataFrame,
    listed: NDArray[np.float64] | None,
    key: str,
    weights: Mapping[str, float],
    book: str = "",
) -> NDArray[np.float64]:
    """The amount of a key that each VM-day has.

    Parameters
    ----------
    days
        Table ``vm_days``.
    listed
        Their list costs where there is a price book, row by row.
    key
        One of price_book, package_weight, bandwidth, hours, even.
    weights
        Weight of a vCPU, a GB of RAM and a GB of disk, by the names of their columns.
    book
        The file of the price book, for messages.

    Raises
    ------
    AllocationError
        The key is unknown, or a VM-day has no amount of it; the message names what is missing.
    """
    if key == "price_book":
        return _priced(days, listed, book)
    if key == "package_weight":
        return _weighed(days, weights)
    if key == "bandwidth":
        traffic: NDArray[np.float64] = days["in_MB"].to_numpy() + days["out_MB"].to_numpy()
        return traffic  # what is unknown stays unknown
    if key in ("hours", "even"):
        return np.full(len(days), HOURS_PER_DAY if key == "hours" else 1.0)
    raise AllocationError(f"no allocation key {key!r}; there are {', '.join(KEYS)}")


def amounts_by_invoice(
    billed: pd.DataFrame,
    listed: NDArray[np.float64] | None,
    lengths: NDArray[np.int64],
    key: str | None,
    weights: Mapping[str, float],
    book: str = "",
) -> tuple[list[str], NDArray[np.float64]]:
    """The key by which each invoice is divided, and the amount of it that each VM-day has.

    Traffic that nobody reported is unknown and not 0, and mostly lost for good: an invoice with such VM-days is
    divided by the best of the other keys.

    Parameters
    ----------
    billed
        Table ``vm_days``, the VM-days of each invoice after each other.
    listed
        Their list costs where there is a price book, row by row.
    lengths
        How many VM-days each invoice has.
    key
        The key asked for; None takes the best that every VM-day allows.
    weights
        Weight of a vCPU, a GB of RAM and a GB of disk, by the names of their columns.
    book
        The file of the price book, for messages.

    Raises
    ------
    AllocationError
        As for `key_values`.
    """
    asked = key or best_key(billed, listed, weights)
    amounts = key_values(billed, listed, asked, weights, book)
    keys = [asked] * len(lengths)
    if asked == "bandwidth" and (unknown := np.isnan(amounts)).any():
        invoice = np.repeat(np.arange(len(lengths)), lengths)
        without = np.unique(invoice[unknown])
        rows = np.isin(invoice, without)
        some = billed[rows]
        theirs = None if listed is None else listed[rows]
        other = best_key(some, theirs, weights)
        amounts[rows] = key_values(some, theirs, other, weights)
        keys = [other if number in set(without.tolist()) else asked for number in range(len(lengths))]
    return keys, amounts


def checked_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weights of a package's size.

    Raises
    ------
    AllocationError
        One is of no size, or is no number from 0 up.
    """
    for name, weight in weights.items():
        if name not in SIZES:
            raise AllocationError(f"no size {name!r} to weigh; there are {', '.join(SIZES)}")
        if not 0 <= weight < math.inf:
            raise AllocationError(f"the weight of {name} is {weight}; it must be a number from 0 up")
    return dict(weights)


def _priced(days: pd.DataFrame, listed: NDArray[np.float64] | None, book: str) -> NDArray[np.float64]:
    if listed is None:
        raise AllocationError("the key price_book needs a price book: set prices, or choose package_weight")
    if np.isnan(listed).any():
        raise AllocationError(
            f"no price for {', '.join(unpriced(days, listed))}; add lines to {book or 'the price book'}, or choose "
            "package_weight"
        )
    return listed


def _weighed(days: pd.DataFrame, weights: Mapping[str, float]) -> NDArray[np.float64]:
    weighed = np.zeros(len(days))
    for name, weight in weights.items():
        weighed += weight * days[name].to_numpy()
    if (unknown := np.isnan(weighed)).any():
        unsized = days.loc[unknown, "vm_name"].unique()
        names = ", ".join("(unnamed)" if pd.isna(name) else str(name) for name in unsized[:5])
        raise AllocationError(f"no size for {names}; give their location in vm_locations, or choose even")
    return weighed
