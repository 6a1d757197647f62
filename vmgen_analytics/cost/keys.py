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


def best_key(days: pd.DataFrame, listed: pd.Series | None, weights: Mapping[str, float]) -> str:
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
    if listed is not None and listed.notna().all():
        return "price_book"
    return "package_weight" if days[list(weights)].notna().to_numpy().all() else "even"


def key_values(
    days: pd.DataFrame, listed: pd.Series | None, key: str, weights: Mapping[str, float]
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

    Raises
    ------
    AllocationError
        The key is unknown, or a VM-day has no amount of it; the message names what is missing.
    """
    if key == "price_book":
        return _priced(days, listed)
    if key == "package_weight":
        return _weighed(days, weights)
    if key == "bandwidth":
        return days[["in_MB", "out_MB"]].sum(axis=1, min_count=0).to_numpy()
    if key in ("hours", "even"):
        return np.full(len(days), HOURS_PER_DAY if key == "hours" else 1.0)
    raise AllocationError(f"no allocation key {key!r}; there are {', '.join(KEYS)}")


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


def _priced(days: pd.DataFrame, listed: pd.Series | None) -> NDArray[np.float64]:
    if listed is None:
        raise AllocationError("the key price_book needs a price book: set prices, or choose package_weight")
    if listed.isna().any():
        raise AllocationError(
            f"no price for {', '.join(unpriced(days, listed))}; add lines to the price book, or choose package_weight"
        )
    return listed.to_numpy()


def _weighed(days: pd.DataFrame, weights: Mapping[str, float]) -> NDArray[np.float64]:
    sizes = days[list(weights)]
    if sizes.isna().to_numpy().any():
        unsized = days.loc[sizes.isna().any(axis=1), "vm_name"].unique()
        names = ", ".join("(unnamed)" if pd.isna(name) else str(name) for name in unsized[:5])
        raise AllocationError(f"no size for {names}; give their location in vm_locations, or choose even")
    weighed: NDArray[np.float64] = sizes.to_numpy() @ np.array(list(weights.values()))
    return weighed
